package compare_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/leafmidas/leafmidas/bench/compare"
)

func TestSidesTakeTurnsAndEachGoesFirst(t *testing.T) {
	var order string
	side := func(name string, figure float64) compare.Run {
		return func(context.Context) ([]float64, error) {
			order += name
			return []float64{figure, 1}, nil
		}
	}
	figures, err := compare.Pairs(t.Context(), 4, side("a", 3), side("b", 2), func(int) {})
	if err != nil || order != "abbaabba" {
		t.Fatalf("%s, %v", order, err)
	}
	if r := figures[0].Ratio; r.Median != 1.5 || r.Runs != 4 || figures[1].Ratio.Median != 1 {
		t.Errorf("%+v", figures)
	}
}

// The median of the pairs' ratios, not the ratio of the medians: what disturbed a pair disturbed both of it. So with
// differences.
func TestADisturbedPairChangesNoRatioAndNoDifference(t *testing.T) {
	f := compare.FigureOf([]float64{1, 100, 1}, []float64{2, 200, 2})
	if f.Ratio != (compare.Spread{Median: 0.5, Low: 0.5, High: 0.5, Runs: 3}) {
		t.Errorf("%+v", f.Ratio)
	}
	f = compare.FigureOf([]float64{11, 901, 24}, []float64{1, 891, 14})
	if f.More != (compare.Spread{Median: 10, Low: 10, High: 10, Runs: 3}) {
		t.Errorf("%+v", f.More)
	}
}

func TestSlicesOfATurnAreOneRun(t *testing.T) {
	got := compare.Fold([][]float64{{1, 10}, {3, 30}, {5, 50}, {7, 70}}, 2)
	if want := [][]float64{{2, 20}, {6, 60}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v", got)
	}
}

func TestSpreadIsMedianAndQuartiles(t *testing.T) {
	for _, c := range []struct {
		seen []float64
		want compare.Spread
	}{
		{[]float64{7}, compare.Spread{Median: 7, Low: 7, High: 7, Runs: 1}},
		{[]float64{5, 1, 3, 2, 4}, compare.Spread{Median: 3, Low: 2, High: 4, Runs: 5}},
		{[]float64{1, 2}, compare.Spread{Median: 1.5, Low: 1.25, High: 1.75, Runs: 2}},
		{nil, compare.Spread{}},
	} {
		seen := slices.Clone(c.seen)
		if got := compare.SpreadOf(seen); got != c.want || !slices.Equal(seen, c.seen) {
			t.Errorf("%v: %+v", c.seen, got)
		}
	}
}

func TestAFailureNamesItsRun(t *testing.T) {
	broken := errors.New("broken")
	_, err := compare.Pairs(t.Context(), 3, func(context.Context) ([]float64, error) { return nil, broken }, nil, func(int) {})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

// Package compare puts two ways of doing something side by side: they take turns, run after run, so that whatever else
// happens on the machine happens to both, and what is told is the median of the ratios of the runs, with its spread.
package compare

import (
	"context"
	"fmt"
	"slices"
)

// Run does one thing once and tells its figures, always the same ones in the same order.
type Run func(ctx context.Context) ([]float64, error)

// Spread is what was seen of one figure.
type Spread struct {
	// Median is the middle; half of all lay between Low and High, the quartiles.
	Median, Low, High float64
	Runs              int
}

// Figure is one figure of both sides: what the first is of the second, and how much more it is.
type Figure struct{ Ours, Theirs, Ratio, More Spread }

// Pairs runs ours and theirs in turns, runs times each. Which one goes first changes each time. done hears of every
// pair.
func Pairs(ctx context.Context, runs int, ours, theirs Run, done func(pair int)) ([]Figure, error) {
	all, err := InTurn(ctx, runs, []Run{ours, theirs}, done)
	if err != nil {
		return nil, err
	}
	return Figures(all[0], all[1]), nil
}

// Figures compares two sides that took turns, figure by figure.
func Figures(ours, theirs [][]float64) []Figure {
	figures := make([]Figure, len(ours[0]))
	for i := range figures {
		figures[i] = FigureOf(Column(ours, i), Column(theirs, i))
	}
	return figures
}

// InTurn runs several sides in turns. What it returns is each side's runs, and of each run its figures.
func InTurn(ctx context.Context, runs int, sides []Run, done func(run int)) ([][][]float64, error) {
	all := make([][][]float64, len(sides))
	for n := range runs {
		for k := range sides {
			at := (n + k) % len(sides)
			figures, err := sides[at](ctx)
			if err != nil {
				return nil, fmt.Errorf("run %d of side %d: %w", n+1, at+1, err)
			}
			all[at] = append(all[at], figures)
		}
		done(n + 1)
	}
	return all, nil
}

// Fold makes one run of every so many, with the mean of their figures. Sides that take short turns and are folded meet
// the same machine more nearly than by long ones: it slows down and speeds up within a second.
func Fold(runs [][]float64, every int) [][]float64 {
	var folded [][]float64
	for part := range slices.Chunk(runs, every) {
		mean := make([]float64, len(part[0]))
		for _, run := range part {
			for i, v := range run {
				mean[i] += v / float64(len(part))
			}
		}
		folded = append(folded, mean)
	}
	return folded
}

// Column is one figure of every run.
func Column(runs [][]float64, figure int) []float64 {
	column := make([]float64, len(runs))
	for i, r := range runs {
		column[i] = r[figure]
	}
	return column
}

// FigureOf compares the runs of two sides, each with the one it took turns with.
func FigureOf(ours, theirs []float64) Figure {
	ratios, more := make([]float64, len(ours)), make([]float64, len(ours))
	for i := range ours {
		ratios[i], more[i] = ratio(ours[i], theirs[i]), ours[i]-theirs[i]
	}
	return Figure{Ours: SpreadOf(ours), Theirs: SpreadOf(theirs), Ratio: SpreadOf(ratios), More: SpreadOf(more)}
}

// ratio of nothing to nothing is 1.
func ratio(a, b float64) float64 {
	if a == b {
		return 1
	}
	return a / b
}

// SpreadOf sums up what was seen.
func SpreadOf(seen []float64) Spread {
	sorted := slices.Sorted(slices.Values(seen))
	return Spread{Median: quantile(sorted, 0.5), Low: quantile(sorted, 0.25), High: quantile(sorted, 0.75), Runs: len(sorted)}
}

// quantile lies between the two values around it, in proportion.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

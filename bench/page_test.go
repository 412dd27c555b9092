package main

import (
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/report"
)

func TestThePageGivesTheReasonsOfWhatWasMissedAndOfNothingElse(t *testing.T) {
	line := func(measure string, ratio float64) report.Line {
		return report.Ratio(measure, "b", compare.FigureOf([]float64{ratio}, []float64{1}), "", report.AtMost(1.1))
	}
	reasons := map[string]string{"known": "The reason.", "alike": "The reason.", "met": "Never seen."}
	of := func(lines ...report.Line) string {
		var page strings.Builder
		writeMissed(&page, lines, reasons)
		return page.String()
	}
	told := report.Ratio("told", "b", compare.FigureOf([]float64{9}, []float64{1}), "", report.Limit{})
	want := `
3 of the 4 lines that have something to reach do not reach it:

* known, against b: 1.20× (1.20–1.20);
  alike, against b: 1.30× (1.30–1.30).

  The reason.
* new, against b: 3.00× (3.00–3.00).

  **no reason given**
`
	if got := of(line("known", 1.2), line("met", 1), line("new", 3), line("alike", 1.3), told); got != want {
		t.Error(got)
	}
	if got := of(line("met", 1), told); got != "\nAll 1 lines that have something to reach do reach it.\n" {
		t.Error(got)
	}
}

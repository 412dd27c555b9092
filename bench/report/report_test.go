package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/report"
)

func TestALineSaysWhetherItsLimitIsKept(t *testing.T) {
	of := func(ratio float64) compare.Figure {
		return compare.FigureOf([]float64{ratio * 1500}, []float64{1500})
	}
	more := compare.FigureOf([]float64{1900, 1700, 1800}, []float64{1000, 1100, 1000})
	lines := []report.Line{
		report.Ratio("a", "b", of(1.1), report.Nanoseconds, report.AtMost(1.1)),
		report.Ratio("c", "d", of(1.2), report.Nanoseconds, report.AtMost(1.1)),
		report.Ratio("e", "f", of(0.7), "purchases/s", report.AtLeast(0.8)),
		report.Ratio("g", "h", of(2), "B", report.Limit{}),
		report.More("i", "j", more, "B", report.AtMost(700)),
		report.Absolute("k", more, "B", report.AtMost(1800)),
	}
	var page strings.Builder
	report.Markdown(&page, lines)
	want := `| measure | against | ours | theirs | result (quartiles) | to reach | reached |
| --- | --- | ---: | ---: | ---: | ---: | --- |
| a | b | 1.65 µs | 1.5 µs | 1.10× (1.10–1.10) | ≤ 1.1× | yes |
| c | d | 1.8 µs | 1.5 µs | 1.20× (1.20–1.20) | ≤ 1.1× | **no** |
| e | f | 1,050 purchases/s | 1,500 purchases/s | 0.70× (0.70–0.70) | ≥ 0.8× | **no** |
| g | h | 3,000 B | 1,500 B | 2.00× (2.00–2.00) |  |  |
| i | j | 1,800 B | 1,000 B | +800 B (+700 – +850) | ≤ 700 B | **no** |
| k |  | 1,800 B | 1,000 B | 1,800 B (1,750 – 1,850) | ≤ 1800 B | yes |
`
	if page.String() != want {
		t.Errorf("got:\n%s", page.String())
	}
}

func TestAPlotIsDrawn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plot.svg")
	p := report.Plot{Title: "cliff", X: "purchases/s", Y: "ms", LogY: true, Curves: []report.Curve{
		{Name: "one curve", X: []float64{1, 10, 100}, Y: []float64{0.5, 5, 5000}, Low: []float64{0.4, 4, 4000}, Up: []float64{0.6, 6, 6000}},
	}}
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "one curve") || !strings.Contains(string(text), "10000") {
		t.Errorf("%v\n%s", err, text)
	}
}

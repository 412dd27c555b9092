// Package report writes down what was measured: as tables on a terminal and in Markdown, and as plots.
package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/leafmidas/leafmidas/bench/compare"
)

// Limit is what a figure is to reach. The zero value is none: the figure is only told.
type Limit struct {
	sign  string
	value float64
}

// AtMost and AtLeast are limits, the limit itself included.
func AtMost(value float64) Limit  { return Limit{"≤", value} }
func AtLeast(value float64) Limit { return Limit{"≥", value} }

// Line is one line of the table.
type Line struct {
	Measure, Against string
	Ours, Theirs     string
	// Value is what the limit is for, and Text how it is told.
	Value float64
	Text  string
	Limit Limit
	unit  string // of the limit
}

// Ratio is a line about what ours is of theirs.
func Ratio(measure, against string, f compare.Figure, unit Unit, limit Limit) Line {
	return Line{
		Measure: measure, Against: against, Ours: unit.format(f.Ours.Median), Theirs: unit.format(f.Theirs.Median),
		Value: f.Ratio.Median, Text: fmt.Sprintf("%s× (%s–%s)", short(f.Ratio.Median), short(f.Ratio.Low), short(f.Ratio.High)),
		Limit: limit, unit: "×",
	}
}

// More is a line about how much more ours is than theirs.
func More(measure, against string, f compare.Figure, unit Unit, limit Limit) Line {
	return Line{
		Measure: measure, Against: against, Ours: unit.format(f.Ours.Median), Theirs: unit.format(f.Theirs.Median),
		Value: f.More.Median, Text: quartiles(signed(f.More.Median)+unit.suffix(), signed(f.More.Low), signed(f.More.High)), Limit: limit, unit: unit.suffix(),
	}
}

// Absolute is a line about a figure of ours that has a limit by itself.
func Absolute(measure string, f compare.Figure, unit Unit, limit Limit) Line {
	return Line{
		Measure: measure, Ours: unit.format(f.Ours.Median), Theirs: unit.format(f.Theirs.Median),
		Value: f.Ours.Median, Text: quartiles(unit.format(f.Ours.Median), Number(f.Ours.Low), Number(f.Ours.High)), Limit: limit, unit: unit.suffix(),
	}
}

func quartiles(median, low, high string) string {
	return fmt.Sprintf("%s (%s – %s)", median, low, high)
}

// Limited tells whether there is anything to reach.
func (l Line) Limited() bool { return l.Limit != Limit{} }

// Met tells whether the limit, if there is one, is kept.
func (l Line) Met() bool {
	switch l.Limit.sign {
	case "≤":
		return l.Value <= l.Limit.value
	case "≥":
		return l.Value >= l.Limit.value
	default:
		return true
	}
}

func (l Line) wanted() string {
	if l.Limit.sign == "" {
		return ""
	}
	return fmt.Sprintf("%s %g%s", l.Limit.sign, l.Limit.value, l.unit)
}

func (l Line) verdict() string {
	switch {
	case l.Limit.sign == "":
		return ""
	case l.Met():
		return "yes"
	default:
		return "**no**"
	}
}

// Unit is what a figure is counted in. Nanoseconds are told in the unit that suits them.
type Unit string

// Nanoseconds are for times.
const Nanoseconds Unit = "ns"

func (u Unit) format(v float64) string {
	if u != Nanoseconds {
		return Number(v) + u.suffix()
	}
	for _, of := range []struct {
		name string
		ns   float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if v >= of.ns {
			return fmt.Sprintf("%.3g %s", v/of.ns, of.name)
		}
	}
	return fmt.Sprintf("%.3g ns", v)
}

// suffix is what follows a number, if anything.
func (u Unit) suffix() string {
	if u == "" {
		return ""
	}
	return " " + string(u)
}

// Number is a figure with three digits that count, and no exponent.
func Number(v float64) string {
	if math.Abs(v) < 100 {
		return fmt.Sprintf("%.3g", v)
	}
	whole := fmt.Sprintf("%.0f", v)
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole
}

func signed(v float64) string {
	if v < 0 {
		return Number(v)
	}
	return "+" + Number(v)
}

func short(v float64) string { return fmt.Sprintf("%.2f", v) }

var heads = []string{"measure", "against", "ours", "theirs", "result (quartiles)", "to reach", "reached"}

func (l Line) cells() []string {
	return []string{l.Measure, l.Against, l.Ours, l.Theirs, l.Text, l.wanted(), l.verdict()}
}

// Terminal writes a table for people at a terminal.
func Terminal(to io.Writer, lines []Line) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(heads, "\t"))
	for _, l := range lines {
		fmt.Fprintln(table, strings.ReplaceAll(strings.Join(l.cells(), "\t"), "**", ""))
	}
	return table.Flush()
}

// Markdown writes the same table for a page.
func Markdown(to io.Writer, lines []Line) {
	row := func(cells []string) { fmt.Fprintf(to, "| %s |\n", strings.Join(cells, " | ")) }
	row(heads)
	row(slices.Concat(slices.Repeat([]string{"---"}, 2), slices.Repeat([]string{"---:"}, 4), []string{"---"}))
	for _, l := range lines {
		row(l.cells())
	}
}

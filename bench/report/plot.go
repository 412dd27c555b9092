package report

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// Plot is a picture of curves.
type Plot struct {
	Title, X, Y string
	// LogX, LogY: the axis shows powers of ten evenly.
	LogX, LogY bool
	Curves     []Curve
}

// Curve is one line of it: the median at each X, with the quartiles as bars.
type Curve struct {
	Name       string
	X          []float64
	Y, Low, Up []float64
}

// errorPoints gives plotter points with their bars.
type errorPoints struct {
	plotter.XYs
	plotter.YErrors
}

// Save draws the plot into a file; the name's end says as what, ".svg" or ".png".
func (p Plot) Save(path string) error {
	g := plot.New()
	g.Title.Text, g.X.Label.Text, g.Y.Label.Text = p.Title, p.X, p.Y
	g.Title.Padding = vg.Points(8)
	g.Legend.Top, g.Legend.Left = true, true
	g.Add(plotter.NewGrid())
	if p.LogX {
		g.X.Scale, g.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	if p.LogY {
		g.Y.Scale, g.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		g.Y.Min = 0
	}
	for i, c := range p.Curves {
		points := errorPoints{make(plotter.XYs, len(c.X)), make(plotter.YErrors, len(c.X))}
		for k := range c.X {
			points.XYs[k] = plotter.XY{X: c.X[k], Y: c.Y[k]}
			if c.Low != nil {
				points.YErrors[k].Low, points.YErrors[k].High = c.Y[k]-c.Low[k], c.Up[k]-c.Y[k]
			}
			if p.LogY && i == 0 && k == 0 {
				g.Y.Min = c.Y[k]
			}
		}
		line, dots, err := plotter.NewLinePoints(points.XYs)
		if err != nil {
			return err
		}
		line.Color, line.Width, dots.Color, dots.Shape = plotutil.Color(i), vg.Points(1.5), plotutil.Color(i), plotutil.Shape(i)
		g.Add(line, dots)
		g.Legend.Add(c.Name, line, dots)
		if c.Low == nil {
			continue
		}
		bars, err := plotter.NewYErrorBars(points)
		if err != nil {
			return err
		}
		bars.Color = plotutil.Color(i)
		g.Add(bars)
	}
	if p.LogY { // the axis begins and ends with a power of ten
		g.Y.Min, g.Y.Max = math.Pow(10, math.Floor(math.Log10(g.Y.Min))), math.Pow(10, math.Ceil(math.Log10(g.Y.Max)))
	} else {
		g.Y.Max *= 1.3 // room for the legend
	}
	return g.Save(18*vg.Centimeter, 11*vg.Centimeter, path)
}

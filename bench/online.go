package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureOnline lets as many purchases be made a second, whoever else is online.
func measureOnline(ctx context.Context, b *bench) ([]report.Line, error) {
	const rate = 100
	sizes := []float64{10, 100, 1_000, 10_000}
	switch {
	case b.short:
		sizes = []float64{10, 50}
	default:
		sizes = append(sizes, float64(process.MostConnections()))
	}
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	var sides []compare.Run
	for _, online := range sizes {
		s, err := b.startSide(ctx, m, game.Options{Way: game.Plugin})
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, int(online)); err != nil {
			return nil, err
		}
		some := crowd.Some{Rate: rate, During: b.span(2500 * time.Millisecond)}
		run := func(ctx context.Context) ([]float64, error) {
			did, err := s.buy(ctx, "Load.Buy", some)
			return []float64{did.cpu(), float64(did.half.Nanoseconds()), float64(did.cost.Bytes) / float64(did.orders)}, err
		}
		if _, err := run(ctx); err != nil { // warm up
			return nil, err
		}
		sides = append(sides, run)
	}
	runs, err := compare.InTurn(ctx, b.runs, sides, b.ran)
	if err != nil {
		return nil, err
	}
	most := slices.Index(sizes, 10_000)
	if b.short {
		most = len(sizes) - 1
	}
	of := func(figure int) compare.Figure {
		return compare.FigureOf(compare.Column(runs[most], figure), compare.Column(runs[0], figure))
	}
	b.plots = append(b.plots, picture{"online", report.Plot{
		Title: fmt.Sprintf("A purchase, at %d a second", rate), X: "players online", Y: "server's processor time, µs", LogX: true,
		Curves: []report.Curve{curve("leafmidas", sizes, runs, 0, 1e3)},
	}})
	return []report.Line{
		report.Ratio("10,000 players online at 100 purchases/s: processor time of one", "10 players online", of(0), report.Nanoseconds, report.AtMost(1.1)),
		report.Ratio("the same: median wait", "10 players online", of(1), report.Nanoseconds, report.Limit{}),
		report.Ratio("the same: bytes allocated", "10 players online", of(2), "B", report.Limit{}),
	}, nil
}

package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureNaive lets some buy while others play. A handler that waits 20 ms for Midas can do 50 purchases a second and
// nothing else; the cliff is long before.
func measureNaive(ctx context.Context, b *bench) ([]report.Line, error) {
	const players, lines, messages = 100, 20, 500
	rates := []float64{1, 10, 25, 40, 60, 100}
	if b.short {
		rates = []float64{20}
	}
	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	span := b.span(700 * time.Millisecond)
	var turns []compare.Run // ours and theirs for each rate
	for _, way := range []game.Way{game.Plugin, game.Naive} {
		s, err := b.startSide(ctx, m, game.Options{Way: way})
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, b.count(players, 10)); err != nil {
			return nil, err
		}
		for _, rate := range rates {
			turns = append(turns, func(ctx context.Context) ([]float64, error) {
				var most float64
				group, inner := errgroup.WithContext(ctx)
				group.Go(func() error {
					_, err := s.buy(inner, "Load.Buy", crowd.Some{Rate: int(rate), During: span})
					return err
				})
				group.Go(func() (err error) {
					_, most, err = s.echo(inner, crowd.Some{Text: echoText(200), Begins: echoText(200), Nobody: true, Of: lines, Rate: messages, During: span})
					return err
				})
				return []float64{most}, group.Wait()
			})
		}
	}
	runs, err := compare.InTurn(ctx, b.runs, turns, b.ran)
	if err != nil {
		return nil, err
	}
	ours, naive := runs[:len(rates)], runs[len(rates):]
	b.plots = append(b.plots, picture{"naive", report.Plot{
		Title: "The game's other messages while players buy (Midas answers in 20 ms)", X: "purchases a second", Y: "echo p99, ms", LogY: true,
		Curves: []report.Curve{curve("a handler that waits for Midas", rates, naive, 0, 1e6), curve("leafmidas", rates, ours, 0, 1e6)},
	}})
	var all []report.Line
	for i, rate := range rates {
		if rate == 10 || rate == 40 || rate == 100 || b.short {
			f := compare.FigureOf(compare.Column(ours[i], 0), compare.Column(naive[i], 0))
			all = append(all, report.Ratio("echo p99 at "+report.Number(rate)+" purchases/s", "a handler that waits for Midas", f, report.Nanoseconds, report.Limit{}))
		}
	}
	return all, nil
}

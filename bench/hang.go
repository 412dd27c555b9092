package main

import (
	"context"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureHang echoes while 1,000 players wait for purchases that Midas never answers. The timeout is as long as it may
// be, so that they wait throughout.
func measureHang(ctx context.Context, b *bench) ([]report.Line, error) {
	const rate, lines, inFlight = 2_000, 50, 200
	players := b.count(1_000, 20)
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	ours, err := b.startSide(ctx, m, game.Options{Way: game.Plugin, Timeout: time.Minute})
	if err != nil {
		return nil, err
	}
	without, err := b.startSide(ctx, nil, game.Options{Way: game.Nothing})
	if err != nil {
		return nil, err
	}
	run := func(s *side) compare.Run {
		some := crowd.Some{Text: echoText(200), Begins: echoText(200), Nobody: true, Of: lines, Rate: rate, During: b.span(1500 * time.Millisecond)}
		return func(ctx context.Context) ([]float64, error) {
			_, most, err := s.echo(ctx, some)
			return []float64{most}, err
		}
	}
	for _, s := range []*side{ours, without} {
		if err := s.join(ctx, players); err != nil {
			return nil, err
		}
		if _, err := run(s)(ctx); err != nil { // warm up
			return nil, err
		}
	}
	if err := m.Call(ctx, "Midas.Hang", 0, new(int)); err != nil {
		return nil, err
	}
	if err := ours.players.Call(ctx, "Load.Ask", 0, new(int)); err != nil {
		return nil, err
	}
	if err := m.Call(ctx, "Midas.Wait", min(players, inFlight), new(int)); err != nil {
		return nil, err
	}
	f, err := b.pairs(ctx, run(ours), run(without))
	if err != nil {
		return nil, err
	}
	var seen crowd.Seen
	if err := ours.players.Call(ctx, "Load.Take", 0, &seen); err != nil {
		return nil, err
	}
	if len(seen.Odd) > 0 {
		return nil, fmt.Errorf("the purchases did not wait: %v", seen.Odd)
	}
	if err := m.Call(ctx, "Midas.Stop", 0, new(int)); err != nil {
		return nil, err
	}
	return []report.Line{
		report.Ratio("a game's echo p99 while Midas hangs and 1,000 purchases wait (2,000 msg/s)", "the same with no payments", f[0], report.Nanoseconds, report.AtMost(1.1)),
	}, nil
}

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureEcho sends the plugin a message that it answers out of memory, after all its checks: a purchase of nothing. There is
// no message for a balance as it was; a balance is always Midas's own.
func measureEcho(ctx context.Context, b *bench) ([]report.Line, error) {
	const connections = 100
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	ours, err := b.startSide(ctx, m, game.Options{Way: game.Plugin})
	if err != nil {
		return nil, err
	}
	bare, err := b.startSide(ctx, nil, game.Options{Way: game.Nothing})
	if err != nil {
		return nil, err
	}
	of := b.count(connections, 10)
	ask := fmt.Sprintf(`{"MidasPurchase":{"request_id":%q,"item_id":%q,"quantity":0}}`, strings.Repeat("r", 60), crowd.ItemID)
	var reply string
	if err := ours.players.Call(ctx, "Load.Reply", crowd.Some{WS: ours.WS, Code: 1, Text: ask}, &reply); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(reply, `{"MidasError"`) {
		return nil, fmt.Errorf("unexpected answer %s", reply)
	}
	span := b.span(time.Second)
	run := func(s *side, some crowd.Some) compare.Run {
		some.Of, some.During = of, span
		return func(ctx context.Context) ([]float64, error) {
			rate, most, err := s.echo(ctx, some)
			return []float64{rate, most}, err
		}
	}
	both := []compare.Run{
		run(ours, crowd.Some{Text: ask, Code: 2}),
		run(bare, crowd.Some{Text: echoText((len(ask) + len(reply)) / 2), Nobody: true}),
	}
	for _, warmUp := range both {
		if _, err := warmUp(ctx); err != nil {
			return nil, err
		}
	}
	f, err := b.pairs(ctx, both[0], both[1])
	if err != nil {
		return nil, err
	}
	against := fmt.Sprintf("a bare Leaf echo of the same size (%d B there, %d B back)", len(ask), len(reply))
	return []report.Line{
		report.Ratio("message → reply through Leaf, no Midas call: throughput", against, f[0], "msg/s", report.AtLeast(0.8)),
		report.Ratio("message → reply through Leaf, no Midas call: p99", against, f[1], report.Nanoseconds, report.AtMost(1.2)),
	}, nil
}

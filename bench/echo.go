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

// measureEcho sends the plugin messages that it answers without Midas. A balance is not among them: it is Midas's own,
// and none is kept to be told again. What is left are a purchase that has ended and is asked for once more, a player's
// orders, both read from the ledger, and a refusal.
func measureEcho(ctx context.Context, b *bench) ([]report.Line, error) {
	// Each sends as fast as it is answered, and so many that none sends more than a player may.
	const connections = 300
	of := b.count(connections, 100)
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	if err := m.Call(ctx, "Midas.Charge", crowd.Some{Count: of + 1}, new(int)); err != nil {
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
	span := b.span(800 * time.Millisecond)
	run := func(s *side, some crowd.Some) compare.Run {
		some.Of, some.During = of, span
		return func(ctx context.Context) ([]float64, error) {
			rate, most, err := s.echo(ctx, some)
			return []float64{rate, most}, err
		}
	}
	id := strings.Repeat("r", 60)
	purchase := func(quantity int) string {
		return fmt.Sprintf(`{"MidasPurchase":{"request_id":%q,"item_id":%q,"quantity":%d}}`, id, crowd.ItemID, quantity)
	}
	var lines []report.Line
	for n, kind := range []struct{ name, ask, begins, holds string }{
		// The first time it is a purchase, with a call of Midas; that is before anything is measured.
		{"a finished purchase asked for again", purchase(1), fmt.Sprintf(`{"MidasPurchaseResult":{"request_id":%q,`, id), `"state":2,`}, // delivered
		{"a player's orders", `{"MidasListOrders":{"limit":20,"before":""}}`, `{"MidasOrders":{"orders":[{"bill_no":`, id},
		{"a refusal out of memory", purchase(0), fmt.Sprintf(`{"MidasError":{"request_id":%q,"code":1,`, id), ""},
	} {
		some := crowd.Some{WS: ours.WS, Code: n, Text: kind.ask, Begins: kind.begins, Holds: kind.holds}
		var reply string
		alone := some
		alone.First = of // the others are on the connections that stay
		if err := ours.players.Call(ctx, "Load.Reply", alone, &reply); err != nil {
			return nil, err
		}
		text := echoText((len(kind.ask) + len(reply)) / 2)
		both := []compare.Run{run(ours, some), run(bare, crowd.Some{Text: text, Begins: text, Nobody: true})}
		for _, warmUp := range both {
			if _, err := warmUp(ctx); err != nil {
				return nil, err
			}
		}
		var before, after int
		if err := m.Call(ctx, "Midas.Calls", 0, &before); err != nil {
			return nil, err
		}
		f, err := b.pairs(ctx, both[0], both[1])
		if err != nil {
			return nil, err
		}
		if err := m.Call(ctx, "Midas.Calls", 0, &after); err != nil {
			return nil, err
		}
		if after != before {
			return nil, fmt.Errorf("%s: Midas was called %d times", kind.name, after-before)
		}
		name := wordless + kind.name
		against := fmt.Sprintf("a bare Leaf echo of the same size (%d B there, %d B back)", len(kind.ask), len(reply))
		least, most := report.AtLeast(0.8), report.AtMost(1.2)
		if kind.holds == "" { // nothing is looked up
			least, most = report.AtLeast(0.9), report.AtMost(1.15)
		}
		lines = append(lines,
			report.Ratio(name+": throughput", against, f[0], "msg/s", least),
			report.Ratio(name+": p99", against, f[1], report.Nanoseconds, most))
	}
	return lines, nil
}

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

// measurePurchases has 1,000 players buy: each the next thing as soon as it has the last, which shows all that the
// machine can do; and at a rate, which 1,000 people hardly reach.
func measurePurchases(ctx context.Context, b *bench) ([]report.Line, error) {
	const steady = 250
	players := b.count(1_000, 20)
	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	span := b.span(2 * time.Second)
	ways := []game.Way{game.Plugin, game.Goroutine, game.Table}
	full, paced := make([]compare.Run, len(ways)), make([]compare.Run, len(ways))
	for i, way := range ways {
		s, err := b.startSide(ctx, m, game.Options{Way: way})
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, players); err != nil {
			return nil, err
		}
		run := func(what string, some crowd.Some) compare.Run {
			some.During = span
			return func(ctx context.Context) ([]float64, error) {
				did, err := s.buy(ctx, what, some)
				return []float64{did.rate(), float64(did.half.Nanoseconds()), float64(did.most.Nanoseconds()), did.cpu()}, err
			}
		}
		full[i] = run("Load.BuyAll", crowd.Some{Buyers: players})
		paced[i] = run("Load.Buy", crowd.Some{Rate: steady})
		if _, err := full[i](ctx); err != nil { // warm up
			return nil, err
		}
	}
	fulls, err := compare.InTurn(ctx, b.runs, full, b.ran)
	if err != nil {
		return nil, err
	}
	paces, err := compare.InTurn(ctx, b.runs, paced, b.ran)
	if err != nil {
		return nil, err
	}
	atOnce, atRate := compare.Figures(fulls[0], fulls[1]), compare.Figures(paces[0], paces[1])
	byHand, byHandAtRate := compare.Figures(fulls[0], fulls[2]), compare.Figures(paces[0], paces[2])
	const against, table = "the same without any ledger", "the same with a table of SQLite as a team would write it"
	name := func(what string) string { return fmt.Sprintf("purchases at %d a second: %s", steady, what) }
	return []report.Line{
		report.Ratio("purchases/s, durable SQLite ledger, 1,000 players without a pause", against, atOnce[0], "purchases/s", report.AtLeast(0.8)),
		report.Ratio("the same: processor time of a purchase", against, atOnce[3], report.Nanoseconds, report.Limit{}),
		report.Ratio(name("reached"), against, atRate[0], "purchases/s", report.Limit{}),
		report.Ratio(name("median wait"), against, atRate[1], report.Nanoseconds, report.Limit{}),
		report.Ratio(name("p99"), against, atRate[2], report.Nanoseconds, report.Limit{}),
		report.Ratio(name("processor time of one"), against, atRate[3], report.Nanoseconds, report.AtMost(1.6)),
		report.Ratio("purchases/s, 1,000 players without a pause", table, byHand[0], "purchases/s", report.AtLeast(1)),
		report.Ratio("the same: processor time of a purchase", table, byHand[3], report.Nanoseconds, report.Limit{}),
		report.Ratio(name("processor time of one"), table, byHandAtRate[3], report.Nanoseconds, report.Limit{}),
		report.Ratio(name("p99"), table, byHandAtRate[2], report.Nanoseconds, report.Limit{}),
	}, nil
}

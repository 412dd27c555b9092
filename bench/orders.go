package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/bench/seed"
	"github.com/leafmidas/leafmidas/ledger"
)

// ordersPerPlayer is how many orders a player of a filled ledger has, however large it is.
const ordersPerPlayer = 100

// measureOrders has players buy, and read their orders, in a ledger that holds many orders and in one that holds few.
func measureOrders(ctx context.Context, b *bench) ([]report.Line, error) {
	const rate = 100
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	// The first two are compared; all of them are in the plot.
	sizes := []int{b.count(1_000_000, 2_000), 1_000, 10_000, 100_000, 10_000_000}
	if b.short {
		sizes = sizes[:2]
	}
	purchases, lists := make([]compare.Run, len(sizes)), make([]compare.Run, len(sizes))
	for i, size := range sizes {
		b.progress("    orders: filling a ledger with %s", report.Number(float64(size)))
		folder, err := os.MkdirTemp(b.folder, "orders-")
		if err != nil {
			return nil, err
		}
		filled, err := fill(ctx, filepath.Join(folder, "orders.db"), size)
		if err != nil {
			return nil, err
		}
		b.closeLater(filled.Close)
		s, err := b.startSide(ctx, m, game.Options{Way: game.Plugin, Folder: folder})
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, b.count(200, 20)); err != nil {
			return nil, err
		}
		some := crowd.Some{Rate: rate, During: b.span(1500 * time.Millisecond)}
		purchases[i] = func(ctx context.Context) ([]float64, error) {
			did, err := s.buy(ctx, "Load.Buy", some)
			return []float64{did.cpu(), float64(did.half.Nanoseconds())}, err
		}
		lists[i] = perCall(b.count(2_000, 20), func() error {
			found, err := filled.Orders(ctx, seed.PlayerOf(rand.IntN(size/ordersPerPlayer)), "", 20)
			if err == nil && len(found) != 20 {
				err = fmt.Errorf("%d orders of a player who has %d", len(found), ordersPerPlayer)
			}
			return err
		})
		for _, warmUp := range []compare.Run{purchases[i], lists[i]} {
			if _, err := warmUp(ctx); err != nil {
				return nil, err
			}
		}
	}
	runs, err := compare.InTurn(ctx, b.runs, purchases, b.ran)
	if err != nil {
		return nil, err
	}
	bought := compare.Figures(runs[0], runs[1])
	b.plotOrders(sizes, runs)
	listed, err := b.pairs(ctx, lists[0], lists[1])
	if err != nil {
		return nil, err
	}
	const against = "a ledger with 1,000"
	return []report.Line{
		report.Ratio("a ledger with 1,000,000 orders: processor time of a purchase", against, bought[0], report.Nanoseconds, report.AtMost(1.2)),
		report.Ratio("a ledger with 1,000,000 orders: median wait for a purchase", against, bought[1], report.Nanoseconds, report.AtMost(1.2)),
		report.Ratio("a ledger with 1,000,000 orders: a player's newest 20 orders", against, listed[nsPerCall], report.Nanoseconds, report.AtMost(1.2)),
	}, nil
}

// plotOrders draws what a purchase costs by how many orders there are.
func (b *bench) plotOrders(sizes []int, runs [][][]float64) {
	var xs []float64
	var sorted [][][]float64
	for _, size := range slices.Sorted(slices.Values(sizes)) {
		xs, sorted = append(xs, float64(size)), append(sorted, runs[slices.Index(sizes, size)])
	}
	b.plots = append(b.plots, picture{"orders", report.Plot{
		Title: "A purchase, at 100 a second", X: "orders in the ledger", Y: "server's processor time, µs", LogX: true,
		Curves: []report.Curve{curve("leafmidas on SQLite", xs, sorted, 0, 1e3)},
	}})
}

// fill makes a ledger that holds so many orders which have ended, and opens it.
func fill(ctx context.Context, file string, size int) (_ *ledger.Ledger, err error) {
	cfg := ledger.Config{Driver: "sqlite", DSN: file}
	filled, err := ledger.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	const month = 30 * 24 * time.Hour
	began, step := time.Now().Add(-month).UnixMilli(), (month-time.Hour).Milliseconds()/int64(size)
	p := seed.Part{Bill: "A", Count: size, State: ledger.Delivered, At: fmt.Sprintf("%d + n * %d", began, step)}
	if err := seed.Fill(ctx, cfg, size/ordersPerPlayer, p); err != nil {
		return nil, errors.Join(err, filled.Close())
	}
	return filled, nil
}

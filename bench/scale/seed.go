package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/seed"
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// content is what a ledger is filled with before servers start on it.
type content struct{ finished, open, players int }

// fill makes the tables and writes the orders, with their histories, in few statements: what the database would hold
// after months of play, and after every server died at once.
func (w *world) fill(ctx context.Context, s content) error {
	orders, err := ledger.Open(ctx, w.ledger)
	if err != nil {
		return err
	}
	defer orders.Close()
	if err := w.fillPlayers(ctx, orders, s.players); err != nil {
		return err
	}
	now := time.Now().UnixMilli()
	const month = 30 * 24 * 3600 * 1000
	parts := []seed.Part{
		{Bill: "A", Count: s.finished, State: ledger.Delivered, At: fmt.Sprintf("%d + n * %d", now-month, max(1, (month-3600*1000)/max(1, s.finished)))},
		{Bill: "B", Count: s.open / 2, State: ledger.Paid, Due: now, At: fmt.Sprint(now - 60_000)},
		{Bill: "C", Count: s.open - s.open/2, State: ledger.Paying, Due: now, At: fmt.Sprint(now - 60_000)},
	}
	return seed.Fill(ctx, w.ledger, s.players, parts...)
}

// fillPlayers gives every player a session that calls can be signed with, and coins.
func (w *world) fillPlayers(ctx context.Context, orders *ledger.Ledger, players int) error {
	sealer, err := midas.NewSealer(emulator.DefaultAppSecret, "leafmidas session keys v1") // as payment does
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for n := range players {
		group.Go(func() error {
			openid, key := seed.PlayerOf(n), fmt.Sprintf("seeded-key-%08d", n)
			w.emu.SetSession(openid, key)
			if err := w.emu.Recharge(emulator.Sandbox, openid, "1", crowd.Purse); err != nil {
				return err
			}
			if err := orders.SaveSession(inner, openid, sealer.Seal(midas.Secret(key), openid), time.Now()); err != nil {
				return err
			}
			_, err := orders.Observe(inner, openid, "1", ledger.Sums{SaveAmt: crowd.Purse}, time.Now())
			return err
		})
	}
	return group.Wait()
}

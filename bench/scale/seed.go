package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
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

// fill makes the tables and writes the orders, with their histories, in few statements: what the database would hold after
// months of play, and after every server died at once.
func (w *world) fill(ctx context.Context, s content) error {
	orders, err := ledger.Open(ctx, w.ledger)
	if err != nil {
		return err
	}
	defer orders.Close()
	if err := w.fillPlayers(ctx, orders, s.players); err != nil {
		return err
	}
	register, dsn := w.ledger.Driver, w.ledger.DSN
	if register == "postgres" {
		register = "pgx"
	}
	db, err := sql.Open(register, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if w.ledger.Driver == "mysql" {
		if _, err := conn.ExecContext(ctx, "SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')"); err != nil {
			return err
		}
	}
	now := time.Now().UnixMilli()
	const month = 30 * 24 * 3600 * 1000
	parts := []seed.Part{
		{Bill: "A", Count: s.finished, State: ledger.Delivered, At: fmt.Sprintf("%d + n * %d", now-month, max(1, (month-3600*1000)/max(1, s.finished)))},
		{Bill: "B", Count: s.open / 2, State: ledger.Paid, Due: now, At: fmt.Sprint(now - 60_000)},
		{Bill: "C", Count: s.open - s.open/2, State: ledger.Paying, Due: now, At: fmt.Sprint(now - 60_000)},
	}
	for _, p := range parts {
		if p.Count == 0 {
			continue
		}
		for _, statement := range p.Statements(w.ledger.Driver, s.players) {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("write %d %s orders: %w", p.Count, p.State, err)
			}
		}
	}
	return w.analyze(ctx, conn)
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

// analyze lets the database take stock of its tables, as it does by itself now and then.
func (w *world) analyze(ctx context.Context, conn *sql.Conn) error {
	tables := []string{"midas_orders", "midas_history"}
	statement := "ANALYZE "
	if w.ledger.Driver == "mysql" {
		statement, tables = "ANALYZE TABLE ", []string{strings.Join(tables, ", ")}
	}
	for _, t := range tables {
		if _, err := conn.ExecContext(ctx, statement+t); err != nil {
			return err
		}
	}
	return nil
}

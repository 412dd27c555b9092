package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// seed is what a ledger is filled with before servers start on it.
type seed struct{ finished, open, players int }

// fill makes the tables and writes the orders, with their histories, in few statements: what the database would hold after
// months of play, and after every server died at once.
func (w *world) fill(ctx context.Context, s seed) error {
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
	parts := []part{
		{bill: "A", count: s.finished, state: ledger.Delivered, at: fmt.Sprintf("%d + n * %d", now-month, max(1, (month-3600*1000)/max(1, s.finished)))},
		{bill: "B", count: s.open / 2, state: ledger.Paid, due: now, at: fmt.Sprint(now - 60_000)},
		{bill: "C", count: s.open - s.open/2, state: ledger.Paying, due: now, at: fmt.Sprint(now - 60_000)},
	}
	for _, p := range parts {
		if p.count == 0 {
			continue
		}
		for _, statement := range p.statements(w.ledger.Driver, s.players) {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("write %d %s orders: %w", p.count, p.state, err)
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
			openid, key := seededPlayer(n), fmt.Sprintf("seeded-key-%08d", n)
			w.emu.SetSession(openid, key)
			if err := w.emu.Recharge(emulator.Sandbox, openid, "1", purse); err != nil {
				return err
			}
			if err := orders.SaveSession(inner, openid, sealer.Seal(midas.Secret(key), openid), time.Now()); err != nil {
				return err
			}
			_, err := orders.Observe(inner, openid, "1", ledger.Sums{SaveAmt: purse}, time.Now())
			return err
		})
	}
	return group.Wait()
}

// firstPlayer keeps all players' names of one length.
const firstPlayer = 10_000_000

func seededPlayer(n int) string { return fmt.Sprint("seeded-player-", firstPlayer+n) }

// part is orders of one state.
type part struct {
	bill  string // begins their bill numbers
	count int
	state ledger.State
	due   int64  // in milliseconds since 1970
	at    string // when order n was made, an SQL expression of n
}

// statements insert the orders, and of each the steps that led to its state.
func (p part) statements(driver string, players int) []string {
	var numbers string
	switch driver {
	case "postgres":
		numbers = fmt.Sprintf("generate_series(CAST(0 AS BIGINT), %d) AS s(n)", p.count-1)
	case "mysql":
		numbers = fmt.Sprintf("(SELECT seq AS n FROM seq_0_to_%d) AS s", p.count-1)
	default:
		numbers = fmt.Sprintf("(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT n FROM s) AS s", p.count-1)
	}
	path := []ledger.State{"", ledger.Created, ledger.Paying, ledger.Paid, ledger.Delivered}
	last := 0
	for path[last] != p.state {
		last++
	}
	bill := fmt.Sprintf("'SEED%s-' || (%d + n)", p.bill, firstPlayer)
	delivered := "0"
	if p.state == ledger.Delivered {
		delivered = p.at
	}
	all := []string{fmt.Sprintf(`INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
		attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at, of_trade, source)
		SELECT %s, '%s', 'seeded-player-' || (%d + n %% %d), '1', 'seed-%s-' || n, '%s', 1, 1, '', '%s', %d,
		0, 0, %d, 0, 0, '', '', %s, %s, %s, '', 0 FROM %s`,
		bill, ledger.Purchase, firstPlayer, players, p.bill, itemID, p.state, last, p.due, p.at, p.at, delivered, numbers)}
	for version := 1; version <= last; version++ {
		all = append(all, fmt.Sprintf(`INSERT INTO midas_history (bill_no, version, at, who, from_state, to_state, code, rid, note)
			SELECT %s, %d, %s, 'a server that died', '%s', '%s', 0, '', '' FROM %s`, bill, version, p.at, path[version-1], path[version], numbers))
	}
	return all
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

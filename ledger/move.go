package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNotMovable: whose the ledger is cannot be changed now. The error says why, and what would help. Nothing was
// changed.
var ErrNotMovable = errors.New("ledger: whose the ledger is cannot be changed now")

// numberLives is how long Midas knows a bill number (§4): until then a call that was thought lost may land, and a
// payment window that was thought closed be paid in.
const numberLives = 48 * time.Hour

// stillOpen are the questions whose answers must be 0 before a ledger may be another's. The "?" is numberLives ago.
var stillOpen = []struct{ what, query string }{
	{"orders that have not ended", `SELECT COUNT(*) FROM midas_orders WHERE due_at > 0`},
	{"disputed orders (midasctl resolve)", `SELECT COUNT(*) FROM midas_orders WHERE state = 'disputed'`},
	{
		"orders cancelled, and goods not paid for, in the last 48 hours, for which a late call or payment may come",
		`SELECT COUNT(*) FROM midas_orders WHERE updated_at > ? AND (state = 'cancelled' OR state = 'failed' AND kind = 'goods')`,
	},
	{"cancelled orders about which Midas is still asked", `SELECT COUNT(*) FROM midas_rechecks`},
	{"pushes that were kept and that nobody has looked at", `SELECT COUNT(*) FROM midas_pushes WHERE seen_at = 0`},
	{
		"recharges of the last 48 hours whose coins may come",
		`SELECT COUNT(*) FROM midas_recharges WHERE updated_at > ? AND state <> 'credited'`,
	},
}

// Move makes the ledger another's, on purpose. No server may be working on it, and nothing may be open. The protocol
// can be changed so; app, offer and environment only of a ledger that has never had an order, a recharge or a player:
// the sums that it keeps of every player are of accounts at Midas that are others in another app, offer or environment.
// who is written down. Errors: ErrNotMovable, ErrServed, ErrUnavailable.
func (l *Ledger) Move(ctx context.Context, to Identity, who string) error {
	now, err := l.Identity(ctx)
	if err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if l.path != "" {
		if _, err := l.Serve(soon, false, nil); err != nil {
			return err
		}
	} else if living, _, err := l.others(ctx); err != nil {
		return unavailable(ctx, "look for servers", err)
	} else if len(living) > 0 {
		return fmt.Errorf("%w: the server %s works on it, or did half a minute ago: stop it first", ErrNotMovable, living[0].Who)
	}
	var refused error
	err = l.writer.do(ctx, true, func(ctx context.Context, tx *sql.Tx) error {
		if refused = l.movable(ctx, tx, now, to); refused != nil {
			return refused
		}
		for _, f := range to.fields() {
			_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_identity (name, value, at, who) VALUES (?, ?, `+l.dialect.now+`, ?)`+
				l.dialect.ignore("name")), f.name, *f.value, l.text(ctx, who, whoMost))
			if err == nil {
				_, err = tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_identity SET value = ?, at = `+l.dialect.now+`, who = ? WHERE name = ?`),
					*f.value, l.text(ctx, who, whoMost), f.name)
			}
			if err != nil {
				return err
			}
		}
		// What it was before stays known.
		_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_identity (name, value, at, who) VALUES (?, ?, `+l.dialect.now+`, ?)`),
			fmt.Sprintf("moved %d", time.Now().UnixNano()), fmt.Sprintf("from %s to %s", now, to), l.text(ctx, who, whoMost))
		return err
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return unavailable(ctx, "change whose the ledger is", err)
	}
	l.identity.Store(&to)
	return nil
}

func (l *Ledger) movable(ctx context.Context, tx *sql.Tx, from, to Identity) error {
	count := func(query string, args ...any) (n int64, err error) {
		return n, tx.QueryRowContext(ctx, l.dialect.sql(query), args...).Scan(&n)
	}
	var open []string
	for _, q := range stillOpen {
		var args []any
		if strings.Contains(q.query, "?") {
			args = []any{toMillis(time.Now().Add(-numberLives))}
		}
		n, err := count(q.query, args...)
		if err != nil {
			return err
		}
		if n > 0 {
			open = append(open, fmt.Sprintf("%d %s", n, q.what))
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%w: it has %s", ErrNotMovable, strings.Join(open, "; "))
	}
	from.Protocol = to.Protocol
	if from.agrees(to) {
		return nil
	}
	for _, table := range []string{"midas_orders", "midas_recharges", "midas_players"} {
		if n, err := count(`SELECT COUNT(*) FROM ` + table); err != nil || n > 0 {
			if err != nil {
				return err
			}
			return fmt.Errorf("%w: it has been used, and the players' accounts are others in another app, offer or environment; "+
				"give that a ledger of its own, and keep this one to look things up", ErrNotMovable)
		}
	}
	return nil
}

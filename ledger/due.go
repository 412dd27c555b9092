package ledger

import (
	"context"
	"database/sql"
	"time"
)

// DueOrder names an order that is due, and its player.
type DueOrder struct{ BillNo, OpenID string }

// Due lists up to limit orders that Claim would take at now, oldest due first. It takes none of them.
func (l *Ledger) Due(ctx context.Context, now time.Time, horizon time.Duration, limit int) ([]DueOrder, error) {
	return l.dueOrders(ctx, `SELECT bill_no, openid FROM midas_orders WHERE `+l.isDue()+` ORDER BY due_at LIMIT ?`,
		append(dueArgs(now, horizon), limit))
}

// DueOfEach lists up to limit orders that Claim would take at now: the oldest due of every player, then the second of every
// player, up to each of one. It reads everything that is due, so it takes longer the more that is.
func (l *Ledger) DueOfEach(ctx context.Context, now time.Time, horizon time.Duration, each, limit int) ([]DueOrder, error) {
	return l.dueOrders(ctx, `SELECT bill_no, openid FROM (
			SELECT bill_no, openid, due_at, ROW_NUMBER() OVER (PARTITION BY openid ORDER BY due_at, bill_no) AS nth
			FROM midas_orders WHERE `+l.isDue()+`
		) AS ranked WHERE nth <= ? ORDER BY nth, due_at LIMIT ?`, append(dueArgs(now, horizon), each, limit))
}

// isDue is the condition under which Claim takes an order; dueArgs are its places.
func (l *Ledger) isDue() string {
	return `due_at > 0 AND (due_at <= ? OR parked = 0 AND due_at > ?) AND (leased_until <= ` + l.dialect.now + ` OR due_at <= ?) AND ` + knownKinds
}

func dueArgs(now time.Time, horizon time.Duration) []any {
	return []any{toMillis(now), toMillis(now.Add(horizon)), toMillis(now.Add(-leaseSlack))}
}

func (l *Ledger) dueOrders(ctx context.Context, statement string, args []any) ([]DueOrder, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.query(inner, l.dialect.sql(statement), args...)
	due, err := scanAll(rows, err, func(row *sql.Rows) (o DueOrder, err error) {
		err = row.Scan(&o.BillNo, &o.OpenID)
		return o, err
	})
	return due, unavailable(ctx, "list the orders that are due", err)
}

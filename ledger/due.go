package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// DueOrder names an order that is due, and its player.
type DueOrder struct {
	BillNo, OpenID string
	DueAt          time.Time
}

// Due lists up to limit orders that Claim would take at now, oldest due first. It takes none of them. It begins behind
// after, which an earlier list has named; with the zero value it begins with the oldest.
func (l *Ledger) Due(ctx context.Context, now time.Time, horizon time.Duration, after DueOrder, limit int) ([]DueOrder, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	// The first condition is for MariaDB, which finds no place in an index by two columns at once.
	from := toMillis(after.DueAt)
	rows, err := l.query(inner, l.dialect.sql(`SELECT bill_no, openid, due_at FROM midas_orders
		WHERE due_at >= ? AND (due_at, bill_no) > (?, ?) AND `+l.isDue()+` ORDER BY due_at, bill_no LIMIT ?`),
		slices.Concat([]any{from, from, after.BillNo}, dueArgs(now, horizon), []any{limit})...)
	due, err := scanAll(rows, err, func(row *sql.Rows) (o DueOrder, err error) {
		var at int64
		err = row.Scan(&o.BillNo, &o.OpenID, &at)
		o.DueAt = fromMillis(at)
		return o, err
	})
	return due, unavailable(ctx, "list the orders that are due", err)
}

// isDue is the condition under which Claim takes an order; dueArgs are its places.
func (l *Ledger) isDue() string {
	return `due_at > 0 AND (due_at <= ? OR parked = 0 AND due_at > ?) AND (leased_until <= ` + l.dialect.now + ` OR due_at <= ?) AND ` + knownKinds
}

func dueArgs(now time.Time, horizon time.Duration) []any {
	return []any{toMillis(now), toMillis(now.Add(horizon)), toMillis(now.Add(-leaseSlack))}
}

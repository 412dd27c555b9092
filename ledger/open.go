package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// OpenCount is how many orders stand in a state that is not an end.
type OpenCount struct {
	Kind  Kind
	State State
	// Parked: they wait for their players to log in.
	Parked bool
	Orders int64
	// Oldest is when the oldest of them was made.
	Oldest time.Time
}

// unpaid are goods that wait to be paid for.
const unpaid = `(kind = 'goods' AND state = 'paying')`

// Unpaid tells whether these are goods that wait to be paid for, which may take a day and is nobody's fault.
func (c OpenCount) Unpaid() bool { return c.Kind == Goods && c.State == Paying }

// CountOpen counts the orders that have not ended. It reads what is open and nothing else, however many orders have ended.
func (l *Ledger) CountOpen(ctx context.Context) ([]OpenCount, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.desk.QueryContext(inner, `SELECT kind, state, parked, COUNT(*), MIN(created_at) FROM midas_orders
		WHERE due_at > 0 GROUP BY kind, state, parked ORDER BY kind, state, parked`)
	counts, err := scanAll(rows, err, func(row *sql.Rows) (c OpenCount, err error) {
		var oldest int64
		var parked int
		err = row.Scan(&c.Kind, &c.State, &parked, &c.Orders, &oldest)
		c.Parked, c.Oldest = parked != 0, fromMillis(oldest)
		return c, err
	})
	return counts, unavailable(ctx, "count the open orders", err)
}

// CountDisputed counts the orders that wait for an operator.
func (l *Ledger) CountDisputed(ctx context.Context) (n int64, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.desk.QueryRowContext(inner, `SELECT COUNT(*) FROM midas_orders WHERE state = 'disputed'`).Scan(&n)
	return n, unavailable(ctx, "count the disputed orders", err)
}

// Backlog is what has not ended, and what waits for an operator.
type Backlog struct {
	// Open counts the orders in each state that has not ended; parked ones are in it, goods that wait to be paid for are not.
	Open map[State]int64
	// Parked counts those of Open that wait for their players to log in.
	Parked int64
	// Unpaid counts goods that wait to be paid for, which may take a day and is nobody's fault.
	Unpaid int64
	// Disputed counts the orders that wait for an operator.
	Disputed int64
	// Kept counts the pushes that could not be acted on, and wait for an operator.
	Kept int64
	// Oldest is the bill number of the oldest order in Open, OldestAt when it was made. Zero values: there is none.
	Oldest   string
	OldestAt time.Time
}

// Backlog counts what is open. It reads that and nothing else, so it may be asked every few seconds however many orders
// have ended.
func (l *Ledger) Backlog(ctx context.Context) (Backlog, error) {
	open, err := l.CountOpen(ctx)
	b := Backlog{Open: map[State]int64{}}
	if err != nil {
		return b, err
	}
	for _, c := range open {
		if c.Unpaid() {
			b.Unpaid += c.Orders
			continue
		}
		b.Open[c.State] += c.Orders
		if c.Parked {
			b.Parked += c.Orders
		}
		if b.OldestAt.IsZero() || c.Oldest.Before(b.OldestAt) {
			b.OldestAt = c.Oldest
		}
	}
	if b.Disputed, err = l.CountDisputed(ctx); err != nil {
		return b, err
	}
	b.Kept, err = l.CountKept(ctx)
	if err != nil || b.OldestAt.IsZero() {
		return b, err
	}
	const doing = "find the oldest open order"
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.desk.QueryRowContext(inner, l.dialect.sql(`SELECT bill_no FROM midas_orders WHERE created_at = ? AND due_at > 0
		AND NOT `+unpaid+` ORDER BY bill_no LIMIT 1`), toMillis(b.OldestAt)).Scan(&b.Oldest)
	if errors.Is(err, sql.ErrNoRows) { // it has ended since
		return b, nil
	}
	return b, unavailable(ctx, doing, err)
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
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

// CountOpen counts the orders that have not ended. It reads an index of what is open and nothing else, however many
// orders have ended.
func (l *Ledger) CountOpen(ctx context.Context) ([]OpenCount, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.desk.QueryContext(inner, countOpen)
	var counts []OpenCount
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		c := OpenCount{}
		var parked int64
		var oldest [2]sql.NullInt64
		err := row.Scan(&c.Kind, &c.State, &c.Orders, &parked, &oldest[0], &oldest[1])
		if c.Orders -= parked; c.Orders > 0 {
			c.Oldest = fromMillis(oldest[0].Int64)
			counts = append(counts, c)
		}
		if parked > 0 {
			counts = append(counts, OpenCount{c.Kind, c.State, true, parked, fromMillis(oldest[1].Int64)})
		}
		return struct{}{}, err
	})
	return counts, unavailable(ctx, "count the open orders", err)
}

// countOpen is one count for each kind in each open state. Of all of them grouped at once databases make a table first,
// which takes several times as long.
var countOpen = func() string {
	var parts []string
	for _, k := range Kinds() {
		for _, s := range States() {
			if !s.Ended() {
				parts = append(parts, fmt.Sprintf(`SELECT '%s', '%s', COUNT(*), COALESCE(SUM(parked), 0), MIN(CASE WHEN parked = 0 THEN created_at END),
					MIN(CASE WHEN parked <> 0 THEN created_at END) FROM midas_orders WHERE state = '%[2]s' AND kind = '%[1]s'`, k, s))
			}
		}
	}
	return strings.Join(parts, " UNION ALL ")
}()

// CountDisputed counts the orders that wait for an operator.
func (l *Ledger) CountDisputed(ctx context.Context) (n int64, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.desk.QueryRowContext(inner, `SELECT COUNT(*) FROM midas_orders WHERE state = 'disputed'`).Scan(&n)
	return n, unavailable(ctx, "count the disputed orders", err)
}

// Backlog is what has not ended, and what waits for an operator.
type Backlog struct {
	// Open counts the orders in each state that has not ended; parked ones are in it, goods that wait to be paid for are
	// not.
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
	if b.Kept, err = l.CountKept(ctx); err != nil {
		return b, err
	}
	for _, c := range open {
		if c.Unpaid() || !c.Oldest.Equal(b.OldestAt) {
			continue
		}
		if err := l.firstOf(ctx, c, &b.Oldest); err != nil {
			return b, err
		}
	}
	return b, nil
}

const firstOf = `SELECT bill_no FROM midas_orders WHERE state = ? AND kind = ? AND created_at = ? AND parked = ? ORDER BY bill_no LIMIT 1`

// firstOf finds the bill number of the oldest order that was counted, if it is before the one that is known.
func (l *Ledger) firstOf(ctx context.Context, c OpenCount, known *string) error {
	inner, cancel := patient(ctx)
	defer cancel()
	var found string
	parked := 0
	if c.Parked {
		parked = 1
	}
	err := l.desk.QueryRowContext(inner, l.dialect.sql(firstOf), string(c.State), string(c.Kind), toMillis(c.Oldest), parked).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) { // it has changed since
		return nil
	}
	if err == nil && (*known == "" || found < *known) {
		*known = found
	}
	return unavailable(ctx, "find the oldest open order", err)
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// errBadStep is a mistake of the code that calls: an arrow the machine does not have.
var errBadStep = errors.New("ledger: the order machine has no such step")

// Order is one purchase, from the moment its bill number is fixed.
type Order struct {
	// BillNo is the number Midas and support know the order by. It never changes.
	BillNo string
	// OpenID and ZoneID are the account that pays.
	OpenID, ZoneID string
	// RequestID is the client's own name for the purchase, unique per OpenID for ever.
	RequestID string
	// ItemID and Quantity are what was bought.
	ItemID   string
	Quantity int64
	// Amount is the whole price in coins, as it was when the order was made.
	Amount int64
	// UserIP is the player's address as the host gave it, or empty.
	UserIP string

	// State is where the order stands.
	State State
	// Version counts the changes to the order; a change is refused unless it was based on the latest.
	Version int64
	// Attempts counts the tries of the present state that brought no definite answer.
	Attempts int
	// UnsureSince is when the first call went out whose outcome is still open; zero when there is none. While it is
	// set, coins may have been deducted.
	UnsureSince time.Time
	// DueAt is when the order is to be worked on next; zero once it has ended.
	DueAt time.Time
	// Parked: the order waits for its player to log in again, at the latest until DueAt.
	Parked bool
	// Code and RID are Midas's last answer that said something (0: none yet), Note says the same in words.
	Code int
	RID  string
	Note string

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Event is one line of an order's history.
type Event struct {
	Version int64
	At      time.Time
	// From and To are equal where a call was answered without moving the order.
	From, To State
	// Code and RID are Midas's, 0 and empty where Midas had no part in it.
	Code int
	RID  string
	Note string
}

const orderColumns = `bill_no, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
	attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at`

// Create stores a new order in state Created. If the player has an order of that request id already, it is returned
// as it stands and created is false; if that one was for something else the error is ErrMismatch.
func (l *Ledger) Create(ctx context.Context, o Order) (stored Order, created bool, err error) {
	o.State, o.Version = Created, 1
	err = l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO midas_orders (`+orderColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (openid, request_id) DO NOTHING`,
			o.BillNo, o.OpenID, o.ZoneID, o.RequestID, o.ItemID, o.Quantity, o.Amount, o.UserIP, o.State, o.Version,
			o.Attempts, toMillis(o.UnsureSince), toMillis(o.DueAt), o.Parked, o.Code, o.RID, o.Note,
			toMillis(o.CreatedAt), toMillis(o.UpdatedAt))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 1 {
			created = true
			return addHistory(ctx, tx, o, "")
		}
		created = false
		stored, err = scanOrder(tx.QueryRowContext(ctx,
			`SELECT `+orderColumns+` FROM midas_orders WHERE openid = ? AND request_id = ?`, o.OpenID, o.RequestID))
		return err
	})
	switch {
	case err != nil:
		return Order{}, false, unavailable("store order "+o.BillNo, err)
	case created:
		return o, true, nil
	case stored.ItemID != o.ItemID || stored.Quantity != o.Quantity:
		return stored, false, fmt.Errorf("%w: request %q bought %d of %q as bill %s", ErrMismatch,
			o.RequestID, stored.Quantity, stored.ItemID, stored.BillNo)
	default:
		return stored, false, nil
	}
}

// Advance stores what became of an order: after replaces before, unless the order has changed since before was read
// (ErrConflict). The arrow must be in the machine; staying in a state that has not ended is allowed. What identifies
// the order cannot change. The stored order, with its new version, is returned.
func (l *Ledger) Advance(ctx context.Context, before, after Order) (Order, error) {
	if before.State != after.State && !before.State.CanBecome(after.State) || before.State.Ended() {
		return before, fmt.Errorf("%w: bill %s from %s to %s", errBadStep, before.BillNo, before.State, after.State)
	}
	after.Version = before.Version + 1
	err := l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE midas_orders SET state = ?, version = ?, attempts = ?, unsure_since = ?,
			due_at = ?, parked = ?, code = ?, rid = ?, note = ?, updated_at = ? WHERE bill_no = ? AND version = ? AND state = ?`,
			after.State, after.Version, after.Attempts, toMillis(after.UnsureSince), toMillis(after.DueAt), after.Parked,
			after.Code, after.RID, after.Note, toMillis(after.UpdatedAt), before.BillNo, before.Version, before.State)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n != 1 {
			return fmt.Errorf("%w: bill %s is no longer version %d in state %s", ErrConflict, before.BillNo, before.Version, before.State)
		}
		return addHistory(ctx, tx, after, before.State)
	})
	if err != nil {
		return before, unavailable(fmt.Sprintf("move order %s from %s to %s", before.BillNo, before.State, after.State), err)
	}
	return after, nil
}

// Order reads one order.
func (l *Ledger) Order(ctx context.Context, billNo string) (Order, error) {
	o, err := scanOrder(l.reads.QueryRowContext(ctx, `SELECT `+orderColumns+` FROM midas_orders WHERE bill_no = ?`, billNo))
	return o, unavailable("read order "+billNo, err)
}

// OrderOf reads a player's order of that request id.
func (l *Ledger) OrderOf(ctx context.Context, openid, requestID string) (Order, error) {
	o, err := scanOrder(l.reads.QueryRowContext(ctx,
		`SELECT `+orderColumns+` FROM midas_orders WHERE openid = ? AND request_id = ?`, openid, requestID))
	return o, unavailable("read a player's order", err)
}

// Orders lists a player's orders, newest first: at most limit of those before the bill number before, or from the
// newest where before is empty.
func (l *Ledger) Orders(ctx context.Context, openid, before string, limit int) ([]Order, error) {
	if before == "" {
		before = "~" // sorts after every character a bill number may have
	}
	orders, err := scanOrders(l.reads.QueryContext(ctx, `SELECT `+orderColumns+` FROM midas_orders
		WHERE openid = ? AND bill_no < ? ORDER BY bill_no DESC LIMIT ?`, openid, before, limit))
	return orders, unavailable("list a player's orders", err)
}

// OpenOrders lists up to limit orders that have not ended, oldest due first.
func (l *Ledger) OpenOrders(ctx context.Context, limit int) ([]Order, error) {
	var open []string
	for _, s := range States() {
		if !s.Ended() {
			open = append(open, "'"+string(s)+"'")
		}
	}
	orders, err := scanOrders(l.reads.QueryContext(ctx, `SELECT `+orderColumns+` FROM midas_orders
		WHERE state IN (`+strings.Join(open, ",")+`) ORDER BY due_at, bill_no LIMIT ?`, limit))
	return orders, unavailable("list the open orders", err)
}

// History tells what happened to an order, first to last.
func (l *Ledger) History(ctx context.Context, billNo string) ([]Event, error) {
	rows, err := l.reads.QueryContext(ctx, `SELECT version, at, from_state, to_state, code, rid, note
		FROM midas_history WHERE bill_no = ? ORDER BY version`, billNo)
	if err != nil {
		return nil, unavailable("read the history of "+billNo, err)
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.Version, &at, &e.From, &e.To, &e.Code, &e.RID, &e.Note); err != nil {
			return nil, unavailable("read the history of "+billNo, err)
		}
		e.At = fromMillis(at)
		events = append(events, e)
	}
	return events, unavailable("read the history of "+billNo, rows.Err())
}

// Claim takes up to limit orders that are due at now and makes them due again only after lease, so that nobody else
// takes them meanwhile. It returns them oldest due first.
func (l *Ledger) Claim(ctx context.Context, now time.Time, lease time.Duration, limit int) (claimed []Order, err error) {
	err = l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		claimed, err = scanOrders(tx.QueryContext(ctx, `UPDATE midas_orders SET due_at = ?, version = version + 1
			WHERE bill_no IN (SELECT bill_no FROM midas_orders WHERE due_at > 0 AND due_at <= ? ORDER BY due_at LIMIT ?)
			RETURNING `+orderColumns, toMillis(now.Add(lease)), toMillis(now), limit))
		return err
	})
	return claimed, unavailable("claim the orders that are due", err)
}

// NextDue tells when the next order is due; the zero time if none is.
func (l *Ledger) NextDue(ctx context.Context) (time.Time, error) {
	var ms sql.NullInt64
	err := l.reads.QueryRowContext(ctx, `SELECT MIN(due_at) FROM midas_orders WHERE due_at > 0`).Scan(&ms)
	return fromMillis(ms.Int64), unavailable("look for the next order that is due", err)
}

// Reclaim makes every order that has not ended and is not parked due at now. It is for the start of the only server
// that works on this ledger: whatever was claimed, its holder is dead.
func (l *Ledger) Reclaim(ctx context.Context, now time.Time) (orders int64, err error) {
	return l.makeDue(ctx, "resume the open orders", `UPDATE midas_orders SET due_at = ?, version = version + 1 WHERE due_at > 0 AND parked = 0`, toMillis(now))
}

// Unpark makes a player's parked orders due at now.
func (l *Ledger) Unpark(ctx context.Context, openid string, now time.Time) (orders int64, err error) {
	return l.makeDue(ctx, "resume a player's parked orders",
		`UPDATE midas_orders SET due_at = ?, parked = 0, version = version + 1 WHERE openid = ? AND parked = 1`, toMillis(now), openid)
}

func (l *Ledger) makeDue(ctx context.Context, doing, statement string, args ...any) (n int64, err error) {
	err = l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, unavailable(doing, err)
}

func addHistory(ctx context.Context, tx *sql.Tx, o Order, from State) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO midas_history (bill_no, version, at, from_state, to_state, code, rid, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, o.BillNo, o.Version, toMillis(o.UpdatedAt), from, o.State, o.Code, o.RID, o.Note)
	return err
}

func scanOrder(row interface{ Scan(...any) error }) (Order, error) {
	var o Order
	var unsure, due, created, updated int64
	err := row.Scan(&o.BillNo, &o.OpenID, &o.ZoneID, &o.RequestID, &o.ItemID, &o.Quantity, &o.Amount, &o.UserIP, &o.State,
		&o.Version, &o.Attempts, &unsure, &due, &o.Parked, &o.Code, &o.RID, &o.Note, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, ErrNotFound
	}
	if err != nil {
		return Order{}, err
	}
	o.UnsureSince, o.DueAt, o.CreatedAt, o.UpdatedAt = fromMillis(unsure), fromMillis(due), fromMillis(created), fromMillis(updated)
	return o, o.check()
}

func scanOrders(rows *sql.Rows, err error) ([]Order, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var orders []Order
	for rows.Next() {
		o, err := scanOrder(rows)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, rows.Err()
}

// check catches an order that no code of this version can have written.
func (o Order) check() error {
	switch {
	case !o.State.Known():
		return fmt.Errorf("order %s is in the unknown state %q: written by a newer version?", o.BillNo, o.State)
	case o.Amount <= 0 || o.Quantity <= 0:
		return fmt.Errorf("order %s is for %d of an item at %d coins", o.BillNo, o.Quantity, o.Amount)
	case o.State.Ended() && (!o.DueAt.IsZero() || o.Parked):
		return fmt.Errorf("order %s has ended as %s and is still to be worked on", o.BillNo, o.State)
	case !o.State.Ended() && o.DueAt.IsZero():
		return fmt.Errorf("order %s is %s and nobody will work on it", o.BillNo, o.State)
	}
	return nil
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const (
	orderColumns = `bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
		attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at, of_trade, source, paid`
	orderPlaces = `?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?`
)

// columns are an order's, in the order of orderColumns.
func (o Order) columns() []any {
	return []any{
		o.BillNo, o.Kind, o.OpenID, o.ZoneID, o.RequestID, o.ItemID, o.Quantity, o.Amount, o.UserIP, o.State, o.Version,
		o.Attempts, toMillis(o.UnsureSince), toMillis(o.DueAt), toBit(o.Parked), o.Code, o.RID, o.Note,
		toMillis(o.CreatedAt), toMillis(o.UpdatedAt), toMillis(o.DeliveredAt), o.OfTrade, o.Source, o.Paid,
	}
}

// statements are those of every step, put together once.
type statements struct{ insert, again, replace, history string }

func statementsOf(d dialect) statements {
	return statements{
		insert: d.sql(`INSERT INTO midas_orders (` + orderColumns + `, leased_until) VALUES (` + orderPlaces + `, ` + d.leaseEnd() + `)` +
			d.ignore("openid, kind, request_id")),
		again: d.sql(`SELECT ` + orderColumns + ` FROM midas_orders WHERE openid = ? AND kind = ? AND request_id = ?`),
		replace: d.sql(`UPDATE midas_orders SET state = ?, version = ?, attempts = ?, unsure_since = ?, due_at = ?, parked = ?, code = ?, rid = ?,
			note = ?, updated_at = ?, delivered_at = ?, leased_until = ` + d.leaseEnd() + ` WHERE bill_no = ? AND version = ? AND state = ?`),
		history: d.sql(`INSERT INTO midas_history (` + historyColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
	}
}

// insert stores a new order, or reads the one that its player has under its request id.
func (l *Ledger) insert(ctx context.Context, tx *sql.Tx, o Order) (stored Order, err error) {
	lease := o.Lease.Milliseconds()
	res, err := l.writer.exec(ctx, tx, l.statements.insert, append(o.columns(), lease, lease)...)
	if err != nil {
		return Order{}, err
	}
	if !l.dialect.duplicateKey { // there, how many rows were affected depends on the driver's options
		if made, err := res.RowsAffected(); err != nil {
			return Order{}, err
		} else if made == 1 && o.check() == nil {
			return o.asStored(), nil
		}
	}
	return scanOrder(l.writer.queryRow(ctx, tx, l.statements.again, o.OpenID, o.Kind, o.RequestID))
}

func (l *Ledger) replace(ctx context.Context, tx *sql.Tx, who string, before, after Order) error {
	after = l.storable(ctx, after)
	lease := after.Lease.Milliseconds()
	res, err := l.writer.exec(ctx, tx, l.statements.replace,
		after.State, after.Version, after.Attempts, toMillis(after.UnsureSince), toMillis(after.DueAt), toBit(after.Parked),
		after.Code, after.RID, after.Note, toMillis(after.UpdatedAt), toMillis(after.DeliveredAt), lease, lease,
		before.BillNo, before.Version, before.State)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n != 1 {
		return fmt.Errorf("%w: bill %s is no longer version %d in state %s", ErrConflict, before.BillNo, before.Version, before.State)
	}
	if !after.RecheckAt.IsZero() {
		if err := l.planRecheck(ctx, tx, after); err != nil {
			return err
		}
	}
	return l.addHistory(ctx, tx, who, after, before.State)
}

func (l *Ledger) addHistory(ctx context.Context, tx *sql.Tx, who string, o Order, from State) error {
	_, err := l.writer.exec(ctx, tx, l.statements.history,
		o.BillNo, o.Version, toMillis(o.UpdatedAt), l.text(ctx, who, whoMost), from, o.State, o.Code, o.RID, o.Note)
	return err
}

func scanOrder(row interface{ Scan(...any) error }) (Order, error) {
	var o Order
	var unsure, due, created, updated, delivered int64
	err := row.Scan(&o.BillNo, &o.Kind, &o.OpenID, &o.ZoneID, &o.RequestID, &o.ItemID, &o.Quantity, &o.Amount, &o.UserIP, &o.State,
		&o.Version, &o.Attempts, &unsure, &due, &o.Parked, &o.Code, &o.RID, &o.Note, &created, &updated, &delivered, &o.OfTrade, &o.Source, &o.Paid)
	if errors.Is(err, sql.ErrNoRows) {
		return Order{}, ErrNotFound
	}
	if err != nil {
		return Order{}, err
	}
	o.UnsureSince, o.DueAt, o.CreatedAt, o.UpdatedAt = fromMillis(unsure), fromMillis(due), fromMillis(created), fromMillis(updated)
	o.DeliveredAt = fromMillis(delivered)
	return o, o.check()
}

func scanOrders(rows *sql.Rows, err error) ([]Order, error) {
	return scanAll(rows, err, func(row *sql.Rows) (Order, error) { return scanOrder(row) })
}

// scanAll reads and closes rows.
func scanAll[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// errUnreadable is an order that no code of this version can have written.
var errUnreadable = errors.New("ledger: unreadable order")

// check catches such orders.
func (o Order) check() error {
	switch {
	case !o.State.Known() || !o.Kind.known():
		return fmt.Errorf("%w: %s is a %q in state %q: written by a newer version?", errUnreadable, o.BillNo, o.Kind, o.State)
	case o.Amount <= 0 || o.Quantity <= 0:
		return fmt.Errorf("%w: %s is for %d of an item at %d in all", errUnreadable, o.BillNo, o.Quantity, o.Amount)
	case o.State.Ended() && (!o.DueAt.IsZero() || o.Parked):
		return fmt.Errorf("%w: %s has ended as %s and is still to be worked on", errUnreadable, o.BillNo, o.State)
	case !o.State.Ended() && o.DueAt.IsZero():
		return fmt.Errorf("%w: %s is %s and nobody will work on it", errUnreadable, o.BillNo, o.State)
	}
	return nil
}

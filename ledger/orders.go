package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// errBadStep is a mistake of the code that calls: an arrow the machine does not have.
var errBadStep = errors.New("ledger: the order machine has no such step")

// Kind is what an order is for.
type Kind string

// The kinds of orders.
const (
	// Purchase: a player buys an item with coins.
	Purchase Kind = "purchase"
	// Present: the host gives a player coins for nothing. There is nothing to deliver, and nothing to give back.
	Present Kind = "present"
	// Goods: a player buys an item directly with money (protocol V2). BillNo is the out_trade_no.
	Goods Kind = "goods"
	// Refund: money was given back, and the host is to be told.
	Refund Kind = "refund"
	// Credit: a player has bought coins, and the host is to be told. They are the player's already.
	Credit Kind = "credit"
)

// known tells whether this version has a machine for the kind.
func (k Kind) known() bool {
	return k == Purchase || k == Present || k == Goods || k == Refund || k == Credit
}

// knownKinds are the same in SQL. What is of another kind is a newer version's, which may share the ledger during an
// upgrade: it is left to it, and out of every list.
const knownKinds = `kind IN ('purchase', 'present', 'goods', 'refund', 'credit')`

// Order is one purchase, present, refund or credit, from the moment its bill number is fixed.
type Order struct {
	// BillNo is the number Midas and support know the order by. It never changes.
	BillNo string
	// Kind is what the order is for.
	Kind Kind
	// OpenID and ZoneID are the account that pays.
	OpenID, ZoneID string
	// RequestID is the asker's own name for it, unique per OpenID and Kind for ever.
	RequestID string
	// ItemID and Quantity are what was bought. A present has none and 1. A refund has those of what it gives back: of a
	// recharge no item and how many coins. A credit has no item, and how many coins the player has bought in all, with
	// these.
	ItemID   string
	Quantity int64
	// Amount is the whole price in coins, as it was when the order was made, or the coins to give, or those that were
	// bought; of goods and refunds it is in fen (分).
	Amount int64
	// OfTrade and Source are a refund's: the out_trade_no of what was given back, and by whom (1 platform, 2 console, 3
	// API). Of goods Source is StoreTrial or 0. Of a credit OfTrade is the number of the recharge, if exactly one brought
	// the coins, in protocol V2.
	OfTrade string
	Source  int
	// Paid is what was really paid for goods, in fen, which a discount makes less than Amount. 0: Midas has not said it
	// yet.
	Paid int64
	// UserIP is the player's address as the host gave it, or empty.
	UserIP string

	// State is where the order stands.
	State State
	// Version counts the changes to the order; a change is refused unless it was based on the latest.
	Version int64
	// Attempts counts the tries of the present state that brought no definite answer.
	Attempts int
	// UnsureSince is when the first call went out whose outcome is still open; zero when there is none. While it is
	// set, coins may have been deducted. An order that an operator settled keeps it as long as it stays so, see Settled.
	UnsureSince time.Time
	// DueAt is when the order is to be worked on next; zero once it has ended.
	DueAt time.Time
	// Lease is for how long nobody else may take the order, by the database's clock; zero: whoever finds it due may. It is
	// written with the order and never read back.
	Lease time.Duration
	// RecheckAt, if it is not zero, is when Midas is to be asked again about an order that has ended (see Recheck). It is
	// written with the order and never read back.
	RecheckAt time.Time
	// Parked: the order waits for its player to log in again, at the latest until DueAt.
	Parked bool
	// Code and RID are Midas's last answer that said something (0: none yet), Note says the same in words.
	Code int
	RID  string
	Note string

	CreatedAt time.Time
	UpdatedAt time.Time
	// DeliveredAt is when the order was delivered first; zero if it never was. It stays when the order is cancelled
	// afterwards.
	DeliveredAt time.Time
}

// Event is one line of an order's history.
type Event struct {
	Version int64
	At      time.Time
	// Who wrote it: a server, or an operator.
	Who string
	// From and To are equal where a call was answered without moving the order.
	From, To State
	// Code and RID are Midas's, 0 and empty where Midas had no part in it.
	Code int
	RID  string
	Note string
}

// Create stores a new order, in the state that its kind begins in. A purchase or a present that is in Paying, with its
// mark (UnsureSince), is stored so: Midas may be called once Create has returned. If the player has an order of that
// kind and request id already, it is returned as it stands and created is false; if that one was for something else the
// error is ErrMismatch.
func (l *Ledger) Create(ctx context.Context, o Order) (stored Order, created bool, err error) {
	return l.CreateWithin(ctx, o, Bounds{})
}

// CreateWithin is Create for a player who may not buy as much as may be wished: with what was bought and offered
// before, on whatever server. An order of that request id is told as it stands. Errors are also an *AllowanceError and
// a *QuotaError; ErrNotFound if there are bounds and the player's balance was never looked at (Seen).
func (l *Ledger) CreateWithin(ctx context.Context, o Order, b Bounds) (stored Order, created bool, err error) {
	o.State, o.Version = o.begins(), 1
	at := l.recent.now(o.OpenID)
	defer func() {
		if err == nil && !created {
			l.recent.keep(stored, at)
		} else {
			l.recent.changed(o.OpenID)
		}
	}()
	if l.writer.shares() && b == (Bounds{}) && o.check() == nil {
		one := l.step(ctx, nil, o)
		if taken, err := l.writer.together(ctx, one); err != nil {
			return Order{}, false, unavailable(ctx, "store order "+o.BillNo, err)
		} else if taken {
			return one.after.asStored(), true, nil
		}
	}
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		o := l.storable(ctx, o)
		if b != (Bounds{}) {
			if err := l.lockPayer(ctx, tx, o.OpenID); err != nil {
				return err
			}
		}
		var err error
		if stored, err = l.insert(ctx, tx, o); err != nil {
			return err
		}
		if created = stored.BillNo == o.BillNo; !created {
			return nil
		}
		if err := l.mayBuy(ctx, tx, o, b); err != nil {
			return err
		}
		return l.addHistory(ctx, tx, l.who, o, "")
	})
	switch {
	case err != nil:
		return Order{}, false, unavailable(ctx, "store order "+o.BillNo, err)
	case stored.ItemID != o.ItemID || stored.Quantity != o.Quantity || (o.Kind == Present || o.Kind == Refund) && stored.Amount != o.Amount:
		return stored, false, fmt.Errorf("%w: request %q is bill %s, for %d of %q", ErrMismatch,
			o.RequestID, stored.BillNo, stored.Quantity, stored.ItemID)
	default:
		return stored, created, nil
	}
}

// Advance stores what became of an order: after replaces before, unless the order has changed since before was read
// (ErrConflict). The arrow must be in the machine; staying in a state that has not ended needs none. What identifies
// the order cannot change. The stored order, with its new version, is returned.
func (l *Ledger) Advance(ctx context.Context, before, after Order) (Order, error) {
	err := l.advance(ctx, before, &after, false, nil)
	if err != nil {
		return before, err
	}
	return after.asRead(), nil
}

// asRead is an order without what is only written.
func (o Order) asRead() Order {
	o.Lease, o.RecheckAt = 0, time.Time{}
	return o
}

// asStored is an order as it would be read.
func (o Order) asStored() Order {
	for _, t := range []*time.Time{&o.UnsureSince, &o.DueAt, &o.CreatedAt, &o.UpdatedAt, &o.DeliveredAt} {
		*t = fromMillis(toMillis(*t))
	}
	return o.asRead()
}

func (l *Ledger) step(ctx context.Context, before *Order, after Order) *step {
	return &step{before: before, after: l.storable(ctx, after), who: l.text(ctx, l.who, whoMost)}
}

// Deliver is Advance with what the host does about it in one transaction: both are on disk, or neither is. grant must
// use nothing but tx for it, must not end tx, and should be quick: with SQLite it keeps every other write waiting. Its
// error undoes everything and is returned as a *GrantError.
func (l *Ledger) Deliver(ctx context.Context, before, after Order, grant func(ctx context.Context, tx *sql.Tx) error) (Order, error) {
	if err := l.advance(ctx, before, &after, true, grant); err != nil {
		return before, err
	}
	return after.asRead(), nil
}

func (l *Ledger) advance(ctx context.Context, before Order, after *Order, alone bool, grant func(context.Context, *sql.Tx) error) error {
	if (before.State != after.State || before.State.Ended()) && !before.Kind.Allows(before.State, after.State) {
		return fmt.Errorf("%w: bill %s from %s to %s", errBadStep, before.BillNo, before.State, after.State)
	}
	defer l.recent.changed(before.OpenID)
	after.Version = before.Version + 1
	if after.State == Delivered && after.DeliveredAt.IsZero() {
		after.DeliveredAt = after.UpdatedAt
	}
	if l.writer.shares() && grant == nil && after.RecheckAt.IsZero() {
		if taken, err := l.writer.together(ctx, l.step(ctx, &before, *after)); err != nil || taken {
			return unavailable(ctx, fmt.Sprintf("move order %s from %s to %s", before.BillNo, before.State, after.State), err)
		}
	}
	var agreed bool // the host, and the commit is all that is left
	err := l.writer.do(ctx, alone, func(ctx context.Context, tx *sql.Tx) error {
		agreed = false
		if err := l.replace(ctx, tx, l.who, before, *after); err != nil || grant == nil {
			return err
		}
		if err := granted(ctx, tx, grant); err != nil {
			return &GrantError{before.BillNo, err}
		}
		agreed = true
		return nil
	})
	if refusal, ok := errors.AsType[*GrantError](err); ok {
		return refusal
	}
	if err != nil && agreed {
		// The answer was lost, or the host has ended the transaction itself or left it such that it cannot be committed. All
		// of it took, or nothing.
		now, unread := l.Order(context.WithoutCancel(ctx), before.BillNo)
		switch {
		case unread != nil:
		case now.Version == after.Version && now.State == after.State:
			return nil
		case now.Version == before.Version && unfit(err):
			return &GrantError{before.BillNo, err}
		}
	}
	return unavailable(ctx, fmt.Sprintf("move order %s from %s to %s", before.BillNo, before.State, after.State), err)
}

// replace writes after where before is, and a line of history by who. unfit tells that a transaction could not be
// committed for what the host has done in it, as against a database in trouble. Drivers share no errors, so words are
// looked for: a constraint that is checked at the end, and a failed statement that the host has taken for none.
func unfit(err error) bool {
	var state interface{ SQLState() string }
	if errors.Is(err, sql.ErrTxDone) || errors.As(err, &state) && strings.HasPrefix(state.SQLState(), "23") {
		return true
	}
	for _, words := range []string{"commit unexpectedly resulted in rollback", "failed transaction", "constraint failed"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// granted runs the host's part. Its panic must not end the goroutine that writes for everyone.
func granted(ctx context.Context, tx *sql.Tx, grant func(context.Context, *sql.Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{p}
		}
	}()
	return grant(ctx, tx)
}

// Transact runs f, which is the host's, in a transaction of its own, and commits unless f fails or panics. What holds
// for the grant of Deliver holds for f; where a connection was lost it may be run again. The error is f's own, or
// ErrUnavailable: then all of it took, or nothing.
func (l *Ledger) Transact(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	err := l.writer.do(ctx, true, func(ctx context.Context, tx *sql.Tx) error {
		if err := granted(ctx, tx, f); err != nil {
			return &GrantError{"", err}
		}
		return nil
	})
	if own, ok := errors.AsType[*GrantError](err); ok {
		return own.Err
	}
	return unavailable(ctx, "commit the host's transaction", err)
}

// GrantError is what [Ledger.Deliver] returns if the host's part failed. Nothing of it is in the database.
type GrantError struct {
	BillNo string
	Err    error
}

func (e *GrantError) Error() string { return fmt.Sprintf("deliver bill %s: %v", e.BillNo, e.Err) }

// Unwrap is what the host's part returned.
func (e *GrantError) Unwrap() error { return e.Err }

// PanicError is a panic of the host's code.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Order reads one order.
func (l *Ledger) Order(ctx context.Context, billNo string) (Order, error) {
	return l.readOrder(ctx, "read order "+billNo, `bill_no = ?`, billNo)
}

// UnpaidGoods counts a player's orders for goods that wait to be paid for, among those after the bill number after;
// limit at most.
func (l *Ledger) UnpaidGoods(ctx context.Context, openid, after string, limit int) (n int, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.reads.QueryRowContext(inner, l.dialect.sql(`SELECT COUNT(*) FROM (SELECT bill_no FROM midas_orders
		WHERE openid = ? AND bill_no > ? AND kind = ? AND state = ? LIMIT ?) AS unpaid`), openid, after, Goods, Paying, limit).Scan(&n)
	return n, unavailable(ctx, "count what a player has not paid for", err)
}

// OpenOrders lists up to limit orders that have not ended, oldest due first.
func (l *Ledger) OpenOrders(ctx context.Context, limit int) ([]Order, error) {
	return l.readOrders(ctx, "list the open orders", `due_at > 0 AND `+knownKinds+` ORDER BY due_at, bill_no LIMIT ?`, limit)
}

// History tells what happened to an order, first to last.
func (l *Ledger) History(ctx context.Context, billNo string) ([]Event, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(`SELECT version, at, who, from_state, to_state, code, rid, note
		FROM midas_history WHERE bill_no = ? ORDER BY version`), billNo)
	events, err := scanAll(rows, err, func(row *sql.Rows) (e Event, err error) {
		var at int64
		err = row.Scan(&e.Version, &at, &e.Who, &e.From, &e.To, &e.Code, &e.RID, &e.Note)
		e.At = fromMillis(at)
		return e, err
	})
	return events, unavailable(ctx, "read the history of "+billNo, err)
}

func (l *Ledger) readOrder(ctx context.Context, doing, where string, args ...any) (Order, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	o, err := scanOrder(l.queryRow(inner, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders WHERE `+where), args...))
	return o, unavailable(ctx, doing, err)
}

func (l *Ledger) readOrders(ctx context.Context, doing, where string, args ...any) ([]Order, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	orders, err := scanOrders(l.query(inner, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders WHERE `+where), args...))
	return orders, unavailable(ctx, doing, err)
}

// leaseSlack is how long after its due time a leased order may be taken whatever the database's clock says: longer than
// two servers' clocks may differ, and an end to leases that a database's clock has left in the future.
const leaseSlack = 3 * time.Minute

// Claim takes up to limit orders that are due at now and makes them due again only after lease, so that nobody else
// takes them meanwhile. The lease is by the database's clock, so servers whose clocks differ by less than leaseSlack do
// not take each other's orders. It returns them oldest due first. No wait but a parked order's is longer than horizon:
// an order that is due later than that was put off by a clock that has been set back since, and is taken too. The error
// may tell of orders that cannot be read, which an operator has to mend: they are put off likewise, and stop no other.
// Where bills are given, it takes none but those.
func (l *Ledger) Claim(ctx context.Context, now time.Time, lease, horizon time.Duration, limit int, bills ...string) (claimed []Order, err error) {
	var faults []error
	of, named := "", []any(nil)
	if len(bills) > 0 {
		of = ` AND bill_no IN (?` + strings.Repeat(", ?", len(bills)-1) + `)`
		for _, billNo := range bills {
			named = append(named, billNo)
		}
	}
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		claimed, faults = nil, nil // of a try that was undone
		rows, err := tx.QueryContext(ctx, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders
			WHERE `+l.isDue()+of+` ORDER BY due_at LIMIT ?`+l.dialect.skip),
			slices.Concat(dueArgs(now, horizon), named, []any{limit})...)
		all, err := scanAll(rows, err, func(row *sql.Rows) (Order, error) {
			o, err := scanOrder(row)
			if errors.Is(err, errUnreadable) {
				faults, err = append(faults, err), nil
			}
			return o, err
		})
		if err != nil || len(all) == 0 {
			return err
		}
		due := now.Add(lease)
		args := []any{toMillis(due), lease.Milliseconds(), lease.Milliseconds()}
		for _, o := range all {
			args = append(args, o.BillNo)
			o.DueAt = fromMillis(toMillis(due))
			o.Version++
			if o.check() == nil {
				claimed = append(claimed, o)
			}
		}
		_, err = tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_orders SET due_at = ?, version = version + 1, leased_until = `+l.dialect.leaseEnd()+`
			WHERE bill_no IN (?`+strings.Repeat(", ?", len(all)-1)+`)`), args...)
		return err
	})
	if err != nil {
		return nil, unavailable(ctx, "claim the orders that are due", err)
	}
	return claimed, errors.Join(faults...)
}

// NextDue tells when the next order is due; the zero time if none is.
func (l *Ledger) NextDue(ctx context.Context) (time.Time, error) {
	var ms int64
	inner, cancel := patient(ctx)
	defer cancel()
	// Not MIN: MySQL would read everything that is open.
	err := l.queryRow(inner, `SELECT due_at FROM midas_orders WHERE due_at > 0 AND `+knownKinds+` ORDER BY due_at LIMIT 1`).Scan(&ms)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return fromMillis(ms), unavailable(ctx, "look for the next order that is due", err)
}

// Reclaim makes every order that has not ended and is not parked due at now, or some milliseconds later where there are
// very many. It is for the start of the only server that works on this ledger: whatever was claimed, its holder is
// dead. It goes on where an earlier one has failed. Orders in Reversing rest for quiet after they got there, for the
// deduction that they call back may still be on its way, whoever sent it. Goods that wait to be paid for keep their
// time: there may be many, and nothing is lost meanwhile.
func (l *Ledger) Reclaim(ctx context.Context, now time.Time, quiet time.Duration) (orders int64, err error) {
	const (
		doing = "resume the open orders"
		open  = `due_at > 0 AND due_at > ? AND parked = 0 AND NOT (kind = ? AND state = ?) AND ` + knownKinds // what is due already needs nothing
	)
	rested := toMillis(now.Add(-quiet))
	for after, due := toMillis(now), toMillis(now); ; due++ {
		// A page at a time: of very many in one statement a database server would not be done within what any write may take.
		// Each page falls due a millisecond after the one before: Due sorts what falls due at once.
		var last int64
		inner, cancel := patient(ctx)
		err := l.queryRow(inner, l.dialect.sql(`SELECT due_at FROM midas_orders WHERE `+open+` ORDER BY due_at LIMIT 1 OFFSET ?`),
			after, Goods, Paying, reclaimPage-1).Scan(&last)
		cancel()
		final := errors.Is(err, sql.ErrNoRows)
		switch {
		case final:
			last = math.MaxInt64
		case err != nil:
			return orders, unavailable(ctx, doing, err)
		}
		n, err := l.makeDue(ctx, doing, `UPDATE midas_orders SET version = version + 1, leased_until = 0,
			due_at = CASE WHEN state = ? AND updated_at > ? THEN updated_at + ? ELSE ? END WHERE `+open+` AND due_at <= ?`,
			Reversing, rested, quiet.Milliseconds(), due, after, Goods, Paying, last)
		orders += n
		if err != nil || final {
			return orders, err
		}
		after = last
	}
}

// reclaimPage is how many orders are resumed at once.
const reclaimPage = 5000

// maxUnparked is how many of a player's goods that wait to be paid for one login has asked about: of the others Midas
// is asked when their time comes, which is within a day or so.
const maxUnparked = 20

// Unpark makes a player's parked orders and rechecks due at now, and counts them; of goods that wait to be paid for the
// newest 20.
func (l *Ledger) Unpark(ctx context.Context, openid string, now time.Time) (orders, rechecks int64, err error) {
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var oldest string
		err := tx.QueryRowContext(ctx, l.dialect.sql(`SELECT bill_no FROM midas_orders WHERE openid = ? AND parked = 1 AND `+unpaid+
			` ORDER BY bill_no DESC LIMIT 1 OFFSET ?`), openid, maxUnparked-1).Scan(&oldest)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		res, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_orders SET due_at = ?, parked = 0, version = version + 1, leased_until = 0
			WHERE openid = ? AND parked = 1 AND NOT (`+unpaid+` AND bill_no < ?) AND `+knownKinds), toMillis(now), openid, oldest)
		if err != nil {
			return err
		}
		if orders, err = res.RowsAffected(); err != nil {
			return err
		}
		rechecks, err = l.unparkRechecks(ctx, tx, openid, now)
		return err
	})
	return orders, rechecks, unavailable(ctx, "resume a player's parked orders", err)
}

func (l *Ledger) makeDue(ctx context.Context, doing, statement string, args ...any) (n int64, err error) {
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, l.dialect.sql(statement), args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, unavailable(ctx, doing, err)
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Resolution is an operator's decision about a disputed order.
type Resolution struct {
	// As is Delivered or Cancelled; the latter not for a refund, whose money has gone back whatever anybody decides.
	//
	// Delivered says that the player has what was bought: the operator has seen or granted it. Nothing is delivered
	// because of it, now or later. Cancelled says that the player does not have it and has the coins, or the money, or an
	// equivalent of it: nothing is given back because of it.
	As State
	// Why is the reason, 1 to 500 bytes, and Who the operator, 1 to 100 bytes. Both are kept in the order's history.
	Why, Who string
	// At is the time of the decision.
	At time.Time
}

// ErrBadResolution is a decision that cannot be stored; the error says why.
var ErrBadResolution = errors.New("ledger: this decision cannot be stored")

// NotDisputedError says where an order stands that was to be resolved. It is an ErrNotDisputed.
type NotDisputedError struct{ Order Order }

func (e *NotDisputedError) Error() string {
	o := e.Order
	switch {
	case o.Settled():
		return fmt.Sprintf("ledger: bill %s has been settled already, as %s, on %s", o.BillNo, o.State, o.UpdatedAt.UTC().Format(time.DateTime))
	case o.State.Ended():
		return fmt.Sprintf("ledger: bill %s has ended as %s: there is nothing to decide", o.BillNo, o.State)
	case o.Parked:
		return fmt.Sprintf("ledger: bill %s is %s and waits for its player to log in, until %s at the latest: it ends by itself, and is no operator's to decide",
			o.BillNo, o.State, o.DueAt.UTC().Format(time.DateTime))
	default:
		return fmt.Sprintf("ledger: bill %s is %s, and is still worked on (next at %s): it ends by itself, and is no operator's to decide",
			o.BillNo, o.State, o.DueAt.UTC().Format(time.DateTime))
	}
}

// Is makes errors.Is(err, ErrNotDisputed) hold.
func (e *NotDisputedError) Is(target error) bool { return target == ErrNotDisputed }

// Settled tells that an operator brought the order to its end. What Midas has done about it was never answered, so its
// UnsureSince is set, and the books of coins hold it apart (Account.Settled).
func (o Order) Settled() bool {
	return (o.State == Delivered || o.State == Cancelled) && !o.UnsureSince.IsZero()
}

// Resolve settles a disputed order by an operator's decision. The stored order is returned. Errors: *NotDisputedError,
// ErrNotFound, ErrBadResolution; ErrConflict if it changed this very moment (a push may settle goods): read it again
// and decide anew.
func (l *Ledger) Resolve(ctx context.Context, billNo string, r Resolution) (Order, error) {
	if err := r.check(); err != nil {
		return Order{}, fmt.Errorf("bill %s: %w", billNo, err)
	}
	var after Order
	err := l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		before, err := scanOrder(tx.QueryRowContext(ctx, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders WHERE bill_no = ?`+l.dialect.lock), billNo))
		switch {
		case err != nil:
			return err
		case before.State != Disputed:
			return &NotDisputedError{before}
		case before.Kind == Refund && r.As == Cancelled:
			return fmt.Errorf("%w: bill %s is a refund, whose money has gone back; it can only be settled as %s: the game has taken note",
				ErrBadResolution, billNo, Delivered)
		case before.Kind == Credit && r.As == Cancelled:
			return fmt.Errorf("%w: bill %s tells of coins that the player has bought; it can only be settled as %s: the game has taken note",
				ErrBadResolution, billNo, Delivered)
		}
		after = before
		after.State, after.Version, after.UpdatedAt = r.As, before.Version+1, r.At
		after.Note = fmt.Sprintf("settled as %s by %s: %s", r.As, r.Who, r.Why)
		if after.UnsureSince.IsZero() { // it is what tells a settled order for ever
			after.UnsureSince = before.UpdatedAt
		}
		if r.As == Delivered && after.DeliveredAt.IsZero() {
			after.DeliveredAt = r.At
		}
		return l.replace(ctx, tx, operator+r.Who, before, after)
	})
	l.recent.changed(after.OpenID)
	switch {
	case errors.Is(err, ErrBadResolution):
		return Order{}, err
	case err != nil:
		return Order{}, unavailable(ctx, "settle order "+billNo, err)
	}
	return after, nil
}

// operator begins the name in the history of who is no server.
const operator = "operator "

func (r Resolution) check() error {
	if r.As != Delivered && r.As != Cancelled {
		return fmt.Errorf("%w: an order is settled as %s or %s, not as %q", ErrBadResolution, Delivered, Cancelled, r.As)
	}
	for _, field := range []struct {
		name, text string
		most       int
	}{{"the reason", r.Why, 500}, {"the operator's name", r.Who, 100}} {
		switch {
		case strings.TrimSpace(field.text) == "":
			return fmt.Errorf("%w: %s is missing", ErrBadResolution, field.name)
		case len(field.text) > field.most:
			return fmt.Errorf("%w: %s is longer than %d bytes", ErrBadResolution, field.name, field.most)
		case !utf8.ValidString(field.text) || strings.ContainsFunc(field.text, func(c rune) bool { return !unicode.IsPrint(c) }):
			return fmt.Errorf("%w: %s has characters that cannot be printed", ErrBadResolution, field.name)
		}
	}
	return nil
}

package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// ErrNotCancellable: the order is over, too old, a present, paid for with money, or being delivered. Nothing was given
// back.
var ErrNotCancellable = errors.New("payment: the order cannot be cancelled")

// PresentRequest is the host's wish to give coins.
type PresentRequest struct {
	// RequestID is the host's own name for the present, 1 to 64 bytes, unique per player. Asking again under the same name
	// never gives twice. Players' request ids are no concern of it.
	RequestID string
	// Amount is how many coins, at least 1.
	Amount midas.Coins
}

// Present gives a player coins for nothing. done hears of it once it has been given or has to wait; a present that had
// to wait goes on by itself, and the player's balance is told when it comes. Errors, before or through done, mean that
// there is no present: ErrInvalid, ErrBusy, ErrClosing, ErrUnavailable, midas.ErrSessionExpired, ledger.ErrMismatch.
func (t *Till) Present(p Player, r PresentRequest, done func(Receipt, error)) error {
	if err := checkRequestID(r.RequestID); err != nil {
		return err
	}
	if r.Amount <= 0 || r.Amount > midas.MaxCoins {
		return fmt.Errorf("%w: %d coins cannot be given", ErrInvalid, r.Amount)
	}
	if err := t.mayAsk(p); err != nil {
		return err
	}
	if err := t.mayCall(p, midas.EndpointPresent); err != nil {
		return err
	}
	return t.enqueue("midas.present", p.OpenID, false, func(ctx context.Context) {
		done := noted(ctx, t, done)
		if ctx.Err() != nil {
			done(Receipt{}, ErrClosing)
			return
		}
		done(t.make(ctx, p, ledger.Order{Kind: ledger.Present, RequestID: r.RequestID, Quantity: 1, Amount: int64(r.Amount)}, ledger.Bounds{}))
	})
}

// Cancel gives the coins of a purchase back: of one that has not been paid for certain yet, or of one whose item the
// host takes back. One that is paid and not delivered is delivered first, for it may have been granted by a call whose
// answer was lost; a host that cannot deliver it refuses it with ErrRefuse. Where servers share the ledger, that is
// left to the one that works on it, and the answer meanwhile is ErrNotCancellable. why is kept in the order's history.
// done hears how the order stands: ledger.Cancelled once the coins are back, ledger.Delivered if Midas keeps them (then
// the item is the player's), otherwise it goes on by itself; the player is told the end. Asking again is safe. Errors:
// ErrNotCancellable, ledger.ErrNotFound, ErrBusy, ErrClosing, ErrUnavailable.
func (t *Till) Cancel(p Player, billNo, why string, done func(Receipt, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	return t.enqueue("midas.cancel", p.OpenID, false, func(ctx context.Context) {
		done := noted(ctx, t, done)
		if ctx.Err() != nil {
			done(Receipt{}, ErrClosing)
			return
		}
		done(t.cancel(ctx, p, billNo, why))
	})
}

func (t *Till) cancel(ctx context.Context, p Player, billNo, why string) (Receipt, error) {
	o, err := t.cfg.Ledger.Order(ctx, billNo)
	switch {
	case err != nil:
		return Receipt{}, unavailable(err)
	case o.OpenID != p.OpenID:
		return Receipt{}, fmt.Errorf("%w: bill %s is another player's", ledger.ErrNotFound, billNo)
	case o.Kind != ledger.Purchase:
		return Receipt{}, fmt.Errorf("%w: bill %s is of kind %s, and only coins that were paid can be given back", ErrNotCancellable, billNo, o.Kind)
	case o.State == ledger.Cancelled, o.State == ledger.Reversing, o.State == ledger.Refunding:
		return t.receipt(o), nil
	}
	if o.State == ledger.Paid && !t.cfg.Shared { // else another server may have claimed it, and be delivering it
		r := t.drive(ctx, o, time.Time{}, false)
		t.ended(r)
		if o = r.Order; o.State == ledger.Cancelled || o.State == ledger.Refunding {
			return r, nil // the delivery has refused it
		}
	}
	if o.State == ledger.Paid {
		return t.receipt(o), fmt.Errorf("%w now: bill %s is being delivered; refuse it there", ErrNotCancellable, billNo)
	}
	after, ok := t.rules.afterHostCancels(o, why, t.cfg.Now())
	if !ok {
		return t.receipt(o), fmt.Errorf("%w: bill %s is %s since %s", ErrNotCancellable, billNo, o.State, o.UpdatedAt.UTC().Format("2006-01-02 15:04"))
	}
	waits := !after.DueAt.IsZero()
	if o, err = t.store(ctx, o, after, waits); errors.Is(err, ledger.ErrConflict) {
		return Receipt{}, fmt.Errorf("%w: %w", ErrBusy, err)
	} else if err != nil {
		return Receipt{}, unavailable(err)
	}
	t.step(string(o.State) + " stored")
	if waits {
		return t.receipt(o), nil
	}
	r := t.drive(ctx, o, time.Time{}, false)
	t.ended(r)
	return r, nil
}

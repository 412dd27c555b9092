package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// drive takes an order's steps until it has ended or has to wait.
func (t *Till) drive(ctx context.Context, o ledger.Order) Receipt {
	sure := false // the mark "a call may be out" is this run's own, and nothing has been sent under it
	stale := Reason(0)
	for waits := false; !waits && !o.State.Ended() && ctx.Err() == nil; {
		stored := o
		var told func(stored ledger.Order) // tells the balance that the answer brought
		var said error                     // what Midas said, if it was asked
		after, ok := t.rules.beforeStep(o, t.cfg.Now())
		held := t.heldBack(ctx, o)
		switch {
		case !ok:
		case held != nil:
			after = t.rules.postponed(o, held, t.cfg.Now())
		case o.Kind == ledger.Goods && o.State == ledger.Paying:
			after, said = t.queryGoods(ctx, o)
		case o.Kind == ledger.Refund:
			after = t.tellRefund(ctx, o)
		case o.State == ledger.Created, o.State == ledger.Paying && o.UnsureSince.IsZero():
			// The mark is on disk before the call: a process that dies in between is taken to have sent it.
			after.State, after.UnsureSince, after.Parked, after.Note = ledger.Paying, t.cfg.Now(), false, ""
			sure = true
		case o.State == ledger.Paying && o.Kind == ledger.Present:
			after, told, said = t.present(ctx, o, sure)
			sure = false
		case o.State == ledger.Paying:
			after, told, said = t.pay(ctx, o, sure)
			sure = false
		case o.State == ledger.Paid && t.grant != nil:
			after, stored = t.deliverInTransaction(ctx, o)
		case o.State == ledger.Paid:
			after = t.deliver(ctx, o)
		default:
			after, said = t.cancelPay(ctx, o)
		}
		t.step(string(o.State) + " answered")

		if stored.Version == o.Version {
			waits = !after.DueAt.IsZero() && after.DueAt != o.DueAt
			var fault error
			if stored, fault = t.store(ctx, o, after, waits); fault != nil { // nothing may follow what is not on disk
				switch {
				case !errors.Is(fault, ledger.ErrConflict):
					t.complain("midas: order not advanced", fault, about(o)...)
				case told != nil: // who changed it calls the coins back, or finds them moved
					t.log.Warn("midas: order changed while Midas did what it asked", about(o)...)
				default: // a push was quicker, or another server
					t.log.Info("midas: order changed meanwhile", about(o)...)
				}
				break
			}
			if stored.Parked {
				t.parked(ctx, stored, said)
			}
		}
		t.step(string(stored.State) + " stored")
		switch {
		case told != nil && stored.State != o.State:
			told(stored)
		case stored.State == o.State, stored.Kind == ledger.Goods, stored.Kind == ledger.Refund: // no coins moved
		case stored.Kind == ledger.Present && stored.State == ledger.Delivered:
			stale = ReasonPresent
		case stored.State == ledger.Paid:
			stale = ReasonPurchase
		case stored.State == ledger.Cancelled:
			stale = ReasonCancel
		}
		o = stored
	}
	switch {
	case stale == 0:
	case t.isHere(account{o.OpenID, o.ZoneID}):
		t.refresh(ctx, o, stale)
	default:
		t.cfg.Elsewhere(o.OpenID, o.ZoneID, stale, o.BillNo)
	}
	t.noteOrder(ctx, o)
	return t.receipt(o)
}

// ended tells the player of an order that has ended while nobody was waiting. A present is told by the balance alone.
func (t *Till) ended(r Receipt) {
	if r.Order.State.Ended() && (r.Order.Kind == ledger.Purchase || r.Order.Kind == ledger.Goods) {
		t.Watched(r.Order.BillNo)
		t.cfg.Observer.OrderEnded(r)
	}
}

// heldBack tells if the call that an order needs next would not be let through, so that it need not be prepared.
func (t *Till) heldBack(ctx context.Context, o ledger.Order) error {
	next := midas.EndpointPay
	switch {
	case o.State == ledger.Paid:
		return t.hostAway(ctx, o)
	case o.Kind == ledger.Goods:
		next = midas.EndpointQuery
	case o.State == ledger.Reversing, o.State == ledger.Refunding:
		next = midas.EndpointCancel
	case o.Kind == ledger.Present:
		next = midas.EndpointPresent
	}
	return t.closed(next)
}

// store writes a decision down, due again at once unless it waits.
func (t *Till) store(ctx context.Context, o, after ledger.Order, waits bool) (ledger.Order, error) {
	now := t.cfg.Now()
	after.UpdatedAt = now
	switch {
	case after.State.Ended():
		after.DueAt = time.Time{}
	case !waits:
		after.DueAt = now.Add(t.lease)
	}
	span := t.beginSpan(ctx, "midas.store")
	stored, err := t.cfg.Ledger.Advance(context.WithoutCancel(span), o, after)
	t.noteOrder(span, after)
	t.endSpan(span, err)
	switch {
	case errors.Is(err, ledger.ErrConflict):
		return o, err
	case err != nil:
		t.tryAgain(again{order: o, after: after, waits: waits})
		return o, err
	}
	t.stats.stored(o, stored, waits)
	if stored.State != o.State {
		t.log.Log(ctx, loudness(stored), "midas: order", about(stored, "from", o.State, "code", stored.Code, "note", stored.Note)...)
	}
	if waits {
		t.wake()
	}
	return stored, nil
}

// loudness is how loud an order's new state is told: an operator has to look at what no rule can settle, and at refusals that say
// nothing of the player but that this server is set up wrongly.
func loudness(o ledger.Order) slog.Level {
	switch {
	case o.State == ledger.Disputed, o.State == ledger.Failed && o.Code != 0 && o.Code != tooFewCoins && o.Code != notPaid:
		return slog.LevelError
	case o.State == ledger.Reversing:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}

// pay asks Midas to deduct. told is nil unless this very call did; err is what Midas said.
func (t *Till) pay(ctx context.Context, o ledger.Order, sure bool) (after ledger.Order, told func(ledger.Order), err error) {
	who, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP)
	if err != nil {
		return t.rules.afterPay(o, sure, err, t.cfg.Now()), nil, err
	}
	res, err := t.cfg.Midas.Pay(ctx, midas.PayRequest{
		Player: who, BillNo: o.BillNo, Amount: midas.Coins(o.Amount), Item: t.items[o.ItemID].Name,
	})
	err = t.noteSession(ctx, o.OpenID, who.SessionKey, err)
	after = t.rules.afterPay(o, sure, err, t.cfg.Now())
	if err != nil {
		return after, nil, err
	}
	return after, func(stored ledger.Order) {
		t.moved(stored, ReasonPurchase, func(b *midas.Balance) {
			b.Balance = res.Balance
			b.PresentBalance = max(0, b.PresentBalance-res.UsedPresent)
			b.CostSum += midas.Coins(stored.Amount)
		})
	}, nil
}

// present asks Midas to give. told is nil unless this very call did; err is what Midas said.
func (t *Till) present(ctx context.Context, o ledger.Order, sure bool) (after ledger.Order, told func(ledger.Order), err error) {
	who, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP)
	if err != nil {
		return t.rules.afterPay(o, sure, err, t.cfg.Now()), nil, err
	}
	res, err := t.cfg.Midas.Present(ctx, midas.PresentRequest{Player: who, BillNo: o.BillNo, Amount: midas.Coins(o.Amount)})
	err = t.noteSession(ctx, o.OpenID, who.SessionKey, err)
	after = t.rules.afterPay(o, sure, err, t.cfg.Now())
	if err != nil {
		return after, nil, err
	}
	return after, func(stored ledger.Order) {
		t.moved(stored, ReasonPresent, func(b *midas.Balance) {
			b.Balance = res.Balance
			b.PresentBalance += midas.Coins(stored.Amount)
			b.PresentSum += midas.Coins(stored.Amount)
			b.SaveSum += midas.Coins(stored.Amount)
		})
	}, nil
}

// cancelPay asks Midas to give a deduction back. err is what Midas said.
func (t *Till) cancelPay(ctx context.Context, o ledger.Order) (after ledger.Order, err error) {
	who, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP)
	if err != nil {
		return t.rules.afterCancel(o, err, t.cfg.Now()), err
	}
	_, err = t.cfg.Midas.CancelPay(ctx, midas.CancelPayRequest{Player: who, BillNo: o.BillNo, Amount: midas.Coins(o.Amount), Item: t.items[o.ItemID].Name})
	err = t.noteSession(ctx, o.OpenID, who.SessionKey, err)
	return t.rules.afterCancel(o, err, t.cfg.Now()), err
}

// deliver has the host grant the item. A panic of the host's is an error like any other.
func (t *Till) deliver(ctx context.Context, o ledger.Order) ledger.Order {
	ctx = t.beginSpan(ctx, "midas.deliver")
	err := t.guarded(ctx, func(ctx context.Context) error { return t.cfg.Deliver(ctx, o) })
	t.noteOrder(ctx, o)
	t.endSpan(ctx, err)
	return t.delivered(ctx, o, err)
}

// guarded runs the host's code, for DeliverTimeout at most.
func (t *Till) guarded(ctx context.Context, host func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.DeliverTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &ledger.PanicError{Value: p}
		}
	}()
	if err = host(ctx); err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s, the time limit of a delivery; it is asked for again: %w", t.cfg.DeliverTimeout, err)
	}
	return err
}

// deliverInTransaction has the host grant the item in the transaction that stores it. stored is the order as it is
// afterwards; if that is still o, after is to be stored.
func (t *Till) deliverInTransaction(ctx context.Context, o ledger.Order) (after, stored ledger.Order) {
	inner, cancel := context.WithTimeout(ctx, t.cfg.DeliverTimeout)
	defer cancel()
	after = t.rules.afterDeliver(o, nil, t.cfg.Now())
	after.UpdatedAt = t.cfg.Now()
	span := t.beginSpan(inner, "midas.deliver")
	stored, err := t.cfg.Ledger.Deliver(span, o, after, func(ctx context.Context, tx *sql.Tx) error { return t.grant(ctx, tx, o) })
	t.noteOrder(span, o)
	t.endSpan(span, err)
	if err == nil {
		t.stats.delivered(o, nil)
		t.stats.reached(stored)
		_ = t.heard(o, nil)
		return after, stored
	}
	host, ok := errors.AsType[*ledger.GrantError](err)
	if !ok { // the database's fault: whether it took will be seen
		t.complain("midas: order not delivered", err, about(o)...)
		t.hostOf(o).unanswered(o)
		return t.rules.postponed(o, err, t.cfg.Now()), o
	}
	return t.delivered(ctx, o, host.Err), o
}

// delivered decides on the host's answer. ctx is the job's: once it has ended, an answer tells that the till is stopping. A host's
// own cancellation is an error like any other.
func (t *Till) delivered(ctx context.Context, o ledger.Order, err error) ledger.Order {
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", ErrClosing, err)
	}
	t.stats.delivered(o, err)
	err = t.heard(o, err)
	after := t.rules.afterDeliver(o, err, t.cfg.Now())
	_, away := errors.AsType[*HostAwayError](err)
	switch {
	case err == nil:
	case errors.Is(err, ErrRefuse):
		t.log.Info("midas: the host refused to grant an item", about(after, "reason", err)...)
	case away: // which is told once
		t.log.Debug("midas: not delivered, as everybody's", about(after, "error", err)...)
	default:
		t.log.Warn("midas: not delivered", about(after, "try", after.Attempts, "error", err)...)
	}
	return after
}

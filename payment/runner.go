package payment

import (
	"context"
	"errors"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

const (
	// maxIdle is how long the runner sleeps at most: orders may fall due by another server's doing.
	maxIdle = 5 * time.Second
	// lookAgainIn is how long it waits for a ledger that does not answer, or for room.
	lookAgainIn = time.Second
	// maxClaim bounds what it takes on at once.
	maxClaim = 100
)

// wake makes the runner look again.
func (t *Till) wake() {
	select {
	case t.poke <- struct{}{}:
	default:
	}
}

// jobEnded makes room for an order that the runner could not hand over.
func (t *Till) jobEnded() {
	if t.starved.Swap(false) {
		t.wake()
	}
}

// run hands orders that are due to their players' lanes, as many as there is room for, until ctx ends.
func (t *Till) run(ctx context.Context) {
	for {
		timer := time.NewTimer(t.dispatch(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-t.poke:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// dispatch does one round and tells how long to sleep after it.
func (t *Till) dispatch(ctx context.Context) time.Duration {
	t.retryUnpark(ctx)
	next, err := t.cfg.Ledger.NextDue(ctx)
	if err != nil {
		t.complain("midas: cannot look for orders that are due", err)
		return lookAgainIn
	}
	if next.IsZero() {
		return maxIdle
	}
	if wait := time.Until(next); wait > 0 {
		return min(wait, maxIdle)
	}
	room := min(t.lanes.room(), maxClaim)
	if room == 0 {
		t.starved.Store(true) // a job's end wakes the runner
		return lookAgainIn
	}
	orders, err := t.cfg.Ledger.Claim(ctx, time.Now(), t.lease, room)
	if err != nil {
		t.complain("midas: cannot take orders that are due", err)
		return lookAgainIn
	}
	for _, o := range orders {
		// A lane that is full refuses; the claim then runs out and the order falls due again.
		_ = t.lanes.add(o.OpenID, false, func(ctx context.Context) { t.resume(ctx, o) })
	}
	return 0
}

// resume goes on with an order that was claimed, unless somebody else has meanwhile.
func (t *Till) resume(ctx context.Context, claimed ledger.Order) {
	if ctx.Err() != nil {
		return
	}
	o, err := t.cfg.Ledger.Order(ctx, claimed.BillNo)
	if err != nil || o.Version != claimed.Version {
		t.complain("midas: cannot read an order that is due", err, "bill_no", claimed.BillNo)
		return
	}
	r := t.drive(ctx, o)
	if r.Order.State.Ended() {
		t.cfg.Observer.OrderEnded(r)
	}
}

// drive takes an order's steps until it has ended or has to wait.
func (t *Till) drive(ctx context.Context, o ledger.Order) Receipt {
	sure := false // the mark "a call may be out" is this run's own, and nothing has been sent under it
	stale := Reason(0)
	for waits := false; !waits && !o.State.Ended() && ctx.Err() == nil; {
		after, ok := t.rules.beforeStep(o, time.Now())
		var paid *midas.PayResult
		held := t.heldBack(o)
		switch {
		case !ok:
		case held != nil:
			after = t.rules.postponed(o, held, time.Now())
		case o.State == ledger.Created, o.State == ledger.Paying && o.UnsureSince.IsZero():
			// The mark is on disk before the call: a process that dies in between is taken to have sent it.
			after.State, after.UnsureSince, after.Parked, after.Note = ledger.Paying, time.Now(), false, ""
			sure = true
		case o.State == ledger.Paying:
			after, paid = t.pay(ctx, o, sure)
			sure = false
		case o.State == ledger.Paid:
			after = t.deliver(ctx, o)
		default:
			after = t.cancelPay(ctx, o)
		}

		waits = !after.DueAt.IsZero() && after.DueAt != o.DueAt
		stored, err := t.store(ctx, o, after, waits)
		if err != nil { // nothing may follow what is not on disk
			t.complain("midas: order not advanced", err, "bill_no", o.BillNo, "state", o.State)
			break
		}
		switch {
		case stored.State == ledger.Paid && paid != nil:
			t.spent(stored, *paid)
		case stored.State == ledger.Paid && o.State != ledger.Paid:
			stale = ReasonPurchase
		case stored.State == ledger.Cancelled:
			stale = ReasonCancel
		}
		o = stored
	}
	if stale != 0 && t.isHere(account{o.OpenID, o.ZoneID}) {
		t.refresh(ctx, o, stale)
	}
	return t.receipt(o)
}

// heldBack tells if the call that an order needs next would not be let through, so that it need not be prepared.
func (t *Till) heldBack(o ledger.Order) error {
	next := midas.EndpointPay
	switch o.State {
	case ledger.Paid:
		return nil
	case ledger.Reversing, ledger.Refunding:
		next = midas.EndpointCancel
	}
	return t.closed(next)
}

// store writes a decision down, due again at once unless it waits.
func (t *Till) store(ctx context.Context, o, after ledger.Order, waits bool) (ledger.Order, error) {
	now := time.Now()
	after.UpdatedAt = now
	switch {
	case after.State.Ended():
		after.DueAt = time.Time{}
	case !waits:
		after.DueAt = now.Add(t.lease)
	}
	stored, err := t.cfg.Ledger.Advance(context.WithoutCancel(ctx), o, after)
	if err != nil {
		return o, err
	}
	level := t.log.Debug
	if stored.State == ledger.Disputed || stored.State == ledger.Reversing {
		level = t.log.Warn
	}
	if stored.State != o.State {
		level("midas: order", "bill_no", o.BillNo, "player", shorten(o.OpenID), "from", o.State, "state", stored.State,
			"code", stored.Code, "note", stored.Note)
	}
	if stored.Parked {
		t.parked(ctx, stored)
	}
	if waits {
		t.wake()
	}
	return stored, nil
}

// pay asks Midas to deduct. The result is nil unless this very call did.
func (t *Till) pay(ctx context.Context, o ledger.Order, sure bool) (ledger.Order, *midas.PayResult) {
	who, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP)
	if err != nil {
		return t.rules.afterPay(o, sure, err, time.Now()), nil
	}
	res, err := t.cfg.Midas.Pay(ctx, midas.PayRequest{
		Player: who, BillNo: o.BillNo, Amount: midas.Coins(o.Amount), Item: t.items[o.ItemID].Name,
	})
	t.noteSession(o.OpenID, who.SessionKey, err)
	after := t.rules.afterPay(o, sure, err, time.Now())
	if err != nil {
		return after, nil
	}
	return after, &res
}

// cancelPay asks Midas to give a deduction back.
func (t *Till) cancelPay(ctx context.Context, o ledger.Order) ledger.Order {
	who, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP)
	if err != nil {
		return t.rules.afterCancel(o, err, time.Now())
	}
	_, err = t.cfg.Midas.CancelPay(ctx, midas.CancelPayRequest{Player: who, BillNo: o.BillNo, Item: t.items[o.ItemID].Name})
	t.noteSession(o.OpenID, who.SessionKey, err)
	return t.rules.afterCancel(o, err, time.Now())
}

// deliver has the host grant the item. A panic of the host's is an error like any other.
func (t *Till) deliver(ctx context.Context, o ledger.Order) (after ledger.Order) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.DeliverTimeout)
	defer cancel()
	err := errors.New("the host's delivery panicked") // stands unless the call returns
	defer func() {
		if p := recover(); p != nil {
			t.log.Error("midas: delivery panicked", "bill_no", o.BillNo, "panic", p)
		}
		after = t.rules.afterDeliver(o, err, time.Now())
		if err != nil {
			t.log.Warn("midas: not delivered", "bill_no", o.BillNo, "player", shorten(o.OpenID), "state", after.State, "error", err)
		}
	}()
	err = t.cfg.Deliver(ctx, o)
	return after
}

// complain logs a failure of the ledger; being told to stop is none.
func (t *Till) complain(what string, err error, attrs ...any) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	t.log.Error(what, append(attrs, "error", err)...)
}

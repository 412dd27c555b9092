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

// drive takes an order's steps until it has ended or has to wait. since is when the last write that made the order this
// till's was begun, by this machine's own clock; the zero time if that was long ago. sure tells that this write has set
// the mark that a call may be out.
func (t *Till) drive(ctx context.Context, o ledger.Order, since time.Time, sure bool) Receipt {
	d := driver{t: t, o: o, since: since, sure: sure}
	for !d.waits && !d.lost && !d.o.State.Ended() && ctx.Err() == nil {
		d.advance(ctx)
	}
	o = d.o
	switch {
	case d.stale == 0:
	case t.isHere(account{o.OpenID, o.ZoneID}):
		t.refresh(ctx, o, d.stale)
	default:
		t.cfg.Elsewhere(o.OpenID, o.ZoneID, d.stale, o.BillNo)
	}
	t.noteOrder(ctx, o)
	return t.receipt(o)
}

// driver is an order on its way.
type driver struct {
	t     *Till
	o     ledger.Order // as it is stored
	since time.Time
	sure  bool   // the mark "a call may be out" is this run's own, and nothing has been sent under it
	waits bool   // it is due later
	lost  bool   // it could not be stored, or is somebody else's now
	stale Reason // why the balance has to be read again
}

// step is what a step came to.
type step struct {
	after ledger.Order
	// stored: after is in the ledger already.
	stored bool
	// fact is what the answer tells for certain, whoever has the order by now.
	fact fact
	// told tells the balance that the answer brought.
	told func(stored ledger.Order)
	// said is what Midas said, if it was asked.
	said error
}

// advance takes the order's next step, and stores what came of it before anything follows.
func (d *driver) advance(ctx context.Context) {
	t, o := d.t, d.o
	now, next := d.next(ctx)
	t.step(string(o.State) + " answered")
	stored := next.after
	if !next.stored {
		d.waits = !next.after.DueAt.IsZero() && next.after.DueAt != o.DueAt
		var fault error
		if stored, fault = t.store(ctx, o, next.after, d.waits); fault != nil { // nothing may follow what is not on disk
			d.lost = true
			d.overtaken(ctx, next, fault)
			return
		}
		d.since = now
		if stored.Parked {
			t.parked(ctx, stored, next.said)
		}
	}
	t.step(string(stored.State) + " stored")
	switch {
	case next.told != nil && stored.State != o.State:
		next.told(stored)
	case stored.State == o.State, stored.Kind == ledger.Goods, stored.Kind == ledger.Refund, stored.Kind == ledger.Credit: // no coins moved
	case stored.Kind == ledger.Present && stored.State == ledger.Delivered:
		d.stale = ReasonPresent
	case stored.State == ledger.Paid:
		d.stale = ReasonPurchase
	case stored.State == ledger.Cancelled:
		d.stale = ReasonCancel
	}
	d.o = stored
}

// overtaken handles a step that could not be stored. What its answer tells of money is not lost with it.
func (d *driver) overtaken(ctx context.Context, next step, fault error) {
	t, o := d.t, d.o
	if !errors.Is(fault, ledger.ErrConflict) {
		t.complain("midas: order not advanced", fault, about(o)...)
	}
	if next.fact != nothing {
		t.learn(ctx, o, next.fact)
	} else if errors.Is(fault, ledger.ErrConflict) { // a push was quicker, or another server
		t.log.Info("midas: order changed meanwhile", about(o)...)
	}
}

// next does what the order needs next, and decides what becomes of it. began is when the write of that decision begins.
func (d *driver) next(ctx context.Context) (began time.Time, s step) {
	t, o := d.t, d.o
	after, ok := t.rules.beforeStep(o, t.cfg.Now())
	held := t.heldBack(o)
	switch {
	case !ok:
		s.after = after
	case held != nil:
		s.after = t.rules.postponed(o, held, t.cfg.Now())
	case o.Kind == ledger.Goods && o.State == ledger.Paying:
		s.after, s.said = t.queryGoods(ctx, o)
	case o.Kind == ledger.Refund:
		s.after = t.tellRefund(ctx, o)
	case o.Kind == ledger.Credit && t.creditedTx != nil:
		s.after, s.stored = t.deliverInTransaction(ctx, o, func(ctx context.Context, tx *sql.Tx) error { return t.creditedTx(ctx, tx, creditOf(o)) })
	case o.Kind == ledger.Credit:
		s.after = t.tellCredit(ctx, o)
	case o.State == ledger.Paid && t.grant != nil:
		s.after, s.stored = t.deliverInTransaction(ctx, o, func(ctx context.Context, tx *sql.Tx) error { return t.grant(ctx, tx, o) })
	case o.State == ledger.Paid:
		s.after = t.deliver(ctx, o)
		if s.after.State == ledger.Delivered {
			s.fact = granted
		}
	case o.State == ledger.Created, o.State == ledger.Paying:
		return d.charge(ctx)
	default:
		s = t.cancelPay(ctx, o)
	}
	return time.Now(), s
}

// charge has Midas deduct, or give a present: first the mark that a call may be out, then the call. Whatever may take
// time is done before: the session key is read, and the time of the write is taken from which the call's fence counts.
func (d *driver) charge(ctx context.Context) (began time.Time, s step) {
	t, o := d.t, d.o
	who, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP)
	began = time.Now()
	unmarked := o.UnsureSince.IsZero()
	switch {
	case err != nil: // nothing was sent now
		return began, step{after: t.rules.afterPay(o, unmarked, err, t.cfg.Now()), said: err}
	case unmarked:
		// The mark is on disk before the call: a process that dies in between is taken to have sent it.
		d.sure = true
		s.after = o
		s.after.State, s.after.UnsureSince, s.after.Parked, s.after.Note = ledger.Paying, t.cfg.Now(), false, ""
		return began, s
	case time.Since(d.since) > t.fence/2:
		// Too late for a call in the time that is left; and somebody may have called the order back since. The write tells.
		s.after = o
		return began, s
	}
	call, cancel := context.WithDeadline(ctx, d.since.Add(t.fence))
	defer cancel()
	sure := d.sure
	d.sure = false
	if call.Err() != nil && ctx.Err() == nil {
		err = notSent{errFence}
		return time.Now(), step{after: t.rules.afterPay(o, sure, err, t.cfg.Now()), said: err}
	}
	if o.Kind == ledger.Present {
		s = t.present(call, o, who, sure)
	} else {
		s = t.pay(call, o, who, sure)
	}
	return time.Now(), s
}

// errFence: a call was not sent, because so long after it was prepared it might arrive after its own cancellation.
var errFence = errors.New("payment: not sent, for too much time has passed since the order was marked as sent")

// ended tells the player of an order that has ended while nobody was waiting. A present is told by the balance alone.
func (t *Till) ended(r Receipt) {
	if r.Order.State.Ended() && (r.Order.Kind == ledger.Purchase || r.Order.Kind == ledger.Goods) {
		t.Watched(r.Order.BillNo)
		t.cfg.Observer.OrderEnded(r)
	}
}

// heldBack tells if the call that an order needs next would not be let through, so that it need not be prepared.
func (t *Till) heldBack(o ledger.Order) error {
	next := midas.EndpointPay
	switch {
	case o.State == ledger.Paid:
		return t.hostAway(o)
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
		after.DueAt, after.Lease = now.Add(t.lease), t.lease
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
	if !after.RecheckAt.IsZero() {
		t.recheckAt(after.RecheckAt)
	}
	if stored.State != o.State {
		t.log.Log(ctx, loudness(stored), "midas: order", about(stored, "from", o.State, "code", stored.Code, "note", stored.Note)...)
	}
	if waits {
		t.wake()
	}
	return stored, nil
}

// loudness is how loud an order's new state is told: an operator has to look at what no rule can settle, and at
// refusals that say nothing of the player but that this server is set up wrongly.
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

// pay asks Midas to deduct.
func (t *Till) pay(ctx context.Context, o ledger.Order, who midas.Player, sure bool) (s step) {
	res, err := t.cfg.Midas.Pay(ctx, midas.PayRequest{
		Player: who, BillNo: o.BillNo, Amount: midas.Coins(o.Amount), Item: t.nameOf(o.ItemID),
	})
	s = t.charged(ctx, o, who, sure, err)
	if err == nil {
		s.told = func(stored ledger.Order) {
			t.moved(stored, ReasonPurchase, func(b *midas.Balance) {
				b.Balance = res.Balance
				b.PresentBalance = max(0, b.PresentBalance-res.UsedPresent)
				b.CostSum += midas.Coins(stored.Amount)
			})
		}
	}
	return s
}

// present asks Midas to give.
func (t *Till) present(ctx context.Context, o ledger.Order, who midas.Player, sure bool) (s step) {
	res, err := t.cfg.Midas.Present(ctx, midas.PresentRequest{Player: who, BillNo: o.BillNo, Amount: midas.Coins(o.Amount)})
	s = t.charged(ctx, o, who, sure, err)
	if err == nil {
		s.told = func(stored ledger.Order) {
			t.moved(stored, ReasonPresent, func(b *midas.Balance) {
				b.Balance = res.Balance
				b.PresentBalance += midas.Coins(stored.Amount)
				b.PresentSum += midas.Coins(stored.Amount)
				b.SaveSum += midas.Coins(stored.Amount)
			})
		}
	}
	return s
}

// charged decides on the answer to pay or present.
func (t *Till) charged(ctx context.Context, o ledger.Order, who midas.Player, sure bool, err error) (s step) {
	s.said = t.noteSession(ctx, o.OpenID, who.SessionKey, err)
	s.after = t.rules.afterPay(o, sure, s.said, t.cfg.Now())
	if v := midas.VerdictOf(err); v == midas.VerdictDone || v == midas.VerdictAlready {
		s.fact = charged
	}
	return s
}

// cancelPay asks Midas to give a deduction back.
func (t *Till) cancelPay(ctx context.Context, o ledger.Order) (s step) {
	err := t.callBack(ctx, o)
	s.said = err
	s.after = t.rules.afterCancel(o, err, t.cfg.Now())
	if givesBack(err) {
		s.fact = givenBack
	}
	return s
}

// callBack is the call of cancelpay.
func (t *Till) callBack(ctx context.Context, o ledger.Order) error {
	who, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP)
	if err != nil {
		return err
	}
	_, err = t.cfg.Midas.CancelPay(ctx, midas.CancelPayRequest{
		Player: who, BillNo: o.BillNo, Amount: midas.Coins(o.Amount), Item: t.nameOf(o.ItemID),
	})
	return t.noteSession(ctx, o.OpenID, who.SessionKey, err)
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

// deliverInTransaction has the host grant the item, or take note, in the transaction that stores it. stored tells that
// after is in the ledger.
func (t *Till) deliverInTransaction(ctx context.Context, o ledger.Order, grant func(context.Context, *sql.Tx) error) (after ledger.Order, stored bool) {
	inner, cancel := context.WithTimeout(ctx, t.cfg.DeliverTimeout)
	defer cancel()
	after = t.rules.afterDeliver(o, nil, t.cfg.Now())
	after.UpdatedAt = t.cfg.Now()
	span := t.beginSpan(inner, "midas.deliver")
	granted, err := t.cfg.Ledger.Deliver(span, o, after, grant)
	t.noteOrder(span, o)
	t.endSpan(span, err)
	if err == nil {
		t.stats.delivered(o, nil)
		t.stats.reached(granted)
		_ = t.heard(o, nil)
		return granted, true
	}
	host, ok := errors.AsType[*ledger.GrantError](err)
	if !ok { // the database's fault: whether it took will be seen
		t.complain("midas: order not delivered", err, about(o)...)
		t.hostOf(o).unanswered(o)
		return t.rules.postponed(o, err, t.cfg.Now()), false
	}
	return t.delivered(ctx, o, host.Err), false
}

// delivered decides on the host's answer. ctx is the job's: once it has ended, an answer tells that the till is
// stopping. A host's own cancellation is an error like any other.
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

package payment

import (
	"context"
	"errors"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// again is an order that this till has claimed, or that could not be gone on with because the ledger did not answer.
// Its claim is still this till's, so it need not wait until that ends.
type again struct {
	order ledger.Order // as the ledger has it, if the write did not take
	since time.Time    // when the claim was begun, by this machine's own clock; zero: long ago
	after ledger.Order // what the write, if it was one, would have made of it
	waits bool         // after is to be left alone until it falls due
	at    time.Time    // when to look
	fact  fact         // if not nothing: what this till knows, whoever has the order
}

// tryAgain has the runner look after an order once the ledger answers.
func (t *Till) tryAgain(a again) {
	a.at = t.cfg.Now().Add(lookAgainIn)
	t.mu.Lock()
	t.again = append(t.again, a)
	first := len(t.again) == 1
	t.mu.Unlock()
	if first {
		t.wake() // it may be asleep for longer
	}
}

// perhapsMade looks later whether an order is in the ledger whose making has failed: only the answer to the commit may
// have been lost. The order's claim is this till's then, so it goes on at once, and not when the claim ends. So many
// are kept in mind; any more are found with those that are due.
func (t *Till) perhapsMade(o ledger.Order, since time.Time, err error) {
	t.mu.Lock()
	full := len(t.again) >= mostPerhapsMade
	t.mu.Unlock()
	if !full && errors.Is(err, ledger.ErrUnavailable) {
		o.Version = 1
		t.tryAgain(again{order: o, since: since})
	}
}

// mostPerhapsMade bounds the orders that perhapsMade keeps in mind. Players who ask again while the ledger fails make
// as many as they like.
const mostPerhapsMade = 256

// goOnAgain hands such orders to their players' lanes. The ledger has just answered. An order whose claim has ended is
// anybody's, and is found with those that are due.
func (t *Till) goOnAgain() {
	now := t.cfg.Now()
	t.mu.Lock()
	all := t.again
	t.again = nil
	t.mu.Unlock()
	var left []again
	for _, a := range all {
		switch {
		case a.fact == nothing && !a.order.DueAt.After(now):
		case a.at.After(now), t.enqueueDue("midas.resume", a.order.OpenID, func(ctx context.Context) { t.resume(ctx, a) }) != nil:
			left = append(left, a)
		}
	}
	t.mu.Lock()
	t.again = append(t.again, left...)
	t.mu.Unlock()
}

// triesAgain tells whether there are such orders.
func (t *Till) triesAgain() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.again) > 0
}

// resume goes on with an order that this till has claimed, unless somebody else has meanwhile.
func (t *Till) resume(ctx context.Context, a again) {
	if ctx.Err() != nil {
		return
	}
	if a.fact != nothing {
		t.learn(ctx, a.order, a.fact)
		return
	}
	o, err := t.cfg.Ledger.Order(ctx, a.order.BillNo)
	switch {
	case errors.Is(err, ledger.ErrNotFound): // it was never made, or is still to come, and falls due then
	case err != nil:
		t.complain("midas: cannot read an order that is due", err, about(a.order)...)
		t.tryAgain(a)
	case o.Version == a.order.Version:
		t.goOn(ctx, o, a.since)
	case !a.took(o):
	case o.State.Ended():
		t.ended(t.receipt(o)) // it was told that it has to wait
	case !a.waits:
		t.goOn(ctx, o, time.Time{})
	}
}

// goOn drives an order that this till has claimed. A claim lasts for a step and not for a wait in the lane besides, so
// one that has waited long is renewed.
func (t *Till) goOn(ctx context.Context, o ledger.Order, since time.Time) {
	if now := t.cfg.Now(); o.DueAt.Sub(now) < t.lease/2 || since.IsZero() || time.Since(since) > t.lease/2 {
		renewed := o
		renewed.DueAt, renewed.Lease, renewed.UpdatedAt = now.Add(t.lease), t.lease, now
		since = time.Now()
		stored, err := t.cfg.Ledger.Advance(ctx, o, renewed)
		if err != nil { // it falls due, or has another holder
			t.log.Info("midas: claim not renewed", about(o, "error", err)...)
			return
		}
		o = stored
	}
	t.ended(t.drive(ctx, o, since, false))
}

// took tells whether the ledger has an order as the write would have made it: only the ledger's answer was lost.
func (a again) took(o ledger.Order) bool {
	return o.Version == a.order.Version+1 && o.State == a.after.State && o.UpdatedAt.Equal(milli(a.after.UpdatedAt)) && o.DueAt.Equal(milli(a.after.DueAt))
}

// milli is a time as the ledger keeps it.
func milli(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.UnixMilli(t.UnixMilli())
}

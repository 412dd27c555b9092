package payment

import (
	"context"
	"errors"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

const (
	// maxIdle is how long the runner sleeps at most, so that a clock that was set is noticed; sharedIdle where orders may
	// fall due by another server's doing.
	maxIdle    = time.Minute
	sharedIdle = 5 * time.Second
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
		sleep := t.dispatch(ctx)
		if t.triesAgain() {
			sleep = min(sleep, lookAgainIn)
		}
		timer := time.NewTimer(sleep)
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
	t.endOutagesElsewhere(ctx)
	t.handOver(nil)
	rechecks := t.dispatchRechecks(ctx)
	next, err := t.cfg.Ledger.NextDue(ctx)
	if err != nil {
		t.complain("midas: cannot look for orders that are due", err)
		return lookAgainIn
	}
	t.goOnAgain()
	if len(t.held) == 0 {
		t.starved.Store(false)
	}
	return min(rechecks, t.dispatchOrders(ctx, next))
}

// dispatchOrders hands over orders of which the first is due at next.
func (t *Till) dispatchOrders(ctx context.Context, next time.Time) time.Duration {
	if next.IsZero() {
		return t.idle
	}
	// An order that is due beyond the horizon was put off by a clock that has been set back.
	wait := next.Sub(t.cfg.Now())
	if wait > 0 && wait <= t.horizon {
		return min(wait, t.idle)
	}
	return t.claim(ctx, wait)
}

// claim takes orders that are due, as many as there is room for, fairly between players. wait is how long it is until
// the first one is due.
func (t *Till) claim(ctx context.Context, wait time.Duration) time.Duration {
	t.starved.Store(true) // before room is looked for, so that no end of a job is missed, which wakes the runner
	room := min(t.lanes.dueRoom(), maxClaim-len(t.held))
	if room <= 0 {
		return lookAgainIn
	}
	bills, crowded, err := t.turns.next(ctx, t, room)
	if err != nil {
		t.complain("midas: cannot look for orders that are due", err)
		return lookAgainIn
	}
	if crowded { // an end of each job need not lead to a look at so many
		t.starved.Store(false)
	}
	if len(bills) == 0 {
		switch {
		case crowded:
			return crowdedRest
		case wait > 0: // only parked ones, which may wait that long
			return t.idle
		default: // their players' lanes are full
			return lookAgainIn
		}
	}
	since := time.Now()
	orders, err := t.cfg.Ledger.Claim(ctx, t.cfg.Now(), t.lease, t.horizon, len(bills), bills...)
	t.complain("midas: cannot take orders that are due", err)
	claimed := make([]again, len(orders))
	for i, o := range orders {
		claimed[i] = again{order: o, since: since}
	}
	t.handOver(claimed)
	switch {
	case err != nil:
		return lookAgainIn
	case crowded:
		return crowdedRest
	case len(orders) == 0: // others have them
		return lookAgainIn
	default:
		return 0
	}
}

// handOver gives claimed orders to their players' lanes. What a lane has no room for is held until a job has ended, or
// until its claim runs out and it falls due again.
func (t *Till) handOver(claimed []again) {
	waiting := append(t.held, claimed...)
	t.held = nil
	if len(waiting) > 0 {
		t.starved.Store(true) // before a lane refuses, so that no end of a job is missed
	}
	now := t.cfg.Now()
	for _, a := range waiting {
		if a.order.DueAt.After(now) && t.enqueueDue("midas.resume", a.order.OpenID, func(ctx context.Context) { t.resume(ctx, a) }) != nil {
			t.held = append(t.held, a)
		}
	}
}

// complain logs a failure of the ledger; being told to stop is none.
func (t *Till) complain(what string, err error, attrs ...any) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	t.stats.failed(err)
	t.log.Error(what, append(attrs, "error", err)...)
}

// about is what every line of the log about an order tells of it, before what it tells besides.
func about(o ledger.Order, more ...any) []any {
	return append([]any{"bill_no", o.BillNo, "player", shorten(o.OpenID), "state", string(o.State)}, more...)
}

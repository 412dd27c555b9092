package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// An order that Midas knew nothing of is cancelled, and asked about again: a deduction that was under way then may land
// as long as the bill number lives (§1.4), held up by a proxy or sent by a server that had been frozen. The questions
// come at growing distances, so that a late landing does not stay for much longer than it was late
// (docs/decisions/0015):
//
//	with a Timeout of 3 s: after 4.5 s, 18 s, 1 min, 3 min, 9 min, 27 min, 82 min, 4 h, 12 h, 37 h, and at the end

const (
	// recheckGrowth is how many times as long each wait is as all before it.
	recheckGrowth = 3
	// recheckLife is when an order is looked at for the last time, after it was made: just before its number dies.
	recheckLife = 48*time.Hour - 10*time.Minute
	// maxRechecks bounds how many rechecks are under way at once.
	maxRechecks = 20
)

// afterRecheck decides what becomes of a recheck at an order once cancelpay has been answered. landed tells that a
// deduction has landed; after is then the order as it is to be stored. ends tells that Midas need not be asked again.
func (r rules) afterRecheck(o ledger.Order, k ledger.Recheck, err error, now time.Time) (next ledger.Recheck, after ledger.Order, landed, ends bool) {
	last := o.CreatedAt.Add(recheckLife)
	switch verdict := midas.VerdictOf(err); {
	case verdict == midas.VerdictDone:
		after = answered(o, nil)
		after.Note = "a deduction landed late and was given back"
		return k, after, true, true
	case givesBack(err): // as the order says, or another server was quicker
		return k, o, false, true
	case errors.Is(err, midas.ErrBillConfirmed):
		return k, moved(answered(o, err), ledger.Paid, "a deduction landed late and cannot be given back, so it is delivered"), true, true
	case errors.Is(err, midas.ErrBillUnknown):
		k.Asked++
		k.Tries = 0
		k.DueAt = now.Add(jitter(r.recheckWait(k.Asked)))
	case verdict == midas.VerdictLogin:
		k.Parked, k.DueAt = true, last
	case verdict == midas.VerdictLater:
		k.DueAt = r.postponed(o, err, now).DueAt
	default: // no answer, or one that says nothing of the coins
		o.Attempts = k.Tries
		k.DueAt = r.again(o, now).DueAt
		k.Tries++
	}
	if k.DueAt.After(last) {
		k.DueAt = last
	}
	return k, o, false, !now.Before(last)
}

// recheckWait is the wait after so many rechecks.
func (r rules) recheckWait(rechecks int) time.Duration {
	wait := r.firstRecheck
	for range rechecks {
		if wait *= recheckGrowth; wait > recheckLife {
			return recheckLife
		}
	}
	return wait
}

// recheckAt has the runner recheck no later than at.
func (t *Till) recheckAt(at time.Time) {
	t.mu.Lock()
	if t.nextRecheck.IsZero() || at.Before(t.nextRecheck) {
		t.nextRecheck = at
	}
	t.mu.Unlock()
	t.wake()
}

// dispatchRechecks hands rechecks that are due to their players' lanes, and tells how long to sleep until the next.
func (t *Till) dispatchRechecks(ctx context.Context) time.Duration {
	now := t.cfg.Now()
	t.mu.Lock()
	planned := t.nextRecheck
	t.mu.Unlock()
	if wait := planned.Sub(now); !planned.IsZero() && wait > 0 && wait <= t.idle {
		return wait
	}
	next, err := t.cfg.Ledger.NextRecheck(ctx)
	if err != nil {
		t.complain("midas: cannot find the next recheck", err)
		return lookAgainIn
	}
	wait := t.idle // another server may plan one meanwhile
	switch {
	case next.IsZero() || next.After(now.Add(t.idle)):
	case next.After(now):
		wait = next.Sub(now)
	default:
		wait = t.claimRechecks(ctx, now)
	}
	t.mu.Lock()
	if t.nextRecheck.Equal(planned) { // nobody has planned an earlier one meanwhile
		t.nextRecheck = now.Add(wait)
	}
	t.mu.Unlock()
	return wait
}

func (t *Till) claimRechecks(ctx context.Context, now time.Time) (sleep time.Duration) {
	room := min(t.lanes.dueRoom(), maxRechecks)
	if room == 0 {
		return lookAgainIn
	}
	rechecks, err := t.cfg.Ledger.ClaimRechecks(ctx, now, t.lease, room)
	t.complain("midas: cannot take rechecks that are due", err)
	for _, k := range rechecks {
		if t.enqueueDue("midas.recheck", k.OpenID, func(ctx context.Context) { t.recheck(ctx, k) }) != nil {
			// Its player's lane is full. The claim is given back, behind what others wait for.
			k.DueAt = now.Add(lookAgainIn)
			t.complain("midas: recheck not given back", t.cfg.Ledger.PutOffRecheck(ctx, k), "bill_no", k.BillNo, "player", shorten(k.OpenID), "state", "cancelled")
		}
	}
	if err != nil || len(rechecks) == room {
		return lookAgainIn
	}
	return time.Millisecond // what is due then, is known at the next round
}

// recheck asks Midas about an order that it knew nothing of when it was cancelled.
func (t *Till) recheck(ctx context.Context, k ledger.Recheck) {
	o, err := t.cfg.Ledger.Order(ctx, k.BillNo)
	switch {
	case err != nil:
		t.complain("midas: an order to be looked at cannot be read", err, "bill_no", k.BillNo, "player", shorten(k.OpenID), "state", "unread")
		return // its claim ends
	case o.State != ledger.Cancelled || o.Kind != ledger.Purchase:
		t.endRecheck(ctx, o)
		return
	}
	answer := t.closed(midas.EndpointCancel)
	if answer == nil {
		answer = t.callBack(ctx, o)
	}
	if ctx.Err() != nil && midas.VerdictOf(answer) == midas.VerdictUnknown {
		return // the server is stopping
	}
	next, after, landed, ends := t.rules.afterRecheck(o, k, answer, t.cfg.Now())
	t.step("recheck answered")
	if landed && !t.landed(ctx, o, after) {
		return // its claim ends, and Midas says then that it has been given back
	}
	if ends {
		if !landed && !givesBack(answer) && !errors.Is(answer, midas.ErrBillUnknown) {
			t.log.Error("midas: Midas could not be asked about a cancelled order to the end of its bill number's life; compare its books",
				about(o, "error", answer)...)
		}
		t.endRecheck(ctx, o)
		return
	}
	if err := t.cfg.Ledger.PutOffRecheck(context.WithoutCancel(ctx), next); err != nil {
		t.complain("midas: recheck not put off", err, about(o)...)
		return
	}
	t.recheckAt(next.DueAt)
	if next.Parked {
		t.parked(ctx, o, answer)
	}
}

// landed stores that a deduction landed late, and what has become of it. It is false if that could not be stored.
func (t *Till) landed(ctx context.Context, o, after ledger.Order) bool {
	after.UpdatedAt = t.cfg.Now()
	if !after.State.Ended() {
		after.DueAt = after.UpdatedAt
	}
	stored, err := t.cfg.Ledger.Advance(context.WithoutCancel(ctx), o, after)
	if err != nil {
		t.complain("midas: a deduction landed late; what became of it is not stored yet", err, about(o, "note", after.Note)...)
		return false
	}
	t.step("recheck stored")
	t.stats.landedLate.Add(1)
	t.log.Warn("midas: a deduction landed late", about(stored, "note", stored.Note,
		"late", fmt.Sprint(after.UpdatedAt.Sub(o.UpdatedAt).Round(time.Second)))...)
	if stored.State == o.State {
		if t.isHere(account{o.OpenID, o.ZoneID}) {
			t.refresh(ctx, stored, ReasonCancel)
		} else {
			t.cfg.Elsewhere(o.OpenID, o.ZoneID, ReasonCancel, o.BillNo)
		}
	}
	t.wake()
	return true
}

func (t *Till) endRecheck(ctx context.Context, o ledger.Order) {
	if err := t.cfg.Ledger.EndRecheck(context.WithoutCancel(ctx), o.BillNo); err != nil {
		t.complain("midas: recheck not ended", err, about(o)...)
	}
}

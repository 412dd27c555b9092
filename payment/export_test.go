package payment

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// DieAt lets a test hear of every point between two durable steps, on the goroutine that passes it. Call it before
// Start.
func (t *Till) DieAt(step func(point string)) { t.step = step }

// SleepAtMost replaces how long the runner sleeps if nobody wakes it. Call it before Start.
func (t *Till) SleepAtMost(d time.Duration) { t.idle = d }

// Wake makes the runner look for what is due.
func (t *Till) Wake() { t.wake() }

// FirstWatch is when another server's order is looked at first.
var FirstWatch = watchWaits[0]

// PassSpans passes each kind of place at which a tracer is called.
func (t *Till) PassSpans(ctx context.Context, o ledger.Order, done func(Receipt, error)) {
	span := t.beginSpan(ctx, "midas.store")
	t.noteOrder(span, o)
	t.endSpan(span, nil)
	noted(span, t, done)(Receipt{}, nil)
}

// AnswerLost is what happens when a write took and nobody heard.
func (t *Till) AnswerLost(before, after ledger.Order) {
	t.tryAgain(again{order: before, after: after})
}

// Cut ends the context of every job, as a stop does that has been given no time.
func (t *Till) Cut() { t.lanes.cancel() }

// MakingLost makes an order whose maker hears of a failure.
func (t *Till) MakingLost(p Player, o ledger.Order) error {
	fresh := t.newOrder(p, o)
	_, _, err := t.cfg.Ledger.Create(context.Background(), fresh)
	t.perhapsMade(fresh, time.Now(), ledger.ErrUnavailable)
	return err
}

// NeverMade fails to make an order.
func (t *Till) NeverMade(p Player, o ledger.Order) {
	t.perhapsMade(t.newOrder(p, o), time.Now(), ledger.ErrUnavailable)
}

// TriesAgain tells whether there are orders that the runner looks after besides those that are due.
func (t *Till) TriesAgain() bool { return t.triesAgain() }

// Fence is how long after its order was marked a call may still be under way.
func Fence(t *Till) time.Duration { return t.fence }

// FirstRecheck is when an order is first looked at after it was cancelled, at the latest.
func FirstRecheck(timeout time.Duration) time.Duration { return 3 * timeout / 2 * 6 / 5 }

// NextRecheck is when the look after the nth is due, of an order made then that has been looked at just now.
func NextRecheck(timeout time.Duration, made, now time.Time, n int, answer error) (next time.Time, ends bool) {
	r := rules{firstRecheck: 3 * timeout / 2}
	k, _, _, ends := r.afterRecheck(ledger.Order{CreatedAt: made, State: ledger.Cancelled}, ledger.Recheck{Asked: n}, answer, now)
	return k.DueAt, ends
}

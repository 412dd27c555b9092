package payment

import (
	"context"
	"sync/atomic"
	"time"
)

// clockEvery is how often the database's clock is read. In between it is told by this machine's monotonic clock, which
// nobody sets.
const clockEvery = time.Minute

// commonClock is the clock that all servers on one ledger have in common.
type commonClock struct{ read atomic.Pointer[clockReading] }

// clockReading is what the database's clock showed at a time of this machine's.
type clockReading struct{ shown, at time.Time }

// now is the time by that clock, or own where it could not be read yet or is nobody else's.
func (c *commonClock) now(own time.Time) time.Time {
	r := c.read.Load()
	if r == nil {
		return own
	}
	return r.shown.Add(time.Since(r.at))
}

// readClock reads the database's clock, and goes on doing so.
func (t *Till) readClock(ctx context.Context) {
	asked := time.Now()
	if shown, err := t.cfg.Ledger.Clock(ctx); err == nil {
		answered := time.Now()
		t.clock.read.Store(&clockReading{shown.Add(answered.Sub(asked) / 2), answered})
	} else {
		t.log.Debug("midas: the database's clock could not be read", "error", err)
	}
	t.later(clockEvery, func() {
		if t.enqueue("midas.clock", &t.clock, true, t.readClock) != nil {
			t.log.Debug("midas: the database's clock is not read any more")
		}
	})
}

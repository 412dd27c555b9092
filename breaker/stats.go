package breaker

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/leafmidas/leafmidas/midas"
)

// Stats is what has become of the calls to one endpoint.
type Stats struct {
	Endpoint midas.Endpoint
	// State is "closed", "half_open" or "open": of this server's own breaker.
	State string
	// HeldBack is for how long calls are refused from now on, by this server's breaker or another's; 0: they are not.
	HeldBack time.Duration
	// Opened, HalfOpened and Closed count this server's changes of state.
	Opened, HalfOpened, Closed int64
	// Calls counts those that were made by how they ended, Refused those that were held back.
	Calls   map[midas.Outcome]int64
	Refused int64
	// Took is how long the calls lasted that were made.
	Took midas.Durations
}

// Stats tells what has become of the calls to each endpoint since the start.
func (b *Breaker) Stats() []Stats {
	return []Stats{
		statsOf(b, b.balance), statsOf(b, b.pay), statsOf(b, b.cancel), statsOf(b, b.present), statsOf(b, b.query), statsOf(b, b.login),
	}
}

var stateNames = map[gobreaker.State]string{
	gobreaker.StateClosed: "closed", gobreaker.StateHalfOpen: "half_open", gobreaker.StateOpen: "open",
}

func statsOf[T any](b *Breaker, c *circuit[T]) Stats {
	held := b.RetryAfter(c.endpoint) // before the state is read: it lets time pass in the breaker, too
	s := Stats{
		Endpoint: c.endpoint, State: stateNames[c.breaker.State()], HeldBack: held,
		Opened: c.tally.opened.Load(), HalfOpened: c.tally.halfOpened.Load(), Closed: c.tally.closed.Load(),
		Refused: c.tally.refused.Load(), Took: c.tally.took.Durations(),
	}
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	s.Calls = maps.Clone(c.tally.calls)
	if n := c.tally.done.Load(); n > 0 {
		s.Calls[midas.OutcomeOf(nil)] = n
	}
	return s
}

// tally counts an endpoint's calls.
type tally struct {
	opened, halfOpened, closed, refused atomic.Int64
	done                                atomic.Int64 // calls without an error
	took                                *midas.Histogram

	mu    sync.Mutex
	calls map[midas.Outcome]int64 // those with one
}

func newTally() *tally {
	return &tally{
		calls: map[midas.Outcome]int64{},
		took: midas.NewHistogram(10*time.Millisecond, 25*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond, 250*time.Millisecond,
			500*time.Millisecond, time.Second, 2*time.Second, 3*time.Second, 5*time.Second, 10*time.Second),
	}
}

func (t *tally) held() { t.refused.Add(1) }

func (t *tally) ended(took time.Duration, err error) {
	t.took.Add(took)
	if err == nil {
		t.done.Add(1)
		return
	}
	outcome := midas.OutcomeOf(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls[outcome]++
}

package module

import (
	"log/slog"
	"sync"
	"time"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/msg"
)

// pushGap is the least time between two balance pushes to one connection. Of those that come in between only the last
// is sent: a balance is worth nothing once there is a newer one, and a connection whose queue is full is cut by Leaf.
const pushGap = 100 * time.Millisecond

// outbox is the one place that writes to connections. Leaf's WriteMsg tells nothing, may panic (TLS, slow client), and
// must not be called for a dead agent more often than needed; all of that ends here.
type outbox struct {
	log   *slog.Logger
	stats outboxStats

	mu     sync.Mutex
	slots  map[gate.Agent]*slot
	closed bool
	timers sync.WaitGroup
}

// slot is a connection that had a balance pushed within the last pushGap.
type slot struct {
	next *msg.MidasBalance // to be sent when the gap is over; nil if none came
}

func newOutbox(log *slog.Logger) *outbox {
	return &outbox{log: log, slots: map[gate.Agent]*slot{}}
}

// send writes a message now.
func (o *outbox) send(a gate.Agent, m any) {
	defer func() {
		if p := recover(); p != nil {
			o.stats.panicked.Add(1)
			o.log.Warn("midas: Leaf panicked writing to a connection", "panic", p)
		}
	}()
	o.stats.written.Add(1)
	a.WriteMsg(m)
}

// push sends a balance, or holds it back while one was sent just before. An older version than the held one is dropped.
func (o *outbox) push(a gate.Agent, b *msg.MidasBalance) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		o.send(a, b)
		return
	}
	if s, waiting := o.slots[a]; waiting {
		if s.next != nil {
			o.stats.coalesced.Add(1) // one of the two is not sent
		}
		if s.next == nil || s.next.GetVersion() <= b.GetVersion() {
			s.next = b
		}
		o.mu.Unlock()
		return
	}
	o.slots[a] = &slot{}
	o.after(a)
	o.mu.Unlock()
	o.send(a, b)
}

// after arranges for the slot to be looked at when the gap is over. The mutex is held.
func (o *outbox) after(a gate.Agent) {
	o.timers.Add(1)
	time.AfterFunc(pushGap, func() {
		defer o.timers.Done()
		o.mu.Lock()
		s := o.slots[a]
		if s == nil || s.next == nil {
			delete(o.slots, a)
			o.mu.Unlock()
			return
		}
		b := s.next
		s.next = nil
		o.after(a)
		o.mu.Unlock()
		o.send(a, b)
	})
}

// close sends what was held back and waits for the timers to end.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	held := o.slots
	o.slots = map[gate.Agent]*slot{}
	o.mu.Unlock()
	for a, s := range held {
		if s.next != nil {
			o.send(a, s.next)
		}
	}
	o.timers.Wait()
}

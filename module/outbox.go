package module

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/name5566/leaf/gate"
	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/msg"
)

// pushGap is the least time between two balance pushes to one connection. Of those that come in between only the last
// is sent: a balance is worth nothing once there is a newer one, and a connection whose queue is full is cut by Leaf.
const pushGap = 100 * time.Millisecond

// pushMemory is how long the version that was pushed last to a connection is remembered, so that an older one that two
// servers', or two goroutines', race brings late is left out.
const pushMemory = 10 * time.Second

// outbox is the one place that writes to connections. Leaf's WriteMsg tells nothing, may panic (TLS, slow client), and
// must not be called for a dead agent more often than needed; all of that ends here.
type outbox struct {
	log   *slog.Logger
	stats outboxStats

	mu     sync.Mutex
	slots  map[gate.Agent]*slot // of connections on which somebody is logged in, as many as had a balance pushed lately
	closed bool
	timers sync.WaitGroup
}

// slot is a connection that had a balance pushed within the last pushMemory.
type slot struct {
	version int64             // the newest that was sent or is held
	gap     bool              // one was sent within the last pushGap
	next    *msg.MidasBalance // to be sent when the gap is over; nil if none came
	timer   *time.Timer
	armed   int // counts the timers, so that one that fires while another is set knows that it is over
}

func newOutbox(log *slog.Logger) *outbox {
	return &outbox{log: log, slots: map[gate.Agent]*slot{}}
}

// send writes a message now. One that cannot be written becomes INTERNAL: Leaf would log the failure, and the client
// wait for ever.
func (o *outbox) send(a gate.Agent, m any) {
	if message, ours := m.(proto.Message); ours {
		if err := msg.Unwritable(message); err != nil {
			o.log.Error("midas: a message to a client cannot be written", "error", err)
			m = unwritten(message)
		}
	}
	defer func() {
		if p := recover(); p != nil {
			o.stats.panicked.Add(1)
			o.log.Warn("midas: Leaf panicked writing to a connection", "panic", p)
		}
	}()
	o.stats.written.Add(1)
	a.WriteMsg(m)
}

// unwritten is what a client hears in the place of a message that cannot be written.
func unwritten(message proto.Message) *msg.MidasError {
	e := &msg.MidasError{Code: internal.code, Message: internal.text, Retryable: internal.retryable}
	if asked, ok := message.(interface{ GetRequestId() string }); ok {
		e.RequestId = strings.ToValidUTF8(asked.GetRequestId(), "")
	}
	return e
}

// push sends a balance, or holds it back while one was sent just before. Versions reach a connection in their order:
// one that is older than what was pushed already is left out.
func (o *outbox) push(a gate.Agent, b *msg.MidasBalance) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		o.send(a, b)
		return
	}
	s := o.slot(a)
	switch {
	case b.GetVersion() < s.version:
		o.stats.coalesced.Add(1)
	case s.gap:
		if s.next != nil {
			o.stats.coalesced.Add(1)
		}
		s.version, s.next = b.GetVersion(), b
	default:
		s.version, s.gap = b.GetVersion(), true
		o.arm(a, s, pushGap)
		o.mu.Unlock()
		o.send(a, b)
		return
	}
	o.mu.Unlock()
}

// answer sends a balance now, whatever was sent before. A push that is older does not follow it.
func (o *outbox) answer(a gate.Agent, b *msg.MidasBalance) {
	o.mu.Lock()
	if !o.closed {
		s := o.slot(a)
		s.version = max(s.version, b.GetVersion())
		if !s.gap {
			o.arm(a, s, pushMemory)
		}
	}
	o.mu.Unlock()
	o.send(a, b)
}

// slot is the connection's. The mutex is held.
func (o *outbox) slot(a gate.Agent) *slot {
	s := o.slots[a]
	if s == nil {
		s = &slot{}
		o.slots[a] = s
	}
	return s
}

// arm sets the slot's timer anew. The mutex is held.
func (o *outbox) arm(a gate.Agent, s *slot, d time.Duration) {
	o.disarm(s)
	s.armed++
	mine := s.armed
	o.timers.Add(1)
	s.timer = time.AfterFunc(d, func() {
		defer o.timers.Done()
		o.mu.Lock()
		if o.slots[a] != s || s.armed != mine {
			o.mu.Unlock()
			return
		}
		b := s.next
		switch s.next = nil; {
		case b != nil:
			o.arm(a, s, pushGap)
		case s.gap:
			s.gap = false
			o.arm(a, s, pushMemory)
		default:
			delete(o.slots, a)
		}
		o.mu.Unlock()
		if b != nil {
			o.send(a, b)
		}
	})
}

func (o *outbox) disarm(s *slot) {
	if s.timer != nil && s.timer.Stop() {
		o.timers.Done()
	}
}

// close sends what was held back and waits for the timers to end.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	held := o.slots
	o.slots = map[gate.Agent]*slot{}
	for _, s := range held {
		o.disarm(s)
	}
	o.mu.Unlock()
	for a, s := range held {
		if s.next != nil {
			o.send(a, s.next)
		}
	}
	o.timers.Wait()
}

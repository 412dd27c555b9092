package module

import "sync/atomic"

// Stats is what a module has sent and heard since it was made.
type Stats struct {
	// Connections are those on which somebody is logged in.
	Connections int
	// Written counts messages that were given to connections, Panicked those that made Leaf panic, Coalesced balances that
	// were not sent because a newer one was about to be.
	Written, Panicked, Coalesced int64
	// Remote counts balances that other servers saw and this one pushed on, Warned other servers' words about their
	// breakers.
	Remote, Warned int64
	// PushesTaken, PushesRefused (not believed or not readable) and PushesLater (to come again: the ledger is away, or too
	// many at once) count what Midas posted.
	PushesTaken, PushesRefused, PushesLater int64
}

// FleetStats is what has passed between the servers of a game. A Fleet that has some has a method FleetStats()
// FleetStats.
type FleetStats struct {
	// Up: the meeting point answered last.
	Up bool
	// Published and Heard count notes, Dropped those that could not be sent, Refused those that came and were not
	// believed.
	Published, Heard, Dropped, Refused int64
}

// Stats tells what the module has sent and heard. It takes no more than a mutex that is never held across a call.
func (m *Module) Stats() Stats {
	return Stats{
		Connections: len(m.roster.everyone()),
		Written:     m.outbox.stats.written.Load(), Panicked: m.outbox.stats.panicked.Load(), Coalesced: m.outbox.stats.coalesced.Load(),
		Remote: m.remote.Load(), Warned: m.warned.Load(),
		PushesTaken: m.received.counts[pushTaken].Load(), PushesRefused: m.received.counts[pushRefused].Load(),
		PushesLater: m.received.counts[pushLater].Load(),
	}
}

// outboxStats counts what is written to connections.
type outboxStats struct{ written, panicked, coalesced atomic.Int64 }

// Received counts the pushes of Midas's that came to any Receiver of a module.
type Received struct{ counts [3]atomic.Int64 }

const (
	pushTaken = iota
	pushRefused
	pushLater
)

// Received is where this module's receivers count.
func (m *Module) Received() *Received { return &m.received }

func (r *Received) add(what int) {
	if r != nil {
		r.counts[what].Add(1)
	}
}

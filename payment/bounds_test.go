package payment

import (
	"fmt"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// What a till keeps of players and orders has bounds that hold without any clock: what no longer fits is not kept, and
// is found otherwise.
func TestWhatATillKeepsIsBounded(t *testing.T) {
	till := &Till{
		cfg: Config{Shared: true, RechargePoll: []time.Duration{time.Hour}}, unpark: map[string]struct{}{}, polls: map[account]*poll{},
		watched: map[string]*watch{}, timers: map[*time.Timer]struct{}{},
	}
	t.Cleanup(func() {
		for _, p := range till.polls {
			p.timer.Stop()
		}
	})
	for n := range maxUnpark + 10 {
		till.noteUnpark(fmt.Sprint("player ", n), true)
	}
	if len(till.unpark) != maxUnpark {
		t.Errorf("%d players' orders are to be woken", len(till.unpark))
	}
	till.noteUnpark("player 0", false)
	till.noteUnpark("a late one", true)
	if _, late := till.unpark["a late one"]; !late || len(till.unpark) != maxUnpark {
		t.Error("there is no room again")
	}
	for n := range maxPolls + 10 {
		till.watch(Player{OpenID: "alice", ZoneID: fmt.Sprint(n)}, "r")
	}
	till.watch(Player{OpenID: "alice", ZoneID: "0"}, "another") // in place of the older one
	if p := till.polls[account{"alice", "0"}]; len(till.polls) != maxPolls || p.requestID != "another" {
		t.Errorf("%d accounts are polled, one for %q", len(till.polls), p.requestID)
	}
	till.closing.Store(true) // no timers
	for n := range maxWatched + 10 {
		till.Watch(ledger.Order{BillNo: fmt.Sprint(n)}, nil)
	}
	till.Watch(ledger.Order{BillNo: "0", Note: "newer"}, nil)
	if w := till.watched["0"]; len(till.watched) != maxWatched || w.order.Note != "newer" {
		t.Errorf("%d orders are watched, one as %q", len(till.watched), w.order.Note)
	}
	if till.Watched(fmt.Sprint(maxWatched+1)) || !till.Watched("1") {
		t.Error("others than the first are watched")
	}
}

// The reports of recharges that are remembered for a figure are bounded, however many are never paid.
func TestOnlySoManyReportsAreRemembered(t *testing.T) {
	s := newStats()
	for n := range 2 * maxReported {
		s.reported(ledger.Recharge{OpenID: "alice", RequestID: fmt.Sprint(n), State: ledger.RechargePending})
	}
	if len(s.reports) != maxReported {
		t.Errorf("%d are remembered", len(s.reports))
	}
}

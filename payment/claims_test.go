package payment

import (
	"context"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// A claim that has run out is anybody's: the order may be another server's by now, and is taken anew with those that
// are due. One that still runs is handed to its player's lane, or kept until there is room.
func TestAClaimThatHasRunOutIsHandedToNobody(t *testing.T) {
	claims := []again{{order: ledger.Order{BillNo: "out", OpenID: "alice", DueAt: today}}, {order: ledger.Order{BillNo: "runs", OpenID: "alice", DueAt: today.Add(time.Second)}}}
	for name, hand := range map[string]func(t *Till){
		"just claimed":               func(t *Till) { t.handOver(claims) },
		"kept until there was room":  func(t *Till) { t.held = claims; t.handOver(nil) },
		"after the ledger came back": func(t *Till) { t.again = claims; t.goOnAgain() },
	} {
		t.Run(name, func(t *testing.T) {
			till := &Till{cfg: Config{Now: func() time.Time { return today }}, lanes: newLanes(1, 1, 1, func() {}), poke: make(chan struct{}, 1)}
			release := make(chan struct{})
			if err := till.lanes.add("alice", false, func(context.Context) { <-release }); err != nil { // so that nothing is begun
				t.Fatal(err)
			}
			hand(till)
			if n := maxDuePerLane - till.lanes.dueOf("alice"); n != 1 || len(till.held) != 0 || len(till.again) != 0 {
				t.Errorf("%d are in the lane, %d are kept, %d are tried again", n, len(till.held), len(till.again))
			}
			till.lanes.mu.Lock()
			ln := till.lanes.byKey["alice"]
			ln.jobs[due] = nil
			till.lanes.waiting[due] = 0
			till.lanes.mu.Unlock()
			close(release)
			till.lanes.drain(t.Context())
		})
	}
}

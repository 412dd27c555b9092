package midas

import (
	"fmt"
	"testing"
	"time"
)

// However many pushes are rightly signed within minutes, the nonces that are remembered are bounded; the oldest are
// forgotten.
func TestOnlySoManyNoncesAreRemembered(t *testing.T) {
	var n nonces
	now := time.Unix(1_800_000_000, 0)
	for i := range 2 * maxNonces {
		if !n.add(fmt.Sprint(i), now.Add(time.Minute), now) {
			t.Fatalf("%d was known", i)
		}
	}
	if len(n.until) != maxNonces || len(n.queue) != maxNonces {
		t.Errorf("%d are remembered, %d in turn", len(n.until), len(n.queue))
	}
	if n.add(fmt.Sprint(2*maxNonces-1), now.Add(time.Minute), now) || !n.add("0", now.Add(time.Minute), now) {
		t.Error("others than the newest are remembered")
	}
	n.add("later", now.Add(time.Hour), now.Add(2*time.Minute))
	if len(n.until) != 1 {
		t.Errorf("%d are remembered for longer than they may be used", len(n.until))
	}
}

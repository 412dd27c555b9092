package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// A server has read an order, and stands still. Then the order is taken, or resumed, which moves it to no other state
// and writes no line of history: the version alone tells that what the server knows is old. It may change nothing.
func TestAChangeBasedOnWhatWasReadBeforeTheOrderWasTakenIsRefused(t *testing.T) {
	const horizon = 100 * time.Hour
	parked := func(o *ledger.Order) { o.Parked, o.DueAt = true, noon.Add(47*time.Hour) }
	later := func(o *ledger.Order) { o.DueAt = noon.Add(time.Hour) }
	for name, meanwhile := range map[string]struct {
		order  func(*ledger.Order)
		happen func(l *ledger.Ledger) (n int64, err error)
	}{
		"claimed": {func(o *ledger.Order) { o.DueAt = noon }, func(l *ledger.Ledger) (int64, error) {
			taken, err := l.Claim(t.Context(), noon, lease, horizon, 1)
			return int64(len(taken)), err
		}},
		"resumed by a login": {parked, func(l *ledger.Ledger) (int64, error) {
			n, _, err := l.Unpark(t.Context(), "alice", noon)
			return n, err
		}},
		"resumed by a start": {later, func(l *ledger.Ledger) (int64, error) { return l.Reclaim(t.Context(), noon, time.Second) }},
	} {
		t.Run(name, func(t *testing.T) {
			ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
				l := ledgertest.Open(t, cfg)
				old := create(t, l, wish("b1", meanwhile.order))
				if n, err := meanwhile.happen(l); n != 1 || err != nil {
					t.Fatalf("%d orders, %v", n, err)
				}
				now, err := l.Order(t.Context(), "b1")
				if err != nil || now.State != old.State || now.Version != old.Version+1 {
					t.Fatalf("%+v became %+v, %v", old, now, err)
				}
				for _, to := range []ledger.State{old.State, ledger.Paying} {
					after := old
					after.State, after.DueAt, after.Parked = to, noon.Add(2*time.Hour), false
					if _, err := l.Advance(t.Context(), old, after); !errors.Is(err, ledger.ErrConflict) {
						t.Errorf("to %s: %v", to, err)
					}
				}
				if got, err := l.Order(t.Context(), "b1"); err != nil || !same(got, now) {
					t.Errorf("it was %+v and is %+v, %v", now, got, err)
				}
			})
		})
	}
}

package ledger_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

var game = ledger.Identity{AppID: "wx1", OfferID: "offer1", Env: "sandbox", Protocol: "v1"}

func TestALedgerIsOpenedOnlyByThoseWhoseItIs(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		mine := cfg
		mine.Identity = game
		create(t, ledgertest.Open(t, mine), wish("m1"))
		if who, err := ledgertest.Open(t, mine).Identity(t.Context()); err != nil || who != game {
			t.Errorf("it says %v, %v", who, err)
		}
		for _, other := range []ledger.Identity{
			{AppID: "wx2", OfferID: "offer1", Env: "sandbox", Protocol: "v1"},
			{AppID: "wx1", OfferID: "offer2", Env: "sandbox", Protocol: "v1"},
			{AppID: "wx1", OfferID: "offer1", Env: "production", Protocol: "v1"},
			{AppID: "wx1", OfferID: "offer1", Env: "sandbox", Protocol: "v2"},
			{Env: "production"},
		} {
			for _, asIs := range []bool{false, true} {
				theirs := cfg
				theirs.Identity, theirs.AsIs = other, asIs
				l, err := ledger.Open(t.Context(), theirs)
				if err == nil {
					_ = l.Close()
				}
				said, ok := errors.AsType[*ledger.IdentityError](err)
				if !errors.Is(err, ledger.ErrOtherIdentity) || !ok || said.Ledger != game || said.Asked != other {
					t.Errorf("%v, as it is %t: %v", other, asIs, err)
				} else if !strings.Contains(err.Error(), game.String()) || !strings.Contains(err.Error(), other.String()) {
					t.Errorf("it does not name both: %v", err)
				}
			}
		}
		// Whoever names nobody only looks.
		if _, err := ledgertest.Open(t, cfg).Order(t.Context(), "m1"); err != nil {
			t.Error(err)
		}
	})
}

// A ledger of the version before says nothing. The first server that starts says it, with what is open in it; who only
// looks does not.
func TestALedgerThatIsNobodysYetBecomesTheFirstServers(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		create(t, l, wish("m1"))
		looks := cfg
		looks.Identity, looks.AsIs = ledger.Identity{AppID: "wx9", OfferID: "o", Env: "production", Protocol: "v2"}, true
		ledgertest.Open(t, looks)
		if err := l.Belongs(t.Context(), ledger.Identity{Env: "sandbox", Protocol: "v1"}); err != nil { // which a till knows
			t.Fatal(err)
		}
		mine := cfg
		mine.Identity = game
		who, err := ledgertest.Open(t, mine).Identity(t.Context())
		if err != nil || who != game {
			t.Errorf("it says %v, %v", who, err)
		}
	})
}

// Servers of two configs come upon a ledger that is nobody's at the same moment: one config wins, whole, and the other
// is refused.
func TestOfTwoIdentitiesAtOnceOneIsRefused(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		ledgertest.Open(t, cfg) // makes the tables
		other := ledger.Identity{AppID: "wx2", OfferID: "offer2", Env: "production", Protocol: "v2"}
		var mu sync.Mutex
		taken := map[ledger.Identity]int{}
		var all sync.WaitGroup
		for i := range 6 {
			mine := cfg
			if mine.Identity = game; i%2 == 1 {
				mine.Identity = other
			}
			all.Go(func() {
				l, err := ledger.Open(t.Context(), mine)
				if err == nil {
					err = l.Close()
					mu.Lock()
					taken[mine.Identity]++
					mu.Unlock()
				}
				if err != nil && !errors.Is(err, ledger.ErrOtherIdentity) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		who, err := ledgertest.Open(t, cfg).Identity(t.Context())
		if err != nil || len(taken) != 1 || taken[who] != 3 {
			t.Errorf("taken %v, it says %v, %v", taken, who, err)
		}
	})
}

package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// Whose a ledger is changes only where nothing can move money any more, and the accounts stay the same.
func TestALedgerIsMovedOnlyWhenNothingIsOpen(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		mine := cfg
		mine.Identity = ledger.Identity{AppID: "typo", OfferID: "offer1", Env: "production", Protocol: "v1"}
		l := ledgertest.Open(t, mine)
		if err := l.Move(t.Context(), game, "bob"); err != nil { // nothing was ever in it
			t.Fatal(err)
		}
		v2 := game
		v2.Protocol = "v2"
		refused := func(what string, to ledger.Identity, words string) {
			t.Helper()
			if err := l.Move(t.Context(), to, "bob"); !errors.Is(err, ledger.ErrNotMovable) || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v", what, err)
			}
			if who, err := l.Identity(t.Context()); err != nil || who != game {
				t.Errorf("%s: it is %v's, %v", what, who, err)
			}
		}
		old := func(o *ledger.Order) { o.CreatedAt, o.UpdatedAt = noon, noon }
		paid := move(t, l, create(t, l, wish("m1", old)), ledger.Paying, ledger.Paid)
		refused("an open order", v2, "1 orders that have not ended")
		move(t, l, paid, ledger.Delivered)
		now := time.Now()
		r := ledger.Recharge{OpenID: "alice", ZoneID: "1", RequestID: "c1", BuyQuantity: 60, CreatedAt: now, UpdatedAt: now}
		if _, err := l.OfferRecharge(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		refused("a recharge that may be paid", v2, "recharges")
		execute(t, raw(t, cfg), `UPDATE midas_recharges SET updated_at = 1`)
		production := game
		production.Env = "production"
		refused("another environment's accounts", production, "a ledger of its own")
		if err := l.Move(t.Context(), v2, "bob"); err != nil {
			t.Error(err)
		}
		mine.Identity = v2
		ledgertest.Open(t, mine)
	})
}

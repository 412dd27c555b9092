package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestRechargesAreFoundByGrowth(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		offer := func(id string, coins int64, at int) {
			t.Helper()
			when := noon.Add(time.Duration(at) * time.Second)
			if _, err := l.OfferRecharge(t.Context(), ledger.Recharge{
				OpenID: "alice", ZoneID: "1", RequestID: id, BuyQuantity: coins, CreatedAt: when, UpdatedAt: when,
			}); err != nil {
				t.Fatal(err)
			}
		}
		observe := func(sum int64) string {
			t.Helper()
			g, err := l.Observe(t.Context(), "alice", "1", ledger.Sums{SaveAmt: sum}, noon)
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprint(g.Coins)
			for _, r := range g.Recharges {
				text += " " + r.RequestID
			}
			return text
		}
		if seen, err := l.Seen(t.Context(), "alice", "1"); err != nil || seen {
			t.Errorf("seen before: %t, %v", seen, err)
		}
		if got := observe(500); got != "0" {
			t.Errorf("the first look found %s", got)
		}
		offer("small", 60, 0)
		offer("large", 300, 1)
		offer("given-up", 60, 2)
		report := func(id string, s ledger.RechargeState) {
			t.Helper()
			if r, err := l.ReportRecharge(t.Context(), "alice", id, s, noon); err != nil || r.State != s {
				t.Errorf("%+v, %v", r, err)
			}
		}
		report("given-up", ledger.RechargeCancelled)
		for _, step := range []struct {
			sum  int64
			want string
		}{
			{500, "0"}, {800, "300 large"}, {800, "0"}, {700, "0"}, {860, "60 small"}, {920, "60 given-up"}, {930, "10"},
		} {
			if got := observe(step.sum); got != step.want {
				t.Errorf("at %d: found %s, want %s", step.sum, got, step.want)
			}
		}
		if r, err := l.ReportRecharge(t.Context(), "alice", "large", ledger.RechargeFailed, noon); err != nil || r.State != ledger.RechargeCredited || r.Coins != 300 {
			t.Errorf("a late report: %+v, %v", r, err)
		}
		if _, err := l.ReportRecharge(t.Context(), "alice", "none", ledger.RechargeFailed, noon); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%v", err)
		}
		if _, err := l.OfferRecharge(t.Context(), ledger.Recharge{OpenID: "alice", ZoneID: "1", RequestID: "small", BuyQuantity: 61}); !errors.Is(err, ledger.ErrMismatch) {
			t.Errorf("%v", err)
		}
	})
}

func TestGrowthIsFoundOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)}
		for round := range 5 {
			player := fmt.Sprintf("player%d", round)
			var mu sync.Mutex
			var found int64
			look := func(sum int64) {
				var all sync.WaitGroup
				for i := range 8 {
					all.Go(func() {
						g, err := servers[i%2].Observe(t.Context(), player, "1", ledger.Sums{SaveAmt: sum}, noon)
						if err != nil {
							t.Error(err)
						}
						mu.Lock()
						defer mu.Unlock()
						found += g.Coins
					})
				}
				all.Wait()
			}
			look(100)
			look(160)
			look(160)
			if found != 60 {
				t.Errorf("found %d coins of 60", found)
			}
		}
	})
}

func TestAccountsTellWhatMidasShouldSay(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		paid := []ledger.State{ledger.Paying, ledger.Paid}
		unsure := func(o *ledger.Order) { o.UnsureSince = noon }
		move(t, l, create(t, l, wish("kept1")), append(paid, ledger.Delivered)...)
		move(t, l, create(t, l, wish("kept2")), paid...)
		move(t, l, create(t, l, wish("back")), append(paid, ledger.Refunding, ledger.Cancelled)...)
		move(t, l, create(t, l, wish("taken-back")), append(paid, ledger.Delivered, ledger.Refunding, ledger.Cancelled)...)
		move(t, l, create(t, l, wish("no")), ledger.Paying, ledger.Failed)
		move(t, l, create(t, l, wish("sure")), ledger.Paying)
		create(t, l, wish("new"))
		gift := func(o *ledger.Order) { o.Kind, o.Amount, o.ItemID, o.Quantity = ledger.Present, 7, "", 1 }
		move(t, l, create(t, l, wish("gift", gift)), ledger.Paying, ledger.Delivered)

		// Known for the first time while nothing is open: what is over was spent and given by somebody else.
		if _, err := l.Observe(t.Context(), "alice", "1", ledger.Sums{SaveAmt: 500, Spent: 150, PresentSum: 10}, noon); err != nil {
			t.Fatal(err)
		}
		move(t, l, create(t, l, wish("open", unsure)), ledger.Paying)
		move(t, l, create(t, l, wish("gift-open", gift, unsure)), ledger.Paying)
		move(t, l, create(t, l, wish("disputed", unsure)), ledger.Paying, ledger.Disputed)
		got, err := l.Account(t.Context(), "alice", "1")
		want := ledger.Account{
			OpenID: "alice", ZoneID: "1", SpentBefore: 30, PresentBefore: 3, Known: true, SaveAmt: 500,
			Kept: 120, GivenBack: 120, Open: 120, Presented: 7, PresentOpen: 7,
		}
		if err != nil || got != want {
			t.Errorf("%+v, %v\nwant %+v", got, err, want)
		}

		// Known for the first time while something is open: that is left for a later look.
		bob := func(o *ledger.Order) { o.OpenID = "bob" }
		o := move(t, l, create(t, l, wish("bobs", bob, unsure)), ledger.Paying)
		look := func(spent int64) ledger.Account {
			t.Helper()
			if _, err := l.Observe(t.Context(), "bob", "1", ledger.Sums{SaveAmt: 100, Spent: spent}, noon); err != nil {
				t.Fatal(err)
			}
			a, err := l.Account(t.Context(), "bob", "1")
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		if a := look(60); a.Known || a.Open != 60 {
			t.Errorf("%+v", a)
		}
		o.UnsureSince = time.Time{} // Midas has answered
		move(t, l, o, ledger.Paid, ledger.Delivered)
		if a := look(65); !a.Known || a.SpentBefore != 5 || a.Kept != 60 {
			t.Errorf("%+v", a)
		}

		var listed []string
		after := ledger.Account{}
		for {
			page, err := l.Accounts(t.Context(), noon, noon.Add(time.Hour), after, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			after = page[0]
			listed = append(listed, after.OpenID)
		}
		if !slices.Equal(listed, []string{"alice", "bob"}) {
			t.Errorf("%v", listed)
		}
		if none, err := l.Accounts(t.Context(), noon.Add(time.Hour), time.Time{}, ledger.Account{}, 10); err != nil || len(none) != 0 {
			t.Errorf("%+v, %v", none, err)
		}
		books, err := l.Books(t.Context())
		if err != nil || books.Orders[ledger.Delivered] != 2 || books.Coins[ledger.Delivered] != 120 || books.Coins[ledger.Cancelled] != 120 {
			t.Errorf("%+v, %v", books, err)
		}
	})
}

func TestSessionsAreKeptAndReplaced(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		if _, err := l.Session(t.Context(), "alice"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%v", err)
		}
		for _, sealed := range []string{"one\x00\xff", "two"} {
			if err := l.SaveSession(t.Context(), "alice", []byte(sealed), noon); err != nil {
				t.Fatal(err)
			}
			if got, err := l.Session(t.Context(), "alice"); err != nil || string(got) != sealed {
				t.Errorf("%q, %v", got, err)
			}
		}
	})
}

// Two logins of a player may be stored in the wrong order, by two servers whose clocks differ. None of the keys is lost
// by that.
func TestTheKeysOfLoginsAtOnceAreAllKept(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for _, step := range []struct {
			key  string
			at   time.Duration
			want string
		}{
			{"a", 0, "a"},
			{"b", time.Minute, "b a"},
			{"c", -time.Minute, "c b a"},
			{"d", 0, "d c b"},
			{"e", -time.Hour, "e d c"},
		} {
			if err := l.SaveSession(t.Context(), "alice", []byte(step.key), noon.Add(step.at)); err != nil {
				t.Fatal(err)
			}
			if got, err := l.Session(t.Context(), "alice"); err != nil || string(got) != step.key {
				t.Errorf("after %q: %q, %v", step.key, got, err)
			}
			kept, changed, err := l.Sessions(t.Context(), "alice")
			if got := string(bytes.Join(kept, []byte(" "))); err != nil || got != step.want || !changed.Equal(noon.Add(step.at)) {
				t.Errorf("after %q: %q of %s, %v", step.key, got, changed, err)
			}
		}
		// Their order changes, and not their age.
		if err := l.ChangeSessions(t.Context(), "alice", "", time.Time{}, func(kept [][]byte, _ time.Time) [][]byte {
			return [][]byte{kept[1], kept[2], kept[0]}
		}); err != nil {
			t.Fatal(err)
		}
		kept, changed, err := l.Sessions(t.Context(), "alice")
		if got := string(bytes.Join(kept, []byte(" "))); err != nil || got != "d c e" || !changed.Equal(noon.Add(-time.Hour)) {
			t.Errorf("%q of %s, %v", got, changed, err)
		}
	})
}

package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func goods(o *ledger.Order)  { o.Kind, o.Amount = ledger.Goods, 600 }
func refund(o *ledger.Order) { o.Kind, o.Amount, o.Source, o.OfTrade = ledger.Refund, 200, 2, "pass" }

func TestGoodsAndRefundsHaveMachinesOfTheirOwn(t *testing.T) {
	ways := map[ledger.Kind]map[ledger.State][]ledger.State{
		ledger.Goods: {
			ledger.Paying: {}, ledger.Failed: {ledger.Failed}, ledger.Paid: {ledger.Paid}, ledger.Delivered: {ledger.Paid, ledger.Delivered},
			ledger.Disputed: {ledger.Disputed}, ledger.Cancelled: {ledger.Cancelled},
		},
		ledger.Refund: {ledger.Paid: {}, ledger.Delivered: {ledger.Delivered}, ledger.Disputed: {ledger.Disputed}},
	}
	arrows := map[string]bool{ // besides staying
		"goods paying paid": true, "goods paying failed": true, "goods paying cancelled": true, "goods paying disputed": true,
		"goods failed paid": true, "goods failed cancelled": true, "goods failed disputed": true,
		"goods paid delivered": true, "goods paid disputed": true, "goods delivered cancelled": true,
		"goods disputed cancelled": true, "goods disputed paid": true,
		"refund paid delivered": true, "refund paid disputed": true,
	}
	kinds := map[ledger.Kind]func(*ledger.Order){ledger.Goods: goods, ledger.Refund: refund}
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for kind, states := range ways {
			for from, way := range states {
				for _, to := range ledger.States() {
					o := move(t, l, create(t, l, wish(fmt.Sprintf("%s-%s-%s", kind, from, to), kinds[kind])), way...)
					after := o
					if after.State, after.DueAt = to, noon.Add(lease); to.Ended() {
						after.DueAt = time.Time{}
					}
					_, err := l.Advance(t.Context(), o, after)
					may := arrows[fmt.Sprintf("%s %s %s", kind, from, to)]
					if stays := from == to && !from.Ended(); (may || stays) != (err == nil) {
						t.Errorf("%s from %s to %s: %v", kind, from, to, err)
					}
					if kind.Allows(from, to) != may {
						t.Errorf("%s may go from %s to %s: %t", kind, from, to, !may)
					}
				}
			}
		}
	})
}

func TestMoneyIsInNoSumOfCoins(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		move(t, l, create(t, l, wish("coins")), ledger.Paying, ledger.Paid, ledger.Delivered)
		move(t, l, create(t, l, wish("pass", goods)), ledger.Paid, ledger.Delivered)
		create(t, l, wish("unpaid", goods))
		create(t, l, wish("back-1", refund))
		create(t, l, wish("back-2", refund, func(o *ledger.Order) { o.Amount = 100 }))
		create(t, l, wish("other", refund, func(o *ledger.Order) { o.OfTrade = "another" }))
		b, err := l.Books(t.Context())
		if err != nil || b.Orders[ledger.Delivered] != 1 || b.Coins[ledger.Delivered] != 60 || b.Goods[ledger.Delivered] != 1 || b.Fen[ledger.Delivered] != 600 ||
			b.Goods[ledger.Paying] != 1 || b.Refunds != 3 || b.RefundedFen != 500 {
			t.Errorf("%+v, %v", b, err)
		}
		if a, err := l.Account(t.Context(), "alice", "1"); err != nil || a.Kept != 60 || a.Open != 0 {
			t.Errorf("%+v, %v", a, err)
		}
		if fen, err := l.Refunded(t.Context(), "pass"); err != nil || fen != 300 {
			t.Errorf("%d fen given back, %v", fen, err)
		}
		if fen, err := l.Refunded(t.Context(), ""); err != nil || fen != 0 {
			t.Errorf("%d fen given back of nothing, %v", fen, err)
		}
		list, err := l.Orders(t.Context(), "alice", "", 10)
		if err != nil || len(list) != 3 {
			t.Errorf("the player sees %+v, %v", list, err)
		}
		o, err := l.Order(t.Context(), "back-1")
		if err != nil || o.OfTrade != "pass" || o.Source != 2 || o.State != ledger.Paid {
			t.Errorf("%+v, %v", o, err)
		}
		if _, _, err := l.Create(t.Context(), wish("again", refund, func(o *ledger.Order) { o.RequestID, o.Amount = "r-back-1", 7 })); !errors.Is(err, ledger.ErrMismatch) {
			t.Errorf("a refund told with another amount: %v", err)
		}
		for after, want := range map[string]int{"": 1, "pass": 1, "unpaid": 0} {
			if n, err := l.UnpaidGoods(t.Context(), "alice", after, 5); err != nil || n != want {
				t.Errorf("%d unpaid after %q, %v", n, after, err)
			}
		}
		if n, err := l.UnpaidGoods(t.Context(), "bob", "", 5); err != nil || n != 0 {
			t.Errorf("%d of bob's unpaid, %v", n, err)
		}
		// A start does not make everything that is unpaid due.
		if n, err := l.Reclaim(t.Context(), noon, 0); err != nil || n != 3 {
			t.Errorf("%d resumed, %v", n, err)
		}
	})
}

func TestRechargesConfirmedByNumberAreNotFoundAgain(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for i, trade := range []string{"t1", "t2", "t3", ""} {
			at := noon.Add(time.Duration(i) * time.Second)
			if _, err := l.OfferRecharge(t.Context(), ledger.Recharge{
				OpenID: "alice", ZoneID: "1", RequestID: fmt.Sprint("r", i+1), OutTradeNo: trade, BuyQuantity: 60, CreatedAt: at, UpdatedAt: at,
			}); err != nil {
				t.Fatal(err)
			}
		}
		observe := func(sum int64, coins int64, credited ...string) {
			t.Helper()
			g, err := l.Observe(t.Context(), "alice", "1", ledger.Sums{SaveAmt: sum}, noon)
			if err != nil || g.Coins != coins || len(g.Recharges) != len(credited) {
				t.Fatalf("at %d: %+v, %v; want %d for %v", sum, g, err, coins, credited)
			}
			for i, r := range g.Recharges {
				if r.RequestID != credited[i] {
					t.Errorf("at %d: %+v, want %v", sum, g.Recharges, credited)
				}
			}
		}
		confirm := func(trade string, coins int64, fresh bool) {
			t.Helper()
			r, got, err := l.ConfirmRecharge(t.Context(), trade, coins, noon)
			if err != nil || got != fresh || r.State != ledger.RechargeCredited || r.OutTradeNo != trade {
				t.Errorf("confirmed %s: %+v, fresh %t, %v", trade, r, got, err)
			}
		}
		observe(100, 0)
		if _, err := l.ReportRecharge(t.Context(), "alice", "r1", ledger.RechargePending, noon); err != nil {
			t.Fatal(err)
		}
		waiting, err := l.WaitingRecharges(t.Context(), "alice", "1", 2)
		if err != nil || len(waiting) != 2 || waiting[0].RequestID != "r1" || waiting[1].RequestID != "r3" {
			t.Errorf("the likeliest and the newest should be %+v, %v", waiting, err)
		}
		confirm("t2", 0, true)
		confirm("t2", 0, false)
		if sum, err := l.SaveAmt(t.Context(), "alice", "1"); err != nil || sum != 160 {
			t.Errorf("expects %d, %v", sum, err)
		}
		observe(160, 60)       // the coins of t2, which are no news of any recharge
		observe(220, 60, "r1") // by guess, the oldest of equals
		confirm("t1", 0, false)
		confirm("t3", 0, true)
		observe(220, 0) // Midas is sure of the coins, and the sum is an old one
		observe(280, 60)
		observe(340, 60, "r4")
	})
}

func TestConfirmationsOfMissingRecharges(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for _, trade := range []string{"", "nobody's"} {
			if _, fresh, err := l.ConfirmRecharge(t.Context(), trade, 1, noon); fresh || !errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("%q: %t, %v", trade, fresh, err)
			}
		}
		// Of a player whose save_amt was never seen nothing can grow; the recharge is credited all the same.
		if _, err := l.OfferRecharge(t.Context(), ledger.Recharge{OpenID: "bob", ZoneID: "1", RequestID: "r", OutTradeNo: "t9", BuyQuantity: 60, CreatedAt: noon}); err != nil {
			t.Fatal(err)
		}
		if r, fresh, err := l.ConfirmRecharge(t.Context(), "t9", 30, noon); !fresh || err != nil || r.Coins != 30 {
			t.Errorf("%+v, %t, %v", r, fresh, err)
		}
		if _, err := l.SaveAmt(t.Context(), "bob", "1"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// A push and a look, told to two servers at once, credit a recharge once.
func TestARechargeIsCreditedOnceByWhoeverIsFirst(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)}
		if _, err := servers[0].Observe(t.Context(), "alice", "1", ledger.Sums{SaveAmt: 0}, noon); err != nil {
			t.Fatal(err)
		}
		for round := range 10 {
			trade := fmt.Sprint("t", round)
			if _, err := servers[0].OfferRecharge(t.Context(), ledger.Recharge{
				OpenID: "alice", ZoneID: "1", RequestID: trade, OutTradeNo: trade, BuyQuantity: 60, CreatedAt: noon,
			}); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var all sync.WaitGroup
			credits := 0
			for _, l := range servers {
				all.Go(func() {
					_, fresh, err := l.ConfirmRecharge(t.Context(), trade, 60, noon)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					} else if fresh {
						credits++
					}
				})
				all.Go(func() {
					g, err := l.Observe(t.Context(), "alice", "1", ledger.Sums{SaveAmt: int64(60 * (round + 1))}, noon)
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					credits += len(g.Recharges)
				})
			}
			all.Wait()
			if credits != 1 {
				t.Errorf("round %d: credited %d times", round, credits)
			}
		}
	})
}

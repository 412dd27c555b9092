package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// credits are what the host is to be told of a player, the oldest first.
func credits(t *testing.T, l *ledger.Ledger, openid string) (coins []int64) {
	t.Helper()
	list, _, err := l.Search(t.Context(), ledger.Filter{OpenID: openid, Kinds: []ledger.Kind{ledger.Credit}, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	for i := len(list) - 1; i >= 0; i-- {
		coins = append(coins, list[i].Amount)
	}
	return coins
}

func TestTheHostIsToldOfCoinsOnceInTheTransactionThatFindsThem(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		tellCredits(l)
		b := newBuyer(l, "alice")
		if got := credits(t, l, "alice"); got != nil {
			t.Fatalf("of what was there before the player was known: %v", got)
		}
		id := b.offer(60)
		b.pay(id, 60)
		b.confirm(id, true) // a push tells of it before the balance does
		if got := credits(t, l, "alice"); fmt.Sprint(got) != "[60]" {
			t.Fatalf("after the push: %v", got)
		}
		b.confirm(id, true)
		if g := b.look(b.begin()); g.Told {
			t.Error("told again of the coins of a push")
		}
		b.saveAmt += 30 // bought elsewhere
		if g := b.look(b.begin()); !g.Told {
			t.Error("not told of coins that save_amt shows")
		}
		list, _, err := l.Search(t.Context(), ledger.Filter{OpenID: "alice", Kinds: []ledger.Kind{ledger.Credit}, Limit: 50})
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		first, second := list[1], list[0]
		if first.OfTrade != b.trade(id) || first.Quantity != 160 || first.State != ledger.Paid || second.OfTrade != "" || second.Amount != 30 || second.Quantity != 190 {
			t.Errorf("%+v\n%+v", first, second)
		}
		if _, err := l.Resolve(t.Context(), first.BillNo, ledger.Resolution{As: ledger.Delivered, Who: "x", Why: "y", At: noon}); !errors.Is(err, ledger.ErrNotDisputed) {
			t.Errorf("a credit that is to be told yet: %v", err)
		}
		a, err := l.Account(t.Context(), "alice", "1")
		if err != nil || a.Kept != 0 || a.Open != 0 || !a.Known {
			t.Errorf("credits are in the books of what was spent: %+v, %v", a, err)
		}
	})
}

// Coins that came before the ledger kept count, or while a server of an earlier version shared it, are not lost and not
// told twice.
func TestCreditsBeginWithWhatAnEarlierVersionKnew(t *testing.T) {
	cfg := ledger.Config{Driver: "sqlite", DSN: t.TempDir() + "/l.db"}
	l, db := ledgertest.Open(t, cfg), raw(t, cfg)
	tellCredits(l)
	b := newBuyer(l, "alice")
	exec := func(query string) {
		t.Helper()
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	exec(`UPDATE midas_players SET credited = -1, save_amt = 400`) // as the upgrade leaves it
	b.saveAmt = 400
	if g := b.look(b.begin()); g.Told || credits(t, l, "alice") != nil {
		t.Errorf("told of what was bought before: %+v", g)
	}
	b.saveAmt = 430
	if g := b.look(b.begin()); !g.Told || fmt.Sprint(credits(t, l, "alice")) != "[30]" {
		t.Errorf("%+v, %v", g, credits(t, l, "alice"))
	}
	exec(`UPDATE midas_players SET save_amt = 500`) // an earlier version has looked
	b.saveAmt = 500
	if g := b.look(b.begin()); !g.Told || fmt.Sprint(credits(t, l, "alice")) != "[30 70]" {
		t.Errorf("%+v, %v", g, credits(t, l, "alice"))
	}
}

// What is bought while nobody wants to be told is never told, however late somebody wants to.
func TestNobodyIsToldOfWhatWasBoughtBeforeTheyAsked(t *testing.T) {
	l := ledgertest.Open(t, ledger.Config{DSN: t.TempDir() + "/l.db"})
	b := newBuyer(l, "alice")
	b.saveAmt += 60
	b.look(b.begin())
	tellCredits(l)
	b.saveAmt += 10
	b.look(b.begin())
	if got := fmt.Sprint(credits(t, l, "alice")); got != "[10]" {
		t.Error(got)
	}
}

// allowed is an allowance of so many fen, of which 10 coins cost 100.
func allowed(fen int64, now time.Time) *ledger.Allowance {
	return &ledger.Allowance{Fen: fen, CoinsPerYuan: 10, Open: 15 * time.Minute, Now: now}
}

func TestAnAllowanceIsKeptOnAllServersAtOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg)}
		if !servers[0].OneServer() {
			servers = append(servers, ledgertest.Open(t, cfg), ledgertest.Open(t, cfg))
		}
		for _, zone := range []string{"1", "2"} {
			if _, err := servers[0].Observe(t.Context(), "alice", zone, ledger.Sums{}, noon); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		offered, refused := 0, 0
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				l, id := servers[i%len(servers)], fmt.Sprint("r", i)
				var err error
				if i%2 == 0 {
					_, err = l.OfferRechargeWithin(t.Context(), ledger.Recharge{
						OpenID: "alice", ZoneID: fmt.Sprint(1 + i/2%2), RequestID: id, OutTradeNo: "trade-" + id, BuyQuantity: 300, CreatedAt: noon, UpdatedAt: noon,
					}, allowed(200_00, noon))
				} else {
					_, _, err = l.CreateWithin(t.Context(), ledger.Order{
						BillNo: "bill-" + id, Kind: ledger.Goods, OpenID: "alice", ZoneID: "1", RequestID: id, ItemID: "skin", Quantity: 1, Amount: 30_00,
						CreatedAt: noon, UpdatedAt: noon, DueAt: noon,
					}, ledger.Bounds{Pay: allowed(200_00, noon)})
				}
				mu.Lock()
				defer mu.Unlock()
				switch over := (*ledger.AllowanceError)(nil); {
				case err == nil:
					offered++
				case errors.As(err, &over) && errors.Is(err, ledger.ErrOverAllowance) && over.Left == 20_00:
					refused++
				default:
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		wg.Wait()
		if offered != 6 || refused != 18 { // of 30 yuan each
			t.Errorf("%d of 200 yuan's worth were offered, %d refused", offered, refused)
		}
	})
}

func TestWhatCountsToAnAllowance(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		n := 0
		trade := func(openid, id string) string { return openid + "-" + id }
		// left is what a player may still pay, asked for by something that costs all there is.
		left := func(openid string, now time.Time) int64 {
			t.Helper()
			n++
			_, err := l.OfferRechargeWithin(t.Context(), ledger.Recharge{
				OpenID: openid, ZoneID: "1", RequestID: fmt.Sprint("probe", n), OutTradeNo: trade(openid, fmt.Sprint("probe", n)), BuyQuantity: 100_000, CreatedAt: now, UpdatedAt: now,
			}, allowed(400_00, now))
			var over *ledger.AllowanceError
			if !errors.As(err, &over) {
				t.Fatalf("%v", err)
			}
			return over.Left
		}
		offer := func(openid, id string, coins int64, now time.Time) error {
			_, err := l.OfferRechargeWithin(t.Context(), ledger.Recharge{
				OpenID: openid, ZoneID: "1", RequestID: id, OutTradeNo: trade(openid, id), BuyQuantity: coins, CreatedAt: now, UpdatedAt: now,
			}, allowed(400_00, now))
			return err
		}
		report := func(openid, id string, as ledger.RechargeState, now time.Time) {
			t.Helper()
			if _, err := l.ReportRecharge(t.Context(), openid, id, as, now); err != nil {
				t.Fatal(err)
			}
		}
		see := func(openid string, saveAmt int64, now time.Time) {
			t.Helper()
			if _, err := l.Observe(t.Context(), openid, "1", ledger.Sums{SaveAmt: saveAmt}, now); err != nil {
				t.Fatal(err)
			}
		}
		want := func(what, openid string, now time.Time, fen int64) {
			t.Helper()
			if got := left(openid, now); got != fen {
				t.Errorf("%s: %d fen are left, want %d", what, got, fen)
			}
		}
		if err := offer("nobody", "r", 60, noon); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("a player who was never seen: %v", err)
		}

		see("windows", 1000, noon)
		if err := offer("windows", "w", 980, noon); err != nil {
			t.Fatal(err)
		}
		want("an open window", "windows", noon.Add(10*time.Minute), 302_00)
		want("a window of long ago", "windows", noon.Add(16*time.Minute), 400_00)
		report("windows", "w", ledger.RechargePending, noon.Add(17*time.Minute))
		want("said to be paid", "windows", noon.Add(20*time.Hour), 302_00)
		want("said to be paid, and never came", "windows", noon.Add(25*time.Hour), 400_00)
		report("windows", "w", ledger.RechargeCancelled, noon.Add(25*time.Hour))
		want("given up", "windows", noon.Add(25*time.Hour), 400_00)
		if err := offer("windows", "w2", 3280, noon.Add(25*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := offer("windows", "w", 980, noon.Add(25*time.Hour)); !errors.Is(err, ledger.ErrOverAllowance) {
			t.Errorf("a window that was given up is opened anew, beyond what is allowed: %v", err)
		}
		if err := offer("windows", "w", 300, noon.Add(25*time.Hour)); !errors.Is(err, ledger.ErrMismatch) {
			t.Errorf("asked for again with another quantity: %v", err)
		}

		see("coins", 1000, noon)
		see("coins", 1060, noon)
		want("coins that came, of which no window is known", "coins", noon, 394_00)
		if err := offer("coins", "c", 60, noon); err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.ConfirmRecharge(t.Context(), trade("coins", "c"), 60, noon); err != nil {
			t.Fatal(err)
		}
		want("coins of which a push has told", "coins", noon, 388_00)
		see("coins", 1120, noon)
		want("and that the balance shows", "coins", noon, 388_00)
		want("in the next month of Beijing's", "coins", time.Date(noon.Year(), noon.Month()+1, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600)), 400_00)
		want("a moment before", "coins", time.Date(noon.Year(), noon.Month()+1, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600)).Add(-time.Second), 388_00)
		if err := offer("coins", "c", 60, noon); err != nil {
			t.Errorf("what is credited is told as it stands: %v", err)
		}

		see("goods", 0, noon)
		for i, state := range []ledger.State{ledger.Paying, ledger.Paid, ledger.Delivered, ledger.Cancelled, ledger.Failed} {
			o, _, err := l.Create(t.Context(), ledger.Order{
				BillNo: fmt.Sprint("goods-", i), Kind: ledger.Goods, OpenID: "goods", ZoneID: "1", RequestID: fmt.Sprint(i), ItemID: "skin", Quantity: 1, Amount: 10_00,
				Paid: map[bool]int64{true: 7_00}[state == ledger.Delivered], CreatedAt: noon, UpdatedAt: noon, DueAt: noon,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, next := range map[ledger.State][]ledger.State{
				ledger.Paid: {ledger.Paid}, ledger.Delivered: {ledger.Paid, ledger.Delivered}, ledger.Cancelled: {ledger.Paid, ledger.Delivered, ledger.Cancelled}, ledger.Failed: {ledger.Failed},
			}[state] {
				after := o
				after.State = next
				if o, err = l.Advance(t.Context(), o, after); err != nil {
					t.Fatal(err)
				}
			}
		}
		want("goods offered, paid and delivered at a discount; not those whose money is back", "goods", noon, 373_00)
		want("once the offer is old", "goods", noon.Add(16*time.Minute), 383_00)
	})
}

// A refusal stores nothing, and takes no other write of its batch with it.
func TestAnOfferThatIsRefusedLeavesNoTrace(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		if _, err := l.Observe(t.Context(), "alice", "1", ledger.Sums{}, noon); err != nil {
			t.Fatal(err)
		}
		_, _, err := l.CreateWithin(t.Context(), ledger.Order{
			BillNo: "b", Kind: ledger.Goods, OpenID: "alice", ZoneID: "1", RequestID: "r", ItemID: "skin", Quantity: 1, Amount: 30_00, CreatedAt: noon, UpdatedAt: noon, DueAt: noon,
		}, ledger.Bounds{Pay: allowed(10_00, noon)})
		if !errors.Is(err, ledger.ErrOverAllowance) || errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if _, err := l.Order(context.Background(), "b"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("the order was stored: %v", err)
		}
	})
}

func TestAQuotaIsKeptOnAllServersAtOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg)}
		if !servers[0].OneServer() {
			servers = append(servers, ledgertest.Open(t, cfg), ledgertest.Open(t, cfg))
		}
		quota := ledger.Bounds{Item: &ledger.Quota{Most: 7, Open: 15 * time.Minute, Now: noon}}
		order := func(i int, item string, b ledger.Bounds) error {
			kind := ledger.Purchase
			if i%2 == 0 {
				kind = ledger.Goods
			}
			_, _, err := servers[i%len(servers)].CreateWithin(t.Context(), ledger.Order{
				BillNo: fmt.Sprint("bill-", item, i), Kind: kind, OpenID: "alice", ZoneID: "1", RequestID: fmt.Sprint(item, i), ItemID: item, Quantity: 2, Amount: 10,
				CreatedAt: noon, UpdatedAt: noon, DueAt: noon,
			}, b)
			return err
		}
		if err := order(0, "skin", quota); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("a player who was never seen: %v", err)
		}
		if _, err := servers[0].Observe(t.Context(), "alice", "1", ledger.Sums{}, noon); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		made := 0
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				err := order(i, "skin", quota)
				mu.Lock()
				defer mu.Unlock()
				switch over := (*ledger.QuotaError)(nil); {
				case err == nil:
					made++
				case !errors.As(err, &over) || over.Left != 1 || errors.Is(err, ledger.ErrUnavailable):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made != 3 {
			t.Errorf("%d orders of 2 were made, of 7 that may be bought", made)
		}
		if err := order(1, "other", quota); err != nil {
			t.Errorf("another item: %v", err)
		}
		bought, err := servers[0].Bought(t.Context(), "alice", 15*time.Minute, noon, "skin", "other", "none")
		if err != nil || bought["skin"] != 6 || bought["other"] != 2 || bought["none"] != 0 {
			t.Errorf("%v, %v", bought, err)
		}
		later, err := servers[0].Bought(t.Context(), "alice", 15*time.Minute, noon.Add(16*time.Minute), "skin")
		if err != nil || later["skin"]%2 != 0 || later["skin"] > 6 {
			t.Errorf("%v, %v", later, err)
		}
	})
}

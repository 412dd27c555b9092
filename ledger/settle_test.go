package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// buyer is a player, and Midas as far as it concerns that player.
type buyer struct {
	l       *ledger.Ledger
	openid  string
	now     time.Time
	saveAmt int64
	seen    int64            // save_amt at the last look
	paid    map[string]int64 // request id → coins that came
	offered []string
	outside int64
}

func newBuyer(l *ledger.Ledger, openid string) *buyer {
	b := &buyer{l: l, openid: openid, now: noon, saveAmt: 100, paid: map[string]int64{}}
	b.look(nil)
	return b
}

func (b *buyer) must(err error) {
	if err != nil {
		panic(err)
	}
}

func (b *buyer) trade(id string) string { return b.openid + "-" + id }

func (b *buyer) offer(coins int64) string {
	id := fmt.Sprint("r", len(b.offered))
	_, err := b.l.OfferRecharge(context.Background(), ledger.Recharge{
		OpenID: b.openid, ZoneID: "1", RequestID: id, OutTradeNo: b.trade(id), BuyQuantity: coins, CreatedAt: b.now, UpdatedAt: b.now,
	})
	b.must(err)
	b.offered = append(b.offered, id)
	return id
}

func (b *buyer) report(id string, state ledger.RechargeState) {
	_, err := b.l.ReportRecharge(context.Background(), b.openid, id, state, b.now)
	b.must(err)
}

// pay brings coins, which need not be as many as were asked for.
func (b *buyer) pay(id string, coins int64) {
	if b.paid[id] == 0 {
		b.paid[id] = coins
		b.saveAmt += coins
	}
}

// confirm is Midas's word about a recharge: a push that tells how many coins came, or an answer that does not.
func (b *buyer) confirm(id string, told bool) {
	coins := b.paid[id]
	if !told {
		coins = 0
	}
	_, _, err := b.l.ConfirmRecharge(context.Background(), b.trade(id), coins, b.now)
	b.must(err)
}

func (b *buyer) look(k *ledger.Look) ledger.Growth {
	g, err := b.l.Observe(context.Background(), b.openid, "1", ledger.Sums{SaveAmt: b.saveAmt, Look: k}, b.now)
	b.must(err)
	b.seen = max(b.seen, b.saveAmt)
	return g
}

func (b *buyer) begin() *ledger.Look {
	k, err := b.l.BeginLook(context.Background(), b.openid, "1")
	b.must(err)
	return k
}

func (b *buyer) recharge(id string) ledger.Recharge {
	r, err := b.l.Recharge(context.Background(), b.openid, id)
	b.must(err)
	return r
}

func (b *buyer) credited() (sum int64) {
	for _, id := range b.offered {
		r := b.recharge(id)
		if (r.State == ledger.RechargeCredited) != (r.Coins > 0) {
			panic(fmt.Sprintf("%+v", r))
		}
		sum += r.Coins
	}
	return sum
}

// balances tells what is wrong with a player's books as they lie in the database: what the credited recharges have come
// to is what save_amt has grown by, without the coins that are nobody's, and with those that it has still to show;
// these are what recharges wait to see.
func (b *buyer) balances(db *sql.DB) string {
	var saveAmt, loose, ahead, coins, unseen int64
	b.must(db.QueryRow(`SELECT save_amt, loose, ahead FROM midas_players WHERE openid = '`+b.openid+`'`).Scan(&saveAmt, &loose, &ahead))
	b.must(db.QueryRow(`SELECT COALESCE(SUM(coins), 0), COALESCE(SUM(unseen), 0) FROM midas_recharges WHERE openid = '`+b.openid+`' AND state = 'credited'`).
		Scan(&coins, &unseen))
	var odd int64
	b.must(db.QueryRow(`SELECT COUNT(*) FROM midas_recharges WHERE openid = '` + b.openid + `' AND (unseen < 0 OR unseen > coins)`).Scan(&odd))
	if coins != saveAmt-100-loose+ahead || unseen != ahead || loose < 0 || ahead < 0 || odd > 0 {
		return fmt.Sprintf("%d coins credited, of which %d are unseen; save_amt grew by %d, %d loose, %d ahead", coins, unseen, saveAmt-100, loose, ahead)
	}
	return ""
}

// told tells what is wrong with what the host is told of a player: never more than came, and each coin once.
func (b *buyer) told(db *sql.DB) string {
	var told, highest, month int64
	b.must(db.QueryRow(`SELECT COALESCE(SUM(amount), 0), COALESCE(MAX(quantity), 100) FROM midas_orders WHERE openid = '`+b.openid+`' AND kind = 'credit'`).Scan(&told, &highest))
	b.must(db.QueryRow(`SELECT month_coins FROM midas_players WHERE openid = '` + b.openid + `'`).Scan(&month))
	if told > b.saveAmt-100 || told < b.seen-100 || highest != 100+told || month != told {
		return fmt.Sprintf("the host is told of %d coins (up to %d, %d this month), and %d have come, of which %d were seen", told, highest, month, b.saveAmt-100, b.seen-100)
	}
	return ""
}

// tellCredits has credits told, numbered as they come.
func tellCredits(l *ledger.Ledger) {
	n := 0
	l.TellCredits(func(string, string) ledger.Order {
		n++
		return ledger.Order{BillNo: fmt.Sprintf("credit-%06d", n), CreatedAt: noon, UpdatedAt: noon, DueAt: noon}
	})
}

// Whatever is offered, paid with another quantity, reported, pushed, asked about and looked at, in whatever order: once
// Midas has said what was paid and has been looked at, each paid recharge is in the books once and with what came, no
// other is, and all together are what save_amt grew by.
func TestTheBooksOfRechargesAreWhatSaveAmtGrewBy(t *testing.T) {
	cfg := ledger.Config{Driver: "sqlite", DSN: t.TempDir() + "/l.db"}
	l, db := ledgertest.Open(t, cfg), raw(t, cfg)
	tellCredits(l)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		b := newBuyer(l, fmt.Sprint("player", n))
		var begun *ledger.Look
		stale := b.saveAmt
		outside := rapid.Bool().Draw(r, "coins are bought elsewhere, too")
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			b.now = b.now.Add(time.Duration(rapid.IntRange(1, 600).Draw(r, "seconds")) * time.Second)
			sizes := rapid.SampledFrom([]int64{10, 30, 60})
			if wrong := b.balances(db); wrong != "" {
				r.Fatal(wrong)
			}
			if wrong := b.told(db); wrong != "" {
				r.Fatal(wrong)
			}
			what := rapid.SampledFrom([]string{"offer", "offer", "pay", "pay", "pay other", "report", "push", "ask", "look", "begin", "end", "outside"}).Draw(r, "what")
			if what == "offer" {
				b.offer(sizes.Draw(r, "coins"))
				continue
			}
			id := ""
			if len(b.offered) > 0 {
				id = rapid.SampledFrom(b.offered).Draw(r, "which")
			}
			switch {
			case what == "look":
				b.look(b.begin())
			case what == "begin": // a look whose answer is late
				begun, stale = b.begin(), b.saveAmt
			case what == "end" && begun != nil:
				now := b.saveAmt
				b.saveAmt = stale
				b.look(begun)
				b.saveAmt, begun = now, nil
			case what == "outside" && outside:
				coins := sizes.Draw(r, "coins")
				b.saveAmt += coins
				b.outside += coins
			case id == "":
			case what == "pay":
				b.pay(id, b.recharge(id).BuyQuantity)
			case what == "pay other":
				b.pay(id, sizes.Draw(r, "instead"))
			case what == "report":
				b.report(id, rapid.SampledFrom([]ledger.RechargeState{ledger.RechargePending, ledger.RechargeCancelled, ledger.RechargeFailed}).Draw(r, "as"))
			case what == "push" && b.paid[id] > 0:
				b.confirm(id, true)
			case what == "ask" && b.paid[id] > 0:
				b.confirm(id, false)
			}
		}
		for _, id := range b.offered { // every push comes in the end
			if b.paid[id] > 0 {
				b.confirm(id, true)
			}
		}
		for _, wrong := range []string{b.balances(db), b.told(db)} {
			if wrong != "" {
				r.Fatal(wrong)
			}
		}
		b.look(b.begin())
		if wrong := b.told(db); wrong != "" {
			r.Fatal(wrong)
		}
		b.now = b.now.Add(2 * time.Hour)
		b.look(b.begin())
		grown := b.saveAmt - 100
		if sum := b.credited(); sum > grown || b.outside == 0 && sum != grown {
			r.Errorf("%d coins are in the books, and save_amt grew by %d", sum, grown)
		}
		for _, id := range b.offered {
			got := b.recharge(id)
			if paid := b.paid[id]; paid > 0 && got.Coins != paid || paid == 0 && got.Coins != 0 && b.outside == 0 {
				r.Errorf("%s brought %d coins: %+v", id, paid, got)
			}
		}
		// Nothing is left that would swallow the next one, or be found once more.
		next := b.offer(60)
		b.report(next, ledger.RechargePending)
		b.pay(next, 60)
		if g := b.look(b.begin()); g.Coins != 60 || len(g.Recharges) != 1 || g.Recharges[0].RequestID != next {
			r.Errorf("of the next one %+v was found", g)
		}
	})
}

// Without a word of Midas's about a number there is only save_amt (protocol V1). Whatever the windows brought, all of
// it is in the books.
func TestWithoutNumbersTheBooksFollowSaveAmt(t *testing.T) {
	l := ledgertest.Open(t, ledger.Config{DSN: t.TempDir() + "/l.db"})
	for name, c := range map[string]struct {
		asked, paid []int64
		want        []int64
	}{
		"as asked":                   {[]int64{60}, []int64{60}, []int64{60}},
		"fewer":                      {[]int64{60}, []int64{30}, []int64{30}},
		"more":                       {[]int64{60}, []int64{300}, []int64{300}},
		"two at once":                {[]int64{60, 30}, []int64{60, 30}, []int64{60, 30}},
		"the last of three":          {[]int64{60, 60, 60}, []int64{0, 0, 60}, []int64{0, 0, 60}},
		"two that only together fit": {[]int64{50, 60, 50}, []int64{50, 0, 50}, []int64{50, 0, 50}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuyer(l, name)
			for i, coins := range c.asked {
				b.now = b.now.Add(time.Minute)
				id := b.offer(coins)
				b.report(id, ledger.RechargePending)
				b.pay(id, c.paid[i])
			}
			b.look(nil)
			for i, id := range b.offered {
				if got := b.recharge(id).Coins; got != c.want[i] {
					t.Errorf("%s: %d coins, want %d", id, got, c.want[i])
				}
			}
			next := b.offer(60)
			b.report(next, ledger.RechargePending)
			b.pay(next, 60)
			b.look(nil)
			if got := b.recharge(next); got.Coins != 60 {
				t.Errorf("the next: %+v", got)
			}
		})
	}
}

// However many windows a player has opened and closed, the one that was paid is found.
func TestAbandonedRechargesDoNotHideThePaidOne(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		b := newBuyer(ledgertest.Open(t, cfg), "alice")
		for n := range 120 {
			b.now = b.now.Add(time.Hour)
			id := b.offer(60)
			if n%2 == 0 {
				b.report(id, ledger.RechargeCancelled)
			}
		}
		b.now = b.now.Add(time.Hour)
		paid := b.offer(60)
		b.report(paid, ledger.RechargePending)
		if list, err := b.l.WaitingRecharges(t.Context(), "alice", "1", 1); err != nil || len(list) != 1 || list[0].RequestID != paid {
			t.Errorf("%+v, %v", list, err)
		}
		b.pay(paid, 60)
		if g := b.look(nil); len(g.Recharges) != 1 || g.Recharges[0].RequestID != paid {
			t.Errorf("%+v", g)
		}
	})
}

// A number of which Midas has said that it was not paid gets no coins that were bought elsewhere.
func TestARechargeThatMidasCallsUnpaidGetsNoCoins(t *testing.T) {
	b := newBuyer(ledgertest.Open(t, ledger.Config{DSN: t.TempDir() + "/l.db"}), "alice")
	id := b.offer(60)
	b.saveAmt += 60
	k := b.begin()
	k.Unpaid = append(k.Unpaid, b.trade(id))
	if g := b.look(k); g.Coins != 60 || len(g.Recharges) != 0 {
		t.Errorf("%+v", g)
	}
	// It was, after all: the coins that have come are its.
	b.paid[id] = 60
	b.confirm(id, true)
	b.look(b.begin())
	if sum := b.credited(); sum != 60 || b.begin().SaveAmt != b.saveAmt {
		t.Errorf("%d coins, and %d are expected of %d", sum, b.begin().SaveAmt, b.saveAmt)
	}
}

// Midas has said how many coins a number brought, and then comes an answer from before that, which shows others. What
// Midas has said stands.
func TestAnAnswerFromBeforeAPushDoesNotCutWhatThePushHasSaid(t *testing.T) {
	l := ledgertest.Open(t, ledger.Config{DSN: t.TempDir() + "/l.db"})
	b := newBuyer(l, "alice")
	b.look(b.begin())
	id := b.offer(30)
	b.saveAmt += 30 // bought elsewhere
	before, then := b.begin(), b.saveAmt
	b.pay(id, 60) // by a client that has changed the quantity
	b.confirm(id, true)
	b.saveAmt, then = then, b.saveAmt
	b.look(before)
	b.saveAmt = then
	b.look(b.begin())
	if got := b.recharge(id); got.Coins != 60 {
		t.Errorf("%+v", got)
	}
}

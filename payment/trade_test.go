package payment_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

func refundOf(number, id string, fen midas.Fen) midas.Push {
	return midas.Push{Event: midas.PushRefund, Sandbox: true, OutTradeNo: number, RefundID: id, RefundSource: 2, Refunded: fen}
}

func passPaid(p payment.Player, event midas.PushEvent, number string, fen midas.Fen) midas.Push {
	return midas.Push{Event: event, Sandbox: true, OpenID: p.OpenID, OutTradeNo: number, ZoneID: "1", ProductID: "pass", Quantity: 1, Price: 600, Paid: fen}
}

// toldOf is everything that the host was told of these refunds, and of the one of no money.
func (w *world) toldOf(number string) (all []payment.Refund) {
	w.game.mu.Lock()
	defer w.game.mu.Unlock()
	for _, r := range w.refunds {
		if r.OutTradeNo == number {
			all = append(all, r)
		}
	}
	return all
}

// takes counts the refunds that tell the host to take the goods away, and finds one that does not say the same each
// time.
func takes(all []payment.Refund) (n int, fault string) {
	said := map[string]bool{}
	for _, r := range all {
		before, known := said[r.RefundID]
		if take := r.Granted && r.Whole; !known {
			said[r.RefundID] = take
			if take {
				n++
			}
		} else if before != take {
			fault = fmt.Sprintf("%s says another thing now: %+v", r.RefundID, all)
		}
	}
	return n, fault
}

func (w *world) take(s *shop, p midas.Push) {
	w.t.Helper()
	if err := s.Take(w.t.Context(), p); err != nil {
		w.t.Fatalf("%+v: %v", p, err)
	}
}

// Whatever comes of a payment's pushes and questions, in any order and any number of times, it ends the same: delivered
// if anything of what was paid is kept, and otherwise not granted, or taken away by exactly one refund.
func TestPushesOfAPaymentEndTheSameInAnyOrder(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{time.Hour}
	s := w.open()
	n := 0
	var numbers []string
	rapid.Check(t, func(r *rapid.T) {
		n++
		p := w.login(s, fmt.Sprint("player", n))
		paid := midas.Fen(rapid.SampledFrom([]int{600, 300}).Draw(r, "paid"))
		store, asked := rapid.Bool().Draw(r, "store"), rapid.Bool().Draw(r, "Midas knows it when asked")
		lost := !store && asked && rapid.Bool().Draw(r, "the payment push is lost")
		number := fmt.Sprint("_store_", n)
		event := midas.PushStoreGoods
		if !store {
			o := s.mustWant(p, "g", "pass", 1)
			if number, event = o.Order.BillNo, midas.PushGoods; asked {
				w.pay(p, o, emulator.Fate{NoPush: true})
			}
		}
		numbers = append(numbers, number)
		steps := map[string]func(){"ask": func() { _, _ = s.AskGoods(t.Context(), number) }}
		if !lost {
			steps["paid"] = func() { w.take(s, passPaid(p, event, number, paid)) }
		}
		back := midas.Fen(0)
		for i, part := range rapid.SampledFrom([][]midas.Fen{nil, {paid}, {100}, {100, 100}, {200, paid - 200}}).Draw(r, "refunds") {
			id := fmt.Sprintf("R%d-%d", n, i)
			back += part
			steps[id] = func() { w.take(s, refundOf(number, id, part)) }
		}
		order := rapid.Permutation(slices.Sorted(maps.Keys(steps))).Draw(r, "order")
		order = append(order, rapid.SliceOfN(rapid.SampledFrom(order), 0, 3).Draw(r, "repeats")...)
		defer func() {
			if t.Failed() {
				end, err := s.ledger.Order(t.Context(), number)
				t.Logf("%v: store %t, asked %t, lost %t, back %d of %d: %+v, %v; told %+v", order, store, asked, lost, back, paid, end, err, w.toldOf(number))
				tr, _, err := s.ledger.SettleTrade(t.Context(), number, func(ledger.Trade) (c ledger.TradeChange) { return c })
				t.Logf("%+v, %v", tr, err)
				for _, r := range tr.Refunds {
					o, err := s.ledger.Order(t.Context(), r.BillNo)
					t.Logf("refund %+v, %v", o, err)
				}
			}
		}()
		for _, name := range order {
			steps[name]()
			if rapid.Bool().Draw(r, "rest") {
				eventually(t, "what is heard of is told", func() bool { return w.resting(s, number) })
			}
		}
		if lost {
			paid = 600 // nobody has said that it was less
		}
		all := back >= paid
		state := ledger.Delivered
		if all {
			state = ledger.Cancelled
		}
		eventually(t, "it rests", func() bool { return w.resting(s, number) })
		end, err := s.ledger.Order(t.Context(), number)
		granted := w.granted(number)
		taken, fault := takes(w.toldOf(number))
		switch {
		case err != nil || end.State != state:
			r.Fatalf("%v: %+v, %v, want %s", order, end, err, state)
		case fault != "":
			r.Fatalf("%v: %s", order, fault)
		case !all && granted != 1, granted > 1:
			r.Fatalf("%v: granted %d times", order, granted)
		case all && taken != granted, !all && taken != 0:
			r.Fatalf("%v: granted %d times and taken away %d times: %+v", order, granted, taken, w.toldOf(number))
		}
	})
	for _, number := range numbers {
		if taken, fault := takes(w.toldOf(number)); taken > w.granted(number) || fault != "" {
			t.Errorf("%s in the end: %d, %s", number, taken, fault)
		}
	}
}

// resting tells that everything that is stored of a payment has been worked on.
func (w *world) resting(s *shop, number string) bool {
	tr, _, err := s.ledger.SettleTrade(w.t.Context(), number, func(ledger.Trade) (c ledger.TradeChange) { return c })
	if err != nil || tr.Goods.State == ledger.Paid {
		return false
	}
	for _, r := range tr.Refunds {
		o, err := s.ledger.Order(w.t.Context(), r.BillNo)
		if err != nil || !o.State.Ended() {
			return false
		}
	}
	return true
}

// Money that is back before the word that it was paid: nothing is granted, at a discount too, whether or not Midas can
// be asked meanwhile.
func TestGoodsWhoseMoneyIsBackBeforeTheirPaymentIsToldAreNotGranted(t *testing.T) {
	for _, paid := range []midas.Fen{600, 300} { // 600 is the price
		for _, store := range []bool{false, true} {
			for _, away := range []bool{false, true} {
				t.Run(fmt.Sprintf("paid %d, store page %t, Midas away %t", paid, store, away), func(t *testing.T) {
					w := newMoneyWorld(t)
					w.poll = []time.Duration{time.Hour}
					s := w.open()
					p := w.login(s, "alice")
					number, event := "_store_1", midas.PushStoreGoods
					if !store {
						number, event = s.mustWant(p, "g1", "pass", 1).Order.BillNo, midas.PushGoods
					}
					if away {
						if err := w.emu.Script("queryorderinfo", slices.Repeat([]emulator.Fault{{Kind: emulator.Fail}}, 100)...); err != nil {
							t.Fatal(err)
						}
					}
					w.take(s, refundOf(number, "R1", paid))
					if !store && away && paid < 600 { // it might be a part, and nobody can say
						if o := w.becomes(s, number, ledger.Paying); !o.DeliveredAt.IsZero() {
							t.Errorf("%+v", o)
						}
					} else {
						eventually(t, "the host hears of it", func() bool { return len(w.toldOf(number)) > 0 })
					}
					for range 2 {
						w.take(s, passPaid(p, event, number, paid))
					}
					o := w.becomes(s, number, ledger.Cancelled)
					eventually(t, "it rests", func() bool { return w.resting(s, number) })
					all := w.toldOf(number)
					if n := w.granted(number); n != 0 || !o.DeliveredAt.IsZero() {
						t.Errorf("granted %d times: %+v", n, o)
					}
					if len(all) != 1 || all[0].Granted || all[0].Whole == store { // of the store page nothing was known yet
						t.Errorf("the host heard %+v", all)
					}
				})
			}
		}
	}
}

// A discount that becomes known only after its refund was told as a part is told by a refund of no money.
func TestADiscountThatIsKnownLateTakesTheGoodsAwayOnce(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{time.Hour}
	s := w.open()
	p := w.login(s, "alice")
	o := s.mustWant(p, "g1", "pass", 1)
	bill := o.Order.BillNo
	w.pay(p, o, emulator.Fate{NoPush: true})
	if _, err := s.AskGoods(t.Context(), bill); err != nil {
		t.Fatal(err)
	}
	w.becomes(s, bill, ledger.Delivered)
	w.take(s, refundOf(bill, "R1", 300))
	eventually(t, "it is told as a part", func() bool { return len(w.toldOf(bill)) == 1 })
	for range 2 {
		w.take(s, passPaid(p, midas.PushGoods, bill, 300))
	}
	w.becomes(s, bill, ledger.Cancelled)
	eventually(t, "it is told", func() bool { n, _ := takes(w.toldOf(bill)); return n == 1 })
	eventually(t, "it rests", func() bool { return w.resting(s, bill) })
	all := w.toldOf(bill)
	if late := all[len(all)-1]; len(all) != 2 || late.Fen != 0 || late.ItemID != "pass" || late.OpenID != p.OpenID {
		t.Errorf("%+v", all)
	}
	if b, err := s.ledger.Books(t.Context()); err != nil || b.Refunds != 1 || b.RefundedFen != 300 || b.Fen[ledger.Cancelled] != 300 {
		t.Errorf("%+v, %v", b, err)
	}
}

// What is rightly signed and does not fit is kept and shown, and moves nothing but an unpaid order to an operator.
func TestAPushThatDoesNotFitIsKeptAndDeliversNothing(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{time.Hour}
	s := w.open()
	p := w.login(s, "alice")
	kept := int64(0)
	for i, change := range []func(*midas.Push){
		func(p *midas.Push) { p.OpenID = "mallory" },
		func(p *midas.Push) { p.Quantity = 2 },
		func(p *midas.Push) { p.ProductID = "gem" },
		func(p *midas.Push) { p.Price, p.Paid = 0, 0 },
		func(p *midas.Push) { p.Paid = 0 },
		func(p *midas.Push) { p.Price, p.Paid = 100, 100 },
		func(p *midas.Push) { p.Paid = 601 },
	} {
		o := s.mustWant(p, fmt.Sprint("g", i), "pass", 1)
		good := passPaid(p, midas.PushGoods, o.Order.BillNo, 600)
		bad := good
		change(&bad)
		w.take(s, bad)
		w.take(s, bad)
		kept++
		if n, err := s.ledger.CountKept(t.Context()); err != nil || n != kept {
			t.Fatalf("%+v: %d are kept, %v", bad, n, err)
		}
		if got, err := s.ledger.Order(t.Context(), o.Order.BillNo); err != nil || got.State == ledger.Paid || !got.DeliveredAt.IsZero() {
			t.Errorf("%+v: %+v, %v", bad, got, err)
		}
		w.take(s, good) // the player has paid
		w.becomes(s, o.Order.BillNo, ledger.Delivered)
	}
	o := s.mustWant(p, "discount", "pass", 1)
	w.take(s, passPaid(p, midas.PushGoods, o.Order.BillNo, 1))
	if end := w.becomes(s, o.Order.BillNo, ledger.Delivered); end.Paid != 1 || end.Amount != 600 {
		t.Errorf("%+v", end)
	}
	for _, bad := range []midas.Push{ // and nothing is taken away by one
		func() midas.Push { r := refundOf(o.Order.BillNo, "M", 1); r.OpenID = "mallory"; return r }(),
		refundOf(o.Order.BillNo, "B", 601),
	} {
		w.take(s, bad)
	}
	if end := w.becomes(s, o.Order.BillNo, ledger.Delivered); len(w.toldOf(o.Order.BillNo)) != 0 {
		t.Errorf("%+v, told %+v", end, w.toldOf(o.Order.BillNo))
	}
	list, err := s.ledger.KeptPushes(t.Context(), 100)
	if err != nil || len(list) != int(kept)+2 || list[0].Times != 2 || list[0].Why == "" || !strings.Contains(list[0].Body, "mallory") {
		t.Errorf("%+v, %v", list, err)
	}
}

// A refund is one by its RefundID: told with another amount, or of another payment, it is kept and counts once.
func TestARefundToldTwiceDifferentlyCountsOnce(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	w.take(s, refundOf("_s1", "R1", 300))
	w.take(s, refundOf("_s1", "R1", 200))
	w.take(s, refundOf("_s2", "R1", 300))
	named := refundOf("_s1", "R1", 300)
	named.OpenID = "alice"
	if back, err := s.ledger.Refunded(t.Context(), "_s1"); err != nil || back != 300 {
		t.Errorf("%d, %v", back, err)
	}
	if back, err := s.ledger.Refunded(t.Context(), "_s2"); err != nil || back != 0 {
		t.Errorf("%d, %v", back, err)
	}
	if n, err := s.ledger.CountKept(t.Context()); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
}

// Goods name the ledger that signed them. One that did not leaves them alone, and does not acknowledge them; those that
// were signed without a name are known by their number.
func TestGoodsOfAnotherLedgerAreNotOurs(t *testing.T) {
	a := newMoneyWorld(t)
	a.poll = []time.Duration{time.Hour}
	sa := a.open()
	p := a.login(sa, "alice")
	b := newWorldOn(t, a.emu, a.url)
	b.v2, b.shop = true, a.shop
	sb := b.open()
	o := sa.mustWant(p, "g1", "pass", 1)
	idA, _ := sa.ledger.ID(t.Context())
	idB, _ := sb.ledger.ID(t.Context())
	if idA == "" || idA == idB || !strings.Contains(o.Options.SignData, idA) {
		t.Fatalf("%q, %q: %s", idA, idB, o.Options.SignData)
	}
	push := passPaid(p, midas.PushGoods, o.Order.BillNo, 600)
	for _, attach := range []string{"leafmidas:" + idA, ""} {
		push.Attach = attach
		if err := sb.Take(t.Context(), push); !errors.Is(err, payment.ErrNotOurs) {
			t.Errorf("attach %q: %v", attach, err)
		}
	}
	if _, err := sb.ledger.Order(t.Context(), o.Order.BillNo); !errors.Is(err, ledger.ErrNotFound) {
		t.Error(err)
	}
	a.take(sa, push) // as a version signed it that knew no names
	a.becomes(sa, o.Order.BillNo, ledger.Delivered)
	if b.granted(o.Order.BillNo) != 0 || a.granted(o.Order.BillNo) != 1 {
		t.Errorf("granted %d and %d times", a.granted(o.Order.BillNo), b.granted(o.Order.BillNo))
	}
}

func TestAPushOfTheOtherEnvironmentIsKeptAndNotAcknowledged(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	real := passPaid(payment.Player{OpenID: "alice"}, midas.PushStoreGoods, "_real", 600)
	real.Sandbox = false
	if err := s.Take(t.Context(), real); !errors.Is(err, payment.ErrNotOurs) {
		t.Error(err)
	}
	if n, err := s.ledger.CountKept(t.Context()); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}

// Paid for, the push lost, and the player away for longer than goods are waited for: the next login asks.
func TestGoodsThatWereGivenUpAreAskedAboutWhenThePlayerIsBack(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{time.Hour}
	s := w.open()
	p := w.login(s, "alice")
	o := s.mustWant(p, "g1", "pass", 1)
	w.pay(p, o, emulator.Fate{NoPush: true})
	stored, err := s.ledger.Order(t.Context(), o.Order.BillNo)
	if err != nil {
		t.Fatal(err)
	}
	failed := stored
	failed.State, failed.DueAt, failed.Note = ledger.Failed, time.Time{}, "no answer from Midas in 30 days: session expired"
	if _, err := s.ledger.Advance(t.Context(), stored, failed); err != nil {
		t.Fatal(err)
	}
	w.login(s, "alice")
	w.becomes(s, o.Order.BillNo, ledger.Delivered)
	if n := w.granted(o.Order.BillNo); n != 1 {
		t.Errorf("granted %d times", n)
	}
}

package payment_test

import (
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// payCoins is the client that pays for an offered recharge.
func (w *world) payCoins(p payment.Player, r payment.RechargeOffer, fate emulator.Fate) {
	w.t.Helper()
	err := w.emu.PayCoins(emulator.CoinOptions{
		OpenID: p.OpenID, OfferID: emulator.DefaultOfferID, ZoneID: r.ZoneID, OutTradeNo: r.OutTradeNo, Env: 1, BuyQuantity: r.BuyQuantity,
		Platform: "android", CurrencyType: "CNY", Mode: "game",
	}, fate)
	if err != nil {
		w.t.Fatal(err)
	}
}

// credited counts how often the player heard that a recharge was credited, answers to reports included.
func (s *shop) credited(requestID string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.recharges {
		if r.RequestID == requestID && r.State == ledger.RechargeCredited {
			n++
		}
	}
	return n
}

func (w *world) becomesCredited(s *shop, p payment.Player, requestID string) ledger.Recharge {
	w.t.Helper()
	var r ledger.Recharge
	eventually(w.t, requestID+" is credited", func() bool {
		var err error
		r, err = s.ledger.Recharge(w.t.Context(), p.OpenID, requestID)
		return err == nil && r.State == ledger.RechargeCredited
	})
	return r
}

// Whatever tells first that the coins have come, the others change nothing, and the player hears of it once.
func TestARechargeIsCreditedOnceWhateverTellsFirst(t *testing.T) {
	look := func(w *world, s *shop, p payment.Player) {
		if _, err := answerOf(w.t, func(done func(payment.Account, error)) error { return s.Balance(p, done) }); err != nil {
			w.t.Error(err)
		}
	}
	push := func(w *world, _ *shop, _ payment.Player) { w.flush(2 * time.Hour) }
	report := func(w *world, s *shop, p payment.Player) {
		if r, err := s.report(p, "r1", 0); err != nil || r.State != ledger.RechargeCredited {
			w.t.Errorf("reported: %+v, %v", r, err)
		}
	}
	relogin := func(w *world, s *shop, _ payment.Player) { w.login(s, "alice") }
	steps := map[string]func(*world, *shop, payment.Player){"push": push, "look": look, "report": report, "login": relogin}
	for _, way := range [][]string{
		{"push", "look", "report"},
		{"look", "push", "report"},
		{"report", "push", "look"},
		{"report", "look", "push"},
		{"push", "report"},
		{"login", "push", "report"},
		{"push", "login", "push"},
		{"look", "report", "push", "login"},
	} {
		name := ""
		for _, step := range way {
			name += step + " "
		}
		t.Run(name, func(t *testing.T) {
			w := newMoneyWorld(t)
			s := w.open()
			p := w.login(s, "alice")
			r, err := s.offer(p, "r1", 60)
			if err != nil || r.OutTradeNo == "" {
				t.Fatalf("%+v, %v", r, err)
			}
			w.payCoins(p, r, emulator.Fate{PushAfter: time.Hour, Repeat: 1})
			answered := 0
			for _, step := range way {
				if step == "report" && s.credited("r1") == 0 {
					answered = 1 // told in the answer
				}
				steps[step](w, s, p)
			}
			got := w.becomesCredited(s, p, "r1")
			if got.Coins != 60 || s.credited("r1")+answered != 1 {
				t.Errorf("%+v, told %d times and %d in an answer", got, s.credited("r1"), answered)
			}
			// Coins that are bought later are found all the same.
			again, err := s.offer(p, "r2", 60)
			if err != nil {
				t.Fatal(err)
			}
			w.payCoins(p, again, emulator.Fate{NoPush: true})
			look(w, s, p)
			if got := w.becomesCredited(s, p, "r2"); got.Coins != 60 || s.credited("r2") != 1 {
				t.Errorf("%+v, told %d times", got, s.credited("r2"))
			}
			s.until("the balance is told", func() bool {
				for _, b := range s.balances {
					if b.why == payment.ReasonRecharge && b.account.Balance.Balance == 120 {
						return true
					}
				}
				return false
			})
		})
	}
}

// Of several recharges of one price the right one is credited: Midas is asked by their numbers.
func TestTheRechargeThatWasPaidIsTheOneCredited(t *testing.T) {
	for what, tell := range map[string]func(w *world, s *shop, p payment.Player){
		"by a look": func(w *world, s *shop, p payment.Player) {
			if _, err := answerOf(w.t, func(done func(payment.Account, error)) error { return s.Balance(p, done) }); err != nil {
				w.t.Error(err)
			}
		},
		"by the push": func(w *world, _ *shop, _ payment.Player) { w.flush(2 * time.Hour) },
		"by a report of another": func(w *world, s *shop, p payment.Player) {
			if r, err := s.report(p, "r1", 0); err != nil || r.State != ledger.RechargePending {
				w.t.Errorf("%+v, %v", r, err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newMoneyWorld(t)
			w.poll = []time.Duration{time.Hour}
			s := w.open()
			p := w.login(s, "alice")
			for _, id := range []string{"r1", "r2", "r3"} {
				r, err := s.offer(p, id, 60)
				if err != nil {
					t.Fatal(err)
				}
				if id == "r2" {
					w.payCoins(p, r, emulator.Fate{PushAfter: time.Hour})
				}
			}
			tell(w, s, p)
			w.becomesCredited(s, p, "r2")
			for _, id := range []string{"r1", "r3"} {
				if r, err := s.ledger.Recharge(t.Context(), p.OpenID, id); err != nil || r.State == ledger.RechargeCredited {
					t.Errorf("%+v, %v", r, err)
				}
			}
		})
	}
}

// While Midas cannot be asked by number, coins may be credited to the wrong one of several recharges. The one that was
// paid is found at the next login, even if its push never comes, and the other one waits again: the coins are in the
// books once.
func TestARechargePassedOverForAnotherIsFoundAtTheNextLogin(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{time.Hour}
	s := w.open()
	p := w.login(s, "alice")
	for _, id := range []string{"r1", "r2"} {
		r, err := s.offer(p, id, 60)
		if err != nil {
			t.Fatal(err)
		}
		if id == "r1" {
			w.payCoins(p, r, emulator.Fate{NoPush: true})
		}
		w.ahead.Add(int64(time.Second)) // r2 is the newer one, whatever the clock's grain
	}
	if err := w.emu.Script("queryorderinfo", emulator.Fault{Kind: emulator.Fail}); err != nil {
		t.Fatal(err)
	}
	if _, err := answerOf(t, func(done func(payment.Account, error)) error { return s.Balance(p, done) }); err != nil {
		t.Fatal(err)
	}
	w.becomesCredited(s, p, "r2")
	if r, err := s.ledger.Recharge(t.Context(), p.OpenID, "r1"); err != nil || r.State == ledger.RechargeCredited {
		t.Fatalf("%+v, %v", r, err)
	}
	w.login(s, "alice")
	w.becomesCredited(s, p, "r1")
	w.login(s, "alice")
	eventually(t, "r2 waits again", func() bool {
		r, err := s.ledger.Recharge(t.Context(), p.OpenID, "r2")
		return err == nil && r.State == ledger.RechargeOffered && r.Coins == 0
	})
	if s.credited("r1") != 1 || s.credited("r2") != 1 {
		t.Errorf("told %d and %d times", s.credited("r1"), s.credited("r2"))
	}
}

// The coins may come long after the money: Midas pushes then, and before that asking finds nothing.
func TestCoinsThatComeLateAreCreditedByThePush(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{20 * time.Millisecond, 20 * time.Millisecond}
	s := w.open()
	p := w.login(s, "alice")
	r, err := s.offer(p, "r1", 60)
	if err != nil {
		t.Fatal(err)
	}
	w.payCoins(p, r, emulator.Fate{CreditAfter: 10 * time.Minute})
	if r, err := s.report(p, "r1", 0); err != nil || r.State != ledger.RechargePending {
		t.Errorf("%+v, %v", r, err)
	}
	s.Forget(p.OpenID, "1", true)
	w.flush(9 * time.Minute)
	if s.credited("r1") != 0 {
		t.Error("credited before the coins came")
	}
	w.flush(2 * time.Minute)
	if got := w.becomesCredited(s, p, "r1"); got.Coins != 60 || s.credited("r1") != 1 {
		t.Errorf("%+v, told %d times", got, s.credited("r1"))
	}
}

// A client may buy another quantity than the server offered (§3.4): what counts is what came.
func TestCoinsOfAnotherQuantityAreCountedAsTheyCame(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	r, err := s.offer(p, "r1", 60)
	if err != nil {
		t.Fatal(err)
	}
	r.BuyQuantity = 30
	w.payCoins(p, r, emulator.Fate{})
	w.flush(0)
	if got := w.becomesCredited(s, p, "r1"); got.Coins != 30 {
		t.Errorf("%+v", got)
	}
}

func TestARefundOfCoinsIsToldToTheHost(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	r, err := s.offer(p, "r1", 60)
	if err != nil {
		t.Fatal(err)
	}
	w.payCoins(p, r, emulator.Fate{})
	w.flush(0)
	w.becomesCredited(s, p, "r1")
	id, err := w.emu.RefundTrade(emulator.Sandbox, r.OutTradeNo, 600, 3)
	if err != nil {
		t.Fatal(err)
	}
	w.flush(0)
	eventually(t, "the host hears of it", func() bool { _, ok := w.heard()[id]; return ok })
	want := payment.Refund{RefundID: id, OutTradeNo: r.OutTradeNo, Fen: 600, Source: 3, OpenID: p.OpenID, ZoneID: "1", Coins: 60, Whole: true}
	if got := w.heard()[id]; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The recharge centre has a balance of its own; what the player sees may have changed all the same.
func TestCoinsOfTheRechargeCentreMakeTheTillLook(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	w.recharge(p, 60, 0)
	push := midas.Push{Event: midas.PushCenterCoins, OpenID: p.OpenID, Sandbox: true, OutTradeNo: "_centre", Quantity: 60}
	if err := s.Take(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	s.until("the balance is told", func() bool {
		for _, b := range s.balances {
			if b.why == payment.ReasonRecharge && b.account.Balance.Balance == 60 {
				return true
			}
		}
		return false
	})
}

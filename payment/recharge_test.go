package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

func (s *shop) offer(p payment.Player, id string, coins midas.Coins) (payment.RechargeOffer, error) {
	s.t.Helper()
	return answerOf(s.t, func(done func(payment.RechargeOffer, error)) error {
		return s.Recharge(p, payment.RechargeRequest{RequestID: id, BuyQuantity: coins}, done)
	})
}

func (s *shop) report(p payment.Player, id string, code int64) (ledger.Recharge, error) {
	s.t.Helper()
	return answerOf(s.t, func(done func(ledger.Recharge, error)) error { return s.RechargeDone(p, id, code, done) })
}

func (w *world) recharge(p payment.Player, coins int64, after time.Duration) {
	w.t.Helper()
	if err := w.emu.RechargeLater(emulator.Sandbox, p.OpenID, "1", coins, after); err != nil {
		w.t.Fatal(err)
	}
}

func TestRechargeIsOfferedOnlyAtATierAndOnAndroid(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	for coins, ok := range map[midas.Coins]bool{10: true, 60: true, 6480: true, 7: false, 20: false, 0: false, -60: false, 6490: false} {
		_, err := s.offer(p, "r", coins)
		if coins != 10 && ok { // the request id is taken by another quantity, or this one came first
			continue
		}
		if ok != (err == nil) && !errors.Is(err, ledger.ErrMismatch) {
			t.Errorf("%d coins: %v", coins, err)
		}
		if !ok && !errors.Is(err, midas.ErrBadTier) {
			t.Errorf("%d coins: %v, want ErrBadTier", coins, err)
		}
	}
	for platform, ok := range map[string]bool{
		"": true, "android": true, "Android": true, "windows": true, "mac": true, "ohos": true, "ohos_pc": true, "devtools": true, "ios": false, "linux": false,
	} {
		p.Platform = platform
		_, err := s.offer(p, "platform-"+platform, 60)
		if ok != (err == nil) || !ok && !errors.Is(err, payment.ErrUnsupportedPlatform) {
			t.Errorf("platform %q: %v", platform, err)
		}
	}
}

func TestCoinsThatComeAtOnceAreCreditedInTheAnswer(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 30) // what was there before is no recharge
	if _, err := s.offer(p, "c1", 60); err != nil {
		t.Fatal(err)
	}
	w.recharge(p, 60, 0)
	r, err := s.report(p, "c1", 0)
	if err != nil || r.State != ledger.RechargeCredited || r.Coins != 60 {
		t.Fatalf("%+v, %v", r, err)
	}
	if again, err := s.report(p, "c1", -2); err != nil || again.State != ledger.RechargeCredited {
		t.Errorf("reported again as cancelled: %+v, %v", again, err)
	}
	if len(s.recharges) != 0 {
		t.Errorf("told twice: %v", s.recharges)
	}
}

func TestLateCoinsAreFoundByLookingAgain(t *testing.T) {
	for name, code := range map[string]int64{"the client says it paid": 0, "the client says it failed, and is wrong": 5} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.open()
			p := w.login(s, "alice")
			if _, err := s.offer(p, "c1", 60); err != nil {
				t.Fatal(err)
			}
			w.recharge(p, 60, 120*time.Millisecond)
			r, err := s.report(p, "c1", code)
			if err != nil || r.State == ledger.RechargeCredited {
				t.Fatalf("%+v, %v", r, err)
			}
			s.until("the coins were told", func() bool {
				return len(s.recharges) == 1 && s.recharges[0].RequestID == "c1" && s.recharges[0].Coins == 60
			})
			s.until("the balance was told", func() bool {
				return len(s.balances) == 1 && s.balances[0].why == payment.ReasonRecharge && s.balances[0].account.Balance.Balance == 60
			})
		})
	}
}

func TestCoinsOfAClientThatVanishedAreFoundAtTheNextLogin(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	if _, err := s.offer(p, "c1", 60); err != nil {
		t.Fatal(err)
	}
	s.shut() // the client is gone, and so is the server
	w.recharge(p, 60, 0)
	s = w.open()
	w.login(s, "alice")
	s.until("the coins were told", func() bool { return len(s.recharges) == 1 && s.recharges[0].RequestID == "c1" })
	w.login(s, "alice")
	if r, err := s.ledger.Recharge(t.Context(), p.OpenID, "c1"); err != nil || r.State != ledger.RechargeCredited {
		t.Errorf("%+v, %v", r, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recharges) != 1 {
		t.Errorf("told %d times", len(s.recharges))
	}
}

func TestACancelledRechargeStaysCancelledUnlessCoinsCome(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	if _, err := s.offer(p, "c1", 60); err != nil {
		t.Fatal(err)
	}
	if r, err := s.report(p, "c1", -2); err != nil || r.State != ledger.RechargeCancelled {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := s.report(p, "never-asked", 0); !errors.Is(err, payment.ErrInvalid) {
		t.Errorf("a report of nothing: %v", err)
	}
	w.recharge(p, 60, 0) // the player had paid after all, and nobody asks for the balance
	s.until("the coins were told", func() bool { return len(s.recharges) == 1 })
}

package payment_test

import (
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

func (s *shop) showsBalance(coins midas.Coins) {
	s.t.Helper()
	s.until("the balance is told", func() bool {
		return len(s.balances) > 0 && s.balances[len(s.balances)-1].account.Balance.Balance == coins
	})
}

// Coins are credited by a push, or reported by the client, while Midas cannot be asked for the balance, and nothing
// else happens. The balance is told as soon as Midas answers again.
func TestTheBalanceIsToldAfterAnOutageInWhichMoneyCame(t *testing.T) {
	for name, tell := range map[string]func(w *world, s *shop, p payment.Player){
		"by a push": func(w *world, s *shop, p payment.Player) {
			w.flush(time.Hour)
			w.becomesCredited(s, p, "r1")
		},
		"by a report": func(w *world, s *shop, p payment.Player) {
			if r, err := s.report(p, "r1", 0); err != nil || r.State != ledger.RechargePending {
				w.t.Errorf("%+v, %v", r, err)
			}
		},
		"by another server's word": func(_ *world, s *shop, p payment.Player) { s.LookAgain(p.OpenID, "", payment.ReasonRecharge, "") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newMoneyWorld(t)
			w.poll = nil
			s := w.open()
			p := w.login(s, "alice")
			r, err := s.offer(p, "r1", 60)
			if err != nil {
				t.Fatal(err)
			}
			w.payCoins(p, r, emulator.Fate{PushAfter: time.Minute})
			if err := w.emu.Outage(emulator.Fault{Kind: emulator.Refuse}); err != nil {
				t.Fatal(err)
			}
			tell(w, s, p)
			asked := w.emu.Calls("getbalance")
			eventually(t, "it has tried", func() bool { return w.emu.Calls("getbalance") > asked })
			w.emu.Recover()
			s.showsBalance(60)
		})
	}
}

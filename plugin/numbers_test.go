package plugin_test

import (
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// What a player's receipt shows leads to the order or the recharge, whether a push told it or Midas when asked, however
// often and late.
func TestWeChatPaysNumbersLeadToWhatWasPaid(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t))
	s.pushHere()
	alice := s.join("alice", overWS)
	s.payGoods("alice", alice.wantPass("pushed"), emulator.Fate{Repeat: 2})
	pushed := alice.delivered("pushed")
	s.payGoods("alice", alice.wantPass("asked"), emulator.Fate{NoPush: true})
	asked := alice.delivered("asked")
	alice.send(&msg.MidasRecharge{RequestId: "coins", BuyQuantity: 60})
	o := await(alice, any1[*msg.MidasRechargeOptions])
	if err := s.emu.PayGoods(emulator.OpenIDOf("alice"), o.GetSignData(), o.GetPaySig(), o.GetSignature(), emulator.Fate{}); err != nil {
		t.Fatal(err)
	}
	await(alice, func(r *msg.MidasBalance) bool { return r.GetBalance() == 60 })
	s.flush(0)

	l, err := ledger.Open(t.Context(), ledger.Config{Driver: "sqlite", DSN: s.config.Ledger.DSN.Reveal(), AsIs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	trades := map[string]emulator.Trade{}
	for _, trade := range s.emu.Trades() {
		trades[trade.OutTradeNo] = trade
	}
	for _, trade := range []string{pushed.GetBillNo(), asked.GetBillNo(), o.GetOutTradeNo()} {
		paid := trades[trade]
		for _, number := range []string{paid.MchOrderNo, paid.TransactionID, trade} {
			var f ledger.Found
			eventually(t, "the number is kept", func() bool {
				f, err = l.Find(t.Context(), number)
				return err == nil && len(f.Payments) == 2
			})
			if n := len(f.Orders) + len(f.Recharges); n != 1 || f.Payments[0].Trade != trade || f.Payments[0].OpenID != emulator.OpenIDOf("alice") {
				t.Errorf("%s of %s: %+v", number, trade, f)
			}
		}
	}
	if f, err := l.Find(t.Context(), "nobody's"); err != nil || len(f.Orders)+len(f.Recharges)+len(f.Payments) != 0 {
		t.Errorf("nobody's: %+v, %v", f, err)
	}
	if f, err := l.Find(t.Context(), "pushed"); err != nil || len(f.Orders) != 1 || len(f.Payments) != 2 { // by its request id
		t.Errorf("by request: %+v, %v", f, err)
	}
}

// A test order of the store is delivered, and is no sale.
func TestATrialOfTheStoreIsDeliveredAndNoSale(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t))
	s.pushHere()
	alice := s.join("alice", overWS)
	number, err := s.emu.StoreTrial(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", "pass", 1, 600)
	if err != nil {
		t.Fatal(err)
	}
	if r := alice.delivered(number); r.GetItemId() != "pass" {
		t.Errorf("told %v", r)
	}
	s.payGoods("alice", alice.wantPass("g1"), emulator.Fate{})
	alice.delivered("g1")
	b, err := s.plugin.Books(t.Context())
	if err != nil || b.Trials != 1 || b.Goods[ledger.Delivered] != 1 || b.Fen[ledger.Delivered] != 600 {
		t.Errorf("%+v, %v", b, err)
	}
}

// The console has a configuration for events and one for deliveries, and while a key is being changed two of each are
// in use.
func TestPushesOfSeveralConfigurationsAreTaken(t *testing.T) {
	t.Parallel()
	const otherKey = "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvut"
	s := start(t, forMoney(t), func(set *setup) {
		set.config.PushKeys = []plugin.PushKeys{{Token: "the-token-of-deliveries", EncodingAESKey: otherKey}, {Token: pushToken, EncodingAESKey: otherKey}}
	})
	alice := s.join("alice", overWS)
	url := "http://" + s.config.Push.Addr + "/midas/push"
	for id, to := range map[string]emulator.PushConfig{
		"first":          {URL: url, Token: pushToken, EncodingAESKey: pushAESKey},
		"deliveries":     {URL: url, Token: "the-token-of-deliveries", EncodingAESKey: otherKey},
		"a key changing": {URL: url, Token: pushToken, EncodingAESKey: otherKey},
	} {
		if err := s.emu.PushTo(to); err != nil {
			t.Fatal(err)
		}
		s.payGoods("alice", alice.wantPass(id), emulator.Fate{})
		s.flush(0)
		if pushes := s.emu.Pushes(); !pushes[len(pushes)-1].Acknowledged {
			t.Errorf("%s: the push was not taken: %+v", id, pushes[len(pushes)-1])
		}
		alice.delivered(id)
	}
	for _, to := range []emulator.PushConfig{{URL: url, Token: "the-token-of-deliveries"}, {URL: url, Token: "nobody's", EncodingAESKey: otherKey}} {
		if err := s.emu.PushTo(to); err != nil {
			t.Fatal(err)
		}
		s.payGoods("alice", alice.wantPass("bad "+to.Token), emulator.Fate{})
		s.flush(0)
		if pushes := s.emu.Pushes(); pushes[len(pushes)-1].Acknowledged {
			t.Errorf("taken in clear, or by a token that nobody has: %+v", to)
		}
	}
}

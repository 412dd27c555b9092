package plugin_test

import (
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestAPausedShopRefusesWhatIsNewAndTellsWhatIsOld(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 1000)
	alice, bob := s.join("alice", overWS), s.join("bob", overTCP)
	alice.ask("old", "sword", 1)
	bill := alice.delivered("old").GetBillNo()

	// An order that waits for Midas goes on while the shop is closed.
	s.script(emulator.APIPay, emulator.Fault{Kind: emulator.BadGateway}, emulator.Fault{Kind: emulator.BadGateway}, emulator.Fault{Kind: emulator.BadGateway})
	alice.ask("waits", "potion", 1)
	eventually(t, "an order that waits", func() bool { _, found := s.order("alice", "waits"); return found })
	if changed, err := s.plugin.Pause(true); !changed || err != nil || !s.plugin.Paused() {
		t.Fatalf("paused: %t, %v", changed, err)
	}
	if changed, err := s.plugin.Pause(true); changed || err != nil {
		t.Errorf("paused twice: %t, %v", changed, err)
	}
	for _, c := range []*client{alice, bob} {
		if closed := await(c, any1[*msg.MidasServiceState]); closed.GetAvailable() || closed.GetRetryAfterMs() <= 0 ||
			closed.GetReason() != msg.MidasServiceReason_MIDAS_SERVICE_REASON_PAUSED {
			t.Errorf("told %v", closed)
		}
	}
	late := s.join("late", overWS)
	if closed := await(late, any1[*msg.MidasServiceState]); closed.GetAvailable() || closed.GetRetryAfterMs() <= 0 ||
		closed.GetReason() != msg.MidasServiceReason_MIDAS_SERVICE_REASON_PAUSED {
		t.Errorf("who comes while the shop is paused is told %v", closed)
	}
	alice.delivered("waits")

	alice.ask("new", "sword", 1)
	if e := alice.refused("new", msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE); !e.GetRetryable() || e.GetRetryAfterMs() <= 0 {
		t.Errorf("a new purchase: %v", e)
	}
	if _, made := s.order("alice", "new"); made {
		t.Error("an order was made all the same")
	}
	alice.send(&msg.MidasRecharge{RequestId: "coins", BuyQuantity: 60})
	alice.refused("coins", msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE)
	alice.ask("old", "sword", 1)
	if r := alice.delivered("old"); r.GetBillNo() != bill {
		t.Errorf("an old purchase: %v", r)
	}
	if n := alice.balance("b"); n != 1000-60-1 {
		t.Errorf("the balance is %d", n)
	}
	// What the host gives is its own.
	if _, err := s.plugin.Present(t.Context(), plugin.Player{OpenID: emulator.OpenIDOf("bob"), ZoneID: "1"}, plugin.PresentRequest{RequestID: "gift", Amount: 5}); err != nil {
		t.Errorf("a present: %v", err)
	}

	if changed, err := s.plugin.Pause(false); !changed || err != nil || s.plugin.Paused() {
		t.Fatalf("resumed: %t, %v", changed, err)
	}
	for _, c := range []*client{alice, bob} {
		if open := await(c, any1[*msg.MidasServiceState]); !open.GetAvailable() || open.GetRetryAfterMs() != 0 {
			t.Errorf("told %v", open)
		}
	}
	alice.ask("new", "sword", 1)
	alice.delivered("new")
	s.checkBooks()
}

func TestAPausedShopIsNotOpenedByABreaker(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) { set.config.Breaker = quickBreaker })
	s.recharge("alice", 1000)
	alice := s.join("alice", overWS)
	if err := s.emu.Outage(emulator.Fault{Kind: emulator.BadGateway}); err != nil {
		t.Fatal(err)
	}
	alice.ask("p", "sword", 1)
	closed := await(alice, func(m *msg.MidasServiceState) bool { return !m.GetAvailable() })
	if closed.GetReason() != msg.MidasServiceReason_MIDAS_SERVICE_REASON_UNREACHABLE {
		t.Errorf("the breaker opens, and players are told %v", closed)
	}
	if _, err := s.plugin.Pause(true); err != nil {
		t.Fatal(err)
	}
	await(alice, func(m *msg.MidasServiceState) bool { return !m.GetAvailable() })
	s.emu.Recover()
	alice.delivered("p") // so the breaker has closed
	alice.echo(1)
	if m, told, _, _ := take(alice, func(m *msg.MidasServiceState) bool { return m.GetAvailable() }); told {
		t.Errorf("told %v while the shop is paused", m)
	}
	if _, err := s.plugin.Pause(false); err != nil {
		t.Fatal(err)
	}
	await(alice, func(m *msg.MidasServiceState) bool { return m.GetAvailable() })
}

func TestGoodsOfAPausedShop(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t))
	s.pushHere()
	alice := s.join("alice", overWS)
	offer := alice.wantPass("g1")
	if _, err := s.plugin.Pause(true); err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{"g1", "g2"} { // g1 is not paid for, and gets no options any more
		alice.send(&msg.MidasBuyGoods{RequestId: request, ItemId: "pass", Quantity: 1})
		alice.refused(request, msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE)
	}
	s.payGoods("alice", offer, emulator.Fate{}) // whoever has the options may pay, and gets the goods
	bill := alice.delivered("g1").GetBillNo()
	alice.send(&msg.MidasBuyGoods{RequestId: "g1", ItemId: "pass", Quantity: 1})
	if r := alice.delivered("g1"); r.GetBillNo() != bill {
		t.Errorf("asked again: %v", r)
	}
}

func TestAPluginWithoutAConfigHasNothingToPause(t *testing.T) {
	t.Parallel()
	p := plugin.New()
	if changed, err := p.Pause(true); changed || err != plugin.ErrNotConfigured || p.Paused() {
		t.Errorf("%t, %v", changed, err)
	}
}

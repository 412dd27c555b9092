package plugin_test

import (
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
)

// asksBalance asks for the whole balance.
func (c *client) asksBalance(requestID string) *msg.MidasBalance {
	c.t.Helper()
	c.send(&msg.MidasGetBalance{RequestId: requestID})
	return await(c, func(b *msg.MidasBalance) bool { return b.GetRequestId() == requestID })
}

// Coins of the recharge centre are shown beside the game's, told when they come, and never spent or booked.
func TestThePlayerSeesTheCoinsOfTheRechargeCentre(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) { set.config.RechargeCenter = true })
	s.pushHere()
	s.recharge("alice", 61)
	center := func(name string, coins int64) {
		t.Helper()
		if err := s.emu.RechargeCenter(emulator.Sandbox, emulator.OpenIDOf(name), coins); err != nil {
			t.Fatal(err)
		}
	}
	center("alice", 100)
	alice, other := s.join("alice", overWS), s.join("alice", overTCP)
	if b := alice.asksBalance("b1"); b.GetCenterBalance() != 100 || b.GetBalance() != 61 {
		t.Errorf("at first: %v", b)
	}
	alice.drop()
	other.drop()
	center("alice", 20)
	for _, c := range []*client{alice, other} {
		if b := await(c, isPush(msg.MidasReason_MIDAS_REASON_RECHARGE)); b.GetCenterBalance() != 120 || b.GetBalance() != 61 {
			t.Errorf("pushed: %v", b)
		}
	}
	alice.buy("p1", "sword", 1)
	if b := await(other, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE)); b.GetCenterBalance() != 120 || b.GetBalance() != 1 {
		t.Errorf("after a purchase: %v", b)
	}
	asked := s.emu.Calls("getbalance")
	alice.buy("p2", "potion", 1)
	if got := s.emu.Calls("getbalance") - asked; got > 0 {
		t.Errorf("%d balances were asked for at a purchase", got)
	}
	bob := s.join("bob", overWS)
	if b := bob.asksBalance("b1"); b.GetCenterBalance() != 0 {
		t.Errorf("bob's: %v", b)
	}
}

package plugin_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestALoginCodeThatIsBadOrUsedIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.dial(overWS)
	code := s.emu.Code(emulator.OpenIDOf("alice"))
	c.send(&msg.MidasLogin{Code: "made-up"})
	c.refused("", invalid)
	c.send(&msg.MidasLogin{Code: code})
	if r := await(c, any1[*msg.MidasLoginResult]); r.GetOpenid() != emulator.OpenIDOf("alice") {
		t.Errorf("logged in as %s", r.GetOpenid())
	}
	thief := s.dial(overTCP)
	thief.send(&msg.MidasLogin{Code: code})
	if e := thief.refused("", invalid); !e.GetRetryable() {
		t.Errorf("told %v; a new code would do", e)
	}
	thief.send(&msg.MidasGetBalance{RequestId: "b"})
	thief.refused("b", notLoggedIn)
}

func TestAServerThatLogsPlayersInItselfTakesNoMidasLogin(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) { set.config.Login = false })
	c := s.dial(overTCP)
	c.send(&msg.MidasLogin{Code: "auto-alice-1"})
	if e := c.refused("", forbidden); e.GetRetryable() {
		t.Errorf("told %v", e)
	}
	if n := s.emu.Calls(emulator.AllAPIs); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestASessionThatExpiredIsToldAndTheOrderGoesOnAfterTheNextLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	s.emu.ExpireSession(emulator.OpenIDOf("alice"))
	alice.ask("p", "sword", 1)
	r := await(alice, any1[*msg.MidasPurchaseResult])
	if r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING || r.GetError().GetCode() != expired {
		t.Errorf("told %v", r)
	}
	alice.send(&msg.MidasGetBalance{RequestId: "b"})
	alice.refused("b", expired)
	alice.login("alice")
	alice.delivered("p")
	s.checkBooks()
}

func TestTheAddressOfAPlayerIsTheHostsToTell(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) {
		set.options = append(set.options, plugin.WithUserIP(func(gate.Agent) string { return "203.0.113.9" }))
	})
	s.recharge("alice", 100)
	s.recharge("bob", 100)
	r := s.join("alice", overWS).buy("p", "potion", 1)
	if o, err := s.plugin.Order(background(t), r.GetBillNo()); err != nil || o.UserIP != "203.0.113.9" {
		t.Errorf("the order has %q (%v)", o.UserIP, err)
	}
	other := start(t)
	other.recharge("alice", 100)
	r = other.join("alice", overTCP).buy("p", "potion", 1)
	if o, err := other.plugin.Order(background(t), r.GetBillNo()); err != nil || o.UserIP != "127.0.0.1" {
		t.Errorf("the order has %q (%v)", o.UserIP, err)
	}
}

func TestTheSameRequestIsTheSameOrderForEver(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 200)
	alice := s.join("alice", overWS)
	first := alice.buy("p", "sword", 1)
	alice.ask("p", "sword", 2)
	alice.refused("p", invalid)
	alice.ask("p", "potion", 1)
	alice.refused("p", invalid)
	alice.close()
	next := s.restart()
	again := next.join("alice", overTCP).buy("p", "sword", 1)
	if again.GetBillNo() != first.GetBillNo() {
		t.Errorf("the order was %s and is %s", first.GetBillNo(), again.GetBillNo())
	}
	if n := s.emu.Calls(emulator.APIPay); n != 1 {
		t.Errorf("paid %d times", n)
	}
}

// page asks for one and checks that it fits Leaf's frame.
func (c *client) page(limit int64, before string) *msg.MidasOrders {
	c.t.Helper()
	c.send(&msg.MidasListOrders{Limit: limit, Before: before})
	page := await(c, any1[*msg.MidasOrders])
	frame, err := json.Marshal(map[string]any{"MidasOrders": page})
	if err != nil || len(frame) > msg.MaxFrame {
		c.t.Errorf("a page of %d orders has %d bytes (%v)", len(page.GetOrders()), len(frame), err)
	}
	return page
}

func TestOrdersAreListedInPagesThatFitAFrameNewestFirst(t *testing.T) {
	t.Parallel()
	const orders = 45
	item := strings.Repeat("i", 64)
	s := start(t, func(set *setup) { set.config.Items = []plugin.Item{{ID: item, Price: 1}} })
	s.recharge("alice", 1000)
	alice := s.join("alice", overWS)
	var bills []string
	for i := range orders {
		id := strings.Repeat(`"`, 62) + string(rune('a'+i/26)) + string(rune('a'+i%26)) // each quote takes two bytes in JSON
		bills = append(bills, alice.buy(id, item, 1).GetBillNo())
	}
	slices.Reverse(bills)
	tcp := s.join("alice", overTCP)
	for _, limit := range []int64{0, 1, 7, 1000, -5} {
		for _, c := range []*client{alice, tcp} {
			var got []string
			for before, pages := "", 0; ; pages++ {
				page := c.page(limit, before)
				for _, o := range page.GetOrders() {
					got = append(got, o.GetBillNo())
					if o.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED || o.GetItemId() != item || o.GetAmount() != 1 ||
						len(o.GetRequestId()) != 64 || time.Since(time.Unix(o.GetCreatedUnix(), 0)) > time.Hour {
						t.Errorf("listed %v", o)
					}
				}
				if limit > 0 && int64(len(page.GetOrders())) > limit {
					t.Errorf("limit %d: %d orders", limit, len(page.GetOrders()))
				}
				if !page.GetMore() || pages > orders || len(page.GetOrders()) == 0 {
					break
				}
				before = got[len(got)-1]
			}
			if !slices.Equal(got, bills) {
				t.Errorf("limit %d: listed %d orders of %d, or in another order", limit, len(got), orders)
			}
		}
	}
	bob := s.join("bob", overWS)
	if page := bob.page(0, ""); len(page.GetOrders()) != 0 || page.GetMore() {
		t.Errorf("bob sees %v", page)
	}
	if page := bob.page(0, bills[0]); len(page.GetOrders()) != 0 {
		t.Errorf("bob sees %v", page)
	}
}

func TestARechargeGoesFromItsOptionsToLateCoins(t *testing.T) {
	t.Parallel()
	for _, way := range transports {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			openid := emulator.OpenIDOf("alice")
			alice, other := s.join("alice", way), s.join("alice", overWS)
			alice.send(&msg.MidasRecharge{RequestId: "r", BuyQuantity: 60})
			o := await(alice, any1[*msg.MidasRechargeOptions])
			if o.GetRequestId() != "r" || o.GetMode() != "game" || o.GetEnv() != 1 || o.GetOfferId() != emulator.DefaultOfferID ||
				o.GetCurrencyType() != "CNY" || o.GetPlatform() != "android" || o.GetBuyQuantity() != 60 || o.GetZoneId() != "1" {
				t.Errorf("to pass on: %v", o)
			}
			alice.send(&msg.MidasRecharge{RequestId: "r", BuyQuantity: 60}) // asked again: the same recharge
			await(alice, any1[*msg.MidasRechargeOptions])
			alice.send(&msg.MidasRecharge{RequestId: "r", BuyQuantity: 300})
			alice.refused("r", invalid)

			if err := s.emu.RechargeLater(emulator.Sandbox, openid, "1", 60, time.Hour); err != nil {
				t.Fatal(err)
			}
			alice.send(&msg.MidasRechargeDone{RequestId: "r"})
			r := await(alice, any1[*msg.MidasRechargeResult])
			if r.GetState() != msg.MidasRechargeState_MIDAS_RECHARGE_STATE_PENDING || r.GetCoins() != 0 {
				t.Errorf("told at first %v", r)
			}
			s.emu.Advance(time.Hour) // now they come, and the server finds them by itself
			r = await(alice, any1[*msg.MidasRechargeResult])
			if r.GetState() != msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED || r.GetCoins() != 60 || r.GetRequestId() != "r" {
				t.Errorf("told at last %v", r)
			}
			for _, c := range []*client{alice, other} {
				if b := await(c, isPush(msg.MidasReason_MIDAS_REASON_RECHARGE)); b.GetBalance() != 60 || b.GetSaveAmt() != 60 {
					t.Errorf("pushed %v", b)
				}
			}
			alice.buy("p", "sword", 1)
		})
	}
}

func TestCoinsThatComeAfterTheClientVanishedAreToldAtTheNextLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := s.join("alice", overWS)
	alice.send(&msg.MidasRecharge{RequestId: "r", BuyQuantity: 60})
	await(alice, any1[*msg.MidasRechargeOptions])
	alice.close() // without a report
	s.awaitLogouts(1)
	s.recharge("alice", 60)
	again := s.dial(overTCP)
	again.name = "alice again"
	again.send(&msg.MidasLogin{Code: "auto-alice-again", ZoneId: "1"})
	r := await(again, any1[*msg.MidasRechargeResult])
	if r.GetState() != msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED || r.GetCoins() != 60 || r.GetRequestId() != "r" {
		t.Errorf("told %v", r)
	}
	if b := await(again, isPush(msg.MidasReason_MIDAS_REASON_LOGIN)); b.GetBalance() != 60 {
		t.Errorf("pushed %v", b)
	}
}

func TestARechargeThatThePlayerGaveUpIsToldSo(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := s.join("alice", overWS)
	for i, one := range []struct {
		code int64
		want msg.MidasRechargeState
	}{
		{1, msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CANCELLED},
		{-2, msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CANCELLED},
		{-1, msg.MidasRechargeState_MIDAS_RECHARGE_STATE_FAILED},
		{-15002, msg.MidasRechargeState_MIDAS_RECHARGE_STATE_FAILED},
		{msg.MaxInt, msg.MidasRechargeState_MIDAS_RECHARGE_STATE_FAILED},
	} {
		id := number("r", i)
		alice.send(&msg.MidasRecharge{RequestId: id, BuyQuantity: 60})
		await(alice, any1[*msg.MidasRechargeOptions])
		alice.send(&msg.MidasRechargeDone{RequestId: id, ErrCode: one.code})
		r := await(alice, func(r *msg.MidasRechargeResult) bool { return r.GetRequestId() == id })
		if r.GetState() != one.want {
			t.Errorf("%d: told %v", one.code, r)
		}
	}
}

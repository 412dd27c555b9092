package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

const (
	priceChanged = msg.MidasErrorCode_MIDAS_ERROR_CODE_PRICE_CHANGED
	limitReached = msg.MidasErrorCode_MIDAS_ERROR_CODE_LIMIT_REACHED
)

// catalogue asks for what is on sale, and puts its parts together.
func (c *client) catalogue(requestID string) *msg.MidasCatalogue {
	c.t.Helper()
	if requestID != "" {
		c.send(&msg.MidasGetCatalogue{RequestId: requestID})
	}
	var all *msg.MidasCatalogue
	for more := true; more; {
		part := await(c, func(m *msg.MidasCatalogue) bool { return m.GetRequestId() == requestID })
		if more = part.GetMore(); all == nil {
			all = part
			continue
		}
		if part.GetVersion() != all.GetVersion() {
			c.t.Errorf("a part of version %d follows one of %d", part.GetVersion(), all.GetVersion())
		}
		all.Items, all.Recharges = append(all.Items, part.GetItems()...), append(all.Recharges, part.GetRecharges()...)
	}
	return all
}

func TestTheCatalogueIsWhatThePlayerCanBuyOnThisDevice(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) {
		set.config.Items = append(set.config.Items, plugin.Item{ID: "gone", Name: "绝版", Price: 5, SoldOut: true})
	})
	for _, over := range transports {
		alice := s.join("alice", over)
		c := alice.catalogue("c1")
		var items []string
		for _, it := range c.GetItems() {
			items = append(items, fmt.Sprintf("%s %s %d %d %d", it.GetItemId(), it.GetName(), it.GetPrice(), it.GetFen(), it.GetLimitLeft()))
		}
		if got, want := strings.Join(items, ", "), "sword sword 60 0 -1, potion potion 1 0 -1, pass pass 0 600 -1, gone 绝版 5 0 0"; got != want {
			t.Errorf("%s: items are %q, want %q", over, got, want)
		}
		if r := c.GetRecharges(); !c.GetCanRecharge() || c.GetReason() != "" || len(r) != 29 || r[0].GetBuyQuantity() != 10 || r[0].GetFen() != 100 ||
			!r[0].GetFirstSave() || r[28].GetBuyQuantity() != 29980 {
			t.Errorf("%s: recharges are %v", over, c)
		}
		phone := s.dial(over) // Apple has no sandbox
		phone.send(&msg.MidasLogin{Code: "auto-bob-" + string(over), ZoneId: "1", Platform: "ios"})
		await(phone, any1[*msg.MidasLoginResult])
		if c := phone.catalogue("c1"); c.GetCanRecharge() || c.GetReason() == "" || len(c.GetRecharges()) != 0 || len(c.GetItems()) != 3 {
			t.Errorf("%s, on an iPhone: %v", over, c)
		}
		alice.send(&msg.MidasPurchase{RequestId: "sold out", ItemId: "gone", Quantity: 1})
		if e := alice.refused("sold out", limitReached); e.GetRetryable() || e.GetMessage() != "this is sold out" {
			t.Errorf("sold out: %v", e)
		}
	}
	stranger := s.dial(overWS)
	stranger.send(&msg.MidasGetCatalogue{RequestId: "c1"})
	stranger.refused("c1", msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_LOGGED_IN)
}

// A limit of an item's is told, kept to on every way of buying, and told anew when something was bought or given back.
func TestAPlayerBuysNoMoreOfAnItemThanItsLimit(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) {
		set.config.Items = append(set.config.Items, plugin.Item{ID: "relic", Price: 10, Limit: 3}, plugin.Item{ID: "skin", Fen: 600, Limit: 1})
		set.midas.Goods["skin"] = 600
	})
	s.recharge("alice", 1000)
	left := func(c *msg.MidasCatalogue, item string) int64 {
		t.Helper()
		for _, it := range c.GetItems() {
			if it.GetItemId() == item {
				return it.GetLimitLeft()
			}
		}
		t.Fatalf("no %s in %v", item, c)
		return 0
	}
	alice, other := s.join("alice", overWS), s.join("alice", overTCP)
	if c := alice.catalogue("c1"); left(c, "relic") != 3 || left(c, "skin") != 1 || left(c, "sword") != -1 {
		t.Errorf("at first: %v", c)
	}
	other.catalogue("c1")
	bill := alice.buy("p1", "relic", 2).GetBillNo()
	for _, c := range []*client{alice, other} {
		if now := c.catalogue(""); left(now, "relic") != 1 {
			t.Errorf("after two: %v", now)
		}
	}
	alice.ask("p2", "relic", 2)
	if e := alice.refused("p2", limitReached); e.GetMessage() != "of this you may buy 1 more" || e.GetRetryable() {
		t.Errorf("%v", e)
	}
	alice.buy("p3", "relic", 1)
	alice.ask("p4", "relic", 1)
	if e := alice.refused("p4", limitReached); e.GetMessage() != "you have bought as many of this as one may" {
		t.Errorf("%v", e)
	}
	if again := alice.buy("p1", "relic", 2); again.GetBillNo() != bill {
		t.Errorf("what was bought is not told again: %v", again)
	}
	if _, err := s.plugin.Cancel(t.Context(), plugin.Player{OpenID: emulator.OpenIDOf("alice"), ZoneID: "1"}, bill, "for a test"); err != nil {
		t.Fatal(err)
	}
	alice.buy("p5", "relic", 2) // two were given back

	s.payGoods("alice", alice.wantItem("g1", "skin"), emulator.Fate{})
	s.pushHere()
	alice.send(&msg.MidasBuyGoods{RequestId: "g2", ItemId: "skin", Quantity: 1})
	alice.refused("g2", limitReached)
	bob := s.join("bob", overWS)
	if c := bob.catalogue("c1"); left(c, "relic") != 3 {
		t.Errorf("bob's: %v", c)
	}
}

// The mark of the first recharge goes when it has happened, from the catalogue of whoever asked and on all connections.
func TestTheCatalogueLosesTheMarkOfTheFirstRecharge(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice, other, bob := s.join("alice", overWS), s.join("alice", overTCP), s.join("bob", overWS)
	first := alice.catalogue("c1")
	other.catalogue("c1")
	bob.catalogue("c1")
	if !first.GetRecharges()[0].GetFirstSave() {
		t.Fatalf("%v", first)
	}
	alice.send(&msg.MidasRecharge{RequestId: "r1", BuyQuantity: 60})
	await(alice, any1[*msg.MidasRechargeOptions])
	s.recharge("alice", 60)
	alice.send(&msg.MidasRechargeDone{RequestId: "r1"})
	for _, c := range []*client{alice, other} {
		if now := c.catalogue(""); now.GetRecharges()[0].GetFirstSave() || now.GetVersion() == first.GetVersion() {
			t.Errorf("after the first recharge: %v", now)
		}
	}
	alice.echo(1)
	if left := alice.pending(); strings.Contains(left, "MidasCatalogue") {
		t.Errorf("told twice: %s", left)
	}
	bob.echo(1)
	if left := bob.pending(); strings.Contains(left, "MidasCatalogue") {
		t.Errorf("bob was told: %s", left)
	}
}

// Whoever asked is told of a new catalogue, in as many messages as it takes, and an old client is not.
func TestANewCatalogueIsToldToWhoeverAsked(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice, bob := s.join("alice", overWS), s.join("bob", overTCP)
	old := alice.catalogue("c1")
	if again := alice.catalogue("c2"); again.GetVersion() != old.GetVersion() {
		t.Errorf("the same catalogue is %d and %d", old.GetVersion(), again.GetVersion())
	}
	var many []plugin.Item
	for i := range 200 {
		many = append(many, plugin.Item{ID: fmt.Sprintf("item-%03d", i), Name: strings.Repeat("剑", 30), Price: int64(i + 1)})
	}
	if err := s.plugin.SetItems(many); err != nil {
		t.Fatal(err)
	}
	c := alice.catalogue("")
	if len(c.GetItems()) != 200 || len(c.GetRecharges()) != 29 || c.GetVersion() == old.GetVersion() {
		t.Errorf("%d items and %d amounts, version %d after %d", len(c.GetItems()), len(c.GetRecharges()), c.GetVersion(), old.GetVersion())
	}
	for i, it := range c.GetItems() {
		if it.GetItemId() != many[i].ID || it.GetPrice() != many[i].Price || !strings.HasPrefix(many[i].Name, it.GetName()) || it.GetName() == "" {
			t.Fatalf("item %d is %v", i, it)
		}
	}
	bob.balance("b") // what was sent before has come
	if unread := bob.pending(); strings.Contains(unread, "item-") {
		t.Errorf("bob never asked, and was told %s", unread)
	}
	// What is wrong changes nothing.
	bad, ok := errors.AsType[*plugin.ConfigError](s.plugin.SetItems([]plugin.Item{{ID: "a", Price: 1}, {ID: "a b", Price: 0}}))
	if !ok || len(bad.Faults) != 2 || bad.Faults[0].Key != "Items[1].ID" || bad.Faults[1].Key != "Items[1].Price" {
		t.Errorf("nonsense: %v", bad)
	}
	if c := alice.catalogue("c3"); len(c.GetItems()) != 200 {
		t.Errorf("after nonsense there are %d items", len(c.GetItems()))
	}
}

func TestAPriceThatThePlayerDidNotSeeIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t))
	s.recharge("alice", 1000)
	for i, over := range transports {
		alice := s.join("alice", over)
		id := func(what string) string { return fmt.Sprint(what, i) }
		calls := s.emu.Calls("pay")
		alice.send(&msg.MidasPurchase{RequestId: id("p"), ItemId: "sword", Quantity: 2, ExpectedAmount: 100})
		if e := alice.refused(id("p"), priceChanged); e.GetPrice() != 120 || e.GetRetryable() {
			t.Errorf("%s: %v", over, e)
		}
		alice.send(&msg.MidasBuyGoods{RequestId: id("g"), ItemId: "pass", Quantity: 2, ExpectedFen: 600})
		if e := alice.refused(id("g"), priceChanged); e.GetPrice() != 1200 {
			t.Errorf("%s: %v", over, e)
		}
		alice.send(&msg.MidasPurchase{RequestId: id("n"), ItemId: "sword", Quantity: 1, ExpectedAmount: -1})
		alice.refused(id("n"), invalid)
		if n := s.emu.Calls("pay"); n != calls || len(alice.page(0, "").GetOrders()) != i {
			t.Errorf("%s: %d calls, %v", over, n-calls, alice.page(0, ""))
		}
		// At the right price the same request is an order, and stays that order whatever the price becomes.
		alice.send(&msg.MidasPurchase{RequestId: id("p"), ItemId: "sword", Quantity: 2, ExpectedAmount: 120})
		bought := alice.delivered(id("p"))
		if err := s.plugin.SetItems([]plugin.Item{{ID: "sword", Price: 61}, {ID: "pass", Fen: 600}}); err != nil {
			t.Fatal(err)
		}
		alice.send(&msg.MidasPurchase{RequestId: id("p"), ItemId: "sword", Quantity: 2, ExpectedAmount: 120})
		if again := alice.delivered(id("p")); again.GetBillNo() != bought.GetBillNo() || again.GetAmount() != 120 {
			t.Errorf("%s: asked again: %v", over, again)
		}
		if err := s.plugin.SetItems([]plugin.Item{{ID: "sword", Price: 60}, {ID: "pass", Fen: 600}}); err != nil {
			t.Fatal(err)
		}
	}
}

// The game decides before anything is deducted, on its own goroutine or elsewhere, and once for each request.
func TestTheGameMayRefuseBeforeAPurchase(t *testing.T) {
	t.Parallel()
	for _, elsewhere := range []bool{false, true} {
		t.Run(fmt.Sprint("elsewhere ", elsewhere), func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			may := func(p plugin.Player, item string, quantity int64) error {
				asked.Add(1)
				switch {
				case p.OpenID != emulator.OpenIDOf("alice"):
					return errors.New("another player")
				case item == "pass":
					return plugin.Limit("one pass a month")
				case quantity == 7:
					return plugin.Refuse("you are not on level 7")
				case quantity == 8:
					panic("no such level")
				case quantity == 9:
					return errors.New("the database is away")
				default:
					return nil
				}
			}
			s := start(t, forMoney(t), func(set *setup) {
				set.handle = func(p *plugin.Plugin, g *game) {
					p.HandleDeliver(g.Skeleton, func(o plugin.Order) error { g.grant(o); return nil })
					if elsewhere {
						p.BeforePurchaseAnywhere(func(_ context.Context, p plugin.Player, item string, n int64) error { return may(p, item, n) })
						return
					}
					p.BeforePurchase(g.Skeleton, func(p plugin.Player, item string, n int64) error {
						g.calls++ // only the game's own goroutine may
						return may(p, item, n)
					})
				}
			})
			s.recharge("alice", 1000)
			alice := s.join("alice", overWS)
			for quantity, says := range map[int64]string{7: "you are not on level 7", 8: "", 9: ""} {
				id := fmt.Sprint("q", quantity)
				alice.ask(id, "potion", quantity)
				code := limitReached
				if says == "" {
					code = msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE
				}
				if e := alice.refused(id, code); e.GetRetryable() != (says == "") || says != "" && e.GetMessage() != says {
					t.Errorf("%d potions: %v", quantity, e)
				}
			}
			alice.send(&msg.MidasBuyGoods{RequestId: "g1", ItemId: "pass", Quantity: 1})
			if e := alice.refused("g1", limitReached); e.GetMessage() != "one pass a month" {
				t.Errorf("a pass: %v", e)
			}
			if n := s.emu.Calls("pay"); n != 0 || len(alice.page(0, "").GetOrders()) != 0 {
				t.Errorf("%d calls, %v", n, alice.page(0, ""))
			}
			before := asked.Load()
			first := alice.buy("p1", "potion", 1)
			if again := alice.buy("p1", "potion", 1); again.GetBillNo() != first.GetBillNo() {
				t.Errorf("asked again: %v", again)
			}
			if n := asked.Load() - before; n != 1 {
				t.Errorf("the game was asked %d times about one purchase", n)
			}
		})
	}
}

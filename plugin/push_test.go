package plugin_test

import (
	"sync"
	"testing"
	"time"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

func isPush(why msg.MidasReason) func(*msg.MidasBalance) bool {
	return func(b *msg.MidasBalance) bool { return b.GetReason() == why && b.GetRequestId() == "" }
}

func TestABalanceIsPushedToAllConnectionsOfAPlayerAndToNobodyElse(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 1000)
	asking, other, bob := s.join("alice", overWS), s.join("alice", overTCP), s.join("bob", overWS)
	bob.drop()
	r := asking.buy("p", "sword", 2)
	for _, c := range []*client{asking, other} {
		b := await(c, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE))
		if b.GetBalance() != 880 || b.GetBillNo() != r.GetBillNo() || b.GetCostSum() != 120 || b.GetVersion() == 0 {
			t.Errorf("pushed %v", b)
		}
	}
	bob.echo(1)
	if left := bob.pending(); left != "[]" {
		t.Errorf("bob has heard of it: %s", left)
	}
	asking.drop()
	other.drop()
	other.echo(1)
	if left := other.pending(); left != "[]" {
		t.Errorf("the answer came to a connection that did not ask: %s", left)
	}
}

func TestTheVersionsOfPushedBalancesGrowAndTheLastOneWins(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 1000)
	asking, watching := s.join("alice", overWS), s.join("alice", overTCP)
	const orders = 30
	for i := range orders {
		asking.buy(number("p", i), "potion", 1)
	}
	pushes, version := 0, int64(0)
	for balance := int64(0); balance != 1000-orders; {
		b := await(watching, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE))
		if b.GetVersion() <= version {
			t.Errorf("version %d after %d", b.GetVersion(), version)
		}
		version, balance = b.GetVersion(), b.GetBalance()
		pushes++
	}
	t.Logf("%d pushes for %d purchases", pushes, orders)
}

// A second connection of one player comes and the first one goes, in every order in which a game server can hear of it,
// while an order is under way.
func TestAPlayerOnTwoConnectionsIsToldOnTheOneThatIsLeft(t *testing.T) {
	t.Parallel()
	// a: login on A, b: login on B, x: logout of A, e: the order's end
	for _, order := range []string{"abxe", "axbe", "baxe", "abex", "axeb", "aebx", "aexb", "baex", "beax"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			granting := make(chan struct{})
			s := start(t, func(set *setup) {
				set.deliver = func(plugin.Order) error { <-granting; return nil }
			})
			s.recharge("alice", 100)
			connections := map[rune]*recorder{'a': newRecorder(), 'b': newRecorder()}
			player := plugin.Player{OpenID: emulator.OpenIDOf("alice"), SessionKey: "key-of-alice", ZoneID: "1"}
			s.emu.SetSession(player.OpenID, player.SessionKey.Reveal())
			done := make(chan plugin.Receipt, 1)
			ordered := false
			for _, step := range order {
				switch step {
				case 'a', 'b':
					s.plugin.Login(connections[step], player)
				case 'x':
					s.plugin.Logout(connections['a'])
				case 'e':
					close(granting)
					r := <-done
					if r.Order.State != ledger.Delivered {
						t.Errorf("the order is %v", r.Order.State)
					}
				}
				if !ordered {
					ordered = true
					if err := s.plugin.GoPurchase(player, plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1},
						func(r plugin.Receipt, err error) {
							if err != nil {
								t.Error(err)
							}
							done <- r
						}); err != nil {
						t.Fatal(err)
					}
				}
			}
			connections['b'].await(t, func(m any) bool {
				b, ok := m.(*msg.MidasBalance)
				return ok && b.GetReason() == msg.MidasReason_MIDAS_REASON_LOGIN
			})
			// Whoever is left is still told: of a change of balance, and who it is.
			for name, c := range connections {
				p, here := s.plugin.Player(c)
				if want := name == 'b'; here != want || want && p.OpenID != player.OpenID {
					t.Errorf("%c: %v, here: %t", name, p, here)
				}
			}
			connections['a'].drop()
			connections['b'].drop()
			if err := s.plugin.GoPurchase(player, plugin.PurchaseRequest{RequestID: "p2", ItemID: "potion", Quantity: 1},
				func(plugin.Receipt, error) {}); err != nil {
				t.Fatal(err)
			}
			connections['b'].await(t, func(m any) bool {
				b, ok := m.(*msg.MidasBalance)
				return ok && b.GetReason() == msg.MidasReason_MIDAS_REASON_PURCHASE && b.GetBalance() == 39
			})
			for _, m := range connections['a'].messages() { // what was under way before may still come: Leaf drops it
				if b, ok := m.(*msg.MidasBalance); ok && b.GetBalance() == 39 {
					t.Errorf("the connection that has ended was told of %v", b)
				}
			}
		})
	}
}

func TestTheAnswerToAPurchaseReachesThePlayerOnAnotherConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	asking := s.join("alice", overWS)
	s.script(emulator.APIPay, emulator.Fault{Kind: emulator.Slow, Delay: 300 * time.Millisecond})
	asking.ask("p", "sword", 1)
	eventually(t, "the call is out", func() bool { return s.emu.Calls(emulator.APIPay) == 1 })
	asking.close()
	s.awaitLogouts(1)
	again := s.dial(overTCP)
	again.name = "alice again"
	again.send(&msg.MidasLogin{Code: "auto-alice-again", ZoneId: "1"})
	again.delivered("p")
	s.checkBooks()
}

func TestAnOrderOfAPlayerWhoLeftEndsAndIsToldWhenAskedForAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	asking := s.join("alice", overTCP)
	s.script(emulator.APIPay, emulator.Fault{Kind: emulator.Slow, Delay: 100 * time.Millisecond})
	asking.ask("p", "sword", 1)
	eventually(t, "the call is out", func() bool { return s.emu.Calls(emulator.APIPay) == 1 })
	asking.close()
	eventually(t, "the sword", func() bool { return s.bag("alice", "sword") == 1 })
	again := s.join("alice", overWS)
	if r := again.buy("p", "sword", 1); r.GetBillNo() == "" || r.GetAmount() != 60 {
		t.Errorf("got %v", r)
	}
	if n := again.balance("b"); n != 40 {
		t.Errorf("%d coins are left", n)
	}
	if n := s.emu.Calls(emulator.APIPay); n != 1 {
		t.Errorf("paid %d times", n)
	}
	s.checkBooks()
}

func TestOneConnectionMayLogInAsAnotherPlayer(t *testing.T) {
	t.Parallel()
	for _, way := range transports {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.recharge("alice", 100)
			s.recharge("bob", 500)
			c, alice := s.join("alice", way), s.join("alice", overWS)
			c.login("bob")
			if n := c.balance("b"); n != 500 {
				t.Errorf("bob has %d coins", n)
			}
			c.drop()
			alice.login("alice")
			alice.buy("p", "sword", 1)
			await(alice, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE))
			c.echo(1)
			if left := c.pending(); left != "[]" {
				t.Errorf("alice's messages came to bob: %s", left)
			}
			c.buy("p", "sword", 1) // the same request id, of another player
			if a, b := s.bag("alice", "sword"), s.bag("bob", "sword"); a != 1 || b != 1 {
				t.Errorf("alice has %d swords and bob %d", a, b)
			}
			s.checkBooks()
		})
	}
}

func TestTheNewestSessionKeyServesAllConnectionsOfAPlayer(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	old := s.join("alice", overWS)
	s.join("alice", overTCP) // this login kills the key of the first
	old.buy("p", "sword", 1)
	old.balance("b")
}

func TestPlayersInTwoZonesHaveTwoBalances(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	if err := s.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "2", 700); err != nil {
		t.Fatal(err)
	}
	one := s.join("alice", overWS)
	two := s.dial(overWS)
	two.send(&msg.MidasLogin{Code: "auto-alice-two", ZoneId: "2"})
	if b := await(two, isPush(msg.MidasReason_MIDAS_REASON_LOGIN)); b.GetBalance() != 700 {
		t.Errorf("zone 2 has %v", b)
	}
	one.drop()
	two.buy("p", "sword", 1)
	await(two, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE))
	if n := one.balance("b"); n != 100 {
		t.Errorf("zone 1 has %d coins", n)
	}
	if _, found, _, _ := take(one, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE)); found {
		t.Error("zone 1 was told the balance of zone 2")
	}
}

// quickBreaker opens soon, and closes soon.
var quickBreaker = plugin.BreakerConfig{MinRequests: 3, FailureRatio: 0.5, OpenFor: 300 * time.Millisecond, HalfOpenRequests: 1}

func TestPlayersAreToldWhenTheShopClosesAndOpens(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) { set.config.Breaker = quickBreaker })
	s.recharge("alice", 1000)
	alice, bob, nobody := s.join("alice", overWS), s.join("bob", overTCP), s.dial(overWS)
	if err := s.emu.Outage(emulator.Fault{Kind: emulator.BadGateway}); err != nil {
		t.Fatal(err)
	}
	alice.ask("p", "sword", 1)
	for _, c := range []*client{alice, bob} {
		closed := await(c, func(m *msg.MidasServiceState) bool { return !m.GetAvailable() })
		if closed.GetRetryAfterMs() <= 0 || closed.GetRetryAfterMs() > 300 {
			t.Errorf("told to try again in %d ms", closed.GetRetryAfterMs())
		}
	}
	s.emu.Recover()
	for _, c := range []*client{alice, bob} {
		open := await(c, func(m *msg.MidasServiceState) bool { return m.GetAvailable() })
		if open.GetRetryAfterMs() != 0 {
			t.Errorf("told to try again in %d ms", open.GetRetryAfterMs())
		}
	}
	alice.delivered("p")
	nobody.echo(1)
	if left := nobody.pending(); left != "[]" {
		t.Errorf("a connection without a player was told: %s", left)
	}
	s.checkBooks()
}

func TestNothingIsDoneForAMessageThatComesAfterLogout(t *testing.T) {
	t.Parallel()
	s := start(t)
	player := plugin.Player{OpenID: emulator.OpenIDOf("alice"), SessionKey: "key-of-alice"}
	s.emu.SetSession(player.OpenID, "key-of-alice")
	s.recharge("alice", 100)
	a, b := newRecorder(), newRecorder()
	s.plugin.Login(a, player)
	a.await(t, func(m any) bool { _, ok := m.(*msg.MidasBalance); return ok })
	s.plugin.Logout(a)
	a.drop()
	calls := s.emu.Calls(emulator.AllAPIs)
	for _, m := range []any{
		&msg.MidasPurchase{RequestId: "p", ItemId: "sword", Quantity: 1}, &msg.MidasGetBalance{RequestId: "b"},
		&msg.MidasLogin{Code: "auto-alice-late"}, &msg.MidasGetBalance{}, &msg.MidasOrders{},
	} {
		if err := s.json.network().Route(m, a); err != nil { // as the connection's goroutine does
			t.Fatal(err)
		}
	}
	s.plugin.Login(a, player)
	if err := s.json.network().Route(&msg.MidasGetBalance{RequestId: "b"}, b); err != nil { // whatever came before has been handled
		t.Fatal(err)
	}
	b.await(t, func(m any) bool { _, ok := m.(*msg.MidasError); return ok })
	if _, here := s.plugin.Player(a); here {
		t.Error("the connection has come back to life")
	}
	if n := s.emu.Calls(emulator.AllAPIs) - calls; n != 0 {
		t.Errorf("cost %d calls to Midas", n)
	}
	if got := a.messages(); len(got) > 0 {
		t.Errorf("was answered %v", got)
	}
}

var _ gate.Agent = (*recorder)(nil)

// A connection may end while its player is being logged in. Either way round, nothing may be remembered of the player:
// a receipt tells the balance of players who are here, and only theirs.
func TestALoginThatMeetsItsLogoutLeavesNobodyBehind(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 120 {
		name := number("player", i)
		p := plugin.Player{OpenID: emulator.OpenIDOf(name), SessionKey: "some-key", ZoneID: "1"}
		a := newRecorder()
		var both sync.WaitGroup
		both.Go(func() { s.plugin.Login(a, p) })
		both.Go(func() {
			for {
				if _, here := s.plugin.Player(a); here { // the worst moment there is
					s.plugin.Logout(a)
					return
				}
			}
		})
		both.Wait()
		if i%3 > 0 {
			continue
		}
		// Another key than the first login's, whose refusal may still be on its way.
		s.emu.SetSession(p.OpenID, "fresh-key")
		s.recharge(name, 100)
		s.plugin.Login(newRecorder(), plugin.Player{OpenID: p.OpenID, SessionKey: "fresh-key", ZoneID: "2"})
		if _, err := s.plugin.Balance(background(t), p); err != nil {
			t.Fatal(err)
		}
		r, err := s.plugin.Purchase(background(t), p, plugin.PurchaseRequest{RequestID: "p", ItemID: "potion", Quantity: 1})
		if err != nil || r.Order.State != ledger.Delivered {
			t.Fatalf("%v: %v", r.Order.State, err)
		}
		if r.Balance != 0 {
			t.Errorf("%s has left, and the balance of %d is remembered", name, r.Balance)
		}
	}
}

package plugin_test

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestAPanicOfTheHostsHarmsNobody(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := start(t, func(set *setup) {
		set.options = append(set.options, plugin.WithUserIP(func(gate.Agent) string {
			if asked.Add(1) == 1 {
				panic("the host's own fault")
			}
			return "203.0.113.9"
		}))
	})
	s.recharge("alice", 100)
	alice := s.dial(overWS)
	alice.send(&msg.MidasLogin{Code: "auto-alice-panics"})
	eventually(t, "the panic", func() bool { return asked.Load() == 1 })
	alice.login("alice")
	s.onGame(func() {
		if err := s.plugin.GoBalance(plugin.Player{OpenID: emulator.OpenIDOf("alice"), ZoneID: "1"}, func(plugin.Account, error) {
			panic("the host's own fault")
		}); err != nil {
			t.Error(err)
		}
	})
	alice.buy("p", "sword", 1)
	s.checkBooks()
}

func TestPushesDoNotCutAHealthyClientAndASlowOneHarmsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) { set.pending = 5 })
	s.recharge("alice", 10_000)
	buying, healthy := s.join("alice", overTCP), s.join("alice", overWS)
	bob := s.join("bob", overWS)

	// A client of alice's that never reads: its answers fill the kernel's buffers, then Leaf's queue.
	slow, err := net.Dial("tcp", s.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if err := slow.(*net.TCPConn).SetReadBuffer(1); err != nil {
		t.Fatal(err)
	}
	lazy := &client{t: t, name: "lazy", conn: tcpWire{slow}, codec: s.binary.network()}
	lazy.send(&msg.MidasLogin{Code: "auto-alice-lazy", ZoneId: "1"})
	for welcome := false; !welcome; {
		frame, err := lazy.conn.read()
		if err != nil {
			t.Fatal(err)
		}
		m, err := lazy.codec.Unmarshal(frame)
		if err != nil {
			t.Fatal(err)
		}
		_, welcome = m.(*msg.MidasBalance)
	} // and from now on it reads no more

	const orders = 200
	var slowest time.Duration
	for i := range orders {
		for range 20 {
			parts, err := lazy.codec.Marshal(&msg.MidasListOrders{})
			if err != nil {
				t.Fatal(err)
			}
			_ = lazy.conn.write(append(append([]byte{}, parts[0]...), parts[1]...)) // it may have been cut by now
		}
		buying.buy(number("p", i), "potion", 1)
		slowest = max(slowest, bob.echo(int64(i)))
	}
	for balance := int64(0); balance != 10_000-orders; {
		balance = await(healthy, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE)).GetBalance()
	}
	healthy.echo(1)
	if slowest > time.Second {
		t.Errorf("the game took %s", slowest)
	}
	s.checkBooks()
}

// Everything goes wrong at random for many players at once; in the end the books agree and nobody got anything twice.
func TestManyPlayersOverABadLineEndWithBooksThatAgree(t *testing.T) {
	t.Parallel()
	const players, orders = 12, 10
	s := start(t, func(set *setup) {
		set.midas.Seed = 7
		set.config.Timeout = time.Second
		set.config.MaxQueuePerPlayer = orders + 2
		set.config.MaxInFlight = 20
		calls := 0 // of the game's goroutine
		set.deliver = func(plugin.Order) error {
			switch calls++; calls % 7 {
			case 3:
				return errors.New("not now")
			case 5:
				panic("the host's own fault")
			default:
				return nil
			}
		}
	})
	clients := make([]*client, players)
	for i := range clients {
		name := number("player", i)
		s.recharge(name, 5)
		clients[i] = s.join(name, transports[i%2])
	}
	for _, api := range []string{emulator.APIPay, emulator.APICancel} {
		if err := s.emu.SetFaults(api, emulator.Faults{
			{Probability: 0.1, Fault: emulator.Fault{Kind: emulator.Refuse}},
			{Probability: 0.1, Fault: emulator.Fault{Kind: emulator.Fail}},
			{Probability: 0.1, Fault: emulator.Fault{Kind: emulator.Cut, Commit: true}},
			{Probability: 0.1, Fault: emulator.Fault{Kind: emulator.HTML}},
			{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.Hang, Commit: true}},
			{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.Slow, Delay: 100 * time.Millisecond}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range orders {
		for _, c := range clients {
			c.ask(number("p", n), "potion", 1)
		}
	}
	for _, c := range clients {
		delivered := 0
		for n := range orders {
			r := c.result(number("p", n))
			switch {
			case r.GetState() == msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED:
				delivered++
			case r.GetError().GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE:
				t.Errorf("%s: told %v", c.name, r)
			}
		}
		if delivered != 5 {
			t.Errorf("%s bought %d potions with 5 coins", c.name, delivered)
		}
		if n := s.bag(c.name, "potion"); n != 5 {
			t.Errorf("%s has %d potions", c.name, n)
		}
	}
	s.checkBooks()
	if books, err := s.plugin.Books(background(t)); err != nil || books.Orders[ledger.Failed]+books.Orders[ledger.Cancelled] != players*(orders-5) {
		t.Errorf("the ledger has %v (%v)", books.Orders, err)
	}
}

package plugin_test

import (
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
)

func TestAStopFinishesWhatIsUnderWayAndTellsThePlayers(t *testing.T) {
	t.Parallel()
	const players = 30
	s := start(t)
	slow := emulator.Fault{Kind: emulator.Slow, Delay: 600 * time.Millisecond}
	if err := s.emu.SetFaults(emulator.APIPay, emulator.Faults{{Probability: 1, Fault: slow}}); err != nil {
		t.Fatal(err)
	}
	clients := make([]*client, players)
	for i := range clients {
		name := number("player", i)
		s.recharge(name, 100)
		clients[i] = s.join(name, transports[i%2])
	}
	idle := s.join("idle", overWS)
	for _, c := range clients {
		c.ask("p", "sword", 1)
	}
	eventually(t, "the calls are out", func() bool { return s.emu.Calls(emulator.APIPay) == players })

	stopped := make(chan time.Duration, 1)
	go func() {
		took := s.stopPlugin()
		s.modules[2].end() // at once, as Leaf does: a gate does not wait for what it has still to send
		s.modules[1].end()
		stopped <- took
	}()
	eventually(t, "the plugin refuses", func() bool {
		idle.send(&msg.MidasGetBalance{RequestId: "probe"})
		for {
			if _, found, _, _ := take(idle, func(b *msg.MidasBalance) bool { return b.GetRequestId() == "probe" }); found {
				return false
			}
			if _, found, _, _ := take(idle, func(e *msg.MidasError) bool { return e.GetRequestId() == "probe" }); found {
				return true
			}
			time.Sleep(time.Millisecond)
		}
	})
	for i, request := range []any{
		&msg.MidasPurchase{RequestId: "late", ItemId: "sword", Quantity: 1}, &msg.MidasGetBalance{RequestId: "late"},
		&msg.MidasRecharge{RequestId: "late", BuyQuantity: 60}, &msg.MidasRechargeDone{RequestId: "late"},
	} {
		clients[i].send(request)
		if e := clients[i].refused("late", unavailable); !e.GetRetryable() {
			t.Errorf("%T: told %v", request, e)
		}
	}
	idle.send(&msg.MidasLogin{Code: "auto-idle-late"})
	idle.refused("", unavailable)
	idle.echo(1) // the game goes on serving

	for _, c := range clients {
		c.delivered("p")
		if b := await(c, isPush(msg.MidasReason_MIDAS_REASON_PURCHASE)); b.GetBalance() != 40 {
			t.Errorf("%s was pushed %v", c.name, b)
		}
	}
	// However long the disk takes on a busy machine: once all is delivered, the stop is not waited for.
	done := time.Now()
	if took := <-stopped; time.Since(done) > 4*time.Second {
		t.Errorf("the stop took %s, the last %s of it for nothing", took, time.Since(done))
	}
	var swords int64
	s.onGame(func() {
		for _, n := range s.game.bags {
			swords += n
		}
	})
	if swords != players {
		t.Errorf("%d swords, not %d", swords, players)
	}
	s.stop()
	next := s.restart()
	ctx := background(t)
	if books, err := next.plugin.Books(ctx); err != nil || books.Orders[ledger.Delivered] != players {
		t.Errorf("the ledger has %v (%v)", books.Orders, err)
	}
}

func TestAStopWithAMidasThatHangsEndsInTimeAndTheNextServerGoesOn(t *testing.T) {
	t.Parallel()
	const players = 10
	s := start(t, func(set *setup) { set.config.Timeout = time.Minute })
	clients := make([]*client, players)
	for i := range clients {
		name := number("player", i)
		s.recharge(name, 100)
		clients[i] = s.join(name, transports[i%2])
	}
	// Half of them have been deducted when the answer is lost.
	for i, c := range clients {
		s.script(emulator.APIPay, emulator.Fault{Kind: emulator.Hang, Commit: i%2 == 0})
		c.ask("p", "sword", 1)
		eventually(t, "the call is out", func() bool { return s.emu.Calls(emulator.APIPay) == i+1 })
	}
	if took := s.stopPlugin(); took > 10*time.Second {
		t.Errorf("the stop took %s", took)
	}
	s.stop()
	for i := range players {
		o, found := s.order(number("player", i), "p")
		if !found || o.State != ledger.Paying || o.UnsureSince.IsZero() {
			t.Errorf("order %d is %v, unsure since %v", i, o.State, o.UnsureSince)
		}
	}

	next := s.restart()
	for i := range players {
		name := number("player", i)
		eventually(t, name+"'s sword", func() bool { return next.bag(name, "sword") == 1 })
		if a := s.emu.Account(emulator.Sandbox, emulator.OpenIDOf(name), "1"); a.Balance != 40 {
			t.Errorf("%s has %d coins", name, a.Balance)
		}
	}
	eventually(t, "every order has ended", func() bool {
		books, err := next.plugin.Books(background(t))
		return err == nil && books.Orders[ledger.Delivered] == players
	})
	next.checkBooks()
}

func TestAnOrderThatWaitsForItsNextTryIsNotForgottenByAStop(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) {
		set.config.Retry.First, set.config.Retry.Max = time.Hour, time.Hour
		set.config.Retry.GiveUpAfter = 2 * time.Hour
	})
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	s.script(emulator.APIPay, emulator.Fault{Kind: emulator.Fail})
	alice.ask("p", "sword", 1)
	if r := await(alice, any1[*msg.MidasPurchaseResult]); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING {
		t.Errorf("told %v", r)
	}
	if took := s.stopPlugin(); took > 3*time.Second {
		t.Errorf("the stop took %s: an order that waits is no reason", took)
	}
	next := s.restart()
	eventually(t, "the sword", func() bool { return next.bag("alice", "sword") == 1 })
	next.checkBooks()
}

func TestAStopWhileTheGameHangsEndsInTime(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	held, release := make(chan struct{}), make(chan struct{})
	s.game.ChanRPCServer.Go(onGame{}, func() { close(held); <-release })
	<-held
	alice.ask("p", "sword", 1)
	eventually(t, "the coins are deducted", func() bool { return s.emu.Totals().Deducted == 60 })
	if took := s.stopPlugin(); took > 10*time.Second {
		t.Errorf("the stop took %s", took)
	}
	close(release)
	s.stop()
	if o, _ := s.order("alice", "p"); o.State != ledger.Paid {
		t.Errorf("the order is %v", o.State)
	}
	next := s.restart()
	eventually(t, "the sword", func() bool { return next.bag("alice", "sword") == 1 })
	next.checkBooks()
}

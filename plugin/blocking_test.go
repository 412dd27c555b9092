package plugin_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/payment"
	"github.com/leafmidas/leafmidas/plugin"
)

// host logs a player in by the host's own way, without a connection.
func (s *server) host(name string, coins int64) plugin.Player {
	s.t.Helper()
	p := plugin.Player{OpenID: emulator.OpenIDOf(name), SessionKey: plugin.Secret("session-key-of-" + name), ZoneID: "1"}
	s.emu.SetSession(p.OpenID, p.SessionKey.Reveal())
	if coins > 0 {
		s.recharge(name, coins)
	}
	a := newRecorder()
	s.plugin.Login(a, p)
	a.await(s.t, func(m any) bool { _, ok := m.(*msg.MidasBalance); return ok })
	return p
}

func TestTheBlockingCallsWorkFromManyGoroutinesAndAStopDoesNotHang(t *testing.T) {
	t.Parallel()
	const goroutines = 64
	s := start(t)
	players := make([]plugin.Player, 8)
	for i := range players {
		players[i] = s.host(number("player", i), 10_000)
	}
	var bought atomic.Int64
	var stopping atomic.Bool
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			for n := 0; ; n++ {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				p := players[i%len(players)]
				_, err := s.plugin.Balance(ctx, p)
				var r plugin.Receipt
				if err == nil || errors.Is(err, plugin.ErrBusy) {
					id := number("g", i) + number("n", n)
					r, err = s.plugin.Purchase(ctx, p, plugin.PurchaseRequest{RequestID: id, ItemID: "potion", Quantity: 1})
				}
				cancel()
				switch {
				case err == nil && r.Order.State == ledger.Delivered:
					bought.Add(1)
				case errors.Is(err, plugin.ErrBusy):
				case stopping.Load() && (errors.Is(err, plugin.ErrClosing) || err == nil):
					return
				default:
					t.Errorf("%v: %v", r.Order.State, err)
					return
				}
			}
		})
	}
	eventually(t, "something is bought", func() bool { return bought.Load() > 50 })
	stopping.Store(true)
	if took := s.stopPlugin(); took > 5*time.Second {
		t.Errorf("the stop took %s", took)
	}
	all.Wait()
	if _, err := s.plugin.Balance(background(t), players[0]); !errors.Is(err, plugin.ErrClosing) {
		t.Errorf("after the stop: %v", err)
	}
	var potions int64
	s.onGame(func() {
		for _, n := range s.game.bags {
			potions += n
		}
	})
	if spent := s.emu.Totals().Deducted; spent != potions || potions < bought.Load() {
		t.Errorf("%d coins deducted, %d potions granted, %d told", spent, potions, bought.Load())
	}
}

func TestABlockingCallOnAModulesGoroutineIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.host("alice", 100)
	s.onGame(func() {
		if _, err := s.plugin.Balance(background(t), p); !errors.Is(err, plugin.ErrWrongGoroutine) {
			t.Errorf("Balance: %v", err)
		}
		r := plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1}
		if _, err := s.plugin.Purchase(background(t), p, r); !errors.Is(err, plugin.ErrWrongGoroutine) {
			t.Errorf("Purchase: %v", err)
		}
	})
	if n := s.emu.Calls(emulator.APIPay); n != 0 {
		t.Errorf("%d calls to pay", n)
	}
}

func TestABlockingCallEndsWithItsContextAndTheOrderGoesOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.host("alice", 100)
	s.script(emulator.APIPay, emulator.Fault{Kind: emulator.Slow, Delay: 500 * time.Millisecond})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	r := plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1}
	if _, err := s.plugin.Purchase(ctx, p, r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	eventually(t, "the sword", func() bool { return s.bag("alice", "sword") == 1 })
	receipt, err := s.plugin.Purchase(background(t), p, r)
	if err != nil || receipt.Order.State != ledger.Delivered {
		t.Errorf("asked again: %v, %v", receipt.Order.State, err)
	}
	o, err := s.plugin.Order(background(t), receipt.Order.BillNo)
	if err != nil || o.State != ledger.Delivered || o.RequestID != "p" {
		t.Errorf("the order reads %v (%v)", o, err)
	}
	if n := s.emu.Calls(emulator.APIPay); n != 1 {
		t.Errorf("paid %d times", n)
	}
}

func TestWithAContextThatHasEndedNothingIsBought(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.host("alice", 100)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.plugin.Purchase(ctx, p, plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := s.plugin.Balance(background(t), p); err != nil { // behind it on the player's lane
		t.Fatal(err)
	}
	if n := s.emu.Calls(emulator.APIPay); n != 0 {
		t.Errorf("%d calls to pay", n)
	}
}

func TestTheGoCallsAnswerOnTheGamesGoroutine(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.host("alice", 100)
	stacks := make(chan string, 2)
	s.onGame(func() {
		if err := s.plugin.GoBalance(p, func(a plugin.Account, err error) {
			if err != nil || a.Balance.Balance != 100 {
				t.Errorf("GoBalance: %v, %v", a, err)
			}
			s.game.calls++ // the game's own: the race detector knows whose goroutine this must be
			stacks <- callers()
		}); err != nil {
			t.Errorf("GoBalance: %v", err)
		}
		r := plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1}
		if err := s.plugin.GoPurchase(p, r, func(receipt plugin.Receipt, err error) {
			if err != nil || receipt.Order.State != ledger.Delivered {
				t.Errorf("GoPurchase: %v, %v", receipt.Order.State, err)
			}
			s.game.calls++
			stacks <- callers()
		}); err != nil {
			t.Errorf("GoPurchase: %v", err)
		}
	})
	for range 2 {
		if stack := <-stacks; !onTheGames(stack) {
			t.Errorf("answered on\n%s", stack)
		}
	}
}

func TestWhatTheHostAsksForIsCheckedLikeWhatPlayersAskFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.host("alice", 100)
	for _, one := range []struct {
		player  plugin.Player
		request plugin.PurchaseRequest
		want    error
	}{
		{p, plugin.PurchaseRequest{RequestID: "p", ItemID: "dragon", Quantity: 1}, payment.ErrUnknownItem},
		{p, plugin.PurchaseRequest{RequestID: "p", ItemID: "sword"}, payment.ErrInvalid},
		{p, plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: -1}, payment.ErrInvalid},
		{p, plugin.PurchaseRequest{ItemID: "sword", Quantity: 1}, payment.ErrInvalid},
		{plugin.Player{}, plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1}, payment.ErrInvalid},
	} {
		if _, err := s.plugin.Purchase(background(t), one.player, one.request); !errors.Is(err, one.want) {
			t.Errorf("%+v: %v, not %v", one.request, err, one.want)
		}
	}
	if n := s.emu.Calls(emulator.APIPay); n != 0 {
		t.Errorf("%d calls to pay", n)
	}
	receipt, err := s.plugin.Purchase(background(t), p, plugin.PurchaseRequest{RequestID: "two", ItemID: "sword", Quantity: 2})
	if err != nil || receipt.Order.State != ledger.Failed || receipt.Order.Code == 0 {
		t.Errorf("too dear: %v, %v", receipt.Order.State, err)
	}
}

func TestAPluginWithoutAConfigSaysSo(t *testing.T) {
	t.Parallel()
	p := plugin.New()
	r := plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1}
	who := plugin.Player{OpenID: "o1"}
	_, balance := p.Balance(background(t), who)
	_, purchase := p.Purchase(background(t), who, r)
	_, order := p.Order(background(t), "b")
	_, books := p.Books(background(t))
	goBalance := p.GoBalance(who, func(plugin.Account, error) { t.Error("answered") })
	goPurchase := p.GoPurchase(who, r, func(plugin.Receipt, error) { t.Error("answered") })
	for i, err := range []error{balance, purchase, order, books, goBalance, goPurchase} {
		if !errors.Is(err, plugin.ErrNotConfigured) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// The promise for which all of this is built: Midas may hang, the game does not.
func TestWhileMidasHangsTheGameIsAsFastAsBeforeAndTheOpenBreakerRefusesAtOnce(t *testing.T) {
	t.Parallel()
	const players, timeout = 50, 6 * time.Second
	s := start(t, func(set *setup) {
		set.config.Timeout = timeout
		set.config.Breaker = plugin.BreakerConfig{MinRequests: 40, FailureRatio: 0.5, OpenFor: time.Minute}
	})
	clients := make([]*client, players)
	for i := range clients {
		name := number("player", i)
		s.recharge(name, 100)
		clients[i] = s.join(name, transports[i%2])
	}
	gamer := s.dial(overWS)
	gamer.name = "gamer"
	rounds := func(until func(n int) bool) (times []time.Duration) {
		for n := 0; !until(n); n++ {
			times = append(times, gamer.echo(int64(n)))
			time.Sleep(5 * time.Millisecond)
		}
		slices.Sort(times)
		return times
	}
	quiet := rounds(func(n int) bool { return n == 100 })
	s.hang()
	begin := time.Now()
	for _, c := range clients {
		c.ask("p", "sword", 1)
	}
	eventually(t, "all of them wait for Midas", func() bool { return s.emu.Calls(emulator.APIPay) == players })
	waiting := rounds(func(int) bool { return time.Since(begin) > timeout-200*time.Millisecond })
	if n := s.emu.Calls(emulator.APIPay); n != players {
		t.Errorf("%d calls to pay while the first %d hang", n, players)
	}
	if len(waiting) < 20 {
		t.Fatalf("%d round trips only", len(waiting))
	}
	t.Logf("round trips: median %s, slowest %s; while %d purchases wait: median %s, slowest %s",
		quiet[len(quiet)/2], quiet[len(quiet)-1], players, waiting[len(waiting)/2], waiting[len(waiting)-1])
	// A game that stood still for one call would show 6 s; the bounds leave room for a machine that is busy.
	if slowest := waiting[len(waiting)-1]; slowest > time.Second {
		t.Errorf("the slowest round trip took %s", slowest)
	}
	if before, now := quiet[len(quiet)/2], waiting[len(waiting)/2]; now > 5*before+50*time.Millisecond {
		t.Errorf("the median went from %s to %s", before, now)
	}

	// The calls time out, the breaker opens, and from then on nobody waits.
	await(clients[0], func(m *msg.MidasServiceState) bool { return !m.GetAvailable() })
	var refusals []time.Duration
	for i := range 20 {
		c := clients[i]
		id := number("refused", i)
		asked := time.Now()
		c.ask(id, "potion", 1)
		e := c.refused(id, unavailable)
		refusals = append(refusals, time.Since(asked))
		if !e.GetRetryable() || e.GetRetryAfterMs() <= 0 {
			t.Errorf("told %v", e)
		}
	}
	slices.Sort(refusals)
	t.Logf("refusals: median %s, slowest %s", refusals[10], refusals[19])
	if before, now := quiet[len(quiet)/2], refusals[10]; now > 10*before+100*time.Millisecond {
		t.Errorf("a refusal takes %s, a round trip %s", now, before)
	}
	s.emu.Recover()
}

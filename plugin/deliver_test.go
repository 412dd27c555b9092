package plugin_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// callers tells whose goroutine this is: the name of every function on its stack.
func callers() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	var names strings.Builder
	for {
		frame, more := frames.Next()
		names.WriteString(frame.Function + "\n")
		if !more {
			return names.String()
		}
	}
}

const (
	gameLoop   = "github.com/name5566/leaf/module.(*Skeleton).Run\n"
	pluginLoop = "github.com/leafmidas/leafmidas/module.(*Module).Run\n"
	startOfRun = "github.com/leafmidas/leafmidas/plugin_test.(*server).run"
)

// onTheGames tells whether that is the stack of the game's own goroutine: Leaf's loop, and not the plugin's.
func onTheGames(stack string) bool {
	return strings.Contains(stack, gameLoop) && strings.Contains(stack, startOfRun) && !strings.Contains(stack, pluginLoop)
}

func TestDeliveryRunsOnTheGamesOwnGoroutine(t *testing.T) {
	t.Parallel()
	stacks := make(chan string, 1)
	s := start(t, func(set *setup) {
		set.deliver = func(plugin.Order) error { stacks <- callers(); return nil }
	})
	s.recharge("alice", 100)
	s.join("alice", overWS).buy("p", "sword", 1) // newGame's bags have no lock: the race detector agrees or not
	if stack := <-stacks; !onTheGames(stack) {
		t.Errorf("delivered on\n%s", stack)
	}
	if n := s.bag("alice", "sword"); n != 1 {
		t.Errorf("%d swords", n)
	}
}

func TestADeliveryThatFailsOrPanicsIsRepeatedUntilItIsGrantedOnce(t *testing.T) {
	t.Parallel()
	calls := 0 // of the game's goroutine
	s := start(t, func(set *setup) {
		set.deliver = func(plugin.Order) error {
			calls++
			switch calls {
			case 1:
				panic("the host's own fault")
			case 2:
				return errors.New("the host's disk is full")
			default:
				return nil
			}
		}
	})
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	alice.ask("p", "sword", 1)
	first := await(alice, any1[*msg.MidasPurchaseResult])
	if first.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING || first.GetBillNo() == "" {
		t.Errorf("told at first %v", first)
	}
	if last := alice.delivered("p"); last.GetBillNo() != first.GetBillNo() {
		t.Errorf("told at last %v", last)
	}
	if n := s.emu.Calls(emulator.APIPay); n != 1 {
		t.Errorf("paid %d times", n)
	}
	if n := s.bag("alice", "sword"); n != 1 {
		t.Errorf("%d swords", n)
	}
	s.checkBooks()
}

func TestARefusedDeliveryGivesTheCoinsBack(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) {
		set.deliver = func(plugin.Order) error { return plugin.ErrRefuse }
	})
	s.recharge("alice", 100)
	alice := s.join("alice", overTCP)
	alice.ask("p", "sword", 1)
	r := alice.result("p")
	if e := r.GetError(); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED ||
		e.GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_GRANTED || e.GetRetryable() || e.GetMessage() == "" {
		t.Errorf("told %v", r)
	}
	b := await(alice, isPush(msg.MidasReason_MIDAS_REASON_CANCEL))
	if b.GetBalance() != 100 || b.GetBillNo() != r.GetBillNo() {
		t.Errorf("pushed %v", b)
	}
	s.checkBooks()
}

// The player hears why, in the game's own words, and that asking again is in vain; the log has no warning of it.
func TestARefusalReachesThePlayerInTheGamesWords(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) {
		set.deliver = func(plugin.Order) error { return plugin.Refuse("背包已满") }
	})
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	alice.ask("p", "sword", 1)
	r := alice.result("p")
	if e := r.GetError(); e.GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_GRANTED || e.GetRetryable() || e.GetMessage() != "背包已满" {
		t.Errorf("told %v", r)
	}
	if log := s.log.String(); strings.Contains(log, "not delivered") {
		t.Error("a refusal is warned of")
	}
	s.checkBooks()
}

func TestADeliveryIntoAFullGameIsRepeatedWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) { set.gameLen = 1 })
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)

	held, release := make(chan struct{}), make(chan struct{})
	s.game.ChanRPCServer.Go(onGame{}, func() { close(held); <-release })
	<-held
	s.game.ChanRPCServer.Go(onGame{}, func() {}) // now the queue is full, and the game is busy
	begin := time.Now()
	alice.ask("p", "sword", 1)
	first := await(alice, any1[*msg.MidasPurchaseResult])
	if first.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING {
		t.Errorf("told at first %v", first)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("a full queue held the order up for %s", took)
	}
	close(release)
	alice.delivered("p")
	s.checkBooks()
}

func TestADeliveryIntoAGameThatHasStoppedIsMadeByTheNextServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	s.modules[0].end() // the game stands before the plugin, as it must not
	alice.ask("p", "sword", 1)
	first := await(alice, any1[*msg.MidasPurchaseResult])
	if first.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING {
		t.Errorf("told at first %v", first)
	}
	alice.close()
	s.stop()
	if o, _ := s.order("alice", "p"); o.State != ledger.Paid {
		t.Fatalf("the order is %v", o.State)
	}

	next := s.restart()
	eventually(t, "the sword", func() bool { return next.bag("alice", "sword") == 1 })
	if n := s.emu.Calls(emulator.APIPay); n != 1 {
		t.Errorf("paid %d times", n)
	}
	if r := next.join("alice", overWS).buy("p", "sword", 1); r.GetBillNo() != first.GetBillNo() {
		t.Errorf("told %v", r)
	}
	next.checkBooks()
}

// restart runs another server on the same ledger and the same Midas.
func (s *server) restart(change ...func(*setup)) *server {
	s.t.Helper()
	s.stop()
	return start(s.t, append([]func(*setup){func(set *setup) { set.emu, set.config = s.emu, s.config }}, change...)...)
}

func TestAnOrderWhosePlayerLeftWhileMidasRanLeavesNothingBehind(t *testing.T) {
	// Not parallel: it counts goroutines.
	s := start(t)
	s.recharge("alice", 10_000)
	s.join("warmup", overWS).close()
	s.awaitLogouts(1)
	const players = 20
	base := runtime.NumGoroutine()
	if err := s.emu.SetFaults(emulator.APIPay, emulator.Faults{{Probability: 1, Fault: emulator.Fault{Kind: emulator.Slow, Delay: 100 * time.Millisecond}}}); err != nil {
		t.Fatal(err)
	}
	for i := range players {
		c := s.join("alice", transports[i%2])
		c.ask(number("p", i), "potion", 1)
		eventually(t, "the call", func() bool { return s.emu.Calls(emulator.APIPay) > i })
		c.close()
	}
	s.awaitLogouts(players + 1)
	eventually(t, "the potions", func() bool { return s.bag("alice", "potion") == players })
	eventually(t, "the goroutines are back", func() bool { return runtime.NumGoroutine() <= base+10 })
	s.checkBooks()
}

package plugin_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestAServerIsReadyFromItsStartUntilItDrains(t *testing.T) {
	t.Parallel()
	ctx := background(t)
	p := plugin.New(plugin.WithLogger(slog.New(slog.DiscardHandler)))
	if err := p.Ready(ctx); !errors.Is(err, plugin.ErrNotConfigured) {
		t.Errorf("before Configure: %v", err)
	}
	forgotten := forgetful(t)
	if err := forgotten.plugin.Ready(ctx); !errors.Is(err, plugin.ErrNotRunning) {
		t.Errorf("without leaf.Run: %v", err)
	}
	s := start(t)
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	for range 3 {
		if err := s.plugin.Ready(ctx); err != nil {
			t.Errorf("running: %v", err)
		}
	}
	var onGame error
	s.onGame(func() { onGame = s.plugin.Ready(ctx) })
	if !errors.Is(onGame, plugin.ErrWrongGoroutine) {
		t.Errorf("on the game's goroutine: %v", onGame)
	}
	slow := emulator.Fault{Kind: emulator.Slow, Delay: 700 * time.Millisecond}
	s.script(emulator.APIPay, slow)
	alice.ask("p", "sword", 1)
	eventually(t, "the call is out", func() bool { return s.emu.Calls(emulator.APIPay) == 1 })
	stopped := make(chan struct{})
	go func() { defer close(stopped); s.stopPlugin() }()
	eventually(t, "it drains and is not ready", func() bool { return errors.Is(s.plugin.Ready(ctx), plugin.ErrClosing) })
	if err := s.plugin.Healthy(ctx); err != nil {
		t.Errorf("a server that drains is not healthy: %v", err)
	}
	alice.delivered("p")
	<-stopped
}

func TestAServerIsNotReadyWhileNoOrderCanBeStored(t *testing.T) {
	t.Parallel()
	ctx := background(t)
	s := start(t)
	if err := s.plugin.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.config.Ledger.DSN.Reveal()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is not ready without its ledger", func() bool { return errors.Is(s.plugin.Ready(ctx), ledger.ErrUnavailable) })
	if err := s.plugin.Healthy(ctx); err != nil { // a new process would not mend it
		t.Errorf("not healthy: %v", err)
	}
}

func TestAProbeOfAReadyServerLeavesNoOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	if err := s.plugin.Ready(background(t)); err != nil {
		t.Fatal(err)
	}
	books, err := s.plugin.Books(background(t))
	if err != nil || len(books.Orders) != 0 {
		t.Errorf("%+v, %v", books, err)
	}
}

func TestAServerWhoseGameStandsStillIsNotHealthy(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx := background(t)
	if err := s.plugin.Healthy(ctx); err != nil {
		t.Fatalf("running: %v", err)
	}
	let, held := make(chan struct{}), make(chan struct{})
	go s.onGame(func() { close(held); <-let })
	<-held
	for range 3 {
		soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		err := s.plugin.Healthy(soon)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "HandleDeliver") {
			t.Errorf("while the game stands still: %v", err)
		}
	}
	close(let)
	if err := s.plugin.Healthy(ctx); err != nil {
		t.Errorf("once the game goes on: %v", err)
	}
}

func TestACallThatCannotBeMeantIsInTheLogToo(t *testing.T) {
	t.Parallel()
	var none context.Context
	who := plugin.Player{OpenID: "o1", SessionKey: "k"}
	for name, call := range map[string]func(s *server) error{
		"a nil context":          func(s *server) error { _, err := s.plugin.Balance(none, who); return err },
		"a nil context of Ready": func(s *server) error { return s.plugin.Ready(none) },
		"a nil callback":         func(s *server) error { return s.plugin.GoBalance(who, nil) },
		"an empty openid":        func(s *server) error { _, err := s.plugin.Balance(background(t), plugin.Player{}); return err },
		"an empty openid of Go": func(s *server) error {
			return s.plugin.GoPresent(plugin.Player{}, plugin.PresentRequest{RequestID: "r", Amount: 1}, func(plugin.Receipt, error) {})
		},
		"a module's goroutine": func(s *server) (err error) {
			s.onGame(func() { _, err = s.plugin.Balance(background(t), who) })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			for range 3 {
				if err := call(s); err == nil || !strings.Contains(s.log.String(), err.Error()) {
					t.Errorf("%v is not in the log: %s", err, s.log)
				}
			}
			if n := strings.Count(s.log.String(), "a call that cannot be meant"); n != 1 {
				t.Errorf("told %d times, not once: %s", n, s.log)
			}
			if n := s.emu.Calls(emulator.AllAPIs); n != 0 {
				t.Errorf("Midas was called %d times", n)
			}
		})
	}
}

// What a player sends is no fault of the host's.
func TestAPlayersMistakeIsNotTheHosts(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice := s.join("alice", overWS)
	alice.send(&msg.MidasPurchase{RequestId: "q", ItemId: "sword", Quantity: -1})
	alice.refused("q", invalid)
	if s.log.has("a call that cannot be meant") {
		t.Errorf("a player's mistake is told as the host's: %s", s.log)
	}
}

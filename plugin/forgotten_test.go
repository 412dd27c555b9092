package plugin_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/name5566/leaf/gate"
	leafmodule "github.com/name5566/leaf/module"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

const (
	notRunning = "Plugin.Module() does not run"
	// moreThanTheQueue is more messages than the module's queue holds.
	moreThanTheQueue = 10_500
)

// forgetful is a game server whose host has not given Plugin.Module() to Leaf.
func forgetful(t *testing.T, change ...func(*setup)) *server {
	t.Helper()
	return start(t, append(change, func(set *setup) { set.forget = true })...)
}

func TestAHostThatForgetsTheModuleIsToldAndItsPlayersAreAnswered(t *testing.T) {
	t.Parallel()
	for _, way := range transports {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			s := forgetful(t)
			player := s.dial(way)
			for _, m := range []any{
				&msg.MidasPurchase{RequestId: "q", ItemId: "sword", Quantity: 1},
				&msg.MidasGetBalance{RequestId: "q"},
				&msg.MidasRecharge{RequestId: "q", BuyQuantity: 60},
				&msg.MidasBuyGoods{RequestId: "q", ItemId: "sword", Quantity: 1},
			} {
				player.send(m)
				if e := player.refused("q", unavailable); !e.GetRetryable() || e.GetRetryAfterMs() < 1000 {
					t.Errorf("%T is answered %v", m, e)
				}
			}
			for _, m := range []any{&msg.MidasLogin{Code: "code"}, &msg.MidasListOrders{}} {
				player.send(m)
				player.refused("", unavailable)
			}
			agent := newRecorder()
			s.plugin.Login(agent, plugin.Player{OpenID: "o1"})
			if got := agent.messages(); len(got) != 1 || got[0].(*msg.MidasError).GetCode() != unavailable {
				t.Errorf("Login is answered with %v", got)
			}
			if n := strings.Count(s.log.String(), notRunning); n != 1 {
				t.Errorf("told %d times, not once: %s", n, s.log)
			}
			if !s.log.has("leaf.Run(game.Module, gate.Module, pay.Plugin.Module())") {
				t.Errorf("what to do is not told: %s", s.log)
			}
			if n := s.emu.Calls(emulator.AllAPIs); n != 0 {
				t.Errorf("Midas was called %d times", n)
			}
		})
	}
}

func TestAFloodToAHostThatForgetsTheModuleStallsNoConnectionAndNoStop(t *testing.T) {
	t.Parallel()
	s := forgetful(t, func(set *setup) { set.pending = 2 * moreThanTheQueue })
	flood := s.dial(overTCP)
	for range moreThanTheQueue {
		flood.send(&msg.MidasGetBalance{RequestId: "b"})
	}
	flood.echo(1) // through the same connection, after all of them
	s.stop()      // which waits for every connection's goroutine
}

func TestCallsOfAHostThatForgetsTheModuleSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := forgetful(t)
	ctx, p := background(t), plugin.Player{OpenID: "o1", SessionKey: "k"}
	account := func(plugin.Account, error) { t.Error("a callback came although the call had failed") }
	receipt := func(plugin.Receipt, error) { t.Error("a callback came although the call had failed") }
	purchase := plugin.PurchaseRequest{RequestID: "q", ItemID: "sword", Quantity: 1}
	present := plugin.PresentRequest{RequestID: "p", Amount: 1}
	for name, call := range map[string]func() error{
		"Balance":    func() error { _, err := s.plugin.Balance(ctx, p); return err },
		"Purchase":   func() error { _, err := s.plugin.Purchase(ctx, p, purchase); return err },
		"Present":    func() error { _, err := s.plugin.Present(ctx, p, present); return err },
		"Cancel":     func() error { _, err := s.plugin.Cancel(ctx, p, "b", "why"); return err },
		"GoBalance":  func() error { return s.plugin.GoBalance(p, account) },
		"GoPurchase": func() error { return s.plugin.GoPurchase(p, purchase, receipt) },
		"GoPresent":  func() error { return s.plugin.GoPresent(p, present, receipt) },
		"GoCancel":   func() error { return s.plugin.GoCancel(p, "b", "why", receipt) },
	} {
		err := call()
		if !errors.Is(err, plugin.ErrNotRunning) || !errors.Is(err, plugin.ErrUnavailable) || !strings.Contains(err.Error(), "leaf.Run") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// No message comes; the host's own calls are told of, too, though later: other modules may still be starting.
	eventually(t, "the line that says what is missing", func() bool { return s.log.has(notRunning) })
	if n := s.emu.Calls(emulator.AllAPIs); n != 0 {
		t.Errorf("Midas was called %d times", n)
	}
}

func TestAModuleThatStartsLateTakesOver(t *testing.T) {
	t.Parallel()
	s := forgetful(t)
	s.recharge("alice", 100)
	alice := s.dial(overWS)
	alice.send(&msg.MidasGetBalance{RequestId: "early"})
	alice.refused("early", unavailable)
	s.pluginRunning = s.run(s.plugin.Module())
	eventually(t, "the line that it is over", func() bool { return s.log.has("Plugin.Module() runs now") })
	alice.login("alice")
	alice.buy("late", "sword", 1)
	s.checkBooks()
}

func TestAMessageThatComesJustBeforeTheStartIsServed(t *testing.T) {
	t.Parallel()
	s := forgetful(t)
	alice := s.dial(overWS)
	alice.send(&msg.MidasGetBalance{RequestId: "early"})
	s.pluginRunning = s.run(s.plugin.Module())
	e := await(alice, any1[*msg.MidasError])
	if e.GetCode() != notLoggedIn && e.GetCode() != unavailable { // the latter on a machine that took half a second
		t.Errorf("answered %v", e)
	}
	alice.login("alice")
}

func TestWhatElseIsForgottenIsToldToo(t *testing.T) {
	t.Parallel()
	log := &logBuffer{t: t}
	p := plugin.New(plugin.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
	processor := newJSON()
	processor.route(p)
	defer p.Module().OnDestroy()
	agent := newRecorder()
	if err := processor.network().Route(&msg.MidasListOrders{}, agent); err != nil {
		t.Fatal(err)
	}
	agent.await(t, func(m any) bool { e, ok := m.(*msg.MidasError); return ok && e.GetCode() == unavailable })
	for _, want := range []string{notRunning, "call Plugin.Configure", "call Plugin.HandleDeliver"} {
		if !log.has(want) {
			t.Errorf("%q is not told: %s", want, log)
		}
	}
}

// The same with leaf.Run itself, in a process of its own.
func TestAServerWithoutTheModuleAnswersAFloodAndStopsOnSIGINT(t *testing.T) {
	t.Parallel()
	r := startChild(t, "forgotten")
	player := r.dial(overWS)
	player.send(&msg.MidasPurchase{RequestId: "q", ItemId: "sword", Quantity: 1})
	player.refused("q", unavailable)
	// Nobody reads the answers quickly enough: Leaf ends that connection. It ends it, and does not stand still with it.
	flood := r.dial(overWS)
	for range moreThanTheQueue {
		frame := []byte(`{"MidasGetBalance":{"request_id":"b"}}`)
		if err := flood.conn.write(frame); err != nil {
			break
		}
	}
	player.send(&msg.MidasGetBalance{RequestId: "after"})
	player.refused("after", unavailable)
	text := r.signal(syscall.SIGINT)
	if n := strings.Count(text, notRunning); n != 1 {
		t.Errorf("told %d times, not once:\n%s", n, text)
	}
}

func TestNilDeliveriesAndRefundsRefuseTheStartByName(t *testing.T) {
	t.Parallel()
	skeleton := func() *leafmodule.Skeleton { return newGame(plugin.New(), &setup{gameLen: 1}).Skeleton }
	order := func(plugin.Order) error { return nil }
	async := func(plugin.Order, func(error)) {}
	refund := func(plugin.Refund) error { return nil }
	for name, call := range map[string]func(*plugin.Plugin){
		"HandleDeliver: skeleton":      func(p *plugin.Plugin) { p.HandleDeliver(nil, order) },
		"HandleDeliver: function":      func(p *plugin.Plugin) { p.HandleDeliver(skeleton(), nil) },
		"HandleDeliverAsync: skeleton": func(p *plugin.Plugin) { p.HandleDeliverAsync(nil, async) },
		"HandleDeliverAsync: function": func(p *plugin.Plugin) { p.HandleDeliverAsync(skeleton(), nil) },
		"HandleDeliverTx: function":    func(p *plugin.Plugin) { p.HandleDeliverTx(nil) },
		"OnRefund: skeleton":           func(p *plugin.Plugin) { p.OnRefund(nil, refund) },
		"OnRefund: function":           func(p *plugin.Plugin) { p.OnRefund(skeleton(), nil) },
		"CallbacksOn: skeleton":        func(p *plugin.Plugin) { p.CallbacksOn(nil) },
	} {
		log := &logBuffer{t: t}
		p := plugin.New(plugin.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
		call(p)
		method, _, _ := strings.Cut(name, ":")
		if !log.has(method + " was called with a nil") {
			t.Errorf("%s: the log says %s", name, log)
		}
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), method+" was called with a nil") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAnEmptyListOfItemsIsTold(t *testing.T) {
	t.Parallel()
	for text, told := range map[string]bool{`[]`: true, `null`: false, `[{"ID":"sword","Price":60}]`: false} {
		cfg := testConfig(t)
		cfg.Items = nil
		if err := json.Unmarshal([]byte(text), &cfg.Items); err != nil {
			t.Fatal(err)
		}
		log := &logBuffer{t: t}
		p := plugin.New(plugin.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
		if err := p.Configure(cfg); err != nil {
			t.Fatal(err)
		}
		p.Module().OnDestroy()
		if log.has("Midas.Items is an empty list") != told {
			t.Errorf("%s: the log says %s", text, log)
		}
	}
}

func TestANilLoggerIsLeafs(t *testing.T) {
	t.Parallel()
	p := plugin.New(plugin.WithLogger(nil), plugin.WithUserIP(nil), plugin.WithTracer(nil))
	p.HandleDeliverTx(nil) // which is told in the log
	if err := p.Check(); err == nil {
		t.Error("nothing is missing")
	}
}

func TestAWrongLoginIsToldInTheLogAndToTheClient(t *testing.T) {
	t.Parallel()
	player := plugin.Player{OpenID: "o1", SessionKey: "secret-key"}
	for name, c := range map[string]struct {
		configured bool
		agent      bool
		player     plugin.Player
		told       string
		code       msg.MidasErrorCode
	}{
		"no agent":         {true, false, player, "the agent is nil", 0},
		"before Configure": {false, true, player, "Plugin.Configure was not called", unavailable},
		"no openid":        {true, true, plugin.Player{SessionKey: "secret-key"}, "no openid", invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &logBuffer{t: t}
			p := plugin.New(plugin.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
			defer p.Module().OnDestroy()
			if c.configured {
				if err := p.Configure(testConfig(t)); err != nil {
					t.Fatal(err)
				}
			}
			var agent gate.Agent
			connection := newRecorder()
			if c.agent {
				agent = connection
			}
			for range 3 {
				p.Login(agent, c.player)
			}
			if n := strings.Count(log.String(), c.told); n != 1 {
				t.Errorf("told %d times, not once: %s", n, log)
			}
			if log.has("secret-key") {
				t.Errorf("a session key is shown: %s", log)
			}
			for _, m := range connection.messages() {
				if e, ok := m.(*msg.MidasError); !ok || e.GetCode() != c.code {
					t.Errorf("the client is answered %v", m)
				}
			}
			if n := len(connection.messages()); c.agent && n != 3 {
				t.Errorf("%d answers to 3 logins", n)
			}
			if agent != nil {
				if who, known := p.Player(agent); known {
					t.Errorf("%v is logged in", who)
				}
			}
		})
	}
}

func TestNilContextsAndCallbacksAreErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := plugin.Player{OpenID: "o1", SessionKey: "k"}
	var none context.Context
	for name, call := range map[string]func() error{
		"Balance":    func() error { _, err := s.plugin.Balance(none, p); return err },
		"Purchase":   func() error { _, err := s.plugin.Purchase(none, p, plugin.PurchaseRequest{}); return err },
		"Present":    func() error { _, err := s.plugin.Present(none, p, plugin.PresentRequest{}); return err },
		"Cancel":     func() error { _, err := s.plugin.Cancel(none, p, "b", "why"); return err },
		"Books":      func() error { _, err := s.plugin.Books(none); return err },
		"Audit":      func() error { _, err := s.plugin.Audit(none, plugin.AuditRequest{}); return err },
		"InLedger":   func() error { return s.plugin.InLedger(none, func(context.Context, *sql.Tx) error { return nil }) },
		"InLedger f": func() error { return s.plugin.InLedger(background(t), nil) },
		"AuditOf":    func() error { _, err := plugin.AuditOf(none, s.config, plugin.AuditRequest{}); return err },
		"Order":      func() error { _, err := s.plugin.Order(none, "b"); return err },
		"Resolve":    func() error { _, err := s.plugin.Resolve(none, "b", ledger.Delivered, "why", "who"); return err },
		"OpenOrders": func() error { _, err := s.plugin.OpenOrders(none); return err },
		"Ready":      func() error { return s.plugin.Ready(none) },
		"Healthy":    func() error { return s.plugin.Healthy(none) },
		"GoBalance":  func() error { return s.plugin.GoBalance(p, nil) },
		"GoPurchase": func() error { return s.plugin.GoPurchase(p, plugin.PurchaseRequest{}, nil) },
		"GoPresent":  func() error { return s.plugin.GoPresent(p, plugin.PresentRequest{}, nil) },
		"GoCancel":   func() error { return s.plugin.GoCancel(p, "b", "why", nil) },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "is nil; nothing was done") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestASessionKeyThatMidasNeverTakesIsToldOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, name := range []string{"alice", "bob", "carol"} {
		p := plugin.Player{OpenID: emulator.OpenIDOf(name), SessionKey: "own-token-of-" + plugin.Secret(name), ZoneID: "1"}
		s.emu.SetSession(p.OpenID, "the-key-that-wechat-gave")
		agent := newRecorder()
		s.plugin.Login(agent, p)
		agent.await(t, func(m any) bool { e, ok := m.(*msg.MidasError); return ok && e.GetCode() == expired })
		if _, err := s.plugin.Balance(ctx, p); err == nil {
			t.Error("a balance came")
		}
	}
	if n := strings.Count(s.log.String(), "jscode2session gave"); n != 1 {
		t.Errorf("told %d times, not once: %s", n, s.log)
	}
	if s.log.has("own-token-of") {
		t.Errorf("a session key is shown: %s", s.log)
	}
}

package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/gate"
	leafmodule "github.com/name5566/leaf/module"
	"github.com/name5566/leaf/network"
	leafjson "github.com/name5566/leaf/network/json"
	leafprotobuf "github.com/name5566/leaf/network/protobuf"
	"google.golang.org/protobuf/types/known/wrapperspb"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// echo is the host's own message: the game sends it back. Both processors take it.
type echo = wrapperspb.Int64Value

// setup is what a test may want otherwise before its server starts.
type setup struct {
	config  plugin.Config
	midas   emulator.Config
	emu     *emulator.Server // one that another server used before
	deliver func(plugin.Order) error
	handle  func(p *plugin.Plugin, g *game)       // says how to deliver, instead of HandleDeliver
	gameLen int                                   // length of the game's queue
	pending int                                   // Leaf's PendingWriteNum: what may wait for a client that reads slowly
	front   func(midas http.Handler) http.Handler // stands before Midas
	options []plugin.Option
	codec   func(network.Processor) network.Processor // what the gate for WebSocket has in place of its processor
	forget  bool                                      // the plugin's module is not run
}

// server is a whole game server on Leaf: a game with bags, a gate with WebSocket (JSON) and one with TCP (protobuf),
// and the plugin as the last module, against an emulated Midas. leaf.Run is not used: its list of modules is global.
type server struct {
	t      *testing.T
	emu    *emulator.Server
	config plugin.Config
	plugin *plugin.Plugin
	game   *game
	log    *logBuffer

	ws, tcp       string
	json, binary  processor
	modules       []*running // in the order of leaf.Run
	stopped       bool
	clients       []*client
	pluginRunning *running
}

// game is the host's game module. What it owns is touched on its own goroutine only, and without a lock, so that the
// race detector sees a delivery that runs anywhere else.
type game struct {
	*leafmodule.Skeleton
	bags   map[string]int64 // openid + "/" + item
	grants map[string]int   // by bill number
	calls  int              // of deliver, refused ones included
	gone   int              // closed connections
}

func (g *game) OnInit()    {}
func (g *game) OnDestroy() {}

// running is a module that runs.
type running struct {
	leafmodule.Module
	closeSig chan bool
	done     chan struct{}
}

type gateModule struct{ *gate.Gate }

func (gateModule) OnInit() {}

// testConfig is impatient, so that tests are quick, and lets everything through that no test is about.
func testConfig(t *testing.T) plugin.Config {
	return plugin.Config{
		Env: "sandbox", AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		SandboxAppKey: emulator.DefaultSandboxAppKey, CoinsPerYuan: 10, Login: true,
		Items:        []plugin.Item{{ID: "sword", Price: 60}, {ID: "potion", Price: 1}},
		Timeout:      2 * time.Second,
		Retry:        plugin.RetryConfig{First: 30 * time.Millisecond, Max: 100 * time.Millisecond, GiveUpAfter: time.Minute},
		RechargePoll: []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond},
		RateLimit:    plugin.RateLimitConfig{PerSecond: 1000, Burst: 1000},
		Breaker:      plugin.BreakerConfig{MinRequests: 1_000_000},
		Ledger:       plugin.LedgerConfig{DSN: plugin.Secret(filepath.Join(t.TempDir(), "orders.db"))},
	}
}

// start runs a server until the test ends.
func start(t *testing.T, change ...func(*setup)) *server {
	t.Helper()
	set := &setup{
		config: testConfig(t), midas: emulator.Config{AutoCodes: true}, gameLen: 10_000, pending: 2000,
		codec: func(p network.Processor) network.Processor { return p },
	}
	for _, c := range change {
		c(set)
	}
	s := &server{t: t, emu: set.emu, log: &logBuffer{t: t}}
	t.Cleanup(s.stop)
	if s.emu == nil {
		var err error
		if s.emu, err = emulator.New(set.midas); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.emu.Close() })
		if set.front != nil {
			front := httptest.NewServer(set.front(s.emu))
			t.Cleanup(front.Close)
			set.config.BaseURL = front.URL
		} else if set.config.BaseURL, err = s.emu.Start(""); err != nil {
			t.Fatal(err)
		}
	}
	s.config = set.config

	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.plugin = plugin.New(append([]plugin.Option{plugin.WithLogger(logger)}, set.options...)...)
	s.json, s.binary = newJSON(), newProtobuf()
	s.json.route(s.plugin)
	s.binary.route(s.plugin)
	s.game = newGame(s.plugin, set)
	s.json.echoTo(s.game.ChanRPCServer)
	s.binary.echoTo(s.game.ChanRPCServer)
	if err := s.plugin.Configure(set.config); err != nil {
		t.Fatal(err)
	}
	if err := s.plugin.Check(); err != nil {
		t.Fatal(err)
	}

	s.ws, s.tcp = freeAddr(t), freeAddr(t)
	s.run(s.game)
	s.run(gateModule{&gate.Gate{
		MaxConnNum: 1000, PendingWriteNum: set.pending, WSAddr: s.ws, Processor: set.codec(s.json.network()), AgentChanRPC: s.game.ChanRPCServer,
	}})
	s.run(gateModule{&gate.Gate{
		MaxConnNum: 1000, PendingWriteNum: set.pending, TCPAddr: s.tcp, LenMsgLen: 2, Processor: s.binary.network(), AgentChanRPC: s.game.ChanRPCServer,
	}})
	if set.forget {
		return s
	}
	s.pluginRunning = s.run(s.plugin.Module())
	return s
}

func newGame(p *plugin.Plugin, set *setup) *game {
	g := &game{
		Skeleton: &leafmodule.Skeleton{
			GoLen: 1000, TimerDispatcherLen: 1000, AsynCallLen: 1000, ChanRPCServer: chanrpc.NewServer(set.gameLen),
		},
		bags: map[string]int64{}, grants: map[string]int{},
	}
	g.Init()
	if set.handle != nil {
		set.handle(p, g)
	} else {
		p.HandleDeliver(g.Skeleton, func(o plugin.Order) error {
			g.calls++
			if set.deliver != nil {
				if err := set.deliver(o); err != nil {
					return err
				}
			}
			g.grant(o)
			return nil
		})
	}
	g.RegisterChanRPC("NewAgent", func([]any) {})
	g.RegisterChanRPC("CloseAgent", func(args []any) {
		p.Logout(args[0].(gate.Agent))
		g.gone++
	})
	g.RegisterChanRPC(onGame{}, func(args []any) { args[0].(func())() })
	g.RegisterChanRPC(typeOf[*echo](), func(args []any) { args[1].(gate.Agent).WriteMsg(args[0]) })
	return g
}

// grant puts an item into a bag, on the game's goroutine.
func (g *game) grant(o plugin.Order) {
	if g.grants[o.BillNo]++; g.grants[o.BillNo] == 1 {
		g.bags[o.OpenID+"/"+o.ItemID] += o.Quantity
	}
}

type onGame struct{}

// onGame runs f on the game's goroutine and waits for it.
func (s *server) onGame(f func()) {
	s.t.Helper()
	if err := s.game.ChanRPCServer.Call0(onGame{}, f); err != nil {
		s.t.Errorf("on the game's goroutine: %v", err)
	}
}

// awaitLogouts waits until the game has heard that n connections have ended.
func (s *server) awaitLogouts(n int) {
	s.t.Helper()
	eventually(s.t, "the end of a connection", func() bool {
		gone := 0
		s.onGame(func() { gone = s.game.gone })
		return gone >= n
	})
}

// bag tells how many of an item a player has.
func (s *server) bag(name, item string) (n int64) {
	s.t.Helper()
	s.onGame(func() { n = s.game.bags[emulator.OpenIDOf(name)+"/"+item] })
	return n
}

// run does what Leaf does for a module.
func (s *server) run(m leafmodule.Module) *running {
	r := &running{Module: m, closeSig: make(chan bool, 1), done: make(chan struct{})}
	m.OnInit()
	s.modules = append(s.modules, r)
	go func() {
		defer close(r.done)
		m.Run(r.closeSig)
	}()
	return r
}

// end does what Leaf does at the end.
func (r *running) end() {
	select {
	case <-r.done:
		return // ended by the test
	default:
	}
	r.closeSig <- true
	<-r.done
	r.OnDestroy()
}

// stopPlugin stops the plugin alone, as Leaf does first, and tells how long that took.
func (s *server) stopPlugin() time.Duration {
	begin := time.Now()
	s.pluginRunning.end()
	return time.Since(begin)
}

// stop ends the modules as Leaf does, last first.
func (s *server) stop() {
	if s.stopped {
		return
	}
	s.stopped = true
	if len(s.modules) == 4 {
		s.pluginRunning.end()
		s.log.close()
	}
	for _, c := range s.clients { // Leaf's gate races with clients that still dial
		c.close()
	}
	for _, m := range slices.Backward(s.modules) {
		m.end()
	}
	if s.plugin != nil && s.pluginRunning == nil { // it was never run: Leaf would end it with the process
		s.plugin.Module().OnDestroy()
	}
}

// recharge gives a player coins.
func (s *server) recharge(name string, coins int64) {
	s.t.Helper()
	if err := s.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf(name), "1", coins); err != nil {
		s.t.Fatal(err)
	}
}

// script lets the next calls of an API fail.
func (s *server) script(api string, faults ...emulator.Fault) {
	s.t.Helper()
	if err := s.emu.Script(api, faults...); err != nil {
		s.t.Fatal(err)
	}
}

// checkBooks waits until no order is open, and compares what Midas keeps with what was granted.
func (s *server) checkBooks() {
	s.t.Helper()
	var books ledger.Books
	eventually(s.t, "the end of every order", func() bool {
		var err error
		if books, err = s.plugin.Books(background(s.t)); err != nil {
			s.t.Fatal(err)
		}
		for _, state := range ledger.States() {
			if !state.Ended() && books.Orders[state] > 0 {
				return false
			}
		}
		return true
	})
	totals := s.emu.Totals()
	if kept := totals.Deducted - totals.GivenBack; kept != books.Coins[ledger.Delivered] {
		s.t.Errorf("Midas kept %d coins, %d were delivered: %v", kept, books.Coins[ledger.Delivered], books.Orders)
	}
	s.onGame(func() {
		for bill, n := range s.game.grants {
			if n != 1 {
				s.t.Errorf("%s was granted %d times", bill, n)
			}
		}
		if int64(len(s.game.grants)) != books.Orders[ledger.Delivered] {
			s.t.Errorf("%d orders granted, %d delivered", len(s.game.grants), books.Orders[ledger.Delivered])
		}
	})
}

// order reads the ledger for a player's order.
func (s *server) order(name, requestID string) (o ledger.Order, found bool) {
	s.t.Helper()
	l, err := ledger.Open(context.Background(), ledger.Config{DSN: s.config.Ledger.DSN.Reveal()})
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	o, err = l.OrderOf(context.Background(), emulator.OpenIDOf(name), ledger.Purchase, requestID)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		s.t.Fatal(err)
	}
	return o, err == nil
}

// eventually waits until something holds that no message tells of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// logBuffer keeps what was logged. A line that comes when the plugin has ended fails the test: Leaf closes its log
// then, and panics.
type logBuffer struct {
	t      *testing.T
	mu     sync.Mutex
	text   bytes.Buffer
	closed bool
}

func (b *logBuffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.t.Errorf("logged after the end: %s", p)
	}
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) has(text string) bool { return strings.Contains(b.String(), text) }

// newJSON and newProtobuf are a host's processors: its own message first, then ours.
func newJSON() processor {
	p := leafjson.NewProcessor()
	p.Register(&echo{})
	msg.Register(p)
	return jsonProcessor{p}
}

func newProtobuf() processor {
	p := leafprotobuf.NewProcessor()
	p.Register(&echo{})
	msg.Register(p)
	return protobufProcessor{p}
}

// number names a thing.
func number(what string, i int) string { return fmt.Sprintf("%s%d", what, i) }

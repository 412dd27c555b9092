// Package game is a small game on Leaf in a process of its own: it echoes what it is sent, and sells an item in one of
// the ways that are compared. What it owns is in memory, so that nothing but the way of selling costs anything.
package game

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/name5566/leaf"
	"github.com/name5566/leaf/chanrpc"
	lconf "github.com/name5566/leaf/conf"
	"github.com/name5566/leaf/gate"
	leafmodule "github.com/name5566/leaf/module"
	leafjson "github.com/name5566/leaf/network/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/leafmidas/leafmidas/bench/crowd"
	_ "github.com/leafmidas/leafmidas/bench/seed" // the ledger's drivers
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/metrics"
	midasmsg "github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
	"github.com/leafmidas/leafmidas/tracing"
)

// Way is how the game sells.
type Way string

// The ways.
const (
	Nothing   Way = "nothing"   // it only echoes
	Plugin    Way = "plugin"    // leafmidas
	Goroutine Way = "goroutine" // a signed call through a breaker in a goroutine of Leaf's; nothing is written down
	Table     Way = "table"     // the same with a table of orders in SQLite, as a team would write it
	Naive     Way = "naive"     // a call by hand in the handler itself, which waits for it
)

// Options say what game it is to be.
type Options struct {
	Way Way
	// Program is what the game is run by: this program at another commit. Empty: this one.
	Program  string
	MidasURL string
	Token    string // an access token, for those who do not fetch one
	Folder   string // for the ledger
	// Driver and DSN are the ledger's. Empty: orders.db in Folder.
	Driver, DSN string
	// MaxConns bounds the connections to the database, where many games share one. Zero: as by itself.
	MaxConns int
	Timeout  time.Duration
	// Log is a level of Leaf's, "release" or "debug": the plugin logs through Leaf, as it does by itself, into a file in
	// Folder. Empty: it has a logger that wants no records, so that none is made.
	Log string
	// Metrics are served.
	Metrics bool
	// Bounded: players may send what they may by itself, and not as much as they like; and pushes are taken.
	Bounded bool
	// RefusedLogins is how many login codes a second may be refused. Zero: as many as by itself.
	RefusedLogins int
	// Trace: every purchase is traced by OpenTelemetry's SDK, and the spans are counted and thrown away.
	Trace bool
}

// Echo is the game's own message.
type Echo struct{ Text string }

// Item is what the game sells.
var item = plugin.Item{ID: crowd.ItemID, Name: "Potion", Price: 1, Fen: crowd.PushFen}

// host is the game on Leaf.
type host struct {
	*leafmodule.Skeleton
	processor *leafjson.Processor
	pay       *plugin.Plugin // nil: it sells otherwise, or nothing
	granted   map[string]bool
}

// OnInit and OnDestroy are Leaf's. There is nothing to open or to close.
func (*host) OnInit()    {}
func (*host) OnDestroy() {}

// door is the gate on Leaf.
type door struct {
	*gate.Gate
	addr string
	host *host
}

// OnInit is Leaf's.
func (d *door) OnInit() {
	d.Gate = &gate.Gate{
		MaxConnNum: 60_000, PendingWriteNum: 200, MaxMsgLen: 4096, AgentChanRPC: d.host.ChanRPCServer,
		WSAddr: d.addr, HTTPTimeout: 10 * time.Second, Processor: d.host.processor,
	}
}

const queueLen = 10_000

// run serves until the process is interrupted.
func run(o Options, at Addrs) error {
	h := &host{
		Skeleton: &leafmodule.Skeleton{
			GoLen: queueLen, TimerDispatcherLen: queueLen, AsynCallLen: queueLen, ChanRPCServer: chanrpc.NewServer(queueLen),
		},
		processor: leafjson.NewProcessor(), granted: map[string]bool{},
	}
	lconf.LogLevel = "error"
	if o.Log != "" {
		lconf.LogLevel, lconf.LogPath, lconf.LogFlag = o.Log, o.Folder, log.LstdFlags
	}
	h.Init()
	h.processor.Register(&Echo{})
	h.processor.SetRouter(&Echo{}, h.ChanRPCServer)
	h.RegisterChanRPC(reflect.TypeFor[*Echo](), func(args []any) { args[1].(gate.Agent).WriteMsg(args[0]) })
	h.RegisterChanRPC("NewAgent", func([]any) {})
	h.RegisterChanRPC("CloseAgent", func(args []any) { h.gone(args[0].(gate.Agent)) })
	modules := []leafmodule.Module{h, &door{addr: at.WS, host: h}}
	switch o.Way {
	case Nothing:
	case Plugin:
		var options []plugin.Option
		if o.Log == "" {
			options = append(options, plugin.WithLogger(slog.New(slog.DiscardHandler)))
		}
		if o.Trace {
			provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithBatcher(&spans))
			defer func() { _ = provider.Shutdown(context.Background()) }() // all that it could lose is thrown away
			options = append(options, plugin.WithTracer(tracing.New(provider)))
			traces.Store(provider)
		}
		if err := h.sellByPlugin(o, at, options); err != nil {
			return err
		}
		modules = append(modules, h.pay.Module())
	case Goroutine, Table, Naive:
		midasmsg.Register(h.processor)
		s, err := newSeller(h, o)
		if err != nil {
			return err
		}
		defer s.close()
	default:
		return fmt.Errorf("no such way to sell: %q", o.Way)
	}
	if o.Metrics {
		stop, err := h.serveMetrics(at.Scrape)
		if err != nil {
			return err
		}
		defer stop()
	}
	leaf.Run(modules...)
	return nil
}

// gone hears of a connection's end.
func (h *host) gone(a gate.Agent) {
	if h.pay != nil {
		h.pay.Logout(a)
	}
}

// away: the game cannot grant anything.
var (
	away    atomic.Bool
	errAway = errors.New("the game's database is away")
)

// sellByPlugin is the whole integration.
func (h *host) sellByPlugin(o Options, at Addrs, options []plugin.Option) error {
	h.pay = plugin.New(options...)
	searched.Store(h.pay)
	midasmsg.Register(h.processor)
	h.pay.Route(h.processor)
	h.pay.HandleDeliver(h.Skeleton, func(o plugin.Order) error {
		if away.Load() {
			return errAway
		}
		h.granted[o.BillNo] = true
		return nil
	})
	config := map[string]any{
		"Protocol": "v2", "Env": "sandbox", "BaseURL": o.MidasURL, "AppID": emulator.DefaultAppID, "AppSecret": emulator.DefaultAppSecret,
		"OfferID": emulator.DefaultOfferID, "SandboxAppKey": emulator.DefaultSandboxAppKey, "CoinsPerYuan": 10, "Login": true,
		"Items": []plugin.Item{item}, "Timeout": o.Timeout.String(), "RateLimit": map[string]any{"PerSecond": 1000, "Burst": 1000},
		"Ledger": map[string]any{"Driver": cmp.Or(o.Driver, "sqlite"), "DSN": cmp.Or(o.DSN, filepath.Join(o.Folder, "orders.db"))},
	}
	if o.MaxConns > 0 {
		config["Ledger"].(map[string]any)["MaxConns"] = o.MaxConns
	}
	if o.Bounded {
		delete(config, "RateLimit")
		config["Push"] = map[string]any{"Addr": at.Push, "Token": crowd.PushToken, "EncodingAESKey": crowd.PushKey}
	}
	if o.RefusedLogins > 0 {
		config["LoginLimit"] = map[string]any{"RefusedPerSecond": o.RefusedLogins}
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	var cfg plugin.Config
	if err := json.Unmarshal(text, &cfg); err != nil {
		return err
	}
	return h.pay.Configure(cfg)
}

// traces makes spans, if any, and spans is where they end.
var (
	traces atomic.Pointer[sdktrace.TracerProvider]
	spans  counter
)

// counter is an exporter that counts.
type counter struct{ atomic.Int64 }

// ExportSpans and Shutdown are the SDK's.
func (c *counter) ExportSpans(_ context.Context, ended []sdktrace.ReadOnlySpan) error {
	c.Add(int64(len(ended)))
	return nil
}
func (*counter) Shutdown(context.Context) error { return nil }

func (h *host) serveMetrics(addr string) (stop func(), err error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(metrics.New(h.pay)); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return func() {
		_ = server.Close()
		<-served
	}, nil
}

// interrupt ends leaf.Run.
func interrupt() error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return self.Signal(os.Interrupt)
}

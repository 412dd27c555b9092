// Package web serves the shop page: a player's view of the shop in a browser, on the same connection as the game's own
// client has. The page is built from the folder page and is part of the binary.
//
// What it serves is for this machine or a trusted network. It answers only to its own address (so that a foreign name
// that resolves here, DNS rebinding, reads nothing), takes changes only from its own pages, and lets the page run
// nothing but its own script.
//
// Leaf's WebSocket gate accepts every Origin and has no hook to change that. So the page does not use the gate's
// address: it connects to /ws of its own server, which checks the Origin and passes the connection on to the gate. A
// gate that is reachable from a browser by its own address stays open to every page there; put it behind /ws, or behind
// a proxy that checks, and keep WSAddr on loopback.
//
// Others mount what they serve with Module.Handle before leaf.Run; every check above holds for them too.
package web

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/name5566/leaf/log"

	"github.com/leafmidas/leafmidas/plugin"
)

// Options is what the page shows and where it connects.
type Options struct {
	// Addr is where to listen, as "127.0.0.1:8653". Required.
	Addr string
	// WSAddr is the WebSocket gate's address. Required.
	WSAddr string
	// Midas is the section of leafmidas: what is for sale. Nothing secret of it reaches the page.
	Midas plugin.Config
	// Emulated: Midas.BaseURL is an emulator, which the page may operate: it pays there for recharges. Otherwise recharges
	// happen in WeChat.
	Emulated bool
	// Present gives a player coins. Needed with Emulated.
	Present func(context.Context, plugin.Player, plugin.PresentRequest) (plugin.Receipt, error)
	// Healthy and Ready are what /healthz and /readyz answer. nil: they are not there.
	Healthy, Ready func(context.Context) error
}

// Module is the page's server as Leaf runs it.
type Module struct {
	listener net.Listener
	server   *http.Server
	mux      *http.ServeMux
	end      context.CancelFunc // ends what no Shutdown ends: upgraded connections
	requests sync.WaitGroup     // upgraded ones too
	letGo    func()             // of the emulator
	closed   sync.Once
}

const (
	headerTimeout = 5 * time.Second
	idleTimeout   = time.Minute
	// stopTimeout bounds how long a stop waits for requests under way.
	stopTimeout = 3 * time.Second
	maxHeader   = 16 << 10
)

// Listen takes the address and makes the module, which serves once leaf.Run runs it; a Module that is never run is to
// be closed with Close. The error names the address.
func Listen(o Options) (*Module, error) {
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("the page (HTTPAddr): %w", err)
	}
	own, err := newGuard(o.Addr, listener.Addr())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	m := &Module{listener: listener, mux: http.NewServeMux(), letGo: func() {}}
	if err := m.mount(o); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.end = cancel
	m.server = &http.Server{
		Handler:           m.count(probes(o, own.protect(m.mux))),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: stdlog.New(leafWriter{}, "", 0),
	}
	return m, nil
}

// mount serves what this package has to show.
func (m *Module) mount(o Options) error {
	pages, err := newPages()
	if err != nil {
		return err
	}
	shop, err := newShop(o)
	if err != nil {
		return err
	}
	m.mux.Handle("/", pages) // of any method, so that others may mount whole folders
	m.mux.Handle("GET /shop.json", shop)
	m.mux.Handle("GET /ws", newGateProxy(o.WSAddr))
	if o.Emulated {
		emu := newMidas(o)
		emu.mount(m.mux)
		m.letGo = emu.close
	}
	return nil
}

// Handle serves something else under a pattern of http.ServeMux, as "/ops/" or "GET /metrics". It panics where the
// pattern is taken. Requests reach h only at the page's own Host, and only from its own Origin if they change anything;
// answers carry the page's security headers, which h may replace. Call it before leaf.Run.
func (m *Module) Handle(pattern string, h http.Handler) { m.mux.Handle(pattern, h) }

// URL is the page's address.
func (m *Module) URL() string { return "http://" + reachable(m.listener.Addr()) + "/" }

// OnInit is Leaf's; there is nothing left to do.
func (m *Module) OnInit() {}

// Run serves until Leaf says stop, and returns when no request is left.
func (m *Module) Run(closeSig chan bool) {
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := m.server.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the page is no longer served: %v", err)
		}
	})
	<-closeSig
	m.Close()
	serving.Wait()
}

// OnDestroy is Leaf's; Run has left nothing behind.
func (m *Module) OnDestroy() {}

// Close stops listening, lets requests under way end, cuts the WebSockets, and waits for all of them.
func (m *Module) Close() {
	m.closed.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := m.server.Shutdown(ctx); err != nil {
			_ = m.server.Close()
		}
		_ = m.listener.Close() // Shutdown knows it only if it was served
		m.end()
		m.requests.Wait()
		m.letGo()
	})
}

// count lets Close wait for every request: http.Server forgets those that were upgraded.
func (m *Module) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		defer m.requests.Done()
		next.ServeHTTP(w, r)
	})
}

// leafWriter takes what net/http has to say to Leaf's log.
type leafWriter struct{}

func (leafWriter) Write(line []byte) (int, error) {
	log.Debug("the page: %q", line)
	return len(line), nil
}

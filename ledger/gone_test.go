//go:build linux

package ledger_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestAServerThatIsGoneRefusesWritesAndLosesNothing(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			cfg := ledgertest.Fresh(t, driver)
			way := newForwarder(t, &cfg)
			l := ledgertest.Open(t, cfg)
			b := store(t, l, cfg)
			fill(t, l)

			way.cut()
			refused(t, b.writes(t.Context(), l))
			refused(t, b.reads(t.Context(), l))
			way.restore(t)
			recovers(t, l)
			b.untouched(t, l)

			// Gone in the middle of a transaction, so that the commit never arrives.
			refused(t, map[string]func() error{"deliver": func() error { return b.deliver(t.Context(), l, way.cut) }})
			way.restore(t)
			recovers(t, l)
			b.untouched(t, l)
			b.works(t, l, cfg)
		})
	}
}

func TestAServerThatDoesNotAnswerRefusesWritesAndLosesNothing(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel() // it takes as long as the ledger is patient
			cfg := ledgertest.Fresh(t, driver)
			way := newForwarder(t, &cfg)
			l := ledgertest.Open(t, cfg)
			b := store(t, l, cfg)
			fill(t, l)

			way.hang()
			var both sync.WaitGroup
			both.Go(func() { refused(t, b.writes(t.Context(), l)) })
			both.Go(func() { refused(t, b.reads(t.Context(), l)) })
			both.Wait()
			// What was held back arrives now, too late: it must not become half an order.
			way.restore(t)
			recovers(t, l)
			b.untouched(t, l)
			b.works(t, l, cfg)
		})
	}
}

// fill makes the ledger open many connections, all of which the trouble will hit.
func fill(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if err := l.SaveSession(t.Context(), "carol", []byte("sealed"), noon); err != nil {
				t.Error(err)
			}
			if _, err := l.Session(t.Context(), "carol"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// recovers waits until the ledger reads and writes again. Connections that died unnoticed may still fail one call each.
func recovers(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	began := time.Now()
	for {
		err := l.SaveSession(t.Context(), "carol", []byte("sealed"), noon)
		if err == nil {
			_, err = l.Session(t.Context(), "carol")
		}
		if err == nil {
			return
		}
		if !errors.Is(err, ledger.ErrUnavailable) || time.Since(began) > soon {
			t.Fatalf("not back after %s: %v", time.Since(began), err)
		}
	}
}

// forwarder stands between the ledger and its server, where the trouble is.
type forwarder struct {
	server, address string
	running         sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener    // nil while cut
	life     context.Context // ends with the cut
	end      context.CancelFunc
	open     chan struct{} // closed while bytes are let through
}

// newForwarder makes a way to the server of cfg and puts it in the server's place.
func newForwarder(t *testing.T, cfg *ledger.Config) *forwarder {
	t.Helper()
	f := &forwarder{address: "127.0.0.2:0", open: make(chan struct{})} // an address where nobody else takes the port while it is cut
	close(f.open)
	t.Cleanup(f.cut)
	switch cfg.Driver {
	case "postgres":
		dsn, err := url.Parse(cfg.DSN)
		if err != nil {
			t.Fatal("the DSN is no URL")
		}
		f.server = dsn.Host
		f.restore(t)
		dsn.Host = f.address
		cfg.DSN = dsn.String()
	case "mysql":
		dsn, err := mysql.ParseDSN(cfg.DSN)
		if err != nil {
			t.Fatal(err)
		}
		f.server = dsn.Addr
		f.restore(t)
		dsn.Addr = f.address
		cfg.DSN = dsn.FormatDSN()
	}
	return f
}

// cut ends all connections and refuses new ones. Once it returns, nothing more arrives at the server.
func (f *forwarder) cut() {
	f.mu.Lock()
	if f.listener != nil {
		_ = f.listener.Close()
		f.end()
		f.listener = nil
	}
	f.mu.Unlock()
	f.running.Wait()
}

// hang takes connections and bytes, and passes nothing on.
func (f *forwarder) hang() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = make(chan struct{})
}

// restore ends the trouble, whichever it was; what was held back is passed on.
func (f *forwarder) restore(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.open:
	default:
		close(f.open)
	}
	if f.listener != nil {
		return
	}
	l, err := net.Listen("tcp", f.address)
	if err != nil {
		t.Fatal(err)
	}
	f.listener, f.address = l, l.Addr().String()
	f.life, f.end = context.WithCancel(context.Background())
	life := f.life
	f.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.running.Go(func() { f.forward(life, c) })
		}
	})
}

// passes waits until bytes are let through, or the connections end.
func (f *forwarder) passes(life context.Context) bool {
	f.mu.Lock()
	open := f.open
	f.mu.Unlock()
	select {
	case <-open:
		return true
	case <-life.Done():
		return false
	}
}

func (f *forwarder) forward(life context.Context, client net.Conn) {
	life, end := context.WithCancel(life)
	defer end()
	defer client.Close()
	if !f.passes(life) {
		return
	}
	server, err := (&net.Dialer{}).DialContext(life, "tcp", f.server)
	if err != nil {
		return
	}
	defer server.Close()
	for to, from := range map[net.Conn]net.Conn{client: server, server: client} {
		f.running.Go(func() {
			defer end()
			buffer := make([]byte, 64<<10)
			for {
				n, err := from.Read(buffer)
				if n > 0 && f.passes(life) {
					_, _ = to.Write(buffer[:n])
				}
				if err != nil {
					return
				}
			}
		})
	}
	<-life.Done()
}

package payment_test

import (
	"bytes"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// The order is made, and its player hears that it is not. It is one order all the same, that is driven on before its
// claim ends.
func TestAnOrderWhoseMakingWasNotHeardOfIsDrivenOn(t *testing.T) {
	for _, driver := range []string{"sqlite", "postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var lose func()
			if driver != "sqlite" {
				w.ledger = ledgertest.Fresh(t, driver)
				lose = losesCommits(t, &w.ledger)
			}
			s := w.open()
			p := w.rich(s, "alice", 100)
			if lose == nil { // there is no line that could lose it
				if err := s.MakingLost(p, ledger.Order{Kind: ledger.Purchase, RequestID: "r1", ItemID: "sword", Quantity: 1, Amount: 60}); err != nil {
					t.Fatal(err)
				}
			} else {
				lose()
				if r, err := s.buy(p, "r1", "sword", 1); !errors.Is(err, ledger.ErrUnavailable) {
					t.Fatalf("nothing was lost: %+v, %v", r, err)
				}
			}
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil || !r.Known {
				t.Fatalf("asked again: %+v, %v", r, err)
			}
			want(t, s.end(r), ledger.Delivered)
			if n := w.emu.Totals().Deducted; n != 60 {
				t.Errorf("%d coins deducted", n)
			}
			w.books(s)
		})
	}
}

// An order that was not made is not looked for without end.
func TestAnOrderThatWasNotMadeIsForgotten(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	s.NeverMade(p, ledger.Order{Kind: ledger.Purchase, RequestID: "r1", ItemID: "sword", Quantity: 1, Amount: 60})
	eventually(t, "it is forgotten", func() bool { return !s.TriesAgain() })
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil || r.Known {
		t.Fatalf("%+v, %v", r, err)
	}
	want(t, s.end(r), ledger.Delivered)
	w.books(s)
}

// Midas wants a login, and the ledger does not take that the order waits for one.
func TestAnOrderThatCouldNotBeParkedIsWokenByTheLoginAllTheSame(t *testing.T) {
	for _, before := range []bool{true, false} {
		t.Run(map[bool]string{true: "login first", false: "parked first"}[before], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.open()
			database, err := sql.Open("sqlite", w.path)
			if err != nil {
				t.Fatal(err)
			}
			defer database.Close()
			p := w.rich(s, "alice", 100)
			if _, err := database.Exec(`CREATE TRIGGER full BEFORE UPDATE ON midas_orders WHEN NEW.parked = 1
				BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`); err != nil {
				t.Fatal(err)
			}
			w.emu.ExpireSession(p.OpenID)
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil || r.Order.State != ledger.Paying || r.Order.Parked {
				t.Fatalf("%+v, %v", r, err)
			}
			if before {
				w.login(s, "alice")
			}
			if _, err := database.Exec(`DROP TRIGGER full`); err != nil {
				t.Fatal(err)
			}
			if !before {
				eventually(t, "the order is parked", func() bool {
					o, err := s.ledger.Order(t.Context(), r.Order.BillNo)
					return err == nil && o.Parked
				})
				w.login(s, "alice")
			}
			want(t, s.end(r), ledger.Delivered)
			if n := w.emu.Totals().Deducted; n != 60 {
				t.Errorf("%d coins deducted", n)
			}
			w.books(s)
		})
	}
}

// losesCommits puts a line between a ledger and its server. Once the function is called, the next answer to the commit
// of a new order is lost on it, with the connection.
func losesCommits(t *testing.T, cfg *ledger.Config) (lose func()) {
	t.Helper()
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var server string
	switch cfg.Driver {
	case "postgres":
		dsn, err := url.Parse(cfg.DSN)
		if err != nil {
			t.Fatal("the DSN is no URL")
		}
		server, dsn.Host = dsn.Host, line.Addr().String()
		cfg.DSN = dsn.String()
	case "mysql":
		dsn, err := mysql.ParseDSN(cfg.DSN)
		if err != nil {
			t.Fatal(err)
		}
		server, dsn.Addr = dsn.Addr, line.Addr().String()
		cfg.DSN = dsn.FormatDSN()
	}
	var running sync.WaitGroup
	var mu sync.Mutex
	armed, ends := false, []net.Conn{}
	t.Cleanup(func() {
		_ = line.Close()
		mu.Lock()
		for _, c := range ends {
			_ = c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := line.Accept()
			if err != nil {
				return
			}
			own, err := net.DialTimeout("tcp", server, soon)
			if err != nil {
				_ = client.Close()
				continue
			}
			mu.Lock()
			ends = append(ends, client, own)
			mu.Unlock()
			lost := make(chan struct{})
			running.Go(func() {
				defer own.Close()
				made := false
				for buffer := make([]byte, 64<<10); ; {
					n, err := client.Read(buffer)
					mu.Lock()
					made = made || armed && bytes.Contains(buffer[:n], []byte("INSERT INTO midas_orders"))
					if made && bytes.Contains(bytes.ToLower(buffer[:n]), []byte("commit")) {
						armed, made = false, false
						close(lost)
					}
					mu.Unlock()
					if _, failed := own.Write(buffer[:n]); err != nil || failed != nil {
						return
					}
				}
			})
			running.Go(func() {
				defer client.Close()
				for buffer := make([]byte, 64<<10); ; {
					n, err := own.Read(buffer)
					select {
					case <-lost:
						return
					default:
					}
					if _, failed := client.Write(buffer[:n]); err != nil || failed != nil {
						return
					}
				}
			})
		}
	})
	return func() {
		mu.Lock()
		armed = true
		mu.Unlock()
	}
}

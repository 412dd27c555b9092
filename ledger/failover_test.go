//go:build linux

package ledger_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// failsOver is how long orders may be refused once the address has moved, with much for a busy machine.
const failsOver = 20 * time.Second

func TestSellingGoesOnWhenTheAddressOfThePrimaryHasMoved(t *testing.T) {
	for driver, demote := range map[string]func(t *testing.T, old *ledgertest.Server){
		// The connections stay, and what they lead to only reads.
		"mysql": func(_ *testing.T, old *ledgertest.Server) { old.Must("SET GLOBAL read_only = 1") },
		// It comes back as a standby, where it was.
		"postgres": func(t *testing.T, old *ledgertest.Server) {
			old.Stop()
			if err := os.WriteFile(filepath.Join(old.Folder, "standby.signal"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			old.Run()
		},
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			old, young := ledgertest.Start(t, driver), ledgertest.Start(t, driver)
			database := "game"
			if driver == "postgres" {
				old.Must("CREATE DATABASE game")
				young.Must("CREATE DATABASE game")
			}
			ledgertest.Open(t, ledger.Config{Driver: driver, DSN: young.DSN(young.Addr, database)}) // has the tables, as a replica would
			way := newSwitch(t, old.Addr)
			var log lines
			l := ledgertest.Open(t, ledger.Config{Driver: driver, DSN: old.DSN(way.address(), database), Log: log.logger()})
			fill(t, l)
			create(t, l, wish("before"))

			demote(t, old)
			eventually(t, func() error { // nothing is stored where it would be lost
				if _, _, err := l.Create(t.Context(), wish("meanwhile")); err == nil {
					t.Fatal("a primary that only reads has taken an order")
				}
				if h := l.Health(); !h.Failing || h.Cause != "read_only" {
					return fmt.Errorf("health is %+v", h)
				}
				return nil
			})
			way.lead(young.Addr)
			eventually(t, func() error {
				_, _, err := l.Create(t.Context(), wish("after"))
				return err
			})
			for i := range 64 { // on whatever connection
				if _, _, err := l.Create(t.Context(), wish(fmt.Sprint("after", i))); err != nil {
					t.Fatal(err)
				}
				if o, err := l.Order(t.Context(), "after"); err != nil || o.BillNo != "after" {
					t.Fatalf("read from the old primary: %v", err)
				}
			}
			eventually(t, func() error {
				_, err := l.Order(t.Context(), "after")
				if err == nil && l.Health().Failing {
					return fmt.Errorf("works, and health is %+v", l.Health())
				}
				return err
			})
			if n := log.count("database fails"); n != 1 {
				t.Errorf("%d lines say that the database fails:\n%s", n, log.String())
			}
			if n := log.count("database works again"); n != 1 {
				t.Errorf("%d lines say that it works again:\n%s", n, log.String())
			}
		})
	}
}

// Servers are restarted, and administrators end connections: what was not committed is begun anew, and nobody hears of
// it.
func TestAConnectionThatTheServerEndsCostsNoOrder(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			cfg := ledgertest.Fresh(t, driver)
			l := ledgertest.Open(t, cfg)
			admin := raw(t, cfg)
			for i := range 5 {
				fill(t, l)
				endOthers(t, admin, driver)
				bill := fmt.Sprint("order-", i)
				if _, _, err := l.Create(t.Context(), wish(bill)); err != nil {
					t.Errorf("write: %v", err)
				}
				if _, err := l.Order(t.Context(), bill); err != nil {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
}

// endOthers ends every other connection to the database, and waits until they have gone: the servers end one some time
// after they have been told to, and one that ends within a commit leaves it open whether that took.
func endOthers(t *testing.T, admin *sql.DB, driver string) {
	t.Helper()
	list, end := `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
		`SELECT pg_terminate_backend(%d)`
	if driver == "mysql" {
		list, end = `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`, `KILL %d`
	}
	others := func() (ids []int64) {
		rows, err := admin.QueryContext(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	ended := others()
	for _, id := range ended {
		_, _ = admin.ExecContext(t.Context(), fmt.Sprintf(end, id)) // some may have ended by themselves
	}
	eventually(t, func() error {
		for _, id := range others() {
			if slices.Contains(ended, id) {
				return fmt.Errorf("connection %d has not ended", id)
			}
		}
		return nil
	})
}

func eventually(t *testing.T, f func() error) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) { // polled: what is waited for is another process
		err := f()
		if err == nil {
			return
		}
		if time.Since(began) > failsOver {
			t.Fatalf("not within %s: %v", failsOver, err)
		}
	}
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) count(words string) int { return strings.Count(l.String(), words) }
func (l *lines) logger() *slog.Logger   { return slog.New(slog.NewTextHandler(l, nil)) }

// switchboard is an address that is moved from one server to another, as a DNS name, a proxy or a floating address is:
// who is connected stays where he is.
type switchboard struct {
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	to    string
	conns []net.Conn
	ended bool
}

func newSwitch(t *testing.T, to string) *switchboard {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &switchboard{listener: listener, to: to}
	s.running.Go(s.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		s.ended = true
		for _, c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		s.running.Wait()
	})
	return s
}

func (s *switchboard) address() string { return s.listener.Addr().String() }

func (s *switchboard) lead(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
}

func (s *switchboard) accept() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		server, err := net.Dial("tcp", s.to)
		if err != nil || s.ended {
			s.mu.Unlock()
			_ = client.Close()
			continue
		}
		s.conns = append(s.conns, client, server)
		s.mu.Unlock()
		for to, from := range map[net.Conn]net.Conn{client: server, server: client} {
			s.running.Go(func() {
				_, _ = io.Copy(to, from)
				_ = to.Close()
			})
		}
	}
}

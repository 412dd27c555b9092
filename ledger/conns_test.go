//go:build linux

package ledger_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// connectionsOf counts the connections to a ledger's database, other than the one that asks.
var connectionsOf = map[string]string{
	"postgres": `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
	"mysql":    `SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
}

// busy has many players buy at once, and everything else that a server does, with one search after another.
func busy(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	var work sync.WaitGroup
	done, cancel := context.WithCancel(t.Context())
	looking := make(chan struct{})
	go func() {
		defer close(looking)
		for done.Err() == nil {
			if _, _, err := l.Search(t.Context(), ledger.Filter{RequestID: "r"}); err != nil {
				t.Errorf("search: %v", err)
				return
			}
		}
	}()
	for player := range 40 {
		work.Go(func() {
			for n := range 5 {
				o := wish(fmt.Sprintf("%d-%d", player, n), func(o *ledger.Order) { o.OpenID = fmt.Sprint("player", player) })
				o, _, err := l.Create(t.Context(), o)
				after := o
				after.State = ledger.Paying
				if err == nil {
					_, err = l.Advance(t.Context(), o, after)
				}
				if err == nil {
					_, err = l.Order(t.Context(), o.BillNo)
				}
				if err != nil {
					t.Errorf("player %d: %v", player, err)
					return
				}
			}
		})
	}
	work.Wait()
	cancel()
	<-looking
}

func TestFewerConnectionsThanWorkMeanWaiting(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			cfg := ledgertest.Fresh(t, driver)
			cfg.MaxConns = 3
			l := ledgertest.Open(t, cfg)
			admin := raw(t, cfg)
			admin.SetMaxOpenConns(1)
			var most atomic.Int64
			done, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					var n int64
					if err := admin.QueryRowContext(t.Context(), connectionsOf[driver]).Scan(&n); err != nil {
						t.Error(err)
						return
					}
					most.Store(max(most.Load(), n))
					select {
					case <-done:
						return
					case <-time.After(5 * time.Millisecond): // asked again and again: they may be more at any time
					}
				}
			}()
			busy(t, l)
			close(done)
			<-stopped
			if n := most.Load(); n > 3 || n < 2 {
				t.Errorf("%d connections at once", n)
			}
			if h := l.Health(); h.Failing || len(h.Faults) != 0 {
				t.Errorf("health is %+v", h)
			}
		})
	}
}

// The database may allow fewer than the config says: so that work waits, and a line says what to do.
func TestADatabaseThatAllowsFewConnectionsMeansWaiting(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			cfg := ledgertest.Fresh(t, driver)
			var log lines
			cfg.Log = log.logger()
			l := ledgertest.Open(t, limited(t, cfg, 4))
			busy(t, l)
			if log.count("fewer connections than it may open") != 1 || !strings.Contains(log.String(), "lower Ledger.MaxConns") {
				t.Errorf("the log is\n%s", log.String())
			}
			if h := l.Health(); h.Failing {
				t.Errorf("health is %+v", h)
			}
		})
	}
}

// limited is a ledger's config for a user that the database gives so many connections at once.
func limited(t *testing.T, cfg ledger.Config, connections int) ledger.Config {
	t.Helper()
	if cfg.Driver == "postgres" {
		return as(t, cfg, fmt.Sprint("CONNECTION LIMIT ", connections), "GRANT ALL ON SCHEMA public TO {user}")
	}
	return as(t, cfg, fmt.Sprint("WITH MAX_USER_CONNECTIONS ", connections), "GRANT ALL ON {database}.* TO {user}")
}

// as is a ledger's config for a user who is made with these options, and granted these rights; they name the user and
// the database.
func as(t *testing.T, cfg ledger.Config, options string, rights ...string) ledger.Config {
	t.Helper()
	whole := cfg
	user := "few_" + strings.ToLower(ulid.Make().String())
	var database, option string
	drop := []string{"DROP OWNED BY " + user, "DROP ROLE " + user}
	if cfg.Driver == "postgres" {
		u, err := url.Parse(cfg.DSN)
		must(t, err)
		database = strings.TrimPrefix(u.Path, "/")
		u.User = url.User(user)
		cfg.DSN, option = u.String(), "CREATE ROLE %s LOGIN %s"
	} else {
		_, to, _ := strings.Cut(cfg.DSN, "@")
		_, database, _ = strings.Cut(to, "/")
		database, _, _ = strings.Cut(database, "?")
		user = user[:28] // MariaDB takes no longer ones
		cfg.DSN, option = user+"@"+to, "CREATE USER %s %s"
		user += "@'127.0.0.1'"
		drop = []string{"DROP USER " + user}
	}
	admin := raw(t, whole)
	execute(t, admin, fmt.Sprintf(option, user, options))
	t.Cleanup(func() {
		for _, s := range drop {
			_, err := raw(t, whole).ExecContext(context.Background(), s)
			must(t, err)
		}
	})
	for _, right := range rights {
		execute(t, admin, strings.NewReplacer("{user}", user, "{database}", database).Replace(right))
	}
	return cfg
}

// Who made the tables may be another user than whom the game comes as.
func TestAUserWhoMayOnlyReadAndWriteTheTablesIsEnough(t *testing.T) {
	for driver, rights := range map[string][]string{
		"postgres": {
			"REVOKE CREATE ON SCHEMA public FROM PUBLIC", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user}",
			"REVOKE UPDATE, DELETE ON midas_history, midas_migrations FROM {user}",
		},
		"mysql": {"GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.* TO {user}"},
	} {
		t.Run(driver, func(t *testing.T) {
			cfg := ledgertest.Fresh(t, driver)
			ledgertest.Open(t, cfg)
			var log lines
			cfg.Log = log.logger()
			l := ledgertest.Open(t, as(t, cfg, "", rights...))
			if _, _, err := serve(t, l); err != nil {
				t.Error(err)
			}
			for n := range 3 {
				if err := live(t, l, n); err != nil {
					t.Error(err)
				}
			}
			if h := l.Health(); h.Failing {
				t.Errorf("health is %+v", h)
			}
		})
	}
}

// A role whose rights were given before newer tables came opens the ledger, and stores orders.
func TestAUserWithTheRightsOfTheVersionBeforeOpensTheLedger(t *testing.T) {
	for driver, rights := range map[string][]string{
		"postgres": {
			"REVOKE CREATE ON SCHEMA public FROM PUBLIC", "GRANT SELECT ON midas_migrations TO {user}",
			"GRANT SELECT, INSERT, UPDATE ON midas_orders, midas_history, midas_players, midas_sessions, midas_recharges TO {user}",
		},
		"mysql": {
			"GRANT SELECT ON {database}.midas_migrations TO {user}",
			"GRANT SELECT, INSERT, UPDATE ON {database}.midas_orders TO {user}", "GRANT SELECT, INSERT ON {database}.midas_history TO {user}",
		},
	} {
		t.Run(driver, func(t *testing.T) {
			cfg := ledgertest.Fresh(t, driver)
			ledgertest.Open(t, cfg)
			l := ledgertest.Open(t, as(t, cfg, "", rights...))
			if _, fresh, err := l.Create(t.Context(), wish("b1")); err != nil || !fresh {
				t.Errorf("%t, %v", fresh, err)
			}
		})
	}
}

// A host that takes connections and says nothing is what a firewall, a proxy or a frozen machine looks like.
func TestAnUnreachableDatabaseAtTheStartIsToldEveryFewSeconds(t *testing.T) {
	for driver, dsn := range map[string]string{
		"postgres": "postgres://game:secret@%s/game?sslmode=disable",
		"mysql":    "game:secret@tcp(%s)/game",
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			silent, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer silent.Close()
			var log lines
			ctx, cancel := context.WithCancel(t.Context())
			cfg := ledger.Config{Driver: driver, DSN: fmt.Sprintf(dsn, silent.Addr()), Log: log.logger()}
			opened := make(chan error, 1)
			began := time.Now()
			go func() {
				l, err := ledger.Open(ctx, cfg)
				if err == nil {
					err = l.Close()
				}
				opened <- err
			}()
			const line = "the start waits for the ledger's database"
			eventually(t, func() error {
				if n := log.count(line); n < 3 {
					return fmt.Errorf("%d lines after %s", n, time.Since(began))
				}
				return nil
			})
			cancel()
			if err := <-opened; err == nil {
				t.Error("opened")
			}
			text := log.String()
			if strings.Contains(text, "secret") || !strings.Contains(text, "did not answer in time") || !strings.Contains(text, "until=2m0s") {
				t.Errorf("the log is\n%s", text)
			}
		})
	}
}

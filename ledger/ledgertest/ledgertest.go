// Package ledgertest gives tests a fresh database of every kind that the ledger can be kept in.
//
// SQLite is always there. The servers are where the environment says, as tools/services.sh starts them:
//
//	LEAFMIDAS_TEST_POSTGRES=postgres://user@host:port/postgres?sslmode=disable
//	LEAFMIDAS_TEST_MYSQL=user@tcp(host:port)/
//
// A test whose server is not there is skipped by name.
package ledgertest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers under test
	"github.com/oklog/ulid/v2"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/ledger"
	_ "github.com/leafmidas/leafmidas/ledger/mysql"
)

// Drivers are the names of the databases, as ledger.Config takes them.
var Drivers = []string{"sqlite", "postgres", "mysql"}

// Each runs f against a fresh database of each kind.
func Each(t *testing.T, f func(t *testing.T, cfg ledger.Config)) {
	for _, driver := range Drivers {
		t.Run(driver, func(t *testing.T) { f(t, Fresh(t, driver)) })
	}
}

// Fresh makes an empty database that is dropped when the test ends.
func Fresh(t testing.TB, driver string) ledger.Config {
	t.Helper()
	switch driver {
	case "postgres":
		return fresh(t, driver, "pgx", "LEAFMIDAS_TEST_POSTGRES", `DROP DATABASE %s WITH (FORCE)`, func(admin, name string) string {
			u, err := url.Parse(admin)
			if err != nil {
				t.Fatal("LEAFMIDAS_TEST_POSTGRES is no URL")
			}
			u.Path = "/" + name
			return u.String()
		})
	case "mysql":
		return fresh(t, driver, "mysql", "LEAFMIDAS_TEST_MYSQL", `DROP DATABASE %s`, func(admin, name string) string {
			server, options, _ := strings.Cut(admin, "/")
			_, options, _ = strings.Cut(options, "?")
			return server + "/" + name + "?" + options
		})
	default:
		return ledger.Config{Driver: driver, DSN: filepath.Join(t.TempDir(), "orders.db")}
	}
}

func fresh(t testing.TB, driver, register, variable, drop string, dsn func(admin, name string) string) ledger.Config {
	t.Helper()
	admin := os.Getenv(variable)
	if admin == "" {
		t.Skipf("needs a %s server: set %s, or run make test, which starts one", driver, variable)
	}
	name := "leafmidas_" + strings.ToLower(ulid.Make().String())
	run := func(statement string) error {
		db, err := sql.Open(register, admin)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(context.Background(), statement)
		return err
	}
	if err := run("CREATE DATABASE " + name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := run(fmt.Sprintf(drop, name)); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return ledger.Config{Driver: driver, DSN: dsn(admin, name)}
}

// Open opens a ledger that is closed when the test ends.
func Open(t testing.TB, cfg ledger.Config) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

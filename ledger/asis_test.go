package ledger_test

import (
	"errors"
	"os"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// Whoever only looks must not leave tables in a database that is somebody else's, nor upgrade what servers still have
// to.
func TestALedgerThatIsOpenedAsItIsIsNotChanged(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		asIs := cfg
		asIs.AsIs = true
		refused := func(name string, want error) {
			t.Helper()
			if l, err := ledger.Open(t.Context(), asIs); !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
				if err == nil {
					_ = l.Close()
				}
			}
		}
		refused("an empty database", ledger.ErrNoTables)
		if cfg.Driver == "sqlite" {
			if _, err := os.Stat(cfg.DSN); err == nil {
				t.Error("the file was made")
			}
		}
		db := raw(t, cfg)
		count := map[string]string{
			"sqlite":   `SELECT COUNT(*) FROM sqlite_master`,
			"postgres": `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'`,
			"mysql":    `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()`,
		}[cfg.Driver]
		read := func(query string) (n int) {
			t.Helper()
			if err := db.QueryRow(query).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		execute(t, db, `CREATE TABLE somebody_elses (id INTEGER)`)
		refused("somebody else's database", ledger.ErrNoTables)
		if n := read(count); n != 1 {
			t.Errorf("there are %d tables", n)
		}

		made := create(t, ledgertest.Open(t, cfg), wish("m1"))
		l := ledgertest.Open(t, asIs)
		if o, err := l.Order(t.Context(), made.BillNo); err != nil || o.BillNo != made.BillNo {
			t.Errorf("%+v, %v", o, err)
		}
		move(t, l, made, ledger.Paying)

		applied := map[string]string{"sqlite": "1", "postgres": "true", "mysql": "1"}[cfg.Driver]
		execute(t, db, `INSERT INTO midas_migrations (version_id, is_applied) VALUES (99, `+applied+`)`)
		if _, err := ledgertest.Open(t, asIs).Order(t.Context(), made.BillNo); err != nil {
			t.Errorf("beside a newer version: %v", err)
		}

		execute(t, db, `DELETE FROM midas_migrations WHERE version_id > 3`)
		refused("an older version's", ledger.ErrOldTables)
		if n := read(`SELECT MAX(version_id) FROM midas_migrations`); n != 3 {
			t.Errorf("the tables are at %d", n)
		}
	})
}

//go:build linux

package ledger_test

import (
	"fmt"
	"log"
	"os"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// What the MySQL driver says by itself is in the host's log, a line at most every few seconds, and nowhere else.
func TestTheDriversOwnLinesAreInTheHostsLog(t *testing.T) {
	cfg := ledgertest.Fresh(t, "mysql")
	var elsewhere, host lines
	if err := mysql.SetLogger(log.New(&elsewhere, "", 0)); err != nil { // in place of standard error
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mysql.SetLogger(log.New(os.Stderr, "[mysql] ", log.Ldate|log.Ltime)) })
	cfg.Log = host.logger()
	l := ledgertest.Open(t, cfg)
	admin := raw(t, ledger.Config{Driver: cfg.Driver, DSN: cfg.DSN})
	for n := range 3 {
		fill(t, l) // some connections lie idle
		ids, err := admin.QueryContext(t.Context(), `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`)
		must(t, err)
		var all []int64
		for ids.Next() {
			var id int64
			must(t, ids.Scan(&id))
			all = append(all, id)
		}
		must(t, ids.Close())
		for _, id := range all {
			_, _ = admin.ExecContext(t.Context(), fmt.Sprint("KILL ", id)) // some may have ended by themselves
		}
		eventually(t, func() error {
			_, err := l.Order(t.Context(), create(t, l, wish(fmt.Sprint("order", n))).BillNo)
			return err
		})
	}
	if n := host.count("the ledger's driver says"); n < 1 || n > 4 {
		t.Errorf("%d lines, the host's log is\n%s", n, host.String())
	}
	if elsewhere.String() != "" {
		t.Errorf("elsewhere:\n%s", elsewhere.String())
	}
}

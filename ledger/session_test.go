//go:build linux

package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// A server's settings, an administrator's and the DSN's, each of which changes what a statement means.
func TestASessionIsSetByUs(t *testing.T) {
	for driver, all := range map[string][]string{
		"mysql": {"autocommit=0", "sql_mode=%27EMPTY_STRING_IS_NULL%27", "sql_mode=%27ORACLE%27", "charset=gbk", "time_zone=%27-09:30%27", "completion_type=1"},
		"postgres": {
			"client_encoding=LATIN1", "TimeZone=America/St_Johns", "default_transaction_isolation=serializable", "synchronous_commit=off",
			"standard_conforming_strings=off&default_query_exec_mode=exec", "bytea_output=escape&default_query_exec_mode=simple_protocol",
		},
	} {
		for _, options := range all {
			t.Run(driver+" "+options, func(t *testing.T) {
				t.Parallel()
				cfg := ledgertest.Fresh(t, driver)
				if strings.Contains(cfg.DSN, "?") && !strings.HasSuffix(cfg.DSN, "?") {
					cfg.DSN += "&"
				}
				cfg.DSN += options
				l := ledgertest.Open(t, cfg)
				o := create(t, l, wish(`r"1'\`))
				if now, err := l.Order(t.Context(), o.BillNo); err != nil || now.State != ledger.Created {
					t.Fatalf("read after a write: %+v, %v", now, err)
				}
				after := o
				after.State, after.Note = ledger.Paying, "余额不足 “\\'\" %s ?"
				if _, err := l.Advance(t.Context(), o, after); err != nil {
					t.Fatal(err)
				}
				if now, err := l.Order(t.Context(), o.BillNo); err != nil || now.State != ledger.Paying || now.Note != after.Note {
					t.Errorf("read after a change: %s, %q, %v", now.State, now.Note, err)
				}
				sealed := []byte{0, 1, 0xff, '\\', '\'', '"', 0x1a, 10}
				if err := l.SaveSession(t.Context(), "alice", sealed, noon); err != nil {
					t.Fatal(err)
				}
				if got, err := l.Session(t.Context(), "alice"); err != nil || string(got) != string(sealed) {
					t.Errorf("session %q, %v", got, err)
				}
			})
		}
	}
}

func TestAWriteThatIsTriedLeavesNothing(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		if err := l.TryWrite(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := found(t, l, ledger.Filter{}); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
		execute(t, raw(t, cfg), "DROP TABLE midas_history")
		if err := l.TryWrite(t.Context()); err == nil {
			t.Error("a ledger that can store no history is taken for one that can")
		}
	})
}

func TestTroubleIsToldOnceAndItsEndOnce(t *testing.T) {
	cfg := ledgertest.Fresh(t, "sqlite")
	var log lines
	cfg.Log = log.logger()
	l := ledgertest.Open(t, cfg)
	execute(t, raw(t, cfg), "ALTER TABLE midas_orders RENAME TO elsewhere")
	for range 20 {
		if _, err := l.Order(t.Context(), "a"); err == nil {
			t.Fatal("read from a table that is not there")
		}
		if _, _, err := l.Create(t.Context(), wish("a")); err == nil {
			t.Fatal("wrote to a table that is not there")
		}
	}
	if h := l.Health(); !h.Failing || h.Cause != "tables" || h.Faults["tables"] != 40 {
		t.Errorf("health is %+v", h)
	}
	execute(t, raw(t, cfg), "ALTER TABLE elsewhere RENAME TO midas_orders")
	n := 0
	for began := time.Now(); l.Health().Failing && time.Since(began) < failsOver; time.Sleep(10 * time.Millisecond) {
		bill := fmt.Sprint("after-", n)
		n++
		if _, _, err := l.Create(t.Context(), wish(bill)); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Order(t.Context(), bill); err != nil {
			t.Fatal(err)
		}
	}
	if log.count("database fails") != 1 || log.count("database works again") != 1 {
		t.Errorf("the log is\n%s", log.String())
	}
}

//go:build linux

package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// Administrators and cloud providers set servers in their own ways. The ledger's sessions, a host's statements in them
// included, are ours.
func TestASessionIsSetByUsWhateverTheServerIsSetTo(t *testing.T) {
	for driver, settings := range map[string][]string{
		"mysql": {
			"--sql-mode=EMPTY_STRING_IS_NULL,ORACLE,ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "--autocommit=0", "--default-time-zone=-09:30",
			"--character-set-server=gbk", "--collation-server=gbk_chinese_ci", "--transaction-isolation=SERIALIZABLE", "--completion-type=CHAIN",
			"--init-connect=SET time_zone = '+12:45'", "--sql-safe-updates=1",
		},
		"postgres": {
			"-c", "timezone=Asia/Kathmandu", "-c", "datestyle=SQL, DMY", "-c", "default_transaction_isolation=serializable",
			"-c", "default_transaction_deferrable=on", "-c", "standard_conforming_strings=off", "-c", "bytea_output=escape", "-c", "synchronous_commit=off",
		},
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			s := ledgertest.Start(t, driver, settings...)
			if driver == "postgres" {
				s.Must("CREATE DATABASE game")
			}
			cfg := ledger.Config{Driver: driver, DSN: s.DSN(s.Addr, "game")}
			l := ledgertest.Open(t, cfg)
			o := create(t, l, wish(`r"1'\`))
			if now, err := l.Order(t.Context(), o.BillNo); err != nil || now.Note != "" || !same(now, o) {
				t.Fatalf("read after a write: %+v, %v, want %+v", now, err, o)
			}
			o = move(t, l, o, ledger.Paying, ledger.Paid)
			if now, err := l.Order(t.Context(), o.BillNo); err != nil || now.State != ledger.Paid { // no read is of an old transaction
				t.Fatalf("read after a change: %s, %v", now.State, err)
			}
			after := o
			after.State, after.DueAt, after.Note = ledger.Delivered, time.Time{}, `余额 "\' ?`
			_, err := l.Deliver(t.Context(), o, after, func(ctx context.Context, tx *sql.Tx) error {
				return asWeSet(ctx, tx, driver)
			})
			if err != nil {
				t.Fatal(err)
			}
			if now, err := l.Order(t.Context(), o.BillNo); err != nil || now.Note != after.Note || now.State != ledger.Delivered {
				t.Errorf("delivered: %+v, %v", now, err)
			}
			// A due order is due by the database's clock whatever zone that thinks it is in.
			if servers, err := l.Claim(t.Context(), time.Now(), lease, time.Hour, 10); err != nil || len(servers) != 0 {
				t.Errorf("claimed %v, %v", servers, err)
			}
			if err := l.TryWrite(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// asWeSet tells what of a session is not as the ledger sets it.
func asWeSet(ctx context.Context, tx *sql.Tx, driver string) error {
	want := map[string]string{
		"SHOW TimeZone": "UTC", "SHOW DateStyle": "ISO", "SHOW synchronous_commit": "on", "SHOW transaction_isolation": "read committed",
		"SHOW standard_conforming_strings": "on", "SHOW bytea_output": "hex", "SHOW transaction_deferrable": "off",
	}
	if driver == "mysql" {
		want = map[string]string{
			"SELECT @@autocommit": "1", "SELECT @@sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION", "SELECT @@time_zone": "+00:00",
			"SELECT @@completion_type": "NO_CHAIN", "SELECT @@tx_isolation": "READ-COMMITTED", "SELECT @@character_set_client": "utf8mb4",
			"SELECT @@sql_safe_updates": "0",
		}
	}
	for question, answer := range want {
		var is string
		if err := tx.QueryRowContext(ctx, question).Scan(&is); err != nil || !strings.HasPrefix(is, answer) {
			return fmt.Errorf("%s: %q, %v, want %q", question, is, err, answer)
		}
	}
	return nil
}

// With a binary log by statement the server refuses READ COMMITTED, at the first order; so the start does.
func TestABinaryLogByStatementIsRefusedAtTheStart(t *testing.T) {
	s := ledgertest.Start(t, "mysql", "--log-bin=bin", "--server-id=1", "--binlog-format=STATEMENT")
	cfg := ledger.Config{Driver: "mysql", DSN: s.DSN(s.Addr, "game")}
	for _, asIs := range []bool{false, true} {
		cfg.AsIs = asIs
		if _, err := ledger.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "binlog_format=STATEMENT") ||
			!strings.Contains(err.Error(), "set binlog_format=ROW") {
			t.Errorf("as it is %t: %v", asIs, err)
		}
	}
	cfg.AsIs = false
	for _, format := range []string{"ROW", "MIXED"} {
		s.Must("SET GLOBAL binlog_format = " + format)
		l := ledgertest.Open(t, cfg)
		create(t, l, wish("by-"+format))
	}
}

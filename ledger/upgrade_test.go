package ledger_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// The rule that lets an old and a new version share a ledger (docs/decisions/0013): what is there stays as it is, what is new
// has a default, and what a version does not know it leaves alone. These tests hold this version to both sides of it.

func raw(t *testing.T, cfg ledger.Config) *sql.DB {
	t.Helper()
	db, err := sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx", "mysql": "mysql"}[cfg.Driver], cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// What the version before migration 3 writes, statement by statement, this one can read and go on with.
func TestAnOlderVersionMayWriteBesideThisOne(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		db := raw(t, cfg)
		execute(t, db,
			`INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
				attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at)
				VALUES ('old', 'purchase', 'alice', '1', 'r1', 'sword', 1, 60, '', 'created', 1, 0, 0, 1777636800000, 0, 0, '', '', 1777636800000, 1777636800000, 0)`,
			`INSERT INTO midas_history (bill_no, version, at, who, from_state, to_state, code, rid, note) VALUES ('old', 1, 1777636800000, 'old', '', 'created', 0, '', '')`,
			`INSERT INTO midas_players (openid, zone_id, save_amt, spent_before, present_before, updated_at) VALUES ('alice', '1', 100, 0, 0, 1777636800000)`,
			`INSERT INTO midas_recharges (openid, request_id, zone_id, out_trade_no, buy_quantity, state, coins, created_at, updated_at)
				VALUES ('alice', 'c1', '1', 't1', 60, 'pending', 0, 1777636800000, 1777636800000)`,
		)
		claimed, err := l.Claim(t.Context(), noon.Add(time.Second), lease, time.Hour, 10)
		if err != nil || len(claimed) != 1 || claimed[0].BillNo != "old" || claimed[0].OfTrade != "" {
			t.Fatalf("%+v, %v", claimed, err)
		}
		move(t, l, claimed[0], ledger.Paying, ledger.Paid, ledger.Delivered)
		if _, fresh, err := l.ConfirmRecharge(t.Context(), "t1", 0, noon); !fresh || err != nil {
			t.Errorf("%t, %v", fresh, err)
		}
		// And what this one has written, the old one changes without touching what it does not know.
		execute(t, db, `UPDATE midas_players SET save_amt = 160, spent_before = 0, present_before = 0, updated_at = 1777636800001 WHERE openid = 'alice'`)
		if g, err := l.Observe(t.Context(), "alice", "1", ledger.Sums{SaveAmt: 220}, noon); err != nil || g.Coins != 60 || len(g.Recharges) != 0 {
			t.Errorf("%+v, %v", g, err)
		}
	})
}

// A newer version has been here: a column, a table, a kind of orders that this one has never heard of.
func TestThisVersionMayWorkBesideANewerOne(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		first := ledgertest.Open(t, cfg)
		db := raw(t, cfg)
		applied := map[string]string{"sqlite": "1", "postgres": "true", "mysql": "1"}[cfg.Driver]
		execute(t, db,
			`ALTER TABLE midas_orders ADD COLUMN of_the_future INTEGER NOT NULL DEFAULT 7`,
			`CREATE TABLE midas_future (id BIGINT NOT NULL PRIMARY KEY)`,
			`INSERT INTO midas_migrations (version_id, is_applied) VALUES (99, `+applied+`)`,
		)
		create(t, first, wish("ours", func(o *ledger.Order) { o.DueAt = noon }))
		execute(t, db, `INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
			attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at)
			VALUES ('theirs', 'voucher', 'alice', '1', 'v1', '', 1, 1, '', 'promised', 1, 0, 0, 1, 0, 0, '', '', 1, 1, 0)`)
		l := ledgertest.Open(t, cfg) // started after the newer one has migrated
		if due, err := l.NextDue(t.Context()); err != nil || !due.Equal(noon) {
			t.Errorf("due %s, %v", due, err)
		}
		claimed, err := l.Claim(t.Context(), noon.Add(time.Second), lease, time.Hour, 10)
		if err != nil || len(claimed) != 1 || claimed[0].BillNo != "ours" {
			t.Errorf("%+v, %v", claimed, err)
		}
		if n, err := l.Reclaim(t.Context(), noon, 0); err != nil || n != 1 {
			t.Errorf("%d resumed, %v", n, err)
		}
		if list, err := l.Orders(t.Context(), "alice", "", 10); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := l.Books(t.Context()); err != nil {
			t.Error(err)
		}
		var future int64
		if err := db.QueryRow(`SELECT of_the_future FROM midas_orders WHERE bill_no = 'ours'`).Scan(&future); err != nil || future != 7 {
			t.Errorf("%d, %v", future, err)
		}
	})
}

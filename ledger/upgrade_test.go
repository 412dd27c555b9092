package ledger_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// The rule that lets an old and a new version share a ledger (docs/decisions/0013): what is there stays as it is, what
// is new has a default, and what a version does not know it leaves alone. These tests hold this version to both sides
// of it.

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

// A newer version's orders lie between ours, in states that this version has and in one that it has not. It lists, sums
// up and wakes its own, and nothing of it fails.
func TestWhatANewerVersionOrderedIsLeftOutOfWhatThisOneReads(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		db := raw(t, cfg)
		theirs := func(bill, state string, due, parked int) {
			execute(t, db, `INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
				attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at) VALUES ('`+bill+`', 'voucher', 'alice', '1',
				'`+bill+`', '', 1, 1000, '', '`+state+`', 1, 0, 0, `+strconv.Itoa(due)+`, `+strconv.Itoa(parked)+`, 0, '', '', 1, 1, 0)`)
		}
		theirs("a1", "paid", 1, 0)
		theirs("a2", "promised", 1, 0)
		theirs("a3", "delivered", 0, 0)
		theirs("z1", "paid", 1, 1)
		theirs("z2", "paying", 2, 0)
		theirs("z3", "promised", 1, 1)
		move(t, l, create(t, l, wish("m1")), ledger.Paying, ledger.Paid)
		move(t, l, create(t, l, wish("m2")), ledger.Paying, ledger.Paid, ledger.Delivered)
		create(t, l, wish("m3", func(o *ledger.Order) { o.Parked = true }))

		bills := func(orders []ledger.Order) (list string) {
			for _, o := range orders {
				list += " " + o.BillNo
			}
			return list
		}
		if changed, err := l.Changed(t.Context(), time.Time{}, time.Time{}, "", 100); err != nil || len(changed) != 3 {
			t.Errorf("changed: %+v, %v", changed, err)
		}
		if open, err := l.OpenOrders(t.Context(), 100); err != nil || bills(open) != " m1 m3" {
			t.Errorf("open:%s, %v", bills(open), err)
		}
		if list, err := l.Orders(t.Context(), "alice", "", 100); err != nil || bills(list) != " m3 m2 m1" {
			t.Errorf("alice's:%s, %v", bills(list), err)
		}
		for want, f := range map[string]ledger.Filter{
			" m3 m2 m1": {}, " m1": {States: []ledger.State{ledger.Paid}}, " m3 m1": {Open: true, OpenID: "alice"},
		} {
			if found, _, err := l.Search(t.Context(), f); err != nil || bills(found) != want {
				t.Errorf("found%s, want%s, %v", bills(found), want, err)
			}
		}
		books, err := l.Books(t.Context())
		if err != nil || books.Coins[ledger.Paid] != 60 || books.Orders[ledger.Paid] != 1 || books.Coins[ledger.Delivered] != 60 || books.Orders[ledger.Paying] != 0 {
			t.Errorf("%+v, %v", books, err)
		}
		if n, _, err := l.Unpark(t.Context(), "alice", noon); err != nil || n != 1 {
			t.Errorf("%d unparked, %v", n, err)
		}
		var still int
		if err := db.QueryRow(`SELECT COUNT(*) FROM midas_orders WHERE kind = 'voucher' AND parked = 1 AND version = 1`).Scan(&still); err != nil || still != 2 {
			t.Errorf("%d of theirs are still parked, %v", still, err)
		}
		if _, err := l.Order(t.Context(), "a1"); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("an order that cannot be understood: %v", err)
		}
	})
}

// What a newer version's orders have moved at Midas this one cannot tell. It must not take it for what was spent
// before, which is kept for ever, nor for a difference.
func TestAnAccountWithANewerVersionsOrdersIsNotSummedUp(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		db := raw(t, cfg)
		move(t, l, create(t, l, wish("m1")), ledger.Paying, ledger.Paid, ledger.Delivered)
		execute(t, db, `INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
			attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at)
			VALUES ('z1', 'voucher', 'alice', '1', 'v1', '', 1, 1000, '', 'delivered', 1, 0, 0, 0, 0, 0, '', '', 1, 1, 0)`)
		look := func() {
			t.Helper()
			if _, err := l.Observe(t.Context(), "alice", "1", ledger.Sums{SaveAmt: 2000, Spent: 1110}, noon); err != nil {
				t.Fatal(err)
			}
		}
		look()
		if a, err := l.Account(t.Context(), "alice", "1"); err != nil || a.Known || a.Kept != 60 || a.Open != 0 {
			t.Errorf("beside theirs: %+v, %v", a, err)
		}
		execute(t, db, `DELETE FROM midas_orders WHERE bill_no = 'z1'`)
		look()
		if a, err := l.Account(t.Context(), "alice", "1"); err != nil || !a.Known || a.SpentBefore != 1050 {
			t.Errorf("alone: %+v, %v", a, err)
		}
	})
}

// A migration runs while older versions work on: it may add, and no more.
func TestAMigrationOnlyAdds(t *testing.T) {
	for _, driver := range ledgertest.Drivers {
		files, err := filepath.Glob(filepath.Join("migrations", driver, "*.sql"))
		if err != nil || len(files) < 4 {
			t.Fatalf("%s has the migrations %v, %v", driver, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			up := statementsUp(string(text))
			if len(up) == 0 {
				t.Errorf("%s does nothing", file)
			}
			for _, s := range up {
				if why := breaks(s, filepath.Base(file) == "0001_orders.sql"); why != "" {
					t.Errorf("%s: %s: %s", file, why, s)
				}
			}
		}
	}
}

// What the test above looks for, it finds.
func TestAMigrationThatBreaksAnOlderVersionIsFound(t *testing.T) {
	for _, s := range []string{
		`DROP TABLE midas_players`, `ALTER TABLE midas_orders DROP COLUMN rid`, `ALTER TABLE midas_orders RENAME COLUMN rid TO r`, `DROP INDEX midas_orders_due`,
		`ALTER TABLE midas_orders RENAME TO orders`, `ALTER TABLE midas_orders MODIFY rid INT NOT NULL DEFAULT 0`, `RENAME TABLE midas_orders TO orders`,
		`ALTER TABLE midas_orders CHANGE rid r INT DEFAULT 0`, `ALTER TABLE midas_orders ALTER COLUMN rid TYPE BIGINT`, `UPDATE midas_orders SET state = 'new'`,
		`ALTER TABLE midas_orders ADD COLUMN more BIGINT NOT NULL`, `ALTER TABLE midas_orders ADD COLUMN a BIGINT NOT NULL DEFAULT 0, ADD COLUMN b BIGINT NOT NULL`,
		`ALTER TABLE midas_orders ADD KEY a (rid), DROP KEY midas_orders_due`, `CREATE UNIQUE INDEX one ON midas_orders (rid)`, `ALTER TABLE midas_orders ADD UNIQUE KEY one (rid)`,
		`ALTER TABLE midas_orders ADD CONSTRAINT few CHECK (amount < 10)`, `CREATE TRIGGER t BEFORE INSERT ON midas_orders BEGIN SELECT 1; END`,
		`DELETE FROM midas_sessions`, `INSERT INTO midas_orders (bill_no) SELECT bill_no FROM midas_history`, `ALTER TABLE midas_orders ADD COLUMN more BIGINT NOT NULL DEFAULT 0 UNIQUE`,
	} {
		if breaks(s, false) == "" {
			t.Errorf("not found: %s", s)
		}
	}
	up := statementsUp("-- +goose Up\n-- Why; and how.\nCREATE TABLE a (b TEXT); -- more\nDROP TABLE c;\n\n-- +goose StatementBegin\nCREATE FUNCTION f AS $$ BEGIN a; END $$;\n" +
		"-- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;\n")
	if want := []string{"CREATE TABLE a (b TEXT)", "DROP TABLE c", "CREATE FUNCTION f AS $$ BEGIN a; END $$;"}; !slices.Equal(up, want) {
		t.Errorf("%q", up)
	}
}

// statementsUp are the statements of a migration's way up, each on one line and without comments.
func statementsUp(text string) (statements []string) {
	up, _, _ := strings.Cut(text, "-- +goose Down")
	whole, current := false, ""
	end := func() {
		if s := strings.Join(strings.Fields(current), " "); s != "" {
			statements = append(statements, s)
		}
		current = ""
	}
	for line := range strings.Lines(up) {
		switch strings.TrimSpace(line) {
		case "-- +goose StatementBegin":
			whole = true
		case "-- +goose StatementEnd":
			whole = false
			end()
		}
		line, _, _ = strings.Cut(line, "--")
		for i, part := range strings.Split(line, ";") {
			if i > 0 && whole {
				current += ";"
			} else if i > 0 {
				end()
			}
			current += part
		}
		current += " "
	}
	end()
	return statements
}

var (
	newTable  = regexp.MustCompile(`^CREATE TABLE midas_\w+ \(`)
	newIndex  = regexp.MustCompile(`^CREATE INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?midas_\w+ ON midas_\w+ \([\w, ]+\)( WHERE .+)?$`)
	altered   = regexp.MustCompile(`^ALTER TABLE midas_\w+ (.+)$`)
	newColumn = regexp.MustCompile(`^ADD COLUMN \w+ [A-Z]+(\(\d+\))?( COLLATE "C")?( NOT NULL DEFAULT ('\w*'|-?\d+))?$`)
	filled    = regexp.MustCompile(`^INSERT INTO midas_rechecks \([\w, ]+\) SELECT .+ FROM midas_orders\b`) // which no older version knows
	newKey    = regexp.MustCompile(`^ADD KEY \w+ \([\w, ]+\)$`)
	guard     = regexp.MustCompile(`^CREATE (FUNCTION|TRIGGER) midas_history_is_kept\b`)
	clause    = regexp.MustCompile(`, (ADD|DROP|MODIFY|CHANGE|RENAME|ALTER) `)
)

// aroundIt is what goes with an index that is built online, and what removes one that was never finished.
var aroundIt = regexp.MustCompile(`^(?:SET SESSION lock_wait_timeout = \w+|DROP INDEX CONCURRENTLY IF EXISTS midas_orders_(?:found|asked))$`)

// breaks tells why a statement of a migration is not one that an older version can live with; "" if it can. What guards
// the first tables from the start is no change.
func breaks(statement string, first bool) string {
	statement = strings.TrimSuffix(statement, ", ALGORITHM=INPLACE, LOCK=NONE")
	switch change := altered.FindStringSubmatch(statement); {
	case aroundIt.MatchString(statement):
		return ""
	case newTable.MatchString(statement), filled.MatchString(statement), newIndex.MatchString(statement), first && guard.MatchString(statement):
		return ""
	case change == nil:
		return "neither a new table, nor a new index, nor a new column"
	default:
		for _, c := range strings.Split(clause.ReplaceAllString(change[1], "\x00$1 "), "\x00") {
			if !newColumn.MatchString(c) && !newKey.MatchString(c) {
				return "not a new column with a default, nor an index that allows everything: " + c
			}
		}
		return ""
	}
}

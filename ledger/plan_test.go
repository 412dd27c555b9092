package ledger_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// seeded fills a ledger with so many orders that no database takes reading all of them for the shortest way.
func seeded(t *testing.T, cfg ledger.Config, orders int) *ledger.Ledger {
	t.Helper()
	l := ledgertest.Open(t, cfg)
	number := map[string]string{"sqlite": "printf('%08d', n)", "postgres": "lpad(n::text, 8, '0')", "mysql": "lpad(n, 8, '0')"}[cfg.Driver]
	join := map[string]string{"sqlite": "||", "postgres": "||", "mysql": ","}[cfg.Driver]
	text := func(parts ...string) string {
		if cfg.Driver == "mysql" {
			return "concat(" + strings.Join(parts, join) + ")"
		}
		return strings.Join(parts, join)
	}
	// One in a thousand is open, a few of these are parked, one in ten thousand is disputed.
	insert := `INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version, attempts,
		unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at, of_trade, source) `
	rows := `SELECT ` + text("'01K'", number) + `, CASE WHEN n % 50 = 7 THEN 'present' WHEN n % 50 = 8 THEN 'goods' ELSE 'purchase' END, ` +
		text("'player-'", number2(cfg.Driver, "n % 1000")) + `, '1', ` + text("'request-'", number) + `, 'sword', 1, 60, '203.0.113.7',
		CASE WHEN n % 10000 = 1 THEN 'disputed' WHEN n % 1000 = 0 THEN 'paying' WHEN n % 100 = 2 THEN 'failed' ELSE 'delivered' END, 3, 0,
		0, CASE WHEN n % 10000 <> 1 AND n % 1000 = 0 THEN 1900000000000 ELSE 0 END, CASE WHEN n % 5000 = 0 THEN 1 ELSE 0 END, 0, '', '',
		1800000000000 + n * 100, 1800000000000 + n * 100, 0, '', 0 FROM numbers`
	sequence := fmt.Sprintf(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) `, orders)
	statement := sequence + insert + rows
	analyze := map[string]string{"sqlite": "SELECT 1", "postgres": "ANALYZE midas_orders", "mysql": "ANALYZE TABLE midas_orders"}[cfg.Driver]
	if cfg.Driver == "mysql" {
		statement = insert + sequence + rows
		execute(t, raw(t, cfg), fmt.Sprintf("SET STATEMENT max_recursive_iterations = %d FOR %s", orders+1, statement), analyze)
		return l
	}
	execute(t, raw(t, cfg), statement, analyze)
	return l
}

func number2(driver, what string) string {
	if driver == "postgres" {
		return "(" + what + ")::text"
	}
	return "(" + what + ")"
}

// allRead are the words for reading a whole table of orders, or a whole index of them, or for sorting what was found
// there.
var allRead = map[string]*regexp.Regexp{
	"sqlite":   regexp.MustCompile(`SCAN midas_orders(\s|$)`),
	"postgres": regexp.MustCompile(`Seq Scan on midas_orders|(=|> +)Sort  \(cost=\S+ rows=\d{4,}`),
	"mysql":    regexp.MustCompile(`table=midas_orders [^\n]*type=(ALL|index) `),
}

func TestNoSearchReadsAllOrders(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		t.Parallel()
		l := seeded(t, cfg, 20_000)
		at := time.UnixMilli(1_800_000_500_000)
		cases := map[string]struct {
			filter ledger.Filter
			index  string // that is used, where more than one would do
		}{
			"a request":                         {ledger.Filter{RequestID: "request-00000500"}, "midas_orders_asked"},
			"a request in a state":              {ledger.Filter{RequestID: "request-00000500", States: []ledger.State{ledger.Delivered}}, "midas_orders_asked"},
			"a player":                          {ledger.Filter{OpenID: "player-5"}, "midas_orders_(player|request)|openid"},
			"a player's open orders":            {ledger.Filter{OpenID: "player-5", Open: true}, "midas_orders_(player|request|parked)|openid"},
			"a state":                           {ledger.Filter{States: []ledger.State{ledger.Disputed}}, "midas_orders_found"},
			"several states":                    {ledger.Filter{States: []ledger.State{ledger.Failed, ledger.Delivered}}, "midas_orders_found"},
			"a kind":                            {ledger.Filter{Kinds: []ledger.Kind{ledger.Goods}}, "midas_orders_found"},
			"a kind in a state":                 {ledger.Filter{Kinds: []ledger.Kind{ledger.Refund}, States: []ledger.State{ledger.Paid}}, "midas_orders_found"},
			"the oldest open":                   {ledger.Filter{Open: true, OldestFirst: true, Limit: 1}, "midas_orders_found"},
			"the oldest stuck":                  {ledger.Filter{Stuck: true, OldestFirst: true, Limit: 1}, "midas_orders_found"},
			"a state since":                     {ledger.Filter{States: []ledger.State{ledger.Delivered}, From: at, Limit: 10}, "midas_orders_found"},
			"how bills begin, in a rare state":  {ledger.Filter{BillPrefix: "01K", States: []ledger.State{ledger.Disputed}, OldestFirst: true}, "midas_orders_found"},
			"how bills begin, the first of few": {ledger.Filter{BillPrefix: "01K", Kinds: []ledger.Kind{ledger.Goods}, States: []ledger.State{ledger.Delivered}, OldestFirst: true, Limit: 1}, "midas_orders_found"},
			"how bills begin, in a common one":  {ledger.Filter{BillPrefix: "01K0001", States: []ledger.State{ledger.Delivered}}, "midas_orders_pkey|PRIMARY"},
			"a bill":                            {ledger.Filter{BillNo: "01K00000007"}, ""},
		}
		look := func() {
			for name, c := range cases {
				plan, err := ledger.ExplainSearch(t.Context(), l, c.filter)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if allRead[cfg.Driver].MatchString(plan) || !regexp.MustCompile(c.index).MatchString(plan) {
					t.Errorf("%s, not by %q:\n%s", name, c.index, plan)
				}
				if _, _, err := l.Search(t.Context(), c.filter); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		look()
		if cfg.Driver == "sqlite" { // which has statistics where an operator has it make them
			execute(t, raw(t, cfg), "ANALYZE")
			look()
		}
	})
}

// The counts of a page read the index of what is open, and no row of a table, however much of it is open.
func TestTheBacklogIsCountedInAnIndex(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		t.Parallel()
		l := seeded(t, cfg, 20_000)
		for statement, args := range map[string][]any{
			ledger.CountOpenStatement: nil,
			ledger.FirstOfStatement:   {"paying", "purchase", 1_800_000_100_000, 0},
			`SELECT COUNT(*) FROM midas_orders WHERE state = 'disputed'`: nil,
		} {
			plan, err := ledger.Explain(t.Context(), l, statement, args...)
			if err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
			if allRead[cfg.Driver].MatchString(plan) || !regexp.MustCompile("midas_orders_(found|disputed|created)").MatchString(plan) {
				t.Errorf("%s:\n%s", statement, plan)
			}
		}
		b, err := l.Backlog(t.Context())
		if err != nil || b.Open[ledger.Paying] != 20 || b.Parked != 4 || b.Disputed != 2 || b.Oldest != "01K00001000" {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

// What players wait for keeps its indexes, however many there are for others: SQLite, which has no statistics, takes
// the one that answers more of a question.
func TestIndexesOfSearchesAreNotTakenForPlayers(t *testing.T) {
	l := seeded(t, ledgertest.Fresh(t, "sqlite"), 10)
	for statement, index := range map[string]string{
		`SELECT COUNT(*) FROM (SELECT bill_no FROM midas_orders WHERE openid = 'p' AND bill_no > 'b' AND kind = 'goods' AND state = 'paying' LIMIT 5) AS unpaid`: "midas_orders_player|sqlite_autoindex",
		`SELECT bill_no FROM midas_orders WHERE openid = 'p' AND kind IN ('purchase', 'goods') AND bill_no < '~' ORDER BY bill_no DESC LIMIT 20`:                 "midas_orders_player",
		ledger.CountOpenStatement: "midas_orders_found",
		`SELECT due_at FROM midas_orders WHERE due_at > 0 AND kind IN ('purchase', 'present', 'goods', 'refund') ORDER BY due_at LIMIT 1`: "midas_orders_due",
		`SELECT bill_no FROM midas_orders WHERE due_at > 0 AND (due_at <= 5 OR parked = 0 AND due_at > 9) AND kind IN ('purchase', 'present', 'goods', 'refund')
			ORDER BY due_at LIMIT 5`: "midas_orders_due",
		`SELECT kind, state, unsure_since, COALESCE(SUM(amount), 0) FROM midas_orders WHERE openid = 'p' AND zone_id = '1' GROUP BY kind, state, unsure_since`: "midas_orders_player|sqlite_autoindex",

		`SELECT COUNT(*) FROM midas_orders WHERE state = 'disputed'`:                                  "midas_orders_(disputed|found)",
		`SELECT bill_no FROM midas_orders WHERE openid = 'p' AND kind = 'goods' AND request_id = 'r'`: "sqlite_autoindex",
		`SELECT COALESCE(SUM(amount), 0) FROM midas_orders WHERE of_trade = 'x' AND of_trade <> ''`:   "midas_orders_refunds",
	} {
		plan, err := ledger.Explain(t.Context(), l, statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		if !regexp.MustCompile(index).MatchString(plan) {
			t.Errorf("%s\nnot by %q:\n%s", statement, index, plan)
		}
	}
}

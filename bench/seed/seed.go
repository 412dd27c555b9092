// Package seed fills a ledger with orders, and the history of each, in a few statements: what it would hold after
// months of play.
package seed

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/ledger"
)

// firstPlayer keeps all players' names of one length.
const firstPlayer = 10_000_000

// PlayerOf is the openid of the player of that number.
func PlayerOf(n int) string { return fmt.Sprint("seeded-player-", firstPlayer+n) }

// Part is orders of one state.
type Part struct {
	Bill   string // begins their bill numbers
	Count  int
	Kind   ledger.Kind // purchases, if empty
	State  ledger.State
	Parked bool
	Due    int64  // in milliseconds since 1970
	At     string // when order n was made, an SQL expression of n
	// Bare orders have no history.
	Bare bool
}

// RequestOf and BillOf are the request id and the bill number of order n of a part.
func (p Part) RequestOf(n int) string { return fmt.Sprintf("seed-%s-%d", p.Bill, n) }
func (p Part) BillOf(n int) string    { return fmt.Sprintf("SEED%s-%d", p.Bill, firstPlayer+n) }

// Statements insert the orders, and of each the steps that led to its state.
func (p Part) Statements(driver string, players int) []string {
	var numbers string
	switch driver {
	case "postgres":
		numbers = fmt.Sprintf("generate_series(CAST(0 AS BIGINT), %d) AS s(n)", p.Count-1)
	case "mysql":
		numbers = fmt.Sprintf("(SELECT seq AS n FROM seq_0_to_%d) AS s", p.Count-1)
	default:
		numbers = fmt.Sprintf("(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT n FROM s) AS s", p.Count-1)
	}
	bill := fmt.Sprintf("'SEED%s-' || (%d + n)", p.Bill, firstPlayer)
	delivered, parked := "0", 0
	if p.State == ledger.Delivered {
		delivered = p.At
	}
	if p.Parked {
		parked = 1
	}
	path := p.path()
	all := []string{fmt.Sprintf(`INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
		attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at, of_trade, source)
		SELECT %s, '%s', 'seeded-player-' || (%d + n %% %d), '1', 'seed-%s-' || n, '%s', 1, 1, '', '%s', %d,
		0, 0, %d, %d, 0, '', '', %s, %s, %s, '', 0 FROM %s`,
		bill, cmp.Or(p.Kind, ledger.Purchase), firstPlayer, players, p.Bill, crowd.ItemID, p.State, len(path)-1, p.Due, parked, p.At, p.At, delivered, numbers)}
	for version := 1; version < len(path) && !p.Bare; version++ {
		all = append(all, fmt.Sprintf(`INSERT INTO midas_history (bill_no, version, at, who, from_state, to_state, code, rid, note)
			SELECT %s, %d, %s, 'a server that died', '%s', '%s', 0, '', '' FROM %s`, bill, version, p.At, path[version-1], path[version], numbers))
	}
	return all
}

// path is how an order comes into the part's state.
func (p Part) path() []ledger.State {
	path := []ledger.State{"", ledger.Created, ledger.Paying, ledger.Paid, ledger.Delivered}
	if n := slices.Index(path, p.State); n > 0 {
		return path[:n+1]
	}
	return append(path[:3:3], p.State)
}

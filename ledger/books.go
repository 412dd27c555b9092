package ledger

import (
	"context"
	"database/sql"
	"time"
)

// StoreTrial is Order.Source of goods that were bought in the store page as a test (midas-protocol.md §3.9, P7). They
// are delivered.
const StoreTrial = 3

// Books is what the ledger holds, summed up. Presents are not in it.
type Books struct {
	// Orders and Coins count the purchases in each state and what they are worth.
	Orders map[State]int64
	Coins  map[State]int64
	// Goods and Fen are the same of what was bought directly with money: what was paid, or the price while that is not
	// known.
	Goods map[State]int64
	Fen   map[State]int64
	// Trials are test orders of the store page, which are no sale and in none of the other sums.
	Trials int64
	// Refunds and RefundedFen are the money that was given back.
	Refunds, RefundedFen int64
}

// Books sums up every purchase.
func (l *Ledger) Books(ctx context.Context) (Books, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	b := Books{Orders: map[State]int64{}, Coins: map[State]int64{}, Goods: map[State]int64{}, Fen: map[State]int64{}}
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(`SELECT kind, state, CASE WHEN kind = ? AND source = ? THEN 1 ELSE 0 END AS trial,
		COUNT(*), SUM(CASE WHEN paid > 0 THEN paid ELSE amount END)
		FROM midas_orders WHERE kind <> ? AND NOT (kind = ? AND of_trade = '') GROUP BY 1, 2, 3`), Goods, StoreTrial, Present, Refund)
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		var k Kind
		var s State
		var trial, n, amount int64
		err := row.Scan(&k, &s, &trial, &n, &amount)
		switch {
		case trial != 0:
			b.Trials += n
		case k == Goods:
			b.Goods[s], b.Fen[s] = n, amount
		case k == Refund:
			b.Refunds, b.RefundedFen = b.Refunds+n, b.RefundedFen+amount
		case k == Purchase:
			b.Orders[s], b.Coins[s] = n, amount
		}
		return struct{}{}, err
	})
	return b, unavailable(ctx, "sum up the orders", err)
}

// Account is what the ledger thinks Midas's books of one player should say.
type Account struct {
	OpenID, ZoneID string
	// Before is what Midas said when this ledger first knew the player, less what the ledger did: coins spent and given by
	// somebody else. Known is false while that cannot be told, or while a newer version's orders may have moved coins,
	// too.
	SpentBefore, PresentBefore int64
	Known                      bool
	// SaveAmt is how many coins the player had bought when last seen.
	SaveAmt int64
	// Kept is what Midas keeps for purchases: paid for and not given back. GivenBack is what it has given back. Open is
	// what it may or may not keep: the answer is outstanding, or an operator has to decide.
	Kept, GivenBack, Open int64
	// Presented is what Midas gave as presents, PresentOpen what it may have given.
	Presented, PresentOpen int64
	// Settled and PresentSettled are of orders that an operator settled (Ledger.Resolve): the player's side of them is
	// closed, and Midas keeps these coins, or has given them, or not.
	Settled, PresentSettled int64

	foreign bool // there are orders of a kind that this version does not know
}

// Changed is an order with the state its history ends in, which should be the order's own.
type Changed struct {
	Order
	Last State
}

// Changed lists the orders of all kinds that changed between from and to, the zero times meaning no bound, by bill
// number after the bill number after; at most limit.
func (l *Ledger) Changed(ctx context.Context, from, to time.Time, after string, limit int) ([]Changed, error) {
	const doing = "list the orders of a period"
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(`SELECT `+orderColumns+`, (SELECT h.to_state FROM midas_history h
		WHERE h.bill_no = midas_orders.bill_no ORDER BY h.version DESC LIMIT 1) FROM midas_orders
		WHERE bill_no > ? AND updated_at >= ? AND updated_at < ? AND `+knownKinds+` ORDER BY bill_no LIMIT ?`), after, toMillis(from), endMillis(to), limit)
	list, err := scanAll(rows, err, func(row *sql.Rows) (c Changed, err error) {
		var last sql.NullString
		c.Order, err = scanOrder(scanMore{row, &last})
		c.Last = State(last.String)
		return c, err
	})
	return list, unavailable(ctx, doing, err)
}

// scanMore is a row that has one column more than who scans it knows.
type scanMore struct {
	row  *sql.Rows
	last any
}

func (s scanMore) Scan(columns ...any) error { return s.row.Scan(append(columns, s.last)...) }

// endMillis is the end of a period; the zero time bounds nothing.
func endMillis(to time.Time) int64 {
	if to.IsZero() {
		return 1<<63 - 1
	}
	return toMillis(to)
}

// Accounts lists the accounts of players with orders that changed between from and to, the zero times meaning no bound,
// by openid and zone after the account after; at most limit.
func (l *Ledger) Accounts(ctx context.Context, from, to time.Time, after Account, limit int) ([]Account, error) {
	const doing = "sum up the players' orders"
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(`SELECT DISTINCT openid, zone_id FROM midas_orders
		WHERE updated_at >= ? AND updated_at < ? AND (openid > ? OR openid = ? AND zone_id > ?) ORDER BY openid, zone_id LIMIT ?`),
		toMillis(from), endMillis(to), after.OpenID, after.OpenID, after.ZoneID, limit)
	accounts, err := scanAll(rows, err, func(row *sql.Rows) (a Account, err error) {
		return a, row.Scan(&a.OpenID, &a.ZoneID)
	})
	if err != nil {
		return nil, unavailable(ctx, doing, err)
	}
	for i := range accounts {
		if accounts[i], err = l.Account(ctx, accounts[i].OpenID, accounts[i].ZoneID); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// Account sums up one player's orders, all there ever were.
func (l *Ledger) Account(ctx context.Context, openid, zoneID string) (Account, error) {
	const doing = "sum up a player's orders"
	a := Account{OpenID: openid, ZoneID: zoneID}
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(`SELECT kind, state, unsure_since, COALESCE(SUM(amount), 0) FROM midas_orders
		WHERE openid = ? AND zone_id = ? GROUP BY kind, state, unsure_since`), openid, zoneID)
	if err := a.addAll(rows, err); err != nil {
		return a, unavailable(ctx, doing, err)
	}
	known, err := l.account(ctx, openid, zoneID)
	if err == nil {
		a.SaveAmt, a.SpentBefore, a.PresentBefore, a.Known = known.SaveAmt, known.Spent, known.PresentSum, known.Spent != unknown && !a.foreign
	} else if err == ErrNotFound {
		err = nil
	}
	return a, unavailable(ctx, doing, err)
}

// addAll works sums by kind, state and unsure_since into an account.
func (a *Account) addAll(rows *sql.Rows, err error) error {
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		var kind Kind
		var s State
		var unsure, coins int64
		err := row.Scan(&kind, &s, &unsure, &coins)
		a.add(kind, s, unsure != 0, coins)
		return struct{}{}, err
	})
	return err
}

func (a *Account) add(kind Kind, s State, unsure bool, coins int64) {
	switch {
	case !kind.known():
		a.foreign = true
	case kind == Goods, kind == Refund, kind == Credit: // money, or coins that save_amt tells of
	case s == Created, s == Failed, s == Paying && !unsure: // Midas has not moved anything
	case unsure && (s == Delivered || s == Cancelled) && kind == Present:
		a.PresentSettled += coins
	case unsure && (s == Delivered || s == Cancelled):
		a.Settled += coins
	case kind == Present && s == Delivered:
		a.Presented += coins
	case kind == Present:
		a.PresentOpen += coins
	case s == Paid, s == Delivered:
		a.Kept += coins
	case s == Cancelled:
		a.GivenBack += coins // or never taken
	default: // Paying, Reversing, Refunding, Disputed
		a.Open += coins
	}
}

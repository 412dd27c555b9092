package ledger

import (
	"context"
	"database/sql"
	"time"
)

// Books is what the ledger holds, summed up. All amounts are coins. Presents are not in it.
type Books struct {
	// Orders and Coins count the purchases in each state and what they are worth.
	Orders map[State]int64
	Coins  map[State]int64
}

// Books sums up every purchase.
func (l *Ledger) Books(ctx context.Context) (Books, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	b := Books{Orders: map[State]int64{}, Coins: map[State]int64{}}
	rows, err := l.reads.QueryContext(inner, l.dialect.sql(`SELECT state, COUNT(*), SUM(amount) FROM midas_orders
		WHERE kind = ? GROUP BY state`), Purchase)
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		var s State
		var n, coins int64
		err := row.Scan(&s, &n, &coins)
		b.Orders[s], b.Coins[s] = n, coins
		return struct{}{}, err
	})
	return b, unavailable(ctx, "sum up the orders", err)
}

// Account is what the ledger thinks Midas's books of one player should say.
type Account struct {
	OpenID, ZoneID string
	// Before is what Midas said when this ledger first knew the player, less what the ledger did: coins spent and given by
	// somebody else. Known is false while that cannot be told.
	SpentBefore, PresentBefore int64
	Known                      bool
	// SaveAmt is how many coins the player had bought when last seen.
	SaveAmt int64
	// Kept is what Midas keeps for purchases: paid for and not given back. GivenBack is what it has given back. Open is what
	// it may or may not keep: the answer is outstanding, or an operator has to decide.
	Kept, GivenBack, Open int64
	// Presented is what Midas gave as presents, PresentOpen what it may have given.
	Presented, PresentOpen int64
}

// Accounts lists the accounts of players with orders that changed between from and to, the zero times meaning no bound,
// by openid and zone after the account after; at most limit.
func (l *Ledger) Accounts(ctx context.Context, from, to time.Time, after Account, limit int) ([]Account, error) {
	const doing = "sum up the players' orders"
	end := toMillis(to)
	if to.IsZero() {
		end = 1<<63 - 1
	}
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.reads.QueryContext(inner, l.dialect.sql(`SELECT DISTINCT openid, zone_id FROM midas_orders
		WHERE updated_at >= ? AND updated_at < ? AND (openid > ? OR openid = ? AND zone_id > ?) ORDER BY openid, zone_id LIMIT ?`),
		toMillis(from), end, after.OpenID, after.OpenID, after.ZoneID, limit)
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
	rows, err := l.reads.QueryContext(inner, l.dialect.sql(`SELECT kind, state, unsure_since, COALESCE(SUM(amount), 0) FROM midas_orders
		WHERE openid = ? AND zone_id = ? GROUP BY kind, state, unsure_since`), openid, zoneID)
	if err := a.addAll(rows, err); err != nil {
		return a, unavailable(ctx, doing, err)
	}
	known, err := l.account(ctx, openid, zoneID)
	if err == nil {
		a.SaveAmt, a.SpentBefore, a.PresentBefore, a.Known = known.SaveAmt, known.Spent, known.PresentSum, known.Spent != unknown
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
	case s == Created, s == Failed, s == Paying && !unsure: // Midas has not moved anything
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

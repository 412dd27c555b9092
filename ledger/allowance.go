package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// pendingFor is for how long coins that the client says were paid for, and that have not come, count as paid.
const pendingFor = 24 * time.Hour

// Allowance bounds what a player may pay in a month of Beijing's: for coins in all zones and for goods, bought in the
// game or outside.
type Allowance struct {
	// Fen may be paid in the month, together with what is about to be offered.
	Fen int64
	// CoinsPerYuan is what coins cost.
	CoinsPerYuan int64
	// Open is for how long what was offered, and is not known to be paid, counts as if it were: its payment window may be
	// open still.
	Open time.Duration
	// Now is the time.
	Now time.Time
}

// Bounds are what an order has to keep within. The zero value bounds nothing.
type Bounds struct {
	// Pay bounds what goods may cost.
	Pay *Allowance
	// Item bounds how many of the item the player may buy.
	Item *Quota
}

// Quota bounds how many of an item a player may buy in all, for coins and for money, in all zones.
type Quota struct {
	Most int64
	// Open is for how long goods that were offered, and are not known to be paid, count as if they were.
	Open time.Duration
	// Now is the time.
	Now time.Time
}

// ErrOverQuota: a player may not buy so many of an item. Nothing was stored. The error is a *QuotaError.
var ErrOverQuota = errors.New("ledger: more of the item than the player may buy")

// QuotaError tells how many more a player may buy. It is an ErrOverQuota.
type QuotaError struct {
	// Left is never below 0.
	Left int64
}

func (e *QuotaError) Error() string { return fmt.Sprintf("%v: %d are left", ErrOverQuota, e.Left) }

// Is makes errors.Is(err, ErrOverQuota) hold.
func (e *QuotaError) Is(target error) bool { return target == ErrOverQuota }

// ErrOverAllowance: a player may not pay so much in this month. Nothing was stored. The error is an *AllowanceError.
var ErrOverAllowance = errors.New("ledger: more than the player may pay in this month")

// AllowanceError tells how much a player may still pay. It is an ErrOverAllowance.
type AllowanceError struct {
	// Left is in fen, and never below 0.
	Left int64
}

func (e *AllowanceError) Error() string {
	return fmt.Sprintf("%v: %d fen are left", ErrOverAllowance, e.Left)
}

// Is makes errors.Is(err, ErrOverAllowance) hold.
func (e *AllowanceError) Is(target error) bool { return target == ErrOverAllowance }

// lockPayer has whoever else offers this player something wait until the transaction has ended. ErrNotFound: the player
// was never seen.
func (l *Ledger) lockPayer(ctx context.Context, tx *sql.Tx, openid string) error {
	rows, err := tx.QueryContext(ctx, l.dialect.sql(`SELECT zone_id FROM midas_players WHERE openid = ? ORDER BY zone_id`+l.dialect.lock), openid)
	zones, err := scanAll(rows, err, func(row *sql.Rows) (zone string, err error) { return zone, row.Scan(&zone) })
	if err == nil && len(zones) == 0 {
		err = ErrNotFound
	}
	return err
}

// mayPay is an *AllowanceError if what a player has paid in this month, or may pay with what has been offered, is more
// than allowed. fresh is the price, in fen, of what this transaction has stored as offered. lockPayer comes first.
func (l *Ledger) mayPay(ctx context.Context, tx *sql.Tx, openid string, a Allowance, fresh int64) error {
	var coins, goods, open int64
	// What is credited and not counted yet is paid as well.
	err := tx.QueryRowContext(ctx, l.dialect.sql(`SELECT COALESCE(SUM(CASE WHEN month = ? THEN month_coins ELSE 0 END +
		CASE WHEN credited <> ? AND save_amt + ahead > credited THEN save_amt + ahead - credited ELSE 0 END), 0)
		FROM midas_players WHERE openid = ?`), monthOf(a.Now), unknown, openid).Scan(&coins)
	if err == nil {
		err = tx.QueryRowContext(ctx, l.dialect.sql(`SELECT COALESCE(SUM(buy_quantity), 0) FROM midas_recharges WHERE openid = ?
			AND (state = ? AND updated_at >= ? OR state = ? AND updated_at >= ?)`), openid,
			RechargeOffered, toMillis(a.Now.Add(-a.Open)), RechargePending, toMillis(a.Now.Add(-pendingFor))).Scan(&open)
	}
	if err == nil {
		err = tx.QueryRowContext(ctx, l.dialect.sql(`SELECT COALESCE(SUM(CASE WHEN paid > 0 THEN paid ELSE amount END), 0) FROM midas_orders
			WHERE openid = ? AND kind = ? AND source <> ? AND created_at >= ? AND (state IN (?, ?, ?) OR state = ? AND created_at >= ?)`),
			openid, Goods, StoreTrial, toMillis(monthBegins(a.Now)), Paid, Delivered, Disputed, Paying, toMillis(a.Now.Add(-a.Open))).Scan(&goods)
	}
	if err != nil {
		return err
	}
	all := goods + fenOf(coins, a.CoinsPerYuan) + fenOf(open, a.CoinsPerYuan)
	if all > a.Fen {
		return &AllowanceError{Left: max(0, a.Fen-(all-fresh))}
	}
	return nil
}

// mayBuy is an *AllowanceError or a *QuotaError if an order that this transaction has stored is out of bounds.
func (l *Ledger) mayBuy(ctx context.Context, tx *sql.Tx, o Order, b Bounds) error {
	if b.Pay != nil {
		if err := l.mayPay(ctx, tx, o.OpenID, *b.Pay, o.Amount); err != nil {
			return err
		}
	}
	if b.Item == nil {
		return nil
	}
	rows, err := tx.QueryContext(ctx, l.dialect.sql(boughtOf+`= ? GROUP BY item_id`), boughtArgs(o.OpenID, b.Item.Open, b.Item.Now, o.ItemID)...)
	bought, err := scanBought(rows, err)
	if all := bought[o.ItemID]; err == nil && all > b.Item.Most {
		err = &QuotaError{Left: max(0, b.Item.Most-(all-o.Quantity))}
	}
	return err
}

// Bought counts how many of some items a player has bought, as a Quota does.
func (l *Ledger) Bought(ctx context.Context, openid string, open time.Duration, now time.Time, items ...string) (map[string]int64, error) {
	if len(items) == 0 {
		return nil, nil
	}
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.reads.QueryContext(inner, l.dialect.sql(boughtOf+`IN (?`+strings.Repeat(", ?", len(items)-1)+`) GROUP BY item_id`), boughtArgs(openid, open, now, items...)...)
	bought, err := scanBought(rows, err)
	return bought, unavailable(ctx, "count what a player has bought", err)
}

const boughtOf = `SELECT item_id, SUM(quantity) FROM midas_orders WHERE openid = ? AND kind IN ('purchase', 'goods') AND source <> ?
	AND state NOT IN ('failed', 'cancelled') AND NOT (kind = 'goods' AND state = 'paying' AND created_at < ?) AND item_id `

func boughtArgs(openid string, open time.Duration, now time.Time, items ...string) []any {
	args := []any{openid, StoreTrial, toMillis(now.Add(-open))}
	for _, id := range items {
		args = append(args, id)
	}
	return args
}

func scanBought(rows *sql.Rows, err error) (map[string]int64, error) {
	bought := map[string]int64{}
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		var id string
		var n int64
		err := row.Scan(&id, &n)
		bought[id] = n
		return struct{}{}, err
	})
	return bought, err
}

// fenOf is what coins cost, rounded up.
func fenOf(coins, perYuan int64) int64 {
	whole, rest := coins/perYuan, coins%perYuan
	return whole*100 + (rest*100+perYuan-1)/perYuan
}

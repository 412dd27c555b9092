package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// pendingFor is for how long coins that the client says were paid for, and that have not come, count as paid.
const pendingFor = 24 * time.Hour

// Allowance bounds what a player may pay in a month of Beijing's: for coins in all zones and for goods, bought in the game or outside.
type Allowance struct {
	// Fen may be paid in the month, together with what is about to be offered.
	Fen int64
	// CoinsPerYuan is what coins cost.
	CoinsPerYuan int64
	// Open is for how long what was offered, and is not known to be paid, counts as if it were: its payment window may be open still.
	Open time.Duration
	// Now is the time.
	Now time.Time
}

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

// lockPayer has whoever else offers this player something wait until the transaction has ended. ErrNotFound: the player was never seen.
func (l *Ledger) lockPayer(ctx context.Context, tx *sql.Tx, openid string) error {
	rows, err := tx.QueryContext(ctx, l.dialect.sql(`SELECT zone_id FROM midas_players WHERE openid = ? ORDER BY zone_id`+l.dialect.lock), openid)
	zones, err := scanAll(rows, err, func(row *sql.Rows) (zone string, err error) { return zone, row.Scan(&zone) })
	if err == nil && len(zones) == 0 {
		err = ErrNotFound
	}
	return err
}

// mayPay is an *AllowanceError if what a player has paid in this month, or may pay with what has been offered, is more than allowed.
// fresh is the price, in fen, of what this transaction has stored as offered. lockPayer comes first.
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

// fenOf is what coins cost, rounded up.
func fenOf(coins, perYuan int64) int64 {
	whole, rest := coins/perYuan, coins%perYuan
	return whole*100 + (rest*100+perYuan-1)/perYuan
}

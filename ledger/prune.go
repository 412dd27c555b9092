package ledger

import (
	"context"
	"database/sql"
	"time"
)

const (
	// unpaidFor is how long a recharge is kept that no coins came for. A window can be paid for hours, and Midas tells of
	// it for half a day (§3.7); but the player may be away, and in protocol V1 the coins are found only when the player is
	// back. Coins that are found later than this are in the balance and told all the same, as of no recharge.
	unpaidFor = 90 * 24 * time.Hour
	// pruneAtOnce bounds the rows that go when one comes, so that no write takes long.
	pruneAtOnce = 10
)

// pruneRecharges forgets some of a player's recharges that were not paid for so long that they never will be.
func (l *Ledger) pruneRecharges(ctx context.Context, tx *sql.Tx, newest Recharge) error {
	if newest.CreatedAt.IsZero() {
		return nil
	}
	old, err := scanRecharges(tx.QueryContext(ctx, l.dialect.sql(`SELECT `+rechargeColumns+` FROM midas_recharges
		WHERE openid = ? AND zone_id = ? AND state <> 'credited' AND created_at < ? ORDER BY created_at LIMIT ?`),
		newest.OpenID, newest.ZoneID, toMillis(newest.CreatedAt.Add(-unpaidFor)), pruneAtOnce))
	if err != nil {
		return err
	}
	for _, r := range old {
		if _, err := tx.ExecContext(ctx, l.dialect.sql(`DELETE FROM midas_recharges WHERE openid = ? AND request_id = ? AND state <> 'credited'`),
			r.OpenID, r.RequestID); err != nil {
			return err
		}
	}
	return nil
}

// UnpaidRecharges counts a player's recharges since then that no coins came for; limit at most.
func (l *Ledger) UnpaidRecharges(ctx context.Context, openid string, since time.Time, limit int) (n int, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.reads.QueryRowContext(inner, l.dialect.sql(`SELECT COUNT(*) FROM (SELECT request_id FROM midas_recharges
		WHERE openid = ? AND created_at >= ? AND state <> 'credited' LIMIT ?) AS unpaid`), openid, toMillis(since), limit).Scan(&n)
	return n, unavailable(ctx, "count what a player has not paid for", err)
}

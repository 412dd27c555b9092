package ledger

import (
	"context"
	"database/sql"
	"time"
)

// What the host is told of coins that were bought is not what recharges are taken to have brought, which may be a guess
// that is taken back, but how far the sum of all of them has certainly grown. That is what save_amt shows, and what
// pushes name that it does not show yet. Coins of a push that save_amt may have shown as somebody else's are not told
// before save_amt has grown by them. The sum that the host has been told of only grows, in the transaction that makes
// the order by which it is told.

// TellCredits has an order of kind [Credit] made whenever a player has bought coins. make gives it what the ledger does
// not know: its number and times. Without it the host is told of nothing that is bought until then. It is to be called
// before the ledger is used.
func (l *Ledger) TellCredits(make func(openid, zoneID string) Order) { l.newCredit = make }

// tellCredit makes the order that tells the host of a player's newly bought coins, if there are any, and counts them to
// the month. by are the recharges that are credited at the same moment.
func (l *Ledger) tellCredit(ctx context.Context, tx *sql.Tx, known *seenAccount, openid, zoneID string, by []Recharge, now time.Time) (told bool, err error) {
	total := known.SaveAmt
	if known.ahead > 0 {
		// guessed are coins that save_amt has shown and that may be those of a push.
		var pushed, guessed int64
		err := tx.QueryRowContext(ctx, l.dialect.sql(`SELECT COALESCE(SUM(CASE WHEN evidence = ? THEN unseen ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN evidence = ? THEN 0 ELSE coins - unseen END), 0)
			FROM midas_recharges WHERE openid = ? AND zone_id = ? AND state = ?`), evidenceCoins, evidenceCoins, openid, zoneID, RechargeCredited).Scan(&pushed, &guessed)
		if err != nil {
			return false, err
		}
		total += max(0, min(pushed, known.ahead)-guessed-known.loose)
	}
	coins := total - known.credited
	if coins <= 0 {
		return false, nil
	}
	known.credited = total
	if month := monthOf(now); known.month != month {
		known.month, known.monthCoins = month, 0
	}
	known.monthCoins += coins
	if l.newCredit == nil {
		return false, nil
	}
	o := l.newCredit(openid, zoneID)
	o.Kind, o.OpenID, o.ZoneID, o.Amount, o.Quantity = Credit, openid, zoneID, coins, total
	o.State, o.Version, o.RequestID = Credit.begins(), 1, o.BillNo
	if len(by) == 1 {
		o.OfTrade = by[0].OutTradeNo
	}
	if _, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_orders (`+orderColumns+`) VALUES (`+orderPlaces+`)`), o.columns()...); err != nil {
		return false, err
	}
	return true, l.addHistory(ctx, tx, l.who, o, "")
}

// beijing is where the law counts the months of those who pay.
var beijing = time.FixedZone("UTC+8", 8*60*60)

func monthOf(t time.Time) string { return t.In(beijing).Format("2006-01") }

// monthBegins is when the month of t began.
func monthBegins(t time.Time) time.Time {
	t = t.In(beijing)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, beijing)
}

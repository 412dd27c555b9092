package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// RechargeState is where a recharge stands.
type RechargeState string

// The states of a recharge. Coins that come late turn any of them into RechargeCredited.
const (
	// RechargeOffered: the client was told what to pass to wx.requestMidasPayment and has not reported back.
	RechargeOffered RechargeState = "offered"
	// RechargePending: the client says it paid; the coins have not been seen yet.
	RechargePending RechargeState = "pending"
	// RechargeCancelled: the client says the player gave up.
	RechargeCancelled RechargeState = "cancelled"
	// RechargeFailed: the client reported an error.
	RechargeFailed RechargeState = "failed"
	// RechargeCredited: the coins were seen in the player's account. The end.
	RechargeCredited RechargeState = "credited"
)

// Recharge is one attempt of a player to buy coins.
type Recharge struct {
	OpenID, ZoneID string
	// RequestID is the client's own name for it, unique per OpenID for ever.
	RequestID string
	// OutTradeNo is Midas's name for it in protocol V2, empty in V1.
	OutTradeNo string
	// BuyQuantity is how many coins were asked for, Coins how many were credited.
	BuyQuantity, Coins int64
	State              RechargeState
	CreatedAt          time.Time
	UpdatedAt          time.Time

	evidence evidence
	unseen   int64         // of Coins, those that save_amt has not shown yet
	was      RechargeState // before it was credited
}

// Growth is what [Ledger.Observe] found.
type Growth struct {
	// Coins is how much was bought since the last look; 0 if nothing.
	Coins int64
	// Recharges are those that these coins settled, now credited. Those that were credited before are not among them.
	Recharges []Recharge
	// Told: an order of kind [Credit] was made, of which the host is to be told.
	Told bool
}

// Sums are what Midas says of a player's whole past, in coins.
type Sums struct {
	// SaveAmt is all that was ever bought with money, PresentSum all ever given, Spent what of both is no longer there:
	// unlike cost_sum, it certainly falls when a deduction is given back (§6, item 11).
	SaveAmt, PresentSum, Spent int64
	// Look is what the ledger knew before Midas was asked for these sums. nil: they are taken to be newer than all that it
	// knows.
	Look *Look
}

// unknown stands for a sum that cannot be told: whether an open order's coins are in it, nobody knows.
const unknown = -1

// Observe compares save_amt, all coins a player ever bought as Midas tells it, with what was seen before. What it grew
// by is credited to the player's recharges that wait for coins, in the same transaction that remembers the new figure,
// so that the same coins are never credited twice. A figure below the known one is an old answer and changes nothing.
// Recharges that were credited by their number are explained first; where save_amt does not bear them out, they and
// those that were credited by a guess are put right, so that all together never come to more than it. What was spent
// and given before this ledger knew the player is remembered once, for [Ledger.Accounts].
func (l *Ledger) Observe(ctx context.Context, openid, zoneID string, sums Sums, now time.Time) (Growth, error) {
	const doing = "compare what a player bought"
	// Most looks find nothing new, and those need no write.
	known, err := l.account(ctx, openid, zoneID)
	if err == nil && sums.SaveAmt <= known.SaveAmt && known.told() >= known.SaveAmt && known.Spent != unknown && (known.ahead == 0 || !sums.Look.newer(known)) {
		return Growth{}, nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Growth{}, unavailable(ctx, doing, err)
	}
	var g Growth
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		g = Growth{}
		// The row is made if need be and then locked: two servers may see a player for the first time at once.
		_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_players (openid, zone_id, save_amt, spent_before, present_before, updated_at)
			VALUES (?, ?, ?, ?, ?, ?)`+l.dialect.ignore("openid, zone_id")), openid, zoneID, sums.SaveAmt, unknown, unknown, toMillis(now))
		if err != nil {
			return err
		}
		known, err := l.lockAccount(ctx, tx, openid, zoneID)
		if err != nil {
			return err
		}
		if known.Spent == unknown {
			if known.Spent, known.PresentSum, err = l.before(ctx, tx, openid, zoneID, sums); err != nil {
				return err
			}
		}
		known.credited = known.told()
		g.Coins = max(0, sums.SaveAmt-known.SaveAmt)
		if g.Recharges, err = l.settle(ctx, tx, &known, openid, zoneID, g.Coins, sums.Look, now); err != nil {
			return err
		}
		known.SaveAmt = max(known.SaveAmt, sums.SaveAmt)
		if g.Told, err = l.tellCredit(ctx, tx, &known, openid, zoneID, g.Recharges, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_players SET save_amt = ?, spent_before = ?, present_before = ?, updated_at = ?,
			ahead = ?, loose = ?, credited = ?, month = ?, month_coins = ? WHERE openid = ? AND zone_id = ?`), known.SaveAmt, known.Spent, known.PresentSum,
			toMillis(now), known.ahead, known.loose, known.credited, known.month, known.monthCoins, openid, zoneID)
		return err
	})
	return g, unavailable(ctx, doing, err)
}

// before tells how much of Midas's sums is not this ledger's doing.
func (l *Ledger) before(ctx context.Context, tx *sql.Tx, openid, zoneID string, sums Sums) (spent, present int64, err error) {
	a := Account{OpenID: openid, ZoneID: zoneID}
	rows, err := tx.QueryContext(ctx, l.dialect.sql(`SELECT kind, state, unsure_since, COALESCE(SUM(amount), 0) FROM midas_orders
		WHERE openid = ? AND zone_id = ? GROUP BY kind, state, unsure_since`), openid, zoneID)
	if err := a.addAll(rows, err); err != nil {
		return 0, 0, err
	}
	if a.Open != 0 || a.PresentOpen != 0 || a.foreign {
		return unknown, unknown, nil
	}
	return max(0, sums.Spent-a.Kept), max(0, sums.PresentSum-a.Presented), nil
}

// Seen tells whether a player's save_amt is known, so that growth can be found.
func (l *Ledger) Seen(ctx context.Context, openid, zoneID string) (bool, error) {
	_, err := l.account(ctx, openid, zoneID)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, unavailable(ctx, "look a player up", err)
}

const accountColumns = `save_amt, spent_before, present_before, ahead, confirms, loose, credited, month, month_coins`

// seenAccount is what was last seen of a player, and what was spent and given before.
type seenAccount struct {
	Sums
	// ahead is the coins of recharges that were credited by their number and that save_amt has not shown yet.
	ahead int64
	// loose is the coins that save_amt has shown and that are no recharge's: bought elsewhere, or it is not known yet for
	// what.
	loose int64
	// confirms counts the recharges that were credited by their number.
	confirms int64
	// credited is up to which sum of bought coins the host has been told, or need not be; unknown: a version before kept
	// it.
	credited int64
	// monthCoins are the coins that were bought in month, as monthOf has it. In any other it is none.
	month      string
	monthCoins int64
}

// told is up to which sum the host need not be told of bought coins.
func (k seenAccount) told() int64 {
	if k.credited == unknown {
		return k.SaveAmt + k.ahead
	}
	return k.credited
}

// account reads what is known of a player.
func (l *Ledger) account(ctx context.Context, openid, zoneID string) (seenAccount, error) {
	ctx, cancel := patient(ctx)
	defer cancel()
	return scanAccount(l.reads.QueryRowContext(ctx, l.dialect.sql(`SELECT `+accountColumns+` FROM midas_players
		WHERE openid = ? AND zone_id = ?`), openid, zoneID))
}

// lockAccount reads it to be changed. Whoever changes recharges of a player as well locks the player first.
func (l *Ledger) lockAccount(ctx context.Context, tx *sql.Tx, openid, zoneID string) (seenAccount, error) {
	return scanAccount(tx.QueryRowContext(ctx, l.dialect.sql(`SELECT `+accountColumns+` FROM midas_players
		WHERE openid = ? AND zone_id = ?`+l.dialect.lock), openid, zoneID))
}

func scanAccount(row *sql.Row) (s seenAccount, err error) {
	err = row.Scan(&s.SaveAmt, &s.Spent, &s.PresentSum, &s.ahead, &s.confirms, &s.loose, &s.credited, &s.month, &s.monthCoins)
	if errors.Is(err, sql.ErrNoRows) {
		return seenAccount{}, ErrNotFound
	}
	return s, err
}

// SaveAmt is the save_amt that Observe compares the next one with. ErrNotFound: none has been seen.
func (l *Ledger) SaveAmt(ctx context.Context, openid, zoneID string) (int64, error) {
	known, err := l.account(ctx, openid, zoneID)
	return known.SaveAmt + known.ahead, unavailable(ctx, "look a player up", err)
}

const rechargeColumns = `openid, request_id, zone_id, out_trade_no, buy_quantity, state, coins, created_at, updated_at, evidence, unseen, was`

// OfferRecharge stores a recharge in state RechargeOffered before the client is told how to pay. If the player has one
// of that request id already it is returned as it stands; if that was for another quantity the error is ErrMismatch.
func (l *Ledger) OfferRecharge(ctx context.Context, r Recharge) (stored Recharge, err error) {
	return l.OfferRechargeWithin(ctx, r, nil)
}

// OfferRechargeWithin is OfferRecharge to a player who may not pay as much as may be wished (nil: all): with what was
// paid and offered before, on whatever server. The error is then an *AllowanceError. A recharge of that request id that
// is not credited is offered anew. The player's balance must have been looked at (Seen), or the error is ErrNotFound.
func (l *Ledger) OfferRechargeWithin(ctx context.Context, r Recharge, allowed *Allowance) (stored Recharge, err error) {
	r.State, r.Coins = RechargeOffered, 0
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if allowed != nil {
			if err := l.lockPayer(ctx, tx, r.OpenID); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_recharges (`+rechargeColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '')`+
			l.dialect.ignore("openid, request_id")), r.OpenID, r.RequestID, r.ZoneID, r.OutTradeNo, r.BuyQuantity, r.State, r.Coins,
			toMillis(r.CreatedAt), toMillis(r.UpdatedAt))
		if err != nil {
			return err
		}
		if stored, err = l.lockRecharge(ctx, tx, r.OpenID, r.RequestID); err != nil {
			return err
		}
		if stored.BuyQuantity != r.BuyQuantity || stored.ZoneID != r.ZoneID {
			return ErrMismatch
		}
		if allowed != nil && stored.State != RechargeCredited {
			if stored.UpdatedAt = r.UpdatedAt; stored.State != RechargePending {
				stored.State = RechargeOffered
			}
			if err := l.storeRecharge(ctx, tx, stored); err != nil {
				return err
			}
			if err := l.mayPay(ctx, tx, r.OpenID, *allowed, fenOf(r.BuyQuantity, allowed.CoinsPerYuan)); err != nil {
				return err
			}
		}
		return l.pruneRecharges(ctx, tx, r)
	})
	return stored, unavailable(ctx, "store a recharge", err)
}

// ReportRecharge stores what the client said became of a recharge: RechargePending, RechargeCancelled or
// RechargeFailed. One that is credited already stays so. The recharge as it now stands is returned, or ErrNotFound.
func (l *Ledger) ReportRecharge(ctx context.Context, openid, requestID string, state RechargeState, now time.Time) (stored Recharge, err error) {
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if stored, err = l.lockRecharge(ctx, tx, openid, requestID); err != nil || stored.State == RechargeCredited {
			return err
		}
		stored.State, stored.UpdatedAt = state, now
		return l.storeRecharge(ctx, tx, stored)
	})
	return stored, unavailable(ctx, "store what became of a recharge", err)
}

// ConfirmRecharge credits a recharge of which Midas says by its number that the coins are in the balance: coins of
// them, or where coins is 0 as many as were asked for, until save_amt or a later word says otherwise. fresh is false if
// it had been credited before, by whatever evidence. The coins are not found again when save_amt shows them, and taken
// back from whatever they were taken for if it has shown them already. ErrNotFound: no recharge has that number.
func (l *Ledger) ConfirmRecharge(ctx context.Context, outTradeNo string, coins int64, now time.Time) (stored Recharge, fresh bool, err error) {
	found, err := l.RechargeOfTrade(ctx, outTradeNo)
	if err != nil {
		return Recharge{}, false, err
	}
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		known, err := l.lockAccount(ctx, tx, found.OpenID, found.ZoneID)
		seen := !errors.Is(err, ErrNotFound)
		if err != nil && seen {
			return err
		}
		if stored, err = l.lockRecharge(ctx, tx, found.OpenID, found.RequestID); err != nil {
			return err
		}
		fresh = stored.State != RechargeCredited
		known.credited = known.told()
		if !stored.confirm(&known, coins, seen, now) {
			return nil
		}
		if err := l.storeRecharge(ctx, tx, stored); err != nil || !seen { // what was never seen cannot grow
			return err
		}
		if _, err := l.tellCredit(ctx, tx, &known, found.OpenID, found.ZoneID, []Recharge{stored}, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_players SET ahead = ?, loose = ?, confirms = confirms + 1, credited = ?, month = ?,
			month_coins = ? WHERE openid = ? AND zone_id = ?`), known.ahead, known.loose, known.credited, known.month, known.monthCoins,
			found.OpenID, found.ZoneID)
		return err
	})
	return stored, fresh && err == nil, unavailable(ctx, "credit recharge "+outTradeNo, err)
}

// RechargeOfTrade reads a recharge by its number at Midas, or answers ErrNotFound.
func (l *Ledger) RechargeOfTrade(ctx context.Context, outTradeNo string) (r Recharge, err error) {
	if outTradeNo == "" { // which all of V1 have
		return Recharge{}, ErrNotFound
	}
	inner, cancel := patient(ctx)
	defer cancel()
	r, err = scanRecharge(l.reads.QueryRowContext(inner, l.dialect.sql(`SELECT `+rechargeColumns+` FROM midas_recharges WHERE out_trade_no = ? AND out_trade_no <> ''`), outTradeNo))
	return r, unavailable(ctx, "read recharge "+outTradeNo, err)
}

// WaitingRecharges lists up to limit of a player's recharges that have a number at Midas and have not been credited,
// those most likely to have been paid first, and of them the newest.
func (l *Ledger) WaitingRecharges(ctx context.Context, openid, zoneID string, limit int) ([]Recharge, error) {
	return l.LikelyRecharges(ctx, openid, zoneID, 0, limit)
}

// LikelyRecharges is WaitingRecharges with those of exactly that many coins before all others.
func (l *Ledger) LikelyRecharges(ctx context.Context, openid, zoneID string, coins int64, limit int) ([]Recharge, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	list, err := l.waiting(inner, l.reads, openid, zoneID, coins, `out_trade_no <> ''`, limit)
	return list, unavailable(ctx, "list a player's recharges", err)
}

// Recharge reads one recharge, or answers ErrNotFound.
func (l *Ledger) Recharge(ctx context.Context, openid, requestID string) (r Recharge, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	r, err = scanRecharge(l.reads.QueryRowContext(inner, l.dialect.sql(oneRecharge), openid, requestID))
	return r, unavailable(ctx, "read a recharge", err)
}

const oneRecharge = `SELECT ` + rechargeColumns + ` FROM midas_recharges WHERE openid = ? AND request_id = ?`

func (l *Ledger) lockRecharge(ctx context.Context, tx *sql.Tx, openid, requestID string) (Recharge, error) {
	return scanRecharge(tx.QueryRowContext(ctx, l.dialect.sql(oneRecharge+l.dialect.lock), openid, requestID))
}

func (l *Ledger) storeRecharge(ctx context.Context, tx *sql.Tx, r Recharge) error {
	_, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_recharges SET state = ?, coins = ?, updated_at = ?,
		evidence = ?, unseen = ?, was = ? WHERE openid = ? AND request_id = ?`),
		r.State, r.Coins, toMillis(r.UpdatedAt), r.evidence, r.unseen, r.was, r.OpenID, r.RequestID)
	return err
}

func scanRecharge(row interface{ Scan(...any) error }) (Recharge, error) {
	var r Recharge
	var created, updated int64
	err := row.Scan(&r.OpenID, &r.RequestID, &r.ZoneID, &r.OutTradeNo, &r.BuyQuantity, &r.State, &r.Coins, &created, &updated,
		&r.evidence, &r.unseen, &r.was)
	if errors.Is(err, sql.ErrNoRows) {
		return Recharge{}, ErrNotFound
	}
	r.CreatedAt, r.UpdatedAt = fromMillis(created), fromMillis(updated)
	return r, err
}

func scanRecharges(rows *sql.Rows, err error) ([]Recharge, error) {
	return scanAll(rows, err, func(row *sql.Rows) (Recharge, error) { return scanRecharge(row) })
}

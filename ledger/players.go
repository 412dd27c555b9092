package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
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

// likelihood orders the states by how likely new coins belong to a recharge in it.
var likelihood = map[RechargeState]int{RechargePending: 0, RechargeOffered: 1, RechargeFailed: 2, RechargeCancelled: 3}

// Recharge is one attempt of a player to buy coins.
type Recharge struct {
	OpenID, ZoneID string
	// RequestID is the client's own name for it, unique per OpenID for ever.
	RequestID string
	// BuyQuantity is how many coins were asked for, Coins how many were credited.
	BuyQuantity, Coins int64
	State              RechargeState
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// Growth is what [Ledger.Observe] found.
type Growth struct {
	// First: the player was seen for the first time, so there is nothing to compare with.
	First bool
	// Coins is how much was bought since the last look; 0 if nothing.
	Coins int64
	// Recharges are those that these coins settled, now credited.
	Recharges []Recharge
}

// Observe compares save_amt, all coins a player ever bought as Midas tells it, with what was seen before. What it grew
// by is credited to the player's recharges that wait for coins, in the same transaction that remembers the new figure,
// so that the same coins are never found twice. A figure below the known one is an old answer and changes nothing.
func (l *Ledger) Observe(ctx context.Context, openid, zoneID string, saveAmt int64, now time.Time) (Growth, error) {
	const doing = "compare what a player bought"
	// Most looks find nothing new, and those need no write.
	known, err := savedAmount(l.reads.QueryRowContext, ctx, openid, zoneID)
	if err == nil && saveAmt <= known {
		return Growth{}, nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Growth{}, unavailable(doing, err)
	}
	var g Growth
	err = l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		g = Growth{}
		known, err := savedAmount(tx.QueryRowContext, ctx, openid, zoneID)
		switch {
		case errors.Is(err, ErrNotFound):
			g.First = true
		case err != nil:
			return err
		case saveAmt <= known:
			return nil
		default:
			g.Coins = saveAmt - known
			if g.Recharges, err = credit(ctx, tx, openid, zoneID, g.Coins, now); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO midas_players (openid, zone_id, save_amt, updated_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (openid, zone_id) DO UPDATE SET save_amt = excluded.save_amt, updated_at = excluded.updated_at`,
			openid, zoneID, saveAmt, toMillis(now))
		return err
	})
	return g, unavailable(doing, err)
}

// Seen tells whether a player's save_amt is known, so that growth can be found.
func (l *Ledger) Seen(ctx context.Context, openid, zoneID string) (bool, error) {
	_, err := savedAmount(l.reads.QueryRowContext, ctx, openid, zoneID)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, unavailable("look a player up", err)
}

func savedAmount(query func(context.Context, string, ...any) *sql.Row, ctx context.Context, openid, zoneID string) (int64, error) {
	var known int64
	err := query(ctx, `SELECT save_amt FROM midas_players WHERE openid = ? AND zone_id = ?`, openid, zoneID).Scan(&known)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrNotFound
	}
	return known, err
}

// credit shares coins out among the recharges that wait for some: first one of exactly that size, then by likelihood
// and age whatever still fits. Coins that fit none (bought outside the game) settle nothing.
func credit(ctx context.Context, tx *sql.Tx, openid, zoneID string, coins int64, now time.Time) ([]Recharge, error) {
	waiting, err := scanRecharges(tx.QueryContext(ctx, `SELECT `+rechargeColumns+` FROM midas_recharges
		WHERE openid = ? AND zone_id = ? AND state <> ? ORDER BY created_at LIMIT 100`, openid, zoneID, RechargeCredited))
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(waiting, func(a, b Recharge) int {
		if exactA, exactB := a.BuyQuantity == coins, b.BuyQuantity == coins; exactA != exactB {
			if exactA {
				return -1
			}
			return 1
		}
		return likelihood[a.State] - likelihood[b.State]
	})
	var credited []Recharge
	for _, r := range waiting {
		if r.BuyQuantity > coins {
			continue
		}
		coins -= r.BuyQuantity
		r.State, r.Coins, r.UpdatedAt = RechargeCredited, r.BuyQuantity, now
		if err := storeRecharge(ctx, tx, r); err != nil {
			return nil, err
		}
		credited = append(credited, r)
	}
	return credited, nil
}

const rechargeColumns = `openid, request_id, zone_id, buy_quantity, state, coins, created_at, updated_at`

// OfferRecharge stores a recharge in state RechargeOffered before the client is told how to pay. If the player has one
// of that request id already it is returned as it stands; if that was for another quantity the error is ErrMismatch.
func (l *Ledger) OfferRecharge(ctx context.Context, r Recharge) (stored Recharge, err error) {
	r.State, r.Coins = RechargeOffered, 0
	err = l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO midas_recharges (`+rechargeColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (openid, request_id) DO NOTHING`, r.OpenID, r.RequestID, r.ZoneID, r.BuyQuantity, r.State, r.Coins,
			toMillis(r.CreatedAt), toMillis(r.UpdatedAt))
		if err != nil {
			return err
		}
		if stored, err = readRecharge(ctx, tx, r.OpenID, r.RequestID); err != nil {
			return err
		}
		if stored.BuyQuantity != r.BuyQuantity || stored.ZoneID != r.ZoneID {
			return ErrMismatch
		}
		return nil
	})
	return stored, unavailable("store a recharge", err)
}

// ReportRecharge stores what the client said became of a recharge: RechargePending, RechargeCancelled or
// RechargeFailed. One that is credited already stays so. The recharge as it now stands is returned, or ErrNotFound.
func (l *Ledger) ReportRecharge(ctx context.Context, openid, requestID string, state RechargeState, now time.Time) (stored Recharge, err error) {
	err = l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if stored, err = readRecharge(ctx, tx, openid, requestID); err != nil || stored.State == RechargeCredited {
			return err
		}
		stored.State, stored.UpdatedAt = state, now
		return storeRecharge(ctx, tx, stored)
	})
	return stored, unavailable("store what became of a recharge", err)
}

// Recharge reads one recharge, or answers ErrNotFound.
func (l *Ledger) Recharge(ctx context.Context, openid, requestID string) (r Recharge, err error) {
	r, err = scanRecharge(l.reads.QueryRowContext(ctx, `SELECT `+rechargeColumns+` FROM midas_recharges
		WHERE openid = ? AND request_id = ?`, openid, requestID))
	return r, unavailable("read a recharge", err)
}

func readRecharge(ctx context.Context, tx *sql.Tx, openid, requestID string) (Recharge, error) {
	return scanRecharge(tx.QueryRowContext(ctx, `SELECT `+rechargeColumns+` FROM midas_recharges
		WHERE openid = ? AND request_id = ?`, openid, requestID))
}

func storeRecharge(ctx context.Context, tx *sql.Tx, r Recharge) error {
	_, err := tx.ExecContext(ctx, `UPDATE midas_recharges SET state = ?, coins = ?, updated_at = ? WHERE openid = ? AND request_id = ?`,
		r.State, r.Coins, toMillis(r.UpdatedAt), r.OpenID, r.RequestID)
	return err
}

func scanRecharge(row interface{ Scan(...any) error }) (Recharge, error) {
	var r Recharge
	var created, updated int64
	err := row.Scan(&r.OpenID, &r.RequestID, &r.ZoneID, &r.BuyQuantity, &r.State, &r.Coins, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return Recharge{}, ErrNotFound
	}
	r.CreatedAt, r.UpdatedAt = fromMillis(created), fromMillis(updated)
	return r, err
}

func scanRecharges(rows *sql.Rows, err error) ([]Recharge, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Recharge
	for rows.Next() {
		r, err := scanRecharge(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// SaveSession keeps a player's sealed session key, so that open orders can be finished after a restart. The ledger
// never sees the key itself.
func (l *Ledger) SaveSession(ctx context.Context, openid string, sealed []byte, now time.Time) error {
	return unavailable("keep a session", l.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO midas_sessions (openid, sealed, updated_at) VALUES (?, ?, ?)
			ON CONFLICT (openid) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`, openid, sealed, toMillis(now))
		return err
	}))
}

// Session reads what SaveSession kept, or answers ErrNotFound.
func (l *Ledger) Session(ctx context.Context, openid string) (sealed []byte, err error) {
	err = l.reads.QueryRowContext(ctx, `SELECT sealed FROM midas_sessions WHERE openid = ?`, openid).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return sealed, unavailable("read a session", err)
}

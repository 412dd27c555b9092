package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// Recheck is a question to Midas that is still to be asked about an order that has ended: cancelpay found no such bill
// number, and a pay that was under way then may have landed since. It has a row of its own, so that an order stays
// ended for whoever does not know of rechecks (docs/decisions/0015).
type Recheck struct {
	// BillNo is the order, OpenID its player.
	BillNo, OpenID string
	// Asked counts the questions that were answered with "no such order", Tries those since that brought no answer.
	Asked, Tries int
	// DueAt is when to ask next.
	DueAt time.Time
	// Parked: the player has to log in first. DueAt is then the last time to ask.
	Parked bool
}

const recheckColumns = `bill_no, openid, asked, tries, due_at, parked`

// planRecheck plans the next recheck at an order, or makes the one there is due then.
func (l *Ledger) planRecheck(ctx context.Context, tx *sql.Tx, o Order) error {
	if _, err := l.writer.exec(ctx, tx, l.dialect.sql(`INSERT INTO midas_rechecks (`+recheckColumns+`) VALUES (?, ?, ?, ?, ?, ?)`+l.dialect.ignore("bill_no")),
		o.BillNo, o.OpenID, 0, 0, toMillis(o.RecheckAt), 0); err != nil {
		return err
	}
	_, err := l.writer.exec(ctx, tx, l.dialect.sql(`UPDATE midas_rechecks SET due_at = ?, parked = 0 WHERE bill_no = ?`), toMillis(o.RecheckAt), o.BillNo)
	return err
}

// unparkRechecks makes a player's parked rechecks due at now.
func (l *Ledger) unparkRechecks(ctx context.Context, tx *sql.Tx, openid string, now time.Time) (rechecks int64, err error) {
	res, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_rechecks SET due_at = ?, parked = 0 WHERE openid = ? AND parked = 1`), toMillis(now), openid)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// ClaimRechecks takes up to limit rechecks that are due at now, and makes them due again after lease. Two servers that
// look at the same order do no harm: cancelpay may be repeated.
func (l *Ledger) ClaimRechecks(ctx context.Context, now time.Time, lease time.Duration, limit int) (claimed []Recheck, err error) {
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		claimed = nil // of a try that was undone
		rows, err := tx.QueryContext(ctx, l.dialect.sql(`SELECT `+recheckColumns+` FROM midas_rechecks WHERE due_at <= ? ORDER BY due_at LIMIT ?`+l.dialect.skip),
			toMillis(now), limit)
		claimed, err = scanAll(rows, err, func(row *sql.Rows) (Recheck, error) { return scanRecheck(row) })
		if err != nil || len(claimed) == 0 {
			return err
		}
		args := []any{toMillis(now.Add(lease))}
		for i := range claimed {
			claimed[i].DueAt = fromMillis(toMillis(now.Add(lease)))
			args = append(args, claimed[i].BillNo)
		}
		_, err = tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_rechecks SET due_at = ? WHERE bill_no IN (?`+strings.Repeat(", ?", len(claimed)-1)+`)`), args...)
		return err
	})
	if err != nil {
		return nil, unavailable(ctx, "take the rechecks that are due", err)
	}
	return claimed, nil
}

// PutOffRecheck stores a recheck as it now stands. One that has ended meanwhile stays so.
func (l *Ledger) PutOffRecheck(ctx context.Context, k Recheck) error {
	err := l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_rechecks SET asked = ?, tries = ?, due_at = ?, parked = ? WHERE bill_no = ?`),
			k.Asked, k.Tries, toMillis(k.DueAt), toBit(k.Parked), k.BillNo)
		return err
	})
	return unavailable(ctx, "put off the recheck of "+k.BillNo, err)
}

// EndRecheck ends the rechecks at an order.
func (l *Ledger) EndRecheck(ctx context.Context, billNo string) error {
	err := l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, l.dialect.sql(`DELETE FROM midas_rechecks WHERE bill_no = ?`), billNo)
		return err
	})
	return unavailable(ctx, "end the rechecks at "+billNo, err)
}

// Recheck reads the recheck at an order, or answers ErrNotFound.
func (l *Ledger) Recheck(ctx context.Context, billNo string) (Recheck, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	k, err := scanRecheck(l.reads.QueryRowContext(inner, l.dialect.sql(`SELECT `+recheckColumns+` FROM midas_rechecks WHERE bill_no = ?`), billNo))
	return k, unavailable(ctx, "read the recheck of "+billNo, err)
}

// NextRecheck tells when the next recheck is due; the zero time if there is none.
func (l *Ledger) NextRecheck(ctx context.Context) (time.Time, error) {
	var ms int64
	inner, cancel := patient(ctx)
	defer cancel()
	err := l.queryRow(inner, `SELECT due_at FROM midas_rechecks ORDER BY due_at LIMIT 1`).Scan(&ms)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return fromMillis(ms), unavailable(ctx, "look for the next recheck that is due", err)
}

// CountRechecks counts the orders that are still looked at.
func (l *Ledger) CountRechecks(ctx context.Context) (n int64, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.reads.QueryRowContext(inner, `SELECT COUNT(*) FROM midas_rechecks`).Scan(&n)
	return n, unavailable(ctx, "count the rechecks", err)
}

func scanRecheck(row interface{ Scan(...any) error }) (k Recheck, err error) {
	var due int64
	err = row.Scan(&k.BillNo, &k.OpenID, &k.Asked, &k.Tries, &due, &k.Parked)
	if errors.Is(err, sql.ErrNoRows) {
		return Recheck{}, ErrNotFound
	}
	k.DueAt = fromMillis(due)
	return k, err
}

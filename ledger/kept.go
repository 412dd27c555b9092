package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Kept is a push of Midas's that was rightly signed and could not be acted on: of the other environment, of a number
// that stands for something else, of a price that nobody was asked. It waits for an operator.
type Kept struct {
	// ID is the SHA-256 of what it says, in hex: repeats of it are counted and not kept again.
	ID string
	// FirstAt and LastAt are when it came, Times is how often.
	FirstAt, LastAt time.Time
	Times           int64
	// Event, OpenID and OutTradeNo are the push's, Why is the reason in words, Body the push itself as JSON.
	Event, OpenID, OutTradeNo, Why, Body string
	// SeenAt is when an operator was done with it, Seen who and what for. Zero values: nobody yet.
	SeenAt time.Time
	Seen   string
}

// MaxKept bounds the pushes that wait for an operator. Beyond it they are refused, so that Midas sends them again.
const MaxKept = 10_000

// ErrKeptFull: MaxKept pushes wait for an operator, and another one is not kept.
var ErrKeptFull = errors.New("ledger: too many pushes wait for an operator")

const keptColumns = `id, first_at, last_at, times, event, openid, out_trade_no, why, body, seen_at, seen`

// KeepPush keeps a push for an operator; fresh is false if it had been kept before. ErrKeptFull: it has not been kept.
func (l *Ledger) KeepPush(ctx context.Context, k Kept) (fresh bool, err error) {
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_pushes SET last_at = ?, times = times + 1 WHERE id = ?`), toMillis(k.LastAt), k.ID)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n > 0 {
			fresh = false
			return err
		}
		var waiting int64
		err = tx.QueryRowContext(ctx, l.dialect.sql(`SELECT COUNT(*) FROM midas_pushes WHERE seen_at = 0`)).Scan(&waiting)
		switch {
		case err != nil:
			return err
		case waiting >= MaxKept:
			return ErrKeptFull
		}
		fresh = true
		_, err = tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_pushes (`+keptColumns+`) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, 0, '')`+
			l.dialect.ignore("id")), k.ID, toMillis(k.FirstAt), toMillis(k.LastAt), k.Event, k.OpenID, k.OutTradeNo,
			l.text(ctx, k.Why, noteMost), l.body(ctx, k.Body))
		return err
	})
	if errors.Is(err, ErrKeptFull) {
		return false, err
	}
	return fresh, unavailable(ctx, "keep a push", err)
}

// KeptPushes lists up to limit of the pushes that wait for an operator, the oldest first.
func (l *Ledger) KeptPushes(ctx context.Context, limit int) ([]Kept, error) {
	return l.kept(ctx, "list the kept pushes", `seen_at = 0 ORDER BY first_at, id LIMIT ?`, limit)
}

// KeptOf lists up to limit of the pushes about one payment that were kept, those that an operator is done with too.
func (l *Ledger) KeptOf(ctx context.Context, outTradeNo string, limit int) ([]Kept, error) {
	return l.kept(ctx, "list the kept pushes of "+outTradeNo, `out_trade_no = ? ORDER BY first_at, id LIMIT ?`, outTradeNo, limit)
}

func (l *Ledger) kept(ctx context.Context, doing, where string, args ...any) ([]Kept, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(`SELECT `+keptColumns+` FROM midas_pushes WHERE `+where), args...)
	list, err := scanAll(rows, err, func(row *sql.Rows) (k Kept, err error) {
		var first, last, seen int64
		err = row.Scan(&k.ID, &first, &last, &k.Times, &k.Event, &k.OpenID, &k.OutTradeNo, &k.Why, &k.Body, &seen, &k.Seen)
		k.FirstAt, k.LastAt, k.SeenAt = fromMillis(first), fromMillis(last), fromMillis(seen)
		return k, err
	})
	return list, unavailable(ctx, doing, err)
}

// CountKept counts the pushes that wait for an operator.
func (l *Ledger) CountKept(ctx context.Context) (n int64, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.desk.QueryRowContext(inner, `SELECT COUNT(*) FROM midas_pushes WHERE seen_at = 0`).Scan(&n)
	return n, unavailable(ctx, "count the kept pushes", err)
}

// SeePush notes that an operator is done with a kept push. Nothing is delivered or taken away because of it. Errors:
// ErrNotFound (no such push waits), ErrBadResolution.
func (l *Ledger) SeePush(ctx context.Context, id, who, why string, at time.Time) error {
	if err := (Resolution{As: Delivered, Why: why, Who: who}).check(); err != nil {
		return fmt.Errorf("push %s: %w", id, err)
	}
	return unavailable(ctx, "note that a push was seen", l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_pushes SET seen_at = ?, seen = ? WHERE id = ? AND seen_at = 0`),
			toMillis(at), who+": "+why, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return ErrNotFound
	}))
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// MaxSessions is how many session keys of a player are kept: of the login that was stored last, and of those before.
const MaxSessions = 3

// SaveSession keeps a player's sealed session key, so that open orders can be finished after a restart or by another
// server. The ones before stay behind it: which of two logins at once is the newer one neither clocks nor the order of
// the answers tell. The ledger never sees the keys themselves.
func (l *Ledger) SaveSession(ctx context.Context, openid string, sealed []byte, at time.Time) error {
	return l.ChangeSessions(ctx, openid, "", at, func(kept [][]byte, _ time.Time) [][]byte { return append([][]byte{sealed}, kept...) })
}

// ChangeSessions replaces the sealed session keys of a player, the first to be tried first, by what change makes of
// those there are and of when they were last changed. It may be called more than once. nil: they stay as they are. at
// is when they are new; the zero time: only their order changes. userIP is the player's address with them; empty: the
// one before stays.
func (l *Ledger) ChangeSessions(ctx context.Context, openid, userIP string, at time.Time, change func(kept [][]byte, changed time.Time) [][]byte) error {
	return unavailable(ctx, "keep a session", l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// The row is made if need be and then locked: two servers may log a player in at once. Empty, it holds no key.
		_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_sessions (openid, sealed, updated_at) VALUES (?, ?, 0)`+
			l.dialect.ignore("openid")), openid, []byte{})
		if err != nil {
			return err
		}
		kept, changed, err := scanSessions(tx.QueryRowContext(ctx, l.dialect.sql(oneSession+l.dialect.lock), openid))
		if err != nil {
			return err
		}
		next := change(kept, changed)
		if next == nil {
			return nil
		}
		if at.IsZero() {
			at = changed
		}
		keys := make([][]byte, MaxSessions) // nil is NULL
		copy(keys, next)
		if keys[0] == nil {
			keys[0] = []byte{}
		}
		_, err = tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_sessions SET sealed = ?, before1 = ?, before2 = ?, updated_at = ? WHERE openid = ?`),
			keys[0], keys[1], keys[2], toMillis(at), openid)
		if err == nil && userIP != "" {
			_, err = tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_sessions SET user_ip = ? WHERE openid = ? AND user_ip <> ?`), userIP, openid, userIP)
		}
		return err
	}))
}

// Session reads the sealed key that is to be tried first, or answers ErrNotFound.
func (l *Ledger) Session(ctx context.Context, openid string) (sealed []byte, err error) {
	kept, _, err := l.Sessions(ctx, openid)
	if err != nil {
		return nil, err
	}
	return kept[0], nil
}

// Sessions reads a player's sealed keys, the first to be tried first, and when they were last changed, or answers
// ErrNotFound.
func (l *Ledger) Sessions(ctx context.Context, openid string) (kept [][]byte, changed time.Time, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	kept, changed, err = scanSessions(l.reads.QueryRowContext(inner, l.dialect.sql(oneSession), openid))
	if err == nil && len(kept) == 0 {
		err = ErrNotFound
	}
	return kept, changed, unavailable(ctx, "read a session", err)
}

// Address reads the address that a player last logged in from; empty if none is known. A player without a session is
// ErrNotFound.
func (l *Ledger) Address(ctx context.Context, openid string) (userIP string, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.reads.QueryRowContext(inner, l.dialect.sql(`SELECT user_ip FROM midas_sessions WHERE openid = ?`), openid).Scan(&userIP)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return userIP, unavailable(ctx, "read a player's address", err)
}

const oneSession = `SELECT sealed, before1, before2, updated_at FROM midas_sessions WHERE openid = ?`

func scanSessions(row *sql.Row) (kept [][]byte, changed time.Time, err error) {
	keys := make([][]byte, MaxSessions)
	var at int64
	err = row.Scan(&keys[0], &keys[1], &keys[2], &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, time.Time{}, ErrNotFound
	}
	for _, k := range keys {
		if len(k) > 0 {
			kept = append(kept, k)
		}
	}
	return kept, fromMillis(at), err
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	// connections bounds what one game server opens to a database server, for writes and for reads.
	connections = 16
	// idleFor is below the time after which servers and proxies commonly drop idle connections.
	idleFor = 2 * time.Minute
	// tries is how often a transaction is begun anew that met another one the wrong way round.
	tries = 5
)

// openServer opens a database server.
func (l *Ledger) openServer(ctx context.Context, d dialect, dsn string, asIs bool) error {
	if dsn == "" {
		return errors.New("no DSN given")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // another server may be migrating
	defer cancel()
	writes, err := d.open(dsn)
	if err != nil {
		return err
	}
	if err := d.prepare(ctx, writes, asIs); err != nil {
		return errors.Join(err, writes.Close())
	}
	reads, err := d.open(dsn)
	if err != nil {
		return errors.Join(err, writes.Close())
	}
	for _, db := range []*sql.DB{writes, reads} {
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		db.SetConnMaxIdleTime(idleFor)
	}
	l.dialect, l.writer, l.reads = d, &pool{db: writes}, reads
	return nil
}

// pool writes on many connections; the server commits together what arrives together.
type pool struct {
	db *sql.DB
	counts

	mu     sync.RWMutex // held for reading by every write, so that close waits for them
	closed bool
}

func (p *pool) do(ctx context.Context, alone bool, f func(ctx context.Context, tx *sql.Tx) error) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Once begun, a write is seen through as far as the network lets it: the caller's end must not make it a "perhaps".
	inner := context.WithoutCancel(ctx)
	if alone { // the host's code is in it, and knows the caller's deadline
		inner = ctx
	} else {
		var cancel context.CancelFunc
		inner, cancel = patient(inner)
		defer cancel()
	}
	var err error
	for range tries {
		if err = p.once(inner, f); !undone(err) {
			return err
		}
	}
	return err
}

func (p *pool) once(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	// A row that is to be changed is locked, so no more than this is needed, and fewer transactions meet the wrong way round.
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	if err := f(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	p.committed(1)
	return nil
}

func (*pool) exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) (sql.Result, error) {
	return tx.ExecContext(ctx, statement, args...)
}

func (*pool) queryRow(ctx context.Context, tx *sql.Tx, statement string, args ...any) *sql.Row {
	return tx.QueryRowContext(ctx, statement, args...)
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	return p.db.Close()
}

// undone tells an error that only says: you met another transaction, begin anew. Drivers share no error type, so their
// SQLSTATE is looked for: serialization failure and deadlock.
func undone(err error) bool {
	if err == nil {
		return false
	}
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		return state.SQLState() == "40001" || state.SQLState() == "40P01"
	}
	text := err.Error() // of the mysql driver: "Error 1213 (40001): …"
	return strings.Contains(text, "(40001)") || strings.Contains(text, "Error 1020 ")
}

// errClosed is what a write to a closed ledger is told.
var errClosed = fmt.Errorf("%w: ledger is closed", ErrUnavailable)

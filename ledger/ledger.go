// Package ledger keeps the durable record of every order: what was asked, which bill number stands for it, what
// Midas answered, and what became of it. It decides nothing; it makes sure that what was decided is on disk
// before anyone acts on it, and that no order moves along an arrow the machine does not have.
//
// The driver is the host's to link, as with database/sql:
//
//	import _ "modernc.org/sqlite" // Config.Driver "sqlite"
//
// All writes go through one goroutine that commits those that arrive together as one transaction, so that many
// players share the price of one disk flush:
//
//	Create ─┐
//	Advance ├─> writes ──> writer: BEGIN … COMMIT ──> each caller hears of its own write
//	Observe ┘
//
// Reads have connections of their own and never wait for the writer.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Errors of this package, for errors.Is.
var (
	// ErrUnavailable wraps every failure of the database itself: full disk, locked or read-only file, server gone.
	// Nothing of the failed write is in the ledger. Trying again later is safe.
	ErrUnavailable = errors.New("ledger: database unavailable")
	// ErrNotFound: no such order, recharge or session.
	ErrNotFound = errors.New("ledger: not found")
	// ErrConflict: the order has changed since it was read. Read it again and decide anew.
	ErrConflict = errors.New("ledger: order changed in the meantime")
	// ErrMismatch: the request id belongs to another purchase or recharge of the same player.
	ErrMismatch = errors.New("ledger: request id already used for something else")
)

// Config says where the ledger is.
type Config struct {
	// Driver is "sqlite". Zero value: "sqlite".
	Driver string
	// DSN is the file's path. Directories on the way to it are made. In-memory databases are refused: a ledger
	// that dies with the process protects nobody. No default.
	DSN string
}

// Ledger is the record. Its methods are safe for concurrent use.
type Ledger struct {
	writer *writer
	reads  *sql.DB
}

// Open opens the ledger, making or upgrading its tables as needed.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	switch cfg.Driver {
	case "", "sqlite":
	default:
		return nil, fmt.Errorf("ledger: driver %q is not supported, use \"sqlite\"", cfg.Driver)
	}
	writes, reads, err := openSQLite(ctx, cfg.DSN)
	if err != nil {
		return nil, fmt.Errorf("open ledger %q: %w", cfg.DSN, err)
	}
	return &Ledger{writer: newWriter(writes), reads: reads}, nil
}

// Close waits for the writes under way and closes the database. Later calls answer ErrUnavailable.
func (l *Ledger) Close() error {
	return errors.Join(l.writer.close(), l.reads.Close())
}

// Books is what the ledger holds, summed up. All amounts are coins.
type Books struct {
	// Orders and Coins count the orders in each state and what they are worth.
	Orders map[State]int64
	Coins  map[State]int64
}

// Books sums up every order.
func (l *Ledger) Books(ctx context.Context) (Books, error) {
	b := Books{Orders: map[State]int64{}, Coins: map[State]int64{}}
	rows, err := l.reads.QueryContext(ctx, `SELECT state, COUNT(*), SUM(amount) FROM midas_orders GROUP BY state`)
	if err != nil {
		return b, unavailable("sum up the orders", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s State
		var n, coins int64
		if err := rows.Scan(&s, &n, &coins); err != nil {
			return b, unavailable("sum up the orders", err)
		}
		b.Orders[s], b.Coins[s] = n, coins
	}
	return b, unavailable("sum up the orders", rows.Err())
}

// unavailable wraps a database failure so that callers can tell it from an answer. It passes nil, the caller's own
// cancellation, and this package's other errors through.
func unavailable(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict), errors.Is(err, ErrMismatch), errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("ledger: %s: %w", doing, err)
	default:
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
	}
}

// toMillis and fromMillis are how times lie in the database; the zero time is 0.
func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

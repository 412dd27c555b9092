// Package ledger keeps the durable record of every order: what was asked, which bill number stands for it, what
// Midas answered, and what became of it. It decides nothing; it makes sure that what was decided is on disk
// before anyone acts on it, and that no order moves along an arrow the machine does not have.
//
// The driver is the host's to link, as with database/sql:
//
//	import _ "modernc.org/sqlite"                            // Config.Driver "sqlite"
//	import _ "github.com/jackc/pgx/v5/stdlib"                // Config.Driver "postgres"
//	import _ "github.com/leafmidas/leafmidas/ledger/mysql"   // Config.Driver "mysql", also for MariaDB: go-sql-driver/mysql
//
// SQLite has one writer at a time, so there all writes go through one goroutine that commits those that arrive together
// as one transaction, and many players share the price of one disk flush:
//
//	Create ─┐
//	Advance ├─> writes ──> writer: BEGIN … COMMIT ──> each caller hears of its own write
//	Observe ┘
//
// A database server does the same by itself; there every write is a transaction on a connection of its own. Reads have
// connections of their own and never wait for a writer.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of this package, for errors.Is.
var (
	// ErrUnavailable wraps every failure of the database itself: full disk, locked or read-only file, server gone.
	// Trying again later is safe: a write that took although its answer was lost is found by its bill number, version
	// or request id.
	ErrUnavailable = errors.New("ledger: database unavailable")
	// ErrNotFound: no such order, recharge or session.
	ErrNotFound = errors.New("ledger: not found")
	// ErrConflict: the order has changed since it was read. Read it again and decide anew.
	ErrConflict = errors.New("ledger: order changed in the meantime")
	// ErrMismatch: the request id belongs to another purchase or recharge of the same player.
	ErrMismatch = errors.New("ledger: request id already used for something else")
	// ErrNotDisputed: only a disputed order is an operator's to settle. It comes as a *NotDisputedError, which has the
	// order.
	ErrNotDisputed = errors.New("ledger: the order is not disputed")
	// ErrNoTables and ErrOldTables are what Config.AsIs does not open.
	ErrNoTables  = errors.New("the database has no tables of leafmidas: it is the wrong one, or no server has started on it yet")
	ErrOldTables = errors.New("the tables are an older version's: start a server of this version, or migrate them")
)

// Config says where the ledger is.
type Config struct {
	// Driver is "sqlite", "postgres" or "mysql" (MariaDB 10.6 or MySQL 8.0, and newer). Zero value: "sqlite".
	Driver string
	// DSN is the file's path for sqlite (CheckPath); directories on the way to it are made, and it, for this user alone.
	// In-memory databases are refused: a ledger that dies with the process protects nobody. For a server it is what the
	// driver takes, and never printed. No default.
	DSN string
	// Who names this server in the history of orders. Zero value: host name and process id.
	Who string
	// Identity is whose orders these are to be. A ledger that is another's is not opened (ErrOtherIdentity), and one that
	// is nobody's yet is this one's from now on, unless AsIs. Zero value: whosever they are; [Ledger.Belongs] may tell
	// later.
	Identity Identity
	// AsIs makes and upgrades no tables, so that whoever only looks at a ledger changes no other database by mistake.
	// Tables of a newer version are opened, as they always are.
	AsIs bool
	// MaxConns bounds the connections to a database server in all, for writes, for players' reads, and for those who look
	// on; 3 at least. What finds none free waits. Zero value: 32. SQLite needs none of these three.
	MaxConns int
	// ConnMaxIdleTime is how long a connection may lie idle, ConnMaxLifetime how long it is used at all. Zero values: 2m,
	// 30m.
	ConnMaxIdleTime, ConnMaxLifetime time.Duration
	// WatchEvery is how often it is seen that SQLite's file is still in its place. Zero value: 400ms. Tests in virtual
	// time, where days pass in a moment, set more.
	WatchEvery time.Duration
	// Log is told once when the database begins to fail, and once when it works again; and what the driver says by itself,
	// where package ledger/mysql links it. Zero value: nobody is.
	Log *slog.Logger
}

func (c Config) logger() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// Ledger is the record. Its methods are safe for concurrent use.
type Ledger struct {
	dialect    dialect
	statements statements
	who        string
	writer     writer
	reads      *reader // for players
	desk       *reader // for whoever looks on; it never takes a player's place
	health     *health
	recent     *recent
	asked      sync.Map // text → *sql.Stmt of reads, with SQLite: as many as the code has texts, and lengths of lists
	asIs       bool
	made       bool   // by this Open
	path       string // of SQLite's file, absolute
	ascii      bool   // the database takes no other characters
	// identity is what has been found to be the ledger's, or nil.
	identity atomic.Pointer[Identity]
	serving  serving
	// newCredit begins the order that tells of coins that were bought, see TellCredits. nil: nobody is told.
	newCredit func(openid, zoneID string) Order
	unwatch   context.CancelFunc // ends the look after SQLite's file, or nil
	watching  sync.WaitGroup
}

// attach takes the pools over. c is nil with SQLite.
func (l *Ledger) attach(d dialect, c *conns, w writer, reads, desk *sql.DB) {
	l.dialect, l.statements, l.writer = d, statementsOf(d), watched{w, l.health}
	l.reads, l.desk = &reader{reads, c, l.health}, &reader{desk, c, l.health}
}

// parsed is a read that is parsed once for each connection. It is nil with a database server, whose driver sees to
// that.
func (l *Ledger) parsed(ctx context.Context, text string) *sql.Stmt {
	if l.dialect.name != sqlite.name {
		return nil
	}
	if s, known := l.asked.Load(text); known {
		return s.(*sql.Stmt)
	}
	s, err := l.reads.PrepareContext(ctx, text)
	if err != nil {
		return nil
	}
	if first, known := l.asked.LoadOrStore(text, s); known {
		_ = s.Close()
		return first.(*sql.Stmt)
	}
	return s
}

func (l *Ledger) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if s := l.parsed(ctx, text); s != nil {
		began := time.Now()
		rows, err := s.QueryContext(ctx, args...)
		l.reads.note(ctx, began, err)
		return rows, err
	}
	return l.reads.QueryContext(ctx, text, args...)
}

func (l *Ledger) queryRow(ctx context.Context, text string, args ...any) *sql.Row {
	if s := l.parsed(ctx, text); s != nil {
		began := time.Now()
		row := s.QueryRowContext(ctx, args...)
		l.reads.note(ctx, began, row.Err())
		return row
	}
	return l.reads.QueryRowContext(ctx, text, args...)
}

// writer runs f in a transaction and returns when it is committed or has failed; alone: in one that is shared with no
// other write, because f may take its time or fail in its own ways.
type writer interface {
	do(ctx context.Context, alone bool, f func(ctx context.Context, tx *sql.Tx) error) error
	// shares reports whether together is worth a try.
	shares() bool
	// together stores a step of an order with those of other orders, or (false) leaves it to do.
	together(ctx context.Context, one *step) (taken bool, err error)
	close() error
	// exec and queryRow run a statement in a transaction that do has begun.
	exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) (sql.Result, error)
	queryRow(ctx context.Context, tx *sql.Tx, statement string, args ...any) *sql.Row
	// written is how many calls were committed, in how many transactions.
	written() (writes, commits int64)
}

// Open opens the ledger, making or upgrading its tables as needed, unless cfg.AsIs. On a database server, several may
// do so at once.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	l := &Ledger{who: cfg.Who, asIs: cfg.AsIs, health: newHealth(cfg.logger()), recent: newRecent()}
	if l.who == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "server"
		}
		l.who = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	if cfg.Driver == "" {
		cfg.Driver = sqlite.name
	}
	var err error
	switch cfg.Driver {
	case "sqlite":
		err = l.openSQLite(ctx, cfg.DSN, cfg.AsIs, cfg.WatchEvery)
	case "postgres":
		err = l.openServer(ctx, postgres, cfg)
	case "mysql":
		err = l.openServer(ctx, mysql, cfg)
	default:
		err = errors.New(`no such driver; use "sqlite", "postgres" or "mysql"`)
	}
	if err == nil && !cfg.AsIs {
		// A role that may not read the name, for it was given its rights before there was one, does without
		// (docs/operating.md).
		if err = l.nameItself(ctx); faultOf(err) == barred {
			err = nil
		} else if err != nil {
			err = errors.Join(err, l.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the %s ledger: %w", cfg.Driver, discreet{err})
	}
	if cfg.Identity != (Identity{}) {
		if err := l.Belongs(ctx, cfg.Identity); err != nil {
			return nil, errors.Join(fmt.Errorf("open the %s ledger: %w", cfg.Driver, err), l.Close())
		}
	}
	return l, nil
}

// discreet is a driver's error without the DSN: a driver that cannot read one quotes parts of it, and cannot tell then
// what is the password.
type discreet struct{ err error }

var quotedDSN = regexp.MustCompile("(?s)(cannot parse )`.*|(lookup )\\S*@")

func (d discreet) Error() string        { return quotedDSN.ReplaceAllString(d.err.Error(), "$1$2…") }
func (d discreet) Is(target error) bool { return errors.Is(d.err, target) }
func (d discreet) As(target any) bool   { return errors.As(d.err, target) }

// Close waits for the writes under way and closes the database. Later calls answer ErrUnavailable.
func (l *Ledger) Close() error {
	l.leave()
	if l.unwatch != nil {
		l.unwatch()
		l.watching.Wait()
	}
	return errors.Join(l.writer.close(), l.reads.Close(), l.desk.Close())
}

// Written tells how many writes have been committed since the ledger was opened, and in how many transactions: those that arrive together
// share one, and with it the price of a flush and of the way to a server.
func (l *Ledger) Written() (writes, commits int64) { return l.writer.written() }

// write runs a short write of our own.
func (l *Ledger) write(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	return l.writer.do(ctx, false, f)
}

// patient bounds a read: a database that does not answer must not hold a player's lane for ever.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}

// patience is how long one statement or transaction may take.
const patience = 5 * time.Second

// OneServer tells that only one server can work on the ledger at a time: it is SQLite's.
func (l *Ledger) OneServer() bool { return l.path != "" }

// unavailable wraps a database failure so that callers can tell it from an answer. It passes nil, the caller's own
// cancellation, and this package's other errors through.
func unavailable(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict), errors.Is(err, ErrMismatch), errors.Is(err, ErrUnavailable), errors.Is(err, ErrNotDisputed),
		errors.Is(err, ErrOtherIdentity), errors.Is(err, ErrServed), errors.Is(err, ErrNotMovable), errors.Is(err, ErrOverAllowance), errors.Is(err, ErrOverQuota):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("ledger: %s: %w", doing, ctx.Err())
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

// toBit is how a truth lies in the database.
func toBit(b bool) int {
	if b {
		return 1
	}
	return 0
}

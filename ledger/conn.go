package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// standardConns bounds what one game server opens to a database server in all. PostgreSQL takes 100 as it comes, MySQL
	// 151.
	standardConns = 32
	// fewestConns are one for writes, one for reads, one for the operator's reading.
	fewestConns = 3
	// standardIdle is below the time after which servers and proxies commonly drop idle connections.
	standardIdle = 2 * time.Minute
	// standardLife lets connections follow an address that has moved while nothing failed.
	standardLife = 30 * time.Minute
	// growAfter is how long fewer connections are made do with once the database has refused more.
	growAfter = time.Minute
	// knock is the pause before a database that has no connection left is asked again.
	knock = 50 * time.Millisecond
)

// conns are all connections of one ledger to a database server, in three pools: one writes, one reads for players, one
// for whoever looks on. They are of one age: once one of them shows that the server is not the one it was, all are
// thrown away, for those of a demoted primary would go on to answer reads.
type conns struct {
	driver.Connector // the driver's own

	dialect dialect
	health  *health
	log     *slog.Logger
	age     atomic.Int64
	open    atomic.Int64

	max        int
	idle, life time.Duration

	mu     sync.Mutex // guards what follows
	dbs    []*sql.DB  // writes, reads, desk; empty until all three are there
	limit  int        // at most max
	grow   time.Time  // when to try max again; zero: limit is max
	saidAt time.Time
}

func newConns(d dialect, cfg Config, h *health) (*conns, error) {
	lines := &driverLines{log: cfg.logger()}
	own, err := d.connector(cfg.DSN, lines.print)
	if err != nil {
		return nil, err
	}
	c := &conns{
		Connector: own, dialect: d, health: h, log: cfg.logger(),
		max: cfg.MaxConns, idle: cfg.ConnMaxIdleTime, life: cfg.ConnMaxLifetime,
	}
	if c.max == 0 {
		c.max = standardConns
	}
	c.max = max(c.max, fewestConns)
	if c.idle == 0 {
		c.idle = standardIdle
	}
	if c.life == 0 {
		c.life = standardLife
	}
	c.limit = c.max
	return c, nil
}

// pool makes a pool. It has no bound yet.
func (c *conns) pool() *sql.DB {
	db := sql.OpenDB(c)
	db.SetConnMaxIdleTime(c.idle)
	db.SetConnMaxLifetime(c.life)
	return db
}

// bound shares the connections out among the pools.
func (c *conns) bound(writes, reads, desk *sql.DB) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dbs = []*sql.DB{writes, reads, desk}
	c.share()
}

// share needs mu.
func (c *conns) share() {
	for i, n := range shares(c.limit) {
		c.dbs[i].SetMaxOpenConns(n)
		c.dbs[i].SetMaxIdleConns(n)
	}
}

// shares is how many connections of n write, read for players, and read for whoever looks on.
func shares(n int) [3]int {
	desk := 1
	if n >= 12 {
		desk = 2
	}
	reads := (n - desk) / 2
	return [3]int{n - desk - reads, reads, desk}
}

// crowded takes it that the database gives no more connections than there are now. Pools that have more than their
// share of these let go of them, so that none starves.
func (c *conns) crowded(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := int(c.open.Load())
	if len(c.dbs) == 0 || open >= c.max {
		return
	}
	if c.grow.IsZero() {
		c.limit = fewestConns
	}
	c.limit = max(c.limit, open)
	c.grow = time.Now().Add(growAfter)
	c.share()
	if time.Since(c.saidAt) > time.Hour {
		c.saidAt = time.Now()
		c.log.Warn("leafmidas: the database gives this server fewer connections than it may open; work waits for those there are",
			"open", open, "Ledger.MaxConns", c.max, "do", "lower Ledger.MaxConns, or raise the limit of the user or of the database", "error", told(err))
	}
}

// fits tries again to have as many connections as the config says.
func (c *conns) fits() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.grow.IsZero() && time.Now().After(c.grow) {
		c.limit, c.grow = c.max, time.Time{}
		c.share()
	}
}

// renew throws all connections away that were made at that age, those in use when they are given back.
func (c *conns) renew(age int64) { c.age.CompareAndSwap(age, age+1) }

// Connect opens a connection and makes its session what the ledger counts on. A database that has no connection left is
// asked again until one is free or nobody waits any longer.
func (c *conns) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := patient(ctx)
	defer cancel()
	for {
		c.fits()
		age := c.age.Load()
		own, err := c.begin(ctx)
		if err == nil {
			c.open.Add(1)
			return &session{Conn: own, conns: c, age: age}, nil
		}
		if faultOf(err) != crowded {
			return nil, &connectError{err}
		}
		c.crowded(err)
		select {
		case <-time.After(knock):
		case <-ctx.Done():
			return nil, &connectError{err}
		}
	}
}

func (c *conns) begin(ctx context.Context) (driver.Conn, error) {
	own, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, statement := range c.dialect.session {
		if err := execute(ctx, own, statement); err != nil {
			return nil, errors.Join(fmt.Errorf("set up the session: %w", err), own.Close())
		}
	}
	return own, nil
}

func execute(ctx context.Context, own driver.Conn, statement string) error {
	if e, ok := own.(driver.ExecerContext); ok {
		if _, err := e.ExecContext(ctx, statement, nil); err != driver.ErrSkip {
			return err
		}
	}
	s, err := own.Prepare(statement)
	if err != nil {
		return err
	}
	//lint:ignore SA1019 for drivers that know no context
	_, err = s.Exec(nil)
	return errors.Join(err, s.Close())
}

// connectError is why no connection could be had. Nothing has been sent.
type connectError struct{ err error }

func (e *connectError) Error() string { return e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// session is a driver's connection that knows its age. What the driver cannot do itself, database/sql does in its
// place.
type session struct {
	driver.Conn
	conns  *conns
	age    int64
	closed atomic.Bool
}

var _ interface {
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
} = (*session)(nil)

func (s *session) old() bool { return s.age != s.conns.age.Load() }

// ResetSession is called before a connection is used again.
func (s *session) ResetSession(ctx context.Context) error {
	if s.old() {
		return driver.ErrBadConn
	}
	if own, ok := s.Conn.(driver.SessionResetter); ok {
		return own.ResetSession(ctx)
	}
	return nil
}

// IsValid is called when a connection is given back.
func (s *session) IsValid() bool {
	own, ok := s.Conn.(driver.Validator)
	return !s.old() && (!ok || own.IsValid())
}

// Close ends the connection. That the server has ended it before, which some drivers tell, is no failure.
func (s *session) Close() error {
	if s.closed.CompareAndSwap(false, true) {
		s.conns.open.Add(-1)
	}
	_ = s.Conn.Close()
	return nil
}

func (s *session) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if own, ok := s.Conn.(driver.ConnBeginTx); ok {
		return own.BeginTx(ctx, options)
	}
	//lint:ignore SA1019 for drivers that know no options; the session's own isolation holds
	return s.Conn.Begin()
}

func (s *session) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if own, ok := s.Conn.(driver.ConnPrepareContext); ok {
		return own.PrepareContext(ctx, query)
	}
	return s.Conn.Prepare(query)
}

func (s *session) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if own, ok := s.Conn.(driver.ExecerContext); ok {
		return own.ExecContext(ctx, query, args)
	}
	return nil, driver.ErrSkip
}

func (s *session) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if own, ok := s.Conn.(driver.QueryerContext); ok {
		return own.QueryContext(ctx, query, args)
	}
	return nil, driver.ErrSkip
}

func (s *session) CheckNamedValue(v *driver.NamedValue) error {
	if own, ok := s.Conn.(driver.NamedValueChecker); ok {
		return own.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (s *session) Ping(ctx context.Context) error {
	if own, ok := s.Conn.(driver.Pinger); ok {
		return own.Ping(ctx)
	}
	return nil
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// tries is how often a transaction is begun anew that met another one the wrong way round, and a read whose connection
	// was broken.
	tries = 5
	// startTime bounds how long a database is waited for that does not answer at the start, startLine how long without a
	// word.
	startTime = 2 * time.Minute
	startLine = 3 * time.Second
	// migrateTime bounds how long tables are brought up to date: an index on very many orders takes its time.
	migrateTime = time.Hour
)

// waits are the pauses before a transaction is begun anew that met a server which cannot write, or whose connection
// broke: the address may lead to another one by now. They are few, so that a player hears soon that the shop is closed.
var waits = []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond}

// openServer opens a database server.
func (l *Ledger) openServer(ctx context.Context, d dialect, cfg Config) error {
	if cfg.DSN == "" {
		return errors.New("no DSN given")
	}
	c, err := newConns(d, cfg, l.health)
	if err != nil {
		return err
	}
	writes := c.pool()
	if err := c.reach(ctx, writes); err != nil {
		return errors.Join(err, writes.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, migrateTime)
	defer cancel()
	if err = d.sound(ctx, writes); err == nil {
		err = l.encoding(ctx, d, writes)
	}
	if err == nil {
		done := c.patience("brings the ledger's tables up to date, or waits for another server that does; nobody else is held up")
		l.made, err = d.prepare(ctx, writes, cfg.AsIs)
		done()
	}
	if err != nil {
		return errors.Join(err, writes.Close())
	}
	if d.name == mysql.name && !cfg.AsIs {
		c.keepHistory(ctx, writes)
	}
	reads, desk := c.pool(), c.pool()
	c.bound(writes, reads, desk)
	p := &pool{db: writes, conns: c}
	p.sharing = newSharing(p, d)
	l.attach(d, c, p, reads, desk)
	return nil
}

// keepHistory makes the trigger that lets nobody change the history of an order. It is in no migration, because with a
// binary log MySQL lets only administrators make one: a server that may not says so and goes on without, as all did
// before.
func (c *conns) keepHistory(ctx context.Context, db *sql.DB) {
	ctx, cancel := patient(ctx)
	defer cancel()
	err := func() error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		var there int
		err = conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.triggers
			WHERE trigger_schema = DATABASE() AND trigger_name = 'midas_history_is_kept'`).Scan(&there)
		if err != nil || there > 0 {
			return err
		}
		if _, err := conn.ExecContext(ctx, `SET SESSION lock_wait_timeout = 1`); err != nil { // whoever writes waits behind it
			return err
		}
		_, err = conn.ExecContext(ctx, `CREATE TRIGGER midas_history_is_kept BEFORE UPDATE ON midas_history FOR EACH ROW
			SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the history of an order is never changed'`)
		_, reset := conn.ExecContext(ctx, `SET SESSION lock_wait_timeout = DEFAULT`)
		if mysqlNumber(err) == 1359 { // another server has made it just now
			err = nil
		}
		return errors.Join(err, reset)
	}()
	if err != nil {
		c.log.Warn("leafmidas: the database keeps nobody from changing the history of orders, and this server goes on all the same",
			"do", "make the trigger as an administrator, or give the user the right TRIGGER (and the database log_bin_trust_function_creators=1)",
			"error", told(err))
	}
}

// reach waits for a database that does not answer yet, and says so. One that refuses is an error at once.
func (c *conns) reach(ctx context.Context, db *sql.DB) error {
	began := time.Now()
	for said := began; ; {
		err := c.knock(ctx, db)
		f := faultOf(err)
		if err == nil || f != silent && f != starting && f != crowded {
			return err
		}
		if ctx.Err() != nil || time.Since(began) > startTime {
			return fmt.Errorf("waited for the database for %s: %w", time.Since(began).Round(time.Second), err)
		}
		if time.Since(said) >= startLine {
			said = time.Now()
			c.log.Warn("leafmidas: the start waits for the ledger's database", "why", words[f][0], "do", words[f][1],
				"for", time.Since(began).Round(time.Second), "until", startTime, "error", told(err))
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// patience says every few seconds what the start is at, until done is called.
func (c *conns) patience(doing string) (done func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	began := time.Now()
	go func() {
		defer close(stopped)
		for every := time.NewTicker(startLine); ; {
			select {
			case <-every.C:
				c.log.Info("leafmidas: the start "+doing, "for", time.Since(began).Round(time.Second))
			case <-stop:
				every.Stop()
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

func (c *conns) knock(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, startLine)
	defer cancel()
	return db.PingContext(ctx)
}

// encoding refuses to make a ledger in a database of PostgreSQL's that does not take every character. Where one is, it
// goes on in ASCII.
func (l *Ledger) encoding(ctx context.Context, d dialect, db *sql.DB) error {
	if d.name != postgres.name {
		return nil
	}
	var name string
	if err := db.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&name); err != nil || name == "UTF8" {
		return err
	}
	l.ascii = true
	if _, fresh, err := d.missing(ctx, db, nil); err != nil || !fresh {
		return err
	}
	return fmt.Errorf("the database has the encoding %s and cannot store every text; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", name)
}

// pool writes on many connections. Steps of orders share transactions.
type pool struct {
	db      *sql.DB
	conns   *conns
	sharing *sharing
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
	for undoings, moves := 0, 0; ; {
		age := p.conns.age.Load()
		committing, err := p.once(inner, f)
		if err == nil || ownFailure(err) {
			return err
		}
		if undone(err) {
			if undoings++; undoings < tries {
				continue
			}
			return err
		}
		fault := faultOf(err)
		if isGrant(err) || !fault.ends() { // what the host's code met may be another database's
			return err
		}
		p.conns.renew(age)
		if !nothingDone(err, fault, committing) || moves == len(waits) {
			return err
		}
		select {
		case <-time.After(waits[moves]):
			moves++
		case <-inner.Done():
			return err
		}
	}
}

// nothingDone tells that a transaction which failed has left nothing behind, so that it may be begun anew at once. A
// server that only reads refuses commits, too. Where no connection could be had there is no use in asking again.
func nothingDone(err error, f fault, committing bool) bool {
	if _, unsent := errors.AsType[*connectError](err); unsent || f == silent {
		return false
	}
	return f == readOnly || !committing
}

// once tells whether it has failed with the commit, which may have taken all the same.
func (p *pool) once(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) (committing bool, err error) {
	// A row that is to be changed is locked, so no more than this is needed, and fewer transactions meet the wrong way
	// round.
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	if err := f(ctx, tx); err != nil {
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return true, err
	}
	p.committed(1)
	return false, nil
}

func (*pool) exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) (sql.Result, error) {
	return tx.ExecContext(ctx, statement, args...)
}

func (*pool) queryRow(ctx context.Context, tx *sql.Tx, statement string, args ...any) *sql.Row {
	return tx.QueryRowContext(ctx, statement, args...)
}

// share runs a transaction of several steps; f tells how many it has stored.
func (p *pool) share(f func(ctx context.Context, tx *sql.Tx) (stored int, err error)) error {
	var stored int
	err := p.do(context.Background(), false, func(ctx context.Context, tx *sql.Tx) (err error) {
		stored, err = f(ctx, tx)
		return err
	})
	if err == nil {
		p.writes.Add(int64(stored) - 1) // the transaction has been counted
	}
	return err
}

func (*pool) shares() bool { return true }

func (p *pool) together(ctx context.Context, one *step) (taken bool, err error) {
	return p.sharing.store(ctx, one)
}

func (p *pool) close() error {
	p.sharing.close()
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

// errTried undoes a write that was only tried.
var errTried = errors.New("ledger: only tried")

// TryWrite stores an order and its history as a server does, and undoes it. Its error is what a purchase would meet.
func (l *Ledger) TryWrite(ctx context.Context) error {
	err := l.writer.do(ctx, true, func(ctx context.Context, tx *sql.Tx) error {
		now := toMillis(time.Now())
		const probe = "try-of-a-write" // no bill number of ours looks like it, and nobody ever sees it
		o := Order{
			BillNo: probe + strconv.FormatInt(now, 10), Kind: Purchase, OpenID: probe, ZoneID: "1", RequestID: probe, ItemID: probe,
			Quantity: 1, Amount: 1, State: Created, Version: 1, DueAt: fromMillis(now), CreatedAt: fromMillis(now), UpdatedAt: fromMillis(now),
		}
		_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_orders (`+orderColumns+`) VALUES (`+orderPlaces+`)`), o.columns()...)
		if err != nil {
			return err
		}
		if err := l.addHistory(ctx, tx, l.who, o, ""); err != nil {
			return err
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return unavailable(ctx, "try to write", err)
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
)

const (
	// maxBatch bounds how many writes share one commit.
	maxBatch = 128
	// maxWrites bounds how many wait for the writer; beyond it callers wait to be let in.
	maxWrites = 1024
)

// batcher owns the one connection that writes.
type batcher struct {
	db     *sql.DB
	queue  chan *write
	done   chan struct{}
	lost   atomic.Pointer[lostFile] // why nothing may be written, or nil
	locked error                    // why the last transaction could not begin; the loop's own
	parsed map[string]*sql.Stmt     // as many as the code has texts, and lengths of lists: maxClaim in payment
	texts  []string                 // not parsed yet
	bound  map[string]*sql.Stmt     // those of parsed that this transaction has used; all three are the loop's own
	counts

	mu     sync.RWMutex // guards closed against a send on the closed channel
	closed bool
}

// write is one caller's part of a transaction. run must touch nothing but tx: it may be rolled back.
type write struct {
	// ctx is the caller's; it matters only to a write that is alone.
	ctx   context.Context
	alone bool
	run   func(ctx context.Context, tx *sql.Tx) error
	done  chan error
}

// counts is how much a writer has committed.
type counts struct{ writes, commits atomic.Int64 }

func (c *counts) committed(writes int) {
	c.writes.Add(int64(writes))
	c.commits.Add(1)
}

func (c *counts) written() (writes, commits int64) { return c.writes.Load(), c.commits.Load() }

func newBatcher(db *sql.DB) *batcher {
	w := &batcher{
		db:     db,
		queue:  make(chan *write, maxWrites),
		done:   make(chan struct{}),
		parsed: map[string]*sql.Stmt{},
		bound:  map[string]*sql.Stmt{},
	}
	go w.loop()
	return w
}

// do runs f in a transaction and returns when it is committed or has failed. The context bounds the wait to be let
// in; once in, the write is seen through, so that the answer is never "perhaps".
func (w *batcher) do(ctx context.Context, alone bool, f func(ctx context.Context, tx *sql.Tx) error) error {
	one := &write{ctx: ctx, alone: alone, run: f, done: make(chan error, 1)}
	if err := w.enter(ctx, one); err != nil {
		return err
	}
	return <-one.done
}

// shares and together leave every step to do, which shares commits anyhow: a statement costs SQLite what it does, and
// no way to a server.
func (*batcher) shares() bool                                            { return false }
func (*batcher) together(context.Context, *step) (taken bool, err error) { return false, nil }

func (w *batcher) enter(ctx context.Context, one *write) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	if lost := w.lost.Load(); lost != nil {
		return lost
	}
	if err := ctx.Err(); err != nil { // select would let every other one in
		return err
	}
	select {
	case w.queue <- one:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *batcher) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.done
	return w.db.Close()
}

func (w *batcher) loop() {
	defer close(w.done)
	for first := range w.queue {
		var batch []*write
		for next := first; next != nil; {
			if next.alone {
				w.locked = nil
				next.done <- w.runAlone(next.ctx, next)
				if w.locked != nil { // those before it need not wait for the same lock once more
					refuse(batch, w.locked)
					batch = nil
				}
			} else {
				batch = append(batch, next)
			}
			next = nil
			if len(batch) < maxBatch {
				select {
				case next = <-w.queue: // nil once closed
				default:
				}
			}
		}
		if len(batch) > 0 {
			w.commit(batch)
		}
	}
}

// exec and queryRow run a statement parsed, from the second time on: parsing takes longer than running.
func (w *batcher) exec(ctx context.Context, tx *sql.Tx, text string, args ...any) (sql.Result, error) {
	if s := w.statement(ctx, tx, text); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return tx.ExecContext(ctx, text, args...)
}

func (w *batcher) queryRow(ctx context.Context, tx *sql.Tx, text string, args ...any) *sql.Row {
	if s := w.statement(ctx, tx, text); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return tx.QueryRowContext(ctx, text, args...)
}

func (w *batcher) statement(ctx context.Context, tx *sql.Tx, text string) *sql.Stmt {
	if s := w.bound[text]; s != nil {
		return s
	}
	s, seen := w.parsed[text]
	if !seen {
		w.parsed[text] = nil
		w.texts = append(w.texts, text)
	}
	if s == nil {
		return nil
	}
	w.bound[text] = tx.StmtContext(ctx, s)
	return w.bound[text]
}

// parse prepares what was run for the first time. In a transaction it could not: that has the only connection. What
// cannot be prepared stays a text.
func (w *batcher) parse() {
	for _, text := range w.texts {
		if s, err := w.db.PrepareContext(context.Background(), text); err == nil {
			w.parsed[text] = s
		}
	}
	w.texts = nil
}

// runAlone runs a write in a transaction of its own.
func (w *batcher) runAlone(ctx context.Context, one *write) error {
	tx, err := w.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	if err := one.run(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	w.committed(1)
	return nil
}

// commit runs a batch as one transaction. A write that fails on its own is undone alone; a failure of the database
// undoes and fails all of them.
func (w *batcher) commit(batch []*write) {
	results, err := w.runAll(batch, false)
	if errors.Is(err, errOneFailed) {
		results, err = w.runAll(batch, true)
	}
	if err != nil {
		// A connection that was opened while the file was read-only stays so; the next write gets another.
		w.db.SetMaxIdleConns(0)
		w.db.SetMaxIdleConns(1)
	}
	for i, one := range batch {
		if err != nil {
			one.done <- err
		} else {
			one.done <- results[i]
		}
	}
	if err == nil { // else it would open a connection like the one that has failed
		w.parse()
	}
}

// errOneFailed: one of many writes has failed on its own, and the others cannot be kept without savepoints.
var errOneFailed = errors.New("ledger: one of the writes has failed")

// runAll runs a batch. Savepoints, which keep the others where one write fails on its own, cost every write a fifth
// more; few batches need them, and those are run again.
func (w *batcher) runAll(batch []*write, savepoints bool) ([]error, error) {
	ctx := context.Background() // busy_timeout bounds the wait for a lock; a commit is not to be half cancelled
	if len(batch) == 1 {        // nobody else's write is to be kept
		err := w.runAlone(ctx, batch[0])
		if err != nil && !ownFailure(err) {
			return nil, err
		}
		return []error{err}, nil
	}
	tx, err := w.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	results := make([]error, len(batch))
	for i, one := range batch {
		if savepoints {
			if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
				return nil, err
			}
		}
		results[i] = one.run(ctx, tx)
		switch {
		case results[i] != nil && !ownFailure(results[i]):
			return nil, results[i]
		case results[i] != nil && !savepoints:
			return nil, errOneFailed
		case results[i] != nil:
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
				return nil, err
			}
		}
		if savepoints {
			if _, err := tx.ExecContext(ctx, "RELEASE one"); err != nil {
				return nil, err
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return results, err
	}
	kept := 0
	for _, refused := range results {
		if refused == nil {
			kept++
		}
	}
	w.committed(kept)
	return results, nil
}

// begin begins a transaction. If somebody else has held the file for as long as anyone waits for it, it fails every
// write that has come meanwhile too: those behind must not wait as long again, one after another.
func (w *batcher) begin(ctx context.Context) (*sql.Tx, error) {
	clear(w.bound)
	tx, err := w.db.BeginTx(ctx, nil)
	if err == nil || ctx.Err() != nil {
		return tx, err
	}
	w.locked = err
	for {
		select {
		case one := <-w.queue:
			if one == nil { // closed
				return nil, err
			}
			refuse([]*write{one}, err)
		default:
			return nil, err
		}
	}
}

func refuse(batch []*write, err error) {
	for _, one := range batch {
		one.done <- err
	}
}

// ownFailure tells a write that was refused for what it asked from one the database could not take.
func ownFailure(err error) bool {
	for _, own := range []error{ErrConflict, ErrNotFound, ErrMismatch, ErrNotDisputed, ErrBadResolution, ErrOtherIdentity, ErrNotMovable, ErrOverAllowance, ErrOverQuota, errBadStep, errTried} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

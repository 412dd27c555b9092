package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

const (
	// maxBatch bounds how many writes share one commit.
	maxBatch = 128
	// maxWrites bounds how many wait for the writer; beyond it callers wait to be let in.
	maxWrites = 1024
)

// errClosed is what a write to a closed ledger is told.
var errClosed = fmt.Errorf("%w: ledger is closed", ErrUnavailable)

// writer owns the one connection that writes.
type writer struct {
	db     *sql.DB
	writes chan *write
	done   chan struct{}

	mu     sync.RWMutex // guards closed against a send on the closed channel
	closed bool
}

// write is one caller's part of a transaction. run must touch nothing but tx: it may be rolled back.
type write struct {
	run  func(ctx context.Context, tx *sql.Tx) error
	done chan error
}

func newWriter(db *sql.DB) *writer {
	w := &writer{db: db, writes: make(chan *write, maxWrites), done: make(chan struct{})}
	go w.loop()
	return w
}

// do runs f in a transaction and returns when it is committed or has failed. The context bounds the wait to be let
// in; once in, the write is seen through, so that the answer is never "perhaps".
func (w *writer) do(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	one := &write{run: f, done: make(chan error, 1)}
	if err := w.enter(ctx, one); err != nil {
		return err
	}
	return <-one.done
}

func (w *writer) enter(ctx context.Context, one *write) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.writes <- one:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.writes)
	w.mu.Unlock()
	<-w.done
	return w.db.Close()
}

func (w *writer) loop() {
	defer close(w.done)
	for first := range w.writes {
		batch := []*write{first}
		for more := true; more && len(batch) < maxBatch; {
			select {
			case next, ok := <-w.writes:
				if ok {
					batch = append(batch, next)
				}
				more = ok
			default:
				more = false
			}
		}
		w.commit(batch)
	}
}

// commit runs a batch as one transaction. A write that fails on its own is undone alone; a failure of the database
// undoes and fails all of them.
func (w *writer) commit(batch []*write) {
	results, err := w.runAll(batch)
	for i, one := range batch {
		if err != nil {
			one.done <- err
		} else {
			one.done <- results[i]
		}
	}
}

func (w *writer) runAll(batch []*write) ([]error, error) {
	ctx := context.Background() // busy_timeout bounds the wait for a lock; a commit is not to be half cancelled
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	results := make([]error, len(batch))
	for i, one := range batch {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return nil, err
		}
		results[i] = one.run(ctx, tx)
		if results[i] != nil && !ownFailure(results[i]) {
			return nil, results[i]
		}
		if results[i] != nil {
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
				return nil, err
			}
		}
		if _, err := tx.ExecContext(ctx, "RELEASE one"); err != nil {
			return nil, err
		}
	}
	return results, tx.Commit()
}

// ownFailure tells a write that was refused for what it asked from one the database could not take.
func ownFailure(err error) bool {
	return errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrMismatch) || errors.Is(err, errBadStep)
}

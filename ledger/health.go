package ledger

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Health is how the database does, as the ledger's own reads and writes meet it.
type Health struct {
	// Failing is false while it does what it is asked. Cause is a word for what is the matter else, the same for the same
	// trouble; Since is when it began.
	Failing bool
	Cause   string
	Since   time.Time
	// Faults counts, by cause, the reads and writes that have failed since the ledger was opened.
	Faults map[string]int64
}

// calm is how long nothing must have failed before trouble is over: what works and fails in turns is told of once.
const calm = time.Second

// health says once that a database fails, and once that it does no longer. Faults has no more entries than there are
// words.
type health struct {
	log *slog.Logger

	mu            sync.Mutex
	faults        map[fault]int64
	since, last   time.Time // of the trouble there is; zero: none
	cause         fault     // the last
	failed        int64     // in this trouble
	reads, writes bool      // still to be seen to work
}

func newHealth(log *slog.Logger) *health { return &health{log: log, faults: map[fault]int64{}} }

// Health tells how the database does. It reads memory only.
func (l *Ledger) Health() Health {
	h := l.health
	h.mu.Lock()
	defer h.mu.Unlock()
	now := Health{Failing: !h.since.IsZero(), Since: h.since, Faults: map[string]int64{}}
	if now.Failing {
		now.Cause = string(h.cause)
	}
	for f, n := range h.faults {
		now.Faults[string(f)] = n
	}
	return now
}

// works notes that a read or a write was done.
func (h *health) works(write bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() {
		return
	}
	if write {
		h.writes = false
	} else {
		h.reads = false
	}
	if h.reads || h.writes || time.Since(h.last) < calm {
		return
	}
	h.log.Info("leafmidas: the ledger's database works again", "after", time.Since(h.since).Round(time.Second), "failed", h.failed)
	h.since, h.failed = time.Time{}, 0
}

// fails notes that one was not, for no fault of the asker's.
func (h *health) fails(write bool, err error) {
	f := faultOf(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults[f]++
	h.failed++
	h.cause, h.last = f, time.Now()
	if write {
		h.writes = true
	} else {
		h.reads = true
	}
	if !h.since.IsZero() {
		return
	}
	h.since = h.last
	says := words[f]
	h.log.Error("leafmidas: the ledger's database fails: nothing is sold, and open orders wait, until it works again",
		"why", says[0], "do", says[1], "error", told(err))
}

// watched is a writer whose failures are noted.
type watched struct {
	writer
	health *health
}

func (w watched) do(ctx context.Context, alone bool, f func(ctx context.Context, tx *sql.Tx) error) error {
	err := w.writer.do(ctx, alone, f)
	if refusesText(err) && !isGrant(err) && ctx.Err() == nil { // what was said of an order must not keep its state from being stored
		err = w.writer.do(context.WithValue(ctx, inASCII{}, true), alone, f)
	}
	w.note(ctx, err)
	return err
}

func (w watched) together(ctx context.Context, one *step) (taken bool, err error) {
	if taken, err = w.writer.together(ctx, one); taken {
		w.note(ctx, err)
	}
	return taken, err
}

func (w watched) note(ctx context.Context, err error) {
	switch {
	case err == nil, errors.Is(err, errTried):
		w.health.works(true)
	case ctx.Err() != nil, ownFailure(err), errors.Is(err, errClosed), isGrant(err): // the database has no part in it, or nobody knows
	default:
		w.health.fails(true, err)
	}
}

func isGrant(err error) bool {
	_, is := errors.AsType[*GrantError](err)
	return is
}

// reader reads in one of the pools. conns is nil with SQLite.
type reader struct {
	*sql.DB
	conns  *conns
	health *health
}

// QueryContext asks again on another connection where the first was broken: a read has changed nothing.
func (r *reader) QueryContext(ctx context.Context, text string, args ...any) (rows *sql.Rows, err error) {
	r.ask(ctx, func() error {
		rows, err = r.DB.QueryContext(ctx, text, args...)
		return err
	})
	return rows, err
}

// QueryRowContext is the same for one row.
func (r *reader) QueryRowContext(ctx context.Context, text string, args ...any) (row *sql.Row) {
	r.ask(ctx, func() error {
		row = r.DB.QueryRowContext(ctx, text, args...)
		return row.Err()
	})
	return row
}

func (r *reader) ask(ctx context.Context, query func() error) {
	began := time.Now()
	for try := 1; ; try++ {
		age := r.conns.ageNow()
		err := query()
		f := faultOf(err)
		if r.conns != nil && f.ends() && ctx.Err() == nil {
			r.conns.renew(age)
			if _, unsent := errors.AsType[*connectError](err); !unsent && f != silent && try < tries {
				continue
			}
		}
		r.note(ctx, began, err)
		return
	}
}

// note tells health what became of a read. A caller that had less time than the ledger's patience proves nothing.
func (r *reader) note(ctx context.Context, began time.Time, err error) {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows):
		r.health.works(false)
	case errors.Is(ctx.Err(), context.Canceled), ctx.Err() != nil && time.Since(began) < patience-hurry:
	default:
		r.health.fails(false, err)
	}
}

// hurry is what a context of the ledger's own may have lost of its patience before a read begins.
const hurry = 500 * time.Millisecond

// ageNow is safe where there are none.
func (c *conns) ageNow() int64 {
	if c == nil {
		return 0
	}
	return c.age.Load()
}

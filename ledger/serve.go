package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/internal/filelock"
)

const (
	// handOver is how long a server that starts waits for the one before it to let go of a SQLite ledger: longer than a
	// stop takes.
	handOver = 15 * time.Second
	// beatEvery is how often a server says that it is there, beatLate after how long without a word it is thought to have
	// stopped, and beatDead after how long no claim of it can be left: a lease is shorter, whatever the config.
	beatEvery = 5 * time.Second
	beatLate  = 30 * time.Second
	beatDead  = 10 * time.Minute
)

// ErrServed: another server works on a ledger that only one can work on. It comes as a *ServedError.
var ErrServed = errors.New("ledger: another server works on this ledger")

// ServedError names the server that has the ledger.
type ServedError struct{ Path, By string }

func (e *ServedError) Error() string {
	return fmt.Sprintf("another server works on the ledger %s: %s. A SQLite ledger has one server: stop that one first, "+
		"or use PostgreSQL or MySQL for several", e.Path, e.By)
}

// Is makes errors.Is(err, ErrServed) hold.
func (e *ServedError) Is(target error) bool { return target == ErrServed }

// Server is one that works, or worked, on the ledger's orders.
type Server struct {
	// Who is its name in the history of orders, Since when it began, Seen when it last said that it is there.
	Who   string
	Since time.Time
	Seen  time.Time
	// Fleet: it shares with others, over Redis, what a ledger does not carry.
	Fleet bool
}

// serving is what a ledger holds while a server works on it.
type serving struct {
	mu    sync.Mutex
	began bool
	lock  *os.File // of SQLite
	id    string   // of the row in midas_servers
	stop  context.CancelFunc
	done  sync.WaitGroup // the beat
}

// Serve makes this process one of the servers that work on the ledger's orders, until Close. resume is called, before
// any other server can begin, if it is certain that no other lives, so that what is claimed is a dead one's: with
// SQLite always, for it has one server, and a second is refused with a *ServedError after it has waited handOver for
// the first; with a database server if the last one has left, or died on this machine. Otherwise claims end by
// themselves. others are servers that may be alive. fleet: they share more than the ledger. With SQLite and fleet
// (several tills in one process) nothing is held and nothing resumed. A second call does nothing.
func (l *Ledger) Serve(ctx context.Context, fleet bool, resume func(context.Context) error) (others []Server, err error) {
	s := &l.serving
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.path == "" {
		if s.began {
			return nil, nil
		}
		others, err = l.register(ctx, fleet, resume)
		s.began = err == nil
		return others, err
	}
	if fleet {
		return nil, nil
	}
	if s.lock == nil {
		if s.lock, err = l.hold(ctx); err != nil {
			return nil, err
		}
	}
	if s.began || resume == nil {
		return nil, nil
	}
	s.began = true
	return nil, resume(ctx)
}

// hold takes the lock of a SQLite ledger, which the system ends with the process.
func (l *Ledger) hold(ctx context.Context) (*os.File, error) {
	path := l.path
	if real, err := filepath.EvalSymlinks(path); err == nil { // two names of one file
		path = real
	}
	path += ".lock"
	ctx, cancel := context.WithTimeout(ctx, handOver)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	said := false
	for {
		file, err := filelock.Take(path)
		if err == nil {
			err = file.Truncate(0)
			_, written := file.WriteAt([]byte(fmt.Sprintf("%s, since %s", l.who, time.Now().UTC().Format(time.DateTime+" UTC"))), 0)
			if err = errors.Join(err, written); err != nil {
				return nil, errors.Join(fmt.Errorf("%w: %s: %w", ErrUnavailable, path, err), file.Close())
			}
			return file, nil
		}
		if !errors.Is(err, filelock.ErrTaken) {
			return nil, fmt.Errorf("%w: lock %s: %w", ErrUnavailable, path, err)
		}
		by, unread := os.ReadFile(path)
		if unread != nil || len(by) == 0 {
			by = []byte("another process")
		}
		if !said {
			l.health.log.Warn("midas: another server works on this ledger; waiting for it to stop", "ledger", l.path, "server", string(by), "at_most", handOver.String())
			said = true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, &ServedError{l.path, string(by)}
		}
	}
}

// register writes this server among those that work on the ledger, and finds out about the others. Only one server at a
// time does so.
func (l *Ledger) register(ctx context.Context, fleet bool, resume func(context.Context) error) (others []Server, err error) {
	s := &l.serving
	s.id = ulid.Make().String()
	isLiving.Store(s.id, true)
	err = l.dialect.alone(ctx, l.desk.DB, lockOfServers, func() error {
		before := 0
		if others, before, err = l.others(ctx); err != nil {
			return err
		}
		machine, pid := machineName(), os.Getpid()
		err := l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_servers (id, who, machine, pid, fleet, since, seen_at, left_at)
				VALUES (?, ?, ?, ?, ?, `+l.dialect.now+`, `+l.dialect.now+`, 0)`), s.id, l.who, machine, pid, toBit(fleet))
			return err
		})
		// Of a ledger that none of this version has worked on nobody knows whether one of the version before still does.
		if err == nil && resume != nil && !fleet && len(others) == 0 && before > 0 {
			err = resume(ctx)
		}
		return err
	})
	if err != nil {
		isLiving.Delete(s.id)
		return others, unavailable(ctx, "take part in the work on the ledger", err)
	}
	beats, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.done.Go(func() { l.beat(beats, fleet, others) })
	return others, nil
}

// others are the servers that may be alive, and how many there ever were. Those that are certainly not are taken out.
func (l *Ledger) others(ctx context.Context) (living []Server, all int, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	type row struct {
		Server
		id, machine string
		pid         int
		silent      time.Duration
		left        bool
	}
	rows, err := l.reads.QueryContext(inner, `SELECT id, who, machine, pid, fleet, since, seen_at, left_at, `+l.dialect.now+` FROM midas_servers`)
	found, err := scanAll(rows, err, func(r *sql.Rows) (row, error) {
		var o row
		var fleet, since, seen, left, now int64
		err := r.Scan(&o.id, &o.Who, &o.machine, &o.pid, &fleet, &since, &seen, &left, &now)
		o.Fleet, o.Since, o.Seen, o.left = fleet != 0, fromMillis(since), fromMillis(seen), left != 0
		o.silent = time.Duration(now-seen) * time.Millisecond
		return o, err
	})
	if err != nil {
		return nil, 0, err
	}
	for _, o := range found {
		if o.id == l.serving.id {
			continue
		}
		all++
		if o.left || o.silent > beatDead || isDead(o.id, o.machine, o.pid) {
			if o.silent > beatDead { // one row of a dead server is enough to know that there was one
				_ = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, l.dialect.sql(`DELETE FROM midas_servers WHERE id = ? AND id <> ?`), o.id, l.serving.id)
					return err
				})
			}
			continue
		}
		living = append(living, o.Server)
	}
	return living, all, nil
}

// beat says again and again that this server is there, and tells when it finds another that it does not share with.
func (l *Ledger) beat(ctx context.Context, fleet bool, known []Server) {
	told := map[string]bool{}
	tell := func(others []Server) {
		for _, o := range others {
			if (!fleet || !o.Fleet) && !told[o.Who] {
				told[o.Who] = true
				l.health.log.Warn("midas: another server works on this ledger, and the two share nothing else: no order is lost or done twice, but "+
					"tokens, sessions and pushes need the section Redis in the config of both", "server", o.Who, "since", o.Since.UTC().Format(time.DateTime))
			}
		}
	}
	tell(known)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_ = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error { // a database that does not answer is told of elsewhere
			_, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_servers SET seen_at = `+l.dialect.now+` WHERE id = ?`), l.serving.id)
			return err
		})
		if others, _, err := l.others(ctx); err == nil {
			tell(others)
		}
	}
}

// leave ends what Serve began. What this server had claimed is then anybody's.
func (l *Ledger) leave() {
	s := &l.serving
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock != nil {
		_ = s.lock.Close() // which ends the lock
		s.lock = nil
	}
	if s.stop == nil {
		return
	}
	s.stop()
	s.done.Wait()
	s.stop = nil
	_ = l.write(context.Background(), func(ctx context.Context, tx *sql.Tx) error { // unsaid, it is known by its silence
		_, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_servers SET left_at = `+l.dialect.now+` WHERE id = ?`), s.id)
		return err
	})
	isLiving.Delete(s.id)
}

// isLiving has the servers of this process.
var isLiving sync.Map

// isDead tells whether it is certain that a server has died: its process was on this machine, in the same space of
// process numbers, and is not there.
func isDead(id, machine string, pid int) bool {
	if machine == "" || machine != machineName() {
		return false
	}
	if pid == os.Getpid() { // a number that was used before, or another ledger of this process
		_, lives := isLiving.Load(id)
		return !lives
	}
	p, err := os.FindProcess(pid)
	return err == nil && errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// machineName tells machines, and containers on one machine, apart; "" where that cannot be told.
var machineName = sync.OnceValue(func() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, unread := os.Readlink("/proc/self/ns/pid")
	if err != nil || unread != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
})

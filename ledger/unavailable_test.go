//go:build linux

package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// soon is how long a caller may be kept waiting for a database that is not there: the five seconds the ledger is
// patient for, and some for a busy machine.
const soon = 7 * time.Second

// before is what is stored before the trouble begins: an order that can be moved, and one that can be delivered.
type before struct {
	paying, paid ledger.Order
	big          string // a note as long as the database takes it
}

func store(t *testing.T, l *ledger.Ledger, cfg ledger.Config) before {
	t.Helper()
	size := 1000
	if cfg.Driver == "sqlite" {
		size = 4 << 20 // more than it holds back until the commit, so that it fails in the middle of the statement
	}
	return before{
		paying: move(t, l, create(t, l, wish("old-1")), ledger.Paying),
		paid:   move(t, l, create(t, l, wish("old-2")), ledger.Paying, ledger.Paid),
		big:    strings.Repeat("x", size),
	}
}

// writes are one of each kind, all of which would change something.
func (b before) writes(ctx context.Context, l *ledger.Ledger) map[string]func() error {
	return map[string]func() error{
		"create": func() error {
			_, _, err := l.Create(ctx, wish("new"))
			return err
		},
		"create a big one": func() error {
			_, _, err := l.Create(ctx, wish("big", func(o *ledger.Order) { o.Note = b.big }))
			return err
		},
		"advance": func() error {
			after := b.paying
			after.State = ledger.Paid
			_, err := l.Advance(ctx, b.paying, after)
			return err
		},
		"claim": func() error {
			_, err := l.Claim(ctx, noon.Add(time.Hour), lease, time.Hour, 10)
			return err
		},
		"session": func() error { return l.SaveSession(ctx, "alice", []byte("sealed"), noon) },
		"recharge": func() error {
			_, err := l.OfferRecharge(ctx, ledger.Recharge{OpenID: "alice", ZoneID: "1", RequestID: "r1", BuyQuantity: 10, CreatedAt: noon, UpdatedAt: noon})
			return err
		},
	}
}

// deliver is the write that is in a transaction of its own.
func (b before) deliver(ctx context.Context, l *ledger.Ledger, grant func()) error {
	after := b.paid
	after.State, after.DueAt = ledger.Delivered, time.Time{}
	_, err := l.Deliver(ctx, b.paid, after, func(context.Context, *sql.Tx) error {
		grant()
		return nil
	})
	return err
}

// reads are some that find something, and some that find that there is nothing.
func (b before) reads(ctx context.Context, l *ledger.Ledger) map[string]func() error {
	return map[string]func() error{
		"order": func() error {
			_, err := l.Order(ctx, "old-1")
			return err
		},
		"no order": func() error {
			_, err := l.Order(ctx, "new")
			return err
		},
		"list": func() error {
			_, err := l.OpenOrders(ctx, 10)
			return err
		},
		"session": func() error {
			_, err := l.Session(ctx, "alice")
			return err
		},
	}
}

// refused runs all at once, as players do, and wants each to be told soon that the database is not there.
func refused(t *testing.T, all map[string]func() error) {
	t.Helper()
	var done sync.WaitGroup
	for name, f := range all {
		done.Go(func() {
			began := time.Now()
			err := f()
			if took := time.Since(began); !errors.Is(err, ledger.ErrUnavailable) || took > soon {
				t.Errorf("%s: %v after %s", name, err, took)
			}
		})
	}
	done.Wait()
}

// untouched wants to read what was stored before, and nothing else.
func (b before) untouched(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	for _, o := range []ledger.Order{b.paying, b.paid} {
		got, err := l.Order(t.Context(), o.BillNo)
		if err != nil || !same(got, o) {
			t.Errorf("%+v, %v\nwant %+v", got, err, o)
		}
		if history, err := l.History(t.Context(), o.BillNo); err != nil || int64(len(history)) != o.Version {
			t.Errorf("%s: %+v, %v", o.BillNo, history, err)
		}
	}
	if list, err := l.OpenOrders(t.Context(), 10); err != nil || len(list) != 2 {
		t.Errorf("%d orders, %v", len(list), err)
	}
	for _, bill := range []string{"new", "big"} {
		if history, err := l.History(t.Context(), bill); err != nil || len(history) != 0 {
			t.Errorf("%s: %+v, %v", bill, history, err)
		}
	}
	if _, err := l.Session(t.Context(), "alice"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("session: %v", err)
	}
	if _, err := l.Recharge(t.Context(), "alice", "r1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("recharge: %v", err)
	}
}

// works wants every write that was refused to be taken now, and to be there for who opens the ledger anew.
func (b before) works(t *testing.T, l *ledger.Ledger, cfg ledger.Config) {
	t.Helper()
	writes := b.writes(t.Context(), l)
	for _, name := range []string{"create", "create a big one", "advance", "session", "recharge"} { // a claim would change what the rest goes by
		if err := writes[name](); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.deliver(t.Context(), l, func() {}); err != nil {
		t.Errorf("deliver: %v", err)
	}
	again := ledgertest.Open(t, cfg)
	for bill, state := range map[string]ledger.State{
		"old-1": ledger.Paid, "old-2": ledger.Delivered, "new": ledger.Created, "big": ledger.Created,
	} {
		if o, err := again.Order(t.Context(), bill); err != nil || o.State != state {
			t.Errorf("%s is %s, %v", bill, o.State, err)
		}
	}
}

func TestAFullDiskRefusesWritesAndLosesNothing(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64m"); errors.Is(err, syscall.EPERM) {
		t.Log("only root may make a small disk; TestAFileThatCannotGrowRefusesWritesAndLosesNothing stands for this test")
		return
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	cfg := ledger.Config{Driver: "sqlite", DSN: filepath.Join(disk, "orders.db")}
	l := ledgertest.Open(t, cfg)
	b := store(t, l, cfg)

	b.untouched(t, l) // with that, readers are there, as in any game that runs
	filler, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	for range 2 { // what the first refusals leave behind must not be in the way of the next
		refused(t, b.writes(t.Context(), l))
		refused(t, map[string]func() error{"deliver": func() error { return b.deliver(t.Context(), l, func() {}) }})
		b.untouched(t, l)
	}
	if err := errors.Join(filler.Close(), os.Remove(filler.Name())); err != nil {
		t.Fatal(err)
	}
	b.untouched(t, l)
	b.works(t, l, cfg)
}

// The same without a disk of one's own: a limit of the process on the size of its files.
func TestAFileThatCannotGrowRefusesWritesAndLosesNothing(t *testing.T) {
	if !inItsOwnProcess(t) {
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // else the limit ends the process instead of failing the write
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	cfg := ledgertest.Fresh(t, "sqlite")
	l := ledgertest.Open(t, cfg)
	b := store(t, l, cfg)

	// Before the trouble, so that readers are there as in any game that runs: without them, SQLite may begin the log anew.
	b.untouched(t, l)
	log, err := os.Stat(cfg.DSN + "-wal") // all writes are appended to it
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range []int64{0, 100} { // nothing of a page fits, or a part
		low := syscall.Rlimit{Cur: uint64(log.Size() + more), Max: limit.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
			t.Fatal(err)
		}
		refused(t, b.writes(t.Context(), l))
		refused(t, map[string]func() error{"deliver": func() error { return b.deliver(t.Context(), l, func() {}) }})
		b.untouched(t, l)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	b.untouched(t, l)
	b.works(t, l, cfg)
}

func TestAReadOnlyFileRefusesWritesAndLosesNothing(t *testing.T) {
	if !inItsOwnProcess(t) {
		return
	}
	for name, folder := range map[string]os.FileMode{"the file": 0o700, "file and folder": 0o500} {
		t.Run(name, func(t *testing.T) {
			cfg, b := readOnly(t, folder)
			l, err := ledger.Open(t.Context(), cfg)
			if err != nil { // a host that hears of it at the start need not hear of it at every write
				if !strings.Contains(err.Error(), "readonly") && !strings.Contains(err.Error(), "read-only") {
					t.Errorf("that does not say what is wrong: %v", err)
				}
				return
			}
			defer l.Close()
			refused(t, b.writes(t.Context(), l))
			refused(t, map[string]func() error{"deliver": func() error { return b.deliver(t.Context(), l, func() {}) }})
			b.untouched(t, l)
		})
	}
}

func TestAFileThatIsNoLongerReadOnlyIsWrittenAgain(t *testing.T) {
	if !inItsOwnProcess(t) {
		return
	}
	for name, folder := range map[string]os.FileMode{"the file": 0o700, "file and folder": 0o500} {
		t.Run(name, func(t *testing.T) {
			cfg, b := readOnly(t, folder)
			l, err := ledger.Open(t.Context(), cfg)
			if err == nil {
				defer l.Close()
				refused(t, b.writes(t.Context(), l))
			}
			permit(t, cfg, 0o600, 0o700)
			if err != nil { // it could not be opened at all, and nothing of that may be left
				l = ledgertest.Open(t, cfg)
			}
			b.untouched(t, l)
			b.works(t, l, cfg)
		})
	}
}

// readOnly makes a ledger, with orders in it, that this process may only read.
func readOnly(t *testing.T, folder os.FileMode) (ledger.Config, before) {
	t.Helper()
	cfg := ledgertest.Fresh(t, "sqlite")
	l, err := ledger.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := store(t, l, cfg)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	permit(t, cfg, 0o400, folder)
	t.Cleanup(func() { permit(t, cfg, 0o600, 0o700) }) // else it cannot be removed
	return cfg, b
}

// permit sets what may be done with the folder and the files in it: SQLite gives those it makes the rights of the
// first.
func permit(t *testing.T, cfg ledger.Config, file, folder os.FileMode) {
	t.Helper()
	files, err := filepath.Glob(cfg.DSN + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(f, file); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Dir(cfg.DSN), folder); err != nil {
		t.Fatal(err)
	}
}

// inItsOwnProcess tells whether the test runs in a process of its own, and otherwise runs it in one: without root's
// powers, to whom no file is read-only, and where limits on the process harm no other test.
func inItsOwnProcess(t *testing.T) bool {
	t.Helper()
	const variable = "LEAFMIDAS_TEST_IN_ITS_OWN_PROCESS"
	if os.Getenv(variable) == t.Name() {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "leafmidas") // not t.TempDir, which only its owner may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), variable+"="+t.Name(), "TMPDIR="+folder)
	if os.Getuid() == 0 {
		const nobody = 65534
		cmd.Path = filepath.Join(folder, "test") // where nobody can reach it
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		if err := errors.Join(copyFile(cmd.Path, self), os.Chown(folder, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func copyFile(to, from string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

func TestALockedFileRefusesWritesAndLosesNothing(t *testing.T) {
	for _, mode := range []string{"IMMEDIATE", "EXCLUSIVE"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel() // it takes as long as SQLite waits for the lock
			cfg := ledgertest.Fresh(t, "sqlite")
			l := ledgertest.Open(t, cfg)
			b := store(t, l, cfg)
			unlock := lock(t, cfg, mode)
			refused(t, map[string]func() error{"create": b.writes(t.Context(), l)["create"]})
			b.untouched(t, l)
			// Who lets go in time is waited for.
			waited := make(chan error, 1)
			go func() { waited <- l.SaveSession(t.Context(), "bob", []byte("sealed"), noon) }()
			b.untouched(t, l)
			unlock()
			if err := <-waited; err != nil {
				t.Error(err)
			}
			b.works(t, l, cfg)
		})
	}
}

// One after another they would wait five seconds each, and players with them.
func TestWritesToALockedFileWaitTogether(t *testing.T) {
	t.Parallel()
	cfg := ledgertest.Fresh(t, "sqlite")
	l := ledgertest.Open(t, cfg)
	b := store(t, l, cfg)
	unlock := lock(t, cfg, "IMMEDIATE")
	all := b.writes(t.Context(), l)
	for _, name := range []string{"deliver", "deliver again"} {
		all[name] = func() error { return b.deliver(t.Context(), l, func() {}) }
	}
	refused(t, all)
	b.untouched(t, l)
	unlock()
	b.works(t, l, cfg)
}

// lock is another program that keeps the file to itself.
func lock(t *testing.T, cfg ledger.Config, mode string) (unlock func()) {
	t.Helper()
	other, err := sql.Open("sqlite", cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	other.SetMaxOpenConns(1) // what ends the transaction must be where it began
	if _, err := other.ExecContext(t.Context(), "BEGIN "+mode); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}

package ledger

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// lookAtFileEvery is how often, by default, it is seen that SQLite's file is still the one that is open.
const lookAtFileEvery = 400 * time.Millisecond

// fileWatch sees that what is written is in the file that the next start opens. A file that was removed or replaced
// under a running server is written on without an error by every system, and all of it is gone when the process ends.
type fileWatch struct {
	path  string
	log   *slog.Logger
	first fs.FileInfo
	size  int64     // of the last look; it never shrinks, for nothing is vacuumed
	at    time.Time // when it was written, at the last look
	lost  *atomic.Pointer[lostFile]
}

// lostFile is an ErrUnavailable that says what has happened.
type lostFile struct{ what string }

func (e *lostFile) Error() string {
	return fmt.Sprintf("%v: %s: nothing is written any more", ErrUnavailable, e.what)
}

// Is makes errors.Is(err, ErrUnavailable) hold.
func (e *lostFile) Is(target error) bool { return target == ErrUnavailable }

func newFileWatch(path string, log *slog.Logger, lost *atomic.Pointer[lostFile]) (*fileWatch, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &fileWatch{path: path, log: log, first: info, size: info.Size(), at: info.ModTime(), lost: lost}, nil
}

func (w *fileWatch) run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(cmp.Or(every, lookAtFileEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look()
		}
	}
}

func (w *fileWatch) look() {
	what := ""
	info, err := os.Stat(w.path)
	_, noLog := os.Stat(w.path + "-wal") // there as long as the ledger is open
	switch {
	case err != nil:
		what = fmt.Sprintf("the file is not there (%v)", cause(err))
	case !os.SameFile(info, w.first):
		what = "another file was put in its place"
	case info.Size() < w.size, info.ModTime().Before(w.at):
		what = "an older state was written over it"
	case noLog != nil:
		what = fmt.Sprintf("%s-wal is not there, which has what was written last", w.path)
	default:
		w.size, w.at = info.Size(), info.ModTime()
	}
	before := w.lost.Load()
	switch {
	case what == "" && before != nil:
		w.lost.Store(nil)
		w.log.Info("midas: the ledger's file is in its place again, and is written on", "ledger", w.path)
	case what != "" && before == nil:
		w.lost.Store(&lostFile{"ledger " + w.path + ": " + what})
		w.log.Error("midas: the ledger's file was removed or replaced under the running server: the shop is closed. Put the file of before back, "+
			"with its -wal, and it goes on; or stop the server, put the right files in place, compare with midasctl audit, and start it",
			"ledger", w.path, "what", what)
	}
}

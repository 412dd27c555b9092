package ledger_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

type fileLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *fileLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *fileLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// A file that goes away, or is replaced, under a running server closes the shop, and is told once. Put back, it goes
// on.
func TestALedgerWhoseFileIsGoneOrReplacedIsNotWrittenAnyMore(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { must(t, os.Remove(path)) },
		"another in its place": func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.Rename(path, path+".before"))
			must(t, os.WriteFile(path, text, 0o600))
		},
		"the log removed": func(t *testing.T, path string) { must(t, os.Remove(path+"-wal")) },
		"emptied":         func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) },
		"moved away, and back": func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".away"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log fileLog
			cfg := ledgertest.Fresh(t, "sqlite")
			cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
			l, err := ledger.Open(t.Context(), cfg)
			must(t, err)
			defer l.Close()
			must(t, l.SaveSession(t.Context(), "alice", []byte("sealed"), noon))
			harm(t, cfg.DSN)
			until := func(closed bool) {
				t.Helper()
				for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
					err := l.SaveSession(t.Context(), "alice", []byte("sealed"), noon)
					if refused := errors.Is(err, ledger.ErrUnavailable); refused == closed {
						return
					}
					if time.Now().After(end) {
						t.Fatalf("closed: %t, and a write says %v", !closed, err)
					}
				}
			}
			until(true)
			if name == "moved away, and back" {
				must(t, os.Rename(cfg.DSN+".away", cfg.DSN))
				until(false)
			}
			// An emptied file fails a write by itself, perhaps before it is looked at.
			eventually(t, func() error {
				if log.count("removed or replaced") == 0 {
					return errors.New("it is not told")
				}
				return nil
			})
			if n := log.count("removed or replaced"); n != 1 {
				t.Errorf("it is told %d times", n)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

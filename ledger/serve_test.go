package ledger_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// serve tells whether what was claimed may be resumed.
func serve(t *testing.T, l *ledger.Ledger) (resumed bool, others []ledger.Server, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	others, err = l.Serve(ctx, false, func(context.Context) error { resumed = true; return nil })
	return resumed, others, err
}

// TestServeAndWait is another process: it serves, says so, and stays until it is killed.
func TestServeAndWait(t *testing.T) {
	driver, dsn := os.Getenv("LEDGER_DRIVER"), os.Getenv("LEDGER_DSN")
	if driver == "" {
		return // nobody has started it as a process of its own
	}
	l := ledgertest.Open(t, ledger.Config{Driver: driver, DSN: dsn, Who: "the first"})
	if _, _, err := serve(t, l); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("LEDGER_SERVES"), []byte("yes"), 0o600); err != nil {
		t.Fatal(err)
	}
	select {}
}

// What a server that lives has claimed is its own, whoever starts beside it. Once it was killed, the next resumes at
// once.
func TestWhatALivingServerHoldsIsNotResumed(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		ledgertest.Open(t, cfg)
		said := t.TempDir() + "/serves"
		first := exec.Command(os.Args[0], "-test.run=^TestServeAndWait$")
		first.Env = append(os.Environ(), "LEDGER_DRIVER="+cfg.Driver, "LEDGER_DSN="+cfg.DSN, "LEDGER_SERVES="+said)
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		kill := func() {
			_ = first.Process.Kill()
			_ = first.Wait()
		}
		defer kill()
		for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(said); err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("the first one never served")
			}
		}
		second, err := ledger.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Driver == "sqlite" {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := second.Serve(ctx, false, nil)
			if !errors.Is(err, ledger.ErrServed) || !strings.Contains(err.Error(), "the first, since ") {
				t.Errorf("the second one: %v", err)
			}
		} else if resumed, others, err := serve(t, second); resumed || len(others) != 1 || others[0].Who != "the first" || err != nil {
			t.Errorf("the second one resumes %t, beside %v, %v", resumed, others, err)
		}
		if err := second.Close(); err != nil {
			t.Fatal(err)
		}
		kill()
		for range 2 { // after a death, and after a stop
			next, err := ledger.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if resumed, others, err := serve(t, next); !resumed || len(others) != 0 || err != nil {
				t.Errorf("the next one resumes %t, beside %v, %v", resumed, others, err)
			}
			if err := next.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A server that starts while the one before it still stops waits for it.
func TestTheNextServerWaitsForTheOneThatStops(t *testing.T) {
	cfg := ledgertest.Fresh(t, "sqlite")
	first, err := ledger.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := serve(t, first); err != nil {
		t.Fatal(err)
	}
	stopped := time.AfterFunc(300*time.Millisecond, func() { _ = first.Close() })
	defer stopped.Stop()
	if resumed, _, err := serve(t, ledgertest.Open(t, cfg)); !resumed || err != nil {
		t.Errorf("%t, %v", resumed, err)
	}
}

package filelock_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/internal/filelock"
)

func TestALockIsOnesUntilItIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := filelock.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := filelock.Take(path); !errors.Is(err, filelock.ErrTaken) {
		t.Errorf("the second got %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := filelock.Wait(ended, path); !errors.Is(err, filelock.ErrTaken) {
		t.Errorf("who waits in vain got %v", err)
	}
	later, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	got := make(chan error, 1)
	go func() {
		second, err := filelock.Wait(later, path)
		if err == nil {
			err = second.Close()
		}
		got <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Errorf("who waits got %v", err)
	}
}

// Package filelock keeps two processes from working on one file. The lock ends with the process that has it, however
// that ends.
package filelock

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrTaken: another process has the lock, or another part of this one.
var ErrTaken = errors.New("the file is locked")

// every is how often Wait tries.
const every = 100 * time.Millisecond

// Wait is Take for whoever has the time to wait for another process that is stopping. When ctx ends first it answers
// ErrTaken.
func Wait(ctx context.Context, path string) (*os.File, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		file, err := Take(path)
		if !errors.Is(err, ErrTaken) {
			return file, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

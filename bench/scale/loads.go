package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/crowd"
)

// startLoads starts a process for the players of each server, and connects them.
func (w *world) startLoads(ctx context.Context, each int) error {
	for range w.servers {
		l, err := crowd.Start(ctx, os.Stderr)
		if err != nil {
			return err
		}
		w.loads = append(w.loads, l)
	}
	if err := w.charge(each * len(w.servers)); err != nil {
		return err
	}
	_, err := w.tell(ctx, "Load.Join", func(n int) crowd.Some { return crowd.Some{WS: w.servers[n].ws, First: n * each, Count: each, Code: 1} })
	return err
}

// tell has every process do something, and sums up.
func (w *world) tell(ctx context.Context, what string, some func(n int) crowd.Some) (sum int, err error) {
	results := make([]int, len(w.loads))
	group, inner := errgroup.WithContext(ctx)
	for n, l := range w.loads {
		group.Go(func() error {
			if err := l.Call(inner, what, some(n), &results[n]); err != nil {
				return fmt.Errorf("server %d: %w", n, err)
			}
			return nil
		})
	}
	err = group.Wait()
	for _, n := range results {
		sum += n
	}
	return sum, err
}

// take gathers what happened in all processes since the last call.
func (w *world) take() (all crowd.Seen, err error) {
	all.Odd = map[string]int{}
	for _, l := range w.loads {
		var seen crowd.Seen
		if err := l.Call(context.Background(), "Load.Take", 0, &seen); err != nil {
			return all, err
		}
		all.Waits = append(all.Waits, seen.Waits...)
		all.Pushes += seen.Pushes
		for what, n := range seen.Odd {
			all.Odd[what] += n
		}
	}
	return all, nil
}

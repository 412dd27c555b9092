package payment

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func noop() {}

func TestALaneRunsItsJobsInOrderAndOneAtATime(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		keys := rapid.IntRange(1, 5).Draw(r, "keys")
		running := rapid.IntRange(1, 4).Draw(r, "running at once")
		jobs := rapid.SliceOfN(rapid.IntRange(0, keys-1), 0, 60).Draw(r, "jobs")
		l := newLanes(running, 1000, 1000, noop)
		var mu sync.Mutex
		ran, busy, most := map[int][]int{}, map[int]bool{}, 0
		for i, key := range jobs {
			if err := l.add(key, false, func(context.Context) {
				mu.Lock()
				if busy[key] {
					t.Errorf("two jobs of lane %d at once", key)
				}
				busy[key] = true
				ran[key] = append(ran[key], i)
				n := 0
				for _, b := range busy {
					if b {
						n++
					}
				}
				most = max(most, n)
				mu.Unlock()
				mu.Lock()
				busy[key] = false
				mu.Unlock()
			}); err != nil {
				r.Fatal(err)
			}
		}
		l.drain(t.Context())
		total := 0
		for key, list := range ran {
			total += len(list)
			if !slices.IsSorted(list) {
				r.Fatalf("lane %d ran %v", key, list)
			}
		}
		if total != len(jobs) || most > running {
			r.Fatalf("%d of %d jobs ran, %d at once of %d", total, len(jobs), most, running)
		}
		if len(l.byKey) != 0 || len(l.ready) != 0 {
			r.Fatal("lanes are left behind")
		}
	})
}

func TestBoundsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(1, 2, 3, noop)
		hold := make(chan struct{})
		add := func(key string, urgent bool) error {
			err := l.add(key, urgent, func(context.Context) { <-hold })
			synctest.Wait()
			return err
		}
		for i, c := range []struct {
			key    string
			urgent bool
			want   error
		}{
			{"a", false, nil},     // runs
			{"a", false, nil},     // waits
			{"a", false, nil},     // waits
			{"a", false, ErrBusy}, // two of a wait
			{"b", false, nil},     // waits for its turn
			{"c", false, ErrBusy}, // three wait in all
			{"a", true, nil},      // a login is let in
			{"c", true, nil},
		} {
			if err := add(c.key, c.urgent); !errors.Is(err, c.want) {
				t.Errorf("%d: %v", i, err)
			}
		}
		if l.room() != 0 {
			t.Errorf("room for %d", l.room())
		}
		close(hold)
		l.drain(t.Context())
		if l.room() != 1 {
			t.Errorf("room for %d afterwards", l.room())
		}
	})
}

// A lane with much to do does not keep the others waiting.
func TestLanesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(1, 100, 100, noop)
		hold := make(chan struct{})
		var ran []string
		_ = l.add("first", false, func(context.Context) { <-hold })
		for range 3 {
			for _, key := range []string{"a", "b"} {
				_ = l.add(key, false, func(context.Context) { ran = append(ran, key) })
			}
		}
		close(hold)
		l.drain(t.Context())
		if !slices.Equal(ran, []string{"a", "b", "a", "b", "a", "b"}) {
			t.Errorf("%v", ran)
		}
	})
}

func TestDrainCutsWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(2, 10, 10, noop)
		var ended []string
		_ = l.add("hangs", false, func(ctx context.Context) { <-ctx.Done() })
		_ = l.add("hangs", false, func(ctx context.Context) {
			if ctx.Err() != nil {
				ended = append(ended, "told")
			}
		})
		_ = l.add("slow", false, func(context.Context) { time.Sleep(time.Second); ended = append(ended, "slow") })
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		start := time.Now()
		l.drain(ctx)
		if took := time.Since(start); took != 8*time.Second || !slices.Equal(ended, []string{"slow", "told"}) {
			t.Errorf("took %s, ended %v", took, ended)
		}
	})
}

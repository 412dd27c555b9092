package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func noop() {}

func TestALaneRunsItsJobsInOrderAndOneAtATime(t *testing.T) {
	type job struct {
		key   int
		class class
	}
	rapid.Check(t, func(r *rapid.T) {
		keys := rapid.IntRange(1, 5).Draw(r, "keys")
		running := rapid.IntRange(1, 4).Draw(r, "running at once")
		jobs := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) job {
			return job{rapid.IntRange(0, keys-1).Draw(r, "key"), class(rapid.IntRange(0, int(classes)-1).Draw(r, "class"))}
		}), 0, 60).Draw(r, "jobs")
		l := newLanes(running, 1000, 1000, noop)
		var mu sync.Mutex
		ran, busy, most, taken := map[job][]int{}, map[int]bool{}, 0, 0
		for i, j := range jobs {
			run := func(context.Context) {
				mu.Lock()
				if busy[j.key] {
					t.Errorf("two jobs of lane %d at once", j.key)
				}
				busy[j.key] = true
				ran[j] = append(ran[j], i)
				n := 0
				for _, b := range busy {
					if b {
						n++
					}
				}
				most = max(most, n)
				mu.Unlock()
				mu.Lock()
				busy[j.key] = false
				mu.Unlock()
			}
			add := l.add
			if j.class == due {
				add = func(key any, _ bool, job func(context.Context)) error { return l.addDue(key, job) }
			}
			switch err := add(j.key, false, run); {
			case err == nil:
				taken++
			case j.class == fresh:
				r.Fatal(err)
			}
		}
		l.drain(t.Context())
		total := 0
		for j, list := range ran {
			total += len(list)
			if !slices.IsSorted(list) {
				r.Fatalf("lane %d ran %v", j.key, list)
			}
		}
		if total != taken || most > running {
			r.Fatalf("%d of %d jobs ran, %d at once of %d", total, taken, most, running)
		}
		if len(l.byKey) != 0 || len(l.ready[fresh])+len(l.ready[due]) != 0 || l.inHand() != 0 {
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
		for i, c := range []struct {
			key  string
			want error
			left int // room for due jobs in the lane
		}{
			{"a", nil, 3}, // whatever fresh jobs wait
			{"a", nil, 2},
			{"a", nil, 1},
			{"a", nil, 0},
			{"a", ErrBusy, 0},
			{"d", nil, 3},
			{"e", nil, 3},
			{"f", nil, 3},
			{"g", nil, 3},
			{"h", ErrBusy, 4}, // eight wait in all
		} {
			if err := l.addDue(c.key, func(context.Context) {}); !errors.Is(err, c.want) || l.dueOf(c.key) != c.left {
				t.Errorf("due %d: %v, room for %d more", i, err, l.dueOf(c.key))
			}
		}
		if l.dueRoom() != 0 {
			t.Errorf("room for %d", l.dueRoom())
		}
		close(hold)
		l.drain(t.Context())
		if l.dueRoom() != l.maxDue {
			t.Errorf("room for %d afterwards", l.dueRoom())
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

// However many jobs of one class come, and however long they take, the other has its share of the places.
func TestEachClassKeepsItsShare(t *testing.T) {
	for _, places := range []int{1, 2, 3, 4, 32} {
		for _, flood := range []class{fresh, due} {
			t.Run(fmt.Sprint(places, flood), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { fairlyShared(t, places, flood) })
			})
		}
	}
}

func fairlyShared(t *testing.T, places int, flood class) {
	l := newLanes(places, 10, 1000, noop)
	var running, ran [classes]int
	var mu sync.Mutex
	var key int
	add := func(c class, job func(context.Context)) error {
		key++
		if c == due {
			return l.addDue(key, job)
		}
		return l.add(key, false, job)
	}
	over := false
	// Each job of the flood takes long and is followed by another.
	var again func(c class, takes time.Duration) func(context.Context)
	again = func(c class, takes time.Duration) func(context.Context) {
		return func(context.Context) {
			mu.Lock()
			running[c]++
			mu.Unlock()
			time.Sleep(takes)
			mu.Lock()
			defer mu.Unlock()
			running[c]--
			ran[c]++
			if !over {
				_ = add(c, again(c, takes))
			}
		}
	}
	mu.Lock()
	for range l.maxDue {
		_ = add(flood, again(flood, time.Second))
	}
	mu.Unlock()
	time.Sleep(500 * time.Millisecond)
	mu.Lock()
	if kept := running[flood]; flood == due && kept != places-l.freshKept || flood == fresh && kept != places {
		t.Errorf("%d of %d places are taken while nobody else asks", kept, places)
	}
	for range l.maxDue {
		_ = add(flood.other(), again(flood.other(), 100*time.Millisecond))
	}
	mu.Unlock()
	time.Sleep(1650 * time.Millisecond) // no job ends at this instant
	mu.Lock()
	share := max(1, places/4)
	if places > 1 && running[flood.other()] < share {
		t.Errorf("%d of %d places are the other's", running[flood.other()], places)
	}
	if places > 1 && running[flood] < share {
		t.Errorf("%d of %d places are left to the flood", running[flood], places)
	}
	mu.Unlock()
	time.Sleep(8 * time.Second)
	mu.Lock()
	if ran[flood.other()] < 4 || ran[flood] < 4 {
		t.Errorf("%d of the flood ran, and %d others", ran[flood], ran[flood.other()])
	}
	over = true
	mu.Unlock()
	l.drain(t.Context())
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

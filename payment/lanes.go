package payment

import (
	"context"
	"sync"
)

// lanes run jobs: those of one key one at a time, those of different keys side by side, and no more than a fixed number
// in all. A lane is plain data while it waits; only a job that runs has a goroutine.
//
//	add ──────> lane "odkx…": [job job] [due]  ─┐
//	add ──────> lane "oK3f…": [job]            ─┼─> ready: fresh [lane lane …] ─┬─> at most maxRunning workers
//	addDue ───> lane "oM7c…": [due due]        ─┘          due   [lane …]       ─┘
//
// Jobs are of two classes: fresh ones, which somebody asks for now, and due ones, which go on with what was begun
// before. Each class has places that the other cannot take from it, whatever comes (see shares), and those of one lane
// take turns. Jobs of one class and lane run in the order they came.
//
// Adding takes a mutex that is never held across a job, so it may be done on a game's goroutine.
type lanes struct {
	maxRunning int // jobs at once
	maxPerLane int // fresh jobs waiting in one lane
	maxWaiting int // fresh jobs waiting in all
	maxDue     int // due jobs waiting in all; maxDuePerLane in one lane

	dueShare  int // places that a due job gets before a fresh one
	freshKept int // places that due jobs never take

	ctx    context.Context // given to every job; ends when waiting must end
	cancel context.CancelFunc
	onIdle func() // called after a job has ended, outside the mutex

	mu      sync.Mutex
	byKey   map[any]*lane    // those with a job that waits or runs: at most maxRunning + maxWaiting + maxDue, and urgent ones
	ready   [classes][]*lane // lanes with a job of that class to run next and none running, first come first served
	running [classes]int     // jobs
	waiting [classes]int     // jobs
	workers int              // goroutines
	last    class            // of the job that began last
	idle    sync.Cond        // on mu: running and waiting have reached 0
}

// class says what a job is for.
type class int

const (
	fresh class = iota
	due
	classes
)

func (c class) other() class { return 1 - c }

type lane struct {
	key  any
	jobs [classes][]func(ctx context.Context)
	next class // in whose ready list the lane is, or which its worker takes next
}

// maxDuePerLane bounds the due jobs that wait in one lane, so that a player with very many leaves room for others.
const maxDuePerLane = 4

// shares says how many of n places a due job gets before a fresh one, and how many due jobs never take: a quarter each.
// A single place is taken in turns.
func shares(n int) (dueShare, freshKept int) {
	if n == 1 {
		return 1, 0
	}
	return max(1, n/4), max(1, n/4)
}

func newLanes(maxRunning, maxPerLane, maxWaiting int, onIdle func()) *lanes {
	l := &lanes{
		maxRunning: maxRunning, maxPerLane: maxPerLane, maxWaiting: maxWaiting, maxDue: max(maxRunning, 2*maxDuePerLane),
		onIdle: onIdle, byKey: map[any]*lane{},
	}
	l.dueShare, l.freshKept = shares(maxRunning)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.idle.L = &l.mu
	return l
}

// add puts a fresh job at the end of its key's lane, or answers ErrBusy. It never blocks. An urgent job is let in
// beyond the bounds; whoever adds such jobs bounds them otherwise.
func (l *lanes) add(key any, urgent bool, job func(ctx context.Context)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byKey[key]
	if !urgent && (l.waiting[fresh] >= l.maxWaiting || ln != nil && len(ln.jobs[fresh]) >= l.maxPerLane) {
		return ErrBusy
	}
	l.put(key, ln, fresh, job)
	return nil
}

// addDue puts a due job at the end of its key's lane, or answers ErrBusy.
func (l *lanes) addDue(key any, job func(ctx context.Context)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byKey[key]
	if l.waiting[due] >= l.maxDue || ln != nil && len(ln.jobs[due]) >= maxDuePerLane {
		return ErrBusy
	}
	l.put(key, ln, due, job)
	return nil
}

// put adds a job to a lane; nil: there is none yet. The mutex is held.
func (l *lanes) put(key any, ln *lane, c class, job func(ctx context.Context)) {
	l.waiting[c]++
	if ln != nil { // its worker, or its place in ready, sees to the new job too
		ln.jobs[c] = append(ln.jobs[c], job)
		return
	}
	ln = &lane{key: key, next: c}
	ln.jobs[c] = append(ln.jobs[c], job)
	l.byKey[key] = ln
	l.ready[c] = append(l.ready[c], ln)
	if _, any := l.choose(); any && l.workers < l.maxRunning {
		l.workers++
		go l.work()
	}
}

// dueRoom tells how many more due jobs may wait.
func (l *lanes) dueRoom() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, l.maxDue-l.waiting[due])
}

// dueOf tells how many more due jobs may wait in a key's lane.
func (l *lanes) dueOf(key any) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ln := l.byKey[key]; ln != nil {
		return max(0, maxDuePerLane-len(ln.jobs[due]))
	}
	return maxDuePerLane
}

// choose says of which class the next job to begin is; any is false if none may. The mutex is held.
func (l *lanes) choose() (c class, any bool) {
	isFresh := len(l.ready[fresh]) > 0
	isDue := len(l.ready[due]) > 0 && l.running[due] < l.maxRunning-l.freshKept
	switch {
	case isFresh && isDue && l.maxRunning == 1:
		return l.last.other(), true
	case isDue && (!isFresh || l.running[due] < l.dueShare):
		return due, true
	default:
		return fresh, isFresh
	}
}

// work runs jobs, one of each ready lane in turn, until none may begin.
func (l *lanes) work() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c, any := l.choose(); any; c, any = l.choose() {
		ln := l.ready[c][0]
		l.ready[c][0] = nil
		l.ready[c] = l.ready[c][1:]
		job := ln.jobs[c][0]
		ln.jobs[c][0] = nil
		ln.jobs[c] = ln.jobs[c][1:]
		l.waiting[c]--
		l.running[c]++
		l.last = c

		l.mu.Unlock()
		job(l.ctx)
		l.onIdle()
		l.mu.Lock()

		l.running[c]--
		if ln.next = c.other(); len(ln.jobs[ln.next]) == 0 {
			ln.next = c
		}
		if len(ln.jobs[ln.next]) > 0 {
			l.ready[ln.next] = append(l.ready[ln.next], ln)
		} else {
			delete(l.byKey, ln.key)
		}
	}
	l.workers--
	if l.inHand() == 0 {
		l.idle.Broadcast()
	}
}

// inHand is how many jobs wait or run. The mutex is held.
func (l *lanes) inHand() int {
	return l.running[fresh] + l.running[due] + l.waiting[fresh] + l.waiting[due] + l.workers
}

// drain waits until every job has ended. When ctx ends first, the jobs' own context is cancelled, which they are to
// heed at once.
func (l *lanes) drain(ctx context.Context) {
	stop := context.AfterFunc(ctx, l.cancel)
	defer stop()
	l.mu.Lock()
	for l.inHand() > 0 {
		l.idle.Wait()
	}
	l.mu.Unlock()
	l.cancel()
}

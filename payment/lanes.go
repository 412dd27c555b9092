package payment

import (
	"context"
	"sync"
)

// lanes run jobs: those of one key one after another in the order they came, those of different keys side by side,
// and no more than a fixed number in all. A lane is plain data while it waits; only a job that runs has a goroutine.
//
//	add ──> lane "odkx…": [job job]  ─┐
//	add ──> lane "oK3f…": [job]      ─┼─> ready: [lane lane …] ──> at most maxRunning workers
//	add ──> lane agent:   [job]      ─┘
//
// Adding takes a mutex that is never held across a job, so it may be done on a game's goroutine.
type lanes struct {
	maxRunning int // jobs at once
	maxPerLane int // jobs waiting in one lane
	maxWaiting int // jobs waiting in all

	ctx    context.Context // given to every job; ends when waiting must end
	cancel context.CancelFunc
	onIdle func() // called after a job has ended, outside the mutex

	mu      sync.Mutex
	byKey   map[any]*lane
	ready   []*lane // lanes with a job to run and none running, first come first served
	running int
	waiting int
	idle    sync.Cond // on mu: running and waiting have reached 0
}

type lane struct {
	key  any
	jobs []func(ctx context.Context)
}

func newLanes(maxRunning, maxPerLane, maxWaiting int, onIdle func()) *lanes {
	l := &lanes{
		maxRunning: maxRunning, maxPerLane: maxPerLane, maxWaiting: maxWaiting,
		onIdle: onIdle, byKey: map[any]*lane{},
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.idle.L = &l.mu
	return l
}

// add puts a job at the end of its key's lane, or answers ErrBusy. It never blocks. An urgent job is let in beyond the
// bounds; whoever adds such jobs bounds them otherwise.
func (l *lanes) add(key any, urgent bool, job func(ctx context.Context)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln, known := l.byKey[key]
	if !urgent && (l.waiting >= l.maxWaiting || known && len(ln.jobs) >= l.maxPerLane) {
		return ErrBusy
	}
	l.waiting++
	if known { // its worker, or its place in ready, sees to the new job too
		ln.jobs = append(ln.jobs, job)
		return nil
	}
	ln = &lane{key: key, jobs: []func(context.Context){job}}
	l.byKey[key] = ln
	l.ready = append(l.ready, ln)
	if l.running < l.maxRunning {
		l.running++
		go l.work()
	}
	return nil
}

// room tells how many more jobs could start at once.
func (l *lanes) room() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, l.maxRunning-l.running-len(l.ready))
}

// work runs jobs, one of each ready lane in turn, until none is ready.
func (l *lanes) work() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.ready) > 0 {
		ln := l.ready[0]
		l.ready[0] = nil
		l.ready = l.ready[1:]
		job := ln.jobs[0]
		ln.jobs[0] = nil
		ln.jobs = ln.jobs[1:]
		l.waiting--

		l.mu.Unlock()
		job(l.ctx)
		l.onIdle()
		l.mu.Lock()

		if len(ln.jobs) > 0 {
			l.ready = append(l.ready, ln)
		} else {
			delete(l.byKey, ln.key)
		}
	}
	l.running--
	if l.running == 0 && l.waiting == 0 {
		l.idle.Broadcast()
	}
}

// drain waits until every job has ended. When ctx ends first, the jobs' own context is cancelled, which they are to
// heed at once.
func (l *lanes) drain(ctx context.Context) {
	stop := context.AfterFunc(ctx, l.cancel)
	defer stop()
	l.mu.Lock()
	for l.running > 0 || l.waiting > 0 {
		l.idle.Wait()
	}
	l.mu.Unlock()
	l.cancel()
}

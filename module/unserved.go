package module

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/name5566/leaf/chanrpc"

	"github.com/leafmidas/leafmidas/payment"
)

const (
	// lookEvery is how often it is looked whether messages wait for a module that does not run yet.
	lookEvery = 100 * time.Millisecond
	// messagePatience is how long a message may wait for OnInit. Leaf lets no gate run before every OnInit has returned.
	messagePatience = 500 * time.Millisecond
	// hostPatience is how long a call of the host's may: other modules' OnInit may take a while.
	hostPatience = 5 * time.Second
	// initPatience is how long either may wait for Run, once OnInit has been called.
	initPatience = 30 * time.Second
	// unservedRest is what a client is told to wait of which a message has come to a module that does not run.
	unservedRest = 5 * time.Second
)

// ErrNotRunning: Plugin.Module() was not given to leaf.Run, or Leaf has not started it yet. Nothing was done.
var ErrNotRunning error = notRunning{}

type notRunning struct{}

func (notRunning) Error() string {
	return "leafmidas: not running, nothing was done: give Plugin.Module() to leaf.Run, as its last argument"
}
func (notRunning) Is(target error) bool      { return target == payment.ErrUnavailable }
func (notRunning) RetryAfter() time.Duration { return unservedRest }

// unserved answers for a module that Leaf does not run, because the host forgot to give it to leaf.Run. The processors
// hand messages to the module's queue all the same; without anybody to take them there, the queue fills, each
// connection's goroutine stands still in Leaf's Route, and Leaf's gate waits for them for ever when it is to stop. So
// messages that wait too long are taken here, by a goroutine of its own, until Run begins: clients hear UNAVAILABLE,
// and the log says, once, what is missing.
//
// It holds nothing that grows. Until Run begins, a timer looks at the queue; the goroutine ends with Run, with
// OnDestroy, or, as Leaf calls neither for a module that it does not know, with the process.
type unserved struct {
	queue *chanrpc.Server
	log   *slog.Logger
	check func() error  // what else is missing
	asked chan struct{} // holds one: the host has called what needs the module

	begun   atomic.Bool // OnInit has been called
	serving atomic.Bool // the goroutine takes the messages

	mu    sync.Mutex
	timer *time.Timer // nil: nothing to look for yet
	since time.Time   // when something was first seen to wait, or OnInit to have been called meanwhile
	ended bool
	quit  chan struct{}
	done  sync.WaitGroup
}

func newUnserved(queue *chanrpc.Server, log *slog.Logger, check func() error) *unserved {
	return &unserved{queue: queue, log: log, check: check, asked: make(chan struct{}, 1), quit: make(chan struct{})}
}

// watch begins to look whether messages wait. It may be called again.
func (u *unserved) watch() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.timer == nil && !u.ended {
		u.timer = time.AfterFunc(lookEvery, u.look)
	}
}

// ask notes that the host needs the module. It never blocks.
func (u *unserved) ask() {
	select {
	case u.asked <- struct{}{}:
		u.watch()
	default:
	}
}

// begin notes that OnInit has been called, so that Run may be expected.
func (u *unserved) begin() {
	u.begun.Store(true)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.since = time.Time{}
}

// look starts the goroutine if something has waited for too long.
func (u *unserved) look() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return
	}
	messages, asked := len(u.queue.ChanCall) > 0, len(u.asked) > 0
	patience := messagePatience
	switch {
	case u.begun.Load():
		patience = initPatience
	case !messages:
		patience = hostPatience
	}
	switch {
	case !messages && !asked:
		u.since = time.Time{}
	case u.since.IsZero():
		u.since = time.Now()
	case time.Since(u.since) >= patience:
		u.serving.Store(true)
		u.done.Go(u.serve)
		return
	}
	u.timer.Reset(lookEvery)
}

// serve takes messages as the module's goroutine would; admit refuses each.
func (u *unserved) serve() {
	told := sync.OnceFunc(u.tell)
	for {
		select {
		case <-u.quit:
			return
		case call := <-u.queue.ChanCall:
			told()
			u.queue.Exec(call)
		case <-u.asked:
			told()
		}
	}
}

// tell comes after something was received of those who use the module, so that what the host has set up before is seen.
func (u *unserved) tell() {
	defer func() { _ = recover() }() // Leaf's logger panics once leaf.Run has returned
	what := "Plugin.Module() does not run: give it to leaf.Run, as the last argument: " +
		"leaf.Run(game.Module, gate.Module, pay.Plugin.Module())"
	if u.begun.Load() {
		what = "Plugin.Module().Run was never called, although OnInit was"
	}
	var attrs []any
	if err := u.check(); err != nil {
		attrs = []any{"also", err}
	}
	u.log.Error(fmt.Sprintf("midas: %s. Until it runs nothing is sold, and players are answered UNAVAILABLE", what), attrs...)
}

// end ends what was begun here: from now on somebody else serves, or nobody is to.
func (u *unserved) end() {
	u.mu.Lock()
	if u.ended {
		u.mu.Unlock()
		return
	}
	u.ended = true
	if u.timer != nil {
		u.timer.Stop()
	}
	close(u.quit)
	u.mu.Unlock()
	u.done.Wait()
	if u.serving.Swap(false) {
		u.log.Info("midas: Plugin.Module() runs now, or is over; players are no longer refused for that")
	}
}

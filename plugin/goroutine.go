package plugin

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"

	"github.com/leafmidas/leafmidas/payment"
)

// ErrWrongGoroutine: a call that blocks was made on a Leaf module's own goroutine. The game would have stood still for
// as long as Midas takes, or for ever if it was to deliver. Use the Go… form there.
var ErrWrongGoroutine = errors.New("leafmidas: this call blocks and must not be made on a Leaf module's goroutine")

// errNoContext and errNoCallback: nothing was done.
var (
	errNoContext  = errors.New("leafmidas: the context is nil; nothing was done")
	errNoCallback = errors.New("leafmidas: the callback is nil; nothing was done")
)

// wait turns a call that answers later into one that blocks.
func wait[T any](ctx context.Context, p *Plugin, ask func(done func(T, error)) error) (T, error) {
	var none T
	switch {
	case p.till == nil:
		return none, p.misused(ErrNotConfigured)
	case ctx == nil:
		return none, p.misused(errNoContext)
	}
	if onModuleGoroutine() {
		return none, p.misused(ErrWrongGoroutine)
	}
	if !p.module.Running() {
		return none, ErrNotRunning
	}
	if err := ctx.Err(); err != nil { // nobody waits any more, so nothing is begun
		return none, err
	}
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	if err := ask(func(value T, err error) { answers <- answer{value, err} }); err != nil {
		return none, p.misused(err)
	}
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// goOn asks, and answers on the host's goroutine.
func goOn[T any](p *Plugin, done func(T, error), ask func(done func(T, error)) error) error {
	switch {
	case p.till == nil:
		return p.misused(ErrNotConfigured)
	case done == nil:
		return p.misused(errNoCallback)
	case !p.module.CanCallBack():
		return p.misused(ErrNoSkeleton)
	case !p.module.Running():
		return ErrNotRunning
	}
	return p.misused(ask(func(value T, err error) { p.module.OnGame(func() { done(value, err) }) }))
}

// misused tells in the log, too, that the host made a call that cannot be meant: many a host drops the error. Other
// errors, which are no fault of the host's, are left as they are.
func (p *Plugin) misused(err error) error {
	for _, fault := range []error{ErrNotConfigured, errNoContext, errNoCallback, ErrWrongGoroutine, ErrNoSkeleton, payment.ErrInvalid} {
		if errors.Is(err, fault) {
			p.badCall.Do(func() {
				p.log.Error("midas: the game's own code made a call that cannot be meant; nothing was done", "error", err)
			})
		}
	}
	return err
}

// onModuleGoroutine looks for Leaf's main loop among the callers. That takes about a microsecond, beside a call that
// takes milliseconds.
func onModuleGoroutine() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if frame.Function == "github.com/name5566/leaf/module.(*Skeleton).Run" {
			return true
		}
		if !more {
			return false
		}
	}
}

// StopOnSIGTERM makes SIGTERM, which docker stop, Kubernetes and systemd send, stop the server as cleanly as SIGINT
// does, and SIGHUP too, which comes when the terminal or the ssh session ends that the server was started in (not where
// nohup had it ignored). Leaf listens for SIGINT only: without this either ends the process on the spot. Call it in
// main, before leaf.Run, and give the process at least 10 s before it is killed. The function returned undoes it.
func StopOnSIGTERM() (undo func()) {
	signals := make(chan os.Signal, 1)
	quit := make(chan struct{})
	signal.Notify(signals, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-signals:
				if self, err := os.FindProcess(os.Getpid()); err == nil {
					_ = self.Signal(os.Interrupt)
				}
			case <-quit:
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		signal.Stop(signals)
		close(quit)
		done.Wait()
	})
}

package module

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/name5566/leaf/chanrpc"
	leafmodule "github.com/name5566/leaf/module"

	"github.com/leafmidas/leafmidas/payment"
)

// maxCalls bounds the calls into the game that have not come back.
const maxCalls = 1024

// errGone is what a call hears when this module is stopping before the game has answered. It says nothing of the game.
var errGone = fmt.Errorf("module: stopping before the game answered: %w", payment.ErrClosing)

// errFull is what a call hears that the game's queue, or Leaf's count of calls, has no room for. It was not made.
var errFull = errors.New("module: the game has too much to do")

// courier carries calls into the game's own goroutine and brings the answers back. Leaf's AsynCall never blocks and
// reports a full queue, a closed module or a panic as an error; but a chanrpc client belongs to one goroutine, so the
// courier has one of its own and the many that deliver hand their calls to it:
//
//	worker ─┐                      ┌─> game module's ChanRPC ─┐
//	worker ─┼─> calls ─> courier ──┤                          │
//	worker <── done ──────────────<┴───── ChanAsynRet <───────┘
type courier struct {
	calls chan *call
	quit  chan struct{}
	done  sync.WaitGroup
}

// call is one function to run on the game's goroutine.
type call struct {
	run    func() error
	target *chanrpc.Server
	done   chan error
}

// runID names the function that runs a call in the game's chanrpc; a private type cannot collide with a host's own id.
type runID struct{}

func newCourier() *courier {
	return &courier{calls: make(chan *call), quit: make(chan struct{})}
}

// enlist prepares a host's skeleton to run calls. It must be done before Leaf starts: chanrpc's registry is not locked.
func enlist(s *leafmodule.Skeleton) {
	s.RegisterChanRPC(runID{}, func(args []any) any { return args[0].(func() error)() })
}

func (c *courier) start() { c.done.Go(c.loop) }

// stop ends the courier; whoever still waits hears errGone.
func (c *courier) stop() {
	close(c.quit)
	c.done.Wait()
}

// do runs f on the goroutine of the module behind target and waits for its answer. Once ctx has ended f does not begin
// any more: whoever tries next may come to another end.
func (c *courier) do(ctx context.Context, target *chanrpc.Server, f func() error) error {
	run := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f()
	}
	one := &call{run: run, target: target, done: make(chan error, 1)}
	select {
	case c.calls <- one:
	case <-ctx.Done():
		return fmt.Errorf("module: not handed to the game: %w", ctx.Err())
	case <-c.quit:
		return errGone
	}
	select {
	case err := <-one.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("module: no answer from the game: %w", ctx.Err())
	case <-c.quit:
		return errGone
	}
}

// rest waits a while. It is false if the courier stops meanwhile.
func (c *courier) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.quit:
		return false
	}
}

func (c *courier) loop() {
	client := chanrpc.NewClient(maxCalls)
	for {
		select {
		case one := <-c.calls:
			client.Attach(one.target)
			client.AsynCall(runID{}, one.run, func(ret any, err error) {
				switch {
				case err != nil && (err.Error() == "chanrpc channel full" || err.Error() == "too many calls"):
					err = errFull
				case err == nil && ret != nil:
					err = ret.(error)
				}
				one.done <- err
			})
		case ret := <-client.ChanAsynRet:
			client.Cb(ret)
		case <-c.quit:
			return
		}
	}
}

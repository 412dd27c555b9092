package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"
)

// A process has a bounded number of files, so the players of each server are in a process of their own, which is told over
// its standard input and output what they do.

// load is one such process as the measuring one sees it.
type load struct {
	cmd *exec.Cmd
	rpc *rpc.Client
}

// pipes is a connection over a process's standard input and output.
type pipes struct {
	io.Reader
	io.WriteCloser
}

func newLoad(ctx context.Context) (*load, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &load{cmd: exec.CommandContext(ctx, self, "load")}
	l.cmd.Stderr = os.Stderr
	in, err := l.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	l.rpc = rpc.NewClient(pipes{out, in})
	return l, l.cmd.Start()
}

func (l *load) close() error {
	return errors.Join(l.rpc.Close(), l.cmd.Wait())
}

func serveLoad(_ context.Context, _ *cli.Command) error {
	if err := raiseLimit(); err != nil {
		return err
	}
	service := rpc.NewServer()
	if err := service.RegisterName("Load", &Load{crowd: newCrowd()}); err != nil {
		return err
	}
	service.ServeConn(pipes{os.Stdin, os.Stdout})
	return nil
}

// Load is what such a process does when told. Its exported methods are net/rpc's.
type Load struct{ crowd *crowd }

// Some is players and what they do.
type Some struct {
	WS           string // where they connect to
	First, Count int
	Code         int
	Rate         int // purchases a second
	Buyers       int
	During       time.Duration
	OfTheFirst   int // only so many of them
}

// Seen is what happened since it was last asked for.
type Seen struct {
	Waits  []time.Duration
	Odd    map[string]int
	Pushes int64
}

// Join connects players.
func (l *Load) Join(s Some, _ *int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	joined, err := l.crowd.joinAll(ctx, s.WS, s.First, s.Count, s.Code)
	l.crowd.players = append(l.crowd.players, joined...)
	return err
}

// Watch connects players of this or another process a second time.
func (l *Load) Watch(s Some, _ *int) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l.crowd.watchers, err = l.crowd.joinAll(ctx, s.WS, s.First, s.Count, s.Code)
	return err
}

// Buy lets players buy at a rate.
func (l *Load) Buy(s Some, orders *int) (err error) {
	players := l.crowd.players
	if s.OfTheFirst > 0 {
		players = players[:s.OfTheFirst]
	}
	*orders, err = l.crowd.buyAt(context.Background(), players, s.Rate, s.During)
	return err
}

// BuyAll lets so many buy without a pause.
func (l *Load) BuyAll(s Some, orders *int) (err error) {
	*orders, err = l.crowd.buyAll(context.Background(), s.Buyers, s.During)
	return err
}

// Take tells what happened since the last call.
func (l *Load) Take(_ int, seen *Seen) error {
	*seen = l.crowd.take()
	return nil
}

// startLoads starts a process for the players of each server, and connects them.
func (w *world) startLoads(ctx context.Context, each int) error {
	for range w.servers {
		l, err := newLoad(ctx)
		if err != nil {
			return err
		}
		w.loads = append(w.loads, l)
	}
	if err := w.charge(each * len(w.servers)); err != nil {
		return err
	}
	_, err := w.tell(ctx, "Load.Join", func(n int) Some { return Some{WS: w.servers[n].ws, First: n * each, Count: each, Code: 1} })
	return err
}

// tell has every process do something, and sums up.
func (w *world) tell(ctx context.Context, what string, some func(n int) Some) (sum int, err error) {
	results := make([]int, len(w.loads))
	group, inner := errgroup.WithContext(ctx)
	for n, l := range w.loads {
		group.Go(func() error {
			call := l.rpc.Go(what, some(n), &results[n], make(chan *rpc.Call, 1))
			select {
			case <-call.Done:
				if call.Error != nil {
					return fmt.Errorf("%s of server %d: %w", what, n, call.Error)
				}
				return nil
			case <-inner.Done():
				return inner.Err()
			}
		})
	}
	err = group.Wait()
	for _, n := range results {
		sum += n
	}
	return sum, err
}

// take gathers what happened in all processes since the last call.
func (w *world) take() (all Seen, err error) {
	all.Odd = map[string]int{}
	for _, l := range w.loads {
		var seen Seen
		if err := l.rpc.Call("Load.Take", 0, &seen); err != nil {
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

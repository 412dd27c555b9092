package game

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/internal/freeport"
)

// Server is a game in a process of its own, as the one that measures sees it.
type Server struct {
	*process.Process
	Addrs
}

// Addrs is where it is found: for players, for those who look at its metrics, and for pushes.
type Addrs struct{ WS, Scrape, Push string }

// Subcommand is the hidden one that has a program run Serve.
const Subcommand = "game"

// Start starts a game and waits until players can come.
func Start(ctx context.Context, output io.Writer, o Options) (*Server, error) {
	p, err := process.StartOf(ctx, o.Program, output, Subcommand)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p}
	if err := p.Call(ctx, "Game.Start", o, &s.Addrs); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return s, nil
}

// Serve is the inside of that process. It lasts until the one that measures closes it.
func Serve() error {
	if err := process.RaiseLimit(); err != nil {
		return err
	}
	s := &Service{begin: make(chan start, 1), failed: make(chan error, 1)}
	asked := make(chan error, 1)
	go func() {
		err := process.Serve("Game", s)
		close(s.begin)
		asked <- errors.Join(err, interrupt())
	}()
	one, begun := <-s.begin
	if !begun {
		return <-asked
	}
	if err := run(one.Options, one.Addrs); err != nil {
		s.failed <- err
	}
	return <-asked
}

// Service is what the process does when told. Its exported methods are net/rpc's.
type Service struct {
	begin   chan start
	failed  chan error
	looking *looking
}

type start struct {
	Options
	Addrs
}

// Start is told once.
func (s *Service) Start(o Options, at *Addrs) error {
	for _, addr := range []*string{&at.WS, &at.Scrape, &at.Push} {
		var err error
		if *addr, err = freeport.Addr(); err != nil {
			return err
		}
	}
	s.begin <- start{o, *at}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		if conn, err := net.Dial("tcp", at.WS); err == nil {
			return conn.Close()
		}
		select {
		case err := <-s.failed:
			return err
		case <-late:
			return errors.New("the game does not listen")
		case <-tick.C:
		}
	}
}

// Cost is what the process has used since it began.
type Cost struct {
	CPU    time.Duration
	Allocs uint64
	Bytes  uint64
}

// Since is what was used between two looks.
func (c Cost) Since(before Cost) Cost {
	return Cost{c.CPU - before.CPU, c.Allocs - before.Allocs, c.Bytes - before.Bytes}
}

// Cost tells what the process has used.
func (*Service) Cost(_ int, c *Cost) error {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*c = Cost{time.Duration(u.Utime.Nano() + u.Stime.Nano()), m.Mallocs, m.TotalAlloc}
	return nil
}

// Memory tells how many bytes are in use, on the heap and by stacks, when all that can go has gone.
func (*Service) Memory(_ int, bytes *int64) error {
	runtime.GC()
	runtime.GC() // what was in pools goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*bytes = int64(m.HeapAlloc + m.StackInuse)
	return nil
}

// Spans tells how many have ended.
func (*Service) Spans(_ int, n *int64) (err error) {
	if provider := traces.Load(); provider != nil {
		err = provider.ForceFlush(context.Background())
	}
	*n = spans.Load()
	return err
}

// Away has the game grant nothing, or everything again.
func (*Service) Away(now bool, _ *int) error {
	away.Store(now)
	return nil
}

// Open tells how many orders have not ended.
func (*Service) Open(_ int, n *int64) error {
	pay := searched.Load()
	if pay == nil {
		return errors.New("this game has no orders")
	}
	books, err := pay.Books(context.Background())
	for state, orders := range books.Orders {
		if !state.Ended() {
			*n += orders
		}
	}
	return err
}

// Goroutines tells how many there are.
func (*Service) Goroutines(_ int, n *int) error {
	*n = runtime.NumGoroutine()
	return nil
}

// StartProfile begins a CPU profile into the file; StopProfile ends it, and writes beside it what is on the heap.
func (*Service) StartProfile(path string, _ *int) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return nil
}

// StopProfile is StartProfile's end. The first file is closed with the process.
func (*Service) StopProfile(path string, _ *int) error {
	pprof.StopCPUProfile()
	out, err := os.Create(path + ".heap")
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("heap").WriteTo(out, 0), out.Close())
}

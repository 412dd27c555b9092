package module

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/name5566/leaf/chanrpc"
	leafmodule "github.com/name5566/leaf/module"
)

// startGame runs a module that runs calls, with a queue of that length.
func startGame(t *testing.T, queue int) (server *chanrpc.Server, stop func()) {
	t.Helper()
	s := &leafmodule.Skeleton{GoLen: 10, TimerDispatcherLen: 10, AsynCallLen: 10, ChanRPCServer: chanrpc.NewServer(queue)}
	s.Init()
	enlist(s)
	closeSig, done := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(done)
		s.Run(closeSig)
	}()
	stop = sync.OnceFunc(func() {
		closeSig <- true
		<-done
	})
	t.Cleanup(stop)
	return s.ChanRPCServer, stop
}

func startCourier(t *testing.T) *courier {
	c := newCourier()
	c.start()
	t.Cleanup(sync.OnceFunc(func() {
		select {
		case <-c.quit:
		default:
			c.stop()
		}
	}))
	return c
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestEachCallGetsItsOwnAnswer(t *testing.T) {
	c := startCourier(t)
	one, _ := startGame(t, 1000)
	two, _ := startGame(t, 1000)
	ran := map[int]int{} // of the first game's goroutine
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			want := errors.New("refused")
			if i%3 == 0 {
				want = nil
			}
			err := c.do(within(t, 10*time.Second), one, func() error { ran[i]++; return want })
			if err != want {
				t.Errorf("%d: %v, not %v", i, err, want)
			}
		})
		all.Go(func() {
			if err := c.do(within(t, 10*time.Second), two, func() error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	_ = c.do(within(t, 10*time.Second), one, func() error {
		for i := range 200 {
			if ran[i] != 1 {
				t.Errorf("%d ran %d times", i, ran[i])
			}
		}
		return nil
	})
}

func TestAPanicOfTheGamesIsAnError(t *testing.T) {
	c := startCourier(t)
	game, _ := startGame(t, 10)
	err := c.do(within(t, 10*time.Second), game, func() error { panic("host's fault") })
	if err == nil || !strings.Contains(err.Error(), "host's fault") {
		t.Errorf("got %v", err)
	}
	if err := c.do(within(t, 10*time.Second), game, func() error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAGameThatIsFullOrGoneIsAnErrorAtOnce(t *testing.T) {
	c := startCourier(t)
	game, stop := startGame(t, 1)
	held, release := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- c.do(context.Background(), game, func() error { close(held); <-release; return nil })
	}()
	<-held
	game.Go(runID{}, func() error { return nil }) // the queue is full
	begin := time.Now()
	if err := c.do(within(t, 10*time.Second), game, func() error { t.Error("ran"); return nil }); err == nil {
		t.Error("a full game took it")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %s to say so", took)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	stop()
	if err := c.do(within(t, 10*time.Second), game, func() error { t.Error("ran"); return nil }); err == nil {
		t.Error("a game that has stopped took it")
	}
}

func TestACallThatIsNotAnsweredEndsWithItsContext(t *testing.T) {
	c := startCourier(t)
	game, _ := startGame(t, 10)
	release := make(chan struct{})
	defer close(release)
	err := c.do(within(t, 20*time.Millisecond), game, func() error { <-release; return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A try that was given up while it waited in the game's queue must not run after the next one, which another server may
// have made.
func TestACallThatWasGivenUpDoesNotBegin(t *testing.T) {
	c := startCourier(t)
	game, _ := startGame(t, 10)
	held, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = c.do(context.Background(), game, func() error { close(held); <-release; return nil })
	})
	<-held
	ctx, cancel := context.WithCancel(context.Background())
	all.Go(func() {
		if err := c.do(ctx, game, func() error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	eventually(t, func() bool { return len(game.ChanCall) == 1 })
	cancel()
	close(release)
	all.Wait()
	if err := c.do(within(t, 10*time.Second), game, func() error { return nil }); err != nil { // behind it in the queue
		t.Error(err)
	}
}

// The callbacks of the Go… methods are called exactly once, however much the game has to do.
func TestACallbackWaitsForRoomInTheGamesQueue(t *testing.T) {
	const callbacks = 50
	m := &Module{courier: startCourier(t), log: slog.New(slog.DiscardHandler)}
	m.game, _ = startGame(t, 1)
	release := make(chan struct{})
	m.OnGame(func() { <-release })
	ran := 0 // of the game's goroutine
	done := make(chan struct{})
	for range callbacks {
		m.OnGame(func() {
			if ran++; ran == callbacks {
				close(done)
			}
		})
	}
	close(release)
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("some never came")
	}
	m.drained.Wait()
}

func TestAStopFreesWhoeverWaits(t *testing.T) {
	c := startCourier(t)
	game, _ := startGame(t, 100)
	release := make(chan struct{})
	defer close(release)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := c.do(within(t, 10*time.Second), game, func() error { <-release; return nil }); !errors.Is(err, errGone) {
				t.Errorf("got %v", err)
			}
		})
	}
	eventually(t, func() bool { return len(game.ChanCall) == 19 }) // one runs, the others wait in the game's queue
	c.stop()
	all.Wait()
	if err := c.do(within(t, 10*time.Second), game, func() error { return nil }); !errors.Is(err, errGone) {
		t.Errorf("afterwards: %v", err)
	}
}

// More calls may be out than the courier keeps room for: the rest is refused, on the courier's own goroutine.
func TestTooManyCallsAreRefusedAndTheRestIsAnswered(t *testing.T) {
	c := startCourier(t)
	game, _ := startGame(t, 2*maxCalls)
	release := make(chan struct{})
	errs := make(chan error, 2*maxCalls)
	var all sync.WaitGroup
	for range 2 * maxCalls {
		all.Go(func() {
			errs <- c.do(within(t, 30*time.Second), game, func() error { <-release; return nil })
		})
	}
	for range maxCalls {
		if err := <-errs; err == nil {
			t.Fatal("answered before the game has")
		}
	}
	close(release)
	all.Wait()
	for range maxCalls {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := c.do(within(t, 10*time.Second), game, func() error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came")
		}
	}
}

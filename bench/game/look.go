package game

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// searched is the game's plugin, if it has one.
var searched atomic.Pointer[plugin.Plugin]

// Look is what operators do, each every so often, all at the same moment: search for one of these, and count what is
// open.
type Look struct {
	Operators int
	Every     time.Duration
	Filters   []ledger.Filter
}

// looking are operators at work.
type looking struct {
	stop  context.CancelFunc
	work  sync.WaitGroup
	done  atomic.Int64
	mu    sync.Mutex
	fault error
}

// Look has operators begin; LookAway has them stop, and tells how many searches there were.
func (s *Service) Look(o Look, _ *int) error {
	pay := searched.Load()
	if pay == nil {
		return errors.New("this game has no orders")
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &looking{stop: stop}
	began := time.Now()
	for n := range o.Operators {
		l.work.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-time.After(time.Until(began.Add(time.Duration(round) * o.Every))):
				case <-ctx.Done():
					return
				}
				_, _, err := pay.Orders(ctx, o.Filters[n%len(o.Filters)])
				if err == nil {
					_, err = pay.Backlog(ctx)
				}
				if ctx.Err() != nil {
					return
				}
				if l.done.Add(1); err != nil {
					l.mu.Lock()
					l.fault = errors.Join(l.fault, err)
					l.mu.Unlock()
				}
			}
		})
	}
	s.looking = l
	return nil
}

// LookAway is Look's end.
func (s *Service) LookAway(_ int, searches *int) error {
	s.looking.stop()
	s.looking.work.Wait()
	*searches = int(s.looking.done.Load())
	return s.looking.fault
}

package module

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/name5566/leaf/chanrpc"
)

// pulse asks a module's goroutine for a sign of life. One question is under way at a time, however many wait for it: a
// goroutine that stands still is not buried in them.
type pulse struct {
	mu   sync.Mutex
	beat chan struct{} // closed by the answer; nil: nothing is asked
}

// Started tells whether Leaf has started the module.
func (m *Module) Started() bool { return m.running.Load() }

// Live waits for a sign of life of every goroutine on which a player's purchase depends: this module's, and those of
// the host's modules that deliver, and hear of refunds and recharges. While this module drains, and before Leaf has
// started it, there is nothing to ask.
func (m *Module) Live(ctx context.Context) error {
	if !m.Started() || m.till.Closing() {
		return nil
	}
	for _, one := range []struct {
		name   string
		target *chanrpc.Server
		pulse  *pulse
	}{
		{"leafmidas's own module", m.ChanRPCServer, &m.ownPulse},
		{"the module that HandleDeliver or CallbacksOn was given", m.game, &m.gamePulse},
		{"the module that OnRefund was given", m.refundGame, &m.refundPulse},
		{"the module that OnRecharge was given", m.creditGame, &m.creditPulse},
	} {
		if one.target == nil {
			continue
		}
		if err := one.pulse.feel(ctx, m, one.target); err != nil {
			return fmt.Errorf("module: the goroutine of %s has not answered: %w", one.name, err)
		}
	}
	return nil
}

func (p *pulse) feel(ctx context.Context, m *Module, target *chanrpc.Server) error {
	p.mu.Lock()
	beat := p.beat
	if beat == nil {
		beat = make(chan struct{})
		p.beat = beat
		m.drained.Go(func() { p.ask(m, target) })
	}
	p.mu.Unlock()
	select {
	case <-beat:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask returns when the goroutine has answered, or this module stops. A full queue is a lot to do, which is waited for.
func (p *pulse) ask(m *Module, target *chanrpc.Server) {
	for {
		err := m.courier.do(context.Background(), target, func() error { return nil })
		if !errors.Is(err, errFull) || !m.courier.rest(fullRest) {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.beat)
	p.beat = nil
}

package plugin

import (
	"context"
	"time"
)

// readyFor is how long an answer of Ready is given again: whoever asks how often, the ledger is asked once a second.
const readyFor = time.Second

// readiness is what was last found out of the ledger.
type readiness struct {
	turn chan struct{} // holds one: who asks
	at   time.Time
	last error
}

// Ready tells whether players should be sent to this server: nil, or why not. It is not before leaf.Run has started it
// (ErrNotRunning), not while it stops (ErrClosing), and not while an order could not be stored in the ledger, which it
// tries, and undoes, at most once a second (ledger.ErrUnavailable). Trouble at Midas, or a shop that is paused, are no
// reason. It waits for the database, so it must not be called from a module's goroutine. For a load balancer's
// question, and Kubernetes' readiness probe.
func (p *Plugin) Ready(ctx context.Context) error {
	in, err := p.mayRead(ctx)
	switch {
	case err != nil:
		return err
	case !p.module.Started():
		return ErrNotRunning
	case in.till.Closing():
		return ErrClosing
	}
	r := &p.ready
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !r.at.IsZero() && time.Since(r.at) < readyFor {
		return r.last
	}
	err = in.ledger.TryWrite(ctx)
	if ctx.Err() == nil {
		r.at, r.last = time.Now(), err
	}
	return err
}

// Healthy tells whether the goroutines live that this server cannot do without, the plugin's and the game's: nil, or
// which of them has not answered when ctx ends. Only a new process mends that. A server that starts or stops is
// healthy, and so is one whose database is away. It waits for these goroutines, so it must not be called from a
// module's. For Kubernetes' liveness probe: give it some seconds, since a game that is busy answers late.
func (p *Plugin) Healthy(ctx context.Context) error {
	switch {
	case ctx == nil:
		return p.misused(errNoContext)
	case onModuleGoroutine():
		return p.misused(ErrWrongGoroutine)
	case p.inside.Load() == nil:
		return nil
	}
	return p.module.Live(ctx)
}

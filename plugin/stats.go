package plugin

import (
	"context"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
	"github.com/leafmidas/leafmidas/payment"
)

// Stats is what the plugin has done since it was made, for an operator's eyes. Package metrics shows it to Prometheus.
type Stats struct {
	// Calls are to Midas, by endpoint; Token is how the access token was come by.
	Calls []breaker.Stats
	Token midas.TokenStats
	// Till is the orders, Module what players and Midas were told and told us.
	Till   payment.Stats
	Module module.Stats
	// Ledger is how the database does.
	Ledger ledger.Health
	// Fleet is what passed between the servers; nil: this server is the only one.
	Fleet *module.FleetStats
}

// inside is what Configure made, for those who may look before it has.
type inside struct {
	client  *midas.Client
	circuit *breaker.Breaker
	till    *payment.Till
	ledger  *ledger.Ledger
	fleet   module.Fleet
}

// Stats tells what the plugin has done. ok is false before Configure. It reads memory only and may be called from any
// goroutine.
func (p *Plugin) Stats() (s Stats, ok bool) {
	in := p.inside.Load()
	if in == nil {
		return Stats{}, false
	}
	s = Stats{Calls: in.circuit.Stats(), Token: in.client.TokenStats(), Till: in.till.Stats(), Module: p.module.Stats(), Ledger: in.ledger.Health()}
	if f, has := in.fleet.(interface{ FleetStats() module.FleetStats }); has {
		now := f.FleetStats()
		s.Fleet = &now
	}
	return s, true
}

// OpenOrders counts what has not ended, by kind and state. It reads the ledger, through an index of open orders alone,
// so it must not be called from a module's goroutine.
func (p *Plugin) OpenOrders(ctx context.Context) ([]ledger.OpenCount, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return nil, err
	}
	return in.ledger.CountOpen(ctx)
}

// DisputedOrders counts what waits for an operator (Resolve), as OpenOrders counts what is open.
func (p *Plugin) DisputedOrders(ctx context.Context) (int64, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return 0, err
	}
	return in.ledger.CountDisputed(ctx)
}

package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// Identity is whose orders the ledger of a resolved config keeps.
func (c Config) Identity() ledger.Identity {
	return ledger.Identity{AppID: c.AppID, OfferID: c.OfferID, Env: c.Env, Protocol: c.Protocol}
}

// openLedger opens the ledger of a resolved config, as it is or upgraded, and says in one line where this server's
// orders are.
func (p *Plugin) openLedger(cfg Config, asIs bool) (*ledger.Ledger, error) {
	orders, err := ledger.Open(context.Background(), ledger.Config{
		Driver: cfg.Ledger.Driver, DSN: cfg.Ledger.DSN.Reveal(), AsIs: asIs, Identity: cfg.Identity(), MaxConns: cfg.Ledger.MaxConns,
		ConnMaxIdleTime: cfg.Ledger.ConnMaxIdleTime, ConnMaxLifetime: cfg.Ledger.ConnMaxLifetime, Log: p.log,
	})
	if bad, ok := errors.AsType[*ledger.PathError](err); ok {
		return nil, &ConfigError{[]Fault{{"Ledger.DSN", bad.Error()}}}
	}
	if err != nil || asIs {
		return orders, err
	}
	if orders.OneServer() { // a second one is refused here, before anything runs
		if _, err := orders.Serve(context.Background(), false, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("leafmidas: %w", err), orders.Close())
		}
	}
	p.sayLedger(cfg, orders)
	return orders, nil
}

// sayLedger writes what an operator looks for first when orders are missing. It never fails a start.
func (p *Plugin) sayLedger(cfg Config, orders *ledger.Ledger) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	about, err := orders.About(ctx)
	open := int64(0)
	counts, uncounted := orders.CountOpen(ctx)
	for _, c := range counts {
		open += c.Orders
	}
	if err = errors.Join(err, uncounted); err != nil {
		p.log.Warn("midas: the ledger was opened and does not say more", "driver", cfg.Ledger.Driver, "error", err)
		return
	}
	text := "midas: started on the ledger that was there"
	if about.Made {
		text = "midas: started on a new, empty ledger"
	}
	p.log.Info(text, "protocol", cfg.Protocol, "env", cfg.Env, "app", cfg.AppID, "offer", cfg.OfferID,
		"driver", about.Driver, "ledger", about.Where, "made_now", about.Made, "open_orders", open)
	if about.Exposed != 0 {
		p.log.Warn("midas: others than its owner have rights on the ledger's file, which has players' session keys (sealed) and purchases; "+
			"chmod 600 it and the files beside it", "ledger", about.Where, "rights_of_others", about.Exposed.String())
	}
}

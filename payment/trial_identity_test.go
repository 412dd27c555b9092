package payment_test

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// ledgerOf is where a server of an identity opens its ledger.
func ledgerOf(n *node, who identity) ledger.Config {
	is := ledger.Identity{AppID: emulator.DefaultAppID, OfferID: emulator.DefaultOfferID, Env: "sandbox", Protocol: "v1"}
	if who.production {
		is.Env = "production"
	}
	if who.v2 {
		is.Protocol = "v2"
	}
	return ledger.Config{DSN: n.path, Who: n.name, Identity: is, WatchEvery: time.Hour}
}

// newTill makes a till that takes the ledger for somebody's.
func newTill(cfg payment.Config, _ identity) (*payment.Till, error) { return payment.New(cfg) }

// foundAside tells whether a push that was not the server's is kept where an operator finds it.
func foundAside(n *node, number string) bool {
	kept, err := n.ledger.KeptOf(context.Background(), number, 1)
	return err == nil && len(kept) > 0
}

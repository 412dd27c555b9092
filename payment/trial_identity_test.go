package payment_test

import (
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// ledgerOf is where a server of an identity opens its ledger.
func ledgerOf(n *node, _ identity) ledger.Config { return ledger.Config{DSN: n.path, Who: n.name} }

// newTill makes a till that takes the ledger for somebody's.
func newTill(cfg payment.Config, _ identity) (*payment.Till, error) { return payment.New(cfg) }

// foundAside tells whether a push that was not the server's is kept where an operator finds it.
func foundAside(*node, string) bool { return false }

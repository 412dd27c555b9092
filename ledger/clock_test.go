package ledger_test

import (
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// Every server reads the same clock, to the microsecond, whatever the session's time zone.
func TestTheClockIsTheDatabases(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		a, b := ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)
		first, err := a.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.Clock(t.Context())
		if err != nil || second.Before(first) {
			t.Errorf("%s after %s, %v", second, first, err)
		}
		if off := time.Since(second).Abs(); off > time.Hour { // the servers of the tests run on this machine
			t.Errorf("off by %s", off)
		}
	})
}

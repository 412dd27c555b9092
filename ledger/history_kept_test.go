package ledger_test

import (
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestTheHistoryOfAnOrderIsNeverChanged(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		ledgertest.Open(t, cfg) // a second start finds the trigger
		create(t, l, wish("a"))
		_, err := raw(t, cfg).ExecContext(t.Context(), `UPDATE midas_history SET note = 'x' WHERE bill_no = 'a'`)
		if err == nil || !strings.Contains(err.Error(), "never changed") {
			t.Errorf("changed: %v", err)
		}
	})
}

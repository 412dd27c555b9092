package payment_test

import (
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

func TestWithoutATracerSpansCostNoAllocation(t *testing.T) {
	s := newWorld(t).open()
	o := ledger.Order{BillNo: "b1", OpenID: "alice-of-the-long-name", State: ledger.Paid}
	if n := testing.AllocsPerRun(100, func() { s.PassSpans(t.Context(), o, func(payment.Receipt, error) {}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

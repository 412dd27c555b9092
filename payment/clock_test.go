package payment_test

import (
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// clockWorld has a server that looks at its clock often, and an order whose answer was lost and that is to be asked for
// again in half a minute.
func clockWorld(t *testing.T, committed bool) (*world, *shop, payment.Receipt) {
	t.Helper()
	w := newWorld(t)
	w.idle = 20 * time.Millisecond
	w.retry = payment.Retry{First: 30 * time.Second, Max: 30 * time.Second, GiveUpAfter: 5 * time.Minute}
	s := w.open()
	p := w.rich(s, "alice", 100)
	if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Cut, Commit: committed}); err != nil {
		t.Fatal(err)
	}
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil || r.Order.State != ledger.Paying {
		t.Fatalf("%+v, %v", r, err)
	}
	return w, s, r
}

func (w *world) setClock(ahead time.Duration) { w.ahead.Store(int64(ahead)) }

// An order put off by a clock that is set back afterwards would be due in hours.
func TestAClockSetBackDoesNotKeepOrdersWaiting(t *testing.T) {
	for name, committed := range map[string]bool{"deducted": true, "not deducted": false} {
		t.Run(name, func(t *testing.T) {
			w, s, r := clockWorld(t, committed)
			w.setClock(-5 * time.Hour)
			want(t, s.end(r), ledger.Delivered)
			if n := w.balance("alice"); n != 40 {
				t.Errorf("balance is %d", n)
			}
			w.books(s)
		})
	}
}

// A clock that jumps ahead makes a server impatient: the coins are called back, and everything stays true.
func TestAClockSetAheadCallsCoinsBack(t *testing.T) {
	for name, committed := range map[string]bool{"deducted": true, "not deducted": false} {
		t.Run(name, func(t *testing.T) {
			w, s, r := clockWorld(t, committed)
			w.setClock(3 * time.Hour)
			want(t, s.end(r), ledger.Cancelled)
			if n := w.balance("alice"); n != 100 {
				t.Errorf("balance is %d", n)
			}
			w.books(s)
		})
	}
}

// Two days ahead, a bill number seems too old to be sent: an operator is asked, whichever way the clock goes then.
func TestAClockTwoDaysAheadSendsNothing(t *testing.T) {
	w, s, r := clockWorld(t, true)
	w.setClock(49 * time.Hour)
	want(t, s.end(r), ledger.Disputed)
	w.setClock(0)
	s.shut()
	s = w.open()
	o, err := s.ledger.Order(t.Context(), r.Order.BillNo)
	if err != nil {
		t.Fatal(err)
	}
	want(t, o, ledger.Disputed)
	if pay, cancel := w.emu.Calls("pay"), w.emu.Calls("cancelpay"); pay != 1 || cancel != 0 {
		t.Errorf("%d and %d calls", pay, cancel)
	}
}

// Whatever the clock says, one purchase after another is made, once each, and listed.
func TestPurchasesWhileTheClockJumps(t *testing.T) {
	w := newWorld(t)
	w.idle = 20 * time.Millisecond
	s := w.open()
	p := w.rich(s, "alice", 100)
	for i, ahead := range []time.Duration{0, 7 * time.Hour, -7 * time.Hour, 100 * time.Hour, -100 * time.Hour, 0} {
		w.setClock(ahead)
		if i%2 == 1 {
			if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Fail}); err != nil {
				t.Fatal(err)
			}
		}
		r, err := s.buy(p, "r"+string(rune('0'+i)), "potion", 1)
		if err != nil {
			t.Fatal(err)
		}
		want(t, s.end(r), ledger.Delivered)
		if i == 2 { // a restart under a wrong clock
			s.shut()
			s = w.open()
		}
	}
	list, err := answerOf(t, func(done func([]ledger.Order, error)) error { return s.Orders(p, "", 10, done) })
	if err != nil || len(list) != 6 {
		t.Errorf("%d orders, %v", len(list), err)
	}
	if n := w.balance("alice"); n != 100-6*2 {
		t.Errorf("balance is %d", n)
	}
	w.books(s)
}

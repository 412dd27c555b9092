package payment_test

import (
	"database/sql"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// A ledger that does not take a step for a moment must not cost the player the whole claim, which is longer than a test
// waits.
func TestAnOrderGoesOnAsSoonAsTheLedgerTakesItsStep(t *testing.T) {
	for _, point := range []string{"paying answered", "paid answered"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var database *sql.DB
			var broken atomic.Bool
			w.step = func(now string) {
				if now == point && broken.CompareAndSwap(false, true) {
					if _, err := database.Exec(`CREATE TRIGGER full BEFORE UPDATE ON midas_orders BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`); err != nil {
						t.Error(err)
					}
				}
			}
			s := w.open()
			database, err := sql.Open("sqlite", w.path)
			if err != nil {
				t.Fatal(err)
			}
			defer database.Close()
			p := w.rich(s, "alice", 100)
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil || r.Order.State.Ended() || !broken.Load() {
				t.Fatalf("%+v, %v", r, err)
			}
			if _, err := database.Exec(`DROP TRIGGER full`); err != nil {
				t.Fatal(err)
			}
			if o := s.end(r); o.State != ledger.Delivered {
				t.Errorf("ended as %s", o.State)
			}
			if n := w.emu.Totals().Deducted; n != 60 {
				t.Errorf("%d coins deducted", n)
			}
			w.books(s)
		})
	}
}

// The write took, and only the ledger's answer was lost: the player was told that the order has to wait.
func TestAnEndWhoseAnswerWasLostIsTold(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 200)
	var orders []ledger.Order
	for _, id := range []string{"r1", "r2"} {
		r, err := s.buy(p, id, "sword", 1)
		if err != nil || r.Order.State != ledger.Delivered {
			t.Fatalf("%+v, %v", r, err)
		}
		orders = append(orders, r.Order)
	}
	lost := func(o ledger.Order, versions int64) {
		before := o
		before.State, before.Version, before.DueAt = ledger.Paid, o.Version-versions, time.Now().Add(time.Minute)
		s.AnswerLost(before, o)
	}
	lost(orders[0], 2) // somebody else has it
	lost(orders[1], 1)
	s.until("the end is told", func() bool { return s.ended[orders[1].BillNo].Order.State == ledger.Delivered })
	s.until("and no other one's", func() bool { _, told := s.ended[orders[0].BillNo]; return !told })
	if n := w.emu.Totals().Deducted; n != 120 {
		t.Errorf("%d coins deducted", n)
	}
	w.books(s)
}

package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

var errHostAway = errors.New("the game's database is away")

// A host that fails everybody for an hour costs no order its tries, whichever way it delivers, and gets all of them
// when it is back.
func TestAHostThatFailsEverybodyCostsNoOrderItsTries(t *testing.T) {
	const tries, players = 4, 6
	for _, way := range []string{"HandleDeliver", "HandleDeliverTx", "OnRefund"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.tries, w.idle = tries, 100*time.Millisecond
			var away atomic.Bool
			var calls atomic.Int64
			away.Store(true)
			answer := func() error {
				calls.Add(1)
				if away.Load() {
					return errHostAway
				}
				return nil
			}
			w.game.answerWith(func(ledger.Order) error { return answer() })
			if way == "HandleDeliverTx" {
				w.grant = func(context.Context, *sql.Tx, ledger.Order) error { return answer() }
			}
			s := w.open()
			var bills []string
			for n := range players {
				name := fmt.Sprint("player", n)
				if way == "OnRefund" {
					now, bill := time.Now(), fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%04d", n)
					o := ledger.Order{
						Kind: ledger.Refund, BillNo: bill, OpenID: name, ZoneID: "1", RequestID: bill, Quantity: 1, Amount: 600, OfTrade: "t" + bill,
						DueAt: now, CreatedAt: now, UpdatedAt: now,
					}
					if _, _, err := s.ledger.Create(t.Context(), o); err != nil {
						t.Fatal(err)
					}
					bills = append(bills, bill)
					continue
				}
				r, err := s.buy(w.rich(s, name, 100), "r1", "sword", 1)
				if err != nil || r.Order.State != ledger.Paid {
					t.Fatalf("%+v, %v", r, err)
				}
				bills = append(bills, r.Order.BillNo)
			}
			out := func() bool {
				st := s.Stats()
				if way == "OnRefund" {
					return !st.RefundsOut.IsZero()
				}
				return !st.DeliveriesOut.IsZero()
			}
			eventually(t, "the outage is recognised", out)
			for range 3 { // twenty minutes each, and somebody tries in each of them
				before := calls.Load()
				w.ahead.Add(int64(20 * time.Minute))
				eventually(t, "somebody tries again", func() bool { return calls.Load() > before })
			}
			for _, bill := range bills {
				if o, err := s.ledger.Order(t.Context(), bill); err != nil || o.State != ledger.Paid || o.Attempts >= tries {
					t.Errorf("after an hour %s is %s with %d tries; %v", bill, o.State, o.Attempts, err)
				}
			}
			away.Store(false)
			for _, bill := range bills {
				w.becomes(s, bill, ledger.Delivered)
			}
			if out() {
				t.Error("it is not over")
			}
			if n := strings.Count(w.log.String(), "for everybody: orders wait"); n != 1 {
				t.Errorf("it was told %d times", n)
			}
		})
	}
}

// One order that cannot be delivered among others that can is an operator's after its tries.
func TestAPoisonedOrderAmongGoodOnesIsDisputed(t *testing.T) {
	w := newWorld(t)
	w.tries = 4
	s := w.open()
	alice, bob := w.rich(s, "alice", 1000), w.rich(s, "bob", 1000)
	w.game.answerWith(func(o ledger.Order) error {
		if o.OpenID == alice.OpenID {
			return errHostAway
		}
		return nil
	})
	var bad []payment.Receipt
	for n := range 3 {
		r, err := s.buy(alice, fmt.Sprint("r", n), "potion", 1)
		if err != nil {
			t.Fatal(err)
		}
		bad = append(bad, r)
		if r, err = s.buy(bob, fmt.Sprint("r", n), "potion", 1); err != nil || r.Order.State != ledger.Delivered {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	for _, r := range bad {
		want(t, s.end(r), ledger.Disputed)
	}
}

// What fails everybody here and is delivered by another server is no outage any more.
func TestAnotherServersDeliveryEndsAnOutage(t *testing.T) {
	worlds := newSharedWorlds(t, "sqlite", 2)
	broken := worlds[0]
	broken.game = &game{granted: map[string]ledger.Order{}, calls: map[string]int{}}
	broken.game.answerWith(func(ledger.Order) error { return errHostAway })
	s := broken.open()
	var bills []string
	for n := range 3 {
		r, err := s.buy(broken.rich(s, fmt.Sprint("player", n), 100), "r1", "sword", 1)
		if err != nil || r.Order.State != ledger.Paid {
			t.Fatalf("%+v, %v", r, err)
		}
		bills = append(bills, r.Order.BillNo)
	}
	eventually(t, "the outage is recognised", func() bool { return !s.Stats().DeliveriesOut.IsZero() })
	other := worlds[1].open()
	for _, bill := range bills {
		worlds[1].becomes(other, bill, ledger.Delivered)
	}
	// It has no order left to try with.
	eventually(t, "the outage is over", func() bool { return s.Stats().DeliveriesOut.IsZero() })
}

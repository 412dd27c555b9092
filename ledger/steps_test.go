package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// notes are what a database's lists might misread.
var notes = []string{``, `plain`, `"quoted"`, `back\slash`, `{a,b}`, `NULL`, `it's`, `米大师 🗡`, `a,"b\",{}`, ` `, `?`, `$1`}

// Orders of many players are made and moved on at once, each by two who know the same of it: one of the two does it,
// the other is refused, and what each has said is in the order and its history as it was said.
func TestStepsOfManyOrdersAtOnceAreEachDoneOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		before, commitsBefore := l.Written()
		states := []ledger.State{ledger.Paying, ledger.Paid, ledger.Delivered}
		var all sync.WaitGroup
		var conflicts atomic.Int64
		for i := range 60 {
			all.Go(func() {
				request := func(o *ledger.Order) {
					o.OpenID, o.RequestID, o.ItemID = fmt.Sprint("player-", i), `r"\{`+fmt.Sprint(i), notes[1+i%(len(notes)-1)]
				}
				var orders [2]ledger.Order
				var made [2]bool
				twice(func(n int) {
					var err error
					if orders[n], made[n], err = l.Create(t.Context(), wish(fmt.Sprintf("bill-%d-%d", i, n), request)); err != nil {
						t.Error(err)
					}
				})
				if made[0] == made[1] || !same(orders[0], orders[1]) {
					t.Errorf("made %v: %+v and %+v", made, orders[0], orders[1])
					return
				}
				o := orders[0]
				for step, to := range states {
					var moved [2]ledger.Order
					var errs [2]error
					twice(func(n int) {
						after := o
						after.State, after.Note, after.Code, after.RID = to, notes[(i+step+n)%len(notes)], i, `rid"\`
						after.UpdatedAt, after.DueAt, after.UnsureSince = o.UpdatedAt.Add(time.Second), noon.Add(lease), noon
						if to.Ended() {
							after.DueAt, after.UnsureSince = time.Time{}, time.Time{}
						}
						moved[n], errs[n] = l.Advance(t.Context(), o, after)
					})
					won := 0
					if errs[0] != nil {
						won = 1
					}
					if errs[won] != nil || !errors.Is(errs[1-won], ledger.ErrConflict) {
						t.Errorf("order %d to %s: %v, %v", i, to, errs[0], errs[1])
						return
					}
					conflicts.Add(1)
					now, err := l.Order(t.Context(), o.BillNo)
					if err != nil || !same(now, moved[won]) {
						t.Errorf("%+v is %+v, %v", moved[won], now, err)
					}
					o = moved[won]
				}
				events, err := l.History(t.Context(), o.BillNo)
				if err != nil || len(events) != 4 || events[0].To != ledger.Created || events[3].From != ledger.Paid || events[3].To != ledger.Delivered ||
					events[3].Note != o.Note || events[3].RID != o.RID || events[3].Code != i || events[3].Version != 4 {
					t.Errorf("%+v, %v", events, err)
				}
			})
		}
		all.Wait()
		writes, commits := l.Written()
		if conflicts.Load() != 180 || writes-before < 240 {
			t.Errorf("%d conflicts, %d writes", conflicts.Load(), writes-before)
		}
		t.Logf("%d writes in %d transactions", writes-before, commits-commitsBefore)
	})
}

// twice does the same in two goroutines at once.
func twice(do func(n int)) {
	var both sync.WaitGroup
	for n := range 2 {
		both.Go(func() { do(n) })
	}
	both.Wait()
}

// Somebody's transaction holds an order: an operator's, or a server's that has been frozen. The orders of others go on
// all the while.
func TestAStepOfAnOrderThatIsHeldKeepsNoOtherWaiting(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		if l.OneServer() {
			return // nobody else can hold one order alone
		}
		db := raw(t, cfg)
		held := create(t, l, wish("held"))
		others := make([]ledger.Order, 40)
		for i := range others {
			others[i] = create(t, l, wish(fmt.Sprint("other-", i)))
		}
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.Exec(`UPDATE midas_orders SET attempts = attempts WHERE bill_no = 'held'`); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			after := held
			after.State = ledger.Paying
			_, err := l.Advance(context.WithoutCancel(t.Context()), held, after)
			done <- err
		}()
		var all sync.WaitGroup
		for _, o := range others {
			all.Go(func() { move(t, l, o, ledger.Paying, ledger.Paid, ledger.Delivered) })
		}
		all.Wait()
		select {
		case err := <-done:
			t.Errorf("the order that is held has moved: %v", err)
		default:
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// What the database does not take of one order keeps no other from being stored.
func TestAnOrderThatTheDatabaseRefusesTakesNoOtherDown(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				bad := i%4 == 0
				_, created, err := l.Create(t.Context(), wish(fmt.Sprint("bill-", i), func(o *ledger.Order) {
					if bad {
						o.Amount, o.RequestID = 60, strings.Repeat("x", 70)+"\x00"+fmt.Sprint(i)
					}
				}))
				if cfg.Driver == "sqlite" {
					bad = false // it takes everything
				}
				if bad != (err != nil) || created == bad {
					t.Errorf("order %d: %t, %v", i, created, err)
				}
			})
		}
		all.Wait()
	})
}

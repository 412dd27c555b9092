package ledger_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// delivered makes a player's order that has ended.
func delivered(t *testing.T, l *ledger.Ledger, openid, request string) ledger.Order {
	t.Helper()
	o := wish(request)
	o.OpenID, o.BillNo = openid, "B-"+openid+"-"+request
	o, _, err := l.Create(t.Context(), o)
	for _, to := range []ledger.State{ledger.Paying, ledger.Paid, ledger.Delivered} {
		if err != nil {
			t.Fatal(err)
		}
		after := o
		after.State, after.UpdatedAt = to, time.Now()
		if to.Ended() {
			after.DueAt = time.Time{}
		}
		o, err = l.Advance(t.Context(), o, after)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestWhatWasReadWithinTheLastSecondIsToldOutOfMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := ledgertest.Fresh(t, "sqlite")
		cfg.WatchEvery = 365 * 24 * time.Hour
		l, err := ledger.Open(t.Context(), cfg)
		must(t, err)
		defer l.Close()
		o := delivered(t, l, "alice", "r1")
		if _, found := l.RecentOrderOf("alice", ledger.Purchase, o.RequestID); found {
			t.Error("it is told before it was read")
		}
		read, err := l.OrderOf(t.Context(), "alice", ledger.Purchase, o.RequestID)
		must(t, err)
		list, err := l.Orders(t.Context(), "alice", "", 20)
		must(t, err)
		again, found := l.RecentOrderOf("alice", ledger.Purchase, o.RequestID)
		same, listed := l.RecentOrders("alice", "", 20)
		if !found || again != read || !listed || len(same) != 1 || same[0] != list[0] {
			t.Errorf("told %+v (%t) and %+v (%t), read were %+v and %+v", again, found, same, listed, read, list)
		}
		if _, found := l.RecentOrders("alice", o.BillNo, 20); found {
			t.Error("another page is told")
		}
		time.Sleep(time.Second)
		if _, found := l.RecentOrderOf("alice", ledger.Purchase, o.RequestID); found {
			t.Error("it is told after a second")
		}
		if _, found := l.RecentOrders("alice", "", 20); found {
			t.Error("the list is told after a second")
		}
	})
}

func TestNothingIsToldOutOfMemoryOnceAnOrderHasChanged(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.Fresh(t, "sqlite"))
	for name, change := range map[string]func(o ledger.Order){
		"another order": func(o ledger.Order) { delivered(t, l, o.OpenID, "another") },
		"it moves on": func(o ledger.Order) {
			after := o
			after.State, after.DueAt, after.UpdatedAt = ledger.Refunding, time.Now().Add(time.Minute), time.Now()
			_, err := l.Advance(t.Context(), o, after)
			must(t, err)
		},
		"a change that does not take": func(o ledger.Order) {
			o.Version--
			after := o
			after.State, after.DueAt = ledger.Refunding, time.Now().Add(time.Minute)
			if _, err := l.Advance(t.Context(), o, after); err == nil {
				t.Error("it took")
			}
		},
		"another server's word": func(o ledger.Order) { l.OrderChanged(o.OpenID) },
	} {
		t.Run(name, func(t *testing.T) {
			o := delivered(t, l, name, "r1")
			_, err := l.OrderOf(t.Context(), o.OpenID, o.Kind, o.RequestID)
			must(t, err)
			_, err = l.Orders(t.Context(), o.OpenID, "", 20)
			must(t, err)
			change(o)
			if _, found := l.RecentOrderOf(o.OpenID, o.Kind, o.RequestID); found {
				t.Error("the order of before is told")
			}
			if _, found := l.RecentOrders(o.OpenID, "", 20); found {
				t.Error("the list of before is told")
			}
		})
	}
}

// What is under way changes with the next step, and what is disputed with an operator's word, perhaps another
// process's.
func TestOnlyWhatHasEndedIsToldOutOfMemory(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.Fresh(t, "sqlite"))
	o := wish("r1")
	o.OpenID = "alice"
	_, _, err := l.Create(t.Context(), o)
	must(t, err)
	_, err = l.OrderOf(t.Context(), "alice", o.Kind, o.RequestID)
	must(t, err)
	_, err = l.Orders(t.Context(), "alice", "", 20)
	must(t, err)
	if _, found := l.RecentOrderOf("alice", o.Kind, o.RequestID); found {
		t.Error("an order that is under way is told")
	}
	if _, found := l.RecentOrders("alice", "", 20); found {
		t.Error("a list with an order that is under way is told")
	}
}

func TestWhatIsToldOutOfMemoryIsBounded(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.Fresh(t, "sqlite"))
	for i := range ledger.MostRecentLists + 1 {
		_, err := l.Orders(t.Context(), fmt.Sprint("player", i), "", 20)
		must(t, err)
	}
	if n := ledger.RecentLists(l); n != ledger.MostRecentLists {
		t.Errorf("%d lists are kept, not %d", n, ledger.MostRecentLists)
	}
	for i := range ledger.MostRecentOrders + 1 {
		ledger.KeepRecent(l, ledger.Order{OpenID: fmt.Sprint("player", i), State: ledger.Delivered})
	}
	if n := ledger.RecentEnded(l); n != ledger.MostRecentOrders {
		t.Errorf("%d orders are kept, not %d", n, ledger.MostRecentOrders)
	}
}

// Where there are several servers a player may buy on one and look on another.
func TestAListIsReadAnewWhereThereMayBeOtherServers(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			cfg := ledgertest.Fresh(t, driver)
			here, there := ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)
			delivered(t, here, "alice", "r1")
			if list, err := here.Orders(t.Context(), "alice", "", 20); err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			delivered(t, there, "alice", "r2")
			if _, found := here.RecentOrders("alice", "", 20); found {
				t.Error("the list of before is told")
			}
		})
	}
}

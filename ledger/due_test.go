package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// What is due is listed by age, and Claim takes what it is asked for.
func TestDueOrdersAreListedByAge(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		order := func(bill, openid string, due time.Time, parked bool) {
			create(t, l, wish(bill, func(o *ledger.Order) { o.OpenID, o.DueAt, o.Parked = openid, due, parked }))
		}
		for n := range 20 {
			order(fmt.Sprintf("m%02d", n), "mallory", noon.Add(time.Duration(n)*time.Second), false)
		}
		order("a0", "alice", noon.Add(time.Minute), false)
		order("b0", "bob", noon.Add(2*time.Minute), false)
		order("b1", "bob", noon.Add(3*time.Minute), false)
		order("later", "carol", noon.Add(time.Hour), false)
		order("parked", "carol", noon.Add(40*time.Hour), true)
		order("clock set back", "dave", noon.Add(30*time.Hour), false)
		now, horizon := noon.Add(5*time.Minute), 2*time.Hour

		bills := func(due []ledger.DueOrder, err error) (list []string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range due {
				list = append(list, o.BillNo)
			}
			return list
		}
		none := ledger.DueOrder{}
		if got, want := bills(l.Due(t.Context(), now, horizon, none, 3)), []string{"m00", "m01", "m02"}; !slices.Equal(got, want) {
			t.Errorf("the oldest are %v", got)
		}
		if got := bills(l.Due(t.Context(), now, horizon, none, 100)); len(got) != 24 || !slices.Equal(got[20:], []string{"a0", "b0", "b1", "clock set back"}) {
			t.Errorf("all are %v", got)
		}

		claimed, err := l.Claim(t.Context(), now, lease, horizon, 10, "a0", "later", "parked", "b0", "none")
		if err != nil || len(claimed) != 2 || claimed[0].BillNo != "a0" || claimed[1].BillNo != "b0" || claimed[0].Version != 2 {
			t.Fatalf("%+v, %v", claimed, err)
		}
		if again, err := l.Claim(t.Context(), now, lease, horizon, 10, "a0", "b0"); err != nil || len(again) != 0 {
			t.Errorf("claimed twice: %+v, %v", again, err)
		}
		if got := bills(l.Due(t.Context(), now, horizon, none, 100)); len(got) != 22 || !slices.Equal(got[20:], []string{"b1", "clock set back"}) {
			t.Errorf("left are %v", got)
		}
	})
}

// A list that goes on where the last one ended names every order once, also where many fell due in the same
// millisecond.
func TestDueOrdersAreListedInPages(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for n := range 40 {
			create(t, l, wish(fmt.Sprintf("b%02d", n*7%40), func(o *ledger.Order) {
				o.OpenID, o.DueAt = "p", noon.Add(time.Duration(n/15)*time.Millisecond)
			}))
		}
		var last ledger.DueOrder
		seen := map[string]bool{}
		for pages := 0; ; pages++ {
			page, err := l.Due(t.Context(), noon.Add(time.Minute), time.Hour, last, 6)
			if err != nil || pages > 7 {
				t.Fatalf("page %d: %v", pages, err)
			}
			for _, o := range page {
				if seen[o.BillNo] || o.DueAt.Before(last.DueAt) || o.OpenID != "p" {
					t.Errorf("%+v after %+v", o, last)
				}
				seen[o.BillNo], last = true, o
			}
			if len(page) == 0 {
				break
			}
		}
		if len(seen) != 40 {
			t.Errorf("%d orders of 40", len(seen))
		}
	})
}

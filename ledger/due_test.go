package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// However many orders of one player are due, a list of each player's first has everybody in it, and Claim takes what it is asked for.
func TestDueOrdersAreListedByAgeAndByPlayer(t *testing.T) {
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
		if got, want := bills(l.Due(t.Context(), now, horizon, 3)), []string{"m00", "m01", "m02"}; !slices.Equal(got, want) {
			t.Errorf("the oldest are %v", got)
		}
		want := []string{"m00", "a0", "b0", "clock set back", "m01", "b1"}
		if got := bills(l.DueOfEach(t.Context(), now, horizon, 2, 100)); !slices.Equal(got, want) {
			t.Errorf("two of each are %v", got)
		}
		if got := bills(l.DueOfEach(t.Context(), now, horizon, 2, 3)); !slices.Equal(got, want[:3]) {
			t.Errorf("the first three of them are %v", got)
		}

		claimed, err := l.Claim(t.Context(), now, lease, horizon, 10, "a0", "later", "parked", "b0", "none")
		if err != nil || len(claimed) != 2 || claimed[0].BillNo != "a0" || claimed[1].BillNo != "b0" || claimed[0].Version != 2 {
			t.Fatalf("%+v, %v", claimed, err)
		}
		if again, err := l.Claim(t.Context(), now, lease, horizon, 10, "a0", "b0"); err != nil || len(again) != 0 {
			t.Errorf("claimed twice: %+v, %v", again, err)
		}
		if got, want := bills(l.DueOfEach(t.Context(), now, horizon, 1, 100)), []string{"m00", "b1", "clock set back"}; !slices.Equal(got, want) {
			t.Errorf("of what is left the first of each are %v", got)
		}
	})
}

package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// found are the bill numbers of a search, all pages.
func found(t *testing.T, l *ledger.Ledger, f ledger.Filter) (bills []string) {
	t.Helper()
	for pages := 0; ; pages++ {
		orders, next, err := l.Search(t.Context(), f)
		if err != nil || pages > 20 {
			t.Fatalf("%d pages: %v", pages, err)
		}
		for _, o := range orders {
			bills = append(bills, o.BillNo)
		}
		if next == "" {
			return bills
		}
		f.After = next
	}
}

// several makes orders a second apart, two of them at the same time.
func several(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	at := func(seconds int, change func(*ledger.Order)) func(*ledger.Order) {
		return func(o *ledger.Order) {
			o.CreatedAt = noon.Add(time.Duration(seconds) * time.Second)
			if change != nil {
				change(o)
			}
		}
	}
	create(t, l, wish("a1", at(0, nil)))
	move(t, l, create(t, l, wish("a2", at(1, nil))), ledger.Paying, ledger.Paid, ledger.Delivered)
	move(t, l, create(t, l, wish("b1", at(2, func(o *ledger.Order) { o.OpenID = "bob"; o.RequestID = "r-a1" }))), ledger.Paying, ledger.Disputed)
	move(t, l, create(t, l, wish("b2", at(2, func(o *ledger.Order) { o.OpenID = "bob" }))), ledger.Paying)
	create(t, l, wish("b3", at(3, func(o *ledger.Order) { o.OpenID = "bob"; o.Kind = ledger.Goods })))
	create(t, l, wish("p1", at(4, func(o *ledger.Order) { o.Kind = ledger.Present })))
}

func TestOrdersAreSearched(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		several(t, l)
		second := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
		for name, c := range map[string]struct {
			filter ledger.Filter
			want   []string
		}{
			"everything":                    {ledger.Filter{}, []string{"p1", "b3", "b2", "b1", "a2", "a1"}},
			"oldest first":                  {ledger.Filter{OldestFirst: true, Limit: 2}, []string{"a1", "a2", "b1", "b2", "b3", "p1"}},
			"page by page":                  {ledger.Filter{Limit: 1}, []string{"p1", "b3", "b2", "b1", "a2", "a1"}},
			"a player":                      {ledger.Filter{OpenID: "bob", Limit: 2}, []string{"b3", "b2", "b1"}},
			"a state":                       {ledger.Filter{States: []ledger.State{ledger.Disputed}}, []string{"b1"}},
			"states":                        {ledger.Filter{States: []ledger.State{ledger.Disputed, ledger.Delivered}}, []string{"b1", "a2"}},
			"a kind":                        {ledger.Filter{Kinds: []ledger.Kind{ledger.Goods, ledger.Present}}, []string{"p1", "b3"}},
			"a bill":                        {ledger.Filter{BillNo: "b2"}, []string{"b2"}},
			"how it begins":                 {ledger.Filter{BillPrefix: "b"}, []string{"b3", "b2", "b1"}},
			"how it begins, in a state":     {ledger.Filter{BillPrefix: "b", States: []ledger.State{ledger.Paying, ledger.Disputed}, Limit: 1}, []string{"b3", "b2", "b1"}},
			"how it begins, open":           {ledger.Filter{BillPrefix: "b", Open: true, OldestFirst: true, Limit: 1}, []string{"b2", "b3"}},
			"how it begins, ended and open": {ledger.Filter{BillPrefix: "b", States: []ledger.State{ledger.Disputed}, Open: true}, nil},
			"its whole number":              {ledger.Filter{BillPrefix: "b2"}, []string{"b2"}},
			"a request":                     {ledger.Filter{RequestID: "r-a1"}, []string{"b1", "a1"}},
			"since":                         {ledger.Filter{From: second(2)}, []string{"p1", "b3", "b2", "b1"}},
			"a period":                      {ledger.Filter{From: second(1), To: second(2)}, []string{"a2"}},
			"open":                          {ledger.Filter{Open: true, Limit: 3}, []string{"p1", "b3", "b2", "a1"}},
			"all together":                  {ledger.Filter{OpenID: "bob", Open: true, Kinds: []ledger.Kind{ledger.Purchase}, To: second(3)}, []string{"b2"}},
			"none":                          {ledger.Filter{OpenID: "Bob"}, nil},
			"no injection":                  {ledger.Filter{OpenID: `' OR 1=1 --`, BillPrefix: `%`}, nil},
		} {
			if got := found(t, l, c.filter); !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		for name, f := range map[string]ledger.Filter{
			"state":  {States: []ledger.State{"delivered' OR 'a' = 'a"}},
			"kind":   {Kinds: []ledger.Kind{"sale"}},
			"limit":  {Limit: 1001},
			"below":  {Limit: -1},
			"cursor": {After: "b1"},
		} {
			if _, _, err := l.Search(t.Context(), f); !errors.Is(err, ledger.ErrBadFilter) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What a player has yet to do is nothing that an operator could hasten, and is often the oldest.
func TestWhatWaitsForItsPlayerIsNotStuck(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		made := func(minute int, kind ledger.Kind) func(*ledger.Order) {
			return func(o *ledger.Order) {
				o.CreatedAt, o.Kind = noon.Add(time.Duration(minute)*time.Minute), kind
			}
		}
		move(t, l, create(t, l, wish("unpaid", made(0, ledger.Goods))), ledger.Paying)
		create(t, l, wish("parked", made(1, ledger.Purchase), func(o *ledger.Order) { o.Parked = true }))
		move(t, l, create(t, l, wish("over", made(2, ledger.Purchase))), ledger.Paying, ledger.Paid, ledger.Delivered)
		move(t, l, create(t, l, wish("paid", made(3, ledger.Goods))), ledger.Paying, ledger.Paid)
		move(t, l, create(t, l, wish("paying", made(4, ledger.Purchase))), ledger.Paying)
		for limit := range 3 {
			if got, want := found(t, l, ledger.Filter{Stuck: true, OldestFirst: true, Limit: limit}), []string{"paid", "paying"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
	})
}

func TestTheBacklogIsWhatIsOpen(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		if b, err := l.Backlog(t.Context()); err != nil || len(b.Open) != 0 || b.Oldest != "" || !b.OldestAt.IsZero() || b.Disputed != 0 {
			t.Errorf("an empty ledger: %+v, %v", b, err)
		}
		create(t, l, wish("a0", func(o *ledger.Order) { o.Kind = ledger.Goods; o.CreatedAt = noon.Add(-time.Hour) })) // nobody has paid yet
		several(t, l)
		create(t, l, wish("q1", func(o *ledger.Order) { o.Parked = true; o.CreatedAt = noon.Add(time.Hour) }))
		b, err := l.Backlog(t.Context())
		if err != nil || b.Oldest != "a1" || !b.OldestAt.Equal(noon) || b.Disputed != 1 || b.Unpaid != 2 || b.Parked != 1 ||
			fmt.Sprint(b.Open) != "map[created:3 paying:1]" {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

// Neither a page of the backlog nor a login may read all that ever was.
func TestWhatIsRareIsFoundByItsIndex(t *testing.T) {
	cfg := ledgertest.Fresh(t, "sqlite")
	ledgertest.Open(t, cfg)
	for query, index := range map[string]string{
		`SELECT COUNT(*) FROM midas_orders WHERE state = 'disputed'`: "COVERING INDEX midas_orders_found",
		ledger.CountOpenStatement:                                    "COVERING INDEX midas_orders_found",
		strings.NewReplacer("state = ?", "state = 'paying'", "kind = ?", "kind = 'goods'", "= ?", "= 1").Replace(ledger.FirstOfStatement):           "COVERING INDEX midas_orders_found",
		`UPDATE midas_orders SET due_at = 1, parked = 0, version = version + 1 WHERE openid = 'a' AND parked = 1 AND kind IN ('purchase', 'goods')`: "midas_orders_parked_of",
	} {
		rows, err := raw(t, cfg).Query("EXPLAIN QUERY PLAN " + query)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(detail + "\n")
		}
		if err := rows.Err(); err != nil || !strings.Contains(plan.String(), index) {
			t.Errorf("%s\n%s%v", query, &plan, err)
		}
	}
}

package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestAnOrderIsReadAsItWasStored(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		cfg.Who = "server-1"
		l := ledgertest.Open(t, cfg)
		o := create(t, l, wish("b1", func(o *ledger.Order) { o.RequestID = "请求 '\"\\%_?$1" }))
		after := o
		after.State, after.UnsureSince, after.DueAt, after.Attempts = ledger.Paying, noon.Add(time.Millisecond), noon.Add(time.Hour), 3
		after.Parked, after.Code, after.RID, after.Note, after.UpdatedAt = true, -1, "rid-1", "余额不足 '\"?", noon.Add(time.Second)
		o, err := l.Advance(t.Context(), o, after)
		if err != nil {
			t.Fatal(err)
		}
		again := ledgertest.Open(t, cfg) // what another process sees
		for name, read := range map[string]func() (ledger.Order, error){
			"by bill":    func() (ledger.Order, error) { return again.Order(t.Context(), "b1") },
			"by request": func() (ledger.Order, error) { return again.OrderOf(t.Context(), "alice", ledger.Purchase, o.RequestID) },
			"in a list": func() (ledger.Order, error) {
				list, err := again.Orders(t.Context(), "alice", "", 10)
				return list[0], err
			},
			"open": func() (ledger.Order, error) {
				list, err := again.OpenOrders(t.Context(), 10)
				return list[0], err
			},
		} {
			if got, err := read(); err != nil || !same(got, o) || got.Version != 2 {
				t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, o)
			}
		}
		history, err := again.History(t.Context(), "b1")
		if err != nil || len(history) != 2 {
			t.Fatalf("%+v, %v", history, err)
		}
		if h := history[0]; h.From != "" || h.To != ledger.Created || h.Version != 1 || h.Who != "server-1" || !h.At.Equal(noon) {
			t.Errorf("%+v", h)
		}
		if h := history[1]; h.From != ledger.Created || h.To != ledger.Paying || h.Code != -1 || h.RID != "rid-1" || h.Note != after.Note {
			t.Errorf("%+v", h)
		}
		if _, err := l.Order(t.Context(), "b2"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("no such order: %v", err)
		}
	})
}

func TestTheSameRequestIsOneOrder(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		first := move(t, l, create(t, l, wish("b1")), ledger.Paying)
		again, created, err := l.Create(t.Context(), wish("b2", func(o *ledger.Order) { o.RequestID = "r-b1" }))
		if err != nil || created || !same(again, first) {
			t.Errorf("%+v, %t, %v", again, created, err)
		}
		for name, other := range map[string]func(*ledger.Order){
			"item":     func(o *ledger.Order) { o.ItemID = "potion" },
			"quantity": func(o *ledger.Order) { o.Quantity = 3 },
		} {
			_, _, err = l.Create(t.Context(), wish("b2", func(o *ledger.Order) { o.RequestID = "r-b1" }, other))
			if !errors.Is(err, ledger.ErrMismatch) || !strings.Contains(err.Error(), "b1") {
				t.Errorf("another %s: %v", name, err)
			}
		}
		// Whatever looks alike and is not the same: another player, another kind, another text.
		for i, other := range []func(*ledger.Order){
			func(o *ledger.Order) { o.OpenID = "bob" },
			func(o *ledger.Order) { o.OpenID = "Alice" },
			func(o *ledger.Order) { o.Kind = ledger.Present },
			func(o *ledger.Order) { o.RequestID = "r-b1 " },
			func(o *ledger.Order) { o.RequestID = "R-b1" },
			func(o *ledger.Order) { o.RequestID = "r-b１" },
		} {
			o := wish(fmt.Sprintf("c%d", i), func(o *ledger.Order) { o.RequestID = "r-b1" }, other)
			if stored, created, err := l.Create(t.Context(), o); err != nil || !created || stored.BillNo != o.BillNo {
				t.Errorf("%d: %+v, %t, %v", i, stored, created, err)
			}
		}
	})
}

func TestTheSameRequestAtOnceIsOneOrder(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)}
		for round := range 5 {
			var mu sync.Mutex
			bills, made := map[string]bool{}, 0
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					o := wish(fmt.Sprintf("b%d-%d", round, i), func(o *ledger.Order) { o.RequestID = fmt.Sprintf("r%d", round) })
					stored, created, err := servers[i%2].Create(t.Context(), o)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					bills[stored.BillNo] = true
					if created {
						made++
					}
				})
			}
			all.Wait()
			if len(bills) != 1 || made != 1 {
				t.Errorf("%d orders, %d made", len(bills), made)
			}
		}
	})
}

func TestOnlyArrowsOfTheMachineAreTaken(t *testing.T) {
	ways := map[ledger.State][]ledger.State{
		ledger.Created: {}, ledger.Paying: {ledger.Paying}, ledger.Paid: {ledger.Paying, ledger.Paid},
		ledger.Delivered: {ledger.Paying, ledger.Paid, ledger.Delivered},
		ledger.Refunding: {ledger.Paying, ledger.Paid, ledger.Refunding}, ledger.Reversing: {ledger.Paying, ledger.Reversing},
		ledger.Cancelled: {ledger.Paying, ledger.Reversing, ledger.Cancelled}, ledger.Failed: {ledger.Failed},
		ledger.Disputed: {ledger.Paying, ledger.Disputed},
	}
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for _, from := range ledger.States() {
			for _, to := range append(ledger.States(), "unheard-of") {
				o := move(t, l, create(t, l, wish(fmt.Sprintf("%s-%s", from, to))), ways[from]...)
				after := o
				if after.State, after.DueAt = to, noon.Add(lease); to.Ended() {
					after.DueAt = time.Time{}
				}
				got, err := l.Advance(t.Context(), o, after)
				if may := ledger.Purchase.Allows(from, to) || from == to && !from.Ended(); may != (err == nil) {
					t.Errorf("from %s to %s: %v", from, to, err)
				}
				if err == nil && (got.Version != o.Version+1 || got.State != to) {
					t.Errorf("from %s to %s: %+v", from, to, got)
				}
				if delivered := !got.DeliveredAt.IsZero(); delivered != (from == ledger.Delivered || got.State == ledger.Delivered) {
					t.Errorf("from %s to %s: delivered at %s", from, to, got.DeliveredAt)
				}
			}
		}
	})
}

func TestAChangeMustBeBasedOnTheLatest(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)}
		o := create(t, servers[0], wish("b1"))
		var won, lost int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				after := o
				after.State = ledger.Paying
				_, err := servers[i%2].Advance(t.Context(), o, after)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case errors.Is(err, ledger.ErrConflict):
					lost++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won != 1 || lost != 7 {
			t.Errorf("%d took it, %d were refused", won, lost)
		}
		if history, err := servers[0].History(t.Context(), "b1"); err != nil || len(history) != 2 {
			t.Errorf("%+v, %v", history, err)
		}
	})
}

func TestWritesThatShareACommitFailAlone(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		stale := create(t, l, wish("stale"))
		move(t, l, stale, ledger.Paying)
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				if i%3 == 0 {
					after := stale
					after.State = ledger.Failed
					if _, err := l.Advance(t.Context(), stale, after); !errors.Is(err, ledger.ErrConflict) {
						t.Errorf("a stale change: %v", err)
					}
					return
				}
				if _, created, err := l.Create(t.Context(), wish(fmt.Sprintf("b%03d", i))); err != nil || !created {
					t.Errorf("create: %t, %v", created, err)
				}
			})
		}
		all.Wait()
		if list, err := l.OpenOrders(t.Context(), 1000); err != nil || len(list) != 1+66 {
			t.Errorf("%d orders, %v", len(list), err)
		}
	})
}

func TestPlayersOrdersAreListedInPages(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for i := range 7 {
			create(t, l, wish(fmt.Sprintf("b%d", i)))
		}
		create(t, l, wish("z", func(o *ledger.Order) { o.OpenID = "bob" }))
		create(t, l, wish("y", func(o *ledger.Order) { o.Kind = ledger.Present }))
		var got []string
		before := ""
		for {
			page, err := l.Orders(t.Context(), "alice", before, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page {
				got = append(got, o.BillNo)
				before = o.BillNo
			}
			if len(page) < 3 {
				break
			}
		}
		if strings.Join(got, " ") != "b6 b5 b4 b3 b2 b1 b0" {
			t.Errorf("%v", got)
		}
	})
}

func TestDueOrdersAreClaimedOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)}
		const horizon = time.Hour
		if next, err := servers[0].NextDue(t.Context()); err != nil || !next.IsZero() {
			t.Errorf("nothing is there, and due at %s, %v", next, err)
		}
		for i := range 40 {
			create(t, servers[0], wish(fmt.Sprintf("b%02d", i), func(o *ledger.Order) { o.DueAt = noon.Add(time.Duration(i) * time.Second) }))
		}
		move(t, servers[0], create(t, servers[0], wish("ended")), ledger.Failed)
		if next, err := servers[1].NextDue(t.Context()); err != nil || !next.Equal(noon) {
			t.Errorf("next due at %s, %v", next, err)
		}
		var mu sync.Mutex
		claimed := map[string]int{}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for range 4 {
					list, err := servers[i%2].Claim(t.Context(), noon.Add(29*time.Second), lease, horizon, 3)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					for _, o := range list {
						claimed[o.BillNo]++
						if !o.DueAt.Equal(noon.Add(29*time.Second+lease)) || o.Version != 2 {
							t.Errorf("%+v", o)
						}
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for bill, n := range claimed {
			if n != 1 || bill > "b29" {
				t.Errorf("%s was claimed %d times", bill, n)
			}
		}
		// Whoever has been passed over because somebody held it finds it now.
		rest, err := servers[0].Claim(t.Context(), noon.Add(29*time.Second), lease, horizon, 100)
		if err != nil || len(claimed)+len(rest) != 30 {
			t.Errorf("%d claimed at once and %d later, %v", len(claimed), len(rest), err)
		}
		// The leases are of just now by the database's clock. A server whose clock is two minutes ahead leaves them alone.
		ahead := noon.Add(29*time.Second + lease)
		if got, err := servers[0].Claim(t.Context(), ahead.Add(2*time.Minute), lease, horizon, 100); err != nil || len(got) != 10 {
			t.Errorf("by a clock that is ahead: %d, %v", len(got), err)
		}
		if got, err := servers[0].Claim(t.Context(), ahead.Add(4*time.Minute), lease, horizon, 100); err != nil || len(got) != 30 {
			t.Errorf("after the lease: %d, %v", len(got), err)
		}
		o, err := servers[0].Order(t.Context(), "b05")
		if err != nil || o.Version != 3 {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

func TestOrdersDueAfterEveryHorizonAreTaken(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		create(t, l, wish("soon", func(o *ledger.Order) { o.DueAt = noon.Add(50 * time.Minute) }))
		create(t, l, wish("far", func(o *ledger.Order) { o.DueAt = noon.Add(5 * time.Hour) }))
		create(t, l, wish("parked", func(o *ledger.Order) { o.DueAt, o.Parked = noon.Add(40*time.Hour), true }))
		got, err := l.Claim(t.Context(), noon, lease, time.Hour, 10)
		if err != nil || len(got) != 1 || got[0].BillNo != "far" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestParkedOrdersWaitForTheirPlayer(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		park := func(o *ledger.Order) { o.Parked, o.DueAt = true, noon.Add(47*time.Hour) }
		create(t, l, wish("a1", park))
		create(t, l, wish("a2", park))
		create(t, l, wish("b1", park, func(o *ledger.Order) { o.OpenID = "bob" }))
		create(t, l, wish("c1"))
		if n, err := l.Reclaim(t.Context(), noon, time.Second); err != nil || n != 1 {
			t.Errorf("%d of the others resumed, %v", n, err)
		}
		if n, _, err := l.Unpark(t.Context(), "alice", noon); err != nil || n != 2 {
			t.Errorf("%d unparked, %v", n, err)
		}
		if n, _, err := l.Unpark(t.Context(), "alice", noon); err != nil || n != 0 {
			t.Errorf("%d unparked the second time, %v", n, err)
		}
		due, err := l.Claim(t.Context(), noon, lease, 100*time.Hour, 10)
		if err != nil || len(due) != 3 {
			t.Errorf("%d due, %v", len(due), err)
		}
		for _, o := range due {
			if o.Parked || o.BillNo == "b1" {
				t.Errorf("%+v", o)
			}
		}
	})
}

// A parked order whose time has come is claimed, and its player logs in before the claim has led to anything: nobody
// waits for its end.
func TestAParkedOrderThatIsClaimedIsDueAtOnceWhenItsPlayerLogsIn(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		create(t, l, wish("a1", func(o *ledger.Order) { o.Parked, o.DueAt = true, noon }))
		first, err := l.Claim(t.Context(), noon, lease, time.Hour, 10)
		if err != nil || len(first) != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		if n, _, err := l.Unpark(t.Context(), "alice", noon); err != nil || n != 1 {
			t.Fatalf("%d unparked, %v", n, err)
		}
		if again, err := l.Claim(t.Context(), noon, lease, time.Hour, 10); err != nil || len(again) != 1 || again[0].Version <= first[0].Version {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

func TestARestartDoesNotHastenACallBack(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for now, due := range map[time.Duration]time.Duration{time.Second: 5 * time.Second, 5 * time.Second: 5 * time.Second, 8 * time.Second: 8 * time.Second} {
			bill := "back after " + now.String()
			o := move(t, l, create(t, l, wish(bill, func(o *ledger.Order) { o.DueAt = noon.Add(time.Hour) })), ledger.Paying, ledger.Reversing)
			if n, err := l.Reclaim(t.Context(), o.UpdatedAt.Add(now), 5*time.Second); err != nil || n < 1 {
				t.Errorf("%d resumed, %v", n, err)
			}
			if after, err := l.Order(t.Context(), bill); err != nil || !after.DueAt.Equal(o.UpdatedAt.Add(due)) {
				t.Errorf("restarted %s after the order was called back, due after %s, %v", now, after.DueAt.Sub(o.UpdatedAt), err)
			}
		}
	})
}

// A database server ends a statement that takes too long, so a start with very many open orders must not be one.
func TestVeryManyOrdersAreResumedByAndBy(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		create(t, l, wish("one", func(o *ledger.Order) { o.DueAt = noon.Add(time.Millisecond) }))
		const digits = `(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)`
		db := raw(t, cfg)
		execute(t, db, `INSERT INTO midas_orders (bill_no, kind, openid, zone_id, request_id, item_id, quantity, amount, user_ip, state, version,
			attempts, unsure_since, due_at, parked, code, rid, note, created_at, updated_at, delivered_at)
			SELECT CONCAT('n', i), kind, openid, zone_id, CONCAT('n', i), item_id, quantity, amount, user_ip, state, version,
			attempts, unsure_since, due_at + i / 3, parked, code, rid, note, created_at, updated_at, delivered_at
			FROM midas_orders, (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS i FROM `+digits+` a, `+digits+` b, `+digits+` c, `+digits+` d WHERE d.n < 6) AS numbers`)
		if n, err := l.Reclaim(t.Context(), noon, time.Second); err != nil || n != 6_001 {
			t.Errorf("%d resumed, %v", n, err)
		}
		var due int
		if err := db.QueryRow(fmt.Sprintf(`SELECT COUNT(*) FROM midas_orders WHERE due_at - %d IN (0, 1) AND version > 1`, noon.UnixMilli())).Scan(&due); err != nil || due != 6_001 {
			t.Errorf("%d due, %v", due, err)
		}
	})
}

func TestAnOrderThatCannotBeReadStopsNoOther(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for _, bill := range []string{"good-1", "bad", "good-2"} {
			create(t, l, wish(bill, func(o *ledger.Order) { o.DueAt = noon }))
		}
		execute(t, raw(t, cfg), `UPDATE midas_orders SET state = 'delivered' WHERE bill_no = 'bad'`) // and it is due all the same
		got, err := l.Claim(t.Context(), noon, lease, time.Hour, 10)
		if err == nil || !strings.Contains(err.Error(), "bad has ended as delivered") || len(got) != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := l.Claim(t.Context(), noon, lease, time.Hour, 10); err != nil || len(got) != 0 {
			t.Errorf("at once again: %+v, %v", got, err)
		}
	})
}

// manyFaults is an error that cannot be compared with another.
type manyFaults []string

func (f manyFaults) Error() string { return strings.Join(f, ", ") }

func TestDeliveryInTheSameTransaction(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		insert := `INSERT INTO bag (bill_no) VALUES ('%s')`
		setup := move(t, l, create(t, l, wish("setup")), ledger.Paying, ledger.Paid)
		grant := func(o ledger.Order, f func(ctx context.Context, tx *sql.Tx) error) (ledger.Order, error) {
			after := o
			after.State, after.DueAt, after.UpdatedAt = ledger.Delivered, time.Time{}, noon.Add(time.Minute)
			return l.Deliver(t.Context(), o, after, f)
		}
		if _, err := grant(setup, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE bag (bill_no VARCHAR(64) PRIMARY KEY)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		count := func() (n int) {
			after := move(t, l, create(t, l, wish(fmt.Sprintf("look-%d", time.Now().UnixNano()))), ledger.Paying, ledger.Paid)
			if _, err := grant(after, func(ctx context.Context, tx *sql.Tx) error {
				return tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM bag`).Scan(&n)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}

		o := move(t, l, create(t, l, wish("b1")), ledger.Paying, ledger.Paid)
		full := errors.New("bag full")
		for name, bad := range map[string]func(ctx context.Context, tx *sql.Tx) error{
			"an error": func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, fmt.Sprintf(insert, o.BillNo))
				return errors.Join(full, err)
			},
			"a panic": func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, fmt.Sprintf(insert, o.BillNo)); err != nil {
					return err
				}
				panic("oops")
			},
			"a broken statement": func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO nowhere VALUES (1)`)
				return err
			},
			"an error that cannot be compared": func(context.Context, *sql.Tx) error { return manyFaults{"one", "two"} },
			"a transaction that it has undone": func(_ context.Context, tx *sql.Tx) error { return tx.Rollback() },
			"a broken statement that it says nothing of": func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO nowhere VALUES (1)`)
				if err != nil && cfg.Driver == "postgres" { // which then commits nothing any more
					return nil
				}
				return err
			},
		} {
			got, err := grant(o, bad)
			if err == nil || !same(got, o) || !strings.Contains(err.Error(), "b1") || errors.Is(err, ledger.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
			var panicked *ledger.PanicError
			if name == "an error" && !errors.Is(err, full) || errors.As(err, &panicked) != (name == "a panic") {
				t.Errorf("%s: %v", name, err)
			}
			if stored, err := l.Order(t.Context(), "b1"); err != nil || stored.State != ledger.Paid || stored.Version != o.Version {
				t.Errorf("after %s: %+v, %v", name, stored, err)
			}
		}
		if n := count(); n != 0 {
			t.Errorf("%d items granted that were not", n)
		}
		got, err := grant(o, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(insert, o.BillNo))
			return err
		})
		if err != nil || got.State != ledger.Delivered || got.DeliveredAt.IsZero() || count() != 1 {
			t.Errorf("%+v, %v", got, err)
		}
		// A delivery that lost a race does not run at all.
		ran := false
		_, err = grant(o, func(context.Context, *sql.Tx) error { ran = true; return nil })
		if !errors.Is(err, ledger.ErrConflict) || ran {
			t.Errorf("the second time: %v, ran: %t", err, ran)
		}
	})
}

func TestHistoryCannotBeRewritten(t *testing.T) {
	for _, driver := range []string{"sqlite", "postgres"} { // MySQL wants a privilege for triggers that hosts often lack
		t.Run(driver, func(t *testing.T) {
			l := ledgertest.Open(t, ledgertest.Fresh(t, driver))
			o := move(t, l, create(t, l, wish("b1")), ledger.Paying, ledger.Paid)
			after := o
			after.State, after.DueAt = ledger.Delivered, time.Time{}
			_, err := l.Deliver(t.Context(), o, after, func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `UPDATE midas_history SET note = 'nothing happened'`)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "never changed") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestHistoryTellsTheWholeStory(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.Fresh(t, "sqlite"))
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		o, created, err := l.Create(t.Context(), wish(fmt.Sprintf("b%d", n)))
		if err != nil || !created {
			r.Fatalf("%t, %v", created, err)
		}
		walked := []ledger.State{o.State}
		for range rapid.IntRange(0, 8).Draw(r, "steps") {
			next := slices.DeleteFunc(ledger.States(), func(to ledger.State) bool {
				return !o.Kind.Allows(o.State, to) && (to != o.State || o.State.Ended())
			})
			if len(next) == 0 {
				break
			}
			after := o
			after.State = rapid.SampledFrom(next).Draw(r, "next")
			if after.DueAt = noon; after.State.Ended() {
				after.DueAt = time.Time{}
			}
			if o, err = l.Advance(t.Context(), o, after); err != nil {
				r.Fatal(err)
			}
			walked = append(walked, o.State)
		}
		history, err := l.History(t.Context(), o.BillNo)
		if err != nil || len(history) != len(walked) {
			r.Fatalf("%d lines for %d steps, %v", len(history), len(walked), err)
		}
		for i, h := range history {
			if h.To != walked[i] || h.Version != int64(i+1) || i > 0 && h.From != walked[i-1] {
				r.Fatalf("line %d is %+v", i, h)
			}
		}
	})
}

func TestWritesThatCommitAreCounted(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		before, _ := l.Written()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				bill := fmt.Sprintf("b%d", i)
				create(t, l, wish(bill, func(o *ledger.Order) { o.RequestID = "r-" + bill }))
			})
		}
		all.Wait()
		writes, commits := l.Written()
		if writes-before != 50 || commits < 1 || commits > writes {
			t.Errorf("%d writes in %d transactions", writes-before, commits)
		}
		if _, err := l.Resolve(t.Context(), "b1", decision(ledger.Delivered)); err == nil {
			t.Error("an open order was settled")
		}
		if after, _ := l.Written(); after != writes {
			t.Error("a write that was refused is counted")
		}
	})
}

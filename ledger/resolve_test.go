package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// decision is an operator's, a minute after noon.
func decision(as ledger.State) ledger.Resolution {
	return ledger.Resolution{As: as, Why: "ticket 4711: 玩家已收到", Who: "anna", At: noon.Add(time.Minute)}
}

func TestAnOperatorSettlesADisputedOrder(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for _, as := range []ledger.State{ledger.Delivered, ledger.Cancelled} {
			bill := "b-" + string(as)
			disputed := move(t, l, create(t, l, wish(bill)), ledger.Paying, ledger.Paid, ledger.Disputed)
			if disputed.Settled() {
				t.Error("a disputed order counts as settled")
			}
			o, err := l.Resolve(t.Context(), bill, decision(as))
			if err != nil {
				t.Fatal(err)
			}
			got, err := ledgertest.Open(t, cfg).Trace(t.Context(), bill)
			if err != nil || !same(got.Order, o) || got.State != as || !got.Settled() || got.Version != disputed.Version+1 {
				t.Errorf("%+v, %v\nwant %+v", got.Order, err, o)
			}
			if delivered := !got.DeliveredAt.IsZero(); delivered != (as == ledger.Delivered) {
				t.Errorf("as %s: delivered at %s", as, got.DeliveredAt)
			}
			last := got.Events[len(got.Events)-1]
			if last.Who != "operator anna" || last.From != ledger.Disputed || last.To != as || !last.At.Equal(noon.Add(time.Minute)) ||
				!strings.Contains(last.Note, "ticket 4711: 玩家已收到") {
				t.Errorf("%+v", last)
			}
			// Nobody works on it, and nobody decides it twice.
			claimed, err := l.Claim(t.Context(), noon.Add(100*time.Hour), lease, time.Hour, 10)
			if err != nil || len(claimed) != 0 {
				t.Errorf("%+v, %v", claimed, err)
			}
			_, err = l.Resolve(t.Context(), bill, decision(ledger.Cancelled))
			if !errors.Is(err, ledger.ErrNotDisputed) || !strings.Contains(err.Error(), "settled already, as "+string(as)) {
				t.Errorf("decided twice: %v", err)
			}
		}
		a, err := l.Account(t.Context(), "alice", "1")
		if err != nil || a.Settled != 120 || a.Kept != 0 || a.GivenBack != 0 || a.Open != 0 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestOnlyDisputedOrdersAreAnOperatorsToSettle(t *testing.T) {
	ways := map[ledger.State][]ledger.State{
		ledger.Created: {}, ledger.Paying: {ledger.Paying}, ledger.Paid: {ledger.Paying, ledger.Paid},
		ledger.Delivered: {ledger.Paying, ledger.Paid, ledger.Delivered},
		ledger.Refunding: {ledger.Paying, ledger.Paid, ledger.Refunding}, ledger.Reversing: {ledger.Paying, ledger.Reversing},
		ledger.Cancelled: {ledger.Paying, ledger.Reversing, ledger.Cancelled}, ledger.Failed: {ledger.Failed},
	}
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for state, way := range ways {
			o := move(t, l, create(t, l, wish("b-"+string(state))), way...)
			_, err := l.Resolve(t.Context(), o.BillNo, decision(ledger.Cancelled))
			var refused *ledger.NotDisputedError
			if !errors.As(err, &refused) || !errors.Is(err, ledger.ErrNotDisputed) || refused.Order.State != state {
				t.Fatalf("%s: %v", state, err)
			}
			working := strings.Contains(err.Error(), "still worked on")
			if !strings.Contains(err.Error(), o.BillNo) || !strings.Contains(err.Error(), string(state)) || working == state.Ended() {
				t.Errorf("%s: %v", state, err)
			}
			if now, err := l.Order(t.Context(), o.BillNo); err != nil || !same(now, o) {
				t.Errorf("%s: changed to %+v, %v", state, now, err)
			}
		}
		if _, err := l.Resolve(t.Context(), "unheard-of", decision(ledger.Cancelled)); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("no such order: %v", err)
		}
	})
}

func TestADecisionHasAStateAReasonAndAName(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.Fresh(t, "sqlite"))
	disputed := move(t, l, create(t, l, wish("b1")), ledger.Paying, ledger.Disputed)
	for name, c := range map[string]struct {
		change func(*ledger.Resolution)
		want   string
	}{
		"another state":  {func(r *ledger.Resolution) { r.As = ledger.Failed }, `"failed"`},
		"no reason":      {func(r *ledger.Resolution) { r.Why = "  " }, "reason is missing"},
		"a long reason":  {func(r *ledger.Resolution) { r.Why = strings.Repeat("x", 501) }, "500"},
		"a broken one":   {func(r *ledger.Resolution) { r.Why = "a\x00b" }, "printed"},
		"nobody":         {func(r *ledger.Resolution) { r.Who = "" }, "name is missing"},
		"no UTF-8":       {func(r *ledger.Resolution) { r.Who = "\xff" }, "printed"},
		"an endless one": {func(r *ledger.Resolution) { r.Who = strings.Repeat("x", 101) }, "100"},
	} {
		r := decision(ledger.Delivered)
		c.change(&r)
		if _, err := l.Resolve(t.Context(), "b1", r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now, err := l.Order(t.Context(), "b1"); err != nil || !same(now, disputed) {
		t.Errorf("%+v, %v", now, err)
	}
}

func TestARefundIsSettledByTakingNote(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		move(t, l, create(t, l, wish("b1", func(o *ledger.Order) { o.Kind, o.OfTrade = ledger.Refund, "t1" })), ledger.Disputed)
		if _, err := l.Resolve(t.Context(), "b1", decision(ledger.Cancelled)); err == nil || !strings.Contains(err.Error(), "money has gone back") {
			t.Errorf("%v", err)
		}
		if o, err := l.Resolve(t.Context(), "b1", decision(ledger.Delivered)); err != nil || o.State != ledger.Delivered {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

func TestOfTwoOperatorsOneDecides(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		servers := []*ledger.Ledger{ledgertest.Open(t, cfg), ledgertest.Open(t, cfg)}
		move(t, servers[0], create(t, servers[0], wish("b1")), ledger.Paying, ledger.Disputed)
		var mu sync.Mutex
		var all sync.WaitGroup
		decided := 0
		for i := range 8 {
			all.Go(func() {
				_, err := servers[i%2].Resolve(t.Context(), "b1", decision([]ledger.State{ledger.Delivered, ledger.Cancelled}[i/2%2]))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					decided++
				} else if !errors.Is(err, ledger.ErrNotDisputed) && !errors.Is(err, ledger.ErrConflict) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := servers[0].Trace(t.Context(), "b1")
		if err != nil || decided != 1 || len(got.Events) != 4 {
			t.Errorf("%d decided, %+v, %v", decided, got.Events, err)
		}
	})
}

// Writes that come together share a transaction, and one of them that is refused is no reason to undo the others.
func TestARefusedDecisionUndoesNobodyElsesWrite(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		create(t, l, wish("open"))
		move(t, l, create(t, l, wish("refund", func(o *ledger.Order) { o.Kind, o.OfTrade, o.RequestID = ledger.Refund, "t1", "r-refund" })), ledger.Disputed)
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				bill := fmt.Sprintf("b%d", i)
				if _, _, err := l.Create(t.Context(), wish(bill, func(o *ledger.Order) { o.RequestID = "r-" + bill })); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := l.Resolve(t.Context(), "open", decision(ledger.Delivered)); !errors.Is(err, ledger.ErrNotDisputed) {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := l.Resolve(t.Context(), "refund", decision(ledger.Cancelled)); !errors.Is(err, ledger.ErrBadResolution) {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

package payment

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// An outage is the host's failure of several orders of several players in a row, and of nothing less.
func TestWhatIsAnOutageOfTheHost(t *testing.T) {
	type said struct {
		bill, player string
		err          error
		last         bool
	}
	away := errors.New("away")
	for name, c := range map[string]struct {
		said []said
		out  bool
	}{
		"one order, again and again":   {[]said{{"b1", "alice", away, false}, {"b1", "alice", away, false}, {"b1", "alice", away, false}, {"b1", "alice", away, true}}, false},
		"three orders of one player":   {[]said{{"b1", "alice", away, false}, {"b2", "alice", away, false}, {"b3", "alice", away, true}}, false},
		"two orders of two players":    {[]said{{"b1", "alice", away, false}, {"b2", "bob", away, false}}, false},
		"the last try of one of two":   {[]said{{"b1", "alice", away, false}, {"b2", "bob", away, false}, {"b1", "alice", away, true}}, true},
		"three orders of two players":  {[]said{{"b1", "alice", away, false}, {"b2", "bob", away, false}, {"b3", "bob", away, false}}, true},
		"a success between them":       {[]said{{"b1", "alice", away, false}, {"b2", "bob", nil, false}, {"b3", "bob", away, false}, {"b4", "carol", away, false}}, false},
		"a refusal is an answer":       {[]said{{"b1", "alice", away, false}, {"b2", "bob", ErrRefuse, false}, {"b3", "bob", away, false}, {"b4", "carol", away, false}}, false},
		"a success ends it":            {[]said{{"b1", "alice", away, false}, {"b2", "bob", away, false}, {"b3", "carol", away, false}, {"b4", "dave", nil, false}}, false},
		"a stop says nothing":          {[]said{{"b1", "alice", ErrClosing, false}, {"b2", "bob", ErrClosing, false}, {"b3", "carol", ErrClosing, false}}, false},
		"the last try after a success": {[]said{{"b1", "alice", away, false}, {"b2", "bob", nil, false}, {"b1", "alice", away, true}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			till := &Till{cfg: Config{Now: time.Now}, rules: rules{tries: 4}, deliveriesOut: newOutage(slog.New(slog.DiscardHandler), "deliver", time.Second)}
			var err error
			for _, s := range c.said {
				o := ledger.Order{BillNo: s.bill, OpenID: s.player, Kind: ledger.Purchase}
				if s.last {
					o.Attempts = 3
				}
				err = till.heard(o, s.err)
				if s.err != nil && !errors.Is(err, s.err) || s.err == nil && err != nil {
					t.Errorf("%v became %v", s.err, err)
				}
			}
			if out := !till.deliveriesOut.began().IsZero(); out != c.out {
				t.Errorf("an outage: %t", out)
			}
			if _, isAway := errors.AsType[*HostAwayError](err); isAway != c.out {
				t.Errorf("the last order heard %v", err)
			}
		})
	}
}

// While it lasts few orders try, those first that have not failed in it, and the wait between tries is bounded.
func TestFewOrdersTryWhetherAnOutageIsOver(t *testing.T) {
	var log strings.Builder
	u := newOutage(slog.New(slog.NewTextHandler(&log, nil)), "deliver", 10*time.Second)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	order := func(n int) ledger.Order {
		return ledger.Order{BillNo: fmt.Sprint("b", n), OpenID: fmt.Sprint("p", n), Kind: ledger.Purchase, State: ledger.Paid}
	}
	for n := range outageOrders {
		if err := u.mayTry(order(n), now); err != nil {
			t.Fatal(err)
		}
		_ = u.fails(order(n), false, errors.New("away"), now)
	}
	held := u.mayTry(order(0), now)
	away, ok := errors.AsType[*HostAwayError](held)
	if !ok || away.After != probeFirst || !away.Since.Equal(now) || !strings.Contains(away.Error(), "away") {
		t.Fatalf("%+v", held)
	}
	for n := range outageProbes {
		if err := u.mayTry(order(100+n), now); err != nil {
			t.Errorf("a new order may not try: %v", err)
		}
	}
	if u.mayTry(order(200), now) == nil {
		t.Error("a third may try beside two")
	}
	tried, last := 0, now
	for end := now.Add(50 * time.Minute); now.Before(end); now = now.Add(100 * time.Millisecond) {
		if u.mayTry(order(0), now) == nil {
			tried++
			if wait := now.Sub(last); wait > probeMax+15*time.Second { // the probes before never answered
				t.Errorf("nobody tried for %s", wait)
			}
			last = now
			_ = u.fails(order(0), false, errors.New("away"), now)
		}
	}
	if tried < 50*60/6 || tried > 50*60/4 {
		t.Errorf("%d tries in 50 minutes", tried)
	}
	for n := range 2 * outageMemory {
		_ = u.mayTry(order(1000+n), now)
	}
	if len(u.failed) > outageMemory || len(u.probes) > outageProbes {
		t.Errorf("%d orders are remembered, %d try", len(u.failed), len(u.probes))
	}
	if errors.As(u.mayTry(order(0), now), &away) && away.After > outagePaced {
		t.Errorf("an order waits for %s", away.After)
	}
	u.succeeds(now)
	if err := u.mayTry(order(0), now); err != nil || !u.began().IsZero() || len(u.failed) != 0 {
		t.Errorf("after it was over: %v", err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 {
		t.Errorf("%d lines: %s", lines, log.String())
	}
}

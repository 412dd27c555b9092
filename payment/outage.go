package payment

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

const (
	// outageOrders and outagePlayers are how many different orders, of how many different players, have to fail with no
	// delivery that succeeds between them for that to be taken for the host's failure and not theirs. outageHint of each
	// are enough for an order to be spared its last try.
	outageOrders, outagePlayers, outageHint = 3, 2, 2
	// outageMemory bounds the orders that an outage remembers.
	outageMemory = 1500
	// outageProbes is how many deliveries may try at once whether it is over; probeFirst and probeMax are the waits
	// between tries of orders that have failed in it before.
	outageProbes         = 2
	probeFirst, probeMax = time.Second, 5 * time.Second
	// An order waits outagePace for every order that waits, so that not all come at once, and a tenth of what the outage
	// has lasted, so that its history does not grow with every second: outageRest for that at most, and after hours a
	// thousandth, outageSlow at most.
	outagePace, outagePaced = 20 * time.Millisecond, 30 * time.Second
	outageRest, outageSlow  = 5 * time.Second, time.Minute
)

// outage tells a host that fails everybody (its own database is down) from an order that cannot be delivered. While it
// lasts, no try is counted: orders wait, a few of them try whether it is over, and the first that succeeds ends it. It
// is in memory: after a restart, or on another server, it is found out anew, at the cost of a try for each of the first
// orders.
//
//	nobody's fault ── outageOrders orders of outagePlayers players fail ──> the host's fault: tries do not count
//	       ^                                                                     │
//	       └───────────── any delivery succeeds or is refused ───────────────────┘
type outage struct {
	log  *slog.Logger
	what string        // that the host does
	life time.Duration // of a probe

	mu      sync.Mutex
	failed  map[string]string    // those that failed since the last success: player by bill number; outageMemory at most
	probes  map[string]time.Time // those that try now, by bill number, and since when; outageProbes at most
	since   time.Time            // when the outage began; zero: there is none
	wait    time.Duration        // between probes
	next    time.Time            // when an order that has failed in it may try again
	looked  time.Time            // when another server was last looked at for an end
	because error
}

func newOutage(log *slog.Logger, what string, timeout time.Duration) *outage {
	return &outage{log: log, what: what, life: timeout + 5*time.Second, failed: map[string]string{}, probes: map[string]time.Time{}}
}

// HostAwayError says that the host fails everybody, so that an order waits and its tries do not count.
type HostAwayError struct {
	// What the host does not do, and since when.
	What  string
	Since time.Time
	// After is when to try again.
	After time.Duration
	// Err is what the host said to this order, or last to another.
	Err error
}

func (e *HostAwayError) Error() string {
	return fmt.Sprintf("payment: the host has failed to %s for everybody since %s, so this is no try: %v", e.What, e.Since.UTC().Format(time.TimeOnly), e.Err)
}

// Unwrap is what the host said.
func (e *HostAwayError) Unwrap() error { return e.Err }

// RetryAfter is when to try again.
func (e *HostAwayError) RetryAfter() time.Duration { return e.After }

// mayTry is nil if an order may be delivered now, or a *HostAwayError. An order that has not failed in this outage
// tries before one that has: it may be those that are at fault.
func (u *outage) mayTry(o ledger.Order, now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.since.IsZero() {
		return nil
	}
	for billNo, at := range u.probes {
		if now.Sub(at) >= u.life || now.Before(at) {
			delete(u.probes, billNo)
		}
	}
	_, before := u.failed[o.BillNo]
	if len(u.probes) < outageProbes && (!before || !now.Before(u.next)) {
		u.probes[o.BillNo] = now
		if before {
			u.next = now.Add(u.wait)
		}
		return nil
	}
	u.remember(o)
	return u.away(now, u.because)
}

// oneThatWaits names an order that has failed in this outage, once a second; "" if there is none.
func (u *outage) oneThatWaits(now time.Time) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.since.IsZero() || now.Sub(u.looked).Abs() < probeFirst {
		return ""
	}
	u.looked = now
	for billNo := range u.failed {
		return billNo
	}
	return ""
}

// fails notes that the host has failed an order. It is err, or a *HostAwayError if that is not the order's fault.
func (u *outage) fails(o ledger.Order, last bool, err error, now time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.probes, o.BillNo)
	u.remember(o)
	players := map[string]struct{}{}
	for _, openid := range u.failed {
		if players[openid] = struct{}{}; len(players) >= outagePlayers {
			break
		}
	}
	switch {
	case !u.since.IsZero():
		u.wait = min(2*u.wait, probeMax)
	case len(u.failed) >= outageOrders && len(players) >= outagePlayers, last && len(u.failed) >= outageHint && len(players) >= outageHint:
		u.since, u.wait, u.next = now, probeFirst, now.Add(probeFirst)
		u.log.Error("midas: the host fails to "+u.what+" for everybody: orders wait, and no tries are counted until it does again",
			"orders", len(u.failed), "error", err)
	default:
		return err
	}
	u.because = err
	return u.away(now, err)
}

// succeeds notes that the host has answered, if only with a refusal, or that another server's has.
func (u *outage) succeeds(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.since.IsZero() {
		u.log.Warn("midas: the host does "+u.what+" again", "after", now.Sub(u.since).Round(time.Second), "orders", len(u.failed))
	}
	clear(u.failed)
	clear(u.probes)
	u.since, u.because = time.Time{}, nil
}

// unanswered ends a probe that did not get as far as the host.
func (u *outage) unanswered(o ledger.Order) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.probes, o.BillNo)
}

// began tells since when there is an outage; zero: there is none.
func (u *outage) began() time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.since
}

// remember notes an order that has failed, or waits. The mutex is held.
func (u *outage) remember(o ledger.Order) {
	if len(u.failed) < outageMemory {
		u.failed[o.BillNo] = o.OpenID
	}
}

// away is what an order hears that has to wait. The mutex is held.
func (u *outage) away(now time.Time, err error) error {
	lasted := now.Sub(u.since)
	rest := max(min(max(lasted/10, probeFirst), outageRest), min(lasted/1000, outageSlow))
	return &HostAwayError{
		What: u.what, Since: u.since, Err: err,
		After: max(rest, min(time.Duration(len(u.failed))*outagePace, outagePaced)),
	}
}

// hostOf is what is known of the part of the host's that an order needs.
func (t *Till) hostOf(o ledger.Order) *outage {
	switch o.Kind {
	case ledger.Refund:
		return t.refundsOut
	case ledger.Credit:
		return t.creditsOut
	default:
		return t.deliveriesOut
	}
}

// hostAway is a *HostAwayError if an order has to wait until the host delivers again.
func (t *Till) hostAway(o ledger.Order) error { return t.hostOf(o).mayTry(o, t.cfg.Now()) }

// endOutagesElsewhere ends an outage of which another server has delivered an order. This one may have no order left to
// try with.
func (t *Till) endOutagesElsewhere(ctx context.Context) {
	if !t.cfg.Shared {
		return
	}
	for _, host := range []*outage{t.deliveriesOut, t.refundsOut, t.creditsOut} {
		if billNo := host.oneThatWaits(t.cfg.Now()); billNo != "" {
			if o, err := t.cfg.Ledger.Order(ctx, billNo); err == nil && o.State == ledger.Delivered {
				host.succeeds(t.cfg.Now())
			}
		}
	}
}

// heard is the host's answer to an order, as it counts: what fails everybody is a *HostAwayError.
func (t *Till) heard(o ledger.Order, err error) error {
	now := t.cfg.Now()
	switch outcome := deliveryOutcome(err); outcome {
	case "granted", "refused":
		t.hostOf(o).succeeds(now)
	case "stopping":
		t.hostOf(o).unanswered(o)
	default:
		err = t.hostOf(o).fails(o, o.Attempts+1 >= t.rules.tries, err, now)
	}
	return err
}

package payment

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Stats is what a till has done since it was made, and what it has to do.
type Stats struct {
	// Waiting jobs of players have no worker yet, Running ones have; MaxWaiting and MaxRunning bound them.
	Waiting, Running, MaxWaiting, MaxRunning int
	// Reached counts how often an order came to be in a state.
	Reached map[Arrival]int64
	// PutOff counts how often an order was left to be worked on later, in the state it is in.
	PutOff map[Delay]int64
	// Deliveries counts what the host answered.
	Deliveries map[Delivery]int64
	// DeliveriesOut, RefundsOut and CreditsOut tell since when the host has failed to deliver, or to take note of refunds
	// or recharges, for everybody; zero: it does not.
	DeliveriesOut, RefundsOut, CreditsOut time.Time
	// LagOfReport is the time from a client's report of a recharge to its coins, LagOfOffer that from the offer, of
	// recharges that nobody had reported to this server.
	LagOfReport, LagOfOffer midas.Durations
	// Starved counts the times that the till could not go on because the ledger did not answer.
	Starved int64
	// LandedLate counts the deductions that landed after their orders had been cancelled, and were given back or
	// delivered.
	LandedLate int64
	// Audit is the last audit that came to its end; nil: there was none.
	Audit *AuditStats
}

// Arrival is an order's coming into a state.
type Arrival struct {
	Kind  ledger.Kind
	State ledger.State
}

// Delay says in which state an order was put off, and why: "no_answer" (the call is repeated), "not_sent" (it could not
// be made), "login" (the player has to log in).
type Delay struct {
	State ledger.State
	Why   string
}

// Delivery is a host's answer: "granted", "refused", "failed", "panicked", "timeout" or "stopping".
type Delivery struct {
	Kind    ledger.Kind
	Outcome string
}

// AuditStats sums an audit up.
type AuditStats struct {
	At               time.Time
	Orders, Accounts int
	// Compared and Unchecked are accounts and goods that Midas was asked about, or could not be.
	Compared, Unchecked int
	// Differences are without orders that are disputed and no more: those are counted by themselves.
	Differences int
}

// Stats tells what the till has done. It takes no more than a mutex that is never held across a call.
func (t *Till) Stats() Stats {
	s := Stats{
		MaxWaiting: t.lanes.maxWaiting + t.lanes.maxDue, MaxRunning: t.lanes.maxRunning,
		DeliveriesOut: t.deliveriesOut.began(), RefundsOut: t.refundsOut.began(), CreditsOut: t.creditsOut.began(),
		Reached: read(t.stats.arrivals), PutOff: read(t.stats.delays), Deliveries: read(t.stats.deliveries),
		LagOfReport: t.stats.lagOfReport.Durations(), LagOfOffer: t.stats.lagOfOffer.Durations(),
		Starved: t.stats.starved.Load(), LandedLate: t.stats.landedLate.Load(), Audit: t.stats.audited.Load(),
	}
	s.Waiting, s.Running = t.lanes.load()
	return s
}

func read[K comparable](counts map[K]*atomic.Int64) map[K]int64 {
	now := make(map[K]int64, len(counts))
	for key, n := range counts {
		now[key] = n.Load()
	}
	return now
}

// load tells how many jobs wait and run.
func (l *lanes) load() (waiting, running int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting[fresh] + l.waiting[due], l.running[fresh] + l.running[due]
}

// maxReported bounds the recharges whose report is remembered until their coins come.
const maxReported = 10_000

// stats counts. The maps are never written to after newStats, so that counting takes no lock.
type stats struct {
	arrivals                map[Arrival]*atomic.Int64
	delays                  map[Delay]*atomic.Int64
	deliveries              map[Delivery]*atomic.Int64
	lagOfReport, lagOfOffer *midas.Histogram
	starved                 atomic.Int64
	landedLate              atomic.Int64
	audited                 atomic.Pointer[AuditStats]

	mu      sync.Mutex
	reports map[[2]string]time.Time // by openid and request id; maxReported at most
}

const (
	noAnswer = "no_answer"
	unsent   = "not_sent"
	login    = "login"
)

func newStats() *stats {
	lags := []time.Duration{
		time.Second, 3 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 3 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
	}
	s := &stats{
		arrivals: map[Arrival]*atomic.Int64{}, delays: map[Delay]*atomic.Int64{}, deliveries: map[Delivery]*atomic.Int64{},
		lagOfReport: midas.NewHistogram(lags...), lagOfOffer: midas.NewHistogram(lags...), reports: map[[2]string]time.Time{},
	}
	for _, state := range ledger.States() {
		for _, kind := range ledger.Kinds() {
			s.arrivals[Arrival{kind, state}] = new(atomic.Int64)
		}
		for _, why := range []string{noAnswer, unsent, login} {
			if !state.Ended() {
				s.delays[Delay{state, why}] = new(atomic.Int64)
			}
		}
	}
	for _, kind := range []ledger.Kind{ledger.Purchase, ledger.Goods, ledger.Refund, ledger.Credit} {
		for _, outcome := range []string{"granted", "refused", "failed", "panicked", "timeout", "stopping"} {
			s.deliveries[Delivery{kind, outcome}] = new(atomic.Int64)
		}
	}
	return s
}

// add counts, unless what is to be counted is a newer version's.
func add[K comparable](counts map[K]*atomic.Int64, key K) {
	if n := counts[key]; n != nil {
		n.Add(1)
	}
}

// reached counts that an order has come into its state.
func (s *stats) reached(o ledger.Order) { add(s.arrivals, Arrival{o.Kind, o.State}) }

// made counts an order that is new. It begins in Created, though it may be stored in Paying at once.
func (s *stats) made(o ledger.Order) {
	if o.State == ledger.Paying && o.Kind != ledger.Goods {
		add(s.arrivals, Arrival{o.Kind, ledger.Created})
	}
	s.reached(o)
}

// delivered counts the host's answer.
func (s *stats) delivered(o ledger.Order, err error) {
	add(s.deliveries, Delivery{o.Kind, deliveryOutcome(err)})
}

// failed counts an error if it is the ledger's failure to answer.
func (s *stats) failed(err error) {
	if errors.Is(err, ledger.ErrUnavailable) {
		s.starved.Add(1)
	}
}

// stored counts what a decision that is on disk means.
func (s *stats) stored(before, after ledger.Order, waits bool) {
	if before.State != after.State {
		s.reached(after)
	}
	switch {
	case after.State.Ended():
	case after.Parked:
		add(s.delays, Delay{after.State, login})
	case waits && after.Attempts > before.Attempts:
		add(s.delays, Delay{after.State, noAnswer})
	case waits && after.State == before.State:
		add(s.delays, Delay{after.State, unsent})
	}
}

func deliveryOutcome(err error) string {
	_, panicked := errors.AsType[*ledger.PanicError](err)
	switch {
	case err == nil:
		return "granted"
	case errors.Is(err, ErrRefuse):
		return "refused"
	case errors.Is(err, ErrClosing):
		return "stopping"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case panicked:
		return "panicked"
	default:
		return "failed"
	}
}

// reported remembers when a client first said that it paid.
func (s *stats) reported(r ledger.Recharge) {
	if r.State != ledger.RechargePending {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]string{r.OpenID, r.RequestID}
	if _, again := s.reports[key]; again {
		return
	}
	if len(s.reports) >= maxReported {
		for one := range s.reports { // whichever: this is for a figure
			delete(s.reports, one)
			break
		}
	}
	s.reports[key] = r.UpdatedAt
}

// credited counts how long coins took to come.
func (s *stats) credited(r ledger.Recharge, now time.Time) {
	s.mu.Lock()
	key := [2]string{r.OpenID, r.RequestID}
	at, known := s.reports[key]
	delete(s.reports, key)
	s.mu.Unlock()
	if known {
		s.lagOfReport.Add(max(0, now.Sub(at)))
	} else {
		s.lagOfOffer.Add(max(0, now.Sub(r.CreatedAt)))
	}
}

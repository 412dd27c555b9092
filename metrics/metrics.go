// Package metrics shows a plugin to Prometheus:
//
//	prometheus.MustRegister(metrics.New(pay.Plugin))
//	http.Handle("/metrics", promhttp.Handler())
//
// Everything is counted whether anybody looks or not; a scrape reads memory. What only the ledger knows, the open
// orders, is read on the scraper's own goroutine, for a second at most, and not again for some seconds, so that no
// number of scrapes is a load. Only hosts that import this package link Prometheus.
package metrics

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
	"github.com/leafmidas/leafmidas/plugin"
)

// Plugin is what is shown; *plugin.Plugin is one.
type Plugin interface {
	// Stats reads memory only. ok is false while there is nothing to tell.
	Stats() (s plugin.Stats, ok bool)
	// Paused tells whether an operator has closed the shop.
	Paused() bool
	// OpenOrders, DisputedOrders and CountKeptPushes read the ledger.
	OpenOrders(ctx context.Context) ([]ledger.OpenCount, error)
	DisputedOrders(ctx context.Context) (int64, error)
	CountKeptPushes(ctx context.Context) (int64, error)
}

const (
	// keep is how long the open orders are shown without another look. A look that took long is kept longer, so that
	// looking never takes more than a part in costShare of the time.
	keep      = 5 * time.Second
	costShare = 20
	// lookTime bounds a look: a ledger that does not answer must not hold up the scrape.
	lookTime = time.Second
)

// Collector is a prometheus.Collector. It is safe for concurrent use and owns no goroutine.
type Collector struct {
	plugin Plugin
	now    func() time.Time

	mu    sync.Mutex
	seen  seen
	until time.Time // what was seen is good until then
}

// seen is what a look at the ledger saw.
type seen struct {
	up       bool
	open     []ledger.OpenCount
	disputed int64
	kept     int64
}

var _ prometheus.Collector = (*Collector)(nil)

// New makes a collector. The plugin need not be configured yet; until it is, there are no metrics.
func New(p Plugin) *Collector { return &Collector{plugin: p, now: time.Now} }

// Describe is prometheus.Collector's.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range all {
		to <- d
	}
}

// Collect is prometheus.Collector's.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	s, ok := c.plugin.Stats()
	if !ok {
		return
	}
	w := writer{to}
	for _, e := range s.Calls {
		w.endpoint(e)
	}
	c.token(w, s.Token)
	c.till(w, s.Till)
	w.health(s.Ledger)
	w.count(pushesSent, s.Module.Written)
	w.count(pushesDropped, s.Module.Coalesced, "coalesced")
	w.count(pushesDropped, s.Module.Panicked, "panicked")
	w.count(pushesRemote, s.Module.Remote)
	w.gauge(connections, float64(s.Module.Connections))
	w.gauge(shopPaused, truth(c.plugin.Paused()))
	w.count(notifications, s.Module.PushesTaken, "taken")
	w.count(notifications, s.Module.PushesRefused, "refused")
	w.count(notifications, s.Module.PushesLater, "later")
	if s.Fleet != nil {
		w.gauge(redisUp, truth(s.Fleet.Up))
		w.count(notesPublished, s.Fleet.Published)
		w.count(notesReceived, s.Fleet.Heard)
		w.count(notesDropped, s.Fleet.Dropped)
		w.count(notesRefused, s.Fleet.Refused)
		w.count(remoteWarnings, s.Module.Warned)
	}
	c.ledger(w)
}

func (c *Collector) token(w writer, t midas.TokenStats) {
	w.count(tokenFetches, t.Fetched-t.Failed, "done")
	w.count(tokenFetches, t.Failed, "failed")
	w.count(tokenForced, t.Forced)
	w.count(tokenShared, t.Shared)
	if !t.ObtainedAt.IsZero() {
		w.gauge(tokenAge, c.now().Sub(t.ObtainedAt).Seconds())
	}
}

func (c *Collector) till(w writer, t payment.Stats) {
	w.gauge(queueLength, float64(t.Waiting))
	w.gauge(queueLimit, float64(t.MaxWaiting))
	w.gauge(inFlight, float64(t.Running))
	w.gauge(inFlightLimit, float64(t.MaxRunning))
	for at, n := range t.Reached {
		w.count(orderStates, n, string(at.Kind), string(at.State))
	}
	for d, n := range t.PutOff {
		w.count(retries, n, string(d.State), d.Why)
	}
	for d, n := range t.Deliveries {
		w.count(deliveries, n, string(d.Kind), d.Outcome)
	}
	w.gauge(hostDown, truth(!t.DeliveriesOut.IsZero()), "deliver")
	w.gauge(hostDown, truth(!t.RefundsOut.IsZero()), "refund")
	w.gauge(hostDown, truth(!t.CreditsOut.IsZero()), "recharge")
	w.durations(rechargeLag, t.LagOfReport, "report")
	w.durations(rechargeLag, t.LagOfOffer, "offer")
	w.count(ledgerFailures, t.Starved)
	if t.Audit != nil {
		w.audit(*t.Audit)
	}
}

// health shows what is the matter with the database. Causes are a dozen fixed words.
func (w writer) health(h ledger.Health) {
	if h.Failing {
		w.gauge(ledgerFault, 1, h.Cause)
	}
	for cause, n := range h.Faults {
		w.count(ledgerFaults, n, cause)
	}
}

func (w writer) audit(a payment.AuditStats) {
	w.gauge(auditTime, float64(a.At.UnixMilli())/1000)
	w.gauge(auditDifferences, float64(a.Differences))
	w.gauge(auditCompared, float64(a.Compared))
	w.gauge(auditUnchecked, float64(a.Unchecked))
}

// WriteAudit writes the metrics of an audit that no server has made into a file, as node_exporter's textfile collector
// reads them: the name ends in .prom.
func WriteAudit(path string, a payment.AuditStats) error {
	registry := prometheus.NewRegistry()
	if err := registry.Register(auditOnly(a)); err != nil {
		return err
	}
	return prometheus.WriteToTextfile(path, registry)
}

// auditOnly is a prometheus.Collector of nothing but an audit.
type auditOnly payment.AuditStats

// Describe is prometheus.Collector's.
func (auditOnly) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{auditTime, auditDifferences, auditCompared, auditUnchecked} {
		to <- d
	}
}

// Collect is prometheus.Collector's.
func (a auditOnly) Collect(to chan<- prometheus.Metric) { writer{to}.audit(payment.AuditStats(a)) }

// ledger shows what only the ledger knows.
func (c *Collector) ledger(w writer) {
	s := c.look()
	w.gauge(ledgerUp, truth(s.up))
	if !s.up {
		return
	}
	w.gauge(disputedOrders, float64(s.disputed))
	w.gauge(keptPushes, float64(s.kept))
	oldest := map[[2]string]time.Time{}
	for _, o := range s.open {
		w.gauge(openOrders, float64(o.Orders), string(o.Kind), string(o.State), yes(o.Parked))
		if o.Unpaid() {
			continue
		}
		key := [2]string{string(o.Kind), yes(o.Parked)}
		if at, known := oldest[key]; !known || o.Oldest.Before(at) {
			oldest[key] = o.Oldest
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(oldest), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		w.gauge(oldestOrder, c.now().Sub(oldest[key]).Seconds(), key[0], key[1])
	}
}

// look counts the open orders, or tells what was counted just before. Scrapes that come at once wait for one look.
func (c *Collector) look() seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	begin := c.now()
	if begin.Before(c.until) {
		return c.seen
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	open, err := c.plugin.OpenOrders(ctx)
	disputed, kept := int64(0), int64(0)
	if err == nil {
		disputed, err = c.plugin.DisputedOrders(ctx)
	}
	if err == nil {
		kept, err = c.plugin.CountKeptPushes(ctx)
	}
	end := c.now()
	c.seen, c.until = seen{err == nil, open, disputed, kept}, end.Add(max(keep, costShare*end.Sub(begin)))
	return c.seen
}

// writer sends metrics.
type writer struct{ to chan<- prometheus.Metric }

func (w writer) count(d *prometheus.Desc, n int64, labels ...string) {
	w.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func (w writer) gauge(d *prometheus.Desc, v float64, labels ...string) {
	w.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (w writer) durations(d *prometheus.Desc, h midas.Durations, labels ...string) {
	buckets := make(map[float64]uint64, len(h.Bounds))
	sum := uint64(0)
	for i, bound := range h.Bounds {
		sum += uint64(h.Counts[i])
		buckets[bound.Seconds()] = sum
	}
	sum += uint64(h.Counts[len(h.Bounds)])
	w.to <- prometheus.MustNewConstHistogram(d, sum, h.Sum.Seconds(), buckets, labels...)
}

func (w writer) endpoint(e breaker.Stats) {
	name := string(e.Endpoint)
	w.count(calls, e.Calls[midas.OutcomeOf(nil)], name, "done", "ok")
	for o, n := range e.Calls {
		if o != midas.OutcomeOf(nil) {
			w.count(calls, n, name, o.Kind, o.Code)
		}
	}
	w.count(callsHeldBack, e.Refused, name)
	w.durations(callSeconds, e.Took, name)
	for _, state := range []string{"closed", "half_open", "open"} {
		w.gauge(breakerState, truth(e.State == state), name, state)
	}
	w.gauge(heldBack, truth(e.HeldBack > 0), name)
	w.count(transitions, e.Closed, name, "closed")
	w.count(transitions, e.HalfOpened, name, "half_open")
	w.count(transitions, e.Opened, name, "open")
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

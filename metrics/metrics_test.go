package metrics_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/metrics"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
	"github.com/leafmidas/leafmidas/payment"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// told is a plugin of which everything is known.
type told struct {
	stats  plugin.Stats
	empty  bool // not configured yet
	answer func(ctx context.Context) ([]ledger.OpenCount, error)
	looks  atomic.Int64
}

func (p *told) Paused() bool { return true }

func (p *told) Stats() (plugin.Stats, bool) { return p.stats, !p.empty }

func (p *told) OpenOrders(ctx context.Context) ([]ledger.OpenCount, error) {
	p.looks.Add(1)
	return p.answer(ctx)
}

func (p *told) DisputedOrders(context.Context) (int64, error) { return 3, nil }

func (p *told) CountKeptPushes(context.Context) (int64, error) { return 2, nil }

// everything has a figure for each metric there is.
func everything(now time.Time) *told {
	h := midas.NewHistogram(time.Second, 10*time.Second)
	h.Add(500 * time.Millisecond)
	h.Add(2 * time.Second)
	h.Add(time.Minute)
	return &told{
		stats: plugin.Stats{
			Calls: []breaker.Stats{{
				Endpoint: midas.EndpointPay, State: "open", HeldBack: time.Second, Opened: 2, HalfOpened: 1, Closed: 1, Refused: 7,
				Calls: map[midas.Outcome]int64{{Kind: "done", Code: "ok"}: 40, {Kind: "refused", Code: "90013"}: 5}, Took: h.Durations(),
			}},
			Token: midas.TokenStats{Fetched: 3, Failed: 1, Forced: 1, Shared: 2, ObtainedAt: now.Add(-time.Minute)},
			Till: payment.Stats{
				Waiting: 1, Running: 2, MaxWaiting: 2000, MaxRunning: 200,
				Reached:     map[payment.Arrival]int64{{Kind: ledger.Purchase, State: ledger.Delivered}: 9},
				PutOff:      map[payment.Delay]int64{{State: ledger.Paying, Why: "no_answer"}: 4},
				Deliveries:  map[payment.Delivery]int64{{Kind: ledger.Purchase, Outcome: "granted"}: 9},
				LagOfReport: h.Durations(), LagOfOffer: h.Durations(), Starved: 1,
				Audit: &payment.AuditStats{At: now, Orders: 9, Accounts: 2, Compared: 8, Unchecked: 1, Differences: 2},
			},
			Module: module.Stats{Written: 30, Coalesced: 4, Panicked: 1, Remote: 2, Connections: 5, PushesTaken: 3, PushesRefused: 2, PushesLater: 1, Warned: 6},
			Ledger: ledger.Health{Failing: true, Cause: "read_only", Since: now, Faults: map[string]int64{"read_only": 3, "connection_lost": 1}},
			Fleet:  &module.FleetStats{Up: true, Published: 8, Heard: 7, Dropped: 1},
		},
		answer: func(context.Context) ([]ledger.OpenCount, error) {
			return []ledger.OpenCount{
				{Kind: ledger.Purchase, State: ledger.Paying, Orders: 2, Oldest: now.Add(-time.Hour)},
				{Kind: ledger.Purchase, State: ledger.Paid, Orders: 1, Oldest: now.Add(-time.Minute)},
				{Kind: ledger.Purchase, State: ledger.Paying, Parked: true, Orders: 4, Oldest: now.Add(-48 * time.Hour)},
				{Kind: ledger.Goods, State: ledger.Paying, Orders: 7, Oldest: now.Add(-20 * time.Hour)}, // which nobody has paid for
				{Kind: ledger.Goods, State: ledger.Paid, Orders: 1, Oldest: now.Add(-2 * time.Hour)},
			}, nil
		},
	}
}

// gather is a scrape: its samples by name and labels.
func gather(t *testing.T, p *told) (samples map[string]float64, lint []promlint.Problem) {
	t.Helper()
	return gatherFrom(t, metrics.New(p))
}

func gatherFrom(t *testing.T, c *metrics.Collector) (samples map[string]float64, lint []promlint.Problem) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry() // checks what is collected against what is described
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	samples = map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += "," + l.GetName() + "=" + l.GetValue()
			}
			switch {
			case m.GetCounter() != nil:
				samples[name] = m.GetCounter().GetValue()
			case m.GetGauge() != nil:
				samples[name] = m.GetGauge().GetValue()
			default:
				samples[name] = float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	lint, err = testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	return samples, lint
}

func TestEveryFigureIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples, lint := gather(t, everything(time.Now()))
		for _, problem := range lint {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
		for name, want := range map[string]float64{
			"leafmidas_midas_calls_total,code=ok,endpoint=pay,outcome=done":       40,
			"leafmidas_midas_calls_total,code=90013,endpoint=pay,outcome=refused": 5,
			"leafmidas_midas_call_duration_seconds,endpoint=pay":                  3,
			"leafmidas_ledger_fault,cause=read_only":                              1,
			"leafmidas_ledger_faults_total,cause=read_only":                       3,
			"leafmidas_ledger_faults_total,cause=connection_lost":                 1,
			"leafmidas_midas_calls_held_back_total,endpoint=pay":                  7,
			"leafmidas_breaker_state,endpoint=pay,state=open":                     1,
			"leafmidas_breaker_state,endpoint=pay,state=closed":                   0,
			"leafmidas_breaker_held_back,endpoint=pay":                            1,
			"leafmidas_breaker_transitions_total,endpoint=pay,to=open":            2,
			"leafmidas_token_fetches_total,outcome=done":                          2,
			"leafmidas_token_fetches_total,outcome=failed":                        1,
			"leafmidas_token_forced_refreshes_total":                              1,
			"leafmidas_token_shared_total":                                        2,
			"leafmidas_token_age_seconds":                                         60,
			"leafmidas_order_states_total,kind=purchase,state=delivered":          9,
			"leafmidas_order_retries_total,reason=no_answer,state=paying":         4,
			"leafmidas_open_orders,kind=purchase,parked=no,state=paying":          2,
			"leafmidas_open_orders,kind=purchase,parked=yes,state=paying":         4,
			"leafmidas_oldest_open_order_age_seconds,kind=purchase,parked=no":     3600,
			"leafmidas_oldest_open_order_age_seconds,kind=purchase,parked=yes":    48 * 3600,
			"leafmidas_open_orders,kind=goods,parked=no,state=paying":             7,
			"leafmidas_oldest_open_order_age_seconds,kind=goods,parked=no":        2 * 3600,
			"leafmidas_disputed_orders":                                           3,
			"leafmidas_kept_pushes":                                               2,
			"leafmidas_deliveries_total,kind=purchase,outcome=granted":            9,
			"leafmidas_recharge_lag_seconds,since=report":                         3,
			"leafmidas_queue_length":                                              1,
			"leafmidas_queue_limit":                                               2000,
			"leafmidas_in_flight":                                                 2,
			"leafmidas_in_flight_limit":                                           200,
			"leafmidas_ledger_up":                                                 1,
			"leafmidas_ledger_failures_total":                                     1,
			"leafmidas_audit_differences":                                         2,
			"leafmidas_audit_compared":                                            8,
			"leafmidas_audit_unchecked":                                           1,
			"leafmidas_connections":                                               5,
			"leafmidas_shop_paused":                                               1,
			"leafmidas_pushes_sent_total":                                         30,
			"leafmidas_pushes_dropped_total,reason=coalesced":                     4,
			"leafmidas_pushes_dropped_total,reason=panicked":                      1,
			"leafmidas_pushes_remote_total":                                       2,
			"leafmidas_notifications_total,outcome=taken":                         3,
			"leafmidas_notifications_total,outcome=refused":                       2,
			"leafmidas_notifications_total,outcome=later":                         1,
			"leafmidas_redis_up":                                                  1,
			"leafmidas_cluster_notes_published_total":                             8,
			"leafmidas_cluster_notes_received_total":                              7,
			"leafmidas_cluster_notes_dropped_total":                               1,
			"leafmidas_cluster_breaker_warnings_total":                            6,
			"leafmidas_audit_timestamp_seconds":                                   float64(time.Now().UnixMilli()) / 1000,
			"leafmidas_recharge_lag_seconds,since=offer":                          3,
			"leafmidas_breaker_transitions_total,endpoint=pay,to=half_open":       1,
		} {
			if got, there := samples[name]; !there || got != want {
				t.Errorf("%s is %v (%t), want %v", name, got, there, want)
			}
		}
	})
}

func TestAnAuditOfAnotherProcessIsShownThroughAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.prom")
	at := time.Unix(1_764_000_000, 500_000_000)
	if err := metrics.WriteAudit(path, payment.AuditStats{At: at, Differences: 2, Unchecked: 1}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"leafmidas_audit_timestamp_seconds 1.7640000005e+09", "leafmidas_audit_differences 2", "leafmidas_audit_unchecked 1"} {
		if !strings.Contains(string(text), "\n"+line+"\n") {
			t.Errorf("%s is not in %s", line, text)
		}
	}
}

func TestBeforeThereIsAConfigThereAreNoMetrics(t *testing.T) {
	p := everything(time.Now())
	p.empty = true
	if samples, _ := gather(t, p); len(samples) != 0 || p.looks.Load() != 0 {
		t.Errorf("%v", samples)
	}
}

func TestALedgerThatDoesNotAnswerHoldsNoScrapeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := everything(time.Now())
		p.answer = func(ctx context.Context) ([]ledger.OpenCount, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		c := metrics.New(p)
		began := time.Now()
		samples, _ := gatherFrom(t, c) // two scrapes
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("two scrapes took %s", took)
		}
		if samples["leafmidas_ledger_up"] != 0 || samples["leafmidas_connections"] != 5 {
			t.Errorf("%v", samples)
		}
		if _, there := samples["leafmidas_disputed_orders"]; there {
			t.Error("figures that nobody knows are shown")
		}
		if n := p.looks.Load(); n != 1 {
			t.Errorf("looked %d times", n)
		}
		time.Sleep(25 * time.Second) // a look of a second is good for twenty
		p.answer = func(context.Context) ([]ledger.OpenCount, error) { return nil, nil }
		if samples, _ = gatherFrom(t, c); samples["leafmidas_ledger_up"] != 1 {
			t.Error("it is not seen that the ledger is back")
		}
	})
}

func TestScrapesThatComeTogetherLookOnce(t *testing.T) {
	p := everything(time.Now())
	release := make(chan struct{})
	p.answer = func(context.Context) ([]ledger.OpenCount, error) {
		<-release
		return nil, nil
	}
	c := metrics.New(p)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { c.Collect(make(chan prometheus.Metric, 1000)) })
	}
	close(release)
	all.Wait()
	if n := p.looks.Load(); n != 1 {
		t.Errorf("looked %d times", n)
	}
}

func TestAFailureOfTheLedgerIsNoFigureOfIt(t *testing.T) {
	p := everything(time.Now())
	p.answer = func(context.Context) ([]ledger.OpenCount, error) { return nil, errors.New("no database") }
	if samples, _ := gather(t, p); samples["leafmidas_ledger_up"] != 0 {
		t.Errorf("%v", samples)
	}
}

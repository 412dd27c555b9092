package plugin_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
	"github.com/leafmidas/leafmidas/tracing"
)

// traced is a server whose spans are recorded.
func traced(t *testing.T, change func(*setup)) (*server, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	return start(t, func(set *setup) {
		set.options = append(set.options, plugin.WithTracer(tracing.New(provider)))
		change(set)
	}), recorder
}

// roots are the ended spans of a name that have no parent, the oldest first.
func roots(r *tracetest.SpanRecorder, name string) (found []sdktrace.ReadOnlySpan) {
	for _, s := range r.Ended() {
		if s.Name() == name && !s.Parent().IsValid() {
			found = append(found, s)
		}
	}
	return found
}

// under are the names of all spans of a trace but its root, in the order they began.
func under(r *tracetest.SpanRecorder, root sdktrace.ReadOnlySpan) (names []string) {
	var all []sdktrace.ReadOnlySpan
	for _, s := range r.Ended() {
		if s.SpanContext().TraceID() == root.SpanContext().TraceID() && s.Parent().IsValid() {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	for _, s := range all {
		names = append(names, s.Name())
	}
	return names
}

func attribute(s sdktrace.ReadOnlySpan, key string) string {
	for _, a := range s.Attributes() {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

func TestATraceGoesFromTheMessageToMidasAndTheDelivery(t *testing.T) {
	t.Parallel()
	s, spans := traced(t, func(*setup) {})
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	bought := alice.buy("r1", "sword", 1)

	var root sdktrace.ReadOnlySpan
	eventually(t, "the purchase's span ends", func() bool {
		if all := roots(spans, "midas.purchase"); len(all) == 1 {
			root = all[0]
		}
		return root != nil
	})
	want := []string{"midas.queue", "midas.store", "midas.call.pay", "midas.store", "midas.deliver", "midas.store"}
	if got := under(spans, root); !slices.Equal(got, want) {
		t.Errorf("under it are %v, want %v", got, want)
	}
	if root.SpanKind() != trace.SpanKindServer {
		t.Errorf("it is of kind %v", root.SpanKind())
	}
	for key, value := range map[string]string{
		"midas.bill_no": bought.GetBillNo(), "midas.state": "delivered", "midas.kind": "purchase", "midas.item": "sword",
	} {
		if got := attribute(root, key); got != value {
			t.Errorf("%s is %q, want %q", key, got, value)
		}
	}
	openid := emulator.OpenIDOf("alice")
	if player := attribute(root, "midas.player"); player == "" || len(player) >= len(openid) {
		t.Errorf("the player is %q", player)
	}
	for _, name := range []string{"midas.exchange", "midas.login"} {
		if len(roots(spans, name)) != 1 {
			t.Errorf("%d spans %s", len(roots(spans, name)), name)
		}
	}
	for _, one := range spans.Ended() {
		if strings.HasPrefix(one.Name(), "midas.call.") && (one.SpanKind() != trace.SpanKindClient || attribute(one, "midas.outcome") != "done") {
			t.Errorf("%s: %v, %v", one.Name(), one.SpanKind(), one.Attributes())
		}
	}
}

func TestAnOrderThatIsGoneOnWithBeginsATraceWithItsBillNumber(t *testing.T) {
	t.Parallel()
	var refusals atomic.Int64
	s, spans := traced(t, func(set *setup) {
		set.deliver = func(plugin.Order) error {
			if refusals.Add(1) == 1 {
				return errors.New("the bag is locked")
			}
			return nil
		}
	})
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	alice.ask("r1", "sword", 1)
	bill := alice.delivered("r1").GetBillNo()
	eventually(t, "the resumed span ends", func() bool { return len(roots(spans, "midas.resume")) > 0 })
	resumed := roots(spans, "midas.resume")
	if last := resumed[len(resumed)-1]; attribute(last, "midas.bill_no") != bill || attribute(last, "midas.state") != "delivered" {
		t.Errorf("%v", last.Attributes())
	}
	failed := 0
	for _, one := range spans.Ended() {
		if one.Name() == "midas.deliver" && strings.Contains(one.Status().Description, "the bag is locked") {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d deliveries are told as failed", failed)
	}
}

func TestARefusalOfMidasIsNoFailureOfASpan(t *testing.T) {
	t.Parallel()
	s, spans := traced(t, func(set *setup) { set.config.Timeout = 2 * time.Second })
	s.recharge("alice", 10)
	alice := s.join("alice", overWS)
	alice.ask("r1", "sword", 1)
	if end := alice.result("r1"); end.GetState() == msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
		t.Fatalf("%v", end)
	}
	s.script("pay", emulator.Fault{Kind: emulator.Hang})
	s.recharge("alice", 100)
	alice.ask("r2", "sword", 1)
	alice.delivered("r2")
	var codes, failed []string
	eventually(t, "three calls have ended", func() bool {
		codes, failed = nil, nil
		for _, one := range spans.Ended() {
			if one.Name() == "midas.call.pay" {
				codes = append(codes, attribute(one, "midas.code"))
				if one.Status().Description != "" {
					failed = append(failed, one.Status().Description)
				}
			}
		}
		return len(codes) >= 3
	})
	if codes[0] != "90013" || codes[1] != "timeout" || len(failed) != 1 || !strings.Contains(failed[0], "pay") {
		t.Errorf("codes %v, failed %q", codes, failed)
	}
}

func TestNoSecretIsInASpan(t *testing.T) {
	t.Parallel()
	seen := &spy{}
	s, spans := traced(t, func(set *setup) {
		set.front = seen.before
		set.midas.ErrorSuffix = emulator.SuffixRID
		set.config.Timeout = time.Second
	})
	seen.keep(s.config.AppSecret.Reveal(), s.config.SandboxAppKey.Reveal())
	s.recharge("alice", 200)
	alice := s.join("alice", overWS)
	for i, f := range []emulator.Fault{{Kind: emulator.Hang}, {Kind: emulator.Fail}, {Kind: emulator.Cut}} {
		s.script("pay", f)
		alice.ask(number("r", i), "sword", 1)
		alice.delivered(number("r", i))
	}
	s.stop()
	all := tracetest.SpanStubsFromReadOnlySpans(spans.Ended())
	if len(all) < 20 {
		t.Fatalf("%d spans", len(all))
	}
	text := fmt.Sprintf("%+v", all)
	seen.seek(t, "a span", text)
	if i := strings.Index(text, emulator.OpenIDOf("alice")); i >= 0 {
		t.Errorf("a whole openid is in a span: …%s…", text[max(0, i-100):i+60])
	}
}

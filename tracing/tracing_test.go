package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/tracing"
)

// recorded is the one span that f makes.
func recorded(t *testing.T, f func(*tracing.Tracer)) sdktrace.ReadOnlySpan {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	f(tracing.New(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))))
	if n := len(recorder.Ended()); n != 1 {
		t.Fatalf("%d spans have ended", n)
	}
	return recorder.Ended()[0]
}

func TestWhatIsAFailureOfASpan(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want codes.Code
		code int64 // midas.errcode
	}{
		"none":                {nil, codes.Unset, 0},
		"a refusal":           {&midas.Error{Code: 90013, Endpoint: midas.EndpointPay}, codes.Unset, 90013},
		"a refusal, wrapped":  {fmt.Errorf("bill b1: %w", &midas.Error{Code: 90010, Endpoint: midas.EndpointPay}), codes.Unset, 90010},
		"an unknown end":      {&midas.Error{Code: -1, Endpoint: midas.EndpointPay}, codes.Error, 0},
		"no answer":           {&midas.CallError{Endpoint: midas.EndpointPay, Kind: midas.ErrTimeout}, codes.Error, 0},
		"somebody else's own": {errors.New("the bag is locked"), codes.Error, 0},
	} {
		t.Run(name, func(t *testing.T) {
			span := recorded(t, func(tracer *tracing.Tracer) {
				ctx := tracer.Start(t.Context(), "midas.call.pay", time.Now())
				tracer.Note(ctx, c.err)
				tracer.End(ctx)
			})
			code := int64(0)
			for _, a := range span.Attributes() {
				if a.Key == "midas.errcode" {
					code = a.Value.AsInt64()
				}
			}
			if span.Status().Code != c.want || code != c.code {
				t.Errorf("status %v, errcode %d", span.Status(), code)
			}
			if failed := c.want == codes.Error; failed != (len(span.Events()) == 1) || failed && span.Status().Description != c.err.Error() {
				t.Errorf("events %v, status %v", span.Events(), span.Status())
			}
		})
	}
}

func TestASpanBeginsWhenItWasAskedFor(t *testing.T) {
	asked := time.Now().Add(-time.Minute)
	span := recorded(t, func(tracer *tracing.Tracer) {
		ctx := tracer.Start(t.Context(), "midas.purchase", asked)
		tracer.Note(ctx, nil, slog.String("midas.bill_no", "b1"), slog.Int("midas.attempts", 3), slog.Bool("midas.parked", true), slog.Any("midas.key", midas.Secret("s3cret")))
		tracer.End(ctx)
	})
	if !span.StartTime().Equal(asked) || span.SpanKind() != trace.SpanKindServer {
		t.Errorf("began %s, kind %v", span.StartTime(), span.SpanKind())
	}
	if got := fmt.Sprint(span.Attributes()); got != `[{"midas.bill_no":"b1"} {"midas.attempts":3} {"midas.parked":true} {"midas.key":"***"}]` {
		t.Error(got)
	}
}

func TestAContextWithoutASpanIsLeftAlone(t *testing.T) {
	tracer := tracing.New(sdktrace.NewTracerProvider())
	tracer.Note(context.Background(), errors.New("x"), slog.Int("a", 1))
	tracer.End(context.Background())
}

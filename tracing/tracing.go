// Package tracing makes OpenTelemetry spans of what a plugin does, from a player's message to Midas and to the
// delivery:
//
//	var Plugin = plugin.New(plugin.WithTracer(tracing.New(provider)))
//
// A purchase is a trace of its own, "midas.purchase"; under it are the wait in the queue, each write to the ledger,
// each call to Midas and each delivery. An order that a server goes on with later begins another trace, "midas.resume":
// midas.bill_no is what they share. Players are shortened as they are in logs. Nothing of a trace is sent to Midas.
// Only hosts that import this package link OpenTelemetry.
package tracing

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// scope names the spans' maker.
const scope = "github.com/leafmidas/leafmidas"

// Tracer is a payment.Tracer on an OpenTelemetry provider. It is safe for concurrent use.
type Tracer struct{ tracer trace.Tracer }

var _ payment.Tracer = (*Tracer)(nil)

// New makes a tracer. The provider stays the caller's to flush and to shut down, after Leaf has stopped.
func New(provider trace.TracerProvider) *Tracer { return &Tracer{provider.Tracer(scope)} }

// Start is payment.Tracer's.
func (t *Tracer) Start(ctx context.Context, name string, at time.Time) context.Context {
	kind := trace.SpanKindInternal
	switch {
	case strings.HasPrefix(name, "midas.call."):
		kind = trace.SpanKindClient
	case !trace.SpanContextFromContext(ctx).IsValid():
		kind = trace.SpanKindServer
	}
	ctx, _ = t.tracer.Start(ctx, name, trace.WithTimestamp(at), trace.WithSpanKind(kind))
	return ctx
}

// Note is payment.Tracer's. What Midas refused (a balance that is too low, a session that has ended) is no failure of a
// span: its code says it.
func (t *Tracer) Note(ctx context.Context, err error, attrs ...slog.Attr) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	for _, a := range attrs {
		span.SetAttributes(attributeOf(a))
	}
	if err == nil {
		return
	}
	if answer, ok := errors.AsType[*midas.Error](err); ok && midas.VerdictOf(answer) != midas.VerdictUnknown {
		span.SetAttributes(attribute.Int("midas.errcode", answer.Code))
		if answer.RID != "" {
			span.SetAttributes(attribute.String("midas.rid", answer.RID))
		}
		return
	}
	span.RecordError(err)
	span.SetStatus(codes.Error, err.Error())
}

// End is payment.Tracer's.
func (t *Tracer) End(ctx context.Context) { trace.SpanFromContext(ctx).End() }

func attributeOf(a slog.Attr) attribute.KeyValue {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindInt64:
		return attribute.Int64(a.Key, v.Int64())
	case slog.KindBool:
		return attribute.Bool(a.Key, v.Bool())
	default:
		return attribute.String(a.Key, v.String())
	}
}

package payment

import (
	"context"
	"log/slog"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Tracer makes spans of what a till does: one for each thing that was asked of it ("midas.purchase", "midas.login", …,
// and "midas.resume" for an order that is gone on with), and under it those of waiting in the queue ("midas.queue"), of
// calls ("midas.call.pay", …), of deliveries ("midas.deliver") and of writes to the ledger ("midas.store"). Package
// tracing makes one of OpenTelemetry. None of it is called on a module's goroutine.
type Tracer interface {
	// Start begins a span under that of ctx, at a time that may lie back, and returns a context with the span.
	Start(ctx context.Context, name string, at time.Time) context.Context
	// Note tells something of ctx's span; err, unless it is nil, is how it failed.
	Note(ctx context.Context, err error, attrs ...slog.Attr)
	// End ends ctx's span.
	End(ctx context.Context)
}

// enqueue adds a fresh job to a lane. Its span begins now, so that the time it waits shows.
func (t *Till) enqueue(name string, key any, urgent bool, job func(ctx context.Context)) error {
	return t.lanes.add(key, urgent, t.spanned(name, job))
}

// enqueueDue adds a job that goes on with what was begun before.
func (t *Till) enqueueDue(name string, key any, job func(ctx context.Context)) error {
	return t.lanes.addDue(key, t.spanned(name, job))
}

// spanned is job with a span that begins now.
func (t *Till) spanned(name string, job func(ctx context.Context)) func(ctx context.Context) {
	tracer := t.cfg.Tracer
	if tracer == nil {
		return job
	}
	asked := time.Now()
	return func(ctx context.Context) {
		ctx = tracer.Start(ctx, name, asked)
		defer tracer.End(ctx)
		tracer.End(tracer.Start(ctx, "midas.queue", asked))
		job(ctx)
	}
}

// noted is done, with the error noted in ctx's span.
func noted[T any](ctx context.Context, t *Till, done func(T, error)) func(T, error) {
	if t.cfg.Tracer == nil {
		return done
	}
	return func(v T, err error) {
		t.cfg.Tracer.Note(ctx, err)
		done(v, err)
	}
}

// beginSpan begins a span, which endSpan ends.
func (t *Till) beginSpan(ctx context.Context, name string) context.Context {
	if t.cfg.Tracer == nil {
		return ctx
	}
	return t.cfg.Tracer.Start(ctx, name, time.Now())
}

func (t *Till) endSpan(ctx context.Context, err error) {
	if t.cfg.Tracer != nil {
		t.cfg.Tracer.Note(ctx, err)
		t.cfg.Tracer.End(ctx)
	}
}

// noteOrder tells in ctx's span how an order stands.
func (t *Till) noteOrder(ctx context.Context, o ledger.Order) {
	if t.cfg.Tracer != nil {
		t.cfg.Tracer.Note(ctx, nil, slog.String("midas.bill_no", o.BillNo), slog.String("midas.player", shorten(o.OpenID)),
			slog.String("midas.kind", string(o.Kind)), slog.String("midas.item", o.ItemID), slog.String("midas.state", string(o.State)),
			slog.Int("midas.attempts", o.Attempts))
	}
}

// tracedCalls is midas.API with a span for each call.
type tracedCalls struct {
	api    midas.API
	tracer Tracer
}

var _ midas.API = tracedCalls{}

func traceCall[T any](ctx context.Context, tracer Tracer, e midas.Endpoint, billNo string, call func(context.Context) (T, error)) (T, error) {
	ctx = tracer.Start(ctx, "midas.call."+string(e), time.Now())
	defer tracer.End(ctx)
	result, err := call(ctx)
	outcome := midas.OutcomeOf(err)
	attrs := []slog.Attr{slog.String("midas.outcome", outcome.Kind), slog.String("midas.code", outcome.Code)}
	if billNo != "" {
		attrs = append(attrs, slog.String("midas.bill_no", billNo))
	}
	tracer.Note(ctx, err, attrs...)
	return result, err
}

func (c tracedCalls) Balance(ctx context.Context, p midas.Player) (midas.Balance, error) {
	return traceCall(ctx, c.tracer, midas.EndpointBalance, "", func(ctx context.Context) (midas.Balance, error) { return c.api.Balance(ctx, p) })
}

func (c tracedCalls) Pay(ctx context.Context, r midas.PayRequest) (midas.PayResult, error) {
	return traceCall(ctx, c.tracer, midas.EndpointPay, r.BillNo, func(ctx context.Context) (midas.PayResult, error) { return c.api.Pay(ctx, r) })
}

func (c tracedCalls) CancelPay(ctx context.Context, r midas.CancelPayRequest) (midas.CancelPayResult, error) {
	return traceCall(ctx, c.tracer, midas.EndpointCancel, r.BillNo, func(ctx context.Context) (midas.CancelPayResult, error) {
		return c.api.CancelPay(ctx, r)
	})
}

func (c tracedCalls) Present(ctx context.Context, r midas.PresentRequest) (midas.PresentResult, error) {
	return traceCall(ctx, c.tracer, midas.EndpointPresent, r.BillNo, func(ctx context.Context) (midas.PresentResult, error) {
		return c.api.Present(ctx, r)
	})
}

func (c tracedCalls) QueryOrder(ctx context.Context, p midas.Player, outTradeNo string, what midas.BizKind) (midas.OrderInfo, error) {
	return traceCall(ctx, c.tracer, midas.EndpointQuery, outTradeNo, func(ctx context.Context) (midas.OrderInfo, error) {
		return c.api.QueryOrder(ctx, p, outTradeNo, what)
	})
}

func (c tracedCalls) Code2Session(ctx context.Context, code string) (midas.Session, error) {
	return traceCall(ctx, c.tracer, midas.EndpointLogin, "", func(ctx context.Context) (midas.Session, error) {
		return c.api.Code2Session(ctx, code)
	})
}

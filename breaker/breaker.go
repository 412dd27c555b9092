// Package breaker holds calls back from a Midas endpoint that is in trouble, so that players hear "not now" at once
// instead of waiting for a timeout, and Midas gets room to recover. It decorates midas.API with one sony/gobreaker
// breaker for each endpoint.
//
// A failure is a call without a usable answer, or one answered with −1. Business answers are none, whatever they say,
// and a call that its own caller gave up is not counted at all; a caller's deadline counts as giving up, since the
// client's own timeout is what says that Midas is slow.
package breaker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/leafmidas/leafmidas/midas"
)

// Config says when calls are held back.
type Config struct {
	// Window is how far back outcomes count; old ones leave it in Buckets steps. Zero values: 10 s, 10.
	Window  time.Duration
	Buckets int
	// MinRequests must have ended within the window before anything is held back. Zero value: 10.
	MinRequests uint32
	// FailureRatio of them must have failed, 0 < ratio ≤ 1. Zero value: 0.5.
	FailureRatio float64
	// OpenFor is how long calls are then held back. Zero value: 5 s.
	OpenFor time.Duration
	// HalfOpenRequests is how many calls are then let through to try; all must succeed. Zero value: 3.
	HalfOpenRequests uint32
	// OnChange hears when an endpoint's calls begin to be held back (open, with how long), and when they are free again,
	// also when what HoldBack held back turns out to be well. It is called in order, on a goroutine of the breaker's, and
	// may block. nil: nobody hears.
	OnChange func(e midas.Endpoint, open bool, retryAfter time.Duration)
}

// ErrOpen is what a call held back is, for errors.Is.
var ErrOpen = errors.New("breaker: open")

// OpenError says that a call was held back: it was not sent. Sending it later is safe.
type OpenError struct {
	Endpoint midas.Endpoint
	After    time.Duration
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("midas %s: held back because too many calls failed; nothing was sent, try again in %s",
		e.Endpoint, e.After.Round(time.Millisecond))
}

// Is makes errors.Is(err, ErrOpen) hold.
func (e *OpenError) Is(target error) bool { return target == ErrOpen }

// Verdict says that nothing was done.
func (e *OpenError) Verdict() midas.Verdict { return midas.VerdictLater }

// RetryAfter is when the next call may be let through.
func (e *OpenError) RetryAfter() time.Duration { return e.After }

// Breaker is midas.API with a breaker in front of each endpoint. It is safe for concurrent use. Close it.
type Breaker struct {
	api     midas.API
	openFor time.Duration

	balance *circuit[midas.Balance]
	pay     *circuit[midas.PayResult]
	cancel  *circuit[midas.CancelPayResult]
	present *circuit[midas.PresentResult]
	query   *circuit[midas.OrderInfo]
	login   *circuit[midas.Session]

	held    map[midas.Endpoint]*holding // of each of them
	changes *changes
}

var _ midas.API = (*Breaker)(nil)

// New puts breakers in front of api.
func New(api midas.API, cfg Config) *Breaker {
	setDefault(&cfg.Window, 10*time.Second)
	setDefault(&cfg.Buckets, 10)
	setDefault(&cfg.MinRequests, 10)
	setDefault(&cfg.FailureRatio, 0.5)
	setDefault(&cfg.OpenFor, 5*time.Second)
	setDefault(&cfg.HalfOpenRequests, 3)
	changes := newChanges(cfg.OnChange)
	b := &Breaker{api: api, openFor: cfg.OpenFor, held: map[midas.Endpoint]*holding{}, changes: changes}
	b.balance = newCircuit[midas.Balance](b, midas.EndpointBalance, cfg, changes)
	b.pay = newCircuit[midas.PayResult](b, midas.EndpointPay, cfg, changes)
	b.cancel = newCircuit[midas.CancelPayResult](b, midas.EndpointCancel, cfg, changes)
	b.present = newCircuit[midas.PresentResult](b, midas.EndpointPresent, cfg, changes)
	b.query = newCircuit[midas.OrderInfo](b, midas.EndpointQuery, cfg, changes)
	b.login = newCircuit[midas.Session](b, midas.EndpointLogin, cfg, changes)
	return b
}

// Close waits until OnChange has heard everything. Calls made afterwards still work, but nobody hears of changes.
func (b *Breaker) Close() { b.changes.close() }

// Balance is midas.API's.
func (b *Breaker) Balance(ctx context.Context, p midas.Player) (midas.Balance, error) {
	return b.balance.call(func() (midas.Balance, error) {
		began := time.Since(start)
		result, err := b.api.Balance(ctx, p)
		return b.balance.ended(began, result, err)
	})
}

// Pay is midas.API's.
func (b *Breaker) Pay(ctx context.Context, r midas.PayRequest) (midas.PayResult, error) {
	return b.pay.call(func() (midas.PayResult, error) {
		began := time.Since(start)
		result, err := b.api.Pay(ctx, r)
		return b.pay.ended(began, result, err)
	})
}

// CancelPay is midas.API's.
func (b *Breaker) CancelPay(ctx context.Context, r midas.CancelPayRequest) (midas.CancelPayResult, error) {
	return b.cancel.call(func() (midas.CancelPayResult, error) {
		began := time.Since(start)
		result, err := b.api.CancelPay(ctx, r)
		return b.cancel.ended(began, result, err)
	})
}

// Present is midas.API's.
func (b *Breaker) Present(ctx context.Context, r midas.PresentRequest) (midas.PresentResult, error) {
	return b.present.call(func() (midas.PresentResult, error) {
		began := time.Since(start)
		result, err := b.api.Present(ctx, r)
		return b.present.ended(began, result, err)
	})
}

// QueryOrder is midas.API's.
func (b *Breaker) QueryOrder(ctx context.Context, p midas.Player, outTradeNo string, what midas.BizKind) (midas.OrderInfo, error) {
	return b.query.call(func() (midas.OrderInfo, error) {
		began := time.Since(start)
		result, err := b.api.QueryOrder(ctx, p, outTradeNo, what)
		return b.query.ended(began, result, err)
	})
}

// Code2Session is midas.API's.
func (b *Breaker) Code2Session(ctx context.Context, code string) (midas.Session, error) {
	return b.login.call(func() (midas.Session, error) {
		began := time.Since(start)
		result, err := b.api.Code2Session(ctx, code)
		return b.login.ended(began, result, err)
	})
}

// HoldBack refuses calls to an endpoint for a while, because the breaker of another server of the game is open; 0 ends
// it. When the time is over this server tries for itself, and believes the word again only if its own calls fail: else
// it is the other server that is in trouble. taken is false if nothing has changed.
func (b *Breaker) HoldBack(e midas.Endpoint, d time.Duration) (taken bool) {
	held, known := b.held[e]
	if !known {
		return false
	}
	if d <= 0 {
		held.end()
		return true
	}
	return held.begin(min(d, b.openFor), time.Minute+2*b.openFor)
}

// RetryAfter tells how long calls to an endpoint are held back from now on; 0 if one would be let through. It takes no
// more than a mutex.
func (b *Breaker) RetryAfter(e midas.Endpoint) time.Duration {
	own := time.Duration(0)
	switch e {
	case midas.EndpointBalance:
		own = b.balance.heldBack()
	case midas.EndpointPay:
		own = b.pay.heldBack()
	case midas.EndpointCancel:
		own = b.cancel.heldBack()
	case midas.EndpointPresent:
		own = b.present.heldBack()
	case midas.EndpointQuery:
		own = b.query.heldBack()
	case midas.EndpointLogin:
		own = b.login.heldBack()
	}
	if held, known := b.held[e]; known {
		own = max(own, held.left())
	}
	return own
}

// holding is what other servers' breakers say of an endpoint, and what is known here since.
type holding struct {
	until  atomic.Pointer[time.Time] // calls are held back until then; nil: nobody has said anything
	heard  atomic.Pointer[time.Time] // when somebody said so last
	failed atomic.Bool               // since then a call of our own has failed, and none was answered after it
	proved atomic.Bool               // since then a call of our own was answered
}

// begin holds calls back, unless it is known better. Whoever has been silent for a time is believed anew.
func (h *holding) begin(d, silence time.Duration) bool {
	now := time.Now()
	until, before := h.until.Load(), h.heard.Swap(&now)
	again := until != nil && before != nil && now.Sub(*before) < silence
	if again && (now.Before(*until) || !h.failed.Load()) {
		return false
	}
	h.forget()
	end := now.Add(d)
	h.until.Store(&end)
	return true
}

func (h *holding) end() {
	h.until.Store(nil)
	h.forget()
}

func (h *holding) forget() {
	h.failed.Store(false)
	h.proved.Store(false)
}

func (h *holding) left() time.Duration {
	until := h.until.Load()
	if until == nil {
		return 0
	}
	return max(0, time.Until(*until))
}

// answered learns from the end of a call. It is true for the first one after a hold that shows that Midas is well.
func (h *holding) answered(err error) bool {
	until := h.until.Load()
	if until == nil || notACall(err) || time.Now().Before(*until) { // a call that began before the hold shows nothing
		return false
	}
	failed := midas.Failure(err)
	h.failed.Store(failed)
	return !failed && h.proved.CompareAndSwap(false, true)
}

// start is what calls are timed from: time.Since reads one clock, time.Now two.
var start = time.Now()

// circuit is one endpoint's breaker.
type circuit[T any] struct {
	endpoint midas.Endpoint
	breaker  *gobreaker.CircuitBreaker[T]
	openFor  time.Duration
	opened   atomic.Pointer[time.Time] // when it opened last
	held     *holding
	tally    *tally
	changes  *changes
}

func newCircuit[T any](b *Breaker, e midas.Endpoint, cfg Config, changes *changes) *circuit[T] {
	c := &circuit[T]{endpoint: e, openFor: cfg.OpenFor, held: &holding{}, tally: newTally(), changes: changes}
	b.held[e] = c.held
	c.breaker = gobreaker.NewCircuitBreaker[T](gobreaker.Settings{
		Name:         string(e),
		MaxRequests:  cfg.HalfOpenRequests,
		Interval:     cfg.Window,
		BucketPeriod: cfg.Window / time.Duration(cfg.Buckets),
		Timeout:      cfg.OpenFor,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			// Not n.Requests: that counts calls under way, and calls that their callers gave up.
			ended := n.TotalSuccesses + n.TotalFailures
			return ended >= cfg.MinRequests && float64(n.TotalFailures) >= cfg.FailureRatio*float64(ended)
		},
		IsSuccessful: func(err error) bool { return !midas.Failure(err) },
		IsExcluded:   notACall,
		OnStateChange: func(_ string, _, to gobreaker.State) { // called under gobreaker's mutex
			switch to {
			case gobreaker.StateOpen:
				now := time.Now()
				c.opened.Store(&now)
				c.tally.opened.Add(1)
				changes.add(change{e, true, cfg.OpenFor})
			case gobreaker.StateHalfOpen:
				c.tally.halfOpened.Add(1)
			case gobreaker.StateClosed:
				c.tally.closed.Add(1)
				changes.add(change{e, false, 0})
			}
		},
	})
	return c
}

// notACall tells errors that say nothing of the service: the caller gave up, the request was malformed, or it failed at
// a domain that calls do not go to any more.
func notACall(err error) bool {
	return err != nil && (midas.Cancelled(err) || errors.Is(err, midas.ErrRefusedHere) || midas.DoorLeft(err))
}

// call lets a call through to the breaker, unless another server's is open. What f does ends with ended: a function
// around it would cost each call an allocation.
func (c *circuit[T]) call(f func() (T, error)) (T, error) {
	if wait := c.held.left(); wait > 0 {
		var none T
		c.tally.held()
		return none, &OpenError{c.endpoint, wait}
	}
	result, err := c.breaker.Execute(f)
	if err == gobreaker.ErrOpenState || err == gobreaker.ErrTooManyRequests {
		c.tally.held()
		return result, &OpenError{c.endpoint, c.remaining()}
	}
	return result, err
}

// ended counts a call that was made, and hands its result on.
func (c *circuit[T]) ended(began time.Duration, result T, err error) (T, error) {
	c.tally.ended(time.Since(start)-began, err)
	if c.held.answered(err) {
		c.changes.add(change{endpoint: c.endpoint})
	}
	return result, err
}

func (c *circuit[T]) heldBack() time.Duration {
	if c.breaker.State() != gobreaker.StateOpen {
		return 0
	}
	return c.remaining()
}

// remaining is how long until the breaker may let a call through; never 0, for it is asked when one was just refused.
func (c *circuit[T]) remaining() time.Duration {
	const least = 100 * time.Millisecond // half-open and full: the calls under way will tell soon
	if at := c.opened.Load(); at != nil {
		return max(c.openFor-time.Since(*at), least)
	}
	return least
}

// change is one thing OnChange hears.
type change struct {
	endpoint   midas.Endpoint
	open       bool
	retryAfter time.Duration
}

// changes carries changes from under gobreaker's mutex to OnChange, in order. A goroutine lives only while there are
// some.
type changes struct {
	tell func(midas.Endpoint, bool, time.Duration)

	mu      sync.Mutex
	queue   []change
	telling bool
	closed  bool
	done    sync.WaitGroup
}

func newChanges(tell func(midas.Endpoint, bool, time.Duration)) *changes { return &changes{tell: tell} }

func (c *changes) add(one change) {
	if c.tell == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.queue = append(c.queue, one)
	if !c.telling {
		c.telling = true
		c.done.Go(c.run)
	}
}

func (c *changes) run() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.telling = false
			c.mu.Unlock()
			return
		}
		one := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()
		c.tell(one.endpoint, one.open, one.retryAfter)
	}
}

func (c *changes) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.done.Wait()
}

func setDefault[T comparable](field *T, standard T) {
	var zero T
	if *field == zero {
		*field = standard
	}
}

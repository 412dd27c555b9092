package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/midas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service answers every call as it is told, and counts them.
type service struct {
	mu     sync.Mutex
	answer error
	calls  map[midas.Endpoint]int
	hold   chan struct{} // while not nil, calls wait for it to be closed
}

func newService() *service { return &service{calls: map[midas.Endpoint]int{}} }

func (s *service) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = err
}

func (s *service) count(e midas.Endpoint) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[e]
}

func (s *service) call(e midas.Endpoint) error {
	s.mu.Lock()
	s.calls[e]++
	hold, answer := s.hold, s.answer
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return answer
}

func (s *service) Balance(context.Context, midas.Player) (midas.Balance, error) {
	return midas.Balance{Balance: 7}, s.call(midas.EndpointBalance)
}

func (s *service) Pay(context.Context, midas.PayRequest) (midas.PayResult, error) {
	return midas.PayResult{BillNo: "b"}, s.call(midas.EndpointPay)
}

func (s *service) CancelPay(context.Context, midas.CancelPayRequest) (midas.CancelPayResult, error) {
	return midas.CancelPayResult{BillNo: "b"}, s.call(midas.EndpointCancel)
}

func (s *service) Present(context.Context, midas.PresentRequest) (midas.PresentResult, error) {
	return midas.PresentResult{BillNo: "b"}, s.call(midas.EndpointPresent)
}

func (s *service) QueryOrder(context.Context, midas.Player, string, midas.BizKind) (midas.OrderInfo, error) {
	return midas.OrderInfo{Paid: true}, s.call(midas.EndpointQuery)
}

func (s *service) Code2Session(context.Context, string) (midas.Session, error) {
	return midas.Session{OpenID: "o"}, s.call(midas.EndpointLogin)
}

// endpoints calls each endpoint once.
var endpoints = map[midas.Endpoint]func(midas.API) error{
	midas.EndpointBalance: func(a midas.API) error { _, err := a.Balance(context.Background(), midas.Player{}); return err },
	midas.EndpointPay:     func(a midas.API) error { _, err := a.Pay(context.Background(), midas.PayRequest{}); return err },
	midas.EndpointCancel: func(a midas.API) error {
		_, err := a.CancelPay(context.Background(), midas.CancelPayRequest{})
		return err
	},
	midas.EndpointPresent: func(a midas.API) error {
		_, err := a.Present(context.Background(), midas.PresentRequest{})
		return err
	},
	midas.EndpointQuery: func(a midas.API) error {
		_, err := a.QueryOrder(context.Background(), midas.Player{}, "t", midas.BizGoods)
		return err
	},
	midas.EndpointLogin: func(a midas.API) error { _, err := a.Code2Session(context.Background(), "code"); return err },
}

var (
	timeout = &midas.CallError{Endpoint: midas.EndpointPay, Kind: midas.ErrTimeout}
	config  = breaker.Config{
		Window: 10 * time.Second, Buckets: 10, MinRequests: 10, FailureRatio: 0.5, OpenFor: 5 * time.Second, HalfOpenRequests: 3,
	}
)

// tick is the least time after an end.
const tick = time.Millisecond

// heard collects what OnChange was told.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) change(e midas.Endpoint, open bool, after time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, fmt.Sprintf("%s %t %s", e, open, after))
}

func (h *heard) is(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.list, want) {
		t.Errorf("OnChange heard %q, want %q", h.list, want)
	}
}

// Each endpoint goes round closed, open, half-open, open again, half-open and closed, and touches no other.
func TestEveryEndpointGoesRoundItsStates(t *testing.T) {
	for endpoint, call := range endpoints {
		t.Run(string(endpoint), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, h := newService(), &heard{}
				cfg := config
				cfg.OnChange = h.change
				b := breaker.New(s, cfg)
				defer b.Close()
				s.set(timeout)
				for i := range 9 {
					if err := call(b); !errors.Is(err, midas.ErrTimeout) {
						t.Fatalf("call %d: %v", i, err)
					}
				}
				if b.RetryAfter(endpoint) != 0 {
					t.Fatal("opened below MinRequests")
				}
				_ = call(b)
				h.is(t, string(endpoint)+" true 5s")

				// Open: nothing is sent, and everybody hears for how long.
				time.Sleep(2 * time.Second)
				err := call(b)
				var open *breaker.OpenError
				if !errors.Is(err, breaker.ErrOpen) || !errors.As(err, &open) || open.Endpoint != endpoint || open.RetryAfter() != 3*time.Second {
					t.Fatalf("%v", err)
				}
				if midas.VerdictOf(err) != midas.VerdictLater || b.RetryAfter(endpoint) != 3*time.Second || s.count(endpoint) != 10 {
					t.Fatalf("%s, %s, %d calls", midas.VerdictOf(err), b.RetryAfter(endpoint), s.count(endpoint))
				}
				if text := err.Error(); !strings.Contains(text, "nothing was sent") || !strings.Contains(text, "3s") {
					t.Errorf("says %q", text)
				}
				for other, call := range endpoints {
					if other != endpoint && (b.RetryAfter(other) != 0 || errors.Is(call(b), breaker.ErrOpen)) {
						t.Errorf("%s is open too", other)
					}
				}

				// Half-open: one failure opens it again.
				time.Sleep(3*time.Second + tick)
				if b.RetryAfter(endpoint) != 0 {
					t.Fatal("still open after 5s")
				}
				if err := call(b); !errors.Is(err, midas.ErrTimeout) {
					t.Fatalf("the first try: %v", err)
				}
				h.is(t, string(endpoint)+" true 5s", string(endpoint)+" true 5s")

				// Half-open: three successes close it.
				time.Sleep(5*time.Second + tick)
				s.set(nil)
				for i := range 3 {
					if err := call(b); err != nil {
						t.Fatalf("try %d: %v", i, err)
					}
				}
				h.is(t, string(endpoint)+" true 5s", string(endpoint)+" true 5s", string(endpoint)+" false 0s")
			})
		})
	}
}

// While half-open only HalfOpenRequests may try at once.
func TestFewTryAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		b := breaker.New(s, config)
		defer b.Close()
		s.set(timeout)
		for range 10 {
			_, _ = b.Pay(t.Context(), midas.PayRequest{})
		}
		time.Sleep(5*time.Second + tick)
		s.hold = make(chan struct{})
		s.set(nil)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, err := b.Pay(t.Context(), midas.PayRequest{}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		_, err := b.Pay(t.Context(), midas.PayRequest{})
		if open, ok := errors.AsType[*breaker.OpenError](err); !ok || open.After <= 0 {
			t.Errorf("the fourth: %v", err)
		}
		close(s.hold)
		all.Wait()
		if n := s.count(midas.EndpointPay); n != 13 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestOldOutcomesLeaveTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		b := breaker.New(s, config)
		defer b.Close()
		s.set(timeout)
		for range 9 {
			_, _ = b.Pay(t.Context(), midas.PayRequest{})
		}
		time.Sleep(12 * time.Second)
		for range 9 {
			_, _ = b.Pay(t.Context(), midas.PayRequest{})
		}
		if b.RetryAfter(midas.EndpointPay) != 0 {
			t.Error("failures of 12 s ago count")
		}
		time.Sleep(3 * time.Second)
		_, _ = b.Pay(t.Context(), midas.PayRequest{})
		if b.RetryAfter(midas.EndpointPay) == 0 {
			t.Error("failures of 3 s ago do not count")
		}
	})
}

// What counts as failure, what does not, and what counts for nothing at all.
func TestWhatCountsAsFailure(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		opens   bool // a breaker that meets nothing else
		dilutes bool // one that meets as many timeouts, which alone would be too few
	}{
		"success":              {nil, false, true},
		"timeout":              {&midas.CallError{Kind: midas.ErrTimeout}, true, true},
		"broken connection":    {&midas.CallError{Kind: midas.ErrConnection}, true, true},
		"not sent":             {&midas.CallError{Kind: midas.ErrNotSent}, true, true},
		"HTTP 503":             {&midas.CallError{Kind: midas.ErrHTTPStatus, Status: 503}, true, true},
		"HTML":                 {&midas.CallError{Kind: midas.ErrHTML}, true, true},
		"-1":                   {&midas.Error{Code: -1}, true, true},
		"session expired":      {&midas.Error{Code: 90010}, false, true},
		"bad signature":        {&midas.Error{Code: 90011}, false, true},
		"too few coins":        {&midas.Error{Code: 90013}, false, true},
		"order exists":         {&midas.Error{Code: 90012}, false, true},
		"rate limit":           {&midas.Error{Code: 45011}, false, true},
		"wrong secret":         {&midas.CallError{Kind: midas.ErrNotSent, Err: &midas.Error{Endpoint: midas.EndpointToken, Code: 40001}}, false, true},
		"no token in time":     {&midas.CallError{Kind: midas.ErrNotSent, Err: &midas.CallError{Kind: midas.ErrTimeout}}, true, true},
		"caller gave up":       {&midas.CallError{Kind: midas.ErrCancelled, Err: context.Canceled}, false, false},
		"caller's deadline":    {&midas.CallError{Kind: midas.ErrCancelled, Err: context.DeadlineExceeded}, false, false},
		"gave up for a token":  {&midas.CallError{Kind: midas.ErrNotSent, Err: &midas.CallError{Kind: midas.ErrCancelled}}, false, false},
		"malformed, not sent":  {&midas.CallError{Kind: midas.ErrRefusedHere}, false, false},
		"wrapped cancellation": {fmt.Errorf("x: %w", context.Canceled), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				b := breaker.New(s, config)
				s.set(c.err)
				for range 20 {
					_, _ = b.Pay(t.Context(), midas.PayRequest{})
				}
				if opens := b.RetryAfter(midas.EndpointPay) != 0; opens != c.opens {
					t.Errorf("opens: %t", opens)
				}
				b.Close()

				s = newService()
				b = breaker.New(s, config)
				defer b.Close()
				s.set(c.err)
				for range 5 {
					_, _ = b.Pay(t.Context(), midas.PayRequest{})
				}
				s.set(timeout)
				for range 5 {
					_, _ = b.Pay(t.Context(), midas.PayRequest{})
				}
				if counted := b.RetryAfter(midas.EndpointPay) != 0; counted != c.dilutes {
					t.Errorf("counts as a call: %t", counted)
				}
			})
		})
	}
}

// OnChange may block, or ask the breaker itself: calls go on.
func TestOnChangeMayBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, release := newService(), make(chan struct{})
		var b *breaker.Breaker
		var told []bool
		cfg := config
		cfg.OnChange = func(e midas.Endpoint, open bool, _ time.Duration) {
			<-release
			_ = b.RetryAfter(e)
			told = append(told, open)
		}
		b = breaker.New(s, cfg)
		s.set(timeout)
		for range 10 {
			_, _ = b.Pay(t.Context(), midas.PayRequest{})
		}
		time.Sleep(5*time.Second + tick)
		s.set(nil)
		for range 3 {
			if _, err := b.Pay(t.Context(), midas.PayRequest{}); err != nil {
				t.Error(err)
			}
		}
		close(release)
		b.Close() // waits for what is still to be told
		b.Close()
		if !slices.Equal(told, []bool{true, false}) {
			t.Errorf("told %v", told)
		}
		s.set(timeout)
		for range 10 {
			_, _ = b.Pay(t.Context(), midas.PayRequest{})
		}
		synctest.Wait()
		if len(told) != 2 {
			t.Error("was told after Close")
		}
	})
}

// Results pass through as they are.
func TestResultsPassThrough(t *testing.T) {
	b := breaker.New(newService(), breaker.Config{})
	defer b.Close()
	if got, err := b.Balance(t.Context(), midas.Player{}); err != nil || got.Balance != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	if b.RetryAfter(midas.EndpointToken) != 0 {
		t.Error("there is a breaker for tokens")
	}
}

func TestABreakerAddsNoAllocationToACallThatIsWell(t *testing.T) {
	api := newService()
	b := breaker.New(api, breaker.Config{})
	defer b.Close()
	r := midas.PayRequest{Player: midas.Player{OpenID: "o", ZoneID: "1"}, BillNo: "b", Amount: 1}
	call := func(api midas.API) float64 {
		return testing.AllocsPerRun(200, func() { _, _ = api.Pay(t.Context(), r) })
	}
	if bare, ours := call(api), call(b); ours > bare {
		t.Errorf("%v allocations, %v without a breaker", ours, bare)
	}
}

// One server has lost its way to Midas, and says each time its breaker opens that Midas is away. The others believe it
// once.
func TestAServerThatAloneIsInTroubleDoesNotCloseTheOthersShops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newService()
		var heard []bool
		b := breaker.New(api, breaker.Config{OpenFor: time.Second, OnChange: func(_ midas.Endpoint, open bool, _ time.Duration) { heard = append(heard, open) }})
		defer b.Close()
		pay := func() error {
			_, err := b.Pay(t.Context(), midas.PayRequest{})
			return err
		}
		if err := pay(); err != nil {
			t.Fatal(err)
		}
		refused := 0
		for range 600 { // a minute, and a word each second
			if time.Now().Nanosecond() == 0 {
				b.HoldBack(midas.EndpointPay, time.Second)
			}
			if pay() != nil {
				refused++
			}
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if refused != 10 || !slices.Equal(heard, []bool{false}) {
			t.Errorf("%d of 600 calls were refused, heard %v", refused, heard)
		}

		// When Midas is away in truth, the word counts again.
		api.set(&midas.CallError{Endpoint: midas.EndpointPay, Kind: midas.ErrTimeout})
		if err := pay(); errors.Is(err, breaker.ErrOpen) || err == nil {
			t.Fatal(err)
		}
		if !b.HoldBack(midas.EndpointPay, time.Second) || !errors.Is(pay(), breaker.ErrOpen) {
			t.Error("a word that fits what is seen here is not believed")
		}
		if b.HoldBack(midas.EndpointPay, time.Second) {
			t.Error("the same word of yet another server changes something")
		}
		api.set(nil)
		if !b.HoldBack(midas.EndpointPay, 0) || pay() != nil {
			t.Error("the word that it is over is not believed")
		}
		if !b.HoldBack(midas.EndpointPay, time.Second) {
			t.Error("a new word is not believed")
		}
		time.Sleep(time.Second)
		if b.HoldBack(midas.EndpointPay, time.Second) || pay() != nil || b.HoldBack(midas.EndpointPay, time.Second) {
			t.Error("it is believed though nothing has failed here")
		}
		time.Sleep(5 * time.Minute)
		if !b.HoldBack(midas.EndpointPay, time.Second) {
			t.Error("after a long silence a word is not believed")
		}
		if b.HoldBack("nothing of the kind", time.Second) {
			t.Error("an endpoint that there is not")
		}
	})
}

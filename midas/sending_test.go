package midas_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// roundTripper is a transport of one function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func through(t http.RoundTripper) func(*midas.Config) {
	return func(c *midas.Config) { c.Transport = t }
}

// payOne asks for a deduction.
func payOne(ctx context.Context, c *midas.Client) error {
	_, err := c.Pay(ctx, midas.PayRequest{Player: alice, BillNo: "b", Amount: 1})
	return err
}

// proxied is a transport that goes through a proxy of which serve is all.
func proxied(t *testing.T, serve http.HandlerFunc) http.RoundTripper {
	t.Helper()
	proxy := httptest.NewServer(serve)
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	at.User = url.UserPassword("us", "the-proxy-password")
	return &http.Transport{Proxy: http.ProxyURL(at)}
}

func TestWhatWasNotSentWaits(t *testing.T) {
	arrived := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the call arrived") })
	secure := httptest.NewTLSServer(arrived)
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(arrived)
	t.Cleanup(plain.Close)
	gone := goneURL(t)
	proxy, err := url.Parse(gone)
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	dialing := func(err error) http.RoundTripper {
		return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
	}
	for name, c := range map[string]struct {
		url  string
		over http.RoundTripper // nil: the client's own
	}{
		"a certificate that nobody vouches for": {secure.URL, nil},
		"no TLS where TLS should be":            {"https" + strings.TrimPrefix(plain.URL, "http"), nil},
		"a port that refuses":                   {gone, nil},
		"TLS that is never answered":            {"https://" + silent.Addr().String(), nil},
		"a name that does not resolve":          {midas.OfficialURL, dialing(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}})},
		"a resolver that does not answer":       {midas.OfficialURL, dialing(&net.DNSError{Err: "i/o timeout", IsTimeout: true})},
		"a dialer of another make":              {midas.OfficialURL, dialing(errors.New("no route"))},
		"a proxy that is down":                  {midas.OfficialURL, &http.Transport{Proxy: http.ProxyURL(proxy)}},
		"a proxy that wants a password":         {midas.OfficialURL, proxied(t, status(http.StatusProxyAuthRequired))},
		"a proxy that forbids":                  {midas.OfficialURL, proxied(t, status(http.StatusForbidden))},
		"a proxy that does not get on":          {midas.OfficialURL, proxied(t, status(http.StatusBadGateway))},
		"a proxy that hangs up":                 {midas.OfficialURL, proxied(t, cut(""))},
		"a proxy that hangs":                    {midas.OfficialURL, proxied(t, hang(""))},
		"a proxy whose address is wrong": {midas.OfficialURL, &http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
			return nil, errors.New(`invalid proxy address "http://us:the-proxy-password@proxy:x"`)
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := payOne(t.Context(), against(t, c.url, withToken, quick(700*time.Millisecond), through(c.over)))
			if !errors.Is(err, midas.ErrNotSent) || midas.VerdictOf(err) != midas.VerdictLater || !midas.Failure(err) {
				t.Errorf("%v (%s, failure %t)", err, midas.VerdictOf(err), midas.Failure(err))
			}
			if got := midas.OutcomeOf(err); got != (midas.Outcome{Kind: "later", Code: "not_sent"}) {
				t.Errorf("is counted as %v", got)
			}
			if text := err.Error(); strings.Contains(text, "the-token") || strings.Contains(text, "password@") {
				t.Errorf("tells %s", text)
			}
		})
	}
}

// A call that its caller wants no longer, or whose time to be sent has passed, does not leave any more.
func TestACallWhoseTimeHasPassedIsNotSent(t *testing.T) {
	arrived := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the call arrived") })
	plain := httptest.NewServer(arrived)
	t.Cleanup(plain.Close)
	two := newTLS2(t, arrived)
	past := func(t *testing.T) context.Context {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		t.Cleanup(cancel)
		return ctx
	}
	soon := func(t *testing.T) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	// frozen comes to the transport only after the deadline, and the timer of the context does not run: a process that was
	// stopped meanwhile.
	frozen := func(inner http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			end, _ := r.Context().Deadline()
			time.Sleep(time.Until(end) + time.Millisecond)
			return inner.RoundTrip(r)
		})
	}
	still := func(t *testing.T) context.Context {
		return stopped{t.Context(), time.Now().Add(100 * time.Millisecond)}
	}
	slow := func(context.Context, string, string) (net.Conn, error) {
		time.Sleep(200 * time.Millisecond)
		return nil, errors.New("not reached")
	}
	for name, c := range map[string]struct {
		url  string
		over http.RoundTripper
		ctx  func(*testing.T) context.Context
		code error
	}{
		"cancelled before": {plain.URL, nil, func(t *testing.T) context.Context {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return ctx
		}, context.Canceled},
		"its deadline is over":          {plain.URL, nil, past, context.DeadlineExceeded},
		"over while it connects":        {plain.URL, &http.Transport{DialContext: slow}, soon, context.DeadlineExceeded},
		"frozen before HTTP/1":          {plain.URL, frozen(&http.Transport{}), still, context.DeadlineExceeded},
		"frozen before HTTP/2":          {two.URL, frozen(two.Client().Transport), still, context.DeadlineExceeded},
		"a clock that is set meanwhile": {plain.URL, nil, func(t *testing.T) context.Context { return setClock{t.Context()} }, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := payOne(c.ctx(t), against(t, c.url, withToken, through(c.over)))
			if !errors.Is(err, midas.ErrNotSent) || midas.VerdictOf(err) != midas.VerdictLater || !errors.Is(err, c.code) {
				t.Errorf("%v (%s)", err, midas.VerdictOf(err))
			}
			if !midas.Cancelled(err) || midas.Failure(err) {
				t.Errorf("%v is held against Midas", err)
			}
		})
	}
}

// stopped is a context whose timer has not run.
type stopped struct {
	context.Context
	end time.Time
}

func (s stopped) Deadline() (time.Time, bool) { return s.end, true }

// setClock is a context that by the wall clock is over, as after a sleep of the machine in which its monotonic clock
// stood.
type setClock struct{ context.Context }

func (setClock) Deadline() (time.Time, bool) { return time.Now().Round(0).Add(-time.Second), true }

// Whatever of a call may have left this machine is unknown, whatever the transport says in the end.
func TestWhatMayHaveBeenSentIsUnknown(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	reads := func(err error) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			return nil, err
		})
	}
	two := newTLS2(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	head := newTLS2(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	gone := httptest.NewServer(cut(""))
	t.Cleanup(gone.Close)
	for name, c := range map[string]struct {
		url  string
		over http.RoundTripper
	}{
		"a repeat by the transport that cannot connect": {midas.OfficialURL, reads(refused)},
		"a transport that says that nothing was sent":   {midas.OfficialURL, reads(errors.New("http: nothing written"))},
		"HTTP/1 that ends after the request":            {gone.URL, nil},
		"HTTP/2 that ends after the request":            {two.URL, two.Client().Transport},
		"HTTP/2 that ends after the head":               {head.URL, head.Client().Transport},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := payOne(t.Context(), against(t, c.url, withToken, through(c.over)))
			if midas.VerdictOf(err) != midas.VerdictUnknown || errors.Is(err, midas.ErrNotSent) {
				t.Errorf("%v (%s)", err, midas.VerdictOf(err))
			}
		})
	}
}

// A connection that was in use before may take the first try with it: Midas has read it, and the next connection is
// refused.
func TestAFirstTryOnAnOldConnectionIsUnknown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var read atomic.Int32
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_ = l.Close() // nobody connects a second time
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			if read.Add(1) == 2 {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n"+`{"errcode":0,"balance":11}`)
		}
	}()
	c := against(t, "http://"+l.Addr().String(), withToken)
	if err := payOne(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	err = payOne(t.Context(), c)
	<-served
	if read.Load() != 2 || midas.VerdictOf(err) != midas.VerdictUnknown {
		t.Errorf("%d requests read, %v (%s)", read.Load(), err, midas.VerdictOf(err))
	}
}

// What is said to be unsent stays so: a transport that goes on after it has answered finds nothing to send.
func TestWhatWasGivenUpCannotLeaveLater(t *testing.T) {
	later := make(chan error, 1)
	over := make(chan struct{})
	c := against(t, midas.OfficialURL, withToken, through(roundTripper(func(r *http.Request) (*http.Response, error) {
		go func() {
			<-over
			_, err := io.ReadAll(r.Body)
			later <- err
		}()
		return nil, errors.New("no connection yet")
	})))
	err := payOne(t.Context(), c)
	close(over)
	if !errors.Is(err, midas.ErrNotSent) {
		t.Fatal(err)
	}
	if err := <-later; err == nil {
		t.Error("the body could be read after the call was said to be unsent")
	}
}

// newTLS2 is a server that speaks HTTP/2.
func newTLS2(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

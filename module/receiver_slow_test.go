package module

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// Bodies that never end take no place of those that are signed, on a host's server without any time limit.
func TestSlowBodiesShutNobodyOut(t *testing.T) {
	r := newReceiver(t, func(context.Context, midas.Push) error { return nil }, nil)
	var slow []net.Conn
	for i := range 2 * maxReads {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /?timestamp=1&nonce=%d&signature=x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", i)
		slow = append(slow, c)
	}
	if status, answer, _ := r.do("POST", signedURL(r.url), goodsPush(false)); status != 200 {
		t.Errorf("beside %d slow bodies: %d %s", len(slow), status, answer)
	}
	// What is signed may be slow too, for a while.
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", strings.TrimPrefix(signedURL(r.url+"/"), r.url))
	if answer, err := io.ReadAll(c); err != nil || !strings.Contains(string(answer), " 400 ") {
		t.Errorf("%s, %v", answer, err)
	}
}

// lines counts the lines of a log that have a text.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func TestRefusalsAreCountedAndLoggedNowAndThen(t *testing.T) {
	log, received := &lines{}, &Received{}
	reader, err := midas.NewPushReader(midas.PushConfig{AppID: "wx1", Token: pushToken, AppKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	rc := &Receiver{Reader: reader, Log: slog.New(slog.NewTextHandler(log, nil)), Received: received}
	for range 500 {
		rc.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/?timestamp=1&nonce=2&signature=3", strings.NewReader("x")))
	}
	rc.told = rc.told.Add(-refusalsEvery)
	rc.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader("x")))
	if n := strings.Count(log.text.String(), "a push was refused"); n > 20 || !strings.Contains(log.text.String(), "refused=500") && n == 2 {
		t.Errorf("%d lines: %s", n, log.text.String())
	}
	if n := received.counts[pushRefused].Load(); n != 501 {
		t.Errorf("%d counted", n)
	}
}

// A payment that another server may know goes on as it came, whether it was stored here or not; with nobody to give it
// to, what was not stored is refused.
func TestAPaymentOfAnotherServerGoesOn(t *testing.T) {
	for what, test := range map[string]struct {
		err   error
		alone int
	}{"not ours": {payment.ErrNotOurs, 503}, "stored, and perhaps another's": {nil, 200}} {
		got := ""
		other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = string(body)
		})
		reader, err := midas.NewPushReader(midas.PushConfig{AppID: "wx1", Token: pushToken, AppKey: "key"})
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []http.Handler{other, nil} {
			rc := &Receiver{Reader: reader, Other: other, Log: slog.New(slog.DiscardHandler), TakeOrPass: func(context.Context, midas.Push) (bool, error) { return true, test.err }}
			w := httptest.NewRecorder()
			rc.ServeHTTP(w, httptest.NewRequest("POST", signedURL("/"), strings.NewReader(goodsPush(false))))
			if want := map[bool]int{true: test.alone, false: 200}[other == nil]; w.Code != want {
				t.Errorf("%s, other %t: %d", what, other != nil, w.Code)
			}
		}
		if got != goodsPush(false) {
			t.Errorf("%s: %q", what, got)
		}
	}
}

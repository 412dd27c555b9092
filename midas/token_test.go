package midas_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

func TestOneTokenIsFetchedHoweverManyWait(t *testing.T) {
	c, emu, p := world(t, emulator.Config{Latency: 20 * time.Millisecond})
	before := emu.Calls("stable_token")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := c.Balance(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := emu.Calls("stable_token") - before; n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// A token that Midas refuses is replaced and the call made once more; all who meet the dead one share one fetch.
func TestADeadTokenIsReplacedAndTheCallRepeatedOnce(t *testing.T) {
	for _, code := range []int{40001, 40014, 41001, 42001} {
		c, emu, p := world(t, emulator.Config{})
		if _, err := c.Balance(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if err := emu.Script("getbalance", emulator.Fault{Kind: emulator.Answer, Code: code}); err != nil {
			t.Fatal(err)
		}
		if b, err := c.Balance(t.Context(), p); err != nil || b.Balance != 100 {
			t.Errorf("after %d: %+v, %v", code, b, err)
		}
		if n := emu.Calls("getbalance"); n != 3 {
			t.Errorf("after %d: %d calls", code, n)
		}
	}
}

func TestManyWhoMeetADeadTokenFetchOne(t *testing.T) {
	var log lines
	c, emu, p := world(t, emulator.Config{}, func(cfg *midas.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if _, err := c.Balance(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	before := emu.Calls("stable_token")
	emu.KillTokens()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.Balance(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	fetches := emu.Calls("stable_token") - before
	if fetches > 3 { // one, or with a forced one after it, or one more for a straggler
		t.Errorf("%d fetches", fetches)
	}
	if n := strings.Count(log.String(), "access token is dead"); n < 1 || n > fetches {
		t.Errorf("told %d times for %d fetches: %s", n, fetches, log.String())
	}
}

// What never works must not be repeated for ever.
func TestATokenThatStaysDeadIsTriedOnce(t *testing.T) {
	c, emu, p := world(t, emulator.Config{})
	dead := emulator.Fault{Kind: emulator.Answer, Code: 40001}
	if err := emu.Script("getbalance", dead, dead, dead, dead); err != nil {
		t.Fatal(err)
	}
	_, err := c.Balance(t.Context(), p)
	if !errors.Is(err, midas.ErrBadToken) || midas.VerdictOf(err) != midas.VerdictLater {
		t.Errorf("%v (%s)", err, midas.VerdictOf(err))
	}
	if n := emu.Calls("getbalance"); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// tokenService answers stable_token, and every Midas call with a balance, on virtual time.
type tokenService struct {
	mu      sync.Mutex
	fetches []bool // of each: was it forced
	token   string
	dead    map[string]bool
	expires int64
	delay   time.Duration
}

func (s *tokenService) RoundTrip(r *http.Request) (*http.Response, error) {
	var body struct {
		Force bool `json:"force_refresh"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := map[string]any{"errcode": 0, "balance": 7}
	switch {
	case strings.HasSuffix(r.URL.Path, "/stable_token"):
		s.fetches = append(s.fetches, body.Force)
		if body.Force {
			s.token += "+"
		}
		answer = map[string]any{"access_token": s.token, "expires_in": s.expires}
	case s.dead[r.URL.Query().Get("access_token")]:
		answer = map[string]any{"errcode": 40001, "errmsg": "invalid credential"}
	}
	text, err := json.Marshal(answer)
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(string(text))), Request: r}, err
}

func (s *tokenService) client(t *testing.T) *midas.Client {
	t.Helper()
	c, err := midas.New(midas.Config{
		BaseURL: "https://midas.test", AppID: "a", AppSecret: "s", OfferID: "o", AppKey: "k", Transport: s, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestATokenIsRenewedBeforeItsEndAndNotSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tokenService{token: "one", expires: 7200}
		c := s.client(t)
		defer c.Close()
		ask := func() {
			t.Helper()
			if _, err := c.Balance(t.Context(), alice); err != nil {
				t.Fatal(err)
			}
		}
		ask()
		time.Sleep(115 * time.Minute)
		ask()
		synctest.Wait()
		if len(s.fetches) != 1 {
			t.Fatalf("%d fetches after 115 minutes", len(s.fetches))
		}
		time.Sleep(2 * time.Minute) // stable_token gives out the next one in the last five
		ask()
		synctest.Wait() // in the background
		if len(s.fetches) != 2 || s.fetches[1] {
			t.Fatalf("fetches after 117 minutes, forced or not: %v", s.fetches)
		}
	})
}

// WeChat allows 20 forced refreshes a day, 30 s apart (§4.2): only a token that is refused while still being given out
// is worth one.
func TestARefreshIsForcedAtMostEveryThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tokenService{token: "one", expires: 7200, dead: map[string]bool{"one": true, "one+": true}}
		c := s.client(t)
		defer c.Close()
		forced := func() (n int) {
			for _, f := range s.fetches {
				if f {
					n++
				}
			}
			return n
		}
		for range 10 {
			_, err := c.Balance(t.Context(), alice)
			if midas.VerdictOf(err) != midas.VerdictLater {
				t.Fatalf("%v", err)
			}
			time.Sleep(2 * time.Second)
		}
		if forced() != 1 {
			t.Errorf("forced %d times in 20 s", forced())
		}
		time.Sleep(30 * time.Second)
		if _, err := c.Balance(t.Context(), alice); err != nil {
			t.Errorf("after the second forced refresh: %v", err)
		}
		if forced() != 2 {
			t.Errorf("forced %d times", forced())
		}
	})
}

// Who gives up waiting for a token does not take it away from the others.
func TestAFetchOutlivesTheCallerWhoBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tokenService{token: "one", expires: 7200, delay: time.Second}
		c := s.client(t)
		defer c.Close()
		hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := c.Balance(hasty, alice)
			if !errors.Is(err, context.DeadlineExceeded) || midas.VerdictOf(err) != midas.VerdictLater || midas.Failure(err) {
				t.Errorf("the hasty one: %v (%s, failure %t)", err, midas.VerdictOf(err), midas.Failure(err))
			}
		})
		time.Sleep(50 * time.Millisecond)
		all.Go(func() {
			if _, err := c.Balance(t.Context(), alice); err != nil {
				t.Errorf("the patient one: %v", err)
			}
		})
		all.Wait()
		if len(s.fetches) != 1 {
			t.Errorf("%d fetches", len(s.fetches))
		}
	})
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	for answer, want := range map[string]error{
		`{"errcode":40001,"errmsg":"invalid credential"}`:    midas.ErrBadSecret,
		`{"errcode":40125,"errmsg":"invalid appsecret"}`:     midas.ErrBadSecret,
		`{"errcode":40013,"errmsg":"invalid appid"}`:         midas.ErrBadAppID,
		`{"errcode":40164,"errmsg":"invalid ip"}`:            midas.ErrIPNotAllowed,
		`{"access_token":"","expires_in":7200}`:              midas.ErrBadReply,
		`{"access_token":"x"}`:                               midas.ErrBadReply,
		`{"access_token":"x","expires_in":9000000000000000}`: midas.ErrBadReply,
	} {
		calls := 0
		c := against(t, "https://midas.test", func(cfg *midas.Config) {
			cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				calls++
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
			})
		})
		_, err := c.Pay(t.Context(), midas.PayRequest{Player: alice, BillNo: "b", Amount: 1})
		if !errors.Is(err, want) || !errors.Is(err, midas.ErrNotSent) || midas.VerdictOf(err) != midas.VerdictLater || calls != 1 {
			t.Errorf("%s: %d calls, %v (%s)", answer, calls, err, midas.VerdictOf(err))
		}
		// It must not say that the call is not to be repeated: that is about the fetch of the token.
		if !strings.Contains(err.Error(), "nothing was done, repeat ") || strings.Contains(err.Error(), "do not repeat") {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestThatWeChatRefusesATokenIsToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		c := against(t, "https://midas.test", func(cfg *midas.Config) {
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"errcode":40125,"errmsg":"invalid appsecret"}`)), Request: r}, nil
			})
		})
		for range 90 { // one and a half minutes
			_, _ = c.Balance(t.Context(), alice)
			time.Sleep(time.Second)
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 2 || !strings.Contains(log.String(), "40125") {
			t.Errorf("told %d times: %s", n, log.String())
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

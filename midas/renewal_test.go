package midas_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// weChat is a Midas whose token service can be in trouble, on virtual time.
type weChat struct {
	mu      sync.Mutex
	trouble string              // "hangs", "502", or an answer; empty: none
	token   string              // what the token service gives out
	good    func(string) string // Midas's answer to a token; empty: it takes it
	asked   int                 // questions for a token
	paid    []string            // tokens of calls
}

func (w *weChat) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	answer, status := `{"errcode":0,"balance":7}`, http.StatusOK
	token := r.URL.Query().Get("access_token")
	switch {
	case token != "":
		w.paid = append(w.paid, token)
		if refusal := w.good(token); refusal != "" {
			answer = refusal
		}
	case w.trouble == "hangs":
		w.asked++
		w.mu.Unlock()
		<-r.Context().Done()
		w.mu.Lock()
		return nil, r.Context().Err()
	case w.trouble == "502":
		w.asked++
		status = http.StatusBadGateway
	case w.trouble != "":
		w.asked++
		answer = w.trouble
	default:
		w.asked++
		answer = `{"access_token":"` + w.token + `","expires_in":7200}`
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func (w *weChat) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func takesAll(string) string { return "" }

var tokenTroubles = map[string]string{
	"hangs": "hangs", "a bad gateway": "502", "busy": `{"errcode":-1,"errmsg":"system error"}`,
	"refused": `{"errcode":40164,"errmsg":"invalid ip 203.0.113.7"}`, "nonsense": `{"access_token":7}`,
}

// While its renewal fails, in whatever way, a token is used to its end, no call waits, and WeChat is not asked for each
// call.
func TestATokenIsUsedToItsEndWhileItsRenewalFails(t *testing.T) {
	for name, trouble := range tokenTroubles {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log lines
				w := &weChat{token: "one", good: takesAll}
				c := against(t, "https://midas.test", through(w), quick(3*time.Second), func(cfg *midas.Config) {
					cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
				})
				if err := payOne(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				time.Sleep(116*time.Minute + time.Second)
				w.set(func() { w.trouble, w.token = trouble, "two" })
				for range 238 { // until a second before the end
					began := time.Now()
					if err := payOne(t.Context(), c); err != nil {
						t.Fatalf("%s before the end: %v", time.Until(began.Add(4*time.Minute)), err)
					}
					if waited := time.Since(began); waited > 0 {
						t.Fatalf("the call waited for %s", waited)
					}
					time.Sleep(time.Second)
				}
				w.set(func() {
					if w.asked < 10 || w.asked > 40 {
						t.Errorf("%d questions for a token in 4 minutes", w.asked)
					}
				})
				if n := strings.Count(log.String(), "no new access token"); n < 1 || n > 5 {
					t.Errorf("told %d times: %s", n, log.String())
				}
				w.set(func() { w.trouble, w.asked = "", 0 })
				time.Sleep(10 * time.Second)
				if err := payOne(t.Context(), c); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				if err := payOne(t.Context(), c); err != nil || w.paid[len(w.paid)-1] != "two" || w.asked != 1 {
					t.Errorf("afterwards: %v, with %q, %d questions", err, w.paid[len(w.paid)-1], w.asked)
				}
				if !strings.Contains(log.String(), "gives access tokens again") {
					t.Errorf("that it is over is not told: %s", log.String())
				}
			})
		})
	}
}

// Without a good token, because it has ended or because Midas refuses it, calls wait for a later time; nothing is sent,
// WeChat is asked now and then, and as soon as it gives a token all goes on.
func TestWithoutAGoodTokenWeChatIsAskedNowAndThen(t *testing.T) {
	refused := func(code string) func(string) string {
		return func(token string) string {
			if token == "one" {
				return `{"errcode":` + code + `,"errmsg":"no"}`
			}
			return ""
		}
	}
	for how, good := range map[string]func(string) string{"it has ended": nil, "40001": refused("40001"), "42001": refused("42001")} {
		for name, trouble := range tokenTroubles {
			t.Run(how+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := &weChat{token: "one", good: takesAll}
					c := against(t, "https://midas.test", through(w), quick(3*time.Second))
					if err := payOne(t.Context(), c); err != nil {
						t.Fatal(err)
					}
					answers := good
					if good == nil {
						time.Sleep(2 * time.Hour)
						answers = takesAll
					}
					w.set(func() { w.trouble, w.token, w.good, w.asked, w.paid = trouble, "two", answers, 0, nil })
					for range 30 {
						var all sync.WaitGroup
						for range 10 {
							all.Go(func() {
								err := payOne(t.Context(), c)
								if midas.VerdictOf(err) != midas.VerdictLater {
									t.Errorf("%v (%s)", err, midas.VerdictOf(err))
								}
							})
						}
						all.Wait()
						time.Sleep(time.Second)
					}
					w.set(func() {
						if w.asked < 3 || w.asked > 15 {
							t.Errorf("%d questions for 300 calls", w.asked)
						}
						if len(w.paid) > 10 {
							t.Errorf("%d calls with a token that Midas refuses", len(w.paid))
						}
						w.trouble = ""
					})
					time.Sleep(10 * time.Second)
					if err := payOne(t.Context(), c); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// A token that WeChat says is good although Midas refuses it for now, as when a new one has not reached all of Midas
// yet, is tried again.
func TestATokenRefusedForAMomentIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &weChat{token: "one", good: func(string) string { return `{"errcode":40001,"errmsg":"not latest"}` }}
		c := against(t, "https://midas.test", through(w), quick(3*time.Second))
		for range 3 {
			if err := payOne(t.Context(), c); midas.VerdictOf(err) != midas.VerdictLater {
				t.Fatalf("%v (%s)", err, midas.VerdictOf(err))
			}
		}
		w.set(func() { w.good = takesAll })
		time.Sleep(2 * time.Second)
		if err := payOne(t.Context(), c); err != nil {
			t.Error(err)
		}
	})
}

// tokenShelf is what servers share.
type tokenShelf struct {
	mu    sync.Mutex
	token midas.SharedToken
	taken bool // somebody has the turn for good
}

func (s *tokenShelf) Load(ctx context.Context) (midas.Secret, time.Time, error) {
	t, err := s.LoadToken(ctx)
	return t.Token, t.RenewAt, err
}

func (s *tokenShelf) Store(context.Context, midas.Secret, time.Time) error {
	return errors.New("not asked for")
}

func (s *tokenShelf) LoadToken(context.Context) (midas.SharedToken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, nil
}

func (s *tokenShelf) StoreToken(_ context.Context, t midas.SharedToken) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = t
	return nil
}

func (s *tokenShelf) Turn(context.Context) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken {
		return nil, nil
	}
	return func() {}, nil
}

// A server that starts while WeChat gives no token goes on with the one that the others use, to its end.
func TestAServerThatStartsTakesATokenThatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		shelf := &tokenShelf{token: midas.SharedToken{Token: "theirs", RenewAt: now.Add(-time.Minute), End: now.Add(3 * time.Minute)}}
		w := &weChat{trouble: "hangs", good: takesAll}
		c := against(t, "https://midas.test", through(w), quick(3*time.Second), func(cfg *midas.Config) { cfg.TokenStore = shelf })
		for range 170 {
			began := time.Now()
			if err := payOne(t.Context(), c); err != nil || time.Since(began) > 0 {
				t.Fatalf("after %s: %v", time.Since(began), err)
			}
			time.Sleep(time.Second)
		}
	})
}

// While another server has the turn to renew and does not get on, those with a good token leave WeChat alone.
func TestARenewalWaitsForTheServerWhoseTurnItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		shelf := &tokenShelf{taken: true, token: midas.SharedToken{Token: "theirs", RenewAt: now.Add(-time.Minute), End: now.Add(time.Minute)}}
		w := &weChat{token: "two", good: takesAll}
		c := against(t, "https://midas.test", through(w), quick(3*time.Second), func(cfg *midas.Config) { cfg.TokenStore = shelf })
		for range 50 {
			if err := payOne(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if w.asked != 0 {
			t.Errorf("%d questions for a token", w.asked)
		}
		time.Sleep(11 * time.Second)
		if err := payOne(t.Context(), c); err != nil || w.asked != 1 {
			t.Errorf("after its end: %v, %d questions", err, w.asked)
		}
	})
}

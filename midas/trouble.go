package midas

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// tellGap is the least time between two lines of the log that say that there is no access token, for one cause; and
	// between two about the calls of an endpoint, once the trouble was over in between.
	tellGap = time.Minute
	// tellAgain is the least time between two lines of the log that say that the calls of an endpoint fail, for one cause.
	tellAgain = 5 * time.Minute
)

// troubles tells the log why calls fail, where the cause is not a player's business but this server's: its config, its
// line to WeChat, WeChat itself. Who only reads balances or logs players in would otherwise learn of a wrong AppKey
// when somebody buys. Each cause is told once in some minutes, and once when calls succeed again. There are no more
// causes than endpoints times outcomes, so what is remembered is bounded by the product of the two (7 × about 60).
type troubles struct {
	log  *slog.Logger
	open atomic.Int32 // endpoints in now: a call that succeeds looks at nothing else

	mu   sync.Mutex
	told map[cause]time.Time // when last; as many as there are causes
	now  map[Endpoint][]cause
}

// cause is why calls of an endpoint fail, in the words of [Outcome].
type cause struct {
	endpoint Endpoint
	code     string
}

func newTroubles(log *slog.Logger) *troubles {
	return &troubles{log: log, told: map[cause]time.Time{}, now: map[Endpoint][]cause{}}
}

// note hears how a call ended.
func (t *troubles) note(e Endpoint, err error) {
	if err == nil {
		t.over(e, "midas: calls succeed again")
		return
	}
	level, what := blame(err)
	if what == "" || !t.due(cause{e, OutcomeOf(err).Code}, tellAgain) {
		return
	}
	attrs := []any{"endpoint", e, "error", err}
	if advice := lineAdvice(err); advice != "" {
		attrs = append(attrs, "do", advice)
	}
	t.log.Log(context.Background(), level, what, attrs...)
}

// noteToken hears how a question for an access token ended. goodFor is how long the one at hand can still be used.
func (t *troubles) noteToken(err error, goodFor time.Duration) {
	if err == nil {
		t.over(EndpointToken, "midas: WeChat gives access tokens again")
		return
	}
	if !t.due(cause{EndpointToken, OutcomeOf(err).Code}, tellGap) {
		return
	}
	level := slog.LevelWarn
	if answer, ok := errors.AsType[*Error](err); ok && !errors.Is(answer, ErrSystemBusy) {
		level = slog.LevelError
	}
	what, attrs := "midas: WeChat gives this server no access token, so no call can be made", []any{"error", err}
	if goodFor > 0 {
		what = "midas: WeChat gives this server no new access token; calls go on with the one at hand"
		attrs = append(attrs, "good_for", goodFor.Round(time.Second))
	}
	if advice := lineAdvice(err); advice != "" {
		attrs = append(attrs, "do", advice)
	}
	t.log.Log(context.Background(), level, what, attrs...)
}

// due tells whether a cause is to be told now, and remembers that it was.
func (t *troubles) due(c cause, gap time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if last, told := t.told[c]; told && now.Sub(last) < gap {
		return false
	}
	t.told[c] = now
	if _, open := t.now[c.endpoint]; !open {
		t.open.Add(1)
	}
	t.now[c.endpoint] = append(t.now[c.endpoint], c)
	return true
}

// over tells that an endpoint whose trouble was told is well again.
func (t *troubles) over(e Endpoint, what string) {
	if t.open.Load() == 0 {
		return
	}
	t.mu.Lock()
	causes, open := t.now[e]
	if open {
		delete(t.now, e)
		t.open.Add(-1)
		for _, c := range causes { // what comes back is news sooner than what lasts
			if e != EndpointToken {
				t.told[c] = time.Now().Add(tellGap - tellAgain)
			}
		}
	}
	t.mu.Unlock()
	if open {
		t.log.Info(what, "endpoint", e)
	}
}

// blame says how loud the cause of a failed call is told, and in which words; none if it is a player's business, the
// caller's own change of mind, or told already.
func blame(err error) (level slog.Level, what string) {
	if Cancelled(err) || errors.Is(err, ErrRefusedHere) || forWantOfToken(err) {
		return 0, ""
	}
	answer, answered := errors.AsType[*Error](err)
	switch {
	case !answered:
		return slog.LevelWarn, "midas: calls get no usable answer"
	case errors.Is(answer, ErrSystemBusy), errors.Is(answer, ErrRateLimited), errors.Is(answer, ErrBadToken), answer.code().sentinel == undocumented.sentinel:
		return slog.LevelWarn, "midas: Midas does not do what it is asked"
	}
	for _, ours := range []error{
		ErrBadSig, ErrNotPermitted, ErrBadParameter, ErrParameterMissing, ErrBadOpenID, ErrBadSecret, ErrBadAppID, ErrIPNotAllowed,
		ErrSecretFrozen, ErrRestricted, ErrBadCall,
	} {
		if errors.Is(answer, ours) {
			return slog.LevelError, "midas: Midas refuses this server's calls"
		}
	}
	return 0, ""
}

// forWantOfToken tells whether a call was not sent because there was no access token: that is told where it was asked
// for.
func forWantOfToken(err error) bool {
	call, ok := errors.AsType[*CallError](err)
	if !ok || call.Kind != ErrNotSent || call.Endpoint == EndpointToken {
		return false
	}
	_, none := errors.AsType[*noToken](call.Err)
	return none
}

// noToken is why there was no access token for a call.
type noToken struct{ err error }

func (e *noToken) Error() string { return "no access token: " + e.err.Error() }
func (e *noToken) Unwrap() error { return e.err }

// lineAdvice says what to do about a line to WeChat that fails, where the error's own words do not.
func lineAdvice(err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name *net.DNSError
	switch {
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return "see that this machine has CA certificates and the right time, and that no proxy in between opens TLS"
	case errors.As(err, &name):
		return "see that this machine resolves names (DNS), and at BaseURL"
	case errors.Is(err, ErrNotSent), errors.Is(err, ErrTimeout), errors.Is(err, ErrConnection):
		return "see that this machine reaches WeChat: firewall, proxy (HTTPS_PROXY), BaseURL"
	case errors.Is(err, ErrHTML), errors.Is(err, ErrHTTPStatus):
		return "see whether BaseURL or a proxy leads to something that is not WeChat"
	default:
		return ""
	}
}

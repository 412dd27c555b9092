package midas

import (
	"context"
	"errors"
	"sync"
	"time"
)

// TokenSource yields the access token that every call needs (§4.2).
type TokenSource interface {
	// Token returns a token that is thought good.
	Token(ctx context.Context) (Secret, error)
	// Replace returns another token than dead, which Midas has refused.
	Replace(ctx context.Context, dead Secret) (Secret, error)
}

const (
	// renewBefore is how long before its end a token is replaced: within the last 5 minutes stable_token gives a new one
	// while the old one stays good.
	renewBefore = 4 * time.Minute
	// forceGap is the least time between two forced refreshes (§4.2); there are 20 a day.
	forceGap = 30 * time.Second
	// firstPause is how long nobody asks for a token after a second failure in a row; each further one doubles it, up to
	// longestPause. After the first failure the next call asks again.
	firstPause   = 250 * time.Millisecond
	longestPause = 10 * time.Second
)

// stableTokens keeps an access token. It is renewed before its end, in the background: calls go on with the one at
// hand, however long the renewal takes and whatever it comes to, until that token's own end or until Midas refuses it.
// One question for a token is under way at a time, however many wait for it, and after failures nobody asks for a
// while.
type stableTokens struct {
	client *Client

	mu       sync.Mutex
	held     SharedToken // the token at hand; empty: none
	rejected Secret      // Midas has refused it since it was last handed out
	current  *fetch
	failures int       // in a row
	retryAt  time.Time // before that nobody asks
	lastErr  error     // why the last question failed; told to those who come before retryAt
	forced   time.Time // when a refresh was last forced
	stats    TokenStats
	fetches  sync.WaitGroup
}

// TokenStats is what a client has done to have an access token.
type TokenStats struct {
	// Fetched and Failed are calls to stable_token, Forced those of them that put the old token out (20 a day, §4.2).
	Fetched, Failed, Forced int64
	// Shared is how often another server's token was taken from the TokenStore instead.
	Shared int64
	// ObtainedAt is when the token in use was fetched or taken; zero: there is none.
	ObtainedAt time.Time
}

// TokenStats tells how the client has come by its access tokens. All is zero where Config.Tokens yields them.
func (c *Client) TokenStats() TokenStats {
	if c.own == nil {
		return TokenStats{}
	}
	c.own.mu.Lock()
	defer c.own.mu.Unlock()
	return c.own.stats
}

// errStillDead: a forced refresh is allowed only now and then, and the one before was just made.
var errStillDead = errors.New("WeChat still gives out the token that Midas refuses; another process may be fetching tokens the classic way")

// errAnothersTurn: another server of the game is renewing the token, and does not get on.
var errAnothersTurn = errors.New("another server is renewing the access token")

// fetch is one fetch under way. token and err are set before done is closed.
type fetch struct {
	done  chan struct{}
	token Secret
	err   error
}

func newStableTokens(c *Client) *stableTokens { return &stableTokens{client: c} }

func (s *stableTokens) close() { s.fetches.Wait() }

// usable tells whether calls may go on with the token at hand. The mutex is held.
func (s *stableTokens) usable(now time.Time) bool {
	return s.held.Token != "" && s.held.Token != s.rejected && now.Before(s.held.End)
}

// Token returns the token at hand, and sees to its renewal; without one it waits for one.
func (s *stableTokens) Token(ctx context.Context) (Secret, error) {
	s.mu.Lock()
	now := time.Now()
	if s.usable(now) {
		defer s.mu.Unlock()
		if !now.Before(s.held.RenewAt) && s.current == nil && !now.Before(s.retryAt) {
			s.begin()
		}
		return s.held.Token, nil
	}
	token, err := s.awaited(ctx, now)
	if token != "" && errors.Is(err, errStillDead) { // WeChat insists that it is good; a call with it does no harm
		return token, nil
	}
	return token, err
}

// Replace returns the token at hand if it is another, or waits for one that is.
func (s *stableTokens) Replace(ctx context.Context, dead Secret) (Secret, error) {
	s.mu.Lock()
	now := time.Now()
	if s.held.Token != dead && s.usable(now) {
		defer s.mu.Unlock()
		return s.held.Token, nil
	}
	if s.held.Token == dead {
		s.rejected = dead
	}
	token, err := s.awaited(ctx, now)
	if err == nil && token == dead { // the fetch had got it before it was refused
		s.mu.Lock()
		s.rejected = dead
		token, err = s.awaited(ctx, time.Now())
	}
	if err == nil && token == dead {
		err = errStillDead
	}
	return token, err
}

// awaited joins the fetch under way, or starts one, and waits for it; or it tells why the last one failed, as long as
// nobody is to ask again. The mutex is held, and released.
func (s *stableTokens) awaited(ctx context.Context, now time.Time) (Secret, error) {
	if s.current == nil && now.Before(s.retryAt) {
		defer s.mu.Unlock()
		return "", s.lastErr
	}
	if s.current == nil {
		s.begin()
	}
	f := s.current
	s.mu.Unlock()
	return f.wait(ctx)
}

// begin starts a fetch. The mutex is held. The fetch belongs to nobody who waits: when one leaves, it goes on for the
// others.
func (s *stableTokens) begin() {
	f := &fetch{done: make(chan struct{})}
	s.current = f
	s.fetches.Go(func() { s.run(f) })
}

func (f *fetch) wait(ctx context.Context) (Secret, error) {
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), ErrTimeout) {
			return "", &CallError{Endpoint: EndpointToken, Kind: ErrTimeout}
		}
		return "", &CallError{Endpoint: EndpointToken, Kind: ErrCancelled, Err: ctx.Err()}
	}
}

func (s *stableTokens) run(f *fetch) {
	got, err := s.obtain()
	s.mu.Lock()
	now := time.Now()
	if err == nil && got.Token == s.rejected {
		err = errStillDead
		// It is what WeChat says is good: the next call tries it once more, and none asks for another before retryAt.
		s.held, s.rejected = got, ""
	}
	if err != nil {
		s.failures++
		s.lastErr = err
		s.retryAt = now.Add(pause(s.failures))
	} else {
		if got.Token != s.held.Token {
			s.stats.ObtainedAt = now
		}
		s.held, s.failures, s.lastErr, s.retryAt = got, 0, nil, time.Time{}
	}
	goodFor := time.Duration(0)
	if s.usable(now) {
		goodFor = s.held.End.Sub(now)
	}
	f.token, f.err = got.Token, err
	s.current = nil
	close(f.done)
	s.mu.Unlock()
	if !errors.Is(err, errAnothersTurn) {
		s.client.noteToken(err, goodFor)
	}
}

// pause is how long nobody asks for a token after so many failures in a row.
func pause(failures int) time.Duration {
	if failures < 2 {
		return 0
	}
	return min(firstPause<<min(failures-2, 10), longestPause)
}

// state is what a fetch has to know of the token at hand.
func (s *stableTokens) state() (rejected Secret, usable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rejected, s.usable(time.Now())
}

func (s *stableTokens) mayForce() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.forced.IsZero() && time.Since(s.forced) < forceGap {
		return false
	}
	s.forced = time.Now()
	return true
}

func (s *stableTokens) count(what func(*TokenStats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what(&s.stats)
}

package midas

import (
	"context"
	"encoding/json"
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

// TokenStore is where the servers of one game share their token, so that one of them fetches it for all. What it holds may
// be lost at any time, and an error of it only means that this server fetches for itself.
type TokenStore interface {
	// Load returns the shared token and when it is to be renewed; an empty one if there is none.
	Load(ctx context.Context) (token Secret, renewAt time.Time, err error)
	// Store makes a token the shared one until it is to be renewed.
	Store(ctx context.Context, token Secret, renewAt time.Time) error
	// Turn asks to be the one who fetches. If another server is, done is nil; it is to be asked again. done ends the turn,
	// which ends by itself after a few seconds.
	Turn(ctx context.Context) (done func(), err error)
}

const (
	// turnWait is the time between two looks at whether another server has fetched, and turnPatience how long it is waited for.
	turnWait     = 20 * time.Millisecond
	turnPatience = 2 * time.Second
	// renewBefore is how long before its end a token is replaced: within the last 5 minutes stable_token gives a new one
	// while the old one stays good.
	renewBefore = 4 * time.Minute
	// forceGap is the least time between two forced refreshes (§4.2); there are 20 a day.
	forceGap = 30 * time.Second
	// tellGap is the least time between two lines of the log that say the same.
	tellGap = time.Minute
)

// stableTokens fetches tokens through stable_token, one fetch at a time however many wait for it.
type stableTokens struct {
	client *Client

	mu      sync.Mutex
	token   Secret
	renewAt time.Time
	current *fetch
	forced  time.Time // when a refresh was last forced
	told    time.Time // when the log was last told that WeChat refuses
	stats   TokenStats
	fetches sync.WaitGroup
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

// fetch is one fetch under way. token and err are set before done is closed.
type fetch struct {
	done  chan struct{}
	token Secret
	err   error
}

func newStableTokens(c *Client) *stableTokens { return &stableTokens{client: c} }

func (s *stableTokens) close() { s.fetches.Wait() }

// Token returns the token at hand, or fetches one.
func (s *stableTokens) Token(ctx context.Context) (Secret, error) {
	s.mu.Lock()
	if s.token != "" && time.Now().Before(s.renewAt) {
		defer s.mu.Unlock()
		return s.token, nil
	}
	f := s.begin("")
	s.mu.Unlock()
	return f.wait(ctx)
}

// Replace fetches a token that is not dead, unless somebody has already.
func (s *stableTokens) Replace(ctx context.Context, dead Secret) (Secret, error) {
	s.mu.Lock()
	if s.token != "" && s.token != dead && s.current == nil {
		defer s.mu.Unlock()
		return s.token, nil
	}
	f := s.begin(dead)
	s.mu.Unlock()
	token, err := f.wait(ctx)
	if err == nil && token == dead {
		err = errStillDead
	}
	return token, err
}

// begin joins the fetch under way, or starts one. The mutex is held. The fetch belongs to nobody who waits: when one
// leaves, it goes on for the others.
func (s *stableTokens) begin(dead Secret) *fetch {
	if s.current != nil {
		return s.current
	}
	f := &fetch{done: make(chan struct{})}
	s.current = f
	s.fetches.Go(func() { s.run(f, dead) })
	return f
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

func (s *stableTokens) run(f *fetch, dead Secret) {
	token, renewAt, err := s.shared(dead)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.token, f.err = token, err; err == nil {
		if token != s.token {
			s.stats.ObtainedAt = time.Now()
		}
		s.token, s.renewAt = token, renewAt
	} else if VerdictOf(err) == VerdictRefused && time.Since(s.told) >= tellGap {
		s.told = time.Now()
		s.client.cfg.Logger.Error("midas: WeChat gives this server no access token, so no call can be made", "error", err)
	}
	s.current = nil
	close(f.done)
}

// shared takes the token that the servers share, or fetches one for all when it is this server's turn. Without a store,
// or with one that fails or is slow, it fetches: calls wait for this, so the store has half of their time at most.
func (s *stableTokens) shared(dead Secret) (Secret, time.Time, error) {
	store := s.client.cfg.TokenStore
	if store == nil {
		return s.fetch(dead)
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(turnPatience, s.client.cfg.Timeout/2))
	defer cancel()
	tick := time.NewTicker(turnWait)
	defer tick.Stop()
	for {
		token, renewAt, err := store.Load(ctx)
		if err == nil && token != "" && token != dead && time.Now().Before(renewAt) {
			s.count(func(n *TokenStats) { n.Shared++ })
			return token, renewAt, nil
		}
		var done func()
		if err == nil {
			done, err = store.Turn(ctx)
		}
		switch {
		case err != nil: // the store is away
			return s.fetch(dead)
		case done != nil:
			defer done()
			return s.fetchForAll(ctx, dead)
		}
		select {
		case <-tick.C:
		case <-ctx.Done(): // whoever has the turn does not get on
			return s.fetch(dead)
		}
	}
}

// fetchForAll fetches in this server's turn, unless another has just before.
func (s *stableTokens) fetchForAll(ctx context.Context, dead Secret) (Secret, time.Time, error) {
	store := s.client.cfg.TokenStore
	if token, renewAt, err := store.Load(ctx); err == nil && token != "" && token != dead && time.Now().Before(renewAt) {
		s.count(func(n *TokenStats) { n.Shared++ })
		return token, renewAt, nil
	}
	token, renewAt, err := s.fetch(dead)
	if err == nil && token != dead {
		ctx, cancel := s.client.bounded(context.Background())
		defer cancel()
		if err := store.Store(ctx, token, renewAt); err != nil {
			s.client.cfg.Logger.Warn("midas: the access token could not be shared", "error", err)
		}
	}
	return token, renewAt, err
}

// fetch asks WeChat, in its own time.
func (s *stableTokens) fetch(dead Secret) (Secret, time.Time, error) {
	ctx, cancel := s.client.bounded(context.Background())
	defer cancel()
	token, lives, err := s.ask(ctx, false)
	if err == nil && token == dead && s.mayForce() {
		// Midas still hands out what it refuses: some other process has forced a refresh.
		token, lives, err = s.ask(ctx, true)
	}
	return token, time.Now().Add(lives - min(renewBefore, lives/2)), err
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

func (s *stableTokens) ask(ctx context.Context, force bool) (token Secret, lives time.Duration, err error) {
	defer func() {
		s.count(func(n *TokenStats) {
			n.Fetched++
			if err != nil {
				n.Failed++
			}
			if force {
				n.Forced++
			}
		})
	}()
	cfg := &s.client.cfg
	body, err := json.Marshal(map[string]any{
		"grant_type": "client_credential", "appid": cfg.AppID, "secret": cfg.AppSecret.Reveal(), "force_refresh": force,
	})
	if err != nil {
		return "", 0, err
	}
	text, err := s.client.exchange(ctx, EndpointToken, "", cfg.BaseURL+"/cgi-bin/stable_token", body)
	if err != nil {
		return "", 0, err
	}
	var reply struct {
		status
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
	}
	if err := decode(EndpointToken, "", text, &reply, &reply.status); err != nil {
		return "", 0, err
	}
	const longest = 7200 // seconds (§4.2)
	if reply.Token == "" || reply.Expires <= 0 || reply.Expires > longest {
		return "", 0, &CallError{Endpoint: EndpointToken, Kind: ErrBadReply, Err: errors.New("no token, or an impossible life")}
	}
	return Secret(reply.Token), time.Duration(reply.Expires) * time.Second, nil
}

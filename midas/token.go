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

const (
	// renewBefore is how long before its end a token is replaced: within the last 5 minutes stable_token gives a new one
	// while the old one stays good.
	renewBefore = 4 * time.Minute
	// forceGap is the least time between two forced refreshes (§4.2); there are 20 a day.
	forceGap = 30 * time.Second
)

// stableTokens fetches tokens through stable_token, one fetch at a time however many wait for it.
type stableTokens struct {
	client *Client

	mu      sync.Mutex
	token   Secret
	renewAt time.Time
	current *fetch
	forced  time.Time // when a refresh was last forced
	fetches sync.WaitGroup
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
	ctx, cancel := s.client.bounded(context.Background())
	defer cancel()
	token, lives, err := s.ask(ctx, false)
	if err == nil && token == dead && s.mayForce() {
		// Midas still hands out what it refuses: some other process has forced a refresh.
		token, lives, err = s.ask(ctx, true)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.token, f.err = token, err; err == nil {
		s.token, s.renewAt = token, time.Now().Add(lives-min(renewBefore, lives/2))
	}
	s.current = nil
	close(f.done)
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

func (s *stableTokens) ask(ctx context.Context, force bool) (Secret, time.Duration, error) {
	cfg := &s.client.cfg
	body, err := json.Marshal(map[string]any{
		"grant_type": "client_credential", "appid": cfg.AppID, "secret": cfg.AppSecret.Reveal(), "force_refresh": force,
	})
	if err != nil {
		return "", 0, err
	}
	text, err := s.client.post(ctx, EndpointToken, "", cfg.BaseURL+"/cgi-bin/stable_token", body)
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

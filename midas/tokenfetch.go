package midas

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// TokenStore is where the servers of one game share their token, so that one of them fetches it for all. What it holds
// may be lost at any time, and an error of it only means that this server fetches for itself.
type TokenStore interface {
	// Load returns the shared token and when it is to be renewed; an empty one if there is none.
	Load(ctx context.Context) (token Secret, renewAt time.Time, err error)
	// Store makes a token the shared one until it is to be renewed.
	Store(ctx context.Context, token Secret, renewAt time.Time) error
	// Turn asks to be the one who fetches. If another server is, done is nil; it is to be asked again. done ends the turn,
	// which ends by itself after a few seconds.
	Turn(ctx context.Context) (done func(), err error)
}

// TokenKeeper is a TokenStore that keeps a token to its end. While WeChat gives no new one, a server that starts goes
// on with it too. With a store that is none, a token is shared until it is to be renewed.
type TokenKeeper interface {
	TokenStore
	// LoadToken is Load, with the token's end. RenewAt may have passed; an empty token: there is none.
	LoadToken(ctx context.Context) (SharedToken, error)
	// StoreToken makes a token the shared one until its end.
	StoreToken(ctx context.Context, t SharedToken) error
}

// SharedToken is an access token with its times.
type SharedToken struct {
	Token Secret
	// RenewAt is when a new one is to be asked for, End when it can no longer be used.
	RenewAt, End time.Time
}

const (
	// turnWait is the time between two looks at whether another server has fetched, and turnPatience how long it is waited
	// for.
	turnWait     = 20 * time.Millisecond
	turnPatience = 2 * time.Second
)

// obtain takes the token that the servers share, or fetches one for all when it is this server's turn. Without a store,
// or with one that fails or is slow, it fetches: calls may wait for this, so the store has half of their time at most.
// While the token at hand is good there is no such haste, and the others' turn is respected.
func (s *stableTokens) obtain() (SharedToken, error) {
	store := s.client.cfg.TokenStore
	if store == nil {
		return s.fetch()
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(turnPatience, s.client.cfg.Timeout/2))
	defer cancel()
	tick := time.NewTicker(turnWait)
	defer tick.Stop()
	for {
		shared, err := load(ctx, store)
		if err == nil && s.takes(shared) {
			return shared, nil
		}
		var done func()
		if err == nil {
			done, err = store.Turn(ctx)
		}
		switch {
		case err != nil: // the store is away
			return s.fetch()
		case done != nil:
			defer done()
			return s.fetchForAll(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done(): // whoever has the turn does not get on
			if _, usable := s.state(); usable {
				return SharedToken{}, errAnothersTurn
			}
			return s.fetch()
		}
	}
}

// takes tells whether a shared token is worth taking: one that is not due yet, or any good one where there is none at
// hand.
func (s *stableTokens) takes(t SharedToken) bool {
	rejected, usable := s.state()
	now := time.Now()
	if t.Token == "" || t.Token == rejected || !now.Before(t.End) || usable && !now.Before(t.RenewAt) {
		return false
	}
	s.count(func(n *TokenStats) { n.Shared++ })
	return true
}

// load reads the shared token of either kind of store.
func load(ctx context.Context, store TokenStore) (SharedToken, error) {
	if keeper, ok := store.(TokenKeeper); ok {
		return keeper.LoadToken(ctx)
	}
	token, renewAt, err := store.Load(ctx)
	return SharedToken{token, renewAt, renewAt}, err
}

// share stores a token for the others.
func share(ctx context.Context, store TokenStore, t SharedToken) error {
	if keeper, ok := store.(TokenKeeper); ok {
		return keeper.StoreToken(ctx, t)
	}
	return store.Store(ctx, t.Token, t.RenewAt)
}

// fetchForAll fetches in this server's turn, unless another has just before.
func (s *stableTokens) fetchForAll(ctx context.Context) (SharedToken, error) {
	store := s.client.cfg.TokenStore
	if shared, err := load(ctx, store); err == nil && s.takes(shared) {
		return shared, nil
	}
	got, err := s.fetch()
	if rejected, _ := s.state(); err == nil && got.Token != rejected {
		ctx, cancel := s.client.bounded(context.Background())
		defer cancel()
		if err := share(ctx, store, got); err != nil {
			s.client.cfg.Logger.Warn("midas: the access token could not be shared", "error", err)
		}
	}
	return got, err
}

// fetch asks WeChat, in its own time.
func (s *stableTokens) fetch() (SharedToken, error) {
	ctx, cancel := s.client.bounded(context.Background())
	defer cancel()
	got, err := s.ask(ctx, false)
	if err != nil {
		return SharedToken{}, err
	}
	if rejected, _ := s.state(); got.Token == rejected && s.mayForce() {
		// Midas still hands out what it refuses: some other process has forced a refresh.
		return s.ask(ctx, true)
	}
	return got, nil
}

func (s *stableTokens) ask(ctx context.Context, force bool) (got SharedToken, err error) {
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
		return SharedToken{}, err
	}
	asked := time.Now() // its life began when WeChat answered, which is later
	text, err := s.client.exchange(ctx, EndpointToken, "", "/cgi-bin/stable_token", body)
	if err != nil {
		return SharedToken{}, err
	}
	var reply struct {
		status
		Token   string `json:"access_token"`
		Expires shown  `json:"expires_in"`
	}
	if err := decode(EndpointToken, "", text, &reply, &reply.status, cfg.AppSecret); err != nil {
		return SharedToken{}, err
	}
	const longest = 7200 // seconds (§4.2)
	if reply.Token == "" || reply.Expires <= 0 || reply.Expires > longest {
		return SharedToken{}, &CallError{Endpoint: EndpointToken, Kind: ErrBadReply, Err: errors.New("no token, or an impossible life")}
	}
	lives := time.Duration(reply.Expires) * time.Second
	return SharedToken{Token: Secret(reply.Token), RenewAt: asked.Add(lives - min(renewBefore, lives/2)), End: asked.Add(lives)}, nil
}

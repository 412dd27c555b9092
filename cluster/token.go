package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/midas"
)

const (
	// turnLife ends the turn of a server that dies in it.
	turnLife = 5 * time.Second
	// tokenPatience bounds what a call to Midas may wait for Redis before this server fetches its own token.
	tokenPatience = time.Second
	tokenName     = "access token"
)

// tokenStore is the access token of all servers.
type tokenStore struct{ *Cluster }

// TokenStore shares the access token.
func (c *Cluster) TokenStore() midas.TokenStore { return tokenStore{c} }

// sharedToken is how it lies in Redis.
type sharedToken struct {
	Sealed  []byte `json:"sealed"`
	RenewAt int64  `json:"renew_at"`      // Unix ms
	End     int64  `json:"end,omitempty"` // Unix ms; servers of before do not say it, and do not use a token that is to be renewed
}

var _ midas.TokenKeeper = tokenStore{}

// Load returns the shared token; an empty one if there is none, or none of ours.
func (s tokenStore) Load(ctx context.Context) (midas.Secret, time.Time, error) {
	t, err := s.LoadToken(ctx)
	return t.Token, t.RenewAt, err
}

// LoadToken is Load, with the token's end.
func (s tokenStore) LoadToken(ctx context.Context) (midas.SharedToken, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	text, err := s.rdb.Get(ctx, s.prefix+"token").Bytes()
	if errors.Is(err, redis.Nil) {
		return midas.SharedToken{}, nil
	}
	if err != nil {
		s.failed(err)
		return midas.SharedToken{}, err
	}
	var shared sharedToken
	if err := json.Unmarshal(text, &shared); err != nil {
		return midas.SharedToken{}, nil
	}
	token, ok := s.seal.Open(shared.Sealed, tokenName)
	if !ok { // sealed under another AppSecret
		return midas.SharedToken{}, nil
	}
	return midas.SharedToken{
		Token:   token,
		RenewAt: time.UnixMilli(shared.RenewAt),
		End:     time.UnixMilli(max(shared.RenewAt, shared.End)),
	}, nil
}

// Store makes a token the shared one until it is to be renewed.
func (s tokenStore) Store(ctx context.Context, token midas.Secret, renewAt time.Time) error {
	return s.StoreToken(ctx, midas.SharedToken{Token: token, RenewAt: renewAt, End: renewAt})
}

// StoreToken makes a token the shared one until its end.
func (s tokenStore) StoreToken(ctx context.Context, t midas.SharedToken) error {
	ctx, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	text, err := json.Marshal(sharedToken{s.seal.Seal(t.Token, tokenName), t.RenewAt.UnixMilli(), t.End.UnixMilli()})
	if err != nil {
		return err
	}
	return s.rdb.Set(ctx, s.prefix+"token", text, max(time.Until(t.End), time.Second)).Err()
}

// endTurn ends a turn unless it has ended by itself and is another's.
var endTurn = redis.NewScript(`if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0`)

// Turn asks to be the server that fetches.
func (s tokenStore) Turn(ctx context.Context) (func(), error) {
	ctx, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	key := s.prefix + "turn"
	mine, err := s.rdb.SetNX(ctx, key, s.id, turnLife).Result()
	if err != nil || !mine {
		return nil, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), tokenPatience)
		defer cancel()
		_ = endTurn.Run(ctx, s.rdb, []string{key}, s.id).Err() // else it ends by itself
	}, nil
}

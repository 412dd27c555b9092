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
	RenewAt int64  `json:"renew_at"` // Unix ms
}

// Load returns the shared token; an empty one if there is none, or none of ours.
func (s tokenStore) Load(ctx context.Context) (midas.Secret, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	text, err := s.rdb.Get(ctx, s.prefix+"token").Bytes()
	if errors.Is(err, redis.Nil) {
		return "", time.Time{}, nil
	}
	if err != nil {
		s.noted(err)
		return "", time.Time{}, err
	}
	var shared sharedToken
	if err := json.Unmarshal(text, &shared); err != nil {
		return "", time.Time{}, nil
	}
	token, ok := s.seal.Open(shared.Sealed, tokenName)
	if !ok { // sealed under another AppSecret
		return "", time.Time{}, nil
	}
	return token, time.UnixMilli(shared.RenewAt), nil
}

// Store makes a token the shared one.
func (s tokenStore) Store(ctx context.Context, token midas.Secret, renewAt time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, tokenPatience)
	defer cancel()
	text, err := json.Marshal(sharedToken{Sealed: s.seal.Seal(token, tokenName), RenewAt: renewAt.UnixMilli()})
	if err != nil {
		return err
	}
	return s.rdb.Set(ctx, s.prefix+"token", text, max(time.Until(renewAt), time.Second)).Err()
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

package payment

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// sessions knows the newest session key of every player: in memory while the player is here, sealed in the ledger for
// the time after a restart, when open orders have to be finished before anyone has logged in again.
type sessions struct {
	ledger *ledger.Ledger
	seal   *midas.Sealer
	shared bool // other servers log players in, too

	mu   sync.Mutex
	keys map[string]held // by openid
}

// held is a key in memory. dead: Midas no longer takes it, or there was none.
type held struct {
	key  midas.Secret
	dead bool
}

// newSessions derives the sealing key from a secret the server has anyway, so that a copy of the ledger alone opens no
// session.
func newSessions(l *ledger.Ledger, secret midas.Secret, shared bool) (*sessions, error) {
	seal, err := midas.NewSealer(secret, "leafmidas session keys v1")
	if err != nil {
		return nil, err
	}
	return &sessions{ledger: l, seal: seal, shared: shared, keys: map[string]held{}}, nil
}

// set makes key the player's newest. It is known to get at once; save keeps it.
func (s *sessions) set(openid string, key midas.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[openid] = held{key, key == ""}
}

func (s *sessions) save(ctx context.Context, openid string, key midas.Secret, at time.Time) error {
	// The openid is bound to the sealed key: moved to another player's row, it does not open.
	return s.ledger.SaveSession(ctx, openid, s.seal.Seal(key, openid), at)
}

// get returns the player's newest key, or "" if there is none that may still work.
func (s *sessions) get(ctx context.Context, openid string) (midas.Secret, error) {
	s.mu.Lock()
	now, known := s.keys[openid]
	s.mu.Unlock()
	switch {
	case now.dead:
		return "", nil
	case known:
		return now.key, nil
	}
	return s.kept(ctx, openid)
}

// kept returns the key in the ledger. One that was sealed under another AppSecret is as good as none.
func (s *sessions) kept(ctx context.Context, openid string) (midas.Secret, error) {
	sealed, err := s.ledger.Session(ctx, openid)
	if errors.Is(err, ledger.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	key, _ := s.seal.Open(sealed, openid)
	return key, nil
}

// KeptSession reads a player's newest session key from a ledger, for an operator's calls; "" if it has none. sealSecret is
// Config.SealSecret.
func KeptSession(ctx context.Context, l *ledger.Ledger, sealSecret midas.Secret, openid string) (midas.Secret, error) {
	s, err := newSessions(l, sealSecret, false)
	if err != nil {
		return "", err
	}
	return s.kept(ctx, openid)
}

// expired tells whether the player is here and is known to have no session that works.
func (s *sessions) expired(openid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[openid].dead
}

// expire notes that Midas no longer takes key, unless the player has a newer one by now: from a login here, or, where the
// ledger is shared, from one on another server.
func (s *sessions) expire(ctx context.Context, openid string, key midas.Secret) {
	next := held{key, true}
	if s.shared {
		if kept, err := s.kept(ctx, openid); err == nil && kept != "" && kept != key {
			next = held{kept, false}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, known := s.keys[openid]; known && now.key == key {
		s.keys[openid] = next
	}
}

// reload takes a key from the ledger that is newer than a dead one; "": the one in memory has died, or there was none.
func (s *sessions) reload(ctx context.Context, openid string, dead midas.Secret) bool {
	kept, err := s.kept(ctx, openid)
	if err != nil || kept == "" || kept == dead {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.keys[openid]; now.dead {
		if now.key == kept {
			return false
		}
		s.keys[openid] = held{kept, false}
	}
	return true
}

// renewed tells whether the player is here with a key that is not known to have died.
func (s *sessions) renewed(openid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, known := s.keys[openid]
	return known && !now.dead
}

// forget drops the key from memory once the player is gone; the ledger still has it.
func (s *sessions) forget(openid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, openid)
}

// shorten makes an openid fit for a log: enough to tell players apart, too little to be one.
func shorten(openid string) string {
	if len(openid) <= 8 {
		return fmt.Sprintf("%.2s…", openid)
	}
	return openid[:4] + "…" + openid[len(openid)-4:]
}

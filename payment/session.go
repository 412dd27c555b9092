package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// sessions knows the session keys of every player that may still work: in memory while the player is here, sealed in
// the ledger for the time after a restart, when open orders have to be finished before anyone has logged in again. Of
// two logins at once nobody can say which key has replaced the other: answers overtake each other on their way, and
// clocks differ. So the keys before are kept for a while and tried, too, and only what Midas has refused is given up.
type sessions struct {
	ledger *ledger.Ledger
	seal   *midas.Sealer
	now    func() time.Time

	mu   sync.Mutex
	held map[string]*held // by openid; of players who are here, so as many as are logged in
}

// held is a player's keys in memory, those to be tried first first; heldKeys at most.
type held struct {
	keys    []heldKey
	address string // of the last login here; empty: not known
	reread  bool   // another server has put a key into the ledger
}

// heldKey is a key in memory. dead: Midas no longer takes it.
type heldKey struct {
	key  midas.Secret
	dead bool
}

const (
	// heldKeys bounds the keys in memory for each player: those of the ledger, and as many that are known to have died.
	heldKeys = 2 * ledger.MaxSessions
	// keptFor is how long after a login the keys before it are tried from the ledger. Two servers' clocks may differ by a
	// minute of it.
	keptFor = 30 * time.Minute
)

// newSessions derives the sealing key from a secret the server has anyway, so that a copy of the ledger alone opens no
// session.
func newSessions(l *ledger.Ledger, secret midas.Secret, now func() time.Time) (*sessions, error) {
	seal, err := midas.NewSealer(secret, "leafmidas session keys v1")
	if err != nil {
		return nil, err
	}
	return &sessions{ledger: l, seal: seal, now: now, held: map[string]*held{}}, nil
}

// set makes key the first that is tried, and address the player's. They are known to get at once; save keeps them.
func (s *sessions) set(openid string, key midas.Secret, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[openid]
	if h == nil {
		h = &held{}
		s.held[openid] = h
	}
	if key != "" {
		h.first(heldKey{key, false})
	}
	if address != "" {
		h.address = address
	}
}

// first puts a key before all others.
func (h *held) first(k heldKey) {
	h.keys = slices.DeleteFunc(h.keys, func(old heldKey) bool { return old.key == k.key })
	h.keys = slices.Insert(h.keys, 0, k)
	if len(h.keys) > heldKeys {
		h.keys = h.keys[:heldKeys]
	}
}

// live is the first key that is not known to have died and is not among those tried; "": there is none.
func (h *held) live(tried []midas.Secret) midas.Secret {
	for _, k := range h.keys {
		if !k.dead && !slices.Contains(tried, k.key) {
			return k.key
		}
	}
	return ""
}

// knows tells what is known of a key.
func (h *held) knows(key midas.Secret) (known, dead bool) {
	i := slices.IndexFunc(h.keys, func(k heldKey) bool { return k.key == key })
	return i >= 0, i >= 0 && h.keys[i].dead
}

// save keeps a key and an address in the ledger, and the keys before it for a while.
func (s *sessions) save(ctx context.Context, openid string, key midas.Secret, address string, at time.Time) error {
	// The openid is bound to the sealed key: moved to another player's row, it does not open.
	sealed := s.seal.Seal(key, openid)
	return s.ledger.ChangeSessions(ctx, openid, address, at, func(kept [][]byte, changed time.Time) [][]byte {
		next := [][]byte{sealed}
		for i, old := range kept {
			if k, ok := s.seal.Open(old, openid); ok && k != key && (i == 0 || at.Sub(changed) < keptFor) {
				next = append(next, old)
			}
		}
		return next
	})
}

// get returns the key that is to be tried first, or "" if there is none that may still work.
func (s *sessions) get(ctx context.Context, openid string) (midas.Secret, error) {
	return s.next(ctx, openid, nil)
}

// next returns a key that may still work and is not among those tried, or "".
func (s *sessions) next(ctx context.Context, openid string, tried []midas.Secret) (midas.Secret, error) {
	s.mu.Lock()
	h := s.held[openid]
	if h != nil && !h.reread {
		key := h.live(tried)
		if key != "" || tried == nil {
			s.mu.Unlock()
			return key, nil
		}
	}
	s.mu.Unlock()
	kept, err := s.kept(ctx, openid)
	s.mu.Lock()
	defer s.mu.Unlock()
	if h = s.held[openid]; h != nil {
		if err == nil {
			h.reread = false
			for _, key := range slices.Backward(kept) {
				if known, dead := h.knows(key); !known || !dead && tried == nil {
					h.first(heldKey{key, false})
				}
			}
		}
		if key := h.live(tried); key != "" || err == nil {
			return key, nil
		}
		return "", err
	}
	for _, key := range kept {
		if !slices.Contains(tried, key) {
			return key, nil
		}
	}
	return "", err
}

// kept returns the keys in the ledger. One that was sealed under another AppSecret is as good as none.
func (s *sessions) kept(ctx context.Context, openid string) ([]midas.Secret, error) {
	sealed, changed, err := s.ledger.Sessions(ctx, openid)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if s.now().Sub(changed) >= keptFor {
		sealed = sealed[:1]
	}
	var keys []midas.Secret
	for _, one := range sealed {
		if key, ok := s.seal.Open(one, openid); ok && key != "" {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// KeptSession reads the session key of a player from a ledger that is to be tried first, for an operator's calls; "" if
// it has none. sealSecret is Config.SealSecret.
func KeptSession(ctx context.Context, l *ledger.Ledger, sealSecret midas.Secret, openid string) (midas.Secret, error) {
	s, err := newSessions(l, sealSecret, time.Now)
	if err != nil {
		return "", err
	}
	return s.get(ctx, openid)
}

// expired tells whether the player is here and is known to have no session that works.
func (s *sessions) expired(openid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[openid]
	return h != nil && !h.reread && h.live(nil) == ""
}

// refused notes that Midas does not take a key. It throws no other away, and in the ledger not even this one: it is
// tried last there.
func (s *sessions) refused(ctx context.Context, openid string, key midas.Secret) {
	s.mu.Lock()
	if h := s.held[openid]; h != nil {
		known, dead := h.knows(key)
		if dead { // noted before
			s.mu.Unlock()
			return
		}
		for i := range h.keys {
			h.keys[i].dead = h.keys[i].dead || h.keys[i].key == key
		}
		if !known && len(h.keys) < heldKeys {
			h.keys = append(h.keys, heldKey{key, true})
		}
	}
	s.mu.Unlock()
	if kept, _, err := s.ledger.Sessions(ctx, openid); err != nil || len(kept) < 2 {
		return
	}
	// Whether that is stored or not, the others are tried.
	_ = s.ledger.ChangeSessions(ctx, openid, "", time.Time{}, func(kept [][]byte, _ time.Time) [][]byte {
		i := slices.IndexFunc(kept, func(one []byte) bool { k, ok := s.seal.Open(one, openid); return ok && k == key })
		if i < 0 || i == len(kept)-1 {
			return nil
		}
		return append(slices.Delete(slices.Clone(kept), i, i+1), kept[i])
	})
}

// worked notes that Midas takes a key: it is tried first from now on.
func (s *sessions) worked(openid string, key midas.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.held[openid]; h != nil {
		h.first(heldKey{key, false})
	}
}

// renewed tells whether the player is here with a key that is not known to have died and is not among those tried.
func (s *sessions) renewed(openid string, tried []midas.Secret) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[openid]
	return h != nil && h.live(tried) != ""
}

// changed notes that another server has put a key into the ledger.
func (s *sessions) changed(openid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.held[openid]; h != nil {
		h.reread = true
	}
}

// forget drops the keys from memory once the player is gone; the ledger still has them.
func (s *sessions) forget(openid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, openid)
}

// shorten makes an openid fit for a log: enough to tell players apart, too little to be one.
func shorten(openid string) string {
	if len(openid) <= 8 {
		return fmt.Sprintf("%.2s…", openid)
	}
	return openid[:4] + "…" + openid[len(openid)-4:]
}

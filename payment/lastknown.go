package payment

import (
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// mostLastKnown bounds the balances that are kept of players who have left, some 200 bytes each; it is twice what one
// of the two generations holds. Who has been away for longest is forgotten first.
const mostLastKnown = 10_000

// lastKnown keeps the balances of players who have left, for one who comes back while Midas cannot be asked. It is for
// showing only.
type lastKnown struct {
	mu          sync.Mutex
	newer, aged map[account]seenBalance
}

// seenBalance is a balance with its version, which tells when it was seen.
type seenBalance struct {
	midas.Balance
	version int64
}

func (l *lastKnown) put(key account, b seenBalance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.newer == nil || len(l.newer) >= mostLastKnown/2 {
		l.newer, l.aged = map[account]seenBalance{}, l.newer
	}
	l.newer[key] = b
}

func (l *lastKnown) get(key account) (seenBalance, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.newer[key]
	if !known {
		b, known = l.aged[key]
	}
	return b, known
}

// LastKnown returns the balance that Midas told last of a player's account, marked as old; false if this server has
// seen none since it started. It asks nobody, and is for showing only.
func (t *Till) LastKnown(p Player) (Account, bool) {
	if p.ZoneID == "" {
		p.ZoneID = t.cfg.ZoneID
	}
	key := account{p.OpenID, p.ZoneID}
	t.mu.Lock()
	b, version, center := t.accounts[key], t.told[key], t.centers[key].coins
	t.mu.Unlock()
	if b != nil {
		a := stale(seenBalance{*b, version})
		a.Center = center
		return a, true
	}
	gone, known := t.lastKnown.get(key)
	return stale(gone), known
}

// stale marks a balance as old. A version is the time at which the balance was seen, in microseconds of the common
// clock.
func stale(b seenBalance) Account {
	return Account{Balance: b.Balance, Version: b.version, Stale: true, AsOf: time.UnixMicro(b.version)}
}

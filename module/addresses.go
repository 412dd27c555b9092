package module

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses bounds the addresses that are remembered, some 200 bytes each: 2 MB. Those that come when it is full
// share a limit.
const maxAddresses = 10_000

// addresses bounds the login codes of one address that WeChat refuses. Good ones do not count: behind one address there
// may be very many players.
type addresses struct {
	perSecond rate.Limit
	burst     int

	mu     sync.Mutex
	byName map[string]*rate.Limiter // of those that had a code refused lately; maxAddresses at most
	others *rate.Limiter            // of all the rest, once it is full
}

// newAddresses: perSecond codes may be refused to an address, thirty times as many at once.
func newAddresses(perSecond float64) *addresses {
	burst := max(1, int(30*perSecond))
	return &addresses{
		perSecond: rate.Limit(perSecond), burst: burst, byName: map[string]*rate.Limiter{}, others: rate.NewLimiter(rate.Limit(perSecond), burst),
	}
}

// wait tells how long an address has to wait until it may send a login code.
func (d *addresses) wait(address string) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	limiter := d.byName[address]
	switch {
	case limiter == nil && len(d.byName) < maxAddresses:
		return 0
	case limiter == nil:
		limiter = d.others
	}
	if lacking := -limiter.Tokens(); lacking >= 0 {
		return time.Duration(max(lacking, 0.1) / float64(d.perSecond) * float64(time.Second))
	}
	return 0
}

// refused counts a code that was refused.
func (d *addresses) refused(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	limiter := d.byName[address]
	switch {
	case limiter != nil:
	case len(d.byName) < maxAddresses:
		limiter = rate.NewLimiter(d.perSecond, d.burst)
		d.byName[address] = limiter
	default:
		limiter = d.others
	}
	limiter.ReserveN(time.Now(), 1)
}

// sweep forgets addresses that have their whole allowance again.
func (d *addresses) sweep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for address, limiter := range d.byName {
		if limiter.Tokens() >= float64(d.burst) {
			delete(d.byName, address)
		}
	}
}

// isClients tells whether a connection's remote address is a client's own. A private one, or this machine's, is taken
// for a proxy's, behind which everybody is.
func isClients(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && ip.IsGlobalUnicast() && !ip.Unmap().IsPrivate() && !ip.Unmap().IsLoopback()
}

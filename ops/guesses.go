package ops

import (
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
)

const (
	// An address may guess the token this many times a second, with some to begin with.
	guessesPerSecond, guessBurst = 2, 20
	// maxGuessers bounds the addresses that are remembered. Those that come when it is full share one limit.
	maxGuessers = 1000
)

// guesses slows down addresses that have sent wrong tokens. The others' are looked at as always, so that nobody else is
// kept out.
type guesses struct {
	mu   sync.Mutex
	from map[string]*rate.Limiter // maxGuessers at most, and the others
}

// try looks at a token, unless its address has guessed too often. The mutex is held meanwhile: guesses that come at
// once are counted one by one.
func (g *guesses) try(remote string, right func() bool) (in, tooMany bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := network(remote)
	limit, known := g.from[who]
	if !known && len(g.from) >= maxGuessers {
		g.forget()
		if len(g.from) >= maxGuessers {
			who = "others"
			limit, known = g.from[who]
		}
	}
	if known && limit.Tokens() < 1 {
		return false, true
	}
	if right() {
		return true, false
	}
	if !known {
		if g.from == nil {
			g.from = map[string]*rate.Limiter{}
		}
		limit = rate.NewLimiter(guessesPerSecond, guessBurst)
		g.from[who] = limit
	}
	limit.Allow()
	return false, false
}

// forget leaves out whoever has long been quiet.
func (g *guesses) forget() {
	for who, limit := range g.from {
		if limit.Tokens() >= guessBurst {
			delete(g.from, who)
		}
	}
}

// network is where a request comes from: of IPv6, the network that one household or machine has for itself.
func network(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	addr := at.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64) // which every such address has
	return prefix.String()
}

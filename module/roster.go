package module

import (
	"slices"
	"sync"
	"time"

	"github.com/name5566/leaf/gate"
	"golang.org/x/time/rate"

	"github.com/leafmidas/leafmidas/payment"
)

const (
	// graveTime is how long an agent that has logged out is remembered: its last messages may still be on their way
	// through queues, and must not bring it back to life.
	graveTime = time.Minute
	// forgetAfter is how long a player's rate limit outlives the last connection, so that reconnecting does not renew it.
	forgetAfter = time.Minute
)

// roster knows who is online: which connections are whose. Leaf tells its own modules of a closed connection in no
// particular order with the messages it sent, and a second login may come before the first connection's end; so the
// roster goes by agent, never by "the player's connection", and a player may have several.
//
// All of it is in memory under one mutex that is never held across a call into Leaf.
type roster struct {
	// left hears, under the mutex so that no login can come in between, that a player has no connection left in a zone,
	// or (all) anywhere. It must return at once.
	left func(openid, zoneID string, all bool)

	limit rate.Limit
	burst int

	mu     sync.Mutex
	agents map[gate.Agent]*seat
	people map[string]*person // by openid
	graves map[gate.Agent]time.Time
}

// seat is one connection.
type seat struct {
	limiter *rate.Limiter // of a connection nobody has logged in on; nil once somebody has
	player  *payment.Player
}

// person is a player with at least one connection, or one who had one lately.
type person struct {
	limiter *rate.Limiter
	agents  []gate.Agent // a few at most
	left    time.Time    // when the last connection went; zero while there is one
}

func newRoster(left func(openid, zoneID string, all bool)) *roster {
	return &roster{
		left: left, limit: rate.Inf,
		agents: map[gate.Agent]*seat{}, people: map[string]*person{}, graves: map[gate.Agent]time.Time{},
	}
}

// limitTo sets the rate. Before the server runs.
func (r *roster) limitTo(perSecond float64, burst int) {
	r.limit, r.burst = rate.Limit(perSecond), burst
}

// login seats a player on a connection. It does nothing if the connection has ended. seated is called under the mutex, so
// that neither the end of the connection nor another login of the player can come in between. It must return at once.
func (r *roster) login(a gate.Agent, p payment.Player, seated func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, dead := r.graves[a]; dead {
		return
	}
	s := r.seat(a)
	was := s.player
	s.player = &p
	who := r.people[p.OpenID]
	if who == nil {
		who = &person{limiter: rate.NewLimiter(r.limit, r.burst)}
		r.people[p.OpenID] = who
	}
	if !slices.Contains(who.agents, a) {
		who.agents = append(who.agents, a)
	}
	who.left, s.limiter = time.Time{}, nil
	if was != nil && (was.OpenID != p.OpenID || was.ZoneID != p.ZoneID) {
		r.unseat(a, *was)
	}
	// The newest session key is every connection's: the older ones died with its making.
	for _, other := range who.agents {
		if was := r.agents[other].player; was != &p {
			now := *was
			now.SessionKey = p.SessionKey
			r.agents[other].player = &now
		}
	}
	seated()
}

// logout removes a connection.
func (r *roster) logout(a gate.Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.graves[a] = time.Now()
	s := r.agents[a]
	delete(r.agents, a)
	if s != nil && s.player != nil {
		r.unseat(a, *s.player)
	}
}

// unseat takes a connection away from the player who sat on it, and tells what was the last.
func (r *roster) unseat(a gate.Agent, was payment.Player) {
	who := r.people[was.OpenID]
	if s := r.agents[a]; s == nil || s.player.OpenID != was.OpenID {
		who.agents = slices.DeleteFunc(who.agents, func(other gate.Agent) bool { return other == a })
	}
	for _, other := range who.agents {
		if r.agents[other].player.ZoneID == was.ZoneID {
			return
		}
	}
	all := len(who.agents) == 0
	if all {
		who.left = time.Now()
	}
	r.left(was.OpenID, was.ZoneID, all)
}

// player tells who sits on a connection.
func (r *roster) player(a gate.Agent) (payment.Player, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.agents[a]; s != nil && s.player != nil {
		return *s.player, true
	}
	return payment.Player{}, false
}

// allow counts one message of a connection against its player's rate, or its own while nobody has logged in on it. If
// it is one too many, wait tells when the next may come. gone tells that the connection has ended.
func (r *roster) allow(a gate.Agent) (wait time.Duration, gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, dead := r.graves[a]; dead {
		return 0, true
	}
	s := r.seat(a)
	limiter := s.limiter
	if s.player != nil {
		limiter = r.people[s.player.OpenID].limiter
	}
	one := limiter.Reserve()
	if wait := one.Delay(); wait > 0 {
		one.Cancel()
		return wait, false
	}
	return 0, false
}

func (r *roster) seat(a gate.Agent) *seat {
	s := r.agents[a]
	if s == nil {
		s = &seat{limiter: rate.NewLimiter(r.limit, r.burst)}
		r.agents[a] = s
	}
	return s
}

// connections lists a player's connections, in one zone or (zone "") in all.
func (r *roster) connections(openid, zoneID string) []gate.Agent {
	r.mu.Lock()
	defer r.mu.Unlock()
	who := r.people[openid]
	if who == nil {
		return nil
	}
	list := make([]gate.Agent, 0, len(who.agents))
	for _, a := range who.agents {
		if zoneID == "" || r.agents[a].player.ZoneID == zoneID {
			list = append(list, a)
		}
	}
	return list
}

// everyone lists every connection on which somebody has logged in.
func (r *roster) everyone() []gate.Agent {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]gate.Agent, 0, len(r.agents))
	for a, s := range r.agents {
		if s.player != nil {
			list = append(list, a)
		}
	}
	return list
}

// sweep forgets what was remembered long enough.
func (r *roster) sweep(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a, at := range r.graves {
		if now.Sub(at) >= graveTime {
			delete(r.graves, a)
		}
	}
	for openid, who := range r.people {
		if len(who.agents) == 0 && now.Sub(who.left) >= forgetAfter {
			delete(r.people, openid)
		}
	}
}

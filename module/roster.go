package module

import (
	"reflect"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/name5566/leaf/gate"
	"golang.org/x/time/rate"

	"github.com/leafmidas/leafmidas/payment"
)

const (
	// graveTime is how long an agent that has logged out is remembered at least: its last messages may still be on their
	// way through queues, and must not bring it back to life.
	graveTime = time.Minute
	// maxHeld bounds the agents without an address of their own (see ident) that are remembered so.
	maxHeld = 1000
	// purgeAt is from how many on the agents that have logged out are looked through before the next sweep.
	purgeAt = 10_000
	// forgetAfter is how long a player's rate limit outlives the last connection, so that reconnecting does not renew it.
	forgetAfter = time.Minute
)

// roster knows who is online: which connections are whose. Leaf tells its own modules of a closed connection in no
// particular order with the messages it sent, and a second login may come before the first connection's end; so the
// roster goes by agent, never by "the player's connection", and a player may have several.
//
// All of it is in memory under one mutex that is never held across a call into Leaf. What a stranger can make it hold
// is about 150 bytes for each connection that anybody else still holds (Leaf's gates hold MaxConnNum, queues their
// messages'), for each that the garbage collector has not come to yet, and for purgeAt more: the connection itself,
// with some 50 KB of Leaf's, is kept only while a player is logged in on it.
type roster struct {
	// left hears, under the mutex so that no login can come in between, that a player has no connection left in a zone,
	// or (all) anywhere. It must return at once.
	left func(openid, zoneID string, all bool)

	limit rate.Limit
	burst int

	mu      sync.Mutex
	agents  map[ident]*seat     // connections that have sent something, or on which somebody is logged in
	people  map[string]*person  // by openid: players with a connection, or who had one within forgetAfter
	graves  map[ident]time.Time // those that have logged out, as long as anybody holds them
	held    int                 // graves of agents without an address; maxHeld at most
	purgeAt int
}

// ident names a connection without keeping it in memory: by a weak pointer, which tells it from another that is made
// later in the same place. An agent that is not a pointer has no address of its own, and is named by itself; Leaf's are
// pointers.
type ident struct {
	weak weak.Pointer[byte]
	self gate.Agent
}

func identOf(a gate.Agent) ident {
	if v := reflect.ValueOf(a); v.Kind() == reflect.Pointer {
		return ident{weak: weak.Make((*byte)(v.UnsafePointer()))}
	}
	return ident{self: a}
}

// gone tells that nobody holds the connection any more, so that nothing can come of it.
func (i ident) gone() bool { return i.self == nil && i.weak.Value() == nil }

// weakly is a connection for those who wait on its behalf: nil once it has ended and nobody else holds it.
func weakly(a gate.Agent) func() gate.Agent {
	v := reflect.ValueOf(a)
	if v.Kind() != reflect.Pointer {
		return func() gate.Agent { return a }
	}
	kind, at := v.Type().Elem(), weak.Make((*byte)(v.UnsafePointer()))
	return func() gate.Agent {
		held := at.Value()
		if held == nil {
			return nil
		}
		return reflect.NewAt(kind, reflect.ValueOf(held).UnsafePointer()).Interface().(gate.Agent)
	}
}

// seat is one connection.
type seat struct {
	limiter *rate.Limiter // the player's, or its own while nobody has logged in
	player  *payment.Player
	agent   gate.Agent // nil until somebody has logged in
	browses bool       // its client has asked for the catalogue, and is told when it changes
	offers  bool       // the catalogue that it was told has recharges
	first   bool       // and marks the first of them
	refused int        // login codes that WeChat has refused in a row
	resting time.Time  // until when no further one is taken
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
		agents: map[ident]*seat{}, people: map[string]*person{}, graves: map[ident]time.Time{}, purgeAt: purgeAt,
	}
}

// limitTo sets the rate. Before the server runs.
func (r *roster) limitTo(perSecond float64, burst int) {
	r.limit, r.burst = rate.Limit(perSecond), burst
}

// login seats a player on a connection. It does nothing if the connection has ended. seated is called under the mutex,
// so that neither the end of the connection nor another login of the player can come in between. It must return at
// once.
func (r *roster) login(a gate.Agent, p payment.Player, seated func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := identOf(a)
	if _, dead := r.graves[name]; dead {
		return
	}
	s := r.seat(name)
	was := s.player
	s.player, s.agent, s.refused = &p, a, 0
	who := r.people[p.OpenID]
	if who == nil {
		who = &person{limiter: rate.NewLimiter(r.limit, r.burst)}
		r.people[p.OpenID] = who
	}
	if !slices.Contains(who.agents, a) {
		who.agents = append(who.agents, a)
	}
	who.left, s.limiter = time.Time{}, who.limiter
	if was != nil && (was.OpenID != p.OpenID || was.ZoneID != p.ZoneID) {
		r.unseat(a, *was)
	}
	// The newest session key is every connection's: the older ones died with its making.
	for _, other := range who.agents {
		if seat := r.agents[identOf(other)]; seat.player != &p {
			now := *seat.player
			now.SessionKey = p.SessionKey
			seat.player = &now
		}
	}
	seated()
}

// logout removes a connection.
func (r *roster) logout(a gate.Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := identOf(a)
	r.bury(name, time.Now())
	s := r.agents[name]
	delete(r.agents, name)
	if s != nil && s.player != nil {
		r.unseat(a, *s.player)
	}
}

// unseat takes a connection away from the player who sat on it, and tells what was the last.
func (r *roster) unseat(a gate.Agent, was payment.Player) {
	who := r.people[was.OpenID]
	if s := r.agents[identOf(a)]; s == nil || s.player.OpenID != was.OpenID {
		who.agents = slices.DeleteFunc(who.agents, func(other gate.Agent) bool { return other == a })
	}
	for _, other := range who.agents {
		if r.agents[identOf(other)].player.ZoneID == was.ZoneID {
			return
		}
	}
	all := len(who.agents) == 0
	if all {
		who.left = time.Now()
	}
	r.left(was.OpenID, was.ZoneID, all)
}

// ended tells whether a connection has ended.
func (r *roster) ended(name ident) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, dead := r.graves[name]
	return dead || name.gone()
}

// player tells who sits on a connection.
func (r *roster) player(a gate.Agent) (payment.Player, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.agents[identOf(a)]; s != nil && s.player != nil {
		return *s.player, true
	}
	return payment.Player{}, false
}

// allow counts one message of a connection against its player's rate, or its own while nobody has logged in on it: then
// player is nil. If it is one too many, wait tells when the next may come. gone tells that the connection has ended.
// The player must not be changed.
func (r *roster) allow(a gate.Agent) (player *payment.Player, wait time.Duration, gone bool) {
	name, now := identOf(a), time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, dead := r.graves[name]; dead {
		return nil, 0, true
	}
	s := r.seat(name)
	if s.limiter.AllowN(now, 1) {
		return s.player, 0, false
	}
	one := s.limiter.ReserveN(now, 1)
	defer one.CancelAt(now)
	return s.player, one.DelayFrom(now), false
}

func (r *roster) seat(name ident) *seat {
	s := r.agents[name]
	if s == nil {
		s = &seat{limiter: rate.NewLimiter(r.limit, r.burst)}
		r.agents[name] = s
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
		if zoneID == "" || r.agents[identOf(a)].player.ZoneID == zoneID {
			list = append(list, a)
		}
	}
	return list
}

// wantsCatalogue notes that a connection is told of a new catalogue.
func (r *roster) wantsCatalogue(a gate.Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.agents[identOf(a)]; s != nil {
		s.browses = true
	}
}

// browsingOf lists a player's connections that are told of a new catalogue.
func (r *roster) browsingOf(openid string) (list []gate.Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if who := r.people[openid]; who != nil {
		for _, a := range who.agents {
			if r.agents[identOf(a)].browses {
				list = append(list, a)
			}
		}
	}
	return list
}

// shows notes whether the catalogue that a connection is told has recharges, and marks the first one.
func (r *roster) shows(a gate.Agent, offers, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.agents[identOf(a)]; s != nil {
		s.offers, s.first = offers, first
	}
}

// misled lists the connections of a player in a zone whose catalogue says otherwise of the first recharge.
func (r *roster) misled(openid, zoneID string, first bool) (list []gate.Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	who := r.people[openid]
	if who == nil {
		return nil
	}
	for _, a := range who.agents {
		if s := r.agents[identOf(a)]; s.browses && s.offers && s.first != first && s.player.ZoneID == zoneID {
			list = append(list, a)
		}
	}
	return list
}

// browsing lists the connections that are told of a new catalogue.
func (r *roster) browsing() []gate.Agent {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []gate.Agent
	for _, s := range r.agents {
		if s.browses && s.player != nil {
			list = append(list, s.agent)
		}
	}
	return list
}

// everyone lists every connection on which somebody has logged in.
func (r *roster) everyone() []gate.Agent {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]gate.Agent, 0, len(r.agents))
	for _, s := range r.agents {
		if s.player != nil {
			list = append(list, s.agent)
		}
	}
	return list
}

// sweep forgets what was remembered long enough.
func (r *roster) sweep(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.purge(now)
	for name, s := range r.agents {
		if s.player == nil && name.gone() { // its end was never told
			delete(r.agents, name)
		}
	}
	for openid, who := range r.people {
		if len(who.agents) == 0 && now.Sub(who.left) >= forgetAfter {
			delete(r.people, openid)
		}
	}
}

// bury remembers that a connection has ended. The mutex is held.
func (r *roster) bury(name ident, now time.Time) {
	if _, again := r.graves[name]; !again && name.self != nil {
		if r.held >= maxHeld {
			return
		}
		r.held++
	}
	r.graves[name] = now
	if len(r.graves) >= r.purgeAt {
		r.purge(now)
		r.purgeAt = max(purgeAt, 2*len(r.graves))
	}
}

// purge forgets connections that have ended and that nobody holds. The mutex is held.
func (r *roster) purge(now time.Time) {
	for name, at := range r.graves {
		switch {
		case name.gone():
			delete(r.graves, name)
		case name.self != nil && now.Sub(at) >= graveTime:
			r.held--
			delete(r.graves, name)
		}
	}
}

const (
	// codesFree is how many login codes in a row a connection may have refused before it has to wait, a second first and
	// then twice as long each time, codeRest at most.
	codesFree = 8
	codeRest  = time.Minute
)

// mayLogin tells how long a connection has to wait until it may send a login code.
func (r *roster) mayLogin(a gate.Agent, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.agents[identOf(a)]; s != nil {
		return max(0, s.resting.Sub(now))
	}
	return 0
}

// loginRefused counts a login code that WeChat has refused.
func (r *roster) loginRefused(a gate.Agent, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.agents[identOf(a)]; s != nil {
		if s.refused++; s.refused >= codesFree {
			s.resting = now.Add(min(time.Second<<min(s.refused-codesFree, 10), codeRest))
		}
	}
}

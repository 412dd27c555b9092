package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/emulator"
)

// tokens watches how often each server of a fleet asks WeChat for an access token. A token's life costs one fetch, made
// by one server for all: there is a life at the beginning, another each time that all tokens are put out, or that the
// emulator's clock has outlived one, and one more each time that Redis, which keeps the token, comes back empty. A
// server fetches for itself alone only while it may not see what the others share:
//
//   - while Redis is away, or its line to Redis is spoilt, or its process stands still, and a little longer;
//   - while a server that was killed in its turn to fetch still has it;
//   - while the machine is so slow that Redis seems to be away.
//
// Nor does it do that more often than it needs one: once after each of its starts, and after each death of all tokens.
type tokens struct {
	emu     *emulator.Server
	redis   string
	began   time.Time // by the emulator's clock
	servers []*server

	mu      sync.Mutex
	died    []time.Time
	emptied int // times that Redis lost the token
	starts  map[*server]int
	frozen  map[*server]int
	fetches []fetch
	alones  []*solitude
	turns   []turn

	watched context.CancelFunc
	watcher sync.WaitGroup
}

type fetch struct {
	server *server
	at     time.Time
}

// solitude is a time in which a server may not see what the others share; until is zero while it lasts.
type solitude struct {
	server      *server
	from, until time.Time
}

// turn is a server's to fetch for all. Nobody else's is to be seen for more than a moment.
type turn struct {
	id string
	at time.Time
}

const (
	// afterglow is how long a server may go on by itself after its line is well again: go-redis tries once a second, when
	// it could not connect for a while.
	afterglow = 1200 * time.Millisecond
	// turnLife is how long the turn of a server lasts that died in it (cluster).
	turnLife = 5 * time.Second
	// longLife is how old a token is at least, by the emulator's clock, that is replaced for its age.
	longLife = 2*time.Hour - 5*time.Minute
	// sluggish is what a look at Redis takes at most on a machine that is fast enough; a server waits a few times as long.
	sluggish = 200 * time.Millisecond
)

func newTokens(w *world) *tokens {
	return &tokens{emu: w.emu, redis: w.redis.addr, began: w.emu.Now(), servers: w.servers, starts: map[*server]int{}, frozen: map[*server]int{}}
}

// watch looks all the time how long Redis takes, so that a slow machine is not taken for a server's fault.
func (k *tokens) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	k.watched = cancel
	k.watcher.Go(func() {
		rdb := redis.NewClient(&redis.Options{Addr: k.redis, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second})
		defer rdb.Close()
		const pause = 20 * time.Millisecond
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			began := time.Now()
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			_ = rdb.Ping(ctx).Err() // Redis away is a reason of its own
			if now := time.Now(); now.Sub(began) > pause+sluggish {
				k.set(func() {
					for _, s := range k.servers {
						k.alones = append(k.alones, &solitude{s, began.Add(-time.Second), now.Add(afterglow)})
					}
				})
			}
		}
	})
}

func (k *tokens) close() {
	k.watched()
	k.watcher.Wait()
}

// ServeHTTP is the server's own way to Midas, so that what it asks for can be told from what others do. The rest of the
// way is everybody's.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k := s.world.tokens; k != nil && strings.HasSuffix(r.URL.Path, "/stable_token") {
		k.set(func() { k.fetches = append(k.fetches, fetch{s, time.Now()}) })
	}
	s.world.line.ServeHTTP(w, r)
}

// started notes that a server has been started, without a token.
func (k *tokens) started(s *server) {
	if k != nil {
		k.set(func() { k.starts[s]++ })
	}
}

// stands notes that a server's process has been stopped: a fetch that it was making is made again.
func (k *tokens) stands(s *server) {
	if k != nil {
		k.set(func() { k.frozen[s]++ })
	}
}

// lost notes that Redis has died, and with it the token.
func (k *tokens) lost() { k.set(func() { k.emptied++ }) }

// alone begins a time in which servers may not see what the others share; together ends it.
func (k *tokens) alone(servers ...*server) (together func()) {
	if k == nil {
		return func() {}
	}
	var mine []*solitude
	for _, s := range servers {
		mine = append(mine, &solitude{server: s, from: time.Now()})
	}
	k.set(func() { k.alones = append(k.alones, mine...) })
	return func() {
		k.set(func() {
			for _, a := range mine {
				a.until = time.Now().Add(afterglow)
			}
		})
	}
}

// die puts all tokens out.
func (k *tokens) die() {
	k.set(func() {
		k.emu.KillTokens()
		k.died = append(k.died, time.Now())
	})
}

// replaced tells whether somebody has noticed that they died last.
func (k *tokens) replaced() (yes bool) {
	k.set(func() {
		yes = len(k.fetches) > 0 && (len(k.died) == 0 || k.fetches[len(k.fetches)-1].at.After(k.died[len(k.died)-1]))
	})
	return yes
}

// noteTurn remembers whose turn it is to fetch, right after a server was killed or stopped. compareTurns looks whether
// it still is, some time after: then it was that server's, and for as long as it lasts the others do not wait for it.
func (k *tokens) noteTurn(ctx context.Context) {
	if k == nil {
		return
	}
	if id := k.turn(ctx); id != "" {
		k.turns = append(k.turns, turn{id, time.Now()})
	}
}

func (k *tokens) compareTurns(ctx context.Context) {
	if k == nil {
		return
	}
	for _, t := range k.turns {
		if k.turn(ctx) == t.id {
			k.set(func() {
				for _, s := range k.servers {
					k.alones = append(k.alones, &solitude{s, t.at.Add(-time.Second), t.at.Add(turnLife + afterglow)})
				}
			})
		}
	}
	k.turns = nil
}

func (k *tokens) turn(ctx context.Context) string {
	rdb := redis.NewClient(&redis.Options{Addr: k.redis, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second})
	defer rdb.Close()
	keys, err := rdb.Keys(ctx, "leafmidas:*:turn").Result()
	if err != nil || len(keys) == 0 { // Redis away is a reason of its own
		return ""
	}
	return rdb.Get(ctx, keys[0]).Val()
}

// fetched is what has been fetched so far.
type fetched struct {
	lives, forAll, most int // most is how many may have been fetched for all
	alone               int // by servers that may not have seen them
	faults              error
}

// count compares the fetches there were with those there may have been.
func (k *tokens) count() (f fetched) {
	k.mu.Lock()
	defer k.mu.Unlock()
	aged := int(k.emu.Now().Sub(k.began) / longLife)
	f.lives = 1 + len(k.died) + aged
	f.most = f.lives + k.emptied
	each := map[*server]int{}
	for _, one := range k.fetches {
		each[one.server]++
		if k.wasAlone(one) {
			f.alone++
		} else {
			f.forAll++
		}
	}
	if f.forAll > f.most {
		f.faults = fmt.Errorf("the fleet fetched %d access tokens in %d lives of it, in which Redis was emptied %d times, beside %d that servers fetched alone",
			f.forAll, f.lives, k.emptied, f.alone)
	}
	for n, s := range k.servers {
		if needs := k.starts[s] + len(k.died) + aged + k.frozen[s]; each[s] > needs {
			f.faults = errors.Join(f.faults, fmt.Errorf("server %d fetched %d access tokens, and needed one %d times", n, each[s], needs))
		}
	}
	return f
}

func (k *tokens) wasAlone(f fetch) bool {
	for _, a := range k.alones {
		if a.server == f.server && !f.at.Before(a.from) && (a.until.IsZero() || f.at.Before(a.until)) {
			return true
		}
	}
	return false
}

// fetchedOnce puts all tokens out while everything is well, has every server need one at once, and wants one fetch;
// twice in a row, for a server may need a while to find back to the others.
func (k *tokens) fetchedOnce(ctx context.Context, c *crowd) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	counts, late := []int{}, time.After(time.Minute)
	for inARow := 0; inARow < 2; {
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("a fleet that is well fetches %d access tokens when all have died", counts)
		case <-ctx.Done():
			return ctx.Err()
		}
		before := k.emu.Calls(emulator.APIStableToken)
		k.emu.KillTokens()
		k.emu.Advance(10 * time.Second) // for the logins
		if err := c.loginEverywhere(ctx); err != nil {
			return err
		}
		n := k.emu.Calls(emulator.APIStableToken) - before
		if counts = append(counts, n); n == 1 {
			inARow++
		} else {
			inARow = 0
		}
	}
	return nil
}

func (k *tokens) set(change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change()
}

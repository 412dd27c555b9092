// Package cluster connects the servers of one game through Redis: who plays where, what they have to be told, and the one
// access token. Nothing in Redis is the truth: orders, session keys and balances lie in the ledger and with Midas. Redis may
// be slow, away, or come back empty; every server then goes on by itself, and joins the others again when it can.
//
//	module ── Tell ──> queue ──────────> sender ──> Redis ── PUBLISH ──> listener ── hear ──> module of another server
//	module ── Here, Gone ──> unsaid ──/
//
// A host links it by importing it, as it links a database driver:
//
//	import _ "github.com/leafmidas/leafmidas/cluster"
//
// What lies in Redis, for an AppID and environment NAME: leafmidas:NAME:at:OPENID, a sorted set of the servers a player is
// on, with the time until which each is believed; the channels leafmidas:NAME:to:SERVER and leafmidas:NAME:all;
// leafmidas:NAME:token, sealed, and leafmidas:NAME:turn. Everything ends by itself.
package cluster

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
)

func init() {
	// The client's own log, one for the whole process, has a line for each attempt to connect. This package says it once.
	redis.SetLogger(quiet{})
	module.OpenFleet = func(cfg module.FleetConfig) (module.Fleet, error) { return Open(cfg) }
}

type quiet struct{}

// Printf says nothing.
func (quiet) Printf(context.Context, string, ...any) {}

const (
	// patience bounds one exchange with Redis. Nobody waits for it but the sender.
	patience = time.Second
	// pause is how long nothing is sent after an exchange has failed: what would be told meanwhile is dropped, for it would
	// be stale.
	pause = time.Second
	// beat is how often a server says again who is on it, and belief how long it is believed.
	beat   = 30 * time.Second
	belief = 2 * time.Minute
	// settled is how long after its word a server that does not listen is taken to have died.
	settled = 5 * time.Second
	// glance is how often a server that has nothing to say sees whether Redis is there.
	glance = 2 * time.Second
	// maxQueue bounds the notes that wait for the sender, maxBatch the players who are told of at once.
	maxQueue = 4096
	maxBatch = 256
)

// Cluster is this server's place among the others. Make one with Open, and Close it. Its methods never block but for Close.
type Cluster struct {
	rdb    *redis.Client
	id     string // of this server, anew with each start
	prefix string
	seal   *midas.Sealer
	log    *slog.Logger

	queue  chan func(context.Context) error
	wake   chan struct{}   // there is something unsaid
	ctx    context.Context // ends with Close
	end    context.CancelFunc
	done   sync.WaitGroup
	began  atomic.Bool // Listen was called
	away   atomic.Bool // Redis did not answer last
	sent   atomic.Int64
	heard  atomic.Int64
	missed atomic.Int64

	mu     sync.Mutex
	here   map[string]struct{} // openids
	unsaid map[string]struct{} // those who have come or gone, and Redis may not know
}

var _ module.Fleet = (*Cluster)(nil)

// Open prepares to meet the others. It connects to nothing yet: a server must start though Redis is away.
func Open(cfg module.FleetConfig) (*Cluster, error) {
	if cfg.Addr == "" || cfg.Name == "" {
		return nil, errors.New("cluster: Addr and Name are required")
	}
	seal, err := midas.NewSealer(cfg.SealSecret, "leafmidas shared token v1")
	if err != nil {
		return nil, err
	}
	options := &redis.Options{
		Addr: cfg.Addr, Username: cfg.Username, Password: cfg.Password.Reveal(), DB: cfg.DB, ClientName: "leafmidas",
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, MaxRetries: -1, ContextTimeoutEnabled: true,
	}
	if cfg.TLS {
		host, _, err := net.SplitHostPort(cfg.Addr)
		if err != nil {
			return nil, fmt.Errorf("cluster: Addr: %w", err)
		}
		options.TLSConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	c := &Cluster{
		rdb: redis.NewClient(options), id: ulid.Make().String(), prefix: "leafmidas:" + cfg.Name + ":", seal: seal, log: cfg.Logger,
		queue: make(chan func(context.Context) error, maxQueue), wake: make(chan struct{}, 1),
		here: map[string]struct{}{}, unsaid: map[string]struct{}{},
	}
	if c.log == nil {
		c.log = slog.Default()
	}
	c.ctx, c.end = context.WithCancel(context.Background())
	return c, nil
}

// Listen begins to send, and to hear notes of other servers, one after another.
func (c *Cluster) Listen(hear func(module.Note)) {
	c.began.Store(true)
	c.done.Go(c.send)
	c.done.Go(func() { c.listen(hear) })
}

// Here tells that a player is on this server.
func (c *Cluster) Here(openid string) {
	c.mu.Lock()
	c.here[openid] = struct{}{}
	c.unsaid[openid] = struct{}{}
	c.mu.Unlock()
	c.stir()
}

// Gone tells that a player's last connection to this server has ended.
func (c *Cluster) Gone(openid string) {
	c.mu.Lock()
	delete(c.here, openid)
	c.unsaid[openid] = struct{}{}
	c.mu.Unlock()
	c.stir()
}

// sayAll says again who is here, in case Redis has forgotten.
func (c *Cluster) sayAll() {
	c.mu.Lock()
	maps.Copy(c.unsaid, c.here)
	c.mu.Unlock()
	c.stir()
}

// stir wakes the sender.
func (c *Cluster) stir() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Tell passes a note to the other servers its player is on; one without a player to all of them.
func (c *Cluster) Tell(n module.Note) {
	text, err := json.Marshal(n)
	if err != nil {
		c.log.Error("midas: not told to other servers", "error", err)
		return
	}
	from := append([]byte(c.id+" "), text...)
	c.put(func(ctx context.Context) error {
		if n.OpenID == "" {
			err := c.rdb.Publish(ctx, c.prefix+"all", from).Err()
			if err == nil {
				c.sent.Add(1)
			}
			return err
		}
		return c.tell(ctx, n.OpenID, from)
	})
}

// Close lets what waits be sent for a moment, and leaves.
func (c *Cluster) Close() error {
	if !c.began.Load() {
		c.end()
		return c.rdb.Close()
	}
	farewell := make(chan struct{})
	c.put(func(ctx context.Context) error {
		defer close(farewell)
		return c.leave(ctx)
	})
	select {
	case <-farewell:
	case <-time.After(patience):
	}
	c.end()
	c.done.Wait()
	return c.rdb.Close()
}

// put queues a note for the sender. When there is no room Redis is slower than the game, and the newest is dropped:
// players are told by the next look.
func (c *Cluster) put(do func(context.Context) error) {
	select {
	case c.queue <- do:
	default:
		c.missed.Add(1)
	}
}

// send sends the notes, in order, and between them who has come and gone, a batch at a time: however many do at once, a note
// waits for few of them.
func (c *Cluster) send() {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	look := time.NewTicker(glance)
	defer look.Stop()
	var quietUntil time.Time
	for {
		var do func(context.Context) error
		note := false
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
			c.sayAll()
			continue
		case <-look.C:
			do = func(ctx context.Context) error { return c.rdb.Ping(ctx).Err() }
		case <-c.wake:
			if c.allSaid() {
				continue
			}
			do = c.announce
		case do = <-c.queue:
			note = true
		}
		if time.Now().Before(quietUntil) && c.ctx.Err() == nil {
			if note {
				c.missed.Add(1)
			}
			continue
		}
		if err := c.exchange(do); err != nil {
			quietUntil = time.Now().Add(pause)
			continue
		}
		if !quietUntil.IsZero() { // it is back, and may have forgotten everybody
			quietUntil = time.Time{}
			c.sayAll()
		}
	}
}

func (c *Cluster) exchange(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	err := do(ctx)
	c.noted(err)
	return err
}

// noted says once when Redis goes away, and once when it is back.
func (c *Cluster) noted(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if away := err != nil; c.away.Swap(away) != away {
		if away {
			c.log.Warn("midas: Redis does not answer: this server goes on by itself", "error", err)
		} else {
			c.log.Info("midas: Redis answers again: this server has joined the others")
		}
	}
}

// FleetStats tells what has passed between the servers.
func (c *Cluster) FleetStats() module.FleetStats {
	return module.FleetStats{Up: c.began.Load() && !c.away.Load(), Published: c.sent.Load(), Heard: c.heard.Load(), Dropped: c.missed.Load()}
}

func (c *Cluster) at(openid string) string { return c.prefix + "at:" + openid }
func (c *Cluster) to(id string) string     { return c.prefix + "to:" + id }

func (c *Cluster) allSaid() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.unsaid) == 0
}

// announce says of some players whether they are here. Where there are more, the sender is to come back.
func (c *Cluster) announce(ctx context.Context) error {
	some := c.takeUnsaid()
	until := float64(time.Now().Add(belief).Unix())
	_, err := c.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for openid, here := range some {
			if !here {
				p.ZRem(ctx, c.at(openid), c.id)
				continue
			}
			p.ZAdd(ctx, c.at(openid), redis.Z{Score: until, Member: c.id})
			p.Expire(ctx, c.at(openid), 2*belief)
		}
		return nil
	})
	if err != nil {
		c.mu.Lock()
		for openid := range some {
			c.unsaid[openid] = struct{}{}
		}
		c.mu.Unlock()
		return err
	}
	if !c.allSaid() {
		c.stir()
	}
	return nil
}

// takeUnsaid takes a batch of players, and whether they are here now.
func (c *Cluster) takeUnsaid() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	some := make(map[string]bool, min(maxBatch, len(c.unsaid)))
	for openid := range c.unsaid {
		if len(some) == maxBatch {
			break
		}
		_, some[openid] = c.here[openid]
		delete(c.unsaid, openid)
	}
	return some
}

// leave says that nobody is here any more.
func (c *Cluster) leave(ctx context.Context) error {
	c.mu.Lock()
	said := c.here
	maps.Copy(said, c.unsaid)
	c.here, c.unsaid = map[string]struct{}{}, map[string]struct{}{}
	c.mu.Unlock()
	_, err := c.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for openid := range said {
			p.ZRem(ctx, c.at(openid), c.id)
		}
		return nil
	})
	return err
}

// tell publishes to the servers a player is on.
func (c *Cluster) tell(ctx context.Context, openid string, text []byte) error {
	now := strconv.FormatInt(time.Now().Unix(), 10)
	servers, err := c.rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: c.at(openid), Start: now, Stop: "+inf", ByScore: true}).Result()
	if err != nil {
		return err
	}
	fresh := float64(time.Now().Add(belief - settled).Unix())
	for _, server := range servers {
		id, _ := server.Member.(string)
		if id == c.id {
			continue
		}
		heard, err := c.rdb.Publish(ctx, c.to(id), text).Result()
		if err != nil {
			return err
		}
		if heard == 0 && server.Score > fresh { // it is starting, and says so again when it listens: that must not be undone
			continue
		}
		if heard == 0 { // that server has died, if it does not say anything just now
			const said = `if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('ZREM', KEYS[1], ARGV[1]) end return 0`
			if err := c.rdb.Eval(ctx, said, []string{c.at(openid)}, id, strconv.FormatFloat(server.Score, 'f', -1, 64)).Err(); err != nil {
				return err
			}
			continue
		}
		c.sent.Add(1)
	}
	return nil
}

// listen hears what other servers publish. The client connects again by itself; each time it has, Redis may have forgotten
// who is here.
func (c *Cluster) listen(hear func(module.Note)) {
	sub := c.rdb.Subscribe(c.ctx, c.to(c.id), c.prefix+"all")
	defer sub.Close()
	messages := sub.ChannelWithSubscriptions(redis.WithChannelSize(maxQueue))
	for {
		var m any
		var open bool
		select {
		case <-c.ctx.Done():
			return
		case m, open = <-messages:
			if !open {
				return
			}
		}
		switch m := m.(type) {
		case *redis.Subscription:
			c.sayAll()
		case *redis.Message:
			from, text, _ := cut(m.Payload)
			var n module.Note
			if from != c.id && json.Unmarshal([]byte(text), &n) == nil {
				c.heard.Add(1)
				hear(n)
			}
		}
	}
}

func cut(payload string) (from, text string, ok bool) {
	const idLen = 26
	if len(payload) <= idLen || payload[idLen] != ' ' {
		return "", "", false
	}
	return payload[:idLen], payload[idLen+1:], true
}

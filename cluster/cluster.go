// Package cluster connects the servers of one game through Redis: who plays where, what they have to be told, and the
// one access token. Nothing in Redis is the truth: orders, session keys and balances lie in the ledger and with Midas.
// Redis may be slow, away, or come back empty; every server then goes on by itself, and joins the others again when it
// can.
//
//	module ── Tell ──> queue ──────────> sender ──> Redis ── PUBLISH ──> listener ── hear ──> module of another server
//	module ── Here, Gone ──> unsaid ──/
//
// A host links it by importing it, as it links a database driver:
//
//	import _ "github.com/leafmidas/leafmidas/cluster"
//
// What lies in Redis, for an AppID and environment NAME: leafmidas:NAME:at:OPENID, a sorted set of the servers a player
// is on, with the time until which each is believed; the channels leafmidas:NAME:to:SERVER and leafmidas:NAME:all;
// leafmidas:NAME:token, leafmidas:NAME:turn, and for a moment leafmidas:NAME:look:…. Everything ends by itself. Notes
// and the token are sealed with a key that is derived from the AppSecret: whoever has Redis, and not the secret, tells
// players nothing.
package cluster

import (
	"context"
	"errors"
	"log/slog"
	"maps"
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
	// beat is how often a server says again who is on it, and belief how long it is believed: longer than a beat and two
	// minutes, by which two machines' clocks may differ that are each a minute off.
	beat   = 30 * time.Second
	belief = 4 * time.Minute
	// glance is how often a server sees whether Redis is there, pause how often while it is away.
	glance = 2 * time.Second
	pause  = time.Second
	// calm is how long after a word about Redis's coming and going the next one may be logged, if it goes again.
	calm = time.Minute
	// maxQueue bounds the notes that wait for the sender, maxBatch the players who are told of at once, maxServers those
	// that a player is told on.
	maxQueue   = 4096
	maxBatch   = 256
	maxServers = 64
)

// Cluster is this server's place among the others. Make one with Open, and Close it. Its methods never block but for
// Close.
type Cluster struct {
	rdb    redis.UniversalClient
	probes int    // keys that are written to see whether Redis takes anything: several in a cluster, which has many nodes
	id     string // of this server, anew with each start
	prefix string
	seal   *midas.Sealer
	log    *slog.Logger
	now    func() time.Time

	queue  chan func(context.Context) error
	wake   chan struct{}   // there is something unsaid
	again  chan struct{}   // the listener is to subscribe anew
	ctx    context.Context // ends with Close
	end    context.CancelFunc
	done   sync.WaitGroup
	began  atomic.Bool // Listen was called
	away   atomic.Bool // Redis has failed, and not done since what this package needs
	sent   atomic.Int64
	heard  atomic.Int64
	missed atomic.Int64

	// Of the sender alone.
	number uint64 // of the last note that was sealed
	until  int64  // until when this server was to be believed when it said so last, in Unix ms
	deaf   int    // looks in a row at which this server did not hear itself

	refused refusals // of the listener alone, but for its count

	mu     sync.Mutex
	here   map[string]struct{} // openids
	unsaid map[string]struct{} // those who have come or gone, and Redis may not know; while it is away, only who has come
	told   bool                // the log says that Redis is away
	toldAt time.Time           // since when it says what it says
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
	options, err := connection(cfg)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		rdb: redis.NewUniversalClient(options), probes: 1, id: ulid.Make().String(), prefix: "leafmidas:" + cfg.Name + ":", seal: seal,
		log: cfg.Logger, now: cfg.Now, queue: make(chan func(context.Context) error, maxQueue), wake: make(chan struct{}, 1),
		again: make(chan struct{}, 1),
		here:  map[string]struct{}{}, unsaid: map[string]struct{}{},
	}
	if _, many := c.rdb.(*redis.ClusterClient); many {
		c.probes = 16
	}
	if c.now == nil {
		c.now = time.Now
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
	if c.away.Load() {
		delete(c.unsaid, openid) // what Redis knows ends by itself, and an outage may be long
	} else {
		c.unsaid[openid] = struct{}{}
	}
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
	c.put(func(ctx context.Context) error {
		if n.OpenID != "" {
			return c.tell(ctx, n)
		}
		_, err := c.publish(ctx, c.prefix+"all", n)
		return err
	})
}

// Close lets what waits be sent for a moment, and leaves.
func (c *Cluster) Close() error {
	if c.began.Load() && !c.away.Load() {
		farewell := make(chan struct{})
		c.put(func(ctx context.Context) error {
			defer close(farewell)
			return c.leave(ctx)
		})
		select {
		case <-farewell:
		case <-time.After(patience):
		}
	}
	c.end()
	c.done.Wait()
	return c.rdb.Close()
}

// FleetStats tells what has passed between the servers.
func (c *Cluster) FleetStats() module.FleetStats {
	return module.FleetStats{
		Up: c.began.Load() && !c.away.Load(), Published: c.sent.Load(), Heard: c.heard.Load(), Dropped: c.missed.Load(),
		Refused: c.refused.count.Load(),
	}
}

func (c *Cluster) at(openid string) string { return c.prefix + "at:" + openid }
func (c *Cluster) to(id string) string     { return c.prefix + "to:" + id }

package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/module"
)

// put queues a note for the sender. When there is no room Redis is slower than the game, and the newest is dropped:
// players are told by the next look.
func (c *Cluster) put(do func(context.Context) error) {
	select {
	case c.queue <- do:
	default:
		c.missed.Add(1)
	}
}

// send sends the notes, in order, and between them who has come and gone, a batch at a time: however many do at once, a
// note waits for few of them. While Redis is away it only looks whether it is back: what would be told meanwhile is
// dropped, for it would be stale.
func (c *Cluster) send() {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	look := time.NewTicker(glance)
	defer look.Stop()
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
			c.look()
			look.Reset(map[bool]time.Duration{false: glance, true: pause}[c.away.Load()])
			continue
		case <-c.wake:
			if c.allSaid() {
				continue
			}
			do = c.announce
		case do = <-c.queue:
			note = true
		}
		if c.away.Load() {
			if note {
				c.missed.Add(1)
			}
			continue
		}
		if c.exchange(do) != nil {
			look.Reset(pause)
		}
	}
}

// look sees whether Redis does what this package needs. Nothing else ends an absence: a Redis that answers a PING and
// takes no write, or takes some and not others, is away until it takes all of them.
func (c *Cluster) look() {
	if c.exchange(c.try) == nil && c.away.Swap(false) {
		c.mu.Lock()
		told := c.told
		if told {
			c.told, c.toldAt = false, time.Now()
		}
		c.mu.Unlock()
		if told {
			c.log.Info("midas: Redis answers again: this server has joined the others")
		}
		c.sayAll() // it may have forgotten everybody
	}
}

func (c *Cluster) exchange(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	err := do(ctx)
	if err != nil {
		c.failed(err)
	}
	return err
}

// failed notes that Redis is away. The log has a line for each absence, but not for one that begins within calm of the
// last one's end and is over by then: a line to Redis that comes and goes does not fill it.
func (c *Cluster) failed(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	c.away.Store(true)
	c.mu.Lock()
	tell := !c.told && (c.toldAt.IsZero() || time.Since(c.toldAt) >= calm)
	if tell {
		c.told, c.toldAt = true, time.Now()
	}
	c.mu.Unlock()
	if tell {
		c.log.Warn("midas: Redis does not answer, or refuses what is asked of it: this server goes on by itself", "error", err)
	}
}

// errDeaf: a note that this server has published to itself has not reached it, several times in a row.
var errDeaf = errors.New("this server does not hear what is published to it")

// mayBeDeaf is how many looks in a row need not be heard: a subscription that broke takes a few seconds to come back.
const mayBeDeaf = 4

// try does once what this package does with Redis, on keys of nobody's.
func (c *Cluster) try(ctx context.Context) error {
	var heard *redis.IntCmd
	all, err := c.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n := range c.probes {
			key := c.prefix + "look:" + strconv.Itoa(n)
			p.Set(ctx, key, c.id, belief)
			p.Get(ctx, key)
			p.Del(ctx, key)
		}
		set := c.prefix + "look:set"
		p.ZAdd(ctx, set, redis.Z{Score: float64(c.now().Unix()), Member: c.id})
		p.Expire(ctx, set, belief)
		p.ZRange(ctx, set, 0, -1)
		p.Eval(ctx, `return redis.call('ZREM', KEYS[1], ARGV[1])`, []string{set}, c.id)
		p.ZRem(ctx, set, c.id)
		heard = p.Publish(ctx, c.to(c.id), "")
		return nil
	})
	for _, one := range all {
		if err := one.Err(); err != nil && !errors.Is(err, redis.Nil) { // another server's look may have taken the key away
			return fmt.Errorf("%s: %w", one.Name(), err)
		}
	}
	if err != nil && !errors.Is(err, redis.Nil) { // there was no connection for any of them
		return err
	}
	if c.probes > 1 || !c.began.Load() || heard.Val() > 0 { // a cluster's node counts its own subscribers only
		c.deaf = 0
		return nil
	}
	if c.deaf++; c.deaf%mayBeDeaf == 0 {
		select {
		case c.again <- struct{}{}:
		default:
		}
	}
	if c.deaf >= mayBeDeaf {
		return errDeaf
	}
	return nil
}

// Check does once all that a server needs of Redis, and returns what Redis says to it. It leaves nothing behind.
func (c *Cluster) Check(ctx context.Context) error {
	if err := c.try(ctx); err != nil {
		return err
	}
	sub := c.rdb.Subscribe(ctx, c.to(c.id), c.prefix+"all")
	defer sub.Close()
	if _, err := sub.Receive(ctx); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

func (c *Cluster) allSaid() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.unsaid) == 0
}

// announce says of some players whether they are here. Where there are more, the sender is to come back.
func (c *Cluster) announce(ctx context.Context) error {
	some := c.takeUnsaid()
	// Each word is another one, so that a server that takes an earlier one back leaves this one.
	c.until = max(c.until+1, c.now().Add(belief).UnixMilli())
	score := float64(c.until) / 1000
	_, err := c.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for openid, here := range some {
			if !here {
				p.ZRem(ctx, c.at(openid), c.id)
				continue
			}
			p.ZAdd(ctx, c.at(openid), redis.Z{Score: score, Member: c.id})
			p.Expire(ctx, c.at(openid), 2*belief)
		}
		return nil
	})
	if err != nil {
		c.mu.Lock()
		for openid, here := range some {
			if here {
				c.unsaid[openid] = struct{}{}
			}
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

// unsay takes back that a server has a player, if it has not said so again since. In a script it may use only what the
// others do: an ACL user needs a right for each command.
const unsay = `
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[2], 'BYSCORE')) do
	if id == ARGV[1] then return redis.call('ZREM', KEYS[1], id) end
end
return 0`

// tell publishes to the servers a player is on.
func (c *Cluster) tell(ctx context.Context, n module.Note) error {
	servers, err := c.rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
		Key: c.at(n.OpenID), Start: "+inf", Stop: strconv.FormatInt(c.now().Unix(), 10), ByScore: true, Rev: true, Count: maxServers,
	}).Result()
	if err != nil {
		return err
	}
	for _, server := range servers {
		id, _ := server.Member.(string)
		if id == c.id {
			continue
		}
		heard, err := c.publish(ctx, c.to(id), n)
		if err != nil {
			return err
		}
		if heard || c.probes > 1 { // a cluster's node counts its own subscribers only
			continue
		}
		// That server has died, or is starting, and says so again once it listens.
		score := strconv.FormatFloat(server.Score, 'f', -1, 64)
		if err := c.rdb.Eval(ctx, unsay, []string{c.at(n.OpenID)}, id, score).Err(); err != nil {
			return err
		}
	}
	return nil
}

// publish seals a note and publishes it. heard is false if nobody listens on the channel.
func (c *Cluster) publish(ctx context.Context, channel string, n module.Note) (heard bool, err error) {
	text, err := c.sealNote(channel, n)
	if err != nil {
		c.log.Error("midas: not told to other servers", "error", err)
		return true, nil
	}
	subscribers, err := c.rdb.Publish(ctx, channel, text).Result()
	if err != nil {
		return false, err
	}
	if heard = subscribers > 0; heard || c.probes > 1 {
		c.sent.Add(1)
	}
	return heard, nil
}

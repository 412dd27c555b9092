package cluster_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/internal/freeport"
	"github.com/leafmidas/leafmidas/module"
)

// A Redis that answers a PING and refuses to work is away: the log says so once, with what Redis says, and not that it
// is back, until it is.
func TestARedisThatRefusesIsAway(t *testing.T) {
	redisAddr(t)
	for name, one := range map[string]struct {
		args           []string
		user, password string
		say            []string // what makes it refuse
		mend           []string
		why            string
	}{
		"out of memory": {say: []string{"CONFIG", "SET", "maxmemory", "1"}, mend: []string{"CONFIG", "SET", "maxmemory", "0"}, why: "OOM "},
		"a replica":     {say: []string{"REPLICAOF", "127.0.0.1", "1"}, mend: []string{"REPLICAOF", "NO", "ONE"}, why: "READONLY "},
		"a password":    {say: []string{"CONFIG", "SET", "requirepass", "secret"}, mend: []string{"CONFIG", "SET", "requirepass", ""}, why: "NOAUTH "},
		"no right to publish": {
			user: "game", password: "secret", say: []string{"ACL", "SETUSER", "game", "-publish"},
			mend: []string{"ACL", "SETUSER", "game", "+publish"}, why: "NOPERM ",
		},
		"no right to subscribe": {
			user: "game", password: "secret", say: []string{"ACL", "SETUSER", "game", "-subscribe"},
			mend: []string{"ACL", "SETUSER", "game", "+subscribe"}, why: "does not hear",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRedis(t, one.args...)
			operator := redis.NewClient(&redis.Options{Addr: r.addr})
			defer operator.Close()
			do := func(words []string) {
				t.Helper()
				if err := operator.Do(t.Context(), toAny(words)...).Err(); err != nil {
					t.Fatal(err)
				}
			}
			do([]string{"ACL", "SETUSER", "game", "on", ">secret", "~*", "&*", "+@all"})
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			conn := operator.Conn() // let in before it refuses strangers
			defer conn.Close()
			if err := conn.Ping(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			cfg := module.FleetConfig{Addr: r.addr, Name: "refuses", Username: one.user, Password: "secret"}
			if one.user == "" {
				cfg.Password = ""
			}
			a, b := newServer(t, cfg), newServer(t, cfg)
			b.Here("alice")
			meet(t, a, b, "alice")
			if err := a.Check(ctx); err != nil {
				t.Fatal(err)
			}
			if err := conn.Do(ctx, toAny(one.say)...).Err(); err != nil {
				t.Fatal(err)
			}
			if one.why == "NOAUTH " || one.user != "" {
				for _, kind := range []string{"normal", "pubsub"} {
					if err := conn.Do(ctx, "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes").Err(); err != nil {
						t.Fatal(err)
					}
				}
			}
			eventually(t, "it is away", func() bool { return !a.FleetStats().Up })
			for n := range 40 { // players come, and notes are told, all the while
				a.Here(fmt.Sprint("player", n))
				a.Tell(look("alice", "lost"))
				time.Sleep(100 * time.Millisecond) // for as long as several looks take
			}
			if a.FleetStats().Up {
				t.Error("it is said to be there")
			}
			if err := a.Check(ctx); err == nil {
				t.Error("nothing is found wrong with it")
			}
			log := a.log.String()
			if strings.Count(log, "goes on by itself") != 1 || strings.Contains(log, "joined the others") || !strings.Contains(log, one.why) {
				t.Errorf("said:\n%s", log)
			}
			if strings.Contains(log, "secret") {
				t.Errorf("the log tells the password:\n%s", log)
			}
			if err := conn.Do(ctx, toAny(one.mend)...).Err(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it is back", func() bool { return a.FleetStats().Up && b.FleetStats().Up })
			meet(t, a, b, "alice")
		})
	}
}

func toAny(words []string) (all []any) {
	for _, w := range words {
		all = append(all, w)
	}
	return all
}

// A line that comes and goes, every few seconds for hours, does not fill the log.
func TestALineThatComesAndGoesDoesNotFillTheLog(t *testing.T) {
	r := newRedis(t)
	a := newServer(t, module.FleetConfig{Addr: r.addr, Name: t.Name()})
	operator := redis.NewClient(&redis.Options{Addr: r.addr})
	defer operator.Close()
	set := func(memory string) {
		t.Helper()
		if err := operator.ConfigSet(t.Context(), "maxmemory", memory).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		set("1")
		eventually(t, "it is away", func() bool {
			a.Here("alice")
			return !a.FleetStats().Up
		})
		set("0")
		eventually(t, "it is back", func() bool { return a.FleetStats().Up })
	}
	log := a.log.String()
	if strings.Count(log, "goes on by itself") != 1 || strings.Count(log, "joined the others") != 1 {
		t.Errorf("said:\n%s", log)
	}
}

// While Redis is away what this server keeps for it does not grow with the players who come and go.
func TestPlayersWhoComeAndGoWhileRedisIsAwayAreNotKept(t *testing.T) {
	r := newRedis(t)
	a := newServer(t, module.FleetConfig{Addr: r.addr, Name: t.Name()})
	a.Here("alice")
	eventually(t, "it is there", func() bool { return a.FleetStats().Up })
	r.kill()
	eventually(t, "it is away", func() bool { return !a.FleetStats().Up })
	for n := range 10_000 {
		a.Here(fmt.Sprint("player", n))
		a.Gone(fmt.Sprint("player", n))
	}
	r.start()
	rdb := redis.NewClient(&redis.Options{Addr: r.addr})
	defer rdb.Close()
	eventually(t, "alice is known again", func() bool {
		n, err := rdb.Exists(t.Context(), "leafmidas:"+t.Name()+":at:alice").Result()
		return err == nil && n == 1
	})
	stats, err := rdb.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	var taken int
	_, after, found := strings.Cut(stats, "cmdstat_zrem:calls=")
	if _, err := fmt.Sscanf(after, "%d,", &taken); found && (err != nil || taken > 100) {
		t.Errorf("%d players were taken back who nobody had heard of (%v)", taken, err)
	}
}

// sentinel watches a master and its replica, and makes the latter the master when the former dies.
func newSentinel(t *testing.T, master *ownRedis, password string) *ownRedis {
	t.Helper()
	_, port, _ := strings.Cut(master.addr, ":")
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor midas 127.0.0.1 %s 1\nsentinel down-after-milliseconds midas 1000\nsentinel failover-timeout midas 3000\n"+
		"requirepass %s\n", port, password)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return newRedis(t, conf, "--port", "PORT", "--sentinel")
}

// The servers find the master that the Sentinels name, and the next one when it dies.
func TestServersFollowTheMasterThatSentinelsName(t *testing.T) {
	master := newRedis(t)
	_, port, _ := strings.Cut(master.addr, ":")
	replica := newRedis(t, "--port", "PORT", "--replicaof", "127.0.0.1 "+port, "--repl-diskless-sync-delay", "0")
	sentinel := newSentinel(t, master, "sentinel-password")
	watch := redis.NewSentinelClient(&redis.Options{Addr: sentinel.addr, Password: "sentinel-password"})
	defer watch.Close()
	eventually(t, "the Sentinel knows the replica", func() bool {
		replicas, err := watch.Replicas(t.Context(), "midas").Result()
		return err == nil && len(replicas) == 1 && replicas[0]["master-link-status"] == "ok"
	})
	cfg := module.FleetConfig{
		Addr: "127.0.0.1:1," + sentinel.addr, MasterName: "midas", SentinelPassword: "sentinel-password", Name: "sentinel",
	}
	a, b := newServer(t, cfg), newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	if err := a.Check(t.Context()); err != nil {
		t.Error(err)
	}
	master.kill()
	eventually(t, "the replica is the master", func() bool {
		addr, err := watch.GetMasterAddrByName(t.Context(), "midas").Result()
		return err == nil && len(addr) == 2 && strings.HasSuffix(replica.addr, ":"+addr[1])
	})
	meet(t, a, b, "alice")
	if err := a.TokenStore().Store(t.Context(), "the-token", time.Now().Add(time.Minute)); err != nil {
		t.Error(err)
	}
	if token, _, err := b.TokenStore().Load(t.Context()); err != nil || token != "the-token" {
		t.Errorf("%q, %v", token.Reveal(), err)
	}
}

// newRedisCluster is one of three masters.
func newRedisCluster(t *testing.T) (nodes []*ownRedis) {
	t.Helper()
	const slots, masters = 16384, 3
	var first string
	for n := range masters {
		bus, err := freeport.Addr()
		if err != nil {
			t.Fatal(err)
		}
		_, busPort, _ := strings.Cut(bus, ":")
		node := newRedis(t, "--port", "PORT", "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", busPort)
		nodes = append(nodes, node)
		rdb := redis.NewClient(&redis.Options{Addr: node.addr})
		defer rdb.Close()
		if err := rdb.ClusterAddSlotsRange(t.Context(), n*slots/masters, (n+1)*slots/masters-1).Err(); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = node.addr + ":" + busPort
			continue
		}
		to := append([]string{"CLUSTER", "MEET"}, strings.Split(first, ":")...)
		if err := rdb.Do(t.Context(), toAny(to)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range nodes {
		rdb := redis.NewClient(&redis.Options{Addr: node.addr})
		defer rdb.Close()
		eventually(t, "the cluster works", func() bool {
			info, err := rdb.ClusterInfo(t.Context()).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return nodes
}

// A Redis Cluster does what a single server does, whichever node a player's key is on, for an ACL user too.
func TestServersMeetInARedisCluster(t *testing.T) {
	nodes := newRedisCluster(t)
	for _, node := range nodes {
		rdb := redis.NewClient(&redis.Options{Addr: node.addr})
		err := rdb.Do(t.Context(), toAny(strings.Fields("ACL SETUSER game on >secret "+rights+" +cluster|slots +cluster|shards"))...).Err()
		_ = rdb.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := module.FleetConfig{Addr: nodes[0].addr + "," + nodes[1].addr, Name: "cluster", Username: "game", Password: "secret"}
	a := newServer(t, cfg)
	cfg.Addr, cfg.Cluster = nodes[2].addr, true
	b := newServer(t, cfg)
	const players = 20
	for n := range players {
		b.Here(fmt.Sprint("player", n))
	}
	for n := range players {
		meet(t, a, b, fmt.Sprint("player", n))
	}
	if err := a.Check(t.Context()); err != nil {
		t.Error(err)
	}
	renew := time.Now().Add(time.Minute)
	if err := a.TokenStore().Store(t.Context(), "the-token", renew); err != nil {
		t.Error(err)
	}
	if token, _, err := b.TokenStore().Load(t.Context()); err != nil || token != "the-token" {
		t.Errorf("%q, %v", token.Reveal(), err)
	}
	done, err := a.TokenStore().Turn(t.Context())
	if err != nil || done == nil {
		t.Fatalf("no turn: %v", err)
	}
	done()
	for n := range 300 { // each goes to some node, and they may overtake each other on their way
		a.Tell(look("player0", fmt.Sprint("bill ", n)))
	}
	eventually(t, "every note is heard once", func() bool {
		for n := range 300 {
			if b.hears(fmt.Sprint("bill ", n)) != 1 {
				return false
			}
		}
		return true
	})
	if n := b.FleetStats().Refused; n != 0 || !a.FleetStats().Up || !b.FleetStats().Up {
		t.Errorf("%d notes refused; up %v, %v; %s %s", n, a.FleetStats().Up, b.FleetStats().Up, a.log, b.log)
	}
	// One of its nodes dies: away, steadily, for some of the players cannot be found.
	nodes[1].kill()
	eventually(t, "it is away", func() bool { return !a.FleetStats().Up && !b.FleetStats().Up })
	if log := a.log.String(); strings.Count(log, "goes on by itself") != 1 {
		t.Errorf("said:\n%s", log)
	}
}

package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/cluster"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
)

// wiretap is somebody who has Redis, and not the AppSecret: it hears what is published and may publish what it likes.
type wiretap struct {
	t    *testing.T
	rdb  *redis.Client
	name string
	seen <-chan *redis.Message
}

func newWiretap(t *testing.T, cfg module.FleetConfig) *wiretap {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: cfg.Addr})
	sub := rdb.PSubscribe(t.Context(), "leafmidas:"+cfg.Name+":*")
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sub.Close()
		_ = rdb.Close()
	})
	return &wiretap{t, rdb, cfg.Name, sub.Channel()}
}

// catch waits for a note on its way, of the channel's kind ("to:" or "all").
func (w *wiretap) catch(kind string) *redis.Message {
	w.t.Helper()
	end := time.After(soon)
	for {
		select {
		case m := <-w.seen:
			if m.Payload != "" && strings.HasPrefix(m.Channel, "leafmidas:"+w.name+":"+kind) {
				return m
			}
		case <-end:
			w.t.Fatal("nothing was published")
		}
	}
}

func (w *wiretap) say(channel, payload string) {
	w.t.Helper()
	if err := w.rdb.Publish(w.t.Context(), channel, payload).Err(); err != nil {
		w.t.Fatal(err)
	}
}

// Whoever may publish, and does not have the AppSecret, tells players and servers nothing: neither with notes of their
// own, nor as older versions sent them, nor with those of others, changed, repeated, or sent to somebody else.
func TestOnlyServersOfThisGameAreBelieved(t *testing.T) {
	cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name()}
	w := newWiretap(t, cfg)
	a, b, c := newServer(t, cfg), newServer(t, cfg), newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	c.Here("bob")
	meet(t, a, c, "bob")
	for len(w.seen) > 0 {
		<-w.seen
	}
	a.Tell(look("alice", "true"))
	private := w.catch("to:")
	a.Tell(module.Note{What: module.NoteService, Endpoint: midas.EndpointPay, Open: true, RetryAfter: time.Second, BillNo: "to all"})
	public := w.catch("all")
	eventually(t, "both are heard", func() bool { return b.hears("true") == 1 && b.hears("to all") == 1 && c.hears("to all") == 1 })
	if strings.Contains(private.Payload, "alice") || strings.Contains(public.Payload, "pay") {
		t.Error("what is published can be read")
	}

	lie, err := json.Marshal(module.Note{What: module.NoteService, Endpoint: midas.EndpointPay, Open: true, RetryAfter: time.Hour, BillNo: "a lie"})
	if err != nil {
		t.Fatal(err)
	}
	before, heard := b.FleetStats(), len(b.notes())+len(c.notes())
	said := 0
	say := func(channel, payload string) {
		w.say(channel, payload)
		said++
	}
	say(private.Channel, "01ARZ3NDEKTSV4RRFFQ69G5FAV "+string(lie)) // as versions before this one sent them
	say(private.Channel, string(lie))
	say(private.Channel, "\x01"+string(lie))
	say(private.Channel, "\x01")
	say(private.Channel, private.Payload)                              // once more
	say(private.Channel, public.Payload)                               // for all, told to one
	say(private.Channel, private.Payload[:len(private.Payload)-1]+"x") // changed
	say(public.Channel, public.Payload)
	say(public.Channel, private.Payload)
	eventually(t, "all are refused", func() bool { return b.FleetStats().Refused == before.Refused+int64(said) })
	if n := len(b.notes()) + len(c.notes()); n != heard {
		t.Errorf("%d notes were believed: %+v", n-heard, b.notes())
	}
	if n := strings.Count(b.log.String(), "not believed"); n != 1 {
		t.Errorf("said %d times:\n%s", n, b.log)
	}

	// A server of another AppSecret that meets under the same name is a stranger too.
	cfg.SealSecret, cfg.Logger = "another", slog.New(slog.DiscardHandler)
	other, err := cluster.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.Listen(func(module.Note) { t.Error("a stranger hears what is said") })
	refused := b.FleetStats().Refused
	other.Tell(look("alice", "stranger"))
	eventually(t, "the stranger is refused", func() bool { return b.FleetStats().Refused > refused })
	a.Tell(look("alice", "the end"))
	eventually(t, "others are heard as before", func() bool { return b.hears("the end") == 1 })
	if b.hears("stranger") != 0 {
		t.Error("a stranger was believed")
	}
}

// skewed is a clock that a test sets.
type skewed struct{ by atomic.Int64 }

func (s *skewed) now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

// Two machines, one a minute ahead of the time and the other a minute behind it, find each other's players at any time
// between two heartbeats, and believe each other.
func TestClocksAMinuteOffFindAndBelieveEachOther(t *testing.T) {
	for name, off := range map[string][2]time.Duration{
		"the asker ahead":  {time.Minute, -time.Minute},
		"the asker behind": {-time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			var ahead, behind skewed
			ahead.by.Store(int64(off[0]))
			behind.by.Store(int64(off[1]))
			cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name(), Now: ahead.now}
			a := newServer(t, cfg)
			cfg.Now = behind.now
			b := newServer(t, cfg)
			b.Here("alice")
			meet(t, a, b, "alice")
			// As it is just before b says again who is there: b's word is half a minute older, for a.
			ahead.by.Add(int64(30 * time.Second))
			for n := range 10 {
				a.Tell(look("alice", fmt.Sprint("bill ", n)))
			}
			eventually(t, "all are heard", func() bool { return b.hears("bill 9") == 1 })
			if n := b.FleetStats().Refused; n != 0 {
				t.Errorf("%d notes were refused: %s", n, b.log)
			}
		})
	}
}

// A note that somebody has kept is no use to anybody after minutes: a server that has started since never believes it.
func TestAnOldNoteIsNotBelieved(t *testing.T) {
	var late skewed
	cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name(), Now: late.now}
	w := newWiretap(t, cfg)
	a := newServer(t, module.FleetConfig{Addr: cfg.Addr, Name: cfg.Name})
	a.Tell(module.Note{What: module.NoteService, Endpoint: midas.EndpointPay, Open: true, RetryAfter: time.Hour, BillNo: "kept"})
	kept := w.catch("all")
	late.by.Store(int64(4 * time.Minute))
	b := newServer(t, cfg)
	eventually(t, "it is refused", func() bool {
		w.say(kept.Channel, kept.Payload)
		return b.FleetStats().Refused > 0
	})
	late.by.Store(int64(-4 * time.Minute)) // nor by one that is so far behind
	refused := b.FleetStats().Refused
	w.say(kept.Channel, kept.Payload)
	eventually(t, "it is refused", func() bool { return b.FleetStats().Refused > refused })
	if b.hears("kept") != 0 {
		t.Error("an old note was believed")
	}
}

// However many servers somebody writes into Redis, a player is told on a bounded number of them.
func TestAPlayerIsToldOnABoundedNumberOfServers(t *testing.T) {
	cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name()}
	w := newWiretap(t, cfg)
	a, b := newServer(t, cfg), newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	key := "leafmidas:" + cfg.Name + ":at:alice"
	defer w.rdb.Del(context.Background(), key)
	many := make([]redis.Z, 10_000)
	for n := range many {
		many[n] = redis.Z{Score: float64(time.Now().Add(time.Minute).Unix()), Member: fmt.Sprint("invented", n)}
	}
	if err := w.rdb.ZAdd(t.Context(), key, many...).Err(); err != nil {
		t.Fatal(err)
	}
	a.Tell(look("alice", "told"))
	a.Tell(module.Note{What: module.NoteService, BillNo: "end"})
	eventually(t, "both are heard", func() bool { return b.hears("told") == 1 && b.hears("end") == 1 })
	if left, err := w.rdb.ZCard(t.Context(), key).Result(); err != nil || left < 9_900 {
		t.Errorf("%d left, %v: every one was told", left, err)
	}
}

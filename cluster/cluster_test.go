package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/leafmidas/leafmidas/cluster"
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(certificates())
		os.Exit(code)
	}))
}

// soon is how long a test waits for what must happen.
const soon = 15 * time.Second

// redisAddr is the Redis that the tests share, each under a name of its own.
func redisAddr(t *testing.T) string {
	t.Helper()
	addr := os.Getenv("LEAFMIDAS_TEST_REDIS")
	if addr == "" {
		t.Skip(`no Redis: set LEAFMIDAS_TEST_REDIS (eval "$(tools/services.sh start)")`)
	}
	return addr
}

// ownRedis is one that the test may kill.
type ownRedis struct {
	t    *testing.T
	addr string
	args []string
	cmd  *exec.Cmd
}

func newRedis(t *testing.T, args ...string) *ownRedis {
	t.Helper()
	redisAddr(t) // where there is one, the program is installed
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	r := &ownRedis{t: t, addr: addr, args: args}
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *ownRedis) start() {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.addr)
	args := r.args
	if len(args) == 0 {
		args = []string{"--port", port}
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "PORT", port)
	}
	r.cmd = exec.Command("redis-server", append(args, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", r.t.TempDir())...)
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, "Redis answers", func() bool {
		conn, err := net.Dial("tcp", r.addr)
		return err == nil && conn.Close() == nil
	})
}

func (r *ownRedis) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Signal(syscall.SIGKILL)
	_ = r.cmd.Wait()
	r.cmd = nil
}

// server is one server's place, and what it heard.
type server struct {
	*cluster.Cluster
	log *syncBuffer

	mu    sync.Mutex
	heard []module.Note
}

func newServer(t *testing.T, cfg module.FleetConfig) *server {
	t.Helper()
	s := &server{log: &syncBuffer{}}
	cfg.SealSecret = "app-secret"
	cfg.Logger = slog.New(slog.NewTextHandler(s.log, nil))
	var err error
	if s.Cluster, err = cluster.Open(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.Listen(func(n module.Note) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.heard = append(s.heard, n)
	})
	return s
}

func (s *server) notes() []module.Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]module.Note(nil), s.heard...)
}

// hears counts the notes about an order.
func (s *server) hears(billNo string) (n int) {
	for _, note := range s.notes() {
		if note.BillNo == billNo {
			n++
		}
	}
	return n
}

func look(openid, billNo string) module.Note {
	return module.Note{What: module.NoteLook, OpenID: openid, ZoneID: "1", BillNo: billNo}
}

// meetings numbers the notes of meet.
var meetings atomic.Int64

// meet repeats a note until it is heard: a server that has just begun to listen may miss the first.
func meet(t *testing.T, from, to *server, openid string) {
	t.Helper()
	eventually(t, "the servers meet", func() bool {
		bill := fmt.Sprint("meet ", meetings.Add(1))
		from.Tell(look(openid, bill))
		time.Sleep(20 * time.Millisecond) // between two tries, not for a result
		return to.hears(bill) > 0
	})
}

func TestANoteReachesTheServersItsPlayerIsOn(t *testing.T) {
	cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name()}
	a, b, c := newServer(t, cfg), newServer(t, cfg), newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	a.Here("alice") // on two servers now
	meet(t, b, a, "alice")
	for n := range 100 {
		a.Tell(look("alice", fmt.Sprint("bill ", n)))
	}
	eventually(t, "all are heard", func() bool { return b.hears("bill 99") == 1 })
	next := 0
	for _, n := range b.notes() {
		if strings.HasPrefix(n.BillNo, "bill ") {
			if n.BillNo != fmt.Sprint("bill ", next) {
				t.Fatalf("heard %q, when %d was next", n.BillNo, next)
			}
			next++
		}
	}
	if next != 100 || a.hears("bill 99") != 0 || c.hears("bill 99") != 0 {
		t.Errorf("heard %d; by the sender %d, by a stranger %d", next, a.hears("bill 99"), c.hears("bill 99"))
	}
	// What is for nobody in particular is for all others.
	a.Tell(module.Note{What: module.NoteService, Endpoint: midas.EndpointPay, Open: true, RetryAfter: time.Second, BillNo: "all"})
	eventually(t, "all others hear", func() bool { return b.hears("all") == 1 && c.hears("all") == 1 })
	if a.hears("all") != 0 {
		t.Error("the sender hears itself")
	}
	b.Gone("alice")
	b.Tell(module.Note{What: module.NoteService, BillNo: "gone"}) // behind it in b's queue
	eventually(t, "b has said so", func() bool { return a.hears("gone") == 1 })
	a.Tell(look("alice", "late"))
	a.Tell(module.Note{What: module.NoteService, BillNo: "end"})
	eventually(t, "all is sent", func() bool { return b.hears("end") == 1 })
	if b.hears("late") != 0 {
		t.Error("heard of a player who is gone")
	}
}

func TestAServerThatLeavesIsForgotten(t *testing.T) {
	cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name()}
	a, b := newServer(t, cfg), newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	c := newServer(t, cfg)
	c.Here("alice")
	meet(t, a, c, "alice")
}

// Nobody hears what is published to a server that has died, nor to one that has said who is on it and does not listen
// yet. The latter says so again once it listens, and that must not be undone, whatever its clock shows.
func TestAServerThatIsStartingIsNotTakenForDead(t *testing.T) {
	addr := redisAddr(t)
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	key := "leafmidas:" + t.Name() + ":at:alice"
	defer rdb.Del(context.Background(), key)
	say := func(server string, until time.Time) {
		if err := rdb.ZAdd(context.Background(), key, redis.Z{Score: float64(until.UnixMilli()) / 1000, Member: server}).Err(); err != nil {
			t.Error(err)
		}
	}
	begin := time.Now().Add(2 * time.Minute)
	var again sync.Once
	line := listenBetween(t, addr, func(asked []byte) { // just before a takes it for dead, it begins to listen and says so
		if bytes.Contains(asked, []byte("eval")) && bytes.Contains(asked, []byte("starting")) && !bytes.Contains(asked, []byte("look:set")) {
			again.Do(func() { say("starting", begin.Add(time.Millisecond)) })
		}
	})
	cfg := module.FleetConfig{Addr: addr, Name: t.Name()}
	b := newServer(t, cfg)
	cfg.Addr = line
	a := newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	say("dead", begin)
	say("starting", begin)
	a.Tell(look("alice", "first"))
	a.Tell(module.Note{What: module.NoteService, BillNo: "behind it in a's queue"})
	eventually(t, "the notes are heard", func() bool { return b.hears("behind it in a's queue") == 1 })
	again.Do(func() { t.Error("nobody was taken for dead") })
	if left, err := rdb.ZRange(t.Context(), key, 0, -1).Result(); err != nil || len(left) != 2 || left[0] != "starting" {
		t.Errorf("alice is on %v, %v", left, err)
	}
}

func TestRedisMayComeBackEmpty(t *testing.T) {
	r := newRedis(t)
	cfg := module.FleetConfig{Addr: r.addr, Name: t.Name()}
	a, b := newServer(t, cfg), newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	if !a.FleetStats().Up || !b.FleetStats().Up {
		t.Error("servers that have met do not say so")
	}
	r.kill()
	eventually(t, "both figures say that Redis is away", func() bool { return !a.FleetStats().Up && !b.FleetStats().Up })
	began := time.Now()
	for n := range 10_000 { // Redis away: nobody waits
		a.Tell(look("alice", fmt.Sprint("lost ", n)))
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("telling took %s", took)
	}
	eventually(t, "a says so", func() bool { return strings.Contains(a.log.String(), "goes on by itself") })
	b.Here("carol") // who comes while Redis is away is found all the same when it is back
	dropped := b.FleetStats().Dropped
	eventually(t, "b is quiet because nobody answers", func() bool {
		b.Tell(look("alice", "lost"))
		return b.FleetStats().Dropped > dropped
	})
	r.start()
	meet(t, a, b, "alice")
	meet(t, a, b, "carol")
	eventually(t, "a says it is back", func() bool { return strings.Contains(a.log.String(), "joined the others") })
	eventually(t, "both figures say that it is back", func() bool { return a.FleetStats().Up && b.FleetStats().Up })
	if n := strings.Count(a.log.String(), "goes on by itself"); n != 1 {
		t.Errorf("said %d times that Redis is away:\n%s", n, a.log)
	}
}

// A restart of a large game: everybody comes within a moment. Each is told of, none again and again, and notes get
// through.
func TestACrowdThatComesAtOnceIsToldOfOnce(t *testing.T) {
	const players = 50_000
	r := newRedis(t)
	cfg := module.FleetConfig{Addr: r.addr, Name: t.Name()}
	a, b := newServer(t, cfg), newServer(t, cfg)
	a.Here("alice")
	meet(t, b, a, "alice")
	rdb := redis.NewClient(&redis.Options{Addr: r.addr})
	defer rdb.Close()
	var coming sync.WaitGroup
	for part := range 4 {
		coming.Go(func() {
			for n := range players / 4 {
				b.Here(fmt.Sprint("player", part, "-", n))
			}
		})
	}
	b.Tell(look("alice", "meanwhile"))
	eventually(t, "the note gets through", func() bool { return a.hears("meanwhile") == 1 })
	coming.Wait()
	keys := func() int64 {
		n, err := rdb.DBSize(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	eventually(t, "everybody is known", func() bool { return keys() == players+1 })
	stats, err := rdb.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	var said int
	_, after, _ := strings.Cut(stats, "cmdstat_zadd:calls=")
	if _, err := fmt.Sscanf(after, "%d,", &said); err != nil {
		t.Fatal(err, stats)
	}
	if dropped := b.FleetStats().Dropped; dropped != 0 || said > 2*players { // twice: a subscription may begin amid it
		t.Errorf("%d times told of %d players, %d dropped", said, players, dropped)
	}
	for part := range 4 {
		for n := range players / 4 {
			b.Gone(fmt.Sprint("player", part, "-", n))
		}
	}
	eventually(t, "all have gone", func() bool { return keys() == 1 })
}

func newMidas(t *testing.T) (emu *emulator.Server, url string) {
	t.Helper()
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	if url, err = emu.Start(""); err != nil {
		t.Fatal(err)
	}
	return emu, url
}

// newClient is a server's client of Midas, whose token is the fleet's. timeout 0: the usual one.
func newClient(t *testing.T, url string, s *server, timeout time.Duration) *midas.Client {
	t.Helper()
	c, err := midas.New(midas.Config{
		BaseURL: url, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, Sandbox: true, TokenStore: s.TokenStore(), Timeout: timeout, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestTheTokenIsFetchedOnceForAll(t *testing.T) {
	emu, url := newMidas(t)
	cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name() + fmt.Sprint(time.Now().UnixNano())}
	var clients []*midas.Client
	for range 10 {
		c := newClient(t, url, newServer(t, cfg), 0)
		clients = append(clients, c)
	}
	emu.SetSession("alice", "key")
	p := midas.Player{OpenID: "alice", ZoneID: "1", SessionKey: "key"}
	everyone := func() {
		t.Helper()
		var all sync.WaitGroup
		for _, c := range clients {
			for range 5 {
				all.Go(func() {
					if _, err := c.Balance(t.Context(), p); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
	}
	everyone()
	if n := emu.Calls(emulator.APIStableToken); n != 1 {
		t.Errorf("%d fetches by 10 servers", n)
	}
	emu.KillTokens()
	everyone()
	if n := emu.Calls(emulator.APIStableToken); n != 2 {
		t.Errorf("%d fetches after the token died once", n)
	}
}

// Without Redis, or with one that hangs, a call goes through with a token of this server's own, and soon.
func TestACallDoesNotWaitForRedis(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	for name, addr := range map[string]string{"hangs": silent.Addr().String(), "away": closed} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, module.FleetConfig{Addr: addr, Name: "x"})
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			began := time.Now()
			if token, _, err := s.TokenStore().Load(ctx); err == nil || token != "" {
				t.Errorf("%q, %v", token, err)
			}
			if done, err := s.TokenStore().Turn(ctx); err == nil || done != nil {
				t.Errorf("got a turn, %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			emu, url := newMidas(t)
			// A call that has less time than Redis may take is made all the same.
			client := newClient(t, url, s, 600*time.Millisecond)
			session, err := client.Code2Session(t.Context(), emu.Code(emulator.OpenIDOf("alice")))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Balance(t.Context(), midas.Player{OpenID: session.OpenID, ZoneID: "1", SessionKey: session.SessionKey}); err != nil {
				t.Errorf("a call: %v", err)
			}
		})
	}
}

func TestATokenOfAnotherGameDoesNotOpen(t *testing.T) {
	cfg := module.FleetConfig{Addr: redisAddr(t), Name: t.Name(), SealSecret: "one", Logger: slog.New(slog.DiscardHandler)}
	one, err := cluster.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	cfg.SealSecret = "another"
	other, err := cluster.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	renew := time.Now().Add(time.Minute)
	if err := one.TokenStore().Store(t.Context(), "the-token", renew); err != nil {
		t.Fatal(err)
	}
	if token, at, err := one.TokenStore().Load(t.Context()); err != nil || token != "the-token" || at.UnixMilli() != renew.UnixMilli() {
		t.Errorf("%q, %s, %v", token.Reveal(), at, err)
	}
	if token, _, err := other.TokenStore().Load(t.Context()); err != nil || token != "" {
		t.Errorf("%q, %v", token.Reveal(), err)
	}
}

// While WeChat gives no new token, a server that starts finds the one that the others still use.
func TestATokenIsSharedToItsEnd(t *testing.T) {
	open := func() midas.TokenKeeper {
		c, err := cluster.Open(module.FleetConfig{Addr: redisAddr(t), Name: t.Name(), SealSecret: "one", Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c.TokenStore().(midas.TokenKeeper)
	}
	due := midas.SharedToken{Token: "the-token", RenewAt: time.Now().Add(-time.Minute), End: time.Now().Add(time.Minute)}
	if err := open().StoreToken(t.Context(), due); err != nil {
		t.Fatal(err)
	}
	got, err := open().LoadToken(t.Context())
	if err != nil || got.Token != due.Token || got.RenewAt.UnixMilli() != due.RenewAt.UnixMilli() || got.End.UnixMilli() != due.End.UnixMilli() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestConfigsThatCannotBeMeant(t *testing.T) {
	for _, cfg := range []module.FleetConfig{{}, {Addr: "x:1"}, {Addr: "no port", Name: "n", TLS: true}} {
		if _, err := cluster.Open(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

// listenBetween is a line to Redis, with somebody in it who sees first what is asked.
func listenBetween(t *testing.T, addr string, see func(asked []byte)) (line string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", addr)
			if err != nil {
				_ = from.Close()
				continue
			}
			all.Go(func() {
				_, _ = io.Copy(from, to)
				_ = from.Close()
			})
			all.Go(func() {
				defer to.Close()
				for b := make([]byte, 64<<10); ; {
					n, err := from.Read(b)
					see(b[:n])
					if _, lost := to.Write(b[:n]); err != nil || lost != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// syncBuffer is a log that goroutines share.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

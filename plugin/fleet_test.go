package plugin_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/cluster"
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// startFleet runs several servers of one game on one database, one Redis and one Midas.
func startFleet(t *testing.T, n int, driver string, change ...func(*setup)) []*server {
	t.Helper()
	addr := os.Getenv("LEAFMIDAS_TEST_REDIS")
	if addr == "" {
		t.Skip(`no Redis: set LEAFMIDAS_TEST_REDIS (eval "$(tools/services.sh start)")`)
	}
	database := ledgertest.Fresh(t, driver)
	app := "wx" + strings.ToLower(ulid.Make().String())
	var fleet []*server
	for range n {
		all := append([]func(*setup){func(set *setup) {
			set.config.AppID, set.midas.AppID = app, app
			set.config.Ledger = plugin.LedgerConfig{Driver: driver, DSN: plugin.Secret(database.DSN)}
			set.config.Redis = plugin.RedisConfig{Addr: addr}
			if len(fleet) > 0 {
				set.emu, set.config.BaseURL = fleet[0].emu, fleet[0].config.BaseURL
			}
		}}, change...)
		fleet = append(fleet, start(t, all...))
	}
	return fleet
}

// meet waits until what one server tells of a player reaches another.
func meet(t *testing.T, from, to *client) {
	t.Helper()
	eventually(t, "the servers meet", func() bool {
		from.balance("meet")
		_, found, _, _ := take(to, func(b *msg.MidasBalance) bool { return b.GetReason() == msg.MidasReason_MIDAS_REASON_REMOTE })
		if !found { // a look alone is told to nobody else; a login is
			from.login(from.name)
			_, found, _, _ = take(to, func(b *msg.MidasBalance) bool { return b.GetReason() == msg.MidasReason_MIDAS_REASON_REMOTE })
		}
		return found
	})
	from.drop()
	to.drop()
}

// granted is how often the games of all servers granted an order, and how many they granted.
func granted(fleet []*server) (orders map[string]int) {
	orders = map[string]int{}
	for _, s := range fleet {
		s.onGame(func() {
			for bill, n := range s.game.grants {
				orders[bill] += n
			}
		})
	}
	return orders
}

// checkFleet compares what was granted anywhere with the ledger and with Midas.
func checkFleet(t *testing.T, fleet []*server) {
	t.Helper()
	var books ledger.Books
	eventually(t, "the end of every order", func() bool {
		var err error
		if books, err = fleet[0].plugin.Books(background(t)); err != nil {
			t.Fatal(err)
		}
		for _, state := range ledger.States() {
			if !state.Ended() && books.Orders[state] > 0 {
				return false
			}
		}
		return true
	})
	totals := fleet[0].emu.Totals()
	if kept := totals.Deducted - totals.GivenBack; kept != books.Coins[ledger.Delivered] {
		t.Errorf("Midas kept %d coins, %d were delivered: %v", kept, books.Coins[ledger.Delivered], books.Orders)
	}
	orders := granted(fleet)
	for bill, n := range orders {
		if n != 1 {
			t.Errorf("%s was granted %d times", bill, n)
		}
	}
	if int64(len(orders)) != books.Orders[ledger.Delivered] {
		t.Errorf("%d orders granted, %d delivered", len(orders), books.Orders[ledger.Delivered])
	}
}

func remote(balance int64) func(*msg.MidasBalance) bool {
	return func(b *msg.MidasBalance) bool {
		return b.GetReason() == msg.MidasReason_MIDAS_REASON_REMOTE && b.GetBalance() == balance
	}
}

func TestAPlayerOnTwoServersHearsOnBoth(t *testing.T) {
	t.Parallel()
	fleet := startFleet(t, 3, "postgres")
	a, b := fleet[0], fleet[1]
	a.recharge("alice", 100)
	here, there := a.join("alice", overWS), b.join("alice", overTCP)
	meet(t, here, there)
	meet(t, there, here)

	// The login on either server has replaced the session key of the other; each goes on with the newest.
	here.buy("p1", "sword", 1)
	first := await(there, remote(40))
	there.buy("p2", "potion", 1)
	await(here, remote(39))
	// A server hears a balance once.
	if _, again, _, _ := take(there, func(m *msg.MidasBalance) bool { return m.GetVersion() == first.GetVersion() }); again {
		t.Errorf("told %v twice", first)
	}
	// What was asked for here is known there.
	there.ask("p1", "sword", 1)
	there.delivered("p1")
	if n := a.bag("alice", "sword") + b.bag("alice", "sword"); n != 1 {
		t.Errorf("%d swords", n)
	}
	checkFleet(t, fleet)
}

func TestAnOrderEndsWhereverItsPlayerHasGone(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			fleet := startFleet(t, 2, driver)
			a, b := fleet[0], fleet[1]
			a.recharge("alice", 100)
			alice := a.join("alice", overWS)
			if err := a.emu.Outage(emulator.Fault{Kind: emulator.Refuse}); err != nil {
				t.Fatal(err)
			}
			alice.ask("p1", "sword", 1)
			if r := await(alice, any1[*msg.MidasPurchaseResult]); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING {
				t.Fatalf("told %v", r)
			}
			alice.close()
			a.emu.Recover()
			next := b.join("alice", overTCP)
			next.ask("p1", "sword", 1) // in case it has ended before anybody was there to hear
			r := next.delivered("p1")
			eventually(t, "the balance", func() bool { return next.balance("q") == 40 })
			if n := a.bag("alice", "sword") + b.bag("alice", "sword"); n != 1 || r.GetItemId() != "sword" {
				t.Errorf("%d swords, told %v", n, r)
			}
			checkFleet(t, fleet)
		})
	}
}

func TestTheSameRequestOnTwoServersIsOneOrder(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			fleet := startFleet(t, 2, driver)
			fleet[0].recharge("alice", 1000)
			clients := []*client{fleet[0].join("alice", overWS), fleet[1].join("alice", overWS)}
			meet(t, clients[0], clients[1])
			for n := range 10 {
				id := fmt.Sprint("p", n)
				var both sync.WaitGroup
				for _, c := range clients {
					both.Go(func() { c.ask(id, "sword", 1) })
				}
				both.Wait()
				if one, other := clients[0].delivered(id), clients[1].delivered(id); one.GetBillNo() != other.GetBillNo() {
					t.Errorf("%s is bill %s and %s", id, one.GetBillNo(), other.GetBillNo())
				}
			}
			checkFleet(t, fleet)
			if n := fleet[0].emu.Account(emulator.Sandbox, emulator.OpenIDOf("alice"), "1").Balance; n != 400 {
				t.Errorf("balance is %d", n)
			}
		})
	}
}

// One server's breaker opens, and the others need not find out for themselves.
func TestABreakerThatOpensWarnsTheOthers(t *testing.T) {
	t.Parallel()
	fleet := startFleet(t, 2, "postgres", func(set *setup) {
		set.config.Breaker = plugin.BreakerConfig{MinRequests: 5, OpenFor: 3 * time.Second, HalfOpenRequests: 1}
		set.config.Retry.First = 10 * time.Millisecond
	})
	a, b := fleet[0], fleet[1]
	a.recharge("alice", 100)
	alice, bob := a.join("alice", overWS), b.join("bob", overWS)
	dup := b.join("alice", overTCP)
	meet(t, alice, dup)
	before := b.emu.Calls("pay")
	if err := a.emu.Outage(emulator.Fault{Kind: emulator.BadGateway}); err != nil {
		t.Fatal(err)
	}
	alice.ask("p1", "sword", 1)
	closed := await(bob, any1[*msg.MidasServiceState])
	if closed.GetAvailable() || closed.GetRetryAfterMs() <= 0 {
		t.Errorf("bob hears %v", closed)
	}
	calls := a.emu.Calls("pay")
	if calls == before {
		t.Error("nobody has asked Midas")
	}
	bob.ask("p1", "sword", 1)
	if e := bob.refused("p1", msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE); e.GetRetryAfterMs() <= 0 {
		t.Errorf("told %v", e)
	}
	a.emu.Recover()
	if open := await(bob, func(s *msg.MidasServiceState) bool { return s.GetAvailable() }); open == nil {
		t.Error("never told that the shop is open again")
	}
	alice.delivered("p1")
	checkFleet(t, fleet)
}

// A Redis that is not there costs nothing but news from other servers.
func TestWithoutRedisEveryServerGoesOnByItself(t *testing.T) {
	t.Parallel()
	away := freeAddr(t)
	fleet := startFleet(t, 2, "postgres", func(set *setup) {
		set.config.Redis.Addr = away
		set.config.Breaker.MinRequests = 1000 // it is not what this is about
	})
	var players []*client
	for i, s := range fleet {
		name := fmt.Sprint("player", i)
		s.recharge(name, 100)
		c := s.join(name, overWS)
		c.buy("p1", "sword", 1)
		if b := await(c, func(b *msg.MidasBalance) bool { return b.GetReason() == msg.MidasReason_MIDAS_REASON_PURCHASE }); b.GetBalance() != 40 {
			t.Errorf("told %v", b)
		}
		eventually(t, "the log says so", func() bool { return s.log.has("goes on by itself") })
		if n := strings.Count(s.log.String(), "goes on by itself"); n != 1 {
			t.Errorf("said %d times", n)
		}
		players = append(players, c)
	}

	// What has to wait may be ended by any of them, and its player hears of it all the same.
	if err := fleet[0].emu.Outage(emulator.Fault{Kind: emulator.Refuse}); err != nil {
		t.Fatal(err)
	}
	const waiting = 8
	for n := range waiting {
		for _, c := range players {
			id := fmt.Sprint("w", n)
			c.ask(id, "potion", 1)
			await(c, func(r *msg.MidasPurchaseResult) bool {
				return r.GetRequestId() == id && r.GetState() == msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING
			})
		}
	}
	fleet[0].emu.Recover()
	for _, c := range players {
		for n := range waiting {
			c.delivered(fmt.Sprint("w", n))
		}
	}
	checkFleet(t, fleet)
}

// Midas pushes to one server, and the player is on another.
func TestAPushReachesThePlayerOnAnotherServer(t *testing.T) {
	t.Parallel()
	fleet := startFleet(t, 2, "postgres", func(set *setup) {
		forMoney(t)(set)
		set.config.RechargePoll = []time.Duration{time.Hour}
	})
	a, b := fleet[0], fleet[1]
	a.pushHere()
	alice, dup := b.join("alice", overWS), a.join("alice", overTCP)
	meet(t, dup, alice)
	dup.close()
	eventually(t, "she is on one server only", func() bool {
		s, _ := a.plugin.Stats()
		return s.Module.Connections == 0
	})
	alice.login("alice") // the one who came last has the session

	b.payGoods("alice", alice.wantPass("g1"), emulator.Fate{})
	if r := alice.result("g1"); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
		t.Errorf("told %v", r)
	}

	pay := func(outTradeNo string) {
		t.Helper()
		alice.drop()
		if err := a.emu.PayCoins(emulator.CoinOptions{
			OpenID: emulator.OpenIDOf("alice"), OfferID: emulator.DefaultOfferID, OutTradeNo: outTradeNo, Env: 1, BuyQuantity: 60, CurrencyType: "CNY", Mode: "game",
		}, emulator.Fate{}); err != nil {
			t.Fatal(err)
		}
		a.flush(0)
	}
	bought := func(coins int64) func(*msg.MidasBalance) bool {
		return func(m *msg.MidasBalance) bool {
			return m.GetReason() == msg.MidasReason_MIDAS_REASON_RECHARGE && m.GetBalance() == coins
		}
	}
	alice.send(&msg.MidasRecharge{RequestId: "c", BuyQuantity: 60})
	pay(await(alice, any1[*msg.MidasRechargeOptions]).GetOutTradeNo())
	await(alice, bought(60))
	if r := await(alice, any1[*msg.MidasRechargeResult]); r.GetRequestId() != "c" || r.GetState() != msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED {
		t.Errorf("told %v", r)
	}
	pay("") // outside the game
	await(alice, bought(120))
}

// One server has lost its way to Midas, and its breaker opens again and again. The others believe its word once, see
// that they are answered, and go on selling.
func TestAServerWithoutALineToMidasClosesOnlyItsOwnShop(t *testing.T) {
	t.Parallel()
	var cut atomic.Bool
	servers := 0
	fleet := startFleet(t, 3, "postgres", func(set *setup) {
		set.config.Breaker = plugin.BreakerConfig{MinRequests: 3, Window: time.Minute, OpenFor: 300 * time.Millisecond, HalfOpenRequests: 1}
		set.config.Retry.First = 10 * time.Millisecond
		// On a slow machine a call takes long, and all of this may: neither is what this is about.
		set.config.Timeout, set.config.Retry.GiveUpAfter = 20*time.Second, time.Hour
		if servers++; servers == 1 {
			set.front = func(midas http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if cut.Load() && strings.HasSuffix(r.URL.Path, "/pay") {
						w.WriteHeader(http.StatusBadGateway)
						return
					}
					midas.ServeHTTP(w, r)
				})
			}
			return
		}
		line := httptest.NewServer(set.emu)
		t.Cleanup(line.Close)
		set.config.BaseURL = line.URL
	})
	a, b := fleet[0], fleet[1]
	a.recharge("alice", 100)
	a.recharge("bob", 1000)
	alice, bob := a.join("alice", overWS), b.join("bob", overWS)
	meet(t, alice, b.join("alice", overTCP))

	cut.Store(true)
	alice.ask("p1", "sword", 1)
	if closed := await(bob, any1[*msg.MidasServiceState]); closed.GetAvailable() {
		t.Errorf("bob hears %v", closed)
	}
	warned := func() int64 {
		s, _ := b.plugin.Stats()
		return s.Module.Warned
	}
	bought, refused := 0, 0
	deadline := time.Now().Add(5 * time.Minute)
	for before := warned(); warned() < before+4 || bought < 20; {
		if time.Now().After(deadline) {
			t.Fatalf("%d warnings, bob has bought %d", warned()-before, bought)
		}
		id := fmt.Sprint("b", bought+refused)
		alice.ask("q"+id, "potion", 1) // what she has asked for may be paid by another server, and then nothing fails here any more
		bob.ask(id, "potion", 1)
		switch m := await(bob, func(m any) bool {
			r, result := m.(*msg.MidasPurchaseResult)
			e, refusal := m.(*msg.MidasError)
			return result && r.GetRequestId() == id || refusal && e.GetRequestId() == id
		}).(type) {
		case *msg.MidasError:
			if refused++; bought > 0 {
				t.Fatalf("refused after %d purchases: %v", bought, m)
			}
		default:
			bought++
		}
	}
	if open := await(bob, any1[*msg.MidasServiceState]); !open.GetAvailable() {
		t.Errorf("bob hears %v", open)
	}
	if _, again, _, _ := take(bob, any1[*msg.MidasServiceState]); again {
		t.Error("bob hears of it again")
	}
	cut.Store(false)
	alice.delivered("p1")
	checkFleet(t, fleet)
}

// Whoever may publish over Redis, and does not have the game's AppSecret, tells players nothing. And what a server of
// the game's own gets wrong does not reach players either, nor silence the balances that others tell.
func TestNobodyTellsPlayersLiesOverRedis(t *testing.T) {
	t.Parallel()
	fleet := startFleet(t, 2, "postgres")
	a, b := fleet[0], fleet[1]
	a.recharge("alice", 100)
	here, there := a.join("alice", overWS), b.join("alice", overTCP)
	meet(t, here, there)
	resolved, err := b.config.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	where := resolved.FleetConfig(slog.New(slog.DiscardHandler))

	var lies []module.Note
	lie := func(what module.NoteKind, m proto.Message) {
		text, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		lies = append(lies, module.Note{What: what, OpenID: emulator.OpenIDOf("alice"), ZoneID: "1", Message: text})
	}
	for _, version := range []int64{1<<53 - 1, 1 << 53, math.MaxInt64, time.Now().Add(time.Hour).UnixMicro()} {
		lie(module.NoteBalance, &msg.MidasBalance{Balance: 100, Version: version})
	}
	soon := time.Now().Add(time.Second).UnixMicro()
	lie(module.NoteBalance, &msg.MidasBalance{Balance: -1, Version: soon})
	lie(module.NoteBalance, &msg.MidasBalance{Balance: 1 << 53, Version: soon})
	lie(module.NoteBalance, &msg.MidasBalance{SaveSum: -1 << 60, Version: soon})
	lie(module.NoteRecharge, &msg.MidasRechargeResult{RequestId: "x", State: msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED, Coins: 1 << 53})
	lie(module.NoteRecharge, &msg.MidasRechargeResult{RequestId: "x", State: msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED, Coins: -1})
	lie(module.NoteOrder, &msg.MidasPurchaseResult{RequestId: "x", ItemId: "sword", Quantity: 1, Amount: -1})
	lie(module.NoteOrder, &msg.MidasPurchaseResult{RequestId: "x", ItemId: "sword", Quantity: 1 << 60, Amount: 1})
	lies = append(lies, module.Note{What: module.NoteService, Endpoint: midas.EndpointPay, Open: true, RetryAfter: math.MaxInt64},
		module.Note{What: module.NoteService, Endpoint: midas.EndpointPay, Open: true, RetryAfter: -1})

	// Of a server of the game's own.
	wrong, err := cluster.Open(where)
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	wrong.Listen(func(module.Note) {})
	heard := func() int64 {
		s, _ := b.plugin.Stats()
		return s.Fleet.Heard
	}
	before := heard()
	for _, n := range lies {
		wrong.Tell(n)
	}
	eventually(t, "all of them are heard", func() bool { return heard() >= before+int64(len(lies)) })

	// Of somebody who only may publish: what would be believed of a server.
	rdb := redis.NewClient(&redis.Options{Addr: where.Addr})
	defer rdb.Close()
	lies = nil
	lie(module.NoteOrder, &msg.MidasPurchaseResult{
		RequestId: "x", BillNo: "1", ItemId: "sword", Quantity: 1, Amount: 60, State: msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED,
	})
	lie(module.NoteBalance, &msg.MidasBalance{Balance: 1_000_000, Version: time.Now().Add(time.Minute).UnixMicro()})
	lies = append(lies, module.Note{What: module.NoteService, Endpoint: midas.EndpointPay, Open: true, RetryAfter: time.Hour})
	refused := func() int64 {
		s, _ := b.plugin.Stats()
		return s.Fleet.Refused
	}
	for _, n := range lies {
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"01ARZ3NDEKTSV4RRFFQ69G5FAV " + string(text), string(text)} {
			if err := rdb.Publish(t.Context(), "leafmidas:"+where.Name+":all", text).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "none is believed", func() bool { return refused() == int64(2*len(lies)) })

	// Nobody was told anything, the shop is open, and balances go on being told, here and by the other server.
	for _, c := range []*client{here, there} {
		if m, told, _, _ := take(c, func(m any) bool {
			b, balance := m.(*msg.MidasBalance)
			return !balance || b.GetBalance() != 100
		}); told {
			t.Errorf("told %T %v", m, m)
		}
	}
	there.buy("p1", "sword", 1)
	await(here, remote(40))
	here.buy("p2", "potion", 1)
	await(there, remote(39))
	if n := there.balance("q"); n != 39 {
		t.Errorf("%d coins", n)
	}
	checkFleet(t, fleet)
}

package plugin_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// limited is a server on which a player may send 5 messages at once, and then one in 100 s.
func limited(set *setup) { set.config.RateLimit = plugin.RateLimitConfig{PerSecond: 0.01, Burst: 5} }

// hang lets every call to Midas hang from now on.
func (s *server) hang() {
	s.t.Helper()
	if err := s.emu.Outage(emulator.Fault{Kind: emulator.Hang}); err != nil {
		s.t.Fatal(err)
	}
}

// list asks for orders, which needs neither Midas nor an id.
func (c *client) list() {
	c.t.Helper()
	c.send(&msg.MidasListOrders{Limit: 1})
}

func TestTheRateIsLimitedPerPlayerWhateverTheConnection(t *testing.T) {
	t.Parallel()
	s := start(t, limited)
	one, two := s.join("alice", overWS), s.join("alice", overTCP)
	other := s.join("bob", overWS)
	for range 3 {
		one.list()
		await(one, any1[*msg.MidasOrders])
	}
	for range 2 {
		two.list()
		await(two, any1[*msg.MidasOrders])
	}
	before := s.emu.Calls(emulator.AllAPIs)
	for _, c := range []*client{one, two} {
		c.send(&msg.MidasGetBalance{RequestId: "late"})
		e := c.refused("late", rateLimited)
		if !e.GetRetryable() || e.GetRetryAfterMs() < 90_000 || e.GetRetryAfterMs() > 100_001 {
			t.Errorf("got %v; the next message may come in 100 s", e)
		}
	}
	one.close()
	again := s.dial(overWS)
	again.name = "alice again"
	again.send(&msg.MidasLogin{Code: "auto-alice-again"}) // a connection nobody has logged in on has a rate of its own
	await(again, any1[*msg.MidasLoginResult])
	again.send(&msg.MidasGetBalance{RequestId: "renewed"})
	again.refused("renewed", rateLimited)
	if n := s.emu.Calls(emulator.APIBalance); n > 4 { // the three logins, and that of the new connection
		t.Errorf("%d looks at balances", n)
	}
	if n := s.emu.Calls(emulator.AllAPIs) - before; n > 2 { // code and balance of the new login
		t.Errorf("what was refused cost %d calls", n)
	}
	other.list()
	await(other, any1[*msg.MidasOrders])
}

func TestTheRateIsNotRenewedByLeavingAltogether(t *testing.T) {
	t.Parallel()
	s := start(t, limited)
	one := s.join("alice", overWS)
	for range 5 {
		one.list()
		await(one, any1[*msg.MidasOrders])
	}
	one.close()
	s.awaitLogouts(1)
	again := s.join("alice", overTCP)
	again.list()
	again.refused("", rateLimited)
}

func TestTheRateIsLimitedBeforeLoginToo(t *testing.T) {
	t.Parallel()
	s := start(t, limited)
	nobody := s.dial(overWS)
	for i := range 5 {
		nobody.send(&msg.MidasLogin{Code: number("stolen", i)})
		nobody.refused("", invalid)
	}
	calls := s.emu.Calls(emulator.APILogin)
	for i := range 20 {
		nobody.send(&msg.MidasLogin{Code: number("guess", i)})
		nobody.refused("", rateLimited)
	}
	if n := s.emu.Calls(emulator.APILogin); n != calls {
		t.Errorf("%d codes went to WeChat beyond the rate", n-calls)
	}
}

func TestWhatAPlayerMayHaveWaitingIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) { set.config.MaxQueuePerPlayer = 3; set.config.Timeout = time.Minute })
	s.recharge("alice", 1000)
	alice, bob := s.join("alice", overWS), s.join("bob", overWS)
	s.script(emulator.APIPay, emulator.Fault{Kind: emulator.Slow, Delay: 400 * time.Millisecond})
	alice.ask("first", "potion", 1)
	eventually(t, "the first call is out", func() bool { return s.emu.Calls(emulator.APIPay) == 1 })
	for i := range 6 {
		alice.ask(number("p", i), "potion", 1)
	}
	for i := 3; i < 6; i++ {
		e := alice.refused(number("p", i), busy)
		if !e.GetRetryable() || e.GetRetryAfterMs() <= 0 {
			t.Errorf("got %v", e)
		}
	}
	bob.balance("b") // another lane
	alice.delivered("first")
	for i := range 3 {
		alice.delivered(number("p", i))
	}
	alice.buy("p3", "potion", 1) // the id of a request that was refused is still good
	if n := s.bag("alice", "potion"); n != 5 {
		t.Errorf("%d potions, not 5", n)
	}
	s.checkBooks()
}

func TestWhatAllMayHaveWaitingIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) {
		set.config.MaxInFlight, set.config.MaxQueuePerPlayer, set.config.Timeout = 1, 100, time.Minute
	})
	s.recharge("alice", 1000)
	alice, bob := s.join("alice", overWS), s.join("bob", overTCP)
	s.script(emulator.APIPay, emulator.Fault{Kind: emulator.Slow, Delay: 500 * time.Millisecond})
	alice.ask("first", "potion", 1)
	eventually(t, "the first call is out", func() bool { return s.emu.Calls(emulator.APIPay) == 1 })
	for i := range 10 {
		alice.ask(number("p", i), "potion", 1)
	}
	alice.send(&msg.MidasGetBalance{RequestId: "one too many"})
	alice.refused("one too many", busy)
	bob.send(&msg.MidasGetBalance{RequestId: "bob too"})
	bob.refused("bob too", busy)
	if took := bob.echo(1); took > time.Second {
		t.Errorf("the game took %s", took)
	}
	for i := range 10 {
		alice.delivered(number("p", i))
	}
	bob.balance("later")
	s.checkBooks()
}

func TestAFloodFromOneClientHarmsNobodyAndFillsNoMemory(t *testing.T) {
	// Not parallel: it counts goroutines.
	const flood = 20_000
	s := start(t, func(set *setup) { set.config.RateLimit = plugin.RateLimitConfig{PerSecond: 20, Burst: 20} })
	s.recharge("alice", 1000)
	flooder, bob := s.join("alice", overTCP), s.join("bob", overWS)
	bob.balance("before")
	goroutines, heap := runtime.NumGoroutine(), heapInUse()

	go func() {
		frame, err := flooder.codec.Marshal(&msg.MidasPurchase{RequestId: "same", ItemId: "potion", Quantity: 1})
		if err != nil {
			t.Error(err)
			return
		}
		whole := append(append([]byte{}, frame[0]...), frame[1]...)
		for range flood {
			if flooder.conn.write(whole) != nil {
				return // Leaf may cut a client that does not read fast enough
			}
		}
	}()
	var slowest time.Duration
	for i := range 10 {
		slowest = max(slowest, bob.echo(int64(i)))
		begin := time.Now()
		bob.balance(number("b", i))
		slowest = max(slowest, time.Since(begin))
		flooder.drop()
	}
	if slowest > 2*time.Second {
		t.Errorf("bob waited %s", slowest)
	}
	eventually(t, "the flood is over", func() bool {
		flooder.drop()
		return flooder.received() >= flood || flooder.over()
	})
	if n := s.emu.Calls(emulator.APIPay); n != 1 {
		t.Errorf("%d calls to pay for one order", n)
	}
	if n := runtime.NumGoroutine() - goroutines; n > 200 {
		t.Errorf("%d goroutines more", n)
	}
	if grown := int64(heapInUse()) - int64(heap); grown > 64<<20 {
		t.Errorf("%d MB more", grown>>20)
	}
	if n := s.bag("alice", "potion"); n != 1 {
		t.Errorf("%d potions, not 1", n)
	}
}

// over tells whether the connection has ended.
func (c *client) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended != nil
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

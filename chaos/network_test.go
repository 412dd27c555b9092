package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
	"github.com/leafmidas/leafmidas/payment"
)

func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics trace into a logger of their own
	// A toxic that holds data when the connection behind it closes waits for ever to hand it on: toxiproxy cannot stop it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

const (
	callTimeout = 500 * time.Millisecond
	soon        = 20 * time.Second
	// answerBy bounds a player's wait. A request queues behind that player's open orders, each of which may cost a whole
	// call; the rest is for a slow machine.
	answerBy = 10*callTimeout + 20*time.Second
)

// line is a till that reaches its Midas through a proxy.
type line struct {
	t     *testing.T
	emu   *emulator.Server
	proxy *toxiproxy.Proxy
	back  *toxiproxy.Proxy // for pushes, with protocol V2
	till  *payment.Till
	books *ledger.Ledger

	pending atomic.Int64 // purchases whose first answer was not their end

	mu      sync.Mutex
	granted map[string]int
}

func (l *line) BalanceChanged(string, string, payment.Account, payment.Reason, string) {}
func (l *line) OrderEnded(payment.Receipt)                                             {}
func (l *line) RechargeEnded(ledger.Recharge)                                          {}

func (l *line) deliver(_ context.Context, o ledger.Order) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.granted[o.BillNo]++ // nothing here fails a delivery, so none may come twice
	return nil
}

// newProxy stands before an address.
func newProxy(t *testing.T, name, to string) *toxiproxy.Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, name, "127.0.0.1:0", to)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func newLine(t *testing.T, latency time.Duration, v2 bool) *line {
	t.Helper()
	l := &line{t: t, granted: map[string]int{}}
	var err error
	if l.emu, err = emulator.New(emulator.Config{Latency: latency, Goods: map[string]int64{"pass": 600}}); err != nil {
		t.Fatal(err)
	}
	url, err := l.emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.emu.Close() })
	l.proxy = newProxy(t, "midas", strings.TrimPrefix(url, "http://"))
	client, err := midas.New(midas.Config{
		BaseURL: "http://" + l.proxy.Listen, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, Sandbox: true, V2: v2, Timeout: callTimeout, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if l.books, err = ledger.Open(t.Context(), ledger.Config{DSN: filepath.Join(t.TempDir(), "orders.db")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.books.Close() })
	var sign func(midas.GoodsRequest) (midas.GoodsOptions, error)
	if v2 {
		sign = client.SignGoods
	}
	if l.till, err = payment.New(payment.Config{
		SignGoods: sign, TradeNumbers: v2, Sandbox: true, RechargePoll: []time.Duration{time.Second, 2 * time.Second, 3 * time.Second},
		Ledger: l.books, Midas: client, Deliver: l.deliver, Observer: l, Items: []payment.Item{{ID: "sword", Price: 60}, {ID: "potion", Price: 2}, {ID: "pass", Fen: 600}},
		CoinsPerYuan: 10, Tiers: midas.OfficialTiers(), NeedSession: true, SealSecret: emulator.DefaultAppSecret, Timeout: callTimeout,
		Retry:       payment.Retry{First: 20 * time.Millisecond, Max: 100 * time.Millisecond, GiveUpAfter: 5 * time.Second},
		MaxInFlight: 32, MaxQueuePerPlayer: 64, Logger: slog.New(slog.DiscardHandler),
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.till.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		l.till.Stop(over)
	})
	if v2 {
		l.takePushes()
	}
	return l
}

// takePushes has the emulator push to the till, through a proxy of its own.
func (l *line) takePushes() {
	l.t.Helper()
	const token = "network-push-token"
	reader, err := midas.NewPushReader(midas.PushConfig{AppID: emulator.DefaultAppID, Token: token, SandboxAppKey: emulator.DefaultSandboxAppKey})
	if err != nil {
		l.t.Fatal(err)
	}
	server := httptest.NewServer(&module.Receiver{Reader: reader, Take: l.till.Take, Log: slog.New(slog.DiscardHandler)})
	l.t.Cleanup(server.Close)
	l.back = newProxy(l.t, "pushes", strings.TrimPrefix(server.URL, "http://"))
	if err := l.emu.PushTo(emulator.PushConfig{URL: "http://" + l.back.Listen, Token: token}); err != nil {
		l.t.Fatal(err)
	}
}

// buyPass orders goods, and pays for them.
func (l *line) buyPass(p payment.Player, requestID string) {
	l.t.Helper()
	answer := make(chan struct{})
	err := l.till.BuyGoods(p, payment.GoodsRequest{RequestID: requestID, ItemID: "pass", Quantity: 1}, func(o payment.GoodsOffer, err error) {
		defer close(answer)
		if err == nil {
			err = l.emu.PayGoods(p.OpenID, o.Options.SignData, o.Options.PaySig, o.Options.Signature, emulator.Fate{})
		}
		if err != nil {
			l.t.Errorf("%s: %v", requestID, err)
		}
	})
	if err != nil {
		l.t.Error(err)
		return
	}
	select {
	case <-answer:
	case <-time.After(answerBy):
		l.t.Errorf("%s has no answer after %s", requestID, answerBy)
	}
}

// join logs a player with coins in, while the line is still good.
func (l *line) join(name string, coins int64) payment.Player {
	l.t.Helper()
	openid := emulator.OpenIDOf(name)
	l.emu.SetSession(openid, "key of "+name)
	if err := l.emu.Recharge(emulator.Sandbox, openid, "1", coins); err != nil {
		l.t.Fatal(err)
	}
	p := payment.Player{OpenID: openid, ZoneID: "1", SessionKey: midas.Secret("key of " + name)}
	answer := make(chan error, 1)
	if err := l.till.Login(p, func(_ payment.Account, err error) { answer <- err }); err != nil {
		l.t.Fatal(err)
	}
	if err := <-answer; err != nil {
		l.t.Fatal(err)
	}
	return p
}

// poison spoils the line.
func (l *line) poison(name, kind, stream, attributes string) {
	l.t.Helper()
	text := fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"toxicity":1,"attributes":%s}`, name, kind, stream, attributes)
	for _, p := range l.proxies() {
		if _, err := p.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *line) cure() {
	for _, p := range l.proxies() {
		p.Toxics.ResetToxics(context.Background())
	}
}

func (l *line) proxies() []*toxiproxy.Proxy {
	if l.back == nil {
		return []*toxiproxy.Proxy{l.proxy}
	}
	return []*toxiproxy.Proxy{l.proxy, l.back}
}

// buy buys, and insists on an answer of some kind within the time that a call may take.
func (l *line) buy(p payment.Player, requestID, item string) {
	l.t.Helper()
	answered := make(chan struct{})
	err := l.till.Purchase(p, payment.PurchaseRequest{RequestID: requestID, ItemID: item, Quantity: 1}, func(r payment.Receipt, err error) {
		if err != nil {
			l.t.Errorf("%s: %v", requestID, err)
		} else if !r.Order.State.Ended() {
			l.pending.Add(1)
		}
		close(answered)
	})
	if err != nil {
		l.t.Error(err)
		return
	}
	select {
	case <-answered:
	case <-time.After(answerBy):
		l.t.Errorf("%s has no answer after %s", requestID, answerBy)
	}
}

// settled waits until no order is open, and compares all books.
func (l *line) settled() {
	l.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(soon); ; {
		open, err := l.books.OpenOrders(context.Background(), 10)
		untaken := slices.DeleteFunc(l.emu.Pushes(), func(p emulator.Push) bool { return p.Acknowledged })
		if err == nil && len(open) == 0 && len(untaken) == 0 {
			break
		}
		l.emu.Advance(time.Second) // Midas repeats its pushes by its own clock
		select {
		case <-tick.C:
		case <-late:
			l.t.Fatalf("these orders do not end: %+v", open)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	audit, err := l.till.Audit(context.Background(), payment.AuditRequest{Granted: l.granted})
	if err != nil || len(audit.Differences) > 0 || audit.Unchecked > 0 || audit.UncheckedGoods > 0 {
		l.t.Errorf("%+v, %v", audit, err)
	}
	sums, err := l.books.Books(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	totals := l.emu.Totals()
	if kept := totals.Deducted - totals.GivenBack; kept != sums.Coins[ledger.Delivered] || int64(len(l.granted)) != sums.Orders[ledger.Delivered]+sums.Goods[ledger.Delivered] {
		l.t.Errorf("Midas keeps %d, delivered were %d coins in %d orders, granted %d", kept, sums.Coins[ledger.Delivered], sums.Orders[ledger.Delivered], len(l.granted))
	}
	if trades := l.emu.Trades(); int64(len(trades)) != sums.Goods[ledger.Delivered] {
		l.t.Errorf("%d goods were paid for, %v delivered", len(trades), sums.Goods)
	}
	l.t.Logf("%v", sums.Orders)
}

type ailment struct{ name, kind, stream, attributes string }

// ailments are what a network may have.
var ailments = []ailment{
	{"late answers", "latency", "downstream", `{"latency":900,"jitter":50}`},
	{"late questions", "latency", "upstream", `{"latency":900,"jitter":50}`},
	{"answers cut in the middle", "limit_data", "downstream", `{"bytes":150}`},
	{"questions cut in the middle", "limit_data", "upstream", `{"bytes":700}`},
	{"half-open: nothing comes back", "timeout", "downstream", `{"timeout":0}`},
	{"half-open: nothing arrives", "timeout", "upstream", `{"timeout":0}`},
	{"closed after a while of silence", "timeout", "downstream", `{"timeout":100}`},
	{"hardly any bandwidth", "bandwidth", "downstream", `{"rate":0}`},
	{"hardly any bandwidth out", "bandwidth", "upstream", `{"rate":1}`},
	{"connections reset", "reset_peer", "downstream", `{"timeout":5}`},
	{"connections reset at once", "reset_peer", "upstream", `{"timeout":0}`},
}

func TestEveryOrderSurvivesABadLine(t *testing.T) {
	for _, a := range ailments {
		for _, v2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, V2 %t", a.name, v2), func(t *testing.T) {
				t.Parallel()
				survive(t, newLine(t, 0, v2), a)
			})
		}
	}
}

func survive(t *testing.T, l *line, a ailment) {
	t.Helper()
	var players []payment.Player
	for i := range 4 {
		players = append(players, l.join(fmt.Sprint("player", i), 100))
	}
	l.poison("ailment", a.kind, a.stream, a.attributes)
	var all sync.WaitGroup
	for _, p := range players {
		all.Go(func() {
			if l.back != nil {
				l.buyPass(p, "pass")
			}
			l.buy(p, "r1", "sword")
			l.buy(p, "r2", "potion")
		})
	}
	all.Wait()
	if l.pending.Load() == 0 {
		t.Error("the line was good all along")
	}
	l.cure()
	for _, p := range players {
		l.buy(p, "r3", "potion") // the line is good again
	}
	l.settled()
}

func TestALineThatIsNeverTheSameForLong(t *testing.T) {
	t.Parallel()
	const seed, players, purchases = 11, 8, 20
	t.Logf("seed %d", seed)
	l := newLine(t, 20*time.Millisecond, false)
	dice := rand.New(rand.NewPCG(seed, 0))
	var all sync.WaitGroup
	for i := range players {
		p := l.join(fmt.Sprint("player", i), 500)
		all.Go(func() {
			for n := range purchases {
				l.buy(p, fmt.Sprint("r", n), []string{"sword", "potion", "potion"}[n%3])
			}
		})
	}
	bought := make(chan struct{})
	go func() { all.Wait(); close(bought) }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-bought:
			l.cure()
			l.settled()
			if l.pending.Load() == 0 {
				t.Error("the line was good all along")
			}
			return
		case <-tick.C:
			l.cure()
			if n%3 > 0 { // every third while is a good one
				a := ailments[dice.IntN(len(ailments))]
				l.poison(fmt.Sprint("ailment", n), a.kind, a.stream, a.attributes)
			}
		}
	}
}

package payment_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"log/slog"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

func TestMain(m *testing.M) {
	// For each shard of the model's histories; -rapid.checks asks for more.
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// soon is how long a test waits for what must happen.
const soon = 15 * time.Second

// world is an emulator and a ledger file that outlive the tills started on them.
type world struct {
	t    *testing.T
	emu  *emulator.Server
	url  string
	path string
	// ledger is where the orders are, if not in the file path.
	ledger ledger.Config
	log    *syncBuffer
	game   *game
	// closed stands for a breaker.
	closed func(midas.Endpoint) time.Duration
	// step hears of every point between two durable steps.
	step func(point string)
	// line, if not nil, is between the till and its client.
	line   func(midas.API) midas.API
	retry  payment.Retry
	poll   []time.Duration
	shop   []payment.Item
	tries  int
	idle   time.Duration // the runner's longest sleep, if not the usual
	shared bool          // several tills work on the ledger at once
	ahead  atomic.Int64  // how far the server's clock is off, in nanoseconds
	// v2 speaks protocol V2, and takes pushes; current is the till that they reach.
	v2      bool
	current atomic.Pointer[shop]
	refunds []payment.Refund // that the game was told, guarded by its mutex
	// before, if not nil, is called before a till starts.
	before func(s *shop)
	// grant, if not nil, delivers in the ledger's transaction instead of game.
	grant func(ctx context.Context, tx *sql.Tx, o ledger.Order) error
}

// shop is a till and what it told.
type shop struct {
	*payment.Till
	t      *testing.T
	ledger *ledger.Ledger
	client *midas.Client

	mu        sync.Mutex
	ended     map[string]payment.Receipt // by bill number
	recharges []ledger.Recharge
	balances  []told
	changed   chan struct{}
	stopped   bool
}

type told struct {
	openid, billNo string
	account        payment.Account
	why            payment.Reason
}

// game is the host: what it granted, by bill number.
type game struct {
	mu      sync.Mutex
	granted map[string]ledger.Order
	calls   map[string]int
	answer  func(o ledger.Order) error // nil: granted
}

func (g *game) deliver(_ context.Context, o ledger.Order) error {
	g.mu.Lock()
	answer := g.answer
	g.calls[o.BillNo]++
	g.mu.Unlock()
	if answer != nil {
		if err := answer(o); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.granted[o.BillNo] = o
	return nil
}

func (g *game) answerWith(f func(o ledger.Order) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = f
}

func (g *game) coins() (coins int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, o := range g.granted {
		if o.Kind == ledger.Purchase {
			coins += o.Amount
		}
	}
	return coins
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, emulator.Config{})
}

func newWorldOf(t *testing.T, cfg emulator.Config) *world {
	t.Helper()
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	url, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	return newWorldOn(t, emu, url)
}

// newWorldOn has a ledger of its own, and another's emulator.
func newWorldOn(t *testing.T, emu *emulator.Server, url string) *world {
	t.Helper()
	return &world{
		t: t, emu: emu, url: url, path: filepath.Join(t.TempDir(), "orders.db"), log: &syncBuffer{},
		game:  &game{granted: map[string]ledger.Order{}, calls: map[string]int{}},
		retry: payment.Retry{First: 20 * time.Millisecond, Max: 100 * time.Millisecond, GiveUpAfter: time.Minute},
		poll:  []time.Duration{50 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond},
		shop:  []payment.Item{{ID: "sword", Name: "Sword", Price: 60}, {ID: "potion", Name: "Potion", Price: 2}},
	}
}

// open starts a till on the world's ledger, as a server that starts does.
func (w *world) open() *shop {
	w.t.Helper()
	client, err := midas.New(midas.Config{
		BaseURL: w.url, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, Sandbox: true, V2: w.v2, Timeout: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var sign func(midas.GoodsRequest) (midas.GoodsOptions, error)
	if w.v2 {
		sign = client.SignGoods
	}
	if w.ledger.DSN == "" {
		w.ledger.DSN = w.path
	}
	orders, err := ledger.Open(w.t.Context(), w.ledger)
	if err != nil {
		w.t.Fatal(err)
	}
	s := &shop{t: w.t, ledger: orders, client: client, ended: map[string]payment.Receipt{}, changed: make(chan struct{}, 1)}
	var line midas.API = client
	if w.line != nil {
		line = w.line(client)
	}
	s.Till, err = payment.New(payment.Config{
		Ledger: orders, Midas: line, Deliver: w.game.deliver, Observer: s, Closed: w.closed,
		Shared: w.shared, TradeNumbers: w.v2, SignGoods: sign, Refunded: w.refunded, Sandbox: true,
		Items: w.shop, CoinsPerYuan: 10, Tiers: midas.OfficialTiers(), Retry: w.retry, RechargePoll: w.poll,
		NeedSession: true, SealSecret: emulator.DefaultAppSecret, Timeout: time.Second, DeliverTimeout: time.Second,
		Now:          func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) },
		DeliverTries: w.tries, MaxInFlight: 32, MaxQueuePerPlayer: 64, Logger: slog.New(orderLines{slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}), w.t}),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if w.grant != nil {
		s.GrantInTransaction(w.grant)
	}
	if w.before != nil {
		w.before(s)
	}
	if w.idle != 0 {
		s.SleepAtMost(w.idle)
	}
	if w.step != nil {
		s.DieAt(w.step)
	}
	if err := s.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.shut)
	w.current.Store(s)
	return s
}

// shut stops the till at once, as a server does that is told to stop and given no time.
func (s *shop) shut() {
	s.mu.Lock()
	stopped := s.stopped
	s.stopped = true
	s.mu.Unlock()
	if stopped {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Stop(ctx)
	s.client.Close()
	if err := s.ledger.Close(); err != nil {
		s.t.Error(err)
	}
}

func (s *shop) note(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *shop) BalanceChanged(openid, _ string, a payment.Account, why payment.Reason, billNo string) {
	s.note(func() { s.balances = append(s.balances, told{openid, billNo, a, why}) })
}

func (s *shop) OrderEnded(r payment.Receipt) { s.note(func() { s.ended[r.Order.BillNo] = r }) }

func (s *shop) RechargeEnded(r ledger.Recharge) {
	s.note(func() { s.recharges = append(s.recharges, r) })
}

// until waits for what the observer is told.
func (s *shop) until(what string, ok func() bool) {
	s.t.Helper()
	end := time.After(soon)
	for {
		s.mu.Lock()
		done := ok()
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-s.changed:
		case <-end:
			s.t.Fatalf("it never came that %s", what)
		}
	}
}

// login logs a player in with a session the emulator knows.
func (w *world) login(s *shop, name string) payment.Player {
	w.t.Helper()
	openid := emulator.OpenIDOf(name)
	session, err := s.client.Code2Session(w.t.Context(), w.emu.Code(openid))
	if err != nil {
		w.t.Fatal(err)
	}
	p := payment.Player{OpenID: openid, ZoneID: "1", SessionKey: session.SessionKey}
	if _, err := answerOf(w.t, func(done func(payment.Account, error)) error { return s.Login(p, done) }); err != nil {
		w.t.Fatalf("login: %v", err)
	}
	return p
}

// rich logs in a player who has coins.
func (w *world) rich(s *shop, name string, coins int64) payment.Player {
	w.t.Helper()
	if err := w.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf(name), "1", coins); err != nil {
		w.t.Fatal(err)
	}
	return w.login(s, name)
}

func (s *shop) buy(p payment.Player, requestID, item string, quantity int64) (payment.Receipt, error) {
	s.t.Helper()
	return answerOf(s.t, func(done func(payment.Receipt, error)) error {
		return s.Purchase(p, payment.PurchaseRequest{RequestID: requestID, ItemID: item, Quantity: quantity}, done)
	})
}

// end is the end of an order, told now or later.
func (s *shop) end(r payment.Receipt) ledger.Order {
	s.t.Helper()
	if r.Order.State.Ended() {
		return r.Order
	}
	bill := r.Order.BillNo
	s.until("bill "+bill+" ended", func() bool { _, ok := s.ended[bill]; return ok })
	return s.ended[bill].Order
}

// answerOf waits for the answer of something asked.
func answerOf[T any](t *testing.T, ask func(done func(T, error)) error) (T, error) {
	t.Helper()
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 2)
	var none T
	if err := ask(func(v T, err error) { answers <- answer{v, err} }); err != nil {
		return none, err
	}
	select {
	case a := <-answers:
		return a.value, a.err
	case <-time.After(soon):
		t.Fatal("no answer came")
		return none, errors.New("unreachable")
	}
}

// books checks that what Midas kept is what the game granted plus what is still open.
func (w *world) books(s *shop) {
	w.t.Helper()
	b, err := s.ledger.Books(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var open int64
	for state, coins := range b.Coins {
		if !state.Ended() {
			open += coins
		}
	}
	totals := w.emu.Totals()
	kept := totals.Deducted - totals.GivenBack
	if kept != b.Coins[ledger.Delivered]+open || b.Coins[ledger.Delivered] != w.game.coins() {
		w.t.Errorf("the books differ: Midas kept %d, the ledger delivered %d and has %d open, the game granted %d",
			kept, b.Coins[ledger.Delivered], open, w.game.coins())
	}
}

func want(t *testing.T, o ledger.Order, s ledger.State) {
	t.Helper()
	if o.State != s {
		t.Fatalf("bill %s is %s (%s), want %s", o.BillNo, o.State, o.Note, s)
	}
}

// orderLines fails a test whose log has a line about an order that does not say whose it is and how it stands, or that
// names a player in full. Every test of the till has it.
type orderLines struct {
	slog.Handler
	t *testing.T
}

// wholeOpenID is what the emulator's look like.
var wholeOpenID = regexp.MustCompile(`\bo[A-Za-z0-9_-]{27}\b`)

func (h orderLines) Handle(ctx context.Context, r slog.Record) error {
	told := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		told[a.Key] = a.Value.String()
		return true
	})
	if _, order := told["bill_no"]; order && (told["bill_no"] == "" || told["player"] == "" || told["state"] == "") {
		h.t.Errorf("a line about an order lacks bill_no, player or state: %s %v", r.Message, told)
	}
	for key, value := range told {
		if wholeOpenID.MatchString(value) {
			h.t.Errorf("a line names a player in full: %s %s=%s", r.Message, key, value)
		}
	}
	return h.Handler.Handle(ctx, r)
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

// eventually looks at something outside the till until it holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.After(soon); !ok(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("it never came that %s", what)
		}
	}
}

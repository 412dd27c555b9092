package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// A trial is a history of servers, players and Midas in virtual time: the real till, the real client and the real
// emulator, and between them a world that keeps none of the promises that the code would like to lean on.
// docs/proofs.md tells what it may do, and how it is judged.
type trial struct {
	plan   plan
	folder string
	began  time.Time
	emu    *emulator.Server
	turn   chan struct{} // holds one: whoever speaks to the emulator
	calmed chan struct{} // closed when all is well, and whoever stands still goes on
	houses []*house      // the second one, if any, has a ledger of its own at the same Midas
	logger *slog.Logger

	pending sync.WaitGroup // calls and pushes that are under way without anybody
	mu      sync.Mutex
	fates   map[string][]fate    // of the next calls, by API
	outage  time.Time            // until then no call arrives
	keys    int                  // that were given out
	kept    map[string]bool      // bills that Midas was made to refuse to give back
	lands   map[string]time.Time // when the last call with a bill number arrives
	players []*gamer
	asked   map[string]*wish // by kind, player and request
	sales   []*sale
	letters []*letter
	record  []string
	faults  []string
}

// house is a game with its ledger, which one or several servers work on.
type house struct {
	*trial
	name    string
	path    string
	nodes   []*node
	prices  map[string]midas.Coins // today's
	retry   payment.Retry
	mood    mood
	why     string         // the host's reason for a refusal
	granted map[string]int // by bill number
	sold    map[string]ledger.Order
	refusal map[string]bool   // bills that the host has refused
	failing map[string]string // those that the host fails while its mood lasts, and whose they are
	spared  map[string]bool   // those that it has failed with everybody else's
	taken   map[string]int    // goods that the host took away, on the word of a refund
	refunds map[string]payment.Refund
	rested  []string // recharges that were told, by request
}

// mood is how the host takes a delivery.
type mood int

const (
	willing mood = iota
	refuses
	isAway
	panics
	hangs
	moods
)

// gamer is a player.
type gamer struct {
	payment.Player
	at      *node // where the player is; nil: nowhere
	version int64 // of the balance last told there
	balance int64
	seen    bool  // a balance was told since the login
	blind   bool  // coins came and no server was told of them
	ghost   bool  // another server, too, takes the player for its own: it tells what happens there, and not here
	direct  bool  // coins came that were not bought in the game
	at0     int64 // save_amt at the beginning
}

// wish is something that a player, or the host, has asked for.
type wish struct {
	kind, request, item string
	who                 *gamer
	house               *house
	bill                string
	amounts             []int64 // what it may cost: the prices of the servers that were asked
	cancelled           bool    // by the host
	made                time.Time
	offer               payment.GoodsOffer
	recharge            ledger.Recharge
	reported, paid      bool
	coins               int64 // that were paid for
}

// sale is a payment with money, as Midas has it.
type sale struct {
	number, item  string
	env           emulator.Env
	who           *gamer
	house         *house // whose goods they are
	quantity, fen int64  // what was paid, which may be less than the price
	listed        int64
	back          int64 // of fen
	refunds       []string
	attach        string
}

// node is one life of a server.
type node struct {
	*house
	*payment.Till
	ledger  *ledger.Ledger
	client  *midas.Client
	place   int
	name    string
	dead    chan struct{}
	die     func()
	release chan struct{} // where the dead stand still
	shop    map[string]midas.Coins

	clock sync.Mutex
	skew  time.Duration // of this server's clock
	still time.Time     // until then the whole server stands still
	nth   int           // passes until one goroutine stalls, or the server dies; 0: none does
	stall time.Duration // 0: the server dies
}

func (n *node) isDead() bool {
	select {
	case <-n.dead:
		return true
	default:
		return false
	}
}

// pass is a place between two lines that touch the ledger, the network or the host: here a server may stand still, or
// one of its goroutines, and here it dies.
func (n *node) pass() {
	n.clock.Lock()
	nap := time.Duration(0)
	if n.nth > 0 {
		if n.nth--; n.nth == 0 {
			if nap = n.stall; nap == 0 {
				n.die()
			}
		}
	}
	n.clock.Unlock()
	n.rest(nap)
	for {
		n.clock.Lock()
		still := time.Until(n.still)
		n.clock.Unlock()
		if still <= 0 || n.isDead() {
			break
		}
		n.rest(still)
	}
	if n.isDead() {
		<-n.release
	}
}

func (n *node) rest(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-n.dead:
	case <-n.calmed:
	}
}

// calmCallers read the clock where they hold no lock, so that a server may stand still there too.
var calmCallers = []string{"dispatch", "handOver", "store", "drive", "goOn"}

// now is the server's clock.
func (n *node) now() time.Time {
	n.clock.Lock()
	still := time.Now().Before(n.still)
	n.clock.Unlock()
	if still && calledCalmly() {
		n.pass()
	}
	n.clock.Lock()
	defer n.clock.Unlock()
	return time.Now().Add(n.skew)
}

func calledCalmly() bool {
	var callers [1]uintptr
	if runtime.Callers(3, callers[:]) == 0 {
		return false
	}
	frame, _ := runtime.CallersFrames(callers[:]).Next()
	name := frame.Function[strings.LastIndex(frame.Function, ".")+1:]
	for _, calm := range calmCallers {
		if name == calm {
			return true
		}
	}
	return false
}

// node is the tracer of its till: spans begin and end around what touches the ledger, the network and the host.
func (n *node) Start(ctx context.Context, _ string, _ time.Time) context.Context {
	n.pass()
	return ctx
}
func (n *node) Note(context.Context, error, ...slog.Attr) {}
func (n *node) End(context.Context)                       { n.pass() }

// identity is whose orders a server takes the ledger's for.
type identity struct{ v2, production bool }

func (t *trial) identity() identity { return identity{v2: t.plan.V2} }

// open begins a life of a server.
func (h *house) open(place int, skew, idle time.Duration, who identity) (*node, error) {
	n := &node{
		house:   h,
		place:   place,
		name:    fmt.Sprintf("%s%d", h.name, place),
		dead:    make(chan struct{}),
		release: make(chan struct{}),
		skew:    skew,
		shop:    maps.Clone(h.prices),
	}
	n.die = sync.OnceFunc(func() { close(n.dead) })
	env, key := emulator.Sandbox, midas.Secret(emulator.DefaultSandboxAppKey)
	if who.production {
		env, key = emulator.Production, emulator.DefaultAppKey
	}
	var err error
	if n.client, err = midas.New(midas.Config{
		BaseURL:   "http://midas.test",
		AppID:     emulator.DefaultAppID,
		AppSecret: emulator.DefaultAppSecret,
		OfferID:   emulator.DefaultOfferID,
		AppKey:    key,
		Sandbox:   env == emulator.Sandbox,
		V2:        who.v2,
		Transport: wire{n},
		Logger:    h.logger,
	}); err != nil {
		return nil, err
	}
	if n.ledger, err = ledger.Open(context.Background(), ledgerOf(n, who)); err != nil {
		n.client.Close()
		return nil, err
	}
	cfg := payment.Config{
		Ledger:       n.ledger,
		Midas:        n.client,
		Observer:     n,
		Deliver:      n.deliver,
		Refunded:     n.refunded,
		Sandbox:      env == emulator.Sandbox,
		Shared:       h.plan.Servers > 1,
		TradeNumbers: who.v2,
		Elsewhere:    n.elsewhere,
		Items:        n.items(),
		CoinsPerYuan: 10,
		Tiers:        midas.OfficialTiers(),
		Retry:        h.retry,
		RechargePoll: rechargePoll,
		NeedSession:  true,
		SealSecret:   emulator.DefaultAppSecret,
		Now:          n.now,
		Tracer:       n,
		Logger:       h.logger,
	}
	if who.v2 {
		cfg.SignGoods = n.client.SignGoods
	}
	if n.Till, err = newTill(cfg, who); err != nil {
		n.client.Close()
		return nil, errors.Join(err, n.ledger.Close())
	}
	if h.plan.InTransaction {
		n.GrantInTransaction(n.grant)
	}
	n.DieAt(func(string) { n.pass() })
	n.SleepAtMost(idle)
	if err := n.Till.Start(context.Background()); err != nil {
		n.client.Close()
		return nil, errors.Join(err, n.ledger.Close())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.nodes) <= place {
		h.nodes = append(h.nodes, nil)
	}
	h.nodes[place] = n
	return n, nil
}

var rechargePoll = []time.Duration{
	2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute,
}

func (n *node) items() []payment.Item {
	return []payment.Item{
		{ID: "sword", Price: n.shop["sword"]},
		{ID: "potion", Price: n.shop["potion"]},
		{ID: "pass", Fen: passFen},
	}
}

const passFen = 600

// elsewhere is the word from server to server.
func (n *node) elsewhere(openid, zoneID string, why payment.Reason, billNo string) {
	for _, other := range n.living() {
		if other != n {
			other.LookAgain(openid, zoneID, why, billNo)
		}
	}
}

// living are the servers that are not dead.
func (h *house) living() (living []*node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.nodes {
		if n != nil && !n.isDead() {
			living = append(living, n)
		}
	}
	return living
}

// shut ends a life: nothing that is not on disk by now will ever be.
func (n *node) shut() {
	n.die()
	if err := n.ledger.Close(); err != nil {
		panic(err)
	}
	close(n.release)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	n.Stop(over)
	n.client.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.players {
		if p.at == n {
			p.at = nil
		}
	}
}

// reopen is a server's next life, with the same clock.
func (n *node) reopen(idle time.Duration) {
	n.shut()
	n.beginWith(idle)
}

// begin begins the next life of a server that was shut.
func (n *node) begin() { n.beginWith(n.idle()) }

func (n *node) beginWith(idle time.Duration) {
	if _, err := n.open(n.place, n.skew, idle, n.identity()); err != nil {
		panic(fmt.Sprintf("%s does not start again: %v", n.name, err))
	}
}

// fault is something that the judge has found.
func (t *trial) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

// makeBag makes the host's own table where it grants in the ledger's transaction.
func (h *house) makeBag() error {
	db, err := sql.Open("sqlite", filepath.Join("file:", h.path))
	if err != nil {
		return err
	}
	_, err = db.Exec(`CREATE TABLE bag (bill_no TEXT NOT NULL)`)
	return errors.Join(err, db.Close())
}

// bag counts what was granted in the ledger's transaction, by bill number.
func (h *house) bag() (map[string]int, error) {
	db, err := sql.Open("sqlite", filepath.Join("file:", h.path))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT bill_no, COUNT(*) FROM bag GROUP BY bill_no`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var bill string
		var n int
		if err := rows.Scan(&bill, &n); err != nil {
			return nil, err
		}
		all[bill] = n
	}
	return all, rows.Err()
}

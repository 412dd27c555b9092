// Package payment is the till: it takes a player's wish to buy, and sees it through to one of the ends of an order's
// life whatever dies on the way. It knows Midas and the ledger, and nothing of Leaf.
//
// Decisions and deeds are kept apart. decide.go holds pure functions from an order and an answer to the order's next
// state; this package's runner performs the step, stores the decision, and only then goes on:
//
//	ask ──> lanes (one per player) ──> store "created" ─> store "paying" ─> pay ─> store "paid" ─> deliver ─> store "delivered"
//	                ^                                         any answer but a yes: decide, store, come back when due
//	                └── runner: claims what is due in the ledger, also what an earlier process left behind
//
// Every method that asks for something returns at once and answers through a callback, on a goroutine of the till, so
// that it may be called on a game's own goroutine. If it returns an error the callback is never called; otherwise it
// is called exactly once.
package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Errors of this package, for errors.Is. None of them leaves coins deducted.
var (
	// ErrRefuse is what the host's delivery returns to refuse an item for good (bag full, item gone): the coins are
	// given back.
	ErrRefuse = errors.New("payment: the host refuses to deliver")
	// ErrBusy: too much of this player's, or of everyone's, is waiting already. Ask again later.
	ErrBusy = errors.New("payment: too many requests are waiting")
	// ErrClosing: the server is stopping and takes nothing new. Ask again later.
	ErrClosing = errors.New("payment: the server is stopping")
	// ErrUnavailable: Midas or the ledger cannot be reached. Ask again later.
	ErrUnavailable = errors.New("payment: not available now")
	// ErrInvalid: the request makes no sense. Do not ask again.
	ErrInvalid = errors.New("invalid request")
	// ErrUnknownItem: no such item is on sale.
	ErrUnknownItem = errors.New("payment: unknown item")
	// ErrNoGoods: this server sells nothing for money, or not this item.
	ErrNoGoods = errors.New("payment: not sold for money")
)

// Player is who asks.
type Player struct {
	// OpenID is the player's WeChat openid.
	OpenID string
	// SessionKey is the key that came with the player's latest wx.login.
	SessionKey midas.Secret
	// ZoneID is the partition of the game the player is in.
	ZoneID string
	// UserIP is the player's public address, as the host knows it. Empty: the one of the last login is taken.
	UserIP string
	// Platform is the player's kind of device, as wx.getDeviceInfo says: "android", "ios", "windows", "mac", "ohos" or
	// "devtools". It and the three versions decide only whether money is taken (§3.9, P1 and P2), and at which prices.
	// Empty: not known, and it is taken.
	Platform string
	// System is the operating system with its version ("iOS 17.4.1"), WeChatVersion WeChat's and SDKVersion its base
	// library's, as the client says. Empty: not known.
	System, WeChatVersion, SDKVersion string
}

// Account is a player's balance as last seen.
type Account struct {
	midas.Balance
	// Version grows with every look, so that an older one that arrives late can be told.
	Version int64
	// Stale: Midas could not be asked, and this is what it said at AsOf. Nothing may be decided on it.
	Stale bool
	AsOf  time.Time
	// Center is how many coins the player has in WeChat's recharge centre, which the game does not spend. 0 without
	// Config.Center.
	Center midas.Coins
}

// Reason says why a balance is being told.
type Reason int

// The reasons a balance may have changed for.
const (
	ReasonPurchase Reason = iota + 1
	ReasonCancel
	ReasonRecharge
	ReasonPresent
	// ReasonQuery: the player asked while Midas could not be, and now it can.
	ReasonQuery
)

// Observer is told what happened when nobody is waiting for the answer. Its methods are called on the till's
// goroutines and must not block.
type Observer interface {
	// BalanceChanged tells a player's new balance. billNo is empty where no order was the reason.
	BalanceChanged(openid, zoneID string, a Account, why Reason, billNo string)
	// OrderEnded tells the end of an order that had been reported as still open.
	OrderEnded(r Receipt)
	// RechargeEnded tells that coins came for a recharge after its report had been answered.
	RechargeEnded(r ledger.Recharge)
}

// Item is something on sale.
type Item struct {
	ID, Name string
	// Price of one, in coins. 0: not sold for coins.
	Price midas.Coins
	// Fen is the price of one in money, as Midas's back office has it, for protocol V2. 0: not sold for money.
	Fen midas.Fen
	// SoldOut: it is shown, and cannot be bought.
	SoldOut bool
	// Limit is how many one player may buy in all, in all zones. 0: as many as may be wished.
	Limit int64
}

// Config sets a till up. Fields without a zero value named are required.
type Config struct {
	Ledger *ledger.Ledger
	Midas  midas.API
	// Deliver grants an order's item. It may be called again for the same bill number and must grant once. nil: granted.
	// An error that is ErrRefuse gives the coins back; any other is tried again. Not needed if GrantInTransaction is used.
	Deliver  func(ctx context.Context, o ledger.Order) error
	Observer Observer
	// SignGoods signs purchases with money (midas.Client.SignGoods). nil: nothing is sold so.
	SignGoods func(midas.GoodsRequest) (midas.GoodsOptions, error)
	// SignCoins signs purchases of coins (midas.Client.SignCoins). nil: clients pay by the plain call.
	SignCoins func(midas.CoinsRequest) (midas.GoodsOptions, error)
	// Refunded tells the host of money that was given back, at least once for every Refund.RefundID; an error is tried
	// again as for Deliver. nil: every refund is left to an operator (ledger.Disputed), and so is one of which it returns
	// ErrNobodyTold.
	Refunded func(ctx context.Context, r Refund) error
	// ZoneID is the zone of goods that were bought outside the game. Zero: "1".
	ZoneID string
	// StoreZones are the zones whose goods of the store page are this ledger's to grant, where several ledgers share a
	// callback address: no server ordered them, so nothing else tells whose they are. Empty: all zones.
	StoreZones []string
	// Sandbox tells which environment Midas is asked in, and whose pushes are for this till. Zero: production. With
	// TradeNumbers, it is what the ledger must say too (ledger.Ledger.Belongs): Start refuses a ledger of the other
	// environment or protocol.
	Sandbox bool
	// Elsewhere hears that the account of a player who is not here has changed, so that a server the player is on looks.
	// nil: there is no other server.
	Elsewhere func(openid, zoneID string, why Reason, billNo string)
	// Center: Midas is asked for a player's coins in WeChat's recharge centre as well (V2), at a login, when the balance
	// is asked for, and when a push tells of them.
	Center bool
	// Closed tells how long an endpoint will not be called at all; 0 if it may be. nil: never.
	Closed func(e midas.Endpoint) time.Duration

	// Items is what can be bought, until SetItems.
	Items []Item
	// CoinsPerYuan is how many coins one yuan buys, Tiers the prices that exist.
	CoinsPerYuan int64
	Tiers        midas.Tiers
	// IOSTiers are the prices on an iPhone or iPad. nil: Tiers.
	IOSTiers midas.Tiers
	// Platforms are those on which money is taken. nil: OfficialPlatforms; empty: none.
	Platforms []Platform
	// Retry is the patience with open orders.
	Retry Retry
	// RechargePoll is the waits between looks for coins that were bought and have not come, and between the first
	// questions about goods. Empty: no looks for coins, and the questions about goods begin with every ten minutes.
	RechargePoll []time.Duration
	// NeedSession: Midas wants a session key with every call (V1's mp_sig, V2's signature). A player without one is told
	// so at once.
	NeedSession bool
	// NeedAddress: Midas is told the player's address with every call (V2; V1 with optional parameters).
	NeedAddress bool
	// TradeNumbers: recharges get an out_trade_no, by which Midas can be asked about them, as in protocol V2.
	TradeNumbers bool
	// SealSecret is the secret session keys are sealed with in the ledger.
	SealSecret midas.Secret

	// Timeout is how long one call to Midas may take. Zero: 3 s.
	Timeout time.Duration
	// DeliverTimeout is how long one delivery may take before it is tried again. Zero: 10 s.
	DeliverTimeout time.Duration
	// DeliverTries is how often a delivery is tried before the order is left to an operator. Zero: 100, which with the
	// standard Retry takes about 50 minutes. While the host fails everybody, tries are not counted (see HostAwayError).
	DeliverTries int
	// MaxInFlight bounds the jobs under way at once. Zero: 200. Ten times as many may wait in all.
	MaxInFlight int
	// MaxQueuePerPlayer bounds what one player may have waiting. Zero: 8.
	MaxQueuePerPlayer int
	// LoginsInFlight bounds the login codes that are traded at once, besides MaxInFlight; ten times MaxInFlight may wait.
	// Zero: a tenth of MaxInFlight, at least 1.
	LoginsInFlight int
	// RefusedLogins bounds the login codes a second that WeChat may refuse; while there are more, all wait. Zero: 20.
	RefusedLogins float64
	// Shared: other servers work on the same ledger, and share what it does not carry. Zero: only this one does. On SQLite
	// a second one is then refused (ledger.ErrServed); on a database server each works as if there were others, and what
	// is claimed is left alone until the claim ends, unless it is certain that its holder is dead (ledger.Ledger.Serve).
	Shared bool
	// Now is the clock. nil: time.Now.
	Now func() time.Time
	// Logger is told what an operator should know. nil: slog.Default().
	Logger *slog.Logger
	// Tracer makes spans. nil: there are none, and they cost nothing.
	Tracer Tracer
}

// waitingPerSlot is how many jobs may wait for each one that may run.
const waitingPerSlot = 10

// Till takes payments. Make one with New, Start it, and Stop it.
type Till struct {
	cfg        Config
	fleet      bool // there are others, which share more than the ledger
	rules      rules
	shelf      atomic.Pointer[shelf]
	lease      time.Duration
	fence      time.Duration // how long after its order was marked a call may still be under way
	horizon    time.Duration // no order but a parked one is put off for longer
	idle       time.Duration // the runner's longest sleep
	lanes      *lanes
	logins     *logins
	grant      func(ctx context.Context, tx *sql.Tx, o ledger.Order) error              // set before Start, or nil
	before     func(ctx context.Context, p Player, itemID string, quantity int64) error // set before Start, or nil
	limits     func(ctx context.Context, p Player) (*Limits, error)                     // set before Start, or nil
	credited   func(ctx context.Context, c Credit) error                                // set before Start: one of these, or none
	creditedTx func(ctx context.Context, tx *sql.Tx, c Credit) error
	step       func(point string) // tests die here
	sessions   *sessions
	stats      *stats
	log        *slog.Logger

	deliveriesOut, refundsOut, creditsOut *outage

	loginKeys   loginKeys
	beforeFails rate.Sometimes
	limitsFail  rate.Sometimes

	closing atomic.Bool
	paused  atomic.Bool
	mark    string        // in the attach of what is signed: whose it is
	starved atomic.Bool   // the runner has found orders due and no room for them
	poke    chan struct{} // wakes the runner; holds one
	held    []again       // claimed, and not handed over yet, maxClaim at most; the runner's own
	turns   turns         // whose orders are claimed next; the runner's own
	stop    context.CancelFunc
	done    sync.WaitGroup // the runner

	// What is kept of players and orders, with its bound. Whoever is here is bounded by the gate's connections.
	mu          sync.Mutex
	accounts    map[account]*midas.Balance // of players who are here; nil until first seen
	lastKnown   lastKnown                  // of players who have left; mostLastKnown at most
	told        map[account]int64          // the version that such a player was told last
	centers     map[account]center         // of players who are here; empty without Config.Center
	unpark      map[string]struct{}        // openids whose parked orders could not be woken yet; maxUnpark at most
	again       []again                    // orders that could not be read or written: those that jobs had claimed when the ledger failed, and mostPerhapsMade
	clock       commonClock
	polls       map[account]*poll        // maxPolls at most
	owed        map[account]*owed        // of players who are here
	timers      map[*time.Timer]struct{} // of later: one for each that is owed or watched
	watched     map[string]*watch        // by bill number; maxWatched at most
	nextRecheck time.Time                // when a look at an ended order is due, as far as is known; zero: the ledger knows
	version     int64
}

// account names a balance: they are per zone.
type account struct{ openid, zoneID string }

// New makes a till. It does nothing until Start.
func New(cfg Config) (*Till, error) {
	if cfg.Ledger == nil || cfg.Midas == nil || cfg.Observer == nil || cfg.Deliver == nil {
		return nil, errors.New("payment: Ledger, Midas, Observer and Deliver are required")
	}
	setDefault(&cfg.Retry.First, time.Second)
	setDefault(&cfg.Retry.Max, 30*time.Second)
	setDefault(&cfg.Retry.GiveUpAfter, 5*time.Minute)
	setDefault(&cfg.Timeout, 3*time.Second)
	setDefault(&cfg.DeliverTimeout, 10*time.Second)
	if cfg.ZoneID == "" {
		cfg.ZoneID = "1"
	}
	if cfg.Platforms == nil {
		cfg.Platforms = OfficialPlatforms(cfg.Sandbox)
	}
	setDefault(&cfg.DeliverTries, 100)
	setDefault(&cfg.MaxInFlight, 200)
	setDefault(&cfg.MaxQueuePerPlayer, 8)
	setDefault(&cfg.LoginsInFlight, max(1, cfg.MaxInFlight/10))
	if cfg.RefusedLogins == 0 {
		cfg.RefusedLogins = 20
	}
	if cfg.Elsewhere == nil {
		cfg.Elsewhere = func(string, string, Reason, string) {}
	}
	if cfg.Closed == nil {
		cfg.Closed = func(midas.Endpoint) time.Duration { return 0 }
	}
	if cfg.Tracer != nil {
		cfg.Midas = tracedCalls{cfg.Midas, cfg.Tracer}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	t := &Till{
		cfg:   cfg,
		fleet: cfg.Shared,
		rules: rules{
			Retry:        cfg.Retry,
			quiet:        2 * cfg.Timeout,
			firstRecheck: 3 * cfg.Timeout / 2,
			tries:        cfg.DeliverTries,
			poll:         cfg.RechargePoll,
		},
		// Longer than any step may take, so that a claim outlives the work it is for.
		lease:    4*cfg.Timeout + cfg.DeliverTimeout + 15*time.Second,
		step:     func(string) {},
		stats:    newStats(),
		log:      cfg.Logger,
		poke:     make(chan struct{}, 1),
		accounts: map[account]*midas.Balance{},
		told:     map[account]int64{},
		centers:  map[account]center{},
		unpark:   map[string]struct{}{},
		polls:    map[account]*poll{},
		owed:     map[account]*owed{},
		timers:   map[*time.Timer]struct{}{},
		watched:  map[string]*watch{},
	}
	t.loginKeys.line = rate.Sometimes{First: 1, Interval: doubtfulGap}
	t.limitsFail = rate.Sometimes{First: 1, Interval: doubtfulGap}
	t.beforeFails = rate.Sometimes{First: 1, Interval: doubtfulGap}
	t.deliveriesOut = newOutage(cfg.Logger, "deliver", cfg.DeliverTimeout)
	t.refundsOut = newOutage(cfg.Logger, "take note of refunds", cfg.DeliverTimeout)
	t.creditsOut = newOutage(cfg.Logger, "take note of recharges", cfg.DeliverTimeout)
	if !cfg.Ledger.OneServer() {
		cfg.Shared = true
		t.cfg.Shared = true
	}
	if t.idle = maxIdle; cfg.Shared {
		t.idle = sharedIdle
	}
	t.fence = t.rules.quiet
	t.horizon = time.Hour + 2*max(t.lease, cfg.Retry.Max)
	t.SetItems(cfg.Items)
	var err error
	if t.sessions, err = newSessions(cfg.Ledger, cfg.SealSecret, cfg.Now); err != nil {
		return nil, err
	}
	t.cfg.Midas = keyring{cfg.Midas, t.sessions}
	t.logins = newLogins(cfg.LoginsInFlight, waitingPerSlot*cfg.MaxInFlight, cfg.RefusedLogins)
	if id, err := cfg.Ledger.ID(context.Background()); err == nil {
		t.mark = markPrefix + id
	} else { // what is signed meanwhile is known by its number all the same
		cfg.Logger.Warn("midas: the ledger's name cannot be read; goods are signed without", "error", err)
	}
	t.lanes = newLanes(cfg.MaxInFlight, cfg.MaxQueuePerPlayer, waitingPerSlot*cfg.MaxInFlight, t.jobEnded)
	return t, nil
}

func setDefault[T time.Duration | int](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// GrantInTransaction makes grant deliver instead of Config.Deliver: in the ledger's own transaction, so that the order
// is delivered and the item granted at once, or neither is. grant must write through tx only, must not end it, and
// should be quick (ledger.Ledger.Deliver). Call it before Start.
func (t *Till) GrantInTransaction(grant func(ctx context.Context, tx *sql.Tx, o ledger.Order) error) {
	t.grant = grant
}

// AskBefore has may decide whether an order is made that a player wants: ErrRefuse and ErrLimitReached refuse it, any
// other error, a panic and no answer within Config.DeliverTimeout refuse it for now. Nothing was deducted. It is asked
// on the till's goroutines, several at once, and not about an order that was made before. Call it before Start.
func (t *Till) AskBefore(may func(ctx context.Context, p Player, itemID string, quantity int64) error) {
	t.before = may
}

// Start resumes what an earlier process left open and begins to work on what falls due. On a ledger of another
// environment or protocol it does nothing and returns a *ledger.IdentityError; while the ledger cannot say whose it is,
// a ledger.ErrUnavailable.
func (t *Till) Start(ctx context.Context) error {
	if err := t.cfg.Ledger.Belongs(ctx, t.identity()); err != nil {
		return fmt.Errorf("payment: not started: %w", err)
	}
	// What is claimed is resumed at once only where it is certain that no other server lives.
	_, err := t.cfg.Ledger.Serve(ctx, t.fleet, func(ctx context.Context) error {
		n, err := t.cfg.Ledger.Reclaim(ctx, t.cfg.Now(), t.rules.quiet)
		if n > 0 {
			t.log.Info("midas: resuming open orders", "orders", n)
		}
		return err
	})
	switch {
	case errors.Is(err, ledger.ErrServed):
		return fmt.Errorf("payment: not started: %w", err)
	case err != nil: // no reason to keep the game from starting
		t.log.Warn("midas: orders of the process before this one go on when their claims end", "error", err)
	}
	if t.cfg.Shared {
		t.readClock(ctx)
	}
	run, stop := context.WithCancel(context.Background())
	t.stop = stop
	t.done.Go(func() { t.run(run) })
	return nil
}

// identity is what a till knows of whose orders it works on.
func (t *Till) identity() ledger.Identity {
	i := ledger.Identity{Env: "production", Protocol: "v1"}
	if t.cfg.Sandbox {
		i.Env = "sandbox"
	}
	if t.cfg.TradeNumbers {
		i.Protocol = "v2"
	}
	return i
}

// Refuse makes the till answer ErrClosing to everything new. What it has taken goes on.
func (t *Till) Refuse() { t.closing.Store(true) }

// Closing tells whether Refuse or Stop has been called.
func (t *Till) Closing() bool { return t.closing.Load() }

// Stop refuses new requests, and finishes those it has taken until ctx ends; what is then still open stays in the
// ledger for the next start. No goroutine of the till is left when it returns. The ledger is the caller's to close.
func (t *Till) Stop(ctx context.Context) {
	t.Refuse()
	if t.stop != nil {
		t.stop()
		t.done.Wait()
	}
	t.stopPolls()
	t.logins.lanes.drain(ctx)
	t.lanes.drain(ctx)
}

// Login makes known that a player is here and with which session key. Orders that waited for it resume. done hears the
// player's balance.
func (t *Till) Login(p Player, done func(Account, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	p.UserIP = Address(p.UserIP)
	t.sessions.set(p.OpenID, p.SessionKey, p.UserIP)
	t.arrive(p)
	t.centerChanged(account{p.OpenID, p.ZoneID})
	at := t.cfg.Now() // not when it is stored: on another server the player may have logged in since
	return t.enqueue("midas.login", p.OpenID, true, func(ctx context.Context) {
		if p.SessionKey != "" {
			if err := t.sessions.save(ctx, p.OpenID, p.SessionKey, p.UserIP, at); err != nil {
				t.log.Warn("midas: session not kept: open orders would wait for a login after a restart",
					"player", shorten(p.OpenID), "error", err)
			}
		}
		t.unparkOrders(ctx, p.OpenID)
		a, err := t.look(ctx, p)
		t.noteKey(p, err)
		noted(ctx, t, done)(a, err)
		switch {
		case err == nil:
			t.settleRecharges(ctx, p)
			t.askForgotten(ctx, p)
		case midas.VerdictOf(err) != midas.VerdictLogin:
			t.owe(account{p.OpenID, p.ZoneID}, ReasonRecharge, "")
		}
	})
}

// Forget drops what is kept in memory for a player who has left a zone, or (all) the game. Orders go on. It takes no
// lock that is held across a call.
func (t *Till) Forget(openid, zoneID string, all bool) {
	if all {
		t.sessions.forget(openid)
	}
	t.leave(account{openid, zoneID})
}

// Balance reads a player's balance from Midas.
func (t *Till) Balance(p Player, done func(Account, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	if err := t.mayCall(p, midas.EndpointBalance); err != nil {
		return err
	}
	t.centerChanged(account{p.OpenID, p.ZoneID})
	return t.enqueue("midas.balance", p.OpenID, false, func(ctx context.Context) { noted(ctx, t, done)(t.look(ctx, p)) })
}

// Orders lists up to limit of a player's orders, newest first, beginning before the bill number before ("": the
// newest). What was read within the last second is told at once, before Orders returns; done must not change the list.
func (t *Till) Orders(p Player, before string, limit int, done func([]ledger.Order, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	if orders, found := t.cfg.Ledger.RecentOrders(p.OpenID, before, limit); found {
		done(orders, nil)
		return nil
	}
	// A lane of its own: reading the ledger need not wait for Midas.
	return t.enqueue("midas.orders", reading{p.OpenID}, false, func(ctx context.Context) {
		orders, err := t.cfg.Ledger.Orders(ctx, p.OpenID, before, limit)
		noted(ctx, t, done)(orders, unavailable(err))
	})
}

// reading is the key of the lane for what needs only the ledger.
type reading struct{ openid string }

// mayAsk refuses what need not be queued.
func (t *Till) mayAsk(p Player) error {
	if t.closing.Load() {
		return ErrClosing
	}
	if p.OpenID == "" {
		return fmt.Errorf("%w: no openid", ErrInvalid)
	}
	return nil
}

// mayCall refuses what would not reach Midas now.
func (t *Till) mayCall(p Player, e midas.Endpoint) error {
	if t.closing.Load() {
		return ErrClosing
	}
	return t.mayCallQueued(p, e)
}

// mayCallQueued is mayCall for what was taken before the server began to stop.
func (t *Till) mayCallQueued(p Player, e midas.Endpoint) error {
	if err := t.closed(e); err != nil {
		return err
	}
	if t.cfg.NeedSession && e != midas.EndpointLogin && t.sessions.expired(p.OpenID) {
		return errNoSession
	}
	return nil
}

// closed is a *ClosedError while calls to an endpoint are held back, else nil.
func (t *Till) closed(e midas.Endpoint) error {
	if wait := t.cfg.Closed(e); wait > 0 {
		return &ClosedError{Endpoint: e, After: wait}
	}
	return nil
}

// errNoSession is what a player hears whose session key has died.
var errNoSession error = noSession{}

type noSession struct{}

func (noSession) Error() string { return "payment: the player has to log in again" }

// Is makes errors.Is(err, midas.ErrSessionExpired) hold.
func (noSession) Is(target error) bool { return target == midas.ErrSessionExpired }

// Verdict tells that nothing was sent, and what would help.
func (noSession) Verdict() midas.Verdict { return midas.VerdictLogin }

// ClosedError says that calls to an endpoint are being held back and for how long. It is an ErrUnavailable.
type ClosedError struct {
	Endpoint midas.Endpoint
	After    time.Duration
}

func (e *ClosedError) Error() string {
	return fmt.Sprintf("payment: %s is held back for another %s; nothing was sent", e.Endpoint, e.After.Round(time.Millisecond))
}

// Is makes errors.Is(err, ErrUnavailable) hold.
func (e *ClosedError) Is(target error) bool { return target == ErrUnavailable }

// RetryAfter is when to ask again.
func (e *ClosedError) RetryAfter() time.Duration { return e.After }

// retryAfter is what an error knows about when to try again; 0 if nothing.
func retryAfter(err error) time.Duration {
	var r interface{ RetryAfter() time.Duration }
	if errors.As(err, &r) {
		return r.RetryAfter()
	}
	return 0
}

// unavailable turns a failure of the ledger into what the asker is to hear.
func unavailable(err error) error {
	if errors.Is(err, ledger.ErrUnavailable) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

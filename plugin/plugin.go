// Package plugin is the front door of leafmidas: everything a Leaf game server needs to sell items for Midas coins.
//
//	// pay/external.go
//	var Plugin = plugin.New()                            // knows no config yet
//	// msg/msg.go, after the host's own messages
//	midasmsg.Register(Processor)
//	// gate/router.go
//	pay.Plugin.Route(msg.Processor)
//	// game/internal/chanrpc.go
//	pay.Plugin.HandleDeliver(skeleton, deliver)          // deliver runs on the game's own goroutine
//	pay.Plugin.Logout(agent)                             // in rpcCloseAgent
//	pay.Plugin.OnRefund(skeleton, takeBack)              // protocol V2: money that was given back
//	pay.Plugin.OnRecharge(skeleton, thank)               // coins that were bought, for VIP points
//	// wherever the host knows who an agent is (or let players send MidasLogin)
//	pay.Plugin.Login(agent, plugin.Player{OpenID: id, SessionKey: plugin.Secret(key), ZoneID: "1", UserIP: ip})
//	// main.go: last, so that it stops first
//	if err := pay.Plugin.Configure(conf.Server.Midas); err != nil { log.Fatal("%v", err) }
//	leaf.Run(game.Module, gate.Module, login.Module, pay.Plugin.Module())
//
// The ledger's database driver is the host's import, as with database/sql: _ "modernc.org/sqlite", _
// "github.com/jackc/pgx/v5/stdlib" or _ "github.com/leafmidas/leafmidas/ledger/mysql", which links go-sql-driver/mysql.
package plugin

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/name5566/leaf/gate"
	leafmodule "github.com/name5566/leaf/module"
	"github.com/name5566/leaf/network"
	"golang.org/x/time/rate"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/internal/plain"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
	"github.com/leafmidas/leafmidas/payment"
)

// The words a host shares with the rooms behind this door.
type (
	// Player is who sits on a connection. Only OpenID is required, and SessionKey in protocol V2 and where Config.MPSig is
	// on.
	Player = payment.Player
	// Order is a purchase as the ledger has it. BillNo is what a delivery is keyed by.
	Order = ledger.Order
	// Account is a player's balance.
	Account = payment.Account
	// PurchaseRequest is a player's wish to buy, PresentRequest the host's to give.
	PurchaseRequest = payment.PurchaseRequest
	PresentRequest  = payment.PresentRequest
	// Refund is money that was given back to a player.
	Refund = payment.Refund
	// Credit is coins that a player has bought.
	Credit = payment.Credit
	// Receipt is what became of a purchase so far.
	Receipt = payment.Receipt
	// AuditRequest says what to compare, Audit what was found, Difference one thing that does not agree.
	AuditRequest = payment.AuditRequest
	Audit        = payment.Audit
	Difference   = payment.Difference
	// Secret is a text that prints as "***".
	Secret = midas.Secret
)

// Errors a host meets, for errors.Is. The rest are in packages payment, ledger and midas.
var (
	// ErrRefuse is for a delivery to return when an item cannot be granted (bag full, item gone): the player gets the
	// coins back, and hears NOT_GRANTED, with the text that Refuse was given. Any other error is tried again.
	ErrRefuse = payment.ErrRefuse
	// ErrBusy, ErrClosing, ErrUnavailable: nothing was done, ask again later.
	ErrBusy        = payment.ErrBusy
	ErrClosing     = payment.ErrClosing
	ErrUnavailable = payment.ErrUnavailable
	// ErrNotCancellable: the order is over, too old, a present, or being delivered.
	ErrNotCancellable = payment.ErrNotCancellable
	// ErrNotConfigured: Configure has not been called, or has failed.
	ErrNotConfigured = errors.New("leafmidas: not configured: call Plugin.Configure before leaf.Run, and heed its error")
	// ErrNotRunning: Plugin.Module() was not given to leaf.Run, or has not been started yet. Nothing was done. It is an
	// ErrUnavailable.
	ErrNotRunning = module.ErrNotRunning
	// ErrNoSkeleton: nobody said on which goroutine callbacks are to run.
	ErrNoSkeleton = errors.New("leafmidas: callbacks have no goroutine to run on; call Plugin.CallbacksOn(skeleton)")
)

// Refuse is an ErrRefuse with a text for the player, as plugin.Refuse("your bag is full"). Of a text longer than 120
// bytes the rest is left out.
func Refuse(text string) error { return payment.Refuse(text) }

// Plugin is the door. Make one with New, tell it the host's parts, Configure it, and give its Module to leaf.Run.
type Plugin struct {
	module *module.Module
	till   *payment.Till
	sells  Config            // as it was resolved
	reader *midas.PushReader // nil: no pushes are configured
	close  func() error      // what Configure opened
	inside atomic.Pointer[inside]
	userIP func(gate.Agent) string
	log    *slog.Logger
	tracer payment.Tracer
	ready  readiness
	// badCall: a line a minute, whoever makes the host call so.
	badCall rate.Sometimes
}

// Option adds behaviour of the host's.
type Option func(*Plugin)

// WithLogger makes the plugin log there instead of through Leaf's logger. nil: through Leaf's.
func WithLogger(log *slog.Logger) Option {
	return func(p *Plugin) {
		if log != nil {
			p.log = slog.New(plain.Handler(log.Handler()))
		}
	}
}

// WithUserIP tells the plugin how to find the public address of a connection that logs in by MidasLogin. Without it the
// connection's remote address is taken, which behind a proxy is the proxy's.
func WithUserIP(f func(gate.Agent) string) Option { return func(p *Plugin) { p.userIP = f } }

// WithTracer makes the plugin trace what it does, from a player's message to Midas and the delivery. Package tracing
// makes a tracer of an OpenTelemetry provider.
func WithTracer(t payment.Tracer) Option { return func(p *Plugin) { p.tracer = t } }

// New makes a plugin that knows no config yet, so that it can be a package variable.
func New(options ...Option) *Plugin {
	p := &Plugin{
		log: slog.New(leafHandler{}), ready: readiness{turn: make(chan struct{}, 1)}, badCall: rate.Sometimes{First: 1, Interval: time.Minute},
	}
	for _, o := range options {
		o(p)
	}
	p.module = module.New(p.log)
	return p
}

// Configure checks the config, opens the ledger and makes everything ready. Call it once, before leaf.Run. The error is
// a *ConfigError when the config is at fault.
func (p *Plugin) Configure(cfg Config) error { return p.configure(cfg, false) }

// configure takes the ledger as it is, or upgrades it.
func (p *Plugin) configure(cfg Config, asIs bool) error {
	if p.till != nil {
		return errors.New("leafmidas: configured twice")
	}
	cfg, err := cfg.Resolved()
	if err != nil {
		return err
	}
	cfg.warnOfSecrets(p.log)
	if cfg.Items != nil && len(cfg.Items) == 0 {
		p.log.Warn("leafmidas: Midas.Items is an empty list, so nothing is for sale")
	}
	fleet, err := cfg.fleet(p.log)
	if err != nil {
		return err
	}
	own := cfg.midas(p.log)
	own.TokenStore = fleet.TokenStore()
	client, err := midas.New(own)
	if err != nil {
		return errors.Join(err, fleet.Close())
	}
	circuit := breaker.New(client, breaker.Config{
		Window: cfg.Breaker.Window, Buckets: cfg.Breaker.Buckets, MinRequests: cfg.Breaker.MinRequests,
		FailureRatio: cfg.Breaker.FailureRatio, OpenFor: cfg.Breaker.OpenFor, HalfOpenRequests: cfg.Breaker.HalfOpenRequests,
		OnChange: p.module.ServiceChanged,
	})
	if p.reader, err = cfg.pushReader(); err != nil {
		return errors.Join(err, fleet.Close())
	}
	orders, err := p.openLedger(cfg, asIs)
	if err != nil {
		return errors.Join(err, fleet.Close())
	}
	till, err := payment.New(payment.Config{
		Ledger: orders, Midas: circuit, Deliver: p.module.Deliver, Observer: p.module, Closed: circuit.RetryAfter,
		Items: cfg.items(), CoinsPerYuan: cfg.CoinsPerYuan, Tiers: cfg.tiers(), IOSTiers: cfg.iosTiers(), Platforms: cfg.platforms(),
		Retry:        payment.Retry{First: cfg.Retry.First, Max: cfg.Retry.Max, GiveUpAfter: cfg.Retry.GiveUpAfter},
		DeliverTries: cfg.Retry.DeliverTries,
		RechargePoll: cfg.RechargePoll, NeedSession: *cfg.MPSig || cfg.v2(), NeedAddress: cfg.v2() || cfg.OptionalParams == sign, TradeNumbers: cfg.v2(), SignGoods: cfg.signGoods(client), SignCoins: cfg.signCoins(client),
		Refunded: p.module.Refunded, ZoneID: cfg.ZoneID, StoreZones: cfg.Push.storeZones(), Sandbox: cfg.Env == sandbox, SealSecret: cfg.AppSecret, Timeout: cfg.Timeout,
		Center: cfg.RechargeCenter, Shared: cfg.Redis.Addr != "", Elsewhere: p.module.Elsewhere,
		MaxInFlight: cfg.MaxInFlight, MaxQueuePerPlayer: cfg.MaxQueuePerPlayer, LoginsInFlight: cfg.LoginLimit.InFlight,
		RefusedLogins: cfg.LoginLimit.RefusedPerSecond, Logger: p.log, Tracer: p.tracer,
	})
	if err != nil {
		return errors.Join(err, orders.Close(), fleet.Close())
	}
	p.till, p.sells = till, cfg
	p.inside.Store(&inside{client, circuit, till, orders, fleet})
	p.close = func() error {
		circuit.Close()
		client.Close()
		return errors.Join(fleet.Close(), orders.Close())
	}
	p.module.Configure(module.Options{
		Till: till, Login: cfg.Login, ZoneID: cfg.ZoneID, PerSecond: cfg.RateLimit.PerSecond, Burst: cfg.RateLimit.Burst,
		RefusedPerAddress: cfg.LoginLimit.RefusedPerAddress,
		Pay:               module.PayOptions{Env: cfg.env(), OfferID: cfg.OfferID, Platform: cfg.Platform},
		Fleet:             fleet,
		HoldBack: func(e midas.Endpoint, open bool, retryAfter time.Duration) bool {
			if open {
				return circuit.HoldBack(e, retryAfter)
			}
			return circuit.HoldBack(e, 0) && circuit.RetryAfter(e) == 0
		},
		Receiver: p.receiver(nil), PushAddr: cfg.Push.Addr, PushPath: cfg.Push.Path,
		UserIP:  p.userIP,
		Command: p.command, CommandHelp: consoleHelp,
		Close: p.close,
	})
	return nil
}

// Route makes a processor hand the messages of leafmidas to the plugin. Call it for each processor that a gate uses,
// after midasmsg.Register.
func (p *Plugin) Route(processor network.Processor) { p.module.Route(processor) }

// HandleDeliver makes deliver grant items. It runs on the goroutine of the module that skeleton belongs to, at least
// once for every paid order: after a crash it may be called again for the same Order.BillNo, and must grant only once.
// ErrRefuse gives the coins back; any other error, or a panic, is tried again, later each time, and after
// Config.Retry.DeliverTries left to an operator (ledger.Disputed). Call HandleDeliver in the game module's init.
func (p *Plugin) HandleDeliver(skeleton *leafmodule.Skeleton, deliver func(Order) error) {
	p.module.HandleDeliver(skeleton, deliver)
}

// HandleDeliverAsync is HandleDeliver for a host that saves elsewhere: deliver returns at once, and done is called,
// from any goroutine, when the item is safe (nil) or cannot be granted (ErrRefuse, or another error to be asked again).
// Without an answer within 10 s the order is delivered again, so here too deliver is keyed by Order.BillNo. An answer
// that comes later than that still counts if it is nil.
func (p *Plugin) HandleDeliverAsync(skeleton *leafmodule.Skeleton, deliver func(o Order, done func(error))) {
	p.module.HandleDeliverAsync(skeleton, deliver)
}

// HandleDeliverTx makes deliver grant items in the transaction that marks the order delivered: exactly once, without a
// key. It needs the host's tables in the ledger's database (InLedger makes them), runs on a goroutine of the plugin's,
// must write through tx alone, must not end it, and should be quick: with SQLite everybody's writes wait for it. With
// MySQL no statement may be one that commits, such as CREATE TABLE. Errors are as for HandleDeliver.
func (p *Plugin) HandleDeliverTx(deliver func(ctx context.Context, tx *sql.Tx, o Order) error) {
	p.module.HandleDeliverTx(deliver)
}

// InLedger runs f in a transaction in the ledger's own database, and commits it unless f fails: for a host whose tables
// are there, to make them after Configure, and to change what HandleDeliverTx has granted. It opens no connection of
// its own and needs no DSN. f must write through tx alone, must not end it, should be quick, and may run again where a
// connection was lost. With MySQL a statement such as CREATE TABLE commits what came before it: give it a call of its
// own, and never one in a delivery. It waits for the database, so it must not be called from a module's goroutine. The
// error is f's own; ledger.ErrUnavailable where the database is at fault, and then all of it took, or nothing.
func (p *Plugin) InLedger(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) error {
	in, err := p.mayRead(ctx)
	if err != nil {
		return err
	}
	if f == nil {
		return p.misused(errNoCallback)
	}
	return in.ledger.Transact(ctx, f)
}

// OnRefund makes tell hear of money that was given back (protocol V2), on the goroutine of the module that skeleton
// belongs to. It is called at least once for every Refund.RefundID, with the same words; an error or a panic is tried
// again, later each time. Without it every refund is left to an operator (ledger.Disputed). Call it where HandleDeliver
// is called.
func (p *Plugin) OnRefund(skeleton *leafmodule.Skeleton, tell func(Refund) error) {
	p.module.OnRefund(skeleton, tell)
}

// OnRecharge makes tell hear of coins that a player has bought with money, for VIP points or a gift for the first
// recharge for example, on the goroutine of the module that skeleton belongs to. It is called at least once for every
// Credit.BillNo, with the same words; an error or a panic is tried again, later each time, and ErrRefuse leaves it to
// an operator (ledger.Disputed): the coins are the player's already. What was bought while the player was away is told
// at the next login, if no push has told of it. All servers of a ledger call it, or none. Call it where HandleDeliver
// is called.
func (p *Plugin) OnRecharge(skeleton *leafmodule.Skeleton, tell func(Credit) error) {
	p.module.OnRecharge(skeleton, tell)
}

// OnRechargeTx is OnRecharge in the transaction that marks the recharge as told: exactly once, without a key. What
// HandleDeliverTx says of tx holds.
func (p *Plugin) OnRechargeTx(tell func(ctx context.Context, tx *sql.Tx, c Credit) error) {
	p.module.OnRechargeTx(tell)
}

// Role is a character of a player's, for HandleRoleQuery.
type Role = module.Role

// HandlePush makes handle take the pushes of one event that is not a payment and that the plugin does not know, rightly
// signed and decrypted; Push.Body is the whole of it. It runs on a goroutine of the plugin's, 64 at once at most, and
// must have ended within 2.5 s. An error, or a panic, has WeChat send it again. In clear mode WeChat signs the time of
// a push and not its body: act on nothing but what is Signed. Such pushes do not go to PushHandler's other any more.
// Call it where HandleDeliver is called.
func (p *Plugin) HandlePush(event string, handle func(ctx context.Context, push midas.Push) error) {
	p.module.HandlePush(midas.PushEvent(event), handle)
}

// HandleRoleQuery makes roles answer the store's question for the roles that a player has played lately, from which the
// buyer picks one (midas-protocol.md §3.9, P6). It runs as HandlePush's handlers do, and only for what Midas itself has
// signed. The form of the answer is not certain, for the page could not be read as a whole: it is
// {"ErrCode":0,"ErrMsg":"Success","RoleList":[{"ZoneId","RoleId","RoleName", "RoleLevel"}]}; try it with the console's
// trial before you switch the store on.
func (p *Plugin) HandleRoleQuery(roles func(ctx context.Context, openid string) ([]Role, error)) {
	p.module.HandleRoleQuery(roles)
}

// PushHandler takes WeChat's pushes, for hosts that serve the game's callback address themselves; the others configure
// Push.Addr. A game has one such address for everything WeChat has to tell: what is not about payments goes on to
// other, as it came, or is answered with success where other is nil. So does a payment that another server with another
// ledger may know, and one of the other environment; without other they are refused, so that WeChat sends them again.
// Two servers must not be each other's other. Call it after Configure; before, and without Push.Token, the handler
// answers 503.
func (p *Plugin) PushHandler(other http.Handler) http.Handler {
	if r := p.receiver(other); r != nil {
		return r
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "pushes are not configured", http.StatusServiceUnavailable)
	})
}

func (p *Plugin) receiver(other http.Handler) *module.Receiver {
	if p.reader == nil {
		return nil
	}
	return &module.Receiver{
		Reader: p.reader, Take: p.till.Take, TakeOrPass: p.till.TakeOrPass, HandlerOf: p.module.HandlerOf, Other: other,
		Log: p.log, Received: p.module.Received(),
	}
}

// CallbacksOn says on which module's goroutine the callbacks of the Go… methods run. HandleDeliver and
// HandleDeliverAsync say it too; it is for hosts that use HandleDeliverTx.
func (p *Plugin) CallbacksOn(skeleton *leafmodule.Skeleton) { p.module.CallbacksOn(skeleton) }

// Login tells who is on a connection. A player may be on several. Safe from any goroutine; it never blocks.
func (p *Plugin) Login(agent gate.Agent, player Player) { p.module.Login(agent, player) }

// Logout tells that a connection has ended. Open orders of its player go on. Safe from any goroutine; it never blocks.
func (p *Plugin) Logout(agent gate.Agent) { p.module.Logout(agent) }

// Player tells who is logged in on a connection, by Login or by MidasLogin. It never blocks.
func (p *Plugin) Player(agent gate.Agent) (Player, bool) { return p.module.Player(agent) }

// Module is what leaf.Run takes, as its last argument.
func (p *Plugin) Module() leafmodule.Module { return p.module }

// Check names every step of the integration that is missing. leaf.Run makes the same check and refuses to start.
func (p *Plugin) Check() error { return p.module.Check() }

// Balance asks Midas for a player's balance. It blocks, so it must not be called from a module's goroutine: there it
// fails with ErrWrongGoroutine.
func (p *Plugin) Balance(ctx context.Context, player Player) (Account, error) {
	return wait(ctx, p, func(done func(Account, error)) error { return p.till.Balance(player, done) })
}

// Purchase buys an item for a player. It blocks until the order has ended or has to wait, so it must not be called from
// a module's goroutine: there it fails with ErrWrongGoroutine. When ctx ends first, the order goes on by itself; ask
// again with the same RequestID to learn what became of it.
func (p *Plugin) Purchase(ctx context.Context, player Player, r PurchaseRequest) (Receipt, error) {
	return wait(ctx, p, func(done func(Receipt, error)) error { return p.till.Purchase(player, r, done) })
}

// Present gives a player coins for nothing. It blocks until Midas has given them or the present has to wait, so it must
// not be called from a module's goroutine. A present that has to wait goes on by itself; asking again with the same
// RequestID tells what became of it, and never gives twice.
func (p *Plugin) Present(ctx context.Context, player Player, r PresentRequest) (Receipt, error) {
	return wait(ctx, p, func(done func(Receipt, error)) error { return p.till.Present(player, r, done) })
}

// Cancel gives the coins of a purchase back; why is kept in its history. Once it has been delivered, the item is the
// host's to take away. One that is paid and not delivered yet is delivered first; to give its coins back instead, let
// the delivery return ErrRefuse. It blocks until Midas has answered or the order has to wait, so it must not be called
// from a module's goroutine. The receipt tells how the order stands: ledger.Cancelled once the coins are back,
// ledger.Delivered if Midas keeps them. Errors: ErrNotCancellable, ledger.ErrNotFound, and those of asking again later.
func (p *Plugin) Cancel(ctx context.Context, player Player, billNo, why string) (Receipt, error) {
	return wait(ctx, p, func(done func(Receipt, error)) error { return p.till.Cancel(player, billNo, why, done) })
}

// GoBalance is Balance for a module's goroutine: it returns at once, and done runs on the goroutine of the module whose
// skeleton HandleDeliver or CallbacksOn got. If GoBalance returns an error, done is never called. So it is with all Go…
// methods.
func (p *Plugin) GoBalance(player Player, done func(Account, error)) error {
	return goOn(p, done, func(done func(Account, error)) error { return p.till.Balance(player, done) })
}

// GoPurchase is Purchase for a module's goroutine.
func (p *Plugin) GoPurchase(player Player, r PurchaseRequest, done func(Receipt, error)) error {
	return goOn(p, done, func(done func(Receipt, error)) error { return p.till.Purchase(player, r, done) })
}

// GoPresent is Present for a module's goroutine.
func (p *Plugin) GoPresent(player Player, r PresentRequest, done func(Receipt, error)) error {
	return goOn(p, done, func(done func(Receipt, error)) error { return p.till.Present(player, r, done) })
}

// GoCancel is Cancel for a module's goroutine.
func (p *Plugin) GoCancel(player Player, billNo, why string, done func(Receipt, error)) error {
	return goOn(p, done, func(done func(Receipt, error)) error { return p.till.Cancel(player, billNo, why, done) })
}

// Books sums up the orders in the ledger by state. It reads all of them, so it must not be called from a module's
// goroutine.
func (p *Plugin) Books(ctx context.Context) (ledger.Books, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return ledger.Books{}, err
	}
	return in.ledger.Books(ctx)
}

// Audit compares the ledger with itself, with what the game granted and with Midas. It reads only and may run while the
// game does; it asks Midas once for every player of the period, so it must not be called from a module's goroutine.
func (p *Plugin) Audit(ctx context.Context, r AuditRequest) (Audit, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return Audit{}, err
	}
	return in.till.Audit(ctx, r)
}

// AuditOf is Audit for a server that does not run in this process: it opens what cfg names, and closes it again. Only
// Redis is left alone: an audit has nothing to tell other servers. It makes no tables: ledger.ErrNoTables,
// ledger.ErrOldTables.
func AuditOf(ctx context.Context, cfg Config, r AuditRequest) (_ Audit, err error) {
	if ctx == nil {
		return Audit{}, errNoContext
	}
	cfg.Redis = RedisConfig{}
	p := New(WithLogger(slog.New(slog.DiscardHandler)))
	if err := p.configure(cfg, true); err != nil {
		return Audit{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return p.till.Audit(ctx, r)
}

// Client makes a client of Midas, or tells with *ConfigError what is wrong with the config. It is the caller's to
// close. Servers have no need of it: its calls are not in the ledger.
func (c Config) Client(log *slog.Logger) (*midas.Client, error) { return c.ClientOver(log, nil) }

// ClientOver is Client over a line of the caller's; nil: one of its own.
func (c Config) ClientOver(log *slog.Logger, line http.RoundTripper) (*midas.Client, error) {
	c, err := c.Resolved()
	if err != nil {
		return nil, err
	}
	m := c.midas(log)
	m.Transport = line
	return midas.New(m)
}

// otherURLs are the domains after the first.
func (c Config) otherURLs() []string {
	if len(c.BaseURLs) == 0 {
		return nil
	}
	return c.BaseURLs[1:]
}

// midas is the client's part of a resolved config.
func (c Config) midas(log *slog.Logger) midas.Config {
	m := midas.Config{
		BaseURL: c.BaseURL, OtherURLs: c.otherURLs(), AppID: c.AppID, AppSecret: c.AppSecret, OfferID: c.OfferID, AppKey: c.AppKey,
		V2: c.v2(), NoMPSig: !*c.MPSig, SignOptional: c.OptionalParams == sign, Platform: c.Platform, Timeout: c.Timeout, Logger: log,
	}
	if c.Env == sandbox {
		m.Sandbox, m.AppKey = true, c.SandboxAppKey
	}
	return m
}

// fleet is the other servers, if there are any.
func (c Config) fleet(log *slog.Logger) (module.Fleet, error) {
	if c.Redis.Addr == "" {
		return module.Alone{}, nil
	}
	return module.OpenFleet(c.FleetConfig(log))
}

// pushReader is nil where no pushes are configured.
func (c Config) pushReader() (*midas.PushReader, error) {
	if c.Push.Token == "" {
		return nil, nil
	}
	return midas.NewPushReader(midas.PushConfig{
		AppID: c.AppID, Token: c.Push.Token, EncodingAESKey: c.Push.EncodingAESKey, Others: c.morePushKeys(), AppKey: c.AppKey, SandboxAppKey: c.SandboxAppKey,
	})
}

// signGoods is nil where nothing can be sold for money.
func (c Config) signGoods(client *midas.Client) func(midas.GoodsRequest) (midas.GoodsOptions, error) {
	if !c.v2() {
		return nil
	}
	return client.SignGoods
}

func (c Config) v2() bool { return c.Protocol == protocolV2 }

// env is how wx.requestMidasPayment wants it.
func (c Config) env() int64 {
	if c.Env == sandbox {
		return 1
	}
	return 0
}

func (c Config) items() []payment.Item { return onSale(c.Items) }

func onSale(list []Item) []payment.Item {
	items := make([]payment.Item, 0, len(list))
	for _, it := range list {
		items = append(items, payment.Item{ID: it.ID, Name: it.Name, Price: midas.Coins(it.Price), Fen: midas.Fen(it.Fen), SoldOut: it.SoldOut, Limit: it.Limit})
	}
	return items
}

// Package module is the Leaf side: it takes payment messages from connections, hands them to the till, and writes
// answers and pushes back. It is built for Leaf as Leaf is (docs/leaf.md): nothing here waits on the module's
// goroutine, every write to a connection goes through one place that survives Leaf's panics, and the close signal is
// held back until what is under way has ended.
//
//	connections ──> gate ──> this module's goroutine: check, rate, hand over ──> till's workers ──> Midas
//	     ^                                                                          │    │
//	     └────────────────── outbox <── answers and pushes ─────────────────────────┘    │
//	                          game's goroutine <── courier <── deliver ──────────────────┘
package module

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/gate"
	leaflog "github.com/name5566/leaf/log"
	leafmodule "github.com/name5566/leaf/module"
	"github.com/name5566/leaf/network"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/payment"
)

const (
	// queueLen is how many messages may wait for the module's goroutine. Each takes microseconds there; a sender that
	// finds the queue full stands still until there is room.
	queueLen = 10_000
	// drainTime is how long a stop waits for what is under way; calls that still hang are then cut.
	drainTime = 8 * time.Second
	// linger is how long the last pushes get to leave: Leaf's gate closes connections without flushing them.
	linger = 100 * time.Millisecond
	// sweepEvery is how often the roster forgets.
	sweepEvery = 10 * time.Second
)

// Options is what the module needs once the server's config is known.
type Options struct {
	// Till takes the payments.
	Till *payment.Till
	// Login: players may log in by MidasLogin.
	Login bool
	// ZoneID is the zone of players that name none.
	ZoneID string
	// Pay is what a client passes to wx.requestMidasPayment besides its own wish.
	Pay PayOptions
	// PerSecond and Burst bound the messages of one player.
	PerSecond float64
	Burst     int
	// RefusedPerAddress bounds the login codes a second that WeChat refuses to one address.
	RefusedPerAddress float64
	// Fleet is the other servers; nil: there are none.
	Fleet Fleet
	// HoldBack makes this server hold calls back as another does. It answers whether players are to be told: not, if it is
	// known better here.
	HoldBack func(e midas.Endpoint, open bool, retryAfter time.Duration) (told bool)
	// Receiver takes pushes; nil: none are wanted. PushAddr and PushPath are where it is served; no address: the host
	// serves it.
	Receiver           *Receiver
	PushAddr, PushPath string
	// UserIP tells a connection's public address. nil: its remote address, which behind a proxy is the proxy's.
	UserIP func(gate.Agent) string
	// Command is "midas" on Leaf's console; CommandHelp is its line in the list of commands.
	Command     func(ctx context.Context, args []string) string
	CommandHelp string
	// Close is called when the module is done.
	Close func() error
}

// PayOptions are the server's part of the options of wx.requestMidasPayment (§1.1).
type PayOptions struct {
	// Env is 0 for production, 1 for the sandbox.
	Env      int64
	OfferID  string
	Platform string
}

// Module is a Leaf module; it goes last into leaf.Run.
type Module struct {
	*leafmodule.Skeleton
	log       *slog.Logger
	roster    *roster
	outbox    *outbox
	courier   *courier
	addresses *addresses

	// Set before Leaf starts, read only afterwards.
	till    *payment.Till
	fleet   Fleet
	options Options
	routes  []error         // of each Route: nil if it took
	misuses []string        // wrong calls of the host's
	game    *chanrpc.Server // of the host's module that handles deliveries and callbacks
	// One of these grants items.
	grant        func(ledger.Order) error
	grantAsync   func(o ledger.Order, done func(error))
	grantTx      func(context.Context, *sql.Tx, ledger.Order) error
	acks         *acks
	before       func(ctx context.Context, p payment.Player, itemID string, quantity int64) error // nil: everything may be bought
	limits       func(ctx context.Context, p payment.Player) (*payment.Limits, error)             // nil: there are none
	onRefund     func(payment.Refund) error
	onCredit     func(payment.Credit) error // one of these hears of recharges, or nobody
	onCreditTx   func(context.Context, *sql.Tx, payment.Credit) error
	pushHandlers map[midas.PushEvent]pushHandler
	refundGame   *chanrpc.Server // of the module that onRefund runs in
	creditGame   *chanrpc.Server // of the module that onCredit runs in

	pushes  *pushServer
	desk    *desk
	drained sync.WaitGroup

	// Signs of life.
	ownPulse, gamePulse, refundPulse, creditPulse pulse

	restocked chan struct{} // holds one: what is on sale has changed

	unserved *unserved
	running  atomic.Bool // OnInit has succeeded
	badLogin rate.Sometimes

	remote, warned atomic.Int64 // balances, and warnings of breakers, that other servers told
	received       Received
}

// New makes a module that knows no till yet, so that hosts can make it before they have read their config. Its routes
// and the delivery may be set in any order before Leaf starts.
func New(log *slog.Logger) *Module {
	m := &Module{
		Skeleton: &leafmodule.Skeleton{
			GoLen: queueLen, TimerDispatcherLen: queueLen, AsynCallLen: queueLen,
			ChanRPCServer: chanrpc.NewServer(queueLen),
		},
		log:       log,
		outbox:    newOutbox(log),
		courier:   newCourier(),
		acks:      newAcks(),
		restocked: make(chan struct{}, 1),
		fleet:     Alone{},
		// A line a minute, whoever makes the host call Login so.
		badLogin: rate.Sometimes{First: 1, Interval: time.Minute},
	}
	m.unserved = newUnserved(m.ChanRPCServer, log, m.Check)
	m.Init()
	enlist(m.Skeleton)
	m.roster = newRoster(m.left)
	m.handleMessages()
	return m
}

// Configure gives the module its till. It must be called once, before Leaf starts.
func (m *Module) Configure(o Options) {
	m.till, m.options = o.Till, o
	if o.Fleet != nil {
		m.fleet = o.Fleet
	}
	m.roster.limitTo(o.PerSecond, o.Burst)
	m.addresses = newAddresses(max(o.RefusedPerAddress, 0.01))
}

// Route makes processor hand every message of ours to this module. A mistake is told by Check.
func (m *Module) Route(processor network.Processor) {
	m.routes = append(m.routes, msg.Route(processor, m.ChanRPCServer))
	m.unserved.watch()
}

// Running tells whether Leaf has started the module, and if not, notes that the host needs it.
func (m *Module) Running() bool {
	if m.running.Load() {
		return true
	}
	m.unserved.ask()
	return false
}

// OnInit checks the integration and resumes open orders. Leaf calls it before any module runs.
func (m *Module) OnInit() {
	m.unserved.begin()
	if err := m.start(); err != nil {
		leaflog.Fatal("%v", err)
	}
	m.running.Store(true)
}

func (m *Module) start() error {
	if err := m.Check(); err != nil {
		return err
	}
	m.courier.start()
	m.desk = openDesk(m.options.CommandHelp, m.options.Command)
	m.sweep()
	if m.grantTx != nil {
		m.till.GrantInTransaction(m.grantTx)
	}
	switch {
	case m.onCredit != nil:
		m.till.TellCredits(m.credited)
	case m.onCreditTx != nil:
		m.till.TellCreditsInTransaction(m.onCreditTx)
	}
	if m.limits != nil {
		m.till.LimitPayments(m.limits)
	}
	if m.before != nil {
		m.till.AskBefore(m.before)
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	m.fleet.Listen(m.hear)
	if err := m.till.Start(ctx); err != nil || m.options.PushAddr == "" {
		return err
	}
	var err error
	m.pushes, err = servePushes(m.options.PushAddr, m.options.PushPath, m.options.Receiver, m.log)
	return err
}

// sweep runs on the module's goroutine, again and again.
func (m *Module) sweep() {
	m.roster.sweep(time.Now())
	m.acks.sweep(time.Now())
	m.addresses.sweep()
	m.AfterFunc(sweepEvery, m.sweep)
}

// Run serves until closeSig, then drains: new requests are refused, what is under way is finished or left in the
// ledger, the last pushes leave, and only then does the skeleton stop. A plain skeleton would drop its queue at once.
func (m *Module) Run(closeSig chan bool) {
	m.unserved.end()
	inner := make(chan bool, 1)
	quit := make(chan struct{})
	m.drained.Go(func() { m.tellCatalogues(quit) })
	m.drained.Go(func() {
		<-closeSig
		close(quit)
		m.drain()
		inner <- true
	})
	m.Skeleton.Run(inner)
	m.drained.Wait()
}

func (m *Module) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	m.till.Refuse() // pushes as well: they come again
	if m.pushes != nil {
		m.pushes.stop(ctx)
	}
	m.till.Stop(ctx)
	m.outbox.close()
	m.desk.close()
	time.Sleep(linger)
	m.courier.stop()
}

// OnDestroy lets go of everything. Nothing of this module runs afterwards.
func (m *Module) OnDestroy() {
	m.unserved.end()
	if m.options.Close == nil {
		return
	}
	if err := m.options.Close(); err != nil {
		m.log.Error("midas: closing", "error", err)
	}
}

// Login seats a player on a connection, and pushes the balance. It may be called from any goroutine; the player's
// first request finds its player even if it was sent before Login returned.
func (m *Module) Login(a gate.Agent, p payment.Player) { m.seat(a, p, func() {}) }

// seat is Login. What say tells the client comes between the player's being known on the connection and the balance: a
// client that has heard it may ask for anything, and asks at once.
func (m *Module) seat(a gate.Agent, p payment.Player, say func()) {
	if !m.Running() && m.unserved.serving.Load() {
		m.fail(a, "", ErrNotRunning)
		return
	}
	if fault := m.loginFault(a, p); fault != nil {
		m.badLogin.Do(func() {
			m.log.Error("midas: Plugin.Login: nobody was logged in", "error", fault, "player_named", p.OpenID != "")
		})
		m.fail(a, "", fault)
		return
	}
	if p.ZoneID == "" {
		p.ZoneID = m.options.ZoneID
	}
	var err error
	said := make(chan struct{})
	m.roster.login(a, p, func() {
		m.fleet.Here(p.OpenID)
		err = m.till.Login(p, func(account payment.Account, err error) {
			<-said // which no call can hold up
			m.greet(a, p, account, err)
		})
	})
	say()
	if shut := m.till.Shut(); shut > 0 { // whoever comes later has not heard of it
		m.outbox.send(a, m.serviceState(shut))
	}
	close(said)
	if err != nil {
		m.fail(a, "", err)
	}
}

// loginFault says what is wrong with a call of Login.
func (m *Module) loginFault(a gate.Agent, p payment.Player) error {
	switch {
	case a == nil:
		return errors.New("the agent is nil")
	case m.till == nil:
		return fmt.Errorf("Plugin.Configure was not called before, or has failed: %w", payment.ErrUnavailable)
	case p.OpenID == "":
		return fmt.Errorf("%w: no openid", payment.ErrInvalid)
	}
	return nil
}

// greet tells a player who has logged in the balance, and the player's other connections too.
func (m *Module) greet(a gate.Agent, p payment.Player, account payment.Account, err error) {
	m.fleet.Tell(Note{What: NoteSession, OpenID: p.OpenID}) // the till has put the key into the ledger, if that took it
	if old, known := m.lastKnown(p, err); known {
		m.outbox.answer(a, balanceMessage(old, msg.MidasReason_MIDAS_REASON_LOGIN))
		return
	}
	if err != nil {
		m.fail(a, "", err)
		return
	}
	b := balanceMessage(account, msg.MidasReason_MIDAS_REASON_LOGIN)
	m.outbox.answer(a, b) // not left out for a newer one
	for _, other := range m.roster.connections(p.OpenID, p.ZoneID) {
		if other != a {
			m.outbox.push(other, b)
		}
	}
	m.tellFirstSave(p.OpenID, p.ZoneID, account.FirstSave)
	m.tell(NoteBalance, p.OpenID, p.ZoneID, b)
}

// Logout removes a connection. Its player's orders go on.
func (m *Module) Logout(a gate.Agent) { m.roster.logout(a) }

// Connections tells how many connections of this server a player is on.
func (m *Module) Connections(openid string) int { return len(m.roster.connections(openid, "")) }

// Player tells who is logged in on a connection.
func (m *Module) Player(a gate.Agent) (payment.Player, bool) { return m.roster.player(a) }

// left hears from the roster that a player has no connection left in a zone, or (all) anywhere.
func (m *Module) left(openid, zoneID string, all bool) {
	if m.till != nil {
		m.till.Forget(openid, zoneID, all)
	}
	if all {
		m.fleet.Gone(openid)
	}
}

// ServiceChanged tells online players that calls to an endpoint are held back, or no longer. Only pay matters to them.
func (m *Module) ServiceChanged(e midas.Endpoint, open bool, retryAfter time.Duration) {
	m.fleet.Tell(Note{What: NoteService, Endpoint: e, Open: open, RetryAfter: retryAfter})
	m.tellService(e, open, retryAfter)
}

func (m *Module) tellService(e midas.Endpoint, open bool, retryAfter time.Duration) {
	if e != midas.EndpointPay {
		return
	}
	m.log.Warn("midas: the breaker of pay has changed", "open", open, "retry_after", retryAfter)
	if !m.till.Paused() {
		m.tellEveryone(retryAfter)
	}
}

// Pause closes the shop of this server, or opens it again, and tells the players who are here. changed is false if it
// was so before.
func (m *Module) Pause(paused bool) (changed bool) {
	if changed = m.till.Pause(paused); changed {
		m.log.Warn("midas: the shop was paused or resumed", "paused", paused)
		m.tellEveryone(m.till.Shut())
	}
	return changed
}

// serviceState is what players are told of the shop. shut is for how long nothing can be bought at least; 0: it is
// open.
func (m *Module) serviceState(shut time.Duration) *msg.MidasServiceState {
	state := &msg.MidasServiceState{Available: shut == 0, RetryAfterMs: shut.Milliseconds()}
	switch {
	case shut == 0:
	case m.till.Paused():
		state.Reason = msg.MidasServiceReason_MIDAS_SERVICE_REASON_PAUSED
	default:
		state.Reason = msg.MidasServiceReason_MIDAS_SERVICE_REASON_UNREACHABLE
	}
	return state
}

func (m *Module) tellEveryone(shut time.Duration) {
	state := m.serviceState(shut)
	for _, a := range m.roster.everyone() {
		m.outbox.send(a, state)
	}
}

// BalanceChanged pushes a balance to the player's connections.
func (m *Module) BalanceChanged(openid, zoneID string, account payment.Account, why payment.Reason, billNo string) {
	b := balanceMessage(account, reasons[why])
	b.BillNo = billNo
	for _, a := range m.roster.connections(openid, zoneID) {
		m.outbox.push(a, b)
	}
	m.tellFirstSave(openid, zoneID, account.FirstSave)
	m.tell(NoteBalance, openid, zoneID, b)
}

// OrderEnded sends the end of an order that had been reported as pending.
func (m *Module) OrderEnded(r payment.Receipt) {
	m.sendAll(NoteOrder, r.Order.OpenID, purchaseMessage(r))
	m.tellLeft(r.Order.OpenID, r.Order.ItemID)
}

// RechargeEnded sends that coins have come.
func (m *Module) RechargeEnded(r ledger.Recharge) {
	m.sendAll(NoteRecharge, r.OpenID, rechargeMessage(r))
}

// sendAll sends to all of a player's connections, on every server.
func (m *Module) sendAll(what NoteKind, openid string, message proto.Message) {
	m.sendHere(openid, message)
	m.tell(what, openid, "", message)
}

func (m *Module) sendHere(openid string, message any) {
	for _, a := range m.roster.connections(openid, "") {
		m.outbox.send(a, message)
	}
}

// reply answers a player on the connection that asked, or on all others if that one has gone.
func (m *Module) reply(a gate.Agent, what NoteKind, openid string, message proto.Message) {
	if p, here := m.roster.player(a); here && p.OpenID == openid {
		m.outbox.send(a, message)
		return
	}
	m.sendAll(what, openid, message)
}

// fail answers with an error.
func (m *Module) fail(a gate.Agent, requestID string, err error) {
	if a != nil {
		m.outbox.send(a, errorMessage(requestID, err))
	}
}

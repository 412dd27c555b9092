package module

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	leafmodule "github.com/name5566/leaf/module"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// HandleDeliver makes deliver grant items, on the goroutine of the module that skeleton belongs to.
func (m *Module) HandleDeliver(skeleton *leafmodule.Skeleton, deliver func(ledger.Order) error) {
	if skeleton == nil || deliver == nil {
		m.misuse("HandleDeliver was called with a nil skeleton or function")
		return
	}
	m.onlyDelivery()
	m.CallbacksOn(skeleton)
	m.grant = deliver
}

// HandleDeliverAsync is HandleDeliver for a host that answers later, through done.
func (m *Module) HandleDeliverAsync(skeleton *leafmodule.Skeleton, deliver func(o ledger.Order, done func(error))) {
	if skeleton == nil || deliver == nil {
		m.misuse("HandleDeliverAsync was called with a nil skeleton or function")
		return
	}
	m.onlyDelivery()
	m.CallbacksOn(skeleton)
	m.grantAsync = deliver
}

// BeforePurchase makes may decide, on the goroutine of the module that skeleton belongs to, whether an order is made.
func (m *Module) BeforePurchase(skeleton *leafmodule.Skeleton, may func(p payment.Player, itemID string, quantity int64) error) {
	if skeleton == nil || may == nil {
		m.misuse("BeforePurchase was called with a nil skeleton or function")
		return
	}
	m.CallbacksOn(skeleton)
	m.BeforePurchaseAnywhere(func(ctx context.Context, p payment.Player, itemID string, quantity int64) error {
		return m.courier.do(ctx, m.game, func() error { return may(p, itemID, quantity) })
	})
}

// BeforePurchaseAnywhere is BeforePurchase on a goroutine of the till's.
func (m *Module) BeforePurchaseAnywhere(may func(ctx context.Context, p payment.Player, itemID string, quantity int64) error) {
	if may == nil {
		m.misuse("BeforePurchaseAnywhere was called with a nil function")
		return
	}
	if m.before != nil {
		panic("leafmidas: BeforePurchase was called twice; there is one")
	}
	m.before = may
}

// LimitPayments makes of tell how much a player may pay with money, on a goroutine of the till's.
func (m *Module) LimitPayments(of func(ctx context.Context, p payment.Player) (*payment.Limits, error)) {
	if of == nil {
		m.misuse("LimitPayments was called with a nil function")
		return
	}
	if m.limits != nil {
		panic("leafmidas: LimitPayments was called twice; there is one")
	}
	m.limits = of
}

// HandleDeliverTx makes deliver grant items in the ledger's own transaction.
func (m *Module) HandleDeliverTx(deliver func(context.Context, *sql.Tx, ledger.Order) error) {
	if deliver == nil {
		m.misuse("HandleDeliverTx was called with a nil function")
		return
	}
	m.onlyDelivery()
	m.grantTx = deliver
}

// CallbacksOn makes skeleton's goroutine run what OnGame is given.
func (m *Module) CallbacksOn(skeleton *leafmodule.Skeleton) {
	if skeleton == nil {
		m.misuse("CallbacksOn was called with a nil skeleton")
		return
	}
	if m.game == skeleton.ChanRPCServer {
		return
	}
	if m.game != nil {
		panic("leafmidas: deliveries and callbacks are of one module; two were given")
	}
	if m.refundGame != skeleton.ChanRPCServer && m.creditGame != skeleton.ChanRPCServer {
		enlist(skeleton)
	}
	m.game = skeleton.ChanRPCServer
}

// misuse notes a wrong call of the host's, which Check tells.
func (m *Module) misuse(what string) {
	m.misuses = append(m.misuses, what)
	m.log.Error("midas: " + what + "; the server will not start so")
}

func (m *Module) onlyDelivery() {
	if m.delivers() {
		panic("leafmidas: HandleDeliver was called twice; there is one delivery")
	}
}

func (m *Module) delivers() bool { return m.grant != nil || m.grantAsync != nil || m.grantTx != nil }

// Deliver grants an order's item through the host, and waits for its answer.
func (m *Module) Deliver(ctx context.Context, o ledger.Order) error {
	if m.grantAsync == nil {
		return m.courier.do(ctx, m.game, func() error { return m.grant(o) })
	}
	answer, try := m.acks.expect(o.BillNo)
	if len(answer) == 0 { // else an earlier try has been acknowledged meanwhile
		err := m.courier.do(ctx, m.game, func() error {
			m.grantAsync(o, func(err error) { m.acks.settle(o.BillNo, try, err) })
			return nil
		})
		if err != nil {
			return err
		}
	}
	select {
	case err := <-answer:
		m.acks.forget(o.BillNo)
		return err
	case <-ctx.Done():
		return fmt.Errorf("module: the game took the order and has not acknowledged it: %w", ctx.Err())
	}
}

// OnRefund makes tell hear of money that was given back, on the goroutine of the module that skeleton belongs to.
func (m *Module) OnRefund(skeleton *leafmodule.Skeleton, tell func(payment.Refund) error) {
	if skeleton == nil || tell == nil {
		m.misuse("OnRefund was called with a nil skeleton or function")
		return
	}
	if m.onRefund != nil {
		panic("leafmidas: OnRefund was called twice; there is one who hears of refunds")
	}
	if m.game != skeleton.ChanRPCServer && m.creditGame != skeleton.ChanRPCServer {
		enlist(skeleton)
	}
	m.onRefund, m.refundGame = tell, skeleton.ChanRPCServer
}

// OnRecharge makes tell hear of coins that were bought, on the goroutine of the module that skeleton belongs to.
func (m *Module) OnRecharge(skeleton *leafmodule.Skeleton, tell func(payment.Credit) error) {
	if skeleton == nil || tell == nil {
		m.misuse("OnRecharge was called with a nil skeleton or function")
		return
	}
	m.onlyCredits()
	if m.game != skeleton.ChanRPCServer && m.refundGame != skeleton.ChanRPCServer {
		enlist(skeleton)
	}
	m.onCredit, m.creditGame = tell, skeleton.ChanRPCServer
}

// OnRechargeTx makes tell hear of coins that were bought in the ledger's own transaction.
func (m *Module) OnRechargeTx(tell func(context.Context, *sql.Tx, payment.Credit) error) {
	if tell == nil {
		m.misuse("OnRechargeTx was called with a nil function")
		return
	}
	m.onlyCredits()
	m.onCreditTx = tell
}

func (m *Module) onlyCredits() {
	if m.onCredit != nil || m.onCreditTx != nil {
		panic("leafmidas: OnRecharge was called twice; there is one who hears of recharges")
	}
}

// credited tells the host of coins that were bought, and waits for its answer.
func (m *Module) credited(ctx context.Context, c payment.Credit) error {
	return m.courier.do(ctx, m.creditGame, func() error { return m.onCredit(c) })
}

// Refunded tells the host of money that was given back, and waits for its answer. Where the host did not ask to be
// told, the error is payment.ErrNobodyTold, and an operator is left to act.
func (m *Module) Refunded(ctx context.Context, r payment.Refund) error {
	if m.onRefund == nil {
		return payment.ErrNobodyTold
	}
	return m.courier.do(ctx, m.refundGame, func() error { return m.onRefund(r) })
}

// CanCallBack tells whether OnGame has somewhere to run what it is given.
func (m *Module) CanCallBack() bool { return m.game != nil }

// OnGame runs f on the goroutine of the host's module, however long that has no time; if the module has gone or this
// one is stopping, not at all. It does not wait.
func (m *Module) OnGame(f func()) {
	m.drained.Go(func() {
		for {
			err := m.courier.do(context.Background(), m.game, func() error { f(); return nil })
			switch {
			case err == nil:
				return
			case errors.Is(err, errFull) && m.courier.rest(fullRest):
			default:
				m.log.Error("midas: an answer did not reach the game", "error", err)
				return
			}
		}
	})
}

// fullRest is how long a callback waits for room in the game's queue before it is tried again.
const fullRest = 50 * time.Millisecond

// ackTime is how long an answer may come after the try it belongs to was given up.
const ackTime = time.Hour

// maxAcks bounds the answers that are awaited or kept, some 300 bytes each. It is more than there can be deliveries at
// once (MaxInFlight is 10,000 at most).
const maxAcks = 20_000

// acks are the answers of a host that delivers asynchronously: awaited, or come too late for their try and kept for the
// next one.
type acks struct {
	mu     sync.Mutex
	byBill map[string]*ack // maxAcks at most: for a further one the oldest is forgotten, whose next try calls the host again
}

type ack struct {
	answer chan error // holds one
	try    int        // the latest
	since  time.Time
}

func newAcks() *acks { return &acks{byBill: map[string]*ack{}} }

// expect begins a try to deliver a bill, and is where its answer comes, or lies already.
func (a *acks) expect(billNo string) (answer <-chan error, try int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.byBill[billNo]
	if one == nil {
		if len(a.byBill) >= maxAcks {
			a.forgetOldest()
		}
		one = &ack{answer: make(chan error, 1)}
		a.byBill[billNo] = one
	}
	one.try++
	one.since = time.Now()
	return one.answer, one.try
}

// settle brings the answer to a try; the first one counts. That an item was granted is believed whichever try it was.
// That it was not, only of the latest: an earlier one's refusal may have been overtaken by a grant. It never blocks.
func (a *acks) settle(billNo string, try int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one := a.byBill[billNo]; one != nil && (err == nil || try == one.try) {
		select {
		case one.answer <- err:
		default:
		}
	}
}

func (a *acks) forget(billNo string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.byBill, billNo)
}

// forgetOldest makes room. The mutex is held.
func (a *acks) forgetOldest() {
	var oldest string
	for billNo, one := range a.byBill {
		if oldest == "" || one.since.Before(a.byBill[oldest].since) {
			oldest = billNo
		}
	}
	delete(a.byBill, oldest)
}

// sweep forgets bills whose answer nobody has come for.
func (a *acks) sweep(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for billNo, one := range a.byBill {
		if now.Sub(one.since) >= ackTime {
			delete(a.byBill, billNo)
		}
	}
}

package module

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/name5566/leaf/gate"
	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/payment"
)

const (
	// maxCode bounds a login code, in bytes. WeChat's have 32.
	maxCode = 128
	// maxList is how many orders one MidasOrders holds at most, and what limit 0 asks for.
	maxList = 20
)

// zoneForm is what a zone id and a platform may look like: they travel in signed requests.
var zoneForm = regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`)

// handleMessages registers a handler for every message there is. Those that only a server may send get one as well: a
// client that sends one is told so.
func (m *Module) handleMessages() {
	taken := []reflect.Type{
		handle(m, m.onLogin),
		handleOf(m, m.onGetBalance),
		handleOf(m, m.onPurchase),
		handleOf(m, m.onRecharge),
		handleOf(m, m.onRechargeDone),
		handleOf(m, m.onListOrders),
		handleOf(m, m.onBuyGoods),
		handleOf(m, m.onGetCatalogue),
		handleOf(m, m.onListRecharges),
	}
	for _, other := range msg.Messages() {
		if t := reflect.TypeOf(other); !slices.Contains(taken, t) {
			m.RegisterChanRPC(t, func(args []any) {
				a := args[1].(gate.Agent)
				if _, ok := m.admit(a, args[0].(proto.Message)); ok {
					m.fail(a, requestID(args[0]), fmt.Errorf("%w: %s is sent by servers only", payment.ErrInvalid, t.Elem().Name()))
				}
			})
		}
	}
}

// handle registers what happens on the module's goroutine when a message of type M has come: quick checks, then over to
// the till, which never blocks. What the handler returns is answered as a MidasError.
// p is nil while nobody has logged in.
func handle[M proto.Message](m *Module, on func(a gate.Agent, p *payment.Player, request M) error) reflect.Type {
	t := reflect.TypeFor[M]()
	m.RegisterChanRPC(t, func(args []any) {
		request, a := args[0].(M), args[1].(gate.Agent)
		p, ok := m.admit(a, request)
		if !ok {
			return
		}
		if err := on(a, p, request); err != nil {
			m.fail(a, requestID(request), err)
		}
	})
	return t
}

// handleOf is handle for messages of players who have logged in.
func handleOf[M proto.Message](m *Module, on func(a gate.Agent, p payment.Player, request M) error) reflect.Type {
	return handle(m, func(a gate.Agent, p *payment.Player, request M) error {
		if p == nil {
			return errNotLoggedIn
		}
		return on(a, *p, request)
	})
}

// admit answers what must not go further: all while the module does not run, too many messages, and such as could not
// be read. p is who sits on the connection, or nil.
func (m *Module) admit(a gate.Agent, request proto.Message) (p *payment.Player, ok bool) {
	if m.unserved.serving.Load() {
		m.fail(a, requestID(request), ErrNotRunning)
		return nil, false
	}
	p, wait, gone := m.roster.allow(a)
	switch {
	case gone: // nobody is left to answer
		return nil, false
	case wait > 0:
		m.fail(a, requestID(request), tooMany(wait))
		return nil, false
	}
	if fault := msg.Fault(request); fault != "" {
		m.fail(a, requestID(request), fmt.Errorf("%w: %s", payment.ErrInvalid, fault))
		return nil, false
	}
	return p, true
}

func (m *Module) onLogin(a gate.Agent, _ *payment.Player, r *msg.MidasLogin) error {
	if !m.options.Login {
		return fmt.Errorf("%w: this server logs its players in itself", midas.ErrNotPermitted)
	}
	if r.GetCode() == "" || len(r.GetCode()) > maxCode {
		return fmt.Errorf("%w: code has 1 to %d bytes", payment.ErrInvalid, maxCode)
	}
	for _, text := range []string{r.GetSystem(), r.GetWechatVersion(), r.GetSdkVersion()} {
		if text != "" && !msg.ValidID(text) {
			return fmt.Errorf("%w: system, wechat_version and sdk_version have up to %d bytes and no control characters", payment.ErrInvalid, msg.MaxIDLen)
		}
	}
	if !zoneForm.MatchString(r.GetZoneId()) || !zoneForm.MatchString(r.GetPlatform()) {
		return fmt.Errorf("%w: zone_id and platform have letters, digits, '-' and '_' only", payment.ErrInvalid)
	}
	ip := m.userIP(a) // the host's code: here Leaf catches its panics
	wait := m.roster.mayLogin(a, time.Now())
	bounded := ip != "" && (m.options.UserIP != nil || isClients(ip))
	if bounded {
		wait = max(wait, m.addresses.wait(ip))
	}
	if wait > 0 {
		return tooMany(wait)
	}
	name, agent := identOf(a), weakly(a) // a code may wait for long, and must not keep what is closed
	wanted := func() bool { return !m.roster.ended(name) }
	return m.till.Exchange(exchange{name}, r.GetCode(), wanted, func(s midas.Session, err error) {
		if bounded && errors.Is(err, midas.ErrBadCode) {
			m.addresses.refused(ip)
		}
		a := agent()
		if a == nil { // nobody is left to answer
			return
		}
		if errors.Is(err, midas.ErrBadCode) {
			m.roster.loginRefused(a, time.Now())
		}
		if err != nil {
			m.fail(a, "", err)
			return
		}
		p := payment.Player{
			OpenID: s.OpenID, SessionKey: s.SessionKey, ZoneID: r.GetZoneId(),
			Platform: strings.ToLower(r.GetPlatform()), System: r.GetSystem(), WeChatVersion: r.GetWechatVersion(), SDKVersion: r.GetSdkVersion(),
			UserIP: ip,
		}
		m.seat(a, p, func() { m.outbox.send(a, &msg.MidasLoginResult{Openid: s.OpenID}) })
	})
}

// exchange is the key of the lane on which a connection's login codes are traded, one after another.
type exchange struct{ connection ident }

func (m *Module) userIP(a gate.Agent) string {
	if m.options.UserIP != nil {
		return m.options.UserIP(a)
	}
	if addr, ok := a.RemoteAddr().(*net.TCPAddr); ok {
		return addr.IP.String()
	}
	return ""
}

func (m *Module) onGetBalance(a gate.Agent, p payment.Player, r *msg.MidasGetBalance) error {
	if err := checkID(r.GetRequestId()); err != nil {
		return err
	}
	answer := func(account payment.Account) {
		b := balanceMessage(account, msg.MidasReason_MIDAS_REASON_QUERY)
		b.RequestId = r.GetRequestId()
		m.outbox.send(a, b)
	}
	err := m.till.Balance(p, func(account payment.Account, err error) {
		old, known := m.lastKnown(p, err)
		switch {
		case known:
			answer(old)
			m.till.LookAgain(p.OpenID, p.ZoneID, payment.ReasonQuery, "")
		case err != nil:
			m.fail(a, r.GetRequestId(), err)
		default:
			answer(account)
		}
	})
	if old, known := m.lastKnown(p, err); known {
		answer(old)
		m.till.LookAgain(p.OpenID, p.ZoneID, payment.ReasonQuery, "") // the true one is told as soon as Midas can be asked
		return nil
	}
	return err
}

// lastKnown returns a balance to show where err says that Midas cannot be asked now.
func (m *Module) lastKnown(p payment.Player, err error) (payment.Account, bool) {
	if err == nil || errors.Is(err, payment.ErrClosing) || answerTo(err).code != msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE {
		return payment.Account{}, false
	}
	return m.till.LastKnown(p)
}

func (m *Module) onPurchase(a gate.Agent, p payment.Player, r *msg.MidasPurchase) error {
	if err := checkID(r.GetRequestId()); err != nil {
		return err
	}
	if err := checkID(r.GetItemId()); err != nil {
		return fmt.Errorf("%w (item_id)", err)
	}
	ask := payment.PurchaseRequest{
		RequestID: r.GetRequestId(), ItemID: r.GetItemId(), Quantity: r.GetQuantity(), Expected: midas.Coins(r.GetExpectedAmount()),
	}
	return m.till.Purchase(p, ask, func(receipt payment.Receipt, err error) {
		if err != nil {
			m.fail(a, r.GetRequestId(), err)
			return
		}
		m.reply(a, NoteOrder, p.OpenID, purchaseMessage(receipt))
		if !receipt.Order.State.Ended() { // and whichever server ends it, the player has to hear of that here
			m.till.Watch(receipt.Order, func(end payment.Receipt) { m.sendHere(p.OpenID, purchaseMessage(end)) })
		}
		m.tellLeft(p.OpenID, r.GetItemId())
	})
}

func (m *Module) onRecharge(a gate.Agent, p payment.Player, r *msg.MidasRecharge) error {
	if err := checkID(r.GetRequestId()); err != nil {
		return err
	}
	ask := payment.RechargeRequest{RequestID: r.GetRequestId(), BuyQuantity: midas.Coins(r.GetBuyQuantity())}
	return m.till.Recharge(p, ask, func(stored payment.RechargeOffer, err error) {
		if err != nil {
			m.fail(a, r.GetRequestId(), err)
			return
		}
		m.outbox.send(a, &msg.MidasRechargeOptions{
			RequestId: stored.RequestID, Mode: "game", Env: m.options.Pay.Env, OfferId: m.options.Pay.OfferID, CurrencyType: "CNY",
			Platform: midas.ClientPlatform(m.options.Pay.Platform, payment.DeviceOf(p)), BuyQuantity: stored.BuyQuantity, ZoneId: stored.ZoneID,
			OutTradeNo: stored.OutTradeNo, SignData: stored.Options.SignData, PaySig: stored.Options.PaySig, Signature: stored.Options.Signature,
		})
	})
}

func (m *Module) onRechargeDone(a gate.Agent, p payment.Player, r *msg.MidasRechargeDone) error {
	if err := checkID(r.GetRequestId()); err != nil {
		return err
	}
	return m.till.RechargeDone(p, r.GetRequestId(), r.GetErrCode(), func(stored ledger.Recharge, err error) {
		if err != nil {
			m.fail(a, r.GetRequestId(), err)
			return
		}
		m.reply(a, NoteRecharge, p.OpenID, rechargeMessage(stored))
	})
}

func (m *Module) onBuyGoods(a gate.Agent, p payment.Player, r *msg.MidasBuyGoods) error {
	if err := checkID(r.GetRequestId()); err != nil {
		return err
	}
	if err := checkID(r.GetItemId()); err != nil {
		return fmt.Errorf("%w (item_id)", err)
	}
	ask := payment.GoodsRequest{
		RequestID: r.GetRequestId(), ItemID: r.GetItemId(), Quantity: r.GetQuantity(), Expected: midas.Fen(r.GetExpectedFen()),
	}
	return m.till.BuyGoods(p, ask, func(offer payment.GoodsOffer, err error) {
		switch {
		case err != nil:
			m.fail(a, r.GetRequestId(), err)
		case offer.Options.SignData == "":
			m.reply(a, NoteOrder, p.OpenID, purchaseMessage(offer.Receipt))
		default:
			m.outbox.send(a, &msg.MidasGoodsOptions{
				RequestId: offer.Order.RequestID, SignData: offer.Options.SignData, PaySig: offer.Options.PaySig, Signature: offer.Options.Signature,
			})
			m.tellLeft(p.OpenID, r.GetItemId())
		}
	})
}

func (m *Module) onListOrders(a gate.Agent, p payment.Player, r *msg.MidasListOrders) error {
	if err := checkBefore(r.GetBefore()); err != nil {
		return err
	}
	limit := pageOf(r.GetLimit())
	// One more than asked for tells whether there are more.
	return m.till.Orders(p, r.GetBefore(), limit+1, func(orders []ledger.Order, err error) {
		if err != nil {
			m.fail(a, "", err)
			return
		}
		m.outbox.send(a, ordersMessage(orders, limit))
	})
}

func (m *Module) onListRecharges(a gate.Agent, p payment.Player, r *msg.MidasListRecharges) error {
	if err := checkID(r.GetRequestId()); err != nil {
		return err
	}
	if err := checkBefore(r.GetBefore()); err != nil {
		return err
	}
	limit := pageOf(r.GetLimit())
	// One more than asked for tells whether there are more.
	return m.till.Recharges(p, r.GetBefore(), limit+1, func(list []ledger.PastRecharge, err error) {
		if err != nil {
			m.fail(a, r.GetRequestId(), err)
			return
		}
		m.outbox.send(a, m.rechargesMessage(r.GetRequestId(), list, limit))
	})
}

// pageOf is how many entries a page of a list has at most, where a client asks for so many.
func pageOf(limit int64) int {
	if limit <= 0 {
		return maxList
	}
	return int(min(limit, maxList))
}

// checkBefore checks where a page of a list begins; empty: with the newest.
func checkBefore(id string) error {
	if id == "" {
		return nil
	}
	if err := checkID(id); err != nil {
		return fmt.Errorf("%w (before)", err)
	}
	return nil
}

func checkID(id string) error {
	if !msg.ValidID(id) {
		return fmt.Errorf("%w: an id has 1 to %d bytes and no control characters", payment.ErrInvalid, msg.MaxIDLen)
	}
	return nil
}

// requestID is what a client calls its request by, fit to be sent back.
func requestID(request any) string {
	if r, ok := request.(interface{ GetRequestId() string }); ok && msg.ValidID(r.GetRequestId()) {
		return r.GetRequestId()
	}
	return ""
}

// tooMany is the error of a player who sends too fast.
type tooMany time.Duration

func (tooMany) Error() string               { return "too many messages" }
func (w tooMany) RetryAfter() time.Duration { return time.Duration(w) }

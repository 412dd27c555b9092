package module

import (
	"cmp"
	"errors"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/payment"
)

// errNotLoggedIn is what a connection hears on which nobody has logged in.
var errNotLoggedIn = errors.New("not logged in")

// busyWait is what a player is told to wait when too much is queued.
const busyWait = time.Second

// answer is what a player may hear of an error. Texts are our own: what Midas, the ledger or the host said stays on the
// server.
type answer struct {
	code      msg.MidasErrorCode
	text      string
	retryable bool
}

var internal = answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_INTERNAL, "something went wrong on the server", false}

// answers lists, most telling first, which error is answered how.
var answers = []struct {
	is error
	answer
}{
	{errNotLoggedIn, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_LOGGED_IN, "log in first", true}},
	{payment.ErrUnknownItem, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNKNOWN_ITEM, "there is no such item", false}},
	{payment.ErrNoGoods, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_PERMITTED, "not sold for money here", false}},
	{payment.ErrUnsupportedPlatform, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNSUPPORTED_PLATFORM, "this device cannot pay", false}},
	{payment.ErrPriceChanged, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_PRICE_CHANGED, "the price has changed", false}},
	{payment.ErrLimitReached, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_LIMIT_REACHED, "a limit is reached", false}},
	{payment.ErrBusy, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_BUSY, "too much is waiting already", true}},
	{payment.ErrClosing, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE, "the server is stopping", true}},
	{payment.ErrUnavailable, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE, "payment is not available now", true}},
	{ledger.ErrMismatch, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT, "this request_id was used for something else", false}},
	{midas.ErrBadTier, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_BAD_TIER, "no price fits this quantity", false}},
	{midas.ErrSessionExpired, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_SESSION_EXPIRED, "log in again", true}},
	{midas.ErrBadMPSig, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_SESSION_EXPIRED, "log in again", true}},
	{midas.ErrInsufficientBalance, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE, "not enough coins", false}},
	{midas.ErrBadCode, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT, "the login code is no longer good", true}},
	{midas.ErrRateLimited, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_RATE_LIMITED, "WeChat asks to slow down", true}},
	{midas.ErrUserBlocked, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_PERMITTED, "WeChat has blocked this user", false}},
	{midas.ErrNotPermitted, answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_PERMITTED, "not permitted", false}},
}

// answerTo picks the answer to an error.
func answerTo(err error) answer {
	if _, limited := errors.AsType[tooMany](err); limited {
		return answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_RATE_LIMITED, "too many messages", true}
	}
	for _, one := range answers {
		if errors.Is(err, one.is) {
			return one.answer
		}
	}
	if errors.Is(err, payment.ErrInvalid) { // the text tells the asker what to mend and comes from our own checks
		return answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT, err.Error(), false}
	}
	switch midas.VerdictOf(err) {
	case midas.VerdictUnknown, midas.VerdictLater:
		return answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE, "payment is not available now", true}
	default:
		return internal
	}
}

func errorMessage(requestID string, err error) *msg.MidasError {
	a := answerTo(err)
	if cannot, ok := errors.AsType[*payment.UnsupportedError](err); ok {
		a.text = cannot.Text()
	}
	if limit, ok := errors.AsType[*payment.LimitError](err); ok && limit.Text != "" {
		a.text = limit.Text
	}
	e := &msg.MidasError{RequestId: requestID, Code: a.code, Message: msg.ClipText(a.text), Retryable: a.retryable}
	if changed, ok := errors.AsType[*payment.PriceChangedError](err); ok {
		e.Price = changed.Price
	}
	if bad, ok := errors.AsType[*midas.BadTierError](err); ok {
		e.NearestBelow, e.NearestAbove = int64(bad.Below), int64(bad.Above)
		if nearest := bad.Nearest(); nearest != "" {
			e.Message = msg.ClipText(a.text + "; " + nearest)
		}
	}
	if r, ok := errors.AsType[interface {
		error
		RetryAfter() time.Duration
	}](err); ok {
		e.RetryAfterMs = r.RetryAfter().Milliseconds() + 1 // rounded up: earlier would be in vain
	} else if errors.Is(err, payment.ErrBusy) {
		e.RetryAfterMs = busyWait.Milliseconds()
	}
	return e
}

// reasons are the wire's words for why a balance is told.
var reasons = map[payment.Reason]msg.MidasReason{
	payment.ReasonPurchase: msg.MidasReason_MIDAS_REASON_PURCHASE,
	payment.ReasonCancel:   msg.MidasReason_MIDAS_REASON_CANCEL,
	payment.ReasonRecharge: msg.MidasReason_MIDAS_REASON_RECHARGE,
	payment.ReasonPresent:  msg.MidasReason_MIDAS_REASON_PRESENT,
	payment.ReasonQuery:    msg.MidasReason_MIDAS_REASON_QUERY,
}

func balanceMessage(a payment.Account, why msg.MidasReason) *msg.MidasBalance {
	b := &msg.MidasBalance{
		Balance: int64(a.Balance.Balance), PresentBalance: int64(a.PresentBalance), FirstSave: a.FirstSave,
		SaveAmt: int64(a.SaveAmt), SaveSum: int64(a.SaveSum), CostSum: int64(a.CostSum), PresentSum: int64(a.PresentSum),
		Reason: why, Version: a.Version, Stale: a.Stale, CenterBalance: int64(a.Center),
	}
	if a.Stale {
		b.AsOfUnix = a.AsOf.Unix()
	}
	return b
}

// orderStates are the wire's words for where an order stands; whatever has not ended is pending, and so is what an
// operator will have to decide.
var orderStates = map[ledger.State]msg.MidasOrderState{
	ledger.Delivered: msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED,
	ledger.Failed:    msg.MidasOrderState_MIDAS_ORDER_STATE_FAILED,
	ledger.Cancelled: msg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED,
}

func orderState(s ledger.State) msg.MidasOrderState {
	if state, ended := orderStates[s]; ended {
		return state
	}
	return msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING
}

func purchaseMessage(r payment.Receipt) *msg.MidasPurchaseResult {
	o := r.Order
	return &msg.MidasPurchaseResult{
		RequestId: o.RequestID, BillNo: o.BillNo, ItemId: o.ItemID, Quantity: o.Quantity, Amount: coins(o),
		State: orderState(o.State), Error: orderError(o), Balance: int64(r.Balance),
	}
}

// coins is what an order costs of them: none where it was bought with money.
func coins(o ledger.Order) int64 {
	if o.Kind == ledger.Goods {
		return 0
	}
	return o.Amount
}

// notGranted is what a player is told whose order the host has refused without a text.
var notGranted = map[ledger.Kind]string{
	ledger.Purchase: "the game cannot grant this now; the coins are given back",
	ledger.Goods:    "the game cannot grant this now; the order is being looked into",
}

// orderError tells a player why an order did not, or does not yet, bring what it should.
func orderError(o ledger.Order) *msg.MidasError {
	var a answer
	said := &midas.Error{Endpoint: midas.EndpointPay, Code: o.Code}
	text, refused := payment.Refusal(o)
	var wait time.Duration
	switch {
	case refused && o.State != ledger.Delivered:
		a = answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_GRANTED, cmp.Or(text, notGranted[o.Kind]), false}
	case o.Kind == ledger.Goods && o.State == ledger.Failed:
		a = answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE, "it was not paid for", false}
	case o.Kind == ledger.Goods && o.State == ledger.Cancelled:
		a = answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE, "the money was given back", false}
	case o.State == ledger.Failed, o.State == ledger.Cancelled && errors.Is(said, midas.ErrInsufficientBalance):
		a = answerTo(said)
	case o.State == ledger.Cancelled:
		a, wait = answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE, "not granted; no coins were kept", true}, busyWait
	case o.State == ledger.Disputed:
		a = answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_INTERNAL, "this order is being looked into", false}
	case o.Parked:
		a = answer{msg.MidasErrorCode_MIDAS_ERROR_CODE_SESSION_EXPIRED, "log in again and the order goes on", true}
	default:
		return nil
	}
	return &msg.MidasError{
		RequestId: o.RequestID, Code: a.code, Message: msg.ClipText(a.text), Retryable: a.retryable, RetryAfterMs: wait.Milliseconds(),
	}
}

// rechargeStates are the wire's words for where a recharge stands.
var rechargeStates = map[ledger.RechargeState]msg.MidasRechargeState{
	ledger.RechargeOffered:   msg.MidasRechargeState_MIDAS_RECHARGE_STATE_PENDING,
	ledger.RechargePending:   msg.MidasRechargeState_MIDAS_RECHARGE_STATE_PENDING,
	ledger.RechargeCredited:  msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED,
	ledger.RechargeCancelled: msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CANCELLED,
	ledger.RechargeFailed:    msg.MidasRechargeState_MIDAS_RECHARGE_STATE_FAILED,
}

func rechargeMessage(r ledger.Recharge) *msg.MidasRechargeResult {
	return &msg.MidasRechargeResult{RequestId: r.RequestID, State: rechargeStates[r.State], Coins: r.Coins}
}

// rechargesMessage holds as many recharges as fit a message, limit at most.
func (m *Module) rechargesMessage(requestID string, recharges []ledger.PastRecharge, limit int) *msg.MidasRecharges {
	list := make([]*msg.MidasRechargeRecord, 0, len(recharges))
	for _, r := range recharges {
		record := &msg.MidasRechargeRecord{
			RequestId: r.RequestID, BuyQuantity: r.BuyQuantity, Coins: r.Coins, Fen: m.till.PriceOf(r.BuyQuantity), State: rechargeStates[r.State],
			Late: r.Late, CreatedUnix: r.CreatedAt.Unix(), UpdatedUnix: r.UpdatedAt.Unix(), OutTradeNo: r.OutTradeNo,
		}
		for _, n := range r.Numbers {
			switch n.Kind {
			case ledger.MchOrderNo:
				record.MchOrderNo = n.Number
			case ledger.TransactionID:
				record.TransactionId = n.Number
			}
		}
		list = append(list, record)
	}
	n := msg.FitRecharges(list[:min(limit, len(list))])
	return &msg.MidasRecharges{RequestId: requestID, Recharges: list[:n], More: n < len(list)}
}

// ordersMessage holds as many orders as fit a message, limit at most.
func ordersMessage(orders []ledger.Order, limit int) *msg.MidasOrders {
	list := make([]*msg.MidasOrder, 0, len(orders))
	for _, o := range orders {
		list = append(list, &msg.MidasOrder{
			BillNo: o.BillNo, RequestId: o.RequestID, ItemId: o.ItemID, Quantity: o.Quantity, Amount: coins(o),
			State: orderState(o.State), CreatedUnix: o.CreatedAt.Unix(),
		})
	}
	n := msg.FitOrders(list[:min(limit, len(list))])
	return &msg.MidasOrders{Orders: list[:n], More: n < len(list)}
}

// Package midas speaks Tencent Midas (米大师), the virtual payment of WeChat mini games, and nothing else:
// the signed calls, their errors, the access token and the login that yields a session key.
//
// [API] is what the rest of a game server sees. [Client] performs it over HTTP with protocol V1 or V2.
// A call that failed is classified once, by [VerdictOf]: whether coins may have moved, and whether the
// same bill number may, must or must not be sent again.
//
// Section numbers in comments (§1.4) refer to docs/midas-protocol.md.
package midas

import (
	"context"
)

// Coins is an amount of the mini game's own currency (游戏币). It is never a fraction and never money.
type Coins int64

// Fen is an amount of money in hundredths of a yuan (分).
type Fen int64

// MaxCoins bounds every amount that travels: 2^53-1, the largest integer a JavaScript client can hold exactly.
const MaxCoins Coins = 1<<53 - 1

// Endpoint names one Midas or WeChat call, as it stands at the end of its URL path.
type Endpoint string

// The endpoints a breaker, a metric or an error may name.
const (
	EndpointBalance Endpoint = "getbalance"
	EndpointPay     Endpoint = "pay"
	EndpointCancel  Endpoint = "cancelpay"
	EndpointPresent Endpoint = "present"
	EndpointQuery   Endpoint = "queryorderinfo"
	EndpointLogin   Endpoint = "jscode2session"
	EndpointToken   Endpoint = "stable_token"
)

// API is Midas as the rest of the game server sees it. [Client] implements it; breaker.Breaker decorates it.
// Every method is safe for concurrent use, honours its context, and returns errors that [VerdictOf] understands.
type API interface {
	// Balance reads a player's account (§1.3). It changes nothing.
	Balance(ctx context.Context, p Player) (Balance, error)
	// Pay deducts coins (§1.4). The same bill number never deducts twice.
	Pay(ctx context.Context, r PayRequest) (PayResult, error)
	// CancelPay gives a deduction back (§1.5), with V2 also in parts (§3.1).
	CancelPay(ctx context.Context, r CancelPayRequest) (CancelPayResult, error)
	// Present gives a player coins for nothing (§1.6). The same bill number never gives twice.
	Present(ctx context.Context, r PresentRequest) (PresentResult, error)
	// QueryOrder asks what became of a payment with money (§3.1). Protocol V2 only; with V1 it is ErrRefusedHere.
	QueryOrder(ctx context.Context, p Player, outTradeNo string, what BizKind) (OrderInfo, error)
	// Code2Session exchanges a wx.login code for an openid and a session key (§4.1). A code works once.
	Code2Session(ctx context.Context, code string) (Session, error)
}

// Player is whose account a call touches, and on whose behalf it is signed.
type Player struct {
	// OpenID is the WeChat user within this mini game.
	OpenID string
	// ZoneID is the partition of the game; balances are per zone. "1" where a game has none.
	ZoneID string
	// SessionKey signs mp_sig (§1.7). It is the text WeChat gave, never decoded.
	SessionKey Secret
	// UserIP is the player's public address. Empty: V1 does not send it, and V2, which requires it (§3.9, P9), sends
	// 127.0.0.1.
	UserIP string
	// Platform is the player's device, as "ios". It decides only on the options of what is signed for the client. Empty:
	// not known.
	Platform string
	// Center asks Balance for the coins of WeChat's recharge centre (充值中心), which has one account for all zones, in place
	// of the game's (V2, coin_type 1; §3.9, P10). Other calls know nothing of it.
	Center bool
}

// Balance is a player's account as Midas keeps it. Names are those of V2, which V1's map onto (§3.1).
type Balance struct {
	// Balance is what the player can spend: paid and present coins together.
	Balance Coins
	// PresentBalance is the part of Balance that was given for nothing.
	PresentBalance Coins
	// FirstSave tells whether the condition of the first recharge holds.
	FirstSave bool
	// SaveAmt is all coins ever bought with money. It only grows, which is how a recharge is found.
	SaveAmt Coins
	// SaveSum is all coins ever received: bought and given.
	SaveSum Coins
	// CostSum is all coins ever spent.
	CostSum Coins
	// PresentSum is all coins ever given.
	PresentSum Coins
}

// PayRequest asks Midas to deduct coins.
type PayRequest struct {
	Player Player
	// BillNo is the caller's own number: 1 to 63 of letters, digits, '-' and '_', not beginning with '_'.
	// Midas remembers it for 48 h.
	BillNo string
	// Amount is what to deduct, 1 to MaxCoins.
	Amount Coins
	// Item and Remark go into the account's books. They are sent only where Config.SignOptional is set.
	Item, Remark string
}

// PayResult is Midas's answer to a deduction that took.
type PayResult struct {
	BillNo string
	// Balance is what is left.
	Balance Coins
	// UsedPresent is how much of the deduction came out of present coins.
	UsedPresent Coins
}

// CancelPayRequest asks Midas to give the deduction of BillNo back.
type CancelPayRequest struct {
	Player Player
	BillNo string
	// Amount is how much goes back. V1 gives back the whole and does not ask; with V2 it may be a part.
	Amount Coins
	// RefundNo is V2's number of this refund, of the form of bill numbers; the same one never gives back twice. Each part
	// has one of its own. Empty: RefundNo(BillNo), for the whole. V1 has none.
	RefundNo string
	Item     string
}

// CancelPayResult is Midas's answer to a cancellation that took.
type CancelPayResult struct {
	BillNo string
}

// PresentRequest asks Midas to give a player coins for nothing.
type PresentRequest struct {
	Player Player
	BillNo string
	// Amount is what to give, 1 to MaxCoins.
	Amount Coins
}

// PresentResult is Midas's answer to a present that took.
type PresentResult struct {
	BillNo  string
	Balance Coins
}

// Session is what a login code was worth.
type Session struct {
	OpenID     string
	SessionKey Secret
	UnionID    string
}

package emulator

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The game's client, as far as it pays: a test or a demo calls PayCoins and PayGoods where the client would call wx.

// The names of the two calls in messages and, of the second, in the text that paySig signs (§3.5).
const (
	callCoins = "requestMidasPayment"
	callGoods = "requestMidasPaymentGameItem"
)

// The errCodes that the two calls end with of themselves (§1.1, §3.6).
const (
	clientBadType      = -6 // of a field in signData
	clientMissing      = -15001
	clientInvalid      = -15002
	clientDuplicate    = -15003
	clientBadCurrency  = -15006
	clientNoObject     = -15011
	clientBadSignature = -15012
	clientBadPaySig    = -15014
	clientNoSession    = -15015
	clientBadPrice     = -15016
	clientBadProduct   = 3017
	clientNoSupport    = 701001 // this device or this setup cannot (§3.9, P1)
)

// tiers are the prices in yuan that a purchase of coins may have: the 26 of 2018 and the three of later pages (§1.1).
var tiers = []int64{
	1, 3, 6, 8, 12, 18, 25, 30, 40, 45, 50, 60, 68, 73, 78, 88, 98, 108, 118, 128, 148, 168, 188, 198, 328, 648,
	998, 1998, 2998,
}

// ClientError is what the fail callback of a payment call gets.
type ClientError struct {
	Code int    // errCode
	Msg  string // errMsg, of which clients must not parse more than the call's name
}

func (e *ClientError) Error() string { return fmt.Sprintf("emulator: errCode %d: %s", e.Code, e.Msg) }

// CoinOptions are the options of wx.requestMidasPayment, and whose client calls it.
type CoinOptions struct {
	OpenID  string `json:"openid"`
	OfferID string `json:"offer_id"`
	// ZoneID is "1" if empty.
	ZoneID string `json:"zone_id"`
	// OutTradeNo may be empty: then the platform makes one that begins with "_" (§3.4).
	OutTradeNo string `json:"out_trade_no"`
	// Env is 0 for production, 1 for the sandbox.
	Env         int64 `json:"env"`
	BuyQuantity int64 `json:"buy_quantity"`
	// Platform is "android" if empty.
	Platform string `json:"platform"`
	// CurrencyType has to be "CNY", Mode "game".
	CurrencyType string `json:"currency_type"`
	Mode         string `json:"mode"`
}

// Fate is what becomes of a payment after the player has paid. The zero value: coins are credited and the push goes
// out at once.
type Fate struct {
	// CreditAfter lets the coins reach the balance that much later on the emulator's clock (§6 item 22). Goods have none.
	CreditAfter time.Duration
	// NoPush loses the push for ever; only asking finds the payment.
	NoPush bool
	// PushAfter lets the push leave that much later than it would, so that later payments may overtake it.
	PushAfter time.Duration
	// Repeat delivers a push that was acknowledged that many times more, at once.
	Repeat int
}

// wireFate is a Fate in the control API and the state file: durations are texts like "30s".
type wireFate struct {
	CreditAfter string `json:"credit_after,omitempty"`
	NoPush      bool   `json:"no_push,omitempty"`
	PushAfter   string `json:"push_after,omitempty"`
	Repeat      int    `json:"repeat,omitempty"`
}

// MarshalJSON writes the fate as the control API reads it.
func (f Fate) MarshalJSON() ([]byte, error) {
	w := wireFate{NoPush: f.NoPush, Repeat: f.Repeat}
	if f.CreditAfter != 0 {
		w.CreditAfter = f.CreditAfter.String()
	}
	if f.PushAfter != 0 {
		w.PushAfter = f.PushAfter.String()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads {"credit_after","no_push","push_after","repeat"}, the durations being texts like "30s".
func (f *Fate) UnmarshalJSON(data []byte) error {
	var w wireFate
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return err
	}
	credit, err := parseDuration(w.CreditAfter)
	push, err2 := parseDuration(w.PushAfter)
	*f = Fate{CreditAfter: credit, NoPush: w.NoPush, PushAfter: push, Repeat: w.Repeat}
	return errors.Join(err, err2)
}

// validate refuses a fate that contradicts itself.
func (f Fate) validate(goods bool) error {
	switch {
	case f.CreditAfter < 0 || f.PushAfter < 0 || f.Repeat < 0:
		return errors.New("emulator: a fate with something negative")
	case f.CreditAfter > 0 && goods:
		return errors.New("emulator: goods have no credit that could be late")
	case f.NoPush && (f.PushAfter > 0 || f.Repeat > 0):
		return errors.New("emulator: a push that is lost cannot be late or repeated")
	}
	return nil
}

// PayCoins does what wx.requestMidasPayment does when the player pays (§3.4). An error is a *ClientError, unless the
// arguments could not be a client's.
func (s *Server) PayCoins(o CoinOptions, fate Fate) error {
	_, err := s.payCoins(o, fate)
	return err
}

func (s *Server) payCoins(o CoinOptions, fate Fate) (Trade, error) {
	if err := fate.validate(false); err != nil {
		return Trade{}, err
	}
	order := clientOrder{
		call: callCoins, openid: o.OpenID, offerID: o.OfferID, zoneID: o.ZoneID, outTradeNo: o.OutTradeNo, platform: o.Platform,
		currency: o.CurrencyType, mode: o.Mode, env: o.Env, quantity: o.BuyQuantity,
	}
	if o.Mode == "" || o.OfferID == "" || o.CurrencyType == "" || o.BuyQuantity == 0 {
		return Trade{}, order.fail(clientMissing, "mode, offerId, currencyType and buyQuantity are needed")
	}
	s.lock()
	t, err := s.checkClientOrder(order, "game")
	return s.sellCoins(order, t, err, fate)
}

// sellCoins sells what was found right, unless err says otherwise. The mutex is held, and free afterwards.
func (s *Server) sellCoins(order clientOrder, t *trade, err error, fate Fate) (Trade, error) {
	if err == nil {
		t.TotalFen, err = s.coinPrice(order)
	}
	if err == nil && fate.CreditAfter == 0 {
		err = s.books.recharge(t.credit())
	}
	if err != nil {
		s.mu.Unlock()
		return Trade{}, err
	}
	if t.TotalFen%t.Quantity == 0 {
		t.PriceFen = t.TotalFen / t.Quantity
	}
	t.Fate = fate
	now := s.now()
	s.books.sell(t, now)
	if fate.CreditAfter > 0 {
		s.books.postpone(pending{order: t.credit(), Due: now.Add(fate.CreditAfter)})
		s.stir()
	} else {
		s.books.credited(tradeKey{t.Env, t.OutTradeNo}, now)
		s.announceCredits()
	}
	s.changed()
	sold := t.Trade
	return sold, s.unlock()
}

// credit is the order that brings the coins of a trade to the balance.
func (t *trade) credit() order {
	return order{accountKey: accountKey{t.Env, t.OpenID, t.ZoneID}, API: apiRecharge, Coins: t.Quantity, OutTradeNo: t.OutTradeNo}
}

// coinPrice is what the coins cost, which has to be a tier (§1.1).
func (s *Server) coinPrice(o clientOrder) (int64, error) {
	const fenPerYuan = 100
	if o.quantity > MaxCoins/fenPerYuan || o.quantity*fenPerYuan%s.cfg.CoinsPerYuan != 0 {
		return 0, o.fail(clientInvalid, "buyQuantity does not come to whole fen")
	}
	fen := o.quantity * fenPerYuan / s.cfg.CoinsPerYuan
	if fen%fenPerYuan != 0 || !slices.Contains(tiers, fen/fenPerYuan) {
		return 0, o.fail(clientInvalid, "buyQuantity is not that of a price tier")
	}
	return fen, nil
}

// clientOrder is what the two calls have in common.
type clientOrder struct {
	call                                string
	openid, offerID, zoneID, outTradeNo string
	platform, currency, mode            string
	env, quantity                       int64
	productID, attach                   string // of goods
}

func (o clientOrder) fail(code int, why string) error {
	return &ClientError{Code: code, Msg: o.call + ":fail " + why}
}

func (o clientOrder) environment() Env {
	if o.env == 1 {
		return Sandbox
	}
	return Production
}

// checkClientOrder looks at values and makes the trade, which is not sold yet.
func (s *Server) checkClientOrder(o clientOrder, mode string) (*trade, error) {
	if o.zoneID == "" {
		o.zoneID = "1"
	}
	key := accountKey{o.environment(), o.openid, o.zoneID}
	if err := key.validate(); err != nil {
		return nil, err
	}
	for _, rule := range []struct {
		broken bool
		code   int
		why    string
	}{
		{o.env != 0 && o.env != 1, clientInvalid, "env is invalid"},
		{!s.devices[o.openid].pays(key.Env), clientNoSupport, "ios not support"},
		{o.offerID != s.cfg.OfferID, clientInvalid, "offerId is invalid"},
		{o.mode != mode, clientInvalid, "mode is invalid"},
		{o.currency != "CNY", clientBadCurrency, "currencyType is not supported"},
		{!slices.Contains([]string{"", "android", "windows"}, o.platform), clientInvalid, "platform is invalid"},
		{o.quantity <= 0, clientInvalid, "buyQuantity is invalid"},
		{o.outTradeNo != "" && !validTradeNo(o.outTradeNo), clientInvalid, "outTradeNo is invalid"},
		{s.books.byTradeNo[tradeKey{key.Env, o.outTradeNo}] != nil, clientDuplicate, "ORDER_NO_DUP"},
	} {
		if rule.broken {
			return nil, o.fail(rule.code, rule.why)
		}
	}
	if o.outTradeNo == "" { // the platform fills one in (§3.4)
		o.outTradeNo = "_" + rand.Text()
	}
	return &trade{Trade: Trade{OutTradeNo: o.outTradeNo, Env: key.Env, OpenID: key.OpenID, ZoneID: key.ZoneID, Quantity: o.quantity}}, nil
}

// validTradeNo holds the rule for the numbers of games (§3.4).
func validTradeNo(no string) bool {
	return no != "" && len(no) <= 32 && no[0] != '_' && onlyOf(no, "_-|*@")
}

package emulator

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Trade is one payment with money, for coins or for goods (§3.4, §3.5). Prices are in fen, hundredths of a yuan.
type Trade struct {
	OutTradeNo string `json:"out_trade_no"`
	Env        Env    `json:"env"`
	OpenID     string `json:"openid"`
	ZoneID     string `json:"zone_id"`
	// Goods were bought, of which ProductID says what kind. False: coins.
	Goods     bool   `json:"goods"`
	ProductID string `json:"product_id,omitempty"`
	Quantity  int64  `json:"quantity"`
	// PriceFen is the price of one; 0 where one coin does not cost whole fen. TotalFen was paid.
	PriceFen int64  `json:"price_fen"`
	TotalFen int64  `json:"total_fen"`
	Attach   string `json:"attach,omitempty"`
	// MchOrderNo and TransactionID are WeChat Pay's.
	MchOrderNo    string `json:"mch_order_no"`
	TransactionID string `json:"transaction_id"`
	// PaidAt and DeliveredAt are by the emulator's clock, and zero until it happens. Coins are delivered when they are
	// credited, goods when the game's server has acknowledged a push about them.
	PaidAt      time.Time `json:"paid_at,omitzero"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	RefundedFen int64     `json:"refunded_fen,omitempty"`
}

// trade is a Trade with what is still to become of it.
type trade struct {
	Trade
	Store bool `json:"store,omitempty"` // goods of the store page
	Trial bool `json:"trial,omitempty"` // a test of the store's, which is no sale
	Fate  Fate `json:"fate"`
}

// tradeKey is the scope in which an out_trade_no is unique.
type tradeKey struct {
	env        Env
	outTradeNo string
}

// sell enters a trade that was paid at that time.
func (b *books) sell(t *trade, at time.Time) {
	t.PaidAt = at
	t.MchOrderNo, t.TransactionID = rand.Text(), "4200"+randomDigits(24)
	b.keepTrade(t)
}

func (b *books) keepTrade(t *trade) {
	b.trades = append(b.trades, t)
	b.byTradeNo[tradeKey{t.Env, t.OutTradeNo}] = t
}

// credited notes that the coins of a trade have reached the balance.
func (b *books) credited(key tradeKey, at time.Time) {
	if t := b.byTradeNo[key]; t != nil {
		t.DeliveredAt = at
		b.unannounced = append(b.unannounced, t)
	}
}

// creditDue is when the coins of a trade are credited next, if any are to come.
func (b *books) creditDue() (time.Time, bool) {
	i := slices.IndexFunc(b.pending, func(p pending) bool { return p.OutTradeNo != "" })
	if i < 0 {
		return time.Time{}, false
	}
	return b.pending[i].Due, true
}

// randomDigits is a number of WeChat's own making.
func randomDigits(n int) string {
	below := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	number, _ := rand.Int(rand.Reader, below) // which never fails
	return fmt.Sprintf("%0*d", n, number)
}

// Trades are all payments of both environments, oldest first.
func (s *Server) Trades() []Trade {
	s.lock()
	defer s.mu.Unlock()
	trades := make([]Trade, len(s.books.trades))
	for i, t := range s.books.trades {
		trades[i] = t.Trade
	}
	return trades
}

// The sources of a refund (§3.7).
const (
	RefundByPlatform = 1
	RefundByConsole  = 2
	RefundByAPI      = 3
)

// RefundTrade gives money back, fen of what was paid and not yet given back, and pushes it. Source is one of
// RefundByPlatform, RefundByConsole and RefundByAPI. The account is not touched: what becomes of coins whose money went
// back is not documented.
func (s *Server) RefundTrade(env Env, outTradeNo string, fen int64, source int) (refundID string, err error) {
	s.lock()
	t := s.books.byTradeNo[tradeKey{env, outTradeNo}]
	switch {
	case t == nil:
		err = fmt.Errorf("emulator: no trade %q in %q", outTradeNo, env)
	case source < RefundByPlatform || source > RefundByAPI:
		err = fmt.Errorf("emulator: refund of source %d, want 1 to 3", source)
	case fen <= 0 || fen > t.TotalFen-t.RefundedFen:
		err = fmt.Errorf("emulator: refund of %d fen, want 1 to %d", fen, t.TotalFen-t.RefundedFen)
	}
	if err != nil {
		s.mu.Unlock()
		return "", err
	}
	t.RefundedFen += fen
	refundID = rand.Text()
	s.announce(t, EventRefund, refundPayload{
		RefundID: refundID, RefundAmount: fen, RefundSource: source, Env: t.Env.number(), OutTradeNo: t.OutTradeNo, WeChatPayInfo: t.weChatPay(),
	}, Fate{}, s.now())
	s.changed()
	return refundID, s.unlock()
}

// StorePurchase lets a player buy goods in the game's store page, outside the game. The number is the store's.
func (s *Server) StorePurchase(env Env, openid, zone, productID string, quantity, priceFen int64) (outTradeNo string, err error) {
	return s.storePurchase(env, openid, zone, productID, quantity, priceFen, false)
}

// StoreTrial is StorePurchase as a test of the store's: OrderSource is 3, and nobody has paid (§3.9, P7).
func (s *Server) StoreTrial(env Env, openid, zone, productID string, quantity, priceFen int64) (outTradeNo string, err error) {
	return s.storePurchase(env, openid, zone, productID, quantity, priceFen, true)
}

func (s *Server) storePurchase(env Env, openid, zone, productID string, quantity, priceFen int64, trial bool) (outTradeNo string, err error) {
	key := accountKey{env, openid, zone}
	if err := key.validate(); err != nil {
		return "", err
	}
	switch listed, known := s.cfg.Goods[productID]; {
	case productID == "" || s.cfg.Goods != nil && !known:
		return "", fmt.Errorf("emulator: unknown product %q", productID)
	case s.cfg.Goods != nil && priceFen != listed:
		return "", fmt.Errorf("emulator: product %q costs %d fen, not %d", productID, listed, priceFen)
	case priceFen <= 0 || quantity <= 0 || quantity > MaxCoins/priceFen:
		return "", errors.New("emulator: quantity and price must be positive, and their product within MaxCoins")
	}
	s.lock()
	t := &trade{Store: true, Trial: trial, Trade: Trade{
		OutTradeNo: "store-" + rand.Text(), Env: env, OpenID: openid, ZoneID: zone,
		Goods: true, ProductID: productID, Quantity: quantity, PriceFen: priceFen, TotalFen: quantity * priceFen,
	}}
	s.books.sell(t, s.now())
	s.announce(t, EventStoreGoods, t.goodsPayload(), t.Fate, t.PaidAt)
	s.changed()
	return t.OutTradeNo, s.unlock()
}

// queryOrderV2 answers queryorderinfo (§3.1). What another player bought, or another kind of thing, is not found.
func (s *Server) queryOrderV2(c *call) answer {
	t := s.books.byTradeNo[tradeKey{c.env, c.order.OutTradeNo}]
	if t == nil || t.OpenID != c.order.OpenID || t.Goods != (text(c.fields["biz_id"]) == bizGoods) {
		return s.fail(codeNoTrade)
	}
	state := func(at time.Time) int {
		if at.IsZero() {
			return 1
		}
		return 2
	}
	finished := int64(0)
	if !t.PaidAt.IsZero() {
		finished = t.PaidAt.Unix()
	}
	return succeed(answer{
		"out_trade_no": t.OutTradeNo, "product_id": t.ProductID,
		"pay_state": state(t.PaidAt), "deliver_state": state(t.DeliveredAt), "pay_finish_time": finished,
		"mch_order_no": t.MchOrderNo, "transaction_id": t.TransactionID,
	})
}

// What biz_id may be (§3.1).
const (
	bizCoins = "1"
	bizGoods = "2"
)

// number is the environment as protocol V2 writes it.
func (e Env) number() int {
	if e == Sandbox {
		return 1
	}
	return 0
}

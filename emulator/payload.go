package emulator

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
)

// The payloads of the payment events, field by field as documented (§3.7). Prices are totals, in fen.

type weChatPayInfo struct {
	MchOrderNo    string
	TransactionID string `json:"TransactionId"`
}

type goodsPayload struct {
	OpenID     string `json:"OpenId"`
	Env        int
	OutTradeNo string
	GoodsInfo  struct {
		ProductID   string `json:"ProductId"`
		Quantity    int64
		ZoneID      string `json:"ZoneId"`
		OrigPrice   int64
		ActualPrice int64
		Attach      string
		OrderSource int
	}
	WeChatPayInfo weChatPayInfo
}

type coinPayload struct {
	OpenID     string `json:"OpenId"`
	OutTradeNo string
	Env        int
	CoinInfo   struct {
		ZoneID      string `json:"ZoneId,omitempty"`
		ActualPrice int64
		BuyQuantity int64
		OrigPrice   int64
	}
	WeChatPayInfo weChatPayInfo
}

type refundPayload struct {
	RefundID      string `json:"RefundId"`
	RefundAmount  int64
	RefundSource  int
	Env           int
	OutTradeNo    string
	WeChatPayInfo weChatPayInfo
}

// Where goods were bought: OrderSource.
const (
	soldInGame  = 1
	soldInStore = 2
	storeTrial  = 3 // no sale (§3.9, P7)
)

func (t *trade) weChatPay() weChatPayInfo {
	return weChatPayInfo{MchOrderNo: t.MchOrderNo, TransactionID: t.TransactionID}
}

func (t *trade) goodsPayload() goodsPayload {
	p := goodsPayload{OpenID: t.OpenID, Env: t.Env.number(), OutTradeNo: t.OutTradeNo, WeChatPayInfo: t.weChatPay()}
	g := &p.GoodsInfo
	g.ProductID, g.Quantity, g.ZoneID, g.Attach = t.ProductID, t.Quantity, t.ZoneID, t.Attach
	g.OrigPrice, g.ActualPrice = t.TotalFen, t.TotalFen
	g.OrderSource = soldInGame
	if t.Store {
		g.OrderSource = soldInStore
	}
	if t.Trial {
		g.OrderSource = storeTrial
	}
	return p
}

func (t *trade) coinPayload() coinPayload {
	p := coinPayload{OpenID: t.OpenID, OutTradeNo: t.OutTradeNo, Env: t.Env.number(), WeChatPayInfo: t.weChatPay()}
	c := &p.CoinInfo
	c.ZoneID, c.BuyQuantity, c.ActualPrice, c.OrigPrice = t.ZoneID, t.Quantity, t.TotalFen, t.TotalFen
	return p
}

// mockPayload is the payload of a simulated push: the right fields with any values.
func mockPayload(event, openid string, env Env) (any, error) {
	quantity := mathrand.Int64N(100) + 1
	t := &trade{Store: event == EventStoreGoods || event == EventStoreGoodsOld, Trade: Trade{
		OutTradeNo: rand.Text(), Env: env, OpenID: openid, ZoneID: "1", ProductID: rand.Text(), Quantity: quantity,
		TotalFen: 100 * quantity, Attach: rand.Text(), MchOrderNo: rand.Text(), TransactionID: randomDigits(28),
	}}
	switch event {
	case EventGoods, EventStoreGoods, EventStoreGoodsOld:
		return t.goodsPayload(), nil
	case EventCoins:
		return t.coinPayload(), nil
	case EventCenterCoins:
		t.ZoneID = "" // it has none
		return t.coinPayload(), nil
	case EventRefund:
		return refundPayload{
			RefundID: rand.Text(), RefundAmount: 100, RefundSource: RefundByConsole, Env: t.Env.number(), OutTradeNo: t.OutTradeNo, WeChatPayInfo: t.weChatPay(),
		}, nil
	}
	return nil, fmt.Errorf("emulator: unknown event %q", event)
}

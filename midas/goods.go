package midas

import (
	"encoding/json"
	"errors"
	"fmt"
)

// GoodsRequest is what a player wants to buy directly with money (§3.5).
type GoodsRequest struct {
	// Player pays; SessionKey signs.
	Player Player
	// ProductID is the item's id in Midas's back office.
	ProductID string
	// Quantity is how many, at least 1.
	Quantity int64
	// Price of one. Midas compares it with the one in its back office.
	Price Fen
	// OutTradeNo is the caller's own number (ValidTradeNo). Midas takes each of them once.
	OutTradeNo string
	// Attach comes back in the delivery push. May be empty.
	Attach string
}

// GoodsOptions are what a client passes to wx.requestMidasPaymentGameItem, unchanged to the last space.
type GoodsOptions struct {
	// SignData is a JSON text, to be passed as text.
	SignData string
	// PaySig and Signature sign it, with the AppKey and with the player's session key.
	PaySig, Signature string
}

// goodsCall is what stands in place of a path in the text that PaySig signs (§3.5).
const goodsCall = "requestMidasPaymentGameItem"

// signData is the documented order of its fields (§3.5).
type signData struct {
	Mode         string `json:"mode"`
	OfferID      string `json:"offerId"`
	BuyQuantity  int64  `json:"buyQuantity"`
	Env          int    `json:"env"`
	CurrencyType string `json:"currencyType"`
	Platform     string `json:"platform"`
	ZoneID       string `json:"zoneId"`
	ProductID    string `json:"productId"`
	GoodsPrice   Fen    `json:"goodsPrice"`
	OutTradeNo   string `json:"outTradeNo"`
	Attach       string `json:"attach,omitempty"`
}

// SignGoods prepares a purchase of goods for the client. Nothing is sent. It is of protocol V2 only. Errors are
// ErrRefusedHere.
func (c *Client) SignGoods(r GoodsRequest) (GoodsOptions, error) {
	refuse := func(why string) (GoodsOptions, error) {
		return GoodsOptions{}, &CallError{Endpoint: goodsCall, BillNo: r.OutTradeNo, Kind: ErrRefusedHere, Err: errors.New(why)}
	}
	switch {
	case !c.cfg.V2:
		return refuse("protocol V1 has no goods")
	case !ValidTradeNo(r.OutTradeNo):
		return refuse("no valid out_trade_no")
	case r.ProductID == "" || r.Player.ZoneID == "":
		return refuse("a product and a zone are needed")
	case r.Player.SessionKey == "":
		return refuse("no session key to sign with")
	case r.Quantity <= 0 || r.Price <= 0 || r.Quantity > int64(MaxCoins)/int64(r.Price):
		return refuse(fmt.Sprintf("%d pieces at %d fen", r.Quantity, r.Price))
	}
	data := signData{
		Mode: "goods", OfferID: c.cfg.OfferID, BuyQuantity: r.Quantity, CurrencyType: "CNY", Platform: c.cfg.Platform,
		ZoneID: r.Player.ZoneID, ProductID: r.ProductID, GoodsPrice: r.Price, OutTradeNo: r.OutTradeNo, Attach: r.Attach,
	}
	if c.cfg.Sandbox {
		data.Env = 1
	}
	text, err := json.Marshal(data)
	if err != nil {
		return refuse(err.Error())
	}
	return GoodsOptions{
		SignData: string(text), PaySig: GoodsPaySig(text, c.cfg.AppKey), Signature: SignatureV2(text, r.Player.SessionKey),
	}, nil
}

// GoodsPaySig makes `paySig` (§3.5) over the exact bytes of signData.
func GoodsPaySig(signData []byte, appKey Secret) string { return PaySigV2(goodsCall, signData, appKey) }

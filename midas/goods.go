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
	Platform     string `json:"platform,omitempty"`
	ZoneID       string `json:"zoneId"`
	ProductID    string `json:"productId,omitempty"`
	GoodsPrice   int64  `json:"goodsPrice"`
	OutTradeNo   string `json:"outTradeNo"`
	Attach       string `json:"attach,omitempty"`
}

// CoinsRequest is a player's wish to buy coins by the signed call (§3.9, P3).
type CoinsRequest struct {
	// Player pays; SessionKey signs.
	Player Player
	// Quantity is how many coins.
	Quantity Coins
	// GoodsPrice is the price of a coin as the platform compares it: fen that one costs, or coins that a yuan buys.
	GoodsPrice int64
	// OutTradeNo is the caller's own number (ValidTradeNo). Midas takes each of them once.
	OutTradeNo string
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
	return c.signForClient(r.Player, signData{
		Mode: "goods", BuyQuantity: r.Quantity, ProductID: r.ProductID, GoodsPrice: int64(r.Price), OutTradeNo: r.OutTradeNo, Attach: r.Attach,
	})
}

// SignCoins prepares a purchase of coins for the client, by the call that GoodsOptions are for. Nothing is sent. It is
// of protocol V2 only. Errors are ErrRefusedHere.
func (c *Client) SignCoins(r CoinsRequest) (GoodsOptions, error) {
	refuse := func(why string) (GoodsOptions, error) {
		return GoodsOptions{}, &CallError{Endpoint: goodsCall, BillNo: r.OutTradeNo, Kind: ErrRefusedHere, Err: errors.New(why)}
	}
	switch {
	case !c.cfg.V2:
		return refuse("protocol V1 has no signed purchase of coins")
	case !ValidTradeNo(r.OutTradeNo):
		return refuse("no valid out_trade_no")
	case r.Player.ZoneID == "":
		return refuse("a zone is needed")
	case r.Player.SessionKey == "":
		return refuse("no session key to sign with")
	case r.Quantity <= 0 || r.Quantity > MaxCoins || r.GoodsPrice <= 0:
		return refuse(fmt.Sprintf("%d coins at a price of %d", r.Quantity, r.GoodsPrice))
	}
	return c.signForClient(r.Player, signData{Mode: "coins", BuyQuantity: int64(r.Quantity), GoodsPrice: r.GoodsPrice, OutTradeNo: r.OutTradeNo})
}

// signForClient fills in what every signed purchase has, and signs it.
func (c *Client) signForClient(p Player, data signData) (GoodsOptions, error) {
	data.OfferID, data.CurrencyType, data.ZoneID = c.cfg.OfferID, "CNY", p.ZoneID
	data.Platform = ClientPlatform(c.cfg.Platform, p.Platform)
	if c.cfg.Sandbox {
		data.Env = 1
	}
	text, err := json.Marshal(data)
	if err != nil {
		return GoodsOptions{}, &CallError{Endpoint: goodsCall, BillNo: data.OutTradeNo, Kind: ErrRefusedHere, Err: err}
	}
	return GoodsOptions{
		SignData: string(text), PaySig: GoodsPaySig(text, c.cfg.AppKey), Signature: SignatureV2(text, p.SessionKey),
	}, nil
}

// ClientPlatform returns the option "platform" of a client's payment call. It names the platform that the offer was
// opened for and is deprecated (§3.9, P3): on a device of another platform it is left out, and the platform finds the
// way of paying itself. device is empty where it is not known.
func ClientPlatform(offer, device string) string {
	if device == "" || device == offer {
		return offer
	}
	return ""
}

// GoodsPaySig makes `paySig` (§3.5) over the exact bytes of signData.
func GoodsPaySig(signData []byte, appKey Secret) string { return PaySigV2(goodsCall, signData, appKey) }

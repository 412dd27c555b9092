package emulator

import (
	"encoding/json"
	"slices"
	"strconv"
)

// signDataFields are what signData may hold (§3.5).
var signDataFields = []param{
	{name: "mode"},
	{name: "offerId"},
	{name: "buyQuantity", kind: isNumber},
	{name: "env", kind: isNumber, optional: true},
	{name: "currencyType"},
	{name: "platform", optional: true},
	{name: "zoneId", optional: true},
	{name: "productId", optional: true}, // goods only
	{name: "goodsPrice", kind: isNumber},
	{name: "outTradeNo"},
	{name: "attach", optional: true},
}

// modeCoins of signData buys coins, every other goods (§3.9, P3).
const modeCoins = "coins"

// PayGoods does what wx.requestMidasPaymentGameItem does when the player pays (§3.5), for goods or, where signData says
// so, for coins (§3.9, P3). An error is a *ClientError, unless the arguments could not be a client's.
func (s *Server) PayGoods(openid, signData, paySig, signature string, fate Fate) error {
	_, err := s.payGoods(openid, signData, paySig, signature, fate)
	return err
}

func (s *Server) payGoods(openid, signData, paySig, signature string, fate Fate) (Trade, error) {
	order, price, err := readSignData(openid, signData, paySig, signature)
	if err != nil {
		return Trade{}, err
	}
	if err := fate.validate(order.mode != modeCoins); err != nil {
		return Trade{}, err
	}
	s.lock()
	err = s.checkClientSignatures(order, signData, paySig, signature)
	var t *trade
	if order.mode == modeCoins {
		if err == nil {
			t, err = s.checkClientOrder(order, modeCoins)
		}
		if err == nil {
			err = s.checkCoinPrice(order, price)
		}
		return s.sellCoins(order, t, err, fate)
	}
	if err == nil {
		t, err = s.checkClientOrder(order, "goods")
	}
	if err == nil {
		err = s.checkGoodsPrice(order, price)
	}
	if err != nil {
		s.mu.Unlock()
		return Trade{}, err
	}
	t.Goods, t.ProductID, t.Attach = true, order.productID, order.attach
	t.PriceFen, t.TotalFen = price, price*t.Quantity
	t.Fate = fate
	s.books.sell(t, s.now())
	s.announce(t, EventGoods, t.goodsPayload(), fate, t.PaidAt)
	s.changed()
	sold := t.Trade
	return sold, s.unlock()
}

// readSignData reads the options of a purchase of goods. It looks at types, not at values.
func readSignData(openid, signData, paySig, signature string) (o clientOrder, price int64, err error) {
	o = clientOrder{call: callGoods, openid: openid}
	if signData == "" || paySig == "" || signature == "" {
		return o, 0, o.fail(clientMissing, "signData, paySig and signature are needed")
	}
	fields := parseFields([]byte(signData))
	if fields == nil || !json.Valid([]byte(signData)) {
		return o, 0, o.fail(clientNoObject, "DATA TYPE ERROR")
	}
	number := map[string]int64{}
	for _, p := range signDataFields {
		v := fields[p.name]
		if text(v) == "" {
			if p.optional {
				continue
			}
			return o, 0, o.fail(clientMissing, p.name+" is missing")
		}
		_, textual := v.(string)
		written, numeric := v.(json.Number)
		if textual != (p.kind == isText) || numeric != (p.kind == isNumber) {
			return o, 0, o.fail(clientBadType, p.name+" has the wrong type")
		}
		if numeric {
			n, err := strconv.ParseInt(written.String(), 10, 64)
			if err != nil {
				return o, 0, o.fail(clientInvalid, p.name+" is not a whole number")
			}
			number[p.name] = n
		}
	}
	field := func(name string) string { return text(fields[name]) }
	o.offerID, o.zoneID, o.outTradeNo, o.platform = field("offerId"), field("zoneId"), field("outTradeNo"), field("platform")
	o.currency, o.mode, o.productID, o.attach = field("currencyType"), field("mode"), field("productId"), field("attach")
	o.env, o.quantity = number["env"], number["buyQuantity"]
	if o.mode != modeCoins && o.productID == "" {
		return o, 0, o.fail(clientMissing, "productId is missing")
	}
	return o, number["goodsPrice"], nil
}

// checkCoinPrice holds goodsPrice of a purchase of coins against the rate. The page can be read as fen a coin and as
// coins a yuan (§3.9, P3).
func (s *Server) checkCoinPrice(o clientOrder, price int64) error {
	const fenPerYuan = 100
	rate := s.cfg.CoinsPerYuan
	if s.cfg.CoinPriceIsRate && price == rate || !s.cfg.CoinPriceIsRate && rate > 0 && fenPerYuan%rate == 0 && price == fenPerYuan/rate {
		return nil
	}
	return o.fail(clientBadPrice, "goodsPrice differs")
}

// checkClientSignatures looks at both signatures of a purchase of goods, which are over the exact text of signData.
func (s *Server) checkClientSignatures(o clientOrder, signData, paySig, signature string) error {
	if !equal(paySig, hmacHex(s.appKey(o.environment()), callGoods+"&"+signData)) {
		return o.fail(clientBadPaySig, "PAYSIG INVALID")
	}
	madeWith := func(key string) bool { return equal(signature, hmacHex(key, signData)) }
	key, ses := s.logins.key(o.openid, s.now()), s.logins.sessions[o.openid]
	switch {
	case key != "" && madeWith(key):
		return nil
	case key == "", ses != nil && !s.cfg.StaleKeyAsBadSig && slices.ContainsFunc(ses.DeadKeys, madeWith):
		return o.fail(clientNoSession, "SESSION_KEY EXPIRED")
	}
	return o.fail(clientBadSignature, "SIGNATURE INVALID")
}

// checkGoodsPrice holds a price against the catalogue, if there is one.
func (s *Server) checkGoodsPrice(o clientOrder, price int64) error {
	listed, known := s.cfg.Goods[o.productID]
	switch {
	case s.cfg.Goods != nil && !known:
		return o.fail(clientBadProduct, "unknown productId")
	case s.cfg.Goods != nil && price != listed:
		return o.fail(clientBadPrice, "goodsPrice differs")
	case price <= 0 || o.quantity > MaxCoins/price:
		return o.fail(clientInvalid, "goodsPrice is invalid")
	}
	return nil
}

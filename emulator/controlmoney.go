package emulator

import (
	"net/http"
)

// moneyCommands are the commands of the control API that have to do with payments and pushes.
func (s *Server) moneyCommands() []command {
	return []command{
		{
			"POST", "pay/coins", `{"openid":"…","offer_id":"…","mode":"game","currency_type":"CNY","env":1,"buy_quantity":60,"zone_id":"1","out_trade_no":"…","fate":{"credit_after":"30s"}}`,
			"pays for coins, as wx.requestMidasPayment does", post(s.controlPayCoins),
		},
		{
			"POST", "pay/goods", `{"openid":"…","sign_data":"{…}","pay_sig":"…","signature":"…","fate":{"no_push":false,"push_after":"1m","repeat":1}}`,
			"pays for goods or, by the mode in sign_data, for coins, as wx.requestMidasPaymentGameItem does", post(s.controlPayGoods),
		},
		{
			"POST", "device", `{"openid":"…","platform":"ios","system":"iOS 17.4.1","wechat":"8.0.68","sdk":"3.10.3"}`,
			"says on which device a player pays", post(s.controlDevice),
		},
		{"GET", "device/support", "?env=production&openid=…", "answers as wx.checkIsSupportMidasPayment does", get(s.controlSupport)},
		{
			"POST", "store/purchase", `{"env":"sandbox","openid":"…","zone_id":"1","product_id":"…","quantity":1,"price_fen":600,"trial":false}`,
			"buys goods in the game's store page", post(s.controlStore),
		},
		{
			"POST", "center", `{"env":"sandbox","openid":"…","coins":60}`,
			"brings coins in the recharge centre, which the game does not spend", post(s.controlCenter),
		},
		{
			"POST", "refund", `{"env":"sandbox","out_trade_no":"…","fen":600,"source":2}`,
			"gives money back", post(s.controlRefund),
		},
		{
			"POST", "push/to", `{"url":"http://127.0.0.1:9400/midas/push","token":"…","encoding_aes_key":"…","xml":false}`,
			"says where pushes go", post(func(p PushConfig) (any, error) { return done{true}, s.PushTo(p) }),
		},
		{
			"POST", "push/mock", `{"event":"` + EventCoins + `"}`,
			"sends a simulated push", post(s.controlMock),
		},
		{"POST", "push/flush", `{}`, "sends what is due and waits for the answers", s.controlFlush},
		{"GET", "trades", "?env=…&openid=…", "lists payments, oldest first", get(s.controlTrades)},
		{"GET", "pushes", "", "lists pushes and how they fared, oldest first", get(func(*http.Request) (any, error) {
			return map[string]any{"pushes": s.Pushes()}, nil
		})},
	}
}

func (s *Server) controlPayCoins(in struct {
	CoinOptions
	Fate Fate `json:"fate"`
	// A game may hand on all that its server sent. These are for the signed call.
	SignData  string `json:"sign_data"`
	PaySig    string `json:"pay_sig"`
	Signature string `json:"signature"`
},
) (any, error) {
	return s.payCoins(in.CoinOptions, in.Fate)
}

func (s *Server) controlPayGoods(in struct {
	OpenID    string `json:"openid"`
	SignData  string `json:"sign_data"`
	PaySig    string `json:"pay_sig"`
	Signature string `json:"signature"`
	Fate      Fate   `json:"fate"`
},
) (any, error) {
	return s.payGoods(in.OpenID, in.SignData, in.PaySig, in.Signature, in.Fate)
}

func (s *Server) controlStore(in struct {
	accountKey
	ProductID string `json:"product_id"`
	Quantity  int64  `json:"quantity"`
	PriceFen  int64  `json:"price_fen"`
	Trial     bool   `json:"trial"`
},
) (any, error) {
	no, err := s.storePurchase(in.Env, in.OpenID, in.ZoneID, in.ProductID, in.Quantity, in.PriceFen, in.Trial)
	return map[string]string{"out_trade_no": no}, err
}

func (s *Server) controlRefund(in struct {
	Env        Env    `json:"env"`
	OutTradeNo string `json:"out_trade_no"`
	Fen        int64  `json:"fen"`
	Source     int    `json:"source"`
},
) (any, error) {
	id, err := s.RefundTrade(in.Env, in.OutTradeNo, in.Fen, in.Source)
	return map[string]string{"refund_id": id}, err
}

func (s *Server) controlMock(in struct {
	Event string `json:"event"`
},
) (any, error) {
	return done{true}, s.MockPush(in.Event)
}

func (s *Server) controlFlush(w http.ResponseWriter, r *http.Request) {
	post(func(struct{}) (any, error) { return done{true}, s.FlushPushes(r.Context()) })(w, r)
}

func (s *Server) controlTrades(r *http.Request) (any, error) {
	q := r.URL.Query()
	trades := []Trade{}
	for _, t := range s.Trades() {
		if (!q.Has("env") || string(t.Env) == q.Get("env")) && (!q.Has("openid") || t.OpenID == q.Get("openid")) {
			trades = append(trades, t)
		}
	}
	return map[string]any{"trades": trades}, nil
}

package midas_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// The values of the examples that WeChat publishes (§3.7).
const (
	guideToken   = "AAAAA"
	guideAESKey  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	guideAppID   = "wxba5fad812f8e6fb9"
	guideEncrypt = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740X" +
		"gXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntr" +
		"A2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)

var pushTime = time.Unix(1714036504, 0)

func pushReader(t testing.TB, change func(*midas.PushConfig)) *midas.PushReader {
	t.Helper()
	cfg := midas.PushConfig{
		AppID: guideAppID, Token: guideToken, AppKey: "12345", SandboxAppKey: "54321", Now: func() time.Time { return pushTime },
	}
	if change != nil {
		change(&cfg)
	}
	r, err := midas.NewPushReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func secure(c *midas.PushConfig) { c.EncodingAESKey = guideAESKey }

// sha1Of is this test's own way to the signature.
func sha1Of(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func signedQuery(at time.Time) url.Values {
	ts := fmt.Sprint(at.Unix())
	return url.Values{"timestamp": {ts}, "nonce": {"n"}, "signature": {sha1Of(guideToken, ts, "n")}}
}

// seal encrypts a message as WeChat does, and signs it.
func seal(t testing.TB, message []byte, appID string) (url.Values, []byte) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(guideAESKey + "=")
	if err != nil {
		t.Fatal(err)
	}
	text := append([]byte("0123456789abcdef"), binary.BigEndian.AppendUint32(nil, uint32(len(message)))...)
	text = append(append(text, message...), appID...)
	padding := 32 - len(text)%32
	text = append(text, bytes.Repeat([]byte{byte(padding)}, padding)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(text, text)
	sealed := base64.StdEncoding.EncodeToString(text)
	q := signedQuery(pushTime)
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", sha1Of(guideToken, q.Get("timestamp"), "n", sealed))
	if bytes.HasPrefix(message, []byte("<")) {
		return q, []byte("<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>")
	}
	body, _ := json.Marshal(map[string]string{"ToUserName": "gh", "Encrypt": sealed})
	return q, body
}

// envelope writes a push in JSON or XML.
func envelope(asXML bool, event, payload, sig string, mock bool) []byte {
	if asXML {
		return fmt.Appendf(nil, `<xml><FromUserName><![CDATA[o1]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[event]]></MsgType>
			<Event><![CDATA[%s]]></Event><MiniGame><Payload><![CDATA[%s]]></Payload><PayEventSig><![CDATA[%s]]></PayEventSig><IsMock>%t</IsMock></MiniGame></xml>`,
			event, payload, sig, mock)
	}
	body, _ := json.Marshal(map[string]any{
		"FromUserName": "o1", "CreateTime": 1, "MsgType": "event", "Event": event,
		"MiniGame": map[string]any{"Payload": payload, "PayEventSig": sig, "IsMock": mock},
	})
	return body
}

func TestPublishedPushVectors(t *testing.T) {
	clear := pushReader(t, nil)
	q := url.Values{
		"signature": {"f464b24fc39322e44b38aa78f5edd27bd1441696"}, "timestamp": {"1714036504"}, "nonce": {"1514711492"}, "echostr": {"4375120948345356249"},
	}
	if echo, err := clear.Echo(q); err != nil || echo != "4375120948345356249" {
		t.Errorf("the address check is answered %q, %v", echo, err)
	}
	q = url.Values{"signature": {"899cf89e464efb63f54ddac96b0a0a235f53aa78"}, "timestamp": {"1714037059"}, "nonce": {"486452656"}}
	demo := []byte(`{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714037059,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`)
	clear = pushReader(t, func(c *midas.PushConfig) { c.Now = func() time.Time { return time.Unix(1714037059, 0) } })
	if p, err := clear.Read(q, demo); err != nil || p.Event != "debug_demo" || p.Event.IsPayment() {
		t.Errorf("in clear: %+v, %v", p, err)
	}
	q = url.Values{
		"signature": {"6c5c811b55cc85e0e1b54100749188c20beb3f5d"}, "timestamp": {"1714112445"}, "nonce": {"415670741"},
		"encrypt_type": {"aes"}, "msg_signature": {"046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"},
	}
	body := []byte(`{"ToUserName":"gh_97417a04a28d","Encrypt":"` + guideEncrypt + `"}`)
	later := func(c *midas.PushConfig) { secure(c); c.Now = func() time.Time { return time.Unix(1714112445, 0) } }
	if p, err := pushReader(t, later).Read(q, body); err != nil || p.Event != "debug_demo" {
		t.Errorf("secure: %+v, %v", p, err)
	}
	other := func(c *midas.PushConfig) { later(c); c.AppID = "wxother" }
	if _, err := pushReader(t, other).Read(q, body); !errors.Is(err, midas.ErrPushForged) {
		t.Errorf("another game's: %v", err)
	}
	const payload = `{"OpenId":"to_user_openid","OutTradeNo":"xxxxxxx","WeChatPayInfo":{"MchOrderNo":"xxxxxxx","TransactionId":"xxxxxxx"},` +
		`"Env":0,"CoinInfo":{"ZoneId":"1","TotalPrice":100,"BuyQuantity":1,"OrigPrice":100}}`
	sig := midas.PayEventSig(midas.PushCoins, payload, "12345")
	if sig != "4624e9b832eca479457e668dd49b64133a0439101a6a0e89e648e0d3840e6e0f" {
		t.Errorf("PayEventSig is %s", sig)
	}
	p, err := pushReader(t, nil).Read(signedQuery(pushTime), envelope(false, string(midas.PushCoins), payload, sig, false))
	want := midas.Push{
		Event: midas.PushCoins, OpenID: "to_user_openid", OutTradeNo: "xxxxxxx", ZoneID: "1", Quantity: 1, Price: 100, Paid: 100,
		MchOrderNo: "xxxxxxx", TransactionID: "xxxxxxx",
	}
	if err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestPublishedGoodsSignatures(t *testing.T) {
	c, err := midas.New(midas.Config{AppID: "a", AppSecret: "s", OfferID: "123", AppKey: "12345", V2: true, Sandbox: true, Tokens: fixed("t")})
	if err != nil {
		t.Fatal(err)
	}
	ask := midas.GoodsRequest{
		Player: midas.Player{OpenID: "o", ZoneID: "1", SessionKey: "9hAb/NEYUlkaMBEsmFgzig=="}, ProductID: "p", Quantity: 2, Price: 600, OutTradeNo: "T-1", Attach: "x",
	}
	got, err := c.SignGoods(ask)
	want := `{"mode":"goods","offerId":"123","buyQuantity":2,"env":1,"currencyType":"CNY","platform":"android","zoneId":"1","productId":"p","goodsPrice":600,"outTradeNo":"T-1","attach":"x"}`
	if err != nil || got.SignData != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got.PaySig != midas.PaySigV2("requestMidasPaymentGameItem", []byte(want), "12345") || got.Signature != midas.SignatureV2([]byte(want), ask.Player.SessionKey) {
		t.Errorf("%+v", got)
	}
	for what, spoil := range map[string]func(*midas.GoodsRequest){
		"no number":   func(r *midas.GoodsRequest) { r.OutTradeNo = "_x" },
		"no product":  func(r *midas.GoodsRequest) { r.ProductID = "" },
		"no session":  func(r *midas.GoodsRequest) { r.Player.SessionKey = "" },
		"no quantity": func(r *midas.GoodsRequest) { r.Quantity = 0 },
		"too much":    func(r *midas.GoodsRequest) { r.Quantity = 1 << 52 },
		"no zone":     func(r *midas.GoodsRequest) { r.Player.ZoneID = "" },
	} {
		bad := ask
		spoil(&bad)
		if _, err := c.SignGoods(bad); !errors.Is(err, midas.ErrRefusedHere) {
			t.Errorf("%s: %v", what, err)
		}
	}
	v1, err := midas.New(midas.Config{AppID: "a", AppSecret: "s", OfferID: "123", AppKey: "12345", Tokens: fixed("t")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v1.SignGoods(ask); !errors.Is(err, midas.ErrRefusedHere) {
		t.Errorf("V1: %v", err)
	}
}

// Every payment event, in both formats and both modes.
func TestEveryPaymentPushIsRead(t *testing.T) {
	const pay = `"WeChatPayInfo":{"MchOrderNo":"m","TransactionId":"x"}`
	goods := `{"OpenId":"o1","Env":1,"OutTradeNo":"T1","GoodsInfo":{"ProductId":"sword","Quantity":2,"ZoneId":"1","OrigPrice":1200,"ActualPrice":"1000","Attach":"a<b>&c","OrderSource":1},` + pay + `}`
	wantGoods := midas.Push{
		Event: midas.PushGoods, OpenID: "o1", Sandbox: true, OutTradeNo: "T1", ZoneID: "1", ProductID: "sword", Attach: "a<b>&c",
		Quantity: 2, Price: 1200, Paid: 1000, MchOrderNo: "m", TransactionID: "x",
	}
	wantStore := wantGoods
	wantStore.Event = midas.PushStoreGoods
	for _, test := range []struct {
		event, payload string
		want           midas.Push
	}{
		{"minigame_game_pay_goods_deliver_notify", goods, wantGoods},
		{"minigame_h5_goods_deliver_notify", goods, wantStore},
		{"minigame_deliver_h5_pay_products", goods, wantStore},
		{
			"minigame_coin_deliver_completed", `{"OpenId":"o1","OutTradeNo":"T2","Env":1,"CoinInfo":{"ZoneId":"2","ActualPrice":600,"BuyQuantity":60,"OrigPrice":600}}`,
			midas.Push{Event: midas.PushCoins, OpenID: "o1", Sandbox: true, OutTradeNo: "T2", ZoneID: "2", Quantity: 60, Price: 600, Paid: 600},
		},
		{
			"minigame_recharge_center_coin_deliver_completed", `{"OpenId":"o1","OutTradeNo":"T3","Env":1,"CoinInfo":{"ActualPrice":600,"BuyQuantity":60,"OrigPrice":600}}`,
			midas.Push{Event: midas.PushCenterCoins, OpenID: "o1", Sandbox: true, OutTradeNo: "T3", Quantity: 60, Price: 600, Paid: 600},
		},
		{
			"minigame_pay_refund_succ_notify", `{"RefundId":"R1","RefundAmount":300,"RefundSource":2,"Env":1,"OutTradeNo":"T1",` + pay + `}`,
			midas.Push{
				Event: midas.PushRefund, Sandbox: true, OutTradeNo: "T1", RefundID: "R1", RefundSource: 2, Refunded: 300,
				MchOrderNo: "m", TransactionID: "x",
			},
		},
	} {
		sig := midas.PayEventSig(midas.PushEvent(test.event), test.payload, "54321")
		for _, asXML := range []bool{false, true} {
			body := envelope(asXML, test.event, test.payload, sig, false)
			test.want.XML = asXML
			if p, err := pushReader(t, nil).Read(signedQuery(pushTime), body); err != nil || p != test.want {
				t.Errorf("%s in clear, XML %t: %+v, %v", test.event, asXML, p, err)
			}
			q, sealed := seal(t, body, guideAppID)
			if p, err := pushReader(t, secure).Read(q, sealed); err != nil || p != test.want {
				t.Errorf("%s sealed, XML %t: %+v, %v", test.event, asXML, p, err)
			}
		}
	}
}

func TestPushesThatAreNotBelieved(t *testing.T) {
	const event, payload = "minigame_coin_deliver_completed", `{"OpenId":"o1","OutTradeNo":"T2","Env":0,"CoinInfo":{"ZoneId":"2","BuyQuantity":60}}`
	sig := midas.PayEventSig(event, payload, "12345")
	good := envelope(false, event, payload, sig, false)
	q := func(change func(url.Values)) url.Values {
		v := signedQuery(pushTime)
		change(v)
		return v
	}
	sealedQuery, sealed := seal(t, good, guideAppID)
	_, otherApp := seal(t, good, "wxother")
	otherQuery, _ := seal(t, good, "wxother")
	otherEnv := strings.Replace(payload, `"Env":0`, `"Env":1`, 1)
	for what, test := range map[string]struct {
		change func(*midas.PushConfig)
		query  url.Values
		body   []byte
		is     error
	}{
		"unsigned":                {nil, url.Values{}, good, midas.ErrPushForged},
		"wrong signature":         {nil, q(func(v url.Values) { v.Set("nonce", "m") }), good, midas.ErrPushForged},
		"too old":                 {nil, signedQuery(pushTime.Add(-25*time.Hour - time.Second)), good, midas.ErrPushStale},
		"from the future":         {nil, signedQuery(pushTime.Add(6 * time.Minute)), good, midas.ErrPushStale},
		"payload changed":         {nil, signedQuery(pushTime), envelope(false, event, strings.Replace(payload, "60", "61", 1), sig, false), midas.ErrPushForged},
		"event changed":           {nil, signedQuery(pushTime), envelope(false, "minigame_pay_refund_succ_notify", payload, sig, false), midas.ErrPushForged},
		"signed for another env":  {nil, signedQuery(pushTime), envelope(false, event, otherEnv, midas.PayEventSig(event, otherEnv, "12345"), false), midas.ErrPushForged},
		"env without a key":       {func(c *midas.PushConfig) { c.AppKey = "" }, signedQuery(pushTime), envelope(false, event, payload, midas.PayEventSig(event, payload, ""), false), midas.ErrPushForged},
		"in clear, though sealed": {secure, signedQuery(pushTime), good, midas.ErrPushForged},
		"sealed without a key":    {nil, sealedQuery, sealed, midas.ErrPushMalformed},
		"sealed, signature in clear only": {secure, q(func(v url.Values) {
			v.Set("encrypt_type", "aes")
			v.Set("msg_signature", v.Get("signature"))
		}), sealed, midas.ErrPushForged},
		"sealed for another app": {secure, otherQuery, otherApp, midas.ErrPushForged},
		"no number":              {nil, signedQuery(pushTime), envelope(false, event, `{"OpenId":"o","Env":0}`, midas.PayEventSig(event, `{"OpenId":"o","Env":0}`, "12345"), false), midas.ErrPushMalformed},
		"payload no JSON":        {nil, signedQuery(pushTime), envelope(false, event, `x`, midas.PayEventSig(event, `x`, "12345"), false), midas.ErrPushMalformed},
		"no JSON":                {nil, signedQuery(pushTime), []byte("hello"), midas.ErrPushMalformed},
		"no XML":                 {nil, signedQuery(pushTime), []byte("<xml><Event>"), midas.ErrPushMalformed},
		"empty":                  {nil, signedQuery(pushTime), nil, midas.ErrPushMalformed},
	} {
		if p, err := pushReader(t, test.change).Read(test.query, test.body); !errors.Is(err, test.is) {
			t.Errorf("%s: %+v, %v", what, p, err)
		} else if strings.Contains(err.Error(), "12345") || strings.Contains(err.Error(), guideToken) {
			t.Errorf("%s: the error tells a secret: %v", what, err)
		}
	}
}

// That WeChat writes a field in another type is not known, so what nothing depends on may be anything, a number may be
// a text, and what a payment is about, and for how much, is read exactly or not at all.
func TestPushesAreReadLenientlyWhereNothingDependsOnThem(t *testing.T) {
	const (
		goods  = `{"OpenId":"o1","Env":0,"OutTradeNo":"T1","GoodsInfo":{"ProductId":"sword","Quantity":2,"ZoneId":"1","OrigPrice":1200,"ActualPrice":1000,"Attach":"a"}}`
		coins  = `{"OpenId":"o1","Env":0,"OutTradeNo":"T1","CoinInfo":{"ZoneId":"2","BuyQuantity":60,"OrigPrice":600,"ActualPrice":600}}`
		refund = `{"OpenId":"o1","Env":0,"OutTradeNo":"T1","RefundId":"R1","RefundAmount":300,"RefundSource":2}`
	)
	events := map[string]midas.PushEvent{goods: midas.PushGoods, coins: midas.PushCoins, refund: midas.PushRefund}
	read := func(event midas.PushEvent, payload string) (midas.Push, error) {
		return pushReader(t, nil).Read(signedQuery(pushTime), envelope(false, string(event), payload, midas.PayEventSig(event, payload, "12345"), false))
	}
	for _, test := range []struct {
		payload, was string
		become       []string
		change       func(*midas.Push) // what is read otherwise
	}{
		{goods, `"Env":0`, []string{`"Env":"0"`, `"Env":0.0`, `"Env":null`, `"Env":""`, `"Env":0,"Other":{"a":[1]}`}, nil},
		{goods, `"Env":0`, []string{`"Env":0,"CoinInfo":""`, `"Env":0,"CoinInfo":[]`, `"Env":0,"CoinInfo":{"BuyQuantity":{}}`, `"Env":0,"RefundAmount":[]`}, nil},
		{goods, `"Env":0`, []string{`"Env":0,"WeChatPayInfo":""`, `"Env":0,"WeChatPayInfo":[1]`, `"Env":0,"WeChatPayInfo":{"MchOrderNo":{}}`}, nil},
		{goods, `"Env":0`, []string{`"Env":0,"WeChatPayInfo":{"TransactionId":42}`}, func(p *midas.Push) { p.TransactionID = "42" }},
		{goods, `"ZoneId":"1"`, []string{`"ZoneId":1`}, nil},
		{goods, `"ZoneId":"1",`, []string{``, `"ZoneId":null,`, `"ZoneId":"",`}, func(p *midas.Push) { p.ZoneID = "" }},
		{goods, `"Quantity":2`, []string{`"Quantity":"2"`, `"Quantity":2.00`}, nil},
		{goods, `"ActualPrice":1000`, []string{`"ActualPrice":"1000"`, `"ActualPrice":1000.0`}, nil},
		{goods, `"Attach":"a"`, []string{`"Attach":null`, `"Attach":{}`, `"Attach":[]`}, func(p *midas.Push) { p.Attach = "" }},
		{goods, `"OpenId":"o1"`, []string{`"OpenId":""`, `"OpenId":null`}, nil}, // the envelope says it
		{coins, `"Env":0`, []string{`"Env":0,"GoodsInfo":""`, `"Env":0,"GoodsInfo":{"ProductId":5}`, `"Env":0,"GoodsInfo":{"Quantity":"many"}`}, nil},
		{coins, `"BuyQuantity":60`, []string{`"BuyQuantity":"60"`}, nil},
		{refund, `"Env":0`, []string{`"Env":0,"GoodsInfo":""`, `"Env":0,"CoinInfo":0`}, nil},
		{refund, `"RefundSource":2`, []string{`"RefundSource":"2"`}, nil},
		{refund, `"RefundSource":2`, []string{`"RefundSource":""`, `"RefundSource":{}`, `"RefundSource":"console"`}, func(p *midas.Push) { p.RefundSource = 0 }},
	} {
		want, err := read(events[test.payload], test.payload)
		if err != nil {
			t.Fatal(err)
		}
		if test.change != nil {
			test.change(&want)
		}
		for _, now := range test.become {
			if p, err := read(events[test.payload], strings.Replace(test.payload, test.was, now, 1)); err != nil || p != want {
				t.Errorf("%s: %+v, %v, want %+v", now, p, err, want)
			}
		}
	}
	for _, test := range []struct {
		payload, was string
		become       []string
	}{
		{goods, `"Env":0`, []string{`"Env":"production"`, `"Env":{}`, `"Env":[0]`, `"Env":false`, `"Env":0.5`, `"Env":"+0"`, `"Env":0,"OutTradeNo":{}`}},
		{goods, `"OutTradeNo":"T1"`, []string{`"OutTradeNo":""`, `"OutTradeNo":null`, `"OutTradeNo":["T1"]`, `"OutTradeNo":1`}},
		{goods, `"OpenId":"o1"`, []string{`"OpenId":["o1"]`, `"OpenId":{}`, `"OpenId":1`}},
		{goods, `"ProductId":"sword"`, []string{`"ProductId":""`, `"ProductId":null`, `"ProductId":["sword"]`, `"ProductId":{}`, `"ProductId":5`}},
		{goods, `"Quantity":2`, []string{`"Quantity":""`, `"Quantity":null`, `"Quantity":2.5`, `"Quantity":"two"`, `"Quantity":[2]`, `"Quantity":{}`, `"Quantity":true`, `"Quantity":1e1`, `"Quantity":-2`}},
		{goods, `"ActualPrice":1000`, []string{`"ActualPrice":{}`, `"ActualPrice":[]`, `"ActualPrice":10.01`, `"ActualPrice":"10 yuan"`, `"ActualPrice":-1`, `"ActualPrice":99999999999999999999`}},
		{goods, `"ZoneId":"1"`, []string{`"ZoneId":{}`, `"ZoneId":["1"]`, `"ZoneId":true`, `"ZoneId":1.5`}},
		{coins, `"ZoneId":"2"`, []string{`"ZoneId":{}`, `"ZoneId":[]`}},
		{coins, `"BuyQuantity":60`, []string{`"BuyQuantity":"sixty"`, `"BuyQuantity":{}`, `"BuyQuantity":60.5`}},
		{refund, `"RefundId":"R1"`, []string{`"RefundId":""`, `"RefundId":{}`, `"RefundId":1`, `"RefundId":["R1"]`}},
		{refund, `"RefundAmount":300`, []string{`"RefundAmount":""`, `"RefundAmount":null`, `"RefundAmount":{}`, `"RefundAmount":3.5`, `"RefundAmount":-300`}},
	} {
		for _, now := range test.become {
			if p, err := read(events[test.payload], strings.Replace(test.payload, test.was, now, 1)); !errors.Is(err, midas.ErrPushMalformed) {
				t.Errorf("%s is read: %+v, %v", now, p, err)
			}
		}
	}
}

// A trial from the console has invented values; it is read for what it is, and its inner signature need not fit.
func TestATrialPushIsRecognised(t *testing.T) {
	for _, asXML := range []bool{false, true} {
		p, err := pushReader(t, nil).Read(signedQuery(pushTime), envelope(asXML, string(midas.PushGoods), `{"OpenId":"?","OutTradeNo":""}`, "f749", true))
		if err != nil || !p.Mock {
			t.Errorf("XML %t: %+v, %v", asXML, p, err)
		}
	}
	if _, err := pushReader(t, nil).Read(url.Values{}, envelope(false, string(midas.PushGoods), `{}`, "f749", true)); !errors.Is(err, midas.ErrPushForged) {
		t.Errorf("an unsigned trial: %v", err)
	}
}

func TestPushConfigsThatCannotBeMeant(t *testing.T) {
	for what, cfg := range map[string]midas.PushConfig{
		"no token": {AppID: "a"}, "no app": {Token: "t"}, "short AES key": {AppID: "a", Token: "t", EncodingAESKey: "AAAA"},
		"AES key of other letters": {AppID: "a", Token: "t", EncodingAESKey: midas.Secret(strings.Repeat("*", 43))},
	} {
		if _, err := midas.NewPushReader(cfg); err == nil || strings.Contains(err.Error(), "***") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Whatever is posted, it is refused with one of three errors, or is a push whose fields are within bounds.
func FuzzPush(f *testing.F) {
	const event = "minigame_game_pay_goods_deliver_notify"
	for _, payload := range []string{
		`{"OpenId":"o","Env":0,"OutTradeNo":"T","GoodsInfo":{"ProductId":"p","Quantity":1}}`, `{"Env":"1"}`, `{"GoodsInfo":{"Quantity":1e9}}`, `{}`, `null`, `[]`,
	} {
		for _, asXML := range []bool{false, true} {
			f.Add(envelope(asXML, event, payload, midas.PayEventSig(event, payload, "12345"), false), false)
			q, body := seal(f, envelope(asXML, event, payload, midas.PayEventSig(event, payload, "12345"), false), guideAppID)
			_ = q
			f.Add(body, true)
		}
	}
	f.Add([]byte(`<xml><Encrypt>AAAA</Encrypt></xml>`), true)
	f.Add([]byte(`{"MiniGame":{"IsMock":"yes"}}`), false)
	f.Fuzz(func(t *testing.T, body []byte, sealed bool) {
		r, q := pushReader(t, nil), signedQuery(pushTime)
		if sealed {
			r = pushReader(t, secure)
			var in struct{ Encrypt string }
			_ = json.Unmarshal(body, &in)
			q.Set("msg_signature", sha1Of(guideToken, q.Get("timestamp"), "n", in.Encrypt))
		}
		p, err := r.Read(q, body)
		switch {
		case err != nil:
			if !errors.Is(err, midas.ErrPushForged) && !errors.Is(err, midas.ErrPushStale) && !errors.Is(err, midas.ErrPushMalformed) {
				t.Fatalf("%q: %v", body, err)
			}
		case p.Mock || !p.Event.IsPayment():
		case p.OutTradeNo == "" || p.Quantity < 0 || p.Paid < 0 || p.Event == midas.PushRefund && p.Refunded <= 0:
			t.Fatalf("%q is believed as %+v", body, p)
		}
	})
}

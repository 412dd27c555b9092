package emulator_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

const (
	pushToken  = "AAAAA"
	pushAESKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	success    = `{"ErrCode":0,"ErrMsg":"Success"}`
	failure    = `{"ErrCode":1,"ErrMsg":"later"}`
)

// standing is a clock that only Advance moves.
func standing() time.Time { return time.Unix(1714036504, 0) }

// notice is a push as the game's server reads it, all its signatures having been checked.
type notice struct {
	XMLName      xml.Name `json:"-"`
	ToUserName   string
	FromUserName string
	CreateTime   int64
	MsgType      string
	Event        string
	MiniGame     struct {
		Payload     string
		PayEventSig string
		IsMock      *bool
	}
	payload map[string]any
	at      int64 // its timestamp
}

// section is an object in the payload.
func (n notice) section(name string) map[string]any {
	m, _ := n.payload[name].(map[string]any)
	return m
}

// game is the game's server as far as it takes pushes.
type game struct {
	t      *testing.T
	url    string
	server *httptest.Server
	aesKey string

	mu     sync.Mutex
	answer func(n int, p notice) (int, string) // to the n-th push, from 0; nil: success
	got    []notice
}

func newGame(t *testing.T, aesKey string) *game {
	g := &game{t: t, aesKey: aesKey}
	g.server = httptest.NewServer(g)
	g.url = g.server.URL + "/callback?of=game"
	t.Cleanup(g.server.Close)
	return g
}

// to is where the game takes pushes, in JSON.
func (g *game) to() emulator.PushConfig {
	return emulator.PushConfig{URL: g.url, Token: pushToken, EncodingAESKey: g.aesKey}
}

func (g *game) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("of") != "game" || q.Get("signature") != sha1Of(pushToken, q.Get("timestamp"), q.Get("nonce")) {
		g.t.Errorf("query %v", q)
	}
	if r.Method == http.MethodGet {
		io.WriteString(w, q.Get("echostr"))
		return
	}
	n := g.read(q, r)
	g.mu.Lock()
	g.got = append(g.got, n)
	i, answer := len(g.got)-1, g.answer
	g.mu.Unlock()
	status, body := http.StatusOK, success
	if answer != nil {
		status, body = answer(i, n)
	}
	w.Header().Set("Location", "/elsewhere") // for redirections, which are not to be followed
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// read checks and reads a push.
func (g *game) read(q url.Values, r *http.Request) (n notice) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		g.t.Error(err)
	}
	read := json.Unmarshal
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") {
		read = xml.Unmarshal
	}
	if g.aesKey != "" {
		var s struct {
			XMLName             xml.Name `json:"-"`
			ToUserName, Encrypt string
		}
		if err := read(body, &s); err != nil || s.ToUserName != "gh_emulator" {
			g.t.Errorf("body %s: %v", body, err)
		}
		if q.Get("encrypt_type") != "aes" || q.Get("msg_signature") != sha1Of(pushToken, q.Get("timestamp"), q.Get("nonce"), s.Encrypt) {
			g.t.Errorf("query %v", q)
		}
		message, appID := open(g.t, g.aesKey, s.Encrypt)
		if appID != emulator.DefaultAppID {
			g.t.Errorf("encrypted for %q", appID)
		}
		body = []byte(message)
	}
	if err := read(body, &n); err != nil {
		g.t.Errorf("body %s: %v", body, err)
	}
	if err := json.Unmarshal([]byte(n.MiniGame.Payload), &n.payload); err != nil {
		g.t.Errorf("payload %q: %v", n.MiniGame.Payload, err)
	}
	key := emulator.DefaultAppKey
	if n.payload["Env"] == 1.0 {
		key = emulator.DefaultSandboxAppKey
	}
	if n.MiniGame.PayEventSig != hmacOf(key, n.Event+"&"+n.MiniGame.Payload) {
		g.t.Errorf("PayEventSig does not fit in %+v", n)
	}
	if n.MsgType != "event" || n.ToUserName != "gh_emulator" || n.FromUserName != q.Get("openid") || n.CreateTime == 0 || n.MiniGame.IsMock == nil {
		g.t.Errorf("envelope %s", body)
	}
	_, _ = fmt.Sscan(q.Get("timestamp"), &n.at)
	return n
}

// answering sets how the n-th push from now on is answered.
func (g *game) answering(answer func(n int, p notice) (int, string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got, g.answer = nil, answer
}

func (g *game) notices() []notice {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.got)
}

func sha1Of(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// open decrypts a message of secure mode.
func open(t *testing.T, aesKey, encrypted string) (message, appID string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(text) == 0 || len(text)%32 != 0 {
		t.Errorf("encrypted text of %d bytes: %v", len(text), err)
		return "", ""
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(text, text)
	padding := int(text[len(text)-1])
	if padding < 1 || padding > 32 || strings.Trim(string(text[len(text)-padding:]), string(rune(padding))) != "" {
		t.Errorf("padding %d", padding)
		return "", ""
	}
	text = text[16 : len(text)-padding]
	n := binary.BigEndian.Uint32(text)
	return string(text[4 : 4+n]), string(text[4+n:])
}

// flush waits until what is due has been sent.
func (f *fixture) flush() {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	if err := f.FlushPushes(ctx); err != nil {
		f.t.Fatal(err)
	}
}

// coins are alice's options for 60 coins, 6 yuan.
func coins(no string) emulator.CoinOptions {
	return emulator.CoinOptions{
		OpenID: alice, OfferID: emulator.DefaultOfferID, ZoneID: "1", OutTradeNo: no, BuyQuantity: 60, Platform: "android", CurrencyType: "CNY", Mode: "game",
	}
}

func (f *fixture) payCoins(no string, fate emulator.Fate) {
	f.t.Helper()
	if err := f.PayCoins(coins(no), fate); err != nil {
		f.t.Fatal(err)
	}
}

// goodsOptions is signData for 2 swords at 6 yuan with other fields, and both its signatures. A nil field is left out.
func goodsOptions(more map[string]any) (signData, paySig, signature string) {
	f := map[string]any{
		"mode": "goods", "offerId": emulator.DefaultOfferID, "buyQuantity": 2, "env": 0, "currencyType": "CNY", "platform": "android",
		"zoneId": "1", "productId": "sword", "goodsPrice": 600, "outTradeNo": "g1", "attach": "a<b>&]]>'c",
	}
	for k, v := range more {
		if f[k] = v; v == nil {
			delete(f, k)
		}
	}
	data, _ := json.Marshal(f)
	key := emulator.DefaultAppKey
	if f["env"] == 1 {
		key = emulator.DefaultSandboxAppKey
	}
	return string(data), hmacOf(key, "requestMidasPaymentGameItem&"+string(data)), hmacOf(aliceKey, string(data))
}

func (f *fixture) payGoods(no string, fate emulator.Fate) {
	f.t.Helper()
	data, paySig, signature := goodsOptions(map[string]any{"outTradeNo": no})
	if err := f.PayGoods(alice, data, paySig, signature, fate); err != nil {
		f.t.Fatal(err)
	}
}

// trade is the one of that number.
func (f *fixture) trade(no string) emulator.Trade {
	f.t.Helper()
	for _, t := range f.Trades() {
		if t.OutTradeNo == no {
			return t
		}
	}
	f.t.Fatalf("no trade %q", no)
	return emulator.Trade{}
}

// query asks after a payment; a nil field is left out.
func (f *fixture) query(more map[string]any) map[string]any {
	f.t.Helper()
	a, err := f.do(f.queryRequest(f.t.Context(), more))
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fixture) queryRequest(ctx context.Context, more map[string]any) *http.Request {
	f.t.Helper()
	const path = "/wxa/game/queryorderinfo"
	body := map[string]any{
		"openid": alice, "offer_id": emulator.DefaultOfferID, "ts": 1668136271, "env": 0, "out_trade_no": "c1", "biz_id": 1,
	}
	for k, v := range more {
		if body[k] = v; v == nil {
			delete(body, k)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	key := emulator.DefaultAppKey
	if body["env"] == 1 {
		key = emulator.DefaultSandboxAppKey
	}
	q := url.Values{
		"access_token": {goodToken}, "sig_method": {"hmac_sha256"}, "signature": {hmacOf(aliceKey, string(text))}, "pay_sig": {hmacOf(key, path+"&"+string(text))},
	}
	req, err := http.NewRequestWithContext(ctx, "POST", f.url+path+"?"+q.Encode(), strings.NewReader(string(text)))
	if err != nil {
		f.t.Fatal(err)
	}
	return req
}

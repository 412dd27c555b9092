package emulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

func hmacOf(key, msg string) string {
	mac := hmac.New(sha256.New, []byte(key))
	io.WriteString(mac, msg)
	return hex.EncodeToString(mac.Sum(nil))
}

// clientCode is the errCode of a client's error, 0 for none, and 1 for an error that no client gets.
func clientCode(err error) int {
	var client *emulator.ClientError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &client):
		return client.Code
	}
	return 1
}

func TestCoinsThatArePaidForReachTheBalance(t *testing.T) {
	f := start(t, emulator.Config{})
	f.payCoins("c1", emulator.Fate{})
	a := f.account()
	if a.Balance != 60 || a.SaveAmt != 60 || a.FirstSave {
		t.Errorf("account %+v", a)
	}
	tr := f.trade("c1")
	want := emulator.Trade{
		OutTradeNo: "c1", Env: emulator.Production, OpenID: alice, ZoneID: "1", Quantity: 60, PriceFen: 10, TotalFen: 600,
		MchOrderNo: tr.MchOrderNo, TransactionID: tr.TransactionID, PaidAt: tr.PaidAt, DeliveredAt: tr.PaidAt,
	}
	if tr != want || len(tr.TransactionID) != 28 || tr.MchOrderNo == "" || tr.PaidAt.IsZero() {
		t.Errorf("trade %+v, want %+v", tr, want)
	}

	// In the sandbox, in the zone that is meant if none is named, under a number of the platform's.
	o := coins("")
	o.Env, o.ZoneID, o.Platform = 1, "", ""
	if err := f.PayCoins(o, emulator.Fate{}); err != nil {
		t.Fatal(err)
	}
	if a := f.Account(emulator.Sandbox, alice, "1"); a.Balance != 60 {
		t.Errorf("account %+v", a)
	}
	if no := f.Trades()[1].OutTradeNo; no[0] != '_' || len(no) > 32 {
		t.Errorf("the platform's number is %q", no)
	}
	if n := len(f.Pushes()); n != 0 {
		t.Errorf("%d pushes to nowhere", n)
	}
}

func TestEveryTierCanBeBoughtAndNothingElse(t *testing.T) {
	tiers := []int64{
		1, 3, 6, 8, 12, 18, 25, 30, 40, 45, 50, 60, 68, 73, 78, 88, 98, 108, 118, 128, 148, 168, 188, 198, 328, 648, 998, 1998, 2998,
	}
	for _, perYuan := range []int64{1, 7, 10, 100} {
		f := start(t, emulator.Config{CoinsPerYuan: perYuan})
		buy := func(coinCount int64) error {
			o := coins("")
			o.BuyQuantity = coinCount
			return f.PayCoins(o, emulator.Fate{})
		}
		for _, yuan := range tiers {
			if err := buy(yuan * perYuan); err != nil {
				t.Errorf("%d yuan at %d coins: %v", yuan, perYuan, err)
			}
		}
		for _, off := range []int64{2 * perYuan, 3000 * perYuan, 6*perYuan + 1, -6 * perYuan, 1 << 62} {
			if got := clientCode(buy(off)); got != -15002 {
				t.Errorf("%d coins at %d: %d", off, perYuan, got)
			}
		}
		if last := f.Trades()[0]; last.TotalFen != 100 || (last.PriceFen*perYuan == 100) != (100%perYuan == 0) {
			t.Errorf("trade %+v", last)
		}
	}
}

func TestEveryMistakeInPayingForCoinsHasItsCode(t *testing.T) {
	f := start(t, emulator.Config{})
	f.payCoins("c1", emulator.Fate{})
	for name, tt := range map[string]struct {
		change func(*emulator.CoinOptions)
		code   int
	}{
		"no mode":              {func(o *emulator.CoinOptions) { o.Mode = "" }, -15001},
		"no offer":             {func(o *emulator.CoinOptions) { o.OfferID = "" }, -15001},
		"no currency":          {func(o *emulator.CoinOptions) { o.CurrencyType = "" }, -15001},
		"no quantity":          {func(o *emulator.CoinOptions) { o.BuyQuantity = 0 }, -15001},
		"another mode":         {func(o *emulator.CoinOptions) { o.Mode = "goods" }, -15002},
		"another offer":        {func(o *emulator.CoinOptions) { o.OfferID = "1" }, -15002},
		"another platform":     {func(o *emulator.CoinOptions) { o.Platform = "ios" }, -15002},
		"no such environment":  {func(o *emulator.CoinOptions) { o.Env = 2 }, -15002},
		"off the tiers":        {func(o *emulator.CoinOptions) { o.BuyQuantity = 61 }, -15002},
		"number begins with _": {func(o *emulator.CoinOptions) { o.OutTradeNo = "_c2" }, -15002},
		"number too long":      {func(o *emulator.CoinOptions) { o.OutTradeNo = strings.Repeat("c", 33) }, -15002},
		"number with a space":  {func(o *emulator.CoinOptions) { o.OutTradeNo = "c 2" }, -15002},
		"another currency":     {func(o *emulator.CoinOptions) { o.CurrencyType = "USD" }, -15006},
		"number used before":   {func(o *emulator.CoinOptions) { o.OutTradeNo = "c1" }, -15003},
		"nobody":               {func(o *emulator.CoinOptions) { o.OpenID = "" }, 1},
		"longest number":       {func(o *emulator.CoinOptions) { o.OutTradeNo = strings.Repeat("c", 28) + "-|*@" }, 0},
		"same number elsewhere": {
			func(o *emulator.CoinOptions) { o.Env = 1; o.OutTradeNo = "c1" }, 0,
		},
	} {
		o := coins("c2" + fmt.Sprint(len(name)))
		tt.change(&o)
		before := len(f.Trades())
		err := f.PayCoins(o, emulator.Fate{})
		if clientCode(err) != tt.code || (err == nil) != (len(f.Trades()) == before+1) {
			t.Errorf("%s: %v, %d trades more, want code %d", name, err, len(f.Trades())-before, tt.code)
		}
	}
	if err := f.PayCoins(coins("c1"), emulator.Fate{}); err == nil || !strings.Contains(err.Error(), "ORDER_NO_DUP") {
		t.Errorf("a number twice: %v", err)
	}
}

func TestEveryMistakeInPayingForGoodsHasItsCode(t *testing.T) {
	catalogue := map[string]int64{"sword": 600, "free": 1}
	for name, tt := range map[string]struct {
		more   map[string]any
		change func(data, paySig, signature *string)
		code   int
	}{
		"as it should be":      {nil, nil, 0},
		"only what is needed":  {map[string]any{"env": nil, "platform": nil, "zoneId": nil, "attach": nil}, nil, 0},
		"in the sandbox":       {map[string]any{"env": 1}, nil, 0},
		"no signData":          {nil, func(d, _, _ *string) { *d = "" }, -15001},
		"no paySig":            {nil, func(_, p, _ *string) { *p = "" }, -15001},
		"no signature":         {nil, func(_, _, s *string) { *s = "" }, -15001},
		"an object, not JSON":  {nil, func(d, _, _ *string) { *d = "[object Object]" }, -15011},
		"a list":               {nil, func(d, _, _ *string) { *d = "[]" }, -15011},
		"null":                 {nil, func(d, _, _ *string) { *d = "null" }, -15011},
		"two objects":          {nil, func(d, _, _ *string) { *d += *d }, -15011},
		"no productId":         {map[string]any{"productId": nil}, nil, -15001},
		"no outTradeNo":        {map[string]any{"outTradeNo": ""}, nil, -15001},
		"no goodsPrice":        {map[string]any{"goodsPrice": nil}, nil, -15001},
		"price as a text":      {map[string]any{"goodsPrice": "600"}, nil, -6},
		"product as a number":  {map[string]any{"productId": 7}, nil, -6},
		"attach as an object":  {map[string]any{"attach": map[string]any{"a": 1}}, nil, -6},
		"half a sword":         {map[string]any{"buyQuantity": 0.5}, nil, -15002},
		"no sword":             {map[string]any{"buyQuantity": 0}, nil, -15002},
		"more than can be":     {map[string]any{"buyQuantity": 1 << 52}, nil, -15002},
		"another mode":         {map[string]any{"mode": "game"}, nil, -15002},
		"another offer":        {map[string]any{"offerId": "1"}, nil, -15002},
		"no such environment":  {map[string]any{"env": 2}, nil, -15002},
		"another platform":     {map[string]any{"platform": "ios"}, nil, -15002},
		"number begins with _": {map[string]any{"outTradeNo": "_g1"}, nil, -15002},
		"another currency":     {map[string]any{"currencyType": "USD"}, nil, -15006},
		"number used before":   {map[string]any{"outTradeNo": "used"}, nil, -15003},
		"unknown product":      {map[string]any{"productId": "crown"}, nil, 3017},
		"another price":        {map[string]any{"goodsPrice": 599}, nil, -15016},
		"paySig of another environment": {
			nil, func(d, p, _ *string) { *p = hmacOf(emulator.DefaultSandboxAppKey, "requestMidasPaymentGameItem&"+*d) }, -15014,
		},
		"paySig of a path":        {nil, func(d, p, _ *string) { *p = hmacOf(emulator.DefaultAppKey, "/"+*d) }, -15014},
		"signData written anew":   {nil, func(d, _, _ *string) { *d = strings.Replace(*d, ":", ": ", 1) }, -15014},
		"signature of nobody":     {nil, func(d, _, s *string) { *s = hmacOf("x", *d) }, -15012},
		"signature of a dead key": {nil, func(d, _, s *string) { *s = hmacOf("old", *d) }, -15015},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, emulator.Config{Goods: catalogue})
			f.payGoods("used", emulator.Fate{})
			f.SetSession(alice, "old")
			f.SetSession(alice, aliceKey)
			data, paySig, signature := goodsOptions(tt.more)
			if tt.change != nil {
				tt.change(&data, &paySig, &signature)
			}
			err := f.PayGoods(alice, data, paySig, signature, emulator.Fate{})
			if clientCode(err) != tt.code || (err == nil) != (len(f.Trades()) == 2) {
				t.Errorf("%v, want code %d; %d trades", err, tt.code, len(f.Trades()))
			}
		})
	}
}

func TestGoodsNeedALiveSessionAndWithoutACatalogueNoListedPrice(t *testing.T) {
	f := start(t, emulator.Config{StaleKeyAsBadSig: true})
	data, paySig, signature := goodsOptions(map[string]any{"productId": "crown", "goodsPrice": 7, "outTradeNo": "g1"})
	if err := f.PayGoods(alice, data, paySig, signature, emulator.Fate{}); err != nil {
		t.Error(err)
	}
	want := emulator.Trade{
		OutTradeNo: "g1", Env: emulator.Production, OpenID: alice, ZoneID: "1", Goods: true, ProductID: "crown", Quantity: 2, PriceFen: 7, TotalFen: 14,
		Attach: "a<b>&]]>'c",
	}
	got := f.trade("g1")
	got.MchOrderNo, got.TransactionID, got.PaidAt = "", "", time.Time{}
	if got != want {
		t.Errorf("trade %+v", got)
	}
	data, paySig, signature = goodsOptions(map[string]any{"goodsPrice": 0, "outTradeNo": "g0"})
	if got := clientCode(f.PayGoods(alice, data, paySig, signature, emulator.Fate{})); got != -15002 {
		t.Errorf("for nothing: %d", got)
	}

	data, paySig, signature = goodsOptions(map[string]any{"outTradeNo": "g2"})
	f.SetSession(alice, "new") // what the old key signed is then just wrong, if so configured
	if got := clientCode(f.PayGoods(alice, data, paySig, signature, emulator.Fate{})); got != -15012 {
		t.Errorf("with a replaced session key: %d", got)
	}
	f.ExpireSession(alice)
	if got := clientCode(f.PayGoods(alice, data, paySig, signature, emulator.Fate{})); got != -15015 {
		t.Errorf("without a session: %d", got)
	}
	if got := clientCode(f.PayGoods("", data, paySig, signature, emulator.Fate{})); got != -15015 {
		t.Errorf("nobody: %d", got)
	}
}

func TestAFateThatContradictsItselfIsRefused(t *testing.T) {
	f := start(t, emulator.Config{})
	for name, fate := range map[string]emulator.Fate{
		"negative credit": {CreditAfter: -1}, "negative push": {PushAfter: -1}, "negative repeat": {Repeat: -1},
		"lost but late": {NoPush: true, PushAfter: 1}, "lost but repeated": {NoPush: true, Repeat: 1},
	} {
		if err := f.PayCoins(coins("c1"), fate); clientCode(err) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	data, paySig, signature := goodsOptions(nil)
	if err := f.PayGoods(alice, data, paySig, signature, emulator.Fate{CreditAfter: 1}); clientCode(err) != 1 {
		t.Errorf("goods with a late credit: %v", err)
	}
	if n := len(f.Trades()); n != 0 {
		t.Errorf("%d trades", n)
	}
	for _, text := range []string{`{"push_afer":"1s"}`, `{"push_after":"1"}`, `{"credit_after":"soon"}`, `{"repeat":"1"}`} {
		var fate emulator.Fate
		if err := json.Unmarshal([]byte(text), &fate); err == nil {
			t.Errorf("%s became %+v", text, fate)
		}
	}
	want := emulator.Fate{CreditAfter: time.Minute, PushAfter: time.Hour, Repeat: 3}
	text, err := json.Marshal(want)
	var got emulator.Fate
	if err = errors.Join(err, json.Unmarshal(text, &got)); err != nil || got != want {
		t.Errorf("%s became %+v, %v", text, got, err)
	}
}

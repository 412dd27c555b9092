package emulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

func TestAnIPhonePaysInProductionFromItsVersionsOn(t *testing.T) {
	f := start(t, emulator.Config{})
	fit := emulator.Device{Platform: "ios", System: "iOS 15.0", WeChat: "8.0.68", SDK: "3.10.3"}
	with := func(change func(*emulator.Device)) emulator.Device {
		d := fit
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		device emulator.Device
		env    int64
		code   int
	}{
		"as it should be":    {fit, 0, 0},
		"newer":              {with(func(d *emulator.Device) { d.System, d.WeChat, d.SDK = "iOS 26.1", "8.1", "3.11.0" }), 0, 0},
		"versions not known": {emulator.Device{Platform: "ios"}, 0, 0},
		"the sandbox":        {fit, 1, 701001},
		"an old system":      {with(func(d *emulator.Device) { d.System = "iOS 14.8.1" }), 0, 701001},
		"an old WeChat":      {with(func(d *emulator.Device) { d.WeChat = "8.0.67" }), 0, 701001},
		"an old library":     {with(func(d *emulator.Device) { d.SDK = "3.9.12" }), 0, 701001},
		"Windows, sandbox":   {emulator.Device{Platform: "windows", System: "Windows 10"}, 1, 0},
		"HarmonyOS":          {emulator.Device{Platform: "ohos"}, 0, 0},
	} {
		f.SetDevice(alice, c.device)
		o := coins(fmt.Sprintf("c%d", len(f.Trades())))
		o.Env, o.Platform = c.env, ""
		if err := f.PayCoins(o, emulator.Fate{}); clientCode(err) != c.code {
			t.Errorf("%s: %v, want code %d", name, err, c.code)
		}
		env := map[int64]string{0: "production", 1: "sandbox"}[c.env]
		said := f.must("GET", "device/support?env="+env+"&openid="+alice, "")
		if allowed := said["allow_pay"].(bool); allowed != (c.code == 0) || said["err_code"].(float64) != float64(c.code) {
			t.Errorf("%s: checkIsSupportMidasPayment says %v", name, said)
		}
	}
	f.SetDevice(alice, emulator.Device{Platform: "ios", System: "iOS 14"})
	data, paySig, signature := goodsOptions(nil)
	if err := f.PayGoods(alice, data, paySig, signature, emulator.Fate{}); clientCode(err) != 701001 {
		t.Errorf("goods on an old iPhone: %v", err)
	}
}

// signedCoins is signData for 60 coins, 6 yuan, with other fields, and both its signatures.
func signedCoins(more map[string]any) (signData, paySig, signature string) {
	all := map[string]any{"mode": "coins", "buyQuantity": 60, "goodsPrice": 10, "productId": nil, "attach": nil, "outTradeNo": "c1", "platform": nil}
	for k, v := range more {
		all[k] = v
	}
	return goodsOptions(all)
}

func TestCoinsAreBoughtWithASignature(t *testing.T) {
	for name, c := range map[string]struct {
		more   map[string]any
		change func(data *string)
		rate   bool // goodsPrice is read as coins a yuan
		code   int
	}{
		"as it should be":             {},
		"with the old platform":       {more: map[string]any{"platform": "android"}},
		"another quantity":            {change: func(d *string) { *d = replaced(t, *d, `"buyQuantity":60`, `"buyQuantity":10`) }, code: -15014},
		"off the tiers":               {more: map[string]any{"buyQuantity": 61}, code: -15002},
		"another price":               {more: map[string]any{"goodsPrice": 1}, code: -15016},
		"the price of the other rate": {more: map[string]any{"goodsPrice": 20}, code: -15016},
		"a rate":                      {rate: true},
		"number used before":          {more: map[string]any{"outTradeNo": "used"}, code: -15003},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, emulator.Config{CoinPriceIsRate: c.rate})
			f.payCoins("used", emulator.Fate{})
			f.SetSession(alice, aliceKey)
			data, paySig, signature := signedCoins(c.more)
			if c.change != nil {
				c.change(&data)
			}
			before := f.Account(emulator.Production, alice, "1").Balance
			err := f.PayGoods(alice, data, paySig, signature, emulator.Fate{})
			got := f.Account(emulator.Production, alice, "1").Balance - before
			if clientCode(err) != c.code || (got == 60) != (c.code == 0) || c.code != 0 && got != 0 {
				t.Errorf("%v, want code %d; %d coins came", err, c.code, got)
			}
			if trade := f.Trades()[len(f.Trades())-1]; c.code == 0 && (trade.Goods || trade.Quantity != 60 || trade.TotalFen != 600) {
				t.Errorf("sold %+v", trade)
			}
		})
	}
}

// With 20 coins a yuan the two readings of goodsPrice differ: 5 fen a coin, or 20.
func TestTheTwoReadingsOfACoinsPriceDifferAtAnotherRate(t *testing.T) {
	for _, rate := range []bool{false, true} {
		f := start(t, emulator.Config{CoinsPerYuan: 20, CoinPriceIsRate: rate})
		f.SetSession(alice, aliceKey)
		for price, fits := range map[int]bool{5: !rate, 20: rate, 10: false} {
			data, paySig, signature := signedCoins(map[string]any{"goodsPrice": price, "outTradeNo": fmt.Sprint("c", price)})
			if err := f.PayGoods(alice, data, paySig, signature, emulator.Fate{}); (err == nil) != fits || !fits && clientCode(err) != -15016 {
				t.Errorf("goodsPrice %d, read as a rate: %t: %v", price, rate, err)
			}
		}
	}
}

func replaced(t *testing.T, text, old, by string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q is not once in %s", old, text)
	}
	return strings.Replace(text, old, by, 1)
}

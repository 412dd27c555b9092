package midas_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// In clear mode WeChat signs the time and the nonce and not the body, so a query out of a proxy's log must be good for
// nothing.
func TestAQueryIsGoodForOneMessageOfTheLastMinutes(t *testing.T) {
	r := pushReader(t, nil)
	other := []byte(`{"MsgType":"text","Content":"hello"}`)
	query := signedQuery(pushTime)
	p, err := r.Read(query, other)
	if err != nil || r.Once(query, p) != nil {
		t.Fatal(err)
	}
	if err := r.Once(query, p); !errors.Is(err, midas.ErrPushForged) {
		t.Errorf("used again: %v", err)
	}
	r.Forget(query)
	if err := r.Once(query, p); err != nil {
		t.Errorf("sent again after a failure: %v", err)
	}
	if _, err := r.Read(signedQuery(pushTime.Add(-6*time.Minute)), other); !errors.Is(err, midas.ErrPushStale) {
		t.Errorf("of six minutes ago: %v", err)
	}
	payment := midas.Push{Event: midas.PushGoods}
	for range 3 { // Midas repeats it for a day
		if err := r.Once(query, payment); err != nil {
			t.Error(err)
		}
	}
}

func TestATimestampHasTenDigits(t *testing.T) {
	r := pushReader(t, nil)
	for _, at := range []string{"", "1", "+171403650", "00001714036504", "171403650x", "99999999999"} {
		q := url.Values{"timestamp": {at}, "nonce": {"n"}, "signature": {sha1Of(guideToken, at, "n")}}
		if _, err := r.Echo(q); err == nil {
			t.Errorf("%q is taken for a time", at)
		}
	}
}

func TestAnEnvironmentIsZeroOrOne(t *testing.T) {
	for _, env := range []string{"2", "-1", "10"} {
		payload := fmt.Sprintf(`{"OpenId":"o1","Env":%s,"OutTradeNo":"T","CoinInfo":{"BuyQuantity":60}}`, env)
		for _, key := range []midas.Secret{"12345", "54321"} {
			body := envelope(false, string(midas.PushCoins), payload, midas.PayEventSig(midas.PushCoins, payload, key), false)
			if _, err := pushReader(t, nil).Read(signedQuery(pushTime), body); !errors.Is(err, midas.ErrPushMalformed) {
				t.Errorf("Env %s: %v", env, err)
			}
		}
	}
}

// What nothing depends on may be written in other ways.
func TestWhatIsNotNeededOfAPushMayBeWrittenOtherwise(t *testing.T) {
	const plain = `{"OpenId":"o1","Env":0,"OutTradeNo":"T","WeChatPayInfo":{"MchOrderNo":"1"},"GoodsInfo":{"ProductId":"p","Quantity":1,"ZoneId":"1","OrigPrice":600,"ActualPrice":600,"Attach":""}}`
	for old, new := range map[string]string{`"ZoneId":"1"`: `"ZoneId":1`, `600,`: `600.0,`, `"Attach":""`: `"Attach":null`, `{"MchOrderNo":"1"}`: `[]`, `"Env":0`: `"Env":"0"`} {
		payload := strings.Replace(plain, old, new, 1)
		body := envelope(false, string(midas.PushGoods), payload, midas.PayEventSig(midas.PushGoods, payload, "12345"), false)
		if p, err := pushReader(t, nil).Read(signedQuery(pushTime), body); err != nil || p.Price != 600 || p.ZoneID != "1" {
			t.Errorf("%s: %+v, %v", new, p, err)
		}
	}
}

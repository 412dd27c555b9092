package midas_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

func v2(c *midas.Config) { c.V2 = true }

// In V2 two codes of V1 mean something else, and what they mean is decided by who answered.
func TestCodesThatV2Changed(t *testing.T) {
	for n, want := range map[int]struct {
		is      error
		verdict midas.Verdict
	}{
		90010: {midas.ErrBadMPSig, midas.VerdictLogin},
		90011: {midas.ErrBadSig, midas.VerdictRefused},
		90012: {midas.ErrBillExists, midas.VerdictAlready},
		90013: {midas.ErrInsufficientBalance, midas.VerdictRefused},
		90016: {midas.ErrSessionExpired, midas.VerdictLogin},
		90019: {midas.ErrTradeUnknown, midas.VerdictRefused},
		-1:    {midas.ErrSystemBusy, midas.VerdictUnknown},
	} {
		for _, e := range []midas.Endpoint{midas.EndpointPay, midas.EndpointCancel} {
			err := &midas.Error{Endpoint: e, Code: n, V2: true}
			if !errors.Is(err, want.is) || err.Verdict() != want.verdict || err.Advice() == "" {
				t.Errorf("%s %d is %v (%s)", e, n, err, err.Verdict())
			}
		}
	}
}

func TestV2SessionsEndAsTheyDoInV1(t *testing.T) {
	c, emu, p := world(t, emulator.Config{}, v2)
	if _, err := c.Code2Session(t.Context(), emu.Code(p.OpenID)); err != nil { // a login elsewhere
		t.Fatal(err)
	}
	_, err := c.Pay(t.Context(), midas.PayRequest{Player: p, BillNo: "b", Amount: 1})
	if !errors.Is(err, midas.ErrSessionExpired) || midas.VerdictOf(err) != midas.VerdictLogin {
		t.Errorf("a replaced key: %v", err)
	}
	p.SessionKey = "never a key"
	_, err = c.Pay(t.Context(), midas.PayRequest{Player: p, BillNo: "b", Amount: 1})
	if !errors.Is(err, midas.ErrBadMPSig) || midas.VerdictOf(err) != midas.VerdictLogin {
		t.Errorf("a wrong key: %v", err)
	}
	wrong, _, q := world(t, emulator.Config{}, v2, func(c *midas.Config) { c.AppKey = emulator.DefaultAppKey })
	if _, err = wrong.Balance(t.Context(), q); !errors.Is(err, midas.ErrBadSig) {
		t.Errorf("the other environment's key: %v", err)
	}
}

// The number of a refund follows from the bill's, so that asking again gives back once.
func TestV2GivesBackOnce(t *testing.T) {
	c, emu, p := world(t, emulator.Config{}, v2)
	if _, err := c.Pay(t.Context(), midas.PayRequest{Player: p, BillNo: "b", Amount: 30}); err != nil {
		t.Fatal(err)
	}
	if err := emu.Script("cancelpay", emulator.Fault{Kind: emulator.Fail}); err != nil {
		t.Fatal(err)
	}
	cancel := func() midas.Verdict {
		_, err := c.CancelPay(t.Context(), midas.CancelPayRequest{Player: p, BillNo: "b", Amount: 30})
		return midas.VerdictOf(err)
	}
	if first, second := cancel(), cancel(); first != midas.VerdictUnknown || second != midas.VerdictAlready {
		t.Errorf("%s, then %s", first, second)
	}
	if b, err := c.Balance(t.Context(), p); err != nil || b.Balance != 100 {
		t.Errorf("%+v, %v", b, err)
	}
	_, err := c.CancelPay(t.Context(), midas.CancelPayRequest{Player: p, BillNo: "other", Amount: 30})
	if !errors.Is(err, midas.ErrBillUnknown) {
		t.Errorf("a bill nobody knows: %v", err)
	}
}

func TestV2GivesBackInParts(t *testing.T) {
	c, _, p := world(t, emulator.Config{}, v2)
	if _, err := c.Pay(t.Context(), midas.PayRequest{Player: p, BillNo: "b", Amount: 30}); err != nil {
		t.Fatal(err)
	}
	for i, part := range []struct {
		refund string
		amount midas.Coins
		fails  error
		left   midas.Coins
	}{
		{"b-1", 10, nil, 80},
		{"b-1", 10, midas.ErrBillExists, 80}, // the same part again
		{"b-2", 15, nil, 95},
		{"b-3", 6, midas.ErrBadParameter, 95}, // more than is left
		{"b-3", 5, nil, 100},
		{"b-4", 1, midas.ErrBadParameter, 100},
	} {
		_, err := c.CancelPay(t.Context(), midas.CancelPayRequest{Player: p, BillNo: "b", RefundNo: part.refund, Amount: part.amount})
		if !errors.Is(err, part.fails) || (part.fails == nil) != (err == nil) {
			t.Errorf("part %d: %v, want %v", i, err, part.fails)
		}
		if b, err := c.Balance(t.Context(), p); err != nil || b.Balance != part.left {
			t.Errorf("after part %d: %+v, %v", i, b, err)
		}
	}
	old, _, q := world(t, emulator.Config{})
	if _, err := old.CancelPay(t.Context(), midas.CancelPayRequest{Player: q, BillNo: "b", RefundNo: "b-1", Amount: 1}); !errors.Is(err, midas.ErrRefusedHere) {
		t.Errorf("by V1: %v", err)
	}
}

func TestV2RefusesHereWhatCannotBeMeant(t *testing.T) {
	c := against(t, "http://127.0.0.1:1", v2, withToken)
	nobody := midas.Player{OpenID: "o", ZoneID: "1"}
	for name, ask := range map[string]func() error{
		"no session": func() error { _, err := c.Balance(t.Context(), nobody); return err },
		"no amount to give back": func() error {
			_, err := c.CancelPay(t.Context(), midas.CancelPayRequest{Player: alice, BillNo: "b"})
			return err
		},
		"a bill number that leaves no room": func() error {
			_, err := c.CancelPay(t.Context(), midas.CancelPayRequest{Player: alice, BillNo: strings.Repeat("b", 62), Amount: 1})
			return err
		},
		"a trade number that is none": func() error { _, err := c.QueryOrder(t.Context(), alice, "_x", midas.BizCoins); return err },
		"a kind that is none":         func() error { _, err := c.QueryOrder(t.Context(), alice, "x", 3); return err },
	} {
		if err := ask(); !errors.Is(err, midas.ErrRefusedHere) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := against(t, "http://127.0.0.1:1", withToken).QueryOrder(t.Context(), alice, "x", midas.BizCoins); !errors.Is(err, midas.ErrRefusedHere) {
		t.Errorf("by V1: %v", err)
	}
}

func TestQueryOrderReadsWhatWasPaid(t *testing.T) {
	for answer, want := range map[string]midas.OrderInfo{
		`{"errcode":0,"out_trade_no":"t1","product_id":"sword","pay_state":2,"deliver_state":1,"pay_finish_time":1700000000,"mch_order_no":"m","transaction_id":"w"}`: {
			OutTradeNo: "t1", ProductID: "sword", Paid: true, PaidAt: time.Unix(1700000000, 0), MchOrderNo: "m", TransactionID: "w",
		},
		`{"errcode":0,"out_trade_no":"t1","pay_state":1,"deliver_state":1}`: {OutTradeNo: "t1"},
	} {
		var asked *http.Request
		var body string
		c := against(t, "https://midas.test", v2, withToken, func(cfg *midas.Config) {
			cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				sent, err := io.ReadAll(r.Body)
				asked, body = r, string(sent)
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, err
			})
		})
		got, err := c.QueryOrder(t.Context(), alice, "t1", midas.BizGoods)
		if err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		q := asked.URL.Query()
		if asked.URL.Path != "/wxa/game/queryorderinfo" || !strings.Contains(body, `"biz_id":2`) || !strings.Contains(body, `"env":1`) ||
			q.Get("pay_sig") != midas.PaySigV2(asked.URL.Path, []byte(body), emulator.DefaultSandboxAppKey) ||
			q.Get("signature") != midas.SignatureV2([]byte(body), alice.SessionKey) {
			t.Errorf("sent %s?%s: %s", asked.URL.Path, asked.URL.RawQuery, body)
		}
	}
	other := against(t, "https://midas.test", v2, withToken, func(cfg *midas.Config) {
		cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"errcode":0,"out_trade_no":"t2","pay_state":2}`)), Request: r}, nil
		})
	})
	if _, err := other.QueryOrder(t.Context(), alice, "t1", midas.BizCoins); !errors.Is(err, midas.ErrBadReply) {
		t.Errorf("an answer about another order: %v", err)
	}
}

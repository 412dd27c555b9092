package midas_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/midas"
)

// calls is each call by its name.
func callsOf(c *midas.Client, p midas.Player) map[string]func() error {
	return map[string]func() error{
		"balance": func() error { _, err := c.Balance(context.Background(), p); return err },
		"pay": func() error {
			_, err := c.Pay(context.Background(), midas.PayRequest{Player: p, BillNo: "b", Amount: 1})
			return err
		},
		"cancel": func() error {
			_, err := c.CancelPay(context.Background(), midas.CancelPayRequest{Player: p, BillNo: "b", Amount: 1})
			return err
		},
		"present": func() error {
			_, err := c.Present(context.Background(), midas.PresentRequest{Player: p, BillNo: "b", Amount: 1})
			return err
		},
		"query": func() error { _, err := c.QueryOrder(context.Background(), p, "b", midas.BizGoods); return err },
		"login": func() error { _, err := c.Code2Session(context.Background(), "the-login-code/+1"); return err },
	}
}

// saying is a Midas that answers everything with one text.
func saying(t *testing.T, reply func(r *http.Request, body string) string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, reply(r, string(body)))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A server may repeat what it got, in any form and cut anywhere; what is stored and logged of it holds no secret.
func TestWhatMidasSaysIsKeptWithoutTheSecretsOfTheCall(t *testing.T) {
	const token, session = "73_T0ken/with+signs=and-more-of-it", "c2Vzc2lvbi+/b2YtYWxpY2U="
	p := midas.Player{OpenID: "o", ZoneID: "1", SessionKey: session}
	for how, echo := range map[string]func(r *http.Request, body string) string{
		"the URL":         func(r *http.Request, _ string) string { return r.URL.String() },
		"the URL decoded": func(r *http.Request, _ string) string { u, _ := url.QueryUnescape(r.URL.String()); return u },
		"its token":       func(*http.Request, string) string { return "invalid credential " + token },
		"its token cut":   func(*http.Request, string) string { return "invalid credential " + token[:20] + "..." },
		"the key":         func(*http.Request, string) string { return "signature of " + session + " differs" },
		"the key escaped": func(*http.Request, string) string { return strings.ReplaceAll(session, "/", `\/`) },
		"after much else": func(*http.Request, string) string { return strings.Repeat("x", 190) + session },
		"the body":        func(_ *http.Request, body string) string { return body },
	} {
		for _, two := range []bool{false, true} {
			var log lines
			at := saying(t, func(r *http.Request, body string) string {
				text, _ := json.Marshal(map[string]any{"errcode": 90018, "errmsg": echo(r, body)})
				return string(text)
			})
			c := against(t, at, func(cfg *midas.Config) {
				cfg.Tokens, cfg.V2, cfg.Logger = fixed(token), two, slog.New(slog.NewTextHandler(&log, nil))
				cfg.AppSecret = "0123456789abcdef0123456789abcdef"
			})
			for name, call := range callsOf(c, p) {
				err := call()
				if err == nil {
					t.Fatalf("%s: no error", name)
				}
				secrets := []string{token, url.QueryEscape(token), token[:16], session, url.QueryEscape(session), session[:12]}
				if name == "login" { // it has no others
					secrets = []string{"0123456789abcdef", "the-login-code"}
				}
				told := fmt.Sprintf("%v %+v %#v", err, err, err) + log.String()
				for _, secret := range secrets {
					if strings.Contains(told, secret) {
						t.Errorf("%s repeats %s, V2 %t: %q is told in %s", name, how, two, secret, told)
					}
				}
				log.Reset()
			}
		}
	}
}

// What has no sum is no sum of 0.
func TestAReplyWithoutItsSumMakesNoSense(t *testing.T) {
	for _, two := range []bool{false, true} {
		for _, reply := range []string{`{"errcode":0,"errmsg":"ok"}`, `{"errcode":0,"errmsg":"ok","balance":null}`, `{"errcode":0,"errmsg":"ok","balance":""}`} {
			c := against(t, saying(t, func(*http.Request, string) string { return reply }), withToken, func(cfg *midas.Config) { cfg.V2 = two })
			for name, call := range callsOf(c, alice) {
				switch err := call(); {
				case name == "cancel" && reply == `{"errcode":0,"errmsg":"ok"}`: // it has no sum
					if err != nil {
						t.Errorf("cancel: %v", err)
					}
				case name == "cancel", name == "query" && !two:
				case !errors.Is(err, midas.ErrBadReply) || midas.VerdictOf(err) != midas.VerdictUnknown:
					t.Errorf("%s, V2 %t, %s: %v", name, two, reply, err)
				}
			}
		}
	}
}

// A field of another JSON type spoils a reply only if it is a sum, a number of an order, or a state.
func TestRepliesAreReadLenientlyWhereNothingDependsOnThem(t *testing.T) {
	for text, good := range map[string]bool{
		`{"errcode":"0","errmsg":0,"balance":"11"}`:                                                               true,
		`{"errcode":0,"balance":11.00,"first_save":"1","product_id":[],"transaction_id":{},"pay_finish_time":""}`: true,
		"\ufeff" + `{"balance":11}`:                                                                               true,
		`{"errcode":0,"balance":11,"save_amt":{}}`:                                                                false,
		`{"errcode":0,"balance":11,"save_amt":"many"}`:                                                            false,
		`{"errcode":0,"balance":"-11"}`:                                                                           false,
		`{"errcode":0,"balance":"11.5"}`:                                                                          false,
		`{"errcode":0,"balance":"9007199254740993"}`:                                                              false,
		`{"errcode":0,"balance":true}`:                                                                            false,
		`{"errcode":0,"balance":[11]}`:                                                                            false,
		`{"errcode":0,"balance":11,"bill_no":"somebody-else's"}`:                                                  false,
	} {
		for _, two := range []bool{false, true} {
			if two && strings.Contains(text, "save_amt") {
				continue // of V1
			}
			c := against(t, saying(t, func(*http.Request, string) string { return text }), withToken, func(cfg *midas.Config) { cfg.V2 = two })
			b, err := c.Balance(context.Background(), alice)
			if got := err == nil && b.Balance == 11; got != good || err != nil && !errors.Is(err, midas.ErrBadReply) {
				t.Errorf("V2 %t, %s: %+v, %v", two, text, b, err)
			}
		}
	}
	for text, good := range map[string]bool{
		`{"errcode":0,"out_trade_no":"b","pay_state":"2","deliver_state":"x","pay_finish_time":"1700000000"}`: true,
		`{"errcode":0,"out_trade_no":"b","pay_state":2,"pay_finish_time":1700000000123,"mch_order_no":42}`:    true,
		`{"errcode":0,"out_trade_no":"b","pay_state":"paid","pay_finish_time":1700000000}`:                    false,
		`{"errcode":0,"out_trade_no":["b"],"pay_state":2,"pay_finish_time":1700000000}`:                       false,
	} {
		c := against(t, saying(t, func(*http.Request, string) string { return text }), withToken, func(cfg *midas.Config) { cfg.V2 = true })
		o, err := c.QueryOrder(context.Background(), alice, "b", midas.BizGoods)
		if got := err == nil && o.Paid && o.PaidAt.Unix() == 1700000000; got != good {
			t.Errorf("%s: %+v, %v", text, o, err)
		}
	}
}

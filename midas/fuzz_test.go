package midas_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/leafmidas/leafmidas/midas"
)

// Whatever comes back as a reply, it is a success that can be believed or an error that says what it means.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		`{"errcode":0,"errmsg":"ok","bill_no":"b","balance":7,"used_gen_balance":1}`,
		`{"errcode":90012,"errmsg":"order exist rid: 5f-6a-7b"}`,
		`{"errcode":-1,"errmsg":"1034-131-0 余额不足"}`,
		`{"errcode":0,"balance":1e2}`,
		`{"errcode":0,"balance":9007199254740993}`,
		`{"errcode":0,"first_save":2,"balance":null}`,
		`{"errcode":1e99}`,
		"<html></html>", "", "{", "null", `{"errcode":0,"bill_no":"c"}`, "\xff\xfe{}",
	} {
		f.Add(seed)
	}
	var reply string
	c, err := midas.New(midas.Config{
		AppID: "a", AppSecret: "s", OfferID: "o", AppKey: "k", Tokens: fixed("t"),
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(reply)), Request: r}, nil
		}),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reply = text
		paid, err := c.Pay(t.Context(), midas.PayRequest{Player: alice, BillNo: "b", Amount: 1})
		if err == nil {
			if paid.Balance < 0 || paid.Balance > midas.MaxCoins || paid.UsedPresent < 0 || paid.BillNo != "b" {
				t.Fatalf("%q is believed as %+v", text, paid)
			}
			return
		}
		answer, isAnswer := errors.AsType[*midas.Error](err)
		call, isCall := errors.AsType[*midas.CallError](err)
		if isAnswer == isCall || isCall && call.Verdict() != midas.VerdictUnknown {
			t.Fatalf("%q is %#v", text, err)
		}
		if isAnswer && (answer.Code == 0 || !utf8.ValidString(answer.Message) || strings.ContainsAny(answer.Message, "\n\x1b")) {
			t.Fatalf("%q is %#v", text, answer)
		}
		if !utf8.ValidString(err.Error()) {
			t.Fatalf("%q makes the error %q", text, err)
		}
	})
}

// Every reading of a login and of a balance ends, too.
func FuzzLoginReply(f *testing.F) {
	for _, seed := range []string{
		`{"openid":"o","session_key":"k","unionid":"u"}`, `{"errcode":40029,"errmsg":"invalid code, hints: [ req_id: x ]"}`, `{"openid":7}`, "{}",
	} {
		f.Add(seed)
	}
	var reply string
	c, err := midas.New(midas.Config{
		AppID: "a", AppSecret: "s", OfferID: "o", AppKey: "k",
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(reply)), Request: r}, nil
		}),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reply = text
		if s, err := c.Code2Session(t.Context(), "code"); err == nil && (s.OpenID == "" || s.SessionKey == "") {
			t.Fatalf("%q logs nobody in", text)
		}
	})
}

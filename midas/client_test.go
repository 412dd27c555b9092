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
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
	"github.com/leafmidas/leafmidas/midas"
)

// against makes a client of a Midas at url, with the emulator's keys.
func against(t *testing.T, url string, change ...func(*midas.Config)) *midas.Client {
	t.Helper()
	cfg := midas.Config{
		BaseURL: url, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, Sandbox: true, Timeout: 10 * time.Second, Logger: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&cfg)
	}
	c, err := midas.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// fixed is a token that needs no fetching.
type fixed midas.Secret

func (f fixed) Token(context.Context) (midas.Secret, error) { return midas.Secret(f), nil }
func (f fixed) Replace(context.Context, midas.Secret) (midas.Secret, error) {
	return midas.Secret(f), nil
}

func quick(d time.Duration) func(*midas.Config) { return func(c *midas.Config) { c.Timeout = d } }

func withToken(c *midas.Config) { c.Tokens = fixed("the-token") }

var alice = midas.Player{OpenID: "openid-of-alice", ZoneID: "1", SessionKey: "c2Vzc2lvbi1vZi1hbGljZQ=="}

// world is a client and the emulator it talks to, with a player who has coins.
func world(t *testing.T, cfg emulator.Config, change ...func(*midas.Config)) (*midas.Client, *emulator.Server, midas.Player) {
	t.Helper()
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	url, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	c := against(t, url, change...)
	openid := emulator.OpenIDOf("alice")
	if err := emu.Recharge(emulator.Sandbox, openid, "1", 100); err != nil {
		t.Fatal(err)
	}
	session, err := c.Code2Session(t.Context(), emu.Code(openid))
	if err != nil {
		t.Fatal(err)
	}
	if session.OpenID != openid {
		t.Fatalf("logged in as %q", session.OpenID)
	}
	return c, emu, midas.Player{OpenID: openid, ZoneID: "1", SessionKey: session.SessionKey, UserIP: "203.0.113.7"}
}

// eras are the ways Midas has checked signatures over the years, as the emulator can be told.
var eras = map[string]struct {
	emulator emulator.Config
	client   func(*midas.Config)
}{
	"2018 both signatures":        {emulator.Config{}, func(*midas.Config) {}},
	"2018 optional ones signed":   {emulator.Config{}, func(c *midas.Config) { c.SignOptional = true }},
	"2020 without mp_sig":         {emulator.Config{MPSigIgnored: true, SessionOptional: true, UsedGenAmt: true}, func(c *midas.Config) { c.NoMPSig = true }},
	"2020 mp_sig sent all along":  {emulator.Config{MPSigIgnored: true}, func(*midas.Config) {}},
	"first_save as a number":      {emulator.Config{FirstSaveAsNumber: true}, func(*midas.Config) {}},
	"optional ones must stay out": {emulator.Config{OptionalUnsigned: true}, func(*midas.Config) {}},
	"production": {emulator.Config{}, func(c *midas.Config) {
		c.Sandbox, c.AppKey = false, emulator.DefaultAppKey
	}},
	"V2": {emulator.Config{}, func(c *midas.Config) { c.V2 = true }},
	"V2 production": {emulator.Config{}, func(c *midas.Config) {
		c.V2, c.Sandbox, c.AppKey = true, false, emulator.DefaultAppKey
	}},
}

func TestTheFourCallsInEveryEra(t *testing.T) {
	for name, era := range eras {
		t.Run(name, func(t *testing.T) {
			c, emu, p := world(t, era.emulator, era.client)
			if err := emu.Recharge(emulator.Production, p.OpenID, "1", 100); err != nil {
				t.Fatal(err)
			}
			given, err := c.Present(t.Context(), midas.PresentRequest{Player: p, BillNo: "gift-1", Amount: 5})
			if err != nil || given.Balance != 105 || given.BillNo != "gift-1" {
				t.Fatalf("present: %+v, %v", given, err)
			}
			paid, err := c.Pay(t.Context(), midas.PayRequest{Player: p, BillNo: "bill-1", Amount: 30, Item: "剑 & sword", Remark: "a=b"})
			if err != nil || paid != (midas.PayResult{BillNo: "bill-1", Balance: 75, UsedPresent: 5}) {
				t.Fatalf("pay: %+v, %v", paid, err)
			}
			back, err := c.CancelPay(t.Context(), midas.CancelPayRequest{Player: p, BillNo: "bill-1", Amount: 30, Item: "剑"})
			if err != nil || back.BillNo != "bill-1" {
				t.Fatalf("cancelpay: %+v, %v", back, err)
			}
			b, err := c.Balance(t.Context(), p)
			want := midas.Balance{Balance: 105, PresentBalance: 5, FirstSave: b.FirstSave, SaveAmt: 100, SaveSum: 105, PresentSum: 5}
			if err != nil || b != want {
				t.Fatalf("getbalance: %+v, %v", b, err)
			}
		})
	}
}

func TestNothingMalformedIsSent(t *testing.T) {
	sent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
	defer sent.Close()
	c := against(t, sent.URL, withToken)
	pay := func(change func(*midas.PayRequest)) error {
		r := midas.PayRequest{Player: alice, BillNo: "b", Amount: 1}
		change(&r)
		_, err := c.Pay(t.Context(), r)
		return err
	}
	for name, err := range map[string]error{
		"no openid":       pay(func(r *midas.PayRequest) { r.Player.OpenID = "" }),
		"no zone":         pay(func(r *midas.PayRequest) { r.Player.ZoneID = "" }),
		"no session":      pay(func(r *midas.PayRequest) { r.Player.SessionKey = "" }),
		"no bill":         pay(func(r *midas.PayRequest) { r.BillNo = "" }),
		"bill too long":   pay(func(r *midas.PayRequest) { r.BillNo = strings.Repeat("b", 64) }),
		"bill with a *":   pay(func(r *midas.PayRequest) { r.BillNo = "a*b" }),
		"bill with _":     pay(func(r *midas.PayRequest) { r.BillNo = "_b" }),
		"nothing to pay":  pay(func(r *midas.PayRequest) { r.Amount = 0 }),
		"less than that":  pay(func(r *midas.PayRequest) { r.Amount = -1 }),
		"more than exact": pay(func(r *midas.PayRequest) { r.Amount = midas.MaxCoins + 1 }),
		"no code":         func() error { _, err := c.Code2Session(t.Context(), ""); return err }(),
	} {
		if !errors.Is(err, midas.ErrRefusedHere) || midas.VerdictOf(err) != midas.VerdictRefused || midas.Failure(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each way a call can end without an answer is told apart, by kind and by what it means for the coins.
func TestRepliesThatAreNone(t *testing.T) {
	good := `{"errcode":0,"errmsg":"ok","bill_no":"b","balance":7}`
	page := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		kind  error
	}{
		"empty":               {page(200, ""), midas.ErrEmptyReply},
		"blank":               {page(200, " \r\n"), midas.ErrEmptyReply},
		"HTML":                {page(200, "<html><body>502</body></html>"), midas.ErrHTML},
		"truncated JSON":      {page(200, good[:20]), midas.ErrTruncatedReply},
		"no JSON":             {page(200, "busy"), midas.ErrNotJSON},
		"a list":              {page(200, "[]"), midas.ErrNotJSON},
		"two objects":         {page(200, good+good), midas.ErrNotJSON},
		"too large":           {page(200, `{"errmsg":"`+strings.Repeat("x", 65<<10)+`"}`), midas.ErrReplyTooLarge},
		"HTTP 500":            {page(500, good), midas.ErrHTTPStatus},
		"HTTP 502 page":       {page(502, "<html>"), midas.ErrHTTPStatus},
		"HTTP 302":            {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, midas.ErrHTTPStatus},
		"HTTP 429":            {page(429, ""), midas.ErrHTTPStatus},
		"no errcode":          {page(200, `{"balance":7}`), midas.ErrBadReply},
		"another bill":        {page(200, `{"errcode":0,"bill_no":"c","balance":7}`), midas.ErrBadReply},
		"a negative balance":  {page(200, `{"errcode":0,"bill_no":"b","balance":-7}`), midas.ErrBadReply},
		"an inexact balance":  {page(200, `{"errcode":0,"bill_no":"b","balance":9007199254740993}`), midas.ErrBadReply},
		"no balance":          {page(200, `{"errcode":0,"bill_no":"b"}`), midas.ErrBadReply},
		"balance null":        {page(200, `{"errcode":0,"bill_no":"b","balance":null}`), midas.ErrBadReply},
		"balance an object":   {page(200, `{"errcode":0,"bill_no":"b","balance":{}}`), midas.ErrBadReply},
		"balance empty":       {page(200, `{"errcode":0,"bill_no":"b","balance":""}`), midas.ErrBadReply},
		"no number as text":   {page(200, `{"errcode":0,"bill_no":"b","balance":"7 coins"}`), midas.ErrBadReply},
		"a power":             {page(200, `{"errcode":0,"bill_no":"b","balance":7e2}`), midas.ErrBadReply},
		"a bill as a list":    {page(200, `{"errcode":0,"bill_no":["b"],"balance":7}`), midas.ErrBadReply},
		"a broken balance":    {page(200, `{"errcode":0,"bill_no":"b","balance":7.5}`), midas.ErrBadReply},
		"errcode no number":   {page(200, `{"errcode":"ok","balance":7}`), midas.ErrBadReply},
		"errcode as a list":   {page(200, `{"errcode":[0],"balance":7}`), midas.ErrBadReply},
		"cut before it":       {cut(""), midas.ErrConnection},
		"cut in its middle":   {cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), midas.ErrTruncatedReply},
		"cut in its headers":  {cut("HTTP/1.1 200 OK\r\nConte"), midas.ErrConnection},
		"not HTTP":            {cut("SSH-2.0-OpenSSH\r\n\r\n"), midas.ErrConnection},
		"hangs before it":     {hang(""), midas.ErrTimeout},
		"hangs in its middle": {hang("{"), midas.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(c.serve)
			defer s.Close()
			client := against(t, s.URL, withToken, quick(2*time.Second))
			_, err := client.Pay(t.Context(), midas.PayRequest{Player: alice, BillNo: "b", Amount: 1})
			var call *midas.CallError
			if !errors.Is(err, c.kind) || !errors.As(err, &call) || call.BillNo != "b" || call.Endpoint != midas.EndpointPay {
				t.Fatalf("%#v", err)
			}
			if midas.VerdictOf(err) != midas.VerdictUnknown || !midas.Failure(err) {
				t.Errorf("is taken for %s, failure %t", midas.VerdictOf(err), midas.Failure(err))
			}
			if text := err.Error(); !strings.Contains(text, "bill b") || !strings.Contains(text, "same bill number") {
				t.Errorf("says %q", text)
			}
		})
	}
}

// cut ends the connection after text.
func cut(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// hang never ends after text.
func hang(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
		if text != "" {
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

// goneURL is an address where nobody listens: not one of a server that has closed, whose port somebody else may have by
// now.
func goneURL(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + addr
}

func TestWhatCannotBeSentMayBeRepeated(t *testing.T) {
	c := against(t, goneURL(t), withToken)
	_, err := c.Pay(t.Context(), midas.PayRequest{Player: alice, BillNo: "b", Amount: 1})
	if !errors.Is(err, midas.ErrNotSent) || midas.VerdictOf(err) != midas.VerdictLater || !midas.Failure(err) {
		t.Errorf("%v (%s)", err, midas.VerdictOf(err))
	}
}

func TestTheCallersOwnEndIsNobodysFailure(t *testing.T) {
	s := httptest.NewServer(hang(""))
	defer s.Close()
	c := against(t, s.URL, withToken)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Pay(ctx, midas.PayRequest{Player: alice, BillNo: "b", Amount: 1})
	if !errors.Is(err, midas.ErrCancelled) || !errors.Is(err, context.DeadlineExceeded) || midas.Failure(err) || !midas.Cancelled(err) {
		t.Errorf("%v", err)
	}
	if midas.VerdictOf(err) != midas.VerdictUnknown { // it was sent
		t.Errorf("is taken for %s", midas.VerdictOf(err))
	}
}

// An errcode is believed whatever else is wrong with the reply: the rest of a refusal is nobody's business.
func TestAnErrcodeWinsOverEverything(t *testing.T) {
	for _, body := range []string{
		`{"errcode":90013,"errmsg":"balance not enough rid: 1-2-3"}`,
		`{"errcode":90013,"errmsg":1,"balance":"none","bill_no":7}`,
		`{"errmsg":{"x":[]},"errcode":90013}`,
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		_, err := against(t, s.URL, withToken).Pay(t.Context(), midas.PayRequest{Player: alice, BillNo: "b", Amount: 1})
		s.Close()
		var answer *midas.Error
		if !errors.Is(err, midas.ErrInsufficientBalance) || !errors.As(err, &answer) || answer.BillNo != "b" {
			t.Errorf("%s: %v", body, err)
		}
		if strings.Contains(body, "rid") && answer.RID != "1-2-3" {
			t.Errorf("rid is %q", answer.RID)
		}
	}
}

// A foreign text may hold anything; in a log it is one line of printable characters.
func TestErrmsgIsCutAndCleaned(t *testing.T) {
	text, err := json.Marshal(map[string]any{"errcode": 90018, "errmsg": "a\x1b[31m\n\u202eb" + strings.Repeat("长", 200)})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) }))
	defer s.Close()
	_, err = against(t, s.URL, withToken).Balance(t.Context(), alice)
	answer, ok := errors.AsType[*midas.Error](err)
	if !ok || len(answer.Message) > 200 || strings.ContainsAny(answer.Message, "\x1b\n\u202e") {
		t.Errorf("%q", answer.Message)
	}
}

// Nothing that must stay secret is in any error or log line, whatever goes wrong.
func TestNoSecretIsToldByAnyErrorOrLog(t *testing.T) {
	var log lines
	logger := func(c *midas.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	// The dead end first: the URL holds the AppSecret, and the token fetch's body too.
	gone := goneURL(t)
	var told []string
	tell := func(err error) {
		if err == nil {
			t.Error("no error to look at")
			return
		}
		told = append(told, err.Error(), fmt.Sprintf("%+v %#v", err, err))
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		logger.Error("it failed", "error", err)
	}
	lost := against(t, gone, logger)
	_, err := lost.Code2Session(t.Context(), "some-code")
	tell(err)
	_, err = lost.Balance(t.Context(), alice)
	tell(err)

	c, emu, p := world(t, emulator.Config{ErrorSuffix: emulator.SuffixFuzzed}, logger, quick(time.Second))
	for _, f := range []emulator.Fault{
		{Kind: emulator.Cut},
		{Kind: emulator.CutReply},
		{Kind: emulator.HTML},
		{Kind: emulator.Empty},
		{Kind: emulator.BadGateway},
		{Kind: emulator.Fail},
		{Kind: emulator.Hang},
	} {
		if err := emu.Script("pay", f); err != nil {
			t.Fatal(err)
		}
		_, err = c.Pay(t.Context(), midas.PayRequest{Player: p, BillNo: "b-" + string(f.Kind), Amount: 1})
		tell(err)
		if err := emu.Script("jscode2session", f); err != nil {
			t.Fatal(err)
		}
		_, err = c.Code2Session(t.Context(), emu.Code(p.OpenID))
		tell(err)
	}
	emu.KillTokens()
	if err := emu.Script("stable_token", emulator.Fault{Kind: emulator.Hang}); err != nil {
		t.Fatal(err)
	}
	_, err = c.Balance(t.Context(), p)
	tell(err)
	told = append(told, log.String(), fmt.Sprintf("%v %+v %#v %s", p, p, p, p.SessionKey))
	all := strings.Join(told, "\n")
	for name, secret := range map[string]string{
		"AppSecret": emulator.DefaultAppSecret, "AppKey": emulator.DefaultSandboxAppKey,
		"session key": p.SessionKey.Reveal(), "access_token": "access_token=", "code": "js_code=",
	} {
		if strings.Contains(all, secret) {
			t.Errorf("the %s can be read", name)
		}
	}
	if len(told) < 15 || log.String() == "" {
		t.Errorf("only %d errors were looked at", len(told))
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	_, err := midas.New(midas.Config{BaseURL: "ftp://x", Timeout: -1})
	for _, want := range []string{"AppID", "AppSecret", "OfferID", "AppKey", "BaseURL", "Timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named: %v", want, err)
		}
	}
}

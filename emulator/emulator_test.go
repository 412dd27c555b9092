package emulator_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	alice      = "openid-of-alice"
	aliceKey   = "V7Q38/i2KXaqrQyl2Yx9Hg=="
	goodToken  = "ACCESSTOKEN"
	payPath    = "/cgi-bin/midas/pay"
	cancelPath = "/cgi-bin/midas/cancelpay"
	givePath   = "/cgi-bin/midas/present"
	balPath    = "/cgi-bin/midas/getbalance"
)

// fixture is a running emulator with alice logged in and a token that is good.
type fixture struct {
	*emulator.Server
	t    *testing.T
	cfg  emulator.Config
	url  string
	http *http.Client
}

func start(t *testing.T, cfg emulator.Config) *fixture {
	t.Helper()
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	base, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := emu.Close(); err != nil {
			t.Error(err)
		}
	})
	emu.SetSession(alice, aliceKey)
	emu.AddToken(goodToken)
	return &fixture{Server: emu, t: t, cfg: cfg, url: base, http: &http.Client{Transport: transport}}
}

// fields are the parameters every Midas call has, with more of them or others. A nil value leaves one out.
func fields(more map[string]any) map[string]any {
	f := map[string]any{
		"openid": alice, "appid": emulator.DefaultAppID, "offer_id": emulator.DefaultOfferID,
		"ts": 1507530737, "zone_id": "1", "pf": "android",
	}
	maps.Copy(f, more)
	maps.DeleteFunc(f, func(_ string, v any) bool { return v == nil })
	return f
}

// sign adds both signatures, as a client would make them.
func sign(path string, f map[string]any, appKey, token, sessionKey string) map[string]any {
	signature := func(f map[string]any, label, secret string) string {
		var pairs []string
		for _, k := range slices.Sorted(maps.Keys(f)) {
			pairs = append(pairs, fmt.Sprintf("%s=%v", k, f[k]))
		}
		mac := hmac.New(sha256.New, []byte(secret))
		io.WriteString(mac, strings.Join(pairs, "&")+"&org_loc="+path+"&method=POST&"+label+"="+secret)
		return hex.EncodeToString(mac.Sum(nil))
	}
	f = maps.Clone(f)
	f["sig"] = signature(f, "secret", appKey)
	f["access_token"] = token
	f["mp_sig"] = signature(f, "session_key", sessionKey)
	delete(f, "access_token")
	return f
}

// signed are alice's parameters for a path, rightly signed.
func signed(path string, more map[string]any) map[string]any {
	key := emulator.DefaultAppKey
	if strings.Contains(path, "/sandbox/") {
		key = emulator.DefaultSandboxAppKey
	}
	return sign(path, fields(more), key, goodToken, aliceKey)
}

// post sends a Midas call and returns the answer, which has to be JSON under HTTP 200.
func (f *fixture) post(path string, body map[string]any) map[string]any {
	f.t.Helper()
	a, err := f.try(context.Background(), path, body)
	if err != nil {
		f.t.Fatalf("%s: %v", path, err)
	}
	return a
}

// try is post where an answer is not certain.
func (f *fixture) try(ctx context.Context, path string, body map[string]any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, "POST", f.url+path+"?access_token="+goodToken, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return f.do(req)
}

func (f *fixture) do(req *http.Request) (map[string]any, error) {
	resp, err := f.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP %d: %s", resp.StatusCode, reply)
	}
	var a map[string]any
	if err := json.Unmarshal(reply, &a); err != nil {
		return nil, fmt.Errorf("reply %q: %w", reply, err)
	}
	return a, nil
}

func (f *fixture) get(path string, query url.Values) map[string]any {
	f.t.Helper()
	req, err := http.NewRequest("GET", f.url+path+"?"+query.Encode(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	a, err := f.do(req)
	if err != nil {
		f.t.Fatalf("%s: %v", path, err)
	}
	return a
}

func (f *fixture) pay(billNo string, amt int64) map[string]any {
	f.t.Helper()
	return f.post(payPath, signed(payPath, map[string]any{"bill_no": billNo, "amt": amt}))
}

func (f *fixture) cancel(billNo string) map[string]any {
	f.t.Helper()
	return f.post(cancelPath, signed(cancelPath, map[string]any{"bill_no": billNo}))
}

func (f *fixture) give(billNo string, coins int64) map[string]any {
	f.t.Helper()
	return f.post(givePath, signed(givePath, map[string]any{"bill_no": billNo, "present_counts": coins}))
}

func (f *fixture) recharge(coins int64) {
	f.t.Helper()
	if err := f.Recharge(emulator.Production, alice, "1", coins); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) account() emulator.Account { return f.Account(emulator.Production, alice, "1") }

func (f *fixture) script(api string, faults ...emulator.Fault) {
	f.t.Helper()
	if err := f.Script(api, faults...); err != nil {
		f.t.Fatal(err)
	}
}

// code is the errcode of an answer; one without is a success.
func code(a map[string]any) int {
	c, _ := a["errcode"].(float64)
	return int(c)
}

func wantCode(t *testing.T, a map[string]any, want int) {
	t.Helper()
	if code(a) != want {
		t.Errorf("answer %v, want errcode %d", a, want)
	}
}

// want compares the fields named in want, numbers by value.
func wantFields(t *testing.T, a, want map[string]any) {
	t.Helper()
	for k, v := range want {
		if fmt.Sprint(a[k]) != fmt.Sprint(v) {
			t.Errorf("%s is %v, want %v in %v", k, a[k], v, a)
		}
	}
}

// signal is a log whose every line is waited for.
type signal chan struct{}

func (s signal) Write(p []byte) (int, error) {
	s <- struct{}{}
	return len(p), nil
}

func TestCloseEndsRequestsThatHangAtOnce(t *testing.T) {
	arrived := make(signal, 10)
	f := start(t, emulator.Config{Logger: slog.New(slog.NewTextHandler(arrived, nil))})
	f.script("getbalance",
		emulator.Fault{Kind: emulator.Hang}, emulator.Fault{Kind: emulator.Hang, Commit: true},
		emulator.Fault{Kind: emulator.Slow, Delay: time.Hour}, emulator.Fault{Kind: emulator.LateCommit},
	)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if a, err := f.try(context.Background(), balPath, signed(balPath, nil)); err == nil {
				t.Errorf("a hanging call was answered: %v", a)
			}
		})
	}
	for range 4 {
		<-arrived
	}
	began := time.Now()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	if _, err := f.Start(""); err == nil {
		t.Error("a closed emulator started")
	}
}

func TestAnAddressWithoutAHostIsLoopback(t *testing.T) {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer emu.Close()
	base, err := emu.Start(":0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(base, "http://127.0.0.1:") {
		t.Errorf("listens on %s", base)
	}
	if _, err := emu.Start(":0"); err == nil {
		t.Error("started twice")
	}
}

func TestConfigThatCannotBeMeantIsRefused(t *testing.T) {
	for name, cfg := range map[string]emulator.Config{
		"negative duration":          {CancelWindow: -time.Second},
		"check missing":              {Precedence: []emulator.Check{emulator.CheckToken}},
		"check named twice":          {Precedence: []emulator.Check{"token", "token", "session", "mp_sig", "sig", "values"}},
		"unknown suffix":             {ErrorSuffix: 99},
		"no session but mp_sig":      {SessionOptional: true},
		"negative coins":             {CoinsPerYuan: -1},
		"goods for nothing":          {Goods: map[string]int64{"sword": 0}},
		"goods without a name":       {Goods: map[string]int64{"": 1}},
		"state in no such directory": {StatePath: "/no/such/directory/x\x00"},
	} {
		if _, err := emulator.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestLatencyDelaysEveryAnswer(t *testing.T) {
	f := start(t, emulator.Config{Latency: 30 * time.Millisecond})
	began := time.Now()
	f.post(balPath, signed(balPath, nil))
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

func TestACallerWhoGivesUpEndsASlowAnswer(t *testing.T) {
	arrived := make(signal, 10)
	f := start(t, emulator.Config{Logger: slog.New(slog.NewTextHandler(arrived, nil))})
	f.script("getbalance", emulator.Fault{Kind: emulator.Slow, Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := f.try(ctx, balPath, signed(balPath, nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// BenchmarkPay is what one call costs the emulator itself: both signatures, the books and the reply.
func BenchmarkPay(b *testing.B) {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer emu.Close()
	emu.SetSession(alice, aliceKey)
	emu.AddToken(goodToken)
	if err := emu.Recharge(emulator.Production, alice, "1", emulator.MaxCoins); err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			more := map[string]any{"bill_no": fmt.Sprint("b", n.Add(1)), "amt": 1}
			body, _ := json.Marshal(signed(payPath, more))
			w := httptest.NewRecorder()
			emu.ServeHTTP(w, httptest.NewRequest("POST", payPath+"?access_token="+goodToken, bytes.NewReader(body)))
			if !strings.Contains(w.Body.String(), `"errcode":0`) {
				b.Error(w.Body)
				return
			}
		}
	})
}

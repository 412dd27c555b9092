package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "a-secret-that-no-page-may-know"

// serve serves the page before a gate that echoes, and returns where.
func serve(t *testing.T, emulated bool) string {
	t.Helper()
	if !emulated {
		return serveAt(t, "")
	}
	_, url := emulate(t)
	return serveAt(t, url)
}

// emulate starts an emulator and tells where.
func emulate(t *testing.T) (*emulator.Server, string) {
	t.Helper()
	emu, err := emulator.New(emulator.Config{AppID: "wx1", AppSecret: secret, OfferID: "1", SandboxAppKey: secret, CoinsPerYuan: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	url, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	return emu, url
}

// serveAt is serve with an emulator at this URL, or none.
func serveAt(t *testing.T, midas string) string {
	t.Helper()
	gate, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // as Leaf's
	echo := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		if kind, text, err := conn.ReadMessage(); err == nil {
			_ = conn.WriteMessage(kind, text)
		}
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = echo.Serve(gate) }()
	t.Cleanup(func() { _ = echo.Close(); <-served })

	o := Options{Addr: "127.0.0.1:0", WSAddr: gate.Addr().String(), Midas: plugin.Config{
		AppID: "wx1", AppSecret: secret, AppKey: secret, SandboxAppKey: secret, CoinsPerYuan: 10,
		Ledger: plugin.LedgerConfig{DSN: secret}, Push: plugin.PushConfig{Token: secret, EncodingAESKey: secret},
		Items: []plugin.Item{{ID: "sword", Name: "Sword", Price: 60}, {ID: "pass", Fen: 600}},
	}}
	o.Emulated, o.Midas.BaseURL = midas != "", midas
	m, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	closeSig, ran := make(chan bool, 1), make(chan struct{})
	go func() { defer close(ran); m.Run(closeSig) }()
	t.Cleanup(func() { closeSig <- true; <-ran; http.DefaultClient.CloseIdleConnections() })
	return strings.TrimSuffix(strings.TrimPrefix(m.URL(), "http://"), "/")
}

// ask makes a request to addr with these headers; "Host" is the Host. A change is one of the weather.
func ask(t *testing.T, method, addr, path string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	return send(t, method, addr, path, `{"weather":"fine"}`, headers)
}

func send(t *testing.T, method, addr, path, body string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range headers {
		if key == "Host" {
			r.Host = value
		}
		r.Header.Set(key, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestOnlyItsOwnPagesMayAskAndChange(t *testing.T) {
	addr := serve(t, true)
	_, port, _ := net.SplitHostPort(addr)
	for name, c := range map[string]struct {
		method, path string
		headers      map[string]string
		status       int
	}{
		"the page":                          {"GET", "/", nil, 200},
		"by the name of this machine":       {"GET", "/", map[string]string{"Host": "localhost:" + port}, 200},
		"by a foreign name":                 {"GET", "/", map[string]string{"Host": "evil.example:" + port}, 421},
		"what is sold, by a foreign name":   {"GET", "/shop.json", map[string]string{"Host": "evil.example:" + port}, 421},
		"by another port":                   {"GET", "/", map[string]string{"Host": "127.0.0.1:1"}, 421},
		"by a public address":               {"GET", "/", map[string]string{"Host": "203.0.113.7:" + port}, 421},
		"a change by its page":              {"POST", "/midas/weather", map[string]string{"Origin": "http://" + addr}, 200},
		"a change by a foreign page":        {"POST", "/midas/weather", map[string]string{"Origin": "https://evil.example"}, 403},
		"a change by a page without origin": {"POST", "/midas/weather", map[string]string{"Origin": "null"}, 403},
		"a change across sites":             {"POST", "/midas/weather", map[string]string{"Origin": "http://" + addr, "Sec-Fetch-Site": "cross-site"}, 403},
		"what is not there":                 {"GET", "/../main.go", nil, 404},
	} {
		t.Run(name, func(t *testing.T) {
			if answer, text := ask(t, c.method, addr, c.path, c.headers); answer.StatusCode != c.status {
				t.Errorf("%s instead of %d: %s", answer.Status, c.status, text)
			}
		})
	}
}

func TestAWebSocketIsPassedOnForItsOwnPagesOnly(t *testing.T) {
	addr := serve(t, false)
	for origin, want := range map[string]int{"http://" + addr: 101, "https://evil.example": 403, "null": 403, "": 403} {
		headers := http.Header{}
		if origin != "" {
			headers.Set("Origin", origin)
		}
		conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+addr+"/ws", headers)
		if answer == nil {
			t.Fatal(err)
		}
		if answer.StatusCode != want {
			t.Errorf("origin %q: %s instead of %d", origin, answer.Status, want)
		}
		if err != nil {
			continue
		}
		if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, text, err := conn.ReadMessage(); err != nil || string(text) != "hello" {
			t.Errorf("the gate answers %q, %v", text, err)
		}
		conn.Close()
	}
}

func TestAPageMayRunItsOwnScriptAndNothingElse(t *testing.T) {
	addr := serve(t, false)
	answer, text := ask(t, "GET", addr, "/", nil)
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "connect-src 'self' ws://" + addr + "/ws "} {
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy+" ", want) {
			t.Errorf("%s is not in %s", want, policy)
		}
	}
	for _, never := range []string{"unsafe", "data:", "*"} {
		if policy := answer.Header.Get("Content-Security-Policy"); strings.Contains(policy, never) {
			t.Errorf("%s is in %s", never, policy)
		}
	}
	if answer.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("browsers may guess types")
	}
	for _, inline := range []string{"<style", "style=", "onclick", "javascript:"} {
		if strings.Contains(text, inline) {
			t.Errorf("%s is in the page", inline)
		}
	}
	for part := range strings.SplitSeq(text, "<script") {
		if _, rest, ok := strings.Cut(part, "</script>"); ok && !strings.Contains(strings.TrimSuffix(part, rest), "src=") {
			t.Errorf("an inline script: %s", part)
		}
	}
}

func TestNothingSecretIsServed(t *testing.T) {
	for _, emulated := range []bool{false, true} {
		addr := serve(t, emulated)
		for _, path := range []string{"/", "/shop.json", "/shop.js", "/shop.css", "/midas/weather"} {
			if answer, text := ask(t, "GET", addr, path, nil); strings.Contains(text, secret) {
				t.Errorf("%s (%s) tells a secret", path, answer.Status)
			}
		}
		var told shop
		_, text := ask(t, "GET", addr, "/shop.json", nil)
		if err := json.Unmarshal([]byte(text), &told); err != nil || len(told.Items) != 2 || told.Emulated != emulated || told.Zone != "1" {
			t.Errorf("%v: %s", err, text)
		}
	}
}

func TestThePageOperatesAnEmulatorWhereverItIs(t *testing.T) {
	emu, url := emulate(t)
	one, other := serveAt(t, url), serveAt(t, url)
	command := func(addr, path, body string) (int, string) {
		answer, text := send(t, "POST", addr, path, body, map[string]string{"Origin": "http://" + addr})
		return answer.StatusCode, text
	}
	for name := range weathers {
		if status, text := command(one, "/midas/weather", `{"weather":"`+name+`"}`); status != 200 {
			t.Errorf("%s: %d, %s", name, status, text)
		}
		if now, out := emu.CurrentOutage(); !out || now != weathers[name] {
			t.Errorf("%s: the emulator has %v", name, now)
		}
		if _, text := ask(t, "GET", other, "/midas/weather", nil); text != `{"weather":"`+name+"\"}\n" {
			t.Errorf("the other page tells %s while Midas is %s", text, name)
		}
	}
	if err := emu.Outage(emulator.Fault{Kind: emulator.Cut}); err != nil {
		t.Fatal(err)
	}
	if _, text := ask(t, "GET", other, "/midas/weather", nil); text != "{\"weather\":\"\"}\n" {
		t.Errorf("a trouble that has no name is told as %s", text)
	}
	if status, text := command(one, "/midas/weather", `{"weather":"fine"}`); status != 200 {
		t.Errorf("%d, %s", status, text)
	}
	if _, out := emu.CurrentOutage(); out {
		t.Error("the outage goes on")
	}
	const options = `"offer_id":"1","mode":"game","currency_type":"CNY","env":1,"zone_id":"1"`
	if status, text := command(one, "/midas/pay/coins", `{"openid":"alice","options":{"buy_quantity":60,`+options+`}}`); status != 200 || !strings.Contains(text, `"errCode":0`) {
		t.Errorf("%d, %s", status, text)
	}
	if a := emu.Account(emulator.Sandbox, "alice", "1"); a.Balance != 60 {
		t.Errorf("paid, and the account has %+v", a)
	}
	if status, text := command(one, "/midas/pay/coins", `{"openid":"alice","options":{"buy_quantity":61,`+options+`}}`); status != 200 || !strings.Contains(text, `"errCode":-15`) {
		t.Errorf("no tier: %d, %s", status, text)
	}
	if status, text := command(one, "/midas/pay/coins", `{"openid":"","options":{"buy_quantity":60,`+options+`}}`); status != 400 {
		t.Errorf("for nobody: %d, %s", status, text)
	}
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"no such weather": {"/midas/weather", `{"weather":"hail"}`, 400},
		"too many coins":  {"/midas/present", `{"openid":"alice","coins":100001}`, 400},
		"no coins":        {"/midas/present", `{"openid":"alice","coins":0}`, 400},
		"no JSON":         {"/midas/pay/goods", `{`, 400},
	} {
		if status, text := command(one, c.path, c.body); status != c.status {
			t.Errorf("%s: %d, %s", name, status, text)
		}
	}
	if err := emu.Close(); err != nil {
		t.Fatal(err)
	}
	if status, text := command(one, "/midas/weather", `{"weather":"fine"}`); status != 503 || !strings.Contains(text, "cannot be asked") {
		t.Errorf("without the emulator: %d, %s", status, text)
	}
	stranger := serveAt(t, "http://"+other) // which knows no such path
	if answer, text := ask(t, "GET", stranger, "/midas/weather", nil); answer.StatusCode != 503 || !strings.Contains(text, "is no emulator") {
		t.Errorf("a stranger: %s, %s", answer.Status, text)
	}
}

func TestAPresentThatFailedIsNoSuccess(t *testing.T) {
	for name, c := range map[string]struct {
		state  ledger.State
		err    error
		status int
	}{
		"given":         {ledger.Delivered, nil, 200},
		"refused":       {ledger.Failed, nil, 503},
		"disputed":      {ledger.Disputed, nil, 503},
		"not given yet": {ledger.Paying, nil, 503},
		"no order":      {"", errors.New("the shop is closed"), 503},
	} {
		e := newMidas(Options{Midas: plugin.Config{BaseURL: "http://127.0.0.1:1"}, Present: func(context.Context, plugin.Player, plugin.PresentRequest) (plugin.Receipt, error) {
			return plugin.Receipt{Order: ledger.Order{State: c.state, Code: 90011, Note: "said no"}}, c.err
		}})
		rec := httptest.NewRecorder()
		answer(e.give).ServeHTTP(rec, httptest.NewRequest("POST", "/midas/present", strings.NewReader(`{"openid":"alice","coins":60}`)))
		if rec.Code != c.status || (c.status == 200) == strings.Contains(rec.Body.String(), "error") {
			t.Errorf("%s: %d, %s", name, rec.Code, rec.Body)
		}
	}
}

func TestWithoutAnEmulatorNobodyPaysOnThePage(t *testing.T) {
	addr := serve(t, false)
	for _, path := range []string{"/midas/weather", "/midas/present", "/midas/pay/coins"} {
		if answer, _ := ask(t, "POST", addr, path, map[string]string{"Origin": "http://" + addr}); answer.StatusCode != http.StatusMethodNotAllowed && answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}

func TestTheConfigKeepsThePageOnThisMachine(t *testing.T) {
	text, err := os.ReadFile("../conf/server.json")
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ HTTPAddr string }
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if host, _, err := net.SplitHostPort(config.HTTPAddr); err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("the page is at %q: %v", config.HTTPAddr, err)
	}
}

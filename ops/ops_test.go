package ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/gate"
	leafmodule "github.com/name5566/leaf/module"
	leafjson "github.com/name5566/leaf/network/json"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/ops"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token    = "token-of-the-operator"
	patience = 20 * time.Second
)

// world is a till that runs, and an operator's desk before it.
type world struct {
	t      *testing.T
	emu    *emulator.Server
	plugin *plugin.Plugin
	file   string // the ledger
	url    string
	refuse chan error // what the game answers to the next deliveries
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldSeen(t, 20*time.Millisecond)
}

// newWorldSeen is a world whose charts have a point that often.
func newWorldSeen(t *testing.T, every time.Duration) *world {
	t.Helper()
	w := &world{t: t, file: filepath.Join(t.TempDir(), "orders.db"), refuse: make(chan error, 100)}
	var err error
	if w.emu, err = emulator.New(emulator.Config{AutoCodes: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.emu.Close() })
	base, err := w.emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	w.plugin = plugin.New(plugin.WithLogger(slog.New(slog.DiscardHandler)))
	desk, err := ops.New(w.plugin, ops.Options{Token: token, Every: every, Keep: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(desk.Close)
	front := httptest.NewServer(http.StripPrefix("/ops", desk))
	t.Cleanup(front.Close)
	w.url = front.URL + "/ops/"
	if status, body := w.ask("GET", "api/status", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "not configured") {
		t.Errorf("before there is a config: %d %s", status, body)
	}

	game := &leafmodule.Skeleton{GoLen: 10, TimerDispatcherLen: 10, AsynCallLen: 10, ChanRPCServer: chanrpc.NewServer(100)}
	game.Init()
	w.plugin.HandleDeliver(game, func(plugin.Order) error {
		select {
		case err := <-w.refuse:
			return err
		default:
			return nil
		}
	})
	processor := leafjson.NewProcessor()
	msg.Register(processor)
	w.plugin.Route(processor)
	if err := w.plugin.Configure(plugin.Config{
		Env: "sandbox", AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		SandboxAppKey: emulator.DefaultSandboxAppKey, CoinsPerYuan: 10, Login: true, BaseURL: base,
		Items:   []plugin.Item{{ID: "sword", Price: 60}, {ID: "potion", Price: 1}},
		Timeout: 2 * time.Second,
		Retry:   plugin.RetryConfig{First: 10 * time.Millisecond, Max: 20 * time.Millisecond, GiveUpAfter: time.Minute, DeliverTries: 2},
		Breaker: plugin.BreakerConfig{MinRequests: 3, FailureRatio: 0.5, OpenFor: 200 * time.Millisecond, HalfOpenRequests: 1},
		Ledger:  plugin.LedgerConfig{DSN: plugin.Secret(w.file)},
	}); err != nil {
		t.Fatal(err)
	}
	run(t, gameModule{game})
	run(t, w.plugin.Module())
	return w
}

// gameModule is the host's.
type gameModule struct{ *leafmodule.Skeleton }

func (gameModule) OnInit()    {}
func (gameModule) OnDestroy() {}

// run does what Leaf does for a module.
func run(t *testing.T, m leafmodule.Module) {
	m.OnInit()
	stop, done := make(chan bool, 1), make(chan struct{})
	go func() { defer close(done); m.Run(stop) }()
	t.Cleanup(func() { stop <- true; <-done; m.OnDestroy() })
}

// screen is a connection that nobody looks at.
type screen struct {
	gate.Agent // what nobody may call
	_          int
}

func (*screen) WriteMsg(any) {}

// player is somebody with coins, who is logged in.
func (w *world) player(name string, coins int64) plugin.Player {
	w.t.Helper()
	openid := emulator.OpenIDOf(name)
	if err := w.emu.Recharge(emulator.Sandbox, openid, "1", coins); err != nil {
		w.t.Fatal(err)
	}
	p := plugin.Player{OpenID: openid, ZoneID: "1", SessionKey: plugin.Secret("session-key-of-" + name)}
	w.emu.SetSession(openid, p.SessionKey.Reveal())
	w.plugin.Login(&screen{}, p)
	return p
}

func (w *world) buy(p plugin.Player, request, item string) plugin.Receipt {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	r, err := w.plugin.Purchase(ctx, p, plugin.PurchaseRequest{RequestID: request, ItemID: item, Quantity: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) ask(method, path, body string) (status int, answer string) {
	w.t.Helper()
	return w.askAs("Bearer "+token, method, path, body)
}

func (w *world) askAs(authorization, method, path, body string) (status int, answer string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if bytes.Contains(text, []byte(token)) || bytes.Contains(text, []byte(emulator.DefaultAppSecret)) || bytes.Contains(text, []byte(emulator.DefaultSandboxAppKey)) {
		w.t.Errorf("%s %s shows a secret: %s", method, path, text)
	}
	return reply.StatusCode, string(text)
}

// get reads an answer.
func get[T any](w *world, path string) (v T) {
	w.t.Helper()
	status, body := w.ask("GET", path, "")
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		w.t.Fatalf("%s: %v in %s", path, err, body)
	}
	return v
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("never came: %s", what)
		}
	}
}

func TestOnlyTheTokenLetsIn(t *testing.T) {
	w := newWorld(t)
	for _, authorization := range []string{"", token, "Bearer", "Bearer ", "Bearer " + token + "x", "Bearer " + token[:len(token)-1], "Basic " + token} {
		status, body := w.askAs(authorization, "GET", "api/status", "")
		if status != http.StatusUnauthorized || !strings.Contains(body, "token is missing or wrong") {
			t.Errorf("%q: %d %s", authorization, status, body)
		}
	}
	for _, path := range []string{"api/", "api/nothing", "api/orders/x"} {
		if status, _ := w.askAs("", "GET", path, ""); status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", path, status)
		}
	}
	if status, _ := w.askAs("", "POST", "api/pause", ""); status != http.StatusUnauthorized || w.plugin.Paused() {
		t.Error("paused by nobody")
	}
	if status, _ := w.askAs("bearer "+token, "GET", "api/status", ""); status != http.StatusOK { // RFC 9110: the scheme's case does not matter
		t.Error("the token does not let in")
	}
}

// A limit that a right guess passes by is none.
func TestGuessesAreSlowedDownAndKeepNobodyElseOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, err := ops.New(plugin.New(), ops.Options{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		defer desk.Close()
		ask := func(from, with string) int {
			r := httptest.NewRequest("GET", "/api/status", nil)
			r.RemoteAddr = from
			r.Header.Set("Authorization", "Bearer "+with)
			answer := httptest.NewRecorder()
			desk.ServeHTTP(answer, r)
			return answer.Code
		}
		const in, no, slow = http.StatusServiceUnavailable, http.StatusUnauthorized, http.StatusTooManyRequests // the plugin has no config
		for range 100 {
			if got := ask("10.0.0.1:1000", token); got != in {
				t.Fatalf("who has the token is answered %d", got)
			}
		}
		looked := 0
		for port := range 100 {
			if ask(fmt.Sprintf("10.0.0.1:%d", port), "guess") == no {
				looked++
			}
		}
		if got := ask("10.0.0.1:1000", token); looked > 30 || got != slow {
			t.Errorf("%d of 100 guesses at once were looked at, and the right one is answered %d", looked, got)
		}
		if got := ask("10.0.0.2:1000", token); got != in {
			t.Errorf("who has the token is kept out by another's guesses: %d", got)
		}
		time.Sleep(time.Second)
		if got := ask("10.0.0.1:1000", token); got != in {
			t.Errorf("a second later who has the token is answered %d", got)
		}

		looked = 0
		for i := range 20000 { // hosts of a few networks, and then networks
			one, many := fmt.Sprintf("[2001:db8::%x]:1", i+1), fmt.Sprintf("[2001:db8:%x::1]:1", i+1)
			if ask(one, "guess") == no {
				looked++
			}
			if ask(many, "guess") == no {
				looked++
			}
		}
		if looked > 1100 {
			t.Errorf("%d of 40000 guesses at once were looked at", looked)
		}
		time.Sleep(time.Minute)
		if got := ask("[2001:db8:ffff::1]:1", token); got != in {
			t.Errorf("a minute later who has the token is answered %d", got)
		}
	})
}

func TestThePageHoldsNothing(t *testing.T) {
	w := newWorld(t)
	for path, kind := range map[string]string{"": "text/html", "ops.js": "text/javascript", "ops.css": "text/css", "icon.svg": "image/svg+xml"} {
		reply, err := http.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		if err != nil || reply.StatusCode != http.StatusOK || !strings.HasPrefix(reply.Header.Get("Content-Type"), kind) || len(text) == 0 {
			t.Errorf("%q: %d %s %v", path, reply.StatusCode, reply.Header.Get("Content-Type"), err)
		}
		if policy := reply.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%q: %s", path, policy)
		}
		if bytes.Contains(text, []byte(token)) {
			t.Errorf("%q has the token", path)
		}
	}
	if status, _ := w.ask("POST", "", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("posted to the page: %d", status)
	}
	if status, _ := w.ask("GET", "../secret", ""); status != http.StatusNotFound {
		t.Errorf("another path: %d", status)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for name, o := range map[string]ops.Options{
		"no token": {}, "a short token": {Token: "0123456789abcde"}, "backwards": {Token: token, Every: -1}, "nothing kept": {Token: token, Every: time.Hour, Keep: time.Minute},
	} {
		if _, err := ops.New(plugin.New(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

type orders struct {
	Orders []struct {
		BillNo string `json:"bill_no"`
		OpenID string `json:"openid"`
		State  string
		Amount int64
	}
	Next string
}

func (o orders) bills() (all []string) {
	for _, one := range o.Orders {
		all = append(all, one.BillNo)
	}
	return all
}

func TestOrdersAreFoundAndTraced(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.player("alice", 1000), w.player("bob", 1000)
	a1, a2, b1 := w.buy(alice, "1", "sword").Order.BillNo, w.buy(alice, "2", "potion").Order.BillNo, w.buy(bob, "1", "potion").Order.BillNo
	for path, want := range map[string][]string{
		"api/orders":                            {b1, a2, a1},
		"api/orders?oldest=1":                   {a1, a2, b1},
		"api/orders?openid=" + alice.OpenID:     {a2, a1},
		"api/orders?bill=" + a2[:len(a2)-1]:     {a2},
		"api/orders?request=1":                  {b1, a1},
		"api/orders?open=true":                  nil,
		"api/orders?stuck=1":                    nil,
		"api/orders?state=delivered&kind=goods": nil,
		"api/orders?state=delivered,disputed":   {b1, a2, a1},
	} {
		if got := get[orders](w, path).bills(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	first := get[orders](w, "api/orders?limit=2")
	if rest := get[orders](w, "api/orders?limit=2&after="+first.Next); fmt.Sprint(rest.bills()) != fmt.Sprint([]string{a1}) || rest.Next != "" {
		t.Errorf("the second page: %+v", rest)
	}
	o := get[struct {
		BillNo, State string
		ItemID        string `json:"item_id"`
		DeliveredAt   *time.Time
		Events        []struct{ From, To, Who string }
	}](w, "api/orders/"+a1)
	if o.ItemID != "sword" || o.State != "delivered" || len(o.Events) < 3 || o.Events[len(o.Events)-1].To != "delivered" || o.Events[0].Who == "" {
		t.Errorf("%+v", o)
	}
	for path, want := range map[string]int{
		"api/orders?colour=red":     http.StatusBadRequest,
		"api/orders?state=sold":     http.StatusBadRequest,
		"api/orders?open=perhaps":   http.StatusBadRequest,
		"api/orders?limit=100000":   http.StatusBadRequest,
		"api/orders/nothing":        http.StatusNotFound,
		"api/series?since=tomorrow": http.StatusBadRequest,
		"api/everything":            http.StatusNotFound,
	} {
		status, body := w.ask("GET", path, "")
		var told struct{ Error string }
		if err := json.Unmarshal([]byte(body), &told); status != want || err != nil || told.Error == "" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestADisputedOrderIsSettledOnce(t *testing.T) {
	w := newWorld(t)
	alice := w.player("alice", 1000)
	done := w.buy(alice, "0", "potion").Order.BillNo
	for range 2 {
		w.refuse <- fmt.Errorf("the bag is on fire")
	}
	bill := w.buy(alice, "1", "sword").Order.BillNo
	w.eventually("a disputed order", func() bool { return len(get[orders](w, "api/orders?state=disputed").Orders) == 1 })
	for name, c := range map[string]struct {
		bill, body string
		want       int
	}{
		"no reason":      {bill, `{"as":"delivered","who":"anna"}`, http.StatusBadRequest},
		"nobody":         {bill, `{"as":"delivered","why":"seen"}`, http.StatusBadRequest},
		"no such end":    {bill, `{"as":"paid","why":"seen","who":"anna"}`, http.StatusBadRequest},
		"unknown word":   {bill, `{"as":"delivered","why":"seen","who":"anna","coins":5}`, http.StatusBadRequest},
		"not JSON":       {bill, `as=delivered`, http.StatusBadRequest},
		"too much":       {bill, `{"as":"` + strings.Repeat("x", 20<<10) + `"}`, http.StatusBadRequest},
		"not disputed":   {done, `{"as":"delivered","why":"seen","who":"anna"}`, http.StatusConflict},
		"no such order":  {"nothing", `{"as":"delivered","why":"seen","who":"anna"}`, http.StatusNotFound},
		"a blank reason": {bill, `{"as":"delivered","why":"   ","who":"anna"}`, http.StatusBadRequest},
	} {
		if status, body := w.ask("POST", "api/orders/"+c.bill+"/resolve", c.body); status != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	status, body := w.ask("POST", "api/orders/"+bill+"/resolve", `{"as":"delivered","why":"granted by hand, ticket 7","who":"anna"}`)
	if status != http.StatusOK || !strings.Contains(body, `"settled":true`) {
		t.Fatalf("%d %s", status, body)
	}
	if _, body := w.ask("GET", "api/orders/"+bill, ""); !strings.Contains(body, "operator anna") || !strings.Contains(body, "ticket 7") {
		t.Errorf("the history does not tell who and why: %s", body)
	}
	if status, body := w.ask("POST", "api/orders/"+bill+"/resolve", `{"as":"cancelled","why":"again","who":"ben"}`); status != http.StatusConflict || !strings.Contains(body, "settled already") {
		t.Errorf("settled twice: %d %s", status, body)
	}
}

// Pushes that did not fit are told with all that an operator needs, counted, and put away once, with who and why.
func TestKeptPushesAreToldAndPutAway(t *testing.T) {
	w := newWorld(t)
	type pushes struct {
		Pushes []struct {
			ID, Event, OpenID, Why, Body string
			OutTradeNo                   string    `json:"out_trade_no"`
			FirstAt                      time.Time `json:"first_at"`
			LastAt                       time.Time `json:"last_at"`
			Times                        int
		}
	}
	if _, body := w.ask("GET", "api/pushes", ""); strings.TrimSpace(body) != `{"pushes":[]}` {
		t.Errorf("with none: %s", body)
	}
	l, err := ledger.Open(t.Context(), ledger.Config{DSN: w.file, AsIs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
	for i, id := range []string{"aa11", "bb22", "aa11"} {
		if _, err := l.KeepPush(t.Context(), ledger.Kept{
			ID: id, FirstAt: at.Add(time.Duration(i) * time.Minute), LastAt: at.Add(time.Duration(i) * time.Minute), Event: "xpay_goods_deliver_notify",
			OpenID: "alice", OutTradeNo: "T" + id, Why: "another player ordered it", Body: `{"price":1}`,
		}); err != nil {
			t.Fatal(err)
		}
	}
	list := get[pushes](w, "api/pushes").Pushes
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	if k := list[0]; k.ID != "aa11" || k.Times != 2 || !k.FirstAt.Equal(at) || !k.LastAt.Equal(at.Add(2*time.Minute)) || k.OpenID != "alice" ||
		k.OutTradeNo != "Taa11" || k.Event != "xpay_goods_deliver_notify" || k.Why != "another player ordered it" || k.Body != `{"price":1}` {
		t.Errorf("%+v", k)
	}
	if _, body := w.ask("GET", "api/status", ""); !strings.Contains(body, `"kept":2`) {
		t.Errorf("not counted: %s", body)
	}
	for name, c := range map[string]struct {
		id, body string
		want     int
	}{
		"no reason":    {"aa11", `{"who":"anna"}`, http.StatusBadRequest},
		"nobody":       {"aa11", `{"why":"seen"}`, http.StatusBadRequest},
		"unknown word": {"aa11", `{"why":"seen","who":"anna","as":"delivered"}`, http.StatusBadRequest},
		"not JSON":     {"aa11", `why=seen`, http.StatusBadRequest},
		"no such push": {"cc33", `{"why":"seen","who":"anna"}`, http.StatusNotFound},
	} {
		if status, body := w.ask("POST", "api/pushes/"+c.id+"/done", c.body); status != c.want {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := w.askAs("", "GET", "api/pushes", ""); status != http.StatusUnauthorized {
		t.Errorf("told to a stranger: %d %s", status, body)
	}
	if status, body := w.askAs("", "POST", "api/pushes/aa11/done", `{"why":"seen","who":"anna"}`); status != http.StatusUnauthorized {
		t.Errorf("put away by a stranger: %d %s", status, body)
	}
	if status, body := w.ask("POST", "api/pushes/aa11/done", `{"why":"settled with the player","who":"anna"}`); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	if list := get[pushes](w, "api/pushes").Pushes; len(list) != 1 || list[0].ID != "bb22" {
		t.Errorf("%+v", list)
	}
	if status, _ := w.ask("POST", "api/pushes/aa11/done", `{"why":"again","who":"ben"}`); status != http.StatusNotFound {
		t.Errorf("put away twice: %d", status)
	}
	if of, err := l.KeptOf(t.Context(), "Taa11", 10); err != nil || len(of) != 1 || of[0].Seen != "anna: settled with the player" {
		t.Errorf("%+v, %v", of, err)
	}
}

func TestTheShopIsPausedAndResumed(t *testing.T) {
	w := newWorld(t)
	for _, one := range []struct{ path, want string }{
		{"api/pause", `{"changed":true,"paused":true}`},
		{"api/pause", `{"changed":false,"paused":true}`},
		{"api/resume", `{"changed":true,"paused":false}`},
		{"api/resume", `{"changed":false,"paused":false}`},
	} {
		if status, body := w.ask("POST", one.path, ""); status != http.StatusOK || strings.TrimSpace(body) != one.want {
			t.Errorf("%s: %d %s", one.path, status, body)
		}
		if now := get[struct{ Paused bool }](w, "api/status").Paused; now != (one.path == "api/pause") || now != w.plugin.Paused() {
			t.Errorf("%s: paused is %t", one.path, now)
		}
	}
	if status, _ := w.ask("GET", "api/pause", ""); status == http.StatusOK || w.plugin.Paused() {
		t.Error("reading pauses")
	}
}

type series struct {
	Points []struct {
		At    int64
		Calls map[string]struct {
			Done, Refused int64
			NoAnswer      int64   `json:"no_answer"`
			HeldBack      int64   `json:"held_back"`
			P50           float64 `json:"p50_ms"`
			P99           float64 `json:"p99_ms"`
			State         string
		}
		Reached        map[string]int64
		Open, Disputed int64
		Paused         bool
	}
}

func TestTheChartsShowWhatHappened(t *testing.T) {
	w := newWorld(t)
	alice := w.player("alice", 1000)
	sum := func() (pay, refused, lost, held, delivered int64, opened bool, s series) {
		s = get[series](w, "api/series")
		for _, p := range s.Points {
			c := p.Calls["pay"]
			pay, refused, lost, held = pay+c.Done, refused+c.Refused, lost+c.NoAnswer, held+c.HeldBack
			delivered += p.Reached[string(ledger.Delivered)]
			opened = opened || c.State == "open"
			if c.Done > 0 && (c.P50 <= 0 || c.P99 < c.P50) {
				t.Errorf("calls took %v ms, %v ms at most", c.P50, c.P99)
			}
		}
		return
	}
	w.buy(alice, "1", "sword")
	w.buy(alice, "2", "sword")
	w.buy(w.player("poor", 1), "1", "sword")
	w.eventually("three calls in the charts", func() bool {
		pay, refused, _, _, delivered, _, _ := sum()
		return pay == 2 && refused == 1 && delivered == 2
	})
	if err := w.emu.Outage(emulator.Fault{Kind: emulator.BadGateway}); err != nil {
		t.Fatal(err)
	}
	w.buy(alice, "3", "potion")
	w.eventually("an open breaker in the charts", func() bool { _, _, lost, _, _, opened, _ := sum(); return opened && lost >= 3 })
	w.eventually("an open order in the charts", func() bool {
		_, _, _, _, _, _, s := sum()
		return s.Points[len(s.Points)-1].Open == 1
	})
	w.emu.Recover()
	w.eventually("the end of the order", func() bool {
		_, _, _, _, delivered, _, s := sum()
		return delivered == 3 && s.Points[len(s.Points)-1].Open == 0
	})
	_, _, _, _, _, _, s := sum()
	last := s.Points[len(s.Points)-1].At
	if more := get[series](w, fmt.Sprintf("api/series?since=%d", last)); len(more.Points) > 0 && more.Points[0].At <= last {
		t.Errorf("told again: %+v", more.Points)
	}
	now := get[struct {
		LedgerUp bool `json:"ledger_up"`
		Calls    []struct {
			Endpoint, State string
			Done            int64
		}
		Reached map[string]map[string]int64
	}](w, "api/status")
	if !now.LedgerUp || now.Reached["purchase"]["delivered"] != 3 || now.Reached["purchase"]["failed"] != 1 || len(now.Calls) != 6 {
		t.Errorf("%+v", now)
	}
}

// What opened and closed again between two points is shown all the same.
func TestTheChartsShowABreakerThatOpenedForAMoment(t *testing.T) {
	w := newWorldSeen(t, 3*time.Second)
	alice := w.player("alice", 1000)
	points := func() int { return len(get[series](w, "api/series").Points) }
	w.eventually("a point", func() bool { return points() > 0 })
	before := points()
	if err := w.emu.Outage(emulator.Fault{Kind: emulator.BadGateway}); err != nil {
		t.Fatal(err)
	}
	w.buy(alice, "1", "potion")
	pay := func() string {
		for _, c := range get[struct {
			Calls []struct{ Endpoint, State string }
		}](w, "api/status").Calls {
			if c.Endpoint == "pay" {
				return c.State
			}
		}
		return ""
	}
	w.eventually("an open breaker", func() bool { return pay() == "open" })
	w.emu.Recover()
	w.eventually("a closed breaker", func() bool { return pay() == "closed" })
	closed := points()
	w.eventually("an interval after that", func() bool { return points() > closed+1 })
	var states []string
	for _, p := range get[series](w, "api/series").Points[before:] {
		states = append(states, p.Calls["pay"].State)
	}
	if !slices.Contains(states, "open") || states[len(states)-1] != "" {
		t.Errorf("pay's breaker is shown as %q", states)
	}
}

// Whoever begins to look late is not shown all that was before as if it had just happened.
func TestTheChartsBeginWhenTheyAreMade(t *testing.T) {
	w := newWorld(t)
	w.buy(w.player("alice", 1000), "1", "sword")
	late, err := ops.New(w.plugin, ops.Options{Token: token, Every: 20 * time.Millisecond, Keep: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	front := httptest.NewServer(http.StripPrefix("/ops", late))
	defer front.Close()
	w.url = front.URL + "/ops/"
	w.eventually("a point", func() bool { return len(get[series](w, "api/series").Points) > 0 })
	if first := get[series](w, "api/series").Points[0]; first.Calls["pay"].Done != 0 || first.Reached["delivered"] != 0 {
		t.Errorf("%+v", first)
	}
}

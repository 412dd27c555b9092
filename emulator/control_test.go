package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

func jsonBody(v any) (io.Reader, error) {
	text, err := json.Marshal(v)
	return bytes.NewReader(text), err
}

// control sends a command and returns the status with the answer.
func (f *fixture) control(method, path, body string) (int, map[string]any) {
	f.t.Helper()
	req, err := http.NewRequest(method, f.url+"/_emulator/"+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	resp, err := f.http.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	var a map[string]any
	if err := json.Unmarshal(reply, &a); err != nil && resp.StatusCode != http.StatusMethodNotAllowed && resp.StatusCode != http.StatusNotFound {
		f.t.Fatalf("%s: %d %q", path, resp.StatusCode, reply)
	}
	return resp.StatusCode, a
}

// must is control where success is expected.
func (f *fixture) must(method, path, body string) map[string]any {
	f.t.Helper()
	status, a := f.control(method, path, body)
	if status != http.StatusOK {
		f.t.Fatalf("%s %s: %d %v", path, body, status, a)
	}
	return a
}

func TestEveryCommandOfTheControlAPIWorks(t *testing.T) {
	f := start(t, emulator.Config{AutoCodes: true})
	where := "env=production&openid=" + alice + "&zone_id=1"
	account := fmt.Sprintf(`"env":"production","openid":%q,"zone_id":"1"`, alice)

	wantFields(t, f.must("POST", "recharge", `{`+account+`,"coins":100}`), map[string]any{"balance": 100, "save_amt": 100})
	wantFields(t, f.must("POST", "recharge", `{`+account+`,"coins":50,"after":"1m"}`), map[string]any{"balance": 100})
	f.must("POST", "clock/advance", `{"by":"1m"}`)
	wantFields(t, f.must("GET", "account?"+where, ""), map[string]any{"balance": 150, "paid": 150, "present": 0})

	f.must("POST", "script", `{"api":"pay","faults":[{"kind":"fail"},{"kind":"slow","delay":"1ms"}]}`)
	wantCode(t, f.pay("b1", 10), -1)
	wantCode(t, f.pay("b1", 10), 90012)
	f.must("POST", "faults", `{"api":"pay","faults":[{"probability":1,"fault":{"kind":"answer","code":45009}}]}`)
	wantCode(t, f.pay("b2", 10), 45009)
	wantFields(t, f.must("GET", "outage", ""), map[string]any{"outage": nil})
	f.must("POST", "outage", `{"kind":"refuse"}`)
	wantCode(t, f.cancel("b1"), -1)
	wantFields(t, f.must("GET", "outage", ""), map[string]any{"outage": map[string]any{"kind": "refuse"}})
	f.must("POST", "recover", `{}`)
	wantFields(t, f.must("GET", "outage", ""), map[string]any{"outage": nil})
	wantCode(t, f.cancel("b1"), 0)

	bills, _ := f.must("GET", "bills?env=production&openid="+alice, "")["bills"].([]any)
	if len(bills) != 1 {
		t.Fatalf("bills %v", bills)
	}
	wantFields(t, bills[0].(map[string]any), map[string]any{"bill_no": "b1", "state": "cancelled", "amount": 10, "attempts": 2, "cancel_attempts": 1})
	for _, query := range []string{"?env=sandbox", "?openid=bob"} {
		if none, _ := f.must("GET", "bills"+query, "")["bills"].([]any); len(none) != 0 {
			t.Errorf("bills%s: %v", query, none)
		}
	}
	wantFields(t, f.must("GET", "totals", ""), map[string]any{"recharged": 150, "deducted": 10, "given_back": 10, "presented": 0, "held": 150})
	calls := f.must("GET", "calls", "")
	wantFields(t, calls["pay"].(map[string]any), map[string]any{"calls": 3, "codes": map[string]any{"-1": 1, "45009": 1, "90012": 1}})

	bob := f.must("POST", "code", `{"name":"bob"}`)
	wantFields(t, f.login(bob["code"].(string)), map[string]any{"openid": emulator.OpenIDOf("bob")})
	eve := f.must("POST", "code", `{"openid":"eve"}`)
	wantFields(t, f.login(eve["code"].(string)), map[string]any{"openid": "eve"})

	f.must("POST", "session/expire", fmt.Sprintf(`{"openid":%q}`, alice))
	wantCode(t, f.post(balPath, signed(balPath, nil)), 90010)
	f.must("POST", "token/kill", `{}`)
	wantCode(t, f.post(balPath, signed(balPath, nil)), 40001)
	f.must("POST", "reset", `{}`)
	wantFields(t, f.must("GET", "totals", ""), map[string]any{"recharged": 0, "held": 0})
	wantCode(t, f.post(balPath, signed(balPath, nil)), 40014)
}

func TestPaymentsCanBeDrivenThroughTheControlAPI(t *testing.T) {
	f := start(t, emulator.Config{Now: standing})
	g := newGame(t, "")
	f.must("POST", "push/to", fmt.Sprintf(`{"url":%q,"token":%q}`, g.url, pushToken))
	f.must("POST", "push/mock", `{"event":"minigame_coin_deliver_completed"}`)

	pay := `{"openid":"` + alice + `","offer_id":"` + emulator.DefaultOfferID + `","mode":"game","currency_type":"CNY","buy_quantity":60,"out_trade_no":"c1","fate":{"credit_after":"30s"}}`
	wantFields(t, f.must("POST", "pay/coins", pay), map[string]any{"out_trade_no": "c1", "total_fen": 600, "goods": false, "delivered_at": nil})
	status, a := f.control("POST", "pay/coins", pay)
	wantFields(t, a, map[string]any{"err_code": -15003})
	if msg, _ := a["error"].(string); status != http.StatusBadRequest || !strings.Contains(msg, "ORDER_NO_DUP") {
		t.Errorf("a number twice: %d %v", status, a)
	}
	data, paySig, signature := goodsOptions(nil)
	body, err := json.Marshal(map[string]any{
		"openid": alice, "sign_data": data, "pay_sig": paySig, "signature": signature, "fate": emulator.Fate{Repeat: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFields(t, f.must("POST", "pay/goods", string(body)), map[string]any{"out_trade_no": "g1", "product_id": "sword", "total_fen": 1200})
	f.must("POST", "clock/advance", `{"by":"30s"}`)
	store := f.must("POST", "store/purchase", `{"env":"sandbox","openid":"bob","zone_id":"1","product_id":"sword","quantity":1,"price_fen":600}`)
	if id := f.must("POST", "refund", `{"env":"production","out_trade_no":"g1","fen":200,"source":2}`)["refund_id"]; id == "" {
		t.Error("a refund without a number")
	}
	f.must("POST", "push/flush", `{}`)

	for query, want := range map[string]int{"": 3, "?env=sandbox": 1, "?openid=" + alice: 2, "?openid=eve": 0} {
		if trades, ok := f.must("GET", "trades"+query, "")["trades"].([]any); !ok || len(trades) != want {
			t.Errorf("trades%s: %v", query, trades)
		}
	}
	wantFields(t, f.must("GET", "trades?env=sandbox", "")["trades"].([]any)[0].(map[string]any), map[string]any{"out_trade_no": store["out_trade_no"]})
	pushes := f.must("GET", "pushes", "")["pushes"].([]any)
	if len(pushes) != 4 || len(g.notices()) != 6 { // the simulated one and the repeat
		t.Errorf("%d pushes, %d arrived", len(pushes), len(g.notices()))
	}
	wantFields(t, pushes[0].(map[string]any), map[string]any{
		"event": "minigame_game_pay_goods_deliver_notify", "out_trade_no": "g1", "attempts": 2, "acknowledged": true, "last_status": 200, "last_answer": success,
	})
}

func TestTheControlAPIListsItself(t *testing.T) {
	f := start(t, emulator.Config{})
	commands, _ := f.must("GET", "", "")["commands"].([]any)
	if len(commands) != 27 {
		t.Errorf("%d commands listed", len(commands))
	}
	for _, c := range commands {
		c := c.(map[string]any)
		method, path := c["method"].(string), strings.TrimPrefix(c["path"].(string), "/_emulator/")
		if c["does"] == "" {
			t.Errorf("%s says nothing", path)
		}
		// Each is there, and there for its own method only.
		if status, _ := f.control(method, path, "{"); status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d", method, path, status)
		}
		if status, _ := f.control("DELETE", path, ""); status != http.StatusMethodNotAllowed {
			t.Errorf("DELETE %s: %d", path, status)
		}
	}
}

func TestMistakesInCommandsAreExplained(t *testing.T) {
	f := start(t, emulator.Config{})
	for _, tt := range []struct{ method, path, body string }{
		{"POST", "recharge", `{"env":"sandbox","openid":"a","zone_id":"1","coins":0}`},
		{"POST", "recharge", `{"env":"nowhere","openid":"a","zone_id":"1","coins":1}`},
		{"POST", "recharge", `{"env":"sandbox","openid":"a","zone_id":"1","coins":1.5}`},
		{"POST", "recharge", `{"env":"sandbox","openid":"a","zone_id":"1","coins":1,"after":"soon"}`},
		{"POST", "recharge", `{"env":"sandbox","openid":"a","zone":"1","coins":1}`},
		{"POST", "script", `{"api":"pay","faults":[{"kind":"odd"}]}`},
		{"POST", "script", `{"api":"pay","faults":[{"kind":"hang","comit":true}]}`},
		{"POST", "script", `{"api":"pay","faults":[{"kind":"slow","delay":"2"}]}`},
		{"POST", "faults", `{"api":"pay","faults":[{"probability":2,"fault":{"kind":"hang"}}]}`},
		{"POST", "outage", `{}`},
		{"POST", "clock/advance", `{"by":"tomorrow"}`},
		{"POST", "code", `{}`},
		{"POST", "code", `{"openid":"a","name":"b"}`},
		{"POST", "session/expire", `{}`},
		{"POST", "reset", ``},
		{"GET", "account?" + url.Values{"env": {"sandbox"}}.Encode(), ""},
		{"POST", "pay/coins", `{"openid":"a","offerId":"1"}`},
		{"POST", "pay/coins", `{"openid":"a","fate":{"credit_after":"soon"}}`},
		{"POST", "pay/coins", `{"openid":"a","fate":{"credit":"1s"}}`},
		{"POST", "pay/goods", `{"openid":"a","sign_data":{}}`},
		{"POST", "store/purchase", `{"env":"sandbox","openid":"a","zone_id":"1","product_id":"","quantity":1,"price_fen":1}`},
		{"POST", "refund", `{"env":"sandbox","out_trade_no":"a","fen":1,"source":1}`},
		{"POST", "push/to", `{"url":"nowhere"}`},
		{"POST", "push/mock", `{"event":"minigame_coin_deliver_completed"}`},
	} {
		status, a := f.control(tt.method, tt.path, tt.body)
		if msg, _ := a["error"].(string); status != http.StatusBadRequest || msg == "" {
			t.Errorf("%s %s: %d %v", tt.path, tt.body, status, a)
		}
	}
}

package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/leafmidas/leafmidas/emulator"
)

// The codes of payment.proto, as they travel in JSON.
const (
	reasonQuery, reasonLogin, reasonPurchase, reasonRecharge      = 1, 2, 3, 5
	statePending, stateDelivered, stateFailed                     = 1, 2, 3
	rechargeCredited, rechargePending                             = 1, 2
	codeInvalid, codeNotLoggedIn, codeSession                     = 1, 2, 3
	codeUnknownItem, codeShort                                    = 4, 5
	codeBadTier, codePlatform, codeLimited, codeBusy, codeUnavail = 6, 7, 8, 9, 10
)

// jsonClient is a mini game's client: texts over a WebSocket, as a stranger would write them.
type jsonClient struct {
	t      *testing.T
	conn   *websocket.Conn
	passed []map[string]map[string]any
}

func (w *world) dialJSON() *jsonClient {
	w.t.Helper()
	return dialJSON(w.t, w.ws)
}

func dialJSON(t *testing.T, addr string) *jsonClient {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &jsonClient{t: t, conn: conn}
}

func (c *jsonClient) send(format string, args ...any) {
	c.t.Helper()
	if err := c.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatal(err)
	}
}

// recv returns the body of the next message of that name that match takes. Others are kept for later.
func (c *jsonClient) recv(name string, match func(map[string]any) bool) map[string]any {
	c.t.Helper()
	_, body := c.recvOf(match, name)
	return body
}

// recvOf is recv for any of several names. It returns the one that came.
func (c *jsonClient) recvOf(match func(map[string]any) bool, names ...string) (string, map[string]any) {
	c.t.Helper()
	wanted := func(m map[string]map[string]any) (string, bool) {
		for _, name := range names {
			if body, ok := m[name]; ok && match(body) {
				return name, true
			}
		}
		return "", false
	}
	for i, m := range c.passed {
		if name, ok := wanted(m); ok {
			c.passed = slices.Delete(c.passed, i, i+1)
			return name, m[name]
		}
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
		c.t.Fatal(err)
	}
	for {
		_, frame, err := c.conn.ReadMessage()
		if err != nil {
			c.t.Fatalf("waiting for %v: %v; passed over: %v", names, err, c.passed)
		}
		var m map[string]map[string]any
		if err := json.Unmarshal(frame, &m); err != nil {
			c.t.Fatalf("%s: %v", frame, err)
		}
		c.check(frame, m)
		if name, ok := wanted(m); ok {
			return name, m[name]
		}
		c.passed = append(c.passed, m)
	}
}

func any1(map[string]any) bool { return true }

func with(key string, value any) func(map[string]any) bool {
	return func(m map[string]any) bool { return fmt.Sprint(m[key]) == fmt.Sprint(value) }
}

// login logs in and returns the openid.
func (c *jsonClient) login(code string) string {
	c.t.Helper()
	c.send(`{"MidasLogin":{"code":%q,"zone_id":"1","platform":"android"}}`, code)
	openid := c.recv("MidasLoginResult", any1)["openid"].(string)
	c.recv("MidasBalance", with("reason", reasonLogin))
	return openid
}

// expect checks fields of a message.
func (c *jsonClient) expect(m map[string]any, fields map[string]any) {
	c.t.Helper()
	for key, value := range fields {
		if got, there := m[key]; !there || fmt.Sprint(got) != fmt.Sprint(value) {
			c.t.Errorf("%s is %v, want %v, in %v", key, got, value, m)
		}
	}
}

// fields are what a message of leafmidas has in JSON, zeros included; "error" comes on top if something is wrong. The
// game's own messages are as Leaf writes them.
var fields = map[string]string{
	"MidasLoginResult":     "openid",
	"MidasBalance":         "balance bill_no cost_sum first_save present_balance present_sum reason request_id save_amt save_sum version",
	"MidasPurchaseResult":  "amount balance bill_no item_id quantity request_id state",
	"MidasRechargeOptions": "buy_quantity currency_type env mode offer_id out_trade_no platform request_id zone_id",
	"MidasRechargeResult":  "coins request_id state",
	"MidasOrders":          "more orders",
	"MidasError":           "code message request_id retry_after_ms retryable",
	"MidasServiceState":    "available retry_after_ms",
}

// sometimes are what a message has only where there is something to say: a message that older clients know has its
// later fields so.
var sometimes = map[string][]string{
	"MidasPurchaseResult":  {"error"},
	"MidasError":           {"price", "nearest_below", "nearest_above"},
	"MidasBalance":         {"stale", "as_of_unix", "center_balance"},
	"MidasRechargeOptions": {"sign_data", "pay_sig", "signature"},
	"MidasServiceState":    {"reason"},
}

// check compares a message's keys with what they must be, whoever asked for it.
func (c *jsonClient) check(frame []byte, m map[string]map[string]any) {
	c.t.Helper()
	for name, body := range m {
		if !strings.HasPrefix(name, "Midas") {
			continue
		}
		keys := slices.Sorted(maps.Keys(body))
		keys = slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(sometimes[name], key) })
		if got := strings.Join(keys, " "); len(m) != 1 || got != fields[name] {
			c.t.Errorf("%s has the keys %q, want %q", frame, got, fields[name])
		}
	}
}

func TestAPlayerBuysASwordByWebSocketAndJSON(t *testing.T) {
	w := newWorld(t, nil)
	w.start()
	c := w.dialJSON()

	c.send(`{"MidasGetBalance":{"request_id":"b0"}}`)
	c.expect(c.recv("MidasError", any1), map[string]any{"request_id": "b0", "code": codeNotLoggedIn, "retryable": true})

	openid := c.login("auto-alice-1")
	c.send(`{"MidasGetBalance":{"request_id":"b1"}}`)
	c.expect(c.recv("MidasBalance", with("request_id", "b1")), map[string]any{
		"balance": 0, "present_balance": 0, "save_amt": 0, "cost_sum": 0, "reason": reasonQuery, "bill_no": "",
	})

	c.send(`{"MidasRecharge":{"request_id":"c1","buy_quantity":60}}`)
	c.expect(c.recv("MidasRechargeOptions", any1), map[string]any{
		"request_id": "c1", "mode": "game", "env": 1, "offer_id": "1450000001", "currency_type": "CNY", "platform": "android",
		"buy_quantity": 60, "zone_id": "1",
	})
	if err := w.emu.RechargeLater(emulator.Sandbox, openid, "1", 60, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	c.send(`{"MidasRechargeDone":{"request_id":"c1","err_code":0}}`)
	c.expect(c.recv("MidasRechargeResult", any1), map[string]any{"request_id": "c1", "state": rechargePending, "coins": 0})
	c.expect(c.recv("MidasRechargeResult", any1), map[string]any{"request_id": "c1", "state": rechargeCredited, "coins": 60})
	c.expect(c.recv("MidasBalance", with("reason", reasonRecharge)), map[string]any{"balance": 60, "save_amt": 60})

	c.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
	bought := c.recv("MidasPurchaseResult", any1)
	c.expect(bought, map[string]any{
		"request_id": "a1", "item_id": "sword", "quantity": 1, "amount": 60, "state": stateDelivered, "balance": 0,
	})
	if _, there := bought["error"]; there {
		t.Errorf("an error where all is well: %v", bought)
	}
	c.expect(c.recv("MidasBalance", with("reason", reasonPurchase)), map[string]any{"balance": 0, "cost_sum": 60, "bill_no": bought["bill_no"]})

	c.send(`{"GetInventory":{}}`)
	if items := c.recv("Inventory", any1)["items"]; fmt.Sprint(items) != "map[sword:1]" {
		t.Errorf("the bag holds %v", items)
	}

	c.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
	c.expect(c.recv("MidasPurchaseResult", any1), map[string]any{"bill_no": bought["bill_no"], "state": stateDelivered})
	c.send(`{"MidasPurchase":{"request_id":"a2","item_id":"sword","quantity":1}}`)
	short := c.recv("MidasPurchaseResult", any1)
	c.expect(short, map[string]any{"state": stateFailed})
	c.expect(short["error"].(map[string]any), map[string]any{"code": codeShort, "retryable": false})

	c.send(`{"MidasListOrders":{"limit":1,"before":""}}`)
	page := c.recv("MidasOrders", any1)
	c.expect(page, map[string]any{"more": true})
	c.expect(page["orders"].([]any)[0].(map[string]any), map[string]any{"request_id": "a2", "state": stateFailed})
	c.send(`{"MidasListOrders":{"limit":10,"before":%q}}`, short["bill_no"].(string))
	page = c.recv("MidasOrders", any1)
	c.expect(page, map[string]any{"more": false})
	oldest := page["orders"].([]any)[0].(map[string]any)
	c.expect(oldest, map[string]any{
		"bill_no": bought["bill_no"], "request_id": "a1", "item_id": "sword", "quantity": 1, "amount": 60, "state": stateDelivered,
	})
	if age := time.Since(time.Unix(int64(oldest["created_unix"].(float64)), 0)); len(oldest) != 7 || age < 0 || age > time.Minute {
		t.Errorf("the order is %s old: %v", age, oldest)
	}

	if n := w.emu.Totals().Deducted; n != 60 {
		t.Errorf("%d coins deducted", n)
	}
}

func TestBadInputIsAnsweredAndCostsNoCall(t *testing.T) {
	w := newWorld(t, nil)
	w.start()
	c, other := w.dialJSON(), w.dialJSON()
	c.login("auto-alice-1")
	other.login("auto-bob-1")
	before := w.emu.Calls("*")
	long := strings.Repeat("x", 65)
	for _, bad := range []struct {
		frame, id string
		code      int
	}{
		{`{"MidasPurchase":{"request_id":"1","item_id":"dragon","quantity":1}}`, "1", codeUnknownItem},
		{`{"MidasPurchase":{"request_id":"2","item_id":"sword","quantity":0}}`, "2", codeInvalid},
		{`{"MidasPurchase":{"request_id":"3","item_id":"sword","quantity":-1}}`, "3", codeInvalid},
		{`{"MidasPurchase":{"request_id":"4","item_id":"sword","quantity":9007199254740991}}`, "4", codeInvalid},
		{`{"MidasPurchase":{"request_id":"5","item_id":"sword","quantity":1e300}}`, "5", codeInvalid},
		{`{"MidasPurchase":{"request_id":"6","item_id":"sword","quantity":"1"}}`, "6", codeInvalid},
		{`{"MidasPurchase":{"request_id":"7","item_id":"sword","quantity":1.5}}`, "7", codeInvalid},
		{`{"MidasPurchase":{"request_id":"8","item_id":["sword"],"quantity":1}}`, "8", codeInvalid},
		{`{"MidasPurchase":{"request_id":9,"item_id":"sword","quantity":1}}`, "", codeInvalid},
		{`{"MidasPurchase":{"request_id":"","item_id":"sword","quantity":1}}`, "", codeInvalid},
		{`{"MidasPurchase":{"request_id":"` + long + `","item_id":"sword","quantity":1}}`, "", codeInvalid},
		{`{"MidasPurchase":[]}`, "", codeInvalid},
		{`{"MidasPurchase":{}}`, "", codeInvalid},
		{`{"MidasRecharge":{"request_id":"10","buy_quantity":7}}`, "10", codeBadTier},
		{`{"MidasRecharge":{"request_id":"11","buy_quantity":-60}}`, "11", codeBadTier},
		{`{"MidasRechargeDone":{"request_id":"never","err_code":0}}`, "never", codeInvalid},
		{`{"MidasBalance":{"request_id":"12","balance":1000000}}`, "12", codeInvalid},
		{`{"MidasPurchaseResult":{"request_id":"13","state":2}}`, "13", codeInvalid},
		{`{"MidasError":{"request_id":"14"}}`, "14", codeInvalid},
		{`{"MidasServiceState":{"available":true}}`, "", codeInvalid},
		{`{"MidasLogin":{"code":""}}`, "", codeInvalid},
		{`{"MidasLogin":{"code":"auto-x-1","zone_id":"1&amt=1"}}`, "", codeInvalid},
		{`{"MidasListOrders":{"limit":1,"before":"` + long + `"}}`, "", codeInvalid},
	} {
		c.send("%s", bad.frame)
		e := c.recv("MidasError", any1)
		if fmt.Sprint(e["code"]) != fmt.Sprint(bad.code) || e["request_id"] != bad.id {
			t.Errorf("%s is answered with %v", bad.frame, e)
		}
	}
	if n := w.emu.Calls("*"); n != before {
		t.Errorf("%d calls to Midas", n-before)
	}
	for _, frame := range []string{`{`, `{"Nobody":{}}`, `{"GetInventory":{},"MidasLogin":{}}`, strings.Repeat("x", 5000)} {
		victim := w.dialJSON()
		victim.send("%s", frame)
		if err := victim.conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := victim.conn.ReadMessage(); err == nil {
			t.Errorf("%.20q was answered", frame)
		}
	}
	for _, alive := range []*jsonClient{c, other} {
		alive.send(`{"MidasGetBalance":{"request_id":"still here"}}`)
		alive.recv("MidasBalance", with("request_id", "still here"))
	}
}

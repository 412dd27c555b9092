package emulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// raw sends a body as it is.
func (f *fixture) raw(method, path, token, body string) map[string]any {
	f.t.Helper()
	req, err := http.NewRequest(method, f.url+path+"?access_token="+token, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	a, err := f.do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func TestEveryParameterThatIsMissingIsNamed(t *testing.T) {
	f := start(t, emulator.Config{ErrorSuffix: emulator.SuffixNone})
	for path, names := range map[string][]string{
		balPath:    {"openid", "appid", "offer_id", "ts", "zone_id", "pf"},
		payPath:    {"amt", "bill_no"},
		cancelPath: {"bill_no"},
		givePath:   {"bill_no", "present_counts"},
	} {
		for _, name := range append(names, "sig", "mp_sig") {
			body := signed(path, map[string]any{"bill_no": "b1", "amt": 1, "present_counts": 1})
			for _, empty := range []any{"", nil} {
				body[name] = empty
				wantFields(t, f.post(path, body), map[string]any{"errcode": 40101, "errmsg": name + " missing"})
			}
		}
	}
	for _, text := range []string{"not JSON", "[1]", `"x"`, "{"} {
		wantFields(t, f.raw("POST", balPath, goodToken, text), map[string]any{"errcode": 40101, "errmsg": "openid missing"})
	}
	wantCode(t, f.raw("POST", balPath, goodToken, ""), 44002)
	wantCode(t, f.raw("GET", balPath, goodToken, ""), 43002)
}

func TestValuesThatBreakARuleGive90018(t *testing.T) {
	for name, more := range map[string]map[string]any{
		"amt zero":                {"amt": 0},
		"amt negative":            {"amt": -5},
		"amt a fraction":          {"amt": 1.5},
		"amt beyond 2^53-1":       {"amt": emulator.MaxCoins + 1},
		"amt as text":             {"amt": "5"},
		"bill_no as number":       {"bill_no": 10013324},
		"bill_no of 64":           {"bill_no": strings.Repeat("a", 64)},
		"bill_no with a space":    {"bill_no": "a b"},
		"bill_no in Chinese":      {"bill_no": "订单"},
		"zone_id as number":       {"zone_id": 1},
		"ts as text":              {"ts": "1507530737"},
		"ts zero":                 {"ts": 0},
		"openid as number":        {"openid": 7},
		"pay_item true":           {"pay_item": true},
		"another mini game":       {"appid": "wx1"},
		"another offer":           {"offer_id": "1"},
		"a platform unheard of":   {"pf": "symbian"},
		"user_ip a list of one":   {"user_ip": []string{"::1"}},
		"app_remark a bare digit": {"app_remark": 4},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, emulator.Config{})
			f.SetSession("7", aliceKey)
			f.recharge(100)
			body := map[string]any{"amt": 5, "bill_no": "b1"}
			for k, v := range more {
				body[k] = v
			}
			wantCode(t, f.post(payPath, signed(payPath, body)), 90018)
			if n := len(f.Bills()); n != 0 {
				t.Errorf("%d bills", n)
			}
		})
	}
	f := start(t, emulator.Config{})
	wantCode(t, f.give("p1", -1), 90018)
	wantCode(t, f.give("p1", 0), 90018)
}

func TestBillNumbersThatKeepTheRuleAreTaken(t *testing.T) {
	f := start(t, emulator.Config{})
	for _, no := range []string{"a", "Z9_-|*@", "_x", strings.Repeat("9", 63)} {
		wantCode(t, f.give(no, 1), 0)
	}
	narrow := start(t, emulator.Config{NarrowBillNo: true})
	wantCode(t, narrow.give("a|b", 1), 90018)
	wantCode(t, narrow.give("a_b-C", 1), 0)
}

func TestLenientTypesTakeNumbersForTextsAndBack(t *testing.T) {
	f := start(t, emulator.Config{LenientTypes: true})
	f.recharge(100)
	wantCode(t, f.post(payPath, signed(payPath, map[string]any{"amt": "5", "bill_no": 17, "zone_id": 1, "ts": "1507530737"})), 0)
	if got := f.account().Balance; got != 95 {
		t.Errorf("balance %d", got)
	}
}

func TestClockSkewIsCheckedOnlyIfAsked(t *testing.T) {
	now := time.Unix(1507530737, 0)
	f := start(t, emulator.Config{ClockSkew: time.Minute, Now: func() time.Time { return now }})
	for shift, want := range map[int64]int{0: 0, 60: 0, -60: 0, 61: 90018, -61: 90018} {
		wantCode(t, f.post(balPath, signed(balPath, map[string]any{"ts": now.Unix() + shift})), want)
	}
}

// everythingWrong is a request that fails every check.
func everythingWrong() map[string]any {
	return map[string]any{
		"openid": "nobody", "appid": "x", "ts": "x", "zone_id": 1, "pf": "x", "sig": "x", "mp_sig": "x", // no offer_id
	}
}

func TestChecksComeInTheDocumentedOrder(t *testing.T) {
	f := start(t, emulator.Config{})
	body := everythingWrong()
	send := func(token string) map[string]any {
		t.Helper()
		body["bill_no"], body["amt"] = "b", -1
		return f.rawJSON(payPath, token, body)
	}
	wantCode(t, send("unknown"), 40014)
	wantCode(t, send(goodToken), 40101)
	body["offer_id"] = "x"
	wantCode(t, send(goodToken), 90010)
	body["openid"] = alice
	wantCode(t, send(goodToken), 90009)
	delete(body, "sig")
	delete(body, "mp_sig")
	wrongKey := sign(payPath, body, "wrong", goodToken, aliceKey)
	wantCode(t, f.post(payPath, wrongKey), 90011)
	wantCode(t, f.post(payPath, sign(payPath, body, emulator.DefaultAppKey, goodToken, aliceKey)), 90018)
	wantCode(t, f.pay("b", 1), 90013)
}

func TestPrecedenceCanBeTurnedRound(t *testing.T) {
	f := start(t, emulator.Config{Precedence: []emulator.Check{
		emulator.CheckValues, emulator.CheckSig, emulator.CheckMPSig, emulator.CheckSession, emulator.CheckPresence, emulator.CheckToken,
	}})
	wantCode(t, f.rawJSON(payPath, "unknown", everythingWrong()), 90018)
	wantCode(t, f.rawJSON(payPath, "unknown", sign(payPath, fields(map[string]any{"bill_no": "b", "amt": 1}), "wrong", "unknown", aliceKey)), 90011)
	wantCode(t, f.rawJSON(payPath, "unknown", sign(payPath, fields(map[string]any{"bill_no": "b", "amt": 1}), emulator.DefaultAppKey, "unknown", aliceKey)), 40014)
}

func TestErrorsCarryTheSuffixOfTheirEra(t *testing.T) {
	for suffix, mark := range map[emulator.Suffix]string{emulator.SuffixHint: " hint: [", emulator.SuffixRID: " rid: "} {
		f := start(t, emulator.Config{ErrorSuffix: suffix})
		msg, _ := f.cancel("none")["errmsg"].(string)
		if !strings.HasPrefix(msg, "order not exist"+mark) {
			t.Errorf("errmsg %q, want suffix %q", msg, mark)
		}
	}
	f := start(t, emulator.Config{ErrorSuffix: emulator.SuffixFuzzed})
	first, second := f.cancel("none")["errmsg"], f.cancel("none")["errmsg"]
	if first == second {
		t.Errorf("fuzzed texts repeat: %q", first)
	}
}

func TestUnknownPathsAre404(t *testing.T) {
	f := start(t, emulator.Config{})
	resp, err := f.http.Get(f.url + "/cgi-bin/nothing")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("HTTP %d", resp.StatusCode)
	}
}

func (f *fixture) rawJSON(path, token string, body map[string]any) map[string]any {
	f.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.raw("POST", path, token, string(text))
}

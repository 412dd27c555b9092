package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The inputs of the guides (midas-protocol.md §1.7, §3.3).
const (
	guideBody = `{"openid":"odkx20ENSNa2w5y3g_qOkOvBNM1g","appid":"wx1234567","offer_id":"12345678","ts":1507530737,"zone_id":"1","pf":"android"}`
	guideV2   = `{"offer_id": "12345678", "openid": "oUrsfxxxxxxxxxx", "ts": 1668136271, "zone_id": "1", "env": 0}`
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSignMakesThePublishedSignatures(t *testing.T) {
	v1 := config(t, nil, map[string]any{"AppKey": "zNLgAGgqsEWJOg1nFVaO5r7fAlIQxr1u"})
	v2 := config(t, nil, map[string]any{"AppKey": "12345", "Protocol": "v2"})
	for name, c := range map[string]struct {
		args []string
		body string
		want map[string]string
	}{
		"V1": {
			[]string{"sign", "v1", "--conf", v1, "--path", "/cgi-bin/midas/getbalance", "--session-key-file", secretFile(t, "V7Q38/i2KXaqrQyl2Yx9Hg=="), "--access-token-file", secretFile(t, "ACCESSTOKEN")},
			guideBody,
			map[string]string{
				"sig":    "1ad64e8dcb2ec1dc486b7fdf01f4a15159fc623dc3422470e51cf6870734726b",
				"mp_sig": "ff4c5bb39dea1002a8f03be0438724e1a8bcea5ebce8f221f9b9fea3bcf3bf76",
			},
		},
		"V1, signed already with something else": {
			[]string{"sign", "v1", "--conf", v1, "--path", "/cgi-bin/midas/getbalance"},
			strings.Replace(guideBody, "{", `{"sig":"0","mp_sig":"0","access_token":"ACCESSTOKEN",`, 1),
			map[string]string{"sig": "1ad64e8dcb2ec1dc486b7fdf01f4a15159fc623dc3422470e51cf6870734726b"},
		},
		"V2": {
			[]string{"sign", "v2", "--conf", v2, "--path", "/wxa/game/getbalance", "--session-key-file", secretFile(t, "9hAb/NEYUlkaMBEsmFgzig==")},
			guideV2,
			map[string]string{
				"pay_sig":   "11bac6388871d29c055c7d16fbe42e8d646855b666faf89b15c815218b1b23bd",
				"signature": "42fe1d3341fb1c8bd6f5014ba735ab04eacc80a2deb3ab4669eab4700b5b6729",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := midasctl(t, c.body, append(c.args, "--json")...)
			var told struct {
				Signatures []struct{ Name, Value string }
			}
			if err != nil || json.Unmarshal([]byte(out), &told) != nil || len(told.Signatures) != len(c.want) {
				t.Fatalf("%v: %s", err, out)
			}
			for _, s := range told.Signatures {
				if s.Value != c.want[s.Name] {
					t.Errorf("%s is %s, want %s", s.Name, s.Value, c.want[s.Name])
				}
			}
			plain, err := midasctl(t, c.body, c.args...)
			if err != nil || strings.Contains(plain, "zNLgAGgq") || strings.Contains(plain, "12345&") {
				t.Errorf("secrets without --explain: %v, %s", err, plain)
			}
			for _, value := range c.want {
				if !strings.Contains(plain, value) {
					t.Errorf("%s is not in\n%s", value, plain)
				}
			}
		})
	}
}

func TestSignExplainsEveryStep(t *testing.T) {
	conf := config(t, nil, map[string]any{"AppKey": "zNLgAGgqsEWJOg1nFVaO5r7fAlIQxr1u"})
	out, err := midasctl(t, guideBody, "sign", "v1", "--conf", conf, "--path", "/cgi-bin/midas/getbalance", "--explain")
	if err != nil {
		t.Fatal(out)
	}
	for _, want := range []string{
		"appid=wx1234567", "by ascending key", "secret=<AppKey>",
		"appid=wx1234567&offer_id=12345678&openid=odkx20ENSNa2w5y3g_qOkOvBNM1g&pf=android&ts=1507530737&zone_id=1" +
			"&org_loc=/cgi-bin/midas/getbalance&method=POST&secret=zNLgAGgqsEWJOg1nFVaO5r7fAlIQxr1u",
		"HMAC-SHA256",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if out, err = midasctl(t, guideV2, "sign", "v2", "--conf", conf, "--path", "/wxa/game/getbalance", "--explain"); err != nil || !strings.Contains(out, "/wxa/game/getbalance&"+guideV2) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSignRefusesWhatCannotBeSigned(t *testing.T) {
	conf := config(t, nil, map[string]any{"SandboxAppKey": "", "Env": "production"})
	for name, c := range map[string]struct{ protocol, path, body, want string }{
		"no JSON":            {"v1", "/cgi-bin/midas/pay", "amt=5", "not one JSON object"},
		"a list":             {"v1", "/cgi-bin/midas/pay", "[1]", "not one JSON object"},
		"an object inside":   {"v1", "/cgi-bin/midas/pay", `{"amt":{"x":1}}`, "amt is neither"},
		"no JSON, V2":        {"v2", "/wxa/game/pay", "amt=5", "not JSON"},
		"a whole URL":        {"v1", "https://api.weixin.qq.com/cgi-bin/midas/pay", "{}", "the path alone"},
		"a query":            {"v2", "/wxa/game/pay?access_token=x", "{}", "the path alone"},
		"no key for sandbox": {"v1", "/cgi-bin/midas/sandbox/pay", `{"amt":5}`, "no SandboxAppKey"},
	} {
		if out, err := midasctl(t, c.body, "sign", c.protocol, "--conf", conf, "--path", c.path); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

// partly writes a config that has only this in its section Midas.
func partly(t *testing.T, section map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Midas": section})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "part.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSignNeedsTheAppKeyAndNothingElse(t *testing.T) {
	const key, sig = "zNLgAGgqsEWJOg1nFVaO5r7fAlIQxr1u", "1ad64e8dcb2ec1dc486b7fdf01f4a15159fc623dc3422470e51cf6870734726b"
	sign := func(body string, args ...string) (string, error) {
		return midasctl(t, body, append([]string{"sign", "v1", "--path", "/cgi-bin/midas/getbalance"}, args...)...)
	}
	t.Setenv("PART_OF_A_CONFIG", key)
	for name, args := range map[string][]string{
		"a key file":                           {"--app-key-file", secretFile(t, key)},
		"a config of the key":                  {"--conf", partly(t, map[string]any{"AppKey": key})},
		"a config whose rest is wrong":         {"--conf", partly(t, map[string]any{"AppKey": "env:PART_OF_A_CONFIG", "Env": "moon", "Timeout": 7, "AppSecret": "env:NOT_THERE", "Windw": 1})},
		"a ledger whose owner is not known":    {"--conf", partly(t, map[string]any{"AppKey": key, "Ledger": map[string]any{"DSN": filepath.Join(t.TempDir(), "orders.db")}})},
		"a key file in the place of another's": {"--app-key-file", secretFile(t, key), "--conf", partly(t, map[string]any{"AppKey": "k3y-of-production"})},
	} {
		if out, err := sign(guideBody, args...); err != nil || !strings.Contains(out, sig) {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
	t.Setenv("MIDAS_APP_KEY_FILE", secretFile(t, key))
	if out, err := sign(guideBody); err != nil || !strings.Contains(out, sig) {
		t.Errorf("by the environment: %v, %s", err, out)
	}
	t.Setenv("MIDAS_APP_KEY_FILE", "")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no key at all":        {nil, "--app-key-file"},
		"a config without one": {[]string{"--conf", partly(t, map[string]any{"SandboxAppKey": key})}, "there is no AppKey"},
		"a key that is wrong":  {[]string{"--conf", partly(t, map[string]any{"AppKey": 7, "Env": "moon"})}, "AppKey: wants a text"},
		"a key not to be read": {[]string{"--conf", partly(t, map[string]any{"AppKey": "env:NOT_THERE"})}, "no variable NOT_THERE"},
		"an empty key file":    {[]string{"--app-key-file", secretFile(t, "")}, "is empty"},
	} {
		if out, err := sign(guideBody, c.args...); err == nil || !strings.Contains(out, c.want) || strings.Contains(out, "moon") {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

func TestVerifyNeedsTheAppKeyAndNothingElse(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	dump := w.captured(func(*midas.Config) {})
	verify := func(args ...string) (v verdict) {
		t.Helper()
		out, _, _ := outputs(t, dump, append([]string{"verify", "--session-key-file", w.keyFile(), "--json"}, args...)...)
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return v
	}
	status := func(v verdict, check string) string {
		for _, f := range v.Findings {
			if f.Check == check {
				return f.Status
			}
		}
		return "nothing"
	}
	right := secretFile(t, "k3y-of-the-sandbox")
	for name, v := range map[string]verdict{
		"a key file":          verify("--app-key-file", right),
		"a config of the key": verify("--conf", partly(t, map[string]any{"SandboxAppKey": "k3y-of-the-sandbox", "CoinsPerYuan": -1})),
	} {
		if !v.OK || status(v, "sig") != "ok" || status(v, "mp_sig") != "ok" || status(v, "environment") != "unknown" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := verify("--app-key-file", secretFile(t, "k3y-of-production")); v.OK || status(v, "sig") != "wrong" {
		t.Errorf("another key: %+v", v)
	}
	if v := verify(); status(v, "sig") != "unknown" {
		t.Errorf("no key: %+v", v)
	}
	if v := verify("--conf", partly(t, map[string]any{"SandboxAppKey": "k3y-of-the-sandbox", "OfferID": "999"})); v.OK || status(v, "offer_id") != "wrong" {
		t.Errorf("what the config has is not compared: %+v", v)
	}
}

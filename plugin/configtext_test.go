package plugin_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/plugin"
)

func minimal(key string) plugin.Config {
	return plugin.Config{
		Env: "sandbox", AppID: "wx1", AppSecret: "0123456789abcdef0123456789abcdef", OfferID: "1", SandboxAppKey: plugin.Secret(key),
		BaseURL: "http://127.0.0.1:1", CoinsPerYuan: 10, Ledger: plugin.LedgerConfig{DSN: "orders.db"},
	}
}

func TestWhiteSpaceAndMarksAroundASecretAreNoPartOfIt(t *testing.T) {
	const key = "the-key-of-32-characters-exactly"
	file := filepath.Join(t.TempDir(), "key")
	for _, around := range [][2]string{{"", "\n"}, {"", "\r\n"}, {"\ufeff", "\r\n"}, {" \t", " "}, {"\ufeff\u00a0", "\u3000"}} {
		text := around[0] + key + around[1]
		t.Setenv("LEAFMIDAS_TEST_KEY", text)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, given := range []string{text, "env:LEAFMIDAS_TEST_KEY", " env: LEAFMIDAS_TEST_KEY\n", "file:" + file, "\ufefffile:" + file + " "} {
			got, err := minimal(given).Resolved()
			if err != nil || got.SandboxAppKey != key {
				t.Errorf("%q from %q: %q, %v", text, given, got.SandboxAppKey.Reveal(), err)
			}
		}
	}
}

func TestASecretThatCanOnlyBeMeantOtherwiseIsRefusedUnseen(t *testing.T) {
	for _, value := range []string{`"the-secret-key"`, `'the-secret-key'`, "the-secret\n-key", "t\x00h\x00e\x00-secret-key", "\xff\xfet\x00"} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, given := range []string{value, "file:" + file} {
			_, err := minimal(given).Resolved()
			bad, ok := errors.AsType[*plugin.ConfigError](err)
			if !ok || len(bad.Faults) != 1 || bad.Faults[0].Key != "SandboxAppKey" || strings.Contains(err.Error(), "secret-key") {
				t.Errorf("%q: %v", given, err)
			}
		}
	}
}

func TestASecretOfAnUnusualFormIsToldOnceAndNeverShown(t *testing.T) {
	s := start(t, func(set *setup) {
		set.config.SandboxAppKey, set.config.AppSecret = "short-sandbox-key", "no-hexadecimal-digits"
	})
	told := s.log.String()
	for _, key := range []string{"Midas.AppSecret", "Midas.SandboxAppKey"} {
		if strings.Count(told, key) != 1 {
			t.Errorf("%s is told %d times: %s", key, strings.Count(told, key), told)
		}
	}
	if strings.Contains(told, "short-sandbox-key") || strings.Contains(told, "no-hexadecimal") {
		t.Errorf("a secret is shown: %s", told)
	}
}

// What the example server and the emulator come with is nothing to warn a newcomer of.
func TestTheSecretsOfAPlayConfigAreNotWarnedOf(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "example_server", "conf", "server.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Midas struct{ AppSecret, SandboxAppKey string }
	}
	if err := json.Unmarshal(text, &file); err != nil || file.Midas.AppSecret == "" || file.Midas.SandboxAppKey == "" {
		t.Fatalf("%+v, %v", file, err)
	}
	s := start(t, func(set *setup) {
		set.config.SandboxAppKey, set.config.AppSecret = plugin.Secret(file.Midas.SandboxAppKey), plugin.Secret(file.Midas.AppSecret)
	})
	if told := s.log.String(); strings.Contains(told, "does not look like one") {
		t.Error(told)
	}
}

func TestAKeyThatIsThereTwiceIsRefused(t *testing.T) {
	var c plugin.Config
	text := `{"Env":"sandbox","Items":[{"ID":"a","Price":1},{"ID":"b","Price":1,"Price":2}],"Breaker":{"Buckets":1,"Buckets":2},"Env":"production"}`
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	_, err := c.Resolved()
	for _, want := range []string{"Env: is there twice", "Items[1].Price: is there twice", "Breaker.Buckets: is there twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
}

func TestAConfigFileIsReadAsEditorsLeaveIt(t *testing.T) {
	for text, want := range map[string]string{
		"\ufeff{\"Midas\":{}}":                "",
		`{"Midas":{},"LogLevel":"debug"}`:     "",
		"{\n// why\n\"Midas\":{}}":            "line 2 has a comment",
		"{\"a\":1, /* why */ \"Midas\":{}}":   "line 1 has a comment",
		"{\"a\":1,\n# why\n\"Midas\":{}}":     "line 2 has a comment",
		`{"Midas":{},"Midas":{}}`:             "Midas twice",
		`{"Midas":{"Env":"a","Env":"b"}}`:     "Midas.Env twice",
		"\xff\xfe{\x00}\x00":                  "UTF-16",
		`{"Midas":{"Env":"http://x // y"}}`:   "",
		`{"Midas":[{"a":1},{"a":2}],"a":[1]}`: "",
	} {
		_, err := plugin.ConfigText([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

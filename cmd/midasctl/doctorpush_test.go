package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/plugin"
)

// pushServer is a server that takes pushes as a config says, and that config's file.
func pushServer(t *testing.T, changes map[string]any) (url, conf string) {
	t.Helper()
	conf = config(t, map[string]any{
		"Protocol": "v2", "Ledger": map[string]any{"Driver": "sqlite", "DSN": filepath.Join(t.TempDir(), "orders.db")},
	}, changes)
	text, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Midas plugin.Config }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	p := plugin.New(plugin.WithLogger(slog.New(slog.DiscardHandler)))
	if err := p.Configure(file.Midas); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Module().OnDestroy)
	server := httptest.NewServer(p.PushHandler(nil))
	t.Cleanup(server.Close)
	return server.URL + "/midas/push", conf
}

func pushDoctor(t *testing.T, conf, url string) verdict {
	t.Helper()
	out, _ := midasctl(t, "", "doctor", "--conf", conf, "--offline", "--json", "--push", url)
	var v verdict
	if json.NewDecoder(strings.NewReader(out)).Decode(&v) != nil {
		t.Fatal(out)
	}
	for _, secret := range []string{"the-first-token", "the-second-token", strings.Repeat("A", 43), strings.Repeat("B", 43)} {
		if strings.Contains(out, secret) {
			t.Errorf("a secret was printed: %s", out)
		}
	}
	return v
}

func TestDoctorSendsEachKindOfPushThroughThePublicAddress(t *testing.T) {
	keyA, keyB := strings.Repeat("A", 43), strings.Repeat("B", 43)
	push := map[string]any{"Token": "the-first-token", "EncodingAESKey": keyA}
	more := []any{map[string]any{"Token": "the-second-token", "EncodingAESKey": keyB}}
	for name, env := range map[string]map[string]any{"sandbox": {"Env": "sandbox"}, "production": {"Env": "production", "AppKey": "k3y-of-production"}} {
		t.Run(name, func(t *testing.T) {
			changes := map[string]any{"Push": push, "PushKeys": more}
			for k, v := range env {
				changes[k] = v
			}
			url, conf := pushServer(t, changes)
			v := pushDoctor(t, conf, url)
			if wrong := v.wrongs(); len(wrong) > 0 {
				t.Errorf("%q", wrong)
			}
			var oks strings.Builder
			for _, f := range v.Findings {
				if f.Status == "ok" {
					oks.WriteString(f.Check + ": " + f.What + "\n")
				}
			}
			for _, want := range []string{
				"Push: the address is the server's", "PushKeys[0]: the address", "Push: a push of goods bought in the game was taken",
				"PushKeys[0]: a push of the same by its older name", "Push: a push of coins of the recharge centre", "PushKeys[0]: a push of a refund", "unsigned push: was refused",
			} {
				if !strings.Contains(oks.String(), want) {
					t.Errorf("%q is not said to be well:\n%s", want, oks.String())
				}
			}
			if out := must(t, "pushes", "--conf", conf); strings.Contains(out, "wx") || strings.Contains(out, "minigame") {
				t.Errorf("a trial was kept: %s", out)
			}
		})
	}
}

func TestDoctorNamesWhatIsWrongWithPushes(t *testing.T) {
	keyA, keyB := strings.Repeat("A", 43), strings.Repeat("B", 43)
	with := func(token, key string) map[string]any {
		return map[string]any{"Push": map[string]any{"Token": token, "EncodingAESKey": key}}
	}
	url, right := pushServer(t, with("the-first-token", keyA))
	_, otherToken := pushServer(t, with("the-second-token", keyA))
	_, otherKey := pushServer(t, with("the-first-token", keyB))
	_, none := pushServer(t, nil)
	yes := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Query().Get("echostr")+map[string]string{"POST": `{"ErrCode":0,"ErrMsg":"Success"}`}[r.Method])
	}))
	defer yes.Close()
	for name, c := range map[string]struct {
		conf, url string
		wrong     []string
	}{
		"another token":          {otherToken, url, []string{"Push: the address: "}},
		"another key":            {otherKey, url, []string{"Push: a push of goods bought in the game: ", "Push: a push of a refund: "}},
		"nobody there":           {right, "http://127.0.0.1:1/midas/push", []string{"Push: the address: "}},
		"no address":             {right, "game.example.com", []string{"pushes: "}},
		"no token in the config": {none, url, []string{"pushes: "}},
		"whoever says yes":       {right, yes.URL, []string{"unsigned push: "}},
	} {
		t.Run(name, func(t *testing.T) {
			v := pushDoctor(t, c.conf, c.url)
			wrong := strings.Join(v.wrongs(), "\n")
			for _, want := range c.wrong {
				if !strings.Contains(wrong, want) {
					t.Errorf("%q is not said to be wrong:\n%s", want, wrong)
				}
			}
			if v.OK || wrong == "" {
				t.Errorf("%+v", v)
			}
		})
	}
}

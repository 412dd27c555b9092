package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
)

// A ledger that was made with a wrong OfferID, and never used, becomes that of the corrected config; every other
// command refuses it until then.
func TestIdentityMovesALedgerThatWasNeverUsed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "orders.db")
	mine := ledger.Identity{AppID: "wx1", OfferID: "typo", Env: "sandbox", Protocol: "v1"}
	l, err := ledger.Open(t.Context(), ledger.Config{DSN: file, Identity: mine})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"Midas": map[string]any{
		"Env": "sandbox", "AppID": "wx1", "AppSecret": "s", "OfferID": "right", "SandboxAppKey": "k", "CoinsPerYuan": 10, "Ledger": map[string]any{"DSN": file},
	}})
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "conf.json")
	if err := os.WriteFile(conf, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(line ...string) (int, string) {
		var out bytes.Buffer
		a := app()
		a.Writer, a.ErrWriter = &out, &out
		return execute(t.Context(), a, append([]string{"midasctl"}, line...)), out.String()
	}
	if rc, out := run("orders", "--conf", conf); rc != 1 || !strings.Contains(out, "offer typo") || !strings.Contains(out, "offer right") {
		t.Errorf("%d, %s", rc, out)
	}
	if rc, out := run("identity", "--conf", conf); rc != 0 || !strings.Contains(out, "the ledger is that of app wx1, offer typo") {
		t.Errorf("%d, %s", rc, out)
	}
	if rc, out := run("identity", "--conf", conf, "--move", "--who", "bob"); rc != 0 || !strings.Contains(out, "the ledger is that of app wx1, offer right") {
		t.Errorf("%d, %s", rc, out)
	}
	if rc, out := run("orders", "--conf", conf); rc != 0 {
		t.Errorf("%d, %s", rc, out)
	}
}

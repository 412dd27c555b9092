package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

// secrets are the config's, which must never be printed.
var secrets = map[string]string{
	"AppSecret": "the-app-secret-0001", "AppKey": "the-app-key-0002", "SandboxAppKey": "the-sandbox-app-key-0003",
}

// checkSecrets looks for secrets in what the servers of a world printed and in the files they left: logs, orders, bags.
// Only the config has any.
func (w *world) checkSecrets() {
	forbidden := append(w.learned(), slices.Collect(maps.Values(secrets))...)
	check := func(where string, text []byte) {
		for _, secret := range forbidden {
			if bytes.Contains(text, []byte(secret)) {
				w.t.Errorf("%s has the secret %s", where, secret)
			}
		}
	}
	for _, s := range w.servers {
		check("the output", []byte(s.out.String()))
	}
	err := filepath.WalkDir(w.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == w.conf {
			return err
		}
		text, err := os.ReadFile(path)
		check(path, text)
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
}

// learned are the secrets that Midas gave out while the servers ran: session keys and access tokens, dead ones too.
func (w *world) learned() (all []string) {
	w.t.Helper()
	text, err := os.ReadFile(w.state)
	if err != nil {
		return nil // Midas was never called
	}
	var state struct {
		Sessions []struct {
			Key  string
			Dead []string `json:"dead_keys"`
		}
		Tokens map[string]any
	}
	if err := json.Unmarshal(text, &state); err != nil {
		w.t.Fatal(err)
	}
	for _, s := range state.Sessions {
		all = append(all, s.Dead...)
		if s.Key != "" {
			all = append(all, s.Key)
		}
	}
	return append(all, slices.Collect(maps.Keys(state.Tokens))...)
}

// Every world looks for secrets at its end. This one gives its server every occasion to tell one, and makes sure that
// there is something to find and somewhere to look.
func TestNoSecretReachesALogOrAFile(t *testing.T) {
	w := newWorld(t, nil)
	logs := filepath.Join(w.folder, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	w.config["LogPath"] = logs
	w.start()
	c := w.dialJSON()
	openid := w.rich(c, "auto-alice-1", 6000)

	// What makes a server talk: answers of every bad kind, a dead token, a dead session, a login code that is none.
	w.emu.KillTokens()
	if err := w.emu.Script("pay",
		emulator.Fault{Kind: emulator.Answer, Code: 90011},
		emulator.Fault{Kind: emulator.HTML}, emulator.Fault{Kind: emulator.BadGateway}, emulator.Fault{Kind: emulator.CutReply},
	); err != nil {
		t.Fatal(err)
	}
	for i, end := range []int{stateFailed, stateDelivered} {
		c.send(`{"MidasPurchase":{"request_id":%q,"item_id":"potion","quantity":1}}`, fmt.Sprint("a", i))
		c.recv("MidasPurchaseResult", with("state", end))
	}
	w.emu.ExpireSession(openid)
	c.send(`{"MidasPurchase":{"request_id":"parked","item_id":"potion","quantity":1}}`)
	parked := c.recv("MidasPurchaseResult", with("request_id", "parked"))
	c.expect(parked["error"].(map[string]any), map[string]any{"code": codeSession})
	c.send(`{"MidasLogin":{"code":"no-such-code","zone_id":"1","platform":"android"}}`)
	c.expect(c.recv("MidasError", any1), map[string]any{"code": codeInvalid})
	c.login("auto-alice-2")
	c.recv("MidasPurchaseResult", with("state", stateDelivered))

	if known := w.learned(); len(known) < 4 { // two session keys, two tokens
		t.Errorf("Midas gave out %d secrets only", len(known))
	}
	files, err := filepath.Glob(filepath.Join(logs, "*.log"))
	if err != nil || len(files) != 1 {
		t.Fatalf("log files %v: %v", files, err)
	}
	log, err := os.ReadFile(files[0])
	if err != nil || !bytes.Contains(log, []byte("state=delivered")) {
		t.Errorf("nothing is said of the order in %q: %v", log, err)
	}
}

package plugin_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

func configured(t *testing.T, c plugin.Config) error {
	t.Helper()
	return plugin.New(plugin.WithLogger(slog.New(slog.DiscardHandler))).Configure(c)
}

// The config names a ledger whose orders are another environment's, protocol's, offer's or game's: the start is
// refused, in words that name both.
func TestAnotherConfigIsRefusedOnALedger(t *testing.T) {
	s := start(t)
	s.stop()
	for key, change := range map[string]func(*plugin.Config){
		"production":      func(c *plugin.Config) { c.Env, c.AppKey = "production", "another-app-key" },
		"protocol v2":     func(c *plugin.Config) { c.Protocol = "v2" },
		"offer other":     func(c *plugin.Config) { c.OfferID = "other" },
		"app wx-of-other": func(c *plugin.Config) { c.AppID = "wx-of-other" },
	} {
		c := s.config
		change(&c)
		err := configured(t, c)
		if !errors.Is(err, ledger.ErrOtherIdentity) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "sandbox, protocol v1, and") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestAPathThatIsNoLedgersIsAFaultOfTheConfig(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	t.Setenv("LEDGER_PATH", filepath.Join(folder, "of the environment.db"))
	if err := os.WriteFile("path", []byte(filepath.Join(folder, "of a file.db")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, "~/pay.db", "$HOME/pay.db", "env:NO_SUCH_VARIABLE", "file:no-such-file", "path/pay.db", "/proc/pay.db"} {
		c := testConfig(t)
		c.Ledger.DSN = plugin.Secret(path)
		bad, ok := errors.AsType[*plugin.ConfigError](configured(t, c))
		if !ok || len(bad.Faults) != 1 || bad.Faults[0].Key != "Ledger.DSN" {
			t.Errorf("%s: %v", path, bad)
		}
	}
	for path, where := range map[string]string{"env:LEDGER_PATH": "of the environment.db", "file:path": "of a file.db"} {
		start(t, func(set *setup) { set.config.Ledger.DSN = plugin.Secret(path) }).stop()
		if _, err := os.Stat(where); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	// SQLite's own way to write a path goes on to name a ledger that is there.
	s := start(t, func(set *setup) {
		set.config.Ledger.DSN = plugin.Secret("file:" + filepath.Join(folder, "of a file.db"))
	})
	if !s.log.has("started on the ledger that was there") {
		t.Errorf("it is another one: %s", s.log)
	}
}

func TestTheStartSaysWhereTheOrdersAre(t *testing.T) {
	s := start(t)
	s.stop()
	path := s.config.Ledger.DSN.Reveal()
	for _, want := range []string{"new, empty ledger", "protocol=v1", "env=sandbox", "ledger=" + path, "made_now=true", "open_orders=0"} {
		if !s.log.has(want) {
			t.Errorf("%q is not in the log: %s", want, s.log)
		}
	}
	if s.log.has("rights on the ledger's file") {
		t.Error("a file of its own is complained of")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	again := start(t, func(set *setup) { set.config.Ledger.DSN = plugin.Secret(path) })
	for _, want := range []string{"ledger that was there", "made_now=false", "rights_of_others=----r-----"} {
		if !again.log.has(want) {
			t.Errorf("%q is not in the log: %s", want, again.log)
		}
	}
}

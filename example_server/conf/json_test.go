package conf

import (
	"path/filepath"
	"testing"

	"github.com/leafmidas/leafmidas/plugin"
)

func TestWhatPlayersOwnIsKeptThoughNoFileIsNamed(t *testing.T) {
	before := Server
	t.Cleanup(func() { Server = before })
	folder := t.TempDir()
	t.Setenv("LEDGER_PATH", filepath.Join(folder, "orders.db"))
	for _, c := range []struct{ path, driver, dsn, want string }{
		{"mine.db", "", filepath.Join(folder, "orders.db"), "mine.db"},
		{"", "", filepath.Join(folder, "orders.db"), filepath.Join(folder, "game.db")},
		{"", "sqlite", "env:LEDGER_PATH", filepath.Join(folder, "game.db")},
		{"", "postgres", "postgres://game@db/orders", filepath.Join("data", "game.db")},
		{"", "", "", filepath.Join("data", "game.db")},
	} {
		Server.GamePath = c.path
		Server.Midas.Ledger.Driver, Server.Midas.Ledger.DSN = c.driver, plugin.Secret(c.dsn)
		if got := SavePath(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

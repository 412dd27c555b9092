package conf

import (
	_ "embed" // for the config that needs nothing installed
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// Server is what the config file says.
var Server struct {
	LogLevel string
	LogPath  string
	WSAddr   string
	TCPAddr  string
	// HTTPAddr is where the shop page is served. Left out: DefaultHTTPAddr; "": nowhere.
	HTTPAddr string
	// OpsToken lets operators in at HTTPAddr/ops/, at least 16 bytes. Left out: there is no such page, but with an
	// emulator in this process, where one is made up and printed.
	OpsToken    string
	MaxConnNum  int
	ConsolePort int
	// GamePath is the file that keeps what the players own. Left out: game.db, beside the ledger where that is a file, or
	// else in data.
	GamePath string
	// Ages are the players whose age is known, in years by openid, in place of a register of real names. Minors may pay
	// what the law allows.
	Ages map[string]int
	// Midas is the section of leafmidas.
	Midas plugin.Config
}

// DefaultHTTPAddr is for this machine alone.
const DefaultHTTPAddr = "127.0.0.1:8653"

// Embedded is the config the server runs with when it is given none: everything on this machine, with an emulator in
// place of Midas.
//
//go:embed server.json
var Embedded []byte

// Load reads the config file at path, or the embedded config where path is empty.
func Load(path string) error {
	text, name := Embedded, "the embedded config"
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
		name = path
	}
	Server.HTTPAddr = DefaultHTTPAddr
	text, err := plugin.ConfigText(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(text, &Server); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// SavePath is the file that keeps what the players own. It is never none: SQLite would take that for a file that goes
// with the process.
func SavePath() string {
	if Server.GamePath != "" {
		return Server.GamePath
	}
	path := Server.Midas.Ledger.DSN.Reveal()
	if name, found := strings.CutPrefix(path, "env:"); found {
		path = os.Getenv(name)
	}
	if driver := Server.Midas.Ledger.Driver; driver == "" || driver == "sqlite" {
		if ledgers, err := ledger.CheckPath(path); err == nil {
			return filepath.Join(filepath.Dir(ledgers), "game.db")
		}
	}
	return filepath.Join("data", "game.db")
}

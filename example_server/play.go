package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/example_server/web"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// production is where players pay with money.
const production = "production"

// mayPlay refuses an emulator where players pay: on the page, anybody may give away coins.
func mayPlay(flag string) error {
	if conf.Server.Midas.Env == production {
		return fmt.Errorf("%s is for play, and Midas.Env is %q: leave %s out, or make it \"sandbox\"", flag, production, flag)
	}
	return nil
}

// mayEmulate is mayPlay for a Midas that a config names, which has to be an emulator.
func mayEmulate(path string) error {
	url := conf.Server.Midas.BaseURL
	if url == "" {
		return fmt.Errorf("-emulated: %s names no Midas.BaseURL, so its Midas is WeChat's", path)
	}
	if err := mayPlay("-emulated"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := web.FindEmulator(ctx, url); err != nil {
		return fmt.Errorf("-emulated: at Midas.BaseURL has to be an emulator (midasctl emulator): %w", err)
	}
	return nil
}

// emulatedApp is before the AppID of an app that is real elsewhere. A ledger is one app's, so no server of the real app
// opens this one, nor does this one open the real app's.
const emulatedApp = "emulated-"

// playApart gives the emulated app of a config a name of its own, and refuses a ledger that was not made under such a
// name. It leaves the config resolved: the emulator has the same secrets.
func playApart(m *plugin.Config) error {
	if !strings.HasPrefix(m.AppID, emulatedApp) && m.AppID != "" {
		m.AppID = emulatedApp + m.AppID
	}
	m.BaseURL = "" // it will be the emulator's
	cfg, err := m.Resolved()
	if err != nil {
		return err
	}
	*m = cfg
	if file := cfg.Ledger.File(); file != "" {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return nil // it will be made
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	l, err := ledger.Open(ctx, ledger.Config{Driver: cfg.Ledger.Driver, DSN: cfg.Ledger.DSN.Reveal(), AsIs: true, Who: "example_server"})
	if errors.Is(err, ledger.ErrNoTables) {
		return nil
	}
	foreign := errors.Is(err, ledger.ErrOldTables)
	if err == nil {
		var whose ledger.Identity
		whose, err = l.Identity(ctx)
		foreign = whose.AppID != m.AppID
		err = errors.Join(err, l.Close())
	}
	switch {
	case foreign:
		return errors.New("-emulator: the ledger that Midas.Ledger names is not one of -emulator's; name another, which will be made")
	case err != nil:
		return fmt.Errorf("-emulator: see whose the ledger is: %w", err)
	}
	return nil
}

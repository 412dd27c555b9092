package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/plugin"
)

// appKeyFlag is for commands that need no more of a config than the AppKey.
func appKeyFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "app-key-file", Sources: cli.EnvVars("MIDAS_APP_KEY_FILE"),
		Usage: "the AppKey of the environment that the request goes to is in `FILE` (left out: the config's)",
	}
}

// readPart reads what a command uses of a config, and the AppKey that the command line gives. The rest of the config
// may be missing or wrong, and so may all of it. Where the ledger cannot be read by it, it has none.
func readPart(cmd *cli.Command, uses ...string) (cfg plugin.Config, err error) {
	if cmd.String("conf") != "" {
		section, missing := readSection(cmd)
		if missing != nil && !errors.Is(missing, errNoLedgerFile) {
			return cfg, missing
		}
		if cfg, err = used(section, uses); err != nil {
			return cfg, fmt.Errorf("read the config: %w", err)
		}
		if missing != nil {
			cfg.Ledger = plugin.LedgerConfig{}
		}
	}
	if file := cmd.String("app-key-file"); file != "" {
		key, err := readSecretFile(file, cmd.Root().Reader)
		if err != nil {
			return cfg, fmt.Errorf("--app-key-file: %w", err)
		}
		cfg.AppKey, cfg.SandboxAppKey = key, key
	}
	return cfg, nil
}

// ledgerNeeds are the keys without which no session key is found in the ledger.
var ledgerNeeds = []string{"AppID", "OfferID", "Env", "Protocol", "AppSecret"}

// used resolves a config of which some keys are used. The error has their faults, but for what is missing.
func used(section plugin.Config, uses []string) (plugin.Config, error) {
	cfg, err := section.Resolved()
	bad, isConfig := errors.AsType[*plugin.ConfigError](err)
	if err != nil && !isConfig {
		return cfg, err
	}
	if !isConfig {
		return cfg, nil
	}
	var told []plugin.Fault
	for _, f := range bad.Faults {
		if slices.Contains(uses, f.Key) && !strings.HasPrefix(f.What, "is missing") || f.Key == "Midas" {
			told = append(told, f)
		}
		if slices.Contains(ledgerNeeds, f.Key) || strings.HasPrefix(f.Key, "Ledger") {
			cfg.Ledger = plugin.LedgerConfig{}
		}
	}
	if len(told) > 0 {
		return cfg, &plugin.ConfigError{Faults: told}
	}
	return cfg, nil
}

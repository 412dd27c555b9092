package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// migrateCommand is `midasctl migrate`.
func migrateCommand() *cli.Command {
	return &cli.Command{
		Name: "migrate", Usage: "make or upgrade the ledger's tables",
		Description: "A server does this itself when it starts; this is for those who want it done before. Servers of the version before may\n" +
			"run meanwhile. A SQLite file that does not exist is made.",
		Flags: []cli.Flag{confFlag(), jsonFlag()},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if _, err := arguments(cmd); err != nil {
				return err
			}
			cfg, err := readSection(cmd)
			if err != nil && !errors.Is(err, errNoLedgerFile) {
				return err
			}
			if cfg, err = cfg.Resolved(); err != nil {
				return fmt.Errorf("read the config: %w", err)
			}
			l, err := ledger.Open(ctx, ledgerOf(cfg))
			if err != nil {
				return err
			}
			version, err := l.SchemaVersion(ctx)
			if err = errors.Join(err, l.Close()); err != nil {
				return err
			}
			if cmd.Bool("json") {
				return printJSON(cmd, map[string]any{"driver": cfg.Ledger.Driver, "version": version})
			}
			_, err = fmt.Fprintf(cmd.Root().Writer, "the %s ledger is at version %d\n", cfg.Ledger.Driver, version)
			return err
		},
	}
}

// configCommand is `midasctl config check`.
func configCommand() *cli.Command {
	return &cli.Command{
		Name: "config", Usage: "look at a server's config",
		Commands: []*cli.Command{{
			Name: "check", Usage: "tell everything that is wrong with the section Midas of a config", Flags: []cli.Flag{confFlag(), jsonFlag()},
			Description: "Secrets given as env:NAME or file:PATH are read, and not shown. Nothing is connected to: that is doctor's.",
			Action:      runConfigCheck,
		}},
	}
}

func runConfigCheck(_ context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	cfg, err := readSection(cmd)
	if errors.Is(err, errNoLedgerFile) { // a server makes it
		err = nil
	}
	if err == nil {
		_, err = cfg.Resolved()
	}
	bad, isConfig := errors.AsType[*plugin.ConfigError](err)
	if err != nil && !isConfig {
		return err
	}
	faults := []plugin.Fault{}
	if isConfig {
		faults = bad.Faults
	}
	switch {
	case cmd.Bool("json"):
		type fault struct {
			Key  string `json:"key"`
			What string `json:"what"`
		}
		out := struct {
			OK     bool    `json:"ok"`
			Faults []fault `json:"faults"`
		}{len(faults) == 0, []fault{}}
		for _, f := range faults {
			out.Faults = append(out.Faults, fault{keyOf(f), f.What})
		}
		err = printJSON(cmd, out)
	case len(faults) == 0:
		_, err = fmt.Fprintln(cmd.Root().Writer, "the config is well")
		return err
	default:
		rows := make([][]any, 0, len(faults))
		for _, f := range faults {
			rows = append(rows, []any{keyOf(f), f.What})
		}
		err = printTable(cmd.Root().Writer, rows)
	}
	if len(faults) > 0 {
		return errors.Join(err, told{fmt.Errorf("%d %s", len(faults), plural(len(faults), "fault", "faults"))})
	}
	return err
}

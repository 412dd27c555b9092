package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/ledger"
)

// versionCommand is `midasctl version`.
func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "tell which build this is, and which version of the ledger's tables it makes",
		Description: "The commit is known to builds of a checkout, the version to those by `go install …@VERSION`.",
		Flags:       []cli.Flag{jsonFlag()},
		Action:      runVersion,
	}
}

// buildOf is what this program was built from. Empty: it was built without that being known.
type buildOf struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Time    string `json:"time"`
	// Modified: the checkout had changes that were not committed.
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	// Tables are the versions of the ledger's tables by driver.
	Tables map[string]int64 `json:"tables"`
}

func runVersion(_ context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	b, err := thisBuild(debug.ReadBuildInfo())
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(cmd, b)
	}
	commit := b.Commit
	switch {
	case commit == "":
		commit = "not known"
	case b.Modified:
		commit += ", with changes"
	}
	rows := [][]any{{"midasctl", b.Version}, {"commit", commit}, {"committed", b.Time}, {"built by", b.Go}}
	for _, driver := range ledger.Drivers() {
		rows = append(rows, []any{"tables of " + driver, fmt.Sprint("version ", b.Tables[driver])})
	}
	return printTable(cmd.Root().Writer, rows)
}

func thisBuild(info *debug.BuildInfo, known bool) (buildOf, error) {
	b := buildOf{Tables: map[string]int64{}}
	if known {
		b.Version, b.Go = info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Time = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	for _, driver := range ledger.Drivers() {
		version, err := ledger.NewestSchema(driver)
		if err != nil {
			return buildOf{}, err
		}
		b.Tables[driver] = version
	}
	return b, nil
}

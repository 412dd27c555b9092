package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/internal/plain"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
	"github.com/leafmidas/leafmidas/plugin"
)

// errFound makes the exit code tell what was printed already.
var errFound = told{errors.New("see above")}

const confVariable = "MIDAS_CONF"

func confFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "conf", Sources: cli.EnvVars(confVariable),
		Usage: "the server's JSON config, of which section Midas is read, is in `FILE`",
	}
}

// readSection reads the section of the config that --conf or the environment names.
func readSection(cmd *cli.Command) (plugin.Config, error) {
	name := cmd.String("conf")
	if name == "" {
		return plugin.Config{}, errors.New(`the flag "conf" is not set: give --conf FILE, or set ` + confVariable)
	}
	cfg, err := readMidasSection(name)
	if errors.Is(err, fs.ErrNotExist) && name == os.Getenv(confVariable) {
		err = fmt.Errorf("%w (that is what %s names)", err, confVariable)
	}
	if err != nil {
		err = fmt.Errorf("read the config: %w", err)
	}
	return cfg, err
}

// keyOf is where in a server's config a fault is.
func keyOf(f plugin.Fault) string {
	if f.Key == "Midas" {
		return f.Key
	}
	return "Midas." + f.Key
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: `print one JSON object; of a failure {"error": …}`}
}

// arguments takes exactly the arguments that a command has.
func arguments(cmd *cli.Command, names ...string) ([]string, error) {
	given := cmd.Args().Slice()
	switch {
	case len(given) < len(names):
		return nil, fmt.Errorf("%s: %s is missing", cmd.Name, names[len(given)])
	case len(given) > len(names):
		return nil, fmt.Errorf("%s: %q is one argument too many", cmd.Name, given[len(names)])
	}
	return given, nil
}

// readConfig reads a config with its secrets. An error that is errNoLedgerFile leaves it whole, but for the Ledger.
func readConfig(cmd *cli.Command) (plugin.Config, error) {
	cfg, missing := readSection(cmd)
	if missing != nil && !errors.Is(missing, errNoLedgerFile) {
		return cfg, missing
	}
	cfg, err := cfg.Resolved()
	if err != nil {
		return cfg, fmt.Errorf("read the config: %w", err)
	}
	if missing != nil {
		cfg.Ledger = plugin.LedgerConfig{}
		return cfg, missing
	}
	return cfg, nil
}

// openLedger opens the ledger of a config as it is: in the wrong database, new and empty tables would answer that all
// is well. It is the caller's to close.
func openLedger(ctx context.Context, cfg plugin.Config) (*ledger.Ledger, error) {
	c := ledgerOf(cfg)
	c.AsIs = true
	return ledger.Open(ctx, c)
}

func ledgerOf(cfg plugin.Config) ledger.Config {
	return ledger.Config{Driver: cfg.Ledger.Driver, DSN: cfg.Ledger.DSN.Reveal(), Who: "midasctl", Identity: cfg.Identity()}
}

// withLedger runs a command that needs the config and the ledger.
func withLedger(run func(ctx context.Context, cmd *cli.Command, cfg plugin.Config, l *ledger.Ledger) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		cfg, err := readConfig(cmd)
		if err != nil {
			return err
		}
		l, err := openLedger(ctx, cfg)
		if err != nil {
			return err
		}
		return errors.Join(run(ctx, cmd, cfg, l), l.Close())
	}
}

// sessionFlag asks for a session key in ways that no process list shows.
func sessionFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "session-key-file", Sources: cli.EnvVars("MIDAS_SESSION_KEY_FILE"),
		Usage: "the player's session_key is in `FILE` (-: the standard input; left out: $MIDAS_SESSION_KEY, then the ledger)",
	}
}

// givenSessionKey is the session key that the command was given: "" if it was given none.
func givenSessionKey(cmd *cli.Command) (midas.Secret, error) {
	if name := cmd.String("session-key-file"); name != "" {
		return readSecretFile(name, cmd.Root().Reader)
	}
	return midas.Secret(os.Getenv("MIDAS_SESSION_KEY")), nil
}

// sessionKey finds a player's session key: "" if there is none.
func sessionKey(ctx context.Context, cmd *cli.Command, cfg plugin.Config, openid string) (midas.Secret, error) {
	if key, err := givenSessionKey(cmd); key != "" || err != nil {
		return key, err
	}
	if cfg.Ledger.DSN == "" || openid == "" {
		return "", nil
	}
	l, err := openLedger(ctx, cfg)
	if errors.Is(err, ledger.ErrNoTables) { // there are no keys in it either
		return "", nil
	}
	if err != nil {
		return "", err
	}
	key, err := payment.KeptSession(ctx, l, cfg.AppSecret, openid)
	return key, errors.Join(err, l.Close())
}

func readSecretFile(name string, stdin io.Reader) (midas.Secret, error) {
	text, err := readInput(name, stdin)
	if err != nil {
		return "", err
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("%s is empty", name)
	}
	return midas.Secret(text), nil
}

// maxInput bounds what is read into memory.
const maxInput = 1 << 20

// readInput reads a file, or the standard input where the name is "-".
func readInput(name string, stdin io.Reader) (string, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer file.Close()
		stdin = file
	}
	text, err := io.ReadAll(io.LimitReader(stdin, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("%s has more than %d bytes", name, maxInput)
	}
	return string(text), err
}

// printJSON writes one line.
func printJSON(cmd *cli.Command, v any) error { return json.NewEncoder(cmd.Root().Writer).Encode(v) }

// whoFlag is --who, of commands that write down whose decision it was.
func whoFlag(of string) cli.Flag {
	return &cli.StringFlag{Name: "who", Usage: of + "`NAME` of who decides (left out: this machine's user)", Sources: cli.EnvVars("MIDAS_OPERATOR")}
}

// operator is who decides.
func operator(cmd *cli.Command) (string, error) {
	if who := cmd.String("who"); who != "" {
		return who, nil
	}
	me, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("nobody knows who you are; use --who: %w", err)
	}
	return me.Username, nil
}

// printf writes a line for people. No text in it, whatever it holds, becomes another line.
func printf(w io.Writer, format string, args ...any) error {
	for i := range args {
		args[i] = plain.Cell(args[i])
	}
	_, err := fmt.Fprintf(w, format, args...)
	return err
}

// printTable writes rows of cells, the first of them a heading where there is one.
func printTable(w io.Writer, rows [][]any) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, plain.Cell(cell))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

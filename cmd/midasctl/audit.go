package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/metrics"
	"github.com/leafmidas/leafmidas/plugin"

	// The command opens whatever ledger the server uses, so it links every driver there is one for.
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	_ "github.com/leafmidas/leafmidas/ledger/mysql"
)

// errBooksDiffer makes the exit code tell what the report tells.
var errBooksDiffer = told{errors.New("the books differ")}

// auditCommand is `midasctl audit`: the ledger against itself, the game's own records and Midas.
func auditCommand() *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "compare the ledger with itself, with what the game granted and with Midas",
		Description: "Changes no order and may run while the server does. Redis is not asked. The exit code is 1 if the books differ\n" +
			"or could not be read.\n" +
			"A TIME is 2006-01-02T15:04:05Z (RFC 3339), 2006-01-02 (midnight UTC), or 24h for that long ago.\n" +
			"A relative path in the config is taken from the directory the command runs in, and secrets given as env:NAME\n" +
			"from its environment: run it as the server is run.",
		Flags: []cli.Flag{
			confFlag(),
			&cli.StringFlag{Name: "from", Usage: "leave out orders that last changed before `TIME`"},
			&cli.StringFlag{Name: "to", Usage: "leave out orders that last changed at `TIME` or later"},
			&cli.StringFlag{Name: "granted", Usage: "what the game granted, one bill number per line, is in `FILE` (-: the standard input)"},
			&cli.BoolFlag{Name: "offline", Usage: "do not ask Midas"},
			&cli.StringFlag{Name: "textfile", Usage: "also write leafmidas_audit_… metrics to `FILE` (its name ends in .prom), for node_exporter's textfile collector"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object, also of a failure, and no progress"},
		},
		Action: runAudit,
	}
}

func runAudit(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return fmt.Errorf("audit takes no arguments, got %q", cmd.Args().First())
	}
	r := plugin.AuditRequest{SkipMidas: cmd.Bool("offline")}
	var err error
	now := time.Now()
	if r.From, err = parseTime(cmd.String("from"), now); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if r.To, err = parseTime(cmd.String("to"), now); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		return fmt.Errorf("no time lies between --from %s and --to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	if path := cmd.String("textfile"); path != "" && filepath.Ext(path) != ".prom" {
		return fmt.Errorf("--textfile %s: node_exporter reads only files whose name ends in .prom", path)
	}
	// An empty name is a mistake in somebody's script: without the comparison, the books would seem to agree.
	if cmd.IsSet("granted") {
		if r.Granted, err = readGranted(cmd.String("granted"), cmd.Root().Reader); err != nil {
			return fmt.Errorf("read what the game granted: %w", err)
		}
	}
	cfg, err := readSection(cmd)
	if err != nil {
		return err
	}
	if !cmd.Bool("json") {
		r.Progress = progressTo(cmd.Root().ErrWriter)
	}
	a, err := plugin.AuditOf(ctx, cfg, r)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if path := cmd.String("textfile"); path != "" { // before anything is printed: programs are told of one thing
		if err := metrics.WriteAudit(path, a.Stats(time.Now())); err != nil {
			return fmt.Errorf("write the metrics of the audit: %w", err)
		}
	}
	show := printAudit
	if cmd.Bool("json") {
		show = printAuditJSON
	}
	if err := show(cmd.Root().Writer, a); err != nil {
		return fmt.Errorf("print the audit: %w", err)
	}
	if len(a.Differences) > 0 {
		return errBooksDiffer
	}
	return nil
}

// parseTime reads a time as the flags take it; empty is the zero time, which bounds nothing.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2006-01-02T15:04:05Z, 2006-01-02, or 24h for that long ago", text)
}

// readGranted counts the bill numbers in a file, or in stdin where the name is "-". It is never nil without an error: a
// game that granted nothing is a statement too.
func readGranted(name string, stdin io.Reader) (map[string]int, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		stdin = file
	}
	granted := map[string]int{}
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		if bill := strings.TrimSpace(lines.Text()); bill != "" && !strings.HasPrefix(bill, "#") {
			granted[bill]++
		}
	}
	return granted, lines.Err()
}

// readMidasSection reads the one section of a server's config that is ours.
func readMidasSection(path string) (plugin.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return plugin.Config{}, err
	}
	if text, err = plugin.ConfigText(text); err != nil {
		return plugin.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	var server struct{ Midas *plugin.Config }
	if err := json.Unmarshal(text, &server); err != nil {
		return plugin.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if server.Midas == nil {
		return plugin.Config{}, fmt.Errorf("%s has no section \"Midas\"", path)
	}
	return *server.Midas, checkLedgerFile(server.Midas.Ledger)
}

var errNoLedgerFile = errors.New("the file that Midas.Ledger.DSN names does not exist")

// checkLedgerFile refuses a file that is not there, and says from where it was looked for: a path is often a relative
// one. The DSN stays unsaid: it may be that of a database server, with a password, whose Driver was forgotten.
func checkLedgerFile(l plugin.LedgerConfig) error {
	path := l.File()
	if path == "" { // a server's, or a fault that is told of all the config
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "an unknown directory"
	}
	return fmt.Errorf("%w (seen from %s)", errNoLedgerFile, dir)
}

// progressTo writes how far the audit is, at most once a second: a short audit says nothing.
func progressTo(w io.Writer) func(accounts, orders int) {
	last := time.Now()
	return func(accounts, orders int) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		fmt.Fprintf(w, "audited %d orders, %d accounts\n", orders, accounts)
	}
}

func printAudit(w io.Writer, a plugin.Audit) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range []struct {
		name  string
		value int64
	}{
		{"orders", int64(a.Orders)},
		{"accounts", int64(a.Accounts)},
		{"accounts not compared with Midas", int64(a.Unchecked)},
		{"goods not compared with Midas", int64(a.UncheckedGoods)},
		{"coins delivered", a.Delivered},
		{"coins given back", a.GivenBack},
		{"coins open", a.Open},
		{"coins presented", a.Presented},
		{"coins settled by hand", a.Settled},
		{"differences", int64(len(a.Differences))},
	} {
		fmt.Fprintf(table, "%s\t%d\n", row.name, row.value) // Flush tells what went wrong
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, d := range a.Differences {
		if err := printf(w, "%s\n", d); err != nil {
			return err
		}
	}
	verdict := "books agree"
	if n := a.Unchecked + a.UncheckedGoods; n > 0 {
		verdict = fmt.Sprintf("books agree as far as compared (%d not compared)", n)
	}
	switch n := len(a.Differences); {
	case n == 1:
		verdict = "1 difference"
	case n > 1:
		verdict = fmt.Sprintf("%d differences", n)
	}
	_, err := fmt.Fprintln(w, verdict)
	return err
}

// auditJSON and differenceJSON are the audit for programs: their keys do not change.
type auditJSON struct {
	Orders         int              `json:"orders"`
	Accounts       int              `json:"accounts"`
	Unchecked      int              `json:"unchecked"`
	UncheckedGoods int              `json:"unchecked_goods"`
	Delivered      int64            `json:"delivered"`
	GivenBack      int64            `json:"given_back"`
	Open           int64            `json:"open"`
	Presented      int64            `json:"presented"`
	Settled        int64            `json:"settled"`
	Differences    []differenceJSON `json:"differences"`
}

type differenceJSON struct {
	OpenID string `json:"openid"`
	ZoneID string `json:"zone_id"`
	BillNo string `json:"bill_no"`
	What   string `json:"what"`
	Ledger int64  `json:"ledger"`
	Other  int64  `json:"other"`
}

func printAuditJSON(w io.Writer, a plugin.Audit) error {
	out := auditJSON{
		Orders: a.Orders, Accounts: a.Accounts, Unchecked: a.Unchecked, UncheckedGoods: a.UncheckedGoods,
		Delivered: a.Delivered, GivenBack: a.GivenBack, Open: a.Open, Presented: a.Presented, Settled: a.Settled,
		Differences: make([]differenceJSON, 0, len(a.Differences)), // [] and not null
	}
	for _, d := range a.Differences {
		out.Differences = append(out.Differences, differenceJSON(d))
	}
	return json.NewEncoder(w).Encode(out)
}

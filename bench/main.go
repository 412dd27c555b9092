// Bench measures what leafmidas costs, side by side with what a team would use instead: in one run, in turns, on one
// emulator. Servers and players are processes of their own, on real connections.
//
//	go run .              every row; writes ../docs/benchmarks.md and its plots
//	go run . -short       every row with tiny counts, to see that they work; the page it writes is looked at and thrown away
//	go run . -row call    one row, or several; writes nothing
//
// The directory scale holds another program, for ../docs/scaling.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/bench/report"
)

// row is one question and how it is answered.
type row struct {
	name, asks string
	measure    func(ctx context.Context, b *bench) ([]report.Line, error)
}

var rows = []row{
	{"sign", "two signatures, against two bare HMACs", measureSigning},
	{"call", "one signed call, against bare net/http, silenceper/wechat and a client written by hand", measureCall},
	{"breaker", "the breaker around a call, against bare gobreaker", measureBreaker},
	{"echo", "messages that are answered without Midas, against a bare Leaf echo", measureEcho},
	{"purchases", "purchases on a durable ledger, against the same without any", measurePurchases},
	{"transitions", "durable steps of orders, against what the disk can do", measureTransitions},
	{"jobs", "orders on PostgreSQL and MariaDB, against jobs of River and a table that a team would write", measureJobs},
	{"hang", "the game while Midas hangs and 1,000 purchases wait, against the same game without payments", measureHang},
	{"memory", "memory for each player online, against Leaf's own for a connection", measureMemory},
	{"online", "what a purchase costs with 10 to 10,000 players online", measureOnline},
	{"orders", "a ledger with 1,000,000 orders, against one with 1,000", measureOrders},
	{"servers", "what a purchase costs with 1 to 8 servers on one PostgreSQL", measureServers},
	{"outage", "10 minutes in which the game can grant nothing, and the time until all is settled", measureOutage},
	{"search", "an operator's searches in 1,000,000 orders, and players meanwhile", measureSearch},
	{"strangers", "players and pushes while strangers do what they can, against the same without strangers", measureStrangers},
	{"naive", "a handler that waits for Midas, against ours", measureNaive},
	{"before", "purchases, against the same with the program of " + yardCommit, measureBefore},
	{diffRow, "purchases, against the same with the program of another commit", measureDiff},
	{"observed", "logs, metrics and traces, against none", measureObserved},
}

// diffRow is no row of the page: it says whether a change has made a purchase dearer.
const diffRow = "diff"

// dearer is an error if a line does not reach what it is to.
func dearer(lines []report.Line) error {
	for _, l := range lines {
		if !l.Met() {
			return fmt.Errorf("%s: %s of what it was", l.Measure, l.Text)
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hidden := func(name string, serve func() error) *cli.Command {
		return &cli.Command{Name: name, Hidden: true, Action: func(context.Context, *cli.Command) error { return serve() }}
	}
	app := &cli.Command{
		Name: "bench", Usage: "measure what leafmidas costs, side by side with what a team would use instead", Action: measure,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "short", Usage: "only see that every row works, and the page: tiny counts, no files left"},
			&cli.StringSliceFlag{Name: "row", Usage: "only this row (sign, call, …); no files"},
			&cli.IntFlag{Name: "runs", Value: enoughRuns, Usage: "how often the sides take turns; no fewer for the page"},
			&cli.StringFlag{Name: "docs", Value: "../docs", Usage: "where benchmarks.md and the plots in images go"},
			&cli.StringFlag{Name: "dir", Value: ".", Usage: "where ledgers are kept meanwhile: a folder on a disk, not in memory"},
			&cli.StringFlag{Name: "before", Value: "HEAD^", Usage: "the commit that row diff compares with"},
			&cli.StringFlag{Name: "profile", Usage: "write pprof's profiles of our sides into this folder"},
		},
		Commands: []*cli.Command{hidden(crowd.Subcommand, crowd.Serve), hidden(game.Subcommand, game.Serve), hidden("midas", serveMidas)},
	}
	if err := app.Run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, cmd *cli.Command) (err error) {
	if err := process.RaiseLimit(); err != nil {
		return err
	}
	only := cmd.StringSlice("row")
	for _, name := range only {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.name == name }) {
			return fmt.Errorf("there is no row %q", name)
		}
	}
	b, err := newBench(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	began := time.Now()
	var lines []report.Line
	for i, r := range rows {
		if len(only) > 0 && !slices.Contains(only, r.name) || len(only) == 0 && r.name == diffRow {
			continue
		}
		b.progress("%d/%d %s: %s (%s so far)", i+1, len(rows), r.name, r.asks, time.Since(began).Round(time.Second))
		more, err := b.measure(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		lines = append(lines, more...)
	}
	b.progress("done in %s", time.Since(began).Round(time.Second))
	if err := report.Terminal(os.Stdout, lines); err != nil {
		return err
	}
	if slices.Contains(only, diffRow) {
		return dearer(lines)
	}
	if !b.writes {
		return nil
	}
	if err := b.writePage(lines); err != nil || !b.short {
		return err
	}
	return b.checkPage(lines)
}

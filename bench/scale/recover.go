package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/bench/crowd"
)

// recoverWithin bounds one measurement.
const recoverWithin = 20 * time.Minute

func measureRecovery(ctx context.Context, cmd *cli.Command) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "database\tservers\tfinished\topen\tlistens after\tnone open after\torders/s\tpay calls\tcalls/s\tmost at once\tMiB/server\tserver s\tdatabase s\tp50 meanwhile\tmost\t")
	for _, driver := range cmd.StringSlice("driver") {
		for _, s := range []content{{players: 1}, {cmd.Int("finished"), cmd.Int("open"), cmd.Int("players")}} {
			for _, servers := range cmd.IntSlice("servers") {
				if driver == "sqlite" && servers > 1 {
					continue // a ledger in a file is one server's
				}
				fmt.Fprintf(os.Stderr, "%s, %d servers, %d finished and %d open orders\n", driver, servers, s.finished, s.open)
				if err := recoverOne(ctx, cmd, table, driver, servers, s); err != nil {
					return fmt.Errorf("%s, %d servers: %w", driver, servers, err)
				}
			}
		}
	}
	return table.Flush()
}

func recoverOne(ctx context.Context, cmd *cli.Command, table *tabwriter.Writer, driver string, servers int, s content) (err error) {
	ctx, cancel := context.WithTimeout(ctx, recoverWithin)
	defer cancel()
	w, err := newWorld(ctx, driver, cmd.String("protocol"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	began := time.Now()
	if err := w.fill(ctx, s); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "  the ledger is filled after %s\n", time.Since(began).Round(time.Second))

	before, err := w.usage(ctx)
	if err != nil {
		return err
	}
	if err := w.start(ctx, servers, servers > 1); err != nil {
		return err
	}
	first, listens := w.servers[0].began, time.Duration(0)
	for _, server := range w.servers {
		listens = max(listens, server.ready.Sub(server.began))
	}
	c := crowd.New() // somebody who only wants to buy
	defer c.Leave()
	if err := w.charge(servers); err != nil {
		return err
	}
	for n, server := range w.servers {
		joined, err := c.JoinAll(ctx, crowd.Some{WS: server.ws, First: n, Count: 1, Code: 1})
		c.Players = append(c.Players, joined...)
		if err != nil {
			return err
		}
	}
	buying, stop := context.WithCancel(ctx)
	defer stop()
	bought := make(chan error, 1)
	go func() { bought <- buyNowAndThen(buying, c) }()
	over, err := w.untilNoneOpen(ctx, s)
	if err != nil {
		return err
	}
	stop()
	if err := <-bought; err != nil {
		return err
	}
	after, err := w.usage(ctx)
	if err != nil {
		return err
	}
	used := after.since(before)
	mib := 0
	for _, server := range w.servers {
		m, err := server.memory()
		if err != nil {
			return err
		}
		mib = max(mib, m)
	}
	took := over.Sub(first)
	paid, most := w.pays.calls.Load(), w.pays.most.Load()
	half, worst := c.Take().Percentiles()
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\t%s\t%.0f\t%d\t%.0f\t%d\t%d\t%.1f\t%.1f\t%s\t%s\t\n", driver, servers, s.finished, s.open,
		listens.Round(time.Millisecond), took.Round(10*time.Millisecond), float64(s.open)/took.Seconds(), paid, float64(paid)/took.Seconds(), most, mib,
		used.servers.Seconds(), used.database.Seconds(), half.Round(time.Millisecond), worst.Round(time.Millisecond))
	return nil
}

// buyNowAndThen buys one thing after the other until told to stop, and finishes the last one.
func buyNowAndThen(stop context.Context, c *crowd.Crowd) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		if err := c.Players[n%len(c.Players)].Buy(context.WithoutCancel(stop)); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-stop.Done():
			return nil
		}
	}
}

// untilNoneOpen waits until no seeded order is open, and tells when that was.
func (w *world) untilNoneOpen(ctx context.Context, s content) (time.Time, error) {
	register := w.ledger.Driver
	if register == "postgres" {
		register = "pgx"
	}
	db, err := sql.Open(register, w.ledger.DSN)
	if err != nil {
		return time.Time{}, err
	}
	defer db.Close()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		var open int
		err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM midas_orders WHERE due_at > 0 AND bill_no LIKE 'SEED%'").Scan(&open)
		if err != nil {
			return time.Time{}, err
		}
		if n%20 == 0 {
			fmt.Fprintf(os.Stderr, "  %d of %d orders are open\n", open, s.open)
		}
		if open == 0 {
			return time.Now(), nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("%d orders are still open: %w", open, ctx.Err())
		}
	}
}

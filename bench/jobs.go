package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/peers"
	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/bench/seed"
	"github.com/leafmidas/leafmidas/ledger"
)

// The figures of a crew.
const (
	perSecond   = iota
	cpuInAll    // of this process and of the server, for each, in ns
	cpuOfServer // of the server alone
)

// crew is one way to take many orders, or jobs, from their first step to their last on a database server.
type crew struct {
	driver, dsn string
	work        func(ctx context.Context, count int) error
}

// run has a crew do count of them.
func (c crew) run(count int) compare.Run {
	return func(ctx context.Context) ([]float64, error) {
		server, own, err := c.spent(ctx)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if err := c.work(ctx, count); err != nil {
			return nil, err
		}
		took := time.Since(began)
		serverAfter, ownAfter, err := c.spent(ctx)
		if err != nil {
			return nil, err
		}
		each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(count) }
		return []float64{float64(count) / took.Seconds(), each(serverAfter - server + ownAfter - own), each(serverAfter - server)}, nil
	}
}

func (c crew) spent(ctx context.Context) (server, own time.Duration, err error) {
	if server, err = process.OfDatabase(ctx, c.driver, c.dsn); err != nil {
		return 0, 0, err
	}
	own, err = process.Spent(os.Getpid())
	return server, own, err
}

// measureJobs takes orders through all their steps on database servers, and jobs of River, and rows of a table as teams
// write it.
func measureJobs(ctx context.Context, b *bench) (lines []report.Line, err error) {
	count := b.count(3000, 200)
	var bill atomic.Int64
	orders := func(driver string, atOnce int) (crew, error) {
		cfg, err := b.database(ctx, driver)
		if err != nil {
			return crew{}, err
		}
		l, err := ledger.Open(ctx, cfg)
		if err != nil {
			return crew{}, err
		}
		b.closeLater(l.Close)
		return crew{driver, cfg.DSN, func(ctx context.Context, count int) error {
			group, inner := errgroup.WithContext(ctx)
			for first := range atOnce {
				group.Go(func() error {
					for n := first; n < count; n += atOnce {
						if err := throughAllSteps(inner, l, bill.Add(1)); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return group.Wait()
		}}, nil
	}
	if err := b.jobsOnPostgres(ctx, count, orders, &lines); err != nil {
		return nil, err
	}
	return lines, nil
}

func (b *bench) jobsOnPostgres(ctx context.Context, count int, orders func(driver string, atOnce int) (crew, error), lines *[]report.Line) error {
	var crews []crew
	for _, side := range []struct {
		driver string
		atOnce int
	}{{"postgres", 50}, {"postgres", 500}, {"mysql", 50}} {
		c, err := orders(side.driver, side.atOnce)
		if err != nil {
			return err
		}
		crews = append(crews, c)
	}
	for _, atOnce := range []int{50, 500} {
		cfg, err := b.database(ctx, "postgres")
		if err != nil {
			return err
		}
		river, err := peers.NewJobs(ctx, cfg.DSN, atOnce)
		if err != nil {
			return err
		}
		b.closeLater(river.Close)
		crews = append(crews, crew{"postgres", cfg.DSN, func(ctx context.Context, count int) error { return river.Run(ctx, count, atOnce) }})
	}
	cfg, err := b.database(ctx, "postgres")
	if err != nil {
		return err
	}
	table, err := peers.NewTable(ctx, cfg.DSN)
	if err != nil {
		return err
	}
	b.closeLater(table.Close)
	var row atomic.Int64
	crews = append(crews, crew{"postgres", cfg.DSN, func(ctx context.Context, count int) error {
		return table.Run(ctx, count, 50, func(int) string { return fmt.Sprintf("T%025d", row.Add(1)) })
	}})

	sides := make([]compare.Run, len(crews))
	for i, c := range crews {
		sides[i] = c.run(count)
		if _, err := c.run(min(count, 500))(ctx); err != nil { // warm up
			return err
		}
	}
	runs, err := compare.InTurn(ctx, b.runs, sides, b.ran)
	if err != nil {
		return err
	}
	const ours50, ours500, maria, river50, river500, plain = 0, 1, 2, 3, 4, 5
	figure := func(ours, theirs, figure int) compare.Figure {
		return compare.FigureOf(compare.Column(runs[ours], figure), compare.Column(runs[theirs], figure))
	}
	const job, rows = "a job of River's: stored, fetched, completed", "a table as a team would write it: INSERT, three UPDATEs"
	*lines = append(*lines,
		report.Ratio("an order on PostgreSQL, all its steps, 50 at once: processor time, own and the server's", job, figure(ours50, river50, cpuInAll), report.Nanoseconds, report.AtMost(1.2)),
		report.Ratio("the same: the server's alone", job, figure(ours50, river50, cpuOfServer), report.Nanoseconds, report.Limit{}),
		report.Ratio("the same: orders a second", job, figure(ours50, river50, perSecond), "orders/s", report.AtLeast(2)),
		report.Ratio("500 at once: orders a second", job, figure(ours500, river500, perSecond), "orders/s", report.AtLeast(2)),
		report.Ratio("500 at once: processor time, own and the server's", job, figure(ours500, river500, cpuInAll), report.Nanoseconds, report.AtMost(1.2)),
		report.Ratio("50 at once: orders a second", rows, figure(ours50, plain, perSecond), "orders/s", report.Limit{}),
		report.Ratio("50 at once: processor time, own and the server's", rows, figure(ours50, plain, cpuInAll), report.Nanoseconds, report.Limit{}),
		report.Ratio("an order on MariaDB, all its steps, 50 at once: orders a second", "the same on PostgreSQL", figure(maria, ours50, perSecond), "orders/s", report.AtLeast(0.8)),
		report.Ratio("an order on MariaDB: processor time, own and the server's", "the same on PostgreSQL", figure(maria, ours50, cpuInAll), report.Nanoseconds, report.Limit{}),
	)
	return nil
}

// database is a new one, gone after the row.
func (b *bench) database(ctx context.Context, driver string) (ledger.Config, error) {
	cfg, drop, err := seed.NewDatabase(ctx, driver, b.folder)
	if err != nil {
		return cfg, err
	}
	b.closeLater(drop)
	return cfg, nil
}

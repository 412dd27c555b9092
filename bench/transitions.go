package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/ledger"
)

// measureTransitions takes orders through all their steps, many at a time and one alone, each step on disk before the
// next. What the disk can do is one flush after another; the ledger has the steps that come together share one, and so
// many times as much is the most it could do.
func measureTransitions(ctx context.Context, b *bench) (lines []report.Line, err error) {
	orders, err := ledger.Open(ctx, ledger.Config{DSN: filepath.Join(b.folder, "transitions.db")})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, orders.Close()) }()
	disk, err := newYardstick(filepath.Join(b.folder, "flushed"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, disk.close()) }()

	span := b.span(700 * time.Millisecond)
	var bill atomic.Int64
	for _, c := range []struct {
		name   string
		buyers int
		least  float64
	}{
		{"durable transitions/s (SQLite)", 200, 0.25}, // as MaxInFlight is by itself
		{"durable transitions/s, one order at a time", 1, 0.7},
	} {
		ours := func(ctx context.Context) ([]float64, error) {
			return steps(ctx, orders, &bill, c.buyers, span)
		}
		if _, err := ours(ctx); err != nil { // warm up
			return nil, err
		}
		runs, err := compare.InTurn(ctx, b.runs, []compare.Run{ours, func(context.Context) ([]float64, error) {
			rate, err := disk.flush(span)
			return []float64{rate}, err
		}}, b.ran)
		if err != nil {
			return nil, err
		}
		rates, batches, flushes := compare.Column(runs[0], 0), compare.Column(runs[0], 1), compare.Column(runs[1], 0)
		most := make([]float64, len(flushes))
		for i := range most {
			most[i] = flushes[i] * batches[i] // of the same turn, whichever of the two went first
		}
		if c.buyers > 1 {
			if err := b.profile("ours", func() error { _, err := ours(ctx); return err }); err != nil {
				return nil, err
			}
		}
		against := fmt.Sprintf("the disk's fdatasync rate (%s/s) × steps that share one (%.0f)",
			report.Number(compare.SpreadOf(flushes).Median), compare.SpreadOf(batches).Median)
		lines = append(lines, report.Ratio(c.name, against, compare.FigureOf(rates, most), "steps/s", report.AtLeast(c.least)))
	}
	return lines, nil
}

// steps has so many buy without a pause. Its figures are the steps in a second, and how many shared a flush.
func steps(ctx context.Context, orders *ledger.Ledger, bill *atomic.Int64, buyers int, span time.Duration) ([]float64, error) {
	writesBefore, commitsBefore := orders.Written()
	began := time.Now()
	group, inner := errgroup.WithContext(ctx)
	for range buyers {
		group.Go(func() error {
			for time.Since(began) < span {
				if err := throughAllSteps(inner, orders, bill.Add(1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	writes, commits := orders.Written()
	done := float64(writes - writesBefore)
	return []float64{done / took, done / float64(commits-commitsBefore)}, nil
}

// yardstick is a file that has its whole length on the disk and is written in place, as SQLite's log is most of the
// time: a flush then writes a page and nothing about the file.
type yardstick struct {
	file *os.File
	next int64
}

// As many pages as SQLite's log has before it is used again.
const (
	yardstickPage  = 4096
	yardstickPages = 1000
)

func newYardstick(path string) (*yardstick, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(make([]byte, yardstickPages*yardstickPage))
	if err = errors.Join(err, file.Sync()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &yardstick{file: file}, nil
}

// flush writes and flushes one page after another, and tells how many in a second.
func (y *yardstick) flush(span time.Duration) (rate float64, err error) {
	page := make([]byte, yardstickPage)
	flushes := 0
	began := time.Now()
	for ; time.Since(began) < span; flushes++ {
		page[0]++
		if _, err := y.file.WriteAt(page, y.next%yardstickPages*yardstickPage); err != nil {
			return 0, err
		}
		y.next++
		if err := syscall.Fdatasync(int(y.file.Fd())); err != nil {
			return 0, err
		}
	}
	return float64(flushes) / time.Since(began).Seconds(), nil
}

func (y *yardstick) close() error { return y.file.Close() }

// throughAllSteps is what becomes of a purchase in the ledger.
func throughAllSteps(ctx context.Context, orders *ledger.Ledger, n int64) error {
	now := time.Now()
	o, _, err := orders.Create(ctx, ledger.Order{
		BillNo: fmt.Sprintf("T%025d", n), Kind: ledger.Purchase, OpenID: fmt.Sprintf("oPlayer-of-transitions-%05d", n%10_000), ZoneID: "1",
		RequestID: fmt.Sprint("r", n), ItemID: crowd.ItemID, Quantity: 1, Amount: 1, State: ledger.Created, CreatedAt: now, UpdatedAt: now, DueAt: now.Add(time.Minute),
	})
	for _, to := range []ledger.State{ledger.Paying, ledger.Paid, ledger.Delivered} {
		if err != nil {
			return err
		}
		after := o
		after.State, after.UpdatedAt = to, time.Now()
		if to.Ended() {
			after.DueAt = time.Time{}
		}
		o, err = orders.Advance(ctx, o, after)
	}
	return err
}

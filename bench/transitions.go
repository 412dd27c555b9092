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

	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/ledger"
)

// measureTransitions takes orders through all their steps, many at a time, each step on disk before the next. What the disk can
// do is one flush after another; the ledger has the steps that come together share one, and so many times as much is the most
// it could do.
func measureTransitions(ctx context.Context, b *bench) (lines []report.Line, err error) {
	const buyers = 200 // as MaxInFlight is by itself
	orders, err := ledger.Open(ctx, ledger.Config{DSN: filepath.Join(b.folder, "transitions.db")})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, orders.Close()) }()
	file, err := os.Create(filepath.Join(b.folder, "flushed"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	span := b.span(time.Second)
	var bill atomic.Int64
	batch := 0.0 // of the run before
	ours := func(ctx context.Context) ([]float64, error) {
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
		batch = float64(writes-writesBefore) / float64(commits-commitsBefore)
		return []float64{float64(writes-writesBefore) / took, batch}, nil
	}
	disk := func(context.Context) ([]float64, error) {
		flushes := 0
		page := make([]byte, 4096)
		began := time.Now()
		for ; time.Since(began) < span; flushes++ {
			if _, err := file.Write(page); err != nil {
				return nil, err
			}
			if err := syscall.Fdatasync(int(file.Fd())); err != nil {
				return nil, err
			}
		}
		rate := float64(flushes) / time.Since(began).Seconds()
		return []float64{rate * batch, rate}, nil
	}
	if _, err := ours(ctx); err != nil { // warm up, and the first batch
		return nil, err
	}
	f, err := b.pairs(ctx, ours, disk)
	if err != nil {
		return nil, err
	}
	if err := b.profile("ours", func() error { _, err := ours(ctx); return err }); err != nil {
		return nil, err
	}
	against := fmt.Sprintf("the disk's fdatasync rate (%s/s) × steps that share one (%.0f)", report.Number(f[1].Theirs.Median), f[1].Ours.Median)
	return []report.Line{report.Ratio("durable transitions/s (SQLite)", against, f[0], "steps/s", report.AtLeast(0.7))}, nil
}

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

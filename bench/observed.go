package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureObserved has players buy in games that are watched in the ways a host can choose, against one that is not:
// there no record is made and nobody asks for metrics. What is counted for them is counted in all of them; it cannot be
// switched off.
func measureObserved(ctx context.Context, b *bench) ([]report.Line, error) {
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	players := b.count(200, 20)
	some := crowd.Some{Buyers: players, During: b.span(2 * time.Second)}
	ways := []struct {
		name string
		game.Options
	}{
		{"", game.Options{}},
		{"as in production, logs at level release and metrics scraped each second", game.Options{Log: "release", Metrics: true}},
		{"logs at level debug into a file", game.Options{Log: "debug"}},
		{"every purchase traced by OpenTelemetry's SDK", game.Options{Trace: true}},
	}
	var runs []compare.Run
	for _, way := range ways {
		o := way.Options
		o.Way = game.Plugin
		if o.Folder, err = os.MkdirTemp(b.folder, "observed-"); err != nil {
			return nil, err
		}
		s, err := b.startSide(ctx, m, o)
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, players); err != nil {
			return nil, err
		}
		run := func(ctx context.Context) ([]float64, error) {
			did, err := s.buyWatched(ctx, o, some)
			if err != nil {
				return nil, err
			}
			return []float64{did.cpu(), float64(did.cost.Bytes) / float64(did.orders)}, nil
		}
		if _, err := run(ctx); err != nil { // warm up
			return nil, err
		}
		runs = append(runs, run)
	}
	took, err := compare.InTurn(ctx, b.runs, runs, b.ran)
	if err != nil {
		return nil, err
	}
	var lines []report.Line
	for i, way := range ways[1:] {
		of := func(figure int) compare.Figure {
			return compare.FigureOf(compare.Column(took[i+1], figure), compare.Column(took[0], figure))
		}
		const against = "no records, nobody scrapes"
		lines = append(lines,
			report.Ratio(way.name+": processor time of a purchase", against, of(0), report.Nanoseconds, report.Limit{}),
			report.Ratio(way.name+": bytes allocated", against, of(1), "B", report.Limit{}))
	}
	return lines, nil
}

// buyWatched has players buy while the game is watched as it was started for, and fails where there was nothing to see.
func (s *side) buyWatched(ctx context.Context, o game.Options, some crowd.Some) (did bought, err error) {
	logged, err := records(o.Folder)
	if err != nil {
		return did, err
	}
	var spansBefore, spans int64
	if err := s.Call(ctx, "Game.Spans", 0, &spansBefore); err != nil {
		return did, err
	}
	over, done := context.WithCancel(ctx)
	group, inner := errgroup.WithContext(over)
	if o.Metrics {
		group.Go(func() error { return scrape(inner, "http://"+s.Scrape, some.During/2) })
	}
	group.Go(func() (err error) {
		defer done()
		did, err = s.buy(ctx, "Load.BuyAll", some)
		return err
	})
	if err := group.Wait(); err != nil {
		return did, err
	}
	now, err := records(o.Folder)
	if err != nil {
		return did, err
	}
	if err := s.Call(ctx, "Game.Spans", 0, &spans); err != nil {
		return did, err
	}
	if made := now - logged; o.Log == "debug" && made < did.orders {
		return did, fmt.Errorf("%d purchases, %d records", did.orders, made)
	}
	if made := spans - spansBefore; o.Trace && made < int64(did.orders) {
		return did, fmt.Errorf("%d purchases, %d spans", did.orders, made)
	}
	return did, nil
}

// records counts what the plugin has logged through Leaf into a folder.
func records(folder string) (n int, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.log"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return 0, err
		}
		n += bytes.Count(text, []byte(" midas: "))
	}
	return n, err
}

// scrape looks for the first time after a while and then each second, until ctx ends.
func scrape(ctx context.Context, url string, first time.Duration) error {
	next := time.NewTimer(min(first, time.Second/2))
	defer next.Stop()
	for {
		select {
		case <-next.C:
			next.Reset(time.Second)
		case <-ctx.Done():
			return nil
		}
		resp, err := http.Get(url)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK || len(text) == 0 {
			return fmt.Errorf("metrics: status %d, %d bytes, %w", resp.StatusCode, len(text), err)
		}
	}
}

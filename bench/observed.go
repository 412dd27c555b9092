package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureObserved looks at the metrics each second while players buy, and has records of level Info and above made, against
// neither.
func measureObserved(ctx context.Context, b *bench) ([]report.Line, error) {
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	players := b.count(200, 20)
	some := crowd.Some{Buyers: players, During: b.span(3 * time.Second)}
	var runs [2]compare.Run
	for i, o := range []game.Options{{Way: game.Plugin, Logs: true, Metrics: true}, {Way: game.Plugin}} {
		s, err := b.startSide(ctx, m, o)
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, players); err != nil {
			return nil, err
		}
		runs[i] = func(ctx context.Context) ([]float64, error) {
			var did bought
			over, done := context.WithCancel(ctx)
			group, inner := errgroup.WithContext(over)
			if o.Metrics {
				group.Go(func() error { return scrape(inner, "http://"+s.Scrape) })
			}
			group.Go(func() (err error) {
				defer done()
				did, err = s.buy(ctx, "Load.BuyAll", some)
				return err
			})
			err := group.Wait()
			if err != nil {
				return nil, err
			}
			return []float64{did.cpu(), float64(did.cost.Bytes) / float64(did.orders)}, nil
		}
		if _, err := runs[i](ctx); err != nil { // warm up
			return nil, err
		}
	}
	f, err := b.pairs(ctx, runs[0], runs[1])
	if err != nil {
		return nil, err
	}
	const against = "neither"
	return []report.Line{
		report.Ratio("metrics scraped each second, and logs: processor time of a purchase", against, f[0], report.Nanoseconds, report.Limit{}),
		report.Ratio("the same: bytes allocated", against, f[1], "B", report.Limit{}),
	}, nil
}

// scrape looks at once and then each second, until ctx ends.
func scrape(ctx context.Context, url string) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		resp, err := http.Get(url)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK || len(text) == 0 {
			return fmt.Errorf("metrics: status %d, %d bytes, %w", resp.StatusCode, len(text), err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

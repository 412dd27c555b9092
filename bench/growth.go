package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/bench/seed"
)

// measureServers has games share one PostgreSQL and the same number of purchases a second.
func measureServers(ctx context.Context, b *bench) ([]report.Line, error) {
	if !slices.Contains(seed.Drivers(), "postgres") {
		b.progress("    servers: there is no PostgreSQL: eval \"$(tools/services.sh start)\" first")
		return nil, nil
	}
	const rate = 200
	sizes := []float64{1, 2, 4, 8}
	if b.short {
		sizes = []float64{1, 2}
	}
	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	var fleets []compare.Run
	for _, servers := range sizes {
		cfg, err := b.database(ctx, "postgres")
		if err != nil {
			return nil, err
		}
		var fleet []*side
		for range int(servers) {
			s, err := b.startSide(ctx, m, game.Options{Way: game.Plugin, Driver: "postgres", DSN: cfg.DSN, MaxConns: 6})
			if err != nil {
				return nil, err
			}
			if err := s.join(ctx, b.count(400, 20)/int(servers)); err != nil {
				return nil, err
			}
			fleet = append(fleet, s)
		}
		some := crowd.Some{Rate: rate / int(servers), During: b.span(2500 * time.Millisecond)}
		run := func(ctx context.Context) ([]float64, error) {
			before, err := process.OfDatabase(ctx, "postgres", cfg.DSN)
			if err != nil {
				return nil, err
			}
			did := make([]bought, len(fleet))
			group, inner := errgroup.WithContext(ctx)
			for i, s := range fleet {
				group.Go(func() (err error) {
					did[i], err = s.buy(inner, "Load.Buy", some)
					return err
				})
			}
			if err := group.Wait(); err != nil {
				return nil, err
			}
			after, err := process.OfDatabase(ctx, "postgres", cfg.DSN)
			var own time.Duration
			orders := 0
			for _, d := range did {
				own, orders = own+d.cost.CPU, orders+d.orders
			}
			each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(orders) }
			return []float64{each(own + after - before), each(after - before)}, err
		}
		if _, err := run(ctx); err != nil { // warm up
			return nil, err
		}
		fleets = append(fleets, run)
	}
	runs, err := compare.InTurn(ctx, b.runs, fleets, b.ran)
	if err != nil {
		return nil, err
	}
	b.plots = append(b.plots, picture{"servers", report.Plot{
		Title: fmt.Sprintf("A purchase on one PostgreSQL, at %d a second in all", rate), X: "servers", Y: "processor time, µs", LogX: true,
		Curves: []report.Curve{curve("servers and PostgreSQL", sizes, runs, 0, 1e3), curve("PostgreSQL alone", sizes, runs, 1, 1e3)},
	}})
	last := len(sizes) - 1
	of := func(figure int) compare.Figure {
		return compare.FigureOf(compare.Column(runs[last], figure), compare.Column(runs[0], figure))
	}
	return []report.Line{
		report.Ratio("8 servers on one PostgreSQL, 200 purchases/s in all: processor time of one, the servers' and PostgreSQL's", "one server", of(0), report.Nanoseconds, report.Limit{}),
		report.Ratio("of that PostgreSQL's", "one server", of(1), report.Nanoseconds, report.Limit{}),
	}, nil
}

// outageLasts is how long the game cannot grant what is bought, and outageRate how many buy meanwhile.
const (
	outageLasts = 10 * time.Minute
	outageRate  = 200
)

// measureOutage has players buy while the game's own database is away, so that orders are paid and nothing can be
// delivered; and then until all of them are, with others who buy as before.
func measureOutage(ctx context.Context, b *bench) ([]report.Line, error) {
	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	s, err := b.startSide(ctx, m, game.Options{Way: game.Plugin})
	if err != nil {
		return nil, err
	}
	during, count := b.span(outageLasts), b.count(2_000, 50)
	if err := s.join(ctx, count); err != nil {
		return nil, err
	}
	buy := func(during time.Duration) (bought, error) {
		return s.buy(ctx, "Load.Buy", crowd.Some{Rate: outageRate, During: during})
	}
	calm, err := buy(b.span(10 * time.Second))
	if err != nil {
		return nil, err
	}
	if err := s.Call(ctx, "Game.Away", true, new(int)); err != nil {
		return nil, err
	}
	var open report.Curve
	began := time.Now()
	look := func() (int64, error) {
		var n int64
		err := s.Call(ctx, "Game.Open", 0, &n)
		open.X, open.Y = append(open.X, time.Since(began).Seconds()), append(open.Y, float64(n))
		return n, err
	}
	asked := make(chan error, 1)
	go func() {
		asked <- s.players.Call(ctx, "Load.AskAt", crowd.Some{Rate: outageRate, During: during}, new(int))
	}()
	tick := time.NewTicker(max(during/60, 50*time.Millisecond))
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case err := <-asked:
			if err != nil {
				return nil, err
			}
			waiting = false
		case <-tick.C:
		}
		if _, err := look(); err != nil {
			return nil, err
		}
	}
	backlog := open.Y[len(open.Y)-1]
	if err := s.players.Call(ctx, "Load.Take", 0, new(crowd.Seen)); err != nil { // that they wait
		return nil, err
	}
	if err := s.Call(ctx, "Game.Away", false, new(int)); err != nil {
		return nil, err
	}
	back := time.Now()
	var waits []time.Duration // of those who buy until all is settled
	buying, stop := context.WithCancel(ctx)
	defer stop()
	others := make(chan error, 1)
	go func() {
		for buying.Err() == nil {
			did, err := buy(b.span(5 * time.Second))
			if err != nil {
				others <- err
				return
			}
			waits = append(waits, did.waits...)
		}
		others <- nil
	}()
	var settled time.Duration
	for settled == 0 {
		n, err := look()
		if err != nil {
			return nil, err
		}
		if n < outageRate/10 { // those that are just under way are not the outage's
			settled = time.Since(back)
		}
		if time.Since(back) > during+10*time.Minute {
			return nil, fmt.Errorf("%d orders are still open", n)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	stop()
	if err := <-others; err != nil {
		return nil, err
	}
	half, most := crowd.Seen{Waits: waits}.Percentiles()
	if backlog == 0 {
		return nil, errors.New("nothing waited")
	}
	open.Name, open.Low, open.Up = "open orders", open.Y, open.Y
	b.plots = append(b.plots, picture{"outage", report.Plot{
		Title: fmt.Sprintf("The game cannot grant for %s, at %d purchases a second", during, outageRate), X: "seconds", Y: "open orders", Curves: []report.Curve{open},
	}})
	once := func(ours, theirs float64) compare.Figure { return compare.FigureOf([]float64{ours}, []float64{theirs}) }
	return []report.Line{
		report.Ratio(fmt.Sprintf("after %s in which the game could grant nothing: orders settled a second", during), "the rate at which they came",
			once(backlog/settled.Seconds(), outageRate), "orders/s", report.AtLeast(5)),
		report.Ratio("meanwhile: a purchase, median", "the same without orders that wait", once(nsOf(half), nsOf(calm.half)), report.Nanoseconds, report.AtMost(1.5)),
		report.Ratio("meanwhile: a purchase, p99", "the same without orders that wait", once(nsOf(most), nsOf(calm.most)), report.Nanoseconds, report.Limit{}),
	}, nil
}

func nsOf(d time.Duration) float64 { return float64(d.Nanoseconds()) }

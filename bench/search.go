package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/bench/seed"
	"github.com/leafmidas/leafmidas/ledger"
)

// databases are the names of the drivers.
var databases = map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL", "mysql": "MariaDB"}

// contents of a ledger that is searched: most orders have been delivered within a month; one in fifty is open, one in a
// thousand disputed.
func contents(size int) []seed.Part {
	const month = 30 * 24 * time.Hour
	now := time.Now().UnixMilli()
	ended := func(bill string, n int, kind ledger.Kind, state ledger.State) seed.Part {
		at := fmt.Sprintf("%d + n * %d", now-month.Milliseconds(), (month-time.Hour).Milliseconds()/int64(n))
		return seed.Part{Bill: bill, Count: n, Kind: kind, State: state, At: at, Bare: true}
	}
	open := func(bill string, n int, kind ledger.Kind, state ledger.State, parked bool) seed.Part {
		p := ended(bill, n, kind, state)
		p.Parked, p.Due = parked, now+(24*time.Hour).Milliseconds() // so that nobody works on it
		return p
	}
	return []seed.Part{
		ended("A", size-7*size/100-size/1000, ledger.Purchase, ledger.Delivered),
		ended("B", size/50, ledger.Goods, ledger.Delivered), ended("C", size/50, ledger.Purchase, ledger.Failed),
		ended("D", size/100, ledger.Present, ledger.Delivered), ended("E", size/1000, ledger.Purchase, ledger.Disputed),
		open("F", size/100, ledger.Goods, ledger.Paying, false), open("G", size/200, ledger.Purchase, ledger.Paying, true),
		open("H", size/200, ledger.Purchase, ledger.Paying, false),
	}
}

// searches are what an operator's page and midasctl ask, each time about something else.
func searches(l *ledger.Ledger, size int) []search {
	all := contents(size)[0]
	find := func(f func(n int) ledger.Filter) func(context.Context) error {
		return func(ctx context.Context) error {
			found, _, err := l.Search(ctx, f(rand.IntN(all.Count)))
			if err == nil && len(found) == 0 {
				err = errors.New("nothing was found")
			}
			return err
		}
	}
	fixed := func(f ledger.Filter) func(context.Context) error { return find(func(int) ledger.Filter { return f }) }
	from, to := time.Now().Add(-20*24*time.Hour), time.Now().Add(-10*24*time.Hour)
	return []search{
		{"a request id", find(func(n int) ledger.Filter { return ledger.Filter{RequestID: all.RequestOf(n)} })},
		{"a player", find(func(n int) ledger.Filter { return ledger.Filter{OpenID: seed.PlayerOf(n % (size / ordersPerPlayer))} })},
		{"a player in a state", find(func(n int) ledger.Filter {
			return ledger.Filter{OpenID: seed.PlayerOf(n % (size / ordersPerPlayer)), States: []ledger.State{ledger.Delivered}}
		})},
		{"a bill number", find(func(n int) ledger.Filter { return ledger.Filter{BillNo: all.BillOf(n)} })},
		{"how a bill number begins", find(func(n int) ledger.Filter { b := all.BillOf(n); return ledger.Filter{BillPrefix: b[:len(b)-2]} })},
		{"how all begin, in a rare state", fixed(ledger.Filter{BillPrefix: "SEED", States: []ledger.State{ledger.Disputed}, OldestFirst: true})},
		{"a state", fixed(ledger.Filter{States: []ledger.State{ledger.Disputed}})},
		{"a common state", fixed(ledger.Filter{States: []ledger.State{ledger.Delivered}})},
		{"a kind", fixed(ledger.Filter{Kinds: []ledger.Kind{ledger.Present}})},
		{"the oldest open one", fixed(ledger.Filter{Open: true, OldestFirst: true, Limit: 1})},
		{"the oldest stuck one", fixed(ledger.Filter{Stuck: true, OldestFirst: true, Limit: 1})},
		{"the newest of all", fixed(ledger.Filter{})},
		{"a period", fixed(ledger.Filter{From: from, To: to})},
		{"a period's open ones", fixed(ledger.Filter{From: from, To: to, Open: true})},
		{"the backlog", func(ctx context.Context) error {
			b, err := l.Backlog(ctx)
			if err == nil && (b.Disputed < int64(size/1000) || b.Oldest == "") {
				err = fmt.Errorf("%+v", b)
			}
			return err
		}},
		{"the counts", func(ctx context.Context) error { _, err := l.CountOpen(ctx); return err }},
	}
}

type search struct {
	name string
	do   func(context.Context) error
}

// measureSearch has an operator search, on every database that is there, and players buy while eight operators do so
// all the time.
func measureSearch(ctx context.Context, b *bench) (lines []report.Line, err error) {
	for _, driver := range seed.Drivers() {
		more, err := b.searchOn(ctx, driver)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", driver, err)
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

func (b *bench) searchOn(ctx context.Context, driver string) (lines []report.Line, err error) {
	const rate, operators = 100, 8
	size := b.count(1_000_000, 2_000)
	folder, err := os.MkdirTemp(b.folder, "search-")
	if err != nil {
		return nil, err
	}
	cfg, drop, err := seed.NewDatabase(ctx, driver, folder)
	if err != nil {
		return nil, err
	}
	b.closeLater(drop)
	l, err := ledger.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	b.closeLater(l.Close)
	b.progress("    search: filling a ledger on %s with %s", databases[driver], report.Number(float64(size)))
	if err := seed.Fill(ctx, cfg, size/ordersPerPlayer, contents(size)...); err != nil {
		return nil, err
	}
	all := searches(l, size)
	took := make([][]float64, len(all))
	for n := range b.runs + 1 {
		for i, s := range all {
			began := time.Now()
			if err := s.do(ctx); err != nil {
				return nil, fmt.Errorf("search for %s: %w", s.name, err)
			}
			if n > 0 { // the first warms up
				took[i] = append(took[i], float64(time.Since(began).Microseconds())/1000)
			}
		}
	}
	slowest, most := 0, 0.0
	for i, s := range all {
		median := compare.SpreadOf(took[i]).Median
		b.progress("    search: %-32s %.2f ms", s.name, median)
		if median > most {
			slowest, most = i, median
		}
	}
	name := fmt.Sprintf("1,000,000 orders on %s, ", databases[driver])
	slow := report.Absolute(fmt.Sprintf("%sthe slowest of %d searches, for %s", name, len(all), all[slowest].name),
		compare.FigureOf(took[slowest], took[slowest]), "ms", report.AtMost(50))
	slow.Theirs = "" // there is nobody beside it
	lines = append(lines, slow)

	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	s, err := b.startSide(ctx, m, game.Options{Way: game.Plugin, Folder: folder, Driver: driver, DSN: cfg.DSN})
	if err != nil {
		return nil, err
	}
	if err := s.join(ctx, b.count(200, 20)); err != nil {
		return nil, err
	}
	some := crowd.Some{Rate: rate, During: b.span(600 * time.Millisecond)}
	quiet := func(ctx context.Context) ([]float64, error) {
		did, err := s.buy(ctx, "Load.Buy", some)
		return nanoseconds(did.waits), err
	}
	searched := func(ctx context.Context) ([]float64, error) {
		looks := game.Look{Operators: operators, Every: 500 * time.Millisecond, Filters: filtersOf(size)}
		if err := s.Call(ctx, "Game.Look", looks, new(int)); err != nil {
			return nil, err
		}
		figures, err := quiet(ctx)
		var n int
		err = errors.Join(err, s.Call(ctx, "Game.LookAway", 0, &n))
		if err == nil && n < operators {
			err = fmt.Errorf("%d searches", n)
		}
		return figures, err
	}
	for _, warmUp := range []compare.Run{quiet, searched} {
		if _, err := warmUp(ctx); err != nil {
			return nil, err
		}
	}
	runs, err := b.pooled(ctx, searched, quiet)
	if err != nil {
		return nil, err
	}
	f := compare.Figures(runs[0], runs[1])
	return append(lines, report.Ratio(name+"eight operators search at once: a purchase, p99", "the same while nobody searches", f[1], report.Nanoseconds, report.AtMost(1.5)),
		report.Ratio(name+"eight operators search at once: a purchase, median", "the same while nobody searches", f[0], report.Nanoseconds, report.Limit{})), nil
}

// filtersOf are some of the searches, as a game's own operators make them.
func filtersOf(size int) []ledger.Filter {
	all := contents(size)[0]
	return slices.Repeat([]ledger.Filter{
		{RequestID: all.RequestOf(all.Count / 2)},
		{States: []ledger.State{ledger.Disputed}},
		{Kinds: []ledger.Kind{ledger.Goods}},
		{Open: true, OldestFirst: true, Limit: 1},
	}, 2)
}

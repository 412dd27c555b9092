package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/bench/crowd"
)

// watched is how many players have a second connection while the cost of a push is measured.
const watched = 1_000

// buyers is how many buy at once on each server when it is about how much can be done at all.
const buyers = 200

func measureFleet(ctx context.Context, cmd *cli.Command) error {
	if os.Getenv("LEAFMIDAS_TEST_REDIS") == "" {
		return errors.New(`no Redis: eval "$(tools/services.sh start)" first`)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "database\tservers\tplayers each\tserver µs/order\tdatabase µs/order\tRedis µs/order\tp50\tp99\tµs/push\tMiB/server\tfull: orders/s\tservers\tdatabase\tRedis\tload\t")
	for _, driver := range cmd.StringSlice("driver") {
		for _, players := range cmd.IntSlice("players") {
			for _, servers := range cmd.IntSlice("servers") {
				fmt.Fprintf(os.Stderr, "%s, %d servers, %d players on each\n", driver, servers, players)
				if err := measureOne(ctx, cmd, table, driver, servers, players); err != nil {
					return errors.Join(fmt.Errorf("%d servers, %d players each: %w", servers, players, err), table.Flush()) // what there is already took its time
				}
			}
		}
	}
	return table.Flush()
}

func measureOne(ctx context.Context, cmd *cli.Command, table *tabwriter.Writer, driver string, servers, players int) (err error) {
	w, err := newWorld(ctx, driver, cmd.String("protocol"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.start(ctx, servers, true); err != nil {
		return err
	}
	if err := w.startLoads(ctx, players); err != nil {
		return err
	}
	rate, during := cmd.Int("rate"), cmd.Duration("time")
	buy := func(n int) crowd.Some { return crowd.Some{Rate: rate / servers, During: during} }
	if _, err := w.tell(ctx, "Load.Buy", func(n int) crowd.Some { s := buy(n); s.During /= 3; return s }); err != nil { // warm up
		return err
	}
	cost, orders, seen, err := w.costOf(ctx, "Load.Buy", buy)
	if err != nil {
		return err
	}
	half, most := seen.Percentiles()
	perPush, err := w.measurePushes(ctx, players, buy)
	if err != nil {
		return err
	}
	began := time.Now()
	busy, full, seen, err := w.costOf(ctx, "Load.BuyAll", func(int) crowd.Some { return crowd.Some{Buyers: min(buyers, players), During: during} })
	if err != nil {
		return err
	}
	took := time.Since(began)
	mib := 0
	for _, s := range w.servers {
		m, err := s.memory()
		if err != nil {
			return err
		}
		mib = max(mib, m)
	}
	per := func(d time.Duration) string { return fmt.Sprint((d / time.Duration(orders)).Microseconds()) }
	cores := func(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()/took.Seconds()) }
	fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%.0f\t%s\t%s\t%s\t%s\t\n", driver, servers, players, per(cost.servers), per(cost.database),
		per(cost.redis), half.Round(time.Millisecond), most.Round(time.Millisecond), perPush.Microseconds(), mib, float64(full)/took.Seconds(),
		cores(busy.servers), cores(busy.database), cores(busy.redis), cores(busy.load))
	for what, n := range seen.Odd {
		fmt.Fprintf(os.Stderr, "  %d times: %s\n", n, what)
	}
	return nil
}

// measurePushes tells what it costs the servers and Redis to tell a player's balance to a connection on another server:
// the same purchases with such connections and without, by the balances that came on them.
func (w *world) measurePushes(ctx context.Context, players int, buy func(int) crowd.Some) (time.Duration, error) {
	some := min(watched/len(w.loads), players)
	of := func(n int) crowd.Some { s := buy(n); s.OfTheFirst = some; return s }
	without, orders, seen, err := w.costOf(ctx, "Load.Buy", of)
	if err != nil {
		return 0, err
	}
	before := float64(seen.Pushes) / float64(orders)
	if _, err := w.tell(ctx, "Load.Watch", func(n int) crowd.Some {
		return crowd.Some{WS: w.servers[(n+1)%len(w.servers)].ws, First: n * players, Count: some, Code: 2}
	}); err != nil {
		return 0, err
	}
	if _, err := w.take(); err != nil { // the logins' balances
		return 0, err
	}
	with, orders, seen, err := w.costOf(ctx, "Load.Buy", of)
	if err != nil {
		return 0, err
	}
	more := float64(seen.Pushes) - before*float64(orders)
	if more < float64(orders)/2 {
		return 0, fmt.Errorf("only %.0f pushes more for %d orders", more, orders)
	}
	cost := with.servers + with.redis - without.servers - without.redis
	return time.Duration(max(0, float64(cost)/more)), nil
}

// costOf is what players do costs, how many orders it was, and what they saw of it.
func (w *world) costOf(ctx context.Context, what string, some func(int) crowd.Some) (cost usage, orders int, seen crowd.Seen, err error) {
	if _, err := w.take(); err != nil {
		return cost, 0, seen, err
	}
	before, err := w.usage(ctx)
	if err != nil {
		return cost, 0, seen, err
	}
	if orders, err = w.tell(ctx, what, some); err != nil {
		return cost, 0, seen, err
	}
	after, err := w.usage(ctx)
	if err != nil {
		return cost, 0, seen, err
	}
	seen, err = w.take()
	return after.since(before), orders, seen, err
}

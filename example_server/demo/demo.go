// Package demo plays scripted players against a running server over real connections, with an emulator in place of
// Midas that fails on demand, and checks at the end that the books agree to the coin.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// World is where the players play.
type World struct {
	WSAddr, TCPAddr string
	Emulator        *emulator.Server
	// Env is the environment that the emulator plays.
	Env emulator.Env
	// Domain is the first of the two ways by which the server reaches the emulator.
	Domain *Domain
	// Items is what is sold, SetItems the server's way to sell something else.
	Items    []plugin.Item
	SetItems func([]plugin.Item) error
	// Money: protocol V2 is spoken, so that things are sold for money, and Midas pushes.
	Money bool
	// Books sums up the server's ledger.
	Books func(context.Context) (ledger.Books, error)
	Out   io.Writer
}

// Hurry makes a config impatient, so that an outage fits into a demonstration.
func Hurry(c *plugin.Config) {
	c.Timeout = time.Second
	c.Retry = plugin.RetryConfig{First: 200 * time.Millisecond, Max: time.Second, GiveUpAfter: time.Minute}
	c.RechargePoll = []time.Duration{300 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}
	c.RateLimit = plugin.RateLimitConfig{PerSecond: 100, Burst: 200}
	c.Breaker = plugin.BreakerConfig{Window: 4 * time.Second, Buckets: 4, MinRequests: 5, FailureRatio: 0.6, OpenFor: 2 * time.Second, HalfOpenRequests: 1}
}

// demo is one run.
type demo struct {
	world   World
	players []*player
}

// Play plays every scene in turn and then checks the books. It returns what did not hold.
func Play(ctx context.Context, w World) error {
	d := &demo{world: w}
	defer func() {
		for _, p := range d.players {
			p.Close()
		}
	}()
	for i, s := range d.scenes() {
		fmt.Fprintf(w.Out, "%2d. %s\n", i+1, s.title)
		start := time.Now()
		if err := s.play(ctx); err != nil {
			fmt.Fprintf(w.Out, "    FAILED: %v\n", err)
			return errors.New("the demo failed")
		}
		fmt.Fprintf(w.Out, "    ok, %d ms\n", time.Since(start).Milliseconds())
	}
	return d.books(ctx)
}

// note prints what was seen.
func (d *demo) note(format string, args ...any) {
	fmt.Fprintf(d.world.Out, "    "+format+"\n", args...)
}

// books prints and compares what Midas, the ledger and the bags say.
func (d *demo) books(ctx context.Context) error {
	for _, p := range d.players {
		if err := p.checkBag(ctx); err != nil {
			return err
		}
	}
	orders, err := d.world.Books(ctx)
	if err != nil {
		return err
	}
	midas := d.world.Emulator.Totals()

	fmt.Fprintln(d.world.Out, "\nThe books")
	t := tabwriter.NewWriter(d.world.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...any) {
		for _, c := range cells {
			fmt.Fprintf(t, "%v\t", c)
		}
		fmt.Fprintln(t)
	}
	row("ledger", "orders", "coins", "Midas", "coins")
	lines := []struct {
		name  string
		coins int64
	}{
		{"recharged", midas.Recharged},
		{"presented", midas.Presented},
		{"deducted", midas.Deducted},
		{"given back", midas.GivenBack},
		{"still held", midas.Held},
	}
	var open, openCoins int64
	for i, s := range ledger.States() {
		if !s.Ended() {
			open, openCoins = open+orders.Orders[s], openCoins+orders.Coins[s]
		}
		if i < len(lines) {
			row(s, orders.Orders[s], orders.Coins[s], lines[i].name, lines[i].coins)
		} else {
			row(s, orders.Orders[s], orders.Coins[s], "", "")
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	kept, delivered := midas.Deducted-midas.GivenBack, orders.Coins[ledger.Delivered]
	fmt.Fprintf(d.world.Out, "\nkept by Midas %d = delivered %d + open %d\n", kept, delivered, openCoins)
	switch {
	case kept != delivered+openCoins:
		return fmt.Errorf("the books differ by %d coins", kept-delivered-openCoins)
	case open > 0:
		return fmt.Errorf("%d orders have not ended", open)
	}
	if d.world.Money {
		if err := d.money(ctx, orders); err != nil {
			return err
		}
	}
	fmt.Fprintln(d.world.Out, "every bag holds what was delivered; books agree")
	return nil
}

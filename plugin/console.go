package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/leafmidas/leafmidas/internal/plain"
	"github.com/leafmidas/leafmidas/ledger"
)

// consoleHelp is what Leaf's console lists the command with.
const consoleHelp = "payments: midas status | order BILL | ask BILL | player OPENID | pause | resume"

// consoleOrders is how many of a player's orders the console lists.
const consoleOrders = 10

// command runs a line of Leaf's console, which anybody on this machine may type without a password: it shows no secret
// and moves no coin.
func (p *Plugin) command(ctx context.Context, args []string) string {
	var out strings.Builder
	err := p.run(ctx, &out, args)
	if err != nil {
		fmt.Fprintf(&out, "midas: %v\n", plain.Cell(err))
	}
	return strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "\n", "\r\n") // a terminal's line ends, as Leaf's own
}

func (p *Plugin) run(ctx context.Context, out *strings.Builder, args []string) error {
	verb, rest := "", args
	if len(args) > 0 {
		verb, rest = args[0], args[1:]
	}
	switch {
	case verb == "status" && len(rest) == 0:
		return p.printStatus(ctx, out)
	case verb == "order" && len(rest) == 1:
		return p.printOrder(ctx, out, rest[0])
	case verb == "ask" && len(rest) == 1:
		o, err := p.AskGoods(ctx, rest[0])
		if err == nil {
			fmt.Fprintf(out, "%s is %s\n", plain.Cell(o.BillNo), o.State)
		}
		return err
	case verb == "player" && len(rest) == 1:
		return p.printPlayer(ctx, out, rest[0])
	case (verb == "pause" || verb == "resume") && len(rest) == 0:
		return p.printPause(out, verb == "pause")
	}
	out.WriteString(`midas status          what Midas, the orders and the players are doing
midas order BILL      an order and everything that happened to it
midas ask BILL        ask Midas now whether goods were paid for, however old
midas player OPENID   a player's newest orders
midas pause           refuse new purchases on this server; what was ordered goes on
midas resume          sell again
`)
	return nil
}

func table(out *strings.Builder, rows func(row func(cells ...any))) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	rows(func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				_, _ = t.Write([]byte{'\t'})
			}
			fmt.Fprint(t, plain.Cell(c))
		}
		_, _ = t.Write([]byte{'\n'})
	})
	_ = t.Flush() // a strings.Builder takes everything
}

func (p *Plugin) printStatus(ctx context.Context, out *strings.Builder) error {
	s, ok := p.Stats()
	if !ok {
		return ErrNotConfigured
	}
	backlog, err := p.Backlog(ctx)
	table(out, func(row func(...any)) {
		row("shop", map[bool]string{false: "open", true: "PAUSED"}[p.Paused()])
		row("connections", s.Module.Connections)
		row("calls under way", fmt.Sprintf("%d of %d", s.Till.Running, s.Till.MaxRunning))
		row("waiting", fmt.Sprintf("%d of %d", s.Till.Waiting, s.Till.MaxWaiting))
		if s.Token.ObtainedAt.IsZero() {
			row("access token", "none yet")
		} else {
			row("access token", fmt.Sprintf("%s old, %d fetched, %d failed", age(s.Token.ObtainedAt), s.Token.Fetched, s.Token.Failed))
		}
		if s.Fleet != nil {
			row("Redis", map[bool]string{false: "AWAY", true: "answers"}[s.Fleet.Up])
		}
		if err != nil {
			row("ledger", "DOES NOT ANSWER")
			return
		}
		open := int64(0)
		for _, n := range backlog.Open {
			open += n
		}
		row("open orders", fmt.Sprintf("%d, of which %d wait for a login", open, backlog.Parked))
		if backlog.Oldest != "" {
			row("oldest open order", fmt.Sprintf("%s, %s old", backlog.Oldest, age(backlog.OldestAt)))
		}
		row("goods not paid for", backlog.Unpaid)
		row("disputed orders", backlog.Disputed)
		row("kept pushes", backlog.Kept)
	})
	out.WriteByte('\n')
	table(out, func(row func(...any)) {
		row("calls to Midas", "breaker", "done", "failed", "held back")
		for _, e := range s.Calls {
			done, failed := int64(0), int64(0)
			for o, n := range e.Calls {
				if o.Kind == "done" || o.Kind == "already" {
					done += n
				} else {
					failed += n
				}
			}
			state := e.State
			if e.HeldBack > 0 {
				state = fmt.Sprintf("%s, for another %s", state, e.HeldBack.Round(time.Second))
			}
			row(e.Endpoint, state, done, failed, e.Refused)
		}
	})
	return err
}

func age(since time.Time) time.Duration { return max(0, time.Since(since)).Round(time.Second) }

func (p *Plugin) printOrder(ctx context.Context, out *strings.Builder, billNo string) error {
	o, err := p.History(ctx, billNo)
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("there is no order %s", billNo)
	}
	if err != nil {
		return err
	}
	table(out, func(row func(...any)) {
		row("bill", o.BillNo)
		row("player", o.OpenID, "zone", o.ZoneID)
		row("kind", o.Kind)
		row("item", fmt.Sprintf("%d × %s", o.Quantity, cmp.Or(o.ItemID, "-")))
		row("amount", fmt.Sprintf("%d %s", o.Amount, unit(o.Kind)))
		row("request", o.RequestID)
		row("state", o.State)
		if !o.DueAt.IsZero() {
			row("next try", o.DueAt.UTC().Format(time.DateTime))
		}
	})
	out.WriteByte('\n')
	table(out, func(row func(...any)) {
		row("at (UTC)", "from", "to", "code", "by", "note")
		for _, e := range o.Events {
			row(e.At.UTC().Format(time.DateTime), cmp.Or(string(e.From), "-"), e.To, e.Code, e.Who, e.Note)
		}
	})
	return nil
}

// unit is what an order's amount counts.
func unit(k ledger.Kind) string {
	if k == ledger.Goods || k == ledger.Refund {
		return "fen"
	}
	return "coins"
}

func (p *Plugin) printPlayer(ctx context.Context, out *strings.Builder, openid string) error {
	orders, next, err := p.Orders(ctx, Filter{OpenID: openid, Limit: consoleOrders})
	if err != nil {
		return err
	}
	n := p.module.Connections(openid)
	fmt.Fprintf(out, "%d connections on this server\n\n", n)
	if len(orders) == 0 {
		out.WriteString("no orders\n")
		return nil
	}
	table(out, func(row func(...any)) {
		row("bill", "made (UTC)", "kind", "item", "amount", "state")
		for _, o := range orders {
			row(o.BillNo, o.CreatedAt.UTC().Format(time.DateTime), o.Kind, fmt.Sprintf("%d × %s", o.Quantity, cmp.Or(o.ItemID, "-")),
				fmt.Sprintf("%d %s", o.Amount, unit(o.Kind)), o.State)
		}
	})
	if next != "" {
		out.WriteString("and more\n")
	}
	return nil
}

func (p *Plugin) printPause(out *strings.Builder, paused bool) error {
	changed, err := p.Pause(paused)
	if err != nil {
		return err
	}
	text := "this server sells again"
	if paused {
		text = "this server sells nothing until it is resumed; what was ordered goes on"
	}
	if !changed {
		text = "nothing changes: " + text
	}
	fmt.Fprintln(out, text)
	return nil
}

// Scale measures what a fleet of game servers costs as it grows, on one machine and with real parts: example_server in
// processes of its own, players on real WebSocket connections, a database server, Redis, and an emulator that answers
// in 20 ms.
//
//	go run ./scale fleet                    cost of an order and of a push, by servers and players
//	go run ./scale recover -driver postgres a start with a million finished orders and 100,000 open ones
//
// What it counts is processor time, which other work on the machine hardly changes, and not the clock's.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/bench/crowd"
)

// answersIn is how long the emulator takes for a call, about what Midas takes.
const answersIn = 20 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	app := &cli.Command{
		Name:  "scale",
		Usage: "measure what a fleet of game servers costs as it grows",
		Commands: []*cli.Command{
			{
				Name: "fleet", Usage: "the cost of an order and of a push, by servers and players", Action: measureFleet,
				Flags: []cli.Flag{
					&cli.IntSliceFlag{Name: "servers", Value: []int{1, 2, 4}, Usage: "how many servers"},
					&cli.IntSliceFlag{Name: "players", Value: []int{1_000, 10_000}, Usage: "how many players are on each"},
					&cli.StringSliceFlag{Name: "driver", Value: []string{"postgres"}, Usage: "the database: postgres, mysql"},
					&cli.IntFlag{Name: "rate", Value: 100, Usage: "purchases a second, over all servers"},
					&cli.DurationFlag{Name: "time", Value: 15 * time.Second, Usage: "how long each figure is measured"},
					&cli.StringFlag{Name: "protocol", Value: "v2", Usage: "v1 or v2"},
				},
			},
			{
				Name: crowd.Subcommand, Usage: "the players of one server, as told over a pipe", Hidden: true, Action: func(context.Context, *cli.Command) error { return crowd.Serve() },
			},
			{
				Name: "recover", Usage: "a start on a ledger with many orders in it", Action: measureRecovery,
				Flags: []cli.Flag{
					&cli.StringSliceFlag{Name: "driver", Value: []string{"sqlite", "postgres", "mysql"}, Usage: "the database: sqlite, postgres, mysql"},
					&cli.IntFlag{Name: "finished", Value: 1_000_000, Usage: "finished orders in the ledger"},
					&cli.IntFlag{Name: "open", Value: 100_000, Usage: "open orders, half to be paid and half to be delivered"},
					&cli.IntFlag{Name: "players", Value: 10_000, Usage: "whose they are"},
					&cli.IntSliceFlag{Name: "servers", Value: []int{1}, Usage: "how many servers start at once"},
					&cli.StringFlag{Name: "protocol", Value: "v2", Usage: "v1 or v2"},
				},
			},
		},
	}
	if err := app.Run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

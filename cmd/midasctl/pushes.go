package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// pushesCommand is `midasctl pushes`.
func pushesCommand() *cli.Command {
	return &cli.Command{
		Name: "pushes", Usage: "list the pushes of Midas's that could not be acted on, the oldest first",
		Description: "They were rightly signed, and did not fit: of the other environment, of another player, item, quantity or price than was\n" +
			"ordered, of a number that stands for something else. Nothing came of them, and nothing comes of it when one is put away:\n" +
			"settle with the player first.",
		Flags: []cli.Flag{
			confFlag(), jsonFlag(),
			&cli.IntFlag{Name: "limit", Value: 50, Usage: "at most `NUMBER` of them, 1 to 1000"},
			&cli.StringFlag{Name: "done", Usage: "put the push `ID` away"},
			&cli.StringFlag{Name: "why", Usage: "with --done: `REASON`, kept with the push"},
			whoFlag("with --done: "),
		},
		Action: withLedger(runPushes),
	}
}

func runPushes(ctx context.Context, cmd *cli.Command, _ plugin.Config, l *ledger.Ledger) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	limit := cmd.Int("limit")
	if limit < 1 || limit > 1000 {
		return fmt.Errorf("--limit is %d, and 1 to 1000 may be asked for", limit)
	}
	if id := cmd.String("done"); id != "" {
		return putAway(ctx, cmd, l, id)
	}
	list, err := l.KeptPushes(ctx, limit)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		pushes := make([]map[string]any, len(list))
		for i, k := range list {
			pushes[i] = map[string]any{
				"id": k.ID, "first_at": k.FirstAt, "last_at": k.LastAt, "times": k.Times, "event": k.Event, "openid": k.OpenID,
				"out_trade_no": k.OutTradeNo, "why": k.Why, "body": k.Body,
			}
		}
		return printJSON(cmd, map[string]any{"pushes": pushes})
	}
	for _, k := range list {
		err := printf(cmd.Root().Writer, "%s  %s  %d times  %s  %s  player %s\n    %s\n    %s\n", k.ID, utc(k.FirstAt), k.Times,
			k.Event, cmp.Or(k.OutTradeNo, "-"), cmp.Or(k.OpenID, "-"), k.Why, k.Body)
		if err != nil {
			return err
		}
	}
	return nil
}

func putAway(ctx context.Context, cmd *cli.Command, l *ledger.Ledger, id string) error {
	who, err := operator(cmd)
	if err != nil {
		return err
	}
	err = l.SeePush(ctx, id, who, cmd.String("why"), time.Now())
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("no push %s waits in this ledger", id)
	}
	return err
}

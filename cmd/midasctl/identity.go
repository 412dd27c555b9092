package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/ledger"
)

// identityCommand is `midasctl identity`.
func identityCommand() *cli.Command {
	return &cli.Command{
		Name: "identity", Usage: "tell whose the ledger is, or make it that of the config",
		Description: "A ledger keeps the orders of one AppID, OfferID, Env and Protocol, and a server of another config is refused. With --move the\n" +
			"ledger becomes that of the config: stop all servers first, and see that nothing is open. The protocol can be changed so; app, offer\n" +
			"and environment only of a ledger that was never used, for the players' accounts are others there: give those a ledger of their own.",
		Flags: []cli.Flag{
			confFlag(), jsonFlag(),
			&cli.BoolFlag{Name: "move", Usage: "make the ledger that of the config"},
			whoFlag("with --move: "),
		},
		Action: runIdentity,
	}
}

func runIdentity(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	cfg, err := readConfig(cmd)
	if err != nil {
		return err
	}
	c := ledgerOf(cfg)
	c.AsIs, c.Identity = true, ledger.Identity{} // whosever it is
	l, err := ledger.Open(ctx, c)
	if err != nil {
		return err
	}
	defer l.Close()
	if cmd.Bool("move") {
		who, err := operator(cmd)
		if err != nil {
			return err
		}
		if err := l.Move(ctx, cfg.Identity(), "operator "+who); err != nil {
			return err
		}
	}
	now, err := l.Identity(ctx)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(cmd, map[string]any{
			"app_id": now.AppID, "offer_id": now.OfferID, "env": now.Env, "protocol": now.Protocol, "is_the_configs": now == cfg.Identity(),
		})
	}
	return printf(cmd.Root().Writer, "the ledger is that of %s\nthe config is that of %s\n", now, cfg.Identity())
}

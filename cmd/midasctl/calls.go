package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/oklog/ulid/v2"
	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// callCommands are `midasctl balance`, pay, cancel and present: calls that go to Midas as they are, past the ledger.
func callCommands() []*cli.Command {
	command := func(name, usage string, action callAction, extra ...cli.Flag) *cli.Command {
		c := &cli.Command{
			Name: name, Usage: usage, ArgsUsage: "OPENID",
			Description: "Goes to the sandbox, whatever the config says, unless --production --yes is given.",
			Flags: append([]cli.Flag{
				confFlag(), jsonFlag(), sessionFlag(),
				&cli.StringFlag{Name: "zone", Usage: "`ZONE` of the account (left out: the config's)"},
				&cli.BoolFlag{Name: "production", Usage: "call production"},
				&cli.BoolFlag{Name: "yes", Usage: "with --production: yes, the accounts of players who pay"},
			}, extra...),
			Action: withClient(action),
		}
		if extra != nil {
			c.Description += "\nIt is no order of the ledger's, and an audit will name it as a difference: for trying keys and accounts out.\n" +
				"The bill number is printed before the call. Where the answer is not definite, repeat it with --bill: that never moves coins twice."
		}
		return c
	}
	bill := &cli.StringFlag{Name: "bill", Usage: "`NUMBER` of an earlier try (left out: a new one)"}
	coins := &cli.Int64Flag{Name: "coins", Required: true, Usage: "`NUMBER` of coins"}
	return []*cli.Command{
		command("balance", "ask Midas for an account", callBalance),
		command("pay", "deduct coins from an account", callPay, coins, bill),
		command("cancel", "give a deduction back", callCancel,
			&cli.StringFlag{Name: "bill", Required: true, Usage: "`NUMBER` of the deduction"},
			&cli.Int64Flag{Name: "coins", Usage: "`NUMBER` of coins that were deducted; protocol V2 asks for it"}),
		command("present", "give an account coins", callPresent, coins, bill),
	}
}

// callAction makes one call. told is for programs, text for people.
type callAction func(ctx context.Context, cmd *cli.Command, client *midas.Client, p midas.Player) (told any, text string, err error)

func withClient(call callAction) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		args, err := arguments(cmd, "OPENID")
		if err != nil {
			return err
		}
		section, err := readSection(cmd)
		if err != nil && !errors.Is(err, errNoLedgerFile) {
			return err
		}
		noLedger := err != nil
		section.Env = "sandbox"
		if cmd.Bool("production") {
			section.Env = "production"
			if !cmd.Bool("yes") {
				return errors.New("production has the accounts of players who pay; if they are meant, say --production --yes. Nothing was sent")
			}
		}
		cfg, err := section.Resolved()
		if err != nil {
			return fmt.Errorf("the config, for %s: %w", section.Env, err)
		}
		client, err := section.Client(slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, nil)))
		if err != nil {
			return err
		}
		defer client.Close()
		if noLedger {
			cfg.Ledger = plugin.LedgerConfig{}
		}
		p := midas.Player{OpenID: args[0], ZoneID: cfg.ZoneID}
		if zone := cmd.String("zone"); zone != "" {
			p.ZoneID = zone
		}
		if p.SessionKey, err = sessionKey(ctx, cmd, cfg, p.OpenID); err != nil {
			return fmt.Errorf("look for the player's session key: %w", err)
		}
		if p.SessionKey == "" && (*cfg.MPSig || cfg.Protocol == "v2") {
			return errors.New("the ledger has no session key of this player: give one with --session-key-file")
		}
		told, text, err := call(ctx, cmd, client, p)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", cfg.Env, err, again(err))
		}
		if cmd.Bool("json") {
			return printJSON(cmd, told)
		}
		_, err = io.WriteString(cmd.Root().Writer, text+"\n")
		return err
	}
}

// again tells whether to try again.
func again(err error) string {
	switch midas.VerdictOf(err) {
	case midas.VerdictUnknown:
		return "nobody knows whether it was carried out: repeat it with the same --bill until the answer is another one"
	case midas.VerdictLater:
		return "it was not carried out: trying again later is safe"
	case midas.VerdictLogin:
		return "it was not carried out: the player has to log in again, which makes a new session key"
	case midas.VerdictAlready:
		return "an earlier call with this bill number was carried out: this is its success"
	default:
		return "it was not carried out: trying again will not help"
	}
}

func billNumber(cmd *cli.Command) string {
	bill := cmd.String("bill")
	if bill == "" {
		bill = ulid.Make().String()
	}
	fmt.Fprintln(cmd.Root().ErrWriter, "bill number", bill)
	return bill
}

func callBalance(ctx context.Context, _ *cli.Command, client *midas.Client, p midas.Player) (any, string, error) {
	b, err := client.Balance(ctx, p)
	told := map[string]any{
		"balance": b.Balance, "present_balance": b.PresentBalance, "first_save": b.FirstSave, "save_amt": b.SaveAmt,
		"save_sum": b.SaveSum, "cost_sum": b.CostSum, "present_sum": b.PresentSum,
	}
	return told, fmt.Sprintf("balance %d coins, of which presents %d\nbought in all %d, received in all %d, spent in all %d, presents in all %d",
		b.Balance, b.PresentBalance, b.SaveAmt, b.SaveSum, b.CostSum, b.PresentSum), err
}

func callPay(ctx context.Context, cmd *cli.Command, client *midas.Client, p midas.Player) (any, string, error) {
	coins := cmd.Int64("coins")
	r, err := client.Pay(ctx, midas.PayRequest{Player: p, BillNo: billNumber(cmd), Amount: midas.Coins(coins), Item: "midasctl", Remark: "midasctl"})
	return map[string]any{"bill_no": r.BillNo, "balance": r.Balance, "used_present": r.UsedPresent},
		fmt.Sprintf("deducted %d coins under bill number %s; the balance is %d", coins, r.BillNo, r.Balance), err
}

func callCancel(ctx context.Context, cmd *cli.Command, client *midas.Client, p midas.Player) (any, string, error) {
	r, err := client.CancelPay(ctx, midas.CancelPayRequest{Player: p, BillNo: cmd.String("bill"), Amount: midas.Coins(cmd.Int64("coins")), Item: "midasctl"})
	return map[string]any{"bill_no": r.BillNo}, "gave back the deduction " + r.BillNo, err
}

func callPresent(ctx context.Context, cmd *cli.Command, client *midas.Client, p midas.Player) (any, string, error) {
	coins := cmd.Int64("coins")
	r, err := client.Present(ctx, midas.PresentRequest{Player: p, BillNo: billNumber(cmd), Amount: midas.Coins(coins)})
	return map[string]any{"bill_no": r.BillNo, "balance": r.Balance},
		fmt.Sprintf("gave %d coins under bill number %s; the balance is %d", coins, r.BillNo, r.Balance), err
}

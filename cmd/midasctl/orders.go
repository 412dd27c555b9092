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

// followEvery is how often --follow looks.
const followEvery = time.Second

// ordersCommand is `midasctl orders`.
func ordersCommand() *cli.Command {
	return &cli.Command{
		Name:  "orders",
		Usage: "list orders, the newest first",
		Description: "All that is asked for must hold. A TIME is as in audit.\n" +
			"--follow goes on with every order that is made, and with every change of those it has shown, until Ctrl-C; with --json\n" +
			"it prints one JSON object per line. A ledger that does not answer is asked again.",
		Flags: []cli.Flag{
			confFlag(), jsonFlag(),
			&cli.StringFlag{Name: "player", Usage: "of the player `OPENID`"},
			&cli.StringSliceFlag{Name: "state", Usage: "in `STATE`: created, paying, paid, delivered, reversing, refunding, cancelled, failed, disputed"},
			&cli.StringSliceFlag{Name: "kind", Usage: "of `KIND`: purchase, present, goods, refund"},
			&cli.StringFlag{Name: "bill", Usage: "whose bill number begins with `TEXT`"},
			&cli.StringFlag{Name: "request", Usage: "asked for under the request_id `ID`"},
			&cli.StringFlag{Name: "from", Usage: "made at `TIME` or later"},
			&cli.StringFlag{Name: "to", Usage: "made before `TIME`"},
			&cli.BoolFlag{Name: "open", Usage: "that have not ended"},
			&cli.BoolFlag{Name: "stuck", Usage: "that have not ended, though no player has to log in or to pay for them"},
			&cli.BoolFlag{Name: "oldest", Usage: "the oldest first"},
			&cli.IntFlag{Name: "limit", Value: 50, Usage: "at most `NUMBER` of them, 1 to 1000"},
			&cli.StringFlag{Name: "after", Usage: "go on where an earlier list ended: `PLACE` is what it printed"},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with what comes"},
		},
		Action:   withLedger(runOrders),
		Commands: []*cli.Command{findCommand()},
	}
}

// findCommand is `midasctl orders find`.
func findCommand() *cli.Command {
	return &cli.Command{
		Name: "find", Usage: "find what a number stands for, as a player's receipt or a bank statement shows it", ArgsUsage: "NUMBER",
		Description: "NUMBER is a bill number, an out_trade_no, a request_id, or one of WeChat's: MchOrderNo (商户单号), TransactionId (交易单号),\n" +
			"WxOrderId. It must be the whole of it.",
		Flags: []cli.Flag{confFlag(), jsonFlag()}, Action: withLedger(runFind),
	}
}

func runFind(ctx context.Context, cmd *cli.Command, _ plugin.Config, l *ledger.Ledger) error {
	args, err := arguments(cmd, "NUMBER")
	if err != nil {
		return err
	}
	found, err := l.Find(ctx, args[0])
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(cmd, foundForPrograms(found))
	}
	if len(found.Orders)+len(found.Recharges)+len(found.Payments) == 0 {
		return fmt.Errorf("nothing in this ledger has the number %s", args[0])
	}
	rows := [][]any{{"NUMBER", "KIND", "MADE (UTC)", "PLAYER", "WHAT", "AMOUNT", "STATE"}}
	for _, o := range found.Orders {
		rows = append(rows, []any{o.BillNo, o.Kind, utc(o.CreatedAt), o.OpenID, item(o), amount(o), o.State})
	}
	for _, r := range found.Recharges {
		rows = append(rows, []any{cmp.Or(r.OutTradeNo, r.RequestID), "recharge", utc(r.CreatedAt), r.OpenID, fmt.Sprintf("%d coins", r.BuyQuantity), fmt.Sprintf("%d came", r.Coins), r.State})
	}
	for _, n := range found.Payments {
		rows = append(rows, []any{n.Number, n.Kind, utc(n.SeenAt), n.OpenID, "payment of " + n.Trade, "", ""})
	}
	return printTable(cmd.Root().Writer, rows)
}

// foundJSON is what a number stands for, for programs: its keys do not change.
type foundJSON struct {
	Orders    []orderJSON    `json:"orders"`
	Recharges []rechargeJSON `json:"recharges"`
	Payments  []paymentJSON  `json:"payments"`
}

type rechargeJSON struct {
	OutTradeNo  string    `json:"out_trade_no"`
	RequestID   string    `json:"request_id"`
	OpenID      string    `json:"openid"`
	ZoneID      string    `json:"zone_id"`
	BuyQuantity int64     `json:"buy_quantity"`
	Coins       int64     `json:"coins"`
	State       string    `json:"state"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type paymentJSON struct {
	Number string    `json:"number"`
	Kind   string    `json:"kind"`
	Trade  string    `json:"out_trade_no"`
	OpenID string    `json:"openid"`
	SeenAt time.Time `json:"seen_at"`
}

func foundForPrograms(f ledger.Found) foundJSON {
	out := foundJSON{[]orderJSON{}, []rechargeJSON{}, []paymentJSON{}}
	for _, o := range f.Orders {
		out.Orders = append(out.Orders, orderForPrograms(o))
	}
	for _, r := range f.Recharges {
		out.Recharges = append(out.Recharges, rechargeJSON{
			r.OutTradeNo, r.RequestID, r.OpenID, r.ZoneID, r.BuyQuantity, r.Coins, string(r.State), r.CreatedAt, r.UpdatedAt,
		})
	}
	for _, n := range f.Payments {
		out.Payments = append(out.Payments, paymentJSON{n.Number, string(n.Kind), n.Trade, n.OpenID, n.SeenAt})
	}
	return out
}

func runOrders(ctx context.Context, cmd *cli.Command, _ plugin.Config, l *ledger.Ledger) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	if limit := cmd.Int("limit"); limit < 1 { // the ledger takes 0 for its own standard
		return fmt.Errorf("--limit is %d, and 1 to 1000 may be asked for", limit)
	}
	f := ledger.Filter{
		OpenID: cmd.String("player"), BillPrefix: cmd.String("bill"), RequestID: cmd.String("request"), Open: cmd.Bool("open"), Stuck: cmd.Bool("stuck"),
		OldestFirst: cmd.Bool("oldest"), Limit: cmd.Int("limit"), After: cmd.String("after"),
	}
	for _, s := range cmd.StringSlice("state") {
		f.States = append(f.States, ledger.State(s))
	}
	for _, k := range cmd.StringSlice("kind") {
		f.Kinds = append(f.Kinds, ledger.Kind(k))
	}
	var err error
	now := time.Now()
	if f.From, err = parseTime(cmd.String("from"), now); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if f.To, err = parseTime(cmd.String("to"), now); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if cmd.Bool("follow") {
		return follow(ctx, cmd, l, f)
	}
	found, next, err := l.Search(ctx, f)
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		out := struct {
			Orders []orderJSON `json:"orders"`
			Next   string      `json:"next,omitempty"`
		}{make([]orderJSON, 0, len(found)), next}
		for _, o := range found {
			out.Orders = append(out.Orders, orderForPrograms(o))
		}
		return printJSON(cmd, out)
	}
	if len(found) == 0 {
		fmt.Fprintln(cmd.Root().ErrWriter, "no orders")
		return nil
	}
	rows := [][]any{{"BILL", "MADE (UTC)", "PLAYER", "KIND", "ITEM", "AMOUNT", "STATE", "NOTE"}}
	for _, o := range found {
		rows = append(rows, orderRow(o))
	}
	if err := printTable(cmd.Root().Writer, rows); err != nil {
		return err
	}
	if next != "" {
		fmt.Fprintln(cmd.Root().ErrWriter, "more with --after", next)
	}
	return nil
}

func orderRow(o ledger.Order) []any {
	state := string(o.State)
	if o.Parked {
		state += " (waits for a login)"
	}
	return []any{o.BillNo, utc(o.CreatedAt), o.OpenID, o.Kind, item(o), amount(o), state, o.Note}
}

func utc(t time.Time) string { return t.UTC().Format(time.DateTime) }

func item(o ledger.Order) string { return fmt.Sprintf("%d × %s", o.Quantity, cmp.Or(o.ItemID, "-")) }

func amount(o ledger.Order) string {
	if o.Kind == ledger.Goods || o.Kind == ledger.Refund {
		return fmt.Sprintf("%d fen", o.Amount)
	}
	return fmt.Sprintf("%d coins", o.Amount)
}

// follow prints each order once in every state it is seen in, one line or one JSON object each. Whoever follows wants
// to see how an outage ends, so the ledger's is no end.
func follow(ctx context.Context, cmd *cli.Command, l *ledger.Ledger, f ledger.Filter) error {
	f.OldestFirst, f.After = true, ""
	if f.From.IsZero() {
		f.From = time.Now()
	}
	seen := map[string]int64{} // versions
	open := map[string]bool{}
	away := false
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		found, next, err := look(ctx, l, f, open)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ledger.ErrUnavailable):
			if !away {
				fmt.Fprintln(cmd.Root().ErrWriter, "the ledger does not answer, and is asked again:", err)
			}
			away = true
		case err != nil:
			return err
		case away:
			fmt.Fprintln(cmd.Root().ErrWriter, "the ledger answers again")
			away = false
		}
		for _, o := range found {
			if before, known := seen[o.BillNo]; known && before >= o.Version {
				continue
			}
			seen[o.BillNo] = o.Version
			if open[o.BillNo] = true; o.State.Ended() {
				delete(open, o.BillNo)
			}
			if err := printLine(cmd, o); err != nil {
				return err
			}
		}
		if f.After = cmp.Or(next, f.After); next != "" {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look finds the orders that are new, and how those stand that were open; all of them, or none with an error.
func look(ctx context.Context, l *ledger.Ledger, f ledger.Filter, open map[string]bool) (found []ledger.Order, next string, err error) {
	if found, next, err = l.Search(ctx, f); err != nil {
		return nil, "", err
	}
	for bill := range open { // what was made before the page that is looked at
		switch o, err := l.Order(ctx, bill); {
		case errors.Is(err, ledger.ErrNotFound): // somebody took it out
			delete(open, bill)
		case err != nil:
			return nil, "", err
		default:
			found = append(found, o)
		}
	}
	return found, next, nil
}

func printLine(cmd *cli.Command, o ledger.Order) error {
	if cmd.Bool("json") {
		return printJSON(cmd, orderForPrograms(o))
	}
	return printf(cmd.Root().Writer, "%s  %s  %s  %s  %s  %s  %s\n", utc(o.UpdatedAt), o.BillNo, o.OpenID, item(o), amount(o), o.State, o.Note)
}

// orderJSON is an order for programs: its keys do not change.
type orderJSON struct {
	BillNo      string     `json:"bill_no"`
	Kind        string     `json:"kind"`
	OpenID      string     `json:"openid"`
	ZoneID      string     `json:"zone_id"`
	RequestID   string     `json:"request_id"`
	ItemID      string     `json:"item_id"`
	Quantity    int64      `json:"quantity"`
	Amount      int64      `json:"amount"`
	State       string     `json:"state"`
	Settled     bool       `json:"settled"`
	Parked      bool       `json:"parked"`
	Attempts    int        `json:"attempts"`
	Code        int        `json:"code"`
	RID         string     `json:"rid"`
	Note        string     `json:"note"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	DueAt       *time.Time `json:"due_at"`
	DeliveredAt *time.Time `json:"delivered_at"`
	OfTrade     string     `json:"of_trade"`
}

func orderForPrograms(o ledger.Order) orderJSON {
	known := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return orderJSON{
		BillNo: o.BillNo, Kind: string(o.Kind), OpenID: o.OpenID, ZoneID: o.ZoneID, RequestID: o.RequestID, ItemID: o.ItemID,
		Quantity: o.Quantity, Amount: o.Amount, State: string(o.State), Settled: o.Settled(), Parked: o.Parked, Attempts: o.Attempts,
		Code: o.Code, RID: o.RID, Note: o.Note, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, DueAt: known(o.DueAt),
		DeliveredAt: known(o.DeliveredAt), OfTrade: o.OfTrade,
	}
}

// eventJSON is a line of an order's history.
type eventJSON struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	From string    `json:"from"`
	To   string    `json:"to"`
	Code int       `json:"code"`
	RID  string    `json:"rid"`
	Note string    `json:"note"`
}

// orderCommand is `midasctl order`.
func orderCommand() *cli.Command {
	return &cli.Command{
		Name: "order", Usage: "show an order and everything that happened to it", ArgsUsage: "BILL",
		Flags: []cli.Flag{confFlag(), jsonFlag()}, Action: withLedger(runOrder),
	}
}

func runOrder(ctx context.Context, cmd *cli.Command, _ plugin.Config, l *ledger.Ledger) error {
	args, err := arguments(cmd, "BILL")
	if err != nil {
		return err
	}
	o, err := l.Trace(ctx, args[0])
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("there is no order %s in this ledger", args[0])
	}
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		out := struct {
			orderJSON
			Events []eventJSON `json:"events"`
		}{orderForPrograms(o.Order), make([]eventJSON, 0, len(o.Events))}
		for _, e := range o.Events {
			out.Events = append(out.Events, eventJSON{e.At, e.Who, string(e.From), string(e.To), e.Code, e.RID, e.Note})
		}
		return printJSON(cmd, out)
	}
	rows := [][]any{
		{"bill", o.BillNo},
		{"player", o.OpenID + ", zone " + o.ZoneID},
		{"kind", o.Kind},
		{"item", item(o.Order)},
		{"amount", amount(o.Order)},
		{"request", o.RequestID},
		{"state", o.State},
		{"made", utc(o.CreatedAt)},
	}
	if !o.DueAt.IsZero() {
		rows = append(rows, []any{"next try", utc(o.DueAt)})
	}
	if o.Settled() {
		rows = append(rows, []any{"settled", "by hand"})
	}
	if err := printTable(cmd.Root().Writer, rows); err != nil {
		return err
	}
	fmt.Fprintln(cmd.Root().Writer)
	rows = [][]any{{"AT (UTC)", "FROM", "TO", "CODE", "RID", "BY", "NOTE"}}
	for _, e := range o.Events {
		rows = append(rows, []any{utc(e.At), cmp.Or(string(e.From), "-"), e.To, e.Code, cmp.Or(e.RID, "-"), e.Who, e.Note})
	}
	return printTable(cmd.Root().Writer, rows)
}

// resolveCommand is `midasctl resolve`.
func resolveCommand() *cli.Command {
	return &cli.Command{
		Name: "resolve", Usage: "settle a disputed order", ArgsUsage: "BILL",
		Description: "Nothing is delivered or given back because of it: it records what has been done for the player, by whom and why.\n" +
			"No player is told that the order has ended, for this command speaks to the ledger alone: settle it on the ops page if the\n" +
			"client is to hear of it at once.\n" +
			"--as delivered says that the player has the item, --as cancelled that the player has the coins or an equivalent.\n" +
			"It cannot be undone.",
		Flags: []cli.Flag{
			confFlag(), jsonFlag(),
			&cli.StringFlag{Name: "as", Required: true, Usage: "`END`: delivered or cancelled"},
			&cli.StringFlag{Name: "why", Required: true, Usage: "`REASON`, kept in the order's history"},
			whoFlag(""),
		},
		Action: withLedger(runResolve),
	}
}

func runResolve(ctx context.Context, cmd *cli.Command, _ plugin.Config, l *ledger.Ledger) error {
	args, err := arguments(cmd, "BILL")
	if err != nil {
		return err
	}
	who, err := operator(cmd)
	if err != nil {
		return err
	}
	o, err := l.Resolve(ctx, args[0], ledger.Resolution{As: ledger.State(cmd.String("as")), Why: cmd.String("why"), Who: who, At: time.Now()})
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("there is no order %s in this ledger", args[0])
	}
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return printJSON(cmd, orderForPrograms(o))
	}
	return printf(cmd.Root().Writer, "%s is %s: %s\n", o.BillNo, o.State, o.Note)
}

package payment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// AuditRequest says what to compare.
type AuditRequest struct {
	// From and To bound the time of an order's last change; To is not in it. Zero: no bound.
	From, To time.Time
	// Granted counts how often the host granted each bill number, as its own records tell. It should hold everything that
	// was granted since From; more does no harm. nil: not compared.
	Granted map[string]int
	// SkipMidas compares with Midas not at all.
	SkipMidas bool
	// Progress hears now and then how many accounts and orders have been looked at. nil: nobody does.
	Progress func(accounts, orders int)
}

// Audit is what the comparison found.
type Audit struct {
	// Orders and Accounts were looked at. Unchecked are accounts, and UncheckedGoods orders for goods, that Midas was not,
	// or could not be, asked about; Goods are those of Orders that are for goods. Disputed are those of Differences that
	// only say that an order waits for an operator.
	Orders, Accounts, Goods, Unchecked, UncheckedGoods, Disputed int
	// Delivered, GivenBack, Open and Presented are coins, summed up over all orders of these accounts. Settled are those
	// of orders that an operator settled (Till.Resolve), which are in none of the others.
	Delivered, GivenBack, Open, Presented, Settled int64
	Differences                                    []Difference
}

// Stats sums an audit up that came to its end at a time.
func (a Audit) Stats(at time.Time) AuditStats {
	unchecked := a.Unchecked + a.UncheckedGoods
	return AuditStats{
		At: at, Orders: a.Orders, Accounts: a.Accounts, Compared: a.Accounts + a.Goods - unchecked, Unchecked: unchecked,
		Differences: len(a.Differences) - a.Disputed,
	}
}

// Difference is one thing that does not agree.
type Difference struct {
	// OpenID and ZoneID are the account, BillNo the order; either may be empty.
	OpenID, ZoneID, BillNo string
	// What is wrong, in words. It names no session and no secret.
	What string
	// Ledger is what the ledger says, Other what the host or Midas says.
	Ledger, Other int64
}

// String tells the difference in one line.
func (d Difference) String() string {
	where := "bill " + d.BillNo
	if d.BillNo == "" {
		where = "player " + d.OpenID + " zone " + d.ZoneID
	}
	return fmt.Sprintf("%s: %s (ledger %d, other %d)", where, d.What, d.Ledger, d.Other)
}

// auditPage is how many orders or accounts are read at once.
const auditPage = 500

// Audit compares the ledger with itself, with what the host granted, and with Midas. It reads only, and may run beside
// everything else: an order that is under way is a difference in neither direction.
func (t *Till) Audit(ctx context.Context, r AuditRequest) (Audit, error) {
	a := audit{till: t, request: r}
	if err := a.orders(ctx); err != nil {
		return a.Audit, err
	}
	err := a.accounts(ctx)
	if err == nil {
		stats := a.Stats(t.cfg.Now())
		t.stats.audited.Store(&stats)
	}
	return a.Audit, err
}

type audit struct {
	Audit
	till    *Till
	request AuditRequest
}

func (a *audit) differ(d Difference) { a.Differences = append(a.Differences, d) }

func (a *audit) progress() {
	if a.request.Progress != nil {
		a.request.Progress(a.Accounts, a.Orders)
	}
}

// orders compares every order with its history and with the host's records.
func (a *audit) orders(ctx context.Context) error {
	after := ""
	unseen := make(map[string]int, len(a.request.Granted)) // granted, and of no order looked at yet
	for bill, n := range a.request.Granted {
		unseen[bill] = n
	}
	for {
		page, err := a.till.cfg.Ledger.Changed(ctx, a.request.From, a.request.To, after, auditPage)
		if err != nil {
			return unavailable(err)
		}
		for _, o := range page {
			a.Orders++
			a.order(o.Order, o.Last)
			if err := a.goods(ctx, o.Order); err != nil {
				return err
			}
			delete(unseen, o.BillNo)
			after = o.BillNo
		}
		a.progress()
		if len(page) < auditPage {
			break
		}
	}
	for _, bill := range slices.Sorted(maps.Keys(unseen)) {
		n := unseen[bill]
		switch o, err := a.till.cfg.Ledger.Order(ctx, bill); {
		case err == nil && !o.DeliveredAt.IsZero() && n == 1: // delivered outside the period
		case err == nil:
			a.order(o, o.State)
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			a.differ(Difference{BillNo: bill, What: "granted by the game, and unknown to the ledger", Other: int64(n)})
		}
	}
	return nil
}

func (a *audit) order(o ledger.Order, last ledger.State) {
	differ := func(what string, inLedger, other int64) {
		a.differ(Difference{OpenID: o.OpenID, ZoneID: o.ZoneID, BillNo: o.BillNo, What: what, Ledger: inLedger, Other: other})
	}
	if last != o.State {
		differ(fmt.Sprintf("is %s, but its history ends in %q", o.State, last), 0, 0)
	}
	if o.State == ledger.Disputed {
		a.Disputed++
		differ("is disputed: "+o.Note, o.Amount, 0)
	}
	if a.request.Granted == nil || o.Kind != ledger.Purchase && o.Kind != ledger.Goods {
		return
	}
	delivered := int64(0)
	if !o.DeliveredAt.IsZero() {
		delivered = 1
	}
	switch granted := int64(a.request.Granted[o.BillNo]); {
	case granted > 1:
		differ("granted more than once", delivered, granted)
	case granted == 1 && delivered == 0 && o.State != ledger.Paid && o.State != ledger.Disputed:
		differ(fmt.Sprintf("granted by the game, while the order is %s", o.State), delivered, granted)
	case granted == 0 && delivered == 1 && !o.Settled(): // whoever settled it has vouched for the item
		differ("delivered, but the game has not granted it", delivered, granted)
	}
}

// goods compares an order for goods with what Midas says of its payment.
func (a *audit) goods(ctx context.Context, o ledger.Order) error {
	if o.Kind != ledger.Goods {
		return nil
	}
	a.Goods++
	if a.request.SkipMidas {
		a.UncheckedGoods++
		return nil
	}
	info, err := a.till.queryTrade(ctx, Player{OpenID: o.OpenID, ZoneID: o.ZoneID}, o.BillNo, midas.BizGoods)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && !errors.Is(err, midas.ErrTradeUnknown) {
		a.UncheckedGoods++
		a.till.log.Info("midas: goods not compared", about(o, "error", err)...)
		return nil
	}
	differ := func(what string, inLedger, other int64) {
		a.differ(Difference{OpenID: o.OpenID, ZoneID: o.ZoneID, BillNo: o.BillNo, What: what, Ledger: inLedger, Other: other})
	}
	switch {
	case o.Settled(): // nobody knows what Midas did, and somebody has decided all the same
	case o.State == ledger.Failed:
		if info.Paid {
			differ("paid for at Midas, and given up here", 0, o.Amount)
		}
	case o.State == ledger.Paid, o.State == ledger.Delivered:
		if !info.Paid {
			differ("delivered, and not paid for at Midas", o.Amount, 0)
		}
	}
	return nil
}

// accounts compares every player's orders with what Midas says of the account.
func (a *audit) accounts(ctx context.Context) error {
	var after ledger.Account
	for {
		page, err := a.till.cfg.Ledger.Accounts(ctx, a.request.From, a.request.To, after, auditPage)
		if err != nil {
			return unavailable(err)
		}
		for _, account := range page {
			a.Accounts++
			a.GivenBack += account.GivenBack
			a.Open += account.Open + account.PresentOpen
			a.Presented += account.Presented
			a.Settled += account.Settled + account.PresentSettled
			a.Delivered += account.Kept
			if err := a.account(ctx, account); err != nil {
				return err
			}
			after = account
		}
		a.progress()
		if len(page) < auditPage {
			return nil
		}
	}
}

func (a *audit) account(ctx context.Context, known ledger.Account) error {
	if a.request.SkipMidas {
		a.Unchecked++
		return nil
	}
	who, err := a.till.payer(ctx, known.OpenID, known.ZoneID, "")
	var b midas.Balance
	if err == nil {
		b, err = a.till.cfg.Midas.Balance(ctx, who)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		a.Unchecked++
		a.till.log.Info("midas: account not compared", "player", shorten(known.OpenID), "error", err)
		return nil
	}
	differ := func(what string, inLedger, other int64) {
		a.differ(Difference{OpenID: known.OpenID, ZoneID: known.ZoneID, What: what, Ledger: inLedger, Other: other})
	}
	sums := sumsOf(b)
	if int64(b.SaveAmt+b.PresentSum) != int64(b.SaveSum) {
		differ("Midas's own sums: save_amt and present_sum do not come to save_sum", int64(b.SaveAmt+b.PresentSum), int64(b.SaveSum))
	}
	if int64(b.CostSum) < sums.Spent {
		differ("Midas's own sums: cost_sum is less than what is gone from the balance", sums.Spent, int64(b.CostSum))
	}
	if !known.Known {
		a.Unchecked++ // what was spent before this ledger began is not known
		return nil
	}
	if sums.SaveAmt < known.SaveAmt {
		differ("save_amt has fallen", known.SaveAmt, sums.SaveAmt)
	}
	if spent := sums.Spent - known.SpentBefore; spent < known.Kept || spent > known.Kept+known.Open+known.Settled {
		differ("coins spent", known.Kept, spent)
	}
	if given := sums.PresentSum - known.PresentBefore; given < known.Presented || given > known.Presented+known.PresentOpen+known.PresentSettled {
		differ("coins given as presents", known.Presented, given)
	}
	return nil
}

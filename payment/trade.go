package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// What is bought with money is told by pushes and by questions, in any order, any number of times, and any of them may
// be missing. So nothing is decided on the news alone: a piece of news is stored first, and then everything that is
// known of the payment is looked at together (ledger.Trade), by the functions of this file.

// tradePaid decides what becomes of goods of which Midas says that they were paid for. paid is how much, 0 if it did
// not say. mend: the order is disputed only because an earlier push did not fit it, and this one does.
func tradePaid(t ledger.Trade, paid int64, mend bool, note string, now time.Time) (c ledger.TradeChange) {
	g := t.Goods
	if paid > 0 && g.Paid == 0 {
		c.Paid, t.Goods.Paid = paid, paid
	}
	undelivered := g.DeliveredAt.IsZero() && !g.Settled()
	switch {
	case g.State == ledger.Paying, g.State == ledger.Failed, g.State == ledger.Disputed && mend && undelivered:
		if t.AllBack() {
			c.Goods = changed(moved(g, ledger.Cancelled, "the money was given back before the goods were delivered"), now)
		} else {
			c.Goods = changed(moved(g, ledger.Paid, note), now)
		}
	case g.State == ledger.Cancelled && undelivered && c.Paid > 0 && !t.AllBack():
		c.Goods = changed(moved(g, ledger.Paid, note+"; some of it was given back, and the rest kept"), now)
	case g.State == ledger.Delivered && t.AllBack() && !t.Taken():
		// Its refunds were taken for parts while the discount was not known. One that has not been told will say it.
		for _, r := range t.Refunds {
			if r.Verdict.At.IsZero() && !r.State.Ended() {
				return c
			}
		}
		c.Goods = changed(moved(g, ledger.Cancelled, "the money was given back: all that was paid"), now)
		c.Verdict = ledger.Verdict{At: now, Granted: true, Whole: true}
		c.Late = lateRefund(g, now)
	}
	return c
}

// changed is an order that was moved now, and is due at once unless it has ended.
func changed(o ledger.Order, now time.Time) *ledger.Order {
	o.UpdatedAt = now
	if !o.State.Ended() {
		o.DueAt = now
	}
	return &o
}

// lateRefund tells the host to take goods away whose refunds were all told as parts. No money went back with it: its
// amount is only what the ledger's tables ask for.
func lateRefund(g ledger.Order, now time.Time) *ledger.Order {
	return &ledger.Order{
		Kind: ledger.Refund, OpenID: g.OpenID, ZoneID: g.ZoneID, RequestID: ledger.LateRefundID(g.BillNo), ItemID: g.ItemID, Quantity: g.Quantity, Amount: 1,
		State: ledger.Paid, Version: 1, CreatedAt: now, UpdatedAt: now, DueAt: now, Note: "all of the money is back, as is known only now",
	}
}

// evidence is what is known of a payment besides pushes.
type evidence int

const (
	notAsked    evidence = iota // Midas has not been asked, or has not answered
	saidPaid                    // it was paid, how much is not said
	saidNotPaid                 // nothing of it is paid, or left
	givenUp                     // there was nobody to ask for a day
)

// refundStep is what to do about a refund.
type refundStep int

const (
	tellIt    refundStep = iota // the verdict stands
	waitFirst                   // the goods are being delivered
	askFirst                    // whether they were paid for is not known
)

// tradeRefunded decides what the host is told of a refund, and what becomes of the goods. The goods are there. Exactly
// one refund says Granted and Whole: the one that moves delivered goods to Cancelled.
func tradeRefunded(t ledger.Trade, billNo string, known evidence, now time.Time) (c ledger.TradeChange, step refundStep) {
	g := t.Goods
	own, _ := t.Refund(billNo)
	if !own.Verdict.At.IsZero() {
		return c, tellIt
	}
	say := func(granted, whole bool) {
		c.Of, c.Verdict = billNo, ledger.Verdict{At: now, Granted: granted, Whole: whole}
	}
	all, granted := t.AllBack(), !g.DeliveredAt.IsZero()
	switch g.State {
	case ledger.Paid:
		return c, waitFirst
	case ledger.Paying, ledger.Failed:
		switch {
		case all, known == saidNotPaid:
			c.Goods = changed(moved(g, ledger.Cancelled, "the money was given back before the goods were delivered"), now)
			say(false, true)
		case g.Paid > 0, known == saidPaid, known == givenUp: // some of it was kept, so it had been paid
			c.Goods = changed(moved(g, ledger.Paid, "paid, for a part was given back"), now)
			return c, waitFirst
		default:
			return c, askFirst
		}
	case ledger.Delivered:
		say(true, all)
		if all {
			c.Goods = changed(moved(g, ledger.Cancelled, "the money was given back"), now)
		}
	case ledger.Disputed:
		say(granted, all)
		if all {
			c.Goods = changed(moved(g, ledger.Cancelled, "the money was given back"), now)
		}
	default: // Cancelled
		say(granted, all && !(granted && (t.Taken() || g.Settled())))
	}
	return c, tellIt
}

// settleTrade has a decision on all that is known of a payment stored, and what follows from it done soon.
func (t *Till) settleTrade(ctx context.Context, outTradeNo string, decide func(ledger.Trade) ledger.TradeChange) (ledger.Trade, ledger.TradeChange, error) {
	var from ledger.State
	after, change, err := t.cfg.Ledger.SettleTrade(ctx, outTradeNo, func(tr ledger.Trade) ledger.TradeChange {
		from = tr.Goods.State
		c := decide(tr)
		if c.Late != nil {
			c.Late.BillNo = ulid.MustNewDefault(c.Late.CreatedAt).String()
		}
		return c
	})
	if err != nil {
		return after, change, err
	}
	if change.Goods != nil {
		g := after.Goods
		t.stats.reached(g)
		t.step("goods " + string(g.State) + " stored")
		t.log.Debug("midas: order", about(g, "from", from, "note", g.Note)...)
		if g.State.Ended() {
			t.ended(t.receipt(g))
		}
	}
	if change.Goods != nil || change.Late != nil {
		t.wake()
	}
	return after, change, nil
}

// misfit says in words in what a payment push does not fit the order that it names; empty: it fits. What was paid may
// be less than the listed price, for discounts are the platform's right. A push that names no listed price fits if the
// whole of it was paid.
func misfit(o ledger.Order, p midas.Push) string {
	paid, listed := int64(p.Paid), int64(p.Price)
	switch {
	case o.ItemID != p.ProductID || o.Quantity != p.Quantity:
		return fmt.Sprintf("Midas was paid for %d of %q under this number", p.Quantity, printable(p.ProductID))
	case paid <= 0:
		return "Midas says that nothing was paid"
	case listed == 0 && paid != o.Amount, listed != 0 && listed != o.Amount:
		return fmt.Sprintf("Midas was paid %d fen at a price of %d fen, and the order is for %d fen", paid, listed, o.Amount)
	case paid > o.Amount:
		return fmt.Sprintf("Midas was paid %d fen, and the order is for %d fen", paid, o.Amount)
	case o.Paid != 0 && o.Paid != paid:
		return fmt.Sprintf("Midas was paid %d fen, as it says now, and %d fen, as it said before", paid, o.Paid)
	default:
		return ""
	}
}

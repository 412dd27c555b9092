package payment

import (
	"context"
	"errors"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Refund is money that was given back to a player, by the platform, in the WeChat console or through an API. Nothing can be
// refused any more: the host takes away what it can, or takes note.
type Refund struct {
	// RefundID is Midas's name for it, the same however often it is told.
	RefundID string
	// OutTradeNo is the payment, Fen how much of it went back, Source who did it (1 platform, 2 console, 3 API).
	OutTradeNo string
	Fen        midas.Fen
	Source     int
	// OpenID and ZoneID are the player's; empty if the payment is not of this ledger.
	OpenID, ZoneID string
	// ItemID and Quantity are the goods that were paid for; empty and 0 for coins.
	ItemID   string
	Quantity int64
	// Coins is how many coins were paid for; 0 for goods. Whether Midas takes them out of the balance is not documented.
	Coins midas.Coins
	// Granted: the goods had been delivered to the player.
	Granted bool
	// Whole: nothing of the payment is left.
	Whole bool
}

// refunded stores that money was given back, on the word of a push. The rest follows on the player's lane.
func (t *Till) refunded(ctx context.Context, p midas.Push) error {
	who := Player{OpenID: p.OpenID}
	o := ledger.Order{
		Kind: ledger.Refund, RequestID: p.RefundID, Quantity: 1, Amount: int64(p.Refunded), OfTrade: p.OutTradeNo, Source: p.RefundSource,
	}
	paid, err := t.cfg.Ledger.Order(ctx, p.OutTradeNo)
	switch {
	case err == nil && paid.Kind == ledger.Goods:
		who.OpenID, who.ZoneID = paid.OpenID, paid.ZoneID
		o.ItemID, o.Quantity = paid.ItemID, paid.Quantity
	case err == nil:
		t.log.Error("midas: a refund names a number that stands for something else", about(paid, "kind", paid.Kind)...)
		return nil
	case errors.Is(err, ledger.ErrNotFound):
		r, err := t.cfg.Ledger.RechargeOfTrade(ctx, p.OutTradeNo)
		switch {
		case err == nil:
			who.OpenID, who.ZoneID = r.OpenID, r.ZoneID
			o.Quantity = max(r.Coins, r.BuyQuantity)
		case !errors.Is(err, ledger.ErrNotFound):
			return err
		}
	default:
		return err
	}
	o = t.newOrder(who, o)
	o.DueAt = o.CreatedAt
	stored, created, err := t.cfg.Ledger.Create(ctx, o)
	if errors.Is(err, ledger.ErrMismatch) {
		t.log.Error("midas: a refund is told twice with different amounts",
			about(stored, "refund", p.RefundID, "first", stored.Amount, "now", int64(p.Refunded))...)
		return nil
	}
	if err != nil {
		return err
	}
	if created {
		t.stats.reached(stored)
		t.log.Warn("midas: money was given back",
			about(stored, "out_trade_no", p.OutTradeNo, "refund", p.RefundID, "fen", int64(p.Refunded), "source", p.RefundSource)...)
		t.step("refund created")
		t.wake()
	}
	return nil
}

// deliveryFirst is the note of a refund that waits for the goods that it gives back.
const deliveryFirst = "waits until the goods are delivered"

// errDeliveryFirst puts a refund off until the goods that it gives back are delivered, or certainly not.
var errDeliveryFirst = errors.New("payment: the goods are being delivered")

// tellRefund brings the goods in line with a refund, and then tells the host.
func (t *Till) tellRefund(ctx context.Context, o ledger.Order) ledger.Order {
	r, err := t.settleRefund(ctx, o)
	switch {
	case errors.Is(err, errDeliveryFirst):
		o.Note = deliveryFirst
		return t.rules.again(o, t.cfg.Now())
	case err != nil:
		t.complain("midas: refund not worked in yet", err, about(o, "out_trade_no", o.OfTrade)...)
		return t.rules.postponed(o, err, t.cfg.Now())
	case t.cfg.Refunded == nil:
		return moved(o, ledger.Delivered, "recorded; the host asks not to be told")
	}
	if o.Note == deliveryFirst { // waiting was no try to tell
		o.Attempts = 0
	}
	return t.delivered(ctx, o, t.guarded(ctx, func(ctx context.Context) error { return t.cfg.Refunded(ctx, r) }))
}

// settleRefund moves the goods that were paid back: what was not delivered never will be, and what was is cancelled. It may
// be called again.
func (t *Till) settleRefund(ctx context.Context, o ledger.Order) (Refund, error) {
	r := Refund{RefundID: o.RequestID, OutTradeNo: o.OfTrade, Fen: midas.Fen(o.Amount), Source: o.Source, OpenID: o.OpenID, ZoneID: o.ZoneID}
	back, err := t.cfg.Ledger.Refunded(ctx, o.OfTrade)
	if err != nil {
		return r, err
	}
	goods, err := t.cfg.Ledger.Order(ctx, o.OfTrade)
	if errors.Is(err, ledger.ErrNotFound) { // coins, or nothing of ours
		recharge, err := t.cfg.Ledger.RechargeOfTrade(ctx, o.OfTrade)
		if errors.Is(err, ledger.ErrNotFound) {
			return r, nil
		}
		if err != nil {
			return r, err
		}
		price, unpriced := t.cfg.Tiers.Price(midas.Coins(recharge.BuyQuantity), t.cfg.CoinsPerYuan) // tiers may have changed since
		r.Coins, r.Whole = midas.Coins(o.Quantity), unpriced == nil && back >= int64(price)
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.ItemID, r.Quantity, r.Whole = goods.ItemID, goods.Quantity, back >= goods.Amount
	err = t.settleGoods(ctx, goods, func(g ledger.Order) (ledger.Order, bool) {
		r.Granted = !g.DeliveredAt.IsZero()
		unpaid := g.State == ledger.Paying || g.State == ledger.Failed
		switch {
		case unpaid && r.Whole:
			return moved(g, ledger.Cancelled, "the money was given back before the goods were delivered"), true
		case unpaid: // some of it was kept, so it had been paid
			return moved(g, ledger.Paid, "paid, for a part was given back"), true
		case r.Whole && (g.State == ledger.Delivered || g.State == ledger.Disputed):
			return moved(g, ledger.Cancelled, "the money was given back"), true
		default:
			return g, false
		}
	})
	if err != nil {
		return r, err
	}
	if goods, err = t.cfg.Ledger.Order(ctx, o.OfTrade); err == nil && goods.State == ledger.Paid {
		err = errDeliveryFirst
	}
	return r, err
}

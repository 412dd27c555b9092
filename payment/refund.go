package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Refund is money that was given back to a player, by the platform, in the WeChat console or through an API. Nothing
// can be refused any more: the host takes away what it can, or takes note.
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
	// Granted: the goods had been delivered to the player, as the host has said.
	Granted bool
	// Unsure: Granted is false, but the host may have granted the goods all the same. It was asked to, gave no answer that
	// was heard until the order was disputed, and no operator has settled it since. Only the host's own records tell, by
	// OutTradeNo.
	Unsure bool
	// Whole: nothing is left of what was paid, which a discount makes less than the price. Of delivered goods exactly one
	// refund is Granted and Whole, whatever the order in which they are told. Told again, a refund says the same.
	Whole bool
}

// ErrNobodyTold is what Config.Refunded returns if there is nobody to tell: the refund is left to an operator.
var ErrNobodyTold = errors.New("payment: nobody hears of refunds")

// refunded stores that money was given back, on the word of a push. The rest follows on the player's lane.
func (t *Till) refunded(ctx context.Context, p midas.Push) error {
	who := Player{OpenID: p.OpenID}
	o := ledger.Order{
		Kind: ledger.Refund, RequestID: p.RefundID, Quantity: 1, Amount: int64(p.Refunded), OfTrade: p.OutTradeNo, Source: p.RefundSource,
	}
	unknown := false
	paid, err := t.cfg.Ledger.Order(ctx, p.OutTradeNo)
	switch {
	case err == nil && paid.Kind == ledger.Goods:
		who.OpenID, who.ZoneID = paid.OpenID, paid.ZoneID
		o.ItemID, o.Quantity = paid.ItemID, paid.Quantity
		if int64(p.Refunded) > paid.Amount {
			return t.keep(ctx, p, fmt.Sprintf("%d fen are to have gone back, and the order was for %d fen", p.Refunded, paid.Amount))
		}
	case err == nil:
		return t.keep(ctx, p, fmt.Sprintf("the number is that of a %s for coins, and not of a payment", paid.Kind))
	case errors.Is(err, ledger.ErrNotFound):
		r, err := t.cfg.Ledger.RechargeOfTrade(ctx, p.OutTradeNo)
		switch {
		case err == nil:
			who.OpenID, who.ZoneID = r.OpenID, r.ZoneID
			o.Quantity = max(r.Coins, r.BuyQuantity)
		case errors.Is(err, ledger.ErrNotFound):
			unknown = true
		default:
			return err
		}
	default:
		return err
	}
	if p.OpenID != "" && p.OpenID != who.OpenID {
		return t.keep(ctx, p, "another player made the payment")
	}
	o = t.newOrder(who, o)
	o.DueAt = o.CreatedAt
	stored, created, err := t.cfg.Ledger.CreateRefund(ctx, o)
	if errors.Is(err, ledger.ErrMismatch) {
		return t.keep(ctx, p, fmt.Sprintf("refund %s was told before, as %d fen of %s", printable(p.RefundID), stored.Amount, stored.OfTrade))
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
	if unknown {
		return errPassOn
	}
	return nil
}

// deliveryFirst and questionFirst are the notes of a refund that waits for the goods that it gives back.
const (
	deliveryFirst = "waits until the goods are delivered"
	questionFirst = "waits until Midas has said whether the goods were paid for"
)

// errDeliveryFirst puts a refund off until the goods that it gives back are delivered, or certainly not;
// errQuestionFirst until Midas can be asked about them.
var (
	errDeliveryFirst = errors.New("payment: the goods are being delivered")
	errQuestionFirst = errors.New("payment: Midas cannot be asked about the goods yet")
)

// tellRefund brings the goods in line with a refund, and then tells the host.
func (t *Till) tellRefund(ctx context.Context, o ledger.Order) ledger.Order {
	const nobody = "the money is back, and nobody in the game hears of it (OnRefund): take back what was bought, then settle this"
	r, err := t.settleRefund(ctx, o)
	switch {
	case errors.Is(err, errDeliveryFirst):
		o.Note = deliveryFirst
		return t.rules.again(o, t.cfg.Now())
	case errors.Is(err, errQuestionFirst):
		o.Note = questionFirst
		o.DueAt = t.cfg.Now().Add(jitter(goodsPoll))
		return o
	case err != nil:
		t.complain("midas: refund not worked in yet", err, about(o, "out_trade_no", o.OfTrade)...)
		return t.rules.postponed(o, err, t.cfg.Now())
	case t.cfg.Refunded == nil:
		return moved(o, ledger.Disputed, nobody)
	}
	if o.Note == deliveryFirst || o.Note == questionFirst { // waiting was no try to tell
		o.Attempts = 0
	}
	err = t.guarded(ctx, func(ctx context.Context) error { return t.cfg.Refunded(ctx, r) })
	if errors.Is(err, ErrNobodyTold) {
		return moved(o, ledger.Disputed, nobody)
	}
	return t.delivered(ctx, o, err)
}

// settleRefund moves the goods that were paid back: what was not delivered never will be, and what was is cancelled. It
// may be called again, and says the same.
func (t *Till) settleRefund(ctx context.Context, o ledger.Order) (Refund, error) {
	r := Refund{
		RefundID: o.RequestID, OutTradeNo: o.OfTrade, Fen: midas.Fen(o.Amount), Source: o.Source, OpenID: o.OpenID, ZoneID: o.ZoneID,
		ItemID: o.ItemID, Quantity: o.Quantity,
	}
	if o.OfTrade == "" { // of no money, decided when it was made
		of, verdict, err := t.cfg.Ledger.RefundNamed(ctx, o.RequestID)
		r.OutTradeNo, r.Fen, r.Granted, r.Whole = of, 0, verdict.Granted, verdict.Whole
		return r, err
	}
	known := notAsked
	for {
		var step refundStep
		tr, c, err := t.settleTrade(ctx, o.OfTrade, func(tr ledger.Trade) (c ledger.TradeChange) {
			if tr.Goods.BillNo == "" {
				return c
			}
			c, step = tradeRefunded(tr, o.BillNo, known, t.cfg.Now())
			return c
		})
		switch {
		case err != nil:
			return r, err
		case tr.Goods.BillNo == "":
			return t.settleOther(ctx, o, r)
		case step == waitFirst:
			return r, errDeliveryFirst
		case step == askFirst:
			if known, err = t.askRefunded(ctx, o, tr.Goods); err != nil {
				return r, err
			}
			continue
		}
		verdict := c.Verdict
		if own, found := tr.Refund(o.BillNo); found && c.Of == "" {
			verdict = own.Verdict
		}
		r.OpenID, r.ZoneID, r.ItemID, r.Quantity = tr.Goods.OpenID, tr.Goods.ZoneID, tr.Goods.ItemID, tr.Goods.Quantity
		r.Granted, r.Whole = verdict.Granted, verdict.Whole
		if !r.Granted {
			r.Unsure, err = t.perhapsGranted(ctx, tr.Goods)
		}
		return r, err
	}
}

// perhapsGranted tells that the host was asked to grant goods until the tries were used up, and that nobody knows what
// came of it.
func (t *Till) perhapsGranted(ctx context.Context, goods ledger.Order) (bool, error) {
	if !goods.DeliveredAt.IsZero() || goods.Settled() {
		return false, nil
	}
	history, err := t.cfg.Ledger.History(ctx, goods.BillNo)
	return slices.ContainsFunc(history, func(e ledger.Event) bool {
		return e.From == ledger.Paid && e.To == ledger.Disputed && !strings.HasPrefix(e.Note, refusedMark)
	}), err
}

// askRefunded asks Midas about goods of which a part has gone back and nobody has said that they were paid for: it may
// have been all that was paid, after a discount. That what was given back as a whole is no longer told as paid is an
// assumption; if it is told so, the price of the order is taken for what was paid, until a push says otherwise.
func (t *Till) askRefunded(ctx context.Context, refund, goods ledger.Order) (evidence, error) {
	info, err := t.askTrade(ctx, Player{OpenID: goods.OpenID, ZoneID: goods.ZoneID, UserIP: goods.UserIP}, goods.BillNo, midas.BizGoods)
	switch {
	case err == nil && info.Paid:
		return saidPaid, nil
	case err == nil, errors.Is(err, midas.ErrTradeUnknown):
		return saidNotPaid, nil
	case t.cfg.Now().Sub(refund.CreatedAt) >= goodsLife:
		return givenUp, nil
	default:
		return notAsked, fmt.Errorf("%w: %w", errQuestionFirst, err)
	}
}

// settleOther decides what the host is told of a refund of coins, or of nothing of ours.
func (t *Till) settleOther(ctx context.Context, o ledger.Order, r Refund) (Refund, error) {
	r.ItemID, r.Quantity = "", 0
	recharge, err := t.cfg.Ledger.RechargeOfTrade(ctx, o.OfTrade)
	coins := err == nil
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return r, err
	}
	price, unpriced := t.cfg.Tiers.Price(midas.Coins(recharge.BuyQuantity), t.cfg.CoinsPerYuan) // tiers may have changed since
	if coins {
		r.Coins = midas.Coins(o.Quantity)
	}
	tr, c, err := t.settleTrade(ctx, o.OfTrade, func(tr ledger.Trade) (c ledger.TradeChange) {
		own, found := tr.Refund(o.BillNo)
		if tr.Goods.BillNo != "" || !found || !own.Verdict.At.IsZero() {
			return c
		}
		c.Of, c.Verdict = o.BillNo, ledger.Verdict{At: t.cfg.Now(), Whole: coins && unpriced == nil && tr.Back() >= int64(price)}
		return c
	})
	if err != nil {
		return r, err
	}
	own, found := tr.Refund(o.BillNo)
	switch {
	case c.Of != "":
		r.Whole = c.Verdict.Whole
	case found && !own.Verdict.At.IsZero():
		r.Granted, r.Whole = own.Verdict.Granted, own.Verdict.Whole
	default: // goods have come to be meanwhile
		return r, errDeliveryFirst
	}
	return r, nil
}

package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// GoodsRequest is a player's wish to buy an item directly with money.
type GoodsRequest struct {
	// RequestID is the asker's own name for it, 1 to 64 bytes, unique per player among goods. Asking again under the same
	// name never makes a second order.
	RequestID string
	// ItemID is one of Config.Items that has a price in money.
	ItemID string
	// Quantity is how many, at least 1.
	Quantity int64
}

// GoodsOffer is how an order for goods stands.
type GoodsOffer struct {
	Receipt
	// Options are for the client to pay with. They are empty unless the order still waits for that.
	Options midas.GoodsOptions
}

// BuyGoods makes an order for an item that is paid for with money, and hands out what the client has to pass to
// wx.requestMidasPaymentGameItem. The order is on disk before. It is delivered once Midas says that it was paid for, by a
// push or when asked; the observer hears of its end. Asking again asks Midas, and signs anew with the player's present
// session. Errors, before or through done, mean that there is nothing to pay: ErrInvalid, ErrNoGoods, ErrUnknownItem,
// ErrUnsupportedPlatform, ErrBusy, ErrClosing, ErrUnavailable, midas.ErrSessionExpired, ledger.ErrMismatch.
func (t *Till) BuyGoods(p Player, r GoodsRequest, done func(GoodsOffer, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	if err := checkRequestID(r.RequestID); err != nil {
		return err
	}
	price, fen, refusal := t.priceInMoney(r)
	switch {
	case p.Platform != "" && !strings.EqualFold(p.Platform, androidPlatform):
		refusal = fmt.Errorf("%w: the player is on %q", ErrUnsupportedPlatform, p.Platform)
	case refusal == nil && t.sessions.expired(p.OpenID):
		refusal = errNoSession
	}
	if refusal != nil { // what was bought before is told all the same
		return t.enqueue("midas.goods", reading{p.OpenID}, false, func(ctx context.Context) {
			noted(ctx, t, done)(t.sold(ctx, p, r, refusal))
		})
	}
	return t.enqueue("midas.goods", p.OpenID, false, func(ctx context.Context) {
		done := noted(ctx, t, done)
		if ctx.Err() != nil {
			done(GoodsOffer{}, ErrClosing)
			return
		}
		done(t.sell(ctx, p, r, price, fen))
	})
}

func (t *Till) sell(ctx context.Context, p Player, r GoodsRequest, price, fen midas.Fen) (GoodsOffer, error) {
	if refusal := t.maySell(); refusal != nil {
		return t.sold(ctx, p, r, refusal)
	}
	who, err := t.payer(ctx, p.OpenID, p.ZoneID, p.UserIP)
	if err != nil {
		return GoodsOffer{}, unavailable(err)
	}
	if who.SessionKey == "" {
		return GoodsOffer{}, errNoSession
	}
	if err := t.mayOweMore(ctx, p, r.RequestID); err != nil {
		return GoodsOffer{}, unavailable(err)
	}
	o := t.newOrder(p, ledger.Order{Kind: ledger.Goods, RequestID: r.RequestID, ItemID: r.ItemID, Quantity: r.Quantity, Amount: int64(fen)})
	o.DueAt = o.CreatedAt.Add(t.rules.goodsWait(o, o.CreatedAt))
	o, created, err := t.cfg.Ledger.Create(ctx, o)
	if err != nil {
		return GoodsOffer{}, unavailable(err)
	}
	t.step("goods created")
	switch {
	case created:
		t.stats.reached(o)
		t.wake()
	case o.State == ledger.Paying:
		receipt := t.drive(ctx, o, time.Time{})
		if receipt.Order.Version == o.Version { // the runner has claimed it since it was read
			if o, err = t.cfg.Ledger.Order(ctx, o.BillNo); err != nil {
				return GoodsOffer{}, unavailable(err)
			}
			if receipt = t.receipt(o); o.State == ledger.Paying { // else whoever moved it delivers it
				receipt = t.drive(ctx, o, time.Time{})
			}
		}
		if receipt.Order.State != ledger.Paying {
			return GoodsOffer{Receipt: receipt}, nil
		}
		if o.Amount != int64(fen) { // what is paid must be what is in the books
			return GoodsOffer{}, fmt.Errorf("%w: request %q is bill %s, made when it cost %d fen and not %d", ledger.ErrMismatch, r.RequestID, o.BillNo, o.Amount, fen)
		}
		who.ZoneID = o.ZoneID
	default:
		return GoodsOffer{Receipt: t.receipt(o)}, nil
	}
	options, err := t.cfg.SignGoods(midas.GoodsRequest{
		Player: who, ProductID: o.ItemID, Quantity: o.Quantity, Price: price, OutTradeNo: o.BillNo,
	})
	return GoodsOffer{Receipt: t.receipt(o), Options: options}, err
}

// maxUnpaid is how many orders for goods a player may leave unpaid in a day: Midas has to be asked about each of them, again
// and again.
const maxUnpaid = 30

// mayOweMore refuses a new order to a player who has left too many unpaid.
func (t *Till) mayOweMore(ctx context.Context, p Player, requestID string) error {
	var since ulid.ULID
	if err := since.SetTime(ulid.Timestamp(t.cfg.Now().Add(-goodsLife))); err != nil {
		return err
	}
	unpaid, err := t.cfg.Ledger.UnpaidGoods(ctx, p.OpenID, since.String(), maxUnpaid)
	if err != nil || unpaid < maxUnpaid {
		return err
	}
	if _, err := t.cfg.Ledger.OrderOf(ctx, p.OpenID, ledger.Goods, requestID); err == nil {
		return nil // it is one of them
	}
	return fmt.Errorf("%w: %d orders for goods are unpaid", ErrBusy, unpaid)
}

// priceInMoney is what one costs, and all of them.
func (t *Till) priceInMoney(r GoodsRequest) (price, fen midas.Fen, err error) {
	it, known := t.items[r.ItemID]
	switch {
	case t.cfg.SignGoods == nil:
		return 0, 0, fmt.Errorf("%w: this server sells for coins only", ErrNoGoods)
	case !known:
		return 0, 0, fmt.Errorf("%w: %q", ErrUnknownItem, r.ItemID)
	case it.Fen == 0:
		return 0, 0, fmt.Errorf("%w: %q is sold for coins", ErrNoGoods, r.ItemID)
	case r.Quantity <= 0 || r.Quantity > int64(midas.MaxCoins)/int64(it.Fen):
		return 0, 0, fmt.Errorf("%w: quantity is %d", ErrInvalid, r.Quantity)
	}
	return it.Fen, it.Fen * midas.Fen(r.Quantity), nil
}

// queryGoods asks Midas whether goods were paid for.
func (t *Till) queryGoods(ctx context.Context, o ledger.Order) (after ledger.Order, err error) {
	info, err := t.queryTrade(ctx, Player{OpenID: o.OpenID, ZoneID: o.ZoneID, UserIP: o.UserIP}, o.BillNo, midas.BizGoods)
	return t.rules.afterQuery(o, info, err, t.cfg.Now()), err
}

// queryTrade asks Midas about a payment with money.
func (t *Till) queryTrade(ctx context.Context, p Player, outTradeNo string, what midas.BizKind) (midas.OrderInfo, error) {
	return signed(ctx, t, p, func(ctx context.Context, who midas.Player) (midas.OrderInfo, error) {
		return t.cfg.Midas.QueryOrder(ctx, who, outTradeNo, what)
	})
}

// goodsPaid stores that goods were paid for, on the word of a push. Those that were bought outside the game, in its store
// page, come to be by it. Delivery follows on the player's lane.
func (t *Till) goodsPaid(ctx context.Context, p midas.Push) error {
	o, err := t.cfg.Ledger.Order(ctx, p.OutTradeNo)
	if errors.Is(err, ledger.ErrNotFound) {
		return t.goodsFromOutside(ctx, p)
	}
	if err != nil {
		return err
	}
	if o.Kind != ledger.Goods || o.OpenID != p.OpenID {
		t.log.Error("midas: a push about goods names a number that stands for something else", about(o, "kind", o.Kind,
			"push_to", shorten(p.OpenID))...)
		return nil
	}
	return t.settleGoods(ctx, o, func(o ledger.Order) (after ledger.Order, moves bool) {
		switch {
		case o.State != ledger.Paying && o.State != ledger.Failed:
			return o, false // a repeat, or refunded before
		case o.ItemID != p.ProductID || o.Quantity != p.Quantity:
			return moved(o, ledger.Disputed, fmt.Sprintf("Midas was paid for %d of %q under this number", p.Quantity, printable(p.ProductID))), true
		default:
			return moved(o, ledger.Paid, "paid, as Midas has told"), true
		}
	})
}

// goodsFromOutside makes an order of what was bought outside the game.
func (t *Till) goodsFromOutside(ctx context.Context, p midas.Push) error {
	zone := p.ZoneID
	if zone == "" {
		zone = t.cfg.ZoneID
	}
	fen := p.Paid
	if fen == 0 {
		fen = p.Price
	}
	o := t.newOrder(Player{OpenID: p.OpenID, ZoneID: zone}, ledger.Order{
		Kind: ledger.Goods, RequestID: p.OutTradeNo, ItemID: p.ProductID, Quantity: p.Quantity, Amount: max(1, int64(fen)),
		Note: "bought outside the game",
	})
	o.BillNo = p.OutTradeNo
	o, created, err := t.cfg.Ledger.Create(ctx, o)
	if err != nil {
		return err
	}
	if created {
		t.stats.reached(o)
		t.log.Info("midas: goods bought outside the game", about(o, "item", o.ItemID)...)
	}
	return t.settleGoods(ctx, o, func(o ledger.Order) (ledger.Order, bool) {
		return moved(o, ledger.Paid, "paid, as Midas has told"), o.State == ledger.Paying
	})
}

// settleTries bounds how often an order that changes under our hands is read again.
const settleTries = 10

// settleGoods moves goods as decide says, whoever else works on them, and has what follows done soon.
func (t *Till) settleGoods(ctx context.Context, o ledger.Order, decide func(ledger.Order) (after ledger.Order, moves bool)) error {
	for range settleTries {
		after, moves := decide(o)
		if !moves {
			return nil
		}
		after.UpdatedAt = t.cfg.Now()
		if !after.State.Ended() {
			after.DueAt = after.UpdatedAt
		}
		stored, err := t.cfg.Ledger.Advance(ctx, o, after)
		if err == nil {
			t.stats.reached(stored)
			t.step("goods " + string(stored.State) + " stored")
			t.log.Debug("midas: order", about(stored, "from", o.State, "note", stored.Note)...)
			if stored.State.Ended() {
				t.ended(t.receipt(stored))
			}
			t.wake()
			return nil
		}
		if !errors.Is(err, ledger.ErrConflict) {
			return err
		}
		if o, err = t.cfg.Ledger.Order(ctx, o.BillNo); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: order %s changes all the time", ErrBusy, o.BillNo)
}

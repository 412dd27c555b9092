package payment

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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
	// Expected is what the player saw that it costs in all. At another price it is refused. 0: not said.
	Expected midas.Fen
}

// GoodsOffer is how an order for goods stands.
type GoodsOffer struct {
	Receipt
	// Options are for the client to pay with. They are empty unless the order still waits for that.
	Options midas.GoodsOptions
}

// BuyGoods makes an order for an item that is paid for with money, and hands out what the client has to pass to
// wx.requestMidasPaymentGameItem. The order is on disk before. It is delivered once Midas says that it was paid for, by
// a push or when asked; the observer hears of its end. Asking again asks Midas, and signs anew with the player's
// present session. Errors, before or through done, mean that there is nothing to pay: ErrInvalid, ErrNoGoods,
// ErrUnknownItem, ErrUnsupportedPlatform, ErrPriceChanged, ErrLimitReached, ErrBusy, ErrClosing, ErrUnavailable,
// midas.ErrSessionExpired, ledger.ErrMismatch.
func (t *Till) BuyGoods(p Player, r GoodsRequest, done func(GoodsOffer, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	if err := checkRequestID(r.RequestID); err != nil {
		return err
	}
	price, fen, refusal := t.priceInMoney(r)
	cannot := t.CanPay(p)
	switch {
	case cannot != nil:
		refusal = cannot
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
	if err := t.mayBegin(ctx, p, ledger.Goods, r.RequestID, r.ItemID, r.Quantity); err != nil {
		return GoodsOffer{}, err
	}
	o := t.newOrder(p, ledger.Order{Kind: ledger.Goods, RequestID: r.RequestID, ItemID: r.ItemID, Quantity: r.Quantity, Amount: int64(fen)})
	o.DueAt = o.CreatedAt.Add(t.rules.goodsWait(o, o.CreatedAt))
	allowed, limits, err := t.maySellFor(ctx, p, r, fen)
	if err != nil {
		return GoodsOffer{}, err
	}
	bounds, err := t.boundsOf(ctx, p, ledger.Goods, r.RequestID, r.ItemID)
	if err != nil {
		return GoodsOffer{}, err
	}
	bounds.Pay = allowed
	o, created, err := t.cfg.Ledger.CreateWithin(ctx, o, bounds)
	if errors.Is(err, ledger.ErrOverAllowance) || errors.Is(err, ledger.ErrOverQuota) {
		return GoodsOffer{}, overBounds(err, limits)
	}
	if err != nil {
		return GoodsOffer{}, unavailable(err)
	}
	t.step("goods created")
	switch {
	case created:
		t.stats.reached(o)
		t.wake()
	case o.State == ledger.Paying:
		receipt := t.drive(ctx, o, time.Time{}, false)
		if receipt.Order.Version == o.Version { // the runner has claimed it since it was read
			if o, err = t.cfg.Ledger.Order(ctx, o.BillNo); err != nil {
				return GoodsOffer{}, unavailable(err)
			}
			if receipt = t.receipt(o); o.State == ledger.Paying { // else whoever moved it delivers it
				receipt = t.drive(ctx, o, time.Time{}, false)
			}
		}
		if receipt.Order.State != ledger.Paying {
			return GoodsOffer{Receipt: receipt}, nil
		}
		if o.Amount != int64(fen) { // what is paid must be what is in the books
			return GoodsOffer{}, fmt.Errorf("%w: request %q is bill %s, made when it cost %d fen and not %d", ledger.ErrMismatch, r.RequestID, o.BillNo, o.Amount, fen)
		}
		who.ZoneID = o.ZoneID
	case o.State == ledger.Failed: // paid for after all?
		asked, err := t.askFailed(ctx, o)
		if err == nil && asked.State == ledger.Paid {
			return GoodsOffer{Receipt: t.receipt(asked)}, nil // the runner delivers it
		}
		return GoodsOffer{Receipt: t.receipt(o)}, nil
	default:
		return GoodsOffer{Receipt: t.receipt(o)}, nil
	}
	who.Platform = DeviceOf(p)
	options, err := t.cfg.SignGoods(midas.GoodsRequest{
		Player: who, ProductID: o.ItemID, Quantity: o.Quantity, Price: price, OutTradeNo: o.BillNo,
		Attach: t.mark,
	})
	return GoodsOffer{Receipt: t.receipt(o), Options: options}, err
}

// maySellFor tells within what goods may be offered that have not been paid for.
func (t *Till) maySellFor(ctx context.Context, p Player, r GoodsRequest, fen midas.Fen) (*ledger.Allowance, *Limits, error) {
	if t.limits == nil {
		return nil, nil, nil
	}
	switch o, err := t.cfg.Ledger.OrderOf(ctx, p.OpenID, ledger.Goods, r.RequestID); {
	case err != nil && !errors.Is(err, ledger.ErrNotFound):
		return nil, nil, unavailable(err)
	case err == nil && o.State != ledger.Paying:
		return nil, nil, nil
	case err == nil && t.cfg.Now().Sub(o.CreatedAt) > openFor: // it does not count as offered any more
		allowed, limits, err := t.allowance(ctx, p, fen)
		if allowed != nil {
			err = &LimitError{"this order is too old to be paid for: please order again"}
		}
		return nil, limits, err
	}
	return t.allowance(ctx, p, fen)
}

// maxUnpaid is how many orders for goods a player may leave unpaid in a day: Midas has to be asked about each of them,
// again and again.
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
	it, known := t.item(r.ItemID)
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
	fen = it.Fen * midas.Fen(r.Quantity)
	return it.Fen, fen, mayBuy(it, int64(r.Expected), int64(fen))
}

// queryGoods asks Midas whether goods were paid for.
func (t *Till) queryGoods(ctx context.Context, o ledger.Order) (after ledger.Order, err error) {
	info, err := t.askTrade(ctx, Player{OpenID: o.OpenID, ZoneID: o.ZoneID, UserIP: o.UserIP}, o.BillNo, midas.BizGoods)
	return t.rules.afterQuery(o, info, err, t.cfg.Now()), err
}

// askTrade asks Midas about a payment with money, and keeps the numbers that WeChat Pay has for it.
func (t *Till) askTrade(ctx context.Context, p Player, outTradeNo string, what midas.BizKind) (midas.OrderInfo, error) {
	info, err := t.queryTrade(ctx, p, outTradeNo, what)
	if err == nil && info.Paid {
		err := t.noteNumbers(ctx, outTradeNo, p.OpenID, info.MchOrderNo, info.TransactionID, info.WxOrderID)
		t.complain("midas: WeChat Pay's numbers of a payment were not kept", err, "out_trade_no", printable(outTradeNo)) // they are shown, and decide nothing
	}
	return info, err
}

// noteNumbers keeps WeChat's numbers of a payment; empty ones are left out.
func (t *Till) noteNumbers(ctx context.Context, trade, openid, mchOrderNo, transactionID, wxOrderID string) error {
	var list []ledger.PayNumber
	for kind, number := range map[ledger.NumberKind]string{ledger.MchOrderNo: mchOrderNo, ledger.TransactionID: transactionID, ledger.WxOrderID: wxOrderID} {
		if n := (ledger.PayNumber{Kind: kind, Number: number, Trade: trade, OpenID: openid, SeenAt: t.cfg.Now()}); n.Valid() {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return t.cfg.Ledger.NotePayNumbers(ctx, list)
}

// queryTrade asks Midas about a payment with money.
func (t *Till) queryTrade(ctx context.Context, p Player, outTradeNo string, what midas.BizKind) (midas.OrderInfo, error) {
	return signed(ctx, t, p, func(ctx context.Context, who midas.Player) (midas.OrderInfo, error) {
		return t.cfg.Midas.QueryOrder(ctx, who, outTradeNo, what)
	})
}

// settleTries bounds how often an order that changes under our hands is read again.
const settleTries = 10

// askedAtLogin bounds the questions that a login brings about goods that were given up, of which askedAmong are looked
// at.
const (
	askedAtLogin = 10
	askedAmong   = 300
)

// askForgotten asks Midas about goods of a player who is back that were given up. First those of which Midas has never
// said that they are not paid, and then others, another choice each time: a window may be paid after the day in which
// it is asked about.
func (t *Till) askForgotten(ctx context.Context, p Player) {
	if t.cfg.SignGoods == nil {
		return
	}
	failed, err := t.cfg.Ledger.FailedGoods(ctx, p.OpenID, askedAmong)
	if err != nil {
		return // the next login asks again
	}
	rand.Shuffle(len(failed), func(i, j int) { failed[i], failed[j] = failed[j], failed[i] })
	slices.SortStableFunc(failed, func(a, b ledger.Order) int { return unanswered(b) - unanswered(a) })
	for _, o := range failed[:min(len(failed), askedAtLogin)] {
		if _, err := t.askFailed(ctx, o); err != nil || ctx.Err() != nil {
			t.log.Info("midas: goods that were given up were not asked about", about(o, "error", err)...)
			return
		}
	}
}

// unanswered is 1 for goods that were given up without an answer of Midas.
func unanswered(o ledger.Order) int {
	if strings.HasPrefix(o.Note, unansweredNote) {
		return 1
	}
	return 0
}

// askFailed asks Midas about goods that were given up, and has them delivered if they were paid for.
func (t *Till) askFailed(ctx context.Context, o ledger.Order) (ledger.Order, error) {
	info, err := t.askTrade(ctx, Player{OpenID: o.OpenID, ZoneID: o.ZoneID, UserIP: o.UserIP}, o.BillNo, midas.BizGoods)
	switch {
	case errors.Is(err, midas.ErrTradeUnknown):
		return o, nil
	case err != nil || !info.Paid:
		return o, err
	}
	tr, _, err := t.settleTrade(ctx, o.BillNo, func(tr ledger.Trade) (c ledger.TradeChange) {
		if info.ProductID == "" || info.ProductID == tr.Goods.ItemID {
			return tradePaid(tr, 0, false, "paid, as Midas says when asked again", t.cfg.Now())
		}
		if tr.Goods.State == ledger.Failed {
			c.Goods = changed(moved(tr.Goods, ledger.Disputed, fmt.Sprintf("Midas was paid for %q under this number", printable(info.ProductID))), t.cfg.Now())
		}
		return c
	})
	if err != nil {
		return o, err
	}
	return tr.Goods, nil
}

// AskGoods asks Midas at once whether an order for goods was paid for, at an operator's wish, however long ago it was
// made or given up. It blocks on the ledger and on Midas. The order is as it stands afterwards; delivery follows.
// Errors: ledger.ErrNotFound, ErrInvalid (not goods), ErrUnavailable, and those of the question.
func (t *Till) AskGoods(ctx context.Context, billNo string) (ledger.Order, error) {
	o, err := t.cfg.Ledger.Order(ctx, billNo)
	switch {
	case err != nil:
		return o, unavailable(err)
	case o.Kind != ledger.Goods:
		return o, fmt.Errorf("%w: bill %s is a %s, and not goods", ErrInvalid, billNo, o.Kind)
	case o.State != ledger.Failed && o.State != ledger.Paying:
		return o, nil
	}
	return t.askFailed(ctx, o)
}

// goodsPaid stores that goods were paid for, on the word of a push. Those that were bought outside the game, in its
// store page, come to be by it. Delivery follows on the player's lane.
func (t *Till) goodsPaid(ctx context.Context, p midas.Push) error {
	o, err := t.cfg.Ledger.Order(ctx, p.OutTradeNo)
	switch whose, ours := t.marked(p.Attach); {
	case errors.Is(err, ledger.ErrNotFound) && whose && !ours:
		return fmt.Errorf("%w: order %s is another ledger's", ErrNotOurs, p.OutTradeNo)
	case errors.Is(err, ledger.ErrNotFound) && p.Event == midas.PushStoreGoods:
		return t.goodsFromOutside(ctx, p)
	case errors.Is(err, ledger.ErrNotFound) && ours:
		return t.keep(ctx, p, "this server signed the purchase, and its ledger has no such order: was it restored from a copy?")
	case errors.Is(err, ledger.ErrNotFound):
		return t.strange(ctx, p, "no such order was made here")
	case err != nil:
		return err
	}
	if o.Kind != ledger.Goods {
		return t.keep(ctx, p, fmt.Sprintf("the number is that of a %s, and not of goods", o.Kind))
	}
	return t.paidFor(ctx, o, p)
}

// paidFor works a push about the payment of goods in.
func (t *Till) paidFor(ctx context.Context, o ledger.Order, p midas.Push) error {
	if o.OpenID != p.OpenID {
		return t.keep(ctx, p, "another player ordered it")
	}
	if why := misfit(o, p); why != "" {
		if err := t.keep(ctx, p, why); err != nil {
			return err
		}
		_, _, err := t.settleTrade(ctx, o.BillNo, func(tr ledger.Trade) (c ledger.TradeChange) {
			if g := tr.Goods; g.State == ledger.Paying || g.State == ledger.Failed {
				c.Goods = changed(moved(g, ledger.Disputed, why), t.cfg.Now())
			}
			return c
		})
		return err
	}
	mend := false
	if o.State == ledger.Disputed && o.Paid == 0 {
		kept, err := t.cfg.Ledger.KeptOf(ctx, o.BillNo, 1)
		if err != nil {
			return err
		}
		mend = len(kept) > 0
	}
	_, _, err := t.settleTrade(ctx, o.BillNo, func(tr ledger.Trade) ledger.TradeChange {
		return tradePaid(tr, int64(p.Paid), mend, "paid, as Midas has told", t.cfg.Now())
	})
	return err
}

// goodsFromOutside makes an order of what was bought outside the game.
func (t *Till) goodsFromOutside(ctx context.Context, p midas.Push) error {
	zone := p.ZoneID
	if zone == "" {
		zone = t.cfg.ZoneID
	}
	switch {
	case len(t.cfg.StoreZones) > 0 && !slices.Contains(t.cfg.StoreZones, zone):
		return fmt.Errorf("%w: goods of the store page in zone %s are another server's", ErrNotOurs, printable(zone))
	case p.Paid <= 0 && !p.Trial:
		return t.keep(ctx, p, "bought in the store page, and nothing was paid")
	case p.Price > 0 && p.Paid > p.Price:
		return t.keep(ctx, p, "bought in the store page, and more was paid than it costs")
	}
	if recharge, err := t.cfg.Ledger.RechargeOfTrade(ctx, p.OutTradeNo); err == nil {
		return t.keep(ctx, p, fmt.Sprintf("the number is that of a recharge of %d coins", recharge.BuyQuantity))
	} else if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	o := t.newOrder(Player{OpenID: p.OpenID, ZoneID: zone}, ledger.Order{
		Kind: ledger.Goods, RequestID: p.OutTradeNo, ItemID: p.ProductID, Quantity: p.Quantity, Amount: int64(p.Paid), Paid: int64(p.Paid), Note: "bought outside the game",
	})
	if p.Trial { // it is worth its price, and brings nothing
		o.Source, o.Amount, o.Note = ledger.StoreTrial, max(1, int64(p.Price), int64(p.Paid)), "bought in the store page as a trial: no sale"
	}
	o.BillNo = p.OutTradeNo
	o, created, err := t.cfg.Ledger.Create(ctx, o)
	if errors.Is(err, ledger.ErrMismatch) {
		return t.keep(ctx, p, "the player has another order of this name")
	}
	if err != nil {
		return err
	}
	if created {
		t.stats.reached(o)
		t.log.Info("midas: goods bought outside the game", about(o, "item", o.ItemID, "fen", o.Amount)...)
	}
	if o.BillNo != p.OutTradeNo {
		return t.keep(ctx, p, "the player has another order of this name")
	}
	p.Price = 0 // what was paid is the order's price
	return t.paidFor(ctx, o, p)
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// passFen is what a season pass costs, in fen.
const passFen = 600

// payCoins is the player's client, which pays; the coins come after a while.
func (d *demo) payCoins(p *player, o *midasmsg.MidasRechargeOptions, after time.Duration) error {
	if !d.world.Money {
		return d.world.Emulator.RechargeLater(d.world.Env, p.openid, o.GetZoneId(), o.GetBuyQuantity(), after)
	}
	d.note("its outTradeNo is %q", o.GetOutTradeNo())
	return d.world.Emulator.PayCoins(emulator.CoinOptions{
		OpenID: p.openid, OfferID: o.GetOfferId(), ZoneID: o.GetZoneId(), OutTradeNo: o.GetOutTradeNo(), Env: o.GetEnv(),
		BuyQuantity: o.GetBuyQuantity(), Platform: o.GetPlatform(), CurrencyType: o.GetCurrencyType(), Mode: o.GetMode(),
	}, emulator.Fate{CreditAfter: after})
}

// buyPass asks for a season pass, pays for it, and waits until it is in the bag.
func (d *demo) buyPass(ctx context.Context, p *player, requestID string, fate emulator.Fate) (*midasmsg.MidasPurchaseResult, error) {
	if err := p.Send(&midasmsg.MidasBuyGoods{RequestId: requestID, ItemId: "pass", Quantity: 1}); err != nil {
		return nil, err
	}
	o, err := await(ctx, p, func(o *midasmsg.MidasGoodsOptions) bool { return o.GetRequestId() == requestID })
	if err != nil {
		return nil, err
	}
	d.note("wx.requestMidasPaymentGameItem({signData: %s, …})", o.GetSignData())
	if err := d.world.Emulator.PayGoods(p.openid, o.GetSignData(), o.GetPaySig(), o.GetSignature(), fate); err != nil {
		return nil, err
	}
	r, err := await(ctx, p, func(r *midasmsg.MidasPurchaseResult) bool { return r.GetRequestId() == requestID })
	if err != nil {
		return nil, err
	}
	if r.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
		return nil, fmt.Errorf("a pass that was paid for is %v", r.GetState())
	}
	p.bought["pass"]++
	d.note("bill %s is %v", r.GetBillNo(), r.GetState())
	return r, p.checkBag(ctx)
}

func (d *demo) goods(ctx context.Context, p *player) error {
	_, err := d.buyPass(ctx, p, "pass-1", emulator.Fate{Repeat: 1})
	return err
}

func (d *demo) lostPush(ctx context.Context, p *player) error {
	before := d.world.Emulator.Calls("queryorderinfo")
	if _, err := d.buyPass(ctx, p, "pass-1", emulator.Fate{NoPush: true}); err != nil {
		return err
	}
	asked := d.world.Emulator.Calls("queryorderinfo") - before
	d.note("found by asking Midas, %d time(s)", asked)
	if asked == 0 {
		return errors.New("nobody asked Midas, and no push came")
	}
	return nil
}

func (d *demo) refund(ctx context.Context, p *player) error {
	trade, err := d.tradeOf(p)
	if err != nil {
		return err
	}
	id, err := d.world.Emulator.RefundTrade(d.world.Env, trade, passFen, 2)
	if err != nil {
		return err
	}
	p.bought["pass"]--
	r, err := await(ctx, p, func(r *midasmsg.MidasPurchaseResult) bool {
		return r.GetBillNo() == trade && r.GetState() == midasmsg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED
	})
	if err != nil {
		return err
	}
	d.note("refund %s: bill %s is %v", id, r.GetBillNo(), r.GetState())
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for { // the game hears of it after the player does
		bag, err := p.bag(ctx)
		if err != nil {
			return err
		}
		if bag["pass"] == 0 {
			d.note("and the pass has left the bag")
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return errors.New("the pass stays in the bag")
		}
	}
}

func (d *demo) tradeOf(p *player) (string, error) {
	for _, t := range d.world.Emulator.Trades() {
		if t.OpenID == p.openid && t.Goods {
			return t.OutTradeNo, nil
		}
	}
	return "", fmt.Errorf("%s has paid for no goods", p.name)
}

// money prints and compares what was paid with money.
func (d *demo) money(ctx context.Context, b ledger.Books) error {
	if err := d.world.Emulator.FlushPushes(ctx); err != nil { // the last answers may still be on their way to Midas
		return err
	}
	var trades, paid, refunded, pushes, acknowledged int64
	for _, t := range d.world.Emulator.Trades() {
		refunded += t.RefundedFen
		if t.Goods {
			trades++
			paid += t.TotalFen
		}
	}
	for _, p := range d.world.Emulator.Pushes() {
		pushes++
		if p.Acknowledged {
			acknowledged++
		}
	}
	out := d.world.Out
	fmt.Fprintln(out, "\nFor money")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "ledger\torders\tfen\tMidas\tcount\tfen\t")
	fmt.Fprintf(t, "goods delivered\t%d\t%d\tgoods paid for\t%d\t%d\t\n", b.Goods[ledger.Delivered], b.Fen[ledger.Delivered], trades, paid)
	fmt.Fprintf(t, "goods cancelled\t%d\t%d\tmoney given back\t\t%d\t\n", b.Goods[ledger.Cancelled], b.Fen[ledger.Cancelled], refunded)
	fmt.Fprintf(t, "refunds\t%d\t%d\tpushes\t%d\t\t\n", b.Refunds, b.RefundedFen, pushes)
	fmt.Fprintf(t, "\t\t\tacknowledged\t%d\t\t\n", acknowledged)
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\npaid for %d fen = delivered %d + given back %d\n", paid, b.Fen[ledger.Delivered], b.RefundedFen)
	if paid != b.Fen[ledger.Delivered]+b.RefundedFen || refunded != b.RefundedFen || acknowledged != pushes {
		return errors.New("the books of money differ")
	}
	return nil
}

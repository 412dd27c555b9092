package payment

import (
	"context"
	"errors"
	"slices"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Take stores what a push of Midas's tells, and returns once it is on disk; what follows from it happens afterwards. The
// same push may come any number of times and in any order. An error means that it is to be sent again: ErrClosing,
// ErrUnavailable, ErrBusy.
func (t *Till) Take(ctx context.Context, p midas.Push) error {
	if t.closing.Load() {
		return ErrClosing
	}
	if p.Mock || !p.Event.IsPayment() {
		return nil
	}
	if p.Sandbox != t.cfg.Sandbox {
		t.log.Warn("midas: a push of the other environment is left alone", "event", string(p.Event), "sandbox", p.Sandbox, "out_trade_no", p.OutTradeNo)
		return nil
	}
	ctx = t.beginSpan(ctx, "midas.push")
	err := t.takePayment(ctx, p)
	t.endSpan(ctx, err)
	return err
}

func (t *Till) takePayment(ctx context.Context, p midas.Push) error {
	switch p.Event {
	case midas.PushGoods, midas.PushStoreGoods:
		return unavailable(t.goodsPaid(ctx, p))
	case midas.PushRefund:
		return unavailable(t.refunded(ctx, p))
	default:
		return unavailable(t.coinsCame(ctx, p))
	}
}

// coinsCame credits the recharge that a push is about, and looks at the account of a player who is here, or has other servers look.
func (t *Till) coinsCame(ctx context.Context, p midas.Push) error {
	if p.Event == midas.PushCoins {
		if err := t.confirm(ctx, p.OutTradeNo, p.Quantity, ""); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
	}
	t.lookSoon(p.OpenID)
	return nil
}

// confirm credits a recharge on Midas's word about its number, and tells so unless it is the one named answered.
func (t *Till) confirm(ctx context.Context, outTradeNo string, coins int64, answered string) error {
	r, fresh, err := t.cfg.Ledger.ConfirmRecharge(ctx, outTradeNo, coins, t.cfg.Now())
	if err != nil || !fresh {
		return err
	}
	t.step("recharge confirmed")
	t.stats.credited(r, t.cfg.Now())
	t.log.Info("midas: coins bought", "player", shorten(r.OpenID), "coins", r.Coins, "out_trade_no", outTradeNo)
	if r.RequestID != answered {
		t.cfg.Observer.RechargeEnded(r)
	}
	return nil
}

// lookSoon looks at the accounts of a player who is here, so that the new balance is told. Whether it works or not, the next
// look will find the same.
func (t *Till) lookSoon(openid string) {
	zones := t.zonesOf(openid)
	if len(zones) == 0 {
		t.cfg.Elsewhere(openid, "", ReasonRecharge, "")
	}
	for _, zone := range zones {
		_ = t.enqueue("midas.look", openid, false, func(ctx context.Context) {
			if _, err := t.look(ctx, Player{OpenID: openid, ZoneID: zone}); err != nil {
				t.log.Debug("midas: no look after coins came", "player", shorten(openid), "error", err)
			}
		})
	}
}

// zonesOf are the zones in which a player is here.
func (t *Till) zonesOf(openid string) (zones []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range t.accounts {
		if key.openid == openid {
			zones = append(zones, key.zoneID)
		}
	}
	return zones
}

// confirmByNumber asks Midas about recharges whose coins seem to have come, where the balance alone could not tell which of
// several were paid.
func (t *Till) confirmByNumber(ctx context.Context, p Player, answered string) {
	const most = 5
	waiting, err := t.cfg.Ledger.WaitingRecharges(ctx, p.OpenID, p.ZoneID, most)
	if err != nil || len(waiting) < 2 {
		return
	}
	t.askByNumber(ctx, p, waiting, answered)
}

// settleRecharges asks Midas about what is left of the recharges of the last day, whatever the balance says: where Midas could
// not be asked in time, one that was paid may have been passed over for another of its size.
func (t *Till) settleRecharges(ctx context.Context, p Player) {
	const most = 20
	if !t.cfg.TradeNumbers {
		return
	}
	waiting, err := t.cfg.Ledger.WaitingRecharges(ctx, p.OpenID, p.ZoneID, most)
	if err != nil {
		return // the next login asks again
	}
	since := t.cfg.Now().Add(-goodsLife)
	t.askByNumber(ctx, p, slices.DeleteFunc(waiting, func(r ledger.Recharge) bool { return r.CreatedAt.Before(since) }), "")
}

func (t *Till) askByNumber(ctx context.Context, p Player, waiting []ledger.Recharge, answered string) {
	for _, r := range waiting {
		info, err := t.queryTrade(ctx, p, r.OutTradeNo, midas.BizCoins)
		if err == nil && info.Delivered {
			err = t.confirm(ctx, r.OutTradeNo, 0, answered)
		}
		if err != nil && !errors.Is(err, midas.ErrTradeUnknown) {
			t.log.Info("midas: recharge not asked about", "out_trade_no", r.OutTradeNo, "error", err)
			return
		}
	}
}

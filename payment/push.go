package payment

import (
	"context"
	"errors"

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
		if err := t.confirm(ctx, p.OutTradeNo, p.Quantity); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
	}
	t.lookSoon(p.OpenID)
	return nil
}

// confirm credits a recharge on the word of a push about its number, and tells so.
func (t *Till) confirm(ctx context.Context, outTradeNo string, coins int64) error {
	r, fresh, err := t.cfg.Ledger.ConfirmRecharge(ctx, outTradeNo, coins, t.cfg.Now())
	if err != nil || !fresh {
		return err
	}
	t.step("recharge confirmed")
	t.stats.credited(r, t.cfg.Now())
	t.log.Info("midas: coins bought", "player", shorten(r.OpenID), "coins", r.Coins, "out_trade_no", outTradeNo)
	t.cfg.Observer.RechargeEnded(r)
	return nil
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

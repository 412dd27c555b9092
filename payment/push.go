package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Errors of Take, besides those that only ask for a repeat.
var (
	// ErrNotOurs: the push is of another ledger, or of the other environment. Nothing came of it here; give it to who may
	// know it, or have it sent again.
	ErrNotOurs = errors.New("payment: the push is not for this server")
	// errPassOn: what the push tells is stored, and it may be of interest to another ledger as well.
	errPassOn = errors.New("payment: the push names nothing of this ledger")
)

// Take stores what a push of Midas's tells, and returns once it is on disk; what follows from it happens afterwards.
// The same push may come any number of times and in any order. What is rightly signed and does not fit is kept for an
// operator (ledger.Kept), and nothing else comes of it. An error means that it is to be sent again: ErrNotOurs,
// ErrClosing, ErrUnavailable, ErrBusy.
func (t *Till) Take(ctx context.Context, p midas.Push) error {
	_, err := t.TakeOrPass(ctx, p)
	return err
}

// TakeOrPass is Take where other servers may be behind the same callback address: others tells that one of them may
// know the payment. Then, with no error, the push has been stored here as well as it could be.
func (t *Till) TakeOrPass(ctx context.Context, p midas.Push) (others bool, err error) {
	if t.closing.Load() {
		return false, ErrClosing
	}
	ctx = t.beginSpan(ctx, "midas.push")
	err = t.takePush(ctx, p)
	t.endSpan(ctx, err)
	if errors.Is(err, errPassOn) {
		return true, nil
	}
	return errors.Is(err, ErrNotOurs), err
}

func (t *Till) takePush(ctx context.Context, p midas.Push) error {
	switch {
	case p.Mock:
		return t.trial(ctx, p)
	case !p.Event.IsPayment():
		return t.unknownEvent(ctx, p)
	case p.Sandbox != t.cfg.Sandbox:
		// Kept, so that an operator sees it, and refused, so that it comes again: the server may be set up wrongly.
		if err := t.keep(ctx, p, "it is of the other environment"); err != nil {
			return err
		}
		return fmt.Errorf("%w: it is of the other environment", ErrNotOurs)
	}
	err := t.takePayment(ctx, p)
	if err == nil || errors.Is(err, errPassOn) {
		if noted := t.noteNumbers(ctx, p.OutTradeNo, p.OpenID, p.MchOrderNo, p.TransactionID, p.WxOrderID); noted != nil {
			err = noted
		}
	}
	if errors.Is(err, ErrNotOurs) || errors.Is(err, errPassOn) {
		return err
	}
	return unavailable(err)
}

func (t *Till) takePayment(ctx context.Context, p midas.Push) error {
	switch p.Event {
	case midas.PushGoods, midas.PushStoreGoods:
		return t.goodsPaid(ctx, p)
	case midas.PushRefund:
		return t.refunded(ctx, p)
	default:
		return t.coinsCame(ctx, p)
	}
}

// coinsCame credits the recharge that a push is about, and looks at the account of a player who is here, or has other
// servers look. The number is chosen by the client, so it credits nobody but the player, and the zone, that the coins
// went to.
func (t *Till) coinsCame(ctx context.Context, p midas.Push) error {
	var after error
	if p.Event == midas.PushCenterCoins {
		for _, zone := range t.zonesOf(p.OpenID) {
			t.centerChanged(account{p.OpenID, zone})
		}
	}
	if p.Event == midas.PushCoins {
		r, err := t.cfg.Ledger.RechargeOfTrade(ctx, p.OutTradeNo)
		switch {
		case errors.Is(err, ledger.ErrNotFound):
			after = errPassOn
		case err != nil:
			return err
		case r.OpenID != p.OpenID:
			after = t.keep(ctx, p, "another player's recharge has this number")
		case p.ZoneID != "" && r.ZoneID != p.ZoneID:
			after = t.keep(ctx, p, "the recharge is of zone "+r.ZoneID)
		case p.Quantity == 0:
			after = t.keep(ctx, p, "it names no coins")
		default:
			after = t.confirm(ctx, p.OutTradeNo, p.Quantity)
		}
		if after != nil && !errors.Is(after, errPassOn) {
			return after
		}
	}
	t.lookSoon(p.OpenID)
	return after
}

// confirm credits a recharge on the word of a push about its number, and tells so.
func (t *Till) confirm(ctx context.Context, outTradeNo string, coins int64) error {
	r, fresh, err := t.cfg.Ledger.ConfirmRecharge(ctx, outTradeNo, coins, t.cfg.Now())
	if err != nil || !fresh {
		return err
	}
	t.wake() // the host may have to be told
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

package payment

import (
	"context"
	"errors"
	"slices"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

const (
	// maxAsked bounds the recharges that Midas is asked about when coins have come, maxAskedAtLogin those of the last day
	// that it is asked about at a login.
	maxAsked        = 10
	maxAskedAtLogin = 20
)

// whatWasPaid asks Midas by their numbers which recharges brought coins that have come: the balance tells only how
// many. Those that it says are in the balance are credited, and not told yet, for how many coins each brought the
// balance tells. Those that it says are not are noted in look.
func (t *Till) whatWasPaid(ctx context.Context, p Player, look *ledger.Look, coins int64) []ledger.Recharge {
	waiting, err := t.cfg.Ledger.LikelyRecharges(ctx, p.OpenID, p.ZoneID, coins, maxAsked)
	if err != nil {
		return nil
	}
	return t.askByNumber(ctx, p, waiting, look)
}

// settleRecharges asks Midas about what is left of the recharges of the last day, whatever the balance says: where
// Midas could not be asked in time, one that was paid may have been passed over for another of its size.
func (t *Till) settleRecharges(ctx context.Context, p Player) {
	if !t.cfg.TradeNumbers {
		return
	}
	waiting, err := t.cfg.Ledger.WaitingRecharges(ctx, p.OpenID, p.ZoneID, maxAskedAtLogin)
	if err != nil {
		return // the next login asks again
	}
	since := t.cfg.Now().Add(-goodsLife)
	waiting = slices.DeleteFunc(waiting, func(r ledger.Recharge) bool { return r.CreatedAt.Before(since) })
	if confirmed := t.askByNumber(ctx, p, waiting, &ledger.Look{}); len(confirmed) > 0 {
		t.lookAfter(ctx, p, confirmed)
	}
}

// askByNumber asks about recharges, and credits those whose coins are in the balance. An error ends it; another look
// asks again.
func (t *Till) askByNumber(ctx context.Context, p Player, waiting []ledger.Recharge, look *ledger.Look) (confirmed []ledger.Recharge) {
	for _, r := range waiting {
		info, err := t.askTrade(ctx, p, r.OutTradeNo, midas.BizCoins)
		switch {
		case err == nil && info.Delivered:
			stored, fresh, err := t.cfg.Ledger.ConfirmRecharge(ctx, r.OutTradeNo, 0, t.cfg.Now())
			if err != nil {
				t.complain("midas: a recharge may be noticed late", err, "player", shorten(p.OpenID), "out_trade_no", r.OutTradeNo)
				return confirmed
			}
			t.step("recharge confirmed")
			if fresh {
				confirmed = append(confirmed, stored)
			}
		case err == nil, errors.Is(err, midas.ErrTradeUnknown) && r.State != ledger.RechargePending:
			// An unknown number whose client says that it paid may have been paid under a number of the platform's own (§3.4).
			look.Unpaid = append(look.Unpaid, r.OutTradeNo)
		case !errors.Is(err, midas.ErrTradeUnknown):
			t.log.Info("midas: recharge not asked about", "out_trade_no", r.OutTradeNo, "error", err)
			return confirmed
		}
	}
	return confirmed
}

// lookAfter looks at the account, for that tells how many coins recharges brought that were credited by their number,
// and tells.
func (t *Till) lookAfter(ctx context.Context, p Player, confirmed []ledger.Recharge) {
	a, g, err := t.observe(ctx, p)
	if err != nil {
		t.log.Info("midas: recharge credited, balance not readable yet", "player", shorten(p.OpenID), "error", err)
		t.tellRecharges(t.asStored(ctx, confirmed), "")
		t.owe(account{p.OpenID, p.ZoneID}, ReasonRecharge, "")
		return
	}
	g.Recharges = append(t.asStored(ctx, confirmed), g.Recharges...)
	t.tellGrowth(p, a, g, "")
}

// asStored reads recharges again, for a look may have changed how many coins they brought. One that was another's after
// all is left out.
func (t *Till) asStored(ctx context.Context, list []ledger.Recharge) []ledger.Recharge {
	var now []ledger.Recharge
	for _, r := range list {
		stored, err := t.cfg.Ledger.Recharge(context.WithoutCancel(ctx), r.OpenID, r.RequestID)
		switch {
		case err != nil:
			now = append(now, r)
		case stored.State == ledger.RechargeCredited:
			now = append(now, stored)
		}
	}
	return now
}

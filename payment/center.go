package payment

import (
	"context"

	"github.com/leafmidas/leafmidas/midas"
)

// center is what is known of a player's coins in WeChat's recharge centre. They are shown, and nothing else: no call
// spends them, and they are in no books.
type center struct {
	coins midas.Coins
	old   bool // they have to be asked for anew
}

// centerChanged has a player's coins in the recharge centre asked for at the next look, if the player is here. They are
// the same in all zones.
func (t *Till) centerChanged(key account) {
	if !t.cfg.Center {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, here := t.accounts[key]; here {
		t.centers[key] = center{t.centers[key].coins, true}
	}
}

// lookAtCenter asks for a player's coins in the recharge centre, if they have to be asked for. That it fails changes
// nothing else: the next look asks again.
func (t *Till) lookAtCenter(ctx context.Context, p Player) {
	key := account{p.OpenID, p.ZoneID}
	t.mu.Lock()
	due := t.centers[key].old
	t.mu.Unlock()
	if !due {
		return
	}
	b, err := signed(ctx, t, p, func(ctx context.Context, who midas.Player) (midas.Balance, error) {
		who.Center = true
		return t.cfg.Midas.Balance(ctx, who)
	})
	if err != nil {
		t.log.Debug("midas: the recharge centre's coins are not known", "player", shorten(p.OpenID), "error", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, here := t.accounts[key]; here {
		t.centers[key] = center{coins: b.Balance}
	}
}

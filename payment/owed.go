package payment

import (
	"context"
	"time"
)

// owed is a look at an account that is due to a player who is here: money has come or gone, and the balance could not
// be told yet. There is at most one for each account in memory, so as many as players are here. It is given up when the
// player leaves: whoever logs in is told the balance, after a restart too, so the ledger need not know.
type owed struct {
	why    Reason
	billNo string
	tries  int
	more   bool // something has happened since the look began
}

// owedWaits are the waits before another try; the last one is for all that follow.
var owedWaits = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute}

// owe has an account looked at as soon as may be, again and again until it worked, and the balance told. It does
// nothing if the player is not here.
func (t *Till) owe(key account, why Reason, billNo string) {
	t.mu.Lock()
	_, here := t.accounts[key]
	o := t.owed[key]
	switch {
	case !here || t.closing.Load():
		t.mu.Unlock()
		return
	case o != nil:
		o.more, o.why, o.billNo = true, why, billNo
		t.mu.Unlock()
		return
	}
	o = &owed{why: why, billNo: billNo}
	t.owed[key] = o
	t.mu.Unlock()
	t.lookOwed(key, o)
}

// lookOwed tries a look, or leaves it for later.
func (t *Till) lookOwed(key account, o *owed) {
	if t.enqueue("midas.look", key.openid, false, func(ctx context.Context) { t.payOwed(ctx, key, o) }) != nil {
		t.oweLater(key, o)
	}
}

func (t *Till) oweLater(key account, o *owed) {
	t.mu.Lock()
	wait := owedWaits[min(o.tries, len(owedWaits)-1)]
	o.tries++
	still := t.owed[key] == o
	t.mu.Unlock()
	if still {
		t.later(wait, func() { t.lookOwed(key, o) })
	}
}

func (t *Till) payOwed(ctx context.Context, key account, o *owed) {
	t.mu.Lock()
	still := t.owed[key] == o
	o.more = false
	why, billNo := o.why, o.billNo
	t.mu.Unlock()
	if !still || ctx.Err() != nil {
		return
	}
	p := Player{OpenID: key.openid, ZoneID: key.zoneID}
	a, g, err := t.observe(ctx, p)
	if err != nil {
		t.log.Debug("midas: the balance is not told yet", "player", shorten(key.openid), "try", o.tries+1, "error", err)
		t.oweLater(key, o)
		return
	}
	t.tellGrowth(p, a, g, "")
	if g.Coins == 0 || why != ReasonRecharge {
		t.cfg.Observer.BalanceChanged(key.openid, key.zoneID, a, why, billNo)
	}
	t.mu.Lock()
	again := o.more && t.owed[key] == o
	if !again && t.owed[key] == o {
		delete(t.owed, key)
	}
	o.tries = 0
	t.mu.Unlock()
	if again {
		t.lookOwed(key, o)
	}
}

// lookSoon has the accounts of a player looked at, here or where the player is, and the balance told.
func (t *Till) lookSoon(openid string) {
	zones := t.zonesOf(openid)
	if len(zones) == 0 {
		t.cfg.Elsewhere(openid, "", ReasonRecharge, "")
	}
	for _, zone := range zones {
		t.owe(account{openid, zone}, ReasonRecharge, "")
	}
}

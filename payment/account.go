package payment

import (
	"context"
	"errors"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// payer is on whose behalf a call is signed: with the session key that is to be tried first.
func (t *Till) payer(ctx context.Context, openid, zoneID, userIP string) (midas.Player, error) {
	key, err := t.sessions.get(ctx, openid)
	if err != nil {
		return midas.Player{}, notSent{err}
	}
	if key == "" && t.cfg.NeedSession {
		return midas.Player{}, errNoSession
	}
	if userIP = Address(userIP); userIP == "" && t.cfg.NeedAddress {
		userIP = t.sessions.address(ctx, openid)
	}
	return midas.Player{OpenID: openid, ZoneID: zoneID, SessionKey: key, UserIP: userIP}, nil
}

// notSent is a failure before anything was sent: the call may be made later.
type notSent struct{ error }

func (e notSent) Unwrap() error        { return e.error }
func (notSent) Verdict() midas.Verdict { return midas.VerdictLater }

// noteSession learns from an answer that a session key has died. keyring has tried the player's other keys before.
func (t *Till) noteSession(ctx context.Context, openid string, key midas.Secret, err error) error {
	if _, tried := errors.AsType[refusedKeys](err); tried || midas.VerdictOf(err) != midas.VerdictLogin {
		return err
	}
	t.sessions.refused(context.WithoutCancel(ctx), openid, key)
	return refusedKeys{err, []midas.Secret{key}}
}

// loginWait is how long a login that is just under way, here or on another server, may take to bring its session key.
const loginWait = 200 * time.Millisecond

// signed makes a call that changes nothing on a player's behalf. If the player has logged in meanwhile, it is made once
// more with the newer key.
func signed[T any](ctx context.Context, t *Till, p Player, call func(context.Context, midas.Player) (T, error)) (answer T, err error) {
	for tries := 0; ; tries++ {
		who, err := t.payer(ctx, p.OpenID, p.ZoneID, p.UserIP)
		if err != nil {
			return answer, err
		}
		answer, err = call(ctx, who)
		err = t.noteSession(ctx, p.OpenID, who.SessionKey, err)
		if midas.VerdictOf(err) != midas.VerdictLogin || tries > 0 || !t.renewed(ctx, p.OpenID, err) {
			return answer, err
		}
	}
}

// renewed tells whether there is a newer key than those that were refused, also from a login that is just under way.
func (t *Till) renewed(ctx context.Context, openid string, refused error) bool {
	keys, _ := errors.AsType[refusedKeys](refused)
	if !t.isAnywhere(openid) {
		return false
	}
	end := time.NewTimer(loginWait)
	defer end.Stop()
	tick := time.NewTicker(loginWait / 10)
	defer tick.Stop()
	for !t.sessions.renewed(openid, keys.tried) {
		select {
		case <-tick.C:
		case <-end.C:
			key, err := t.sessions.next(ctx, openid, keys.tried)
			return err == nil && key != ""
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// parked catches a login that came between the call that was refused and the order's parking, here or on another
// server: it found nothing to wake. One that comes later finds the order, for a login stores its key before it looks.
func (t *Till) parked(ctx context.Context, o ledger.Order, refused error) {
	ctx = context.WithoutCancel(ctx)
	keys, _ := errors.AsType[refusedKeys](refused)
	if key, err := t.sessions.next(ctx, o.OpenID, append([]midas.Secret{""}, keys.tried...)); err == nil && key != "" {
		t.unparkOrders(ctx, o.OpenID)
	}
}

// unparkOrders wakes a player's parked orders, now or, if it is false, as soon as the ledger answers again.
func (t *Till) unparkOrders(ctx context.Context, openid string) bool {
	n, rechecks, err := t.cfg.Ledger.Unpark(ctx, openid, t.cfg.Now())
	t.mu.Lock()
	t.noteUnpark(openid, err != nil)
	t.mu.Unlock()
	if err != nil {
		t.complain("midas: a player's parked orders could not be resumed yet", err, "player", shorten(openid))
	}
	if rechecks > 0 {
		t.recheckAt(t.cfg.Now())
	}
	if n > 0 {
		t.wake()
	}
	return err == nil
}

// maxUnpark bounds the players whose orders are woken as soon as the ledger answers: those who log in while it does
// not. Some 100 bytes each. Orders of any more are woken when they log in again.
const maxUnpark = 100_000

// noteUnpark notes whether a player's orders are still to be woken. The mutex is held.
func (t *Till) noteUnpark(openid string, waits bool) {
	switch {
	case !waits:
		delete(t.unpark, openid)
	case len(t.unpark) < maxUnpark:
		t.unpark[openid] = struct{}{}
	}
}

// retryUnpark catches up on what unparkOrders had to leave.
func (t *Till) retryUnpark(ctx context.Context) {
	t.mu.Lock()
	var left []string
	for openid := range t.unpark {
		left = append(left, openid)
	}
	t.mu.Unlock()
	for _, openid := range left {
		if !t.unparkOrders(ctx, openid) {
			return // the others would wait as long, each of them
		}
	}
}

// look reads a player's account, and tells of coins that were bought since the last look.
func (t *Till) look(ctx context.Context, p Player) (Account, error) {
	a, g, err := t.observe(ctx, p)
	if err != nil {
		return Account{}, err
	}
	t.tellGrowth(p, a, g, "")
	return a, nil
}

// observe reads a player's account and what it grew by, with the recharges that this settles. That the ledger cannot
// say how much it grew is no reason not to show the balance.
func (t *Till) observe(ctx context.Context, p Player) (a Account, g ledger.Growth, err error) {
	look, _ := t.cfg.Ledger.BeginLook(ctx, p.OpenID, p.ZoneID) // nil if that cannot be told
	b, err := signed(ctx, t, p, t.cfg.Midas.Balance)
	if err != nil {
		return Account{}, ledger.Growth{}, unavailable(err)
	}
	t.lookAtCenter(ctx, p)
	a = t.remember(account{p.OpenID, p.ZoneID}, b)
	var confirmed []ledger.Recharge
	if look != nil && t.cfg.TradeNumbers && look.SaveAmt >= 0 && int64(b.SaveAmt) > look.SaveAmt {
		confirmed = t.whatWasPaid(ctx, p, look, int64(b.SaveAmt)-look.SaveAmt)
	}
	g = t.compare(ctx, p, b, look)
	if len(confirmed) == 0 {
		return a, g, nil
	}
	// This balance was read before they were credited. If it does not show all their coins, a newer one tells how many
	// they brought.
	if look, err = t.cfg.Ledger.BeginLook(ctx, p.OpenID, p.ZoneID); err == nil && look.SaveAmt > int64(b.SaveAmt) {
		if b, err := signed(ctx, t, p, t.cfg.Midas.Balance); err == nil {
			a = t.remember(account{p.OpenID, p.ZoneID}, b)
			more := t.compare(ctx, p, b, look)
			g.Coins, g.Recharges = g.Coins+more.Coins, append(g.Recharges, more.Recharges...)
		}
	}
	g.Recharges = t.asStored(ctx, append(confirmed, g.Recharges...))
	return a, g, nil
}

// compare has the ledger compare a balance with what it knew when look began.
func (t *Till) compare(ctx context.Context, p Player, b midas.Balance, look *ledger.Look) ledger.Growth {
	sums := sumsOf(b)
	sums.Look = look
	g, err := t.cfg.Ledger.Observe(ctx, p.OpenID, p.ZoneID, sums, t.cfg.Now())
	t.complain("midas: a recharge may be noticed late", err, "player", shorten(p.OpenID))
	if g.Told {
		t.wake()
	}
	return g
}

// sumsOf is what a balance says of the player's past. What was received and is not there was spent.
func sumsOf(b midas.Balance) ledger.Sums {
	return ledger.Sums{SaveAmt: int64(b.SaveAmt), PresentSum: int64(b.PresentSum), Spent: int64(b.SaveSum - b.Balance)}
}

// tellGrowth tells of coins that came, and of each recharge they settled but the one named answered.
func (t *Till) tellGrowth(p Player, a Account, g ledger.Growth, answered string) {
	if g.Coins > 0 {
		t.log.Info("midas: coins bought", "player", shorten(p.OpenID), "coins", g.Coins, "recharges", len(g.Recharges))
		t.cfg.Observer.BalanceChanged(p.OpenID, p.ZoneID, a, ReasonRecharge, "")
	}
	t.tellRecharges(g.Recharges, answered)
}

func (t *Till) tellRecharges(list []ledger.Recharge, answered string) {
	for _, r := range list {
		t.stats.credited(r, t.cfg.Now())
		if r.RequestID != answered {
			t.cfg.Observer.RechargeEnded(r)
		}
	}
}

// refresh looks again after an order changed a balance by an amount the answer did not tell.
func (t *Till) refresh(ctx context.Context, o ledger.Order, why Reason) {
	a, err := t.look(ctx, Player{OpenID: o.OpenID, ZoneID: o.ZoneID, UserIP: o.UserIP})
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			t.log.Info("midas: balance not refreshed", "player", shorten(o.OpenID), "after_bill", o.BillNo, "error", err)
		}
		t.owe(account{o.OpenID, o.ZoneID}, why, o.BillNo)
		return
	}
	t.cfg.Observer.BalanceChanged(o.OpenID, o.ZoneID, a, why, o.BillNo)
}

// moved works coins that an order moved into what is known of the account, and tells it.
func (t *Till) moved(o ledger.Order, why Reason, change func(b *midas.Balance)) {
	key := account{o.OpenID, o.ZoneID}
	t.mu.Lock()
	known, here := t.accounts[key]
	if known == nil {
		t.mu.Unlock()
		if !here {
			t.cfg.Elsewhere(o.OpenID, o.ZoneID, why, o.BillNo)
		}
		return
	}
	b := *known
	t.mu.Unlock()
	change(&b)
	t.cfg.Observer.BalanceChanged(o.OpenID, o.ZoneID, t.remember(key, b), why, o.BillNo)
}

// remember keeps a balance of a player who is here, and numbers it.
func (t *Till) remember(key account, b midas.Balance) Account {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Microseconds, so that the numbers go on growing over a restart; never twice the same, whatever the clock does. Of
	// the database's clock where servers share the ledger: one whose own is ahead would silence the others' balances.
	t.version = max(t.version+1, t.clock.now(t.cfg.Now()).UnixMicro())
	if _, here := t.accounts[key]; here {
		t.accounts[key], t.told[key] = &b, t.version
	}
	return Account{Balance: b, Version: t.version, Center: t.centers[key].coins}
}

// mostAhead is how far ahead of this server's time another one's number of a balance may be. Numbers are times of the
// database's clock, which may be set back; a number out of all reason would silence this server's own balances.
const mostAhead = 10 * time.Minute

// Witness takes note of a balance that another server has seen. It is false, and nothing is noted, if the player is not
// here, a newer one is known, or it is none that Midas can have told.
func (t *Till) Witness(openid, zoneID string, a Account) bool {
	for _, sum := range []midas.Coins{a.Balance.Balance, a.PresentBalance, a.SaveAmt, a.SaveSum, a.CostSum, a.PresentSum, a.Center} {
		if sum < 0 || sum > midas.MaxCoins {
			return false
		}
	}
	if a.Version > t.clock.now(t.cfg.Now()).Add(mostAhead).UnixMicro() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := account{openid, zoneID}
	if _, here := t.accounts[key]; !here || a.Version <= t.told[key] {
		return false
	}
	// What is seen here from now on is newer than what the other server has seen, whatever the two clocks say.
	t.version = max(t.version, a.Version)
	t.accounts[key], t.told[key] = &a.Balance, a.Version
	if t.cfg.Center {
		t.centers[key] = center{a.Center, t.centers[key].old}
	}
	return true
}

// LookAgain looks at the account of a player who is here, in all zones where none is given, because another server has
// changed it or heard of it, and tells it.
func (t *Till) LookAgain(openid, zoneID string, why Reason, billNo string) {
	zones := []string{zoneID}
	if zoneID == "" {
		zones = t.zonesOf(openid)
	}
	for _, zone := range zones {
		if why == ReasonRecharge {
			t.centerChanged(account{openid, zone})
		}
		t.owe(account{openid, zone}, why, billNo)
	}
}

// SessionChanged has a player's session keys read from the ledger again, for another server has put a newer one there,
// and resumes what waited for it.
func (t *Till) SessionChanged(openid string) {
	t.sessions.changed(openid)
	t.wake()
}

// arrive begins to keep a player's account in memory, leave ends it.
func (t *Till) arrive(p Player) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := account{p.OpenID, p.ZoneID}
	if _, here := t.accounts[key]; !here {
		t.accounts[key] = nil
	}
}

func (t *Till) leave(key account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.accounts[key]; b != nil {
		t.lastKnown.put(key, seenBalance{*b, t.told[key]})
	}
	delete(t.accounts, key)
	delete(t.told, key)
	delete(t.owed, key)
	delete(t.centers, key)
}

func (t *Till) isHere(key account) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, here := t.accounts[key]
	return here
}

// isAnywhere tells whether a player is here in any zone.
func (t *Till) isAnywhere(openid string) bool { return len(t.zonesOf(openid)) > 0 }

// receipt is an order with the balance as last seen.
func (t *Till) receipt(o ledger.Order) Receipt {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Receipt{Order: o}
	if b := t.accounts[account{o.OpenID, o.ZoneID}]; b != nil {
		r.Balance = b.Balance
	}
	return r
}

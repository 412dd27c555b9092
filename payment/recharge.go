package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// The client's codes for a player who gave up (§1.1): every other one but 0 is a failure.
const (
	clientPaid         = 0
	clientCancelled    = 1
	clientPayCancelled = -2
)

// RechargeRequest is a player's wish to buy coins with money.
type RechargeRequest struct {
	// RequestID is the asker's own name for it, 1 to 64 bytes, unique per player.
	RequestID string
	// BuyQuantity is how many coins. Their price must be exactly one of the tiers (§1.1).
	BuyQuantity midas.Coins
}

// RechargeOffer is a recharge that the player may pay now.
type RechargeOffer struct {
	ledger.Recharge
	// Options are for the signed call. They are empty where purchases of coins are not signed.
	Options midas.GoodsOptions
}

// Recharge prepares for wx.requestMidasPayment: it makes sure that the coins will be noticed when they come, and stores
// the attempt. done hears of it, or of ErrUnavailable, ErrLimitReached, midas.ErrSessionExpired or ledger.ErrMismatch.
// Errors before: also ErrInvalid, ErrUnsupportedPlatform, midas.ErrBadTier, ErrBusy, ErrClosing.
func (t *Till) Recharge(p Player, r RechargeRequest, done func(RechargeOffer, error)) error {
	if err := checkRequestID(r.RequestID); err != nil {
		return err
	}
	if err := t.CanPay(p); err != nil {
		return err
	}
	if _, err := t.TiersOf(p).Price(r.BuyQuantity, t.cfg.CoinsPerYuan); err != nil {
		return err
	}
	if err := t.maySell(); err != nil {
		return err
	}
	if err := t.mayCall(p, midas.EndpointBalance); err != nil {
		return err
	}
	return t.enqueue("midas.recharge", p.OpenID, false, func(ctx context.Context) { noted(ctx, t, done)(t.offer(ctx, p, r)) })
}

func (t *Till) offer(ctx context.Context, p Player, r RechargeRequest) (RechargeOffer, error) {
	seen, err := t.cfg.Ledger.Seen(ctx, p.OpenID, p.ZoneID)
	if err == nil && !seen {
		// Without a figure from before, coins that come could not be told from coins that were there.
		_, err = t.look(ctx, p)
	}
	if err != nil {
		return RechargeOffer{}, unavailable(err)
	}
	now := t.cfg.Now()
	if err := t.mayOffer(ctx, p, r.RequestID, now); err != nil {
		return RechargeOffer{}, unavailable(err)
	}
	trade := ""
	if t.cfg.TradeNumbers {
		trade = ulid.MustNewDefault(now).String()
	}
	allowed, limits, err := t.mayRecharge(ctx, p, r)
	if err != nil {
		return RechargeOffer{}, err
	}
	stored, err := t.cfg.Ledger.OfferRechargeWithin(ctx, ledger.Recharge{
		OutTradeNo: trade,
		OpenID:     p.OpenID, ZoneID: p.ZoneID, RequestID: r.RequestID, BuyQuantity: int64(r.BuyQuantity),
		CreatedAt: now, UpdatedAt: now,
	}, allowed)
	if errors.Is(err, ledger.ErrOverAllowance) {
		return RechargeOffer{}, overBounds(err, limits)
	}
	if err != nil || t.cfg.SignCoins == nil || stored.OutTradeNo == "" {
		return RechargeOffer{Recharge: stored}, unavailable(err)
	}
	who, err := t.payer(ctx, stored.OpenID, stored.ZoneID, p.UserIP)
	if err != nil {
		return RechargeOffer{}, unavailable(err)
	}
	who.Platform = DeviceOf(p)
	options, err := t.cfg.SignCoins(midas.CoinsRequest{Player: who, Quantity: midas.Coins(stored.BuyQuantity), OutTradeNo: stored.OutTradeNo})
	return RechargeOffer{Recharge: stored, Options: options}, err
}

// mayRecharge tells within what a recharge may be offered, unless it has been credited.
func (t *Till) mayRecharge(ctx context.Context, p Player, r RechargeRequest) (*ledger.Allowance, *Limits, error) {
	if t.limits == nil {
		return nil, nil, nil
	}
	if known, err := t.cfg.Ledger.Recharge(ctx, p.OpenID, r.RequestID); err == nil && known.State == ledger.RechargeCredited {
		return nil, nil, nil
	} else if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return nil, nil, unavailable(err)
	}
	price, err := t.cfg.Tiers.Price(r.BuyQuantity, t.cfg.CoinsPerYuan)
	if err != nil { // an iPhone's tiers are among them
		return nil, nil, err
	}
	return t.allowance(ctx, p, price)
}

// maxOffers is how many recharges a player may ask for in a day and leave unpaid. A row of its own stands for each: two
// windows under one could both be paid.
const maxOffers = 30

// mayOffer refuses another recharge to a player who has left too many unpaid. One that was asked for before is told as
// it stands.
func (t *Till) mayOffer(ctx context.Context, p Player, requestID string, now time.Time) error {
	unpaid, err := t.cfg.Ledger.UnpaidRecharges(ctx, p.OpenID, now.Add(-24*time.Hour), maxOffers)
	if err != nil || unpaid < maxOffers {
		return err
	}
	if _, err := t.cfg.Ledger.Recharge(ctx, p.OpenID, requestID); err == nil {
		return nil
	}
	return fmt.Errorf("%w: %d recharges of the last day are unpaid", ErrBusy, unpaid)
}

// Recharges lists up to limit of a player's recharges, newest first, beginning before the one with the request id
// before ("": the newest).
func (t *Till) Recharges(p Player, before string, limit int, done func([]ledger.PastRecharge, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	return t.enqueue("midas.recharges", reading{p.OpenID}, false, func(ctx context.Context) {
		list, err := t.cfg.Ledger.Recharges(ctx, p.OpenID, before, limit)
		noted(ctx, t, done)(list, unavailable(err))
	})
}

// PriceOf is what so many coins cost, in fen; 0 if nothing sells for that.
func (t *Till) PriceOf(coins int64) int64 {
	fen, err := t.cfg.Tiers.Price(midas.Coins(coins), t.cfg.CoinsPerYuan)
	if err != nil {
		return 0
	}
	return int64(fen)
}

// RechargeDone takes the client's report of a recharge: code is 0 or what wx.requestMidasPayment failed with. done
// hears how it stands after a look at the account. Coins that come later are told to the observer. A report is believed
// only as a hint of when to look: "failed" may in truth be paid (§5).
func (t *Till) RechargeDone(p Player, requestID string, code int64, done func(ledger.Recharge, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	if err := checkRequestID(requestID); err != nil {
		return err
	}
	return t.enqueue("midas.recharge_done", p.OpenID, false, func(ctx context.Context) {
		noted(ctx, t, done)(t.report(ctx, p, requestID, code))
	})
}

func (t *Till) report(ctx context.Context, p Player, requestID string, code int64) (ledger.Recharge, error) {
	state := ledger.RechargeFailed
	switch code {
	case clientPaid:
		state = ledger.RechargePending
	case clientCancelled, clientPayCancelled:
		state = ledger.RechargeCancelled
	}
	r, err := t.cfg.Ledger.ReportRecharge(ctx, p.OpenID, requestID, state, t.cfg.Now())
	if errors.Is(err, ledger.ErrNotFound) {
		return r, fmt.Errorf("%w: no recharge %q was asked for", ErrInvalid, requestID)
	}
	if err != nil || r.State == ledger.RechargeCredited {
		return r, unavailable(err)
	}
	t.stats.reported(r)
	a, g, err := t.observe(ctx, p)
	if err != nil {
		t.log.Info("midas: recharge reported, balance not readable yet", "player", shorten(p.OpenID), "error", err)
		t.owe(account{p.OpenID, p.ZoneID}, ReasonRecharge, "")
	} else {
		t.tellGrowth(p, a, g, requestID)
	}
	if now, err := t.cfg.Ledger.Recharge(ctx, p.OpenID, requestID); err == nil && now.State == ledger.RechargeCredited {
		return now, nil
	}
	t.watch(p, requestID) // whatever the window said: the player may still be paying on another device (§3.9, P11)
	return r, nil
}

// poll is a plan to look at a player's account again and again until coins have come.
type poll struct {
	player    Player
	requestID string
	left      []time.Duration
	timer     *time.Timer
}

// maxPolls bounds the accounts that are looked at for coins again and again. One player may name any number of zones.
const maxPolls = 50_000

// watch begins to look for the coins of a recharge, in place of an older one of the same account.
func (t *Till) watch(p Player, requestID string) {
	t.schedule(&poll{player: p, requestID: requestID, left: t.cfg.RechargePoll})
}

func (t *Till) schedule(next *poll) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := account{next.player.OpenID, next.player.ZoneID}
	if old := t.polls[key]; old != nil && old != next {
		old.timer.Stop()
	}
	delete(t.polls, key)
	if len(next.left) == 0 || len(t.polls) >= maxPolls || t.closing.Load() {
		return // the next login looks again
	}
	wait := next.left[0]
	next.left = next.left[1:]
	next.timer = time.AfterFunc(wait, func() {
		if err := t.enqueue("midas.look", next.player.OpenID, false, func(ctx context.Context) { t.lookAgain(ctx, next) }); err != nil {
			t.schedule(next)
		}
	})
	t.polls[key] = next
}

func (t *Till) lookAgain(ctx context.Context, p *poll) {
	if ctx.Err() != nil || !t.isCurrent(p) {
		return
	}
	t.lookAfter(ctx, p.player, t.askAbout(ctx, p))
	r, err := t.cfg.Ledger.Recharge(ctx, p.player.OpenID, p.requestID)
	if err == nil && r.State == ledger.RechargeCredited {
		p.left = nil
	}
	t.schedule(p)
}

// askAbout asks Midas about a recharge by its number, where it has one.
func (t *Till) askAbout(ctx context.Context, p *poll) []ledger.Recharge {
	r, err := t.cfg.Ledger.Recharge(ctx, p.player.OpenID, p.requestID)
	if err != nil || r.OutTradeNo == "" || r.State == ledger.RechargeCredited {
		return nil
	}
	return t.askByNumber(ctx, p.player, []ledger.Recharge{r}, &ledger.Look{})
}

func (t *Till) isCurrent(p *poll) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.polls[account{p.player.OpenID, p.player.ZoneID}] == p
}

func (t *Till) stopPolls() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, p := range t.polls {
		p.timer.Stop()
		delete(t.polls, key)
	}
	for timer := range t.timers {
		timer.Stop()
		delete(t.timers, timer)
	}
}

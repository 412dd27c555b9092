package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// scene is one thing shown.
type scene struct {
	title string
	play  func(ctx context.Context) error
}

func (d *demo) scenes() []scene {
	var alice, bob *player
	all := []scene{
		{"alice logs in by WebSocket and JSON, bob by TCP and protobuf", func(ctx context.Context) (err error) {
			if alice, err = d.enter(ctx, "alice", false); err != nil {
				return err
			}
			bob, err = d.enter(ctx, "bob", true)
			return err
		}},
		{"alice buys 60 coins for 6 yuan; they come late", func(ctx context.Context) error { return d.recharge(ctx, alice) }},
		{"alice buys a sword, and asks again with the same request", func(ctx context.Context) error { return d.repeat(ctx, alice) }},
		{"alice has too few coins for a shield; asks for what cannot be", func(ctx context.Context) error { return d.refusals(ctx, alice) }},
		{"bob's bag cannot hold 100 potions: the coins come back", func(ctx context.Context) error { return d.bagFull(ctx, bob) }},
		{"Midas deducts, but its answer is lost", func(ctx context.Context) error { return d.lostAnswer(ctx, bob) }},
		{"bob's session dies in the middle of a purchase", func(ctx context.Context) error { return d.session(ctx, bob) }},
		{"Midas hangs: the breaker opens, the game goes on, orders wait", func(ctx context.Context) error { return d.outage(ctx, alice, bob) }},
		{"the first of Midas's two domains dies: purchases go on by the second", func(ctx context.Context) error { return d.deadDomain(ctx, bob) }},
		{"the price of a sword changes while alice looks at it", func(ctx context.Context) error { return d.newPrice(ctx, alice) }},
		{"tim, who is 12, may pay 50 yuan at once and 200 in a month", d.minor},
		{"twenty players at once, while one call in five fails", d.crowd},
	}
	if d.world.Money {
		all = append(all, []scene{
			{"alice buys a season pass for 6 yuan, without coins; Midas pushes the payment, twice", func(ctx context.Context) error { return d.goods(ctx, alice) }},
			{"bob buys one, and the push is lost", func(ctx context.Context) error { return d.lostPush(ctx, bob) }},
			{"alice gets her 6 yuan back", func(ctx context.Context) error { return d.refund(ctx, alice) }},
			{"coins are bought with a signature on Windows, HarmonyOS and an iPhone; an old iPhone hears what would help", d.devices},
		}...)
	}
	return all
}

// enter joins a player who stays until the end.
func (d *demo) enter(ctx context.Context, name string, tcp bool) (*player, error) {
	p, err := d.join(ctx, name, tcp)
	if err == nil {
		d.players = append(d.players, p)
	}
	return p, err
}

func (d *demo) recharge(ctx context.Context, p *player) error {
	if err := p.Send(&midasmsg.MidasRecharge{RequestId: "coins-1", BuyQuantity: 60}); err != nil {
		return err
	}
	options, err := await(ctx, p, func(*midasmsg.MidasRechargeOptions) bool { return true })
	if err != nil {
		return err
	}
	d.note("wx.requestMidasPayment({mode: %q, env: %d, offerId: %q, currencyType: %q, platform: %q, buyQuantity: %d, zoneId: %q})",
		options.GetMode(), options.GetEnv(), options.GetOfferId(), options.GetCurrencyType(), options.GetPlatform(),
		options.GetBuyQuantity(), options.GetZoneId())
	if err := d.payCoins(p, options, 700*time.Millisecond); err != nil {
		return err
	}
	if err := p.Send(&midasmsg.MidasRechargeDone{RequestId: "coins-1"}); err != nil {
		return err
	}
	first, err := await(ctx, p, func(*midasmsg.MidasRechargeResult) bool { return true })
	if err != nil {
		return err
	}
	last, err := await(ctx, p, func(r *midasmsg.MidasRechargeResult) bool {
		return r.GetState() == midasmsg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED
	})
	if err != nil {
		return err
	}
	b, err := await(ctx, p, func(b *midasmsg.MidasBalance) bool {
		return b.GetReason() == midasmsg.MidasReason_MIDAS_REASON_RECHARGE
	})
	if err != nil {
		return err
	}
	d.note("first %v, then %v with %d coins; balance %d", first.GetState(), last.GetState(), last.GetCoins(), b.GetBalance())
	return equal("balance", b.GetBalance(), 60)
}

func (d *demo) repeat(ctx context.Context, p *player) error {
	first, err := p.mustBuy(ctx, "buy-1", "sword", 1)
	if err != nil {
		return err
	}
	again, err := p.ask(ctx, "buy-1", "sword", 1)
	if err != nil {
		return err
	}
	d.note("bill %s is %v; asked again: the same bill, balance %d", first.GetBillNo(), first.GetState(), again.GetBalance())
	if again.GetBillNo() != first.GetBillNo() {
		return fmt.Errorf("the repeat became bill %s", again.GetBillNo())
	}
	if err := equal("balance", again.GetBalance(), 0); err != nil {
		return err
	}
	return p.checkBag(ctx)
}

func (d *demo) refusals(ctx context.Context, p *player) error {
	r, err := p.buy(ctx, "buy-2", "shield", 1)
	if err != nil {
		return err
	}
	if r.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_FAILED ||
		r.GetError().GetCode() != midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE {
		return fmt.Errorf("a shield without coins ended as %v, %v", r.GetState(), r.GetError())
	}
	d.note("shield: %v, %v", r.GetState(), r.GetError().GetCode())
	before := d.world.Emulator.Calls("pay")
	for _, bad := range []struct {
		id      string
		request any
		code    midasmsg.MidasErrorCode
	}{
		{"bad-1", &midasmsg.MidasPurchase{RequestId: "bad-1", ItemId: "dragon", Quantity: 1}, midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_UNKNOWN_ITEM},
		{"bad-2", &midasmsg.MidasPurchase{RequestId: "bad-2", ItemId: "sword", Quantity: -1}, midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT},
		{"bad-3", &midasmsg.MidasRecharge{RequestId: "bad-3", BuyQuantity: 7}, midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_BAD_TIER},
	} {
		e, err := p.refused(ctx, bad.id, bad.request, bad.code)
		if err != nil {
			return err
		}
		d.note("%s: %v, %q", bad.id, e.GetCode(), e.GetMessage())
	}
	return equal("calls of pay", int64(d.world.Emulator.Calls("pay")), int64(before))
}

func (d *demo) bagFull(ctx context.Context, p *player) error {
	if err := d.world.Emulator.Recharge(d.world.Env, p.openid, "1", 6480); err != nil {
		return err
	}
	r, err := p.buy(ctx, "potions", "potion", 100)
	if err != nil {
		return err
	}
	if r.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED {
		return fmt.Errorf("100 potions ended as %v", r.GetState())
	}
	b, err := p.balance(ctx, "after-potions")
	if err != nil {
		return err
	}
	d.note("bill %s is %v; balance %d", r.GetBillNo(), r.GetState(), b)
	return equal("balance", b, 6480)
}

func (d *demo) lostAnswer(ctx context.Context, p *player) error {
	before := d.world.Emulator.Totals().Deducted
	if err := d.world.Emulator.Script("pay", emulator.Fault{Kind: emulator.Fail}, emulator.Fault{Kind: emulator.Cut, Commit: true}); err != nil {
		return err
	}
	r, err := p.ask(ctx, "lost", "shield", 1)
	if err != nil {
		return err
	}
	d.note("bill %s is %v", r.GetBillNo(), r.GetState())
	if r.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_PENDING {
		return fmt.Errorf("with no answer the order was %v", r.GetState())
	}
	end, err := await(ctx, p, func(r *midasmsg.MidasPurchaseResult) bool { return r.GetRequestId() == "lost" })
	if err != nil {
		return err
	}
	p.bought["shield"]++
	after := d.world.Emulator.Totals().Deducted
	d.note("then %v; deducted once: %d coins", end.GetState(), after-before)
	return equal("deducted", after-before, 45)
}

func (d *demo) session(ctx context.Context, p *player) error {
	d.world.Emulator.ExpireSession(p.openid)
	r, err := p.ask(ctx, "expired", "potion", 1)
	if err != nil {
		return err
	}
	if r.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_PENDING ||
		r.GetError().GetCode() != midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_SESSION_EXPIRED {
		return fmt.Errorf("with a dead session the order was %v, %v", r.GetState(), r.GetError())
	}
	d.note("bill %s is %v: %v; bob logs in again", r.GetBillNo(), r.GetState(), r.GetError().GetCode())
	if err := p.login(ctx); err != nil {
		return err
	}
	end, err := await(ctx, p, func(r *midasmsg.MidasPurchaseResult) bool { return r.GetRequestId() == "expired" })
	if err != nil {
		return err
	}
	p.bought["potion"]++
	d.note("and bill %s is %v", end.GetBillNo(), end.GetState())
	if end.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
		return errors.New("the order did not resume")
	}
	return nil
}

func (d *demo) outage(ctx context.Context, bystander, p *player) error {
	if err := d.world.Emulator.Outage(emulator.Fault{Kind: emulator.Hang}); err != nil {
		return err
	}
	// Enough players to convince the breaker: each has one lane, and waits there.
	var crowd []*player
	for i := range 8 {
		c, err := d.lookIn(ctx, fmt.Sprintf("waiting%d", i))
		if err != nil {
			return err
		}
		defer c.Close()
		crowd = append(crowd, c)
		if err := c.Send(&midasmsg.MidasPurchase{RequestId: "hang", ItemId: "sword", Quantity: 1}); err != nil {
			return err
		}
	}
	if err := p.Send(&midasmsg.MidasPurchase{RequestId: "hang", ItemId: "potion", Quantity: 1}); err != nil {
		return err
	}
	slowest, err := slowestBag(ctx, bystander, 50)
	if err != nil {
		return err
	}
	d.note("while 9 purchases hang, GetInventory takes %s at most", slowest.Round(10*time.Microsecond))
	closed, err := await(ctx, bystander, func(s *midasmsg.MidasServiceState) bool { return !s.GetAvailable() })
	if err != nil {
		return err
	}
	start := time.Now()
	refusal, err := bystander.refused(ctx, "closed", &midasmsg.MidasPurchase{RequestId: "closed", ItemId: "sword", Quantity: 1},
		midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE)
	if err != nil {
		return err
	}
	d.note("the shop is closed for %d ms; a purchase is refused in %s, try again in %d ms", closed.GetRetryAfterMs(),
		time.Since(start).Round(10*time.Microsecond), refusal.GetRetryAfterMs())

	d.world.Emulator.Recover()
	if _, err := await(ctx, bystander, func(s *midasmsg.MidasServiceState) bool { return s.GetAvailable() }); err != nil {
		return err
	}
	d.note("Midas is back, the breaker has closed, and the orders go on")
	for r := (*midasmsg.MidasPurchaseResult)(nil); r.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED; {
		if r, err = await(ctx, p, func(r *midasmsg.MidasPurchaseResult) bool { return r.GetRequestId() == "hang" }); err != nil {
			return err
		}
	}
	p.bought["potion"]++
	for _, c := range crowd {
		for r := (*midasmsg.MidasPurchaseResult)(nil); r.GetError().GetCode() != midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE; {
			if r, err = await(ctx, c, func(r *midasmsg.MidasPurchaseResult) bool { return r.GetRequestId() == "hang" }); err != nil {
				return err
			}
		}
	}
	d.note("bob has the potion; the others had no coins and are told so")
	return nil
}

// lookIn joins a player while Midas may be out: the login works, the balance need not come.
func (d *demo) lookIn(ctx context.Context, name string) (*player, error) {
	client, err := dialUntilUp(ctx, DialWS, d.world.WSAddr)
	if err != nil {
		return nil, err
	}
	p := &player{Client: client, name: name, openid: emulator.OpenIDOf(name), bought: map[string]int64{}}
	if err := p.Send(&midasmsg.MidasLogin{Code: fmt.Sprintf("auto-%s-%d", name, codes.Add(1)), ZoneId: "1"}); err != nil {
		return nil, err
	}
	_, err = await(ctx, p, func(*midasmsg.MidasLoginResult) bool { return true })
	return p, err
}

// slowestBag asks for a bag n times and returns the longest answer.
func slowestBag(ctx context.Context, p *player, n int) (slowest time.Duration, err error) {
	for range n {
		start := time.Now()
		if _, err := p.bag(ctx); err != nil {
			return 0, err
		}
		slowest = max(slowest, time.Since(start))
	}
	return slowest, nil
}

func (d *demo) crowd(ctx context.Context) error {
	const players, purchases = 20, 5
	faults := emulator.Faults{
		{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.Refuse}},
		{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.Fail}},
		{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.Cut, Commit: true}},
		{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.HTML}},
	}
	if err := d.world.Emulator.SetFaults("pay", faults); err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, players)
	crowd := make([]*player, players)
	for i := range players {
		p, err := d.enter(ctx, fmt.Sprintf("player%02d", i), i%2 == 1)
		if err != nil {
			return err
		}
		crowd[i] = p
		if err := d.world.Emulator.Recharge(d.world.Env, p.openid, "1", 600); err != nil {
			return err
		}
	}
	for i, p := range crowd {
		wg.Go(func() {
			for n := range purchases {
				if _, err := p.mustBuy(ctx, fmt.Sprintf("crowd-%d", n), []string{"sword", "shield", "potion"}[n%3], 1); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	if err := d.world.Emulator.SetFaults("pay", nil); err != nil {
		return err
	}
	d.note("%d purchases by %d players on both transports", players*purchases, players)
	return errors.Join(errs...)
}

func equal(what string, got, want int64) error {
	if got != want {
		return fmt.Errorf("%s is %d, not %d", what, got, want)
	}
	return nil
}

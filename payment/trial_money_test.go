package payment_test

import (
	"context"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// Payments with money in the trials, and the pushes about them, which come in any order, any number of times, or never.

// letter is a push on its way.
type letter struct {
	push    midas.Push
	house   *house // whose it is
	on      int    // which of its servers the proxy picks first
	after   time.Duration
	lost    int  // tries that do not arrive; a lost letter loses all of them
	repeats int  // how often it comes again after it was taken
	astray  bool // every other try reaches the other game
	taken   bool
}

// always is more often than a push is tried.
const always = 1000

// gaps are the waits between the tries of a push about goods (§3.7).
var gaps = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// send brings a push to the game until it is taken, as often as Midas does.
func (t *trial) send(l *letter) {
	t.mu.Lock()
	t.letters = append(t.letters, l)
	t.mu.Unlock()
	t.pending.Go(func() {
		time.Sleep(l.after)
		for try := range len(gaps) + 1 {
			if l.lost > 0 {
				l.lost--
			} else if t.offer(l, try) {
				if l.repeats == 0 {
					return
				}
				l.repeats--
			}
			if try < len(gaps) {
				time.Sleep(gaps[try])
			}
		}
	})
}

// offer brings a push to a server that lives.
func (t *trial) offer(l *letter, try int) bool {
	to := l.house
	if l.astray && try%2 == 0 {
		to = t.houses[len(t.houses)-1]
		if l.house == to {
			to = t.houses[0]
		}
	}
	living := to.living()
	if len(living) == 0 {
		return false
	}
	n := living[(l.on+try)%len(living)]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := n.Take(ctx, l.push)
	t.write("%s: push %s of %s: %v", n.name, l.push.Event, l.push.OutTradeNo, err)
	if err != nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l.taken = true
	return true
}

func (t *trial) moneyAct(n *node, p *gamer, a act) {
	switch a.What {
	case "window":
		t.window(n, p, a.N)
	case "windows":
		t.windows(n, p, a.N)
		t.payAndReport(n, p, a)
	case "pay and report":
		t.payAndReport(n, p, a)
	case "pay window":
		t.payWindow(p, a)
	case "report":
		t.report(n, p, a.N)
	case "goods":
		if t.plan.Twin && a.N%2 == 1 {
			n = t.houses[1].nodes[0]
		}
		t.goods(n, p, a.N)
	case "pay goods":
		t.payGoods(p, a)
	case "goods and pay":
		t.goods(n, p, a.N)
		time.Sleep(time.Second)
		t.payGoods(p, a)
	case "goods and leave": // paid, and no push comes; the player is away for long
		t.goods(n, p, a.N)
		time.Sleep(time.Second)
		lost := a
		lost.N = 2
		t.payGoods(p, lost)
		n.Forget(p.OpenID, "1", true)
		t.leaves(p)
		t.emu.ExpireSession(p.OpenID)
		time.Sleep(a.For)
	case "bought and refunded":
		first := a
		if a.N == 7 { // the word of the refund comes first, and again after that of the payment, and names nobody
			first.N, first.On, first.For, a.On, a.Who = 1, 0, 20*time.Second, 0, 1
		}
		t.storeGoods(p, first)
		t.mu.Lock()
		bought := len(t.sales) - 1
		t.mu.Unlock()
		back := a
		back.N, back.On = 2*bought+a.Who, (a.N+a.On)%maxServers
		t.refund(back)
	case "refund in parts": // that are told at once
		t.mu.Lock()
		sales := len(t.sales)
		t.mu.Unlock()
		if sales > 0 {
			part, rest := a, a
			part.N, rest.N = 2*(a.N%sales)+1, 2*(a.N%sales)
			t.refund(part)
			t.refund(rest)
		}
	case "store goods":
		t.storeGoods(p, a)
	case "other money":
		t.otherMoney(p, a)
	case "refund":
		t.refund(a)
	default:
		panic(a.What)
	}
}

// window asks for coins that are to be paid for.
func (t *trial) window(n *node, p *gamer, number int) {
	t.mu.Lock()
	w := t.wish("window", fmt.Sprint("w", number), n.house, p)
	t.mu.Unlock()
	ask := payment.RechargeRequest{RequestID: w.request, BuyQuantity: []midas.Coins{60, 10}[number%2]}
	_ = n.Recharge(p.Player, ask, func(r payment.RechargeOffer, err error) {
		t.write("%s: window %s: %v", n.name, w.request, err)
		t.mu.Lock()
		defer t.mu.Unlock()
		if err == nil {
			w.recharge = r.Recharge
		}
	})
}

// payWindow pays for coins once; in V1 the client may have changed how many.
func (t *trial) payWindow(p *gamer, a act) {
	t.mu.Lock()
	w := t.openWish("window", p, a.N)
	t.mu.Unlock()
	if w == nil || w.recharge.RequestID == "" || w.paid {
		return
	}
	coins := w.recharge.BuyQuantity
	if !t.plan.V2 && a.N%4 == 3 {
		coins = 30
	}
	err := t.emu.PayCoins(emulator.CoinOptions{
		OpenID:       p.OpenID,
		OfferID:      emulator.DefaultOfferID,
		ZoneID:       "1",
		OutTradeNo:   w.recharge.OutTradeNo,
		Env:          1,
		BuyQuantity:  coins,
		Platform:     "android",
		CurrencyType: "CNY",
		Mode:         "game",
	}, emulator.Fate{})
	if err != nil {
		t.fault("the player cannot pay: %v", err)
		return
	}
	t.mu.Lock()
	w.paid, w.coins = true, coins
	p.blind = true // until somebody is told
	if t.plan.V2 {
		t.sales = append(t.sales, &sale{
			number:   w.recharge.OutTradeNo,
			env:      emulator.Sandbox,
			who:      p,
			house:    w.house,
			quantity: coins,
			fen:      coins * 10,
			listed:   coins * 10,
		})
	}
	t.mu.Unlock()
	if t.plan.V2 {
		t.post(a, w.house, false, midas.Push{
			Event:      midas.PushCoins,
			Sandbox:    true,
			OpenID:     p.OpenID,
			OutTradeNo: w.recharge.OutTradeNo,
			ZoneID:     "1",
			Quantity:   coins,
		})
	}
}

// payAndReport asks for coins, pays for them and says so, as most players do.
func (t *trial) payAndReport(n *node, p *gamer, a act) {
	t.window(n, p, a.N)
	time.Sleep(time.Second)
	t.payWindow(p, a)
	time.Sleep(time.Second)
	t.report(n, p, a.N)
}

// report is what the client says of a window: the truth, or that it failed.
func (t *trial) report(n *node, p *gamer, number int) {
	t.mu.Lock()
	w := t.openWish("window", p, number)
	t.mu.Unlock()
	if w == nil {
		return
	}
	code := int64(1)
	if w.paid {
		code = 0
	}
	_ = n.RechargeDone(p.Player, w.request, code, func(_ ledger.Recharge, err error) {
		t.write("%s: report %s %d: %v", n.name, w.request, code, err)
		t.mu.Lock()
		defer t.mu.Unlock()
		if err == nil && code == 0 && n == p.at {
			w.reported, p.blind = true, false
		}
	})
}

// openWish is the player's wish of a number, or else the newest of its kind. The lock is held.
func (t *trial) openWish(kind string, p *gamer, number int) (found *wish) {
	for _, w := range t.asked {
		if w.kind != kind || w.who != p || w.paid && kind != "window" || len(w.request) > 2 {
			continue
		}
		if w.request[1:] == fmt.Sprint(number) {
			return w
		}
		if found == nil || w.made.After(found.made) || w.made.Equal(found.made) && w.request > found.request {
			found = w
		}
	}
	return found
}

func (t *trial) goods(n *node, p *gamer, number int) {
	t.mu.Lock()
	w := t.wish("goods", fmt.Sprint("p", number), n.house, p)
	t.mu.Unlock()
	ask := payment.GoodsRequest{RequestID: w.request, ItemID: "pass", Quantity: 1 + int64(number)%2}
	_ = n.BuyGoods(p.Player, ask, func(o payment.GoodsOffer, err error) {
		t.write("%s: goods %s of %s: %s %s %v", n.name, w.request, p.OpenID, o.Order.BillNo, o.Order.State, err)
		t.mu.Lock()
		defer t.mu.Unlock()
		if err == nil {
			t.became(w, o.Order.BillNo)
		}
		if err == nil && o.Options.SignData != "" {
			w.offer, w.made = o, time.Now()
		}
	})
}

// payGoods pays for goods once, in full or less by a promotion of the platform's.
func (t *trial) payGoods(p *gamer, a act) {
	t.mu.Lock()
	w := t.openWish("goods", p, a.N)
	t.mu.Unlock()
	// A payment sheet is not open for ever.
	if w == nil || w.offer.Options.SignData == "" || w.paid || time.Since(w.made) > time.Hour {
		return
	}
	o := w.offer.Options
	if err := t.emu.PayGoods(p.OpenID, o.SignData, o.PaySig, o.Signature, emulator.Fate{}); err != nil {
		t.write("not paid: %v", err) // the session may have died
		return
	}
	s := &sale{
		number:   w.bill,
		item:     "pass",
		env:      emulator.Sandbox,
		who:      p,
		house:    w.house,
		quantity: w.offer.Order.Quantity,
		listed:   passFen * w.offer.Order.Quantity,
	}
	t.sell(s, a)
	t.mu.Lock()
	w.paid = true
	t.mu.Unlock()
	t.post(a, w.house, t.plan.Twin, s.push(midas.PushGoods))
}

// sell enters a payment. A third of them get a discount.
func (t *trial) sell(s *sale, a act) {
	s.fen = s.listed
	if (a.N+a.On)%3 == 1 {
		s.fen /= 2
	}
	for _, known := range t.emu.Trades() {
		if known.OutTradeNo == s.number {
			s.attach = known.Attach
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sales = append(t.sales, s)
}

// push is what Midas says of a payment. Price is the list price of all pieces.
func (s *sale) push(event midas.PushEvent) midas.Push {
	return midas.Push{
		Event:      event,
		Sandbox:    s.env == emulator.Sandbox,
		OpenID:     s.who.OpenID,
		OutTradeNo: s.number,
		ZoneID:     "1",
		ProductID:  s.item,
		Attach:     s.attach,
		Quantity:   s.quantity,
		Price:      midas.Fen(s.listed),
		Paid:       midas.Fen(s.fen),
	}
}

// storeGoods buys in the store page, outside the game.
func (t *trial) storeGoods(p *gamer, a act) {
	t.outside(p, a, emulator.Sandbox)
}

// otherMoney is real money, and the callback address leads to servers of the sandbox.
func (t *trial) otherMoney(p *gamer, a act) {
	t.outside(p, a, emulator.Production)
}

func (t *trial) outside(p *gamer, a act, env emulator.Env) {
	quantity := 1 + int64(a.N)%2
	number, err := t.emu.StorePurchase(env, p.OpenID, "1", "pass", quantity, passFen)
	if err != nil {
		panic(err)
	}
	s := &sale{
		number:   number,
		item:     "pass",
		env:      env,
		who:      p,
		house:    t.houses[0],
		quantity: quantity,
		listed:   passFen * quantity,
	}
	t.sell(s, a)
	t.post(a, s.house, false, s.push(midas.PushStoreGoods))
}

// post sends a push, under a fate that the act's numbers choose.
func (t *trial) post(a act, h *house, astray bool, p midas.Push) {
	l := &letter{push: p, house: h, on: a.On, astray: astray}
	switch a.N % 5 {
	case 1:
		l.after = a.For
	case 2:
		l.lost = always
	case 3:
		l.repeats = 1 + a.On
	case 4:
		l.lost, l.repeats = 1+a.On, 1
	}
	t.send(l)
}

// refund gives all or a part of a payment back. The word of it may overtake that of the payment, come twice, or not
// name the player.
func (t *trial) refund(a act) {
	t.mu.Lock()
	if len(t.sales) == 0 {
		t.mu.Unlock()
		return
	}
	s := t.sales[a.N/2%len(t.sales)]
	fen := s.fen - s.back
	if a.N%2 == 1 && fen > 1 {
		fen /= 2
	}
	t.mu.Unlock()
	if fen == 0 {
		return
	}
	id, err := t.emu.RefundTrade(s.env, s.number, fen, 2)
	if err != nil {
		panic(err)
	}
	t.mu.Lock()
	s.back += fen
	s.refunds = append(s.refunds, id)
	t.mu.Unlock()
	p := midas.Push{
		Event:        midas.PushRefund,
		Sandbox:      s.env == emulator.Sandbox,
		OutTradeNo:   s.number,
		RefundID:     id,
		RefundSource: 2,
		Refunded:     midas.Fen(fen),
	}
	if a.On != 1 {
		p.OpenID = s.who.OpenID
	}
	lot := a
	lot.N = a.On + 2*a.Who
	if lot.N%5 == 2 {
		lot.N = 3 // no question finds a refund whose word was lost
	}
	t.post(lot, s.house, false, p)
}

package payment_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// patiences are the settings of Retry in the trials: the standard, one that gives up soon, and one that waits long.
var patiences = []payment.Retry{
	{First: time.Second, Max: 30 * time.Second, GiveUpAfter: 5 * time.Minute},
	{First: 100 * time.Millisecond, Max: 2 * time.Second, GiveUpAfter: 3 * time.Second},
	{First: 2 * time.Second, Max: 10 * time.Minute, GiveUpAfter: time.Hour},
}

// price tables; a restart may change which one holds.
var priceLists = []map[string]midas.Coins{
	{"sword": 60, "potion": 7},
	{"sword": 45, "potion": 9},
	{"sword": 90, "potion": 3},
}

// shortIdle bounds the runners' sleep in a history of minutes, longIdle where days pass.
const (
	shortIdle = 30 * time.Second
	longIdle  = 10 * time.Minute
)

// idle is how long a runner of the history sleeps at most.
func (t *trial) idle() time.Duration {
	for _, a := range t.plan.Acts {
		if slices.Contains(longActs, a.What) || a.What == "wait" && a.For > time.Hour {
			return longIdle
		}
	}
	return shortIdle
}

// act does one thing, and lets the time until the next one pass.
func (t *trial) act(a act) {
	h := t.houses[0]
	living := h.living()
	n, p := living[a.On%len(living)], t.players[a.Who]
	t.write("* %s who=%d on=%s n=%d for=%s", a.What, a.Who, n.name, a.N, a.For)
	switch a.What {
	case "buy":
		t.buy(n, p, a.N)
	case "buy late": // the first call lands later, and the next ones not at all
		t.mu.Lock()
		t.fates[emulator.APIPay] = append([]fate{{landsLater[a.N%len(landsLater)], a.For}}, slices.Repeat([]fate{{What: lostCall}}, 3*a.N)...)
		t.mu.Unlock()
		t.buy(n, p, a.N)
	case "give":
		t.give(n, p, a.N)
	case "cancel":
		t.cancel(n, p, a.N)
	case "coins":
		t.mu.Lock()
		p.blind, p.direct = true, true
		t.mu.Unlock()
		_ = t.emu.Recharge(emulator.Sandbox, p.OpenID, "1", 17)
	case "login":
		t.login(n, p, a.N%2 == 0)
	case "two logins": // whose answers overtake each other
		first, second := p.Player, p.Player
		first.SessionKey, second.SessionKey = t.newKey(p), t.newKey(p)
		t.arrives(n, p, second, false)
		t.arrives(living[(a.On+a.N)%len(living)], p, first, false)
	case "leave":
		if p.at != nil {
			p.at.Forget(p.OpenID, "1", a.N%2 == 0)
			t.leaves(p)
		}
	case "session dies":
		t.emu.ExpireSession(p.OpenID)
		t.mu.Lock()
		p.blind = true // nothing can be asked for this player
		t.mu.Unlock()
	case "fates":
		t.mu.Lock()
		t.fates[a.API] = append(t.fates[a.API], a.Lot...)
		t.mu.Unlock()
	case "mood":
		t.setMood(h, mood(a.N)%moods)
	case "game down": // for everybody, and players go on buying
		t.setMood(h, isAway)
		t.buy(n, p, a.N)
		for i, p := range t.players {
			t.buy(n, p, a.N+1+i)
		}
		time.Sleep(30 * time.Second)
		h.spareFailing()
		time.Sleep(a.For)
		t.setMood(h, willing)
	case "midas down":
		t.mu.Lock()
		t.outage = time.Now().Add(a.For)
		t.mu.Unlock()
	case "freeze":
		n.clock.Lock()
		n.still = time.Now().Add(a.For)
		n.clock.Unlock()
	case "stall":
		n.clock.Lock()
		n.nth, n.stall = a.N+1, a.For
		n.clock.Unlock()
	case "die":
		n.clock.Lock()
		n.nth, n.stall = a.N+1, 0
		n.clock.Unlock()
	case "restart":
		t.mu.Lock()
		h.prices, h.retry = priceLists[a.N%len(priceLists)], patiences[(t.plan.Patience+a.N/3)%len(patiences)]
		t.mu.Unlock()
		n.reopen(t.idle())
	case "power cut": // of every server
		for _, n := range h.nodes {
			n.shut()
		}
		time.Sleep(a.For)
		for _, n := range h.nodes {
			n.begin()
		}
	case "skew":
		n.clock.Lock()
		n.skew = time.Duration(a.N-4) * 15 * time.Second // -60 s to 45 s
		n.clock.Unlock()
	case "stranger":
		t.stranger(n, p, a.N, a.For)
	case "wait", "long wait":
		time.Sleep(a.For)
	default:
		t.moneyAct(n, p, a)
	}
	time.Sleep(a.Then)
	t.bury()
}

// bury starts servers anew that have died.
func (t *trial) bury() {
	for _, h := range t.houses {
		for _, n := range h.nodes {
			if n.isDead() {
				n.reopen(t.idle())
			}
		}
	}
}

func (t *trial) setMood(h *house, m mood) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h.mood, h.failing = m, map[string]string{}
	if h.why = ""; m == refuses && len(t.asked)%2 == 1 {
		h.why = "bag full \x00\xff\u202e\U0001f392"
	}
}

// wish finds what was asked for under a request, or enters it.
func (t *trial) wish(kind, request string, h *house, p *gamer) *wish {
	key := kind + "/" + p.OpenID + "/" + h.name + request
	if t.asked[key] == nil {
		t.asked[key] = &wish{kind: kind, request: request, house: h, who: p, made: time.Now()}
	}
	return t.asked[key]
}

// became notes which bill a wish has become, which is the same for ever.
func (t *trial) became(w *wish, bill string) {
	if w.bill != "" && w.bill != bill {
		t.faults = append(t.faults, fmt.Sprintf("%s %s was bill %s and is bill %s", w.kind, w.request, w.bill, bill))
	}
	w.bill = bill
}

func (t *trial) buy(n *node, p *gamer, number int) {
	item := []string{"sword", "potion"}[number%2]
	t.mu.Lock()
	w := t.wish("buy", fmt.Sprint("b", number), n.house, p)
	w.item, w.amounts = item, append(w.amounts, int64(n.shop[item]))
	t.mu.Unlock()
	ask := payment.PurchaseRequest{RequestID: w.request, ItemID: item, Quantity: 1}
	_ = n.Purchase(p.Player, ask, func(r payment.Receipt, err error) {
		t.write("%s: buy %s of %s: %s %s %v", n.name, w.request, p.OpenID, r.Order.BillNo, r.Order.State, err)
		if err == nil {
			t.mu.Lock()
			t.became(w, r.Order.BillNo)
			t.mu.Unlock()
		}
	})
}

func (t *trial) give(n *node, p *gamer, number int) {
	amount := int64(10 + number)
	t.mu.Lock()
	w := t.wish("give", fmt.Sprint("g", number), n.house, p)
	w.amounts = []int64{amount}
	t.mu.Unlock()
	ask := payment.PresentRequest{RequestID: w.request, Amount: midas.Coins(amount)}
	_ = n.Present(p.Player, ask, func(r payment.Receipt, err error) {
		if err == nil {
			t.mu.Lock()
			t.became(w, r.Order.BillNo)
			t.mu.Unlock()
		}
	})
}

func (t *trial) cancel(n *node, p *gamer, number int) {
	t.mu.Lock()
	w := t.wish("buy", fmt.Sprint("b", number), n.house, p)
	bill := w.bill
	t.mu.Unlock()
	if bill == "" { // the newest of the player's
		orders, err := n.ledger.Orders(context.Background(), p.OpenID, "", 1)
		if err != nil || len(orders) == 0 {
			return
		}
		bill = orders[0].BillNo
		t.mu.Lock()
		for _, other := range t.asked {
			if other.who == p && other.kind == "buy" && other.request == orders[0].RequestID {
				w = other
			}
		}
		t.mu.Unlock()
	}
	t.mu.Lock()
	w.cancelled = true
	t.mu.Unlock()
	_ = n.Cancel(p.Player, bill, "the trial", func(r payment.Receipt, err error) {
		t.write("%s: cancel %s: %s %v", n.name, bill, r.Order.State, err)
	})
}

// login logs a player in on a server. The one the player was on may not hear of it.
func (t *trial) login(n *node, p *gamer, heard bool) {
	t.mu.Lock()
	before := p.at
	t.mu.Unlock()
	if before != nil && before != n && heard && !before.isDead() {
		before.Forget(p.OpenID, "1", true)
	}
	who := p.Player
	who.SessionKey = t.newKey(p)
	t.arrives(n, p, who, heard)
}

func (t *trial) arrives(n *node, p *gamer, who payment.Player, heard bool) {
	t.mu.Lock()
	p.ghost = p.ghost || p.at != nil && p.at != n && !heard
	p.at, p.seen, p.blind = n, false, false
	t.mu.Unlock()
	_ = n.Login(who, func(a payment.Account, err error) {
		if err == nil {
			n.tell(p.OpenID, a)
		}
	})
}

func (t *trial) newKey(p *gamer) midas.Secret {
	t.mu.Lock()
	t.keys++
	key := fmt.Sprintf("key%d", t.keys)
	t.mu.Unlock()
	t.emu.SetSession(p.OpenID, key)
	return midas.Secret(key)
}

func (t *trial) leaves(p *gamer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.at = nil
}

// stranger starts a server on the ledger that takes it for another game's: another environment, or another protocol. It
// must be refused.
func (t *trial) stranger(n *node, p *gamer, number int, wait time.Duration) {
	right := n.identity()
	wrong := identity{v2: right.v2, production: true}
	if number%2 == 1 {
		wrong = identity{v2: !right.v2}
	}
	t.mu.Lock()
	t.fates[emulator.APIPay] = append([]fate{{What: lostAnswer}}, t.fates[emulator.APIPay]...)
	t.mu.Unlock()
	t.buy(n, p, number) // so that something is open
	time.Sleep(2 * time.Second)
	n.shut()
	s, err := n.open(n.place, n.skew, t.idle(), wrong)
	t.write("a server of %+v on a ledger of %+v: %v", wrong, right, err)
	if err == nil {
		for _, p := range t.players {
			t.login(s, p, true)
		}
		time.Sleep(wait)
		s.shut()
	}
	n.begin()
}

// windows are many windows for coins that a player opens and closes without paying.
func (t *trial) windows(n *node, p *gamer, number int) {
	for i := range 101 {
		id := fmt.Sprintf("x%d-%d", number, i)
		ask := payment.RechargeRequest{RequestID: id, BuyQuantity: 60}
		_ = n.Recharge(p.Player, ask, func(payment.RechargeOffer, error) {})
		time.Sleep(100 * time.Millisecond)
		_ = n.RechargeDone(p.Player, id, 1, func(ledger.Recharge, error) {})
		time.Sleep(100 * time.Millisecond)
	}
	t.mu.Lock()
	for i := range 101 {
		t.wish("window", fmt.Sprintf("x%d-%d", number, i), n.house, p)
	}
	t.mu.Unlock()
}

package payment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
)

// The judge of the trials asks the emulator for bills, payments and balances, and the game for what it has. The ledger
// is read to know which request a bill number stands for, and which orders an operator has been asked about.

// movement is what Midas did under one bill number.
type movement struct {
	deducted int // how often
	given    int
	kept     int64 // coins that are gone
	amount   int64
	openid   string
	first    time.Time // when coins moved
	real     bool      // in production
}

func (m movement) String() string {
	return fmt.Sprintf("deducted %d times, given %d times, %d of %d coins gone", m.deducted, m.given, m.kept, m.amount)
}

func (t *trial) movements() map[string]*movement {
	all := map[string]*movement{}
	for _, b := range t.emu.Bills() {
		m := all[b.BillNo]
		if m == nil {
			m = &movement{openid: b.OpenID, amount: b.Amount, first: b.CreatedAt}
			all[b.BillNo] = m
		}
		m.real = m.real || b.Env == emulator.Production
		if b.State == emulator.BillPresented {
			m.given++
			continue
		}
		m.deducted++
		if b.State == emulator.BillPaid {
			m.kept += b.Amount
			for _, back := range b.Refunds {
				m.kept -= back
			}
		}
	}
	return all
}

// judge compares Midas's account with the game, bill by bill and payment by payment. calm is since when all has been
// well.
func (t *trial) judge(calm time.Time) {
	moved := t.movements()
	known := map[string]bool{}
	for _, h := range t.houses {
		granted := h.grants()
		orders, err := h.nodes[0].ledger.Changed(context.Background(), time.Time{}, time.Time{}, "", 1000)
		if err != nil {
			t.fault("list: %v", err)
		}
		stands := map[string]ledger.Order{}
		for _, o := range orders {
			known[o.BillNo] = true
			stands[o.BillNo] = o.Order
			m := moved[o.BillNo]
			if m == nil {
				m = &movement{}
			}
			switch o.Kind {
			case ledger.Purchase:
				t.judgePurchase(h, o.Order, *m, granted[o.BillNo], calm)
			case ledger.Present:
				t.judgePresent(h, o.Order, *m, calm)
			case ledger.Refund:
				if !o.State.Ended() {
					t.fault("refund %s of %s has not ended: %s %q", o.RequestID, o.OfTrade, o.State, o.Note)
				}
			}
		}
		for bill, n := range granted {
			if n > 1 {
				t.fault("%s: %s granted %d times", h.name, bill, n)
			}
			isPaid := func(s *sale) bool { return s.number == bill && s.env == emulator.Sandbox }
			if h.sold[bill].Kind == ledger.Goods && !slices.ContainsFunc(t.sales, isPaid) {
				t.fault("%s: goods %s granted, and never paid for", h.name, bill)
			}
			known[bill] = true
		}
		for _, s := range t.sales {
			if s.item != "" && s.house == h {
				t.judgeSale(s, stands[s.number])
			}
		}
	}
	for bill, m := range moved {
		if !known[bill] {
			t.fault("bill %s at Midas is in no ledger: %s", bill, m)
		}
		if m.real {
			t.fault("bill %s moved real coins, and the servers are the sandbox's: %s", bill, m)
		}
	}
	t.judgeRecharges()
}

// grants is what the game has been given, by bill number.
func (h *house) grants() map[string]int {
	if !h.plan.InTransaction {
		return h.granted
	}
	bag, err := h.bag()
	if err != nil {
		h.fault("the bag: %v", err)
	}
	return bag
}

// tooLate tells whether an order was made so long before all was well that its bill number had died by then.
func tooLate(o ledger.Order, calm time.Time) bool {
	return calm.Add(2*time.Hour + 30*time.Minute).After(o.CreatedAt.Add(lastLanding))
}

func (t *trial) judgePurchase(h *house, o ledger.Order, m movement, granted int, calm time.Time) {
	w := t.asked["buy/"+o.OpenID+"/"+h.name+o.RequestID]
	say := func(what string) {
		made, changed := o.CreatedAt.Sub(t.began).Round(time.Second), o.UpdatedAt.Sub(t.began).Round(time.Second)
		t.fault("%s: bill %s (%s %q, made %s, changed %s) %s: at Midas %s, granted %d", h.name, o.BillNo, o.State, o.Note,
			made, changed, what, m, granted)
	}
	switch {
	case w == nil:
		say("was asked for by nobody")
	case m.deducted > 1:
		say("was deducted more than once")
	case m.given > 0:
		say("was given away")
	case m.deducted > 0 && !slices.Contains(w.amounts, m.amount):
		say(fmt.Sprintf("cost another price than %d", w.amounts))
	case !o.State.Ended():
		say("has not ended")
	case o.State == ledger.Disputed:
		if !h.givenUp(o) && !tooLate(o, calm) && !t.kept[o.BillNo] && o.UpdatedAt.Sub(o.CreatedAt) < 46*time.Hour {
			say("is disputed without need")
		}
	case m.kept > 0 && m.kept < m.amount:
		say("was given back in part")
	case m.kept > 0 && granted == 0:
		if !t.kept[o.BillNo] && !(tooLate(o, calm) && m.first.After(o.CreatedAt.Add(time.Hour))) {
			say("coins are gone, and nothing was granted")
		}
	case m.kept == 0 && granted > 0 && !w.cancelled:
		say("was granted, and the coins are back or never went")
	}
}

func (t *trial) judgePresent(h *house, o ledger.Order, m movement, calm time.Time) {
	w := t.asked["give/"+o.OpenID+"/"+h.name+o.RequestID]
	say := func(what string) {
		t.fault("%s: present %s (%s %q) %s: at Midas %s", h.name, o.BillNo, o.State, o.Note, what, m)
	}
	switch {
	case w == nil:
		say("was asked for by nobody")
	case m.given > 1 || m.deducted > 0:
		say("was given more than once")
	case m.given == 1 && m.amount != w.amounts[0]:
		say("is another amount")
	case !o.State.Ended():
		say("has not ended")
	case o.State == ledger.Disputed:
		if !tooLate(o, calm) && o.UpdatedAt.Sub(o.CreatedAt) < 46*time.Hour {
			say("is disputed without need")
		}
	case (o.State == ledger.Delivered) != (m.given == 1):
		if !tooLate(o, calm) {
			say("was given, or not")
		}
	}
}

// judgeSale looks at goods that were paid for.
func (t *trial) judgeSale(s *sale, o ledger.Order) {
	granted, taken, refused := 0, 0, false
	for _, h := range t.houses {
		granted += h.grants()[s.number]
		taken += h.taken[s.number]
		refused = refused || h.refusal[s.number]
	}
	say := func(what string) {
		t.fault("payment %s of %s (%s %q) %s: %d fen, %d back in %d parts, granted %d, taken away %d", s.number, s.env,
			o.State, o.Note, what, s.fen, s.back, len(s.refunds), granted, taken)
	}
	if s.env == emulator.Production {
		lost := slices.ContainsFunc(t.letters, func(l *letter) bool { return l.push.OutTradeNo == s.number && l.taken })
		switch {
		case granted > 0:
			say("is real money, and was granted by a server of the sandbox")
		case lost && !t.keeps(s):
			say("is real money; its push was acknowledged, and nothing is left of it")
		}
		return
	}
	whole := s.back == s.fen
	switch {
	case granted > 1:
		say("was granted more than once")
	case taken > 1:
		say("was taken away more than once")
	case granted == 0 && taken > 0:
		say("was taken away, and never granted")
	case !whole && taken > 0:
		say("was taken away, and not all the money is back")
	case !whole && granted == 1 && o.State == ledger.Cancelled:
		say("is cancelled, and a part of the money was kept")
	case whole && granted == 1 && taken == 0:
		say("has its money back, and the goods stay")
	case !whole && granted == 0:
		// What the host refuses, an operator gives the money back for.
		if !(refused && o.State == ledger.Disputed) && !s.house.givenUp(o) {
			say("was paid for, and not granted")
		}
	}
	for _, h := range t.houses {
		for _, id := range s.refunds {
			if r, told := h.refunds[id]; !told && h == s.house {
				o, _ := h.nodes[0].ledger.OrderOf(context.Background(), s.who.OpenID, ledger.Refund, id)
				if o.State == ledger.Disputed && strings.Contains(o.Note, "not delivered in") {
					continue // a single one
				}
				say("refund " + id + " was told to nobody")
			} else if told && h != s.house && r.Granted {
				say("refund " + id + " was told to another game")
			}
		}
	}
}

// keeps tells whether an operator can find a push that is not this server's: it was acknowledged, so it will not come
// again.
func (t *trial) keeps(s *sale) bool {
	for _, h := range t.houses {
		_, err := h.nodes[0].ledger.Order(context.Background(), s.number)
		if !errors.Is(err, ledger.ErrNotFound) || foundAside(h.nodes[0], s.number) {
			return true
		}
	}
	return false
}

// judgeRecharges compares what was credited with what Midas says was bought.
func (t *trial) judgeRecharges() {
	for _, p := range t.players {
		account := t.emu.Account(emulator.Sandbox, p.OpenID, "1")
		grown, credited, unreported := account.SaveAmt-p.at0, int64(0), false
		var said []string
		for _, w := range t.asked {
			if w.kind != "window" || w.who != p {
				continue
			}
			unreported = unreported || w.paid && (!w.reported || w.coins != w.recharge.BuyQuantity)
			r, err := w.stored()
			if err != nil {
				continue
			}
			here := r.State == ledger.RechargeCredited
			if here {
				credited += r.Coins
				said = append(said, fmt.Sprintf("%s=%d", w.request, r.Coins))
			}
			if t.plan.V2 && (w.paid != here || w.paid && r.Coins != w.coins) {
				t.fault("recharge %s of %s: paid for: %t, %d coins; in the ledger %s, %d coins", w.request, p.OpenID, w.paid,
					w.coins, r.State, r.Coins)
			}
		}
		if credited > grown {
			t.fault("%s: %d coins were bought, and %d credited: %s", p.OpenID, grown, credited, said)
		}
		known, err := t.houses[0].nodes[0].ledger.SaveAmt(context.Background(), p.OpenID, "1")
		if err != nil || known != account.SaveAmt {
			t.fault("%s: save_amt is %d, and the ledger knows %d, %v", p.OpenID, account.SaveAmt, known, err)
		}
		if t.plan.V2 || unreported || p.direct {
			continue // then nobody can tell whose coins came
		}
		for _, w := range t.asked {
			if w.kind != "window" || w.who != p || !w.paid {
				continue
			}
			if r, err := w.stored(); err != nil || r.State != ledger.RechargeCredited || r.Coins != w.coins {
				t.fault("recharge %s of %s was paid for and reported; in the ledger %s, %d coins, %v", w.request, p.OpenID, r.State,
					r.Coins, err)
			}
		}
	}
}

// stored is a window for coins as the ledger has it.
func (w *wish) stored() (ledger.Recharge, error) {
	return w.house.nodes[0].ledger.Recharge(context.Background(), w.who.OpenID, w.request)
}

// judgeRest looks how things stand after two hours without trouble, before anybody logs in again.
func (t *trial) judgeRest(calm time.Time) {
	moved := t.movements()
	for _, p := range t.players {
		t.mu.Lock()
		at, blind, ghost, seen, told := p.at, p.blind, p.ghost, p.seen, p.balance
		t.mu.Unlock()
		if at == nil || blind {
			continue
		}
		orders, err := at.ledger.Orders(context.Background(), p.OpenID, "", 100)
		if err != nil {
			t.fault("list: %v", err)
		}
		unsettled := false
		for _, o := range orders {
			if o.Kind != ledger.Purchase && o.Kind != ledger.Present {
				continue
			}
			late := t.lands[o.BillNo].After(calm) // Midas may say until then that it is being processed
			if !o.State.Ended() && !late && time.Since(o.CreatedAt) < 40*time.Hour {
				t.fault("bill %s is %s (parked %t, due in %s, %q) after two hours without trouble, and its player is here", o.BillNo,
					o.State, o.Parked, time.Until(o.DueAt).Round(time.Second), o.Note)
			}
			// What landed late is looked for, but not all the time.
			m := moved[o.BillNo]
			unsettled = unsettled || late || !o.State.Ended()
			if m != nil && (m.kept > 0 && o.State != ledger.Delivered || m.first.After(calm) || o.UpdatedAt.After(calm.Add(time.Hour))) {
				unsettled = true
			}
		}
		if balance := t.emu.Account(emulator.Sandbox, p.OpenID, "1").Balance; !unsettled && !ghost && seen && told != balance {
			t.fault("%s was told last of %d coins, and has %d", p.OpenID, told, balance)
		}
	}
}

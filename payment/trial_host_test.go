package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// The host of the trials: a game that keeps what it granted by bill number, and clients that keep the newest balance
// that they were told.

var errAway = errors.New("the game's own database is down")

// answer is what the host's mood makes of a delivery; nil: it takes place.
func (n *node) answer(ctx context.Context, bill, openid string, refusable bool) error {
	n.pass()
	if n.isDead() {
		return context.Canceled
	}
	n.mu.Lock()
	now, why := n.mood, n.why
	before := n.granted[bill] > 0
	n.mu.Unlock()
	if before { // what was granted is granted, whatever the mood
		return nil
	}
	if bill != "" && now != willing && now != refuses {
		n.fails(bill, openid)
	}
	switch now {
	case refuses:
		if !refusable {
			return nil
		}
		n.mu.Lock()
		n.refusal[bill] = true
		n.mu.Unlock()
		if why != "" {
			return errors.Join(payment.ErrRefuse, errors.New(why))
		}
		return payment.ErrRefuse
	case isAway:
		return errAway
	case panics:
		panic("the host's own fault")
	case hangs:
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// fails notes that the host has failed a delivery for no reason of the order's.
func (h *house) fails(bill, openid string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing[bill] = openid
}

// spareFailing notes which orders must not be given up because the host fails them: it fails everybody, at least three
// orders of two players. A single one might be at fault itself.
func (h *house) spareFailing() {
	h.mu.Lock()
	defer h.mu.Unlock()
	who := map[string]bool{}
	for _, openid := range h.failing {
		who[openid] = true
	}
	if len(h.failing) < 3 || len(who) < 2 {
		return
	}
	for bill := range h.failing {
		h.spared[bill] = true
	}
}

// givenUp tells whether an operator was asked about an order that the host failed again and again, which is right for a
// single one.
func (h *house) givenUp(o ledger.Order) bool {
	return o.State == ledger.Disputed && strings.Contains(o.Note, "not delivered in") && !h.spared[o.BillNo]
}

// deliver is a host that is asked by bill number and grants once for each.
func (n *node) deliver(ctx context.Context, o ledger.Order) error {
	if err := n.answer(ctx, o.BillNo, o.OpenID, true); err != nil {
		return err
	}
	n.mu.Lock()
	if n.granted[o.BillNo] == 0 {
		n.granted[o.BillNo]++
		n.sold[o.BillNo] = o
	}
	n.mu.Unlock()
	n.write("%s: granted %s (%s)", n.name, o.BillNo, o.ItemID)
	n.pass() // it may die before anybody hears
	return nil
}

// grant is a host that has no key of its own: only the ledger's transaction keeps it from granting twice.
func (n *node) grant(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
	if n.isDead() { // it stands in the transaction, so it does not wait here
		return context.Canceled
	}
	n.mu.Lock()
	now := n.mood
	n.mu.Unlock()
	if now != willing && now != refuses {
		n.fails(o.BillNo, o.OpenID)
	}
	switch now {
	case refuses:
		n.mu.Lock()
		n.refusal[o.BillNo] = true
		n.mu.Unlock()
		return payment.ErrRefuse
	case isAway, hangs:
		return errAway
	case panics:
		panic("the host's own fault")
	}
	n.mu.Lock()
	n.sold[o.BillNo] = o
	n.mu.Unlock()
	_, err := tx.ExecContext(ctx, `INSERT INTO bag (bill_no) VALUES (?)`, o.BillNo)
	return err
}

// refunded hears of money that went back, and takes away what README says is to be taken away: each refund once.
func (n *node) refunded(ctx context.Context, r payment.Refund) error {
	if err := n.answer(ctx, "", "", false); err != nil {
		return err
	}
	n.write("%s: told %+v", n.name, r)
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, again := n.refunds[r.RefundID]; again {
		return nil
	}
	n.refunds[r.RefundID] = r
	if r.Granted && r.Whole {
		n.taken[r.OutTradeNo]++
	}
	return nil
}

// BalanceChanged tells a player's client, which drops what is older than it knows.
func (n *node) BalanceChanged(openid, _ string, a payment.Account, _ payment.Reason, _ string) {
	n.tell(openid, a)
}

func (n *node) tell(openid string, a payment.Account) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.players {
		if p.OpenID == openid && p.at == n && (!p.seen || a.Version > p.version) {
			p.seen, p.version, p.balance = true, a.Version, int64(a.Balance.Balance)
		}
	}
}

// OrderEnded tells the end of an order that had to wait.
func (n *node) OrderEnded(r payment.Receipt) {
	n.write("%s: %s ended %s (%s)", n.name, r.Order.BillNo, r.Order.State, r.Order.Note)
}

// RechargeEnded tells that coins came.
func (n *node) RechargeEnded(r ledger.Recharge) {
	n.mu.Lock()
	n.rested = append(n.rested, r.RequestID)
	n.mu.Unlock()
	n.write("%s: recharge %s credited %d", n.name, r.RequestID, r.Coins)
}

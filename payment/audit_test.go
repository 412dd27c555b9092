package payment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// grants is what the game's own records tell.
func (w *world) grants() map[string]int {
	w.game.mu.Lock()
	defer w.game.mu.Unlock()
	all := map[string]int{}
	for bill := range w.game.granted {
		all[bill] = 1
	}
	return all
}

func (s *shop) audit(r payment.AuditRequest) payment.Audit {
	s.t.Helper()
	a, err := s.Audit(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func TestAnAuditOfGoodBooksFindsNothing(t *testing.T) {
	for name, cfg := range map[string]emulator.Config{"cost_sum falls back": {}, "cost_sum is kept": {CostSumKept: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, cfg)
			// The player has spent and been given coins before this ledger was there.
			openid := emulator.OpenIDOf("alice")
			if err := w.emu.Recharge(emulator.Sandbox, openid, "1", 500); err != nil {
				t.Fatal(err)
			}
			other := newWorldOn(t, w.emu, w.url)
			o := other.open()
			before := other.login(o, "alice")
			if _, err := o.buy(before, "elsewhere", "sword", 2); err != nil {
				t.Fatal(err)
			}
			if _, err := o.give(before, "elsewhere", 7); err != nil {
				t.Fatal(err)
			}
			o.shut()

			s := w.open()
			p := w.login(s, "alice")
			bob := w.rich(s, "bob", 10)
			bought, err := s.buy(p, "r1", "sword", 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.buy(p, "r2", "potion", 3); err != nil {
				t.Fatal(err)
			}
			if _, err := s.give(p, "g1", 20); err != nil {
				t.Fatal(err)
			}
			if _, err := s.buy(bob, "r1", "sword", 1); err != nil { // too few coins
				t.Fatal(err)
			}
			if _, err := s.cancel(p, bought.Order.BillNo); err != nil {
				t.Fatal(err)
			}
			a := s.audit(payment.AuditRequest{Granted: w.grants()})
			if len(a.Differences) != 0 || a.Orders != 4 || a.Accounts != 2 || a.Unchecked != 0 {
				t.Errorf("%+v", a)
			}
			if a.Delivered != 6 || a.GivenBack != 60 || a.Presented != 20 || a.Open != 0 {
				t.Errorf("%+v", a)
			}
			if old := s.audit(payment.AuditRequest{To: time.Now().Add(-time.Hour)}); old.Orders != 0 || old.Accounts != 0 {
				t.Errorf("an hour ago: %+v", old)
			}
		})
	}
}

// Every way the books can be wrong is found and named.
func TestAnAuditFindsWhatDoesNotAgree(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 500)
	bills := map[string]string{}
	for _, id := range []string{"kept", "lost", "twice", "rewritten"} {
		r, err := s.buy(p, id, "sword", 1)
		if err != nil {
			t.Fatal(err)
		}
		bills[id] = r.Order.BillNo
	}
	w.game.answerWith(func(ledger.Order) error { return payment.ErrRefuse })
	r, err := s.buy(p, "refused", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	bills["refused"] = s.end(r).BillNo

	granted := w.grants()
	delete(granted, bills["lost"])
	granted[bills["twice"]] = 2
	granted[bills["refused"]] = 1
	granted["nobody's"] = 1
	db := w.database()
	if _, err := db.Exec(`UPDATE midas_orders SET state = 'failed', delivered_at = 0 WHERE bill_no = ?`, bills["rewritten"]); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	found := map[string][]string{}
	for _, d := range s.audit(payment.AuditRequest{Granted: granted}).Differences {
		for id, bill := range bills {
			if d.BillNo == bill {
				found[id] = append(found[id], d.What)
			}
		}
		if d.BillNo == "nobody's" || d.BillNo == "" {
			found[d.BillNo] = append(found[d.BillNo], d.What)
		}
		if !strings.Contains(d.String(), d.What) {
			t.Errorf("%s", d)
		}
	}
	for id, want := range map[string]string{
		"lost": "has not granted", "twice": "more than once", "refused": "while the order is cancelled", "nobody's": "unknown to the ledger",
		"rewritten": "history ends in", "": "coins spent",
	} {
		if !strings.Contains(strings.Join(found[id], "; "), want) {
			t.Errorf("%q: found %q, want %q", id, found[id], want)
		}
	}
	if len(found["kept"]) != 0 {
		t.Errorf("the good order: %q", found["kept"])
	}
}

// What is under way is no difference, and who cannot be asked about is counted.
func TestAnAuditBesideEverythingElse(t *testing.T) {
	w := newWorld(t)
	w.retry.First, w.retry.Max = 10*time.Second, 10*time.Second
	s := w.open()
	p := w.rich(s, "alice", 500)
	if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Cut, Commit: true}, emulator.Fault{Kind: emulator.Cut}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"deducted", "not deducted"} {
		if r, err := s.buy(p, id, "sword", 1); err != nil || r.Order.State != ledger.Paying {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	if a := s.audit(payment.AuditRequest{Granted: w.grants()}); len(a.Differences) != 0 || a.Open != 120 || a.Unchecked != 0 {
		t.Errorf("%+v", a)
	}
	w.emu.ExpireSession(p.OpenID)
	if a := s.audit(payment.AuditRequest{}); len(a.Differences) != 0 || a.Unchecked != 1 {
		t.Errorf("%+v", a)
	}
	if a := s.audit(payment.AuditRequest{SkipMidas: true}); len(a.Differences) != 0 || a.Unchecked != 1 {
		t.Errorf("%+v", a)
	}
	s.shut()
	if _, err := s.Audit(t.Context(), payment.AuditRequest{}); !errors.Is(err, payment.ErrUnavailable) {
		t.Errorf("without a ledger: %v", err)
	}
}

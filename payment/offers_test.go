package payment_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// A player cannot fill the ledger with windows that nobody pays for. What was asked for before is told all the same.
func TestAPlayerLeavesOnlySoManyRechargesUnpaid(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	refused := 0
	for n := range 40 {
		if _, err := s.offer(p, fmt.Sprint("r", n), 60); errors.Is(err, payment.ErrBusy) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if refused != 10 {
		t.Errorf("%d of 40 were refused", refused)
	}
	if r, err := s.offer(p, "r0", 60); err != nil || r.State != ledger.RechargeOffered {
		t.Errorf("%+v, %v", r, err)
	}
	// One that is paid makes room.
	w.recharge(p, 60, 0)
	if r, err := s.report(p, "r0", 0); err != nil || r.State != ledger.RechargeCredited {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := s.offer(p, "another", 60); err != nil {
		t.Error(err)
	}
	// So does time.
	w.ahead.Store(int64(25 * time.Hour))
	if _, err := s.offer(p, "the next day", 60); err != nil {
		t.Error(err)
	}
	// What is so old that it cannot be paid any more is forgotten, a few rows each time.
	w.ahead.Store(int64(100 * 24 * time.Hour))
	if _, err := s.offer(p, "much later", 60); err != nil {
		t.Error(err)
	}
	if _, err := s.ledger.Recharge(t.Context(), p.OpenID, "r1"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if r, err := s.ledger.Recharge(t.Context(), p.OpenID, "r0"); err != nil || r.State != ledger.RechargeCredited {
		t.Errorf("%+v, %v", r, err)
	}
}

// A server whose clock is a minute ahead does not silence what another one sees a moment later.
func TestABalanceIsNewerWhoeversClockIsAhead(t *testing.T) {
	first := newWorld(t)
	second := newWorldOn(t, first.emu, first.url)
	second.path, second.game = first.path, first.game
	first.shared, second.shared = true, true
	first.ahead.Store(int64(time.Minute))
	second.ahead.Store(int64(-time.Minute))
	a, b := first.open(), second.open()
	p := first.rich(a, "alice", 100)
	second.login(b, "alice")
	last := int64(0)
	for _, s := range []*shop{a, b, a, b} {
		now, err := answerOf(t, func(done func(payment.Account, error)) error { return s.Balance(p, done) })
		if err != nil || now.Version <= last {
			t.Errorf("version %d after %d, %v", now.Version, last, err)
		}
		last = now.Version
	}
}

package payment_test

import (
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// twoLogins are two keys of a player's, of which the second has replaced the first at WeChat.
func (w *world) twoLogins(s *shop, name string) (dead, live payment.Player) {
	w.t.Helper()
	players := make([]payment.Player, 2)
	for i := range players {
		session, err := s.client.Code2Session(w.t.Context(), w.emu.Code(emulator.OpenIDOf(name)))
		if err != nil {
			w.t.Fatal(err)
		}
		players[i] = payment.Player{OpenID: emulator.OpenIDOf(name), ZoneID: "1", SessionKey: session.SessionKey}
	}
	w.emu.SetSession(emulator.OpenIDOf(name), players[1].SessionKey.Reveal())
	return players[0], players[1]
}

func (s *shop) enters(p payment.Player) {
	s.t.Helper()
	if _, err := answerOf(s.t, func(done func(payment.Account, error)) error { return s.Login(p, done) }); err != nil {
		s.t.Fatal(err)
	}
}

// Two logins at once are answered in the wrong order: the key that came last is dead, and the one before it is tried
// before anybody is told to log in again. So it is after a restart, and on a server whose clock is a minute off.
func TestTheKeyBeforeIsTriedBeforeAnOrderWaitsForALogin(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	if err := w.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", 300); err != nil {
		t.Fatal(err)
	}
	dead, live := w.twoLogins(s, "alice")
	s.enters(live)
	s.enters(dead)
	r, err := s.buy(dead, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r.Order, ledger.Delivered)
	for i, ahead := range []time.Duration{0, time.Minute, -time.Minute} {
		s.shut()
		w.ahead.Store(int64(ahead))
		s = w.open()
		// Nobody has logged in on this one; the key that Midas has refused is not lost either, and is tried last.
		r, err := s.buy(live, "again"+string(rune('a'+i)), "potion", 1)
		if err != nil {
			t.Fatal(err)
		}
		want(t, r.Order, ledger.Delivered)
	}
	w.books(s)
}

// Each of two servers has logged the player in, and the ledger has what both know.
func TestTheKeyOfALoginOnAnotherServerIsTriedAtOnce(t *testing.T) {
	for name, behind := range map[string]time.Duration{"a minute behind": -time.Minute, "a minute ahead": time.Minute} {
		t.Run(name, func(t *testing.T) {
			first := newWorld(t)
			second := newWorldOn(t, first.emu, first.url)
			second.path, second.game = first.path, first.game
			first.shared, second.shared = true, true
			second.ahead.Store(int64(behind))
			a, b := first.open(), second.open()
			if err := first.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", 300); err != nil {
				t.Fatal(err)
			}
			dead, live := first.twoLogins(a, "alice")
			// a has the dead one, and b's note that there is another is lost.
			b.enters(live)
			a.enters(dead)
			r, err := a.buy(dead, "r1", "sword", 1)
			if err != nil {
				t.Fatal(err)
			}
			want(t, r.Order, ledger.Delivered)
			again, err := b.buy(live, "r2", "sword", 1)
			if err != nil {
				t.Fatal(err)
			}
			want(t, again.Order, ledger.Delivered)
			first.books(a)
		})
	}
}

// With no key that works the order waits, and is not sent again and again; a login resumes it.
func TestAnOrderWaitsOnceAllKeysAreRefused(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	if err := w.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", 300); err != nil {
		t.Fatal(err)
	}
	dead, p := w.twoLogins(s, "alice")
	s.enters(p)
	s.enters(dead)
	w.emu.ExpireSession(p.OpenID)
	before := w.emu.Calls("pay")
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil || !r.Order.Parked {
		t.Fatalf("%+v, %v", r, err)
	}
	if calls := w.emu.Calls("pay") - before; calls > ledger.MaxSessions {
		t.Errorf("%d calls", calls)
	}
	if _, err := s.buy(p, "r2", "sword", 1); err == nil {
		t.Error("a purchase was taken without a session")
	}
	w.login(s, "alice")
	s.until("the order ended", func() bool { return s.ended[r.Order.BillNo].Order.State == ledger.Delivered })
	w.books(s)
}

// A key that Midas has refused is tried last, and is not thrown away: WeChat may have been told of it late.
func TestAKeyThatMidasHasRefusedIsKeptAndTriedLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open()
	if err := w.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", 300); err != nil {
		t.Fatal(err)
	}
	refused, live := w.twoLogins(s, "alice")
	s.enters(live)
	s.enters(refused)
	r, err := s.buy(refused, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r.Order, ledger.Delivered)
	if kept, _, err := s.ledger.Sessions(t.Context(), live.OpenID); err != nil || len(kept) != 2 {
		t.Errorf("%d keys are kept, %v", len(kept), err)
	}
	first, err := payment.KeptSession(t.Context(), s.ledger, emulator.DefaultAppSecret, live.OpenID)
	if err != nil || first != live.SessionKey {
		t.Errorf("the key that Midas takes is not tried first, %v", err)
	}
	s.shut()
	w.emu.SetSession(live.OpenID, refused.SessionKey.Reveal()) // and now it is the other that is good
	s = w.open()
	again, err := s.buy(live, "r2", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, s.end(again), ledger.Delivered)
	w.books(s)
}

package payment_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// troubles are what Midas may do to a call.
var troubles = []emulator.Fault{
	{Kind: emulator.Refuse},
	{Kind: emulator.Fail},
	{Kind: emulator.Cut},
	{Kind: emulator.Cut, Commit: true},
	{Kind: emulator.CutReply},
	{Kind: emulator.HTML, Commit: true},
	{Kind: emulator.Empty},
	{Kind: emulator.BadGateway, Commit: true},
	{Kind: emulator.Answer, Code: 45011},
	{Kind: emulator.Answer, Code: 42001},
}

const realHistories = 20

// Whatever players ask, Midas answers and the server lives through: once all is well again every order ends, and what
// Midas kept is what the game granted, once for each bill.
func TestTheBooksAgreeAfterAnyHistory(t *testing.T) {
	names := []string{"alice", "bob", "carol"}
	histories := 0
	rapid.Check(t, func(r *rapid.T) {
		// These start servers and sync disks, so they are few; model_test.go has thousands.
		if histories++; histories > realHistories {
			return
		}
		w := newWorld(t)
		w.retry = payment.Retry{First: 2 * time.Millisecond, Max: 10 * time.Millisecond, GiveUpAfter: 40 * time.Millisecond}
		s := w.open()
		for _, name := range names {
			w.rich(s, name, 300)
		}
		player := rapid.SampledFrom(names)
		r.Repeat(map[string]func(*rapid.T){
			"buy": func(r *rapid.T) {
				p := payment.Player{OpenID: emulator.OpenIDOf(player.Draw(r, "player")), ZoneID: "1"}
				id := fmt.Sprintf("r%d", rapid.IntRange(0, 9).Draw(r, "request"))
				item := rapid.SampledFrom([]string{"sword", "potion"}).Draw(r, "item")
				// What comes of it is not this step's concern; asking must never hang.
				_, _ = s.buy(p, id, item, 1)
			},
			"trouble": func(r *rapid.T) {
				api := rapid.SampledFrom([]string{"pay", "cancelpay", "getbalance"}).Draw(r, "api")
				if err := w.emu.Script(api, rapid.SliceOfN(rapid.SampledFrom(troubles), 1, 4).Draw(r, "troubles")...); err != nil {
					r.Fatal(err)
				}
			},
			"session dies": func(r *rapid.T) { w.emu.ExpireSession(emulator.OpenIDOf(player.Draw(r, "player"))) },
			"tokens die":   func(*rapid.T) { w.emu.KillTokens() },
			"bag full":     func(*rapid.T) { w.game.answerWith(func(ledger.Order) error { return payment.ErrRefuse }) },
			"game away":    func(*rapid.T) { w.game.answerWith(func(ledger.Order) error { return errors.New("away") }) },
			"game back":    func(*rapid.T) { w.game.answerWith(nil) },
			"restart": func(*rapid.T) {
				s.shut()
				s = w.open()
			},
		})

		w.game.answerWith(nil)
		w.emu.Recover()
		s.shut() // what faults are left in the script meet the next till, and must not matter
		s = w.open()
		for _, name := range names {
			s.relogin(w, name)
		}
		eventually(t, "every order ended", func() bool {
			open, err := s.ledger.OpenOrders(t.Context(), 100)
			return err == nil && len(open) == 0
		})
		w.books(s)
		s.shut()
		if err := w.emu.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

// relogin gives a player a fresh session, whatever becomes of the balance that is read along the way.
func (s *shop) relogin(w *world, name string) {
	openid := emulator.OpenIDOf(name)
	session, err := s.client.Code2Session(w.t.Context(), w.emu.Code(openid))
	if err != nil {
		w.t.Fatal(err)
	}
	p := payment.Player{OpenID: openid, ZoneID: "1", SessionKey: session.SessionKey}
	_, _ = answerOf(w.t, func(done func(payment.Account, error)) error { return s.Login(p, done) })
}

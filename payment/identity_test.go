package payment_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// An order that is open in the sandbox is asked for nowhere else: a till of production, or of the other protocol, does
// not start on its ledger, whoever made the till.
func TestATillDoesNotStartOnALedgerOfAnotherEnvironmentOrProtocol(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	if err := w.emu.SetFaults("pay", emulator.Faults{{Probability: 1, Fault: emulator.Fault{Kind: emulator.Answer, Code: 45009}}}); err != nil {
		t.Fatal(err)
	}
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil || r.Order.State.Ended() {
		t.Fatalf("%+v, %v", r, err)
	}
	s.shut()
	if err := w.emu.SetFaults("pay", nil); err != nil {
		t.Fatal(err)
	}
	if err := w.emu.Recharge(emulator.Production, p.OpenID, "1", 500); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ sandbox, numbers bool }{
		"production": {false, false}, "protocol v2": {true, true}, "production, protocol v2": {false, true},
	} {
		key := midas.Secret(emulator.DefaultAppKey)
		if c.sandbox {
			key = emulator.DefaultSandboxAppKey
		}
		client, err := midas.New(midas.Config{
			BaseURL: w.url, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
			AppKey: key, Sandbox: c.sandbox, V2: c.numbers, Timeout: time.Second, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		orders, err := ledger.Open(t.Context(), ledger.Config{DSN: w.path})
		if err != nil {
			t.Fatal(err)
		}
		q := &shop{t: t, ledger: orders, client: client, ended: map[string]payment.Receipt{}, changed: make(chan struct{}, 1)}
		q.Till, err = payment.New(payment.Config{
			Ledger: orders, Midas: client, Deliver: w.game.deliver, Observer: q, Items: w.shop, CoinsPerYuan: 10, Tiers: midas.OfficialTiers(),
			Retry: w.retry, NeedSession: true, SealSecret: emulator.DefaultAppSecret, Sandbox: c.sandbox, TradeNumbers: c.numbers,
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Start(t.Context()); !errors.Is(err, ledger.ErrOtherIdentity) {
			t.Errorf("%s: %v", name, err)
		}
		q.shut()
	}
	if left := w.emu.Account(emulator.Production, p.OpenID, "1").Balance; left != 500 {
		t.Errorf("%d of 500 real coins are left", left)
	}
	want(t, w.becomes(w.open(), r.Order.BillNo, ledger.Delivered), ledger.Delivered) // in the sandbox it goes on
	if left := w.balance("alice"); left != 40 {
		t.Errorf("%d coins of the sandbox are left", left)
	}
}

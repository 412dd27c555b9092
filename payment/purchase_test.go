package payment_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

func TestPurchaseDeductsDeliversAndTellsTheBalance(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r.Order, ledger.Delivered)
	if r.Balance != 40 || r.Order.Amount != 60 {
		t.Errorf("paid %d, balance %d", r.Order.Amount, r.Balance)
	}
	s.until("the balance was told", func() bool {
		return len(s.balances) == 1 && s.balances[0].account.Balance.Balance == 40 && s.balances[0].why == payment.ReasonPurchase &&
			s.balances[0].billNo == r.Order.BillNo && s.balances[0].account.CostSum == 60
	})
	w.books(s)
}

func TestTheSameRequestIsTheSameOrderForEver(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 1000)
	var wg sync.WaitGroup
	bills := make(chan string, 50)
	for range cap(bills) {
		wg.Go(func() {
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil {
				t.Error(err)
			}
			bills <- r.Order.BillNo
		})
	}
	wg.Wait()
	first := <-bills
	for range cap(bills) - 1 {
		if b := <-bills; b != first {
			t.Fatalf("bills %s and %s for one request", first, b)
		}
	}
	if n := len(w.emu.Bills()); n != 1 {
		t.Errorf("Midas has %d bills", n)
	}
	if _, err := s.buy(p, "r1", "potion", 1); !errors.Is(err, ledger.ErrMismatch) {
		t.Errorf("the same request for another item: %v", err)
	}
	s.shut()
	s = w.open() // a week later, on a new server
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil || r.Order.BillNo != first || r.Order.State != ledger.Delivered {
		t.Errorf("after a restart: %v, %v", r.Order, err)
	}
	w.books(s)
}

func TestRefusalsReachMidasNever(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	before := w.emu.Calls("pay")
	for _, c := range []struct {
		name, id, item string
		quantity       int64
		want           error
	}{
		{"unknown item", "r", "dragon", 1, payment.ErrUnknownItem},
		{"no quantity", "r", "sword", 0, payment.ErrInvalid},
		{"negative quantity", "r", "sword", -5, payment.ErrInvalid},
		{"overflowing price", "r", "sword", 1 << 62, payment.ErrInvalid},
		{"price above what travels", "r", "sword", 1 << 48, payment.ErrInvalid},
		{"no request id", "", "sword", 1, payment.ErrInvalid},
		{"long request id", strings.Repeat("x", 65), "sword", 1, payment.ErrInvalid},
		{"request id that is no text", "\xff", "sword", 1, payment.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := s.buy(p, c.id, c.item, c.quantity); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if n := w.emu.Calls("pay"); n != before {
		t.Errorf("%d calls of pay", n-before)
	}
}

func TestTooFewCoinsFailsTheOrder(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 59)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r.Order, ledger.Failed)
	if r.Order.Code != 90013 {
		t.Errorf("code %d", r.Order.Code)
	}
	w.books(s)
}

// Whatever happens to the answer, the order ends delivered and the coins are deducted once.
func TestALostAnswerIsAskedForUnderTheSameBillNumber(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"-1 after the deduction":      {Kind: emulator.Fail},
		"-1 without a deduction":      {Kind: emulator.Refuse},
		"cut after the deduction":     {Kind: emulator.Cut, Commit: true},
		"cut before the deduction":    {Kind: emulator.Cut},
		"cut in the reply":            {Kind: emulator.CutReply},
		"hangs after the deduction":   {Kind: emulator.Hang, Commit: true},
		"hangs before the deduction":  {Kind: emulator.Hang},
		"a page instead of an answer": {Kind: emulator.HTML, Commit: true},
		"nothing instead":             {Kind: emulator.Empty, Commit: true},
		"a gateway's error":           {Kind: emulator.BadGateway, Commit: true},
		"asked to slow down":          {Kind: emulator.Answer, Code: 45011},
		"a code nobody documented":    {Kind: emulator.Answer, Code: 12345},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.open()
			p := w.rich(s, "alice", 100)
			if err := w.emu.Script("pay", fault, fault); err != nil {
				t.Fatal(err)
			}
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil {
				t.Fatal(err)
			}
			if r.Order.State.Ended() {
				t.Fatalf("ended as %s without an answer", r.Order.State)
			}
			want(t, s.end(r), ledger.Delivered)
			if totals := w.emu.Totals(); totals.Deducted != 60 {
				t.Errorf("%d coins deducted", totals.Deducted)
			}
			w.books(s)
		})
	}
}

func TestGivingUpCallsTheCoinsBack(t *testing.T) {
	for name, c := range map[string]struct {
		fault  emulator.Fault // of every pay
		cancel []emulator.Fault
		end    ledger.State
	}{
		"never deducted: 90000":        {emulator.Fault{Kind: emulator.Refuse}, nil, ledger.Cancelled},
		"deducted: given back":         {emulator.Fault{Kind: emulator.Fail}, nil, ledger.Cancelled},
		"given back, answer lost":      {emulator.Fault{Kind: emulator.Fail}, []emulator.Fault{{Kind: emulator.Fail}}, ledger.Cancelled},
		"final: 90014, so delivered":   {emulator.Fault{Kind: emulator.Fail}, []emulator.Fault{{Kind: emulator.Answer, Code: 90014}}, ledger.Delivered},
		"not allowed: 90017, disputed": {emulator.Fault{Kind: emulator.Fail}, []emulator.Fault{{Kind: emulator.Answer, Code: 90017}}, ledger.Disputed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.retry.GiveUpAfter = 150 * time.Millisecond
			s := w.open()
			p := w.rich(s, "alice", 100)
			if err := w.emu.SetFaults("pay", emulator.Faults{{Probability: 1, Fault: c.fault}}); err != nil {
				t.Fatal(err)
			}
			if err := w.emu.Script("cancelpay", c.cancel...); err != nil {
				t.Fatal(err)
			}
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil {
				t.Fatal(err)
			}
			want(t, s.end(r), c.end)
			if c.end != ledger.Disputed {
				w.books(s)
			}
		})
	}
}

func TestARefusedDeliveryGivesTheCoinsBack(t *testing.T) {
	w := newWorld(t)
	w.game.answerWith(func(ledger.Order) error { return payment.ErrRefuse })
	s := w.open()
	p := w.rich(s, "alice", 100)
	if err := w.emu.Script("cancelpay", emulator.Fault{Kind: emulator.Fail}); err != nil {
		t.Fatal(err)
	}
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, s.end(r), ledger.Cancelled)
	if a := w.emu.Account(emulator.Sandbox, p.OpenID, "1"); a.Balance != 100 {
		t.Errorf("balance %d", a.Balance)
	}
	w.books(s)
}

func TestADeliveryThatFailsOrPanicsIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	tries := 0
	w.game.answerWith(func(ledger.Order) error {
		switch tries++; tries {
		case 1:
			return errors.New("the game's database is away")
		case 2:
			panic("a mistake of the game's")
		default:
			return nil
		}
	})
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r.Order, ledger.Paid)
	want(t, s.end(r), ledger.Delivered)
	if tries != 3 {
		t.Errorf("%d deliveries", tries)
	}
	w.books(s)
}

func TestAnExpiredSessionParksUntilTheNextLogin(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	w.emu.ExpireSession(p.OpenID)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	if want(t, r.Order, ledger.Paying); !r.Order.Parked {
		t.Fatal("the order is not parked")
	}
	if _, err := s.buy(p, "r2", "sword", 1); !errors.Is(err, midas.ErrSessionExpired) {
		t.Errorf("another purchase with a dead session: %v", err)
	}
	w.login(s, "alice")
	want(t, s.end(r), ledger.Delivered)
	w.books(s)
}

func TestWhileTheBreakerIsOpenNothingNewIsMade(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	wait := time.Duration(0)
	w.closed = func(midas.Endpoint) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return wait
	}
	s := w.open()
	p := w.rich(s, "alice", 100)
	bought, err := s.buy(p, "r1", "potion", 1)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	wait = time.Minute
	mu.Unlock()
	_, err = s.buy(p, "r2", "potion", 1)
	closed, ok := errors.AsType[*payment.ClosedError](err)
	if !ok || closed.RetryAfter() != time.Minute || !errors.Is(err, payment.ErrUnavailable) {
		t.Errorf("a new purchase: %v", err)
	}
	if r, err := s.buy(p, "r1", "potion", 1); err != nil || r.Order.BillNo != bought.Order.BillNo {
		t.Errorf("an old purchase is not told: %v, %v", r, err)
	}
	if n := len(w.emu.Bills()); n != 1 {
		t.Errorf("Midas has %d bills", n)
	}
}

func TestWithoutItsLedgerTheTillAsksNothingOfMidas(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	before := w.emu.Calls("pay")
	if err := s.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.buy(p, "r1", "sword", 1); !errors.Is(err, payment.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if n := w.emu.Calls("pay"); n != before {
		t.Errorf("%d calls of pay", n-before)
	}
}

func TestAStoppingTillRefusesAndLeavesWhatHangsInTheLedger(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Hang, Commit: true}); err != nil {
		t.Fatal(err)
	}
	answers := make(chan payment.Receipt, 1)
	err := s.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, err error) {
		if err != nil {
			t.Error(err)
		}
		answers <- r
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call is at Midas", func() bool { return w.emu.Totals().Deducted == 60 })
	s.Refuse()
	if _, err := s.buy(p, "r2", "sword", 1); !errors.Is(err, payment.ErrClosing) {
		t.Errorf("%v", err)
	}
	s.shut()
	r := <-answers
	if r.Order.State.Ended() {
		t.Fatalf("ended as %s", r.Order.State)
	}
	s = w.open()
	s.until("the order was finished by the next till", func() bool { return s.ended[r.Order.BillNo].Order.State == ledger.Delivered })
	if w.emu.Totals().Deducted != 60 {
		t.Errorf("%d coins deducted", w.emu.Totals().Deducted)
	}
	w.books(s)
}

func TestNothingSecretIsLoggedOrStored(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Cut}, emulator.Fault{Kind: emulator.HTML}); err != nil {
		t.Fatal(err)
	}
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.end(r)
	events, err := s.ledger.History(context.Background(), r.Order.BillNo)
	if err != nil || len(events) < 4 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	seen := w.log.String()
	for _, e := range events {
		seen += e.Note
	}
	sealed, err := s.ledger.Session(context.Background(), p.OpenID)
	if err != nil {
		t.Fatal(err)
	}
	seen += string(sealed)
	for _, secret := range []string{p.SessionKey.Reveal(), emulator.DefaultAppSecret, emulator.DefaultSandboxAppKey, "access_token"} {
		if strings.Contains(seen, secret) {
			t.Errorf("%q is in a log or in the ledger", secret)
		}
	}
	if !strings.Contains(seen, r.Order.BillNo) || strings.Contains(w.log.String(), p.OpenID) {
		t.Error("a log line names no bill number, or a whole openid")
	}
}

func TestWhatAnOperatorHasToSeeIsLoud(t *testing.T) {
	for name, c := range map[string]struct {
		answer emulator.Fault
		level  string
	}{
		"too few coins":        {emulator.Fault{Kind: emulator.Answer, Code: 90013}, "DEBUG"},
		"a wrong key":          {emulator.Fault{Kind: emulator.Answer, Code: 90011}, "ERROR"},
		"no permission":        {emulator.Fault{Kind: emulator.Answer, Code: 90017}, "ERROR"},
		"an order's own fault": {emulator.Fault{Kind: emulator.Answer, Code: 90018}, "ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.open()
			p := w.rich(s, "alice", 100)
			if err := w.emu.Script("pay", c.answer); err != nil {
				t.Fatal(err)
			}
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil {
				t.Fatal(err)
			}
			want(t, s.end(r), ledger.Failed)
			if !regexp.MustCompile(`level=` + c.level + ` msg="midas: order" [^\n]*state=failed`).MatchString(w.log.String()) {
				t.Error(w.log.String())
			}
		})
	}
}

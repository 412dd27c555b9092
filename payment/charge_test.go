package payment_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// Midas says for certain that it has not deducted, so the mark that a call may be out is taken away. Before the order
// is sent again the mark is stored again: a server that dies then is taken to have sent it.
func TestTheMarkIsStoredAgainBeforeARepeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var s *shop
	marked := []bool{} // at each answer to pay
	asked := 0
	w.step = func(point string) {
		if n := w.emu.Calls("pay"); point == "paying answered" && n > asked {
			asked = n
			o, err := s.ledger.OrderOf(t.Context(), emulator.OpenIDOf("alice"), ledger.Purchase, "r1")
			if err != nil {
				t.Error(err)
			}
			marked = append(marked, !o.UnsureSince.IsZero())
		}
	}
	s = w.open()
	p := w.rich(s, "alice", 100)
	limited := emulator.Fault{Kind: emulator.Answer, Code: 45011}
	if err := w.emu.Script("pay", limited, limited); err != nil {
		t.Fatal(err)
	}
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil || r.Order.State != ledger.Paying || !r.Order.UnsureSince.IsZero() {
		t.Fatalf("%+v, %v", r, err)
	}
	want(t, s.end(r), ledger.Delivered)
	s.shut()
	if len(marked) != 3 {
		t.Fatalf("Midas was asked %d times", len(marked))
	}
	for n, yes := range marked {
		if !yes {
			t.Errorf("call %d was sent without a mark", n+1)
		}
	}
}

// givingBack notes how many coins are called back.
type givingBack struct {
	midas.API
	coins atomic.Int64
}

func (g *givingBack) CancelPay(ctx context.Context, r midas.CancelPayRequest) (midas.CancelPayResult, error) {
	g.coins.Add(int64(r.Amount))
	return g.API.CancelPay(ctx, r)
}

// Prices change while orders are open. What was agreed is what is paid, and what is given back.
func TestAnOrderIsPaidAndGivenBackAtThePriceItWasMadeAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 500)
	if err := w.emu.SetFaults("pay", emulator.Faults{{Probability: 1, Fault: emulator.Fault{Kind: emulator.Cut}}}); err != nil {
		t.Fatal(err)
	}
	bills := map[string]string{}
	for _, request := range []string{"granted", "refused"} {
		r, err := s.buy(p, request, "sword", 2)
		if err != nil || r.Order.State != ledger.Paying {
			t.Fatalf("%+v, %v", r, err)
		}
		bills[request] = r.Order.BillNo
	}
	s.shut()
	if err := w.emu.SetFaults("pay", nil); err != nil {
		t.Fatal(err)
	}
	w.shop = []payment.Item{{ID: "sword", Name: "Sword", Price: 90}}
	w.game.answerWith(func(o ledger.Order) error {
		if o.RequestID == "refused" {
			return payment.ErrRefuse
		}
		return nil
	})
	back := &givingBack{}
	w.line = func(client midas.API) midas.API {
		back.API = client
		return back
	}
	s = w.open()
	w.becomes(s, bills["granted"], ledger.Delivered)
	w.becomes(s, bills["refused"], ledger.Cancelled)
	for request, bill := range bills {
		if at := w.billOf(bill); at.Amount != 120 {
			t.Errorf("%s: Midas deducted %d", request, at.Amount)
		}
	}
	if left := w.balance("alice"); left != 380 || back.coins.Load() != 120 {
		t.Errorf("%d coins left, %d called back", left, back.coins.Load())
	}
	w.books(s)
}

// frozen stands still before its first deduction until that may no longer be under way, and notes for how long each may
// be.
type frozen struct {
	midas.API

	mu   sync.Mutex
	left []time.Duration // until the call's context ends; 0: it does not
}

func (f *frozen) Pay(ctx context.Context, r midas.PayRequest) (midas.PayResult, error) {
	end, ok := ctx.Deadline()
	f.mu.Lock()
	first := len(f.left) == 0
	if left := time.Until(end); ok {
		f.left = append(f.left, left)
	} else {
		f.left = append(f.left, 0)
	}
	f.mu.Unlock()
	if first && ok {
		<-ctx.Done()
	}
	return f.API.Pay(ctx, r)
}

// A call has an end of its own, before any other server may call its order back. A server that is frozen between the
// mark and the call sends nothing after that.
func TestACallEndsBeforeItsOrderMayBeCalledBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &frozen{}
	w.line = func(client midas.API) midas.API {
		b.API = client
		return b
	}
	w.retry.First, w.retry.Max = time.Hour, time.Hour // one call
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.left) != 1 || b.left[0] <= 0 || b.left[0] > payment.Fence(s.Till) {
		t.Errorf("calls that may be under way for another %s, and the order may be called back after %s", b.left, payment.Fence(s.Till))
	}
	if n := w.emu.Calls("pay"); n != 0 || r.Order.State != ledger.Paying {
		t.Errorf("%d calls were sent too late; %+v", n, r.Order)
	}
}

// An order is made with its mark. If that write takes so long that the call might arrive after its own cancellation,
// the mark is written once more before anything is sent.
func TestTheFenceOfANewOrderCountsFromBeforeItsWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	db := openRaw(t, ledger.Config{Driver: "sqlite", DSN: w.path})
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`BEGIN IMMEDIATE`); err != nil { // nobody else can write
		t.Fatal(err)
	}
	answer := make(chan payment.Receipt, 1)
	if err := s.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, _ error) { answer <- r }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(payment.Fence(s.Till)/2 + 100*time.Millisecond) // the write waits for as long as a call may take
	if _, err := db.Exec(`ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	r := <-answer
	want(t, r.Order, ledger.Delivered)
	history, err := s.ledger.History(t.Context(), r.Order.BillNo)
	if err != nil {
		t.Fatal(err)
	}
	if len(history) < 2 || history[0].To != ledger.Paying || history[1].From != ledger.Paying || history[1].To != ledger.Paying {
		t.Errorf("its mark was not written again: %+v", history)
	}
	if n := w.emu.Calls("pay"); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// The host has granted an item at the very moment at which the stop ends every job. That is stored all the same, so the
// next server does not ask for it again.
func TestWhatTheHostHasGrantedIsStoredThoughTheStopCutsItOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var s *shop
	w.step = func(point string) {
		if point == "paid answered" {
			s.Cut()
		}
	}
	s = w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r.Order, ledger.Delivered)
	s.shut()
	w.step = nil
	s = w.open()
	if o, err := s.ledger.Order(t.Context(), r.Order.BillNo); err != nil || o.State != ledger.Delivered {
		t.Errorf("%+v, %v", o, err)
	}
	s.shut()
	w.game.mu.Lock()
	defer w.game.mu.Unlock()
	if n := w.game.calls[r.Order.BillNo]; n != 1 {
		t.Errorf("the host was asked %d times", n)
	}
}

// A session key that the ledger does not give sends nothing: that is no attempt, leaves no doubt, and does not make the
// order any less patient. It is paid once the key is read.
func TestASessionKeyThatCannotBeReadIsNoAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Answer, Code: 45011}); err != nil {
		t.Fatal(err)
	}
	w.retry.First = 20 * time.Millisecond
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil || r.Order.State != ledger.Paying {
		t.Fatalf("%+v, %v", r, err)
	}
	s.shut()
	db := openRaw(t, ledger.Config{Driver: "sqlite", DSN: w.path})
	defer db.Close()
	if _, err := db.Exec(`ALTER TABLE midas_sessions RENAME TO midas_sessions_away`); err != nil {
		t.Fatal(err)
	}
	before := w.emu.Calls("pay")
	s = w.open() // nobody is logged in here, so the key is the ledger's
	var o ledger.Order
	eventually(t, "it was tried a few times", func() bool {
		history, err := s.ledger.History(t.Context(), r.Order.BillNo)
		if err != nil {
			t.Fatal(err)
		}
		o, err = s.ledger.Order(t.Context(), r.Order.BillNo)
		if err != nil && !errors.Is(err, ledger.ErrUnavailable) {
			t.Fatal(err)
		}
		return len(history) > 6
	})
	if o.State != ledger.Paying || o.Attempts != 0 || !o.UnsureSince.IsZero() || o.Parked || w.emu.Calls("pay") != before {
		t.Errorf("without a key it is %+v, after %d calls", o, w.emu.Calls("pay")-before)
	}
	if _, err := db.Exec(`ALTER TABLE midas_sessions_away RENAME TO midas_sessions`); err != nil {
		t.Fatal(err)
	}
	w.becomes(s, r.Order.BillNo, ledger.Delivered)
	w.books(s)
}

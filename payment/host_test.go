package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

func (s *shop) give(p payment.Player, requestID string, coins midas.Coins) (payment.Receipt, error) {
	s.t.Helper()
	return answerOf(s.t, func(done func(payment.Receipt, error)) error {
		return s.Present(p, payment.PresentRequest{RequestID: requestID, Amount: coins}, done)
	})
}

func (s *shop) cancel(p payment.Player, billNo string) (payment.Receipt, error) {
	s.t.Helper()
	return answerOf(s.t, func(done func(payment.Receipt, error)) error { return s.Cancel(p, billNo, "by mistake", done) })
}

// balance is what the emulator says.
func (w *world) balance(name string) int64 {
	w.t.Helper()
	return w.emu.Account(emulator.Sandbox, emulator.OpenIDOf(name), "1").Balance
}

func TestAPresentIsGivenOnceHoweverOftenAskedFor(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 10)
	// The first answer is lost after Midas has given, the second before.
	if err := w.emu.Script("present", emulator.Fault{Kind: emulator.Fail}, emulator.Fault{Kind: emulator.Cut}); err != nil {
		t.Fatal(err)
	}
	r, err := s.give(p, "daily-1", 50)
	if err != nil || r.Order.State != ledger.Paying || r.Order.Kind != ledger.Present {
		t.Fatalf("%+v, %v", r, err)
	}
	s.until("the present was told", func() bool {
		for _, b := range s.balances {
			if b.why == payment.ReasonPresent && b.billNo == r.Order.BillNo && b.account.Balance.Balance == 60 {
				return true
			}
		}
		return false
	})
	again, err := s.give(p, "daily-1", 50)
	if err != nil || again.Order.BillNo != r.Order.BillNo {
		t.Fatalf("%+v, %v", again, err)
	}
	want(t, again.Order, ledger.Delivered)
	if n := w.balance("alice"); n != 60 {
		t.Errorf("balance is %d", n)
	}
	if _, err := s.give(p, "daily-1", 51); !errors.Is(err, ledger.ErrMismatch) {
		t.Errorf("another amount: %v", err)
	}
	// A player's request of the same name is another matter.
	if bought, err := s.buy(p, "daily-1", "potion", 1); err != nil || bought.Order.State != ledger.Delivered {
		t.Errorf("%+v, %v", bought, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ended) != 0 || w.game.calls[r.Order.BillNo] != 0 {
		t.Error("a present was delivered like a purchase")
	}
}

func TestPresentsThatMakeNoSense(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	for name, err := range map[string]error{
		"nothing":   func() error { _, err := s.give(p, "r", 0); return err }(),
		"negative":  func() error { _, err := s.give(p, "r", -1); return err }(),
		"too much":  func() error { _, err := s.give(p, "r", midas.MaxCoins+1); return err }(),
		"no name":   func() error { _, err := s.give(p, "", 1); return err }(),
		"no player": func() error { _, err := s.give(payment.Player{}, "r", 1); return err }(),
		"a NUL":     func() error { _, err := s.give(p, "a\x00b", 1); return err }(),
	} {
		if !errors.Is(err, payment.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.emu.Calls("present"); n != 0 {
		t.Errorf("%d calls to Midas", n)
	}
}

func TestTheHostTakesADeliveredOrderBack(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r.Order, ledger.Delivered)
	back, err := s.cancel(p, r.Order.BillNo)
	if err != nil {
		t.Fatal(err)
	}
	want(t, back.Order, ledger.Cancelled)
	if n := w.balance("alice"); n != 100 {
		t.Errorf("balance is %d", n)
	}
	if got := s.end(r); got.State != ledger.Delivered { // the receipt as it was
		t.Errorf("%s", got.State)
	}
	s.until("the player was told", func() bool { return s.ended[r.Order.BillNo].Order.State == ledger.Cancelled })
	// Asking again, and again with the same request, changes nothing.
	if again, err := s.cancel(p, r.Order.BillNo); err != nil || again.Order.State != ledger.Cancelled {
		t.Errorf("%+v, %v", again, err)
	}
	if again, err := s.buy(p, "r1", "sword", 1); err != nil || again.Order.State != ledger.Cancelled {
		t.Errorf("%+v, %v", again, err)
	}
	if n := w.emu.Calls("cancelpay"); n != 1 {
		t.Errorf("%d calls", n)
	}
	history, err := s.ledger.History(t.Context(), r.Order.BillNo)
	if err != nil || !strings.Contains(history[len(history)-2].Note, "by mistake") {
		t.Errorf("%+v, %v", history, err)
	}
}

// Whoever cancels an order that is being delivered tells the delivery to refuse it, and hears what came of that.
func TestAPaidOrderIsCancelledByItsDelivery(t *testing.T) {
	for name, answer := range map[string]emulator.Fault{"at once": {Kind: emulator.OK}, "later": {Kind: emulator.Cut, Commit: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.retry.First, w.retry.Max = time.Minute, time.Minute
			w.game.answerWith(func(ledger.Order) error { return errors.New("not now") })
			s := w.open()
			p := w.rich(s, "alice", 100)
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil || r.Order.State != ledger.Paid {
				t.Fatalf("%+v, %v", r, err)
			}
			if r, err := s.cancel(p, r.Order.BillNo); !errors.Is(err, payment.ErrNotCancellable) || r.Order.State != ledger.Paid {
				t.Errorf("while it may have been granted: %+v, %v", r, err)
			}
			if err := w.emu.Script("cancelpay", answer); err != nil {
				t.Fatal(err)
			}
			w.game.answerWith(func(ledger.Order) error { return payment.ErrRefuse })
			back, err := s.cancel(p, r.Order.BillNo)
			if want := map[string]ledger.State{"at once": ledger.Cancelled, "later": ledger.Refunding}[name]; err != nil || back.Order.State != want {
				t.Errorf("%+v, %v", back, err)
			}
			if n := w.balance("alice"); n != 100 {
				t.Errorf("balance is %d", n)
			}
		})
	}
}

// A host that saves under a context of its own, which has ended, has a fault like any other.
func TestAHostsOwnCancellationIsAFailedTry(t *testing.T) {
	w := newWorld(t)
	w.tries = 3
	w.game.answerWith(func(ledger.Order) error { return errors.Join(errors.New("save"), context.Canceled) })
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, s.end(r), ledger.Disputed)
	for d, n := range s.Stats().Deliveries {
		if d.Kind == ledger.Purchase && n != map[string]int64{"failed": 3}[d.Outcome] {
			t.Errorf("%d deliveries are counted as %s", n, d.Outcome)
		}
	}
}

func TestACancellationWhoseAnswerIsLostGoesOn(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.emu.Script("cancelpay", emulator.Fault{Kind: emulator.Cut, Commit: true}); err != nil {
		t.Fatal(err)
	}
	back, err := s.cancel(p, r.Order.BillNo)
	if err != nil || back.Order.State != ledger.Refunding {
		t.Fatalf("%+v, %v", back, err)
	}
	s.until("the player was told", func() bool { return s.ended[r.Order.BillNo].Order.State == ledger.Cancelled })
	if n := w.balance("alice"); n != 100 {
		t.Errorf("balance is %d", n)
	}
}

func TestWhatMidasKeepsStaysDelivered(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.emu.Script("cancelpay", emulator.Fault{Kind: emulator.Answer, Code: 90014}); err != nil {
		t.Fatal(err)
	}
	back, err := s.cancel(p, r.Order.BillNo)
	if err != nil {
		t.Fatal(err)
	}
	want(t, back.Order, ledger.Delivered)
	w.books(s)
}

func TestWhatCannotBeCancelled(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p, bob := w.rich(s, "alice", 10), w.rich(s, "bob", 10)
	gift, err := s.give(p, "g", 5)
	if err != nil {
		t.Fatal(err)
	}
	failed, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	bobs, err := s.buy(bob, "r1", "potion", 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bill string
		want error
	}{
		"a present":         {gift.Order.BillNo, payment.ErrNotCancellable},
		"a failed order":    {failed.Order.BillNo, payment.ErrNotCancellable},
		"another player's":  {bobs.Order.BillNo, ledger.ErrNotFound},
		"no order":          {"nothing", ledger.ErrNotFound},
		"an invented order": {"'; DROP TABLE midas_orders; --", ledger.ErrNotFound},
	} {
		if _, err := s.cancel(p, c.bill); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.emu.Calls("cancelpay"); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// An order in doubt is called back, and never deducted again.
func TestCancellingAnOrderInDoubt(t *testing.T) {
	for name, committed := range map[string]bool{"deducted": true, "not deducted": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.retry.First, w.retry.Max = 10*time.Second, 10*time.Second
			s := w.open()
			p := w.rich(s, "alice", 100)
			if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Cut, Commit: committed}); err != nil {
				t.Fatal(err)
			}
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil || r.Order.State != ledger.Paying {
				t.Fatalf("%+v, %v", r, err)
			}
			back, err := s.cancel(p, r.Order.BillNo)
			if err != nil || back.Order.State != ledger.Reversing || back.Order.DueAt.Sub(back.Order.UpdatedAt) < 1900*time.Millisecond { // two timeouts
				t.Fatalf("%+v, %v", back, err)
			}
			want(t, s.end(r), ledger.Cancelled)
			if n := w.balance("alice"); n != 100 || w.emu.Calls("pay") != 1 {
				t.Errorf("balance is %d after %d calls", n, w.emu.Calls("pay"))
			}
			w.books(s)
		})
	}
}

func TestADeliveryThatNeverWorksIsLeftToAnOperator(t *testing.T) {
	w := newWorld(t)
	w.tries = 3
	w.game.answerWith(func(ledger.Order) error { return errors.New("no such hero") })
	s := w.open()
	p := w.rich(s, "alice", 100)
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	o := s.end(r)
	want(t, o, ledger.Disputed)
	if n := w.game.calls[o.BillNo]; n != 3 || !strings.Contains(o.Note, "no such hero") {
		t.Errorf("%d tries, note %q", n, o.Note)
	}
	if log := w.log.String(); !strings.Contains(log, o.BillNo) || !strings.Contains(log, "state=disputed") {
		t.Errorf("the log says %s", log)
	}
}

// bag is the host's own table in the ledger's database.
func bag(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO bag (bill_no) VALUES (?)`, o.BillNo)
	return err
}

// database opens the ledger's file beside the ledger.
func (w *world) database() *sql.DB {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	return db
}

func (w *world) inBag(billNo string) (n int) {
	w.t.Helper()
	db := w.database()
	defer db.Close()
	if err := db.QueryRow(`SELECT COUNT(*) FROM bag WHERE bill_no = ?`, billNo).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestDeliveryInTheLedgersTransaction(t *testing.T) {
	for name, c := range map[string]struct {
		first func(ctx context.Context, tx *sql.Tx, o ledger.Order) error
		want  ledger.State
		items int
	}{
		"granted":     {bag, ledger.Delivered, 1},
		"fails once":  {func(context.Context, *sql.Tx, ledger.Order) error { return errors.New("not yet") }, ledger.Delivered, 1},
		"panics once": {func(context.Context, *sql.Tx, ledger.Order) error { panic("oops") }, ledger.Delivered, 1},
		"hangs once":  {func(ctx context.Context, _ *sql.Tx, _ ledger.Order) error { <-ctx.Done(); return ctx.Err() }, ledger.Delivered, 1},
		"half a grant": {func(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
			return errors.Join(bag(ctx, tx, o), errors.New("no"))
		}, ledger.Delivered, 1},
		"refused": {func(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
			return errors.Join(bag(ctx, tx, o), payment.ErrRefuse)
		}, ledger.Cancelled, 0},
		"commits itself": {func(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
			return errors.Join(bag(ctx, tx, o), tx.Commit())
		}, ledger.Delivered, 1},
		"rolls back itself": {func(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
			return errors.Join(bag(ctx, tx, o), tx.Rollback())
		}, ledger.Delivered, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			calls := 0
			w.grant = func(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
				if calls++; calls == 1 {
					return c.first(ctx, tx, o)
				}
				return bag(ctx, tx, o)
			}
			db := w.database()
			if _, err := db.Exec(`CREATE TABLE bag (bill_no TEXT)`); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			s := w.open()
			p := w.rich(s, "alice", 100)
			r, err := s.buy(p, "r1", "sword", 1)
			if err != nil {
				t.Fatal(err)
			}
			o := s.end(r)
			want(t, o, c.want)
			if n := w.inBag(o.BillNo); n != c.items {
				t.Errorf("%d items in the bag", n)
			}
		})
	}
}

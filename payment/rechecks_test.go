package payment_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// lateLanding has a player's deduction held up and its order cancelled, which Midas knew nothing of. pass lets time
// pass by in steps, at Midas as here, in which the server goes on.
func lateLanding(t *testing.T, w *world, delay time.Duration) (s *shop, p payment.Player, bill string, pass func(d, step time.Duration, done func() bool)) {
	t.Helper()
	w.retry = payment.Retry{First: 20 * time.Millisecond, Max: 100 * time.Millisecond, GiveUpAfter: 900 * time.Millisecond}
	s = w.open()
	p = w.rich(s, "alice", 100)
	if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.LateCommit, Unseen: true, Delay: delay}); err != nil {
		t.Fatal(err)
	}
	r, err := s.buy(p, "r1", "sword", 1)
	if err != nil {
		t.Fatal(err)
	}
	o := s.end(r)
	want(t, o, ledger.Cancelled)
	return s, p, o.BillNo, func(d, step time.Duration, done func() bool) {
		for passed := time.Duration(0); passed < d && !done(); passed += step {
			w.emu.Advance(step)
			w.ahead.Add(int64(step))
			s.Wake()
			eventually(t, "nothing is due, nor under way", func() bool {
				if load := s.Stats(); load.Running+load.Waiting > 0 {
					return false
				}
				k, err := s.ledger.Recheck(t.Context(), o.BillNo)
				return errors.Is(err, ledger.ErrNotFound) || err == nil && k.DueAt.After(time.Now().Add(time.Duration(w.ahead.Load())))
			})
		}
	}
}

// A deduction that lands up to a minute late is given back within 5 minutes, up to ten minutes late within an hour, and
// any later one while its bill number lives. The item is not granted.
func TestADeductionThatLandsLateIsGivenBack(t *testing.T) {
	for _, c := range []struct{ late, within, step time.Duration }{
		{20 * time.Second, 5 * time.Minute, 5 * time.Second}, // not sooner: a busy machine takes seconds to call the coins back
		{time.Minute, 5 * time.Minute, 10 * time.Second},
		{10 * time.Minute, time.Hour, time.Minute},
		{30 * time.Hour, 48 * time.Hour, time.Hour},
		{47*time.Hour + 30*time.Minute, 48 * time.Hour, 10 * time.Minute},
	} {
		for _, v2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s late, V2 %t", c.late, v2), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.v2 = v2
				s, p, bill, pass := lateLanding(t, w, c.late)
				back := func() bool { return w.billOf(bill).State == emulator.BillCancelled }
				pass(c.late+c.within, c.step, back)
				if !back() {
					t.Fatalf("%s after it landed the deduction is %q", c.within, w.billOf(bill).State)
				}
				s.until("the balance is told", func() bool {
					last := s.balances[len(s.balances)-1]
					return last.billNo == bill && last.why == payment.ReasonCancel && last.account.Balance.Balance == 100
				})
				eventually(t, "nobody looks any more", func() bool { n, err := s.ledger.CountRechecks(t.Context()); return n == 0 && err == nil })
				if o, err := s.ledger.Order(t.Context(), bill); err != nil || o.State != ledger.Cancelled || s.Stats().LandedLate != 1 {
					t.Errorf("%+v, %v", o, err)
				}
				if n := w.granted(bill); n != 0 || w.emu.Account(emulator.Sandbox, p.OpenID, "1").Balance != 100 {
					t.Errorf("granted %d times", n)
				}
				w.books(s)
			})
		}
	}
}

// What nobody deducts is asked about a few times, and then no more.
func TestACancelledOrderIsAskedAboutAFewTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _, bill, pass := lateLanding(t, w, 1000*time.Hour)
	pass(49*time.Hour, 30*time.Minute, func() bool { return false })
	eventually(t, "nobody looks any more", func() bool { n, err := s.ledger.CountRechecks(t.Context()); return n == 0 && err == nil })
	// Each token that has died by then, after two hours, may cost a call more.
	if n := w.emu.Calls("cancelpay"); n < 6 || n > 15+25 {
		t.Errorf("Midas was asked %d times", n)
	}
	if h, err := s.ledger.History(t.Context(), bill); err != nil || len(h) > 5 {
		t.Errorf("the looks fill the history: %d lines, %v", len(h), err)
	}
}

// Very many of one player's cancelled orders are to be asked about at once. Her lane takes a few at a time, and the
// others follow as soon as these are done.
func TestManyRechecksOfOnePlayerFollowEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _, bill, _ := lateLanding(t, w, 1000*time.Hour)
	const more = 24
	db := openRaw(t, ledger.Config{Driver: "sqlite", DSN: w.path})
	defer db.Close()
	db.SetMaxOpenConns(1) // which has the temporary table
	for n := range more {
		for _, statement := range []string{
			`CREATE TEMP TABLE copy AS SELECT * FROM midas_orders WHERE bill_no = '` + bill + `'`,
			fmt.Sprintf(`UPDATE copy SET bill_no = '01ARZ3NDEKTSV4RRFF%08d', request_id = 'more%d'`, n, n),
			`INSERT INTO midas_orders SELECT * FROM copy`,
			`INSERT INTO midas_rechecks (bill_no, openid, asked, tries, due_at, parked) SELECT bill_no, openid, 9, 0, 1, 0 FROM copy`,
			`DROP TABLE copy`,
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	s.Wake()
	eventually(t, "all have been asked about", func() bool {
		var due int
		err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM midas_rechecks WHERE asked = 9`).Scan(&due)
		return err == nil && due == 0
	})
	w.books(s)
}

// The server dies, the player's session does too, and Midas does not answer: the look waits, and is not forgotten.
func TestALookOutlivesARestartADeadSessionAndAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, p, bill, _ := lateLanding(t, w, 10*time.Second)
	s.shut()
	w.emu.Advance(time.Minute) // it has landed
	w.ahead.Add(int64(time.Minute))
	w.emu.ExpireSession(p.OpenID)
	if err := w.emu.Script("cancelpay", emulator.Fault{Kind: emulator.Fail}, emulator.Fault{Kind: emulator.Cut}); err != nil {
		t.Fatal(err)
	}
	next := w.open()
	eventually(t, "the look waits for a login", func() bool { k, err := next.ledger.Recheck(t.Context(), bill); return err == nil && k.Parked })
	w.login(next, "alice")
	eventually(t, "the coins are back", func() bool { return w.billOf(bill).State == emulator.BillCancelled })
	eventually(t, "nobody looks any more", func() bool { n, err := next.ledger.CountRechecks(t.Context()); return n == 0 && err == nil })
	w.books(next)
}

// Midas keeps what landed late: then the player gets the item.
func TestALateDeductionThatMidasKeepsIsDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _, bill, pass := lateLanding(t, w, 10*time.Second)
	landed := func() bool { return w.billOf(bill).State == emulator.BillPaid }
	w.emu.Advance(10 * time.Second)
	eventually(t, "it has landed", landed)
	if err := w.emu.Script("cancelpay", emulator.Fault{Kind: emulator.Answer, Code: 90014}); err != nil {
		t.Fatal(err)
	}
	pass(5*time.Minute, 10*time.Second, func() bool {
		o, err := s.ledger.Order(t.Context(), bill)
		return err == nil && o.State != ledger.Cancelled
	})
	w.becomes(s, bill, ledger.Delivered) // while the time stands still: it would run away from the claim of a slow machine
	w.books(s)
}

// A server stands still after Midas has deducted, and another cancels the order meanwhile. What the first one knows is
// written to the order when it wakes up, and the books agree.
func TestWhatAnOvertakenServerKnowsIsWrittenToTheOrder(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, w *world, b *shop, p payment.Player, bill string){
		"cancelled by the host": func(t *testing.T, w *world, b *shop, p payment.Player, bill string) {
			if _, err := b.cancel(p, bill); err != nil {
				t.Fatal(err)
			}
			w.becomes(b, bill, ledger.Cancelled)
		},
		"claimed, and no answer": func(t *testing.T, w *world, b *shop, p payment.Player, bill string) {
			if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Fail}); err != nil {
				t.Fatal(err)
			}
			w.ahead.Store(int64(10 * time.Minute))
			b.Wake()
			eventually(t, "the other has asked", func() bool { return w.emu.Calls("pay") == 2 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := newWorld(t)
			second := newWorldOn(t, first.emu, first.url)
			second.path, second.game = first.path, first.game
			for _, w := range []*world{first, second} {
				w.shared, w.idle = true, time.Hour
				w.retry.First, w.retry.Max, w.retry.GiveUpAfter = time.Hour, time.Hour, 20*time.Hour
			}
			gate := newGate(first)
			a, b := first.open(), second.open()
			p2 := second.login(b, "alice")
			p := first.rich(a, "alice", 100)
			gate.stopAt("paying answered")
			answer := make(chan payment.Receipt, 1)
			if err := a.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, _ error) { answer <- r }); err != nil {
				t.Fatal(err)
			}
			gate.arrived(t)
			o, err := b.ledger.OrderOf(t.Context(), p.OpenID, ledger.Purchase, "r1")
			if err != nil {
				t.Fatal(err)
			}
			meanwhile(t, second, b, p2, o.BillNo)
			gate.pass <- struct{}{}
			<-answer
			second.ahead.Store(0)
			eventually(t, "it has ended, and is looked at no more", func() bool {
				b.Wake()
				o, err := b.ledger.Order(t.Context(), o.BillNo)
				looks, failed := b.ledger.CountRechecks(t.Context())
				return err == nil && o.State.Ended() && failed == nil && looks == 0
			})
			second.books(b)
		})
	}
}

// A frozen server does not send its call when it wakes up so late that the order may have been called back.
func TestACallIsNotSentPastItsFence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := newGate(w)
	s := w.open()
	p := w.rich(s, "alice", 100)
	gate.stopAt("paying stored")
	answer := make(chan payment.Receipt, 1)
	if err := s.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, _ error) { answer <- r }); err != nil {
		t.Fatal(err)
	}
	gate.arrived(t)
	o, err := s.ledger.OrderOf(t.Context(), p.OpenID, ledger.Purchase, "r1")
	if err != nil {
		t.Fatal(err)
	}
	// Somebody calls the order back, and is told that there is nothing.
	after := o
	after.State, after.UpdatedAt, after.DueAt, after.Note = ledger.Reversing, time.Now(), time.Now().Add(time.Hour), "called back"
	if _, err := s.ledger.Advance(t.Context(), o, after); err != nil {
		t.Fatal(err)
	}
	time.Sleep(payment.Fence(s.Till)) // the server is frozen for as long as a call may take
	gate.pass <- struct{}{}
	<-answer
	if n := w.emu.Calls("pay"); n != 0 {
		t.Errorf("Midas was asked to deduct %d times", n)
	}
}

// The looks come soon enough after a landing, however late it is and whatever the timeout.
func TestTheScheduleOfLooksKeepsItsPromise(t *testing.T) {
	for _, timeout := range []time.Duration{50 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second, 30 * time.Second} {
		made := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		cancelled := made.Add(5*time.Minute + 3*timeout)
		var looks []time.Duration // after the cancellation
		for at, n := cancelled.Add(payment.FirstRecheck(timeout)), 0; ; n++ {
			looks = append(looks, at.Sub(cancelled))
			next, ends := payment.NextRecheck(timeout, made, at, n, midas.ErrBillUnknown)
			if ends {
				break
			}
			at = next
		}
		if len(looks) > 16 {
			t.Errorf("timeout %s: %d looks", timeout, len(looks))
		}
		for late := time.Second; late < 47*time.Hour+40*time.Minute; late += late/50 + time.Second {
			limit := 48 * time.Hour
			switch {
			case late <= time.Minute:
				limit = 5 * time.Minute
			case late <= 10*time.Minute:
				limit = time.Hour
			}
			found := time.Duration(-1)
			for _, at := range looks {
				if at > late {
					found = at - late
					break
				}
			}
			if found < 0 || found > limit {
				t.Errorf("timeout %s: a landing %s late is found after %s", timeout, late, found)
			}
		}
	}
}

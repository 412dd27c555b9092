package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
	"github.com/leafmidas/leafmidas/payment"
)

// newSharedWorlds are several servers on one ledger and one Midas, each with a game and a clock of its own.
func newSharedWorlds(t *testing.T, driver string, n int) []*world {
	t.Helper()
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	url, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	database := ledgertest.Fresh(t, driver)
	bag := &game{granted: map[string]ledger.Order{}, calls: map[string]int{}} // the game's own, which all servers share
	var worlds []*world
	for i := range n {
		w := newWorldOn(t, emu, url)
		database.Who = fmt.Sprint("server ", i)
		w.ledger, w.game, w.shared, w.idle = database, bag, true, 100*time.Millisecond
		w.retry.GiveUpAfter = 24 * time.Hour // a test that sets a clock does not mean patience
		worlds = append(worlds, w)
	}
	return worlds
}

// gate stops a server at a point between two durable steps, as a machine does that stands still and goes on later.
type gate struct {
	point   atomic.Pointer[string] // nil: nobody is stopped
	reached chan struct{}
	pass    chan struct{}
}

// newGate is to be called before the server is opened. Whoever stands there when the test ends goes on, before anything
// is closed.
func newGate(w *world) *gate {
	g := &gate{reached: make(chan struct{}, 1), pass: make(chan struct{})}
	w.step = func(point string) {
		if at := g.point.Load(); at != nil && *at == point {
			g.point.Store(nil)
			g.reached <- struct{}{}
			<-g.pass
		}
	}
	return g
}

// stopAt stops the next order at the point.
func (g *gate) stopAt(point string) { g.point.Store(&point) }

// arrived waits until an order stands there.
func (g *gate) arrived(t *testing.T) {
	t.Helper()
	select {
	case <-g.reached:
	case <-time.After(soon):
		t.Fatal("it never came so far")
	}
}

// writers are who wrote an order's history, in order and each once.
func writers(t *testing.T, s *shop, bill string) (names []string) {
	t.Helper()
	events, err := s.ledger.History(t.Context(), bill)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if !slices.Contains(names, e.Who) {
			names = append(names, e.Who)
		}
	}
	return names
}

// billOf is a bill at Midas.
func (w *world) billOf(bill string) (found emulator.Bill) {
	for _, b := range w.emu.Bills() {
		if b.BillNo == bill {
			found = b
		}
	}
	return found
}

// A server takes an order and asks Midas, and then stands still, or its call does. When its lease has ended, and not
// before, another goes on with the same bill number. What comes of the first one's call after that, for it is alive,
// changes nothing.
func TestALeaseThatEndsLetsAnotherServerGoOn(t *testing.T) {
	const life = 20 * time.Second // of a lease: payment.New's, by the timeouts of these tests
	for name, fault := range map[string]emulator.Fault{
		"its answer is late": {Kind: emulator.OK},
		"its call is late":   {Kind: emulator.LateCommit, Unseen: true, Delay: time.Hour},
	} {
		for _, driver := range []string{"postgres", "mysql"} {
			t.Run(driver+", "+name, func(t *testing.T) {
				worlds := newSharedWorlds(t, driver, 2)
				slow, quick := worlds[0], worlds[1]
				slow.idle = time.Hour // what is due is the other's to take
				gate := newGate(slow)
				a, b := slow.open(), quick.open()
				release := sync.OnceFunc(func() { close(gate.pass) })
				t.Cleanup(release)
				p := slow.rich(a, "alice", 100)
				quick.rich(b, "bob", 100)

				if err := slow.emu.Script("pay", fault); err != nil {
					t.Fatal(err)
				}
				gate.stopAt("paying answered")
				answer := make(chan payment.Receipt, 1)
				if err := a.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, _ error) { answer <- r }); err != nil {
					t.Fatal(err)
				}
				gate.arrived(t)
				held, err := a.ledger.OrderOf(t.Context(), p.OpenID, ledger.Purchase, "r1")
				if left := time.Until(held.DueAt); err != nil || held.State != ledger.Paying || left < life/2 || left > life {
					t.Fatalf("%+v, %v", held, err)
				}

				// Ten seconds before the end the other takes what is due, and leaves this.
				quick.ahead.Store(int64(time.Until(held.DueAt) - 10*time.Second))
				now := time.Now()
				if _, _, err := a.ledger.Create(t.Context(), ledger.Order{
					BillNo: "bobs", Kind: ledger.Purchase, OpenID: emulator.OpenIDOf("bob"), ZoneID: "1", RequestID: "b1", ItemID: "potion", Quantity: 1, Amount: 2,
					DueAt: now, CreatedAt: now, UpdatedAt: now,
				}); err != nil {
					t.Fatal(err)
				}
				quick.becomes(b, "bobs", ledger.Delivered)
				if o, err := b.ledger.Order(t.Context(), held.BillNo); err != nil || o.Version != held.Version {
					t.Errorf("taken before its time: %+v, %v", o, err)
				}

				// Nor does it take it when only its own clock says that the lease has ended: two machines' clocks may differ by a
				// minute each.
				quick.ahead.Store(int64(time.Until(held.DueAt) + 2*time.Minute))
				if _, _, err := a.ledger.Create(t.Context(), ledger.Order{
					BillNo: "bobs-2", Kind: ledger.Purchase, OpenID: emulator.OpenIDOf("bob"), ZoneID: "1", RequestID: "b2", ItemID: "potion", Quantity: 1, Amount: 2,
					DueAt: now, CreatedAt: now, UpdatedAt: now,
				}); err != nil {
					t.Fatal(err)
				}
				b.Wake()
				quick.becomes(b, "bobs-2", ledger.Delivered)
				if o, err := b.ledger.Order(t.Context(), held.BillNo); err != nil || o.Version != held.Version {
					t.Errorf("taken by a clock that is ahead: %+v, %v", o, err)
				}

				quick.ahead.Store(int64(time.Until(held.DueAt) + 4*time.Minute)) // no clock is so far ahead
				b.Wake()
				done := quick.becomes(b, held.BillNo, ledger.Delivered)
				slow.emu.Advance(2 * time.Hour) // the call arrives
				release()
				if r := <-answer; r.Order.State == ledger.Delivered {
					t.Errorf("the first one thinks that it did it: %+v", r)
				}
				if n := slow.billOf(held.BillNo).Attempts; n != 2 {
					t.Errorf("Midas was asked %d times", n)
				}
				if o, err := b.ledger.Order(t.Context(), held.BillNo); err != nil || o.Version != done.Version || o.State != ledger.Delivered {
					t.Errorf("it was %+v and is %+v, %v", done, o, err)
				}
				if w := writers(t, b, held.BillNo); !slices.Equal(w, []string{"server 0", "server 1"}) {
					t.Errorf("%q worked on it", w)
				}
				if !strings.Contains(slow.log.String(), "order changed ") {
					t.Error("the first one was not refused")
				}
				if n, left := quick.granted(held.BillNo), quick.balance("alice"); n != 1 || left != 40 {
					t.Errorf("granted %d times, %d coins left", n, left)
				}
				quick.books(b)
			})
		}
	}
}

// Two servers work on one order at once, because one thinks that the other's lease has ended: it overtakes the other at
// every point of an order's life, and the other goes on where it stood. The player pays once, and gets the item once; a
// host that grants by itself may be asked twice, under one bill number.
func TestTwoServersOnOneOrderPayOnce(t *testing.T) {
	points := map[string]struct{ pays, deliveries int }{
		"paying stored":   {2, 1}, // the order is made, and Midas is about to be asked, at most: the mark may be too old by then
		"paying answered": {2, 1}, // Midas has answered, and nobody knows
		"paid stored":     {1, 2}, // the host is about to be asked
		"paid answered":   {1, 2}, // the host has granted it, and nobody knows
	}
	for _, driver := range []string{"postgres", "mysql"} {
		for _, inTransaction := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, in the ledger's transaction %t", driver, inTransaction), func(t *testing.T) {
				worlds := newSharedWorlds(t, driver, 2)
				slow, quick := worlds[0], worlds[1]
				db := openRaw(t, slow.ledger)
				defer db.Close()
				if inTransaction {
					if _, err := db.Exec(`CREATE TABLE grants (bill_no VARCHAR(64) NOT NULL)`); err != nil { // a bill may be in it twice
						t.Fatal(err)
					}
					for _, w := range worlds {
						w.grant = func(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
							if _, err := tx.ExecContext(ctx, `INSERT INTO grants (bill_no) VALUES ('`+o.BillNo+`')`); err != nil {
								return err
							}
							return w.game.deliver(ctx, o)
						}
					}
				}
				quick.idle = time.Hour // it looks when it is told to, so that it does not overtake the other too soon
				gate := newGate(slow)
				a, b := slow.open(), quick.open()
				t.Cleanup(func() { close(gate.pass) })
				p := slow.rich(a, "alice", 1000)
				quick.ahead.Store(int64(10 * time.Minute)) // whatever the other holds seems to be free
				bought, asked := 0, 0
				for point, want := range points {
					before := slow.emu.Calls("pay")
					over := inTransaction && point == "paid answered" // the order has ended with the grant, and there is nothing left to take
					if inTransaction {
						want.deliveries = 1
					}
					gate.stopAt(point)
					answer := make(chan payment.Receipt, 1)
					if err := a.Purchase(p, payment.PurchaseRequest{RequestID: point, ItemID: "potion", Quantity: 1}, func(r payment.Receipt, _ error) { answer <- r }); err != nil {
						t.Fatal(err)
					}
					gate.arrived(t)
					o, err := b.ledger.OrderOf(t.Context(), p.OpenID, ledger.Purchase, point)
					if err != nil {
						t.Fatal(err)
					}
					b.Wake()
					after := quick.becomes(b, o.BillNo, ledger.Delivered)
					if w := writers(t, b, o.BillNo); !over && !slices.Equal(w, []string{"server 0", "server 1"}) {
						t.Errorf("%s: %q worked on it", point, w)
					}
					gate.pass <- struct{}{}
					<-answer
					if now, err := b.ledger.Order(t.Context(), o.BillNo); err != nil || now != after {
						t.Errorf("%s: it was %+v and is %+v, %v", point, after, now, err)
					}
					if point == "paying stored" && slow.emu.Calls("pay")-before == 1 { // the mark was too old by then to send anything
						want.pays = 1
					}
					bought, asked = bought+1, asked+want.pays
					if n, bill := slow.emu.Calls("pay")-before, slow.billOf(o.BillNo); n != want.pays || bill.Attempts != want.pays || bill.State != emulator.BillPaid {
						t.Errorf("%s: %d calls of pay, at Midas %+v", point, n, bill)
					}
					delivered := slow.granted(o.BillNo)
					if inTransaction {
						if err := db.QueryRow(`SELECT COUNT(*) FROM grants WHERE bill_no = '` + o.BillNo + `'`).Scan(&delivered); err != nil {
							t.Fatal(err)
						}
					}
					if delivered != want.deliveries {
						t.Errorf("%s: delivered %d times", point, delivered)
					}
				}
				if n := slow.emu.Calls("pay"); n != asked || n < bought {
					t.Errorf("%d calls of pay for %d orders", n, bought)
				}
				if left, kept := slow.balance("alice"), slow.emu.Totals().Deducted; left != int64(1000-2*bought) || kept != int64(2*bought) {
					t.Errorf("%d coins left, %d deducted for %d potions", left, kept, bought)
				}
				slow.books(b)
			})
		}
	}
}

// One server asks Midas once more, long after the last answer was stored, and its call lands late. Meanwhile the host
// cancels the order on another server, which cannot know of that call.
func TestACancellationWaitsForACallThatAnotherServerHasJustSent(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			worlds := newSharedWorlds(t, driver, 2)
			for _, w := range worlds {
				w.retry.First, w.retry.Max = 3*time.Second, 3*time.Second // more than a call may take to land
			}
			worlds[1].idle = time.Hour // what is due is the first one's to take
			a, b := worlds[0].open(), worlds[1].open()
			p := worlds[0].rich(a, "alice", 100)
			if err := worlds[0].emu.Script("pay", emulator.Fault{Kind: emulator.Cut}, emulator.Fault{Kind: emulator.LateCommit, Unseen: true, Delay: 300 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			r, err := a.buy(p, "r1", "sword", 1)
			if err != nil || r.Order.State != ledger.Paying {
				t.Fatalf("%+v, %v", r, err)
			}
			eventually(t, "it is asked for again", func() bool { return worlds[0].emu.Calls("pay") == 2 })
			if back, err := b.cancel(p, r.Order.BillNo); err != nil || back.Order.State != ledger.Reversing {
				t.Fatalf("%+v, %v", back, err)
			}
			worlds[1].becomes(b, r.Order.BillNo, ledger.Cancelled)
			if bill := worlds[0].billOf(r.Order.BillNo); bill.State != emulator.BillCancelled || worlds[0].balance("alice") != 100 {
				t.Errorf("at Midas %+v, %d coins left", bill, worlds[0].balance("alice"))
			}
			worlds[0].books(b)
		})
	}
}

// Which server is delivering an order only that one knows.
func TestAPaidOrderIsNotCancelledBehindItsDelivery(t *testing.T) {
	worlds := newSharedWorlds(t, "postgres", 2)
	gate := newGate(worlds[0])
	a, b := worlds[0].open(), worlds[1].open()
	t.Cleanup(func() { close(gate.pass) })
	p := worlds[0].rich(a, "alice", 100)
	gate.stopAt("paid stored")
	answer := make(chan payment.Receipt, 1)
	if err := a.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, _ error) { answer <- r }); err != nil {
		t.Fatal(err)
	}
	gate.arrived(t)
	o, err := b.ledger.OrderOf(t.Context(), p.OpenID, ledger.Purchase, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := b.cancel(p, o.BillNo); !errors.Is(err, payment.ErrNotCancellable) || r.Order.State != ledger.Paid {
		t.Errorf("%+v, %v", r, err)
	}
	gate.pass <- struct{}{}
	if r := <-answer; r.Order.State != ledger.Delivered || worlds[0].game.calls[o.BillNo] != 1 {
		t.Errorf("%+v after %d deliveries", r, worlds[0].game.calls[o.BillNo])
	}
	if r, err := b.cancel(p, o.BillNo); err != nil || r.Order.State != ledger.Cancelled {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTheSameRequestOfManyServersIsOneOrder(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			worlds := newSharedWorlds(t, driver, 4)
			var shops []*shop
			for _, w := range worlds {
				shops = append(shops, w.open())
			}
			p := worlds[0].rich(shops[0], "alice", 1000)
			for n := range 10 {
				var all sync.WaitGroup
				var mu sync.Mutex
				bills := map[string]bool{}
				for _, s := range shops {
					all.Go(func() {
						r, err := s.buy(p, fmt.Sprint("r", n), "potion", 1)
						mu.Lock()
						defer mu.Unlock()
						if err != nil {
							t.Error(err)
						}
						bills[r.Order.BillNo] = true
					})
				}
				all.Wait()
				if len(bills) != 1 {
					t.Errorf("request %d is bills %v", n, bills)
				}
				for bill := range bills {
					worlds[0].becomes(shops[0], bill, ledger.Delivered)
				}
			}
			worlds[0].books(shops[0])
		})
	}
}

// A call is refused because the player has just logged in elsewhere. That login finds nothing parked yet; so whoever
// parks the order has to see it.
func TestALoginElsewhereWhileAnOrderIsBeingParkedIsNotMissed(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		for _, gone := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, gone=%t", driver, gone), func(t *testing.T) {
				worlds := newSharedWorlds(t, driver, 2)
				b := worlds[1].open()
				var a *shop
				var once sync.Once
				worlds[0].step = func(point string) {
					if point != "paying answered" {
						return
					}
					once.Do(func() {
						if gone {
							a.Forget(emulator.OpenIDOf("alice"), "1", true)
						}
						worlds[1].login(b, "alice")
					})
				}
				a = worlds[0].open()
				p := worlds[0].rich(a, "alice", 100)
				worlds[0].emu.ExpireSession(p.OpenID)
				r, err := a.buy(p, "r1", "sword", 1)
				if err != nil {
					t.Fatal(err)
				}
				worlds[1].becomes(b, r.Order.BillNo, ledger.Delivered)
				worlds[1].books(b)
			})
		}
	}
}

// A till that was told "still open" of another server's order hears the end, though nobody tells it.
func TestTheEndOfAnothersOrderIsSeen(t *testing.T) {
	worlds := newSharedWorlds(t, "postgres", 2)
	a, b := worlds[0].open(), worlds[1].open()
	p := worlds[0].rich(a, "alice", 100)
	if err := worlds[0].emu.Script("pay", emulator.Fault{Kind: emulator.Slow, Delay: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	first := make(chan payment.Receipt, 1)
	if err := a.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, _ error) { first <- r }); err != nil {
		t.Fatal(err)
	}
	var again payment.Receipt
	eventually(t, "the other server finds the order", func() bool {
		o, err := b.ledger.OrderOf(t.Context(), p.OpenID, ledger.Purchase, "r1")
		again.Order = o
		return err == nil
	})
	again, err := b.buy(p, "r1", "sword", 1)
	if err != nil || !again.Known {
		t.Fatalf("%+v, %v", again, err)
	}
	ended := make(chan payment.Receipt, 2)
	for range 2 { // a client that asks again and again is told once
		b.Watch(again.Order, func(r payment.Receipt) { ended <- r })
	}
	select {
	case r := <-ended:
		want(t, r.Order, ledger.Delivered)
	case <-time.After(soon):
		t.Fatal("never seen")
	}
	want(t, (<-first).Order, ledger.Delivered)
	select {
	case r := <-ended:
		t.Errorf("told again: %+v", r)
	case <-time.After(2 * payment.FirstWatch):
	}
	if b.Watched(again.Order.BillNo) {
		t.Error("it is still watched")
	}
}

// A claim is for one step. Orders that wait behind each other for their player's lane may wait for longer than that.
func TestAClaimThatHasWaitedIsRenewedBeforeItsStep(t *testing.T) {
	slow := newSharedWorlds(t, "postgres", 1)[0]
	a := slow.open()
	p := slow.rich(a, "alice", 100)
	slow.game.answerWith(func(ledger.Order) error { return errors.New("not now") })
	var bills []string
	for n := range 2 {
		r, err := a.buy(p, fmt.Sprint("r", n), "potion", 1)
		if err != nil || r.Order.State != ledger.Paid {
			t.Fatalf("%+v, %v", r, err)
		}
		bills = append(bills, r.Order.BillNo)
	}
	a.shut()
	db := openRaw(t, slow.ledger)
	defer db.Close()
	if _, err := db.Exec(`UPDATE midas_orders SET due_at = 1`); err != nil { // both at once, whatever the stop has cut short
		t.Fatal(err)
	}
	// Both are claimed at once, and the first delivery takes most of a claim's life: by the clock of this server.
	var first sync.Once
	slow.game.answerWith(func(ledger.Order) error {
		first.Do(func() { slow.ahead.Add(int64(15 * time.Second)) })
		return nil
	})
	b := slow.open()
	for _, bill := range bills {
		slow.becomes(b, bill, ledger.Delivered)
	}
	renewed := 0
	for _, bill := range bills {
		history, err := b.ledger.History(t.Context(), bill)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range history {
			if i > 0 && e.From == ledger.Paid && e.To == ledger.Paid && e.At.Sub(history[i-1].At) > 10*time.Second {
				renewed++
			}
		}
	}
	if renewed != 1 {
		t.Errorf("%d claims renewed", renewed)
	}
}

package payment_test

import (
	"fmt"
	"sync"
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
	for range n {
		w := newWorldOn(t, emu, url)
		w.ledger, w.game, w.shared, w.idle = database, bag, true, 100*time.Millisecond
		w.retry.GiveUpAfter = 24 * time.Hour // a test that sets a clock does not mean patience
		worlds = append(worlds, w)
	}
	return worlds
}

// A server takes an order, and Midas leaves it hanging. When its lease has ended another goes on with the same bill number; the
// first one's answer, when it comes after all, changes nothing.
func TestALeaseThatEndsLetsAnotherServerGoOn(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			worlds := newSharedWorlds(t, driver, 2)
			dying, living := worlds[0], worlds[1]
			dying.retry = payment.Retry{First: 30 * time.Minute, Max: 30 * time.Minute, GiveUpAfter: 24 * time.Hour} // it never asks again
			a := dying.open()
			p := dying.rich(a, "alice", 100)
			if err := dying.emu.Script("pay", emulator.Fault{Kind: emulator.Cut, Commit: true}); err != nil {
				t.Fatal(err)
			}
			r, err := a.buy(p, "r1", "sword", 1)
			if err != nil || r.Order.State != ledger.Paying {
				t.Fatalf("%+v, %v", r, err)
			}
			a.shut() // as if by SIGKILL: what it held is still its own in the ledger
			b := living.open()
			living.login(b, "alice")
			if o, err := b.ledger.Order(t.Context(), r.Order.BillNo); err != nil || o.State.Ended() {
				t.Errorf("taken before its time: %+v, %v", o, err)
			}
			living.ahead.Store(int64(2 * time.Hour)) // the lease has ended
			living.becomes(b, r.Order.BillNo, ledger.Delivered)
			if n := living.emu.Calls("pay"); n != 2 {
				t.Errorf("%d calls of pay", n)
			}
			living.books(b)
		})
	}
}

// Two servers that work on one order at once, because one thinks that the other's lease has ended, pay once and deliver
// under one bill number.
func TestTwoServersOnOneOrderPayOnce(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			worlds := newSharedWorlds(t, driver, 2)
			a, b := worlds[0].open(), worlds[1].open()
			worlds[1].ahead.Store(int64(10 * time.Minute)) // whatever the other holds seems to be free
			p := worlds[0].rich(a, "alice", 1000)
			for n := range 20 {
				if n%2 == 0 {
					if err := worlds[0].emu.Script("pay", emulator.Fault{Kind: emulator.Slow, Delay: 150 * time.Millisecond}); err != nil {
						t.Fatal(err)
					}
				}
				r, err := a.buy(p, fmt.Sprint("r", n), "potion", 1)
				if err != nil {
					t.Fatal(err)
				}
				worlds[0].becomes(a, r.Order.BillNo, ledger.Delivered)
			}
			worlds[0].books(a)
			bills := map[string]bool{}
			for _, bill := range worlds[0].emu.Bills() {
				if bills[bill.BillNo] {
					t.Errorf("%s was paid twice", bill.BillNo)
				}
				bills[bill.BillNo] = true
			}
			if len(bills) != 20 || worlds[0].balance("alice") != 1000-20*2 {
				t.Errorf("%d bills, balance %d", len(bills), worlds[0].balance("alice"))
			}
			_ = b
		})
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

// A call is refused because the player has just logged in elsewhere. That login finds nothing parked yet; so whoever parks the order
// has to see it.
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
	ended := make(chan payment.Receipt, 1)
	b.Watch(again.Order, func(r payment.Receipt) { ended <- r })
	select {
	case r := <-ended:
		want(t, r.Order, ledger.Delivered)
	case <-time.After(soon):
		t.Fatal("never seen")
	}
	want(t, (<-first).Order, ledger.Delivered)
}

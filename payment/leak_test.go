package payment_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// Orders by the thousand whose calls all time out leave nothing behind: no goroutine, no memory. Time is virtual.
func TestTimeoutsLeaveNothingBehind(t *testing.T) {
	const orders, players = 1_000, 100
	folder := memory(t)
	synctest.Test(t, func(t *testing.T) {
		s := &story{
			model: newModel(), path: filepath.Join(folder, "leak.db"), granted: map[string]int{}, asked: map[string]string{},
			quiet: slog.New(slog.DiscardHandler),
		}
		s.open()
		defer s.shut()
		for n := range players {
			s.balance[player(n).OpenID], s.saved[player(n).OpenID] = 1_000_000, 1_000_000
			s.login(n)
		}
		time.Sleep(time.Second)
		// buy asks for a round of purchases, of which every first call hangs until it times out.
		buy := func(round int) {
			s.mu.Lock()
			s.luck = slices.Repeat([]misfortune{hangDone}, players)
			s.mu.Unlock()
			for n := range players {
				request := payment.PurchaseRequest{RequestID: fmt.Sprint("r", round), ItemID: "potion", Quantity: 1}
				if err := s.proc.Purchase(player(n), request, func(payment.Receipt, error) {}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Minute)
		}
		look := func() (goroutines int, heap uint64) {
			synctest.Wait()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return runtime.NumGoroutine(), m.HeapAlloc
		}
		for round := range 5 {
			buy(round)
		}
		goroutines, heap := look()
		for round := range orders/players - 5 {
			buy(5 + round)
		}
		goroutinesAfter, heapAfter := look()
		// The model remembers every bill: that is the test's, and about 300 bytes for each.
		if goroutinesAfter > goroutines+5 || heapAfter > heap+orders*600 {
			t.Errorf("goroutines: %d, and then %d; heap: %d, and then %d bytes", goroutines, goroutinesAfter, heap, heapAfter)
		}
		books, err := s.proc.ledger.Books(t.Context())
		if err != nil || books.Orders[ledger.Delivered] != orders {
			t.Errorf("%v, %v", books.Orders, err)
		}
	})
}

package payment_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// smallDisk is a disk in memory.
type smallDisk struct {
	t      *testing.T
	folder string
}

// newSmallDisk mounts one, for which the test has to be root.
func newSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	d := &smallDisk{t, filepath.Join(t.TempDir(), "disk")}
	if err := os.Mkdir(d.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", d.folder, "tmpfs", 0, "size=64m"); errors.Is(err, syscall.EPERM) {
		t.Skip("only root may mount a small disk")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

// fill leaves no room on the disk: not one page more than is used.
func (d *smallDisk) fill() {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(d.folder, &stat); err != nil {
		d.t.Error(err)
	}
	d.resize(fmt.Sprint((stat.Blocks - stat.Bfree) * uint64(stat.Bsize)))
}

func (d *smallDisk) clear() { d.resize("64m") }

func (d *smallDisk) resize(size string) {
	if err := syscall.Mount("tmpfs", d.folder, "tmpfs", syscall.MS_REMOUNT, "size="+size); err != nil {
		d.t.Errorf("make the disk %s large: %v", size, err)
	}
}

// The disk that the ledger lies on becomes full between any two steps of an order, and has room again later. Nothing is
// lost, nothing is granted twice, and the server that met it goes on by itself.
func TestADiskThatIsFullInTheMiddleOfAStepCostsNothing(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		points := []string{"paying stored", "paying answered", "paid stored", "paid answered"}
		ends := ledger.Delivered
		if refuse {
			points, ends = []string{"paid answered", "refunding stored", "refunding answered"}, ledger.Cancelled
		}
		for _, point := range points {
			t.Run(fmt.Sprintf("full at %s, refused %t", point, refuse), func(t *testing.T) {
				t.Parallel()
				disk := newSmallDisk(t)
				w := newWorld(t)
				w.path = filepath.Join(disk.folder, "orders.db")
				if refuse {
					w.game.answerWith(func(ledger.Order) error { return payment.ErrRefuse })
				}
				var full atomic.Bool
				armed := make(chan struct{})
				w.step = func(at string) {
					select {
					case <-armed:
						if at == point && full.CompareAndSwap(false, true) {
							disk.fill()
						}
					default:
					}
				}
				s := w.open()
				p := w.rich(s, "alice", 100)
				close(armed)
				asked := make(chan payment.Receipt, 1)
				if err := s.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, func(r payment.Receipt, _ error) {
					asked <- r
				}); err != nil {
					t.Fatal(err)
				}
				eventually(t, "a write fails", func() bool { return full.Load() && s.Stats().Starved > 0 })
				disk.clear()
				r := <-asked
				if r.Order.BillNo == "" {
					t.Fatal("the order was made before the disk was full, and its number is not told")
				}
				want(t, s.end(r), ends)
				if n := w.granted(r.Order.BillNo); (n > 0) == refuse {
					t.Errorf("granted %d times", n)
				}
				w.books(s)
			})
		}
	}
}

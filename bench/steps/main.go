// Steps takes orders through all their steps on a ledger, and says what that cost this process. It uses no more of the
// ledger than every version of it has, so that it can be built at any commit.
//
//	steps DRIVER DSN
//
// Each line of its input is a number of orders; each line of its output the nanoseconds of processor time they took of
// this process.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/ledger"
)

// atOnce is how many orders are under way.
const atOnce = 50

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "steps:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	orders, err := ledger.Open(ctx, ledger.Config{Driver: os.Args[1], DSN: os.Args[2]})
	if err != nil {
		return err
	}
	defer orders.Close()
	var bill atomic.Int64
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		count, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		before := spent()
		group, inner := errgroup.WithContext(ctx)
		for first := range atOnce {
			group.Go(func() error {
				for n := first; n < count; n += atOnce {
					if err := throughAllSteps(inner, orders, bill.Add(1)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		fmt.Println((spent() - before).Nanoseconds())
	}
	return nil
}

func throughAllSteps(ctx context.Context, orders *ledger.Ledger, n int64) error {
	now := time.Now()
	o, _, err := orders.Create(ctx, ledger.Order{
		BillNo: fmt.Sprintf("T%025d", n), Kind: ledger.Purchase, OpenID: fmt.Sprintf("oPlayer-of-transitions-%05d", n%10_000), ZoneID: "1",
		RequestID: fmt.Sprint("r", n), ItemID: "potion", Quantity: 1, Amount: 1, State: ledger.Created, CreatedAt: now, UpdatedAt: now, DueAt: now.Add(time.Minute),
	})
	for _, to := range []ledger.State{ledger.Paying, ledger.Paid, ledger.Delivered} {
		if err != nil {
			return err
		}
		after := o
		after.State, after.UpdatedAt = to, time.Now()
		if to.Ended() {
			after.DueAt = time.Time{}
		}
		o, err = orders.Advance(ctx, o, after)
	}
	return err
}

func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it does not fail with these arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package payment

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestRefusedCodesAreRememberedWithinABound(t *testing.T) {
	l := newLogins(1, 10, 1_000_000)
	for n := range 3 * codesKept {
		l.refuse(fmt.Sprint("code ", n))
		l.refuse(fmt.Sprint("code ", n))
	}
	if len(l.refused) != codesKept || len(l.ring) != codesKept {
		t.Errorf("%d codes are remembered", len(l.refused))
	}
	if !l.isRefused(fmt.Sprint("code ", 3*codesKept-1)) || !l.isRefused(fmt.Sprint("code ", 2*codesKept)) || l.isRefused("code 0") {
		t.Error("others than the last ones are remembered")
	}
}

// However many wait, no more codes are refused than the bound says; good ones are not held up while there is none.
func TestRefusedLoginsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(20, 1000, 20)
		asked := 0
		for n := range 1000 {
			if err := l.lanes.add(n, false, func(ctx context.Context) {
				if l.mayAsk(ctx) == nil {
					l.mu.Lock()
					asked++
					l.mu.Unlock()
					time.Sleep(300 * time.Millisecond) // WeChat
					l.refuse(fmt.Sprint(n))
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		l.mu.Lock()
		if bound := 40 + 20*10 + 2*20; asked > bound || asked < 100 {
			t.Errorf("%d were asked about in 10 s", asked)
		}
		l.mu.Unlock()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l.lanes.drain(ctx)

		l = newLogins(2, 1000, 20)
		began := time.Now()
		for n := range 500 {
			_ = l.lanes.add(n, false, func(ctx context.Context) {
				if err := l.mayAsk(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		l.lanes.drain(t.Context())
		if took := time.Since(began); took != 0 {
			t.Errorf("500 good ones took %s", took)
		}
	})
}

func TestAnAskerHasFewCodesWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins(1, 10, 20)
		hold := make(chan struct{})
		var refused int
		for range 10 {
			if err := l.lanes.add("connection", false, func(context.Context) { <-hold }); errors.Is(err, ErrBusy) {
				refused++
			}
			synctest.Wait()
		}
		close(hold)
		l.lanes.drain(t.Context())
		if refused != 10-1-codesPerAsker {
			t.Errorf("%d of 10 are refused", refused)
		}
	})
}

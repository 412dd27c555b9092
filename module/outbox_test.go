package module

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/msg"
)

// fakeAgent is a connection that keeps what is written to it, or panics as Leaf's does over TLS with a slow client.
type fakeAgent struct {
	gate.Agent // what nobody may call
	panics     bool

	mu       sync.Mutex
	versions []int64
	times    []time.Time
	others   []any
}

func (a *fakeAgent) WriteMsg(m any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b, ok := m.(*msg.MidasBalance); ok {
		a.versions, a.times = append(a.versions, b.GetVersion()), append(a.times, time.Now())
	} else {
		a.others = append(a.others, m)
	}
	if a.panics {
		panic("interface conversion: net.Conn is *tls.Conn, not *net.TCPConn")
	}
}

func (a *fakeAgent) got() []int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.versions)
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func version(v int64) *msg.MidasBalance { return &msg.MidasBalance{Version: v} }

func expectVersions(t *testing.T, a *fakeAgent, want ...int64) {
	t.Helper()
	if got := a.got(); !slices.Equal(got, want) {
		t.Errorf("sent versions %v, not %v", got, want)
	}
}

func TestOfManyPushesTheFirstGoesAtOnceAndThenOnlyTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, a := newOutbox(quietLog()), &fakeAgent{}
		for v := range int64(1000) {
			o.push(a, version(v+1))
		}
		expectVersions(t, a, 1)
		time.Sleep(pushGap)
		synctest.Wait()
		expectVersions(t, a, 1, 1000)
		o.push(a, version(1001))
		o.push(a, version(1002))
		expectVersions(t, a, 1, 1000) // the gap begins anew with each push
		time.Sleep(pushGap)
		synctest.Wait()
		expectVersions(t, a, 1, 1000, 1002)
		time.Sleep(10 * pushGap)
		synctest.Wait()
		expectVersions(t, a, 1, 1000, 1002)
		o.push(a, version(1003)) // after a rest, at once again
		expectVersions(t, a, 1, 1000, 1002, 1003)
		o.close()
	})
}

func TestAHeldBackBalanceIsNotReplacedByAnOlderOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, a := newOutbox(quietLog()), &fakeAgent{}
		for _, v := range []int64{1, 5, 3, 4} {
			o.push(a, version(v))
		}
		time.Sleep(pushGap)
		synctest.Wait()
		expectVersions(t, a, 1, 5)
		o.close()
	})
}

func TestNoConnectionGetsTwoPushesWithinTheGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, agents := newOutbox(quietLog()), []*fakeAgent{{}, {}, {}}
		var all sync.WaitGroup
		var newest atomic.Int64
		for worker := range int64(8) {
			all.Go(func() {
				for i := range int64(200) {
					o.push(agents[(worker+i)%3], version(newest.Add(1)))
					time.Sleep(time.Duration(worker+1) * time.Millisecond)
				}
			})
		}
		all.Wait()
		o.close()
		for _, a := range agents {
			if len(a.times) < 10 || len(a.times) > 30 {
				t.Errorf("%d pushes in 1.6 s", len(a.times))
			}
			for i := 1; i < len(a.times); i++ {
				if gap := a.times[i].Sub(a.times[i-1]); gap < pushGap && i < len(a.times)-1 { // the last one leaves at the close
					t.Errorf("two pushes within %s", gap)
				}
			}
		}
	})
}

func TestCloseSendsWhatIsHeldBackAndLeavesNothingRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		o, a, b := newOutbox(quietLog()), &fakeAgent{}, &fakeAgent{}
		o.push(a, version(1))
		o.push(a, version(2))
		o.push(a, version(3))
		o.push(b, version(1))
		o.close()
		expectVersions(t, a, 1, 3)
		expectVersions(t, b, 1)
		if len(o.slots) != 0 {
			t.Errorf("%d slots are left", len(o.slots))
		}
		o.push(a, version(4)) // too late to hold anything back
		expectVersions(t, a, 1, 3, 4)
		time.Sleep(time.Second)
		synctest.Wait()
		expectVersions(t, a, 1, 3, 4)
	})
}

func TestAnOlderBalanceIsNotPushedAfterANewerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, a := newOutbox(quietLog()), &fakeAgent{}
		o.push(a, version(5))
		time.Sleep(2 * pushGap)
		o.push(a, version(4)) // seen before 5 by another server
		time.Sleep(2 * pushGap)
		expectVersions(t, a, 5)
		o.answer(a, version(3)) // what was asked for is told
		o.push(a, version(6))
		expectVersions(t, a, 5, 3, 6)
		time.Sleep(2 * pushGap)
		o.answer(a, version(9))
		o.push(a, version(8))
		time.Sleep(2 * pushGap)
		expectVersions(t, a, 5, 3, 6, 9)
		o.push(a, version(9)) // for another reason
		expectVersions(t, a, 5, 3, 6, 9, 9)
		o.close()
	})
}

func TestAConnectionIsForgottenAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(quietLog())
		for range 1000 {
			o.push(&fakeAgent{}, version(1))
		}
		time.Sleep(2*pushGap + pushMemory)
		synctest.Wait()
		o.mu.Lock()
		defer o.mu.Unlock()
		if n := len(o.slots); n != 0 {
			t.Errorf("%d connections are remembered", n)
		}
	})
}

func TestAConnectionThatPanicsHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, bad, good := newOutbox(quietLog()), &fakeAgent{panics: true}, &fakeAgent{}
		var workers sync.WaitGroup
		for i := range int64(10) {
			workers.Go(func() { // outside of Leaf's loops nothing else would catch it: the process would end
				o.send(bad, &msg.MidasError{})
				o.push(bad, version(i+1))
				o.push(good, version(i+1))
			})
		}
		workers.Wait()
		time.Sleep(3 * pushGap) // the one held back panics on a timer's goroutine
		synctest.Wait()
		tried := bad.got()
		if len(tried) == 0 || len(tried) > 2 || tried[len(tried)-1] != 10 {
			t.Errorf("balances %v were tried", tried)
		}
		if got := good.got(); len(got) == 0 || len(got) > 2 || got[len(got)-1] != 10 {
			t.Errorf("the other connection got %v", got)
		}
		o.push(bad, version(20))
		o.push(bad, version(21)) // and the last on the closing goroutine
		o.close()
		expectVersions(t, bad, append(tried, 20, 21)...)
	})
}

package plugin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// door is a domain by which the emulated Midas is reached.
type door struct {
	*httptest.Server
	dead  atomic.Bool
	calls atomic.Int64
}

func newDoor(t *testing.T, midas func() http.Handler) *door {
	d := &door{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.dead.Load() {
			panic(http.ErrAbortHandler)
		}
		d.calls.Add(1)
		midas().ServeHTTP(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

// One domain dies while players buy, and comes back: every purchase is delivered, the shop is never closed, and the
// books agree.
func TestPurchasesGoOnWhileADomainIsDead(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"v1", "v2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			emu, err := emulator.New(emulator.Config{AutoCodes: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = emu.Close() })
			first, second := newDoor(t, func() http.Handler { return emu }), newDoor(t, func() http.Handler { return emu })
			s := start(t, func(set *setup) {
				set.emu = emu
				set.config.Protocol, set.config.BaseURL, set.config.BaseURLs = protocol, "", []string{first.URL, second.URL}
				set.config.Timeout = time.Second
				set.config.Breaker = plugin.BreakerConfig{Window: time.Minute, MinRequests: 10, FailureRatio: 0.5, OpenFor: time.Minute}
			})
			const players, purchases = 8, 30
			var all sync.WaitGroup
			var bought atomic.Int64
			for i := range players {
				name := fmt.Sprint("player", i)
				s.recharge(name, 1000)
				c := s.join(name, transports[i%2])
				all.Go(func() {
					for n := range purchases {
						id := fmt.Sprint("p", n)
						c.ask(id, "potion", 1)
						for c.result(id).GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
						}
						if bought.Add(1) == players*purchases/3 {
							first.dead.Store(true)
						}
					}
				})
			}
			all.Wait()
			if second.calls.Load() == 0 {
				t.Error("the second domain was never used")
			}
			if stats, ok := s.plugin.Stats(); ok {
				for _, calls := range stats.Calls {
					if calls.Opened > 0 {
						t.Errorf("the breaker of %s opened, though one domain was well", calls.Endpoint)
					}
				}
			}
			if b, err := s.plugin.Books(t.Context()); err != nil || b.Coins["delivered"] != players*purchases || emu.Totals().Deducted-emu.Totals().GivenBack != players*purchases {
				t.Errorf("books %+v, %v; Midas %+v", b, err, emu.Totals())
			}
		})
	}
}

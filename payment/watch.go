package payment

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// watchWaits are the waits between looks at an order that another server works on.
var watchWaits = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
	20 * time.Second, 30 * time.Second, time.Minute, time.Minute, time.Minute, 5 * time.Minute,
}

// maxWatched bounds the orders that are watched, each with an order's memory and a timer: some 10 MB.
const maxWatched = 10_000

// watch is somebody who waits for an order's end.
type watch struct {
	order ledger.Order
	ended func(Receipt)
}

// Watch tells the end of an order that another server may be working on, if it comes within nine minutes: that server
// need not know who waits for it here. An order has one watch, the latest, which ends when Watched says that the end
// was heard of otherwise. While maxWatched orders are watched there is no further watch: whoever waits hears of the end
// from the other server's note, or asks again.
func (t *Till) Watch(o ledger.Order, ended func(Receipt)) {
	if !t.cfg.Shared {
		return
	}
	w := &watch{o, ended}
	t.mu.Lock()
	_, again := t.watched[o.BillNo]
	full := !again && len(t.watched) >= maxWatched
	if !full {
		t.watched[o.BillNo] = w
	}
	t.mu.Unlock()
	if !full {
		t.watchOn(w, watchWaits)
	}
}

// OrderChanged says that another server has changed an order of the player's, so that what was read of it is not told
// any more.
func (t *Till) OrderChanged(openid string) { t.cfg.Ledger.OrderChanged(openid) }

// Watched ends the watch of an order. It is false if there was none.
func (t *Till) Watched(billNo string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, watched := t.watched[billNo]
	delete(t.watched, billNo)
	return watched
}

// isWatch tells whether w is still its order's; over ends it.
func (t *Till) isWatch(w *watch, over bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	is := t.watched[w.order.BillNo] == w
	if is && over {
		delete(t.watched, w.order.BillNo)
	}
	return is
}

func (t *Till) watchOn(w *watch, waits []time.Duration) {
	if len(waits) == 0 {
		t.isWatch(w, true)
		return
	}
	t.later(waits[0], func() {
		if !t.isWatch(w, false) {
			return
		}
		// A lane that is full is no reason to give up.
		err := t.enqueue("midas.watch", reading{w.order.OpenID}, false, func(ctx context.Context) {
			now, err := t.cfg.Ledger.Order(ctx, w.order.BillNo)
			switch {
			case err == nil && now.State.Ended():
				if t.isWatch(w, true) {
					w.ended(t.receipt(now))
				}
			case ctx.Err() == nil:
				t.watchOn(w, waits[1:])
			}
		})
		if err != nil {
			t.watchOn(w, waits[1:])
		}
	})
}

package ledger

import (
	"context"
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// recentFor is how old what is told out of memory may be: what another server has written since is not in it.
	recentFor = time.Second
	// mostRecentOrders and mostRecentLists bound what is kept: some 5 MB of orders, and of lists, which have 21 orders
	// each at most.
	mostRecentOrders = 8192
	mostRecentLists  = 512
	// recentStripes is how many groups the players are in. A write to an order of one of them ends what is kept for its
	// group.
	recentStripes = 4096
)

// recent keeps what was just read of orders, so that a client that asks again is answered out of memory. Nothing of it
// is older than the last write of this process to the player's orders, nor than recentFor.
type recent struct {
	seed    maphash.Seed
	changes [recentStripes]atomic.Uint64
	ended   *lru.Cache[request, recentAnswer[Order]]
	lists   *lru.Cache[page, recentAnswer[[]Order]]
}

// request is a player's own name for an order.
type request struct {
	openid    string
	kind      Kind
	requestID string
}

// page is a part of the list of a player's orders.
type page struct {
	openid, before string
	limit          int
}

// recentAnswer is what was read, and when the reading began: by the clock, and by the writes of this process.
type recentAnswer[T any] struct {
	what T
	at   moment
}

type moment struct {
	time    time.Time
	changes uint64
}

func newRecent() *recent {
	r := &recent{seed: maphash.MakeSeed()}
	r.ended, _ = lru.New[request, recentAnswer[Order]](mostRecentOrders) // it fails for no size but zero
	r.lists, _ = lru.New[page, recentAnswer[[]Order]](mostRecentLists)
	return r
}

func (r *recent) stripe(openid string) *atomic.Uint64 {
	return &r.changes[maphash.String(r.seed, openid)%recentStripes]
}

// changed ends all that is kept of a player's orders. It is called once a write to one of them has ended, whatever came
// of it.
func (r *recent) changed(openid string) { r.stripe(openid).Add(1) }

// now is the moment at which a reading of a player's orders begins.
func (r *recent) now(openid string) moment { return moment{time.Now(), r.stripe(openid).Load()} }

// still reports whether what was read from a moment on may be told.
func (r *recent) still(openid string, at moment) bool {
	return r.stripe(openid).Load() == at.changes && time.Since(at.time) < recentFor
}

// keep remembers an order that has ended. What is under way has changed by the next question.
func (r *recent) keep(o Order, at moment) {
	if o.State.Ended() && o.State != Disputed {
		r.ended.Add(request{o.OpenID, o.Kind, o.RequestID}, recentAnswer[Order]{o, at})
	}
}

// RecentOrderOf is OrderOf out of memory, for those who may not wait: an order that has ended and was read within the
// last second. found is false if it is not there.
func (l *Ledger) RecentOrderOf(openid string, kind Kind, requestID string) (o Order, found bool) {
	kept, known := l.recent.ended.Get(request{openid, kind, requestID})
	if !known || !l.recent.still(openid, kept.at) {
		return Order{}, false
	}
	return kept.what, true
}

// RecentOrders is Orders out of memory, for those who may not wait: with SQLite, where there is no other server, a list
// of orders that have all ended, and that was read within the last second. It must not be changed. found is false if it
// is not there.
func (l *Ledger) RecentOrders(openid, before string, limit int) (orders []Order, found bool) {
	kept, known := l.recent.lists.Get(page{openid, before, limit})
	if !known || !l.recent.still(openid, kept.at) {
		return nil, false
	}
	return kept.what, true
}

// OrderChanged says that another server has changed an order of the player's, so that it is read anew.
func (l *Ledger) OrderChanged(openid string) { l.recent.changed(openid) }

// OrderOf reads a player's order of that kind and request id.
func (l *Ledger) OrderOf(ctx context.Context, openid string, kind Kind, requestID string) (Order, error) {
	at := l.recent.now(openid)
	o, err := l.readOrder(ctx, "read a player's order", `openid = ? AND kind = ? AND request_id = ?`, openid, kind, requestID)
	if err == nil {
		l.recent.keep(o, at)
	}
	return o, err
}

// Orders lists a player's purchases, for coins and for money, newest first: at most limit of those before the bill
// number before, or from the newest where before is empty.
func (l *Ledger) Orders(ctx context.Context, openid, before string, limit int) ([]Order, error) {
	below := before
	if below == "" {
		below = "~" // sorts after every character a bill number may have
	}
	at := l.recent.now(openid)
	orders, err := l.readOrders(ctx, "list a player's orders", `openid = ? AND kind IN (?, ?) AND bill_no < ? ORDER BY bill_no DESC LIMIT ?`,
		openid, Purchase, Goods, below, limit)
	// Where there may be other servers, one of them may have made an order since.
	if err == nil && l.dialect.name == sqlite.name && !slices.ContainsFunc(orders, func(o Order) bool { return !o.State.Ended() || o.State == Disputed }) {
		l.recent.lists.Add(page{openid, before, limit}, recentAnswer[[]Order]{orders, at})
	}
	return orders, err
}

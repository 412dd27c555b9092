package plugin

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// The words for looking at orders.
type (
	// Filter says which orders to look for.
	Filter = ledger.Filter
	// Traced is an order with everything that happened to it, Event one line of that.
	Traced = ledger.Traced
	Event  = ledger.Event
	// Backlog is what has not ended, and what waits for an operator.
	Backlog = ledger.Backlog
)

// Order reads an order by its bill number. It reads the ledger, so it must not be called from a module's goroutine.
func (p *Plugin) Order(ctx context.Context, billNo string) (Order, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return Order{}, err
	}
	return in.ledger.Order(ctx, billNo)
}

// Orders lists the orders of all players that f fits, newest first; next is Filter.After for the rest of them, empty
// where there is none. It reads the ledger, so it must not be called from a module's goroutine: there it fails with
// ErrWrongGoroutine.
func (p *Plugin) Orders(ctx context.Context, f Filter) (orders []Order, next string, err error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return nil, "", err
	}
	return in.ledger.Search(ctx, f)
}

// History reads an order with everything that happened to it, or answers ledger.ErrNotFound. It must not be called from
// a module's goroutine.
func (p *Plugin) History(ctx context.Context, billNo string) (Traced, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return Traced{}, err
	}
	return in.ledger.Trace(ctx, billNo)
}

// Find looks up what a number stands for, as a player's receipt or a bank statement shows it: a bill number, an
// out_trade_no, a request_id, or one of WeChat's. It must not be called from a module's goroutine.
func (p *Plugin) Find(ctx context.Context, number string) (ledger.Found, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return ledger.Found{}, err
	}
	return in.ledger.Find(ctx, number)
}

// Backlog counts what is open, and what waits for an operator. It is cheap enough to be asked every few seconds, and
// must not be called from a module's goroutine.
func (p *Plugin) Backlog(ctx context.Context) (Backlog, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return Backlog{}, err
	}
	return in.ledger.Backlog(ctx)
}

// Resolve settles a disputed order by an operator's decision; why and who are kept in its history, and the player's
// client is told. as ledger.Delivered says that the player has what was bought: HandleDeliver's function is not called
// for it. as ledger.Cancelled says that the player has the coins, or their equivalent: Midas is not asked to give any
// back. It must not be called from a module's goroutine. Errors: *ledger.NotDisputedError, which has the order as it
// stands; ledger.ErrNotFound, ledger.ErrConflict, ErrUnavailable.
func (p *Plugin) Resolve(ctx context.Context, billNo string, as ledger.State, why, who string) (Order, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return Order{}, err
	}
	return in.till.Resolve(ctx, billNo, as, why, who)
}

// mayRead refuses what would wait for the ledger on a module's goroutine.
func (p *Plugin) mayRead(ctx context.Context) (*inside, error) {
	in := p.inside.Load()
	switch {
	case in == nil:
		return nil, ErrNotConfigured
	case ctx == nil:
		return nil, p.misused(errNoContext)
	case onModuleGoroutine():
		return nil, p.misused(ErrWrongGoroutine)
	}
	return in, nil
}

// KeptPushes lists up to limit of the pushes that were rightly signed and could not be acted on, the oldest first. It
// reads the ledger, so it must not be called from a module's goroutine.
func (p *Plugin) KeptPushes(ctx context.Context, limit int) ([]ledger.Kept, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return nil, err
	}
	return in.ledger.KeptPushes(ctx, limit)
}

// CountKeptPushes counts them. It reads the ledger, so it must not be called from a module's goroutine.
func (p *Plugin) CountKeptPushes(ctx context.Context) (int64, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return 0, err
	}
	return in.ledger.CountKept(ctx)
}

// PutPushAway notes that an operator is done with a kept push; why and who are kept with it. Nothing is delivered or
// taken away because of it. It must not be called from a module's goroutine. Errors: ledger.ErrNotFound (no such push
// waits), ledger.ErrBadResolution, ErrUnavailable.
func (p *Plugin) PutPushAway(ctx context.Context, id, why, who string) error {
	in, err := p.mayRead(ctx)
	if err != nil {
		return err
	}
	return in.ledger.SeePush(ctx, id, who, why, time.Now())
}

// AskGoods asks Midas at once whether an order for goods was paid for, however long ago it was given up; delivery
// follows. It waits for Midas, so it must not be called from a module's goroutine.
func (p *Plugin) AskGoods(ctx context.Context, billNo string) (Order, error) {
	in, err := p.mayRead(ctx)
	if err != nil {
		return Order{}, err
	}
	return in.till.AskGoods(ctx, billNo)
}

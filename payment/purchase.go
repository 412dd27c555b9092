package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// maxRequestID is the longest request id, in bytes.
const maxRequestID = 64

// PurchaseRequest is a player's wish to buy.
type PurchaseRequest struct {
	// RequestID is the asker's own name for the purchase, 1 to 64 bytes, unique per player. Asking again under the same
	// name, however much later, never buys twice.
	RequestID string
	// ItemID is one of Config.Items.
	ItemID string
	// Quantity is how many, at least 1.
	Quantity int64
	// Expected is what the player saw that it costs in all. At another price it is refused. 0: not said.
	Expected midas.Coins
}

// Receipt is what became of a purchase so far.
type Receipt struct {
	// Order is the order as it stands. It has been delivered only if its state says so; it may still be open.
	Order ledger.Order
	// Balance is the player's balance as last seen; 0 if the player is not here.
	Balance midas.Coins
	// Known: the order had been made before, perhaps by another server.
	Known bool
}

// Purchase buys. done is called once, perhaps before Purchase returns. It hears of the order once it has ended or has
// to wait for something; an order that had to wait is reported to the observer when it ends. Errors, before or through
// done, mean that there is no order: ErrInvalid, ErrUnknownItem, ErrPriceChanged, ErrLimitReached, ErrBusy, ErrClosing,
// ErrUnavailable, midas.ErrSessionExpired, ledger.ErrMismatch.
func (t *Till) Purchase(p Player, r PurchaseRequest, done func(Receipt, error)) error {
	if err := t.mayAsk(p); err != nil {
		return err
	}
	if err := checkRequestID(r.RequestID); err != nil {
		return err
	}
	if r.Quantity <= 0 {
		return fmt.Errorf("%w: quantity is %d", ErrInvalid, r.Quantity)
	}
	if known, found := t.recalled(p, r); found {
		done(known, nil)
		return nil
	}
	amount, refusal := t.price(r)
	if refusal == nil {
		refusal = t.maySell()
	}
	if refusal == nil {
		refusal = t.mayCall(p, midas.EndpointPay)
	}
	if refusal != nil {
		// What was bought before is told all the same, without waiting behind calls that hang.
		return t.enqueue("midas.purchase", reading{p.OpenID}, false, func(ctx context.Context) {
			noted(ctx, t, done)(t.recall(ctx, p, r, refusal))
		})
	}
	return t.enqueue("midas.purchase", p.OpenID, false, func(ctx context.Context) {
		done := noted(ctx, t, done)
		if ctx.Err() != nil {
			done(Receipt{}, ErrClosing)
			return
		}
		if refusal := t.mayCallQueued(p, midas.EndpointPay); refusal != nil {
			done(t.recall(ctx, p, r, refusal))
			return
		}
		done(t.purchase(ctx, p, r, amount))
	})
}

// purchase makes the order, or finds it, and sees it through as far as it goes now.
func (t *Till) purchase(ctx context.Context, p Player, r PurchaseRequest, amount midas.Coins) (Receipt, error) {
	if err := t.mayBegin(ctx, p, ledger.Purchase, r.RequestID, r.ItemID, r.Quantity); err != nil {
		return Receipt{}, err
	}
	bounds, err := t.boundsOf(ctx, p, ledger.Purchase, r.RequestID, r.ItemID)
	if err != nil {
		return Receipt{}, err
	}
	return t.make(ctx, p, ledger.Order{
		Kind: ledger.Purchase, RequestID: r.RequestID, ItemID: r.ItemID, Quantity: r.Quantity, Amount: int64(amount),
	}, bounds)
}

// make stores a new order and sees it through as far as it goes now, or finds the one that was made under its request
// id.
func (t *Till) make(ctx context.Context, p Player, o ledger.Order, within ledger.Bounds) (Receipt, error) {
	fresh, marked := t.aboutToBeSent(ctx, t.newOrder(p, o))
	fresh.Lease = t.lease
	span := t.beginSpan(ctx, "midas.store")
	began := time.Now()
	o, created, err := t.cfg.Ledger.CreateWithin(ctx, fresh, within)
	t.endSpan(span, err)
	if errors.Is(err, ledger.ErrOverQuota) {
		return Receipt{}, overBounds(err, nil)
	}
	if err != nil {
		t.stats.failed(err)
		t.perhapsMade(fresh, began, err)
		return Receipt{}, unavailable(err)
	}
	if marked {
		t.step("paying stored")
	} else {
		t.step("created")
	}
	if !created {
		t.noteOrder(ctx, o)
		r := t.receipt(o)
		r.Known = true
		return r, nil
	}
	t.stats.made(o)
	return t.drive(ctx, o, began, marked), nil
}

// aboutToBeSent is a new order with the mark that a call may be out, if Midas may be asked about it at once: one write
// stores the bill number and the mark. What might take time before the call is done here, before the write.
func (t *Till) aboutToBeSent(ctx context.Context, o ledger.Order) (_ ledger.Order, marked bool) {
	if t.heldBack(o) != nil {
		return o, false
	}
	if _, err := t.payer(ctx, o.OpenID, o.ZoneID, o.UserIP); err != nil {
		return o, false
	}
	o.State, o.UnsureSince = ledger.Paying, t.cfg.Now()
	return o, true
}

// later runs f after a while, unless the till stops before.
func (t *Till) later(wait time.Duration, f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closing.Load() {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		t.mu.Lock()
		_, due := t.timers[timer]
		delete(t.timers, timer)
		t.mu.Unlock()
		if due {
			f()
		}
	})
	t.timers[timer] = struct{}{}
}

// newOrder gives an order its number, its player and its times. Bill numbers are good as out_trade_no, too.
func (t *Till) newOrder(p Player, o ledger.Order) ledger.Order {
	now := t.cfg.Now()
	o.BillNo = ulid.MustNewDefault(now).String()
	o.OpenID, o.ZoneID, o.UserIP = p.OpenID, p.ZoneID, Address(p.UserIP)
	o.DueAt, o.CreatedAt, o.UpdatedAt = now.Add(t.lease), now, now
	return o
}

// recalled is recall out of memory: of an order that has ended, and that was read within the last second.
func (t *Till) recalled(p Player, r PurchaseRequest) (known Receipt, found bool) {
	o, found := t.cfg.Ledger.RecentOrderOf(p.OpenID, ledger.Purchase, r.RequestID)
	if !found || o.ItemID != r.ItemID || o.Quantity != r.Quantity {
		return Receipt{}, false
	}
	known = t.receipt(o)
	known.Known = true
	return known, true
}

// recall tells what became of an order made earlier, or else why none is made now.
func (t *Till) recall(ctx context.Context, p Player, r PurchaseRequest, refusal error) (Receipt, error) {
	o, err := t.cfg.Ledger.OrderOf(ctx, p.OpenID, ledger.Purchase, r.RequestID)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return Receipt{}, refusal
	case err != nil:
		return Receipt{}, unavailable(err)
	case o.ItemID != r.ItemID || o.Quantity != r.Quantity:
		return Receipt{}, fmt.Errorf("%w: request %q", ledger.ErrMismatch, r.RequestID)
	}
	known := t.receipt(o)
	known.Known = true
	return known, nil
}

// price is what a purchase costs.
func (t *Till) price(r PurchaseRequest) (midas.Coins, error) {
	it, known := t.item(r.ItemID)
	if !known || it.Price == 0 {
		return 0, fmt.Errorf("%w: %q", ErrUnknownItem, r.ItemID)
	}
	if r.Quantity > int64(midas.MaxCoins)/int64(it.Price) {
		return 0, fmt.Errorf("%w: %d of %q cost more coins than there can be", ErrInvalid, r.Quantity, r.ItemID)
	}
	amount := it.Price * midas.Coins(r.Quantity)
	return amount, mayBuy(it, int64(r.Expected), int64(amount))
}

func checkRequestID(id string) error {
	if id == "" || len(id) > maxRequestID || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
		return fmt.Errorf("%w: a request id has 1 to %d bytes of UTF-8 and no control characters", ErrInvalid, maxRequestID)
	}
	return nil
}

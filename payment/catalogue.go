package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Errors of prices and limits, for errors.Is. Nothing was deducted, and no order made.
var (
	// ErrPriceChanged: the price is not the one that the player saw. The error is a *PriceChangedError.
	ErrPriceChanged = errors.New("payment: the price has changed")
	// ErrLimitReached: a limit of the game is reached, or an item is sold out. The error may be a *LimitError.
	ErrLimitReached = errors.New("payment: a limit is reached")
)

// PriceChangedError is a purchase at a price that the player did not see. It is an ErrPriceChanged.
type PriceChangedError struct {
	// ItemID is what was to be bought, Expected what the player saw, Price what it costs now: coins or fen, in all.
	ItemID          string
	Expected, Price int64
}

func (e *PriceChangedError) Error() string {
	return fmt.Sprintf("%v: %q costs %d and not %d; nothing was deducted", ErrPriceChanged, e.ItemID, e.Price, e.Expected)
}

// Is makes errors.Is(err, ErrPriceChanged) hold.
func (e *PriceChangedError) Is(target error) bool { return target == ErrPriceChanged }

// LimitError has the text for a player who may not buy more, or not yet. It is an ErrLimitReached.
type LimitError struct{ Text string }

func (e *LimitError) Error() string { return ErrLimitReached.Error() + ": " + e.Text }

// Is makes errors.Is(err, ErrLimitReached) hold.
func (e *LimitError) Is(target error) bool { return target == ErrLimitReached }

// shelf is what is on sale. It is never changed, only replaced.
type shelf struct {
	items map[string]Item
	list  []Item
}

func newShelf(items []Item) *shelf {
	s := &shelf{items: make(map[string]Item, len(items)), list: slices.Clone(items)}
	for _, it := range items {
		s.items[it.ID] = it
	}
	return s
}

// item finds what is on sale.
func (t *Till) item(id string) (Item, bool) {
	it, known := t.shelf.Load().items[id]
	return it, known
}

// nameOf is an item's name in Midas's books; empty where it is not on sale any more.
func (t *Till) nameOf(id string) string {
	it, _ := t.item(id)
	return it.Name
}

// SetItems replaces what is on sale. Orders that have been made keep their price. It never blocks.
func (t *Till) SetItems(items []Item) { t.shelf.Store(newShelf(items)) }

// Catalogue is what a player can buy.
type Catalogue struct {
	// Left is how many of the items with a limit the player may still buy. In it are those alone.
	Left map[string]int64
	// Items have no price in money (Fen) where the player's device cannot pay.
	Items []Item
	// Recharges are the amounts of coins that can be bought, the smallest first; none where the device cannot pay.
	Recharges []RechargeAmount
	// Unsupported says why the device cannot pay. nil: it can.
	Unsupported *UnsupportedError
}

// RechargeAmount is an amount of coins and its price.
type RechargeAmount struct {
	Coins midas.Coins
	Fen   midas.Fen
	// FirstSave: the condition of the first recharge holds, as far as the balance is known.
	FirstSave bool
}

// Catalogue tells done what a player can buy on the device at hand. It asks nobody, and tells at once, unless items
// have a limit: how much of it is left the ledger knows. Errors, before or through done: ErrBusy, ErrClosing,
// ErrUnavailable.
func (t *Till) Catalogue(p Player, done func(Catalogue, error)) error {
	c := t.catalogue(p)
	var limited []string
	for _, it := range c.Items {
		if it.Limit > 0 {
			limited = append(limited, it.ID)
		}
	}
	if limited == nil {
		done(c, nil)
		return nil
	}
	return t.enqueue("midas.catalogue", reading{p.OpenID}, false, func(ctx context.Context) {
		bought, err := t.cfg.Ledger.Bought(ctx, p.OpenID, openFor, t.cfg.Now(), limited...)
		c.Left = map[string]int64{}
		for _, it := range c.Items {
			if it.Limit > 0 {
				c.Left[it.ID] = max(0, it.Limit-bought[it.ID])
			}
		}
		noted(ctx, t, done)(c, unavailable(err))
	})
}

// Limited reports whether a player may buy only so many of an item.
func (t *Till) Limited(itemID string) bool {
	it, _ := t.item(itemID)
	return it.Limit > 0
}

func (t *Till) catalogue(p Player) Catalogue {
	c := Catalogue{Items: slices.Clone(t.shelf.Load().list)}
	if c.Unsupported, _ = errors.AsType[*UnsupportedError](t.CanPay(p)); c.Unsupported != nil {
		for i := range c.Items {
			c.Items[i].Fen = 0
		}
		c.Items = slices.DeleteFunc(c.Items, func(it Item) bool { return it.Price == 0 })
		return c
	}
	known, _ := t.LastKnown(p)
	tiers := t.TiersOf(p)
	for _, coins := range slices.Sorted(slices.Values(tiers.Quantities(t.cfg.CoinsPerYuan))) {
		if fen, err := tiers.Price(coins, t.cfg.CoinsPerYuan); err == nil {
			c.Recharges = append(c.Recharges, RechargeAmount{coins, fen, known.FirstSave})
		}
	}
	return c
}

// mayBuy refuses what is sold out, and what costs another sum than the player saw. expected is 0 where that is not
// said.
func mayBuy(it Item, expected, price int64) error {
	switch {
	case it.SoldOut:
		return &LimitError{"this is sold out"}
	case expected < 0:
		return fmt.Errorf("%w: the expected price is %d", ErrInvalid, expected)
	case expected != 0 && expected != price:
		return &PriceChangedError{it.ID, expected, price}
	default:
		return nil
	}
}

// mayBegin asks the host whether an order may be made, unless it has been made before.
func (t *Till) mayBegin(ctx context.Context, p Player, kind ledger.Kind, requestID, itemID string, quantity int64) error {
	if t.before == nil {
		return nil
	}
	_, err := t.cfg.Ledger.OrderOf(ctx, p.OpenID, kind, requestID)
	if !errors.Is(err, ledger.ErrNotFound) {
		return unavailable(err) // nil: it is told how that order stands
	}
	within, cancel := context.WithTimeout(ctx, t.cfg.DeliverTimeout)
	defer cancel()
	switch err := safely(func() error { return t.before(within, p, itemID, quantity) }); {
	case err == nil, errors.Is(err, ErrLimitReached):
		return err
	case errors.Is(err, ErrRefuse):
		text := "this cannot be bought now"
		if told, ok := errors.AsType[*refusal](err); ok {
			text = told.text
		}
		return &LimitError{text}
	default:
		t.beforeFails.Do(func() {
			t.log.Error("midas: the game could not say whether a player may buy; the purchase was refused", "player", shorten(p.OpenID), "item", itemID, "error", err)
		})
		return fmt.Errorf("%w: the game could not say whether the player may buy: %w", ErrUnavailable, err)
	}
}

// safely turns a panic of the host's into an error.
func safely(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &ledger.PanicError{Value: r}
		}
	}()
	return f()
}

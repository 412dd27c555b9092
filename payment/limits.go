package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Limits bound what a player may pay with money: for coins in all zones and for goods. The zero value lets nothing be
// paid.
type Limits struct {
	// PerRecharge is the most that one payment may be, PerMonth what all of a calendar month (Beijing's) may be together.
	PerRecharge, PerMonth midas.Fen
	// Text is what a player hears who may not pay. Empty: a text with the numbers.
	Text string
}

// MinorLimits returns what a player of that age, in whole years, may pay by Chinese law: under 8 nothing, under 16 at
// most 50 yuan at once and 200 a month, under 18 at most 100 and 400. nil from 18 on: there is no limit. The numbers
// are those of the National Press and Publication Administration's notice on preventing minors from indulging in online
// games of 2019 (国新出发〔2019〕34号, item 3). They hold for all games of a company together: one that has several passes on
// what is left.
func MinorLimits(age int) *Limits {
	switch {
	case age < 8:
		return &Limits{}
	case age < 16:
		return &Limits{PerRecharge: 50_00, PerMonth: 200_00}
	case age < 18:
		return &Limits{PerRecharge: 100_00, PerMonth: 400_00}
	default:
		return nil
	}
}

// LimitPayments has of tell how much a player may pay with money, before anything is offered; nil: as much as may be
// wished. An error, a panic and no answer within Config.DeliverTimeout refuse it for now. It is asked on the till's
// goroutines, several at once, and not about what has been paid for. Call it before Start.
func (t *Till) LimitPayments(of func(ctx context.Context, p Player) (*Limits, error)) { t.limits = of }

// openFor is for how long a payment window may be open that the client has not reported on. Its price counts as paid.
const openFor = 15 * time.Minute

// allowance is what the ledger is to keep to in offering a player something of that price; nil: nothing.
func (t *Till) allowance(ctx context.Context, p Player, price midas.Fen) (*ledger.Allowance, *Limits, error) {
	if t.limits == nil {
		return nil, nil, nil
	}
	within, cancel := context.WithTimeout(ctx, t.cfg.DeliverTimeout)
	defer cancel()
	var limits *Limits
	err := safely(func() (err error) {
		limits, err = t.limits(within, p)
		return err
	})
	switch {
	case err != nil:
		t.limitsFail.Do(func() {
			t.log.Error("midas: the game could not say how much a player may pay; the payment was refused", "player", shorten(p.OpenID), "error", err)
		})
		return nil, nil, fmt.Errorf("%w: the game could not say how much the player may pay: %w", ErrUnavailable, err)
	case limits == nil:
		return nil, nil, nil
	case price > limits.PerRecharge || price > limits.PerMonth:
		return nil, nil, limits.tooMuch(limits.PerMonth)
	}
	if err := t.ensureSeen(ctx, p); err != nil {
		return nil, nil, err
	}
	return &ledger.Allowance{Fen: int64(limits.PerMonth), CoinsPerYuan: t.cfg.CoinsPerYuan, Open: openFor, Now: t.cfg.Now()}, limits, nil
}

// overBounds has a player who may not pay or buy more hear so.
func overBounds(err error, limits *Limits) error {
	if over, ok := errors.AsType[*ledger.AllowanceError](err); ok {
		return limits.tooMuch(midas.Fen(over.Left))
	}
	if over, ok := errors.AsType[*ledger.QuotaError](err); ok {
		if over.Left == 0 {
			return &LimitError{"you have bought as many of this as one may"}
		}
		return &LimitError{fmt.Sprintf("of this you may buy %d more", over.Left)}
	}
	return err
}

// boundsOf is within what an order for an item may be made.
func (t *Till) boundsOf(ctx context.Context, p Player, kind ledger.Kind, requestID, itemID string) (ledger.Bounds, error) {
	it, _ := t.item(itemID)
	if it.Limit == 0 {
		return ledger.Bounds{}, nil
	}
	if err := t.ensureSeen(ctx, p); err != nil {
		// What was bought before is told all the same.
		if _, none := t.cfg.Ledger.OrderOf(ctx, p.OpenID, kind, requestID); none != nil {
			return ledger.Bounds{}, err
		}
		return ledger.Bounds{}, nil
	}
	return ledger.Bounds{Item: &ledger.Quota{Most: it.Limit, Open: openFor, Now: t.cfg.Now()}}, nil
}

// ensureSeen looks at an account that the ledger has never seen: it counts by what it has of a player.
func (t *Till) ensureSeen(ctx context.Context, p Player) error {
	seen, err := t.cfg.Ledger.Seen(ctx, p.OpenID, p.ZoneID)
	if err == nil && !seen {
		_, err = t.look(ctx, p)
	}
	return unavailable(err)
}

// tooMuch is what a player hears who has left fen for this month.
func (l Limits) tooMuch(left midas.Fen) error {
	switch {
	case l.Text != "":
		return &LimitError{l.Text}
	case l.PerRecharge == 0 || l.PerMonth == 0:
		return &LimitError{"you may not pay with money in this game"}
	default:
		return &LimitError{fmt.Sprintf("you may pay at most %s yuan at once and %s in a month, and %s are left this month",
			inYuan(l.PerRecharge), inYuan(l.PerMonth), inYuan(min(left, l.PerMonth)))}
	}
}

func inYuan(f midas.Fen) string {
	if f%100 == 0 {
		return fmt.Sprint(int64(f / 100))
	}
	return fmt.Sprintf("%d.%02d", f/100, f%100)
}

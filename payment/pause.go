package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// pauseRetry is when to ask again while nobody knows how long a pause lasts.
const pauseRetry = 30 * time.Second

// PausedError says that an operator has closed the shop. Nothing was done. It is an ErrUnavailable.
type PausedError struct{}

func (PausedError) Error() string { return "payment: the shop is paused; nothing was done" }

// Is makes errors.Is(err, ErrUnavailable) hold.
func (PausedError) Is(target error) bool { return target == ErrUnavailable }

// RetryAfter is when to ask again.
func (PausedError) RetryAfter() time.Duration { return pauseRetry }

// Verdict tells that nothing was sent, and what would help.
func (PausedError) Verdict() midas.Verdict { return midas.VerdictLater }

// Pause refuses new purchases, recharges and goods with a PausedError until it is ended. What has been ordered goes on,
// is delivered and is told; presents and cancellations are the host's own and go on too. It is this server's alone, and
// is not remembered over a restart. changed is false if it was so before.
func (t *Till) Pause(paused bool) (changed bool) { return t.paused.CompareAndSwap(!paused, paused) }

// Paused tells whether the shop is paused.
func (t *Till) Paused() bool { return t.paused.Load() }

// Shut tells for how long at least nothing can be bought, because the shop is paused or pay is held back; 0: it is
// open.
func (t *Till) Shut() time.Duration {
	if t.Paused() {
		return pauseRetry
	}
	return t.cfg.Closed(midas.EndpointPay)
}

// maySell refuses what would begin something new.
func (t *Till) maySell() error {
	if t.Paused() {
		return PausedError{}
	}
	return nil
}

// sold answers with the goods that a player has ordered before, or with why nothing new can be.
func (t *Till) sold(ctx context.Context, p Player, r GoodsRequest, refusal error) (GoodsOffer, error) {
	o, err := t.cfg.Ledger.OrderOf(ctx, p.OpenID, ledger.Goods, r.RequestID)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return GoodsOffer{}, refusal
	case err != nil:
		return GoodsOffer{}, unavailable(err)
	case o.ItemID != r.ItemID || o.Quantity != r.Quantity:
		return GoodsOffer{}, fmt.Errorf("%w: request %q", ledger.ErrMismatch, r.RequestID)
	case o.State == ledger.Paying: // not paid for, as far as is known, and not to be paid for now
		return GoodsOffer{}, refusal
	}
	return GoodsOffer{Receipt: t.receipt(o)}, nil
}

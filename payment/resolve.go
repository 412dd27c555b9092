package payment

import (
	"context"

	"github.com/leafmidas/leafmidas/ledger"
)

// Resolve settles a disputed order by an operator's decision, and tells the player what became of it. It blocks on the
// ledger. Nothing is delivered or given back: as ledger.Delivered says that the player has the item, as
// ledger.Cancelled that the player has the coins. Errors: *ledger.NotDisputedError, ledger.ErrNotFound,
// ledger.ErrConflict, ErrUnavailable.
func (t *Till) Resolve(ctx context.Context, billNo string, as ledger.State, why, who string) (ledger.Order, error) {
	o, err := t.cfg.Ledger.Resolve(ctx, billNo, ledger.Resolution{As: as, Why: why, Who: who, At: t.cfg.Now()})
	if err != nil {
		return ledger.Order{}, unavailable(err)
	}
	t.log.Warn("midas: order settled by an operator", about(o, "who", who, "why", why)...)
	t.ended(t.receipt(o))
	return o, nil
}

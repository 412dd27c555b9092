package payment

import (
	"context"
	"database/sql"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Credit is coins that a player has bought with money. They are in the balance, and the player's, whatever the host
// says.
type Credit struct {
	// BillNo is the ledger's own name for it, the same however often it is told.
	BillNo string
	// OpenID and ZoneID are the player's.
	OpenID, ZoneID string
	// Coins is how many came, Total how many the player has bought in all in this zone, with these.
	Coins, Total midas.Coins
	// OutTradeNo is the number of the recharge, in protocol V2 and where exactly one brought them; else empty.
	OutTradeNo string
}

// First tells that the player had never bought coins in this zone.
func (c Credit) First() bool { return c.Coins == c.Total }

func creditOf(o ledger.Order) Credit {
	return Credit{
		BillNo: o.BillNo, OpenID: o.OpenID, ZoneID: o.ZoneID, Coins: midas.Coins(o.Amount), Total: midas.Coins(o.Quantity), OutTradeNo: o.OfTrade,
	}
}

// TellCredits has tell hear of coins that players have bought from now on, at least once for every Credit.BillNo; an
// error is tried again as for Config.Deliver. What servers that have not called it find is told to nobody. Call it
// before Start, or TellCreditsInTransaction.
func (t *Till) TellCredits(tell func(ctx context.Context, c Credit) error) {
	t.credited = tell
	t.cfg.Ledger.TellCredits(t.newCredit)
}

// TellCreditsInTransaction is TellCredits in the ledger's own transaction: exactly once. tell must write through tx
// only, must not end it, and should be quick.
func (t *Till) TellCreditsInTransaction(tell func(ctx context.Context, tx *sql.Tx, c Credit) error) {
	t.creditedTx = tell
	t.cfg.Ledger.TellCredits(t.newCredit)
}

func (t *Till) newCredit(openid, zoneID string) ledger.Order {
	o := t.newOrder(Player{OpenID: openid, ZoneID: zoneID}, ledger.Order{})
	o.DueAt = o.CreatedAt
	return o
}

// tellCredit tells the host of coins that a player has bought.
func (t *Till) tellCredit(ctx context.Context, o ledger.Order) ledger.Order {
	if t.credited == nil {
		return moved(o, ledger.Disputed, "the coins are the player's, and nobody in the game hears of it (OnRecharge): give what goes with them, then settle this")
	}
	return t.delivered(ctx, o, t.guarded(ctx, func(ctx context.Context) error { return t.credited(ctx, creditOf(o)) }))
}

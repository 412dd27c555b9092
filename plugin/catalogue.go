package plugin

import (
	"context"
	"fmt"
	"slices"

	leafmodule "github.com/name5566/leaf/module"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// Limit is what BeforePurchase returns where a player has bought as much as may be, or may not buy yet: the client
// hears LIMIT_REACHED with the text.
func Limit(text string) error { return &payment.LimitError{Text: text} }

// SetItems replaces what is on sale on this server, without a restart, and tells the clients that have asked for the
// catalogue. Orders that have been made keep their price. It never blocks, and may be called from any goroutine. The
// error is a *ConfigError, as from Configure, and then nothing has changed; ErrNotConfigured before Configure.
func (p *Plugin) SetItems(items []Item) error {
	if p.inside.Load() == nil {
		return p.misused(ErrNotConfigured)
	}
	var faults []Fault
	items = p.sells.checkItems(items, func(key, format string, args ...any) {
		faults = append(faults, Fault{key, fmt.Sprintf(format, args...)})
	})
	if len(faults) > 0 {
		return &ConfigError{faults}
	}
	p.module.SetItems(onSale(items))
	return nil
}

// BeforePurchase makes may decide whether a player's order is made: by level, by what the player has bought, by the end
// of an event. It runs on the goroutine of the module that skeleton belongs to, before anything is deducted or a
// payment window opens, and not again for a request whose order has been made. Refuse(text) or Limit(text) refuses it:
// the client hears LIMIT_REACHED with the text. Any other error, a panic, or no answer within 10 s refuses it for now
// (UNAVAILABLE). The order may still fail afterwards, so what may is to count is counted in the delivery. Call it where
// HandleDeliver is called, once.
func (p *Plugin) BeforePurchase(skeleton *leafmodule.Skeleton, may func(player Player, itemID string, quantity int64) error) {
	p.module.BeforePurchase(skeleton, may)
}

// BeforePurchaseAnywhere is BeforePurchase for a host that asks elsewhere, in a database for example: may runs on a
// goroutine of the plugin's, several at once, and has to end when ctx does.
func (p *Plugin) BeforePurchaseAnywhere(may func(ctx context.Context, player Player, itemID string, quantity int64) error) {
	p.module.BeforePurchaseAnywhere(may)
}

// Limits bound what a player may pay with money. The zero value lets nothing be paid.
type Limits = payment.Limits

// MinorLimits returns what a player of that age, in whole years, may pay by Chinese law; nil from 18 on.
func MinorLimits(age int) *Limits { return payment.MinorLimits(age) }

// LimitPayments makes of tell how much a player may pay with money, before coins or goods are offered: a host that
// knows a player's age returns MinorLimits(age), and nil for no limit. What was paid and offered in the month counts,
// in all zones, on all servers, and bought outside the game as well; who would come to pay more hears LIMIT_REACHED
// before a window opens. An offer counts for 15 minutes, or until the client says that the player gave up; coins that
// it says were paid for count for a day, and from when they come for the month. of runs on a goroutine of the plugin's,
// several at once, and has to end when ctx does. An error, a panic, or no answer within 10 s refuses the payment for
// now (UNAVAILABLE). Call it where HandleDeliver is called, once.
func (p *Plugin) LimitPayments(of func(ctx context.Context, player Player) (*Limits, error)) {
	p.module.LimitPayments(of)
}

// checkItems tells what is wrong with what is on sale, and returns a copy with its names filled in.
func (c Config) checkItems(list []Item, fault func(key, format string, args ...any)) []Item {
	list = slices.Clone(list)
	seen := map[string]int{}
	for i := range list {
		it := &list[i]
		key := fmt.Sprintf("Items[%d]", i)
		if first, twice := seen[it.ID]; twice {
			fault(key+".ID", "%q is the id of Items[%d] already", it.ID, first)
		}
		seen[it.ID] = i
		if !idForm.MatchString(it.ID) {
			fault(key+".ID", "%q is not 1 to 64 letters, digits, '-' and '_'", it.ID)
		}
		if it.Price < 0 || midas.Coins(it.Price) > midas.MaxCoins || it.Price == 0 && it.Fen == 0 {
			fault(key+".Price", "is %d; a price is 1 coin or more", it.Price)
		}
		if it.Limit < 0 {
			fault(key+".Limit", "is %d; it is how many a player may buy, 0 for as many as may be wished", it.Limit)
		}
		if it.Fen < 0 || it.Fen > 100_000_000 {
			fault(key+".Fen", "is %d; a price in money is 1 to 100000000 fen", it.Fen)
		}
		if it.Fen > 0 && c.Protocol != protocolV2 {
			fault(key+".Fen", "only protocol v2 sells for money")
		}
		setDefault(&it.Name, it.ID)
	}
	return list
}

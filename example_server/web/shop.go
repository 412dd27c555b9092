package web

import (
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"net/http"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// discard is for what has been answered already.
var discard = stdlog.New(io.Discard, "", 0)

// shop is what the page learns at /shop.json. It is the same for everybody, and holds nothing that a player may not
// know.
type shop struct {
	Items []item `json:"items"`
	Tiers []tier `json:"tiers"`
	// Zone is where players of the page play.
	Zone string `json:"zone"`
	// Emulated: Midas is an emulator, so that names log in and recharges are paid for on the page.
	Emulated bool `json:"emulated"`
}

// item is something on sale: for coins if Price is more than 0, for money if Fen is.
type item struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Price int64  `json:"price"`
	Fen   int64  `json:"fen"`
}

// tier is a recharge: so many coins for so many fen.
type tier struct {
	Coins int64 `json:"coins"`
	Fen   int64 `json:"fen"`
}

const defaultZone = "1" // as in plugin.Config

func newShop(o Options) (http.Handler, error) {
	s := shop{Items: []item{}, Tiers: []tier{}, Zone: o.Midas.ZoneID, Emulated: o.Emulated}
	if s.Zone == "" {
		s.Zone = defaultZone
	}
	for _, it := range o.Midas.Items {
		name := it.Name
		if name == "" {
			name = it.ID
		}
		s.Items = append(s.Items, item{ID: it.ID, Name: name, Price: it.Price, Fen: it.Fen})
	}
	prices := tiersOf(o.Midas)
	for _, coins := range prices.Quantities(o.Midas.CoinsPerYuan) {
		price, err := prices.Price(coins, o.Midas.CoinsPerYuan)
		if err != nil {
			return nil, fmt.Errorf("tiers of the page: %w", err)
		}
		s.Tiers = append(s.Tiers, tier{Coins: int64(coins), Fen: int64(price)})
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // whoever asked has gone if it fails
	}), nil
}

func tiersOf(c plugin.Config) midas.Tiers {
	if c.RechargeTiers == nil {
		return midas.OfficialTiers()
	}
	tiers := midas.Tiers{}
	for _, yuan := range c.RechargeTiers {
		tiers = append(tiers, midas.Fen(yuan*100))
	}
	return tiers
}

package midas

import (
	"fmt"
	"slices"
)

// ErrBadTier: no price fits the quantity.
var ErrBadTier error = &sentinel{"no price tier fits"}

// Tiers are the prices a recharge may have (§1.1).
type Tiers []Fen

// OfficialTiers returns the 26 tiers of 2018, 1 to 648 yuan.
func OfficialTiers() Tiers {
	yuan := []Fen{1, 3, 6, 8, 12, 18, 25, 30, 40, 45, 50, 60, 68, 73, 78, 88, 98, 108, 118, 128, 148, 168, 188, 198, 328, 648}
	for i := range yuan {
		yuan[i] *= 100
	}
	return yuan
}

// Price is what buyQuantity coins cost where a yuan buys coinsPerYuan: it must come to whole fen and be exactly one of
// the tiers, or the error is ErrBadTier (§1.1: buyQuantity × unit price = tier).
func (t Tiers) Price(buyQuantity Coins, coinsPerYuan int64) (Fen, error) {
	if buyQuantity <= 0 || buyQuantity > MaxCoins || coinsPerYuan <= 0 {
		return 0, fmt.Errorf("%w: %d coins at %d for a yuan", ErrBadTier, buyQuantity, coinsPerYuan)
	}
	// In two steps, so that no product overflows: whole yuan, then the fen that are left.
	yuan, rest := int64(buyQuantity)/coinsPerYuan, int64(buyQuantity)%coinsPerYuan
	const fenPerYuan = 100
	if rest > int64(MaxCoins)/fenPerYuan || rest*fenPerYuan%coinsPerYuan != 0 || yuan > int64(MaxCoins)/fenPerYuan {
		return 0, fmt.Errorf("%w: %d coins do not come to whole fen", ErrBadTier, buyQuantity)
	}
	price := Fen(yuan*fenPerYuan + rest*fenPerYuan/coinsPerYuan)
	if !slices.Contains(t, price) {
		return 0, fmt.Errorf("%w: %d coins would cost %d.%02d yuan", ErrBadTier, buyQuantity, price/fenPerYuan, price%fenPerYuan)
	}
	return price, nil
}

// Quantities lists the quantities that can be bought, one for each tier that comes to whole coins.
func (t Tiers) Quantities(coinsPerYuan int64) []Coins {
	var list []Coins
	for _, price := range t {
		if coinsPerYuan > 0 && int64(price) <= int64(MaxCoins)/coinsPerYuan && int64(price)*coinsPerYuan%100 == 0 {
			list = append(list, Coins(int64(price)*coinsPerYuan/100))
		}
	}
	return list
}

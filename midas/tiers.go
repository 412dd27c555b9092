package midas

import (
	"cmp"
	"fmt"
	"slices"
)

// ErrBadTier: no price fits the quantity.
var ErrBadTier error = &sentinel{"no price tier fits"}

// Tiers are the prices a recharge may have (§1.1).
type Tiers []Fen

// BadTierError says which quantities are near one that no price fits. It is an ErrBadTier.
type BadTierError struct {
	// Quantity is what was asked for.
	Quantity Coins
	// Below and Above are the nearest quantities that can be bought. 0: there is none.
	Below, Above Coins
	why          string
}

func (e *BadTierError) Error() string {
	return fmt.Sprintf("%v: %s; %s", ErrBadTier, e.why, cmp.Or(e.Nearest(), "none can be bought"))
}

// Nearest says in words which quantities can be bought. Empty: none.
func (e *BadTierError) Nearest() string {
	switch {
	case e.Below > 0 && e.Above > 0:
		return fmt.Sprintf("the nearest that can be bought are %d and %d coins", e.Below, e.Above)
	case e.Below > 0 || e.Above > 0:
		return fmt.Sprintf("the nearest that can be bought is %d coins", e.Below+e.Above)
	default:
		return ""
	}
}

// Is makes errors.Is(err, ErrBadTier) hold.
func (e *BadTierError) Is(target error) bool { return target == ErrBadTier }

// OfficialTiers returns the 29 tiers of §3.9 (P4): the 26 of 2018, 1 to 648 yuan, and 998, 1998 and 2998.
func OfficialTiers() Tiers {
	yuan := []Fen{
		1, 3, 6, 8, 12, 18, 25, 30, 40, 45, 50, 60, 68, 73, 78, 88, 98, 108, 118, 128, 148, 168, 188, 198, 328, 648,
		998, 1998, 2998,
	}
	for i := range yuan {
		yuan[i] *= 100
	}
	return yuan
}

// Price is what buyQuantity coins cost where a yuan buys coinsPerYuan: it must come to whole fen and be exactly one of
// the tiers, or the error is a *BadTierError (§1.1: buyQuantity × unit price = tier).
func (t Tiers) Price(buyQuantity Coins, coinsPerYuan int64) (Fen, error) {
	bad := func(format string, args ...any) (Fen, error) {
		e := &BadTierError{Quantity: buyQuantity, why: fmt.Sprintf(format, args...)}
		for _, q := range t.Quantities(coinsPerYuan) {
			if q < buyQuantity {
				e.Below = max(e.Below, q)
			} else if e.Above == 0 || q < e.Above {
				e.Above = q
			}
		}
		return 0, e
	}
	if buyQuantity <= 0 || buyQuantity > MaxCoins || coinsPerYuan <= 0 {
		return bad("%d coins at %d for a yuan", buyQuantity, coinsPerYuan)
	}
	// In two steps, so that no product overflows: whole yuan, then the fen that are left.
	yuan, rest := int64(buyQuantity)/coinsPerYuan, int64(buyQuantity)%coinsPerYuan
	const fenPerYuan = 100
	if rest > int64(MaxCoins)/fenPerYuan || rest*fenPerYuan%coinsPerYuan != 0 || yuan > int64(MaxCoins)/fenPerYuan {
		return bad("%d coins do not come to whole fen", buyQuantity)
	}
	price := Fen(yuan*fenPerYuan + rest*fenPerYuan/coinsPerYuan)
	if !slices.Contains(t, price) {
		return bad("%d coins would cost %d.%02d yuan", buyQuantity, price/fenPerYuan, price%fenPerYuan)
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

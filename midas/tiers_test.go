package midas_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/midas"
)

func TestThereAre29OfficialTiers(t *testing.T) {
	tiers := midas.OfficialTiers()
	if len(tiers) != 29 || tiers[0] != 100 || tiers[25] != 64800 || tiers[28] != 299800 {
		t.Errorf("%d tiers: %v", len(tiers), tiers)
	}
	tiers[0] = 7 // a caller's own copy
	if midas.OfficialTiers()[0] != 100 {
		t.Error("one caller's tiers are another's")
	}
}

func TestAnOffTierQuantityIsToldItsNeighbours(t *testing.T) {
	tiers := midas.Tiers{600, 100, 300}
	for quantity, near := range map[midas.Coins][2]midas.Coins{
		-1: {0, 10}, 0: {0, 10}, 9: {0, 10}, 20: {10, 30}, 59: {30, 60}, 61: {60, 0}, midas.MaxCoins + 1: {60, 0},
	} {
		_, err := tiers.Price(quantity, 10)
		bad, ok := errors.AsType[*midas.BadTierError](err)
		if !ok || !errors.Is(err, midas.ErrBadTier) || bad.Below != near[0] || bad.Above != near[1] || bad.Quantity != quantity {
			t.Errorf("%d coins: %+v, want neighbours %v", quantity, err, near)
		}
	}
	if _, err := (midas.Tiers{}).Price(1, 10); !errors.Is(err, midas.ErrBadTier) || !strings.Contains(err.Error(), "none can be bought") {
		t.Errorf("without tiers: %v", err)
	}
}

func TestAQuantityMustComeToExactlyATier(t *testing.T) {
	for _, c := range []struct {
		coins        midas.Coins
		coinsPerYuan int64
		price        midas.Fen // 0: refused
	}{
		{10, 10, 100}, // the guide's example: a coin at 0.1 yuan
		{60, 10, 600},
		{6480, 10, 64800},
		{20, 10, 0}, // 2 yuan is no tier
		{9, 10, 0},
		{11, 10, 0},
		{0, 10, 0},
		{-10, 10, 0},
		{1, 1, 100},
		{100, 100, 100},
		{3, 3, 100},
		{1, 3, 0}, // a third of a yuan is no fen
		{1000, 1000, 100},
		{1001, 1000, 0}, // a tenth of a fen
		{midas.MaxCoins, 1, 0},
		{midas.MaxCoins, 1<<63 - 1, 0},
		{midas.MaxCoins + 1, 10, 0},
		{10, 0, 0},
		{10, -10, 0},
	} {
		price, err := midas.OfficialTiers().Price(c.coins, c.coinsPerYuan)
		if price != c.price || errors.Is(err, midas.ErrBadTier) != (c.price == 0) {
			t.Errorf("%d coins at %d for a yuan: %d fen, %v", c.coins, c.coinsPerYuan, price, err)
		}
	}
}

// What is offered can be bought, and nothing else can.
func TestQuantitiesAreThoseThatHaveAPrice(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		perYuan := rapid.Int64Range(1, 10_000).Draw(r, "coins per yuan")
		tiers := midas.OfficialTiers()
		offered := map[midas.Coins]bool{}
		for _, q := range tiers.Quantities(perYuan) {
			offered[q] = true
			price, err := tiers.Price(q, perYuan)
			if err != nil || int64(price)*perYuan != int64(q)*100 {
				r.Fatalf("%d coins: %d fen, %v", q, price, err)
			}
		}
		q := midas.Coins(rapid.Int64Range(1, 700*perYuan).Draw(r, "coins"))
		if _, err := tiers.Price(q, perYuan); (err == nil) != offered[q] {
			r.Fatalf("%d coins are offered: %t, and have a price: %v", q, offered[q], err)
		}
	})
}

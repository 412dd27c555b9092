package plugin

import (
	"fmt"
	"slices"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// Platform is a kind of device on which money is taken, and since which versions. In a config its name alone stands for
// it with the versions that WeChat names.
type Platform = payment.Platform

// CoinPrice is what goodsPrice of a signed purchase of coins holds. The page can be read both ways (midas-protocol.md
// §3.9, P3), which agree only where one yuan buys 10 coins.
const (
	coinPriceFen  = "fen"  // fen that one coin costs
	coinPriceRate = "rate" // coins that one yuan buys
)

// resolveSelling checks what says where and how money is taken.
func (c *Config) resolveSelling(fault func(string, string, ...any)) {
	for i, p := range c.Platforms {
		key := fmt.Sprintf("Platforms[%d]", i)
		if what := checkPlatform(p.Name); what != "" {
			fault(key, "%s", what)
			continue
		}
		if slices.ContainsFunc(c.Platforms[:i], func(one Platform) bool { return one.Name == p.Name }) {
			fault(key, "%q is there twice; keep one", p.Name)
		}
		for field, version := range map[string]string{"System": p.System, "WeChat": p.WeChat, "SDK": p.SDK} {
			if version != "" && !payment.ValidVersion(version) {
				fault(key+"."+field, `%q is no version; write one such as "8.0.68"`, version)
			}
		}
	}
	if c.IOSTiers != nil && len(c.IOSTiers) == 0 {
		fault("IOSTiers", `is empty, so nobody could buy coins on an iPhone; leave "ios" out of Platforms instead`)
	}
	tiers := c.tiers()
	for i, yuan := range c.IOSTiers {
		if !slices.Contains(tiers, midas.Fen(yuan*100)) {
			fault(fmt.Sprintf("IOSTiers[%d]", i), "%d yuan is none of RechargeTiers", yuan)
		}
	}

	if c.RechargeCenter && !c.v2() {
		fault("RechargeCenter", "only protocol v2 knows the recharge centre")
	}
	switch {
	case c.SignedCoinPrice != "" && c.SignedCoinPrice != coinPriceFen && c.SignedCoinPrice != coinPriceRate:
		fault("SignedCoinPrice", `%q is neither "fen" nor "rate"`, c.SignedCoinPrice)
	case c.signedCoins() && !c.v2():
		fault("SignedCoins", "only protocol v2 signs purchases of coins")
	case c.signedCoins() && c.SignedCoinPrice != coinPriceRate && c.CoinsPerYuan > 0 && 100%c.CoinsPerYuan != 0:
		fault("SignedCoins", `with %d coins for a yuan one does not cost whole fen, which SignedCoinPrice "fen" needs`, c.CoinsPerYuan)
	}
}

// platforms are those on which money is taken. Apple's payment has no sandbox.
func (c Config) platforms() []Platform {
	official := payment.OfficialPlatforms(c.Env == sandbox)
	if c.Platforms == nil {
		return official
	}
	list := []Platform{}
	for _, p := range c.Platforms {
		i := slices.IndexFunc(official, func(one Platform) bool { return one.Name == p.Name })
		switch {
		case i < 0: // ios in the sandbox
		case p == Platform{Name: p.Name}:
			list = append(list, official[i])
		default:
			list = append(list, p)
		}
	}
	return list
}

// signedCoins reports whether purchases of coins are signed: where nothing is said, if the two ways to read the page
// agree.
func (c Config) signedCoins() bool {
	if c.SignedCoins == nil {
		return c.v2() && c.CoinsPerYuan == 10
	}
	return *c.SignedCoins
}

// signCoins is nil where purchases of coins are not signed.
func (c Config) signCoins(client *midas.Client) func(midas.CoinsRequest) (midas.GoodsOptions, error) {
	if !c.signedCoins() {
		return nil
	}
	price := c.CoinsPerYuan
	if c.SignedCoinPrice != coinPriceRate {
		price = 100 / c.CoinsPerYuan
	}
	return func(r midas.CoinsRequest) (midas.GoodsOptions, error) {
		r.GoodsPrice = price
		return client.SignCoins(r)
	}
}

// iosTiers is nil where an iPhone has the prices of all others.
func (c Config) iosTiers() midas.Tiers {
	if c.IOSTiers == nil {
		return nil
	}
	return fenOf(c.IOSTiers)
}

func (c Config) tiers() midas.Tiers {
	if c.RechargeTiers == nil {
		return midas.OfficialTiers()
	}
	return fenOf(c.RechargeTiers)
}

func fenOf(yuan []int64) midas.Tiers {
	tiers := make(midas.Tiers, 0, len(yuan))
	for _, y := range yuan {
		tiers = append(tiers, midas.Fen(y*100))
	}
	return tiers
}

package emulator

import (
	"crypto/rand"
	"fmt"
)

// centerCoins is the coin_type of the recharge centre (§3.9, P10).
const centerCoins = "1"

// centerAccount is a player's coins in the recharge centre, as the state file has it.
type centerAccount struct {
	Env    Env    `json:"env"`
	OpenID string `json:"openid"`
	Coins  int64  `json:"coins"`
}

// RechargeCenter brings a player coins in WeChat's recharge centre (充值中心), and pushes that. They are not the game's: no
// call spends them, and they are not in Totals.
func (s *Server) RechargeCenter(env Env, openid string, coins int64) error {
	if err := (accountKey{env, openid, "1"}).validate(); err != nil {
		return err
	}
	s.lock()
	key := accountKey{Env: env, OpenID: openid}
	if coins <= 0 || s.books.center[key]+coins > MaxCoins {
		s.mu.Unlock()
		return fmt.Errorf("emulator: %d coins in the recharge centre", coins)
	}
	s.books.center[key] += coins
	t := &trade{Trade: Trade{
		OutTradeNo: "_" + rand.Text(), Env: env, OpenID: openid, Quantity: coins, TotalFen: coins * 10,
		MchOrderNo: rand.Text(), TransactionID: randomDigits(28),
	}}
	s.announce(t, EventCenterCoins, t.coinPayload(), Fate{}, s.now())
	s.changed()
	return s.unlock()
}

func (s *Server) controlCenter(in centerAccount) (any, error) {
	return done{true}, s.RechargeCenter(in.Env, in.OpenID, in.Coins)
}

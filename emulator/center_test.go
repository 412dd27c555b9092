package emulator_test

import (
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

// The recharge centre has one account for all zones, which is in no other books.
func TestTheRechargeCentreIsApart(t *testing.T) {
	s := start(t, emulator.Config{})
	openid := emulator.OpenIDOf("alice")
	for _, bad := range []int64{0, -1, emulator.MaxCoins + 1} {
		if s.RechargeCenter(emulator.Sandbox, openid, bad) == nil {
			t.Errorf("%d coins were taken", bad)
		}
	}
	if s.RechargeCenter("nowhere", openid, 1) == nil || s.RechargeCenter(emulator.Sandbox, "", 1) == nil {
		t.Error("an account that cannot be was taken")
	}
	if err := s.RechargeCenter(emulator.Sandbox, openid, 60); err != nil {
		t.Fatal(err)
	}
	if s.Totals() != (emulator.Totals{}) || s.Account(emulator.Sandbox, openid, "1").Balance != 0 {
		t.Errorf("its coins are in the game's books: %+v", s.Totals())
	}
}

package midas_test

import (
	"errors"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

// The recharge centre's coins are one account for all zones (§3.1, coin_type 1), and V1 has none.
func TestTheRechargeCentreHasABalanceOfItsOwn(t *testing.T) {
	c, emu, p := world(t, emulator.Config{}, v2)
	if err := emu.RechargeCenter(emulator.Sandbox, p.OpenID, 60); err != nil {
		t.Fatal(err)
	}
	game, err := c.Balance(t.Context(), p)
	if err != nil || game.Balance == 60 {
		t.Errorf("the game's: %+v, %v", game, err)
	}
	p.Center, p.ZoneID = true, "2"
	if b, err := c.Balance(t.Context(), p); err != nil || b.Balance != 60 {
		t.Errorf("the centre's: %+v, %v", b, err)
	}
	old, _, q := world(t, emulator.Config{})
	q.Center = true
	if _, err := old.Balance(t.Context(), q); !errors.Is(err, midas.ErrRefusedHere) {
		t.Errorf("by V1: %v", err)
	}
}

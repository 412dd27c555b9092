package ops

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// Whoever guesses from very many addresses does not fill the memory: beyond the bound they share one limit.
func TestOnlySoManyAddressesOfGuessersAreRemembered(t *testing.T) {
	synctest.Test(t, onlySoManyAddressesOfGuessersAreRemembered) // what may be guessed grows with time
}

func onlySoManyAddressesOfGuessersAreRemembered(t *testing.T) {
	var g guesses
	wrong := func() bool { return false }
	slow := 0
	for n := range 3 * maxGuessers {
		if _, tooMany := g.try(fmt.Sprintf("10.0.%d.%d:1", n/250, n%250), wrong); tooMany {
			slow++
		}
	}
	if len(g.from) > maxGuessers+1 { // and the others
		t.Errorf("%d addresses are remembered", len(g.from))
	}
	if slow != 2*maxGuessers-guessBurst {
		t.Errorf("%d of the others' guesses were held up", slow)
	}
}

package payment

import (
	"fmt"
	"testing"

	"github.com/leafmidas/leafmidas/midas"
)

func TestBalancesOfTheGoneAreBounded(t *testing.T) {
	var l lastKnown
	for n := range 3 * mostLastKnown {
		l.put(account{fmt.Sprint(n), "1"}, seenBalance{midas.Balance{Balance: midas.Coins(n)}, int64(n)})
	}
	if kept := len(l.newer) + len(l.aged); kept > mostLastKnown {
		t.Errorf("%d are kept", kept)
	}
	for n := 3*mostLastKnown - mostLastKnown/2; n < 3*mostLastKnown; n++ {
		if b, known := l.get(account{fmt.Sprint(n), "1"}); !known || b.Balance.Balance != midas.Coins(n) || b.version != int64(n) {
			t.Fatalf("player %d: %v, %t", n, b, known)
		}
	}
	if _, known := l.get(account{"0", "1"}); known {
		t.Error("the first is still known")
	}
}

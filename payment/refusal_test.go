package payment

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// The host's text for the player is in the order from the refusal to its end, whatever Midas says on the way.
func TestTheHostsRefusalIsKeptUntilTheCoinsAreBack(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string
	}{
		{Refuse("your bag is full"), "your bag is full"},
		{fmt.Errorf("save: %w", Refuse(`背包"已满\`)), `背包"已满\`},
		{Refuse("a\x00b\u202ec\xff"), "a b c"},
		{Refuse(strings.Repeat("满", 500)), strings.Repeat("满", maxRefusal/3)},
		{Refuse(strings.Repeat(`"`, 500)), strings.Repeat(`"`, maxRefusal)},
		{Refuse(""), ""},
		{ErrRefuse, ""},
		{fmt.Errorf("bag full: %w", ErrRefuse), ""},
	} {
		if !errors.Is(c.err, ErrRefuse) {
			t.Errorf("%v is no refusal", c.err)
		}
		o := patient.afterDeliver(order(ledger.Paid), c.err, today)
		for _, said := range []error{errors.New("broken connection"), &midas.Error{Code: -1}, errors.New("again"), nil} {
			if text, refused := Refusal(o); text != c.text || !refused || len(o.Note) > 400 {
				t.Errorf("%v: in %s it is %q, %t; note %q", c.err, o.State, text, refused, o.Note)
			}
			o = patient.afterCancel(o, said, today)
		}
		if text, refused := Refusal(o); text != c.text || !refused || o.State != ledger.Cancelled || !strings.HasSuffix(o.Note, "given back") {
			t.Errorf("%v: %q, %t; %s, note %q", c.err, text, refused, o.State, o.Note)
		}
	}
	if _, refused := Refusal(patient.afterCancel(order(ledger.Reversing), nil, today)); refused {
		t.Error("an order that was called back counts as refused")
	}
}

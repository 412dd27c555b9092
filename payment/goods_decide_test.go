package payment

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

func goodsOrder(change ...func(*ledger.Order)) ledger.Order {
	return order(ledger.Paying, append([]func(*ledger.Order){func(o *ledger.Order) { o.Kind, o.ItemID, o.Amount = ledger.Goods, "pass", 600 }}, change...)...)
}

func aged(d time.Duration) func(*ledger.Order) {
	return func(o *ledger.Order) { o.CreatedAt = today.Add(-d) }
}

func TestEveryAnswerAboutGoods(t *testing.T) {
	const day = 24 * time.Hour
	query := midas.EndpointQuery
	v2 := func(n int) error { return &midas.Error{Endpoint: query, BillNo: "b", Code: n, V2: true} }
	paid := midas.OrderInfo{Paid: true, ProductID: "pass"}
	for _, c := range []struct {
		name   string
		age    time.Duration
		info   midas.OrderInfo
		err    error
		state  ledger.State
		parked bool
	}{
		{"paid", time.Minute, paid, nil, ledger.Paid, false},
		{"paid, and Midas names no product", time.Minute, midas.OrderInfo{Paid: true}, nil, ledger.Paid, false},
		{"paid, for something else", time.Minute, midas.OrderInfo{Paid: true, ProductID: "sword"}, nil, ledger.Disputed, false},
		{"paid after days", 29 * day, paid, nil, ledger.Paid, false},
		{"not paid", time.Minute, midas.OrderInfo{}, nil, ledger.Paying, false},
		{"never opened", time.Minute, midas.OrderInfo{}, v2(90019), ledger.Paying, false},
		{"not paid in a day", 25 * time.Hour, midas.OrderInfo{}, nil, ledger.Failed, false},
		{"never opened in a day", 25 * time.Hour, midas.OrderInfo{}, v2(90019), ledger.Failed, false},
		{"nobody knows", time.Minute, midas.OrderInfo{}, broken(midas.ErrTimeout), ledger.Paying, false},
		{"nobody knows for a day", 25 * time.Hour, midas.OrderInfo{}, broken(midas.ErrTimeout), ledger.Paying, false},
		{"busy", 25 * time.Hour, midas.OrderInfo{}, v2(-1), ledger.Paying, false},
		{"not sent", time.Minute, midas.OrderInfo{}, broken(midas.ErrNotSent), ledger.Paying, false},
		{"wrong key", time.Minute, midas.OrderInfo{}, v2(90011), ledger.Paying, false},
		{"session expired", time.Minute, midas.OrderInfo{}, v2(90016), ledger.Paying, true},
		{"session expired for days", 5 * day, midas.OrderInfo{}, v2(90016), ledger.Paying, true},
		{"the player never came back", 30 * day, midas.OrderInfo{}, v2(90016), ledger.Failed, false},
		{"no session", time.Minute, midas.OrderInfo{}, errNoSession, ledger.Paying, true},
	} {
		o := goodsOrder(aged(c.age))
		if after, ok := patient.beforeStep(o, today); !ok {
			t.Errorf("%s: not even asked: %s", c.name, after.State)
		}
		got := patient.afterQuery(o, c.info, c.err, today)
		switch {
		case got.State != c.state || got.Parked != c.parked:
			t.Errorf("%s: %s, parked %t", c.name, got.State, got.Parked)
		case got.State == ledger.Paying && !got.DueAt.After(today):
			t.Errorf("%s: due %s", c.name, got.DueAt)
		case got.State == ledger.Paying && !got.Parked && got.DueAt.Sub(today) > time.Hour:
			t.Errorf("%s: asked again only in %s, beyond the horizon", c.name, got.DueAt.Sub(today))
		case got.State == ledger.Paid && !got.DueAt.IsZero():
			t.Errorf("%s: delivered only in %s", c.name, got.DueAt.Sub(today))
		}
		if got.State != c.state && !ledger.Goods.Allows(o.State, got.State) {
			t.Errorf("%s: the machine has no such arrow", c.name)
		}
	}
}

func TestQuestionsAboutGoodsBecomeRarer(t *testing.T) {
	r := patient
	r.poll = []time.Duration{3 * time.Second, 10 * time.Second, 24 * time.Hour}
	o := goodsOrder(aged(0))
	asked, last := 0, time.Duration(0)
	for now := today; o.State == ledger.Paying; asked++ {
		o = r.afterQuery(o, midas.OrderInfo{}, nil, now)
		if o.State != ledger.Paying {
			break
		}
		wait := o.DueAt.Sub(now)
		if asked < 2 && wait > 12*time.Second || wait > 36*time.Minute {
			t.Errorf("question %d comes after %s", asked+2, wait)
		}
		last, now = wait, o.DueAt
	}
	if o.State != ledger.Failed || asked < 30 || asked > 70 || last < 30*time.Minute {
		t.Errorf("%s after %d questions, the last after %s", o.State, asked, last)
	}
}

func TestTheHostsAnswersAboutGoodsAndRefunds(t *testing.T) {
	for _, c := range []struct {
		kind  ledger.Kind
		err   error
		state ledger.State
		note  string
	}{
		{ledger.Goods, nil, ledger.Delivered, "granted"},
		{ledger.Goods, ErrRefuse, ledger.Disputed, "give the money back in the WeChat console"},
		{ledger.Goods, errors.New("away"), ledger.Paid, "not delivered yet"},
		{ledger.Refund, nil, ledger.Delivered, "the host knows"},
		{ledger.Refund, ErrRefuse, ledger.Disputed, "does not take note"},
		{ledger.Refund, errors.New("away"), ledger.Paid, "not delivered yet"},
	} {
		o := order(ledger.Paid, func(o *ledger.Order) { o.Kind = c.kind })
		got := patient.afterDeliver(o, c.err, today)
		if got.State != c.state || !strings.Contains(got.Note, c.note) {
			t.Errorf("%s, %v: %s, %q", c.kind, c.err, got.State, got.Note)
		}
		if got.State != o.State && !c.kind.Allows(o.State, got.State) {
			t.Errorf("%s, %v: the machine has no arrow to %s", c.kind, c.err, got.State)
		}
	}
}

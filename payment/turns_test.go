package payment_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
	"github.com/leafmidas/leafmidas/payment"
)

// manyDue multiplies an order that has not ended by 10 to the given power, all of them due longer than any other, a
// hundredth at a time.
func manyDue(t *testing.T, cfg ledger.Config, template string, power int) {
	t.Helper()
	columns := `kind, openid, zone_id, item_id, quantity, amount, user_ip, state, version, attempts, unsure_since, parked, code, rid, note, created_at,
		updated_at, delivered_at, of_trade, source`
	number, tables := "'9'", ""
	for n := range power {
		name := string(rune('a' + n))
		number += ", " + name + ".d"
		tables += ", (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5" +
			" UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) " + name
	}
	db := openRaw(t, cfg)
	defer db.Close()
	of := "o." + strings.ReplaceAll(strings.Join(strings.Fields(columns), " "), ", ", ", o.")
	if _, err := db.ExecContext(t.Context(), `INSERT INTO midas_orders (bill_no, request_id, due_at, `+columns+`) SELECT CONCAT('01ARZ3NDEKTSV4RRFF', `+number+`),
		CONCAT('r', `+number+`), 1 + a.d + 10 * b.d, `+of+` FROM midas_orders o`+tables+` WHERE o.bill_no = '`+template+`'`); err != nil {
		t.Fatal(err)
	}
}

// One player has ten thousand orders that are due, and all of them longer than another's only one.
func TestAPlayerWithVeryManyDueOrdersHoldsUpNobody(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		w := newWorld(t)
		w.ledger, w.shared, w.idle = cfg, true, 100*time.Millisecond
		s := w.open()
		mallory, alice := w.rich(s, "mallory", 1000), w.rich(s, "alice", 1000)
		var away atomic.Bool
		away.Store(true)
		w.game.answerWith(func(o ledger.Order) error {
			if o.OpenID == mallory.OpenID || away.Load() {
				return errors.New("away")
			}
			return nil
		})
		buy := func(p payment.Player) ledger.Order {
			r, err := s.buy(p, "r1", "potion", 1)
			if err != nil || r.Order.State != ledger.Paid {
				t.Fatalf("%+v, %v", r, err)
			}
			return r.Order
		}
		bad, good := buy(mallory), buy(alice)
		manyDue(t, w.ledger, bad.BillNo, 4)
		away.Store(false)
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			if o, err := s.ledger.Order(t.Context(), good.BillNo); err == nil && o.State == ledger.Delivered {
				break
			}
			if time.Now().After(end) {
				t.Fatal("alice does not get what she paid for")
			}
		}
		if due, err := s.ledger.Due(t.Context(), time.Now(), time.Hour, ledger.DueOrder{}, 10_000); err != nil || len(due) < 5_000 {
			t.Errorf("only %d orders are due any more, so they have proven nothing; %v", len(due), err)
		}
		if st := s.Stats(); st.Waiting > 2*st.MaxRunning {
			t.Errorf("%d jobs wait", st.Waiting)
		}
	})
}

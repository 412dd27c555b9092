package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// vip is a game that counts what players have bought.
type vip struct {
	mu     sync.Mutex
	points map[string]midas.Coins    // by player
	told   map[string]payment.Credit // by bill number
	calls  int
	answer func(c payment.Credit) error // nil: noted
}

func newVIP() *vip {
	return &vip{points: map[string]midas.Coins{}, told: map[string]payment.Credit{}}
}

func (v *vip) hear(_ context.Context, c payment.Credit) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	if v.answer != nil {
		if err := v.answer(c); err != nil {
			return err
		}
	}
	if _, known := v.told[c.BillNo]; !known {
		v.points[c.OpenID] += c.Coins
	}
	v.told[c.BillNo] = c
	return nil
}

func (v *vip) answerWith(f func(c payment.Credit) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = f
}

func (v *vip) of(openid string) midas.Coins {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.points[openid]
}

func (v *vip) called() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls
}

func TestTheGameHearsOfCoinsThatWereBought(t *testing.T) {
	for name, v2 := range map[string]bool{"v1": false, "v2": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.v2 = v2
			v := newVIP()
			w.before = func(s *shop) { s.TellCredits(v.hear) }
			s := w.open()
			p := w.rich(s, "alice", 100) // of before
			if _, err := s.offer(p, "r1", 60); err != nil {
				t.Fatal(err)
			}
			w.recharge(p, 60, 0)
			if _, err := s.report(p, "r1", 0); err != nil {
				t.Fatal(err)
			}
			eventually(t, "60 coins were told", func() bool { return v.of(p.OpenID) == 60 })
			w.recharge(p, 30, 0) // bought elsewhere
			w.login(s, "alice")
			eventually(t, "30 more were told", func() bool { return v.of(p.OpenID) == 90 })
			v.mu.Lock()
			for _, c := range v.told {
				if c.OpenID != p.OpenID || c.ZoneID != "1" || c.First() || c.Coins == 60 && c.Total != 160 || c.Coins == 30 && c.Total != 190 {
					t.Errorf("%+v", c)
				}
			}
			v.mu.Unlock()

			q := w.login(s, "bob")
			w.recharge(q, 10, 0)
			w.login(s, "bob")
			eventually(t, "bob's first coins were told", func() bool { return v.of(q.OpenID) == 10 })
			v.mu.Lock()
			for _, c := range v.told {
				if c.OpenID == q.OpenID && !c.First() {
					t.Errorf("%+v is the first", c)
				}
			}
			v.mu.Unlock()
			if n := v.called(); n != 3 {
				t.Errorf("told %d times of three credits", n)
			}
		})
	}
}

// A game that fails, panics or dies is told again, with the same words; one that refuses leaves it to an operator.
func TestTheGameIsToldOfCoinsUntilItTakesNote(t *testing.T) {
	w := newWorld(t)
	v := newVIP()
	w.before = func(s *shop) { s.TellCredits(v.hear) }
	s := w.open()
	p := w.login(s, "alice")
	v.answerWith(func(payment.Credit) error { panic("no bag") })
	w.recharge(p, 60, 0)
	w.login(s, "alice")
	eventually(t, "the game was asked", func() bool { return v.called() >= 2 })
	s.shut() // and a server that dies meanwhile changes nothing
	v.answerWith(nil)
	s = w.open()
	eventually(t, "the coins were told after a restart", func() bool { return v.of(p.OpenID) == 60 })
	if len(v.told) != 1 {
		t.Errorf("told as %v", v.told)
	}

	p = w.login(s, "alice")
	v.answerWith(func(payment.Credit) error { return fmt.Errorf("%w: banned", payment.ErrRefuse) })
	w.recharge(p, 30, 0)
	w.login(s, "alice")
	var o ledger.Order
	eventually(t, "it was left to an operator", func() bool {
		list, _, err := s.ledger.Search(t.Context(), ledger.Filter{OpenID: p.OpenID, States: []ledger.State{ledger.Disputed}, Limit: 2})
		if err != nil || len(list) != 1 {
			return false
		}
		o = list[0]
		return true
	})
	if o.Kind != ledger.Credit || o.Amount != 30 || !strings.Contains(o.Note, "does not take note") {
		t.Errorf("%+v", o)
	}
	_, err := s.ledger.Resolve(t.Context(), o.BillNo, ledger.Resolution{As: ledger.Cancelled, Who: "ann", Why: "x", At: time.Now()})
	if !errors.Is(err, ledger.ErrBadResolution) {
		t.Errorf("settled as if the coins were gone: %v", err)
	}
	if _, err := s.ledger.Resolve(t.Context(), o.BillNo, ledger.Resolution{As: ledger.Delivered, Who: "ann", Why: "points added by hand", At: time.Now()}); err != nil {
		t.Error(err)
	}
	orders, err := answerOf(t, func(done func([]ledger.Order, error)) error { return s.Orders(p, "", 10, done) })
	if err != nil || len(orders) != 0 {
		t.Errorf("the player's own orders have what the game was told: %v, %v", orders, err)
	}
}

// In the ledger's transaction the game takes note exactly once, whatever it answers and wherever the server dies.
func TestTheGameTakesNoteOfCoinsInTheLedgersTransaction(t *testing.T) {
	w := newWorld(t)
	fails := 2
	w.before = func(s *shop) {
		if err := s.ledger.Transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS vip (openid TEXT, coins INTEGER)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		s.TellCreditsInTransaction(func(ctx context.Context, tx *sql.Tx, c payment.Credit) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO vip VALUES (?, ?)`, c.OpenID, int64(c.Coins)); err != nil {
				return err
			}
			if fails--; fails >= 0 {
				return errors.New("the game's own fault")
			}
			return nil
		})
	}
	s := w.open()
	p := w.login(s, "alice")
	w.recharge(p, 60, 0)
	w.login(s, "alice")
	var n, coins int64
	eventually(t, "the game has taken note", func() bool {
		err := s.ledger.Transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(coins), 0) FROM vip`).Scan(&n, &coins)
		})
		return err == nil && n > 0
	})
	if n != 1 || coins != 60 {
		t.Errorf("%d rows of %d coins", n, coins)
	}
}

// A push tells of coins before the balance can be read, and the client's wish to be told of more than came is not
// believed.
func TestTheGameHearsOnlyOfCoinsThatCame(t *testing.T) {
	w := newWorld(t)
	w.v2 = true
	v := newVIP()
	w.before = func(s *shop) { s.TellCredits(v.hear) }
	s := w.open()
	p := w.login(s, "alice")
	offer, err := s.offer(p, "r1", 6480)
	if err != nil {
		t.Fatal(err)
	}
	// The client pays for 10 under the number of the offer, which the query of Midas's calls delivered.
	offer.BuyQuantity = 10
	w.payCoins(p, offer, emulator.Fate{NoPush: true})
	if _, err := s.report(p, "r1", 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "10 coins were told", func() bool { return v.of(p.OpenID) > 0 })
	w.login(s, "alice")
	if got := v.of(p.OpenID); got != 10 {
		t.Errorf("told of %d coins", got)
	}
}

func TestLimitsOfMinors(t *testing.T) {
	for age, want := range map[int]*payment.Limits{
		0: {}, 7: {}, 8: {PerRecharge: 5000, PerMonth: 20000}, 15: {PerRecharge: 5000, PerMonth: 20000},
		16: {PerRecharge: 10000, PerMonth: 40000}, 17: {PerRecharge: 10000, PerMonth: 40000}, 18: nil, 99: nil,
	} {
		got := payment.MinorLimits(age)
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%d years: %+v", age, got)
		}
	}
}

func TestAMinorIsRefusedBeforeAWindowOpens(t *testing.T) {
	w := newWorld(t)
	w.v2 = true
	w.shop = append(w.shop, payment.Item{ID: "skin", Name: "Skin", Fen: 3000})
	ages := map[string]int{"kid": 7, "boy": 12, "teen": 16, "ann": 30}
	away := false
	w.before = func(s *shop) {
		s.LimitPayments(func(_ context.Context, p payment.Player) (*payment.Limits, error) {
			if away {
				return nil, errors.New("the register is away")
			}
			for name, age := range ages {
				if p.OpenID == emulator.OpenIDOf(name) {
					return payment.MinorLimits(age), nil
				}
			}
			panic("who is that?")
		})
	}
	s := w.open()
	players := map[string]payment.Player{}
	for name := range ages {
		players[name] = w.login(s, name)
	}
	refused := func(name string, coins midas.Coins, id, text string) {
		t.Helper()
		_, err := s.offer(players[name], id, coins)
		limit, ok := errors.AsType[*payment.LimitError](err)
		if !ok || !strings.Contains(limit.Text, text) {
			t.Errorf("%s, %d coins: %v, want a text with %q", name, coins, err, text)
		}
	}
	offered := func(name string, coins midas.Coins, id string) {
		t.Helper()
		if _, err := s.offer(players[name], id, coins); err != nil {
			t.Errorf("%s, %d coins: %v", name, coins, err)
		}
	}
	refused("kid", 10, "k1", "may not pay")
	offered("ann", 6480, "a1")
	refused("boy", 600, "b1", "at most 50 yuan at once and 200 in a month, and 200 are left")
	for i := range 4 {
		id := fmt.Sprint("b2-", i)
		offered("boy", 500, id)
		w.recharge(players["boy"], 500, 0)
		if _, err := s.report(players["boy"], id, 0); err != nil {
			t.Fatal(err)
		}
	}
	refused("boy", 10, "b3", "0 are left this month")
	if _, err := s.want(players["boy"], "g1", "skin", 1); !errors.Is(err, payment.ErrLimitReached) {
		t.Errorf("goods beyond the month's limit: %v", err)
	}
	offered("boy", 500, "b2-0") // what was paid for is told as it stands

	for i := range 13 {
		if _, err := s.want(players["teen"], fmt.Sprint("g", i), "skin", 1); err != nil {
			t.Fatal(err)
		}
	}
	refused("teen", 250, "t1", "10 are left")
	offered("teen", 80, "t2")
	w.ahead.Add(int64(time.Hour)) // the windows are closed: nothing was paid
	offered("teen", 980, "t3")
	if _, err := s.want(players["teen"], "g1", "skin", 1); !errors.Is(err, payment.ErrLimitReached) {
		t.Errorf("an old offer would be signed anew, past the limit: %v", err)
	}

	away = true
	if _, err := s.offer(players["ann"], "a2", 60); !errors.Is(err, payment.ErrUnavailable) {
		t.Errorf("while ages are not known: %v", err)
	}
	if !strings.Contains(w.log.String(), "could not say how much a player may pay") {
		t.Error("the log does not say so")
	}
}

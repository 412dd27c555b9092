package plugin_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// Items are granted once, and refused ones paid back, whichever way the host delivers.
func TestTheThreeWaysToDeliver(t *testing.T) {
	t.Parallel()
	type host struct {
		handle func(p *plugin.Plugin, g *game)
		bag    func(s *server) int64 // alice's potions
	}
	ofGame := func(s *server) int64 { return s.bag("alice", "potion") }
	var saving sync.WaitGroup
	for name, h := range map[string]host{
		"on the game's goroutine": {func(p *plugin.Plugin, g *game) {
			p.HandleDeliver(g.Skeleton, func(o plugin.Order) error {
				if o.Quantity > 1 {
					return plugin.ErrRefuse
				}
				g.grant(o)
				return nil
			})
		}, ofGame},
		"acknowledged later": {func(p *plugin.Plugin, g *game) {
			p.HandleDeliverAsync(g.Skeleton, func(o plugin.Order, done func(error)) {
				if o.Quantity <= 1 {
					g.grant(o)
				}
				saving.Go(func() { // stands for a database elsewhere
					if o.Quantity > 1 {
						done(plugin.ErrRefuse)
						return
					}
					done(nil)
				})
			})
		}, ofGame},
		"in the ledger's transaction": {func(p *plugin.Plugin, g *game) {
			p.CallbacksOn(g.Skeleton)
			p.HandleDeliverTx(func(ctx context.Context, tx *sql.Tx, o plugin.Order) error {
				if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS bag (potions INTEGER)`); err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, `INSERT INTO bag VALUES (?)`, o.Quantity); err != nil {
					return err
				}
				if o.Quantity > 1 {
					return plugin.ErrRefuse
				}
				return nil
			})
		}, func(s *server) (n int64) {
			db, err := sql.Open("sqlite", s.config.Ledger.DSN.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.QueryRow(`SELECT SUM(potions) FROM bag`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(set *setup) { set.handle = h.handle })
			s.recharge("alice", 100)
			alice := s.join("alice", overWS)
			for i := range 3 {
				alice.buy(number("p", i), "potion", 1)
			}
			alice.ask("refused", "potion", 7)
			if r := alice.result("refused"); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED {
				t.Errorf("told %v", r)
			}
			alice.buy("p0", "potion", 1) // the same order
			if n := h.bag(s); n != 3 {
				t.Errorf("%d potions", n)
			}
			if totals := s.emu.Totals(); totals.Deducted-totals.GivenBack != 3 {
				t.Errorf("Midas has %+v", totals)
			}
			saving.Wait()
		})
	}
}

func TestThereIsOneDelivery(t *testing.T) {
	t.Parallel()
	p := plugin.New()
	newGame(p, &setup{gameLen: 1})
	defer func() {
		if recover() == nil {
			t.Error("a second delivery was taken")
		}
	}()
	p.HandleDeliverTx(func(context.Context, *sql.Tx, plugin.Order) error { return nil })
}

func TestTheHostGivesAndTakesBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 60)
	alice := s.join("alice", overWS)
	p := plugin.Player{OpenID: emulator.OpenIDOf("alice"), ZoneID: "1"}
	given, err := s.plugin.Present(background(t), p, plugin.PresentRequest{RequestID: "welcome", Amount: 40})
	if err != nil || given.Order.State != ledger.Delivered {
		t.Fatalf("%+v, %v", given, err)
	}
	if b := await(alice, isPush(msg.MidasReason_MIDAS_REASON_PRESENT)); b.GetBalance() != 100 || b.GetPresentBalance() != 40 || b.GetBillNo() != given.Order.BillNo {
		t.Errorf("pushed %v", b)
	}
	bought := alice.buy("p", "sword", 1)
	back, err := s.plugin.Cancel(background(t), p, bought.GetBillNo(), "bought by a child")
	if err != nil || back.Order.State != ledger.Cancelled {
		t.Fatalf("%+v, %v", back, err)
	}
	if b := await(alice, isPush(msg.MidasReason_MIDAS_REASON_CANCEL)); b.GetBalance() != 100 {
		t.Errorf("pushed %v", b)
	}
	if r := alice.result("p"); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED {
		t.Errorf("told %v", r)
	}
	if _, err := s.plugin.Cancel(background(t), p, given.Order.BillNo, ""); !errors.Is(err, plugin.ErrNotCancellable) {
		t.Errorf("a present: %v", err)
	}
}

// The same from the game's own goroutine, where nothing may block: answers come back to it.
func TestTheGoFormsAnswerOnTheGamesGoroutine(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.host("alice", 100)
	type answer struct {
		r     plugin.Receipt
		err   error
		stack string
	}
	answers := make(chan answer, 1)
	done := func(r plugin.Receipt, err error) { answers <- answer{r, err, callers()} }
	step := func(ask func() error) plugin.Receipt {
		t.Helper()
		s.onGame(func() {
			if err := ask(); err != nil {
				t.Error(err)
			}
			if _, err := s.plugin.Present(context.Background(), p, plugin.PresentRequest{RequestID: "x", Amount: 1}); !errors.Is(err, plugin.ErrWrongGoroutine) {
				t.Errorf("the blocking form: %v", err)
			}
			if _, err := s.plugin.Audit(context.Background(), plugin.AuditRequest{}); !errors.Is(err, plugin.ErrWrongGoroutine) {
				t.Errorf("an audit: %v", err)
			}
		})
		select {
		case a := <-answers:
			if a.err != nil || !onTheGames(a.stack) {
				t.Errorf("%v, answered on\n%s", a.err, a.stack)
			}
			return a.r
		case <-time.After(patience):
			t.Fatal("no answer")
			return plugin.Receipt{}
		}
	}
	if r := step(func() error { return s.plugin.GoPresent(p, plugin.PresentRequest{RequestID: "g", Amount: 5}, done) }); r.Order.State != ledger.Delivered {
		t.Errorf("%+v", r)
	}
	bought := step(func() error {
		return s.plugin.GoPurchase(p, plugin.PurchaseRequest{RequestID: "p", ItemID: "sword", Quantity: 1}, done)
	})
	if r := step(func() error { return s.plugin.GoCancel(p, bought.Order.BillNo, "why not", done) }); r.Order.State != ledger.Cancelled {
		t.Errorf("%+v", r)
	}
	if err := plugin.New().GoPresent(p, plugin.PresentRequest{}, done); !errors.Is(err, plugin.ErrNotConfigured) {
		t.Errorf("%v", err)
	}
}

func TestCallbacksNeedAGoroutine(t *testing.T) {
	t.Parallel()
	p := plugin.New()
	p.HandleDeliverTx(func(context.Context, *sql.Tx, plugin.Order) error { return nil })
	if err := p.Configure(testConfig(t)); err != nil {
		t.Fatal(err)
	}
	defer p.Module().OnDestroy()
	if err := p.GoBalance(plugin.Player{OpenID: "x"}, func(plugin.Account, error) {}); !errors.Is(err, plugin.ErrNoSkeleton) {
		t.Errorf("%v", err)
	}
}

func TestAnAuditBesideARunningServerAndAfterIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 100)
	alice := s.join("alice", overWS)
	bought := alice.buy("p", "sword", 1)
	request := plugin.AuditRequest{Granted: map[string]int{bought.GetBillNo(): 1}}
	a, err := s.plugin.Audit(background(t), request)
	if err != nil || len(a.Differences) != 0 || a.Orders != 1 || a.Accounts != 1 || a.Unchecked != 0 || a.Delivered != 60 {
		t.Errorf("%+v, %v", a, err)
	}
	alice.close()
	s.stop()
	a, err = plugin.AuditOf(background(t), s.config, plugin.AuditRequest{Granted: map[string]int{bought.GetBillNo(): 2}})
	if err != nil || len(a.Differences) != 1 || a.Unchecked != 0 { // the session key is in the ledger
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := plugin.AuditOf(background(t), plugin.Config{}, plugin.AuditRequest{}); err == nil {
		t.Error("no config, and an audit")
	}
}

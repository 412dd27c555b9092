//go:build linux

package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// through leads a ledger through PgBouncer.
func through(cfg ledger.Config, bouncer, options string) ledger.Config {
	cfg.DSN = bouncer
	if options != "" {
		cfg.DSN += "&" + options
	}
	return cfg
}

// PgBouncer in transaction mode gives each transaction another connection to the database: nothing may be left behind
// on one, and nothing be looked for there.
func TestALedgerBehindAPgBouncerInTransactionMode(t *testing.T) {
	for options, knows := range map[string]bool{"default_query_exec_mode=exec": false, "": true} {
		if knows && !ledgertest.BouncerPrepares(t) {
			continue // that one is older than statements in transaction mode
		}
		t.Run(options, func(t *testing.T) {
			cfg := ledgertest.Fresh(t, "postgres")
			settings := ""
			if knows {
				settings = "max_prepared_statements = 200"
			}
			cfg = through(cfg, ledgertest.Bouncer(t, cfg.DSN, settings), options)
			ledgers := make([]*ledger.Ledger, 2)
			var work sync.WaitGroup
			for i := range ledgers {
				work.Go(func() { // both make the tables
					l, err := ledger.Open(t.Context(), cfg)
					if err != nil {
						t.Error(err)
						return
					}
					ledgers[i] = l
				})
			}
			work.Wait()
			if t.Failed() {
				t.FailNow()
			}
			for _, l := range ledgers {
				t.Cleanup(func() { must(t, l.Close()) })
				if _, _, err := serve(t, l); err != nil {
					t.Fatal(err)
				}
			}
			for n := range 40 { // many more than the bouncer has connections
				work.Go(func() {
					if err := live(t, ledgers[n%2], n); err != nil {
						t.Errorf("%d: %v", n, err)
					}
				})
			}
			work.Wait()
			if got := found(t, ledgers[0], ledger.Filter{States: []ledger.State{ledger.Delivered}, Limit: 100}); len(got) != 40 {
				t.Errorf("%d are delivered", len(got))
			}
			if b, err := ledgers[0].Books(t.Context()); err != nil || b.Orders[ledger.Delivered] != 40 {
				t.Errorf("%+v, %v", b, err)
			}
		})
	}
}

// live is an order's life, with everything that a server does meanwhile.
func live(t *testing.T, l *ledger.Ledger, n int) error {
	ctx := t.Context()
	o := wish(fmt.Sprintf("order%02d", n), func(o *ledger.Order) { o.OpenID, o.RequestID = fmt.Sprint("player", n), fmt.Sprint("r", n) })
	o, _, err := l.Create(ctx, o)
	for _, state := range []ledger.State{ledger.Paying, ledger.Paid} {
		after := o
		after.State = state
		if err == nil {
			o, err = l.Advance(ctx, o, after)
		}
	}
	if err != nil {
		return err
	}
	if err := l.SaveSession(ctx, o.OpenID, []byte{0, 1, 255}, noon); err != nil {
		return err
	}
	if _, err := l.Session(ctx, o.OpenID); err != nil {
		return err
	}
	if _, err := l.OfferRecharge(ctx, ledger.Recharge{OpenID: o.OpenID, ZoneID: "1", RequestID: "c", BuyQuantity: 10, CreatedAt: noon, UpdatedAt: noon}); err != nil {
		return err
	}
	if err := l.TryWrite(ctx); err != nil {
		return err
	}
	if _, err := l.CountOpen(ctx); err != nil {
		return err
	}
	after := o
	after.State, after.DueAt = ledger.Delivered, time.Time{}
	if o, err = l.Deliver(ctx, o, after, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `SELECT 1`)
		return err
	}); err != nil {
		return err
	}
	now, err := l.Order(ctx, o.BillNo)
	if err == nil && now.State != ledger.Delivered {
		err = fmt.Errorf("it is %s", now.State)
	}
	return err
}

// One that knows no prepared statements refuses them, now and then: the log says what to do.
func TestAPoolerThatLosesStatementsIsNamed(t *testing.T) {
	cfg := ledgertest.Fresh(t, "postgres")
	ledgertest.Open(t, cfg) // with the tables, as a game's that puts a bouncer before it
	settings := ""
	if ledgertest.BouncerPrepares(t) {
		settings = "max_prepared_statements = 0"
	}
	var log lines
	cfg = through(cfg, ledgertest.Bouncer(t, cfg.DSN, settings), "")
	cfg.Log = log.logger()
	l, err := ledger.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var work sync.WaitGroup
	for n := range 20 {
		work.Go(func() { _ = live(t, l, n) })
	}
	work.Wait()
	if h := l.Health(); h.Faults["pooler"] == 0 {
		t.Errorf("health is %+v", h)
	}
	if !strings.Contains(log.String(), "default_query_exec_mode=exec") {
		t.Errorf("the log is\n%s", log.String())
	}
}

package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestAHostsTransactionIsStoredAsAWholeOrNotAtAll(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		run := func(statement string, then func() error) error {
			return l.Transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return err
				}
				return then()
			})
		}
		well := func() error { return nil }
		if err := run(`CREATE TABLE bags (n BIGINT)`, well); err != nil {
			t.Fatal(err)
		}
		mine := errors.New("the host's own")
		if err := run(`INSERT INTO bags VALUES (1)`, func() error { return mine }); !errors.Is(err, mine) || errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("the host's error comes back as %v", err)
		}
		var panicked *ledger.PanicError
		if err := run(`INSERT INTO bags VALUES (2)`, func() error { panic("the host's own fault") }); !errors.As(err, &panicked) {
			t.Errorf("the host's panic comes back as %v", err)
		}
		if err := run(`INSERT INTO nothing VALUES (4)`, well); err == nil {
			t.Error("a statement that fails is no error")
		}
		if err := run(`INSERT INTO bags VALUES (8)`, well); err != nil {
			t.Error(err)
		}
		var sum int64
		err := l.Transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT SUM(n) FROM bags`).Scan(&sum)
		})
		if err != nil || sum != 8 {
			t.Errorf("stored is %d, %v", sum, err)
		}
		if l.Health().Failing {
			t.Error("the host's faults are taken for the database's")
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := l.Transact(ended, func(context.Context, *sql.Tx) error { t.Error("it was begun"); return nil }); err == nil {
			t.Error("a context that has ended is no error")
		}
	})
}

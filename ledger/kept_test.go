package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestAPushThatIsKeptIsThereOnceUntilAnOperatorHasSeenIt(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		k := ledger.Kept{ID: "a1", FirstAt: noon, LastAt: noon, Event: "e", OpenID: "alice", OutTradeNo: "T1", Why: "another price", Body: "{}"}
		for i := range 3 {
			k.LastAt = noon.Add(time.Duration(i) * time.Second)
			if fresh, err := l.KeepPush(t.Context(), k); err != nil || fresh != (i == 0) {
				t.Errorf("%t, %v", fresh, err)
			}
		}
		list, err := l.KeptPushes(t.Context(), 10)
		if err != nil || len(list) != 1 || list[0].Times != 3 || !list[0].FirstAt.Equal(noon) || !list[0].LastAt.Equal(noon.Add(2*time.Second)) || list[0].Why != k.Why {
			t.Errorf("%+v, %v", list, err)
		}
		if err := l.SeePush(t.Context(), "a1", "olga", "", noon); !errors.Is(err, ledger.ErrBadResolution) {
			t.Error(err)
		}
		if err := l.SeePush(t.Context(), "a1", "olga", "paid by hand", noon); err != nil {
			t.Error(err)
		}
		if err := l.SeePush(t.Context(), "a1", "olga", "again", noon); !errors.Is(err, ledger.ErrNotFound) {
			t.Error(err)
		}
		if n, err := l.CountKept(t.Context()); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		if of, err := l.KeptOf(t.Context(), "T1", 10); err != nil || len(of) != 1 || of[0].Seen != "olga: paid by hand" {
			t.Errorf("%+v, %v", of, err)
		}
	})
}

func TestOnlySoManyPushesAreKept(t *testing.T) {
	cfg := ledger.Config{DSN: t.TempDir() + "/orders.db"}
	l := ledgertest.Open(t, cfg)
	execute(t, raw(t, ledger.Config{Driver: "sqlite", DSN: cfg.DSN}), fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO midas_pushes SELECT 'x' || i, 1, 1, 1, '', '', '', '', '', 0, '' FROM n`, ledger.MaxKept))
	if _, err := l.KeepPush(t.Context(), ledger.Kept{ID: "more", FirstAt: noon, LastAt: noon}); !errors.Is(err, ledger.ErrKeptFull) {
		t.Error(err)
	}
	if fresh, err := l.KeepPush(t.Context(), ledger.Kept{ID: "x7", FirstAt: noon, LastAt: noon}); err != nil || fresh {
		t.Errorf("a repeat: %t, %v", fresh, err)
	}
}

// On every database: a refund is one by its name, its verdict is stored once and with the goods, and the ledger has a
// name that stays.
func TestARefundIsOneByItsNameAndSaysTheSameForEver(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		goods := ledger.Order{
			BillNo: "G1", Kind: ledger.Goods, OpenID: "alice", ZoneID: "1", RequestID: "g", ItemID: "pass", Quantity: 1, Amount: 600,
			CreatedAt: noon, UpdatedAt: noon, DueAt: noon,
		}
		if _, _, err := l.Create(t.Context(), goods); err != nil {
			t.Fatal(err)
		}
		refund := ledger.Order{
			BillNo: "R1", Kind: ledger.Refund, RequestID: "refund-1", Quantity: 1, Amount: 300, OfTrade: "G1", CreatedAt: noon, UpdatedAt: noon, DueAt: noon,
		}
		if _, created, err := l.CreateRefund(t.Context(), refund); err != nil || !created {
			t.Fatal(created, err)
		}
		again := refund
		again.BillNo, again.OpenID = "R2", "alice"
		if stored, created, err := l.CreateRefund(t.Context(), again); err != nil || created || stored.BillNo != "R1" {
			t.Errorf("%+v, %t, %v", stored, created, err)
		}
		again.Amount = 200
		if _, _, err := l.CreateRefund(t.Context(), again); !errors.Is(err, ledger.ErrMismatch) {
			t.Error(err)
		}
		for range 2 { // the second decision comes too late
			said := ledger.Verdict{At: noon, Granted: true, Whole: true}
			tr, _, err := l.SettleTrade(t.Context(), "G1", func(tr ledger.Trade) (c ledger.TradeChange) {
				if tr.Back() != 300 {
					t.Errorf("%+v", tr)
				}
				c.Of, c.Verdict, c.Paid = "R1", said, 300
				if tr.Goods.State == ledger.Paying {
					g := tr.Goods
					g.State, g.DueAt = ledger.Cancelled, time.Time{}
					c.Goods = &g
				}
				return c
			})
			if err != nil || tr.Goods.State != ledger.Cancelled || tr.Goods.Paid != 300 || !tr.AllBack() {
				t.Errorf("%+v, %v", tr, err)
			}
			said.Whole = false
		}
		if of, v, err := l.RefundNamed(t.Context(), "refund-1"); err != nil || of != "G1" || !v.Takes() {
			t.Errorf("%s, %+v, %v", of, v, err)
		}
		if back, err := l.Refunded(t.Context(), "G1"); err != nil || back != 300 {
			t.Errorf("%d, %v", back, err)
		}
		first, err := l.ID(t.Context())
		second, err2 := ledgertest.Open(t, cfg).ID(t.Context())
		if first == "" || first != second || err != nil || err2 != nil {
			t.Errorf("%q, %q", first, second)
		}
	})
}

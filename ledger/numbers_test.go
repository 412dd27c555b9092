package ledger_test

import (
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestANumberOfWeChatPaysLeadsToItsPayment(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		note := func(kind ledger.NumberKind, number, trade string) ledger.PayNumber {
			t.Helper()
			n := ledger.PayNumber{Kind: kind, Number: number, Trade: trade, OpenID: "alice", SeenAt: noon}
			if err := l.NotePayNumbers(t.Context(), []ledger.PayNumber{n}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		first := note(ledger.MchOrderNo, "M1", "T1")
		second := note(ledger.TransactionID, "4200001", "T1")
		again := first
		again.SeenAt = noon.Add(1)
		for range 3 { // pushes repeat, and say it another time
			if err := l.NotePayNumbers(t.Context(), []ledger.PayNumber{again, second}); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := l.PayNumbersOf(t.Context(), "T1"); err != nil || len(list) != 2 || list[0] != first || list[1] != second {
			t.Errorf("of T1: %+v, %v", list, err)
		}
		note(ledger.MchOrderNo, "M1", "T2") // one number for two payments is nobody's right, and both are told
		if list, err := l.PaymentsOf(t.Context(), "M1"); err != nil || len(list) != 2 || list[0].Trade != "T1" || list[1].Trade != "T2" {
			t.Errorf("M1: %+v, %v", list, err)
		}
		for _, bad := range []string{"", strings.Repeat("9", 65), "a b", "号", "\x00"} {
			note(ledger.MchOrderNo, bad, "T3")
		}
		if list, err := l.PayNumbersOf(t.Context(), "T3"); err != nil || len(list) != 0 {
			t.Errorf("kept %+v, %v", list, err)
		}
		if f, err := l.Find(t.Context(), "4200001"); err != nil || len(f.Payments) != 2 || len(f.Orders) != 0 {
			t.Errorf("found %+v, %v", f, err)
		}
	})
}

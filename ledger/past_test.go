package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestRechargesAreListedNewestFirst(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		offer := func(openid, request string, at time.Time) {
			t.Helper()
			if _, err := l.OfferRecharge(t.Context(), ledger.Recharge{
				OpenID: openid, ZoneID: "1", RequestID: request, OutTradeNo: "T" + openid + request, BuyQuantity: 60, CreatedAt: at, UpdatedAt: at,
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 5 {
			offer("alice", fmt.Sprint("r", i), noon.Add(time.Duration(i/2)*time.Second)) // two of them at the same instant
		}
		offer("bob", "other", noon)
		names := func(before string, limit int) (names []string) {
			t.Helper()
			list, err := l.Recharges(t.Context(), "alice", before, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				names = append(names, r.RequestID)
			}
			return names
		}
		if got := names("", 10); !slices.Equal(got, []string{"r4", "r3", "r2", "r1", "r0"}) {
			t.Errorf("listed are %v", got)
		}
		if got := names("r3", 2); !slices.Equal(got, []string{"r2", "r1"}) {
			t.Errorf("after r3 come %v", got)
		}
		if got := names("r0", 10); len(got) != 0 {
			t.Errorf("after the oldest come %v", got)
		}
		if got := names("other", 10); len(got) != 0 {
			t.Errorf("after another player's come %v", got)
		}
	})
}

func TestALateRechargeIsToldAsOneWithItsNumbers(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		for i, request := range []string{"late", "in time"} {
			trade := "T" + fmt.Sprint(i)
			_, err := l.OfferRecharge(t.Context(), ledger.Recharge{
				OpenID: "alice", ZoneID: "1", RequestID: request, OutTradeNo: trade, BuyQuantity: 60, CreatedAt: noon, UpdatedAt: noon,
			})
			if err == nil && request == "late" {
				_, err = l.ReportRecharge(t.Context(), "alice", request, ledger.RechargeCancelled, noon)
			}
			if err == nil {
				_, _, err = l.ConfirmRecharge(t.Context(), trade, 60, noon.Add(time.Minute))
			}
			if err == nil {
				err = l.NotePayNumbers(t.Context(), []ledger.PayNumber{
					{Kind: ledger.MchOrderNo, Number: "M" + trade, Trade: trade, OpenID: "alice", SeenAt: noon},
					{Kind: ledger.TransactionID, Number: "4200" + trade, Trade: trade, OpenID: "alice", SeenAt: noon},
				})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		list, err := l.Recharges(t.Context(), "alice", "", 10)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		for _, r := range list {
			if r.State != ledger.RechargeCredited || r.Coins != 60 || r.Late != (r.RequestID == "late") {
				t.Errorf("%+v", r)
			}
			if len(r.Numbers) != 2 || r.Numbers[0].Number != "M"+r.OutTradeNo || r.Numbers[1].Number != "4200"+r.OutTradeNo {
				t.Errorf("%s has the numbers %+v", r.RequestID, r.Numbers)
			}
		}
	})
}

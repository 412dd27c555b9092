package emulator_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

func TestPayUsesPresentCoinsFirstUnlessToldOtherwise(t *testing.T) {
	for _, tt := range []struct {
		name       string
		cfg        emulator.Config
		used, left int64 // present coins
	}{
		{"presents first", emulator.Config{}, 30, 0},
		{"paid first", emulator.Config{PaidCoinsFirst: true}, 10, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, tt.cfg)
			f.recharge(100)
			f.give("p1", 30)
			wantFields(t, f.pay("b1", 110), map[string]any{
				"errcode": 0, "bill_no": "b1", "balance": 20, "used_gen_balance": tt.used,
			})
			wantFields(t, f.post(balPath, signed(balPath, nil)), map[string]any{
				"errcode": 0, "balance": 20, "gen_balance": tt.left, "first_save": false, "save_amt": 100,
				"save_sum": 130, "cost_sum": 110, "present_sum": 30,
			})
			// What comes back goes where it came from.
			f.cancel("b1")
			if a := f.account(); a.Paid != 100 || a.Present != 30 {
				t.Errorf("after the cancellation: %+v", a)
			}
		})
	}
}

func TestNamesAndTypesOfOtherErasCanBeHad(t *testing.T) {
	f := start(t, emulator.Config{FirstSaveAsNumber: true, UsedGenAmt: true, InsufficientAsSystemError: true})
	balance := func() map[string]any { return f.post(balPath, signed(balPath, nil)) }
	wantFields(t, balance(), map[string]any{"first_save": 1})
	f.recharge(10)
	wantFields(t, balance(), map[string]any{"first_save": 2})
	wantFields(t, f.pay("b1", 11), map[string]any{"errcode": -1, "bill_no": "b1"})
	wantFields(t, f.pay("b1", 10), map[string]any{"errcode": 0, "used_gen_amt": 0})

	f = start(t, emulator.Config{})
	wantFields(t, balance(), map[string]any{"first_save": true})
}

func TestNotEnoughMovesNothingAndLeavesTheNumberFree(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(10)
	wantCode(t, f.pay("b1", 11), 90013)
	if len(f.Bills()) != 0 || f.account().Balance != 10 {
		t.Errorf("bills %v, account %+v", f.Bills(), f.account())
	}
	f.recharge(1)
	wantCode(t, f.pay("b1", 11), 0)
}

func TestABillNumberMovesCoinsOnce(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(100)
	wantCode(t, f.pay("b1", 10), 0)
	wantCode(t, f.pay("b1", 10), 90012)
	wantCode(t, f.pay("b1", 99), 90012)
	wantCode(t, f.give("b1", 5), 90012)
	wantCode(t, f.cancel("b1"), 0)
	wantCode(t, f.pay("b1", 10), 90012)

	wantCode(t, f.give("p1", 5), 0)
	wantCode(t, f.give("p1", 5), 90012)
	wantCode(t, f.pay("p1", 5), 90012)

	bills := f.Bills()
	if len(bills) != 2 || bills[0].Attempts != 5 || bills[1].Attempts != 3 {
		t.Errorf("bills %+v", bills)
	}
	want := emulator.Totals{Recharged: 100, Presented: 5, Deducted: 10, GivenBack: 10, Held: 105}
	if got := f.Totals(); got != want {
		t.Errorf("totals %+v, want %+v", got, want)
	}
	// The sandbox is another world: the same number is free there.
	path := "/cgi-bin/midas/sandbox/present"
	wantCode(t, f.post(path, signed(path, map[string]any{"bill_no": "b1", "present_counts": 1})), 0)
}

func TestABillNumberPaysOnceHoweverManyAskAtOnce(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(1000)
	codes := make(chan int, 40)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			no := fmt.Sprint("b", i%4)
			a, err := f.try(t.Context(), payPath, signed(payPath, map[string]any{"bill_no": no, "amt": 7}))
			if err != nil {
				t.Error(err)
			}
			codes <- code(a)
		})
	}
	wg.Wait()
	close(codes)
	count := map[int]int{}
	for c := range codes {
		count[c]++
	}
	if count[0] != 4 || count[90012] != 36 || f.account().Balance != 1000-4*7 {
		t.Errorf("codes %v, balance %d", count, f.account().Balance)
	}
}

func TestCancelPayHasEveryAnswerOfItsPage(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(100)
	f.give("p1", 5)
	f.pay("b1", 10)
	f.pay("b2", 20)

	wantCode(t, f.cancel("never"), 90000)
	wantCode(t, f.cancel("p1"), 90000) // a present cannot be taken back
	other := signed(cancelPath, map[string]any{"bill_no": "b1", "zone_id": "2"})
	wantCode(t, f.post(cancelPath, other), 90000) // not that zone's bill

	wantFields(t, f.cancel("b1"), map[string]any{"errcode": 0, "bill_no": "b1"})
	wantCode(t, f.cancel("b1"), 90015)
	f.Advance(48*time.Hour - time.Minute)
	f.AddToken(goodToken)
	f.Advance(time.Minute)
	wantCode(t, f.cancel("b2"), 90014)
	wantCode(t, f.cancel("b1"), 90015)

	if a := f.account(); a.Balance != 85 || a.CostSum != 20 {
		t.Errorf("account %+v", a)
	}
	bills := f.Bills()
	if bills[1].CancelAttempts != 3 || bills[1].State != emulator.BillCancelled || bills[2].State != emulator.BillPaid {
		t.Errorf("bills %+v", bills)
	}
}

func TestCostSumFallsBackOnACancellationOrNot(t *testing.T) {
	for kept, want := range map[bool]int64{false: 0, true: 10} {
		f := start(t, emulator.Config{CostSumKept: kept})
		f.recharge(10)
		f.pay("b1", 10)
		f.cancel("b1")
		if got := f.account().CostSum; got != want {
			t.Errorf("kept %v: cost_sum %d, want %d", kept, got, want)
		}
	}
}

func TestWhatBecomesOfABillNumberAfterItsTime(t *testing.T) {
	for _, tt := range []struct {
		name                string
		forget              bool
		repeat, cancelAfter int
		balance             int64
	}{
		{"it stays taken", false, 90012, 90014, 90},
		{"it is new again", true, 0, 0, 90}, // deducted twice, the second given back
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, emulator.Config{ForgetBills: tt.forget})
			f.recharge(100)
			f.pay("b1", 10)
			f.Advance(48 * time.Hour)
			f.AddToken(goodToken)
			if tt.forget {
				wantCode(t, f.cancel("b1"), 90000)
			}
			wantCode(t, f.pay("b1", 10), tt.repeat)
			wantCode(t, f.cancel("b1"), tt.cancelAfter)
			if got := f.account().Balance; got != tt.balance {
				t.Errorf("balance %d, want %d", got, tt.balance)
			}
		})
	}
}

func TestARechargeMayBeCreditedLate(t *testing.T) {
	f := start(t, emulator.Config{})
	for coins, after := range map[int64]time.Duration{5: time.Hour, 60: time.Minute} {
		if err := f.RechargeLater(emulator.Production, alice, "1", coins, after); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int64{0, 60, 65} {
		if got := f.account(); got.SaveAmt != want || got.FirstSave != (want == 0) {
			t.Errorf("account %+v, want %d bought", got, want)
		}
		f.Advance(45 * time.Minute)
		if want == 0 {
			continue
		}
		f.Advance(30 * time.Minute)
	}
}

func TestAccountsAreSeparateByZoneAndEnvironment(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(10)
	for _, a := range []emulator.Account{
		f.Account(emulator.Sandbox, alice, "1"), f.Account(emulator.Production, alice, "2"), f.Account(emulator.Production, "bob", "1"),
	} {
		if a.Balance != 0 || a.SaveSum != 0 {
			t.Errorf("account %+v", a)
		}
	}
}

func TestRechargesThatCannotBeMeantAreRefused(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(1)
	for name, err := range map[string]error{
		"zero":            f.Recharge(emulator.Production, alice, "1", 0),
		"negative":        f.Recharge(emulator.Production, alice, "1", -1),
		"too much in all": f.Recharge(emulator.Production, alice, "1", emulator.MaxCoins),
		"no env":          f.Recharge("", alice, "1", 1),
		"no openid":       f.Recharge(emulator.Production, "", "1", 1),
		"no zone":         f.Recharge(emulator.Production, alice, "", 1),
		"before now":      f.RechargeLater(emulator.Production, alice, "1", 1, -time.Second),
		"nothing later":   f.RechargeLater(emulator.Production, alice, "1", 0, time.Second),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	wantCode(t, f.give("p1", emulator.MaxCoins), 90018)
	if got := f.account().SaveSum; got != 1 {
		t.Errorf("save_sum %d", got)
	}
}

package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"pgregory.net/rapid"
)

// TestTheBooksBalanceWhateverHappens lets random calls, repeats and faults loose on the emulator, keeps books of its
// own from the faults it chose, and compares after every step.
func TestTheBooksBalanceWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := emulator.Config{
			PaidCoinsFirst: rapid.Bool().Draw(rt, "paid first"),
			CostSumKept:    rapid.Bool().Draw(rt, "cost kept"),
			Seed:           rapid.Uint64().Draw(rt, "seed"),
		}
		emu, err := emulator.New(cfg)
		if err != nil {
			rt.Fatal(err)
		}
		defer emu.Close()
		m := &model{t: rt, emu: emu, cfg: cfg, bills: map[string]*modelBill{}}
		rt.Repeat(map[string]func(*rapid.T){
			"recharge":       m.recharge,
			"recharge later": m.rechargeLater,
			"pay":            m.pay,
			"cancel":         m.cancel,
			"present":        m.present,
			"advance":        m.advance,
			"":               m.check,
		})
	})
}

// model is what the books should say.
type model struct {
	t                                            *rapid.T
	emu                                          *emulator.Server
	cfg                                          emulator.Config
	now                                          time.Duration // since the start
	paid, free, bought, given, deducted, refunds int64
	bills                                        map[string]*modelBill
	later                                        []func() bool // each tells whether it is over
}

type modelBill struct {
	state             emulator.BillState
	paid, present     int64
	at                time.Duration
	attempts, cancels int
}

var anyFault = rapid.SampledFrom([]emulator.Fault{
	{Kind: emulator.OK},
	{Kind: emulator.OK},
	{Kind: emulator.OK},
	{Kind: emulator.Refuse},
	{Kind: emulator.Fail},
	{Kind: emulator.Answer, Code: 45009},
	{Kind: emulator.Hang},
	{Kind: emulator.Hang, Commit: true},
	{Kind: emulator.Cut},
	{Kind: emulator.Cut, Commit: true},
	{Kind: emulator.CutReply},
	{Kind: emulator.HTML},
	{Kind: emulator.HTML, Commit: true},
	{Kind: emulator.Empty, Commit: true},
	{Kind: emulator.BadGateway},
	{Kind: emulator.BadGateway, Commit: true},
	{Kind: emulator.LateCommit, Delay: time.Minute, Unseen: true},
})

var billNo = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})

// call sends a signed request under a fault of the test's choice. do carries it out in the model and tells the code.
func (m *model) call(t *rapid.T, api string, more map[string]any, do func() int) {
	fault := anyFault.Draw(t, "fault")
	if err := m.emu.Script(api, fault); err != nil {
		t.Fatal(err)
	}
	// Sessions and tokens run out when the clock moves; they are not what is looked at here.
	m.emu.SetSession(alice, aliceKey)
	m.emu.AddToken(goodToken)
	path := "/cgi-bin/midas/" + api
	body, err := json.Marshal(signed(path, more))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if fault.Kind == emulator.Hang || fault.Kind == emulator.LateCommit {
		cancel() // the caller gives up at once
	}
	w := httptest.NewRecorder()
	cut := serve(m.emu, w, httptest.NewRequestWithContext(ctx, "POST", path+"?access_token="+goodToken, bytes.NewReader(body)))

	want := 0
	switch {
	case fault.Kind == emulator.LateCommit:
		due := m.now + fault.Delay
		m.later = append(m.later, func() bool {
			if m.now < due {
				return false
			}
			do()
			return true
		})
	case fault.Commit, fault.Kind == emulator.OK, fault.Kind == emulator.Fail, fault.Kind == emulator.CutReply:
		want = do()
	}
	switch fault.Kind {
	case emulator.Refuse, emulator.Fail:
		want = -1
	case emulator.Answer:
		want = fault.Code
	case emulator.OK:
	case emulator.Hang, emulator.Cut, emulator.CutReply, emulator.LateCommit:
		if !cut {
			t.Fatalf("%+v was answered %q", fault, w.Body)
		}
		return
	default:
		return
	}
	var a map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || code(a) != want {
		t.Fatalf("%s %v under %+v: %s, want errcode %d", api, more, fault, w.Body, want)
	}
}

// serve tells whether the connection was cut.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			cut = true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

func (m *model) recharge(t *rapid.T) {
	coins := rapid.Int64Range(1, 100).Draw(t, "coins")
	if err := m.emu.Recharge(emulator.Production, alice, "1", coins); err != nil {
		t.Fatal(err)
	}
	m.paid += coins
	m.bought += coins
}

func (m *model) rechargeLater(t *rapid.T) {
	coins := rapid.Int64Range(1, 100).Draw(t, "coins")
	due := m.now + time.Minute
	if err := m.emu.RechargeLater(emulator.Production, alice, "1", coins, time.Minute); err != nil {
		t.Fatal(err)
	}
	m.later = append(m.later, func() bool {
		if m.now < due {
			return false
		}
		m.paid += coins
		m.bought += coins
		return true
	})
}

func (m *model) pay(t *rapid.T) {
	no, amt := billNo.Draw(t, "bill"), rapid.Int64Range(1, 60).Draw(t, "amt")
	m.call(t, "pay", map[string]any{"bill_no": no, "amt": amt}, func() int {
		if b := m.bills[no]; b != nil {
			b.attempts++
			return 90012
		}
		if m.paid+m.free < amt {
			return 90013
		}
		var b modelBill
		if m.cfg.PaidCoinsFirst {
			b.paid = min(m.paid, amt)
			b.present = amt - b.paid
		} else {
			b.present = min(m.free, amt)
			b.paid = amt - b.present
		}
		m.paid -= b.paid
		m.free -= b.present
		m.deducted += amt
		b.state, b.at, b.attempts = emulator.BillPaid, m.now, 1
		m.bills[no] = &b
		return 0
	})
}

func (m *model) cancel(t *rapid.T) {
	no := billNo.Draw(t, "bill")
	m.call(t, "cancelpay", map[string]any{"bill_no": no}, func() int {
		b := m.bills[no]
		if b == nil || b.state == emulator.BillPresented {
			return 90000
		}
		b.cancels++
		if b.state == emulator.BillCancelled {
			return 90015
		}
		if m.now-b.at >= 48*time.Hour {
			return 90014
		}
		b.state = emulator.BillCancelled
		m.paid += b.paid
		m.free += b.present
		m.refunds += b.paid + b.present
		return 0
	})
}

func (m *model) present(t *rapid.T) {
	no, coins := billNo.Draw(t, "bill"), rapid.Int64Range(1, 60).Draw(t, "coins")
	m.call(t, "present", map[string]any{"bill_no": no, "present_counts": coins}, func() int {
		if b := m.bills[no]; b != nil {
			b.attempts++
			return 90012
		}
		m.free += coins
		m.given += coins
		m.bills[no] = &modelBill{state: emulator.BillPresented, present: coins, at: m.now, attempts: 1}
		return 0
	})
}

// advance moves by less than the delays or past all of them, so that what becomes due does so in order.
func (m *model) advance(t *rapid.T) {
	by := rapid.SampledFrom([]time.Duration{2 * time.Minute, 30 * time.Hour}).Draw(t, "by")
	at := m.now
	m.emu.Advance(by)
	m.now = at + time.Minute // everything waiting is due by then
	for _, over := range m.later {
		if !over() {
			t.Fatal("the model left something undone")
		}
	}
	m.later = nil
	m.now = at + by
}

func (m *model) check(t *rapid.T) {
	a := m.emu.Account(emulator.Production, alice, "1")
	cost := m.deducted - m.refunds
	if m.cfg.CostSumKept {
		cost = m.deducted
	}
	want := emulator.Account{
		Env: emulator.Production, OpenID: alice, ZoneID: "1", Balance: m.paid + m.free, Paid: m.paid, Present: m.free,
		SaveAmt: m.bought, PresentSum: m.given, SaveSum: m.bought + m.given, CostSum: cost, FirstSave: m.bought == 0,
	}
	if a != want {
		t.Fatalf("account %+v, want %+v", a, want)
	}
	if a.Balance != a.Paid+a.Present || a.SaveSum != a.SaveAmt+a.PresentSum || a.Paid < 0 || a.Present < 0 {
		t.Fatalf("the account contradicts itself: %+v", a)
	}
	tot := m.emu.Totals()
	if tot.Held != tot.Recharged+tot.Presented-tot.Deducted+tot.GivenBack || tot.Held != a.Balance {
		t.Fatalf("the totals do not balance: %+v", tot)
	}
	var deducted, back, given int64
	bills := m.emu.Bills()
	for _, b := range bills {
		w := m.bills[b.BillNo]
		if w == nil || b.State != w.state || b.Amount != w.paid+w.present || b.Attempts != w.attempts || b.CancelAttempts != w.cancels {
			t.Fatalf("bill %+v, want %s", b, fmt.Sprintf("%+v", w))
		}
		switch b.State {
		case emulator.BillPresented:
			given += b.Amount
		case emulator.BillCancelled:
			back += b.Amount
			deducted += b.Amount
		case emulator.BillPaid:
			deducted += b.Amount
		}
	}
	if len(bills) != len(m.bills) || deducted != tot.Deducted || back != tot.GivenBack || given != tot.Presented {
		t.Fatalf("bills add up to %d deducted, %d back, %d given; totals %+v", deducted, back, given, tot)
	}
}

package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Account is what Midas holds for one player in one environment and zone, as getbalance reports it (§1.3).
// All amounts are coins.
type Account struct {
	Env    Env    `json:"env"`
	OpenID string `json:"openid"`
	ZoneID string `json:"zone_id"`
	// Balance can be spent: Paid and Present together.
	Balance int64 `json:"balance"`
	Paid    int64 `json:"paid"`
	Present int64 `json:"present"`
	// SaveAmt was ever bought, PresentSum ever given, SaveSum is both.
	SaveAmt    int64 `json:"save_amt"`
	PresentSum int64 `json:"present_sum"`
	SaveSum    int64 `json:"save_sum"`
	// CostSum was ever spent; whether cancellations lower it is Config.CostSumKept.
	CostSum int64 `json:"cost_sum"`
	// FirstSave is true until the first recharge.
	FirstSave bool `json:"first_save"`
}

// BillState is where a bill stands.
type BillState string

// The states of a bill.
const (
	BillPaid      BillState = "paid"      // coins were deducted; cancelpay makes it cancelled
	BillCancelled BillState = "cancelled" // coins were deducted and given back, for good
	BillPresented BillState = "presented" // coins were given, for good
)

// Bill is one movement of coins under a bill number.
type Bill struct {
	BillNo string    `json:"bill_no"`
	Env    Env       `json:"env"`
	OpenID string    `json:"openid"`
	ZoneID string    `json:"zone_id"`
	State  BillState `json:"state"`
	// Amount is what was deducted or given. UsedPresent is the part of a deduction that came out of present coins.
	Amount      int64  `json:"amount"`
	UsedPresent int64  `json:"used_present"`
	Item        string `json:"item,omitempty"`
	Remark      string `json:"remark,omitempty"`
	// CreatedAt and CancelledAt are by the emulator's clock; CancelledAt is zero unless cancelled.
	CreatedAt   time.Time `json:"created_at"`
	CancelledAt time.Time `json:"cancelled_at,omitzero"`
	// Attempts counts the calls of pay or present that reached this bill: the first one and its repeats.
	Attempts int `json:"attempts"`
	// CancelAttempts counts the calls of cancelpay that reached it.
	CancelAttempts int `json:"cancel_attempts"`
	// Refunds are what protocol V2 gave back, by the number of each refund.
	Refunds map[string]int64 `json:"refunds,omitempty"`
}

// Totals are the books over all accounts of both environments, in coins.
// Held = Recharged + Presented - Deducted + GivenBack, always.
type Totals struct {
	Recharged int64 `json:"recharged"`
	Presented int64 `json:"presented"`
	Deducted  int64 `json:"deducted"`
	GivenBack int64 `json:"given_back"`
	Held      int64 `json:"held"`
}

// accountKey is who an account belongs to.
type accountKey struct {
	Env    Env    `json:"env"`
	OpenID string `json:"openid"`
	ZoneID string `json:"zone_id"`
}

// account keeps the two pockets apart, and what ever went in and out.
type account struct {
	accountKey
	Paid      int64 `json:"paid"`
	Present   int64 `json:"present"`
	Recharged int64 `json:"recharged"`
	Presented int64 `json:"presented"`
	Deducted  int64 `json:"deducted"`
	GivenBack int64 `json:"given_back"`
}

// billKey is the scope in which a bill number is unique: the whole of one environment (§1.4).
type billKey struct {
	env    Env
	billNo string
}

// order is a checked request to move coins. API is one of APIPay, APICancel, APIPresent or apiRecharge.
type order struct {
	accountKey
	API string `json:"api"`
	// V2: of protocol V2, whose cancelpay has a bill number of its own beside the one it gives back.
	V2        bool   `json:"v2,omitempty"`
	PayBillNo string `json:"pay_bill_no,omitempty"`
	BillNo    string `json:"bill_no,omitempty"`
	Coins     int64  `json:"coins,omitempty"`
	Item      string `json:"item,omitempty"`
	Remark    string `json:"remark,omitempty"`
	// OutTradeNo is the payment that an order of APIQuery asks about, or that a recharge comes from.
	OutTradeNo string `json:"out_trade_no,omitempty"`
}

// apiRecharge marks an order that came from the client or through the control API: Midas has no call for it (§1.1).
const apiRecharge = "recharge"

// pending is an order that takes effect later.
type pending struct {
	order
	Due time.Time `json:"due"`
	// Unseen orders leave no trace until Due; the others make their bill number "being processed".
	Unseen bool `json:"unseen,omitempty"`
}

// books are all accounts, bills and trades. They know nothing of HTTP and have no lock of their own.
type books struct {
	cfg      *Config
	accounts map[accountKey]*account
	bills    []*Bill           // oldest first
	byNo     map[billKey]*Bill // the newest bill of each number
	pending  []pending         // the next one due first
	busy     map[billKey]int   // numbers being processed

	center map[accountKey]int64 // coins of the recharge centre, which has one account for all zones; the key has none

	trades      []*trade // oldest first
	byTradeNo   map[tradeKey]*trade
	unannounced []*trade // whose coins were credited since the lock was taken
}

func newBooks(cfg *Config) *books {
	return &books{
		cfg:       cfg,
		accounts:  make(map[accountKey]*account),
		byNo:      make(map[billKey]*Bill),
		busy:      make(map[billKey]int),
		center:    make(map[accountKey]int64),
		byTradeNo: make(map[tradeKey]*trade),
	}
}

// recharge credits bought coins.
func (b *books) recharge(o order) error {
	acc := b.account(o.accountKey)
	if o.Coins <= 0 || o.Coins > MaxCoins-acc.Recharged-acc.Presented {
		return fmt.Errorf("emulator: recharge of %d coins: must be positive and keep the account's lifetime sum within %d",
			o.Coins, MaxCoins)
	}
	acc.Paid += o.Coins
	acc.Recharged += o.Coins
	return nil
}

// pay deducts the whole amount or nothing (§1.4). The bill is nil unless there is one under that number.
func (b *books) pay(o order, at time.Time) (*Bill, int) {
	if bill, code := b.repeated(o, at); code != codeOK {
		return bill, code
	}
	acc := b.account(o.accountKey)
	if acc.Paid+acc.Present < o.Coins {
		return nil, codeInsufficient
	}
	used := min(acc.Present, o.Coins)
	if b.cfg.PaidCoinsFirst {
		used = o.Coins - min(acc.Paid, o.Coins)
	}
	acc.Present -= used
	acc.Paid -= o.Coins - used
	acc.Deducted += o.Coins
	bill := b.enter(o, at, BillPaid)
	bill.UsedPresent = used
	return bill, codeOK
}

// cancel gives a whole deduction back, into the pockets it came from (§1.5).
func (b *books) cancel(o order, at time.Time) (*Bill, int) {
	key := billKey{o.Env, o.BillNo}
	if b.busy[key] > 0 {
		return nil, codeProcessing
	}
	bill := b.find(key, at)
	if bill == nil || bill.OpenID != o.OpenID || bill.ZoneID != o.ZoneID || bill.State == BillPresented {
		return nil, codeNoOrder
	}
	bill.CancelAttempts++
	switch {
	case bill.State == BillCancelled:
		return bill, codeCancelled
	case at.Sub(bill.CreatedAt) >= b.cfg.CancelWindow:
		return bill, codeConfirmed
	}
	acc := b.account(o.accountKey)
	acc.Present += bill.UsedPresent
	acc.Paid += bill.Amount - bill.UsedPresent
	acc.GivenBack += bill.Amount
	bill.State, bill.CancelledAt = BillCancelled, at
	return bill, codeOK
}

// present gives coins for nothing (§1.6).
func (b *books) present(o order, at time.Time) (*Bill, int) {
	if bill, code := b.repeated(o, at); code != codeOK {
		return bill, code
	}
	acc := b.account(o.accountKey)
	if o.Coins > MaxCoins-acc.Recharged-acc.Presented {
		return nil, codeInvalid
	}
	acc.Present += o.Coins
	acc.Presented += o.Coins
	return b.enter(o, at, BillPresented), codeOK
}

// perform carries out an order of any kind.
func (b *books) perform(o order, at time.Time) (*Bill, int) {
	switch o.API {
	case APIPay:
		return b.pay(o, at)
	case APICancel:
		if o.V2 {
			return nil, b.refund(o, at)
		}
		return b.cancel(o, at)
	case APIPresent:
		return b.present(o, at)
	}
	return nil, codeOK
}

// markBusy makes the order's bill number "being processed" until markDone.
func (b *books) markBusy(o order) { b.busy[billKey{o.Env, o.BillNo}]++ }

func (b *books) markDone(o order) {
	key := billKey{o.Env, o.BillNo}
	if b.busy[key]--; b.busy[key] <= 0 {
		delete(b.busy, key)
	}
}

// postpone lets p take effect when settle passes its time.
func (b *books) postpone(p pending) {
	i, _ := slices.BinarySearchFunc(b.pending, p, func(x, y pending) int {
		return cmp.Or(x.Due.Compare(y.Due), -1) // after those due at the same moment
	})
	b.pending = slices.Insert(b.pending, i, p)
}

// settle carries out what has become due, and tells whether anything has.
func (b *books) settle(now time.Time) bool {
	n := 0
	for ; n < len(b.pending) && !b.pending[n].Due.After(now); n++ {
		p := b.pending[n]
		if p.API == apiRecharge {
			// The account may have filled up since the recharge was ordered. Then it is never credited, which is
			// a thing Midas does too (§6 item 22).
			if b.recharge(p.order) == nil && p.OutTradeNo != "" {
				b.credited(tradeKey{p.Env, p.OutTradeNo}, p.Due)
			}
			continue
		}
		if !p.Unseen {
			b.markDone(p.order)
		}
		b.perform(p.order, p.Due)
	}
	b.pending = slices.Delete(b.pending, 0, n)
	return n > 0
}

// report is an account as Midas tells it; an account nobody touched is empty.
func (b *books) report(key accountKey) Account {
	a := account{accountKey: key}
	if acc := b.accounts[key]; acc != nil {
		a = *acc
	}
	cost := a.Deducted - a.GivenBack
	if b.cfg.CostSumKept {
		cost = a.Deducted
	}
	return Account{
		Env: key.Env, OpenID: key.OpenID, ZoneID: key.ZoneID,
		Balance: a.Paid + a.Present, Paid: a.Paid, Present: a.Present,
		SaveAmt: a.Recharged, PresentSum: a.Presented, SaveSum: a.Recharged + a.Presented,
		CostSum: cost, FirstSave: a.Recharged == 0,
	}
}

func (b *books) totals() Totals {
	var t Totals
	for _, a := range b.accounts {
		t.Recharged += a.Recharged
		t.Presented += a.Presented
		t.Deducted += a.Deducted
		t.GivenBack += a.GivenBack
		t.Held += a.Paid + a.Present
	}
	return t
}

// account is the account of key, opened if need be.
func (b *books) account(key accountKey) *account {
	acc := b.accounts[key]
	if acc == nil {
		acc = &account{accountKey: key}
		b.accounts[key] = acc
	}
	return acc
}

// find is the bill a number stands for at that time, if any.
func (b *books) find(key billKey, at time.Time) *Bill {
	bill := b.byNo[key]
	if bill != nil && b.cfg.ForgetBills && at.Sub(bill.CreatedAt) >= b.cfg.BillMemory {
		return nil
	}
	return bill
}

// repeated answers a pay or present whose number is taken. While that number is being processed nobody can say
// how it will end, so Midas is "busy".
func (b *books) repeated(o order, at time.Time) (*Bill, int) {
	key := billKey{o.Env, o.BillNo}
	if b.busy[key] > 0 {
		return nil, codeSystem
	}
	if bill := b.find(key, at); bill != nil {
		bill.Attempts++
		return bill, codeExists
	}
	return nil, codeOK
}

// enter writes a new bill into the books.
func (b *books) enter(o order, at time.Time, state BillState) *Bill {
	bill := &Bill{
		BillNo: o.BillNo, Env: o.Env, OpenID: o.OpenID, ZoneID: o.ZoneID, State: state,
		Amount: o.Coins, Item: o.Item, Remark: o.Remark, CreatedAt: at, Attempts: 1,
	}
	b.bills = append(b.bills, bill)
	b.byNo[billKey{o.Env, o.BillNo}] = bill
	return bill
}

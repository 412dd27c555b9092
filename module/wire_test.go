package module

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/payment"
)

const (
	codeInvalid     = msg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT
	codeUnavailable = msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE
	codeExpired     = msg.MidasErrorCode_MIDAS_ERROR_CODE_SESSION_EXPIRED
	codeLimited     = msg.MidasErrorCode_MIDAS_ERROR_CODE_RATE_LIMITED
	codeForbidden   = msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_PERMITTED
	codeInternal    = msg.MidasErrorCode_MIDAS_ERROR_CODE_INTERNAL
)

func TestEachErrorIsAnsweredWithItsCodeAndNoTextOfAnyoneElses(t *testing.T) {
	const foreign = "s3cr3t words of somebody else"
	pay := func(code int) error {
		return &midas.Error{Endpoint: midas.EndpointPay, Code: code, Message: foreign, RID: foreign}
	}
	for _, one := range []struct {
		err       error
		code      msg.MidasErrorCode
		retryable bool
		after     int64 // ms, 0: no advice
	}{
		{errNotLoggedIn, msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_LOGGED_IN, true, 0},
		{payment.ErrUnknownItem, msg.MidasErrorCode_MIDAS_ERROR_CODE_UNKNOWN_ITEM, false, 0},
		{payment.ErrUnsupportedPlatform, msg.MidasErrorCode_MIDAS_ERROR_CODE_UNSUPPORTED_PLATFORM, false, 0},
		{payment.ErrBusy, msg.MidasErrorCode_MIDAS_ERROR_CODE_BUSY, true, 1000},
		{payment.ErrClosing, codeUnavailable, true, 0},
		{payment.ErrUnavailable, codeUnavailable, true, 0},
		{&payment.ClosedError{Endpoint: midas.EndpointPay, After: 1500 * time.Microsecond}, codeUnavailable, true, 2},
		{&breaker.OpenError{Endpoint: midas.EndpointPay, After: 3 * time.Second}, codeUnavailable, true, 3001},
		{ledger.ErrMismatch, codeInvalid, false, 0},
		{ledger.ErrUnavailable, codeUnavailable, true, 0}, // no verdict: outcome unknown
		{midas.ErrBadTier, msg.MidasErrorCode_MIDAS_ERROR_CODE_BAD_TIER, false, 0},
		{tooMany(2 * time.Second), codeLimited, true, 2001},
		{pay(-1), codeUnavailable, true, 0},
		{pay(90010), codeExpired, true, 0},
		{pay(90009), codeExpired, true, 0},
		{pay(90013), msg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE, false, 0},
		{pay(90011), codeInternal, false, 0},
		{pay(45009), codeLimited, true, 0},
		{pay(40001), codeUnavailable, true, 0},
		{pay(99999), codeUnavailable, true, 0},
		{&midas.Error{Endpoint: midas.EndpointLogin, Code: 40029, Message: foreign}, codeInvalid, true, 0},
		{&midas.Error{Endpoint: midas.EndpointLogin, Code: 40163, Message: foreign}, codeInvalid, true, 0},
		{&midas.Error{Endpoint: midas.EndpointLogin, Code: 40226, Message: foreign}, codeForbidden, false, 0},
		{errors.New(foreign), codeUnavailable, true, 0},
	} {
		for _, err := range []error{one.err, fmt.Errorf("%s: %w", foreign, one.err)} {
			e := errorMessage("q", err)
			if e.GetRequestId() != "q" || e.GetCode() != one.code || e.GetRetryable() != one.retryable || e.GetRetryAfterMs() != one.after {
				t.Errorf("%v: answered %v", one.err, e)
			}
			if e.GetMessage() == "" || strings.Contains(e.GetMessage(), "s3cr3t") {
				t.Errorf("%v: the text is %q", one.err, e.GetMessage())
			}
		}
	}
}

func TestWhatIsInvalidIsSaidInOurWordsAndFitsAFrame(t *testing.T) {
	e := errorMessage("q", fmt.Errorf("%w: quantity is -1", payment.ErrInvalid))
	if e.GetCode() != codeInvalid || e.GetMessage() != "invalid request: quantity is -1" || e.GetRetryable() {
		t.Errorf("answered %v", e)
	}
	e = errorMessage("q", fmt.Errorf("%w: %s", payment.ErrInvalid, strings.Repeat("\x00\xff", 5000)))
	if n := len(e.GetMessage()); n > msg.MaxTextLen {
		t.Errorf("the text has %d bytes", n)
	}
}

func TestEachStateOfAnOrderIsToldInWordsAPlayerKnows(t *testing.T) {
	pending := msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING
	told := map[ledger.State]msg.MidasOrderState{
		ledger.Delivered: msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED, ledger.Failed: msg.MidasOrderState_MIDAS_ORDER_STATE_FAILED,
		ledger.Cancelled: msg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED, ledger.Created: pending, ledger.Paying: pending,
		ledger.Paid: pending, ledger.Refunding: pending, ledger.Reversing: pending, ledger.Disputed: pending,
	}
	for _, state := range ledger.States() {
		want, known := told[state]
		if !known {
			t.Errorf("%v is not in this table", state)
		}
		o := ledger.Order{State: state, RequestID: "q", Code: 90013, Note: "note for the operator"}
		m := purchaseMessage(payment.Receipt{Order: o, Balance: 7})
		if m.GetState() != want || m.GetBalance() != 7 || m.GetRequestId() != "q" {
			t.Errorf("%v: told %v", state, m)
		}
		if wants := state == ledger.Failed || state == ledger.Cancelled || state == ledger.Disputed; (m.GetError() != nil) != wants {
			t.Errorf("%v: error %v", state, m.GetError())
		}
		if strings.Contains(m.String(), "operator") {
			t.Errorf("%v: %v", state, m)
		}
	}
	parked := orderError(ledger.Order{State: ledger.Paying, Parked: true, RequestID: "q"})
	if parked.GetCode() != codeExpired || parked.GetRequestId() != "q" || !parked.GetRetryable() {
		t.Errorf("a parked order is told as %v", parked)
	}
	broke := orderError(ledger.Order{State: ledger.Failed, Code: 90013})
	if broke.GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE {
		t.Errorf("an order without the coins is told as %v", broke)
	}
}

func TestTheLongestMessagesFitLeafsFrame(t *testing.T) {
	wide := strings.Repeat("\u2028", 21) + "x" // 64 bytes that JSON writes as 127
	const most = msg.MaxInt
	o := ledger.Order{
		BillNo: wide, RequestID: wide, ItemID: wide, Quantity: most, Amount: most, State: ledger.Failed, Code: 90010,
		CreatedAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var account payment.Account
	account.Balance.Balance, account.SaveAmt, account.SaveSum, account.CostSum, account.PresentSum, account.PresentBalance = most, most, most, most, most, most
	account.Version = most
	balance := balanceMessage(account, msg.MidasReason_MIDAS_REASON_REMOTE)
	balance.RequestId, balance.BillNo = wide, wide
	orders := make([]ledger.Order, maxList+1)
	for i := range orders {
		orders[i] = o
	}
	page := ordersMessage(orders, maxList)
	if len(page.GetOrders()) == 0 || !page.GetMore() {
		t.Errorf("a page of %d orders, more: %t", len(page.GetOrders()), page.GetMore())
	}
	for _, m := range []proto.Message{
		page, balance, purchaseMessage(payment.Receipt{Order: o, Balance: most}),
		rechargeMessage(ledger.Recharge{RequestID: wide, Coins: most, State: ledger.RechargeCredited}),
		errorMessage(wide, fmt.Errorf("%w: %s", payment.ErrInvalid, strings.Repeat("\u2028", 1000))),
		&msg.MidasLoginResult{Openid: wide},
	} {
		text, err := json.Marshal(map[string]any{string(m.ProtoReflect().Descriptor().Name()): m})
		if err != nil || len(text) > msg.MaxFrame {
			t.Errorf("%T has %d bytes in JSON (%v)", m, len(text), err)
		}
		binary, err := proto.Marshal(m)
		if err != nil || len(binary)+2 > msg.MaxFrame {
			t.Errorf("%T has %d bytes in protobuf (%v)", m, len(binary)+2, err)
		}
	}
}

func TestAPageSaysWhetherThereIsMore(t *testing.T) {
	small := func(n int) []ledger.Order {
		orders := make([]ledger.Order, n)
		for i := range orders {
			orders[i] = ledger.Order{BillNo: fmt.Sprint(i), State: ledger.Delivered}
		}
		return orders
	}
	for _, one := range []struct {
		found, limit, listed int
		more                 bool
	}{{0, 5, 0, false}, {5, 5, 5, false}, {6, 5, 5, true}, {2, 1, 1, true}, {1, 1, 1, false}, {4, 5, 4, false}} {
		page := ordersMessage(small(one.found), one.limit)
		if len(page.GetOrders()) != one.listed || page.GetMore() != one.more {
			t.Errorf("%+v: %d, more: %t", one, len(page.GetOrders()), page.GetMore())
		}
	}
}

func TestOnlyAnIDThatMayTravelIsEchoed(t *testing.T) {
	for id, want := range map[string]string{
		"q": "q", "": "", strings.Repeat("x", 64): strings.Repeat("x", 64), strings.Repeat("x", 65): "", "a\nb": "", "\xff": "",
	} {
		if got := requestID(&msg.MidasGetBalance{RequestId: id}); got != want {
			t.Errorf("%q is echoed as %q", id, got)
		}
	}
	if got := requestID(&msg.MidasListOrders{}); got != "" {
		t.Errorf("a message without an id has the id %q", got)
	}
}

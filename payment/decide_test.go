package payment

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// The rules are pure, so they are tested on a fixed day.
var (
	today   = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	patient = rules{Retry: Retry{First: time.Second, Max: 30 * time.Second, GiveUpAfter: 5 * time.Minute}, quiet: 6 * time.Second, tries: 100}
)

func code(e midas.Endpoint, n int) error {
	return &midas.Error{Endpoint: e, BillNo: "b", Code: n, Message: "words", RID: "rid-1"}
}

func broken(kind error) error {
	return &midas.CallError{Endpoint: midas.EndpointPay, BillNo: "b", Kind: kind}
}

// order is one that was made a minute ago.
func order(s ledger.State, change ...func(*ledger.Order)) ledger.Order {
	o := ledger.Order{
		BillNo: "b", Kind: ledger.Purchase, State: s, Amount: 60, Quantity: 1, CreatedAt: today.Add(-time.Minute), UpdatedAt: today.Add(-10 * time.Second),
		DueAt: today,
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func unsureFor(d time.Duration) func(*ledger.Order) {
	return func(o *ledger.Order) { o.UnsureSince = today.Add(-d) }
}

func TestEveryAnswerToPay(t *testing.T) {
	const (
		again    = "again, later each time"
		later    = "later, without counting"
		waits    = "for the next login"
		at       = "at once"
		reverses = "once the last call has landed"
	)
	pay := midas.EndpointPay
	for _, c := range []struct {
		name string
		err  error
		// what becomes of an order of which no earlier call is open, and of one with an open call a minute old
		sure, unsure         ledger.State
		whenSure, whenUnsure string
	}{
		{"done", nil, ledger.Paid, ledger.Paid, at, at},
		{"order exists", code(pay, 90012), ledger.Paid, ledger.Paid, at, at},
		{"too few coins", code(pay, 90013), ledger.Failed, ledger.Reversing, at, reverses},
		{"session expired", code(pay, 90010), ledger.Paying, ledger.Paying, waits, waits},
		{"bad mp_sig", code(pay, 90009), ledger.Paying, ledger.Paying, waits, waits},
		{"bad sig", code(pay, 90011), ledger.Failed, ledger.Paying, at, again},
		{"no permission", code(pay, 90017), ledger.Failed, ledger.Paying, at, again},
		{"bad parameter", code(pay, 90018), ledger.Failed, ledger.Paying, at, again},
		{"being processed", code(pay, 90016), ledger.Paying, ledger.Paying, again, again},
		{"busy", code(pay, -1), ledger.Paying, ledger.Paying, again, again},
		{"unheard of", code(pay, 99999), ledger.Paying, ledger.Paying, again, again},
		{"timeout", broken(midas.ErrTimeout), ledger.Paying, ledger.Paying, again, again},
		{"cut", broken(midas.ErrConnection), ledger.Paying, ledger.Paying, again, again},
		{"HTML", broken(midas.ErrHTML), ledger.Paying, ledger.Paying, again, again},
		{"server stopping", broken(midas.ErrCancelled), ledger.Paying, ledger.Paying, again, again},
		{"not sent", broken(midas.ErrNotSent), ledger.Paying, ledger.Paying, later, later},
		{"dead token", code(pay, 40001), ledger.Paying, ledger.Paying, later, later},
		{"rate limit", code(pay, 45011), ledger.Paying, ledger.Paying, later, later},
		{"malformed", broken(midas.ErrRefusedHere), ledger.Failed, ledger.Paying, at, again},
		{"no session at hand", errNoSession, ledger.Paying, ledger.Paying, waits, waits},
		{"says nothing", errors.New("?"), ledger.Paying, ledger.Paying, again, again},
	} {
		for _, sure := range []bool{true, false} {
			o, wantState, wantWhen := order(ledger.Paying, unsureFor(0)), c.sure, c.whenSure
			if !sure {
				o, wantState, wantWhen = order(ledger.Paying, unsureFor(time.Minute)), c.unsure, c.whenUnsure
			}
			got := patient.afterPay(o, sure, c.err, today)
			if got.State != wantState {
				t.Errorf("%s (sure: %t): %s, want %s", c.name, sure, got.State, wantState)
				continue
			}
			ok := false
			switch wantWhen {
			case at:
				ok = got.DueAt.IsZero() && !got.Parked && got.Attempts == 0
			case again:
				ok = got.Attempts == 1 && within(got.DueAt, time.Second) && !got.Parked
			case later:
				ok = got.Attempts == 0 && within(got.DueAt, time.Second) && !got.Parked
			case waits:
				ok = got.Parked && got.DueAt.Equal(o.CreatedAt.Add(47*time.Hour))
			case reverses:
				ok = got.DueAt.Equal(today.Add(6 * time.Second))
			}
			if !ok {
				t.Errorf("%s (sure: %t) comes back in %s, parked: %t, attempts: %d; want %s",
					c.name, sure, got.DueAt.Sub(today), got.Parked, got.Attempts, wantWhen)
			}
			// The mark that coins may have been deducted goes only with a definite answer to the one call there was, and
			// stays while the order is in doubt.
			definite := midas.VerdictOf(c.err) != midas.VerdictUnknown
			inDoubt := got.State == ledger.Reversing || got.State == ledger.Paying && !(sure && definite)
			if got.UnsureSince.IsZero() == inDoubt {
				t.Errorf("%s (sure: %t): unsure since %s", c.name, sure, got.UnsureSince)
			}
			if c.err != nil && got.State != ledger.Paid && got.Note == "" {
				t.Errorf("%s leaves no note", c.name)
			}
			if answer, ok := errors.AsType[*midas.Error](c.err); ok && (got.Code != answer.Code || got.RID != "rid-1") {
				t.Errorf("%s leaves code %d, rid %q", c.name, got.Code, got.RID)
			}
		}
	}
}

func within(due time.Time, wait time.Duration) bool {
	d := due.Sub(today)
	return d >= wait && d <= wait+wait/5
}

// When nobody has known for GiveUpAfter, the next answer that does not tell either ends the asking.
func TestPatienceEnds(t *testing.T) {
	for _, err := range []error{code(midas.EndpointPay, -1), broken(midas.ErrTimeout), broken(midas.ErrNotSent), code(midas.EndpointPay, 90011)} {
		got := patient.afterPay(order(ledger.Paying, unsureFor(5*time.Minute)), false, err, today)
		if got.State != ledger.Reversing || !got.DueAt.Equal(today.Add(6*time.Second)) || got.UnsureSince.IsZero() {
			t.Errorf("%v: %s, due in %s", err, got.State, got.DueAt.Sub(today))
		}
	}
	got := patient.afterPay(order(ledger.Paying, unsureFor(5*time.Minute)), false, code(midas.EndpointPay, 90010), today)
	if got.State != ledger.Paying || !got.Parked { // nothing can be called back without a session either
		t.Errorf("without a session: %s, parked %t", got.State, got.Parked)
	}
}

// A present is asked for until the answer is definite: it cannot be called back.
func TestEveryAnswerToPresent(t *testing.T) {
	present := midas.EndpointPresent
	gift := func(o *ledger.Order) { o.Kind = ledger.Present }
	for _, c := range []struct {
		name         string
		err          error
		sure, unsure ledger.State
	}{
		{"done", nil, ledger.Delivered, ledger.Delivered},
		{"order exists", code(present, 90012), ledger.Delivered, ledger.Delivered},
		{"bad parameter", code(present, 90018), ledger.Failed, ledger.Paying},
		{"no permission", code(present, 90017), ledger.Failed, ledger.Paying},
		{"session expired", code(present, 90010), ledger.Paying, ledger.Paying},
		{"rate limit", code(present, 45011), ledger.Paying, ledger.Paying},
		{"busy", code(present, -1), ledger.Paying, ledger.Paying},
		{"timeout", broken(midas.ErrTimeout), ledger.Paying, ledger.Paying},
	} {
		for sure, want := range map[bool]ledger.State{true: c.sure, false: c.unsure} {
			got := patient.afterPay(order(ledger.Paying, gift, unsureFor(time.Hour)), sure, c.err, today)
			if got.State != want || got.State.Ended() != got.DueAt.IsZero() {
				t.Errorf("%s (sure: %t): %s, due %s", c.name, sure, got.State, got.DueAt)
			}
			if definite := midas.VerdictOf(c.err) != midas.VerdictUnknown; sure && definite && !got.UnsureSince.IsZero() ||
				!got.State.Ended() && !(sure && definite) && got.UnsureSince.IsZero() {
				t.Errorf("%s (sure: %t): unsure since %s", c.name, sure, got.UnsureSince)
			}
		}
	}
	if _, ok := patient.beforeStep(order(ledger.Paying, gift, unsureFor(time.Hour)), today); !ok {
		t.Error("a present in doubt is called back")
	}
}

func TestWhatTheHostMayCancel(t *testing.T) {
	for _, c := range []struct {
		o    ledger.Order
		want ledger.State // "": may not be cancelled
	}{
		{order(ledger.Created), ledger.Failed},
		{order(ledger.Paying), ledger.Failed},
		{order(ledger.Paying, unsureFor(time.Second)), ledger.Reversing},
		{order(ledger.Paid), ""},
		{order(ledger.Delivered), ledger.Refunding},
		{order(ledger.Delivered, func(o *ledger.Order) { o.CreatedAt = today.Add(-47 * time.Hour) }), ""},
		{order(ledger.Failed), ""},
		{order(ledger.Disputed), ""},
	} {
		got, ok := patient.afterHostCancels(c.o, "bought by mistake\n", today)
		if ok != (c.want != "") || ok && (got.State != c.want || !strings.Contains(got.Note, "bought by mistake")) {
			t.Errorf("%s: %s, %t, %q", c.o.State, got.State, ok, got.Note)
		}
		if ok && !c.o.Kind.Allows(c.o.State, got.State) {
			t.Errorf("%s cannot become %s", c.o.State, got.State)
		}
	}
	kept := order(ledger.Refunding, func(o *ledger.Order) { o.DeliveredAt = today })
	if got := patient.afterCancel(kept, code(midas.EndpointCancel, 90014), today); got.State != ledger.Delivered {
		t.Errorf("a delivered order whose coins Midas keeps is %s", got.State)
	}
}

func TestEveryAnswerToCancelPay(t *testing.T) {
	cancel := midas.EndpointCancel
	for _, c := range []struct {
		name                 string
		err                  error
		reversing, refunding ledger.State
	}{
		{"done", nil, ledger.Cancelled, ledger.Cancelled},
		{"had been given back", code(cancel, 90015), ledger.Cancelled, ledger.Cancelled},
		{"had been given back, by V2", code(cancel, 90012), ledger.Cancelled, ledger.Cancelled},
		{"never deducted", code(cancel, 90000), ledger.Cancelled, ledger.Disputed},
		{"never deducted, by its other code", code(cancel, 90006), ledger.Cancelled, ledger.Disputed},
		{"confirmed", code(cancel, 90014), ledger.Paid, ledger.Disputed},
		{"being processed", code(cancel, 90016), "", ""},
		{"session expired", code(cancel, 90010), "parked", "parked"},
		{"a key that a later login has replaced", code(cancel, 90009), "parked", "parked"},
		{"bad sig", code(cancel, 90011), ledger.Disputed, ledger.Disputed},
		{"no permission", code(cancel, 90017), ledger.Disputed, ledger.Disputed},
		{"malformed", broken(midas.ErrRefusedHere), ledger.Disputed, ledger.Disputed},
		{"busy", code(cancel, -1), "", ""},
		{"timeout", broken(midas.ErrTimeout), "", ""},
		{"not sent", broken(midas.ErrNotSent), "", ""},
		{"unheard of", code(cancel, 99999), "", ""},
	} {
		for from, want := range map[ledger.State]ledger.State{ledger.Reversing: c.reversing, ledger.Refunding: c.refunding} {
			got := patient.afterCancel(order(from, unsureFor(time.Minute)), c.err, today)
			switch want {
			case "":
				if got.State != from || got.Parked || !got.DueAt.After(today) {
					t.Errorf("%s after %s: %s, due in %s", from, c.name, got.State, got.DueAt.Sub(today))
				}
			case "parked":
				if got.State != from || !got.Parked {
					t.Errorf("%s after %s: %s, parked %t", from, c.name, got.State, got.Parked)
				}
			default:
				if got.State != want || !got.DueAt.IsZero() || got.Parked {
					t.Errorf("%s after %s: %s, want %s", from, c.name, got.State, want)
				}
			}
		}
	}
}

// A player who had too few coins hears that, although the order was called back.
func TestTooFewCoinsIsRememberedOnTheWayBack(t *testing.T) {
	o := patient.afterPay(order(ledger.Paying, unsureFor(time.Minute)), false, code(midas.EndpointPay, 90013), today)
	for _, err := range []error{broken(midas.ErrTimeout), code(midas.EndpointCancel, 90000)} {
		o = patient.afterCancel(o, err, today)
	}
	if o.State != ledger.Cancelled || o.Code != 90013 || !strings.Contains(o.Note, "never deducted") {
		t.Errorf("%s, code %d, %q", o.State, o.Code, o.Note)
	}
}

func TestEveryAnswerOfTheHost(t *testing.T) {
	got := patient.afterDeliver(order(ledger.Paid), nil, today)
	if got.State != ledger.Delivered {
		t.Errorf("granted: %s", got.State)
	}
	got = patient.afterDeliver(order(ledger.Paid), fmt.Errorf("bag full: %w", ErrRefuse), today)
	if got.State != ledger.Refunding || !strings.Contains(got.Note, "bag full") {
		t.Errorf("refused: %s, %q", got.State, got.Note)
	}
	got = patient.afterDeliver(order(ledger.Paid), errors.New("disk full"), today)
	if got.State != ledger.Paid || got.Attempts != 1 || !within(got.DueAt, time.Second) || !strings.Contains(got.Note, "disk full") {
		t.Errorf("failed: %+v", got)
	}
	last := func(o *ledger.Order) { o.Attempts = 99 }
	got = patient.afterDeliver(order(ledger.Paid, last), errors.New("disk full"), today)
	if got.State != ledger.Disputed || !strings.Contains(got.Note, "100 tries") || !strings.Contains(got.Note, "disk full") {
		t.Errorf("failed for the last time: %+v", got)
	}
	got = patient.afterDeliver(order(ledger.Paid, last), fmt.Errorf("stopping: %w", ErrClosing), today)
	if got.State != ledger.Paid || got.Attempts != 99 {
		t.Errorf("a stopping server used up a try: %+v", got)
	}
}

// Nothing goes to Midas under a bill number older than 47 h; what was never in doubt has simply failed.
func TestOldOrdersAreLeftToAnOperator(t *testing.T) {
	old := func(o *ledger.Order) { o.CreatedAt = today.Add(-47 * time.Hour) }
	for _, c := range []struct {
		o    ledger.Order
		want ledger.State
	}{
		{order(ledger.Created, old), ledger.Failed},
		{order(ledger.Paying, old), ledger.Failed},
		{order(ledger.Paying, old, unsureFor(time.Hour)), ledger.Disputed},
		{order(ledger.Reversing, old), ledger.Disputed},
		{order(ledger.Refunding, old), ledger.Disputed},
	} {
		got, ok := patient.beforeStep(c.o, today)
		if ok || got.State != c.want {
			t.Errorf("%s, unsure since %s: %s, may go on: %t", c.o.State, c.o.UnsureSince, got.State, ok)
		}
		c.o.CreatedAt = today.Add(-47*time.Hour + time.Second)
		c.o.UnsureSince = time.Time{}
		if _, ok := patient.beforeStep(c.o, today); !ok {
			t.Errorf("%s a second before is not worked on", c.o.State)
		}
	}
	if _, ok := patient.beforeStep(order(ledger.Paid, old), today); !ok {
		t.Error("what was paid is not delivered any more")
	}
}

func TestAnOrderThatWokeUpTooLateIsCalledBack(t *testing.T) {
	o := order(ledger.Paying, unsureFor(5*time.Minute))
	o.UpdatedAt = today.Add(-time.Hour) // and yet a call may have been sent this second, by whoever claimed it then
	got, ok := patient.beforeStep(o, today)
	if ok || got.State != ledger.Reversing || !got.DueAt.Equal(today.Add(6*time.Second)) {
		t.Errorf("%s, due in %s", got.State, got.DueAt.Sub(today))
	}
}

func TestWaitsGrowAndAreSpread(t *testing.T) {
	o := order(ledger.Paying)
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		o = patient.again(o, today)
		if !within(o.DueAt, want*time.Second) {
			t.Errorf("wait %d is %s, want %ds", i, o.DueAt.Sub(today), want)
		}
	}
	o.Attempts = 1 << 40
	if o = patient.again(o, today); !within(o.DueAt, 30*time.Second) {
		t.Errorf("after very many: %s", o.DueAt.Sub(today))
	}
	spread := map[time.Time]bool{}
	for range 20 {
		spread[patient.again(order(ledger.Paying), today).DueAt] = true
	}
	if len(spread) < 2 {
		t.Error("orders that failed together come back together")
	}
}

// What was counted in one state says nothing of the next: an order that was hard to pay for has all its tries to be
// delivered.
func TestTriesAreCountedAnewInEachState(t *testing.T) {
	tried := func(o *ledger.Order) { o.Attempts, o.Parked, o.Lease = 99, true, time.Minute }
	for name, got := range map[string]ledger.Order{
		"paid":          patient.afterPay(order(ledger.Paying, tried, unsureFor(time.Minute)), false, nil, today),
		"reversing":     patient.reverse(order(ledger.Paying, tried, unsureFor(time.Hour)), today),
		"refunding":     patient.afterDeliver(order(ledger.Paid, tried), ErrRefuse, today),
		"paid after it": patient.afterCancel(order(ledger.Reversing, tried), code(midas.EndpointCancel, 90014), today),
	} {
		if got.Attempts != 0 || got.Parked {
			t.Errorf("%s: %d attempts, parked: %t", name, got.Attempts, got.Parked)
		}
		if got.State != ledger.Paid {
			continue
		}
		next := patient.afterDeliver(got, errors.New("disk full"), today)
		if next.State != ledger.Paid || !within(next.DueAt, time.Second) {
			t.Errorf("%s, and its first failed delivery makes it %s, due in %s", name, next.State, next.DueAt.Sub(today))
		}
	}
}

// Waiting out an open breaker takes as long as it says, and costs no patience.
func TestAnOpenBreakerCostsNoAttempts(t *testing.T) {
	got := patient.postponed(order(ledger.Paying), &ClosedError{Endpoint: midas.EndpointPay, After: 10 * time.Second}, today)
	if got.Attempts != 0 || !within(got.DueAt, 10*time.Second) {
		t.Errorf("attempts %d, due in %s", got.Attempts, got.DueAt.Sub(today))
	}
	got = patient.postponed(order(ledger.Paying), &ClosedError{Endpoint: midas.EndpointPay, After: 5 * time.Hour}, today)
	if !within(got.DueAt, 30*time.Minute) {
		t.Errorf("held back for hours: due in %s", got.DueAt.Sub(today))
	}
}

// Whatever is answered, the decision is an arrow of the machine, and an order that goes on knows when.
func TestEveryDecisionIsAnArrow(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := order(rapid.SampledFrom([]ledger.State{ledger.Created, ledger.Paying, ledger.Paid, ledger.Reversing, ledger.Refunding}).Draw(r, "state"))
		o.CreatedAt = today.Add(-time.Duration(rapid.Int64Range(0, int64(50*time.Hour)).Draw(r, "age")))
		if rapid.Bool().Draw(r, "unsure") {
			o.UnsureSince = today.Add(-time.Duration(rapid.Int64Range(0, int64(50*time.Hour)).Draw(r, "unsure for")))
		}
		o.Attempts = rapid.IntRange(0, 100).Draw(r, "attempts")
		var err error
		switch rapid.IntRange(0, 3).Draw(r, "answer") {
		case 1:
			err = code(midas.EndpointPay, rapid.SampledFrom(midas.CodesDocumented()).Draw(r, "code"))
		case 2:
			err = broken(rapid.SampledFrom([]error{midas.ErrTimeout, midas.ErrNotSent, midas.ErrRefusedHere, midas.ErrHTML}).Draw(r, "kind"))
		case 3:
			err = fmt.Errorf("no: %w", ErrRefuse)
		}
		after, ok := patient.beforeStep(o, today)
		if ok {
			switch o.State {
			case ledger.Created:
				return
			case ledger.Paying:
				after = patient.afterPay(o, rapid.Bool().Draw(r, "sure"), err, today)
			case ledger.Paid:
				after = patient.afterDeliver(o, err, today)
			default:
				after = patient.afterCancel(o, err, today)
			}
		}
		if after.State != o.State && !o.Kind.Allows(o.State, after.State) {
			r.Fatalf("%s became %s", o.State, after.State)
		}
		if after.State == o.State && after.DueAt.Before(today) && !after.Parked {
			r.Fatalf("%s stays and is due at %s", o.State, after.DueAt)
		}
		// Coins are never written off while they may be at Midas.
		if after.State == ledger.Failed && o.State == ledger.Paying && !o.UnsureSince.IsZero() && !ok {
			r.Fatal("an order in doubt failed of old age")
		}
	})
}

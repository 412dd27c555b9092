package midas_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/midas"
)

// meanings is what the pages say each code means, written down a second time.
var meanings = map[int]struct {
	is      error
	verdict midas.Verdict
}{
	-1:    {midas.ErrSystemBusy, midas.VerdictUnknown},
	40001: {midas.ErrBadToken, midas.VerdictLater},
	40002: {midas.ErrBadCall, midas.VerdictRefused},
	40013: {midas.ErrBadAppID, midas.VerdictRefused},
	40014: {midas.ErrBadToken, midas.VerdictLater},
	40029: {midas.ErrBadCode, midas.VerdictRefused},
	40101: {midas.ErrParameterMissing, midas.VerdictRefused},
	40125: {midas.ErrBadSecret, midas.VerdictRefused},
	40163: {midas.ErrBadCode, midas.VerdictRefused},
	40164: {midas.ErrIPNotAllowed, midas.VerdictRefused},
	40243: {midas.ErrSecretFrozen, midas.VerdictRefused},
	41004: {midas.ErrBadSecret, midas.VerdictRefused},
	48004: {midas.ErrRestricted, midas.VerdictRefused},
	50002: {midas.ErrRestricted, midas.VerdictRefused},
	89501: {midas.ErrIPNotAllowed, midas.VerdictRefused},
	89503: {midas.ErrIPNotAllowed, midas.VerdictRefused},
	89506: {midas.ErrIPNotAllowed, midas.VerdictRefused},
	89507: {midas.ErrIPNotAllowed, midas.VerdictRefused},
	40226: {midas.ErrUserBlocked, midas.VerdictRefused},
	41001: {midas.ErrBadToken, midas.VerdictLater},
	41002: {midas.ErrBadAppID, midas.VerdictRefused},
	42001: {midas.ErrBadToken, midas.VerdictLater},
	43002: {midas.ErrBadCall, midas.VerdictRefused},
	44002: {midas.ErrBadCall, midas.VerdictRefused},
	45009: {midas.ErrRateLimited, midas.VerdictLater},
	45011: {midas.ErrRateLimited, midas.VerdictLater},
	90000: {midas.ErrBillUnknown, midas.VerdictRefused},
	90001: {midas.ErrBadBillNo, midas.VerdictRefused},
	90002: {midas.ErrBadBillNo, midas.VerdictRefused},
	90003: {midas.ErrBadBillNo, midas.VerdictRefused},
	90004: {midas.ErrBadBillNo, midas.VerdictRefused},
	90005: {midas.ErrBadBillNo, midas.VerdictRefused},
	90006: {midas.ErrBillUnknown, midas.VerdictRefused},
	90007: {midas.ErrBadOpenID, midas.VerdictRefused},
	90009: {midas.ErrBadMPSig, midas.VerdictLogin},
	90010: {midas.ErrSessionExpired, midas.VerdictLogin},
	90011: {midas.ErrBadSig, midas.VerdictRefused},
	90012: {midas.ErrBillExists, midas.VerdictAlready},
	90013: {midas.ErrInsufficientBalance, midas.VerdictRefused},
	90014: {midas.ErrBillConfirmed, midas.VerdictRefused},
	90015: {midas.ErrBillRolledBack, midas.VerdictRefused},
	90016: {midas.ErrBillProcessing, midas.VerdictLater},
	90017: {midas.ErrNotPermitted, midas.VerdictRefused},
	90018: {midas.ErrBadParameter, midas.VerdictRefused},
}

func TestEveryDocumentedCodeMeansWhatThePagesSay(t *testing.T) {
	for n, want := range meanings {
		err := error(&midas.Error{Endpoint: midas.EndpointBalance, Code: n, Message: "words"})
		if !errors.Is(err, want.is) || midas.VerdictOf(err) != want.verdict {
			t.Errorf("%d is %v (%s)", n, err, midas.VerdictOf(err))
		}
		if midas.Failure(err) != (n == -1) {
			t.Errorf("%d counts as failure: %t", n, midas.Failure(err))
		}
		if advice := err.(*midas.Error).Advice(); advice == "" || !strings.Contains(err.Error(), advice) {
			t.Errorf("%d does not say what to do: %v", n, err)
		}
	}
	for _, n := range midas.CodesDocumented() {
		if _, listed := meanings[n]; !listed {
			t.Errorf("%d has a meaning that no test knows", n)
		}
	}
	if len(midas.CodesDocumented()) != len(meanings) {
		t.Error("a code has lost its meaning")
	}
}

// Where the call is another one, two codes mean something else.
func TestCodesThatDependOnTheCall(t *testing.T) {
	for _, e := range []midas.Endpoint{midas.EndpointToken, midas.EndpointLogin} {
		if err := (&midas.Error{Endpoint: e, Code: 40001}); !errors.Is(err, midas.ErrBadSecret) || errors.Is(err, midas.ErrBadToken) {
			t.Errorf("40001 as the answer of %s is %v", e, err)
		}
	}
	// A deduction that is being worked on may yet take; a cancellation that was put off did nothing.
	if v := midas.VerdictOf(&midas.Error{Endpoint: midas.EndpointPay, Code: 90016}); v != midas.VerdictUnknown {
		t.Errorf("90016 for pay is %s", v)
	}
	if v := midas.VerdictOf(&midas.Error{Endpoint: midas.EndpointCancel, Code: 90016}); v != midas.VerdictLater {
		t.Errorf("90016 for cancelpay is %s", v)
	}
}

// What nobody documented, and what says nothing of itself, may have moved coins.
func TestTheUnknownIsReadWithCaution(t *testing.T) {
	for _, err := range []error{&midas.Error{Endpoint: midas.EndpointPay, Code: 123}, errors.New("anything")} {
		if v := midas.VerdictOf(err); v != midas.VerdictUnknown {
			t.Errorf("%v is %s", err, v)
		}
	}
	if midas.VerdictOf(nil) != midas.VerdictDone {
		t.Error("no error is not done")
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	var names []string
	for v := midas.VerdictUnknown; v <= midas.VerdictRefused; v++ {
		names = append(names, v.String())
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 6 {
		t.Errorf("%q", names)
	}
}

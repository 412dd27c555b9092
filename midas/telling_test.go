package midas_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/midas"
)

// An error's text has Midas's request id and the HTTP status where there are any, and says nothing of them where there
// are none.
func TestAnErrorTellsWhatSupportAsksFor(t *testing.T) {
	for _, c := range []struct {
		err        error
		has, lacks string
	}{
		{&midas.Error{Endpoint: midas.EndpointPay, BillNo: "b", Code: 90018, RID: "abc"}, "rid abc", "HTTP"},
		{&midas.Error{Endpoint: midas.EndpointPay, BillNo: "b", Code: 90018}, "bill b", "rid"},
		{&midas.CallError{Endpoint: midas.EndpointPay, BillNo: "b", Kind: midas.ErrHTML, Status: 502}, "(HTTP 502)", "rid"},
		{&midas.CallError{Endpoint: midas.EndpointPay, BillNo: "b", Kind: midas.ErrTimeout}, "bill b", "HTTP"},
	} {
		if text := c.err.Error(); !strings.Contains(text, c.has) || strings.Contains(text, c.lacks) {
			t.Errorf("%q has to say %q, and not %q", text, c.has, c.lacks)
		}
	}
}

// A call that was sent and got no usable answer is a failure of the line, whatever else came; one that was not sent,
// because a business answer refused the token, is none.
func TestWhatCountsAsAFailureOfTheLine(t *testing.T) {
	refused := &midas.Error{Endpoint: midas.EndpointPay, Code: 90018}
	for _, c := range []struct {
		err  *midas.CallError
		want bool
	}{
		{&midas.CallError{Kind: midas.ErrTimeout, Err: refused}, true},
		{&midas.CallError{Kind: midas.ErrNotSent, Err: refused}, false},
		{&midas.CallError{Kind: midas.ErrRefusedHere}, false},
	} {
		c.err.Endpoint = midas.EndpointPay
		if midas.Failure(c.err) != c.want {
			t.Errorf("%v: a failure %t", c.err, !c.want)
		}
	}
}

// Midas says no, and something before the code is of a form that it should not have. The code counts all the same.
func TestACodeCountsWhateverElseIsWrongWithTheReply(t *testing.T) {
	for _, two := range []bool{false, true} {
		reply := func(*http.Request, string) string {
			return `{"balance":"much","errcode":90010,"errmsg":"session expired"}`
		}
		c := against(t, saying(t, reply), withToken, func(cfg *midas.Config) { cfg.V2 = two })
		for _, name := range []string{"balance", "pay", "present"} {
			err := callsOf(c, alice)[name]()
			if answer, ok := errors.AsType[*midas.Error](err); !ok || answer.Code != 90010 || midas.VerdictOf(err) != midas.VerdictLogin {
				t.Errorf("%s, V2 %t: %v", name, two, err)
			}
		}
	}
}

package midas

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Error is an answer of Midas or WeChat with an errcode other than 0.
type Error struct {
	// Endpoint is the call that was answered, BillNo the order it was for (empty: none).
	Endpoint Endpoint
	BillNo   string
	// Code is errcode.
	Code int
	// V2: the answer is one of protocol V2, where some codes mean something else (§3.2).
	V2 bool
	// Message is errmsg, cut and cleaned so that it may be logged. It is never to be interpreted (§1.8).
	Message string
	// RID is the request id that Tencent's support asks for; empty if there was none.
	RID string
}

func (e *Error) Error() string {
	c := e.code()
	var b strings.Builder
	writeCall(&b, e.Endpoint, e.BillNo)
	fmt.Fprintf(&b, "%d %s (%q", e.Code, c.sentinel.meaning, e.Message)
	if e.RID != "" {
		fmt.Fprintf(&b, ", rid %s", e.RID)
	}
	fmt.Fprintf(&b, "); %s", c.advice)
	return b.String()
}

func (e *Error) code() code { return codeAt(e.V2, e.Endpoint, e.Code) }

// Is makes errors.Is(err, ErrBillExists) and the like hold.
func (e *Error) Is(target error) bool {
	s, ok := target.(*sentinel)
	return ok && e.code().sentinel == s
}

// Verdict says what the answer means for the coins.
func (e *Error) Verdict() Verdict { return e.code().verdict }

// Advice says in words what to do.
func (e *Error) Advice() string { return e.code().advice }

// Errors of calls that brought no usable answer, for errors.Is. Except for ErrNotSent and ErrRefusedHere, the call may
// have been carried out.
var (
	// ErrTimeout: no answer in time.
	ErrTimeout error = &sentinel{"no answer in time"}
	// ErrConnection: the connection broke.
	ErrConnection error = &sentinel{"connection broken"}
	// ErrHTTPStatus: an HTTP status other than 200.
	ErrHTTPStatus error = &sentinel{"HTTP status"}
	// ErrHTML: a page instead of JSON, as proxies and gateways send.
	ErrHTML error = &sentinel{"HTML instead of JSON"}
	// ErrEmptyReply: nothing instead of JSON.
	ErrEmptyReply error = &sentinel{"empty reply"}
	// ErrTruncatedReply: the reply ends too early.
	ErrTruncatedReply error = &sentinel{"truncated reply"}
	// ErrNotJSON: something else instead of JSON.
	ErrNotJSON error = &sentinel{"reply is not JSON"}
	// ErrReplyTooLarge: more than 64 KiB.
	ErrReplyTooLarge error = &sentinel{"reply too large"}
	// ErrBadReply: JSON that cannot be true: another bill number, an impossible balance, a missing field.
	ErrBadReply error = &sentinel{"reply makes no sense"}
	// ErrCancelled: the caller's own context ended. errors.Is holds for that context's error too.
	ErrCancelled error = &sentinel{"cancelled by the caller"}
	// ErrNotSent: the call did not leave this machine; nothing was done. There was no access token, no connection (a name
	// that does not resolve, a port that refuses, TLS that fails, a proxy that is down or refuses), or the time to send it
	// had passed: then errors.Is holds for ErrCancelled too, if it was the caller's context that had ended.
	ErrNotSent error = &sentinel{"not sent"}
	// ErrRefusedHere: the call was malformed and was not sent; nothing was done.
	ErrRefusedHere error = &sentinel{"malformed request, not sent"}
)

// CallError is a call without a usable answer.
type CallError struct {
	Endpoint Endpoint
	BillNo   string
	// Kind is one of the errors above.
	Kind error
	// Status is the HTTP status, 0 if there was none.
	Status int
	// Err says more, or is nil. It holds no URL: that would show the access token.
	Err error

	left bool // it failed at a domain that is not used any more
}

func (e *CallError) Error() string {
	var b strings.Builder
	writeCall(&b, e.Endpoint, e.BillNo)
	b.WriteString(e.Kind.(*sentinel).meaning)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	cause, advice := "", "nothing was done, repeat later"
	if e.Err != nil {
		cause = ": " + e.Err.Error()
	}
	// What came first, the access token, was refused with an advice that must not be read as one about this call.
	if first, answered := errors.AsType[*Error](e.Err); answered && first.Verdict() == VerdictRefused {
		cause = strings.TrimSuffix(cause, "; "+first.Advice())
		advice = "nothing was done, repeat after this: " + strings.TrimPrefix(first.Advice(), "do not repeat; ")
	}
	b.WriteString(cause)
	switch e.Verdict() {
	case VerdictLater:
		b.WriteString("; " + advice)
	case VerdictRefused:
		b.WriteString("; nothing was done, do not repeat")
	default:
		if e.BillNo != "" {
			b.WriteString("; the outcome is unknown, repeat with the same bill number")
		} else {
			b.WriteString("; repeating is safe")
		}
	}
	return b.String()
}

// Unwrap gives errors.Is the kind and the cause.
func (e *CallError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Verdict says what the lack of an answer means for the coins.
func (e *CallError) Verdict() Verdict {
	switch e.Kind {
	case ErrNotSent:
		return VerdictLater
	case ErrRefusedHere:
		return VerdictRefused
	default:
		return VerdictUnknown
	}
}

// Failure tells whether an error says that the service behind an endpoint is in trouble: no usable answer, or −1. A
// business answer is none, nor is the caller's own change of mind, nor a call that never was one.
func Failure(err error) bool {
	if err == nil || Cancelled(err) {
		return false
	}
	if call, ok := errors.AsType[*CallError](err); ok {
		if answer, ok := errors.AsType[*Error](call.Err); ok && call.Kind == ErrNotSent {
			return Failure(answer) // that there was no token for the call may be a business answer too
		}
		return call.Kind != ErrRefusedHere
	}
	return errors.Is(err, ErrSystemBusy)
}

// Cancelled tells whether a call ended because its caller no longer wanted it.
func Cancelled(err error) bool {
	return errors.Is(err, ErrCancelled) || errors.Is(err, context.Canceled)
}

func writeCall(b *strings.Builder, e Endpoint, billNo string) {
	fmt.Fprintf(b, "midas %s", e)
	if billNo != "" {
		fmt.Fprintf(b, " (bill %s)", billNo)
	}
	b.WriteString(": ")
}

// maxMessage bounds what is kept of an errmsg, in bytes.
const maxMessage = 200

// ridForm finds the request id at the end of an errmsg (§1.8). It is for people to quote, not to decide by.
var ridForm = regexp.MustCompile(`rid: ([0-9A-Za-z_-]{1,64})`)

// clean makes a foreign text fit to be logged and stored.
func clean(text string) string {
	if len(text) > maxMessage {
		text = text[:maxMessage]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

func ridIn(errmsg string) string {
	if found := ridForm.FindStringSubmatch(errmsg); found != nil {
		return found[1]
	}
	return ""
}

package midas

import (
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// Outcome is how a call ended, in words that are few enough to count by.
type Outcome struct {
	// Kind is "done", "already", "refused", "login", "later" or "unknown", as [VerdictOf] says, or "cancelled" where the
	// caller gave up.
	Kind string
	// Code is "ok", Midas's errcode if it is documented, else "undocumented", or why there was no answer: "timeout",
	// "connection", "http_status", "bad_reply", "not_sent", "refused_here", "cancelled", "other".
	Code string
}

var outcomeKinds = map[Verdict]string{
	VerdictDone: "done", VerdictAlready: "already", VerdictRefused: "refused", VerdictLogin: "login", VerdictLater: "later", VerdictUnknown: "unknown",
}

// OutcomeOf sums up the error of a call; nil is done.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Outcome{"done", "ok"}
	}
	if Cancelled(err) {
		return Outcome{"cancelled", "cancelled"}
	}
	o := Outcome{outcomeKinds[VerdictOf(err)], "other"}
	var call *CallError
	var answer *Error
	switch {
	case errors.As(err, &answer) && answer.code().sentinel == undocumented.sentinel:
		o.Code = "undocumented"
	case answer != nil: // also WeChat's to the question for a token, without which nothing was sent
		o.Code = strconv.Itoa(answer.Code)
	case errors.As(err, &call):
		o.Code = callCode(call.Kind)
	}
	return o
}

func callCode(kind error) string {
	switch kind {
	case ErrTimeout:
		return "timeout"
	case ErrConnection:
		return "connection"
	case ErrHTTPStatus:
		return "http_status"
	case ErrNotSent:
		return "not_sent"
	case ErrRefusedHere:
		return "refused_here"
	default:
		return "bad_reply"
	}
}

// Histogram counts durations by size. It is safe for concurrent use and takes no lock.
type Histogram struct {
	bounds []time.Duration
	counts []atomic.Int64 // one more than bounds: the last is of what is longer than all
	sum    atomic.Int64   // ns
}

// Durations is what a Histogram has counted.
type Durations struct {
	// Counts[i] is how many were not longer than Bounds[i] and longer than the bound before; the last, which has no bound,
	// how many were longer than all.
	Bounds []time.Duration
	Counts []int64
	Sum    time.Duration
}

// NewHistogram makes a Histogram with these upper bounds, which ascend.
func NewHistogram(bounds ...time.Duration) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Int64, len(bounds)+1)}
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	at, _ := slices.BinarySearch(h.bounds, d)
	h.counts[at].Add(1)
	h.sum.Add(int64(d))
}

// Durations reads what has been counted.
func (h *Histogram) Durations() Durations {
	d := Durations{Bounds: h.bounds, Counts: make([]int64, len(h.counts)), Sum: time.Duration(h.sum.Load())}
	for i := range h.counts {
		d.Counts[i] = h.counts[i].Load()
	}
	return d
}

package midas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// status is the part that every reply has. A success may leave errcode out where the pages do not say (§4.1).
type status struct {
	Code    *errcode        `json:"errcode"`
	Message json.RawMessage `json:"errmsg"` // a text; typed "number" in 2018 (§1.2)
}

// errcode is a whole number, or one as text.
type errcode int

func (n *errcode) UnmarshalJSON(text []byte) error {
	whole, err := strconv.Atoi(string(unquoted(text)))
	if err != nil {
		return errors.New("errcode is no whole number")
	}
	*n = errcode(whole)
	return nil
}

// unquoted takes the quotes off a JSON text that is a number.
func unquoted(text []byte) []byte {
	if len(text) > 2 && text[0] == '"' && text[len(text)-1] == '"' {
		return text[1 : len(text)-1]
	}
	return text
}

// amount is a sum of coins. It is believed only as a whole number, or as one written as text or with zeros behind the
// point: it is money.
type amount struct {
	coins Coins
	there bool
}

func (a *amount) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	digits, zeros, _ := strings.Cut(string(unquoted(text)), ".")
	whole, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || strings.Trim(zeros, "0") != "" || strings.HasPrefix(digits, "+") {
		return errors.New("an amount is no whole number")
	}
	*a = amount{Coins(whole), true}
	return nil
}

// name is a text that decides what a reply is about; a number stands for itself.
type name string

func (n *name) UnmarshalJSON(text []byte) error {
	var s string
	switch {
	case string(text) == "null":
		return nil
	case json.Unmarshal(text, &s) == nil:
		*n = name(s)
		return nil
	case wholeNumber.Match(text):
		*n = name(text)
		return nil
	}
	return errors.New("a name is neither a text nor a number")
}

// note is a text that nothing depends on: what is neither text nor number is none.
type note string

func (n *note) UnmarshalJSON(text []byte) error {
	var as name
	if as.UnmarshalJSON(text) == nil {
		*n = note(as)
	}
	return nil
}

// shown is a whole number that nothing depends on but what is shown, or one as text; anything else is 0.
type shown int64

func (n *shown) UnmarshalJSON(text []byte) error {
	var a amount
	if a.UnmarshalJSON(text) == nil {
		*n = shown(a.coins)
	}
	return nil
}

// state is a whole number that decides, or one as text.
type state int64

func (n *state) UnmarshalJSON(text []byte) error {
	var a amount
	if err := a.UnmarshalJSON(text); err != nil || !a.there {
		return errors.New("a state is no whole number")
	}
	*n = state(a.coins)
	return nil
}

var wholeNumber = regexp.MustCompile(`^[0-9]{1,40}$`)

// decode reads a reply whose status is st, which is part of reply. An errcode other than 0 is an *Error whatever else
// is wrong with the reply; a reply that is no JSON or of another shape is a *CallError of its own kind. What Midas says
// is kept without the secrets of the call: a server may repeat the URL or the body that it got.
func decode(e Endpoint, billNo string, text []byte, reply any, st *status, secrets ...Secret) error {
	fail := func(kind, cause error) error {
		return &CallError{Endpoint: e, BillNo: billNo, Kind: kind, Err: cause}
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	switch {
	case len(text) == 0:
		return fail(ErrEmptyReply, nil)
	case text[0] == '<':
		return fail(ErrHTML, nil)
	case text[0] != '{':
		return fail(ErrNotJSON, nil)
	}
	err := json.Unmarshal(text, reply)
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		if strings.Contains(wrong.Error(), "unexpected end") {
			return fail(ErrTruncatedReply, nil)
		}
		return fail(ErrNotJSON, nil)
	}
	if err != nil { // it stopped there: the errcode may come after
		var only struct{ status }
		if json.Unmarshal(text, &only) == nil || only.Code != nil {
			*st = only.status
		}
	}
	if st.Code != nil && *st.Code != 0 {
		message := clean(without(st.text(), secrets))
		return &Error{Endpoint: e, BillNo: billNo, Code: int(*st.Code), Message: message, RID: ridIn(message)}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fail(ErrBadReply, errors.New(without(fmt.Sprintf("%s is a %s", wrong.Field, clean(wrong.Value)), secrets)))
	}
	if err != nil {
		return fail(ErrBadReply, errors.New(without(clean(err.Error()), secrets)))
	}
	return nil
}

func (s *status) text() string {
	var text string
	if json.Unmarshal(s.Message, &text) == nil {
		return text
	}
	return string(s.Message)
}

// has refuses a reply that lacks an amount which it must have: that is no sum of 0.
func has(amounts ...sum) error {
	for _, s := range amounts {
		if !s.there {
			return fmt.Errorf("it has no %s", s.name)
		}
	}
	return nil
}

// sum is an amount by the name that Midas has for it.
type sum struct {
	name string
	amount
}

// plausible refuses amounts that there cannot be.
func plausible(sums ...sum) error {
	for _, s := range sums {
		if s.coins < 0 || s.coins > MaxCoins {
			return fmt.Errorf("%s is %d", s.name, s.coins)
		}
	}
	return nil
}

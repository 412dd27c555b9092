package midas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// status is the part that every reply has. A success may leave errcode out where the pages do not say (§4.1).
type status struct {
	Code    *int            `json:"errcode"`
	Message json.RawMessage `json:"errmsg"` // a text; typed "number" in 2018 (§1.2)
}

// decode reads a reply whose status is st, which is part of reply. An errcode other than 0 is an *Error whatever else is
// wrong with the reply; a reply that is no JSON or of another shape is a *CallError of its own kind.
func decode(e Endpoint, billNo string, text []byte, reply any, st *status) error {
	fail := func(kind, cause error) error {
		return &CallError{Endpoint: e, BillNo: billNo, Kind: kind, Err: cause}
	}
	text = bytes.TrimSpace(text)
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
	if st.Code != nil && *st.Code != 0 {
		message := clean(st.text())
		return &Error{Endpoint: e, BillNo: billNo, Code: *st.Code, Message: message, RID: ridIn(message)}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fail(ErrBadReply, fmt.Errorf("%s is a %s", wrong.Field, wrong.Value))
	}
	if err != nil {
		return fail(ErrBadReply, nil)
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

// sum is an amount by the name that Midas has for it.
type sum struct {
	name  string
	coins Coins
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

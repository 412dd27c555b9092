package payment

import (
	"errors"
	"strconv"
	"strings"

	"github.com/leafmidas/leafmidas/ledger"
)

// Refuse is what a delivery returns to refuse an item for good and to tell the player why ("your bag is full"). It is
// an ErrRefuse. Of a text longer than 120 bytes the rest is left out.
func Refuse(text string) error { return &refusal{text} }

type refusal struct{ text string }

func (r *refusal) Error() string { return "payment: the host refuses to deliver: " + r.text }

// Unwrap makes errors.Is(err, ErrRefuse) hold.
func (r *refusal) Unwrap() error { return ErrRefuse }

// maxRefusal bounds the text for the player, in bytes. The note that it travels in has to be read again, and so must
// not be cut.
const maxRefusal = 120

// The note of an order that the host has refused begins so, with the text for the player quoted, if there is one. It
// stays at the beginning until the order has ended: that is how a server that tells the end knows the reason.
const (
	refusedMark = "the host refused it"
	refusedText = " and tells the player "
)

// refusedNote is the note of an order that the host has refused, and what an operator is to do about it, if anything.
func refusedNote(err error, todo string) string {
	if r, told := errors.AsType[*refusal](err); told {
		text := r.text
		if len(text) > maxRefusal {
			text = text[:maxRefusal]
		}
		return refusedMark + refusedText + strconv.Quote(strings.TrimSpace(printable(text))) + todo
	}
	return refusedMark + todo + ": " + short(err)
}

// keepRefusal puts what the host said before an order's newer note.
func keepRefusal(before, note string) string {
	kept := refusedMark
	rest, refused := strings.CutPrefix(before, refusedMark)
	if !refused {
		return note
	}
	if quoted, told := strings.CutPrefix(rest, refusedText); told {
		if quoted, err := strconv.QuotedPrefix(quoted); err == nil {
			kept += refusedText + quoted
		}
	}
	if note == "" {
		return kept
	}
	return printable(kept + "; " + note)
}

// Refusal tells whether the host has refused to grant what was ordered, and its text for the player, which may be
// empty.
func Refusal(o ledger.Order) (text string, refused bool) {
	rest, refused := strings.CutPrefix(o.Note, refusedMark)
	if quoted, told := strings.CutPrefix(rest, refusedText); refused && told {
		if quoted, err := strconv.QuotedPrefix(quoted); err == nil {
			text, _ = strconv.Unquote(quoted)
		}
	}
	return text, refused
}

package msg

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What keeps a message within Leaf's default frame.
const (
	// MaxIDLen is the longest id in bytes: request_id, item_id, bill_no, openid and every other short text.
	MaxIDLen = 64
	// MaxTextLen is the longest MidasError.message in bytes.
	MaxTextLen = 256
	// MaxFrame is the default of Leaf's MaxMsgLen in bytes: a whole JSON frame, or number and body of a protobuf one. A
	// longer message is lost with a line in the log, and a longer one from a client closes its connection. A gate with a
	// MaxMsgLen below this, or with a LenMsgLen of 1, cannot carry every message.
	MaxFrame = 4096
)

// ValidID tells whether s may be an id: 1 to [MaxIDLen] bytes of UTF-8 without control characters.
func ValidID(s string) bool {
	return s != "" && len(s) <= MaxIDLen && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// ClipText makes any text fit to travel as MidasError.message: UTF-8 without control characters, and cut between two
// characters to [MaxTextLen] bytes.
func ClipText(s string) string {
	// A first cut, so that a page of HTML is not walked through for its first line.
	s = s[:min(len(s), 4*MaxTextLen)]
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) <= MaxTextLen {
		return s
	}
	n := MaxTextLen
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// ClipID makes any text fit to travel where an id may: UTF-8 without control characters, cut between two characters to
// [MaxIDLen] bytes.
func ClipID(s string) string {
	s = ClipText(s)
	for len(s) > MaxIDLen {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// CatalogueParts divides a catalogue into messages that fit a frame, which travel one after another: all but the last
// have More. Items come before recharges.
func CatalogueParts(c *MidasCatalogue) []*MidasCatalogue {
	part := func() *MidasCatalogue {
		return &MidasCatalogue{RequestId: c.RequestId, Version: c.Version, CanRecharge: c.CanRecharge, Reason: c.Reason, More: true}
	}
	sizeOf := func(m fields) int {
		b, err := marshalJSON(m)
		if err != nil {
			return MaxFrame // a part of its own, which cannot be written
		}
		return len(b)
	}
	parts := []*MidasCatalogue{part()}
	const frame = len(`{"MidasCatalogue":}`)
	empty := frame + sizeOf(parts[0])
	size := empty
	room := func(m fields) *MidasCatalogue {
		// The names alone make the JSON longer than the protobuf, so the one bound serves both.
		need := sizeOf(m) + len(",")
		if size += need; size > MaxFrame && size > empty+need {
			parts, size = append(parts, part()), empty+need
		}
		return parts[len(parts)-1]
	}
	for _, it := range c.Items {
		p := room(it)
		p.Items = append(p.Items, it)
	}
	for _, r := range c.Recharges {
		p := room(r)
		p.Recharges = append(p.Recharges, r)
	}
	parts[len(parts)-1].More = false
	return parts
}

// FitOrders returns how many of orders, from the first, fit one MidasOrders in either encoding. With ids of at most
// [MaxIDLen] at least one always does. An order that cannot be written (an amount beyond [MaxInt]) ends the page.
func FitOrders(orders []*MidasOrder) int {
	return fit(orders, `{"MidasOrders":{"orders":[],"more":false}}`)
}

// FitRecharges is FitOrders for one MidasRecharges that answers a request of [MaxIDLen] bytes.
func FitRecharges(recharges []*MidasRechargeRecord) int {
	return fit(recharges, `{"MidasRecharges":{"request_id":"`+strings.Repeat("<", maxQuoted)+`","recharges":[],"more":false}}`)
}

// maxQuoted is how many bytes an id may have in JSON.
const maxQuoted = len(`\u0000`) * MaxIDLen

// fit returns how many of parts fit the list of a message, which is frame without them.
func fit[M fields](parts []M, frame string) int {
	size := len(frame)
	for i, part := range parts {
		b, err := marshalJSON(part)
		if err != nil {
			return i
		}
		// The names alone make a part's JSON longer than its protobuf, so the one bound serves both.
		size += len(b) + len(",")
		if size > MaxFrame {
			return i
		}
	}
	return len(parts)
}

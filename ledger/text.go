package ledger

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What others say of an order has at most so many bytes in the database; the shortest columns are MySQL's.
const (
	noteMost = 1024
	ridMost  = 64
	ipMost   = 64
	whoMost  = 128
)

// storable is the order with texts that every database takes: what a host, Midas or a player has said must not keep a state from
// being stored. What identifies an order stays as it is: an order that cannot be stored with it is never begun.
func (l *Ledger) storable(o Order) Order {
	o.Note, o.RID, o.UserIP = l.text(o.Note, noteMost), l.text(o.RID, ridMost), l.text(o.UserIP, ipMost)
	return o
}

// text is a text of most bytes at most, that is UTF-8 and has nothing that cannot be printed; where the database has another encoding it
// is ASCII.
func (l *Ledger) text(s string, most int) string {
	plain := func(c rune) bool { return c != utf8.RuneError && unicode.IsPrint(c) && (!l.ascii || c < utf8.RuneSelf) }
	if len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !plain(c) }) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if !plain(c) {
			c = '?'
		}
		if b.Len()+utf8.RuneLen(c) > most {
			break
		}
		b.WriteRune(c)
	}
	return b.String()
}

// body is a text of any length, with its lines, which is changed only where the database could not take it.
func (l *Ledger) body(s string) string {
	if !l.ascii && utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	return l.text(s, utf8.UTFMax*len(s))
}

package ledger

import (
	"context"
	"slices"
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

// storable is the order with texts that every database takes: what a host, Midas or a player has said must not keep a
// state from being stored. What identifies an order stays as it is: an order that cannot be stored with it is never
// begun.
func (l *Ledger) storable(ctx context.Context, o Order) Order {
	o.Note, o.RID, o.UserIP = l.text(ctx, o.Note, noteMost), l.text(ctx, o.RID, ridMost), l.text(ctx, o.UserIP, ipMost)
	return o
}

// inASCII is the key of a context in which a write is run once more that the database has refused for a text: columns
// may have been given another character set, or made shorter, by whoever runs the database. Texts are ASCII then, and
// shortMost bytes at most.
type inASCII struct{}

const shortMost = 64

// refusesText tells that the database does not take a text: a character that its encoding does not have, or too many.
func refusesText(err error) bool {
	if err == nil {
		return false
	}
	if s := sqlState(err); s != "" {
		return slices.Contains([]string{"22P05", "22021", "22001"}, s)
	}
	return slices.Contains([]int{1300, 1366, 1406, 3854, 3988}, mysqlNumber(err))
}

// text is a text of most bytes at most, that is UTF-8 and has nothing that cannot be printed; where the database has
// another encoding it is ASCII.
func (l *Ledger) text(ctx context.Context, s string, most int) string {
	ascii := l.ascii
	if ctx.Value(inASCII{}) != nil {
		ascii, most = true, min(most, shortMost)
	}
	return textOf(s, most, ascii)
}

func textOf(s string, most int, ascii bool) string {
	plain := func(c rune) bool { return c != utf8.RuneError && unicode.IsPrint(c) && (!ascii || c < utf8.RuneSelf) }
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
func (l *Ledger) body(ctx context.Context, s string) string {
	ascii := l.ascii || ctx.Value(inASCII{}) != nil
	if !ascii && utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	return textOf(s, utf8.UTFMax*len(s), ascii)
}

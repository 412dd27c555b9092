// Package plain makes texts from outside fit to be seen: ids that clients and pushes name, and what Midas says. On a
// terminal, in a log and on a page they may otherwise clear the screen, end the line, or turn the reading direction of
// what follows.
package plain

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is s on one line: what cannot be seen, line breaks and format characters too, is written as \n, \t, \r or
// \u202e.
func Text(s string) string { return escape(s, "") }

// Cell is v as it is printed, on one line if it is a text, an error or anything else that prints itself. Numbers stay
// numbers, for %d.
func Cell(v any) any {
	switch v := v.(type) {
	case error:
		return Text(v.Error())
	case fmt.Stringer:
		return Text(v.String())
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return Text(r.String())
	}
	return v
}

// escape leaves the runes of keep as they are.
func escape(s, keep string) string {
	seen := func(r rune) bool { return unicode.IsPrint(r) || strings.ContainsRune(keep, r) }
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !seen(r) }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\ufffd`)
		case seen(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// Writer is a terminal, or a file that somebody will look at on one: nothing gets through to w but what can be seen,
// and the ends of lines. What is JSON stays JSON, of the same meaning.
func Writer(w io.Writer) io.Writer { return &writer{w: w} }

type writer struct {
	w    io.Writer
	rest []byte // the beginning of a rune whose end has not come
}

// Write writes p, but for a rune at its end that is not complete.
func (w *writer) Write(p []byte) (int, error) {
	text := append(w.rest, p...)
	whole := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				whole = at
			}
			break
		}
	}
	w.rest = append([]byte(nil), text[whole:]...)
	if _, err := io.WriteString(w.w, escape(string(text[:whole]), "\n\t")); err != nil {
		return 0, err
	}
	return len(p), nil
}

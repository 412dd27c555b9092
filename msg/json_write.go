package msg

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// marshalJSON writes m with every field under its name in payment.proto: zeros and empty strings too, an absent message
// not at all, an empty list as [], an enum as its number. A field that the message has got later is left out while it
// is zero, so that older clients are sent what they always were. It fails if an integer exceeds MaxInt, rather than
// letting a client see a wrong amount of coins. Text that is not UTF-8 is repaired. What Fault would say does not
// travel.
func marshalJSON(m fields) ([]byte, error) {
	w := writer{b: make([]byte, 0, 256)}
	w.message(m)
	return w.b, w.err
}

// writer is a visitor that writes JSON.
type writer struct {
	b   []byte
	err error
}

func (w *writer) message(m fields) {
	well := w.err == nil
	w.b = append(w.b, '{')
	m.visit(w)
	w.b = append(w.b, '}')
	if well && w.err != nil {
		w.err = fmt.Errorf("%s.%w", m.ProtoReflect().Descriptor().Name(), w.err)
	}
}

// name begins a field.
func (w *writer) name(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) text(name, s string) {
	w.name(name)
	if isPlain(s) {
		w.b = append(w.b, '"')
		w.b = append(w.b, s...)
		w.b = append(w.b, '"')
		return
	}
	quoted, err := json.Marshal(s)
	w.b = append(w.b, quoted...)
	if w.err == nil {
		w.err = err
	}
}

// isPlain reports whether json.Marshal writes s as it is, between quotes.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

func (w *writer) truth(name string, b bool) {
	w.name(name)
	w.b = strconv.AppendBool(w.b, b)
}

func (w *writer) enum(name string, n int32) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, int64(n), 10)
}

func (w *writer) integer(name string, n int64) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, n, 10)
	if w.err == nil {
		w.err = checkInt(name, n)
	}
}

func (w *writer) object(name string, m fields) {
	w.name(name)
	w.message(m)
}

func (w *writer) list(name string, length int, at func(int) fields) {
	w.name(name)
	w.b = append(w.b, '[')
	for i := range length {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.message(at(i))
	}
	w.b = append(w.b, ']')
}

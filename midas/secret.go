package midas

import "log/slog"

// Secret is a text that must not be seen: a key, a token, a session key. Every way of printing it shows "***";
// the text itself takes an explicit Reveal.
type Secret string

const hidden = "***"

// Reveal returns the text. Whoever calls it answers for where it goes.
func (s Secret) Reveal() string { return string(s) }

// String hides the text from %v and %s.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return `midas.Secret("` + s.String() + `")` }

// MarshalText hides the text from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the text from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

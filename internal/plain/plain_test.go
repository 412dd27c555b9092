package plain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/leafmidas/leafmidas/internal/plain"
)

// odd are texts as strangers write them: colours, a cleared screen, a forged line, a reading direction, what takes no
// room.
var odd = []string{
	"\x1b[31mred", "\x1b]0;title\a", "\x9b31m", "a\nlevel=ERROR msg=forged", "a\rb", "a\tb", "\x00", "\x7f", "\u0085", "\u009b31m", "\u2028", "\u202egpj.exe",
	"\u2066x\u2069", "\u200bhidden", "\ufeff", "\U000e0041", "\xff\xfe", "\ufffd", "\ue000",
}

func seen(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func TestTextIsOnOneLineAndCanBeSeen(t *testing.T) {
	for in, want := range map[string]string{
		"sword":              "sword",
		"屠龙刀 ×2 é 🎒":         "屠龙刀 ×2 é 🎒",
		`C:\n`:               `C:\n`,
		"a\nb\tc\rd":         `a\nb\tc\rd`,
		"\x1b[31m\u202e":     `\u001b[31m\u202e`,
		"\U000e0041":         `\udb40\udc41`,
		"cut\xe5\xb1":        `cut\ufffd\ufffd`,
		"\u00a0non-breaking": `\u00a0non-breaking`,
	} {
		if got := plain.Text(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
	for _, one := range odd {
		if got := plain.Text(one); !seen(got) {
			t.Errorf("%q became %q", one, got)
		}
	}
}

func TestACellKeepsNumbers(t *testing.T) {
	type name string
	got := fmt.Sprintf("%s %s %d %v %s", plain.Cell(name("a\nb")), plain.Cell(errors.New("c\x1bd")), plain.Cell(int64(7)), plain.Cell(true), plain.Cell("e"))
	if want := `a\nb c\u001bd 7 true e`; got != want {
		t.Errorf("got %q", got)
	}
}

// However the writes are cut, the same comes out; and what is JSON stays so, of the same meaning.
func TestAWriterLetsNothingThroughThatCannotBeSeen(t *testing.T) {
	var all bytes.Buffer
	if err := json.NewEncoder(&all).Encode(odd); err != nil {
		t.Fatal(err)
	}
	all.WriteString(strings.Join(odd, "\n") + "\n屠龙刀\n")
	for size := 1; size < 7; size++ {
		var out bytes.Buffer
		w := plain.Writer(&out)
		for text := all.Bytes(); len(text) > 0; text = text[min(size, len(text)):] {
			if n, err := w.Write(text[:min(size, len(text))]); err != nil || n != min(size, len(text)) {
				t.Fatal(n, err)
			}
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if !seen(strings.ReplaceAll(line, "\t", "")) {
				t.Errorf("in pieces of %d: %q", size, line)
			}
		}
		if !strings.HasSuffix(out.String(), "\n屠龙刀\n") {
			t.Errorf("in pieces of %d: %q", size, out.String())
		}
		line, _, _ := strings.Cut(out.String(), "\n")
		var read []string
		if err := json.Unmarshal([]byte(line), &read); err != nil || len(read) != len(odd) {
			t.Fatalf("%v: %s", err, line)
		}
		for i := range read {
			if utf8.ValidString(odd[i]) && read[i] != odd[i] {
				t.Errorf("%q became %q", odd[i], read[i])
			}
		}
	}
	if _, err := plain.Writer(broken{}).Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

type told struct{ text string }

func (t told) LogValue() slog.Value { return slog.StringValue(t.text) }

// Neither of log/slog's handlers writes what cannot be seen, wherever in the record it is; and a stack keeps its lines.
func TestALogLineHoldsNothingThatCannotBeSeen(t *testing.T) {
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(plain.Handler(handler(&out)))
			for _, one := range odd {
				log.With("with", one).WithGroup("g").Warn("told "+one, "value", one, "error", errors.New(one), "valuer", told{one},
					slog.Group("inner", "deep", one), "n", 1)
			}
			if n := strings.Count(out.String(), "\n"); n != len(odd) {
				t.Fatalf("%d lines for %d records:\n%s", n, len(odd), out.String())
			}
			for line := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") {
				if !seen(line) {
					t.Errorf("%q", line)
				}
			}
		})
	}
	var out bytes.Buffer
	slog.New(plain.Handler(slog.NewJSONHandler(&out, nil))).Info("m", "stack", "a\n\tb")
	var line struct{ Stack string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Stack != "a\n\tb" {
		t.Errorf("%v, %q", err, line.Stack)
	}
	if plain.Handler(slog.DiscardHandler).Enabled(context.Background(), slog.LevelError) {
		t.Error("what is not logged is put together")
	}
}

func FuzzText(f *testing.F) {
	for _, one := range odd {
		f.Add(one)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := plain.Text(s); !seen(got) || seen(s) && got != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}

package plugin_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lconf "github.com/name5566/leaf/conf"
	leaflog "github.com/name5566/leaf/log"

	"github.com/leafmidas/leafmidas/plugin"
)

// leafsLog makes Leaf log into a file while f runs, and returns what it holds. Leaf's logger is one for the process.
func leafsLog(t *testing.T, level string, f func()) string {
	t.Helper()
	dir := t.TempDir()
	logger, err := leaflog.New(level, dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	quiet, err := leaflog.New("fatal", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	leaflog.Export(logger)
	defer leaflog.Export(quiet)
	f()
	leaflog.Export(quiet)
	logger.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatLeafWillNotShowIsNotPutTogether(t *testing.T) {
	defer func(was string) { lconf.LogLevel = was }(lconf.LogLevel)
	all := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	for level, shown := range map[string]int{"": 4, "debug": 4, "release": 3, "Release": 3, "error": 1, "fatal": 0} {
		lconf.LogLevel = level
		n := 0
		for _, l := range all {
			if plugin.LeafHandler().Enabled(t.Context(), l) {
				n++
			}
		}
		if n != shown {
			t.Errorf("at %q %d levels are shown", level, n)
		}
	}
}

func TestRecordsGoToLeafsLogAtLeafsLevels(t *testing.T) {
	text := leafsLog(t, "debug", func() {
		log := slog.New(plugin.LeafHandler())
		log.Debug("a", "n", 1)
		log.Info("b", "text", "plain")
		log.Warn("c", "error", errors.New("went wrong"))
		log.Error("d", "secret", plugin.Secret("s3cr3t"))
		log.With("player", "o1").WithGroup("order").With("bill", "B1").Info("e", "state", "paid", slog.Group("g", "x", 1))
		log.Info("f", "empty", "")
	})
	want := `[debug  ] a n=1
[release] b text=plain
[release] c error="went wrong"
[error  ] d secret=***
[release] e player=o1 order.bill=B1 order.state=paid order.g.x=1
[release] f empty=""
`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if text := leafsLog(t, "error", func() { slog.New(plugin.LeafHandler()).Info("hidden") }); text != "" {
		t.Errorf("Leaf's level does not hold: %s", text)
	}
}

func TestNoTextFromOutsideForgesALineOfTheLog(t *testing.T) {
	evil := []string{
		"a\nb", "a\r\n[error  ] forged", "a b=c", `a"b`, "a=b", "\x00", "\x1b[31mred", "\u2028next", "\u202eevil", "\xff\xfe", "%s%d%!", "\u0085x",
	}
	text := leafsLog(t, "debug", func() {
		for _, e := range evil {
			slog.New(plugin.LeafHandler()).With("with", e).Warn("told", "value", e)
		}
	})
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != len(evil) {
		t.Fatalf("%d lines for %d records:\n%s", len(lines), len(evil), text)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, "[release] told with=") || strings.Count(line, " value=") != 1 {
			t.Errorf("%q became %q", evil[i], line)
		}
		for _, r := range "\x00\r\x1b\u2028\u202e\u0085" {
			if strings.ContainsRune(line, r) {
				t.Errorf("%q became %q", evil[i], line)
			}
		}
		if !bytes.Contains([]byte(line), []byte("%")) != !strings.Contains(evil[i], "%") || strings.Contains(line, "MISSING") {
			t.Errorf("%q became %q", evil[i], line)
		}
	}
}

func FuzzLogLine(f *testing.F) {
	f.Add("message", "value")
	f.Add("a\nb", "c\nd")
	f.Fuzz(func(t *testing.T, key, value string) {
		line := plugin.LeafLine(slog.String("key", value), slog.Group("g", slog.String("inner", key)))
		if strings.ContainsAny(line, "\n\r\x00\x1b") {
			t.Errorf("%q, %q became %q", key, value, line)
		}
		if strings.Count(line, "=") < 2 || !strings.HasPrefix(line, " key=") {
			t.Errorf("%q, %q became %q", key, value, line)
		}
	})
}

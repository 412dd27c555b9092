package plugin

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	lconf "github.com/name5566/leaf/conf"
	leaflog "github.com/name5566/leaf/log"
)

// leafHandler writes log/slog records through Leaf's logger, so that a host finds them where its other lines are. Which
// levels are shown is Leaf's to decide; what its config says it will not show is not even put together.
type leafHandler struct {
	prefix string // attributes that every record has, ready to print
	group  string // what further keys begin with
}

// Enabled goes by Leaf's LogLevel. Without one the host has made its own logger, or wants Leaf's first, which shows
// everything.
func (leafHandler) Enabled(_ context.Context, level slog.Level) bool {
	switch strings.ToLower(lconf.LogLevel) {
	case "release":
		return level >= slog.LevelInfo
	case "error":
		return level >= slog.LevelError
	case "fatal":
		return false
	default:
		return true
	}
}

// Handle writes one line: the message and its attributes as key=value. Values are quoted where they hold anything that
// could be taken for another attribute or another line: some come from players and from Midas.
func (h leafHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.prefix)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&b, h.group, a)
		return true
	})
	switch {
	case r.Level >= slog.LevelError:
		leaflog.Error("%s", b.String())
	case r.Level >= slog.LevelInfo:
		leaflog.Release("%s", b.String())
	default:
		leaflog.Debug("%s", b.String())
	}
	return nil
}

// WithAttrs returns a handler that adds attrs to every record.
func (h leafHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.prefix)
	for _, a := range attrs {
		appendAttr(&b, h.group, a)
	}
	h.prefix = b.String()
	return h
}

// WithGroup returns a handler whose further keys begin with name.
func (h leafHandler) WithGroup(name string) slog.Handler {
	h.group += name + "."
	return h
}

func appendAttr(b *strings.Builder, group string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		for _, inner := range value.Group() {
			appendAttr(b, group+a.Key+".", inner)
		}
		return
	}
	b.WriteString(" " + group + a.Key + "=")
	text := value.String()
	if text == "" || strings.ContainsFunc(text, needsQuotes) {
		text = strconv.Quote(text)
	}
	b.WriteString(text)
}

func needsQuotes(r rune) bool { return r <= ' ' || r == '"' || r == '=' || !strconv.IsPrint(r) }

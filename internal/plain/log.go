package plain

import (
	"context"
	"fmt"
	"log/slog"
)

// Handler is a log whose values hold nothing but what can be seen, however the host's handler writes them: that of JSON
// lets through what turns the reading direction. Line breaks stay, for handlers have their own way with them, and a
// stack has many.
func Handler(h slog.Handler) slog.Handler { return handler{h} }

type handler struct{ slog.Handler }

// Handle passes a record on, as it is where nothing in it has to be changed.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	odd := false
	r.Attrs(func(a slog.Attr) bool {
		_, changed := attr(a)
		odd = odd || changed
		return !odd
	})
	if text := escape(r.Message, "\n\t"); odd || text != r.Message {
		changed := slog.NewRecord(r.Time, r.Level, text, r.PC)
		r.Attrs(func(a slog.Attr) bool {
			a, _ = attr(a)
			changed.AddAttrs(a)
			return true
		})
		r = changed
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler that adds attrs to every record.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	all := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		all[i], _ = attr(a)
	}
	return handler{h.Handler.WithAttrs(all)}
}

// WithGroup returns a handler whose further keys are of a group.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

// attr is an attribute as it may be shown, and whether that is another than it was.
func attr(a slog.Attr) (_ slog.Attr, changed bool) {
	v := a.Value.Resolve()
	text := ""
	switch v.Kind() {
	case slog.KindString:
		text = v.String()
	case slog.KindGroup:
		inner := make([]slog.Attr, len(v.Group()))
		for i, one := range v.Group() {
			var odd bool
			inner[i], odd = attr(one)
			changed = changed || odd
		}
		if changed {
			a.Value = slog.GroupValue(inner...)
		}
		return a, changed
	case slog.KindAny:
		switch v := v.Any().(type) {
		case error:
			text = v.Error()
		case fmt.Stringer:
			text = v.String()
		}
	}
	if seen := escape(text, "\n\t"); seen != text {
		a.Value = slog.StringValue(seen)
		return a, true
	}
	return a, false
}

package plugin

import (
	"log/slog"
	"strings"
)

// LeafHandler is what a plugin logs through unless WithLogger says otherwise.
func LeafHandler() slog.Handler { return leafHandler{} }

// LeafLine is how attributes read in Leaf's log.
func LeafLine(attrs ...slog.Attr) string {
	var b strings.Builder
	for _, a := range attrs {
		appendAttr(&b, "", a)
	}
	return b.String()
}

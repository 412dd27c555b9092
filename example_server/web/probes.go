package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/leafmidas/leafmidas/plugin"
)

// The probes of Kubernetes and of load balancers, and how long an answer may take.
const (
	HealthPath = "/healthz"
	ReadyPath  = "/readyz"

	probeTime = 5 * time.Second
)

// probes answers them by any name: who asks knows an address of this machine and nothing else. They tell nothing that
// is not to be known, and the log has the rest.
func probes(o Options, next http.Handler) http.Handler {
	asks := map[string]func(context.Context) error{HealthPath: o.Healthy, ReadyPath: o.Ready}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask := asks[r.URL.Path]
		if ask == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), probeTime)
		defer cancel()
		w.Header().Set("Cache-Control", "no-store")
		if err := ask(ctx); err != nil {
			http.Error(w, whyNot(err), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n")) // whoever asked has gone if it fails
	})
}

func whyNot(err error) string {
	switch {
	case errors.Is(err, plugin.ErrClosing):
		return "stopping"
	case errors.Is(err, plugin.ErrNotRunning), errors.Is(err, plugin.ErrNotConfigured):
		return "starting"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "no answer in time"
	default:
		return "the ledger cannot be written"
	}
}

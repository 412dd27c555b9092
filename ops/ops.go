// Package ops is the operator's view of a running server: an HTTP API, and a page that is built on it.
//
//	desk, err := ops.New(pay.Plugin, ops.Options{Token: token})
//	http.Handle("/ops/", http.StripPrefix("/ops", desk))
//
// Whoever has the token sees every player's orders, settles disputed ones and closes the shop; so serve it on a
// loopback address, or behind something that speaks TLS. The page itself holds nothing and asks for the token. The API:
//
//	GET  api/status                  what Midas, the orders and the players are doing
//	GET  api/series?since=MS         the same over the last hour, for charts
//	GET  api/orders?…                openid, bill, request, state, kind, open=1, stuck=1, oldest=1, limit, after
//	GET  api/orders/BILL             an order and everything that happened to it
//	POST api/orders/BILL/resolve     {"as": "delivered" or "cancelled", "why": "…", "who": "…"}, for a disputed one
//	POST api/pause, api/resume       close this server's shop, or open it again
//
// A request brings "Authorization: Bearer TOKEN". Errors are {"error": "…"} with a fitting status. No answer holds a
// secret.
package ops

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// Options of a Server.
type Options struct {
	// Token lets its holder in. Required, at least 16 bytes that nobody can guess.
	Token midas.Secret
	// Every is how often the state is noted for the charts, Keep for how long. Zero: 5 s and 1 h.
	Every, Keep time.Duration
}

const (
	minToken = 16
	// askTime bounds what a request, or a note for the charts, may wait for the ledger.
	askTime = 5 * time.Second
)

// Server is an http.Handler. Close ends it.
type Server struct {
	plugin  *plugin.Plugin
	token   [sha256.Size]byte
	guesses guesses
	mux     *http.ServeMux
	series  *series

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// New makes a Server, which notes the plugin's state from now on. The plugin may be configured later.
func New(p *plugin.Plugin, o Options) (*Server, error) {
	if len(o.Token.Reveal()) < minToken {
		return nil, fmt.Errorf("ops: the token must have at least %d bytes", minToken)
	}
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	if o.Keep == 0 {
		o.Keep = time.Hour
	}
	if o.Every < 0 || o.Keep < o.Every {
		return nil, fmt.Errorf("ops: noting every %s and keeping for %s makes no sense", o.Every, o.Keep)
	}
	pages, err := newPages()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		plugin: p, token: sha256.Sum256([]byte(o.Token.Reveal())),
		mux: http.NewServeMux(), series: newSeries(int(o.Keep / o.Every)), cancel: cancel,
	}
	s.mux.Handle("/", pages)
	s.mux.Handle("/api/", s.onlyWithToken(s.api()))
	s.done.Go(func() { s.note(ctx, o.Every) })
	return s, nil
}

// ServeHTTP serves paths below the server's own root.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	s.mux.ServeHTTP(w, r)
}

// Close stops noting, and waits for it. Requests under way are their server's to end.
func (s *Server) Close() {
	s.cancel()
	s.done.Wait()
}

// onlyWithToken lets through who has the token. Sums are compared, so that the time it takes tells nothing. Whoever
// guesses is slowed down, and with them whoever comes from the same address, as all do behind a proxy.
func (s *Server) onlyWithToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		in, tooMany := s.guesses.try(r.RemoteAddr, func() bool {
			sum := sha256.Sum256([]byte(token))
			return strings.EqualFold(kind, "Bearer") && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
		})
		switch {
		case in:
			next.ServeHTTP(w, r)
			return
		case tooMany:
			fail(w, http.StatusTooManyRequests, errors.New("too many wrong tokens from this address: wait a second"))
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="leafmidas"`)
		fail(w, http.StatusUnauthorized, errors.New("the token is missing or wrong"))
	})
}

// setHeaders says what a page from here may do: run its own script, and ask its own server.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

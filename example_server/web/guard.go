package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard refuses who may not ask, and tells browsers how little the pages may do.
type guard struct {
	name string // the host of Addr, where it is a name
	port string
	// loopback: the server can be reached from this machine only.
	loopback bool
	origins  *http.CrossOriginProtection
}

func newGuard(addr string, bound net.Addr) (*guard, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	tcp, ok := bound.(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("%v is no TCP address", bound)
	}
	g := &guard{port: fmt.Sprint(tcp.Port), loopback: tcp.IP.IsLoopback(), origins: http.NewCrossOriginProtection()}
	if _, err := netip.ParseAddr(host); err != nil {
		g.name = strings.ToLower(host)
	}
	return g, nil
}

// protect puts the guard before next.
func (g *guard) protect(next http.Handler) http.Handler {
	next = g.origins.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.ours(r.Host) {
			http.Error(w, "this server does not go by that name", http.StatusMisdirectedRequest)
			return
		}
		setHeaders(w.Header(), r.Host)
		next.ServeHTTP(w, r)
	})
}

// ours tells whether a Host is this server. A name that resolves here is not enough, or any web page could read this
// one through a name of its own. An address cannot be forged that way.
func (g *guard) ours(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil { // the standard port is left out
		host, port = strings.Trim(hostport, "[]"), "80"
	}
	if port != g.port {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback() || !g.loopback
	}
	host = strings.ToLower(host)
	return host == "localhost" || host == g.name && g.name != ""
}

// setHeaders says what a page from here may do. The gate is named although 'self' covers it in the newest browsers
// only.
func setHeaders(h http.Header, host string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; manifest-src 'self'; "+
		"connect-src 'self' ws://"+host+"/ws wss://"+host+"/ws; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
}

// sameOrigin lets through only what a page of this server sent. A request without an Origin is no page's.
func sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o := r.Header.Get("Origin"); o != "http://"+r.Host && o != "https://"+r.Host {
			http.Error(w, "only for pages of this server", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// reachable is an address that a browser on this machine can open.
func reachable(bound net.Addr) string {
	tcp, ok := bound.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
	}
	return bound.String()
}

package midas

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// idlePerHost is how many connections are kept for the next calls: all go to one host.
	idlePerHost = 256
	// idleTime is below the minute after which servers and balancers commonly drop idle connections.
	idleTime = 50 * time.Second
	// pingAfter is how long nothing has come over an HTTP/2 connection before it is asked whether it is alive.
	pingAfter = 10 * time.Second
)

func newTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: timeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: timeout,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        idlePerHost,
		MaxIdleConnsPerHost: idlePerHost,
		IdleConnTimeout:     idleTime,
		DisableCompression:  true, // replies have a few hundred bytes
	}
}

// lines carries calls over connections that answer. A connection whose other end has gone without a word, behind a
// firewall that forgot it, looks well until the kernel gives it up, which takes a quarter of an hour, and HTTP/2 has
// all calls on one. So once a call has had no answer in time, calls that follow go over new connections; those under
// way keep theirs, for Midas may only be slow. New connections are then made at most once in each time that a call may
// take, and at most maxOld sets of older ones are kept: no call outlives that.
type lines struct {
	other http.RoundTripper // a transport of another make: it is only told to drop idle connections

	mu      sync.Mutex
	current *line
	old     []*line
}

// maxOld bounds the sets of connections that calls under way may still use.
const maxOld = 4

// line is one set of connections.
type line struct{ *http.Transport }

// newLines takes a transport over. One of net/http's is copied, with its settings completed: HTTP/2 connections are
// asked whether they are alive.
func newLines(t http.RoundTripper, timeout time.Duration) *lines {
	std, ok := t.(*http.Transport)
	if !ok {
		return &lines{other: t}
	}
	std = std.Clone()
	h2 := http.HTTP2Config{}
	if std.HTTP2 != nil {
		h2 = *std.HTTP2
	}
	for field, standard := range map[*time.Duration]time.Duration{
		&h2.SendPingTimeout: pingAfter, &h2.PingTimeout: timeout, &h2.WriteByteTimeout: timeout,
	} {
		if *field == 0 {
			*field = standard
		}
	}
	std.HTTP2 = &h2
	return &lines{current: &line{std}}
}

// pick returns the transport for a call; line is nil if it is of another make.
func (l *lines) pick() (http.RoundTripper, *line) {
	if l.other != nil {
		return l.other, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current, l.current
}

// silent hears that a call over used was sent and had no answer in time.
func (l *lines) silent(used *line) {
	if used == nil {
		closeIdle(l.other)
		return
	}
	l.mu.Lock()
	var over *line
	if used == l.current { // else others have been first
		l.old = append(l.old, used)
		l.current = &line{used.Clone()}
		if len(l.old) > maxOld {
			over, l.old = l.old[0], l.old[1:]
		}
	}
	l.mu.Unlock()
	used.CloseIdleConnections()
	if over != nil {
		over.CloseIdleConnections()
	}
}

// close drops idle connections.
func (l *lines) close() {
	if l.other != nil {
		closeIdle(l.other)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range append(l.old, l.current) {
		one.CloseIdleConnections()
	}
	l.old = nil
}

func closeIdle(t http.RoundTripper) {
	if c, ok := t.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// goneSilent tells whether a call that was sent ended because no answer came: by the client's own bound, or by its
// caller's deadline after at least half of that.
func goneSilent(ctx context.Context, err error, waited, timeout time.Duration) bool {
	if errors.Is(err, ErrNotSent) {
		return false
	}
	return errors.Is(err, ErrTimeout) || errors.Is(ctx.Err(), context.DeadlineExceeded) && waited >= timeout/2
}

package midas

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// sending is one request on its way out. It knows whether anything of it can have left this machine, which is what
// decides between "not done" and "unknown", and it keeps the request from leaving once its context has ended.
//
// Every call to Midas that moves coins has a body, and no transport sends a body without reading it. So a request whose
// body has not been read was not sent: an HTTP/1 connection holds the head back until the body follows, and an HTTP/2
// server gets no request that could be carried out. A request that is given up is sealed: whatever reads its body later
// gets an error. That holds for repeats by the transport itself too, since all of them share this one state.
type sending struct {
	ctx   context.Context
	stop  context.CancelFunc // ends ctx
	state atomic.Int32
	// headFirst: the head leaves before the body is asked for, as with HTTP/2, or may (a head larger than a write buffer).
	headFirst atomic.Bool
	late      atomic.Bool // it came to be sent when it was too late
}

// The states of a sending.
const (
	nothingSent int32 = iota
	maybeSent
	sealed
)

// longTarget is the length of a URL, in bytes, from which a head may not fit the 4 KiB write buffer of a connection.
const longTarget = 2 << 10

// errTooLate: the request was ready to be sent when its time to be sent had passed.
var errTooLate = errors.New("its time to be sent has passed")

// request prepares a request. A nil body makes a GET.
func (s *sending) request(target string, body []byte) (*http.Request, error) {
	trace := &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if conn, ok := info.Conn.(*tls.Conn); ok && conn.ConnectionState().NegotiatedProtocol == "h2" {
				s.headFirst.Store(true)
			}
			s.passed() // HTTP/2 looks at the context once more before it sends the head
		},
		WroteHeaders: func() {
			if body == nil || s.headFirst.Load() {
				s.state.CompareAndSwap(nothingSent, maybeSent)
			}
		},
	}
	ctx := httptrace.WithClientTrace(s.ctx, trace)
	if body == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	}
	s.headFirst.Store(len(target) > longTarget)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return &outgoing{s, bytes.NewReader(body)}, nil }
	r.Body, _ = open()
	r.GetBody = open // for a repeat on another connection after one that could not be written to
	r.ContentLength = int64(len(body))
	r.Header = jsonBody
	return r, nil
}

// outgoing is the body of a request. Reading it is the last moment before it is sent.
type outgoing struct {
	of   *sending
	text *bytes.Reader
}

func (o *outgoing) Read(p []byte) (int, error) {
	if err := o.of.leaves(); err != nil {
		return 0, err
	}
	return o.text.Read(p)
}

func (o *outgoing) Close() error { return nil }

// leaves marks the request as sent, unless it is too late for that.
func (s *sending) leaves() error {
	if s.state.Load() == maybeSent {
		return nil
	}
	if s.passed() || !s.state.CompareAndSwap(nothingSent, maybeSent) && s.state.Load() == sealed {
		return errTooLate
	}
	return nil
}

// passed tells whether the context has ended, by the clock too: a process that was stopped for a while may come here
// before its timers have run. A clock that was set, and one that stood still while the machine slept, are both seen
// through. Where only the clock says so, the context is ended.
func (s *sending) passed() bool {
	if s.ctx.Err() != nil {
		return true
	}
	end, bounded := s.ctx.Deadline()
	if !bounded {
		return false
	}
	now := time.Now()
	if now.Before(end) && now.Round(0).Before(end.Round(0)) {
		return false
	}
	s.late.Store(true)
	s.stop()
	return true
}

// notSent tells that nothing was sent, and sees to it that nothing will be.
func (s *sending) notSent() bool {
	return s.state.CompareAndSwap(nothingSent, sealed) || s.state.Load() == sealed
}

// failure tells why no reply came; err is the transport's.
func (s *sending) failure(err error) (kind, cause error) {
	sent := !s.notSent()
	switch own := context.Cause(s.ctx); {
	case s.late.Load() && sent: // an earlier try of the transport's was
		return ErrTimeout, nil
	case s.late.Load():
		cause = &endedError{context.DeadlineExceeded, errTooLate}
	case errors.Is(own, ErrTimeout) && sent:
		return ErrTimeout, nil
	case errors.Is(own, ErrTimeout):
		cause = ErrTimeout
	case own != nil && sent:
		return ErrCancelled, s.ctx.Err()
	case own != nil:
		cause = &endedError{s.ctx.Err(), s.ctx.Err()}
	default:
		if kind, cause = transportFailure(err); cause == nil && !sent {
			cause = kind
		}
	}
	if !sent {
		return ErrNotSent, cause
	}
	return kind, cause
}

// endedError is the end of the caller's context before anything was sent. errors.Is holds for ErrCancelled, and for
// what the context said.
type endedError struct{ context, why error }

func (e *endedError) Error() string   { return fmt.Sprintf("the caller wanted it no longer: %v", e.why) }
func (e *endedError) Unwrap() []error { return []error{ErrCancelled, e.context} }

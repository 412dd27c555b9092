package midas

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// doorFailures in a row of the line have the next calls go to the next domain.
	doorFailures = 3
	// backAfter is how long the first domain is left alone before one call tries it again; twice as long each time,
	// backMost at most.
	backAfter = 15 * time.Second
	backMost  = 5 * time.Minute
)

// doors are the domains by which the same Midas is reached (midas-protocol.md §3.9, P11 and P12), the first preferred.
// A call goes to one of them and is never made at another by itself: whoever repeats it does so with the same bill
// number, by the rules of an order.
type doors struct {
	urls []string
	log  *slog.Logger
	now  func() time.Time

	mu       sync.Mutex
	current  int
	failed   int         // of the current one, in a row
	leftAt   []time.Time // when each was left last
	tryAt    time.Time   // when the first is tried again; zero while it is used
	wait     time.Duration
	trying   bool
	switches int64
}

func newDoors(urls []string, log *slog.Logger) *doors {
	return &doors{urls: urls, log: log, now: time.Now, leftAt: make([]time.Time, len(urls))}
}

// pick chooses the domain for a call. mayTry: the call moves nothing, and may be the one that tries the first domain
// again.
func (d *doors) pick(mayTry bool) (door int, url string) {
	if len(d.urls) == 1 {
		return 0, d.urls[0]
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if mayTry && d.current != 0 && !d.trying && !d.now().Before(d.tryAt) {
		d.trying = true
		return 0, d.urls[0]
	}
	return d.current, d.urls[d.current]
}

// ended notes how the line to a domain did. left reports that calls go to another one now.
func (d *doors) ended(door int, failed bool) (left bool) {
	if len(d.urls) == 1 {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case door != d.current && door == 0 && d.trying:
		d.trying = false
		if failed {
			d.wait = min(2*d.wait, backMost)
			d.tryAt = d.now().Add(d.wait)
			return true
		}
		d.current, d.failed, d.tryAt = 0, 0, time.Time{}
		d.switches++
		d.log.Warn("midas: the first domain answers again and is used", "domain", d.urls[0])
		return false
	case door != d.current:
		return true
	case !failed:
		d.failed = 0
		return false
	}
	if d.failed++; d.failed < doorFailures {
		return false
	}
	next, found := d.next()
	if !found { // each has failed just now: it is Midas, or this server's own line, and what fails here counts
		d.failed = 0
		return false
	}
	d.leftAt[d.current] = d.now()
	d.log.Warn("midas: a domain does not answer; the next one is used", "domain", d.urls[d.current], "next", d.urls[next])
	if d.current == 0 {
		d.wait = backAfter
		d.tryAt = d.now().Add(d.wait)
	}
	if next == 0 {
		d.tryAt, d.trying = time.Time{}, false
	}
	d.current, d.failed = next, 0
	d.switches++
	return true
}

// next is the domain after the current one that has not been left lately.
func (d *doors) next() (door int, found bool) {
	for n := 1; n < len(d.urls); n++ {
		door = (d.current + n) % len(d.urls)
		if at := d.leftAt[door]; at.IsZero() || d.now().Sub(at) >= backAfter {
			return door, true
		}
	}
	return 0, false
}

// unknown notes the end of a call that says nothing of the line, for its caller gave it up.
func (d *doors) unknown(door int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if door == 0 && d.current != 0 {
		d.trying = false // another call may try
	}
}

// Door tells by which domain Midas is called now, and how often that has changed.
func (c *Client) Door() (url string, switches int64) {
	c.doors.mu.Lock()
	defer c.doors.mu.Unlock()
	return c.doors.urls[c.doors.current], c.doors.switches
}

// DoorLeft reports whether a call failed at a domain that is not used any more: it says nothing of the one that is.
func DoorLeft(err error) bool {
	for {
		call, ok := errors.AsType[*CallError](err)
		if !ok || call.left || call.Err == nil {
			return ok && call.left
		}
		err = call.Err
	}
}

// lineFailed reports whether a reply did not come from Midas at all. ok is false where that cannot be told.
func lineFailed(ctx context.Context, err error, text []byte) (failed, ok bool) {
	switch {
	case err == nil:
		return !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")), true // a page of somebody else's
	case errors.Is(err, ErrCancelled), errors.Is(err, ErrRefusedHere), ctx.Err() != nil && !errors.Is(context.Cause(ctx), ErrTimeout):
		return false, false
	default:
		return true, true
	}
}

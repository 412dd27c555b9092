package crowd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"
)

// Strangers are connections of nobody, and what they do until they are told to stop.
type Strangers struct {
	WS   string // where they connect to
	Push string // the URL that pushes are posted to
	// Codes is how many connections send invented login codes, each CodesPerSecond.
	Codes          int
	CodesPerSecond int
	// Guests is how many connections come in a second, send an invented code, and go.
	Guests int
	// Slow is how many pushes are under way at all times whose bodies do not come; Forged how many are posted in a second
	// that nobody has signed.
	Slow, Forged int
}

// Annoyed is what strangers have done: how many messages, connections and pushes there were. Lost are those that the
// server did not take.
type Annoyed struct{ Codes, Guests, Slow, Forged, Lost int64 }

// strangers are at work.
type strangers struct {
	Strangers
	http                             *http.Client
	codes, guests, slow, forged, bad atomic.Int64
	stop                             context.CancelFunc
	work                             sync.WaitGroup
}

// annoy lets strangers begin. Those who send codes are connected when it returns, and stay so; reading ends with them.
func (c *Crowd) annoy(ctx context.Context, s Strangers) (*strangers, error) {
	lines := c.lines[s.WS]
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(50)
	more := make([]*websocket.Conn, max(0, s.Codes-len(lines)))
	for i := range more {
		group.Go(func() (err error) {
			if more[i], err = strange(inner, s.WS); err == nil {
				c.reading.Go(func() { drain(more[i]) })
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	c.lines[s.WS] = append(lines, more...)
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &strangers{Strangers: s, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.Forged}}, stop: stop}
	for i, line := range c.lines[s.WS][:s.Codes] {
		gap := time.Second / time.Duration(s.CodesPerSecond)
		w.every(working, gap, gap*time.Duration(i)/time.Duration(s.Codes), 1, func() error {
			return count(&w.codes, line.WriteMessage(websocket.TextMessage, invented(&w.codes)))
		})
	}
	const side = 16 // so many at once at most
	if s.Guests > 0 {
		w.every(working, time.Second/time.Duration(s.Guests), 0, side, func() error { return count(&w.guests, visit(working, s.WS, invented(&w.guests))) })
	}
	if s.Forged > 0 {
		w.every(working, time.Second/time.Duration(s.Forged), 0, side, func() error { return count(&w.forged, w.forge(working)) })
	}
	for range s.Slow {
		w.work.Go(func() {
			for working.Err() == nil {
				w.note(working, count(&w.slow, w.dawdle(working)))
			}
		})
	}
	return w, nil
}

// calm has them stop, and tells what they did.
func (w *strangers) calm() Annoyed {
	w.stop()
	w.work.Wait()
	w.http.CloseIdleConnections()
	return Annoyed{w.codes.Load(), w.guests.Load(), w.slow.Load(), w.forged.Load(), w.bad.Load()}
}

// every does something at a rate, as far as so many at once can.
func (w *strangers) every(ctx context.Context, gap, first time.Duration, atOnce int, do func() error) {
	tokens := make(chan struct{}, atOnce)
	w.work.Go(func() {
		defer close(tokens)
		timer := time.NewTimer(first)
		defer timer.Stop()
		for due := time.Now().Add(first); ; due = due.Add(gap) {
			timer.Reset(time.Until(due))
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			select {
			case tokens <- struct{}{}:
			default: // all are busy
			}
		}
	})
	for range atOnce {
		w.work.Go(func() {
			for range tokens {
				w.note(ctx, do())
			}
		})
	}
}

func (w *strangers) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		w.bad.Add(1)
	}
}

func count(n *atomic.Int64, err error) error {
	if err == nil {
		n.Add(1)
	}
	return err
}

// invented is a login with a code that WeChat has never given, and nobody has sent before.
func invented(n *atomic.Int64) []byte {
	return fmt.Appendf(nil, `{"MidasLogin":{"code":"invented-%d-%d","zone_id":"1","platform":"android"}}`, time.Now().UnixNano(), n.Load())
}

func strange(ctx context.Context, ws string) (*websocket.Conn, error) {
	dialer := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512, HandshakeTimeout: time.Minute}
	line, _, err := dialer.DialContext(ctx, "ws://"+ws, nil)
	return line, err
}

// drain reads until the connection ends, whatever comes.
func drain(line *websocket.Conn) {
	for {
		if _, r, err := line.NextReader(); err != nil {
			return
		} else if _, err = io.Copy(io.Discard, r); err != nil {
			return
		}
	}
}

// visit comes, sends a message and goes, without a word, and so that the port is free at once.
func visit(ctx context.Context, ws string, message []byte) error {
	line, err := strange(ctx, ws)
	if err != nil {
		return err
	}
	err = line.WriteMessage(websocket.TextMessage, message)
	if tcp, ok := line.NetConn().(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetLinger(0))
	}
	return errors.Join(err, line.Close())
}

// Visit has s.Count strangers come, send a message and go, so many at once as there may be.
func (l *Service) Visit(s Some, _ *int) error {
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(50)
	var n atomic.Int64
	for range s.Count {
		group.Go(func() error {
			message := []byte(s.Text)
			if s.Text == "" {
				n.Add(1)
				message = invented(&n)
			}
			return visit(ctx, s.WS, message)
		})
	}
	return group.Wait()
}

// forge posts a push that is signed with another token.
func (w *strangers) forge(ctx context.Context) error {
	forged := pusher{token: "a guess", url: w.Push}
	status, answer, err := forged.post(ctx, w.http, "nobody")
	if err == nil && status == http.StatusOK {
		err = fmt.Errorf("a forged push was taken: %s", answer)
	}
	return err
}

// dawdle begins a push and sends a byte of its body now and then, until the server has had enough.
func (w *strangers) dawdle(ctx context.Context) error {
	host, path, _ := strings.Cut(strings.TrimPrefix(w.Push, "http://"), "/")
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_, err = fmt.Fprintf(conn, "POST /%s?timestamp=1&nonce=2&signature=x&msg_signature=y HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\n{", path, host)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, conn) // until it is closed
	select {
	case <-time.After(20 * time.Millisecond): // a little later again
	case <-ctx.Done():
	}
	return nil
}

// Annoy has strangers begin.
func (l *Service) Annoy(s Strangers, _ *int) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l.strangers, err = l.crowd.annoy(ctx, s)
	return err
}

// Calm has them stop.
func (l *Service) Calm(_ int, did *Annoyed) error {
	*did = l.strangers.calm()
	return nil
}

package crowd

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"
)

// echo has s.Of connections send s.Text and wait for its answer each time, one message after another, or at s.Rate in
// all. It tells how long each took: at a rate, from when it was due, so that a server that stands still is not spared
// those that could not be sent meanwhile.
func (c *Crowd) echo(ctx context.Context, s Some) ([]time.Duration, error) {
	for n := len(c.lines[s.WS]); n < s.Of; n++ {
		line, err := c.newLine(ctx, s, n)
		if err != nil {
			return nil, err
		}
		c.lines[s.WS] = append(c.lines[s.WS], line)
	}
	took := make([][]time.Duration, s.Of)
	group := new(errgroup.Group)
	began := time.Now()
	end := began.Add(s.During)
	for n, line := range c.lines[s.WS][:s.Of] {
		group.Go(func() (err error) {
			took[n], err = echoOn(line, s, began, end)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(took...), err
}

func (c *Crowd) newLine(ctx context.Context, s Some, n int) (*websocket.Conn, error) {
	dialer := websocket.Dialer{HandshakeTimeout: time.Minute}
	line, _, err := dialer.DialContext(ctx, "ws://"+s.WS, nil)
	if err != nil || s.Nobody {
		return line, err
	}
	login := fmt.Sprintf(`{"MidasLogin":{"code":"auto-%s-%d","zone_id":"1","platform":"android"}}`, PlayerName(s.First+n), s.Code)
	if err := line.WriteMessage(websocket.TextMessage, []byte(login)); err != nil {
		return nil, err
	}
	for {
		_, text, err := line.ReadMessage()
		if err != nil || bytes.HasPrefix(text, []byte(`{"MidasBalance"`)) {
			return line, err
		}
		if bytes.HasPrefix(text, []byte(`{"MidasError"`)) {
			return nil, fmt.Errorf("%s is not logged in: %s", PlayerName(s.First+n), text)
		}
	}
}

// echoOn echoes on one connection until end.
func echoOn(line *websocket.Conn, s Some, began, end time.Time) (took []time.Duration, err error) {
	text, gap := []byte(s.Text), time.Duration(0)
	due := began
	if s.Rate > 0 {
		gap = time.Second * time.Duration(s.Of) / time.Duration(s.Rate)
		due = began.Add(rand.N(gap))
	}
	for due.Before(end) {
		if gap > 0 {
			time.Sleep(time.Until(due))
		} else {
			due = time.Now()
		}
		if err := line.WriteMessage(websocket.TextMessage, text); err != nil {
			return took, err
		}
		if _, err := s.answer(line); err != nil {
			return took, err
		}
		now := time.Now()
		took = append(took, now.Sub(due))
		due = due.Add(gap)
		if gap == 0 {
			due = now
		}
	}
	return took, nil
}

// push is how a balance begins that nobody has asked for.
var push = []byte(`{"MidasBalance":{"request_id":"",`)

// answer reads the next frame that is no push, and fails if it is not the answer that is expected: a refusal, of too
// many messages say, is quick and must not pass for one.
func (s Some) answer(line *websocket.Conn) ([]byte, error) {
	for {
		_, text, err := line.ReadMessage()
		switch {
		case err != nil:
			return nil, err
		case bytes.HasPrefix(text, push):
		case !bytes.HasPrefix(text, []byte(s.Begins)), !bytes.Contains(text, []byte(s.Holds)):
			return nil, fmt.Errorf("%s was answered %s, not %s…%s…", s.Text, text, s.Begins, s.Holds)
		default:
			return text, nil
		}
	}
}

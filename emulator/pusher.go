package emulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	pushTimeout = 3 * time.Second // for an answer (§3.7), in real time
	maxReply    = 64 << 10        // of which the answer to a push needs little
	answerKept  = 200             // bytes of it in Push.LastAnswer
)

// receipt is what came of one attempt to send.
type receipt struct {
	acknowledged bool
	status       int
	answer       string
}

// letter is a push on its way.
type letter struct {
	box     *outbox
	push    *push // to be touched under the lock only
	to      *receiver
	number  string // of the trade
	attempt int
	what    message
	at      time.Time
}

// startPusher starts the goroutine that sends, once there is somewhere to send to. Close waits for it.
func (s *Server) startPusher() {
	if s.receiver != nil && !s.pusherRuns {
		s.pusherRuns = true
		s.pushing.Go(s.runPusher)
	}
}

// runPusher sends each push when it is due, until the emulator is closed. It waits for those it has sent.
func (s *Server) runPusher() {
	var sending sync.WaitGroup
	defer sending.Wait()
	for {
		s.lock()
		letters := s.takeDue()
		wait, some := s.untilNext()
		stirred := s.stirred
		s.kept(s.unlock()) // before anything goes out that tells of it
		for _, l := range letters {
			sending.Go(func() { s.send(l) })
		}

		var alarm <-chan time.Time
		if some {
			alarm = time.After(wait)
		}
		select {
		case <-s.closing:
			return
		case <-stirred:
		case <-alarm:
		}
	}
}

// takeDue takes what is to be sent now out of the box. It is signed with the time that Advance does not move: the
// receiver's clock has not moved either, and it may refuse what is signed in the future.
func (s *Server) takeDue() (letters []letter) {
	if s.receiver == nil || s.closed {
		return nil
	}
	now := s.now()
	for p := s.outbox.take(now); p != nil; p = s.outbox.take(now) {
		letters = append(letters, letter{box: s.outbox, push: p, to: s.receiver, number: p.OutTradeNo, attempt: p.Attempts + 1, what: p.message(), at: s.cfg.Now()})
	}
	return letters
}

// untilNext is how long the pusher may sleep if nothing stirs: until the next push is due, or the next credit that
// will bring one about.
func (s *Server) untilNext() (time.Duration, bool) {
	if s.receiver == nil {
		return 0, false
	}
	next, some := s.books.creditDue()
	if p := s.outbox.next(); p != nil && (!some || p.NextAt.Before(next)) {
		next, some = p.NextAt, true
	}
	// A clock that stands still must not keep it awake.
	return max(next.Sub(s.now()), time.Millisecond), some
}

// send makes one attempt and books what came of it. One that Close cut short does not count.
func (s *Server) send(l letter) {
	r := s.transmit(s.life, l.to, l.what, l.at)
	// Before it is booked: whoever has waited for it finds it in the log.
	s.cfg.Logger.Info("push", "event", l.what.Event, "env", l.what.Env, "openid", l.what.OpenID, "out_trade_no", l.number,
		"attempt", l.attempt, "status", r.status, "acknowledged", r.acknowledged)
	s.lock()
	if !r.acknowledged && s.closed {
		l.box.putBack(l.push)
		s.mu.Unlock()
		return
	}
	now := s.now()
	l.box.sent(l.push, r, now)
	if l.box == s.outbox { // and Reset has not made the trade another's
		s.delivered(l.push, now)
		s.changed()
	}
	s.stir()
	s.kept(s.unlock())
}

// delivered notes that the game's server has taken goods over.
func (s *Server) delivered(p *push, at time.Time) {
	if t := s.books.byTradeNo[tradeKey{p.Env, p.OutTradeNo}]; t != nil && p.Acknowledged && p.Event != EventRefund && t.DeliveredAt.IsZero() {
		t.DeliveredAt = at
	}
}

// transmit posts one message.
func (s *Server) transmit(ctx context.Context, to *receiver, m message, at time.Time) receipt {
	req, err := to.request(ctx, m, s.cfg.AppID, s.appKey(m.Env), at)
	if err != nil {
		return receipt{answer: beginning(err.Error())}
	}
	status, reply, err := s.fetch(req)
	if err != nil {
		return receipt{status: status, answer: beginning(err.Error())}
	}
	return receipt{acknowledged: status == http.StatusOK && acknowledges(reply), status: status, answer: beginning(string(reply))}
}

// fetch performs a request to the game's server.
func (s *Server) fetch(req *http.Request) (status int, reply []byte, err error) {
	resp, err := s.pushClient.Do(req)
	if err != nil {
		var about *url.Error
		if errors.As(err, &about) {
			err = about.Err // the address is known, and its query says nothing
		}
		return 0, nil, err
	}
	defer resp.Body.Close()
	reply, err = io.ReadAll(io.LimitReader(resp.Body, maxReply))
	return resp.StatusCode, reply, err
}

func beginning(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), answerKept)], "")
}

// newPushClient makes the HTTP client of pushes. A redirection is an answer like any other that is not 200.
func newPushClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxSending},
		Timeout:       pushTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// MockPush sends a simulated push of an event, as the button in the console does: IsMock is true and every value
// invented (§3.7). It fails unless the push is acknowledged. It is not among Pushes.
func (s *Server) MockPush(event string) error { return s.MockPushIn(Production, event) }

// MockPushIn is MockPush of one environment, whose AppKey signs it.
func (s *Server) MockPushIn(env Env, event string) error {
	openid := "o" + rand.Text()
	payload, err := mockPayload(event, openid, env)
	if err != nil {
		return err
	}
	to, at, err := s.address()
	if err != nil {
		return err
	}
	defer s.inflight.Done()
	m := message{Event: event, Env: env, OpenID: openid, Payload: encode(payload), CreatedAt: at, Mock: true}
	if r := s.transmit(s.life, to, m, at); !r.acknowledged {
		return fmt.Errorf("emulator: the simulated push was not acknowledged: status %d, %q", r.status, r.answer)
	}
	return nil
}

// CheckPushURL makes the check that WeChat makes when the address of pushes is entered: a signed GET whose echostr has
// to come back (§3.7).
func (s *Server) CheckPushURL(ctx context.Context) error {
	to, at, err := s.address()
	if err != nil {
		return err
	}
	defer s.inflight.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()

	echo := randomDigits(19)
	req, err := to.check(ctx, echo, at)
	if err != nil {
		return err
	}
	status, reply, err := s.fetch(req)
	switch {
	case err != nil:
		return fmt.Errorf("emulator: checking the push URL: %w", err)
	case status != http.StatusOK || string(reply) != echo:
		return fmt.Errorf("emulator: the push URL did not return echostr but status %d, %q", status, beginning(string(reply)))
	}
	return nil
}

// address is where to send something at once. If it is no error, the caller counts as a request until it has called
// inflight.Done.
func (s *Server) address() (*receiver, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, time.Time{}, errClosed
	case s.receiver == nil:
		return nil, time.Time{}, errors.New("emulator: there is no URL to push to")
	}
	s.inflight.Add(1)
	return s.receiver, s.cfg.Now(), nil
}

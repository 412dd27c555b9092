package emulator

import (
	"context"
	"errors"
	"slices"
	"time"
)

// The events that the emulator pushes (§3.7). EventCenterCoins has no trade behind it.
const (
	EventGoods      = "minigame_game_pay_goods_deliver_notify"
	EventStoreGoods = "minigame_h5_goods_deliver_notify"
	// EventStoreGoodsOld is the other name of EventStoreGoods (§3.9, P8). It comes by MockPush only.
	EventStoreGoodsOld = "minigame_deliver_h5_pay_products"
	EventCoins         = "minigame_coin_deliver_completed"
	EventCenterCoins   = "minigame_recharge_center_coin_deliver_completed"
	EventRefund        = "minigame_pay_refund_succ_notify"
)

// eventGaps are the waits between the attempts at a subscribed event, goodsGaps those of a delivery (§3.7).
var (
	eventGaps = []time.Duration{
		15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute,
		30 * time.Minute, 30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour,
	}
	goodsGaps = slices.Concat(eventGaps, []time.Duration{6 * time.Hour, 6 * time.Hour})
)

func gapsOf(event string) []time.Duration {
	if event == EventGoods || event == EventStoreGoods {
		return goodsGaps
	}
	return eventGaps
}

// maxSending bounds the pushes that are under way at once.
const maxSending = 8

// Push is one notification of the game's server and how it fared.
type Push struct {
	ID         int    `json:"id"`
	Event      string `json:"event"`
	OutTradeNo string `json:"out_trade_no"`
	// Attempts counts how often it was sent, repeats of Fate.Repeat included.
	Attempts int `json:"attempts"`
	// Acknowledged and GivenUp tell how it ended; neither: it goes on.
	Acknowledged bool `json:"acknowledged"`
	GivenUp      bool `json:"given_up"`
	// NextAt is when it is sent next, by the emulator's clock; zero if it has ended.
	NextAt time.Time `json:"next_at,omitzero"`
	// LastStatus is the HTTP status of the last attempt, 0 if there was no answer; LastAnswer is the beginning of that
	// answer, or what went wrong.
	LastStatus int    `json:"last_status,omitempty"`
	LastAnswer string `json:"last_answer,omitempty"`
}

// push is a Push with what it says.
type push struct {
	Push
	Env       Env       `json:"env"`
	OpenID    string    `json:"openid"`
	Payload   string    `json:"payload"`
	CreatedAt time.Time `json:"created_at"`
	Repeat    int       `json:"repeat,omitempty"` // still to come after an acknowledgement

	sending bool
}

func (p *push) message() message {
	return message{Event: p.Event, Env: p.Env, OpenID: p.OpenID, Payload: p.Payload, CreatedAt: p.CreatedAt}
}

// outbox holds all pushes. It knows nothing of HTTP and has no lock of its own.
type outbox struct {
	all     []*push // oldest first
	waiting []*push // those that have not ended
	sending int     // how many of them are under way
}

// add takes a push in.
func (b *outbox) add(p *push) {
	p.ID = len(b.all) + 1
	b.keep(p)
}

func (b *outbox) keep(p *push) {
	b.all = append(b.all, p)
	if !p.NextAt.IsZero() {
		b.waiting = append(b.waiting, p)
	}
}

// next is the push to be sent next, if there is one and it may be.
func (b *outbox) next() *push {
	if b.sending >= maxSending {
		return nil
	}
	var first *push
	for _, p := range b.waiting {
		if !p.sending && (first == nil || p.NextAt.Before(first.NextAt)) {
			first = p
		}
	}
	return first
}

// take marks the next push that is due as under way.
func (b *outbox) take(now time.Time) *push {
	p := b.next()
	if p == nil || p.NextAt.After(now) {
		return nil
	}
	p.sending = true
	b.sending++
	return p
}

// putBack undoes take: the attempt does not count.
func (b *outbox) putBack(p *push) {
	p.sending = false
	b.sending--
}

// unsent tells whether something that is due has not been sent, or is being sent.
func (b *outbox) unsent(now time.Time) bool {
	return slices.ContainsFunc(b.waiting, func(p *push) bool { return p.sending || !p.NextAt.After(now) })
}

// sent books what came of an attempt.
func (b *outbox) sent(p *push, r receipt, now time.Time) {
	b.putBack(p)
	p.Attempts++
	p.LastStatus, p.LastAnswer = r.status, r.answer
	switch gaps := gapsOf(p.Event); {
	case p.Acknowledged:
		p.Repeat-- // it was one too many; how that was answered changes nothing
	case r.acknowledged:
		p.Acknowledged = true
	case p.Attempts <= len(gaps):
		p.NextAt = now.Add(gaps[p.Attempts-1])
		return
	default:
		p.GivenUp = true
	}
	if p.Acknowledged && p.Repeat > 0 {
		p.NextAt = now
		return
	}
	p.NextAt = time.Time{}
	b.waiting = slices.DeleteFunc(b.waiting, func(other *push) bool { return other == p })
}

// announce queues a push about a trade, unless nobody is to hear of it. It is due once Fate.PushAfter has passed
// after at.
func (s *Server) announce(t *trade, event string, payload any, fate Fate, at time.Time) {
	if s.receiver == nil || fate.NoPush {
		return
	}
	s.outbox.add(&push{
		Push: Push{Event: event, OutTradeNo: t.OutTradeNo, NextAt: at.Add(fate.PushAfter)},
		Env:  t.Env, OpenID: t.OpenID, Payload: encode(payload), CreatedAt: at, Repeat: fate.Repeat,
	})
	s.stir()
}

// announceCredits queues the pushes about coins that have reached their accounts.
func (s *Server) announceCredits() {
	for _, t := range s.books.unannounced {
		s.announce(t, EventCoins, t.coinPayload(), t.Fate, t.DeliveredAt)
	}
	s.books.unannounced = nil
}

// stir wakes the pusher and those who wait in FlushPushes: what is due may have changed.
func (s *Server) stir() {
	if s.stirred != nil {
		close(s.stirred)
	}
	s.stirred = make(chan struct{})
}

// PushTo sets where pushes go from now on, in place of Config.Push. Those that wait go there too. Without a URL
// nothing is sent and nothing more is queued; what waits goes on waiting. Reset does not change it.
func (s *Server) PushTo(p PushConfig) error {
	to, err := p.receiver()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.receiver = to
	s.startPusher()
	s.stir()
	return nil
}

var errClosed = errors.New("emulator: closed")

// Pushes are all pushes so far, oldest first.
func (s *Server) Pushes() []Push {
	s.lock()
	defer s.mu.Unlock()
	pushes := make([]Push, len(s.outbox.all))
	for i, p := range s.outbox.all {
		pushes[i] = p.Push
	}
	return pushes
}

// FlushPushes waits until every push that is due has been sent and answered, well or badly; those that are sent again
// later are not waited for. It fails if ctx ends before, if the emulator is closed, and if there is nowhere to send to.
func (s *Server) FlushPushes(ctx context.Context) error {
	for {
		s.lock()
		unsent, nowhere, stirred := s.outbox.unsent(s.now()), s.receiver == nil, s.stirred
		s.kept(s.unlock())
		switch {
		case !unsent:
			return nil
		case nowhere:
			return errors.New("emulator: pushes are due, and PushTo has not said where they go")
		}
		select {
		case <-stirred:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return errClosed
		}
	}
}

package cluster

import (
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
)

const (
	// sealedNote is the first byte of a sealed note; those of versions that did not seal begin with a letter or a digit.
	sealedNote = 1
	// noteLife is how old a note may be, or how new, by this server's clock: two machines' may differ by two minutes.
	noteLife = 3 * time.Minute
	// refusalsEvery is how often refused notes are logged at most, with their number.
	refusalsEvery = time.Minute
)

// sealed is what a note looks like inside its seal. The seal binds it to its channel as well.
type sealed struct {
	From   string      `json:"from"`   // the server
	Number uint64      `json:"number"` // one more with each note of that server's
	At     int64       `json:"at"`     // Unix ms
	Note   module.Note `json:"note"`
}

func (c *Cluster) sealNote(channel string, n module.Note) ([]byte, error) {
	c.number++
	text, err := json.Marshal(sealed{c.id, c.number, c.now().UnixMilli(), n})
	if err != nil {
		return nil, err
	}
	return append([]byte{sealedNote}, c.seal.Seal(midas.Secret(text), "note on "+channel)...), nil
}

// refusals is what is known of the notes of each server that has published in the last minutes, and of those that were
// not believed.
type refusals struct {
	count   atomic.Int64
	windows map[string]*window // by server; only those who have the AppSecret make one
	told    time.Time
	untold  int64
}

// window is which of a server's last notes have come. They may overtake each other on their way through a cluster's
// nodes, but none comes twice.
type window struct {
	last uint64
	bits uint64 // bit n: number last-n has come
	at   time.Time
}

const windowSize = 64

// take notes that a number has come, and is false if it had before, or may have.
func (w *window) take(number uint64) bool {
	if number > w.last {
		w.bits, w.last = w.bits<<min(number-w.last, windowSize)|1, number
		return true
	}
	bit := uint64(1) << min(w.last-number, windowSize)
	if bit == 0 || w.bits&bit != 0 {
		return false
	}
	w.bits |= bit
	return true
}

// openNote reads what was published; why says what was wrong with it. Both are empty for what this server has said
// itself.
func (c *Cluster) openNote(channel, payload string) (n *module.Note, why string) {
	if payload == "" && channel == c.to(c.id) {
		return nil, "" // a look
	}
	if payload == "" || payload[0] != sealedNote {
		return nil, "not sealed"
	}
	text, ok := c.seal.Open([]byte(payload[1:]), "note on "+channel)
	if !ok {
		return nil, "sealed by somebody else, or for another channel"
	}
	var s sealed
	if err := json.Unmarshal([]byte(text.Reveal()), &s); err != nil {
		return nil, "not readable"
	}
	if s.From == c.id {
		return nil, ""
	}
	now := c.now()
	if age := now.Sub(time.UnixMilli(s.At)); age > noteLife || age < -noteLife {
		return nil, "too old, or of a clock that is minutes ahead"
	}
	w := c.refused.windows[s.From]
	if w == nil {
		for id, old := range c.refused.windows {
			if now.Sub(old.at) > 2*noteLife { // its notes are too old by now
				delete(c.refused.windows, id)
			}
		}
		if c.refused.windows == nil {
			c.refused.windows = map[string]*window{}
		}
		w = &window{}
		c.refused.windows[s.From] = w
	}
	w.at = now
	if !w.take(s.Number) {
		return nil, "come before"
	}
	return &s.Note, ""
}

// refuse counts a note that is not believed, and logs some.
func (r *refusals) refuse(log *slog.Logger, why string) {
	r.count.Add(1)
	r.untold++
	if !r.told.IsZero() && time.Since(r.told) < refusalsEvery {
		return
	}
	log.Warn("midas: notes of other servers were not believed: they are an older version's, or of somebody without this game's AppSecret",
		"why", why, "notes", r.untold)
	r.told, r.untold = time.Now(), 0
}

// listen hears what other servers publish. The client connects again by itself, but does not ask again for a
// subscription that Redis has refused.
func (c *Cluster) listen(hear func(module.Note)) {
	for c.ctx.Err() == nil {
		c.subscribe(hear)
	}
}

// subscribe listens until Close, or until this server is found to be deaf. Each time the client has connected, Redis
// may have forgotten who is here.
func (c *Cluster) subscribe(hear func(module.Note)) {
	sub := c.rdb.Subscribe(c.ctx, c.to(c.id), c.prefix+"all")
	defer sub.Close()
	messages := sub.ChannelWithSubscriptions(redis.WithChannelSize(maxQueue))
	for {
		var m any
		var open bool
		select {
		case <-c.ctx.Done():
			return
		case <-c.again:
			return
		case m, open = <-messages:
			if !open {
				return
			}
		}
		switch m := m.(type) {
		case *redis.Subscription:
			c.sayAll()
		case *redis.Message:
			n, why := c.openNote(m.Channel, m.Payload)
			switch {
			case why != "":
				c.refused.refuse(c.log, why)
			case n != nil:
				c.heard.Add(1)
				hear(*n)
			}
		}
	}
}

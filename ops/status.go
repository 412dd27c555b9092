package ops

import (
	"net/http"
	"time"

	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// status is what a server is doing. Counts are since its start.
type status struct {
	At          time.Time `json:"at"`
	Paused      bool      `json:"paused"`
	Connections int       `json:"connections"`
	Running     int       `json:"running"`
	MaxRunning  int       `json:"max_running"`
	Waiting     int       `json:"waiting"`
	MaxWaiting  int       `json:"max_waiting"`
	Token       token     `json:"token"`
	// RedisUp is left out where the server is the only one.
	RedisUp  *bool      `json:"redis_up,omitempty"`
	LedgerUp bool       `json:"ledger_up"`
	Backlog  *backlog   `json:"backlog,omitempty"`
	Calls    []endpoint `json:"calls"`
	// Reached counts orders by kind and the state they came into, Deliveries what the game answered.
	Reached    map[string]map[string]int64 `json:"reached"`
	Deliveries map[string]int64            `json:"deliveries"`
}

type token struct {
	ObtainedAt *time.Time `json:"obtained_at,omitempty"`
	Fetched    int64      `json:"fetched"`
	Failed     int64      `json:"failed"`
	Forced     int64      `json:"forced"`
	Shared     int64      `json:"shared"`
}

type backlog struct {
	Open     map[string]int64 `json:"open"`
	Parked   int64            `json:"parked"`
	Unpaid   int64            `json:"unpaid"`
	Disputed int64            `json:"disputed"`
	Kept     int64            `json:"kept"` // pushes
	Oldest   string           `json:"oldest,omitempty"`
	OldestAt *time.Time       `json:"oldest_at,omitempty"`
}

type endpoint struct {
	Endpoint string `json:"endpoint"`
	State    string `json:"state"`
	// HeldBackMs is for how long calls are refused from now on, by this server's breaker or another's word.
	HeldBackMs int64 `json:"held_back_ms"`
	counts
}

// counts are calls by how they ended. Refused were answered with a no, NoAnswer with nothing that is known.
type counts struct {
	Done     int64 `json:"done"`
	Refused  int64 `json:"refused"`
	NoAnswer int64 `json:"no_answer"`
	HeldBack int64 `json:"held_back"`
}

func countsOf(s breaker.Stats) counts {
	c := counts{HeldBack: s.Refused}
	for o, n := range s.Calls {
		switch o.Kind {
		case "done", "already":
			c.Done += n
		case "unknown", "later":
			c.NoAnswer += n
		case "cancelled": // the asker's own
		default:
			c.Refused += n
		}
	}
	return c
}

// status answers with what there is now. That the ledger does not answer is part of it.
func (s *Server) status(r *http.Request) (any, error) {
	stats, ok := s.plugin.Stats()
	if !ok {
		return nil, plugin.ErrNotConfigured
	}
	now := status{
		At: time.Now(), Paused: s.plugin.Paused(), Connections: stats.Module.Connections,
		Running: stats.Till.Running, MaxRunning: stats.Till.MaxRunning, Waiting: stats.Till.Waiting, MaxWaiting: stats.Till.MaxWaiting,
		Token:   tokenOf(stats.Token),
		Reached: map[string]map[string]int64{}, Deliveries: map[string]int64{},
	}
	if stats.Fleet != nil {
		now.RedisUp = &stats.Fleet.Up
	}
	if b, err := s.plugin.Backlog(r.Context()); err == nil {
		now.LedgerUp, now.Backlog = true, backlogOf(b)
	}
	for _, e := range stats.Calls {
		now.Calls = append(now.Calls, endpoint{string(e.Endpoint), e.State, e.HeldBack.Milliseconds(), countsOf(e)})
	}
	for at, n := range stats.Till.Reached {
		if n > 0 {
			if now.Reached[string(at.Kind)] == nil {
				now.Reached[string(at.Kind)] = map[string]int64{}
			}
			now.Reached[string(at.Kind)][string(at.State)] = n
		}
	}
	for d, n := range stats.Till.Deliveries {
		if n > 0 {
			now.Deliveries[d.Outcome] += n
		}
	}
	return now, nil
}

func tokenOf(t midas.TokenStats) token {
	return token{known(t.ObtainedAt), t.Fetched, t.Failed, t.Forced, t.Shared}
}

func backlogOf(b ledger.Backlog) *backlog {
	out := &backlog{map[string]int64{}, b.Parked, b.Unpaid, b.Disputed, b.Kept, b.Oldest, known(b.OldestAt)}
	for state, n := range b.Open {
		out.Open[string(state)] = n
	}
	return out
}

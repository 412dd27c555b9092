package ops

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// point is what happened in one interval, and how things stood at its end.
type point struct {
	At int64 `json:"at"` // its end, ms since 1970
	// Seconds is how long the interval was.
	Seconds float64 `json:"seconds"`
	// Calls are those to endpoints that were called, or that are not as usual.
	Calls map[string]called `json:"calls,omitempty"`
	// Reached counts orders by the state they came into.
	Reached     map[string]int64 `json:"reached,omitempty"`
	Connections int              `json:"connections"`
	Running     int              `json:"running"`
	Waiting     int              `json:"waiting"`
	Paused      bool             `json:"paused,omitempty"`
	// Open, Disputed and OldestMs are -1 while the ledger does not answer.
	Open     int64 `json:"open"`
	Disputed int64 `json:"disputed"`
	OldestMs int64 `json:"oldest_ms"`
}

// called is an endpoint in one interval.
type called struct {
	counts
	// P50Ms and P99Ms are how long calls took, as exactly as the histogram tells; left out where there were none.
	P50Ms float64 `json:"p50_ms,omitempty"`
	P99Ms float64 `json:"p99_ms,omitempty"`
	// State is the breaker's at the end, where it is not closed; "open" also where it opened within the interval.
	State string `json:"state,omitempty"`
	// HeldBack: calls were refused at the end of the interval.
	Held bool `json:"held,omitempty"`
}

// series keeps the newest points.
type series struct {
	mu     sync.Mutex
	points []point
	most   int
}

func newSeries(most int) *series { return &series{most: most} }

func (s *series) add(p point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.points) == s.most {
		s.points = append(s.points[:0], s.points[1:]...)
	}
	s.points = append(s.points, p)
}

// since lists the points that ended after a time.
func (s *series) since(ms int64) []point {
	s.mu.Lock()
	defer s.mu.Unlock()
	points := make([]point, 0, len(s.points))
	for _, p := range s.points {
		if p.At > ms {
			points = append(points, p)
		}
	}
	return points
}

// recent answers with the points after ?since=MS.
func (s *Server) recent(r *http.Request) (any, error) {
	since := int64(0)
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, badRequest{err}
		}
	}
	return map[string]any{"points": s.series.since(since)}, nil
}

// note adds a point again and again until ctx ends.
func (s *Server) note(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	began := time.Now()
	before, _ := s.plugin.Stats() // what was before is no part of the first interval
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now, ok := s.plugin.Stats()
		if !ok {
			continue
		}
		end := time.Now()
		p := interval(before, now)
		p.At, p.Seconds, p.Paused = end.UnixMilli(), end.Sub(began).Seconds(), s.plugin.Paused()
		s.stand(ctx, &p, end)
		s.series.add(p)
		before, began = now, end
	}
}

// stand notes what only the ledger knows.
func (s *Server) stand(ctx context.Context, p *point, now time.Time) {
	p.Open, p.Disputed, p.OldestMs = -1, -1, -1
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	b, err := s.plugin.Backlog(ctx)
	if err != nil {
		return
	}
	p.Open, p.Disputed, p.OldestMs = 0, b.Disputed, 0
	for _, n := range b.Open {
		p.Open += n
	}
	if !b.OldestAt.IsZero() {
		p.OldestMs = max(0, now.Sub(b.OldestAt).Milliseconds())
	}
}

// interval is what happened between two looks.
func interval(before, now plugin.Stats) point {
	p := point{
		Calls: map[string]called{}, Reached: map[string]int64{},
		Connections: now.Module.Connections, Running: now.Till.Running, Waiting: now.Till.Waiting,
	}
	for i, e := range now.Calls {
		c := called{counts: countsOf(e), Held: e.HeldBack > 0}
		took, opened := e.Took, e.Opened
		if i < len(before.Calls) {
			opened -= before.Calls[i].Opened
			old := countsOf(before.Calls[i])
			c.Done, c.Refused, c.NoAnswer, c.HeldBack = c.Done-old.Done, c.Refused-old.Refused, c.NoAnswer-old.NoAnswer, c.HeldBack-old.HeldBack
			took = less(took, before.Calls[i].Took)
		}
		switch {
		case opened > 0: // and may have closed again
			c.State = "open"
		case e.State != "closed":
			c.State = e.State
		}
		if (c == called{}) {
			continue
		}
		c.P50Ms, c.P99Ms = quantile(took, 0.5), quantile(took, 0.99)
		p.Calls[string(e.Endpoint)] = c
	}
	for at, n := range now.Till.Reached {
		if d := n - before.Till.Reached[at]; d > 0 {
			p.Reached[string(at.State)] += d
		}
	}
	return p
}

// less takes what was counted before from what is counted now.
func less(now, before midas.Durations) midas.Durations {
	counts := make([]int64, len(now.Counts))
	for i := range counts {
		counts[i] = now.Counts[i] - before.Counts[i]
	}
	return midas.Durations{Bounds: now.Bounds, Counts: counts}
}

// quantile is where the share q of the durations lies below, in ms: within the bucket it falls into, evenly spread.
// What is longer than the last bound counts as that.
func quantile(d midas.Durations, q float64) float64 {
	total := int64(0)
	for _, n := range d.Counts {
		total += n
	}
	if total == 0 {
		return 0
	}
	rank, below := q*float64(total), float64(0)
	for i, bound := range d.Bounds {
		n := float64(d.Counts[i])
		if below+n >= rank && n > 0 {
			low := time.Duration(0)
			if i > 0 {
				low = d.Bounds[i-1]
			}
			return (float64(low) + float64(bound-low)*(rank-below)/n) / float64(time.Millisecond)
		}
		below += n
	}
	return float64(d.Bounds[len(d.Bounds)-1]) / float64(time.Millisecond)
}

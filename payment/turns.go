package payment

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

const (
	// duePage is how many due orders are looked at in one round, oldest due first, for each one that there is room for.
	duePage = 4
	// dueTurn is how many orders a look at everybody's finds at most. It bounds what turns keeps: 500 numbers and openids.
	dueTurn = 500
	// turnLife is for how long such a look is gone by.
	turnLife = 5 * time.Second
	// turnRest and turnCost bound how often it is made: at most every half second, and for a fifth of the time, and at the latest after turnMost.
	turnRest = 500 * time.Millisecond
	turnMost = 4 * time.Second
	turnCost = 4
	// crowdedRest is how long the runner rests between two rounds while more is due than it can look at.
	crowdedRest = 50 * time.Millisecond
)

// turns chooses which of the orders that are due are claimed next. While few are due, it is the oldest first, with at most
// maxDuePerLane of one player waiting at once. When more are due than one look shows, the oldest may all be of one player who has very many;
// then the ledger is asked for the first of every player, the second, and so on, and players take turns.
//
// What follows for one player's order, however many others are due: it is chosen in the first turn after it fell due if at most
// dueTurn players have something due, and a turn begins at the latest turnMost after the one before (a look at 100,000 orders takes about
// 0.2 s, so every second) and once what that one found has begun.
type turns struct {
	queue []ledger.DueOrder // of the last look at everybody's
	made  time.Time         // when that was
	after time.Time         // when the next one may be
}

// next chooses up to room orders. crowded tells that more are due than could be looked at.
func (s *turns) next(ctx context.Context, t *Till, room int) (bills []string, crowded bool, err error) {
	left := map[string]int{} // room in players' lanes
	take := func(from []ledger.DueOrder) (rest []ledger.DueOrder) {
		for i, o := range from {
			if len(bills) >= room {
				return from[i:]
			}
			n, known := left[o.OpenID]
			if !known {
				n = t.lanes.dueOf(o.OpenID)
			}
			if n > 0 {
				n--
				bills = append(bills, o.BillNo)
			}
			left[o.OpenID] = n
		}
		return nil
	}
	if time.Since(s.made) > turnLife {
		s.queue = nil
	}
	if s.queue = take(s.queue); len(bills) > 0 {
		return bills, true, nil
	}
	now, page := t.cfg.Now(), duePage*room
	oldest, err := t.cfg.Ledger.Due(ctx, now, t.horizon, page)
	if err != nil {
		return nil, false, err
	}
	crowded = len(oldest) >= page
	if began := time.Now(); crowded && !began.Before(s.after) {
		everybody, err := t.cfg.Ledger.DueOfEach(ctx, now, t.horizon, maxDuePerLane, dueTurn)
		if err != nil {
			return nil, true, err
		}
		s.made = time.Now()
		s.after = s.made.Add(min(max(turnRest, turnCost*s.made.Sub(began)), turnMost))
		s.queue = take(everybody)
		return bills, true, nil
	}
	take(oldest)
	return bills, crowded, nil
}

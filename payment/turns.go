package payment

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

const (
	// duePage is how many due orders are read in one round, oldest due first, for each one that there is room for.
	duePage = 4
	// walkPage is how many are read at once on the way through all of them. It bounds what turns keeps: some 400 KB.
	walkPage = 2000
	// walkCost bounds the time for it: after each page the walk rests for so many times as long as the page took, walkRest
	// at most.
	walkCost = 1
	walkRest = time.Second
	// crowdedRest is how long the runner rests between two rounds while more is due than it can look at.
	crowdedRest = 50 * time.Millisecond
)

// turns chooses which of the orders that are due are claimed next. While few are due, it is the oldest first, with at
// most maxDuePerLane of one player waiting at once. When more are due than one look shows, the oldest may all be of one
// player who has very many. Then it walks, page after page, through everything that is due, and takes from each page
// what there is room for in its player's lane. What follows for one player's order: it is chosen within one walk,
// whoever else has however many. A walk through 100,000 orders has 50 pages of some 5 ms.
type turns struct {
	page  []ledger.DueOrder // what is left of the page
	last  ledger.DueOrder   // the last of the page; the next one begins behind it
	after time.Time         // when the next one may be read
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
	if s.page = take(s.page); len(bills) > 0 {
		return bills, true, nil
	}
	now, page := t.cfg.Now(), duePage*room
	oldest, err := t.cfg.Ledger.Due(ctx, now, t.horizon, ledger.DueOrder{}, page)
	if err != nil {
		return nil, false, err
	}
	if crowded = len(oldest) >= page; !crowded {
		s.last = ledger.DueOrder{}
	} else if began := time.Now(); !began.Before(s.after) {
		walked, err := t.cfg.Ledger.Due(ctx, now, t.horizon, s.last, walkPage)
		if err != nil {
			return nil, true, err
		}
		s.last = ledger.DueOrder{} // at the end it begins anew
		if len(walked) == walkPage {
			s.last = walked[walkPage-1]
		}
		ended := time.Now()
		s.after = ended.Add(min(walkCost*ended.Sub(began), walkRest))
		s.page = take(walked)
	}
	if len(bills) == 0 {
		take(oldest)
	}
	return bills, crowded, nil
}

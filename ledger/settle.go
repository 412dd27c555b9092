package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// What a recharge brought is told by three that need not agree: what was asked for, which the client may change (§3.4),
// what Midas says of its number, and the growth of save_amt, which names no recharge and is the truth of how much there
// is. For each player
//
//	coins of the credited recharges = growth of save_amt - loose + ahead
//
// holds at all times. A recharge that was credited by its number is ahead until save_amt shows its coins. If it has
// shown them before, they are loose, or were taken for another recharge's by a guess, which is then taken back.

// evidence is how it is known that a recharge was credited.
type evidence int

const (
	evidenceOld    evidence = iota // a version before kept none, or it is not credited
	evidenceGrowth                 // save_amt grew: whose coins these are is a guess
	evidenceNumber                 // Midas said so of its number; how many coins is taken from what was asked for
	evidenceCoins                  // and of how many coins
)

const (
	// likelyFor is how much older than the newest attempt one may be and still be as likely: a push comes for half a day
	// (§3.7), and a window is open for less.
	likelyFor = 26 * time.Hour
	// unseenFor is for how long coins are waited for that Midas says are in the balance while save_amt does not show them.
	// Two servers' clocks may differ by a minute, which matters to nobody here.
	unseenFor = time.Hour
	// maxGuess bounds the recharges among which coins are looked for that are not exactly one's.
	maxGuess = 40
)

// Look is what the ledger knew of a player when a look at Midas began. What Midas then answers contains it.
type Look struct {
	// SaveAmt is what save_amt will at least be, if nothing was bought since; -1 for a player who was never seen.
	SaveAmt int64
	// Unpaid are the numbers of recharges of which Midas has said since that their coins have not come.
	Unpaid []string

	confirms int64
}

// BeginLook is to be called before Midas is asked for the sums that Observe is given.
func (l *Ledger) BeginLook(ctx context.Context, openid, zoneID string) (*Look, error) {
	known, err := l.account(ctx, openid, zoneID)
	switch {
	case err == ErrNotFound:
		return &Look{SaveAmt: -1}, nil
	case err != nil:
		return nil, unavailable(ctx, "look a player up", err)
	}
	return &Look{SaveAmt: known.SaveAmt + known.ahead, confirms: known.confirms}, nil
}

// newer tells whether the answer must contain the coins of every recharge that was credited by its number.
func (k *Look) newer(known seenAccount) bool { return k == nil || k.confirms == known.confirms }

// unpaid tells what Midas has said.
func (k *Look) unpaid(r Recharge) bool {
	return k != nil && r.OutTradeNo != "" && slices.Contains(k.Unpaid, r.OutTradeNo)
}

// confirm credits a recharge by its number, with coins of them or (0) as many as were asked for. It is false if that
// changes nothing.
func (r *Recharge) confirm(known *seenAccount, coins int64, seen bool, now time.Time) bool {
	how := evidenceCoins
	if coins <= 0 {
		coins, how = r.BuyQuantity, evidenceNumber
	}
	if r.State != RechargeCredited {
		r.was, r.State, r.Coins, r.unseen, r.evidence, r.UpdatedAt = r.State, RechargeCredited, coins, 0, how, now
		if seen {
			r.unseen = coins
			known.ahead += coins
		}
		return true
	}
	switch {
	case r.evidence == evidenceOld, how <= r.evidence:
		return false
	case how == evidenceNumber: // save_amt has told how many
		r.evidence = how
		return true
	}
	r.evidence = how
	more := coins - r.Coins
	r.Coins = coins
	if !seen {
		return true
	}
	back := min(max(0, -more), r.unseen)
	r.unseen += max(0, more) - back
	known.ahead += max(0, more) - back
	known.loose += max(0, -more) - back
	return true
}

// settle explains that save_amt has grown by coins, 0 too, and puts right what it does not bear out. known.ahead and
// known.loose are changed accordingly. The recharges that are credited now are returned.
func (l *Ledger) settle(ctx context.Context, tx *sql.Tx, known *seenAccount, openid, zoneID string, coins int64, look *Look, now time.Time) ([]Recharge, error) {
	s := settlement{known: known, coins: coins, now: now}
	var err error
	if known.ahead > 0 {
		if s.unseen, err = scanRecharges(tx.QueryContext(ctx, l.dialect.sql(`SELECT `+rechargeColumns+` FROM midas_recharges
			WHERE openid = ? AND zone_id = ? AND state = ? AND unseen > 0 ORDER BY updated_at DESC, request_id`), openid, zoneID, RechargeCredited)); err != nil {
			return nil, err
		}
		exact, err := l.exactly(ctx, tx, openid, zoneID, coins, look)
		if err != nil {
			return nil, err
		}
		s.explain(len(exact) > 0, look.newer(*known))
		if known.ahead > 0 && s.coins == 0 && look.newer(*known) {
			guessed, err := scanRecharges(tx.QueryContext(ctx, l.dialect.sql(`SELECT `+rechargeColumns+` FROM midas_recharges
				WHERE openid = ? AND zone_id = ? AND state = ? AND evidence = ? ORDER BY updated_at DESC, request_id`),
				openid, zoneID, RechargeCredited, evidenceGrowth))
			if err != nil {
				return nil, err
			}
			quiet, err := l.quietSince(ctx, tx, openid, zoneID, now.Add(-unseenFor))
			if err != nil {
				return nil, err
			}
			s.putRight(guessed, quiet)
		}
		for _, r := range s.changed {
			if err := l.storeRecharge(ctx, tx, r); err != nil {
				return nil, err
			}
		}
	}
	if s.coins == 0 {
		return nil, nil
	}
	waiting, err := l.exactly(ctx, tx, openid, zoneID, s.coins, look)
	if err == nil && len(waiting) == 0 {
		waiting, err = l.waiting(ctx, tx, openid, zoneID, 0, `1 = 1`, maxGuess)
	}
	if err != nil {
		return nil, err
	}
	waiting = slices.DeleteFunc(waiting, look.unpaid)
	credited, loose := guess(waiting, s.coins, look != nil && len(look.Unpaid) > 0, now)
	known.loose += loose
	for _, r := range credited {
		if err := l.storeRecharge(ctx, tx, r); err != nil {
			return nil, err
		}
	}
	return credited, nil
}

// settlement is the pure part of settle.
type settlement struct {
	known   *seenAccount
	coins   int64 // of the growth, not explained yet
	now     time.Time
	grew    bool       // it has become loose
	unseen  []Recharge // newest first
	changed []Recharge
}

// shown notes that save_amt has shown the coins of a recharge, n of those that were missing, and that there are no more
// of them.
func (s *settlement) shown(r Recharge, n int64) {
	s.known.ahead -= r.unseen
	r.Coins -= r.unseen - n
	r.unseen = 0
	s.changed = append(s.changed, r)
	s.unseen = slices.DeleteFunc(s.unseen, func(u Recharge) bool { return u.RequestID == r.RequestID })
}

// explain uses growth up for recharges that were credited by their number. elsewhere: exactly these coins are wanted by
// one that waits. newer: save_amt has the coins of all of them, or had them before.
func (s *settlement) explain(elsewhere, newer bool) {
	var sum int64
	for _, r := range s.unseen {
		sum += r.unseen
	}
	// A version before knows only the sum. What it has seen is taken to be the oldest; what it has credited has no
	// recharge here.
	for len(s.unseen) > 0 && sum > s.known.ahead {
		r := s.unseen[len(s.unseen)-1]
		sum -= r.unseen
		s.known.ahead += r.unseen
		s.shown(r, r.unseen)
	}
	nameless := s.known.ahead - sum
	if s.coins >= s.known.ahead {
		s.coins -= s.known.ahead
		for _, r := range slices.Clone(s.unseen) {
			s.shown(r, r.unseen)
		}
		s.known.ahead = 0
		return
	}
	if s.coins == 0 {
		return
	}
	// An answer from before some of them came shows the coins of others, of each all or none.
	sizes := make([]int64, len(s.unseen))
	for i, r := range s.unseen {
		sizes[i] = r.unseen
	}
	if some := subset(sizes, s.coins); some != nil {
		for _, r := range pick(s.unseen, some) {
			s.shown(r, r.unseen)
		}
		s.coins = 0
		return
	}
	if elsewhere {
		return
	}
	if newer {
		s.known.loose += s.coins
		s.coins, s.grew = 0, true
		return
	}
	// So one of them brought another number of coins than was thought, if that is not what Midas has said; else the coins
	// are another's.
	slices.SortStableFunc(s.unseen, func(a, b Recharge) int { return int(b.evidence) - int(a.evidence) })
	for _, r := range slices.Clone(s.unseen) {
		if r.unseen <= s.coins {
			s.coins -= r.unseen
			s.shown(r, r.unseen)
		}
	}
	if last := len(s.unseen) - 1; s.coins > 0 && last >= 0 && s.unseen[last].evidence < evidenceCoins {
		s.shown(s.unseen[last], s.coins)
		s.coins = 0
	}
	used := min(s.coins, nameless)
	s.coins -= used
	s.known.ahead -= used
}

// took tells whether a recharge has been changed already.
func (s *settlement) took(r Recharge) bool {
	return slices.ContainsFunc(s.changed, func(c Recharge) bool { return c.RequestID == r.RequestID })
}

// putRight finds the coins that are missing where save_amt has shown them before: among those that were taken for
// another recharge's by a guess, and the loose ones. quiet: nothing was credited for so long that what is still missing
// will not come.
func (s *settlement) putRight(guessed []Recharge, quiet bool) {
	take := func(i int) {
		g := guessed[i]
		guessed = slices.Delete(guessed, i, i+1)
		g.State, g.Coins, g.evidence, g.was = g.was, 0, evidenceOld, ""
		if g.State == "" {
			g.State = RechargePending
		}
		s.changed = append(s.changed, g)
	}
	// Only what was taken for another's of late, unless waiting has not helped: save_amt may be slow.
	all, early := guessed, s.now.Add(-likelyFor)
	guessed = slices.DeleteFunc(slices.Clone(all), func(g Recharge) bool { return g.UpdatedAt.Before(early) })
	slices.SortStableFunc(s.unseen, func(a, b Recharge) int { return int(b.evidence) - int(a.evidence) })
	for _, r := range slices.Clone(s.unseen) {
		late := s.now.Sub(r.UpdatedAt) >= unseenFor
		if late {
			guessed = slices.DeleteFunc(slices.Clone(all), func(g Recharge) bool { return s.took(g) })
		}
		exact := slices.IndexFunc(guessed, func(g Recharge) bool { return g.Coins == r.unseen })
		sum, sizes := s.known.loose, make([]int64, len(guessed))
		for i, g := range guessed {
			sizes[i] = g.Coins
			sum += g.Coins
		}
		fits := func(coins int64) []int {
			if coins <= 0 {
				return nil
			}
			return subset(sizes, coins)
		}
		takeAll := func(places []int) {
			for _, i := range slices.Backward(places) {
				take(i)
			}
			s.shown(r, r.unseen)
		}
		presumed := r.evidence < evidenceCoins
		switch {
		case exact >= 0:
			take(exact)
			s.shown(r, r.unseen)
		case s.known.loose >= r.unseen:
			s.known.loose -= r.unseen
			s.shown(r, r.unseen)
		case presumed && s.known.loose > 0: // the client has bought another number of coins
			n := s.known.loose
			s.known.loose = 0
			s.shown(r, n)
		case presumed && len(guessed) > 0:
			n := min(guessed[0].Coins, r.unseen)
			s.known.loose += guessed[0].Coins - n
			take(0)
			s.shown(r, n)
		case fits(r.unseen) != nil:
			takeAll(fits(r.unseen))
		case fits(r.unseen-s.known.loose) != nil:
			some := fits(r.unseen - s.known.loose)
			s.known.loose = 0
			takeAll(some)
		case sum >= r.unseen:
			for s.known.loose < r.unseen {
				s.known.loose += guessed[0].Coins
				take(0)
			}
			s.known.loose -= r.unseen
			s.shown(r, r.unseen)
		case (s.grew || late) && s.known.loose > 0: // save_amt is the truth
			n := s.known.loose
			s.known.loose = 0
			s.shown(r, n)
		case late:
			s.shown(r, 0)
		}
	}
	var sum int64
	for _, r := range s.unseen {
		sum += r.unseen
	}
	if nameless := s.known.ahead - sum; nameless > 0 && quiet {
		s.known.ahead -= nameless
		s.known.loose -= min(s.known.loose, nameless)
	}
}

// guess shares coins out among recharges that wait for some, the likeliest first, and tells how many are nobody's. One
// of exactly that size is its owner, then some that together come to it. Else the client has bought another number of
// coins than it asked for (§3.4). asked: Midas was asked about the likeliest of those that had not been reported as
// paid, and they were not.
func guess(waiting []Recharge, coins int64, asked bool, now time.Time) (credited []Recharge, loose int64) {
	give := func(r Recharge, n int64) {
		r.was, r.State, r.Coins, r.evidence, r.UpdatedAt = r.State, RechargeCredited, n, evidenceGrowth, now
		credited = append(credited, r)
	}
	if i := slices.IndexFunc(waiting, func(r Recharge) bool { return r.BuyQuantity == coins }); i >= 0 {
		give(waiting[i], coins)
		return credited, 0
	}
	// Who gave up is believed but where the number fits.
	waiting = slices.DeleteFunc(slices.Clone(waiting), func(r Recharge) bool { return r.State == RechargeCancelled })
	sizes := make([]int64, len(waiting))
	for i, r := range waiting {
		sizes[i] = r.BuyQuantity
	}
	if some := subset(sizes, coins); some != nil {
		for _, r := range pick(waiting, some) {
			give(r, r.BuyQuantity)
		}
		return credited, 0
	}
	if len(waiting) == 0 || asked && waiting[0].State != RechargePending {
		return nil, coins
	}
	best := slices.DeleteFunc(slices.Clone(waiting), func(r Recharge) bool {
		return r.State != waiting[0].State || waiting[0].CreatedAt.Sub(r.CreatedAt) > likelyFor
	})
	if best[0].State != RechargePending {
		best = best[:1] // that one was paid is likely, that several were is not
	}
	for i, r := range best {
		n := min(r.BuyQuantity, coins)
		if i == len(best)-1 {
			n = coins
		}
		if n > 0 {
			give(r, n)
			coins -= n
		}
	}
	return credited, 0
}

// maxTogether bounds how many recharges are taken to have been paid between two looks, and maxSteps the search for
// them.
const (
	maxTogether = 6
	maxSteps    = 20_000
)

// subset finds sizes that come to exactly sum, rather the first; nil: there are none.
func subset(sizes []int64, sum int64) []int {
	steps := 0
	var search func(from int, left int64, chosen []int) []int
	search = func(from int, left int64, chosen []int) []int {
		if left == 0 && len(chosen) > 0 {
			return chosen
		}
		if len(chosen) == maxTogether {
			return nil
		}
		for i := from; i < len(sizes); i++ {
			if steps++; steps > maxSteps {
				return nil
			}
			if sizes[i] <= left {
				if found := search(i+1, left-sizes[i], append(slices.Clone(chosen), i)); found != nil {
					return found
				}
			}
		}
		return nil
	}
	return search(0, sum, nil)
}

func pick(from []Recharge, places []int) []Recharge {
	picked := make([]Recharge, len(places))
	for i, place := range places {
		picked[i] = from[place]
	}
	return picked
}

// asker reads in a transaction or outside of one.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exactly is the likeliest recharge that waits for exactly that many coins, if there is one, however many others wait.
func (l *Ledger) exactly(ctx context.Context, db asker, openid, zoneID string, coins int64, look *Look) ([]Recharge, error) {
	if coins <= 0 {
		return nil, nil
	}
	limit := 1
	if look != nil {
		limit += len(look.Unpaid)
	}
	list, err := l.waiting(ctx, db, openid, zoneID, coins, fmt.Sprintf(`buy_quantity = %d`, coins), limit)
	list = slices.DeleteFunc(list, look.unpaid)
	return list[:min(1, len(list))], err
}

// waiting lists recharges that wait for coins, those of exactly that many first, then by likelihood: not much older
// than the newest one, by state, the newest.
func (l *Ledger) waiting(ctx context.Context, db asker, openid, zoneID string, coins int64, which string, limit int) ([]Recharge, error) {
	const those = ` FROM midas_recharges WHERE openid = ? AND zone_id = ? AND state <> '` + string(RechargeCredited) + `'`
	var newest sql.NullInt64
	if err := db.QueryRowContext(ctx, l.dialect.sql(`SELECT MAX(created_at)`+those), openid, zoneID).Scan(&newest); err != nil || !newest.Valid {
		return nil, err
	}
	return scanRecharges(db.QueryContext(ctx, l.dialect.sql(`SELECT `+rechargeColumns+those+` AND `+which+`
		ORDER BY CASE WHEN buy_quantity = ? THEN 0 ELSE 1 END, CASE WHEN created_at >= ? THEN 0 ELSE 1 END,
		CASE state WHEN 'pending' THEN 0 WHEN 'offered' THEN 1 WHEN 'failed' THEN 2 ELSE 3 END, created_at DESC, request_id LIMIT ?`),
		openid, zoneID, coins, newest.Int64-likelyFor.Milliseconds(), limit))
}

// quietSince tells whether none of a player's recharges has changed since.
func (l *Ledger) quietSince(ctx context.Context, tx *sql.Tx, openid, zoneID string, since time.Time) (bool, error) {
	var last sql.NullInt64
	err := tx.QueryRowContext(ctx, l.dialect.sql(`SELECT MAX(updated_at) FROM midas_recharges WHERE openid = ? AND zone_id = ? AND state = ?`),
		openid, zoneID, RechargeCredited).Scan(&last)
	return last.Int64 < toMillis(since), err
}

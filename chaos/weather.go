package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// weather is what befalls a fleet besides being killed: lines to Redis and to the database that are cut, hang or are
// slow, servers that lose both, a Redis that dies and comes back empty, access tokens that die. It goes on beside the
// kills, which come in the middle of it.
type weather struct {
	world *world
	dice  *rand.Rand
	cards []trouble // all there are
	deck  []trouble // still to come; each comes once before any comes again
	done  sync.WaitGroup
	long  *absence

	mu     sync.Mutex
	counts map[string]int
	struck map[*server][]int // the lines of each server with which something is wrong; none: it stands still
	redis  bool              // Redis is away
	broken chan struct{}     // the database is in trouble until this is closed; nil: it is well
	over   bool              // nothing happens any more
	hands  *rand.Rand        // of clocks
	thaws  map[*server]time.Time
	clocks map[string]clock // by the names of processes, as in the history
	faults []error
}

// What is counted.
const (
	redisDied   = "restarts of Redis"
	lineCut     = "lines cut"
	lineHung    = "lines that hung"
	lineSlow    = "lines that were slow"
	partitioned = "servers cut off from Redis and the database at once"
	tokensDied  = "times that all access tokens died"
	stoodStill  = "servers that stood still"
	killedIn    = "kills while something was wrong with a line of the killed"
)

// happenings have to be in every run, each once, and this one so often.
var leastOf = map[string]int{tokensDied: 3}

func (v *weather) happenings() (all []string) {
	if v.world.redis != nil {
		all = append(all, killedIn, tokensDied)
	}
	for _, c := range v.cards {
		if !slices.Contains(all, c.what) {
			all = append(all, c.what)
		}
	}
	return all
}

// trouble is a card of the deck. Lines are those of one server; none: it is everybody's. befall is what happens to the
// database.
type trouble struct {
	what   string
	lines  []int
	spoil  func(*wire) error
	befall func(context.Context) (mend func(context.Context) error, err error)
}

var fleetTroubles = []trouble{
	{what: redisDied},
	{what: lineCut, lines: []int{redisLine}, spoil: (*wire).cut},
	{what: lineCut, lines: []int{databaseLine}, spoil: (*wire).cut},
	{what: lineHung, lines: []int{redisLine}, spoil: (*wire).hang},
	{what: lineHung, lines: []int{databaseLine}, spoil: (*wire).hang},
	{what: lineSlow, lines: []int{redisLine}, spoil: (*wire).slow},
	{what: lineSlow, lines: []int{databaseLine}, spoil: (*wire).slow},
	{what: partitioned, lines: []int{redisLine, databaseLine}, spoil: (*wire).cut},
	{what: partitioned, lines: []int{redisLine, databaseLine}, spoil: (*wire).hang},
}

// lease is how long a server may keep an order to itself (payment.New, with the default DeliverTimeout).
const lease = 4*midasTimeout + 25*time.Second

// absence is a server that is alive, and away from the others for longer than a lease: cut off, or its process stands
// still. The others go on with what it had under way; then it comes back, with answers that nobody waits for any more.
type absence struct {
	server *server
	how    string
	who    string // in the history of orders
	clock  clock
	sure   bool // it holds orders
	over   context.CancelFunc
}

// back is how long it stays away: until the others have taken what it held.
const back = lease + 2*time.Second

func newWeather(w *world, dice *rand.Rand) *weather {
	v := &weather{world: w, dice: dice, hands: rand.New(rand.NewPCG(w.options.seed, 4)), counts: map[string]int{}, struck: map[*server][]int{}, thaws: map[*server]time.Time{}, clocks: map[string]clock{}}
	if w.redis != nil {
		v.cards = append(v.cards, fleetTroubles...)
	}
	if !w.options.without[faultFreeze] {
		v.cards = append(v.cards, trouble{what: stoodStill})
	}
	if !w.options.without[faultDatabase] {
		v.cards = append(v.cards, w.databaseTroubles()...)
	}
	return v
}

// change lets the next thing happen. It lasts for a while, and changes by itself.
func (v *weather) change(ctx context.Context) error {
	if v.world.redis != nil {
		if err := v.keepAway(ctx); err != nil {
			return err
		}
		if v.dice.IntN(2) == 0 && v.world.tokens.replaced() { // else the fleet has not noticed the last time
			v.world.tokens.die()
			v.count(tokensDied)
		}
	}
	if len(v.cards) == 0 {
		return nil
	}
	if len(v.deck) == 0 {
		v.deck = slices.Clone(v.cards)
		v.dice.Shuffle(len(v.deck), func(i, j int) { v.deck[i], v.deck[j] = v.deck[j], v.deck[i] })
	}
	card := v.deck[0]
	begun, err := v.begin(ctx, card)
	if begun {
		v.deck = v.deck[1:]
		v.count(card.what)
	} else { // not now
		v.deck = append(v.deck[1:], card)
	}
	return err
}

func (v *weather) begin(ctx context.Context, t trouble) (begun bool, err error) {
	w := v.world
	if t.what == redisDied {
		if v.isAway() {
			return false, nil
		}
		v.set(func() { v.redis = true })
		together := w.tokens.alone(w.servers...)
		w.tokens.lost()
		if err := w.redis.stop(); err != nil {
			return false, err
		}
		v.after(ctx, v.between(0, 800*time.Millisecond), func() error {
			err := w.redis.start(context.WithoutCancel(ctx))
			together()
			v.set(func() { v.redis = false })
			return err
		})
		return true, nil
	}
	if t.befall != nil {
		return v.breakDatabase(ctx, t)
	}
	well := v.well()
	if len(well) < max(1, min(2, len(w.servers)-1)) { // somebody has to do the work
		return false, nil
	}
	s := well[v.dice.IntN(len(well))]
	if t.what == stoodStill {
		lasts := v.between(50*time.Millisecond, time.Second)
		if v.dice.IntN(4) == 0 { // for longer than anybody waits for anything
			lasts = v.between(time.Second, 6*time.Second)
		}
		return true, v.freeze(ctx, s, lasts)
	}
	most := 600 * time.Millisecond
	if t.what != lineCut { // longer than anybody waits for Redis, who then goes on by himself
		most = 2 * time.Second
	}
	return true, v.strike(ctx, s, t.lines, t.spoil, v.between(50*time.Millisecond, most))
}

// strike spoils lines of a server for a while.
func (v *weather) strike(ctx context.Context, s *server, lines []int, spoil func(*wire) error, lasts time.Duration) error {
	v.set(func() { v.struck[s] = lines })
	together := func() {}
	if slices.Contains(lines, redisLine) {
		together = v.world.tokens.alone(s)
	}
	var err error
	for _, l := range lines {
		err = errors.Join(err, spoil(s.lines[l]))
	}
	v.after(ctx, lasts, func() error {
		var err error
		for _, l := range lines {
			err = errors.Join(err, s.lines[l].mend(context.WithoutCancel(ctx)))
		}
		together()
		v.set(func() { delete(v.struck, s) })
		return err
	})
	return err
}

// keepAway sends a server away for longer than a lease, and sees that it had orders in its hands.
func (v *weather) keepAway(ctx context.Context) error {
	if v.isBroken() { // and nobody can hold anything
		return nil
	}
	if v.long == nil {
		well := v.well()
		if len(well) == 0 {
			return nil
		}
		s := well[v.dice.IntN(len(well))]
		host, err := os.Hostname()
		if err != nil {
			return err
		}
		inner, over := context.WithCancel(ctx)
		v.long = &absence{server: s, who: fmt.Sprintf("%s/%d", host, s.cmd.Process.Pid), clock: s.clock, over: over}
		both := []int{redisLine, databaseLine}
		switch v.dice.IntN(3) {
		case 0:
			v.long.how = "cut off"
			return v.strike(inner, s, both, (*wire).cut, back)
		case 1:
			v.long.how = "cut off, its lines hanging"
			return v.strike(inner, s, both, (*wire).hang, back)
		default:
			v.long.how = "standing still"
			return v.freeze(inner, s, back)
		}
	}
	if v.long.sure {
		return nil
	}
	// What it had sent when it went away has arrived since.
	n, err := v.world.heldBy(ctx, v.long)
	if err != nil {
		return err
	}
	if v.long.sure = n > 0; !v.long.sure {
		v.long.over()
		v.done.Wait()
		v.long = nil
	}
	return nil
}

// freeze stops a server's process, and lets it go on later as if no time had passed.
func (v *weather) freeze(ctx context.Context, s *server, lasts time.Duration) error {
	v.set(func() { v.struck[s], v.thaws[s] = nil, time.Now().Add(lasts) })
	process, together := s.cmd.Process, v.world.tokens.alone(s)
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	v.world.tokens.stands(s)
	v.world.tokens.noteTurn(ctx)
	v.after(ctx, lasts, func() error {
		err := process.Signal(syscall.SIGCONT)
		if errors.Is(err, os.ErrProcessDone) { // killed meanwhile
			err = nil
		}
		together()
		v.set(func() {
			delete(v.struck, s)
			delete(v.thaws, s)
		})
		return err
	})
	return nil
}

// breakDatabase lets something befall the database, for a while.
func (v *weather) breakDatabase(ctx context.Context, t trouble) (begun bool, err error) {
	if v.isBroken() || v.long != nil && !v.long.sure { // who is away has to be seen to hold orders
		return false, nil
	}
	back := make(chan struct{})
	v.set(func() { v.broken = back })
	mend, err := t.befall(ctx)
	if err != nil {
		return false, fmt.Errorf("%s: %w", t.what, err)
	}
	v.after(ctx, v.between(50*time.Millisecond, 2500*time.Millisecond), func() error {
		defer close(back)
		err := mend(context.WithoutCancel(ctx))
		v.set(func() { v.broken = nil })
		return err
	})
	return true, nil
}

func (v *weather) isBroken() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.broken != nil
}

// databaseIsBack waits until the database is well.
func (v *weather) databaseIsBack(ctx context.Context) error {
	v.mu.Lock()
	back := v.broken
	v.mu.Unlock()
	if back == nil {
		return nil
	}
	select {
	case <-back:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// standsFor is how long a server still stands still.
func (v *weather) standsFor(s *server) time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	at, stands := v.thaws[s]
	if !stands {
		return 0
	}
	return time.Until(at)
}

// clock is the one of a server that starts now: wrong by up to a minute, and in every third life set while it runs. At
// the end, when time is what is looked at, all are right.
func (v *weather) clock() clock {
	c := clock{began: time.Now(), after: 1000 * time.Hour}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over || v.world.options.without[faultClock] {
		return c
	}
	wrong := func() int { return v.hands.IntN(2*mostSkewed+1) - mostSkewed }
	c.first = wrong()
	c.afterwards = c.first
	if v.hands.IntN(3) == 0 {
		c.after, c.afterwards = time.Second, wrong()
	}
	return c
}

// wears notes which clock a process has.
func (v *weather) wears(pid int, c clock) {
	host, err := os.Hostname()
	v.set(func() {
		v.clocks[fmt.Sprintf("%s/%d", host, pid)] = c
		if err != nil {
			v.faults = append(v.faults, err)
		}
	})
}

// after does something when a while has passed, or when ctx ends.
func (v *weather) after(ctx context.Context, wait time.Duration, do func() error) {
	v.done.Go(func() {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		if err := do(); err != nil {
			v.set(func() { v.faults = append(v.faults, err) })
		}
	})
}

// well are the servers that have all they need.
func (v *weather) well() (servers []*server) {
	for _, s := range v.world.servers {
		if !v.isStruck(s) {
			servers = append(servers, s)
		}
	}
	return servers
}

// victim is the server to be killed next: not the one that is away and has to live.
func (v *weather) victim() *server {
	for {
		s := v.world.servers[v.dice.IntN(len(v.world.servers))]
		if v.long == nil || v.long.server != s || !v.isStruck(s) {
			return s
		}
	}
}

// clear waits until everything is as it should be.
func (v *weather) clear() error {
	v.done.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over = true
	return errors.Join(v.faults...)
}

// giveUp ends everything at once, for a run that has failed.
func (v *weather) giveUp() {
	if v.long != nil {
		v.long.over()
	}
}

// missing lists what has not happened yet.
func (v *weather) missing(c *crowd) (names []string, err error) {
	for _, what := range v.happenings() {
		if v.of(what) < max(1, leastOf[what]) {
			names = append(names, what)
		}
	}
	if v.world.redis == nil {
		return names, nil
	}
	if v.long == nil || !v.long.sure {
		names = append(names, "a server away for longer than a lease, with orders in its hands")
	}
	if c.remote.Load() == 0 {
		names = append(names, "balances that another server had learned")
	}
	taken, err := v.world.takenOver()
	if taken.orders == 0 {
		names = append(names, "orders taken over")
	}
	return names, err
}

func (v *weather) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

func (v *weather) count(what string) { v.set(func() { v.counts[what]++ }) }

func (v *weather) of(what string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.counts[what]
}

func (v *weather) isStruck(s *server) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, struck := v.struck[s]
	return struck
}

// lacks tells whether something is wrong with one of a server's lines.
func (v *weather) lacks(s *server, line int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return line == databaseLine && v.broken != nil || slices.Contains(v.struck[s], line)
}

func (v *weather) isAway() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.redis
}

func (v *weather) between(least, most time.Duration) time.Duration {
	return least + time.Duration(v.dice.Int64N(int64(most-least)))
}

// takeovers are orders with which one process went on after another.
type takeovers struct {
	orders   int            // all of them
	lapsed   int            // because the first one's lease had ended
	lapsedOf map[string]int // the same, by the first one's name
}

// takenOver reads them from the history.
func (w *world) takenOver() (taken takeovers, err error) {
	taken.lapsedOf = map[string]int{}
	db, err := w.openDatabase()
	if err != nil {
		return taken, err
	}
	defer db.Close()
	err = db.QueryRow(`SELECT COUNT(*) FROM (SELECT bill_no FROM midas_history GROUP BY bill_no HAVING COUNT(DISTINCT who) > 1) AS taken`).Scan(&taken.orders)
	if err != nil || w.options.driver == "sqlite" { // whose only server resumes at once what it finds
		return taken, err
	}
	// Each process wrote its steps down by its own clock.
	rows, err := db.Query(`SELECT bill_no, who, at FROM midas_history WHERE bill_no IN
		(SELECT bill_no FROM midas_history GROUP BY bill_no HAVING COUNT(DISTINCT who) > 1) ORDER BY bill_no, version`)
	if err != nil {
		return taken, err
	}
	defer rows.Close()
	w.weather.mu.Lock()
	defer w.weather.mu.Unlock()
	var last struct {
		bill, who string
		at        time.Time
	}
	counted := map[[2]string]bool{}
	for rows.Next() {
		var bill, who string
		var millis int64
		if err := rows.Scan(&bill, &who, &millis); err != nil {
			return taken, err
		}
		at := w.weather.clocks[who].right(time.UnixMilli(millis))
		key := [2]string{bill, last.who}
		if bill == last.bill && who != last.who && at.Sub(last.at) >= lease-time.Second && !counted[key] {
			counted[key] = true
			taken.lapsed++
			taken.lapsedOf[last.who]++
		}
		last.bill, last.who, last.at = bill, who, at
	}
	return taken, rows.Err()
}

// heldBy counts the orders whose last step a process took, and which nobody else may touch for most of a lease. What
// its database connections have locked, if it stands still, cannot be taken before it goes on, and is not counted.
func (w *world) heldBy(ctx context.Context, away *absence) (n int, err error) {
	db, err := w.openDatabase()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT bill_no FROM midas_orders WHERE due_at > %d AND parked = 0 AND kind = 'purchase'
		AND (SELECT h.who FROM midas_history h WHERE h.bill_no = midas_orders.bill_no ORDER BY h.version DESC LIMIT 1) = '%s' FOR UPDATE SKIP LOCKED`,
		time.Now().Add(away.clock.at(time.Now())+lease/2).UnixMilli(), strings.ReplaceAll(away.who, "'", "''")))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

func (w *world) openDatabase() (*sql.DB, error) {
	return sql.Open(map[string]string{"postgres": "pgx", "mysql": "mysql", "sqlite": "sqlite"}[w.database.config.Driver], w.database.config.DSN)
}

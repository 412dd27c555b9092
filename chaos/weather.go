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

// weather is what befalls a fleet besides being killed: lines to Redis and to the database that are cut, hang or are slow, servers
// that lose both, a Redis that dies and comes back empty, access tokens that die. It goes on beside the kills, which come in the
// middle of it.
type weather struct {
	world *world
	dice  *rand.Rand
	deck  []trouble // still to come; each comes once before any comes again
	done  sync.WaitGroup
	long  *absence

	mu     sync.Mutex
	counts map[string]int
	struck map[*server][]int // the lines of each server with which something is wrong; none: it stands still
	redis  bool              // Redis is away
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
	killedIn    = "kills while something was wrong with a line of the killed"
)

// happenings have to be in every run, this often.
var (
	happenings = []string{killedIn, redisDied, lineCut, lineHung, lineSlow, partitioned, tokensDied}
	leastOf    = map[string]int{killedIn: 1, redisDied: 1, lineCut: 1, lineHung: 1, lineSlow: 1, partitioned: 1, tokensDied: 3}
)

// trouble is a card of the deck. Lines are those of one server; none: it is everybody's.
type trouble struct {
	what  string
	lines []int
	spoil func(*wire) error
}

var troubles = []trouble{
	{redisDied, nil, nil},
	{lineCut, []int{redisLine}, (*wire).cut},
	{lineCut, []int{databaseLine}, (*wire).cut},
	{lineHung, []int{redisLine}, (*wire).hang},
	{lineHung, []int{databaseLine}, (*wire).hang},
	{lineSlow, []int{redisLine}, (*wire).slow},
	{lineSlow, []int{databaseLine}, (*wire).slow},
	{partitioned, []int{redisLine, databaseLine}, (*wire).cut},
	{partitioned, []int{redisLine, databaseLine}, (*wire).hang},
}

// lease is how long a server may keep an order to itself (payment.New, with the default DeliverTimeout).
const lease = 4*midasTimeout + 25*time.Second

// absence is a server that is alive, and away from the others for longer than a lease: cut off, or its process stands still. The
// others go on with what it had under way; then it comes back, with answers that nobody waits for any more.
type absence struct {
	server *server
	how    string
	who    string // in the history of orders
	sure   bool   // it holds orders
	over   context.CancelFunc
}

// back is how long it stays away: until the others have taken what it held.
const back = lease + 2*time.Second

func newWeather(w *world, dice *rand.Rand) *weather {
	return &weather{world: w, dice: dice, counts: map[string]int{}, struck: map[*server][]int{}}
}

// change lets the next thing happen. It lasts for a while, and changes by itself.
func (v *weather) change(ctx context.Context) error {
	if v.world.redis == nil {
		return nil
	}
	if err := v.keepAway(ctx); err != nil {
		return err
	}
	if v.dice.IntN(2) == 0 && v.world.tokens.replaced() { // else the fleet has not noticed the last time
		v.world.tokens.die()
		v.count(tokensDied)
	}
	if len(v.deck) == 0 {
		v.deck = slices.Clone(troubles)
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
	well := v.well()
	if len(well) < min(2, len(w.servers)-1) { // somebody has to do the work
		return false, nil
	}
	s := well[v.dice.IntN(len(well))]
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
		v.long = &absence{server: s, who: fmt.Sprintf("%s/%d", host, s.cmd.Process.Pid), over: over}
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
	n, err := v.world.heldBy(ctx, v.long.who)
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
	v.set(func() { v.struck[s] = nil })
	process, together := s.cmd.Process, v.world.tokens.alone(s)
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	v.world.tokens.stands(s)
	v.world.tokens.noteTurn(ctx)
	v.after(ctx, lasts, func() error {
		err := process.Signal(syscall.SIGCONT)
		together()
		v.set(func() { delete(v.struck, s) })
		return err
	})
	return nil
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
	if v.world.redis == nil {
		return nil, nil
	}
	for _, what := range happenings {
		if v.of(what) < leastOf[what] {
			names = append(names, what)
		}
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
	return slices.Contains(v.struck[s], line)
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
	rows, err := db.Query(fmt.Sprintf(`SELECT was, COUNT(DISTINCT bill_no) FROM (SELECT bill_no, who, at, LAG(who) OVER (PARTITION BY bill_no ORDER BY version) AS was,
		LAG(at) OVER (PARTITION BY bill_no ORDER BY version) AS was_at FROM midas_history) AS steps WHERE who <> was AND at - was_at >= %d GROUP BY was`, lease.Milliseconds()))
	if err != nil {
		return taken, err
	}
	defer rows.Close()
	for rows.Next() {
		var was string
		var n int
		if err := rows.Scan(&was, &n); err != nil {
			return taken, err
		}
		taken.lapsed, taken.lapsedOf[was] = taken.lapsed+n, n
	}
	return taken, rows.Err()
}

// heldBy counts the orders whose last step a process took, and which nobody else may touch for most of a lease. What its database
// connections have locked, if it stands still, cannot be taken before it goes on, and is not counted.
func (w *world) heldBy(ctx context.Context, who string) (n int, err error) {
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
		time.Now().Add(lease/2).UnixMilli(), strings.ReplaceAll(who, "'", "''")))
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

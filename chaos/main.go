// Chaos kills a real game server again and again while players buy, and then checks that the books agree to the coin.
//
//	go run . -seed 7 -kills 100 -driver sqlite
//
// The server is example_server in a process of its own; it dies by SIGKILL at random moments and is started anew. The
// Midas it talks to is an emulator outside of it, which loses answers, commits and stays silent, hangs, and answers
// HTML. Players hold real WebSocket connections, repeat requests whose answers they lost, buy coins, and fill their
// bags until the game refuses. When the last server has died, everything is mended, every order ends, and three books
// are compared: the ledger's, the game's and Midas's.
//
//	go run . -servers 3 -kills 20 -driver postgres
//
// Several servers share a database and a Redis. Players hop between them, and look on from second screens. Beside the
// kills, and in their middle, Redis dies and comes back empty, access tokens die, lines are cut, hang and are slow,
// servers lose Redis and the database at once, and one of them, which has orders in its hands, is away for longer than
// its lease and comes back (weather). A run goes on until each of these has happened, and fails if one does not; and it
// fails if more access tokens were fetched than can be explained (tokens), or if a balance reached a second screen
// twice or out of order.
//
// Kills are not all that happens, with one server or several; -without leaves things out. Servers stand still
// (SIGSTOP). Calls that move coins are kept for up to a minute and then let through, connections are cut once the
// request has been read (slowLine), and some deductions land only when the run is over: then the ledger grows older by
// days, in stages, and at the end of each the books must agree by what payment promises of late landings (aging).
// Pushes are lost, overtaken and repeated (mail). Every server's clock is wrong by up to a minute, and set while it
// runs (clocks). The database's connections end, it is read-only for a while, it dies and comes back; with SQLite, the
// disk is full, or somebody else holds the file (failures).
//
// docs/chaos.md has what was run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// options are what the command line says.
type options struct {
	seed     uint64
	kills    int
	driver   string
	dsn      string
	players  int
	servers  int
	protocol string
	without  map[string]bool
	hold     time.Duration
	verbose  bool
}

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", 0, "of moments, faults and wishes; 0 picks one and prints it")
	flag.IntVar(&o.kills, "kills", 100, "how often the server is killed")
	flag.StringVar(&o.driver, "driver", "sqlite", "the ledger's database: sqlite, postgres or mysql")
	flag.StringVar(&o.dsn, "dsn", "", "the server to make a database on (default: the variables of tools/services.sh)")
	flag.StringVar(&o.protocol, "protocol", "v1", "what is spoken with Midas: v1 or v2")
	flag.IntVar(&o.servers, "servers", 1, "how many servers there are; several meet in a Redis of their own, and its lines and the database's are cut")
	flag.IntVar(&o.players, "players", 8, "how many play at once")
	without := flag.String("without", "", "leave these out, by comma: "+strings.Join(faultNames, " "))
	flag.DurationVar(&o.hold, "hold", time.Minute, "how long a call, and a copy of a push, is kept at most before it is let through; at the end all are")
	flag.BoolVar(&o.verbose, "v", false, "show what the servers log")
	flag.Parse()
	o.without = map[string]bool{}
	for _, name := range strings.FieldsFunc(*without, func(r rune) bool { return r == ',' }) {
		if !slices.Contains(faultNames, name) {
			fmt.Fprintf(os.Stderr, "chaos: -without: %q is none of %s\n", name, faultNames)
			os.Exit(2)
		}
		o.without[name] = true
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.seed == 0 {
		o.seed = rand.Uint64N(1_000_000) + 1
	}
	if o.servers < 1 || o.servers > 1 && o.driver == "sqlite" {
		return errors.New("several servers need a ledger they can share: -driver postgres or mysql")
	}
	fmt.Printf("seed %d, %d kills, %d players, %d server(s), ledger on %s, protocol %s\n", o.seed, o.kills, o.players, o.servers, o.driver, o.protocol)
	again := fmt.Sprintf("go run . -seed %d -kills %d -players %d -servers %d -driver %s -protocol %s -hold %s",
		o.seed, o.kills, o.players, o.servers, o.driver, o.protocol, o.hold)
	if len(o.without) > 0 {
		again += " -without " + strings.Join(slices.Sorted(maps.Keys(o.without)), ",")
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\nagain: %s", err, again)
		}
	}()
	w, err := newWorld(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()

	w.begun = time.Now()
	if err := w.setFaults(); err != nil {
		return err
	}
	for _, s := range w.servers {
		if err := s.start(ctx); err != nil {
			return err
		}
	}
	crowd := newCrowd(ctx, w, o)
	kills, err := w.storm(ctx, crowd)
	if err := errors.Join(err, crowd.stop()); err != nil {
		return err
	}

	fmt.Println("mending everything")
	w.mend()
	if err := w.weather.clear(); err != nil {
		return err
	}
	w.line.land()
	if w.mail != nil {
		w.mail.settle()
	}
	w.emu.Advance(time.Minute)
	var access fetched
	if w.redis != nil {
		access = w.tokens.count()
		if err := errors.Join(access.faults, w.tokens.fetchedOnce(ctx, crowd)); err != nil {
			return err
		}
	}
	if err := w.endGame(ctx, crowd); err != nil {
		return err
	}
	taken, err := w.takenOver()
	if err != nil {
		return err
	}
	b, err := w.balance(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "kills\t%d\t\n", kills)
	for _, what := range w.weather.happenings() {
		fmt.Fprintf(t, "%s\t%d\t\n", what, w.weather.of(what))
	}
	fmt.Fprintf(t, "%s\t%d\t\n", domainDied, w.weather.of(domainDied))
	kept, cuts := w.line.counts()
	fmt.Fprintf(t, "calls kept for up to %s, and let through\t%d\t\n", o.hold, kept)
	fmt.Fprintf(t, "connections cut after the request, which was let through\t%d\t\n", cuts)
	fmt.Fprintf(t, "deductions of which Midas knew nothing until they landed\t%d\t\n", w.emu.Counts()[emulator.APIPay].Faults[emulator.LateCommit])
	if m := w.mail; m != nil {
		fmt.Fprintf(t, "pushes lost, answers to pushes lost, pushes overtaken, copies\t%d, %d, %d, %d\t\n", m.lost, m.unheard, m.held, m.repeated)
	}
	if w.redis != nil {
		fmt.Fprintf(t, "lives of the access token\t%d\t\n", access.lives)
		fmt.Fprintf(t, "  fetches for all, of at most %d\t%d\t\n", access.most, access.forAll)
		fmt.Fprintf(t, "  fetches by servers that could not see it\t%d\t\n", access.alone)
		fmt.Fprintf(t, "balances pushed to second screens\t%d\t\n", crowd.pushes.Load())
		fmt.Fprintf(t, "  learned by another server\t%d\t\n", crowd.remote.Load())
	}
	fmt.Fprintf(t, "orders that another process went on with\t%d\t\n", taken.orders)
	if w.redis != nil {
		fmt.Fprintf(t, "  because a lease had ended\t%d\t\n", taken.lapsed)
		fmt.Fprintf(t, "  of a server that was alive, %s\t%d\t\n", w.weather.long.how, taken.lapsedOf[w.weather.long.who])
	}
	fmt.Fprintf(t, "purchases asked\t%d\t\n", crowd.asked.Load())
	fmt.Fprintf(t, "purchases answered\t%d\t\n", crowd.answered.Load())
	fmt.Fprintf(t, "repeats of a request\t%d\t\n", crowd.repeated.Load())
	fmt.Fprintf(t, "bills at Midas\t%d\t\n", b.bills)
	fmt.Fprintf(t, "coins bought\t%d\t\n", b.bought)
	fmt.Fprintf(t, "of these told to the game, from when the player was first seen\t%d\t\n", b.points)
	fmt.Fprintf(t, "coins in: deducted\t%d\t\n", b.deducted)
	fmt.Fprintf(t, "coins out: given back\t%d\t\n", b.givenBack)
	fmt.Fprintf(t, "coins delivered, by the ledger\t%d\t\n", b.delivered)
	if w.money() {
		fmt.Fprintf(t, "goods paid for with money\t%d\t\n", b.trades)
		fmt.Fprintf(t, "fen in: paid for goods\t%d\t\n", b.fen)
		fmt.Fprintf(t, "fen out: given back\t%d\t\n", b.fenBack)
		fmt.Fprintf(t, "refunds\t%d\t\n", b.refunds)
		fmt.Fprintf(t, "recharges paid by number\t%d\t\n", b.recharges)
		fmt.Fprintf(t, "pushes taken\t%d\t\n", b.pushes)
	}
	fmt.Fprintf(t, "items granted, by the game\t%d\t\n", b.items)
	for _, s := range b.states {
		fmt.Fprintf(t, "orders %s\t%d\t\n", s.state, s.orders)
	}
	fmt.Fprintf(t, "seconds\t%.0f\t\n", time.Since(w.begun).Seconds())
	if err := t.Flush(); err != nil {
		return err
	}
	if b.delivered == 0 {
		return fmt.Errorf("nothing was sold (seed %d)", o.seed)
	}
	if len(b.differences) > 0 {
		for _, d := range b.differences {
			fmt.Println(d)
		}
		return fmt.Errorf("%w (seed %d)", errBooks, o.seed)
	}
	if w.redis != nil && w.weather.long != nil && taken.lapsedOf[w.weather.long.who] == 0 {
		return fmt.Errorf("a server with orders in its hands was away for longer than a lease, and nobody went on with them (seed %d)", o.seed)
	}
	fmt.Println("books agree")
	return nil
}

var errBooks = errors.New("the books differ")

// What -without takes.
const (
	faultFreeze   = "freeze"   // servers that stand still
	faultLate     = "late"     // deductions that land at Midas long after, and the days that pass at the end
	faultLine     = "line"     // calls kept, connections cut, the first domain dead
	faultMail     = "mail"     // pushes lost, overtaken and repeated on their way
	faultClock    = "clock"    // clocks that are wrong
	faultDatabase = "database" // what befalls the ledger's database: full disks, too
)

var faultNames = []string{faultFreeze, faultLate, faultLine, faultMail, faultClock, faultDatabase}

// patience is how many more rounds a run may take for what has to happen in it.
const patience = 60

// storm kills servers while everything else goes wrong, too, until each thing has happened.
func (w *world) storm(ctx context.Context, c *crowd) (kills int, err error) {
	told := time.Now()
	for ; ; kills++ {
		if kills >= w.options.kills {
			if err := w.weather.databaseIsBack(ctx); err != nil {
				return kills, err
			}
			w.domains.dead.Store(false)
			missing, err := w.weather.missing(c)
			if err != nil || len(missing) == 0 {
				return kills, errors.Join(err, w.newToken(ctx))
			}
			if kills >= w.options.kills+patience {
				return kills, fmt.Errorf("these have not happened: %s (seed %d)", strings.Join(missing, ", "), w.options.seed)
			}
		}
		if err := w.weather.change(ctx); err != nil {
			return kills, fmt.Errorf("change the weather: %w", err)
		}
		if !w.options.without[faultLine] && w.domains.turn() {
			w.weather.count(domainDied)
		}
		s := w.weather.victim()
		// Some servers die before a player has come back, some after hundreds of orders.
		wait := w.weather.between(20*time.Millisecond, 420*time.Millisecond)
		if w.redis != nil { // there is more to happen than deaths
			wait *= 2
		}
		if thaw := w.weather.standsFor(s); thaw > 0 && w.weather.dice.IntN(3) > 0 { // it is to go on before it dies
			wait = thaw + w.weather.between(100*time.Millisecond, 800*time.Millisecond)
		}
		// On a slow machine nobody would ever come back.
		least := c.answered.Load() + int64(w.weather.dice.IntN(8))
		enough := func() bool { return c.answered.Load() >= least }
		if err := s.killAfter(ctx, wait, enough); err != nil {
			return kills, fmt.Errorf("kill %d: %w", kills+1, err)
		}
		w.tokens.noteTurn(ctx)
		if w.weather.isStruck(s) {
			w.weather.count(killedIn)
		}
		// WeChat lets a player log in 100 times a minute; at Midas it is a little later after every death.
		w.emu.Advance(stormPace)
		if err := s.start(ctx); err != nil {
			return kills, fmt.Errorf("start after kill %d: %w", kills+1, err)
		}
		w.tokens.compareTurns(ctx)
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			fmt.Printf("  %d kills, %d purchases asked, %d answered\n", kills+1, c.asked.Load(), c.answered.Load())
		}
	}
}

// newToken waits until the players have made some server notice that all tokens have died.
func (w *world) newToken(ctx context.Context) error {
	if w.redis == nil {
		return nil
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); !w.tokens.replaced(); {
		select {
		case <-tick.C:
		case <-late:
			return errors.New("nobody notices that all access tokens have died")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

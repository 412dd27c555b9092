package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/leafmidas/leafmidas/bench/report"
)

// before and after are what the page says around the figures. It is written by this program and by nothing else.
const before = `# Benchmarks

What leafmidas costs, beside what a team would use instead. ` + "`make bench`" + ` measures everything anew and writes this page.

Ratios count, and no absolute figure: both sides run on the same machine, in the same run, in turns, and every result is the median of
the ratios, or of the differences, of %d turns, with its quartiles. Games, players and Midas (the emulator, which answers after 20 ms
where it says so) are processes of their own on real connections; ours is the whole plugin on Leaf, with its SQLite ledger on the disk.
All share the machine's processors, so a time is also a time of waiting for each other.

This run: %s.

## Figures

`

const after = `
What the rows are:

* **Signatures**: both of a call, made of parameters or a body, against HMAC-SHA256 (crypto/hmac) of bytes that are put together already.
* **One signed call**: a balance asked for with everything around it (checks, signatures, JSON both ways, comparing the answer with the
  question), against posting the same bytes with net/http and reading the reply as bytes.
* **silenceper/wechat** makes its own doubly signed call, for which the emulator does the work of ours. The hand-written client is what
  teams write: a map, json.Marshal, two HMACs, http.Post.
* **Breaker**: around a call that takes no time here, and 20 ms in truth.
* **Message → reply** is what the plugin answers without Midas. A balance is not among it: it is Midas's own, and none is kept to be told
  again. A purchase that has ended and is asked for once more, as by a client that lost the answer, and a player's list of orders are read
  from the ledger once a second at most, and told out of memory otherwise; a purchase of nothing is refused out of memory. Every reply is looked
  at, and that Midas was not called. The echo's messages are as long, in the mean of both ways.
* **Purchases** without a pause are all that the machine does with 1,000 players, their clients included. Without a ledger it is one signed
  call through a breaker in a goroutine: nothing survives the process, and there is no bound to how many are under way. Ours has 200 at
  most, its MaxInFlight by itself: at 20 ms for Midas 10,000 a second, which a machine that runs the players as well does not come near.
  At a rate that 1,000 people reach, both do what is asked of them, so that line has nothing to reach.
* **A table of SQLite** as a team would write it has the same driver, the same three states on the disk, a key for the request and an index; each
  state is a statement and a commit of its own.
* **The program of another commit** is this same one, built from git's history, on the same Midas and with the same players; its ledger is also asked to
  take orders through their steps on PostgreSQL.
* **Durable transitions**: every step is on the disk before the next. The disk's own rate is that of writing and flushing one page after
  another in a file that has its length already, as SQLite's log does; it is multiplied by the steps that shared a flush in the same turn.
* **Echo while Midas hangs**: 1,000 purchases wait for an answer that does not come; 200 are under way and the rest are queued.
* **Memory**: heap and stacks of a game with players who have logged in, against connections that Leaf alone knows.
* **Players online**: the same 100 purchases a second, made by anyone of 10 to 10,000, and of 50,000 where a process may have as many connections.
* **A ledger with 1,000,000 orders**: every player has 100 of them, in the large ledger and in the small one.
* **Servers on one PostgreSQL**: 200 purchases a second in all, whoever sells them. Eight servers on two processors are more processes that wake for less
  each.
* **An outage of the game**: for ten minutes 200 players a second buy, pay, and cannot be given anything. Then the game is well again, others
  buy as before, and it is counted how long it takes until everybody has got what they paid for.
* **Searches** are what the operators' page and midasctl ask, in a ledger of which one order in fifty is open and one in a thousand disputed; of
  all of them the slowest is told. Then eight operators search, and count what is open, all at the same moment twice a second, on the server that
  players buy from. PostgreSQL and MariaDB have lines where ` + "`tools/services.sh`" + ` has started them.
* **Strangers** are connections of another process, which takes its share of the processors too. Those with codes are connected all the
  time and get their answers, most of which say that they have to wait; those who come and go do so without a word. Players may do what they may by
  themselves; a purchase that is refused, or a push that is not taken, would end the measurement. What is left of a stranger who has gone is
  measured while nothing waits. Pushes are in secure mode, and each is on the disk before it is answered.
* **A handler that waits for Midas** is what most teams begin with: the call in the Leaf handler itself, which does nothing else meanwhile.
  It can do 50 purchases a second and is the game's only goroutine.
* **Logs, metrics, traces** are what a host chooses. As in production is the plugin as it is by itself, logging through Leaf at its level
  release, where a purchase that goes well says nothing, and metrics scraped each second. At level debug every step is a line in Leaf's
  file. Spans are made by OpenTelemetry's SDK, which samples them all, and thrown away by the exporter. What is beside them has a logger
  that wants no records, and nobody scrapes. Counting for the metrics cannot be switched off, so it is in both.

`

// tried is what was changed because a profile named it, and what was tried and did not help. Its figures are of other
// runs than the page's, and it says so.
const tried = `## What profiles have changed

The figures of this part are from earlier measurements with this program, before and after each change.

* Signatures: crypto/hmac allocates nine times for a key that is used once. HMAC by hand over one buffer took V1's two from 20
  allocations to 4, and from 1.9 times the bare HMACs' time to 1.04.
* Breaker: a closure around every call, a map for what other servers have said, and a mutex for counting are gone from a call that goes
  well: from 2.05 times gobreaker's time to 1.69.
* Durable steps: SQLite parsed every statement anew, which took longer than running it, and every step in a batch had a savepoint, which
  is needed only where one fails by itself. Statements are parsed once, and a batch in which one fails is run again with savepoints: from
  83 µs of processor time for a step to 40, and to 33.
* One signed call: without http.Client's copies of headers for redirects that are not followed, with the URL in one piece, a reply of
  known length read at once, no second timer beside the call's deadline, no compressed replies asked for, and signatures over a text on
  the stack: from 1.60 times the bare call's bytes to 1.03, and from some 1.25 times its time to about 1.08.
* Breaker: a call's duration is taken from one clock instead of two: from 1.69 times gobreaker's time to 1.52.
* Memory: a player's few connections are a list instead of a map, and a connection's own rate limit goes when somebody logs in: from
  some 1,350 bytes more than Leaf's to about 1,000.
* A player's orders: reads are parsed once as well: from 0.22 times the echo's throughput to 0.44.

* An order is made with the mark that a call may be out, in one write instead of two; SQLite reads no order back that it has just made, and
  binds a statement once in a transaction: from 231 µs of processor time for an order's four steps to 160, and an order has three now.
* JSON without reflection, and read by gjson instead of into a map of raw values: a purchase's message is read in 0.5 µs instead of 3.7.
* A finished purchase and a player's orders are told out of memory within a second: from 0.40 and 0.37 times the echo's throughput to 0.8.
* Steps of many orders share statements on PostgreSQL and MySQL (decision 0033): from 1.44 ms of processor time for an order, PostgreSQL's
  included, to 0.34.

Tried, and no help:

* The breaker without the two looks at the clock by which calls are timed: 1.11 to 1.17 times gobreaker's time instead of 1.4 to 1.5. The times of calls
  are worth more.
* On SQLite, purchases without a pause and at 250 a second: without any index but the two keys, as many and as dear; with flushes off
  (synchronous=OFF), 0.47 times those without a ledger instead of 0.45, and 2.4 times the processor time at 250 a second instead of 3.0;
  with writes that are answered and not made, 0.76 and 1.41 times.
* SQLite's rows passed as one JSON text (json_each) for a whole batch: twice the time of a statement for each. The driver itself instead of database/sql:
  the same time.
* Whoever finds nobody writing commits on its own goroutine instead of waking the one that writes: as many purchases, as dear. Its stack has
  to grow for SQLite each time.
* A call without a timer of its own for its deadline: as many times the bare call's time as with it.
* Up to 512 steps in a flush instead of 128, SQLite's log folded back every 10,000 pages instead of 1,000, and a page cache of 64 MB for the
  connection that writes: each left the processor time of a step where it was.
* 1,000 purchases in flight instead of 200: purchases without a pause came from 0.38 to 0.42 of those without a ledger, within the spread.
* A page cache of 32 MB for each connection that reads: a player's orders in the large ledger took 1.43 times as long as in the small one,
  as before. A mapping of the file brought 1.22, and was left out: a read that fails there ends the process instead of the query.
`

// reasons tells, by measure, why a line may not reach what it has to.
var reasons = map[string]string{
	"V1: one signed call":       whyCall,
	"V2: one signed call":       whyCall,
	"V1: bytes allocated by it": whyBytes,
	"V2: bytes allocated by it": whyBytes,
	"breaker around a call that takes no time": `Every call is counted by how long it took, for the metrics: two more looks at the clock beside gobreaker's two. Without these
  two it is 1.11 to 1.17 times gobreaker's time (tried, see below). A real call of 20 ms takes a hundred thousand times as long.`,
	wordless + "a finished purchase asked for again: throughput":        whyAgain,
	wordless + "a finished purchase asked for again: p99":               whyAgain,
	wordless + "a player's orders: throughput":                          whyOrders,
	wordless + "a player's orders: p99":                                 whyOrders,
	wordless + "a refusal out of memory: throughput":                    whyRefusal,
	wordless + "a refusal out of memory: p99":                           whyRefusal,
	"purchases/s, durable SQLite ledger, 1,000 players without a pause": whyPurchases,
	"purchases at 250 a second: processor time of one":                  whyPurchases,
	"purchases without a pause: processor time of one":                  whyPurchases,
	"durable transitions/s (SQLite)": `Where a flush takes a fraction of a millisecond, as the rate tells, and some hundred steps share one, the disk could take far
  more steps than a processor can make. A step is two statements of SQLite on the one connection that writes. The same two, run from one
  goroutine by database/sql or by the driver itself and with nothing of ours around them, take 22 µs: 45,000 steps a second are all that
  there can be.`,
	"durable transitions/s, one order at a time": `A step is then a transaction of its own: a BEGIN, two statements and a COMMIT of SQLite, which take as long as the flush, four
  pages and more of the log where the yardstick writes one, and the way to the goroutine that writes and back. Committing on the caller's own
  goroutine instead brought nothing (tried, see below).`,
	"a game's echo p99 while Midas hangs and 1,000 purchases wait (2,000 msg/s)": `Purchases that wait run nothing. A p99 of so few messages on processors that all share differs from turn to turn by more than
  the limit, as the quartiles show.`,
	"memory per online player": `A player's openid, session key, account, balance and rate limit, and a place in the maps that find them. The maps grow by
  doubling, so turns differ.`,
	"10,000 players online at 100 purchases/s: processor time of one": `The memory of 10,000 connections, Leaf's for the most part, is what the garbage collector goes through and what no processor's
  cache holds. No code of ours goes through all players for a purchase.`,
	"a ledger with 1,000,000 orders: a player's newest 20 orders": `A player's orders lie on as many pages of a table of several hundred MB, and each is read from the system; of the small ledger
  all are in SQLite's cache. In a table that is sorted by player they would lie on two; but each of an order's three writes would then
  be on a page of its own, far from those of the orders beside it in time, where now some ten of them share one. Purchases come first.`,
}

const (
	wordless = "message → reply without a Midas call, "

	whyCall = `A call is more than a POST: two signatures, JSON both ways, a deadline of its own, and comparing the answer with the question.
  All clients wait for the same emulator, and most of the time is waking each other.`
	whyBytes = `The bare call has neither parameters nor values: these are the body, its two signatures, the URL, a deadline, and the reply as
  values.`
	whyAgain = `The order is told out of memory, by the module's goroutine itself. What is left is the message: more JSON than the echo's one text,
  which encoding/json checks once more on its way through Leaf's processor (4 % of all that the game does), a rate limit, and a look into the
  memory of what was asked lately.`
	whyOrders    = whyAgain
	whyPurchases = `The processors are what runs out, and the players and Midas run on them too. The other side writes nothing, sends one message where ours
  sends two (the balance is pushed to all of a player's connections), and loses what it was doing when it dies. With writes that were answered
  and not made, purchases came to 0.76 times the rate and 1.41 times the processor time at 250 a second (tried, see below): a ledger that costs
  nothing would not reach this either. With SQLite's flushes off it was 0.47 times: what costs is SQLite's own work on some sixty
  pages a commit, and no disk. Beside a table as a team would write it, ours does three times as many.`
	whyRefusal = `The message is read leniently and the answer written with every field there is, which is more JSON than the echo's one text, and
  the rate limit takes a mutex and a look at the clock.`
)

// writePage writes the page and its plots.
func (b *bench) writePage(lines []report.Line) (err error) {
	images := filepath.Join(b.docs, "images")
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	for _, p := range b.plots {
		if err := p.Save(filepath.Join(b.docs, p.path())); err != nil {
			return fmt.Errorf("plot %s: %w", p.name, err)
		}
	}
	file, err := os.Create(filepath.Join(b.docs, pageName))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	page := bufio.NewWriter(file)
	fmt.Fprintf(page, before, b.runs, machine(b.disk))
	report.Markdown(page, lines)
	writeMissed(page, lines, reasons)
	_, _ = io.WriteString(page, after) // Flush tells what went wrong
	for _, p := range b.plots {
		fmt.Fprintf(page, "![%s](%s)\n\n", p.Title, p.path())
	}
	_, _ = io.WriteString(page, tried)
	return page.Flush()
}

const pageName = "benchmarks.md"

// path is where a plot is, seen from the page.
func (p picture) path() string { return "images/bench-" + p.name + ".svg" }

// writeMissed names the lines that do not reach what they have to, each with the reason that is known for it.
func writeMissed(page io.Writer, lines []report.Line, reasons map[string]string) {
	var missed []report.Line
	limited := 0
	for _, l := range lines {
		if l.Limited() {
			limited++
		}
		if !l.Met() {
			missed = append(missed, l)
		}
	}
	if len(missed) == 0 {
		fmt.Fprintf(page, "\nAll %d lines that have something to reach do reach it.\n", limited)
		return
	}
	fmt.Fprintf(page, "\n%d of the %d lines that have something to reach do not reach it:\n\n", len(missed), limited)
	// Lines that have the same reason stand together, where the first of them is.
	var whys []string
	of := map[string][]string{}
	for _, l := range missed {
		why := reasons[l.Measure]
		if why == "" {
			why = "**no reason given**"
		}
		name := l.Measure
		if l.Against != "" {
			name += ", against " + l.Against
		}
		if of[why] == nil {
			whys = append(whys, why)
		}
		of[why] = append(of[why], name+": "+l.Text)
	}
	for _, why := range whys {
		fmt.Fprintf(page, "* %s.\n\n  %s\n", strings.Join(of[why], ";\n  "), why)
	}
}

// checkPage sees that the page and its plots are there, and that every reason is one of a line that is.
func (b *bench) checkPage(lines []report.Line) error {
	text, err := os.ReadFile(filepath.Join(b.docs, pageName))
	if err != nil {
		return err
	}
	if len(b.plots) == 0 {
		return errors.New("no plots")
	}
	for _, p := range b.plots {
		if !strings.Contains(string(text), "("+p.path()+")") {
			return fmt.Errorf("the page does not show %s", p.path())
		}
		if drawn, err := os.ReadFile(filepath.Join(b.docs, p.path())); err != nil || !strings.Contains(string(drawn), "<svg") {
			return fmt.Errorf("plot %s: %d bytes, %w", p.name, len(drawn), err)
		}
	}
	for _, l := range lines {
		if !strings.Contains(string(text), "| "+l.Measure+" |") {
			return fmt.Errorf("the page does not tell of %q", l.Measure)
		}
	}
	for measure := range reasons {
		if !slices.ContainsFunc(lines, func(l report.Line) bool { return l.Measure == measure && l.Limited() }) {
			return fmt.Errorf("there is a reason for %q, and no such line", measure)
		}
	}
	return nil
}

// machine names what all this ran on.
func machine(disk string) string {
	model := ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = ", " + strings.TrimSpace(value)
				break
			}
		}
	}
	kernel, _ := exec.Command("uname", "-sr").Output()
	return fmt.Sprintf("%d processors%s, %s, %s/%s, %s; ledgers on %s",
		runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), runtime.GOOS, runtime.GOARCH, runtime.Version(), disk)
}

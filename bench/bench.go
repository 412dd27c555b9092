package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/report"
)

// bench is what the rows are measured with.
type bench struct {
	short    bool
	runs     int
	docs     string // where the page goes
	writes   bool   // the page is to be written
	profiles string // empty: none are wanted
	folder   string // of ledgers and logs, gone in the end
	disk     string // what file system that is
	log      *os.File
	before   string // the commit that diff compares with
	row      string
	rowDone  []func() error // what a row has opened, closed after it
	sides    int            // started so far
	plots    []picture
}

// picture is a plot and the name of its file.
type picture struct {
	name string
	report.Plot
}

// enoughRuns is how often the sides take turns at least for a page that says what it says of medians and quartiles.
const enoughRuns = 10

func newBench(cmd *cli.Command) (_ *bench, err error) {
	b := &bench{short: cmd.Bool("short"), runs: cmd.Int("runs"), docs: cmd.String("docs"), profiles: cmd.String("profile"), before: cmd.String("before")}
	b.writes = len(cmd.StringSlice("row")) == 0
	if b.short {
		b.runs = 1
	}
	switch {
	case b.runs < 1:
		return nil, errors.New("-runs is below 1")
	case b.writes && !b.short && b.runs < enoughRuns:
		return nil, fmt.Errorf("-runs %d is too few for a page: at least %d, or see single rows with -row", b.runs, enoughRuns)
	}
	dir, err := filepath.Abs(cmd.String("dir"))
	if err != nil {
		return nil, err
	}
	disk, memory, err := fileSystem(dir)
	switch b.disk = disk; {
	case err != nil:
		return nil, err
	case memory && !b.short:
		return nil, fmt.Errorf("%s is memory (%s), where a flush costs nothing and a durable ledger is none: name a folder on a disk with -dir", dir, disk)
	}
	if b.profiles != "" {
		if err := os.MkdirAll(b.profiles, 0o755); err != nil {
			return nil, err
		}
	}
	if b.folder, err = os.MkdirTemp(dir, "leafmidas-bench-"); err != nil {
		return nil, err
	}
	if b.short {
		b.docs = filepath.Join(b.folder, "docs")
	}
	if b.log, err = os.Create(filepath.Join(b.folder, "log")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(b.folder))
	}
	return b, nil
}

// measure runs one row, and closes what it has opened. If it fails, what the processes have logged is shown.
func (b *bench) measure(ctx context.Context, r row) (lines []report.Line, err error) {
	b.row = r.name
	defer func() {
		for _, done := range slices.Backward(b.rowDone) {
			err = errors.Join(err, done())
		}
		b.rowDone = nil
		if err != nil {
			text, _ := os.ReadFile(b.log.Name())
			fmt.Fprintf(os.Stderr, "%s\n", text[max(0, len(text)-4096):])
		}
	}()
	return r.measure(ctx, b)
}

// closeLater closes something when the row is over.
func (b *bench) closeLater(close func() error) { b.rowDone = append(b.rowDone, close) }

func (b *bench) close() error { return errors.Join(b.log.Close(), os.RemoveAll(b.folder)) }

func (b *bench) progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// ran tells that all sides have had their turn once more.
func (b *bench) ran(n int) {
	if n == b.runs || n%5 == 0 {
		b.progress("    %s: run %d of %d", b.row, n, b.runs)
	}
}

// pairs has two sides take turns.
func (b *bench) pairs(ctx context.Context, ours, theirs compare.Run) ([]compare.Figure, error) {
	return compare.Pairs(ctx, b.runs, ours, theirs, b.ran)
}

// slicesOfTurn is how many short turns make one of inSlices.
const slicesOfTurn = 20

// inSlices has sides take turns by slices of a turn, and tells of whole turns. Of a call's time most is waiting for
// another process, and how long that takes changes within a second: whole turns, one after the other, would not meet
// the same machine.
func (b *bench) inSlices(ctx context.Context, sides ...compare.Run) ([][][]float64, error) {
	runs, err := compare.InTurn(ctx, b.runs*slicesOfTurn, sides, func(n int) {
		if n%slicesOfTurn == 0 {
			b.ran(n / slicesOfTurn)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range runs {
		runs[i] = compare.Fold(runs[i], slicesOfTurn)
	}
	return runs, nil
}

// waitsOfTurn is how many short turns make one of pooled.
const waitsOfTurn = 5

// pooled has sides take turns by slices of a turn, each of which tells how long everything took, and tells of whole
// turns the median and the longest but one in a hundred. The longest waits are those in which the machine stood still
// for all: sides that take short turns share these.
func (b *bench) pooled(ctx context.Context, sides ...compare.Run) ([][][]float64, error) {
	runs, err := compare.InTurn(ctx, b.runs*waitsOfTurn, sides, func(n int) {
		if n%waitsOfTurn == 0 {
			b.ran(n / waitsOfTurn)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range runs {
		var turns [][]float64
		for part := range slices.Chunk(runs[i], waitsOfTurn) {
			waits := slices.Sorted(slices.Values(slices.Concat(part...)))
			turns = append(turns, []float64{waits[len(waits)/2], waits[len(waits)*99/100]})
		}
		runs[i] = turns
	}
	return runs, nil
}

// nanoseconds are times as figures.
func nanoseconds(times []time.Duration) []float64 {
	all := make([]float64, len(times))
	for i, one := range times {
		all[i] = float64(one.Nanoseconds())
	}
	return all
}

// count and span are how much is done in one turn: less where it only matters that it can be done.
func (b *bench) count(n, short int) int {
	if b.short {
		return short
	}
	return n
}

func (b *bench) span(d time.Duration) time.Duration {
	if b.short {
		return min(d, 150*time.Millisecond)
	}
	return d
}

// The figures of perCall.
const (
	nsPerCall = iota
	allocsPerCall
	bytesPerCall
)

// perCall makes a run of n calls in this process. Its figures are the time, the allocations and the allocated bytes of
// one.
func perCall(n int, call func() error) compare.Run {
	return func(context.Context) ([]float64, error) {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for range n {
			if err := call(); err != nil {
				return nil, err
			}
		}
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		// Something else may allocate meanwhile, now and then: a hundredth of an allocation is none of a call's.
		per := func(v uint64) float64 { return math.Round(float64(v)/float64(n)*100) / 100 }
		return []float64{
			float64(took.Nanoseconds()) / float64(n), per(after.Mallocs - before.Mallocs), per(after.TotalAlloc - before.TotalAlloc),
		}, nil
	}
}

// profile writes a profile of what this process does in f, if profiles are wanted.
func (b *bench) profile(what string, f func() error) (err error) {
	if b.profiles == "" {
		return nil
	}
	out, err := os.Create(filepath.Join(b.profiles, b.row+"-"+what+".pprof"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for end := time.Now().Add(b.span(2 * time.Second)); time.Now().Before(end); {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

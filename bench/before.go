package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/bench/seed"
)

// yardCommit is the commit that the page compares with.
const yardCommit = "b235be5"

// measureBefore compares with the page's own commit.
func measureBefore(ctx context.Context, b *bench) ([]report.Line, error) {
	return b.against(ctx, yardCommit, report.AtMost(0.5), report.Limit{})
}

// measureDiff compares with the commit that was named: nothing may have become dearer by more than a tenth.
func measureDiff(ctx context.Context, b *bench) ([]report.Line, error) {
	return b.against(ctx, b.before, report.AtMost(1.1), report.AtMost(1.1))
}

// against has the game of this tree and that of a commit sell in turn: on one Midas, to players of the same program.
func (b *bench) against(ctx context.Context, commit string, processor, memory report.Limit) ([]report.Line, error) {
	tree, err := b.treeOf(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("the files of %s: %w", commit, err)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if !b.short {
		program = filepath.Join(b.folder, "bench-before")
		if err := b.build(ctx, filepath.Join(tree, "bench"), ".", program); err != nil {
			return nil, err
		}
	}
	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	players, rate, span := b.count(1_000, 20), 250, b.span(2*time.Second)
	var full, paced [2]compare.Run
	for i, other := range []string{"", program} {
		s, err := b.startSide(ctx, m, game.Options{Way: game.Plugin, Program: other})
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, players); err != nil {
			return nil, err
		}
		run := func(what string, some crowd.Some) compare.Run {
			some.During = span
			return func(ctx context.Context) ([]float64, error) {
				did, err := s.buy(ctx, what, some)
				if err != nil {
					return nil, err
				}
				return []float64{did.cpu(), did.rate(), float64(did.cost.Bytes) / float64(did.orders), float64(did.half.Nanoseconds())}, nil
			}
		}
		full[i], paced[i] = run("Load.BuyAll", crowd.Some{Buyers: players}), run("Load.Buy", crowd.Some{Rate: rate})
		if _, err := full[i](ctx); err != nil { // warm up
			return nil, err
		}
	}
	atOnce, err := b.pairs(ctx, full[0], full[1])
	if err != nil {
		return nil, err
	}
	atRate, err := b.pairs(ctx, paced[0], paced[1])
	if err != nil {
		return nil, err
	}
	against := "the same with the program of " + commit
	at := fmt.Sprintf("purchases at %d a second", rate)
	lines := []report.Line{
		report.Ratio("purchases without a pause: processor time of one", against, atOnce[0], report.Nanoseconds, processor),
		report.Ratio("purchases without a pause: reached", against, atOnce[1], "purchases/s", report.Limit{}),
		report.Ratio("purchases without a pause: bytes allocated", against, atOnce[2], "B", memory),
		report.Ratio(at+": processor time of one", against, atRate[0], report.Nanoseconds, processor),
		report.Ratio(at+": median wait", against, atRate[3], report.Nanoseconds, report.Limit{}),
	}
	if !slices.Contains(seed.Drivers(), "postgres") {
		return lines, nil
	}
	more, err := b.measureServerBefore(ctx, commit, tree, processor)
	return append(lines, more...), err
}

// measureServerBefore has the ledger of this tree and that of a commit take orders through their steps on PostgreSQL,
// in turn.
func (b *bench) measureServerBefore(ctx context.Context, commit, tree string, limit report.Limit) ([]report.Line, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	programs := []string{filepath.Join(b.folder, "steps"), filepath.Join(b.folder, "steps-before")}
	if err := b.build(ctx, here, "./steps", programs[0]); err != nil {
		return nil, err
	}
	before := filepath.Join(tree, "bench")
	if b.short {
		before = here
	} else if err := os.CopyFS(filepath.Join(before, "steps"), os.DirFS(filepath.Join(here, "steps"))); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := b.build(ctx, before, "./steps", programs[1]); err != nil {
		return nil, err
	}
	count := b.count(3_000, 200)
	var sides []compare.Run
	for _, program := range programs {
		cfg, err := b.database(ctx, "postgres")
		if err != nil {
			return nil, err
		}
		walker, err := startWalker(ctx, b.log, program, "postgres", cfg.DSN)
		if err != nil {
			return nil, err
		}
		b.closeLater(walker.close)
		side := func(ctx context.Context) ([]float64, error) {
			before, err := process.OfDatabase(ctx, "postgres", cfg.DSN)
			if err != nil {
				return nil, err
			}
			began := time.Now()
			own, err := walker.walk(count)
			if err != nil {
				return nil, err
			}
			took := time.Since(began)
			after, err := process.OfDatabase(ctx, "postgres", cfg.DSN)
			return []float64{(own + float64((after - before).Nanoseconds())) / float64(count), float64(count) / took.Seconds()}, err
		}
		if _, err := side(ctx); err != nil { // warm up
			return nil, err
		}
		sides = append(sides, side)
	}
	f, err := b.pairs(ctx, sides[0], sides[1])
	if err != nil {
		return nil, err
	}
	against := "the same with the ledger of " + commit
	return []report.Line{
		report.Ratio("an order on PostgreSQL, four steps, 50 at once: processor time, own and the server's", against, f[0], report.Nanoseconds, limit),
		report.Ratio("an order on PostgreSQL, four steps, 50 at once: orders a second", against, f[1], "orders/s", report.Limit{}),
	}, nil
}

// walker is a process of the program in steps.
type walker struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func startWalker(ctx context.Context, output io.Writer, program string, args ...string) (*walker, error) {
	w := &walker{cmd: exec.CommandContext(ctx, program, args...)}
	w.cmd.Stderr = output
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.lines = bufio.NewScanner(out)
	return w, w.cmd.Start()
}

// walk takes so many orders through their steps, and tells the nanoseconds that they took of the process.
func (w *walker) walk(count int) (ns float64, err error) {
	if _, err := fmt.Fprintln(w.in, count); err != nil {
		return 0, err
	}
	if !w.lines.Scan() {
		return 0, errors.Join(errors.New("the steps were not taken"), w.lines.Err())
	}
	return strconv.ParseFloat(w.lines.Text(), 64)
}

func (w *walker) close() error { return errors.Join(w.in.Close(), w.cmd.Wait()) }

// treeOf unpacks all files as they were at a commit.
func (b *bench) treeOf(ctx context.Context, commit string) (folder string, err error) {
	if folder, err = os.MkdirTemp(b.folder, "before-"); err != nil || b.short { // no history: it only matters that the row works
		return folder, err
	}
	top, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", errors.Join(errors.New("it is taken from git's history, which is not here"), err)
	}
	tree := filepath.Join(folder, "tree.tar")
	for _, step := range []*exec.Cmd{
		exec.CommandContext(ctx, "git", "-C", strings.TrimSpace(string(top)), "archive", "--output", tree, commit),
		exec.CommandContext(ctx, "tar", "-C", folder, "-xf", tree),
	} {
		step.Stderr = b.log
		if err := step.Run(); err != nil {
			return "", fmt.Errorf("%s: %w", step.Args[0], err)
		}
	}
	return folder, nil
}

// build builds a program of the module in folder.
func (b *bench) build(ctx context.Context, folder, program, to string) error {
	b.progress("    %s: building %s", b.row, filepath.Base(to))
	build := exec.CommandContext(ctx, "go", "build", "-o", to, program)
	build.Dir, build.Stderr = folder, b.log
	if err := build.Run(); err != nil {
		return fmt.Errorf("build %s in %s: %w", program, folder, err)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
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
	program, err := b.programOf(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("the program of %s: %w", commit, err)
	}
	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	players, rate, span := b.count(1_000, 20), b.count(250, 100), b.span(2*time.Second)
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
	return []report.Line{
		report.Ratio("purchases without a pause: processor time of one", against, atOnce[0], report.Nanoseconds, processor),
		report.Ratio("purchases without a pause: reached", against, atOnce[1], "purchases/s", report.Limit{}),
		report.Ratio("purchases without a pause: bytes allocated", against, atOnce[2], "B", memory),
		report.Ratio(at+": processor time of one", against, atRate[0], report.Nanoseconds, processor),
		report.Ratio(at+": median wait", against, atRate[3], report.Nanoseconds, report.Limit{}),
	}, nil
}

// programOf builds this program as it was at a commit.
func (b *bench) programOf(ctx context.Context, commit string) (path string, err error) {
	if b.short { // it only matters that the row works: no history, no second build
		return os.Executable()
	}
	folder, err := os.MkdirTemp(b.folder, "before-")
	if err != nil {
		return "", err
	}
	top, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", errors.Join(errors.New("it is taken from git's history, which is not here"), err)
	}
	archive := exec.CommandContext(ctx, "git", "-C", strings.TrimSpace(string(top)), "archive", "--output", filepath.Join(folder, "tree.tar"), commit)
	unpack := exec.CommandContext(ctx, "tar", "-C", folder, "-xf", filepath.Join(folder, "tree.tar"))
	path = filepath.Join(folder, "bench-before")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, ".")
	build.Dir = filepath.Join(folder, "bench")
	for _, step := range []*exec.Cmd{archive, unpack, build} {
		step.Stderr = b.log
		b.progress("    %s: %s", b.row, strings.Join(step.Args[:min(3, len(step.Args))], " "))
		if err := step.Run(); err != nil {
			return "", fmt.Errorf("%s: %w", step.Args[0], err)
		}
	}
	return path, nil
}

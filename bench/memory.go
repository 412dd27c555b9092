package main

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureMemory connects ever more players: such as have logged in and have a balance, and such as only a bare Leaf
// knows, who have sent it one message or none. With the first message that it reads, of whatever kind, a connection's
// goroutine gets a larger stack.
func measureMemory(ctx context.Context, b *bench) ([]report.Line, error) {
	each := b.count(500, 100)
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	var runs []compare.Run
	for _, of := range []struct {
		shop   *midasProcess
		way    game.Way
		silent bool
	}{{m, game.Plugin, false}, {nil, game.Nothing, false}, {nil, game.Nothing, true}} {
		s, err := b.startSide(ctx, of.shop, game.Options{Way: of.way})
		if err != nil {
			return nil, err
		}
		s.silent = of.silent
		if err := s.join(ctx, b.count(200, 20)); err != nil { // what the first players bring about is no player's
			return nil, err
		}
		runs = append(runs, func(ctx context.Context) ([]float64, error) {
			before, err := s.memory(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.join(ctx, each); err != nil {
				return nil, err
			}
			after, err := s.memory(ctx)
			return []float64{float64(after-before) / float64(each)}, err
		})
	}
	took, err := compare.InTurn(ctx, b.runs, runs, b.ran)
	if err != nil {
		return nil, err
	}
	const player, echo, silent = 0, 1, 2
	of := func(ours, theirs int) compare.Figure {
		return compare.FigureOf(compare.Column(took[ours], 0), compare.Column(took[theirs], 0))
	}
	return []report.Line{
		report.More("memory per online player", "Leaf's own for a connection that has sent one message, which was echoed", of(player, echo), "B", report.AtMost(1024)),
		report.More("memory per online player, beside a silent connection", "Leaf's own for a connection that has sent none", of(player, silent), "B", report.Limit{}),
		report.More("of that Leaf's own: a connection that has sent one message, which was echoed", "Leaf's own for a connection that has sent none",
			of(echo, silent), "B", report.Limit{}),
	}, nil
}

// memory tells what a game has in use once it has come to rest: the login's pushes and its goroutines are over.
func (s *side) memory(ctx context.Context) (bytes int64, err error) {
	last := -1
	for still := 0; still < 3; {
		var n int
		if err := s.Call(ctx, "Game.Goroutines", 0, &n); err != nil {
			return 0, err
		}
		if still++; n != last {
			still, last = 0, n
		}
		select {
		case <-time.After(100 * time.Millisecond): // longer than pushes are held together
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	err = s.Call(ctx, "Game.Memory", 0, &bytes)
	return bytes, err
}

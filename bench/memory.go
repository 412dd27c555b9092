package main

import (
	"context"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureMemory connects ever more players: such as have logged in and have a balance, and such as only a bare Leaf knows.
func measureMemory(ctx context.Context, b *bench) ([]report.Line, error) {
	each := b.count(500, 100)
	m, err := b.startShop(ctx, 0)
	if err != nil {
		return nil, err
	}
	var runs [2]compare.Run
	for i, way := range []game.Way{game.Plugin, game.Nothing} {
		var shop *midasProcess
		if way == game.Plugin {
			shop = m
		}
		s, err := b.startSide(ctx, shop, game.Options{Way: way})
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, b.count(200, 20)); err != nil { // what the first players bring about is no player's
			return nil, err
		}
		runs[i] = func(ctx context.Context) ([]float64, error) {
			before, err := s.memory(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.join(ctx, each); err != nil {
				return nil, err
			}
			after, err := s.memory(ctx)
			return []float64{float64(after-before) / float64(each)}, err
		}
	}
	f, err := b.pairs(ctx, runs[0], runs[1])
	if err != nil {
		return nil, err
	}
	return []report.Line{
		report.More("memory per online player", "Leaf's own cost per connection", f[0], "B", report.AtMost(1024)),
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

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// handToken is the access token of games that do not fetch one.
const handToken = "emulator-token-0123456789abcdef"

// side is a game and who plays it, each in a process of its own.
type side struct {
	*game.Server
	midas   *midasProcess // nil: it sells nothing
	players *crowd.Load
	silent  bool
	first   int // number of its players: no two sides have the same ones, for each login ends the one before
	joined  int
}

// apart is more than the players of any side.
const apart = 60_000

// startSide starts a game that sells in some way, and players for it, who are not connected yet. All sides of a row
// call the same Midas.
func (b *bench) startSide(ctx context.Context, m *midasProcess, o game.Options) (*side, error) {
	var err error
	if o.Folder == "" {
		if o.Folder, err = os.MkdirTemp(b.folder, b.row+"-"); err != nil {
			return nil, err
		}
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Second
	}
	o.Token = handToken
	if m != nil {
		o.MidasURL = m.url
	}
	b.sides++
	s := &side{midas: m, first: b.sides * apart}
	if s.Server, err = game.Start(ctx, b.log, o); err != nil {
		return nil, err
	}
	b.closeLater(s.Server.Close)
	if s.players, err = crowd.Start(ctx, b.log); err != nil {
		return nil, err
	}
	b.closeLater(s.players.Close)
	if b.profiles != "" && o.Way == game.Plugin {
		path, err := filepath.Abs(filepath.Join(b.profiles, b.row+"-"+filepath.Base(o.Folder)+".pprof"))
		if err != nil {
			return nil, err
		}
		if err := s.Call(ctx, "Game.StartProfile", path, new(int)); err != nil {
			return nil, err
		}
		b.closeLater(func() error { return s.Call(ctx, "Game.StopProfile", path, new(int)) })
	}
	return s, nil
}

// startShop starts a Midas that answers after a delay.
func (b *bench) startShop(ctx context.Context, delay time.Duration) (*midasProcess, error) {
	m, err := b.startMidas(ctx, delay)
	if err != nil {
		return nil, err
	}
	return m, m.Call(ctx, "Midas.Know", Account{OpenID: "oNobody", SessionKey: signSessionKey, Token: handToken}, new(int))
}

// join connects so many more players. Where there is something to buy they have coins and log in.
func (s *side) join(ctx context.Context, count int) error {
	some := crowd.Some{WS: s.WS, First: s.first + s.joined, Count: count, Code: 1, Nobody: s.midas == nil, Silent: s.silent}
	s.joined += count
	if s.midas != nil {
		if err := s.midas.Call(ctx, "Midas.Charge", some, new(int)); err != nil {
			return err
		}
	}
	return s.players.Call(ctx, "Load.Join", some, new(int))
}

// buy has players do what is said, and tells how many purchases ended, how long that took, what of the game's processor
// it used, and how long each purchase took. A purchase that did not end with the item delivered is an error.
func (s *side) buy(ctx context.Context, what string, some crowd.Some) (bought, error) {
	var b bought
	var before, after game.Cost
	if err := s.Call(ctx, "Game.Cost", 0, &before); err != nil {
		return b, err
	}
	began := time.Now()
	if err := s.players.Call(ctx, what, some, &b.orders); err != nil {
		return b, err
	}
	b.took = time.Since(began)
	if err := s.Call(ctx, "Game.Cost", 0, &after); err != nil {
		return b, err
	}
	b.cost = after.Since(before)
	var seen crowd.Seen
	if err := s.players.Call(ctx, "Load.Take", 0, &seen); err != nil {
		return b, err
	}
	if len(seen.Odd) > 0 || b.orders == 0 {
		return b, fmt.Errorf("%d purchases, and what should not be: %v", b.orders, seen.Odd)
	}
	b.half, b.most = seen.Percentiles()
	b.waits = seen.Waits
	return b, nil
}

// bought is what purchases took.
type bought struct {
	orders     int
	took       time.Duration
	cost       game.Cost
	half, most time.Duration // the median wait, and the longest but one in a hundred
	waits      []time.Duration
}

func (b bought) rate() float64 { return float64(b.orders) / b.took.Seconds() }

func (b bought) cpu() float64 { return float64(b.cost.CPU.Nanoseconds()) / float64(b.orders) }

// echo has connections of their own send a text, and tells how many answers came in a second, and the time that 99 of
// 100 took at most, in ns.
func (s *side) echo(ctx context.Context, some crowd.Some) (rate, most float64, err error) {
	some.WS = s.WS
	var took []time.Duration
	if err := s.players.Call(ctx, "Load.Echo", some, &took); err != nil {
		return 0, 0, err
	}
	if len(took) == 0 {
		return 0, 0, fmt.Errorf("no answer in %s", some.During)
	}
	slices.Sort(took)
	return float64(len(took)) / some.During.Seconds(), float64(took[len(took)*99/100].Nanoseconds()), nil
}

// echoText is a message of the game's own of some size, as it is and as its answer is.
func echoText(size int) string {
	const frame = `{"Echo":{"Text":""}}`
	text := make([]byte, max(1, size-len(frame)))
	for i := range text {
		text[i] = 'x'
	}
	return fmt.Sprintf(`{"Echo":{"Text":"%s"}}`, text)
}

// curve is one figure of several sides that took turns, told in a unit.
func curve(name string, xs []float64, runs [][][]float64, figure int, unit float64) report.Curve {
	c := report.Curve{Name: name, X: xs}
	for i := range xs {
		s := compare.SpreadOf(compare.Column(runs[i], figure))
		c.Y, c.Low, c.Up = append(c.Y, s.Median/unit), append(c.Low, s.Low/unit), append(c.Up, s.High/unit)
	}
	return c
}

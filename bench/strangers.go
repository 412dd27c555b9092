package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/game"
	"github.com/leafmidas/leafmidas/bench/report"
)

// measureStrangers has players buy, and Midas push, while strangers do what they can: against the same without
// strangers. A purchase that is refused, and a push that is not taken, ends the measurement.
func measureStrangers(ctx context.Context, b *bench) ([]report.Line, error) {
	const rate, pushes = 100, 50
	m, err := b.startShop(ctx, answersIn)
	if err != nil {
		return nil, err
	}
	buy := func(s *side) compare.Run {
		some := crowd.Some{Rate: rate, During: b.span(600 * time.Millisecond)}
		return func(ctx context.Context) ([]float64, error) {
			did, err := s.buy(ctx, "Load.Buy", some)
			return nanoseconds(did.waits), err
		}
	}
	push := func(s *side) compare.Run {
		some := crowd.Some{Push: s.pushURL(), Rate: pushes, First: s.first, Count: s.joined, During: b.span(600 * time.Millisecond)}
		return func(ctx context.Context) ([]float64, error) {
			var took []time.Duration
			if err := s.players.Call(ctx, "Load.Push", some, &took); err != nil || len(took) == 0 {
				return nil, errors.Join(err, fmt.Errorf("%d pushes", len(took)))
			}
			return nanoseconds(took), nil
		}
	}
	codes, guests, slow, forged := b.count(1_000, 20), b.count(200, 20), b.count(200, 10), b.count(200, 20)
	sides := []struct {
		does  func(*side) compare.Run
		annoy crowd.Strangers
	}{
		{buy, crowd.Strangers{}},
		{buy, crowd.Strangers{Codes: codes, CodesPerSecond: 5}},
		{buy, crowd.Strangers{Guests: guests}},
		{push, crowd.Strangers{}},
		{push, crowd.Strangers{Slow: slow, Forged: forged}},
	}
	var runs []compare.Run
	for _, of := range sides {
		s, err := b.startSide(ctx, m, game.Options{Way: game.Plugin, Bounded: true})
		if err != nil {
			return nil, err
		}
		if err := s.join(ctx, b.count(200, 20)); err != nil {
			return nil, err
		}
		run := of.does(s)
		if of.annoy != (crowd.Strangers{}) {
			if run, err = b.annoyed(ctx, s, of.annoy, run); err != nil {
				return nil, err
			}
		}
		if _, err := run(ctx); err != nil { // warm up
			return nil, err
		}
		runs = append(runs, run)
	}
	took, err := b.pooled(ctx, runs...)
	if err != nil {
		return nil, err
	}
	left, err := measureGone(ctx, b, m)
	if err != nil {
		return nil, err
	}
	of := func(ours, theirs, figure int) compare.Figure {
		return compare.FigureOf(compare.Column(took[ours], figure), compare.Column(took[theirs], figure))
	}
	const (
		against = "the same without strangers"
		invent  = "1,000 strangers send 5 invented login codes a second each"
		come    = "200 strangers a second come, send a code, and go"
		posts   = "200 bodies of pushes that do not come, and 200 forged pushes a second"
	)
	return []report.Line{
		report.Ratio(invent+": a purchase, p99", against, of(1, 0, 1), report.Nanoseconds, report.AtMost(1.5)),
		report.Ratio(invent+": a purchase, median", against, of(1, 0, 0), report.Nanoseconds, report.Limit{}),
		report.Ratio(come+": a purchase, p99", against, of(2, 0, 1), report.Nanoseconds, report.AtMost(1.5)),
		left,
		report.Ratio(posts+": a signed push, p99", against, of(4, 3, 1), report.Nanoseconds, report.Limit{}),
		report.Ratio(posts+": a signed push, median", against, of(4, 3, 0), report.Nanoseconds, report.Limit{}),
	}, nil
}

// annoyed has strangers, in a process of their own, do something while a side's players do theirs.
func (b *bench) annoyed(ctx context.Context, s *side, annoy crowd.Strangers, run compare.Run) (compare.Run, error) {
	others, err := crowd.Start(ctx, b.log)
	if err != nil {
		return nil, err
	}
	b.closeLater(others.Close)
	annoy.WS, annoy.Push = s.WS, s.pushURL()
	return func(ctx context.Context) ([]float64, error) {
		if err := others.Call(ctx, "Load.Annoy", annoy, new(int)); err != nil {
			return nil, err
		}
		began := time.Now()
		figures, err := run(ctx)
		span := time.Since(began).Seconds()
		var did crowd.Annoyed
		if err := errors.Join(err, others.Call(ctx, "Load.Calm", 0, &did)); err != nil {
			return nil, fmt.Errorf("beside %+v: %w", did, err)
		}
		// A tenth below what they were to do is the machine's fault. More, and they are no such strangers.
		for _, of := range []struct {
			what string
			n    int64
			rate int
		}{{"codes", did.Codes, annoy.Codes * annoy.CodesPerSecond}, {"guests", did.Guests, annoy.Guests}, {"forged pushes", did.Forged, annoy.Forged}} {
			if want := 0.9 * span * float64(of.rate); float64(of.n) < want && !b.short {
				return nil, fmt.Errorf("%d %s in %.1f s, and %.0f at least were to come: %+v", of.n, of.what, span, want, did)
			}
		}
		return figures, nil
	}, nil
}

// pushURL is where a side takes pushes.
func (s *side) pushURL() string { return "http://" + s.Push + "/midas/push" }

// measureGone has strangers come to a game, send a message and go, and tells what is left of each: with payments, where
// the message is an invented login code, and without. As many codes may be refused as come, for those that wait keep
// their connections until they are, which is no more than LoginLimit allows and would be told of each stranger here.
func measureGone(ctx context.Context, b *bench, m *midasProcess) (report.Line, error) {
	each := b.count(2_000, 50)
	var runs []compare.Run
	for _, of := range []struct {
		shop *midasProcess
		way  game.Way
		text string
	}{{m, game.Plugin, ""}, {nil, game.Nothing, echoText(100)}} {
		s, err := b.startSide(ctx, of.shop, game.Options{Way: of.way, Bounded: true, RefusedLogins: 10_000})
		if err != nil {
			return report.Line{}, err
		}
		run := func(ctx context.Context) ([]float64, error) {
			before, err := s.memory(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.players.Call(ctx, "Load.Visit", crowd.Some{WS: s.WS, Count: each, Text: of.text}, new(int)); err != nil {
				return nil, err
			}
			after, err := s.memory(ctx)
			return []float64{float64(after-before) / float64(each)}, err
		}
		if _, err := run(ctx); err != nil { // what waits is then full
			return report.Line{}, err
		}
		runs = append(runs, run)
	}
	took, err := compare.InTurn(ctx, b.runs, runs, b.ran)
	if err != nil {
		return report.Line{}, err
	}
	f := compare.FigureOf(compare.Column(took[0], 0), compare.Column(took[1], 0))
	return report.More("memory per stranger who has come, sent an invented login code, and gone", "Leaf's own after one message", f, "B", report.AtMost(200)), nil
}

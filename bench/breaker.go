package main

import (
	"context"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/midas"
)

// instant is a Midas that answers at once, so that nothing but what is around the call is measured.
type instant struct{ midas.API }

func (instant) Pay(context.Context, midas.PayRequest) (midas.PayResult, error) {
	return midas.PayResult{}, nil
}

func measureBreaker(ctx context.Context, b *bench) ([]report.Line, error) {
	var api midas.API = instant{}
	ours := breaker.New(api, breaker.Config{})
	defer ours.Close()
	// The same settings, as one would write them.
	bare := gobreaker.NewCircuitBreaker[midas.PayResult](gobreaker.Settings{
		Name: "pay", MaxRequests: 3, Interval: 10 * time.Second, BucketPeriod: time.Second, Timeout: 5 * time.Second,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.Requests >= 10 && n.TotalFailures*2 >= n.Requests },
	})
	r := midas.PayRequest{Player: midas.Player{OpenID: "oEmuplayer1", ZoneID: "1"}, BillNo: "01K0000000000000000000000A", Amount: 30}
	call := func() error { _, err := ours.Pay(ctx, r); return err }
	n := b.count(200_000, 500)
	f, err := b.pairs(ctx, perCall(n, call), perCall(n, func() error {
		_, err := bare.Execute(func() (midas.PayResult, error) { return api.Pay(ctx, r) })
		return err
	}))
	if err != nil {
		return nil, err
	}
	if err := b.profile("ours", call); err != nil {
		return nil, err
	}
	const against = "bare gobreaker/v2, the same settings"
	return []report.Line{
		report.Ratio("breaker around a call that takes no time", against, f[nsPerCall], report.Nanoseconds, report.AtMost(1.2)),
		report.More("breaker: allocations", against, f[allocsPerCall], "", report.AtMost(0)),
	}, nil
}

package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"

	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/midas"
)

// What a deduction says, and the keys it is signed with.
const (
	signAppKey     = "emulatorSandboxAppKey00000000000"
	signSessionKey = "MTIzNDU2Nzg5MDEyMzQ1Ng=="
	signPathV1     = "/cgi-bin/midas/sandbox/pay"
	signPathV2     = "/wxa/game/pay"
	signBodyV2     = `{"openid":"oEmuplayer1000000000000000000","offer_id":"1450000001","ts":1764000000,"zone_id":"1","env":1,"amount":30,"bill_no":"01K0000000000000000000000A"}`
)

func signParams(more ...midas.Param) []midas.Param {
	return append([]midas.Param{
		{Key: "amt", Value: "30"},
		{Key: "appid", Value: "wx0123456789abcdef"},
		{Key: "bill_no", Value: "01K0000000000000000000000A"},
		{Key: "offer_id", Value: "1450000001"},
		{Key: "openid", Value: "oEmuplayer1000000000000000000"},
		{Key: "pf", Value: "android"},
	}, more...)
}

func measureSigning(ctx context.Context, b *bench) ([]report.Line, error) {
	n := b.count(50_000, 500)
	ts, zone := midas.Param{Key: "ts", Value: "1764000000"}, midas.Param{Key: "zone_id", Value: "1"}
	params := signParams(ts, zone)
	sig := midas.SigV1(params, signPathV1, signAppKey)
	// access_token comes first and sig between pf and ts.
	more := append([]midas.Param{{Key: "access_token", Value: "emulator-token-0123456789abcdef"}}, signParams(midas.Param{Key: "sig", Value: sig}, ts, zone)...)
	first := midas.TextV1(params, signPathV1, "secret", signAppKey)
	second := midas.TextV1(more, signPathV1, "session_key", signSessionKey)
	v1, err := b.pairs(ctx, perCall(n, func() error {
		midas.SigV1(params, signPathV1, signAppKey)
		midas.MPSigV1(more, signPathV1, signSessionKey)
		return nil
	}), perCall(n, func() error { return bareHMACs(first, second) }))
	if err != nil {
		return nil, err
	}
	body, withPath := []byte(signBodyV2), []byte(signPathV2+"&"+signBodyV2)
	both := func() error {
		midas.PaySigV2(signPathV2, body, signAppKey)
		midas.SignatureV2(body, signSessionKey)
		return nil
	}
	v2, err := b.pairs(ctx, perCall(n, both), perCall(n, func() error { return bareHMACs(withPath, body) }))
	if err != nil {
		return nil, err
	}
	if err := b.profile("ours", both); err != nil {
		return nil, err
	}
	const against = "two bare HMAC-SHA256 over the same bytes"
	return []report.Line{
		report.Ratio("V1: `sig` + `mp_sig`", against, v1[nsPerCall], report.Nanoseconds, report.AtMost(1.3)),
		report.Absolute("V1: allocations", v1[allocsPerCall], "", report.AtMost(4)),
		report.Ratio("V2: `pay_sig` + `signature`", against, v2[nsPerCall], report.Nanoseconds, report.AtMost(1.3)),
		report.Absolute("V2: allocations", v2[allocsPerCall], "", report.AtMost(4)),
	}, nil
}

// bareHMACs is the least that two signatures take: no text is put together, nothing is written as hex.
func bareHMACs(first, second []byte) error {
	var sum [sha256.Size]byte
	mac := hmac.New(sha256.New, []byte(signAppKey))
	mac.Write(first)
	mac.Sum(sum[:0])
	mac = hmac.New(sha256.New, []byte(signSessionKey))
	mac.Write(second)
	mac.Sum(sum[:0])
	return nil
}

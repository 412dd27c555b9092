package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/leafmidas/leafmidas/bench/compare"
	"github.com/leafmidas/leafmidas/bench/peers"
	"github.com/leafmidas/leafmidas/bench/report"
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

// knownToken is an access token that is at hand, as between two refreshes.
type knownToken midas.Secret

func (t knownToken) Token(context.Context) (midas.Secret, error) { return midas.Secret(t), nil }
func (t knownToken) Replace(_ context.Context, _ midas.Secret) (midas.Secret, error) {
	return midas.Secret(t), nil
}

// recorder keeps the last request that passes.
type recorder struct {
	http.RoundTripper
	last Recorded
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	r.last = Recorded{request.URL.String(), body}
	return r.RoundTripper.RoundTrip(request)
}

// measureCall asks for a balance, which is the same work for the emulator every time.
func measureCall(ctx context.Context, b *bench) ([]report.Line, error) {
	server, err := b.startMidas(ctx, 0)
	if err != nil {
		return nil, err
	}
	who := Account{emulator.OpenIDOf("caller"), signSessionKey, "emulator-token-0123456789abcdef"}
	if err := server.Call(ctx, "Midas.Know", who, new(int)); err != nil {
		return nil, err
	}
	var lines []report.Line
	n := b.count(2_000, 20) / slicesOfTurn
	for _, protocol := range []string{"V1", "V2"} {
		client, err := b.client(server.url, protocol, who, nil)
		if err != nil {
			return nil, err
		}
		defer client.Close()
		p := midas.Player{OpenID: who.OpenID, ZoneID: "1", SessionKey: midas.Secret(who.SessionKey)}
		ours := func() error { _, err := client.Balance(ctx, p); return err }
		record := &recorder{RoundTripper: http.DefaultTransport}
		recording, err := b.client(server.url, protocol, who, record)
		if err != nil {
			return nil, err
		}
		if _, err := recording.Balance(ctx, p); err != nil {
			return nil, err
		}
		bare := newBare(record.last)
		runs, err := b.inSlices(ctx, perCall(n, ours), perCall(n, bare.call))
		if err != nil {
			return nil, err
		}
		figures := compare.Figures(runs[0], runs[1])
		const against = "bare `net/http` POST of the same bytes"
		lines = append(lines,
			report.Ratio(protocol+": one signed call", against, figures[nsPerCall], report.Nanoseconds, report.AtMost(1.1)),
			report.Ratio(protocol+": bytes allocated by it", against, figures[bytesPerCall], "B", report.AtMost(1.15)),
			report.Ratio(protocol+": allocations", against, figures[allocsPerCall], "", report.Limit{}))
		if protocol == "V1" {
			continue
		}
		if err := server.Call(ctx, "Midas.Instead", record.last, new(int)); err != nil {
			return nil, err
		}
		more, err := b.comparePeers(ctx, server.url, who, n, ours)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
		if err := b.profile("ours", ours); err != nil {
			return nil, err
		}
		if err := b.profile("bare", bare.call); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// comparePeers has three clients of protocol V2's kind take turns.
func (b *bench) comparePeers(ctx context.Context, url string, who Account, n int, ours func() error) ([]report.Line, error) {
	hand := peers.HandWritten{BaseURL: url, Token: who.Token, OfferID: emulator.DefaultOfferID, AppKey: emulator.DefaultSandboxAppKey}
	sdk := peers.NewSilenceper(url, who.Token, emulator.DefaultOfferID, emulator.DefaultSandboxAppKey, who.SessionKey)
	runs, err := b.inSlices(ctx,
		perCall(n, ours),
		perCall(n, func() error { return sdk.Call(ctx, who.OpenID) }),
		perCall(n, func() error { _, err := hand.Call("getbalance", who.OpenID, who.SessionKey, nil); return err }),
	)
	if err != nil {
		return nil, err
	}
	var lines []report.Line
	for i, name := range []string{"silenceper/wechat v2.1.10, its doubly signed call", "a hand-written `http.Post` client"} {
		figures := compare.Figures(runs[0], runs[i+1])
		lines = append(lines,
			report.Ratio("V2: one signed call", name, figures[nsPerCall], report.Nanoseconds, report.AtMost(1)),
			report.Ratio("V2: bytes allocated by it", name, figures[bytesPerCall], "B", report.Limit{}))
	}
	return lines, nil
}

func (b *bench) client(url, protocol string, who Account, transport http.RoundTripper) (*midas.Client, error) {
	return midas.New(midas.Config{
		BaseURL: url, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, V2: protocol == "V2", Sandbox: true, Tokens: knownToken(who.Token), Transport: transport,
		Logger: slog.New(slog.DiscardHandler),
	})
}

// bare posts the same bytes again and again, and reads what comes.
type bare struct {
	http *http.Client
	Recorded
}

func newBare(r Recorded) bare { return bare{&http.Client{Transport: &http.Transport{}}, r} }

func (b bare) call() error {
	resp, err := b.http.Post(b.URL, "application/json", bytes.NewReader(b.Body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

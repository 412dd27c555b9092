package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/peers"
	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/emulator"
)

// answersIn is how long Midas takes for a call, about what the real one takes.
const answersIn = 20 * time.Millisecond

// midasProcess is the emulator in a process of its own, as the measuring one sees it.
type midasProcess struct {
	*process.Process
	url string
}

func (b *bench) startMidas(ctx context.Context, delay time.Duration) (*midasProcess, error) {
	p, err := process.Start(ctx, b.log, "midas")
	if err != nil {
		return nil, err
	}
	m := &midasProcess{Process: p}
	b.closeLater(p.Close)
	return m, m.Call(ctx, "Midas.Start", delay, &m.url)
}

func serveMidas() error {
	if err := process.RaiseLimit(); err != nil {
		return err
	}
	m := &Midas{}
	defer m.close()
	return process.Serve("Midas", m)
}

// Midas is the inside of that process. Its exported methods are net/rpc's.
type Midas struct {
	emu     *emulator.Server
	server  *httptest.Server
	balance signed
}

// midasCalls are the calls that a delay befalls; logins and tokens are quick.
var midasCalls = []string{emulator.APIPay, emulator.APIBalance, emulator.APIQuery, emulator.APICancel}

// Start serves, and answers after a delay.
func (m *Midas) Start(delay time.Duration, served *string) (err error) {
	m.emu, err = emulator.New(emulator.Config{AutoCodes: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if delay > 0 {
		if err := m.befall(emulator.Faults{{Probability: 1, Fault: emulator.Fault{Kind: emulator.Slow, Delay: delay}}}); err != nil {
			return err
		}
	}
	m.server = httptest.NewServer(m)
	*served = m.server.URL
	return nil
}

func (m *Midas) befall(f emulator.Faults) error {
	for _, api := range midasCalls {
		if err := m.emu.SetFaults(api, f); err != nil {
			return err
		}
	}
	return nil
}

// Hang has every call of a deduction hang from now on.
func (m *Midas) Hang(_ int, _ *int) error {
	return m.emu.SetFaults(emulator.APIPay, emulator.Faults{{Probability: 1, Fault: emulator.Fault{Kind: emulator.Hang}}})
}

// Wait answers when so many deductions have come in all.
func (m *Midas) Wait(calls int, _ *int) error {
	for end := time.Now().Add(time.Minute); m.emu.Calls(emulator.APIPay) < calls && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	return nil
}

// Calls tells how many of them have come.
func (m *Midas) Calls(_ int, n *int) error {
	for _, api := range midasCalls {
		*n += m.emu.Calls(api)
	}
	return nil
}

// Charge gives players coins.
func (m *Midas) Charge(s crowd.Some, _ *int) error {
	for n := range s.Count {
		if err := m.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf(crowd.PlayerName(s.First+n)), "1", crowd.Purse); err != nil {
			return err
		}
	}
	return nil
}

// Account is a player who may be called for without a login.
type Account struct{ OpenID, SessionKey, Token string }

// Know makes an account and a token known.
func (m *Midas) Know(a Account, _ *int) error {
	m.emu.SetSession(a.OpenID, a.SessionKey)
	m.emu.AddToken(a.Token)
	return m.emu.Recharge(emulator.Sandbox, a.OpenID, "1", crowd.Purse)
}

// signed is a request as it was sent.
type signed struct {
	URL  url.URL
	Body []byte
}

// Instead has the SDK's xpay calls, which the emulator does not know, answered as if that request of ours had come: the
// emulator's work for both is then the same.
func (m *Midas) Instead(r Recorded, _ *int) error {
	u, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	m.balance = signed{*u, r.Body}
	return nil
}

// Recorded is a request whole.
type Recorded struct {
	URL  string
	Body []byte
}

func (m *Midas) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == peers.SilenceperPath {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		u := m.balance.URL
		r.URL, r.Body, r.ContentLength = &u, io.NopCloser(bytes.NewReader(m.balance.Body)), int64(len(m.balance.Body))
	}
	m.emu.ServeHTTP(w, r)
}

// Stop ends the emulator, and with it the calls that hang; else a game would wait for them when it stops.
func (m *Midas) Stop(_ int, _ *int) error {
	m.close()
	return nil
}

func (m *Midas) close() {
	if m.emu == nil {
		return
	}
	_ = m.emu.Close()
	m.server.Close()
	m.emu = nil
}

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

// A sandbox that is as the emulator has it differs in nothing, whatever is asked; one that is not is told apart,
// question by question.
func TestProbeComparesTheSandboxWithTheEmulator(t *testing.T) {
	for name, c := range map[string]struct {
		sandbox emulator.Config
		fault   *emulator.Fault
		config  map[string]any
		differs []string
	}{
		"V1":                      {},
		"V1 without mp_sig":       {config: map[string]any{"MPSig": false}, sandbox: emulator.Config{MPSigIgnored: true}},
		"mp_sig is not looked at": {sandbox: emulator.Config{MPSigIgnored: true}, differs: []string{"signed with a session key that nobody has"}},
		"V2":                      {config: map[string]any{"Protocol": "v2"}},
		"a code that nobody knew": {fault: &emulator.Fault{Kind: emulator.Answer, Code: 90099}, differs: []string{"a bill that there is not is cancelled"}},
		"an answer of a proxy's":  {fault: &emulator.Fault{Kind: emulator.BadGateway}, differs: []string{"a bill that there is not is cancelled"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, c.sandbox)
			if c.fault != nil {
				if err := w.emu.Script(emulator.APICancel, *c.fault); err != nil {
					t.Fatal(err)
				}
			}
			out, err := midasctl(t, "", "probe", "--conf", w.conf(c.config), "--session-key-file", w.keyFile(), "--present", "--json", w.openid)
			var report struct {
				Protocol string
				Differ   int
				Answers  []compared
			}
			if json.NewDecoder(strings.NewReader(out)).Decode(&report) != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var differ []string
			for _, a := range report.Answers {
				if !a.Same {
					differ = append(differ, a.What)
				}
			}
			if len(differ) != len(c.differs) || report.Differ != len(differ) || (err == nil) != (len(differ) == 0) || len(report.Answers) < 16 {
				t.Errorf("%q differ of %d, want %q: %v\n%s", differ, len(report.Answers), c.differs, err, out)
			}
			for i := range min(len(differ), len(c.differs)) {
				if !strings.Contains(differ[i], c.differs[i]) {
					t.Errorf("%q differs, want %q", differ[i], c.differs[i])
				}
			}
			for _, secret := range []string{w.openid, w.session.Reveal(), "wx1234567", "12345678", "s3cret-of-the-app", "k3y-of"} {
				if strings.Contains(out, secret) {
					t.Errorf("%s is in the report", secret)
				}
			}
			if a := w.emu.Account(emulator.Sandbox, w.openid, "1"); a.Balance != 610 && c.fault == nil {
				t.Errorf("%d coins are left of 600 and the 10 given", a.Balance)
			}
			if got := w.emu.Account(emulator.Production, w.openid, "1").Balance; got != 600 {
				t.Errorf("production has %d", got)
			}
		})
	}
}

func TestProbeMovesNoCoinsUnlessItIsAskedTo(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	out := must(t, "probe", "--conf", w.conf(nil), "--session-key-file", w.keyFile(), w.openid)
	if !strings.Contains(out, "same") || strings.Contains(out, "DIFFERS") || strings.Contains(out, "10 coins given") {
		t.Error(out)
	}
	if a := w.emu.Account(emulator.Sandbox, w.openid, "1"); a.Balance != 600 || a.CostSum != 0 || a.PresentSum != 0 {
		t.Errorf("%+v", a)
	}
}

func TestProbeSaysWhyItCannotAsk(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	for name, c := range map[string]struct {
		config map[string]any
		args   []string
		want   string
	}{
		"no session key": {nil, []string{w.openid}, "session-key-file"},
		"nobody there":   {map[string]any{"BaseURL": "http://127.0.0.1:1"}, []string{"--session-key-file", w.keyFile(), w.openid}, "midasctl doctor"},
		"no player":      {nil, nil, "OPENID is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := midasctl(t, "", append([]string{"probe", "--conf", w.conf(c.config)}, c.args...)...)
			if err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

// call runs a command that calls Midas for the player.
func (w *wechat) call(name string, args ...string) (out string, err error) {
	w.t.Helper()
	line := append([]string{name, w.openid, "--conf", w.conf(nil), "--session-key-file", w.keyFile()}, args...)
	return midasctl(w.t, "", line...)
}

func (w *wechat) balance(env emulator.Env) int64 {
	w.t.Helper()
	return w.emu.Account(env, w.openid, "1").Balance
}

func TestCallsGoToTheSandboxByThemselves(t *testing.T) {
	for _, protocol := range []string{"v1", "v2"} {
		t.Run(protocol, func(t *testing.T) {
			w := newWechat(t, emulator.Config{})
			conf := w.conf(map[string]any{"Env": "production", "Protocol": protocol})
			call := func(name string, args ...string) (string, error) {
				return midasctl(t, "", append([]string{name, w.openid, "--conf", conf, "--session-key-file", w.keyFile()}, args...)...)
			}
			for _, c := range []struct {
				name string
				args []string
				want int64 // the balance in the sandbox
			}{
				{"balance", nil, 600},
				{"pay", []string{"--coins", "60", "--bill", "b1"}, 540},
				{"pay", []string{"--coins", "60", "--bill", "b1"}, 540}, // repeated
				{"present", []string{"--coins", "5"}, 545},
				{"cancel", []string{"--bill", "b1", "--coins", "60"}, 605},
			} {
				if out, err := call(c.name, c.args...); err != nil {
					if !strings.Contains(out, "this is its success") { // a repetition
						t.Errorf("%s: %v\n%s", c.name, err, out)
					}
				}
				if got := w.balance(emulator.Sandbox); got != c.want {
					t.Errorf("after %s %v the sandbox has %d coins, want %d", c.name, c.args, got, c.want)
				}
			}
			if got := w.balance(emulator.Production); got != 600 {
				t.Errorf("production has %d coins", got)
			}
		})
	}
}

func TestProductionTakesTwoFlags(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	for _, line := range []string{"balance", "pay --coins 60", "present --coins 60", "cancel --bill b --coins 60"} {
		words := strings.Fields(line)
		before := len(w.seen)
		if out, err := w.call(words[0], append(words[1:], "--production")...); err == nil || !strings.Contains(out, "--production --yes") || len(w.seen) != before {
			t.Errorf("%s: %s", line, out)
		}
	}
	if out, err := w.call("pay", "--coins", "60", "--production", "--yes"); err != nil || w.balance(emulator.Production) != 540 || w.balance(emulator.Sandbox) != 600 {
		t.Errorf("%v: %s", err, out)
	}
	out, err := w.call("balance", "--production", "--yes", "--json")
	var told struct{ Balance int64 }
	if err != nil || json.Unmarshal([]byte(out), &told) != nil || told.Balance != 540 {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := w.call("balance", "--yes"); err != nil || !strings.Contains(out, "balance 600 coins") {
		t.Errorf("--yes alone is not the sandbox: %v: %s", err, out)
	}
}

func TestAFailedCallTellsProgramsWhatItMeans(t *testing.T) {
	for name, c := range map[string]struct {
		before func(w *wechat)
		config map[string]any
		args   []string
		want   failure
	}{
		"too few coins":   {args: []string{"--coins", "6000"}, want: failure{Code: 90013, Verdict: "refused", BillNo: "b9"}},
		"paid before":     {args: []string{"--coins", "60", "--bill", "b8"}, want: failure{Code: 90012, Verdict: "already", BillNo: "b8"}},
		"a stale session": {before: func(w *wechat) { w.session = "another" }, want: failure{Code: 90009, Verdict: "login", BillNo: "b9"}},
		"no usable answer": {
			before: func(w *wechat) { _ = w.emu.Script("pay", emulator.Fault{Kind: emulator.BadGateway}) },
			want:   failure{Verdict: "unknown", BillNo: "b9"},
		},
		"nobody there":    {config: map[string]any{"BaseURL": "http://127.0.0.1:1"}, want: failure{Verdict: "later", BillNo: "b9"}},
		"a wrong secret":  {config: map[string]any{"AppSecret": "s3cret-of-the-app-2"}, want: failure{Code: 40001, Verdict: "later", BillNo: "b9"}},
		"coins of no use": {args: []string{"--coins", "0"}, want: failure{Verdict: "refused", BillNo: "b9"}},
		"never a call":    {args: []string{"--production"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, emulator.Config{})
			if out, err := w.call("pay", "--coins", "60", "--bill", "b8"); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if c.before != nil {
				c.before(w)
			}
			line := append([]string{"pay", w.openid, "--conf", w.conf(c.config), "--session-key-file", w.keyFile(), "--coins", "60", "--bill", "b9", "--json"}, c.args...)
			out, _, code := outputs(t, "", line...)
			var got failure
			if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || got.Error == "" {
				t.Fatalf("exit code %d: %q, %v", code, out, err)
			}
			got.Error = ""
			if got != c.want {
				t.Errorf("%+v, want %+v\n%s", got, c.want, out)
			}
		})
	}
}

func TestAFailedCallSaysWhetherToRepeatIt(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	out, err := w.call("pay", "--coins", "6000", "--bill", "b9")
	if err == nil || !strings.Contains(out, "b9") || !strings.Contains(out, "it was not carried out") {
		t.Errorf("%v: %s", err, out)
	}
	for _, args := range [][]string{{"--coins", "0"}, {"--coins", "-5"}, {}} {
		if out, err := w.call("pay", args...); err == nil {
			t.Errorf("%q: %s", args, out)
		}
	}
	if out, err := midasctl(t, "", "balance", "--conf", w.conf(nil)); err == nil || !strings.Contains(out, "OPENID is missing") {
		t.Errorf("nobody's balance: %s", out)
	}
	if out, err := midasctl(t, "", "balance", "somebody", "--conf", w.conf(nil)); err == nil || !strings.Contains(out, "--session-key-file") {
		t.Errorf("without a session key: %s", out)
	}
}

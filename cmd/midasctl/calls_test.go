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
	for _, line := range []string{"pay --coins 60", "present --coins 60", "cancel --bill b --coins 60"} {
		words := strings.Fields(line)
		before := len(w.seen)
		if out, err := w.call(words[0], append(words[1:], "--production")...); err == nil || !strings.Contains(out, "--production --yes") || len(w.seen) != before {
			t.Errorf("%s: %s", line, out)
		}
	}
	if out, err := w.call("pay", "--coins", "60", "--production", "--yes"); err != nil || w.balance(emulator.Production) != 540 || w.balance(emulator.Sandbox) != 600 {
		t.Errorf("%v: %s", err, out)
	}
	out, err := w.call("balance", "--production", "--json") // moves nothing
	var told struct{ Balance int64 }
	if err != nil || json.Unmarshal([]byte(out), &told) != nil || told.Balance != 540 {
		t.Errorf("%v: %s", err, out)
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

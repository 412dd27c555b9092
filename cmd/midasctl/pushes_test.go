package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// keptOn is a ledger with pushes that wait, and its config.
func keptOn(t *testing.T, driver string, pushes ...ledger.Kept) (l *ledger.Ledger, conf string) {
	t.Helper()
	cfg := ledgertest.Fresh(t, driver)
	l = ledgertest.Open(t, cfg)
	for _, k := range pushes {
		if _, err := l.KeepPush(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	return l, config(t, map[string]any{"Ledger": map[string]any{"Driver": driver, "DSN": cfg.DSN}}, nil)
}

func TestPushesAreListedAndPutAway(t *testing.T) {
	for _, driver := range []string{"sqlite", "postgres", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
			l, conf := keptOn(t, driver,
				ledger.Kept{
					ID: "bb22", FirstAt: at.Add(time.Minute), LastAt: at.Add(time.Minute), Event: "xpay_coin_pay_notify", OpenID: "bob",
					Why: "a recharge of nobody's", Body: `{"n":1}`,
				},
				ledger.Kept{
					ID: "aa11", FirstAt: at, LastAt: at, Event: "xpay_goods_deliver_notify", OpenID: "alice", OutTradeNo: "T1",
					Why: "another price than was ordered", Body: `{"price":1}`,
				},
				ledger.Kept{ID: "aa11", LastAt: at.Add(time.Hour)}) // once more
			want := "aa11  2026-07-01 10:00:00  2 times  xpay_goods_deliver_notify  T1  player alice\n    another price than was ordered\n    {\"price\":1}\n" +
				"bb22  2026-07-01 10:01:00  1 times  xpay_coin_pay_notify  -  player bob\n    a recharge of nobody's\n    {\"n\":1}\n"
			if out := must(t, "pushes", "--conf", conf); out != want {
				t.Errorf("got\n%s", out)
			}
			if out := must(t, "pushes", "--conf", conf, "--limit", "1"); strings.Contains(out, "bb22") || !strings.Contains(out, "aa11") {
				t.Errorf("got\n%s", out)
			}
			var told struct {
				Pushes []struct {
					ID, Event, OpenID, Why, Body string
					OutTradeNo                   string    `json:"out_trade_no"`
					FirstAt                      time.Time `json:"first_at"`
					LastAt                       time.Time `json:"last_at"`
					Times                        int
				}
			}
			if err := json.Unmarshal([]byte(must(t, "pushes", "--conf", conf, "--json")), &told); err != nil || len(told.Pushes) != 2 {
				t.Fatalf("%+v, %v", told, err)
			}
			if k := told.Pushes[0]; k.ID != "aa11" || k.OutTradeNo != "T1" || k.Times != 2 || !k.FirstAt.Equal(at) || !k.LastAt.Equal(at.Add(time.Hour)) ||
				k.Body != `{"price":1}` || k.OpenID != "alice" || k.Why != "another price than was ordered" {
				t.Errorf("%+v", k)
			}

			if out, err := midasctl(t, "", "pushes", "--conf", conf, "--done", "aa11", "--who", "olga"); err == nil || !strings.Contains(out, "reason is missing") {
				t.Errorf("put away without a reason: %s", out)
			}
			if out, err := midasctl(t, "", "pushes", "--conf", conf, "--done", "cc33", "--why", "settled", "--who", "olga"); err == nil ||
				!strings.Contains(out, "no push cc33 waits in this ledger") {
				t.Errorf("got %s", out)
			}
			must(t, "pushes", "--conf", conf, "--done", "aa11", "--why", "given back by hand", "--who", "olga")
			if out := must(t, "pushes", "--conf", conf); strings.Contains(out, "aa11") || !strings.Contains(out, "bb22") {
				t.Errorf("got\n%s", out)
			}
			t.Setenv("MIDAS_OPERATOR", "hugo")
			must(t, "pushes", "--conf", conf, "--done", "bb22", "--why", "a trial")
			if out := must(t, "pushes", "--conf", conf, "--json"); out != "{\"pushes\":[]}\n" {
				t.Errorf("got %s", out)
			}
			if _, err := midasctl(t, "", "pushes", "--conf", conf, "--done", "bb22", "--why", "again"); err == nil {
				t.Error("put away twice")
			}
			if of, err := l.KeptOf(t.Context(), "", 10); err != nil || len(of) != 1 || of[0].Seen != "hugo: a trial" {
				t.Errorf("%+v, %v", of, err)
			}
			for _, limit := range []string{"0", "1001"} {
				if out, err := midasctl(t, "", "pushes", "--conf", conf, "--limit", limit); err == nil || !strings.Contains(out, "1 to 1000") {
					t.Errorf("--limit %s: %s", limit, out)
				}
			}
		})
	}
}

// Ids and texts that strangers have named do nothing to the terminal, and none becomes a line of its own.
func TestNothingOddReachesTheTerminal(t *testing.T) {
	const odd = "\x1b[2J\u202egpj\u0085\u009b31m\r\nBILL forged\t"
	now := time.Now()
	l, conf := keptOn(t, "sqlite", ledger.Kept{
		ID: "aa11", FirstAt: now, LastAt: now, Event: odd, OpenID: odd, OutTradeNo: odd, Why: odd, Body: odd,
	})
	before, _, err := l.Create(t.Context(), ledger.Order{
		BillNo: "01A", Kind: ledger.Goods, OpenID: "o" + odd, ZoneID: odd, RequestID: "r" + odd, ItemID: odd, Quantity: 1, Amount: 600,
		State: ledger.Created, CreatedAt: now, UpdatedAt: now, DueAt: now,
	})
	for _, to := range []ledger.State{ledger.Paying, ledger.Disputed} {
		if err != nil {
			t.Fatal(err)
		}
		after := before
		if after.State, after.Note, after.RID = to, odd, odd; to.Ended() {
			after.DueAt = time.Time{}
		}
		before, err = l.Advance(t.Context(), before, after)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		words string
		lines int
	}{
		{"pushes", 3},
		{"orders", 2}, // the heading, and one
		{"order 01A", 13},
		{"pushes --json", 1},
		{"orders --json", 1},
		{"order 01A --json", 1},
		{"resolve 01A --as delivered --why w --who me", 1},
	} {
		line, lines, words := c.words, c.lines, strings.Fields(c.words)
		out, log, _ := outputs(t, "", append(words, "--conf", conf)...)
		all := out + log
		for _, r := range strings.ReplaceAll(all, "\n", "") {
			if !unicode.IsPrint(r) {
				t.Errorf("%q writes %q", line, all)
				break
			}
		}
		if n := strings.Count(all, "\n"); n != lines {
			t.Errorf("%q writes %d lines:\n%s", line, n, all)
		}
		if strings.Contains(line, "--json") {
			var read any
			if err := json.Unmarshal([]byte(out), &read); err != nil {
				t.Errorf("%q writes no JSON: %v: %s", line, err, out)
			}
			if words[0] == "pushes" && fmt.Sprint(read.(map[string]any)["pushes"].([]any)[0].(map[string]any)["event"]) != odd {
				t.Errorf("a program reads another text: %s", out)
			}
		}
	}
}

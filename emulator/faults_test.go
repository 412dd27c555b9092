package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// onTheWire sends a deduction by a connection of its own and describes what came back.
func (f *fixture) onTheWire(billNo string) string {
	f.t.Helper()
	f.http.CloseIdleConnections()
	body, err := jsonBody(signed(payPath, map[string]any{"bill_no": billNo, "amt": 10}))
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), 300*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", f.url+payPath+"?access_token="+goodToken, body)
	if err != nil {
		f.t.Fatal(err)
	}
	resp, err := f.http.Do(req)
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer"
	}
	if err != nil {
		return "connection cut"
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		return "reply cut"
	}
	text := string(reply)
	switch {
	case strings.Contains(text, "<html>"):
		return fmt.Sprintf("%d page", resp.StatusCode)
	case text == "":
		return fmt.Sprintf("%d nothing", resp.StatusCode)
	}
	_, rest, _ := strings.Cut(text, `"errcode":`)
	number, _, _ := strings.Cut(rest, ",")
	return fmt.Sprintf("%d errcode %s", resp.StatusCode, number)
}

func TestAFaultIsWhatItSaysOnTheWireAndInTheBooks(t *testing.T) {
	for _, tt := range []struct {
		fault emulator.Fault
		wire  string
		done  bool
	}{
		{emulator.Fault{Kind: emulator.OK}, "200 errcode 0", true},
		{emulator.Fault{Kind: emulator.Refuse}, "200 errcode -1", false},
		{emulator.Fault{Kind: emulator.Fail}, "200 errcode -1", true},
		{emulator.Fault{Kind: emulator.Answer, Code: 45009}, "200 errcode 45009", false},
		{emulator.Fault{Kind: emulator.Answer, Code: 45011}, "200 errcode 45011", false},
		{emulator.Fault{Kind: emulator.Answer, Code: 90017}, "200 errcode 90017", false},
		{emulator.Fault{Kind: emulator.Hang}, "no answer", false},
		{emulator.Fault{Kind: emulator.Hang, Commit: true}, "no answer", true},
		{emulator.Fault{Kind: emulator.Cut}, "connection cut", false},
		{emulator.Fault{Kind: emulator.Cut, Commit: true}, "connection cut", true},
		{emulator.Fault{Kind: emulator.CutReply}, "reply cut", true},
		{emulator.Fault{Kind: emulator.HTML}, "200 page", false},
		{emulator.Fault{Kind: emulator.HTML, Commit: true}, "200 page", true},
		{emulator.Fault{Kind: emulator.Empty}, "200 nothing", false},
		{emulator.Fault{Kind: emulator.Empty, Commit: true}, "200 nothing", true},
		{emulator.Fault{Kind: emulator.BadGateway}, "502 page", false},
		{emulator.Fault{Kind: emulator.BadGateway, Commit: true}, "502 page", true},
		{emulator.Fault{Kind: emulator.Slow, Delay: 20 * time.Millisecond}, "200 errcode 0", true},
		{emulator.Fault{Kind: emulator.LateCommit, Delay: time.Hour}, "no answer", false},
	} {
		t.Run(fmt.Sprintf("%+v", tt.fault), func(t *testing.T) {
			f := start(t, emulator.Config{})
			f.recharge(100)
			f.script("pay", tt.fault)
			if got := f.onTheWire("b1"); got != tt.wire {
				t.Errorf("on the wire: %s, want %s", got, tt.wire)
			}
			balance := int64(100)
			if tt.done {
				balance = 90
			}
			if got := f.account().Balance; got != balance {
				t.Errorf("balance %d, want %d", got, balance)
			}
			count := f.Counts()["pay"]
			if count.Calls != 1 || f.Calls("pay") != 1 || f.Calls("*") != 1 || tt.fault.Kind != emulator.OK && count.Faults[tt.fault.Kind] != 1 {
				t.Errorf("counts %+v", count)
			}
			// A script is used up.
			if got := f.onTheWire("b2"); got != "200 errcode 0" {
				t.Errorf("the next call: %s", got)
			}
		})
	}
}

func TestARepeatTellsWhetherTheLostCallTook(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(100)
	f.script("pay", emulator.Fault{Kind: emulator.Fail}, emulator.Fault{Kind: emulator.OK}, emulator.Fault{Kind: emulator.Refuse})
	wantCode(t, f.pay("took", 1), -1)
	wantCode(t, f.pay("took", 1), 90012)
	wantCode(t, f.pay("did-not", 1), -1)
	wantCode(t, f.pay("did-not", 1), 0)
}

// abandon makes a call that hangs and gives it up.
func abandon(t *testing.T, emu *emulator.Server, path string, more map[string]any) {
	t.Helper()
	body, err := jsonBody(signed(path, more))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	req := httptest.NewRequestWithContext(ctx, "POST", path+"?access_token="+goodToken, body)
	if w := httptest.NewRecorder(); !serve(emu, w, req) {
		t.Fatalf("answered %q", w.Body)
	}
}

func TestALateCommitTakesAfterItsCallerGaveUp(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(100)
	f.script("pay", emulator.Fault{Kind: emulator.LateCommit, Delay: time.Minute})
	abandon(t, f.Server, payPath, map[string]any{"bill_no": "b1", "amt": 10})

	// Midas knows of it and cannot say yet how it ends.
	wantCode(t, f.cancel("b1"), 90016)
	wantCode(t, f.pay("b1", 10), -1)
	f.Advance(time.Minute)
	if got := f.account().Balance; got != 90 {
		t.Errorf("balance %d", got)
	}
	wantCode(t, f.pay("b1", 10), 90012)
	wantCode(t, f.cancel("b1"), 0)
}

func TestALateCommitMidasHasNotSeenTakesEvenAfterACancellation(t *testing.T) {
	f := start(t, emulator.Config{})
	f.recharge(100)
	f.script("pay", emulator.Fault{Kind: emulator.LateCommit, Delay: time.Minute, Unseen: true})
	abandon(t, f.Server, payPath, map[string]any{"bill_no": "b1", "amt": 10})
	wantCode(t, f.cancel("b1"), 90000)
	f.Advance(time.Minute)
	if got := f.account().Balance; got != 90 {
		t.Errorf("balance %d", got)
	}

	// A repeat that overtakes it leaves nothing for it to do.
	f.script("pay", emulator.Fault{Kind: emulator.LateCommit, Delay: time.Minute, Unseen: true})
	abandon(t, f.Server, payPath, map[string]any{"bill_no": "b2", "amt": 10})
	wantCode(t, f.pay("b2", 10), 0)
	f.Advance(time.Minute)
	if got := f.account().Balance; got != 80 {
		t.Errorf("balance %d", got)
	}
}

func TestASlowAnswerTakesItsTimeAndNotMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		emu, err := emulator.New(emulator.Config{Latency: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer emu.Close()
		emu.SetSession(alice, aliceKey)
		emu.AddToken(goodToken)
		if err := emu.Script("getbalance", emulator.Fault{Kind: emulator.Slow, Delay: time.Hour}); err != nil {
			t.Fatal(err)
		}
		body, err := jsonBody(signed(balPath, nil))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		w := httptest.NewRecorder()
		serve(emu, w, httptest.NewRequest("POST", balPath+"?access_token="+goodToken, body))
		if took := time.Since(began); took != time.Hour+time.Second {
			t.Errorf("took %v", took)
		}
		if !strings.Contains(w.Body.String(), `"errcode":0`) {
			t.Errorf("answered %s", w.Body)
		}
	})
}

func TestAnOutageMeetsEveryMidasCallAndNoOther(t *testing.T) {
	f := start(t, emulator.Config{AutoCodes: true})
	f.recharge(100)
	f.script("pay", emulator.Fault{Kind: emulator.Answer, Code: 45011})
	if err := f.Outage(emulator.Fault{Kind: emulator.Refuse}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.post(balPath, signed(balPath, nil)), -1)
	wantCode(t, f.pay("b1", 1), -1)
	wantCode(t, f.cancel("b1"), -1)
	wantCode(t, f.give("b1", 1), -1)
	wantCode(t, f.login("auto-bob-1"), 0)
	f.Recover()
	wantCode(t, f.pay("b1", 1), 45011) // the script waited
	wantCode(t, f.pay("b1", 1), 0)
}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	run := func(seed uint64) string {
		f := start(t, emulator.Config{Seed: seed})
		f.recharge(1000)
		for api, faults := range map[string]emulator.Faults{
			"*":         {{0.3, emulator.Fault{Kind: emulator.Refuse}}, {0.3, emulator.Fault{Kind: emulator.Fail}}},
			"cancelpay": {}, // exempt
		} {
			if err := f.SetFaults(api, faults); err != nil {
				t.Fatal(err)
			}
		}
		var codes strings.Builder
		for i := range 60 {
			fmt.Fprint(&codes, code(f.pay(fmt.Sprint("b", i), 1)), " ")
			if got := code(f.cancel("none")); got != 90000 {
				t.Fatalf("an exempt API answered %d", got)
			}
		}
		count := f.Counts()["pay"]
		for _, kind := range []emulator.Kind{emulator.Refuse, emulator.Fail} {
			if n := count.Faults[kind]; n < 6 || n > 32 {
				t.Errorf("%s befell %d of 60 calls at 0.3", kind, n)
			}
		}
		if done := int64(60 - count.Faults[emulator.Refuse]); f.account().Balance != 1000-done {
			t.Errorf("balance %d after %d deductions", f.account().Balance, done)
		}
		if err := f.SetFaults("*", nil); err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			if got := code(f.pay(fmt.Sprint("c", i), 1)); got != 0 {
				t.Fatalf("answered %d after the faults were removed", got)
			}
		}
		return codes.String()
	}
	first := run(7)
	if again := run(7); again != first {
		t.Errorf("seed 7 gave\n%s\nand then\n%s", first, again)
	}
	if other := run(8); other == first {
		t.Error("seed 8 gave the same as seed 7")
	}
}

func TestFaultsThatCannotBeMeantAreRefused(t *testing.T) {
	f := start(t, emulator.Config{})
	for name, err := range map[string]error{
		"unknown API":         f.Script("payy", emulator.Fault{Kind: emulator.OK}),
		"unknown kind":        f.Script("pay", emulator.Fault{Kind: "odd"}),
		"no kind":             f.Script("pay", emulator.Fault{}),
		"refused but done":    f.Script("pay", emulator.Fault{Kind: emulator.Refuse, Commit: true}),
		"answer without code": f.Script("pay", emulator.Fault{Kind: emulator.Answer}),
		"code without answer": f.Script("pay", emulator.Fault{Kind: emulator.Hang, Code: 1}),
		"slow for no time":    f.Script("pay", emulator.Fault{Kind: emulator.Slow}),
		"negative delay":      f.Script("pay", emulator.Fault{Kind: emulator.LateCommit, Delay: -1}),
		"delay of a cut":      f.Script("pay", emulator.Fault{Kind: emulator.Cut, Delay: 1}),
		"unseen hang":         f.Outage(emulator.Fault{Kind: emulator.Hang, Unseen: true}),
		"probability above 1": f.SetFaults("pay", emulator.Faults{{0.6, emulator.Fault{Kind: emulator.Cut}}, {0.6, emulator.Fault{Kind: emulator.Hang}}}),
		"negative chance":     f.SetFaults("pay", emulator.Faults{{-0.1, emulator.Fault{Kind: emulator.Cut}}}),
		"chances of no API":   f.SetFaults("", nil),
		"unknown fault":       f.SetFaults("pay", emulator.Faults{{0.1, emulator.Fault{Kind: "odd"}}}),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFaultsSurviveTheControlAPIsJSON(t *testing.T) {
	want := emulator.Faults{
		{Probability: 0.25, Fault: emulator.Fault{Kind: emulator.LateCommit, Delay: 90 * time.Second, Unseen: true}},
		{Probability: 0.5, Fault: emulator.Fault{Kind: emulator.Hang, Commit: true}},
		{Probability: 0.1, Fault: emulator.Fault{Kind: emulator.Answer, Code: 45009}},
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got emulator.Faults
	if err := json.Unmarshal(text, &got); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s became %+v, %v", text, got, err)
	}
}

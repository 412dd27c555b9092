package emulator_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// reopened is another emulator on a copy of the state as it is on disk now: what a killed one would leave.
func reopened(t *testing.T, f *fixture) *fixture {
	t.Helper()
	data, err := os.ReadFile(f.cfg.StatePath)
	if err != nil {
		t.Fatal(err)
	}
	cfg := f.cfg
	cfg.StatePath = filepath.Join(t.TempDir(), "copy.json")
	if err := os.WriteFile(cfg.StatePath, data, 0o600); err != nil {
		t.Fatal(err)
	}
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	base, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.http.CloseIdleConnections()
		emu.Close()
	})
	return &fixture{Server: emu, t: t, cfg: cfg, url: base, http: f.http}
}

func TestNothingThatWasAnsweredIsLostWhenTheEmulatorIsKilled(t *testing.T) {
	f := start(t, emulator.Config{StatePath: filepath.Join(t.TempDir(), "state.json"), AutoCodes: true})
	f.recharge(100)
	f.give("p1", 5)
	f.pay("b1", 10)
	f.pay("b2", 20)
	f.cancel("b2")
	if err := f.RechargeLater(emulator.Production, alice, "1", 7, time.Hour); err != nil {
		t.Fatal(err)
	}
	f.script("pay", emulator.Fault{Kind: emulator.LateCommit, Delay: 2 * time.Hour})
	abandon(t, f.Server, payPath, map[string]any{"bill_no": "late", "amt": 1})
	unused := f.Code("bob")
	f.login("auto-eve-1")
	stable := tokenOf(t, f.stable(false))
	f.Advance(time.Minute)

	g := reopened(t, f)
	if g.account() != f.account() || g.Totals() != f.Totals() {
		t.Errorf("account %+v, want %+v", g.account(), f.account())
	}
	for i, b := range g.Bills() {
		was := f.Bills()[i]
		if !b.CreatedAt.Equal(was.CreatedAt) || !b.CancelledAt.Equal(was.CancelledAt) {
			t.Errorf("bill %+v, want %+v", b, was)
		}
		b.CreatedAt, b.CancelledAt = was.CreatedAt, was.CancelledAt
		if !reflect.DeepEqual(b, was) {
			t.Errorf("bill %+v, want %+v", b, was)
		}
	}
	wantCode(t, g.pay("b1", 10), 90012) // session, token and bill are there
	wantCode(t, g.cancel("b2"), 90015)
	wantCode(t, g.cancel("late"), 90016)
	wantFields(t, g.login(unused), map[string]any{"openid": "bob"})
	wantCode(t, g.login("auto-eve-1"), 40029)
	if tokenOf(t, g.stable(false)) != stable {
		t.Error("another stable token")
	}
	if off := g.Now().Sub(f.Now()).Abs(); off > 30*time.Second {
		t.Errorf("clocks differ by %v", off)
	}
	g.Advance(90 * time.Minute)
	if got := g.account().SaveAmt; got != 107 {
		t.Errorf("the late recharge: save_amt %d", got)
	}
	g.Advance(time.Hour)
	if n := len(g.Bills()); n != 4 {
		t.Errorf("%d bills after the late deduction", n)
	}
}

func TestCallsThatComeTogetherAreAllKept(t *testing.T) {
	f := start(t, emulator.Config{StatePath: filepath.Join(t.TempDir(), "state.json")})
	f.recharge(1000)
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			if _, err := f.try(t.Context(), payPath, signed(payPath, map[string]any{"bill_no": fmt.Sprint("b", i), "amt": 1})); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	g := reopened(t, f)
	if n := len(g.Bills()); n != 30 || g.account().Balance != 970 {
		t.Errorf("%d bills, account %+v", n, g.account())
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(f.cfg.StatePath), "*"))
	if err != nil || len(left) != 2 { // the lock beside it
		t.Errorf("files %v, %v", left, err)
	}
	info, err := os.Stat(f.cfg.StatePath)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the session keys is %v, %v", info.Mode(), err)
	}
}

func TestAStateThatCannotBeKeptIsASystemError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	emu, err := emulator.New(emulator.Config{StatePath: filepath.Join(dir, "state.json")})
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Recharge(emulator.Production, alice, "1", 1); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := emu.Recharge(emulator.Production, alice, "1", 1); err == nil {
		t.Error("a recharge that was not kept succeeded")
	}
	base, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, emulator.Config{}) // for its client
	f.url = base
	emu.SetSession(alice, aliceKey)
	emu.AddToken(goodToken)
	wantCode(t, f.pay("b1", 1), -1)
	f.http.CloseIdleConnections()
	if emu.Close() == nil {
		t.Error("Close kept silent")
	}
}

func TestTwoEmulatorsOnOneStateFileAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	emu, err := emulator.New(emulator.Config{StatePath: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := emulator.New(emulator.Config{StatePath: path}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the second got %v", err)
	}
	if err := emu.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := emulator.New(emulator.Config{StatePath: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestAForeignOrBrokenStateFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	emu, err := emulator.New(emulator.Config{StatePath: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := emulator.New(emulator.Config{StatePath: path, AppID: "wx1"}); err == nil {
		t.Error("another mini game's file was taken")
	}
	if err := os.WriteFile(path, []byte(`{"app_id":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := emulator.New(emulator.Config{StatePath: path}); err == nil {
		t.Error("half a file was taken")
	}
}

package internal

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/leafmidas/leafmidas/plugin"
)

func open(t *testing.T, path string) *inventory {
	t.Helper()
	v, err := openInventory(path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.close() })
	return v
}

func TestAnItemIsGrantedOnceForEachBillEvenAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "game.db")
	v := open(t, path)
	for range 3 {
		if err := v.grant("b1", "alice", "sword", 2); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.close(); err != nil {
		t.Fatal(err)
	}
	v = open(t, path)
	if err := v.grant("b1", "alice", "sword", 2); err != nil {
		t.Fatal(err)
	}
	if err := v.grant("b2", "alice", "sword", 1); err != nil {
		t.Fatal(err)
	}
	if n := v.of("alice")["sword"]; n != 3 {
		t.Errorf("%d swords", n)
	}
	if len(v.of("bob")) != 0 {
		t.Error("bob has something")
	}
}

func TestAFullBagRefusesAndTakesNothing(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "game.db"))
	if err := v.grant("b1", "alice", "potion", bagSize-1); err != nil {
		t.Fatal(err)
	}
	for bill, quantity := range map[string]int64{"b2": 2, "b3": 1 << 62, "b4": bagSize} {
		if err := v.grant(bill, "alice", "potion", quantity); !errors.Is(err, plugin.ErrRefuse) {
			t.Errorf("%d more: %v", quantity, err)
		}
	}
	if err := v.grant("b5", "alice", "potion", 1); err != nil { // there is room for this one
		t.Error(err)
	}
	// A bill that was refused may be asked for again, and is refused again while the bag is full.
	if err := v.grant("b2", "alice", "potion", 2); !errors.Is(err, plugin.ErrRefuse) {
		t.Errorf("%v", err)
	}
	if n := v.of("alice")["potion"]; n != bagSize {
		t.Errorf("%d potions", n)
	}
}

func TestABagIsACopy(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "game.db"))
	if err := v.grant("b1", "alice", "sword", 1); err != nil {
		t.Fatal(err)
	}
	v.of("alice")["sword"] = 99
	if n := v.of("alice")["sword"]; n != 1 {
		t.Errorf("%d swords", n)
	}
}

func TestTheSaveFileIsItsOwnersAlone(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "saves", "game.db")
	open(t, path)
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestPointsAreGivenOnceForEachBillEvenAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "game.db")
	v := open(t, path)
	for range 2 {
		if err := v.thank("c1", "alice", 60, 60); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.close(); err != nil {
		t.Fatal(err)
	}
	v = open(t, path)
	for bill, coins := range map[string]int64{"c1": 60, "c2": 30} {
		if err := v.thank(bill, "alice", coins, 90); err != nil {
			t.Fatal(err)
		}
	}
	if n := v.points("alice"); n != 90 || v.points("bob") != 0 {
		t.Errorf("alice has %d points, bob %d", n, v.points("bob"))
	}
}

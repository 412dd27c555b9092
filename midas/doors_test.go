package midas

import (
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func testDoors(urls ...string) (d *doors, pass func(time.Duration)) {
	d = newDoors(urls, slog.New(slog.DiscardHandler))
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	d.now = func() time.Time { return now }
	return d, func(by time.Duration) { now = now.Add(by) }
}

func TestCallsGoToTheNextDomainAfterThreeFailuresOfTheLine(t *testing.T) {
	d, pass := testDoors("a", "b", "c")
	call := func(mayTry, fails bool) (door string, left bool) {
		i, url := d.pick(mayTry)
		return url, d.ended(i, fails)
	}
	for _, c := range []struct {
		mayTry, fails bool
		door          string
		left          bool
	}{
		{false, true, "a", false},
		{false, true, "a", false},
		{false, false, "a", false}, // it answers, and the count begins anew
		{false, true, "a", false},
		{false, true, "a", false},
		{false, true, "a", true},
		{true, false, "b", false}, // too early to try a
	} {
		if door, left := call(c.mayTry, c.fails); door != c.door || left != c.left {
			t.Fatalf("%+v: %s, left %t", c, door, left)
		}
	}
	pass(backAfter)
	if door, _ := call(false, false); door != "b" {
		t.Errorf("a call that moves coins tried %s", door)
	}
	tried, _ := d.pick(true)
	if other, _ := d.pick(true); tried != 0 || other != 1 {
		t.Errorf("two calls try at once: %d and %d", tried, other)
	}
	if left := d.ended(tried, true); !left {
		t.Error("the first domain failed, and its failure counts")
	}
	pass(backAfter) // twice as long now
	if door, _ := call(true, false); door != "b" {
		t.Errorf("tried %s again too early", door)
	}
	pass(backAfter)
	if door, _ := call(true, false); door != "a" {
		t.Errorf("tried %s", door)
	}
	if door, _ := call(false, false); door != "a" {
		t.Errorf("a is well, and %s is used", door)
	}
}

// While every domain is dead calls stay at the last one, whose failures count: else a breaker would never open.
func TestWhileAllDomainsAreDeadFailuresCount(t *testing.T) {
	d, pass := testDoors("a", "b")
	for n := range 30 {
		door, _ := d.pick(false)
		left := d.ended(door, true)
		if wantLeft := n == 2; left != wantLeft || n > 2 && door != 1 {
			t.Fatalf("failure %d at %d: left %t", n, door, left)
		}
	}
	pass(backAfter)
	for range doorFailures {
		door, _ := d.pick(false)
		d.ended(door, true)
	}
	if door, _ := d.pick(false); door != 0 {
		t.Errorf("after a while the other one is tried again, and not %d", door)
	}
}

func TestOneDomainIsUsedWhateverHappens(t *testing.T) {
	d, pass := testDoors("a")
	for range 10 {
		i, url := d.pick(true)
		if url != "a" || d.ended(i, true) {
			t.Fatal("it went elsewhere")
		}
		pass(time.Hour)
	}
}

// Whatever fails and whenever, a call has a domain, no more than one call at a time tries the first, and once it
// answers it is used.
func TestDomainsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, pass := testDoors("a", "b", "c")
		var under []int
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				door, url := d.pick(rapid.Bool().Draw(t, "may try"))
				if url != d.urls[door] {
					t.Fatalf("%d is %s", door, url)
				}
				under = append(under, door)
			case 2:
				if len(under) > 0 {
					if rapid.IntRange(0, 9).Draw(t, "given up") == 0 {
						d.unknown(under[0])
					} else {
						d.ended(under[0], rapid.Bool().Draw(t, "fails"))
					}
					under = under[1:]
				}
			case 3:
				pass(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
			}
		}
		for _, door := range under {
			d.ended(door, false)
		}
		for range 3 { // now everything is well
			pass(2 * backMost)
			door, _ := d.pick(true)
			d.ended(door, false)
		}
		if _, url := d.pick(false); url != "a" {
			t.Fatalf("everything is well, and %s is used", url)
		}
	})
}

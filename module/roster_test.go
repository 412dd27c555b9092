package module

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// watched is a roster and what it told of players who left, as "openid/zone" or "openid/zone!" for the last of all.
type watched struct {
	*roster
	gone []string
}

func newWatched() *watched {
	w := &watched{}
	w.roster = newRoster(func(openid, zoneID string, all bool) {
		end := ""
		if all {
			end = "!"
		}
		w.gone = append(w.gone, openid+"/"+zoneID+end)
	})
	w.limitTo(1, 3)
	return w
}

// login tells whether it was taken.
func (w *watched) login(a gate.Agent, p payment.Player) (taken bool) {
	w.roster.login(a, p, func() { taken = true })
	return taken
}

func (w *watched) expectGone(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(w.gone, want) {
		t.Errorf("told of %v, not of %v", w.gone, want)
	}
	w.gone = nil
}

// swept is a sweep after the garbage collector has been.
func (w *watched) swept() {
	runtime.GC()
	w.sweep(time.Now())
}

// expectSizes checks that nothing leaks.
func (w *watched) expectSizes(t *testing.T, agents, people, graves int) {
	t.Helper()
	if len(w.agents) != agents || len(w.people) != people || len(w.graves) != graves {
		t.Errorf("%d connections, %d people, %d graves; not %d, %d, %d", len(w.agents), len(w.people), len(w.graves), agents, people, graves)
	}
}

func who(openid, zone string) payment.Player { return payment.Player{OpenID: openid, ZoneID: zone} }

func TestThePlayerIsGoneWithTheLastConnectionInWhateverOrderTheyEnd(t *testing.T) {
	// A and B log in, A and B log out: every order in which a logout follows its own login.
	for _, order := range []string{"ABab", "ABba", "AaBb", "BAab", "BAba", "BbAa"} {
		t.Run(order, func(t *testing.T) {
			w, agents := newWatched(), map[rune]gate.Agent{'a': &fakeAgent{}, 'b': &fakeAgent{}}
			here := 0
			for _, step := range order {
				if step < 'a' {
					here++
					if !w.login(agents[step+'a'-'A'], who("alice", "1")) {
						t.Error("a login was not taken")
					}
				} else {
					here--
					w.logout(agents[step])
				}
				if got := w.connections("alice", "1"); len(got) != here {
					t.Errorf("after %c: %d connections, not %d", step, len(got), here)
				}
				if here > 0 {
					w.expectGone(t)
				} else {
					w.expectGone(t, "alice/1!")
				}
			}
			w.expectSizes(t, 0, 1, 2)
		})
	}
}

func TestEachZoneIsLeftByItself(t *testing.T) {
	w, a, b, c := newWatched(), &fakeAgent{}, &fakeAgent{}, &fakeAgent{}
	w.login(a, who("alice", "1"))
	w.login(b, who("alice", "2"))
	w.login(c, who("alice", "2"))
	if n := len(w.connections("alice", "")); n != 3 {
		t.Errorf("%d connections in all", n)
	}
	w.logout(b)
	w.expectGone(t)
	w.logout(c)
	w.expectGone(t, "alice/2")
	w.login(a, who("alice", "3")) // changes over
	w.expectGone(t, "alice/1")
	w.logout(a)
	w.expectGone(t, "alice/3!")
}

func TestAConnectionThatChangesItsPlayerIsTheNewOnesOnly(t *testing.T) {
	w, a, b := newWatched(), &fakeAgent{}, &fakeAgent{}
	w.login(a, who("alice", "1"))
	w.login(b, who("alice", "1"))
	w.login(a, who("bob", "1"))
	w.expectGone(t)
	if got := w.connections("alice", "1"); !slices.Equal(got, []gate.Agent{b}) {
		t.Errorf("alice is on %v", got)
	}
	w.login(b, who("bob", "1"))
	w.expectGone(t, "alice/1!")
	if got := w.connections("bob", "1"); len(got) != 2 {
		t.Errorf("bob is on %d connections", len(got))
	}
	w.login(b, who("bob", "1")) // again as oneself
	w.expectGone(t)
	if p, ok := w.player(b); !ok || p.OpenID != "bob" {
		t.Errorf("%v sits there", p)
	}
	w.logout(a)
	w.logout(b)
	w.expectGone(t, "bob/1!")
}

func TestTheNewestSessionKeyIsThatOfEveryConnection(t *testing.T) {
	w, a, b := newWatched(), &fakeAgent{}, &fakeAgent{}
	old, renewed := who("alice", "1"), who("alice", "2")
	old.SessionKey, renewed.SessionKey = "old", "new"
	old.UserIP, old.Platform = "203.0.113.1", "ios"
	w.login(a, old)
	w.login(b, renewed)
	p, _ := w.player(a)
	if p.SessionKey != midas.Secret("new") {
		t.Errorf("the first connection has the key %q", p.SessionKey.Reveal())
	}
	if p.ZoneID != "1" || p.UserIP != "203.0.113.1" || p.Platform != "ios" {
		t.Errorf("more than the key has changed: %+v", p)
	}
}

func TestAConnectionThatHasEndedStaysDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a := newWatched(), &fakeAgent{}
		w.login(a, who("alice", "1"))
		w.logout(a)
		w.logout(a) // told twice
		if w.login(a, who("alice", "1")) {
			t.Error("it came back to life")
		}
		if _, _, gone := w.allow(a); !gone {
			t.Error("it may still send")
		}
		never := &fakeAgent{}
		w.logout(never) // nobody ever logged in on it
		if w.login(never, who("bob", "1")) {
			t.Error("a login that came after its end was taken")
		}
		w.expectSizes(t, 0, 1, 2)
		time.Sleep(time.Hour) // in a queue that nobody has read
		w.swept()
		w.expectSizes(t, 0, 0, 2)
		if _, _, gone := w.allow(a); !gone || w.login(never, who("bob", "1")) {
			t.Error("it came back to life after an hour")
		}
		runtime.KeepAlive(a)
		runtime.KeepAlive(never)
		w.swept() // nobody holds them any more
		w.expectSizes(t, 0, 0, 0)
	})
}

func TestTheRateOutlivesTheConnectionsAndIsForgottenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		a := &fakeAgent{}
		w.login(a, who("alice", "1"))
		for range 3 {
			if _, wait, gone := w.allow(a); wait > 0 || gone {
				t.Errorf("refused within the burst: %s, %t", wait, gone)
			}
		}
		if _, wait, _ := w.allow(a); wait <= 0 || wait > time.Second {
			t.Errorf("told to wait %s", wait)
		}
		w.logout(a)
		b := &fakeAgent{}
		w.login(b, who("alice", "1"))
		if _, wait, _ := w.allow(b); wait == 0 {
			t.Error("reconnecting renewed the rate")
		}
		time.Sleep(time.Second) // one more, and asking in vain has cost nothing
		if _, wait, _ := w.allow(b); wait > 0 {
			t.Errorf("a second later: told to wait %s", wait)
		}
		w.logout(b)
		for range 6 {
			time.Sleep(sweepEvery)
			w.swept()
		}
		w.expectSizes(t, 0, 0, 0)
	})
}

func TestAConnectionWithoutAPlayerHasARateOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a, b := newWatched(), &fakeAgent{}, &fakeAgent{}
		for range 3 {
			w.allow(a)
		}
		if _, wait, _ := w.allow(a); wait == 0 {
			t.Error("no limit before login")
		}
		if _, wait, _ := w.allow(b); wait > 0 {
			t.Error("another connection pays for it")
		}
		if len(w.everyone()) != 0 {
			t.Error("connections without a player are listed")
		}
		w.login(a, who("alice", "1"))
		if _, wait, _ := w.allow(a); wait > 0 {
			t.Error("the player pays for the connection")
		}
		if len(w.everyone()) != 1 {
			t.Error("the player is not listed")
		}
		w.logout(a)
		w.logout(b)
		w.expectSizes(t, 0, 1, 2)
	})
}

func TestTheSweepForgetsNobodyWhoIsHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a := newWatched(), &fakeAgent{}
		w.login(a, who("alice", "1"))
		w.login(&fakeAgent{}, who("bob", "1"))
		b := &fakeAgent{}
		w.login(b, who("bob", "1"))
		w.logout(b)
		time.Sleep(time.Hour)
		w.swept()
		w.expectSizes(t, 2, 2, 0)
		runtime.KeepAlive(a)
	})
}

func TestManyComeAndGoAtOnceAndNothingIsLeft(t *testing.T) {
	w := newRoster(func(string, string, bool) {})
	w.limitTo(1000, 1000)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := range 200 {
				a := &fakeAgent{}
				name := fmt.Sprint((i + n) % 5)
				w.login(a, who(name, "1"), func() {})
				w.allow(a)
				w.connections(name, "1")
				w.login(a, who(fmt.Sprint(n%5), "2"), func() {})
				w.everyone()
				w.logout(a)
				w.player(a)
			}
		})
	}
	all.Wait()
	for _, p := range w.people {
		if len(p.agents) != 0 {
			t.Errorf("%d connections are left", len(p.agents))
		}
	}
	runtime.GC()
	w.sweep(time.Now().Add(time.Hour))
	if len(w.agents)+len(w.people)+len(w.graves) != 0 {
		t.Errorf("%d connections, %d people, %d graves are left", len(w.agents), len(w.people), len(w.graves))
	}
}

// plainAgent is an agent that is no pointer.
type plainAgent struct {
	gate.Agent
	n int
}

// heavyAgent has a write queue as Leaf's.
type heavyAgent struct {
	fakeAgent
	_ [48 << 10]byte
}

// Connections that come, say something or nothing, and go, told or not, are not held, and what is remembered of them is
// bounded.
func TestWhatHasGoneIsNotHeld(t *testing.T) {
	w := newWatched()
	for n := range 3000 {
		a := &heavyAgent{}
		switch n % 3 {
		case 0:
			w.allow(a) // and its end is never told
		case 1:
			w.allow(a)
			w.logout(a)
		default:
			w.logout(a)
		}
		if n%1000 == 0 {
			w.swept()
		}
	}
	for n := range 2 * maxHeld {
		w.logout(plainAgent{n: n})
	}
	w.swept()
	w.expectSizes(t, 0, 0, maxHeld)
	w.sweep(time.Now().Add(graveTime))
	w.expectSizes(t, 0, 0, 0)
}

// Between two sweeps, too, the list of those who have gone does not grow beyond a bound.
func TestTheGoneArePurgedBetweenSweeps(t *testing.T) {
	w := newWatched()
	for n := range 5 * purgeAt {
		w.logout(&fakeAgent{})
		if n%(purgeAt/2) == 0 {
			runtime.GC()
		}
		if len(w.graves) > purgeAt {
			t.Fatalf("%d are remembered", len(w.graves))
		}
	}
	kept := make([]gate.Agent, 3*purgeAt) // somebody else holds them
	for n := range kept {
		kept[n] = &fakeAgent{}
		w.logout(kept[n])
	}
	for _, a := range kept {
		if _, _, gone := w.allow(a); !gone {
			t.Fatal("one that is still held was forgotten")
		}
	}
}

// What waits on behalf of a connection finds it as long as anybody else holds it, and does not hold it.
func TestWhatWaitsForALoginDoesNotHoldItsConnection(t *testing.T) {
	a := &heavyAgent{}
	found := weakly(a)
	if got := found(); got != gate.Agent(a) {
		t.Errorf("found %v", got)
	}
	plain := plainAgent{n: 1}
	if got := weakly(plain)(); got != gate.Agent(plain) {
		t.Errorf("found %v", got)
	}
	w := newWatched()
	w.allow(a)
	name := identOf(a)
	if w.ended(name) {
		t.Error("one that is here has ended")
	}
	w.logout(a)
	if !w.ended(name) || found() == nil {
		t.Error("one that somebody holds is not known to have ended")
	}
	runtime.KeepAlive(a)
	runtime.GC()
	if found() != nil || !w.ended(name) {
		t.Error("it is held")
	}
}

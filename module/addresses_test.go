package module

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leafmidas/leafmidas/payment"
)

func TestRefusedLoginsOfAnAddressAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newAddresses(1)
		for n := range 30 {
			if wait := d.wait("203.0.113.7"); wait > 0 {
				t.Fatalf("after %d it waits for %s", n, wait)
			}
			d.refused("203.0.113.7")
		}
		if wait := d.wait("203.0.113.7"); wait <= 0 || wait > time.Second {
			t.Errorf("it waits for %s", wait)
		}
		if wait := d.wait("203.0.113.8"); wait > 0 {
			t.Errorf("another waits for %s", wait)
		}
		for n := range 2 * maxAddresses {
			d.refused(fmt.Sprint(n))
		}
		if len(d.byName) != maxAddresses {
			t.Errorf("%d are remembered", len(d.byName))
		}
		if d.wait("one more") <= 0 {
			t.Error("those who came too late have no limit")
		}
		time.Sleep(time.Minute)
		d.sweep()
		if len(d.byName) != 0 || d.wait("203.0.113.7") > 0 {
			t.Errorf("%d are left", len(d.byName))
		}
	})
}

func TestWhichAddressesAreClients(t *testing.T) {
	for address, want := range map[string]bool{
		"203.0.113.7": true, "2001:db8::7": true, "10.0.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "::1": false, "fd00::1": false,
		"::ffff:10.0.0.1": false, "": false, "unix": false,
	} {
		if got := isClients(address); got != want {
			t.Errorf("%q: %t", address, got)
		}
	}
}

// A connection whose codes are refused again and again waits, longer each time; a login that takes ends that.
func TestAConnectionWhoseCodesAreRefusedRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, a := newWatched(), &fakeAgent{}
		w.allow(a)
		rests := func() time.Duration { return w.mayLogin(a, time.Now()) }
		for range codesFree - 3 {
			w.loginRefused(a, time.Now())
		}
		for n, want := range []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second} {
			w.loginRefused(a, time.Now())
			if got := rests(); got != want {
				t.Errorf("after %d it rests for %s", n+1, got)
			}
		}
		for range 100 {
			w.loginRefused(a, time.Now())
		}
		if got := rests(); got != codeRest {
			t.Errorf("it rests for %s", got)
		}
		time.Sleep(codeRest)
		w.login(a, payment.Player{OpenID: "alice", ZoneID: "1"})
		w.loginRefused(a, time.Now())
		if got := rests(); got != 0 {
			t.Errorf("after a login it rests for %s", got)
		}
		w.logout(&fakeAgent{})
		if got := w.mayLogin(&fakeAgent{}, time.Now()); got != 0 {
			t.Errorf("a new one rests for %s", got)
		}
	})
}

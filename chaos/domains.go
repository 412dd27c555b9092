package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// domains are the two names by which servers reach Midas. The first one dies now and then, and comes back.
type domains struct {
	dice *rand.Rand // the storm's own
	dead atomic.Bool
}

// domainDied is what is counted.
const domainDied = "times that the first domain died"

// turn lets the first domain die, or come back. It tells whether it has died now.
func (d *domains) turn() (died bool) {
	switch {
	case d.dead.Load():
		d.dead.Store(d.dice.IntN(4) > 0)
		return false
	default:
		died = d.dice.IntN(6) == 0
		d.dead.Store(died)
		return died
	}
}

// first leads to a handler while the first domain lives. Who calls meanwhile has the connection cut.
func (d *domains) first(to http.Handler) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.dead.Load() {
			panic(http.ErrAbortHandler)
		}
		to.ServeHTTP(w, r)
	}))
}

package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// slowLine is what stands between the servers and Midas: now and then it keeps a call that moves coins for up to a
// minute and then lets it through, long after its caller has given up, or cuts the connection once it has read the
// request, and lets that through all the same. What it keeps has left the server: nobody can take it back.
type slowLine struct {
	midas http.Handler
	most  time.Duration // that a call is kept

	ended context.Context // when it is, everything that is kept goes through at once
	end   context.CancelFunc
	calls sync.WaitGroup

	mu         sync.Mutex
	dice       *rand.Rand // nil: everything goes through at once
	kept, cuts int
}

func newSlowLine(midas http.Handler, seed uint64, most time.Duration) *slowLine {
	l := &slowLine{midas: midas, most: most, dice: rand.New(rand.NewPCG(seed, 2))}
	l.ended, l.end = context.WithCancel(context.Background())
	return l
}

// fate is what becomes of a call: kept for a while, its connection cut, or neither.
func (l *slowLine) fate() (keep time.Duration, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dice == nil {
		return 0, false
	}
	draw := l.dice.Float64()
	switch {
	case draw < 0.01: // about as long as anybody waits
		keep = time.Duration(l.dice.Int64N(int64(4 * midasTimeout)))
	case draw < 0.02:
		keep = time.Duration(l.dice.Int64N(int64(min(l.most, 10*time.Second))))
	case draw < 0.03:
		keep = time.Duration(l.dice.Int64N(int64(l.most)))
	case draw < 0.05:
		keep, cut = time.Duration(l.dice.Int64N(int64(min(l.most, 5*time.Second)))), true
	}
	if cut {
		l.cuts++
	} else if keep > 0 {
		l.kept++
	}
	return keep, cut
}

// ServeHTTP passes a call on.
func (l *slowLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/pay") && !strings.HasSuffix(r.URL.Path, "/cancelpay") {
		l.midas.ServeHTTP(w, r)
		return
	}
	keep, cut := l.fate()
	if keep == 0 {
		l.midas.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil { // its caller has died in the middle of it
		panic(http.ErrAbortHandler)
	}
	answers := make(chan *httptest.ResponseRecorder, 1)
	l.calls.Go(func() { answers <- l.through(r, body, keep) })
	if cut {
		panic(http.ErrAbortHandler)
	}
	select {
	case a := <-answers:
		for name, values := range a.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(a.Code)
		_, _ = w.Write(a.Body.Bytes()) // a caller who is gone has no use for the error
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

// through lets a call through when it has been kept for long enough. Midas may cut the connection, too.
func (l *slowLine) through(r *http.Request, body []byte, keep time.Duration) (a *httptest.ResponseRecorder) {
	select {
	case <-time.After(keep):
	case <-l.ended.Done():
	}
	a = httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			a = httptest.NewRecorder()
			a.Code = http.StatusBadGateway
		}
	}()
	// Nobody gives up any more: a Midas that hangs has to be left for good.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), midasTimeout)
	defer cancel()
	late := r.Clone(ctx)
	late.Body = io.NopCloser(bytes.NewReader(body))
	l.midas.ServeHTTP(a, late)
	return a
}

// land lets everything through that is kept, and keeps nothing from now on.
func (l *slowLine) land() {
	l.mu.Lock()
	l.dice = nil
	l.mu.Unlock()
	l.end()
	l.calls.Wait()
}

func (l *slowLine) counts() (kept, cuts int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept, l.cuts
}

package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// mail is the way of Midas's pushes to the servers. It loses some, and loses the answers to some, which Midas then
// repeats; it keeps some back for a moment, so that others overtake them, and brings copies of some again, over minutes
// and to any server.
type mail struct {
	to    []string // URLs of the servers
	front *httptest.Server
	most  time.Duration // until a copy comes

	ended  context.Context
	end    context.CancelFunc
	copies sync.WaitGroup

	mu                            sync.Mutex
	dice                          *rand.Rand // nil: everything arrives
	old                           []letter   // to be brought again at the end
	lost, unheard, held, repeated int
}

// letter is a push as it was sent.
type letter struct {
	query  string
	header http.Header
	body   []byte
}

// keptLetters bounds how many copies are brought again at the end.
const keptLetters = 50

func newMail(seed uint64, most time.Duration, to []string) *mail {
	m := &mail{to: to, most: most, dice: rand.New(rand.NewPCG(seed, 3))}
	m.ended, m.end = context.WithCancel(context.Background())
	m.front = httptest.NewServer(m)
	return m
}

// lot is what becomes of one push.
type lot struct {
	lost, unheard bool
	hold          time.Duration
	again         []time.Duration
	to            int // the server that it comes to
}

func (m *mail) draw(l letter) (out lot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dice == nil {
		return out
	}
	out.to = m.dice.IntN(len(m.to))
	switch m.dice.IntN(10) {
	case 0, 1:
		out.lost = true
		m.lost++
	case 2:
		out.unheard = true
		m.unheard++
	case 3, 4:
		out.hold = time.Duration(m.dice.Int64N(int64(2500 * time.Millisecond))) // Midas waits for 3 s
		m.held++
	}
	for m.dice.IntN(4) == 0 {
		out.again = append(out.again, time.Duration(m.dice.Int64N(int64(m.most))))
		m.repeated++
	}
	if len(m.old) < keptLetters {
		m.old = append(m.old, l)
	} else if n := m.dice.IntN(4 * keptLetters); n < keptLetters {
		m.old[n] = l
	}
	return out
}

// ServeHTTP takes a push from Midas.
func (m *mail) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	l := letter{r.URL.RawQuery, r.Header.Clone(), body}
	lot := m.draw(l)
	for _, after := range lot.again {
		m.copies.Go(func() {
			select {
			case <-time.After(after):
			case <-m.ended.Done():
			}
			m.bring(context.Background(), l, lot.to)
		})
	}
	if lot.lost {
		panic(http.ErrAbortHandler)
	}
	select {
	case <-time.After(lot.hold):
	case <-m.ended.Done():
	}
	status, answer := m.bring(r.Context(), l, lot.to)
	if lot.unheard || status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// bring posts a letter. 0: there is nobody.
func (m *mail) bring(ctx context.Context, l letter, to int) (status int, answer []byte) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.to[to]+"?"+l.query, bytes.NewReader(l.body))
	if err != nil {
		return 0, nil
	}
	r.Header = l.header.Clone()
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil
	}
	defer a.Body.Close()
	answer, err = io.ReadAll(a.Body)
	if err != nil {
		return 0, nil
	}
	return a.StatusCode, answer
}

// settle brings the copies that are still to come, and loses nothing from now on.
func (m *mail) settle() {
	m.mu.Lock()
	m.dice = nil
	m.mu.Unlock()
	m.end()
	m.copies.Wait()
}

// again brings copies of what came before, in any order.
func (m *mail) again(ctx context.Context, dice *rand.Rand) {
	m.mu.Lock()
	letters := append([]letter(nil), m.old...)
	m.mu.Unlock()
	dice.Shuffle(len(letters), func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
	for _, l := range letters {
		m.bring(ctx, l, dice.IntN(len(m.to)))
	}
}

func (m *mail) close() {
	m.settle()
	m.front.CloseClientConnections()
	m.front.Close()
}

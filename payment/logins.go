package payment

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/leafmidas/leafmidas/midas"
)

const (
	// codesPerAsker bounds the login codes that one asker may have waiting.
	codesPerAsker = 2
	// codesKept is how many refused codes are remembered, 16 bytes of each: half a megabyte in all.
	codesKept = 8192
)

// logins trades login codes. Whoever sends one need not be anybody, so they have lanes of their own, and can take no
// place of those who have logged in. What is bounded besides is codes that WeChat refuses, for all in all: they use up
// the game's quota for nobody. Good ones are as many as there is room for.
type logins struct {
	lanes   *lanes
	refusal *rate.Limiter // a token for each refused code; none is asked about while there is none

	mu      sync.Mutex
	refused map[[16]byte]struct{} // codes; codesKept at most
	ring    [][16]byte            // the same, oldest at next
	next    int
}

func newLogins(inFlight, waiting int, refusedPerSecond float64) *logins {
	return &logins{
		lanes:   newLanes(inFlight, codesPerAsker, waiting, func() {}),
		refusal: rate.NewLimiter(rate.Limit(refusedPerSecond), max(1, int(2*refusedPerSecond))),
		refused: map[[16]byte]struct{}{},
	}
}

// Exchange trades a wx.login code for a session. key names who asks: one exchange at a time for each. wanted tells,
// when the code's turn comes, whether anybody still waits for it: if not, it is not traded, and done not called.
// Thousands may wait, so neither wanted nor done may hold much. A code that was refused is not asked about again.
// Errors besides Midas's: ErrBusy, ErrClosing, ErrUnavailable.
func (t *Till) Exchange(key any, code string, wanted func() bool, done func(midas.Session, error)) error {
	if err := t.mayCall(Player{}, midas.EndpointLogin); err != nil {
		return err
	}
	if t.logins.isRefused(code) {
		return errRefusedBefore
	}
	return t.logins.lanes.add(key, false, t.spanned("midas.exchange", func(ctx context.Context) {
		if s, err := t.exchange(ctx, code, wanted); !errors.Is(err, errUnwanted) {
			noted(ctx, t, done)(s, err)
		}
	}))
}

// errUnwanted: whoever asked has gone.
var errUnwanted = errors.New("payment: nobody waits for this login")

// errRefusedBefore is what a code hears that was refused before.
var errRefusedBefore = fmt.Errorf("payment: %w: it was refused before", midas.ErrBadCode)

func (t *Till) exchange(ctx context.Context, code string, wanted func() bool) (midas.Session, error) {
	if !wanted() {
		return midas.Session{}, errUnwanted
	}
	if err := t.logins.mayAsk(ctx); err != nil {
		return midas.Session{}, err
	}
	if !wanted() {
		return midas.Session{}, errUnwanted
	}
	if t.logins.isRefused(code) { // meanwhile
		return midas.Session{}, errRefusedBefore
	}
	s, err := t.cfg.Midas.Code2Session(ctx, code)
	if errors.Is(err, midas.ErrBadCode) {
		t.logins.refuse(code)
	}
	return s, err
}

// mayAsk waits until a code may be refused again.
func (l *logins) mayAsk(ctx context.Context) error {
	for {
		lacking := -l.refusal.Tokens()
		if lacking < 0 {
			return nil
		}
		timer := time.NewTimer(time.Duration(max(lacking, 0.1) / float64(l.refusal.Limit()) * float64(time.Second)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ErrClosing
		}
	}
}

func nameOf(code string) [16]byte {
	sum := sha256.Sum256([]byte(code))
	return [16]byte(sum[:16])
}

func (l *logins) isRefused(code string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, refused := l.refused[nameOf(code)]
	return refused
}

// refuse remembers a code that WeChat has refused.
func (l *logins) refuse(code string) {
	l.refusal.ReserveN(time.Now(), 1)
	name := nameOf(code)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, again := l.refused[name]; again {
		return
	}
	l.refused[name] = struct{}{}
	if len(l.ring) < codesKept {
		l.ring = append(l.ring, name)
		return
	}
	delete(l.refused, l.ring[l.next])
	l.ring[l.next] = name
	l.next = (l.next + 1) % codesKept
}

package module

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/payment"
)

// asyncModule delivers through deliver, on a game of its own.
func asyncModule(t *testing.T, deliver func(o ledger.Order, done func(error))) *Module {
	t.Helper()
	m := New(slog.New(slog.DiscardHandler))
	m.courier = startCourier(t)
	m.game, _ = startGame(t, 100)
	m.grantAsync = deliver
	return m
}

var sword = ledger.Order{BillNo: "b1", ItemID: "sword"}

func TestAnAsyncDeliveryWaitsForItsAnswer(t *testing.T) {
	full := errors.New("bag full")
	for name, answer := range map[string]error{"granted": nil, "refused": payment.ErrRefuse, "failed": full} {
		m := asyncModule(t, func(_ ledger.Order, done func(error)) {
			go func() { done(answer); done(errors.New("said twice")) }()
		})
		if err := m.Deliver(within(t, 10*time.Second), sword); !errors.Is(err, answer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	panics := asyncModule(t, func(ledger.Order, func(error)) { panic("oops") })
	if err := panics.Deliver(within(t, 10*time.Second), sword); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a panic: %v", err)
	}
}

// tries collects the done functions of a host that answers when the test says so.
type tries struct {
	mu   sync.Mutex
	done []func(error)
	more chan struct{}
}

func (h *tries) deliver(_ ledger.Order, done func(error)) {
	h.mu.Lock()
	h.done = append(h.done, done)
	h.mu.Unlock()
	h.more <- struct{}{}
}

// answerTry answers the nth try.
func (h *tries) answerTry(n int, err error) {
	h.mu.Lock()
	done := h.done[n-1]
	h.mu.Unlock()
	done(err)
}

func TestALateYesCountsForTheNextTry(t *testing.T) {
	h := &tries{more: make(chan struct{}, 10)}
	m := asyncModule(t, h.deliver)
	if err := m.Deliver(within(t, 20*time.Millisecond), sword); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("no answer: %v", err)
	}
	<-h.more
	h.answerTry(1, nil)
	if err := m.Deliver(within(t, 10*time.Second), sword); err != nil {
		t.Errorf("%v", err)
	}
	if len(h.done) != 1 {
		t.Errorf("the game was asked %d times", len(h.done))
	}
	if len(m.acks.byBill) != 0 {
		t.Error("an answer is left behind")
	}
	h.answerTry(1, errors.New("nobody listens any more"))
}

// A refusal that comes late may have been overtaken: the coins must not go back for an item that was granted meanwhile.
func TestALateNoIsNotBelieved(t *testing.T) {
	h := &tries{more: make(chan struct{}, 10)}
	m := asyncModule(t, h.deliver)
	if err := m.Deliver(within(t, 20*time.Millisecond), sword); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("no answer: %v", err)
	}
	<-h.more
	var all sync.WaitGroup
	all.Go(func() {
		if err := m.Deliver(within(t, 10*time.Second), sword); err != nil {
			t.Errorf("%v", err)
		}
	})
	<-h.more
	h.answerTry(1, payment.ErrRefuse)
	h.answerTry(2, nil)
	all.Wait()
}

func TestAnswersNobodyComesForAreForgotten(t *testing.T) {
	h := &tries{more: make(chan struct{}, 10)}
	m := asyncModule(t, h.deliver)
	_ = m.Deliver(within(t, 20*time.Millisecond), sword)
	m.acks.sweep(time.Now().Add(ackTime - time.Minute))
	if len(m.acks.byBill) != 1 {
		t.Error("forgotten too soon")
	}
	m.acks.sweep(time.Now().Add(ackTime))
	if len(m.acks.byBill) != 0 {
		t.Error("remembered for ever")
	}
}

// Answers that are kept are bounded. The one that goes is the oldest, and never one that is awaited.
func TestOnlySoManyAnswersAreKept(t *testing.T) {
	a := newAcks()
	for n := range maxAcks {
		a.expect(fmt.Sprint(n))
	}
	a.byBill["7"].since = time.Now().Add(-time.Minute)
	answer, try := a.expect("one more")
	if len(a.byBill) != maxAcks || a.byBill["7"] != nil {
		t.Errorf("%d answers are kept", len(a.byBill))
	}
	a.settle("7", 1, nil) // nobody knows of it
	a.settle("one more", try, nil)
	if len(answer) != 1 {
		t.Error("an answer that is awaited does not come")
	}
}

package payment_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/emulator"
)

// The way between a server and Midas in the trials: the real client at one end, the emulator at the other, and between
// them whatever a network, a proxy or Midas's own queue may do to a call. Nothing here takes real time.

// mishap is what befalls one call on its way.
type mishap string

const (
	fineCall   mishap = ""            // nothing
	lostCall   mishap = "lost"        // never arrives; silence
	cutCall    mishap = "cut"         // never arrives; the connection breaks at once
	lostAnswer mishap = "lost answer" // done; silence
	cutAnswer  mishap = "cut answer"  // done; the connection breaks at once
	lateAnswer mishap = "late answer" // done; the answer comes after the wait, if anybody still listens
	heldCall   mishap = "held"        // arrives after the wait, whether or not anybody still listens; silence
	heldCut    mishap = "held, cut"   // arrives after the wait; the connection breaks at once
	queuedCall mishap = "queued"      // Midas takes it in, and does it after the wait; until then it knows nothing of it; silence
	slowCall   mishap = "processing"  // the same, but Midas says meanwhile that it is being processed
	refused    mishap = "-1"          // nothing done
	failed     mishap = "-1, done"    // done
	webPage    mishap = "page"        // done, and answered with a web page
	badGateway mishap = "502"         // nothing done
	emptyReply mishap = "empty"       // done, and answered with nothing
	tooMany5   mishap = "45011"       // too many calls; nothing done
	deadToken1 mishap = "40001"       // the token is dead; nothing done
	processed  mishap = "90016"       // V1: being processed; V2: session expired; nothing done
	forbids    mishap = "90017"       // not permitted; nothing done
	unheard    mishap = "98765"       // a code that nobody knows; nothing done
)

var mishaps = []mishap{
	fineCall, lostCall, cutCall, lostAnswer, cutAnswer, lateAnswer, heldCall, heldCut, queuedCall, slowCall, refused, failed,
	webPage, badGateway, emptyReply, tooMany5, deadToken1, processed, forbids, unheard,
}

// scripted are the mishaps that the emulator brings about itself.
var scripted = map[mishap]emulator.Fault{
	refused:    {Kind: emulator.Refuse},
	failed:     {Kind: emulator.Fail},
	webPage:    {Kind: emulator.HTML, Commit: true},
	badGateway: {Kind: emulator.BadGateway},
	emptyReply: {Kind: emulator.Empty, Commit: true},
	tooMany5:   {Kind: emulator.Answer, Code: 45011},
	deadToken1: {Kind: emulator.Answer, Code: 40001},
	processed:  {Kind: emulator.Answer, Code: 90016},
	forbids:    {Kind: emulator.Answer, Code: 90017},
	unheard:    {Kind: emulator.Answer, Code: 98765},
}

// fate is the mishap of one call, and how long it waits where it does.
type fate struct {
	What mishap
	Wait time.Duration
}

// lastLanding is how old a bill number is at most when a call with it takes effect: the till looks at it for a little
// longer. What lands later, no rule can find before the number dies.
const lastLanding = 44 * time.Hour

// wire carries the calls of one server.
type wire struct{ *node }

var _ http.RoundTripper = wire{}

// RoundTrip carries a call to the emulator and back, under its fate.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	ctx, t := r.Context(), w.trial
	w.pass() // it may stand still here, and send all the same
	if w.isDead() {
		return nil, io.ErrUnexpectedEOF
	}
	api := path.Base(r.URL.Path)
	call := func(ctx context.Context) *http.Request {
		again := r.Clone(ctx)
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		again.RequestURI = r.URL.RequestURI()
		return again
	}
	silence := func() (*http.Response, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	f := t.fateOf(api)
	bill := billIn(body)
	switch f.What {
	case heldCall, heldCut, queuedCall, slowCall:
		if t.age(bill)+f.Wait > lastLanding {
			f.What = lostCall
			break
		}
		t.mu.Lock()
		if at := time.Now().Add(f.Wait); at.After(t.lands[bill]) {
			t.lands[bill] = at
		}
		t.mu.Unlock()
	}
	t.note(w.node, api, bill, f)
	answer := func(resp *http.Response, err error) (*http.Response, error) {
		w.pass()
		if w.isDead() {
			return nil, io.ErrUnexpectedEOF
		}
		return resp, err
	}
	switch f.What {
	case lostCall:
		return silence()
	case cutCall:
		return nil, io.ErrUnexpectedEOF
	case lostAnswer:
		_, _ = t.arrive(call(context.Background()), api, nil)
		return silence()
	case cutAnswer:
		_, _ = t.arrive(call(context.Background()), api, nil)
		return nil, io.ErrUnexpectedEOF
	case lateAnswer:
		resp, err := t.arrive(call(context.Background()), api, nil)
		select {
		case <-time.After(f.Wait):
			return answer(resp, err)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case heldCall, heldCut:
		t.pending.Go(func() {
			time.Sleep(f.Wait)
			_, _ = t.arrive(call(context.Background()), api, nil)
		})
		if f.What == heldCut {
			return nil, io.ErrUnexpectedEOF
		}
		return silence()
	case queuedCall, slowCall:
		given, giveUp := context.WithCancel(context.Background())
		giveUp() // the emulator counts the wait from when its caller has given up
		late := emulator.Fault{Kind: emulator.LateCommit, Unseen: f.What == queuedCall, Delay: f.Wait}
		_, _ = t.arrive(call(given), api, &late)
		return silence()
	}
	fault, isScripted := scripted[f.What]
	if !isScripted {
		return answer(t.arrive(call(ctx), api, nil))
	}
	if f.What == forbids && api == emulator.APICancel {
		t.mu.Lock()
		t.kept[bill] = true
		t.mu.Unlock()
	}
	return answer(t.arrive(call(ctx), api, &fault))
}

// arrive has the emulator answer a call, one at a time, so that a fault meets the call that it is meant for.
func (t *trial) arrive(r *http.Request, api string, fault *emulator.Fault) (resp *http.Response, err error) {
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	if fault != nil {
		if err := t.emu.Script(api, *fault); err != nil {
			return nil, err
		}
	}
	defer func() {
		if p := recover(); p != nil { // http.ErrAbortHandler: the connection breaks
			resp, err = nil, io.ErrUnexpectedEOF
		}
	}()
	rec := httptest.NewRecorder()
	t.emu.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// fateOf takes the fate of an API's next call.
func (t *trial) fateOf(api string) fate {
	t.mu.Lock()
	defer t.mu.Unlock()
	if api != emulator.APIStableToken && time.Now().Before(t.outage) {
		return fate{What: lostCall}
	}
	if next := t.fates[api]; len(next) > 0 {
		t.fates[api] = next[1:]
		return next[0]
	}
	return fate{}
}

// billIn is the number of the purchase or payment that a call is about; "" if it is about none.
func billIn(body []byte) string {
	var numbers struct {
		Bill string `json:"bill_no"`
		Pay  string `json:"pay_bill_no"` // of V2's cancelpay, whose own number is another
	}
	if json.Unmarshal(body, &numbers) != nil {
		return ""
	}
	if numbers.Pay != "" {
		return numbers.Pay
	}
	return numbers.Bill
}

// age is how old a bill number is, by the clock of the server that made it.
func (t *trial) age(bill string) time.Duration {
	id, err := ulid.ParseStrict(bill)
	if err != nil {
		return 0
	}
	return time.Since(ulid.Time(id.Time()))
}

// note keeps what befell a call, for whoever reads how a history came to its end.
func (t *trial) note(n *node, api, bill string, f fate) {
	if api == emulator.APIStableToken {
		return
	}
	t.write("%s: %s %s %s %s", n.name, api, bill, f.What, f.Wait)
}

// write adds a line to the history's record.
func (t *trial) write(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := time.Since(t.began).Round(time.Millisecond)
	t.record = append(t.record, fmt.Sprintf("%-14s ", at)+fmt.Sprintf(format, args...))
}

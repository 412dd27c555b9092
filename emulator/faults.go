package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Kind is a way in which a call goes wrong.
type Kind string

// The kinds of fault. "Done" means that the call took its effect, if it passed the checks; what the effect was,
// the caller is not told. Faults marked (Commit) are done only if Fault.Commit is set.
const (
	// OK lets the call through; in a script it keeps a place.
	OK Kind = "ok"
	// Refuse answers -1; nothing is done.
	Refuse Kind = "refuse"
	// Fail answers -1; the call is done.
	Fail Kind = "fail"
	// Answer answers errcode Fault.Code (45009, 45011, 90017 …); nothing is done.
	Answer Kind = "answer"
	// Hang never answers. It ends when the caller gives up or the emulator is closed. (Commit)
	Hang Kind = "hang"
	// Cut closes the connection without an answer. (Commit) Go's HTTP client silently repeats a GET that met this
	// on a connection it had used before, so that a script loses two places.
	Cut Kind = "cut"
	// CutReply closes the connection in the middle of the reply; the call is done.
	CutReply Kind = "cut-reply"
	// HTML answers 200 with a web page. (Commit)
	HTML Kind = "html"
	// Empty answers 200 with nothing. (Commit)
	Empty Kind = "empty"
	// BadGateway answers HTTP 502 with a web page. (Commit)
	BadGateway Kind = "bad-gateway"
	// Slow does the call and answers rightly after Fault.Delay.
	Slow Kind = "slow"
	// LateCommit hangs, and does the call only when Fault.Delay has passed on the emulator's clock after the caller
	// gave up. Until then the bill number is "being processed": cancelpay answers 90016, and a repeat -1. With
	// Unseen, Midas has not heard of it yet: cancelpay answers 90000, and then the coins are deducted all the same.
	LateCommit Kind = "late-commit"
)

// needs tells what a kind of fault makes use of.
var needs = map[Kind]struct{ commit, delay, code, unseen bool }{
	OK: {}, Refuse: {}, Fail: {}, CutReply: {},
	Hang: {commit: true}, Cut: {commit: true}, HTML: {commit: true}, Empty: {commit: true}, BadGateway: {commit: true},
	Answer: {code: true}, Slow: {delay: true}, LateCommit: {delay: true, unseen: true},
}

// Fault is one thing that goes wrong in one call.
type Fault struct {
	Kind Kind
	// Commit makes Hang, Cut, HTML, Empty and BadGateway happen after the call was done. False: nothing is done.
	Commit bool
	// Delay belongs to Slow, where it must be positive and is real time, and to LateCommit.
	Delay time.Duration
	// Code is the errcode of Answer; not 0.
	Code int
	// Unseen belongs to LateCommit.
	Unseen bool
}

// Chance is how probable a fault is, from 0 to 1.
type Chance struct {
	Probability float64 `json:"probability"`
	Fault       Fault   `json:"fault"`
}

// Faults are what may befall a call; at most one of them does. Their probabilities add up to at most 1.
type Faults []Chance

// wireFault is a Fault in the control API: durations are texts like "3s".
type wireFault struct {
	Kind   Kind   `json:"kind"`
	Commit bool   `json:"commit,omitempty"`
	Delay  string `json:"delay,omitempty"`
	Code   int    `json:"code,omitempty"`
	Unseen bool   `json:"unseen,omitempty"`
}

// MarshalJSON writes the fault as the control API reads it.
func (f Fault) MarshalJSON() ([]byte, error) {
	w := wireFault{Kind: f.Kind, Commit: f.Commit, Code: f.Code, Unseen: f.Unseen}
	if f.Delay != 0 {
		w.Delay = f.Delay.String()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads {"kind","commit","delay","code","unseen"}, delay being a text like "3s".
func (f *Fault) UnmarshalJSON(data []byte) error {
	var w wireFault
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return err
	}
	*f = Fault{Kind: w.Kind, Commit: w.Commit, Code: w.Code, Unseen: w.Unseen}
	if w.Delay == "" {
		return nil
	}
	var err error
	f.Delay, err = time.ParseDuration(w.Delay)
	return err
}

// validate refuses a fault that says less or more than its kind can mean.
func (f Fault) validate() error {
	n, known := needs[f.Kind]
	switch {
	case !known:
		return fmt.Errorf("emulator: unknown kind of fault %q", f.Kind)
	case f.Commit && !n.commit:
		return fmt.Errorf("emulator: fault %q takes no commit", f.Kind)
	case f.Unseen && !n.unseen:
		return fmt.Errorf("emulator: fault %q takes no unseen", f.Kind)
	case f.Delay < 0, f.Delay > 0 && !n.delay, f.Delay == 0 && f.Kind == Slow:
		return fmt.Errorf("emulator: fault %q with a delay of %v", f.Kind, f.Delay)
	case (f.Code != 0) != n.code:
		return fmt.Errorf("emulator: fault %q with code %d", f.Kind, f.Code)
	}
	return nil
}

// does tells whether the call takes its effect, as far as that happens before the answer.
func (f Fault) does() bool {
	switch f.Kind {
	case OK, Fail, CutReply, Slow:
		return true
	}
	return f.Commit
}

func (f Faults) validate() error {
	sum := 0.0
	for _, c := range f {
		if err := c.Fault.validate(); err != nil {
			return err
		}
		if !(c.Probability >= 0) { // NaN too
			return fmt.Errorf("emulator: fault %q with probability %v", c.Fault.Kind, c.Probability)
		}
		sum += c.Probability
	}
	if sum > 1+1e-9 {
		return fmt.Errorf("emulator: the probabilities of the faults add up to %v", sum)
	}
	return nil
}

// faultPlan decides what befalls each call. Every API draws from its own stream, so that the calls of one do not
// change the luck of another.
type faultPlan struct {
	seed    uint64
	streams map[string]*rand.Rand
	chances map[string]Faults
	scripts map[string][]Fault
	outage  *Fault
}

func newFaultPlan(seed uint64) *faultPlan {
	return &faultPlan{
		seed:    seed,
		streams: make(map[string]*rand.Rand),
		chances: make(map[string]Faults),
		scripts: make(map[string][]Fault),
	}
}

// next takes the fault of the next call of an API: an outage's, else the script's, else what chance brings.
func (p *faultPlan) next(api string, isPayment bool) Fault {
	if p.outage != nil && isPayment {
		return *p.outage
	}
	for _, name := range []string{api, AllAPIs} {
		if script := p.scripts[name]; len(script) > 0 {
			p.scripts[name] = script[1:]
			return script[0]
		}
	}
	chances, own := p.chances[api]
	if !own {
		chances = p.chances[AllAPIs]
	}
	if len(chances) == 0 {
		return Fault{Kind: OK}
	}
	draw := p.stream(api).Float64()
	for _, c := range chances {
		if draw < c.Probability {
			return c.Fault
		}
		draw -= c.Probability
	}
	return Fault{Kind: OK}
}

func (p *faultPlan) stream(api string) *rand.Rand {
	r := p.streams[api]
	if r == nil {
		h := fnv.New64a()
		h.Write([]byte(api))
		r = rand.New(rand.NewPCG(p.seed, h.Sum64()))
		p.streams[api] = r
	}
	return r
}

package payment_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/emulator"
)

// plan is a history before it happens: everything that is drawn.
type plan struct {
	V2            bool
	InTransaction bool // the host grants in the ledger's transaction
	Twin          bool // a second game, with a ledger of its own, shares the account at Midas
	Servers       int
	Patience      int   // which of patiences
	Skews         []int // of the servers' clocks, in seconds
	Acts          []act
}

// act is one thing that happens. What the fields mean depends on What.
type act struct {
	What string
	Who  int           // which player
	On   int           // which server
	N    int           // of a request, a payment, a step, a mood
	For  time.Duration // how long it lasts, or how late it comes
	Then time.Duration // how long until the next act
	API  string
	Lot  []fate
}

// String is the plan as Go has it, so that a history can be kept.
func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan{V2: %t, InTransaction: %t, Twin: %t, Servers: %d, Patience: %d, ", p.V2, p.InTransaction, p.Twin,
		p.Servers, p.Patience)
	fmt.Fprintf(&b, "Skews: []int{%s}, Acts: []act{\n", strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Skews), " ", ", "), "[]"))
	for _, a := range p.Acts {
		fmt.Fprintf(&b, "\t{What: %q, Who: %d, On: %d, N: %d, For: %d, Then: %d", a.What, a.Who, a.On, a.N, a.For, a.Then)
		if a.API != "" {
			fmt.Fprintf(&b, ", API: %q, Lot: []fate{", a.API)
			for _, f := range a.Lot {
				fmt.Fprintf(&b, "{%q, %d}, ", f.What, f.Wait)
			}
			b.WriteString("}")
		}
		b.WriteString("},\n")
	}
	b.WriteString("}}")
	return b.String()
}

const (
	players    = 2
	maxServers = 3
	minActs    = 4
	maxActs    = 20
)

var (
	// delays are how long something lasts, or how late it comes.
	delays = []time.Duration{
		time.Second, 4 * time.Second, 8 * time.Second, 40 * time.Second, 90 * time.Second, 4 * time.Minute, 9 * time.Minute,
		time.Hour, 5 * time.Hour, 20 * time.Hour,
	}
	// ages outlive things: a push's repeats, a bill number, a month.
	ages = []time.Duration{3 * time.Hour, 26 * time.Hour, 46 * time.Hour, 50 * time.Hour, 32 * 24 * time.Hour}

	alwaysActs = []string{
		"buy", "buy", "buy", "buy late", "buy late", "give", "cancel", "cancel", "coins", "window", "pay window", "report",
		"pay and report", "windows", "login", "login", "two logins", "leave", "session dies", "fates", "fates", "fates", "mood",
		"game down", "midas down", "freeze", "stall", "stall", "die", "restart", "power cut", "skew", "stranger", "wait", "wait",
		"long wait",
	}
	moneyActs = append([]string{
		"goods", "goods", "pay goods", "goods and pay", "goods and pay", "goods and leave", "store goods", "store goods",
		"bought and refunded", "bought and refunded", "refund", "refund", "refund in parts", "other money",
	}, alwaysActs...)
	calls = []string{
		emulator.APIPay, emulator.APIPay, emulator.APIPay, emulator.APICancel, emulator.APICancel, emulator.APIPresent,
		emulator.APIBalance, emulator.APIQuery,
	}
	longActs   = []string{"long wait", "goods and leave", "power cut"}
	landsLater = []mishap{heldCall, heldCut, queuedCall, slowCall}
)

func drawPlan(r *rapid.T) plan {
	p := plan{
		V2: rapid.Bool().Draw(r, "V2"), InTransaction: rapid.IntRange(0, 3).Draw(r, "in transaction") == 3,
		Servers: rapid.IntRange(1, maxServers).Draw(r, "servers"), Patience: rapid.IntRange(0, len(patiences)-1).Draw(r, "patience"),
	}
	if p.V2 {
		p.Twin = rapid.IntRange(0, 3).Draw(r, "twin") == 3
	}
	for range maxServers {
		p.Skews = append(p.Skews, rapid.IntRange(-60, 60).Draw(r, "skew"))
	}
	p.Acts = rapid.SliceOfN(rapid.Custom(func(r *rapid.T) act { return drawAct(r, p.V2) }), minActs, maxActs).Draw(r, "acts")
	old := 0
	for i, a := range p.Acts {
		// Two such waits outlive everything there is; more only take time.
		if slices.Contains(longActs, a.What) {
			if old++; old > 2 {
				p.Acts[i].For = 3 * time.Hour
			}
		}
	}
	return p
}

func drawAct(r *rapid.T, v2 bool) act {
	what := alwaysActs
	if v2 {
		what = moneyActs
	}
	a := act{
		What: rapid.SampledFrom(what).Draw(r, "what"), Who: rapid.IntRange(0, players-1).Draw(r, "who"),
		On: rapid.IntRange(0, maxServers-1).Draw(r, "on"), N: rapid.IntRange(0, 7).Draw(r, "n"),
		Then: time.Duration(rapid.IntRange(0, 8).Draw(r, "then")) * 500 * time.Millisecond,
	}
	switch a.What {
	case "long wait", "goods and leave", "power cut":
		a.For = rapid.SampledFrom(ages).Draw(r, "for")
	case "game down":
		a.For = rapid.SampledFrom([]time.Duration{time.Minute, 20 * time.Minute, 2 * time.Hour}).Draw(r, "for")
	case "fates":
		a.API = rapid.SampledFrom(calls).Draw(r, "api")
		a.Lot = rapid.SliceOfN(rapid.Custom(drawFate), 1, 4).Draw(r, "lot")
	default:
		a.For = rapid.SampledFrom(delays).Draw(r, "for")
	}
	return a
}

func drawFate(r *rapid.T) fate {
	what := mishaps
	if rapid.Bool().Draw(r, "lands later") {
		what = landsLater
	}
	return fate{rapid.SampledFrom(what).Draw(r, "mishap"), rapid.SampledFrom(delays).Draw(r, "wait")}
}

package payment_test

import (
	"cmp"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// stuck is how long one history may take in real time before it is taken to hang: it ends in less than a second.
const stuck = 5 * time.Minute

var trials atomic.Int64

// try runs a plan to its end in a bubble of virtual time, and says what the judge has found.
func try(t *testing.T, folder string, p plan) (faults, record []string) {
	t.Helper()
	watchdog := time.AfterFunc(stuck, func() {
		debug.SetTraceback("all")
		panic("this history hangs:\n" + p.String())
	})
	defer watchdog.Stop()
	number := trials.Add(1)
	synctest.Test(t, func(*testing.T) {
		tr := &trial{
			plan:   p,
			folder: folder,
			began:  time.Now(),
			turn:   make(chan struct{}, 1),
			calmed: make(chan struct{}),
			lands:  map[string]time.Time{},
			logger: slog.New(slog.DiscardHandler),
			fates:  map[string][]fate{},
			kept:   map[string]bool{},
			asked:  map[string]*wish{},
		}
		if testing.Verbose() && os.Getenv("TRIAL_LOG") != "" {
			tr.logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
		}
		var err error
		if tr.emu, err = emulator.New(emulator.Config{
			ForgetBills: true, SessionLife: 1000 * time.Hour, Goods: map[string]int64{"pass": passFen},
		}); err != nil {
			panic(err)
		}
		names := []string{"a", "b"}[:1]
		if p.Twin {
			names = []string{"a", "b"}
		}
		for i, name := range names {
			h := &house{
				trial:   tr,
				name:    name,
				path:    filepath.Join(folder, fmt.Sprintf("%d%s.db", number, name)),
				prices:  priceLists[0],
				retry:   patiences[p.Patience],
				granted: map[string]int{},
				sold:    map[string]ledger.Order{},
				refusal: map[string]bool{},
				taken:   map[string]int{},
				failing: map[string]string{},
				spared:  map[string]bool{},
				refunds: map[string]payment.Refund{},
			}
			copyFile(h.path, filepath.Join(folder, "empty.db"))
			if err := h.makeBag(); err != nil {
				panic(err)
			}
			defer func() {
				for _, suffix := range []string{"", "-wal", "-shm"} {
					_ = os.Remove(h.path + suffix)
				}
			}()
			tr.houses = append(tr.houses, h)
			for place := range p.Servers {
				if i > 0 && place > 0 {
					break
				}
				if _, err := h.open(place, time.Duration(p.Skews[place])*time.Second, tr.idle(), tr.identity()); err != nil {
					panic(err)
				}
			}
		}
		tr.live()
		faults, record = tr.faults, tr.record
	})
	return faults, record
}

// live is the history itself, and the days after it, in which all is well.
func (t *trial) live() {
	for i := range players {
		p := &gamer{Player: payment.Player{OpenID: emulator.OpenIDOf(fmt.Sprint("player", i)), ZoneID: "1"}, at0: 300}
		t.players = append(t.players, p)
		for _, env := range []emulator.Env{emulator.Sandbox, emulator.Production} {
			if err := t.emu.Recharge(env, p.OpenID, "1", p.at0); err != nil {
				panic(err)
			}
		}
		t.welcome(p, i)
	}
	time.Sleep(time.Second)
	for _, a := range t.plan.Acts {
		t.act(a)
	}

	// All is well from now on: servers that stand still go on, and nothing befalls a call any more.
	t.write("* all is well")
	t.mu.Lock()
	t.fates, t.outage = map[string][]fate{}, time.Time{}
	for _, h := range t.houses {
		h.mood = willing
	}
	t.mu.Unlock()
	for _, h := range t.houses {
		for _, n := range h.nodes {
			n.clock.Lock()
			n.still, n.nth = time.Time{}, 0
			n.clock.Unlock()
		}
	}
	close(t.calmed)
	calm := time.Now()
	time.Sleep(2 * time.Hour)
	t.bury()
	t.judgeRest(calm)

	// Everybody comes back, and an operator has what was never taken sent again.
	t.write("* everybody comes back")
	for _, h := range t.houses {
		for _, n := range h.nodes {
			n.reopen(longIdle)
		}
	}
	for i, p := range t.players {
		t.welcome(p, i)
	}
	time.Sleep(time.Hour)
	for _, l := range t.letters {
		// Of the others Midas can be asked, and the till has to do so.
		asIs := l.push.Event != midas.PushStoreGoods && l.push.Event != midas.PushRefund
		if !l.taken && l.push.Sandbox && !asIs {
			l.astray = false
			t.offer(l, 0)
		}
	}
	time.Sleep(2 * 24 * time.Hour)
	for i, p := range t.players {
		t.welcome(p, i)
	}
	time.Sleep(time.Hour)
	t.pending.Wait()
	synctest.Wait()
	t.judge(calm)
	for _, h := range t.houses {
		for _, n := range h.nodes {
			n.shut()
		}
	}
	if err := t.emu.Close(); err != nil {
		t.fault("%v", err)
	}
}

// welcome logs a player in on a server of every game.
func (t *trial) welcome(p *gamer, i int) {
	key := t.newKey(p)
	for at, h := range t.houses {
		n := h.nodes[i%len(h.nodes)]
		who := p.Player
		who.SessionKey = key
		if at == 0 {
			t.mu.Lock()
			p.at, p.seen, p.blind = n, false, false
			t.mu.Unlock()
		}
		_ = n.Login(who, func(a payment.Account, err error) {
			if err == nil {
				n.tell(p.OpenID, a)
			}
		})
	}
}

// emptyLedger is a folder with the ledger that every trial starts with. It has no name yet: each that is copied from it
// gets its own.
func emptyLedger(t *testing.T) string {
	t.Helper()
	folder := memory(t)
	empty, err := ledger.Open(t.Context(), ledger.Config{DSN: filepath.Join(folder, "empty.db")})
	if err != nil {
		t.Fatal(err)
	}
	if err := empty.Close(); err != nil {
		t.Fatal(err)
	}
	db := openRaw(t, ledger.Config{Driver: "sqlite", DSN: filepath.Join(folder, "empty.db")})
	_, _ = db.ExecContext(t.Context(), `DELETE FROM midas_self`) // which a version before has not
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// trialShards run side by side, each with histories of its own.
const trialShards = 2

// TestWhateverTheWorldDoes runs HISTORIES histories that nobody has seen. A usual run has those of usualSeeds.
func TestWhateverTheWorldDoes(t *testing.T) {
	checks, err := strconv.Atoi(cmp.Or(os.Getenv("HISTORIES"), "0"))
	if err != nil {
		t.Fatal(err)
	}
	if checks == 0 {
		return
	}
	before := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", fmt.Sprint(max(1, checks/trialShards))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
	for n := range trialShards {
		t.Run(fmt.Sprint("shard ", n), func(t *testing.T) {
			t.Parallel()
			folder := emptyLedger(t)
			rapid.Check(t, func(r *rapid.T) {
				p := drawPlan(r)
				if faults, record := try(t, folder, p); len(faults) > 0 {
					r.Fatalf("%s\n%s\n%s", strings.Join(faults, "\n"), p, strings.Join(record, "\n"))
				}
			})
		})
	}
}

// usualSeeds are the histories of a usual run.
const usualSeeds = "0-7"

// planOf is the history of a seed, the same for ever as long as the drawing is.
func planOf(seed int) plan { return rapid.Custom(drawPlan).Example(seed) }

// TestTheHistoryOfASeed runs the histories of TRIAL, a seed or a range of them ("17" or "0-499"; standard: usualSeeds),
// and tells each that does not agree.
func TestTheHistoryOfASeed(t *testing.T) {
	from, to, err := seeds(cmp.Or(os.Getenv("TRIAL"), usualSeeds))
	if err != nil {
		t.Fatal(err)
	}
	folder := emptyLedger(t)
	for seed := from; seed < to; seed++ {
		p := planOf(seed)
		faults, record := try(t, folder, p)
		if len(faults) == 0 {
			continue
		}
		t.Errorf("seed %d: %s", seed, strings.Join(faults, "\nand: "))
		if to == from+1 {
			t.Logf("%s\n%s", p, strings.Join(record, "\n"))
		}
	}
}

// seeds reads "17" or "0-499".
func seeds(text string) (from, to int, err error) {
	first, last, isRange := strings.Cut(text, "-")
	if from, err = strconv.Atoi(first); err != nil || !isRange {
		return from, from + 1, err
	}
	to, err = strconv.Atoi(last)
	return from, to + 1, err
}

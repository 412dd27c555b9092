package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

// What chaos says that happens does happen.

func TestACallThatIsKeptOrCutArrivesOnceAllTheSame(t *testing.T) {
	var mu sync.Mutex
	arrived := map[string]int{}
	l := newSlowLine(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		arrived[r.URL.RawQuery]++
	}), 1, 50*time.Millisecond)
	front := httptest.NewServer(l)
	defer front.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // Go repeats nothing on a new connection
	unanswered := 0
	const calls = 500
	for n := range calls {
		ctx, cancel := context.WithCancel(t.Context())
		kept, _ := l.counts()
		if n%2 == 0 { // gives up as soon as it is kept
			go func() {
				for ctx.Err() == nil {
					if now, _ := l.counts(); now > kept {
						cancel()
					}
				}
			}()
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s/pay?%d", front.URL, n), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(r)
		if err != nil {
			unanswered++
		} else {
			_ = answer.Body.Close()
		}
		cancel()
	}
	l.land()
	kept, cuts := l.counts()
	if kept == 0 || cuts == 0 || unanswered < cuts {
		t.Errorf("%d kept, %d cut, %d unanswered", kept, cuts, unanswered)
	}
	for n := range calls {
		if times := arrived[fmt.Sprint(n)]; times != 1 {
			t.Errorf("call %d arrived %d times", n, times)
		}
	}
}

func TestPushesAreLostOvertakenAndRepeated(t *testing.T) {
	var mu sync.Mutex
	var order []string
	game := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, r.URL.RawQuery)
	}))
	defer game.Close()
	m := newMail(1, 50*time.Millisecond, []string{game.URL})
	defer m.close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	const pushes = 40
	var all sync.WaitGroup
	for n := range pushes {
		all.Go(func() {
			for { // as Midas repeats it
				answer, err := client.Post(fmt.Sprintf("%s?%02d", m.front.URL, n), "application/json", strings.NewReader("{}"))
				if err == nil {
					_ = answer.Body.Close()
					return
				}
			}
		})
	}
	all.Wait()
	m.settle()
	times := map[string]int{}
	for _, query := range order {
		times[query]++
	}
	if m.lost == 0 || m.unheard == 0 || m.held == 0 || m.repeated == 0 || len(order) < pushes+m.unheard+m.repeated || len(times) != pushes {
		t.Errorf("%d lost, %d answers lost, %d held, %d copies; %d of %d arrived, %d times in all", m.lost, m.unheard, m.held, m.repeated, len(times), pushes, len(order))
	}
}

// What asks for the time is told the wrong one, and what measures measures right.
func TestAClockIsWrongAndSetAndMeasuresRight(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, text []byte) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	source, err := skew([]byte(`package main

import (
	"fmt"
	"time"
)

func main() {
	began := time.Now()
	end := began.Add(100 * time.Millisecond)
	time.Sleep(time.Until(end))
	fmt.Println(began.UnixMilli(), time.Since(began).Milliseconds(), time.Now().UnixMilli())
}
`))
	if err != nil {
		t.Fatal(err)
	}
	write("go.mod", []byte("module "+modulePath+"\n\ngo 1.26\n"))
	write("main.go", source)
	write("internal/skewed/skewed.go", skewedSource)
	build := exec.Command("go", "build", "-o", "server", ".")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, source)
	}
	run := func(c clock) (first, took, last int64) {
		t.Helper()
		cmd := exec.Command(filepath.Join(folder, "server"))
		cmd.Env = append(os.Environ(), c.variable())
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(out.String(), &first, &took, &last); err != nil {
			t.Fatal(err)
		}
		return first, took, last
	}
	before := time.Now()
	for _, wrong := range []int{-60, 0, 60} {
		first, took, last := run(clock{first: wrong, after: time.Hour, afterwards: 5})
		off := time.Duration(first-before.UnixMilli()) * time.Millisecond
		if d := off - time.Duration(wrong)*time.Second; d < -time.Second || d > 30*time.Second || took < 100 || last-first < 100 {
			t.Errorf("a clock wrong by %d s is wrong by %s, and took %d ms from %d to %d", wrong, off, took, first, last)
		}
	}
	if first, took, last := run(clock{first: 0, after: 0, afterwards: -50}); first > before.Add(-20*time.Second).UnixMilli() || took < 100 || last < first {
		t.Errorf("a clock that was set tells %d, took %d ms, %d", first, took, last)
	}
}

func TestEveryRoomsClockCanBeWrong(t *testing.T) {
	if _, err := overlay("..", t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestALedgerGrowsOlder(t *testing.T) {
	w := &world{options: options{driver: "sqlite"}, database: &database{config: ledger.Config{Driver: "sqlite", DSN: filepath.Join(t.TempDir(), "orders.db")}}}
	l, err := ledger.Open(t.Context(), w.database.config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	now := time.Now().Truncate(time.Second)
	o := ledger.Order{
		BillNo: "b1", Kind: ledger.Purchase, OpenID: "alice", ZoneID: "1", RequestID: "r1", ItemID: "sword", Quantity: 1, Amount: 60,
		DueAt: now.Add(time.Minute), CreatedAt: now, UpdatedAt: now,
	}
	if _, _, err := l.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := w.grow(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	got, err := l.Order(t.Context(), "b1")
	if err != nil || !got.CreatedAt.Equal(now.Add(-time.Hour)) || !got.DueAt.Equal(now.Add(-59*time.Minute)) || !got.DeliveredAt.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

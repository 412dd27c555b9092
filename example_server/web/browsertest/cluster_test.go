package browsertest

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"

	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

var toldShop = regexp.MustCompile(`shop http://(\S+)/ `)

// spoken is what a process says.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// cluster starts two servers with one till, and tells where their pages are.
func cluster(t *testing.T) []string {
	t.Helper()
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	redis := os.Getenv("LEAFMIDAS_TEST_REDIS")
	if redis == "" {
		t.Skip(`no Redis: set LEAFMIDAS_TEST_REDIS (eval "$(tools/services.sh start)")`)
	}
	var said spoken
	p := exec.Command(shop.server, "-cluster", "2", "-protocol", "v2", "-ledger", ledgertest.Fresh(t, "postgres").DSN, "-redis", redis)
	p.Dir, p.Stdout, p.Stderr = t.TempDir(), &said, &said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	t.Cleanup(func() {
		_ = p.Process.Signal(os.Interrupt)
		if err := <-ended; err != nil {
			t.Errorf("%v: %s", err, said.String())
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for over := time.After(soon); ; { // the pages are told once they can be opened
		var addrs []string
		for _, m := range toldShop.FindAllStringSubmatch(said.String(), -1) {
			addrs = append(addrs, m[1])
		}
		if len(addrs) == 2 {
			return addrs
		}
		select {
		case <-tick.C:
		case err := <-ended:
			ended <- err
			t.Fatalf("it has ended: %s", said.String())
		case <-over:
			t.Fatalf("it does not start: %s", said.String())
		}
	}
}

func TestTwoServersAreOneShop(t *testing.T) {
	addrs := cluster(t)
	here := open(t, addrs[0], 1200, 860)
	there := here.another(addrs[1], 1200, 860)
	here.enter("traveller")
	there.enter("traveller")
	here.run(page.BringToFront())
	here.present(600)
	here.balance("600")
	there.balance("600")
	there.run(page.BringToFront())
	there.buy("shield")
	there.bag("shield", 1)
	here.balance("555")
	here.bag("shield", 1)
	here.is("the order is listed here too", `[...document.querySelectorAll('[data-order]')].map((o) => o.dataset.state).join() === 'DELIVERED'`)
}

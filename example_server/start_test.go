package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The addresses of the embedded config.
const embeddedWS, embeddedTCP, embeddedHTTP = "127.0.0.1:3653", "127.0.0.1:3563", "127.0.0.1:8653"

// What a server without flags says: messages to send, and a command that gives a player coins.
var (
	toldMessage = regexp.MustCompile(`^  (\{"\w+":\{.*?\}\})`)
	toldCommand = regexp.MustCompile(`^  curl -d '(.*)' (http://[^/]+)(/\S+)$`)
)

func TestWithoutFlagsItListensWhereTheDocsSay(t *testing.T) {
	s := run(t, t.TempDir())
	taken := false // by somebody who tries it out
	eventually(t, "it said what to try, or that its ports are taken", func() bool {
		taken = strings.Contains(s.out.String(), "address already in use")
		return taken || strings.Contains(s.out.String(), "Ctrl-C stops")
	})
	if taken {
		if code := s.exit(soon); code != 1 || strings.Contains(s.out.String(), "Open the shop") {
			t.Errorf("exit code %d: %s", code, s.out.String())
		}
		return
	}
	if told := s.out.String(); !strings.Contains(told, "Open the shop:        http://"+embeddedHTTP+"/\n") || !strings.Contains(told, embeddedWS) || !strings.Contains(told, embeddedTCP) {
		t.Errorf("it says %s", told)
	}
	s.listens(embeddedWS, embeddedTCP, embeddedHTTP)
	s.signal(syscall.SIGINT)
	if code := s.exit(soon); code != 0 {
		t.Errorf("exit code %d: %s", code, s.out.String())
	}
}

func TestWithoutAConfigItRunsOnItsOwnAndWhatItSaysToTryWorks(t *testing.T) {
	folder := t.TempDir()
	s := run(t, folder, "-ports", "0")
	ws, http := s.address("WebSocket"), s.address("shop:")
	s.listens(ws, s.address("TCP"), http)
	try(t, ws, s.out.String())
	scrape(t, "http://"+http+"/metrics",
		`leafmidas_order_states_total{kind="purchase",state="delivered"} 1`, `leafmidas_midas_calls_total{code="ok",endpoint="pay",outcome="done"} 1`,
		`leafmidas_ledger_up 1`, `leafmidas_token_fetches_total{outcome="done"} 1`, "go_goroutines ")
	s.signal(syscall.SIGINT)
	if code := s.exit(soon); code != 0 {
		t.Errorf("exit code %d: %s", code, s.out.String())
	}

	// What players own lasts, in the folder where it was started.
	s = run(t, folder, "-ports", "0")
	ws = s.address("WebSocket")
	s.listens(ws)
	c := dialJSON(t, ws)
	c.login("auto-alice-2")
	c.send(`{"GetInventory":{}}`)
	if items := c.recv("Inventory", any1)["items"]; fmt.Sprint(items) != "map[sword:1]" {
		t.Errorf("after a restart the bag holds %v", items)
	}
	s.signal(syscall.SIGTERM)
	if code := s.exit(soon); code != 0 {
		t.Errorf("exit code %d: %s", code, s.out.String())
	}
}

// address is where the server says that something is: on the first line that names it.
func (s *server) address(of string) string {
	s.t.Helper()
	eventually(s.t, "it said what to try", func() bool { return strings.Contains(s.out.String(), "Ctrl-C stops") })
	m := regexp.MustCompile(of + ` .*?(127\.0\.0\.1:\d+)`).FindStringSubmatch(s.out.String())
	if m == nil {
		s.t.Fatalf("it says nothing of %s: %s", of, s.out.String())
	}
	return m[1]
}

// try does what the server says, line by line, and expects the sword that is promised.
func try(t *testing.T, ws, told string) {
	t.Helper()
	c := dialJSON(t, ws)
	var tried int
	for line := range strings.Lines(told) {
		line = strings.TrimRight(line, "\n")
		if m := toldMessage.FindStringSubmatch(line); m != nil {
			c.send("%s", m[1])
			if strings.Contains(m[1], "MidasLogin") {
				c.recv("MidasBalance", with("reason", reasonLogin)) // nobody types faster than this
			}
			tried++
		}
		if m := toldCommand.FindStringSubmatch(line); m != nil {
			answer, err := http.Post(m[2]+m[3], "application/x-www-form-urlencoded", strings.NewReader(m[1])) // as curl does
			if err != nil {
				t.Fatal(err)
			}
			if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
				t.Errorf("%s: %s, %v", line, answer.Status, err)
			}
			tried++
		}
	}
	if tried != 6 {
		t.Errorf("%d things to try in %s", tried, told)
	}
	c.recv("MidasRechargeOptions", with("buy_quantity", 60))
	c.recv("MidasRechargeResult", with("state", rechargeCredited))
	c.recv("MidasPurchaseResult", with("state", stateDelivered))
	bag := c.recv("Inventory", any1)
	if fmt.Sprint(bag["items"]) != "map[sword:1]" { // asked for while the purchase was under way
		c.send(`{"GetInventory":{}}`)
		bag = c.recv("Inventory", any1)
	}
	c.expect(bag, map[string]any{"items": "map[sword:1]"})
}

func TestTheDemoHoldsAndLeavesNothingBehind(t *testing.T) {
	for protocol, shows := range map[string]string{"v1": "books agree", "v2": "paid for 1200 fen = delivered 600 + given back 600"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			s := run(t, folder, "-demo", "-protocol", protocol)
			if code := s.exit(time.Minute); code != 0 || !strings.Contains(s.out.String(), "books agree") || !strings.Contains(s.out.String(), shows) {
				t.Errorf("exit code %d: %s", code, s.out.String())
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("it left %v: %v", left, err)
			}
		})
	}
}

func TestAStartThatCannotBeMeantEndsWithTheReason(t *testing.T) {
	bad := fmt.Sprintf(`{"Midas":{"Env":"moon","AppSecret":%q,"AppKey":[%q],"Timeout":5,"Breaker":{"Windw":"1s"},
		"Items":[{"ID":"a","Price":-1}],"Ledger":{"Driver":"oracle"}}}`, secrets["AppSecret"], secrets["AppKey"])
	for name, c := range map[string]struct {
		config string // written to server.json
		args   []string
		said   []string
	}{
		"every fault of the config by its key": {bad, []string{"-conf", "server.json"}, []string{
			"\n  Env: ", "\n  AppKey: ", "\n  Timeout: ", "\n  Breaker.Windw: ", "\n  Items[0].Price: ", "\n  Ledger.Driver: ",
			"\n  Ledger.DSN: ", "\n  AppID: ", "\n  OfferID: ", "\n  CoinsPerYuan: ",
		}},
		"a config that is no JSON":        {"Midas", []string{"-conf", "server.json"}, []string{"server.json: "}},
		"a config of the wrong type":      {`{"WSAddr":3653}`, []string{"-conf", "server.json"}, []string{"server.json: ", "WSAddr"}},
		"a config that is not there":      {"", []string{"-conf", "nowhere.json"}, []string{"nowhere.json"}},
		"a demo with a config of its own": {bad, []string{"-demo", "-conf", "server.json"}, []string{"leave -conf out"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "server.json"), []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
			s := run(t, folder, c.args...)
			if code := s.exit(soon); code != 1 {
				t.Errorf("exit code %d", code)
			}
			for _, text := range c.said {
				if !strings.Contains(s.out.String(), text) {
					t.Errorf("nothing is said of %q in %s", text, s.out.String())
				}
			}
		})
	}
}

func TestAServerWhosePortIsTakenDoesNotStart(t *testing.T) {
	w := newWorld(t, nil)
	l, err := net.Listen("tcp", w.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := w.run()
	if code := s.exit(soon); code != 1 || !strings.Contains(s.out.String(), w.tcp) {
		t.Errorf("exit code %d: %s", code, s.out.String())
	}
}

// scrape looks for lines among the metrics.
func scrape(t *testing.T, url string, lines ...string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	for _, line := range lines {
		if !strings.Contains(string(text), "\n"+line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// What -cluster prints.
var (
	toldServer  = regexp.MustCompile(`server (\d) +ws://(\S+) +process (\d+)`)
	toldShop    = regexp.MustCompile(`shop (http://\S+) +operate it (http://\S+)/ops/#token=(\S+)`)
	toldControl = regexp.MustCompile(`Midas emulator +(\S+)/_emulator/`)
)

func TestThreeServersWithOneTill(t *testing.T) {
	for _, protocol := range []string{"v1", "v2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			threeServers(t, protocol)
		})
	}
}

func threeServers(t *testing.T, protocol string) {
	redis := os.Getenv("LEAFMIDAS_TEST_REDIS")
	if redis == "" {
		t.Skip(`no Redis: set LEAFMIDAS_TEST_REDIS (eval "$(tools/services.sh start)")`)
	}
	database := ledgertest.Fresh(t, "postgres")
	folder := t.TempDir()
	s := run(t, folder, "-cluster", "3", "-ledger", database.DSN, "-redis", redis, "-protocol", protocol)
	eventually(t, "it said what to try", func() bool { return strings.Contains(s.out.String(), "Ctrl-C stops") })
	var ws []string
	var pids []int
	for _, m := range toldServer.FindAllStringSubmatch(s.out.String(), -1) {
		pid, err := strconv.Atoi(m[3])
		if err != nil {
			t.Fatal(err)
		}
		ws, pids = append(ws, m[2]), append(pids, pid)
	}
	if len(ws) != 3 {
		t.Fatalf("it says %s", s.out.String())
	}
	t.Cleanup(func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	s.listens(ws...)
	control := toldControl.FindStringSubmatch(s.out.String())[1]
	coins := regexp.MustCompile(`curl -d '(.*)' `).FindStringSubmatch(s.out.String())[1]
	answer, err := http.Post(control+"/_emulator/recharge", "application/x-www-form-urlencoded", strings.NewReader(coins)) // as curl does
	if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", answer, err)
	}

	first, second := dialJSON(t, ws[0]), dialJSON(t, ws[1])
	code := time.Now().UnixNano()
	first.login(fmt.Sprintf("auto-alice-%d", code))
	second.login(fmt.Sprintf("auto-alice-%d", code+1))
	second.send(`{"MidasPurchase":{"request_id":"p1","item_id":"sword","quantity":1}}`)
	bought := func(r map[string]any) bool { return fmt.Sprint(r["request_id"], r["state"]) == "p12" }
	second.recv("MidasPurchaseResult", bought)
	first.recv("MidasBalance", func(b map[string]any) bool { return fmt.Sprint(b["balance"], " ", b["reason"]) == "540 7" })

	if err := syscall.Kill(pids[1], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	shops := toldShop.FindAllStringSubmatch(s.out.String(), -1)
	if len(shops) != 3 {
		t.Fatalf("it says %s", s.out.String())
	}
	// Midas is one, whichever shop one looks from.
	visit(t, "POST", shops[0][1]+"midas/weather", "", `{"weather":"slow"}`)
	if now := visit(t, "GET", shops[2][1]+"midas/weather", "", ""); now != `{"weather":"slow"}` {
		t.Errorf("the third shop's Midas is %s", now)
	}
	visit(t, "POST", shops[2][1]+"midas/weather", "", `{"weather":"fine"}`)
	if told := visit(t, "GET", shops[0][2]+"/ops/api/status", shops[0][3], ""); !strings.Contains(told, `"ledger_up":true`) {
		t.Errorf("the operator's page tells %s", told)
	}
	third := dialJSON(t, ws[2])
	third.login(fmt.Sprintf("auto-alice-%d", code+2))
	third.send(`{"MidasPurchase":{"request_id":"p1","item_id":"sword","quantity":1}}`)
	third.recv("MidasPurchaseResult", bought)
	if goods := visit(t, "GET", shops[2][1]+"shop.json", "", ""); strings.Contains(goods, `"pass"`) != (protocol == "v2") {
		t.Errorf("on sale: %s", goods)
	}
	third.send(`{"GetInventory":{}}`)
	if items := third.recv("Inventory", any1)["items"]; fmt.Sprint(items) != "map[sword:1]" {
		t.Errorf("the bag holds %v", items)
	}
	http.DefaultClient.CloseIdleConnections() // the pages wait a while for them
	s.signal(syscall.SIGTERM)
	if code := s.exit(15 * time.Second); code != 0 {
		t.Errorf("exit code %d: %s", code, s.out.String())
	}
}

// visit makes a request as a browser on a page of that server would, and gives the answer's text.
func visit(t *testing.T, method, url, token, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "http://"+r.Host)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %s, %v", url, answer.Status, text, err)
	}
	return strings.TrimSpace(string(text))
}

func TestAClusterThatCannotBeMeant(t *testing.T) {
	wechat := filepath.Join(t.TempDir(), "wechat.json")
	if err := os.WriteFile(wechat, []byte(`{"Midas":{"Protocol":"v2"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, said := range map[string]string{
		"-cluster 1 -ledger postgres://x":   "2 to 20 servers",
		"-cluster 3 -demo":                  "leave -demo and -conf out",
		"-cluster 3 -conf x.json":           "leave -demo and -conf out",
		"-cluster 3 -ledger  -redis x:6379": "several servers share a database",
		"-emulated":                         "give -conf, and no -emulator",
		"-emulated -conf " + wechat:         "its Midas is WeChat's",
		"-conf x.json -emulated -emulator":  "give -conf, and no -emulator",
	} {
		s := run(t, t.TempDir(), strings.Split(args, " ")...)
		if code := s.exit(soon); code != 1 || !strings.Contains(s.out.String(), said) {
			t.Errorf("%s: %d, %s", args, code, s.out.String())
		}
	}
}

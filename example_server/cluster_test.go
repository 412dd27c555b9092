package main_test

import (
	"fmt"
	"net/http"
	"os"
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
	toldControl = regexp.MustCompile(`Midas emulator +(\S+)/_emulator/`)
)

func TestThreeServersWithOneTill(t *testing.T) {
	redis := os.Getenv("LEAFMIDAS_TEST_REDIS")
	if redis == "" {
		t.Skip(`no Redis: set LEAFMIDAS_TEST_REDIS (eval "$(tools/services.sh start)")`)
	}
	database := ledgertest.Fresh(t, "postgres")
	folder := t.TempDir()
	s := run(t, folder, "-cluster", "3", "-ledger", database.DSN, "-redis", redis)
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
	third := dialJSON(t, ws[2])
	third.login(fmt.Sprintf("auto-alice-%d", code+2))
	third.send(`{"MidasPurchase":{"request_id":"p1","item_id":"sword","quantity":1}}`)
	third.recv("MidasPurchaseResult", bought)
	third.send(`{"GetInventory":{}}`)
	if items := third.recv("Inventory", any1)["items"]; fmt.Sprint(items) != "map[sword:1]" {
		t.Errorf("the bag holds %v", items)
	}
	s.signal(syscall.SIGTERM)
	if code := s.exit(15 * time.Second); code != 0 {
		t.Errorf("exit code %d: %s", code, s.out.String())
	}
}

func TestAClusterThatCannotBeMeant(t *testing.T) {
	for args, said := range map[string]string{
		"-cluster 1 -ledger postgres://x":   "2 to 20 servers",
		"-cluster 3 -demo":                  "leave -demo and -conf out",
		"-cluster 3 -conf x.json":           "leave -demo and -conf out",
		"-cluster 3 -ledger  -redis x:6379": "several servers share a database",
	} {
		s := run(t, t.TempDir(), strings.Split(args, " ")...)
		if code := s.exit(soon); code != 1 || !strings.Contains(s.out.String(), said) {
			t.Errorf("%s: %d, %s", args, code, s.out.String())
		}
	}
}

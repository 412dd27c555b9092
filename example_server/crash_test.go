package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// rich logs in a player with coins.
func (w *world) rich(c *jsonClient, code string, coins int64) string {
	w.t.Helper()
	openid := c.login(code)
	if err := w.emu.Recharge(emulator.Sandbox, openid, "1", coins); err != nil {
		w.t.Fatal(err)
	}
	return openid
}

// deliveredOnce checks, with a client that comes back, that a purchase ended well: one bill, one deduction, one sword.
func (w *world) deliveredOnce(code string) {
	w.t.Helper()
	c := w.dialJSON()
	c.login(code)
	eventually(w.t, "the order was delivered", func() bool {
		c.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
		return fmt.Sprint(c.recv("MidasPurchaseResult", any1)["state"]) == fmt.Sprint(stateDelivered)
	})
	c.send(`{"GetInventory":{}}`)
	if items := c.recv("Inventory", any1)["items"]; fmt.Sprint(items) != "map[sword:1]" {
		w.t.Errorf("the bag holds %v", items)
	}
	if totals := w.emu.Totals(); totals.Deducted-totals.GivenBack != 60 || len(w.emu.Bills()) != 1 {
		w.t.Errorf("Midas has %+v and %d bills", totals, len(w.emu.Bills()))
	}
}

func TestAKilledServerFinishesItsOrdersWhenItStartsAgain(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"while Midas has the call and deducts":      {Kind: emulator.Hang, Commit: true},
		"while Midas has the call and does not":     {Kind: emulator.Hang},
		"after a deduction whose answer was lost":   {Kind: emulator.Fail},
		"after an answer that was none":             {Kind: emulator.HTML},
		"while the answer is on its way":            {Kind: emulator.Slow, Delay: 300 * time.Millisecond},
		"and the deduction comes after the killing": {Kind: emulator.LateCommit, Delay: 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			s := w.start()
			c := w.dialJSON()
			w.rich(c, "auto-alice-1", 60)
			if err := w.emu.Script("pay", fault); err != nil {
				t.Fatal(err)
			}
			c.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
			eventually(t, "Midas was called", func() bool { return w.emu.Calls("pay") > 0 })
			s.signal(syscall.SIGKILL)
			if code := s.exit(soon); code != -1 {
				t.Fatalf("exit code %d", code)
			}
			w.start()
			// Nobody has logged in: the server goes on by itself, with the session key it kept.
			eventually(t, "the order was paid", func() bool {
				return slices.ContainsFunc(w.emu.Bills(), func(b emulator.Bill) bool { return b.State == emulator.BillPaid })
			})
			w.deliveredOnce("auto-alice-2")
		})
	}
}

func TestAToldServerStopsCleanlyWithCallsInFlight(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			w := newWorld(t, nil)
			s := w.start()
			c := w.dialJSON()
			w.rich(c, "auto-alice-1", 60)
			if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Slow, Delay: 500 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			c.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
			eventually(t, "Midas was called", func() bool { return w.emu.Calls("pay") > 0 })
			s.signal(sig)
			// The answer comes although the server is stopping, and so does what is asked of it meanwhile.
			c.expect(c.recv("MidasPurchaseResult", any1), map[string]any{"state": stateDelivered})
			if code := s.exit(10 * time.Second); code != 0 {
				t.Errorf("exit code %d: %s", code, s.out.String())
			}
			w.start()
			w.deliveredOnce("auto-alice-2")
		})
	}
}

func TestAToldServerKeepsWhatHangsForItsNextStart(t *testing.T) {
	w := newWorld(t, map[string]any{"Timeout": "30s"})
	s := w.start()
	c, bystander := w.dialJSON(), w.dialJSON()
	w.rich(c, "auto-alice-1", 60)
	bystander.login("auto-bob-1")
	if err := w.emu.Script("pay", emulator.Fault{Kind: emulator.Hang, Commit: true}); err != nil {
		t.Fatal(err)
	}
	c.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
	eventually(t, "Midas was called", func() bool { return w.emu.Calls("pay") > 0 })
	s.signal(syscall.SIGTERM)
	// What is asked of a server that is stopping is refused at once, and whoever waits is told that it is pending.
	eventually(t, "new requests were refused", func() bool {
		bystander.send(`{"MidasGetBalance":{"request_id":"b1"}}`)
		name, answer := bystander.recvOf(with("request_id", "b1"), "MidasError", "MidasBalance")
		return name == "MidasError" && fmt.Sprint(answer["code"]) == fmt.Sprint(codeUnavail)
	})
	bystander.send(`{"GetInventory":{}}`)
	bystander.recv("Inventory", any1) // the game serves on
	c.expect(c.recv("MidasPurchaseResult", any1), map[string]any{"state": statePending})
	if code := s.exit(10 * time.Second); code != 0 {
		t.Errorf("exit code %d: %s", code, s.out.String())
	}
	w.start()
	w.deliveredOnce("auto-alice-2")
}

func TestTheGameGoesOnWhileMidasHangs(t *testing.T) {
	w := newWorld(t, map[string]any{
		"Timeout": "2s", "Breaker": map[string]any{"Window": "10s", "MinRequests": 20, "OpenFor": "30s"},
	})
	w.start()
	player := w.dialJSON()
	w.rich(player, "auto-alice-1", 60)
	bags := func(n int) (times []time.Duration) {
		for range n {
			start := time.Now()
			player.send(`{"GetInventory":{}}`)
			player.recv("Inventory", any1)
			times = append(times, time.Since(start))
		}
		slices.Sort(times)
		return times
	}
	calm := bags(200)

	const waiting = 50
	buyers := make([]*jsonClient, waiting)
	for i := range buyers {
		buyers[i] = w.dialJSON()
		w.rich(buyers[i], fmt.Sprintf("auto-buyer%d-1", i), 60)
	}
	if err := w.emu.Outage(emulator.Fault{Kind: emulator.Hang}); err != nil {
		t.Fatal(err)
	}
	for _, b := range buyers {
		b.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
	}
	eventually(t, "all of them wait", func() bool { return w.emu.Calls("pay") >= waiting })
	hanging := bags(200)
	if slowest := hanging[len(hanging)-1]; slowest > 500*time.Millisecond { // a handler that waits would take 2 s
		t.Errorf("GetInventory took %s while Midas hung", slowest)
	}
	t.Logf("GetInventory: median %s, 99%% %s; while %d purchases hang: %s, %s", calm[100], calm[197], waiting, hanging[100], hanging[197])
	if hanging[100] > 10*calm[100]+10*time.Millisecond {
		t.Errorf("the game slowed down from %s to %s", calm[100], hanging[100])
	}

	player.recv("MidasServiceState", with("available", false))
	start := time.Now()
	player.send(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":1}}`)
	refusal := player.recv("MidasError", with("request_id", "a1"))
	took := time.Since(start)
	player.expect(refusal, map[string]any{"code": codeUnavail, "retryable": true})
	if wait := refusal["retry_after_ms"].(float64); wait <= 0 || wait > 30_001 {
		t.Errorf("retry after %v ms", wait)
	}
	t.Logf("refused by the open breaker in %s", took)
	if took > 250*time.Millisecond {
		t.Errorf("the refusal took %s", took)
	}
	for _, b := range buyers {
		b.expect(b.recv("MidasPurchaseResult", any1), map[string]any{"state": statePending})
	}
}

func TestTheServerSurvivesAMidasThatIsSomethingElse(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(rw, "<html>captive portal</html>")
	}))
	defer web.Close()
	w := newWorld(t, map[string]any{"BaseURL": web.URL})
	w.start()
	c := w.dialJSON()
	c.send(`{"MidasLogin":{"code":"any","zone_id":"1","platform":"android"}}`)
	c.expect(c.recv("MidasError", any1), map[string]any{"code": codeUnavail, "retryable": true})
	c.send(`{"GetInventory":{}}`)
	c.recv("Inventory", any1)
}

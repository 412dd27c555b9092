package emulator_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// A test or a demo starts an emulator, logs a player in and lets the player buy coins.
func Example() {
	emu, err := emulator.New(emulator.Config{AutoCodes: true})
	if err != nil {
		log.Fatal(err)
	}
	defer emu.Close()
	base, err := emu.Start("") // a free port on loopback; the client's BaseURL
	if err != nil {
		log.Fatal(err)
	}

	resp, err := http.Get(base + "/sns/jscode2session?" + url.Values{
		"appid": {emulator.DefaultAppID}, "secret": {emulator.DefaultAppSecret},
		"grant_type": {"authorization_code"}, "js_code": {"auto-alice-1"},
	}.Encode())
	if err != nil {
		log.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	session, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("logged in:", strings.Contains(string(session), emulator.OpenIDOf("alice")))

	if err := emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", 60); err != nil {
		log.Fatal(err)
	}
	a := emu.Account(emulator.Sandbox, emulator.OpenIDOf("alice"), "1")
	fmt.Println("balance:", a.Balance, "bought:", a.SaveAmt)
	fmt.Println("calls to Midas:", emu.Calls(emulator.APIPay))
	// Output:
	// logged in: true
	// balance: 60 bought: 60
	// calls to Midas: 0
}

// Faults come by script, by chance, or as an outage that lasts.
func ExampleServer_Script() {
	emu, err := emulator.New(emulator.Config{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer emu.Close()

	// The next deduction takes, but its answer is lost; the one after that is slow to be done.
	fmt.Println(emu.Script(emulator.APIPay,
		emulator.Fault{Kind: emulator.Cut, Commit: true},
		emulator.Fault{Kind: emulator.LateCommit, Delay: 3 * time.Second},
	))
	// From then on, one call in ten of any API answers -1 though it was done.
	fmt.Println(emu.SetFaults(emulator.AllAPIs, emulator.Faults{{Probability: 0.1, Fault: emulator.Fault{Kind: emulator.Fail}}}))
	// And a typing error is no fault.
	fmt.Println(emu.Script("payy", emulator.Fault{Kind: emulator.Cut}))
	// Output:
	// <nil>
	// <nil>
	// emulator: unknown API "payy"
}

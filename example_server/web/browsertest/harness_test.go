package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/leafmidas/leafmidas/internal/freeport"
)

// soon is how long a test waits for what must happen.
const soon = 15 * time.Second

var (
	screenshots = flag.String("screenshots", "", "write the pictures of the pages to this `FOLDER`, not to one that is removed")
	shop        world
)

// world is one server and one browser for all tests.
type world struct {
	addr    string // the page's
	server  string // the program
	ledger  string // its file
	browser context.Context
	missing string          // why there is none
	ran     map[string]bool // the tests that opened a page
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	chromium := findChromium()
	if chromium == "" {
		shop.missing = "no chromium: tools/test-browser.sh installs it"
		return m.Run()
	}
	folder, err := os.MkdirTemp("", "browsertest-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	server := filepath.Join(folder, "example_server")
	shop.server = server
	build := exec.Command("go", "build", "-o", server, "./example_server")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	config := filepath.Join(folder, "server.json")
	if err := os.WriteFile(config, impatient(folder), 0o600); err != nil {
		panic(err)
	}
	var said bytes.Buffer
	process := exec.Command(server, "-conf", config, "-emulator", "-protocol", "v2")
	process.Dir, process.Stdout, process.Stderr = folder, &said, &said
	if err := process.Start(); err != nil {
		panic(err)
	}
	defer func() {
		_ = process.Process.Signal(os.Interrupt)
		if err := process.Wait(); err != nil {
			fmt.Fprintln(os.Stderr, "example_server:", err, said.String())
		}
	}()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(filepath.Join(folder, "profile")), chromedp.Flag("lang", "en-US"), chromedp.Flag("accept-lang", "en-US"))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	defer end()
	browser, close := chromedp.NewContext(allocator, quiet)
	defer close()
	if err := chromedp.Run(browser); err != nil {
		panic(err)
	}
	shop.browser = browser
	shop.ran = make(map[string]bool)
	code := m.Run()
	fmt.Printf("%d browser tests ran\n", len(shop.ran))
	return code
}

// quiet: chromedp complains of events that are newer than it is. What goes wrong is an error of the action.
var quiet = chromedp.WithErrorf(func(string, ...any) {})

func findChromium() string {
	for _, name := range []string{os.Getenv("LEAFMIDAS_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// impatient is a config with ports of its own, whose outages fit into a test.
func impatient(folder string) []byte {
	var text map[string]any
	embedded, err := os.ReadFile("../../conf/server.json")
	if err == nil {
		err = json.Unmarshal(embedded, &text)
	}
	if err != nil {
		panic(err)
	}
	free := func() string {
		addr, err := freeport.Addr()
		if err != nil {
			panic(err)
		}
		return addr
	}
	shop.addr = free()
	text["HTTPAddr"], text["WSAddr"], text["TCPAddr"] = shop.addr, free(), free()
	text["GamePath"], text["LogLevel"], text["OpsToken"] = filepath.Join(folder, "game.db"), "error", opsToken
	midas := text["Midas"].(map[string]any)
	shop.ledger = filepath.Join(folder, "orders.db")
	midas["Ledger"] = map[string]any{"Driver": "sqlite", "DSN": shop.ledger}
	midas["Timeout"], midas["RechargePoll"] = "1500ms", []string{"300ms", "500ms", "1s", "2s", "2s"}
	midas["Retry"] = map[string]any{"First": "200ms", "Max": "1s", "GiveUpAfter": "1m"}
	midas["RateLimit"] = map[string]any{"PerSecond": 100, "Burst": 200}
	midas["Breaker"] = map[string]any{"Window": "4s", "Buckets": 4, "MinRequests": 3, "FailureRatio": 0.6, "OpenFor": "2s", "HalfOpenRequests": 1}
	midas["Items"] = append(midas["Items"].([]any), map[string]any{"ID": "pass", "Name": "Season Pass", "Fen": 600})
	midas["Push"] = map[string]any{"Addr": free(), "Token": "emulated-push-token", "EncodingAESKey": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return out
}

// tab is one open page.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	errors   []string
	cutAside bool // connections are cut on purpose, and the console may say so
}

// open opens the page in a browser that has forgotten other tests.
func open(t *testing.T, addr string, width, height int64, actions ...chromedp.Action) *tab {
	t.Helper()
	forget := storage.ClearDataForOrigin("http://"+addr, "local_storage")
	p := newTab(t, "http://"+addr+"/", width, height, append(actions, forget)...)
	p.loaded()
	return p
}

// another opens a second tab in the same browser.
func (p *tab) another(addr string, width, height int64, actions ...chromedp.Action) *tab {
	p.t.Helper()
	second := newTab(p.t, "http://"+addr+"/", width, height, actions...)
	second.loaded()
	return second
}

func (p *tab) loaded() {
	p.t.Helper()
	p.is("the goods are shown", `document.querySelectorAll('.card').length === 4`)
}

// remember keeps what comes and goes by itself, which a test on a busy machine would miss: what had an id, and what was
// announced.
const remember = `window.appeared = new Set(); window.announced = new Set();
	new MutationObserver(() => {
		for (const e of document.querySelectorAll('[id]')) appeared.add(e.id);
		for (const e of document.querySelectorAll('[role=status][aria-live=polite]')) announced.add(e.textContent);
	}).observe(document, { subtree: true, childList: true, characterData: true });`

// newTab loads a page, and sees at the end that the console had nothing to complain about.
func newTab(t *testing.T, address string, width, height int64, actions ...chromedp.Action) *tab {
	t.Helper()
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	shop.ran[t.Name()] = true
	ctx, end := chromedp.NewContext(shop.browser)
	p := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.hear)
	t.Cleanup(func() {
		end()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, e := range p.errors {
			t.Errorf("the console says: %s", e)
		}
	})
	p.run(log.Enable(), runtime.Enable(), chromedp.EmulateViewport(width, height, func(d *emulation.SetDeviceMetricsOverrideParams, _ *emulation.SetTouchEmulationEnabledParams) {
		d.Mobile = width < 600
	}))
	p.run(actions...)
	p.run(ahead(remember), chromedp.Navigate(address))
	return p
}

// ahead runs a script in every page that a tab loads, before the page's own.
func ahead(script string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	})
}

func (p *tab) hear(event any) {
	var said string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			said = fmt.Sprintf("%s %s", e.Type, e.Args[0].Value)
		}
	case *log.EventEntryAdded:
		said = fmt.Sprintf("%s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if said != "" && !(p.cutAside && strings.Contains(said, "WebSocket")) {
		p.errors = append(p.errors, said)
	}
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	if err := p.try(actions...); err != nil {
		p.t.Fatal(err)
	}
}

// try gives every action its time, without ending the tab when that is over.
func (p *tab) try(actions ...chromedp.Action) error {
	return chromedp.Run(p.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, soon)
		defer cancel()
		return chromedp.Tasks(actions).Do(ctx)
	}))
}

// is waits until an expression of JavaScript is true. It asks from here, for a page slows its own timers down in the
// background and forgets them when it is loaded again.
func (p *tab) is(what, expression string) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	over := time.After(soon)
	for {
		var so bool
		err := p.try(chromedp.Evaluate("Boolean("+expression+")", &so))
		if so {
			return
		}
		select {
		case <-tick.C:
		case <-over:
			var text string
			_ = p.try(chromedp.Evaluate(`document.body.innerText`, &text))
			p.t.Fatalf("it never came that %s: %v; the page says %q", what, err, text)
		}
	}
}

func (p *tab) evaluate(expression string, into any) {
	p.t.Helper()
	p.run(chromedp.Evaluate(expression, into))
}

// click clicks once the element can be clicked.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.is(selector+" can be clicked", fmt.Sprintf(`((e) => e && !e.disabled && e.ariaDisabled !== 'true')(document.querySelector(%q))`, selector))
	p.run(chromedp.Click(selector, chromedp.ByQuery))
}

func (p *tab) enter(name string) {
	p.t.Helper()
	p.run(chromedp.SendKeys("#name", name, chromedp.ByQuery))
	p.click(".entrance button")
	p.is(name+" has a balance", `/^[\d,]+$/.test(document.querySelector('#purse b')?.textContent ?? '')`)
}

func (p *tab) balance(coins string) {
	p.t.Helper()
	p.is("the balance is "+coins, fmt.Sprintf(`document.querySelector('#purse b')?.textContent === %q`, coins))
}

// present gives coins through the drawer.
func (p *tab) present(coins int) {
	p.t.Helper()
	p.click(".curtain")
	p.click(fmt.Sprintf("[data-present='%d']", coins))
	p.click(".drawer .x")
}

func (p *tab) buy(item string) {
	p.t.Helper()
	p.click("[data-item=" + item + "]")
	p.click("#buy")
}

func (p *tab) bag(item string, count int) {
	p.t.Helper()
	p.is(fmt.Sprintf("the bag holds %d %s", count, item), fmt.Sprintf(`document.querySelector('[data-bag=%s] b')?.textContent === '×%d'`, item, count))
}

func (p *tab) says(text string) {
	p.t.Helper()
	p.is("it says "+text, fmt.Sprintf(`document.body.textContent.includes(%q)`, text))
}

// opened waits for a window over the page.
func (p *tab) opened(kind string) {
	p.t.Helper()
	p.is(kind+" is open", fmt.Sprintf(`!!document.querySelector('dialog.%s[open]')`, kind))
}

// closed waits until there is none.
func (p *tab) closed() {
	p.t.Helper()
	p.is("no window is open", `!document.querySelector('dialog')`)
}

// silence waits until nothing is said any more.
func (p *tab) silence() {
	p.t.Helper()
	p.is("nothing is said any more", `document.querySelectorAll('.toast .x').forEach((x) => x.click()) ?? document.querySelectorAll('.toast').length === 0`)
}

// named sees that a screen reader has a name for every control, and that these are among them.
func (p *tab) named(where string, must ...string) {
	p.t.Helper()
	type value struct {
		Value any `json:"value"`
	}
	var tree struct {
		Nodes []struct {
			Ignored bool  `json:"ignored"`
			Role    value `json:"role"`
			Name    value `json:"name"`
		} `json:"nodes"`
	}
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		return cdp.Execute(ctx, accessibility.CommandGetFullAXTree, nil, &tree)
	}))
	controls := make(map[string]bool)
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		switch fmt.Sprint(n.Role.Value) {
		case "button", "checkbox", "combobox", "dialog", "group", "image", "link", "navigation", "radio", "region", "searchbox", "slider", "spinbutton", "switch", "tab", "textbox":
			name, _ := n.Name.Value.(string)
			if strings.TrimSpace(name) == "" {
				p.t.Errorf("%s: a %v has no name", where, n.Role.Value)
			}
			controls[name] = true
		}
	}
	if len(controls) < 3 {
		p.t.Errorf("%s: only %d controls are seen", where, len(controls))
	}
	for _, name := range must {
		if !controls[name] {
			p.t.Errorf("%s: nothing is called %q, only %q", where, name, slices.Sorted(maps.Keys(controls)))
		}
	}
}

// announced sees that a screen reader reads out a text that comes by itself.
func (p *tab) announced(text string) {
	p.t.Helper()
	p.is(text+" is announced", fmt.Sprintf(`[...announced].some((said) => said.includes(%q))`, text))
}

// reopened waits until the shop has said that it is open again, since the weather has changed.
func (p *tab) reopened() {
	p.t.Helper()
	p.is("the shop is open again", `appeared.has('reopened') && !document.querySelector('#closed')`)
}

// weather changes how Midas is. What it brings about is told from what was before.
func (p *tab) weather(w string) {
	p.t.Helper()
	p.run(chromedp.Evaluate(`appeared.clear(), announced.clear()`, nil))
	p.click(".curtain")
	p.click("[name=weather][value='" + w + "']")
	p.is("Midas is "+w, fmt.Sprintf(`document.querySelector('[data-weather=%q]')`, w)) // it has said so; a radio button is quicker
	p.click(".drawer .x")
}

// cutter stands between browser and server and can cut what goes through.
type cutter struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
	down  bool
}

func newCutter(t *testing.T) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l}
	target := &url.URL{Scheme: "http", Host: shop.addr}
	server := &http.Server{ReadHeaderTimeout: soon, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target) // also the Host, which the page's server insists on
		if r.In.Header.Get("Origin") != "" {
			r.Out.Header.Set("Origin", target.String())
		}
	}}}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(c) })
	t.Cleanup(func() { _ = server.Close(); c.cut(true); serving.Wait() })
	return c
}

func (c *cutter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.conns = append(c.conns, conn)
		if c.down {
			_ = conn.Close()
		}
	}
	return conn, err
}

// cut cuts every connection, and new ones too while it is down.
func (c *cutter) cut(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

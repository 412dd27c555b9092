package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
)

// soon is how long a test waits for what must happen.
const soon = 20 * time.Second

// serverPath is the server under test, built once.
var serverPath string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "example_server")
	if err != nil {
		panic(err)
	}
	serverPath = filepath.Join(folder, "example_server")
	build := append(append([]string{"build"}, buildFlags...), "-o", serverPath, ".")
	if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// world is an emulator and the files of a server, which both outlive the server's processes.
type world struct {
	t     *testing.T
	emu   *emulator.Server
	state string // the emulator's file, with every session key and access token there was
	url   string // the emulator's

	config                map[string]any // written to conf when a server starts
	folder, ws, tcp, conf string
	servers               []*server
}

// newWorld makes an emulator, and a config for servers that use it, with changes to its section Midas.
func newWorld(t *testing.T, midas map[string]any) *world {
	t.Helper()
	state := filepath.Join(t.TempDir(), "emulator.json")
	emu, err := emulator.New(emulator.Config{
		AppID: "wxtest", AppSecret: secrets["AppSecret"], OfferID: "1450000001",
		AppKey: secrets["AppKey"], SandboxAppKey: secrets["SandboxAppKey"], AutoCodes: true, StatePath: state,
	})
	if err != nil {
		t.Fatal(err)
	}
	url, err := emu.Start("")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, emu: emu, state: state, url: url, folder: t.TempDir(), ws: freeAddr(t), tcp: freeAddr(t)}
	t.Cleanup(func() { _ = emu.Close() })
	t.Cleanup(w.checkSecrets) // once its servers are gone
	section := map[string]any{
		"Env": "sandbox", "BaseURL": url, "AppID": "wxtest", "AppSecret": secrets["AppSecret"], "OfferID": "1450000001",
		"AppKey": secrets["AppKey"], "SandboxAppKey": secrets["SandboxAppKey"], "CoinsPerYuan": 10, "Login": true,
		"Timeout": "1s", "Retry": map[string]any{"First": "100ms", "Max": "500ms"}, "RechargePoll": []string{"100ms", "200ms", "500ms", "1s"},
		"RateLimit": map[string]any{"PerSecond": 200, "Burst": 400},
		"Items":     []map[string]any{{"ID": "sword", "Price": 60}, {"ID": "potion", "Price": 2}},
		"Ledger":    map[string]any{"DSN": filepath.Join(w.folder, "orders.db")},
	}
	for key, value := range midas {
		section[key] = value
	}
	w.config = map[string]any{
		"LogLevel": "debug", "WSAddr": w.ws, "TCPAddr": w.tcp, "HTTPAddr": "", "MaxConnNum": 1000,
		"GamePath": filepath.Join(w.folder, "game.db"), "Midas": section,
	}
	w.conf = filepath.Join(w.folder, "server.json")
	return w
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// server is a running process.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    output
	exited chan error
}

// start runs the server and waits until both gates listen.
func (w *world) start() *server {
	w.t.Helper()
	s := w.run()
	s.listens(w.ws, w.tcp)
	return s
}

// write writes the config.
func (w *world) write() {
	w.t.Helper()
	text, err := json.Marshal(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.conf, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run runs the server.
func (w *world) run() *server {
	w.t.Helper()
	w.write()
	s := run(w.t, w.folder, "-conf", w.conf)
	w.servers = append(w.servers, s)
	return s
}

func run(t *testing.T, folder string, args ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: exec.Command(serverPath, args...), exited: make(chan error, 1)}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = folder, &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() { s.exited <- s.cmd.Wait() })
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		done.Wait()
		for _, secret := range secrets { // worlds look further, but a server may have none
			if strings.Contains(s.out.String(), secret) {
				t.Errorf("%s was printed", secret)
			}
		}
		if strings.Contains(s.out.String(), "DATA RACE") {
			t.Error(s.out.String())
		}
	})
	return s
}

// listens waits until the server takes connections.
func (s *server) listens(addrs ...string) {
	s.t.Helper()
	for _, addr := range addrs {
		eventually(s.t, "it listens on "+addr, func() bool {
			conn, err := net.Dial("tcp", addr)
			return err == nil && conn.Close() == nil
		})
	}
}

func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// exit waits for the end and returns the exit code, −1 if it was killed.
func (s *server) exit(within time.Duration) int {
	s.t.Helper()
	select {
	case <-s.exited:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		s.t.Fatalf("still running after %s; it says: %s", within, s.out.String())
		return 0
	}
}

// output is what a process prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(soon); !ok(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("it never came that %s", what)
		}
	}
}

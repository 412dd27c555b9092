package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/leafmidas/leafmidas/bench/crowd"
	"github.com/leafmidas/leafmidas/bench/process"
	"github.com/leafmidas/leafmidas/bench/seed"
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
	"github.com/leafmidas/leafmidas/ledger"
)

// world is what one measurement runs in.
type world struct {
	folder   string
	binary   string
	protocol string
	emu      *emulator.Server
	pays     counter
	server   *httptest.Server // the emulator's
	midas    string           // its URL
	ledger   ledger.Config
	drop     func() error
	redis    string
	servers  []*server
	loads    []*crowd.Load
}

// server is one game server.
type server struct {
	ws  string
	cmd *exec.Cmd
	log *os.File
	// began is when its process was started, ready when it took connections.
	began, ready time.Time
}

func newWorld(ctx context.Context, driver, protocol string) (_ *world, err error) {
	if err := process.RaiseLimit(); err != nil {
		return nil, err
	}
	w := &world{protocol: protocol, redis: os.Getenv("LEAFMIDAS_TEST_REDIS"), drop: func() error { return nil }}
	if w.folder, err = os.MkdirTemp("", "leafmidas-scale-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	w.binary = filepath.Join(w.folder, "example_server")
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/leafmidas/leafmidas").Output()
	if err != nil {
		return nil, fmt.Errorf("find the server's sources (run this in bench/): %w", err)
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", w.binary, "./example_server")
	build.Dir = strings.TrimSpace(string(root)) // its dependencies are not this module's
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build example_server: %w\n%s", err, out)
	}
	if w.ledger, w.drop, err = seed.NewDatabase(ctx, driver, w.folder); err != nil {
		return nil, err
	}
	w.emu, err = emulator.New(emulator.Config{AutoCodes: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	for _, api := range []string{emulator.APIPay, emulator.APIBalance, emulator.APIQuery, emulator.APICancel} {
		slow := emulator.Faults{{Probability: 1, Fault: emulator.Fault{Kind: emulator.Slow, Delay: answersIn}}}
		if err := w.emu.SetFaults(api, slow); err != nil {
			return nil, err
		}
	}
	w.pays.Handler = w.emu
	w.server = httptest.NewServer(&w.pays)
	w.midas = w.server.URL
	return w, nil
}

// counter counts the calls that reach Midas's pay.
type counter struct {
	http.Handler
	calls, now, most atomic.Int64
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/pay") {
		c.calls.Add(1)
		for now, most := c.now.Add(1), c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
		}
		defer c.now.Add(-1)
	}
	c.Handler.ServeHTTP(w, r)
}

// charge gives players coins.
func (w *world) charge(players int) error {
	for n := range players {
		if err := w.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf(crowd.PlayerName(n)), "1", crowd.Purse); err != nil {
			return err
		}
	}
	return nil
}

// start starts servers side by side, and waits until all of them take connections.
func (w *world) start(ctx context.Context, servers int, shared bool) error {
	for n := range servers {
		s, err := w.startOne(n, shared)
		if err != nil {
			return err
		}
		w.servers = append(w.servers, s)
	}
	for _, s := range w.servers {
		if err := s.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) startOne(n int, shared bool) (*server, error) {
	var addrs [2]string
	for i := range addrs {
		var err error
		if addrs[i], err = freeport.Addr(); err != nil {
			return nil, err
		}
	}
	section := map[string]any{
		"Protocol": w.protocol, "Env": "sandbox", "BaseURL": w.midas, "AppID": emulator.DefaultAppID, "AppSecret": emulator.DefaultAppSecret,
		"OfferID": emulator.DefaultOfferID, "SandboxAppKey": emulator.DefaultSandboxAppKey, "CoinsPerYuan": 10, "Login": true,
		"Items":     []map[string]any{{"ID": crowd.ItemID, "Name": "Potion", "Price": 1}},
		"RateLimit": map[string]any{"PerSecond": 100, "Burst": 100},
		"Ledger":    map[string]any{"Driver": w.ledger.Driver, "DSN": w.ledger.DSN},
	}
	if shared {
		section["Redis"] = map[string]any{"Addr": w.redis}
	}
	text, err := json.Marshal(map[string]any{
		"LogLevel": "release", "WSAddr": addrs[0], "TCPAddr": addrs[1], "HTTPAddr": "", "MaxConnNum": 50_000,
		"GamePath": filepath.Join(w.folder, fmt.Sprintf("game%d.db", n)), "Midas": section,
	})
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(w.folder, fmt.Sprintf("server%d.json", n))
	if err := os.WriteFile(conf, text, 0o600); err != nil {
		return nil, err
	}
	s := &server{ws: addrs[0], cmd: exec.Command(w.binary, "-conf", conf), began: time.Now()}
	if s.log, err = os.Create(filepath.Join(w.folder, fmt.Sprintf("server%d.log", n))); err != nil {
		return nil, err
	}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = w.folder, s.log, s.log
	return s, s.cmd.Start()
}

func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("tcp", s.ws); err == nil {
			s.ready = time.Now()
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := os.ReadFile(s.log.Name())
			return fmt.Errorf("a server does not listen: %w\n%s", ctx.Err(), text)
		}
	}
}

// stop stops every server as an operator does.
func (w *world) stop() error {
	var all []error
	for _, s := range w.servers {
		all = append(all, s.cmd.Process.Signal(syscall.SIGTERM))
	}
	for _, s := range w.servers {
		all = append(all, s.cmd.Wait(), s.log.Close())
	}
	w.servers = nil
	return errors.Join(all...)
}

func (w *world) close() error {
	var err error
	for _, l := range w.loads {
		err = errors.Join(err, l.Close())
	}
	err = errors.Join(err, w.stop())
	if w.server != nil {
		w.server.Close()
	}
	if w.emu != nil {
		err = errors.Join(err, w.emu.Close())
	}
	return errors.Join(err, w.drop(), os.RemoveAll(w.folder))
}

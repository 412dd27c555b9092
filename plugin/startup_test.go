package plugin_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/name5566/leaf"
	lconf "github.com/name5566/leaf/conf"
	"github.com/name5566/leaf/gate"
	leaflog "github.com/name5566/leaf/log"
	leafmodule "github.com/name5566/leaf/module"
	leafjson "github.com/name5566/leaf/network/json"

	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

const (
	childScene = "LEAFMIDAS_TEST_SCENE"
	childDir   = "LEAFMIDAS_TEST_DIR"
	childAddr  = "LEAFMIDAS_TEST_ADDR"
	// childConsole is where Leaf's console is to be, if anywhere.
	childConsole = "LEAFMIDAS_TEST_CONSOLE"
)

// child is a game server by leaf.Run. Where in leaf.Run the plugin stands is the scene.
func child(scene string) {
	undo := plugin.StopOnSIGTERM()
	defer undo()
	if _, port, err := net.SplitHostPort(os.Getenv(childConsole)); err == nil {
		if lconf.ConsolePort, err = strconv.Atoi(port); err != nil {
			leaflog.Fatal("%v", err)
		}
	}
	p := plugin.New()
	processor := newJSON()
	processor.route(p)
	g := newGame(p, &setup{gameLen: 100})
	cfg := plugin.Config{
		Env: "sandbox", AppID: "wx1", AppSecret: "secret-of-the-app", OfferID: "1450000001", SandboxAppKey: "key-of-the-sandbox",
		BaseURL: "http://127.0.0.1:1", CoinsPerYuan: 10, Ledger: plugin.LedgerConfig{DSN: plugin.Secret(filepath.Join(os.Getenv(childDir), "orders.db"))},
	}
	if err := p.Configure(cfg); err != nil {
		leaflog.Fatal("%v", err)
	}
	front := gateModule{&gate.Gate{WSAddr: os.Getenv(childAddr), Processor: processor.network(), AgentChanRPC: g.ChanRPCServer}}
	modules := []leafmodule.Module{g, front, p.Module()}
	switch scene {
	case "first":
		modules = []leafmodule.Module{p.Module(), g, front}
	case "middle":
		modules = []leafmodule.Module{g, p.Module(), front}
	case "forgotten":
		modules = []leafmodule.Module{g, front}
	}
	leaf.Run(modules...)
}

func childCommand(t *testing.T, scene, addr string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), childScene+"="+scene, childDir+"="+t.TempDir(), childAddr+"="+addr)
	return c
}

func TestAServerThatListsThePluginInTheWrongPlaceDoesNotStart(t *testing.T) {
	t.Parallel()
	for _, scene := range []string{"first", "middle"} {
		out, err := childCommand(t, scene, freeAddr(t)).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%s: ended with %v, not code 1:\n%s", scene, err, out)
		}
		if !strings.Contains(string(out), "listed in the wrong place") || !strings.Contains(string(out), "last argument of leaf.Run") {
			t.Errorf("%s: nothing says what is wrong:\n%s", scene, out)
		}
		if n := strings.Count(string(out), "\n  "); n != 1 {
			t.Errorf("%s: %d steps are named as missing, not 1:\n%s", scene, n, out)
		}
	}
}

func TestAServerStopsCleanlyOnSIGINTAndOnSIGTERM(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			r := startChild(t, "last")
			player := r.dial(overWS) // once it answers, every module has started
			player.send(&msg.MidasGetBalance{RequestId: "b"})
			player.refused("b", msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_LOGGED_IN)
			player.close()
			r.signal(signal)
		})
	}
}

// childServer is a game server by leaf.Run, in a process of its own.
type childServer struct {
	*server
	command *exec.Cmd
	out     io.Reader
}

func startChild(t *testing.T, scene string) *childServer {
	t.Helper()
	addr := freeAddr(t)
	c := childCommand(t, scene, addr)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	return &childServer{&server{t: t, ws: addr, json: newJSON()}, c, out}
}

// signal expects that leaf.Run returns, in time. It tells what was printed.
func (r *childServer) signal(signal syscall.Signal) string {
	r.t.Helper()
	begin := time.Now()
	if err := r.command.Process.Signal(signal); err != nil {
		r.t.Fatal(err)
	}
	hanging := time.AfterFunc(patience, func() { _ = r.command.Process.Kill() })
	defer hanging.Stop()
	text, err := io.ReadAll(bufio.NewReader(r.out))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.command.Wait(); err != nil {
		r.t.Errorf("ended with %v:\n%s", err, text)
	}
	if !strings.Contains(string(text), "ended") {
		r.t.Errorf("leaf.Run did not return:\n%s", text)
	}
	if took := time.Since(begin); took > 10*time.Second {
		r.t.Errorf("took %s", took)
	}
	return string(text)
}

func TestTheCheckNamesEachMissingStep(t *testing.T) {
	t.Parallel()
	const (
		configure = iota
		route
		deliver
	)
	names := []string{"not configured", "no route", "no delivery"}
	for left := range 8 {
		p := plugin.New()
		missing := func(step int) bool { return left&(1<<step) != 0 }
		if !missing(configure) {
			cfg := testConfig(t)
			if err := p.Configure(cfg); err != nil {
				t.Fatal(err)
			}
		}
		if !missing(route) {
			newJSON().route(p)
		}
		if !missing(deliver) {
			newGame(p, &setup{gameLen: 1})
		}
		err := p.Check()
		if left == 0 {
			if err != nil {
				t.Errorf("nothing is missing, and yet: %v", err)
			}
		} else if err == nil {
			t.Errorf("%03b: nothing is said to be missing", left)
		} else {
			for step, name := range names {
				if strings.Contains(err.Error(), name) != missing(step) {
					t.Errorf("%03b: %q, missing: %t: %v", left, name, missing(step), err)
				}
			}
		}
		if !missing(configure) {
			p.Module().OnDestroy() // closes the ledger
		}
	}
}

func TestTheCheckNamesAProcessorThatHasNotOurMessages(t *testing.T) {
	t.Parallel()
	p := plugin.New()
	newJSON().route(p)
	newGame(p, &setup{gameLen: 1})
	bare := leafjson.NewProcessor()
	bare.Register(&echo{})
	p.Route(bare)
	if err := p.Configure(testConfig(t)); err != nil {
		t.Fatal(err)
	}
	defer p.Module().OnDestroy()
	err := p.Check()
	if err == nil || !strings.Contains(err.Error(), "not registered on this processor") || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v", err)
	}
}

func TestTwoDeliveriesAreAMistakeThatIsToldAtOnce(t *testing.T) {
	t.Parallel()
	p := plugin.New()
	newGame(p, &setup{gameLen: 1})
	defer func() {
		if what := fmt.Sprint(recover()); !strings.Contains(what, "HandleDeliver") {
			t.Errorf("got %s", what)
		}
	}()
	newGame(p, &setup{gameLen: 1})
}

func TestAPluginIsConfiguredOnce(t *testing.T) {
	t.Parallel()
	p := plugin.New()
	cfg := testConfig(t)
	if err := p.Configure(cfg); err != nil {
		t.Fatal(err)
	}
	defer p.Module().OnDestroy()
	if err := p.Configure(cfg); err == nil {
		t.Error("the second Configure was taken")
	}
}

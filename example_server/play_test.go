package main_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
)

// with runs the server of a world with more flags.
func (w *world) with(flags ...string) *server {
	w.t.Helper()
	w.write()
	s := run(w.t, w.folder, append([]string{"-conf", w.conf}, flags...)...)
	w.servers = append(w.servers, s)
	return s
}

// refused expects that a server does not start, and says why.
func (s *server) refused(why string) {
	s.t.Helper()
	if code := s.exit(soon); code != 1 || !strings.Contains(s.out.String(), why) || strings.Contains(s.out.String(), "Open the shop") {
		s.t.Errorf("exit code %d, and nothing of %q: %s", code, why, s.out.String())
	}
}

func TestPlayIsRefusedWherePlayersPay(t *testing.T) {
	for _, flag := range []string{"-emulator", "-emulated"} {
		w := newWorld(t, map[string]any{"Env": "production"})
		w.with(flag).refused(flag + ` is for play, and Midas.Env is "production"`)
		if _, err := os.Stat(filepath.Join(w.folder, "orders.db")); err == nil {
			t.Errorf("%s: the ledger was opened", flag)
		}
	}
}

func TestEmulatedIsRefusedWhereNoEmulatorAnswers(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"errcode":0}`))
	}))
	defer stranger.Close()
	for url, why := range map[string]string{"http://" + freeAddr(t): "cannot be asked", stranger.URL: "is no emulator"} {
		w := newWorld(t, map[string]any{"BaseURL": url})
		w.with("-emulated").refused(why)
	}
	w := newWorld(t, nil)
	s := w.with("-emulated")
	s.listens(w.ws)
}

func TestAnEmulatorOpensNoLedgerButItsOwn(t *testing.T) {
	w := newWorld(t, nil)
	file := filepath.Join(w.folder, "orders.db")
	s := w.start()
	s.signal(syscall.SIGTERM)
	if code := s.exit(soon); code != 0 {
		t.Fatal(s.out.String())
	}
	w.with("-emulator").refused("not one of -emulator's")
	if whose := identityOf(t, file); whose.AppID != "wxtest" {
		t.Errorf("the ledger is that of %s now", whose)
	}
	own := filepath.Join(w.folder, "own.db")
	w.config["Midas"].(map[string]any)["Ledger"] = map[string]any{"DSN": own}
	for range 2 { // the second time it is there
		s := w.with("-emulator")
		s.listens(w.ws)
		s.signal(syscall.SIGTERM)
		if code := s.exit(soon); code != 0 {
			t.Fatal(s.out.String())
		}
	}
	if whose := identityOf(t, own); whose.AppID != "emulated-wxtest" {
		t.Errorf("its own ledger is that of %s", whose)
	}
	w.with().refused("the ledger is that of app emulated-wxtest") // a server of the real app
}

func TestAnEmulatorHasTheSecretsOfTheConfigWhereverTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	t.Setenv("APP_SECRET_OF_THE_TEST", secrets["AppSecret"])
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(secrets["SandboxAppKey"]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	section := w.config["Midas"].(map[string]any)
	section["AppSecret"], section["SandboxAppKey"] = "env:APP_SECRET_OF_THE_TEST", "file:"+key
	s := w.with("-emulator")
	s.listens(w.ws)
	w.dialJSON().login("auto-alice-1") // which asks for a token and makes a signed call
}

func identityOf(t *testing.T, file string) ledger.Identity {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.Config{DSN: file, AsIs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	whose, err := l.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return whose
}

func TestTwoServersOnOneFileAreRefused(t *testing.T) {
	for name, own := range map[string]string{"the ledger": "game.db", "the save file": "orders.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.start()
			w.config["WSAddr"], w.config["TCPAddr"] = freeAddr(t), freeAddr(t)
			elsewhere := filepath.Join(t.TempDir(), own)
			if own == "game.db" {
				w.config["GamePath"] = elsewhere
			} else {
				w.config["Midas"].(map[string]any)["Ledger"] = map[string]any{"DSN": elsewhere}
			}
			s := w.run()
			if code := s.exit(2 * soon); code != 1 || !strings.Contains(s.out.String(), "another server") {
				t.Errorf("exit code %d: %s", code, s.out.String())
			}
		})
	}
	t.Run("the emulator's state", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		first := run(t, folder, "-ports", "0")
		first.listens(first.address("WebSocket"))
		s := run(t, folder, "-ports", "0")
		if code := s.exit(soon); code != 1 || !strings.Contains(s.out.String(), "emulator.json") {
			t.Errorf("exit code %d: %s", code, s.out.String())
		}
	})
}

func TestNoLinkIsPrintedThatCannotBeOpened(t *testing.T) {
	w := newWorld(t, nil)
	w.config["HTTPAddr"] = freeAddr(t)
	taken, err := net.Listen("tcp", w.tcp)
	if err != nil {
		t.Fatal(err)
	}
	w.with("-emulator").refused(w.tcp)
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	s := w.with("-emulator")
	eventually(t, "it says what to open", func() bool { return strings.Contains(s.out.String(), "Midas emulator:") })
	for _, url := range []string{"http://" + w.config["HTTPAddr"].(string) + "/", "http://" + w.config["HTTPAddr"].(string) + "/ops/"} {
		if !strings.Contains(s.out.String(), url) {
			t.Errorf("%s is not named: %s", url, s.out.String())
		}
		answer, err := http.Get(url)
		if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, %v", url, answer, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestProbesTellWhetherToSendPlayersHere(t *testing.T) {
	w := newWorld(t, nil)
	w.config["HTTPAddr"] = freeAddr(t)
	s := w.start()
	at := "http://" + w.config["HTTPAddr"].(string)
	probe := func(path string) int {
		r, err := http.NewRequestWithContext(t.Context(), "GET", at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "10.1.2.3:8653" // as Kubernetes asks: by the pod's address
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	s.listens(strings.TrimPrefix(at, "http://"))
	for _, path := range []string{"/healthz", "/readyz"} {
		if status := probe(path); status != http.StatusOK {
			t.Errorf("%s: %d: %s", path, status, s.out.String())
		}
	}
	if status := probe("/shop.json"); status != http.StatusMisdirectedRequest {
		t.Errorf("what is no probe: %d", status)
	}
	if err := os.Remove(filepath.Join(w.folder, "orders.db")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is not ready without its ledger", func() bool { return probe("/readyz") == http.StatusServiceUnavailable })
	if status := probe("/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d", status)
	}
	http.DefaultClient.CloseIdleConnections()
}

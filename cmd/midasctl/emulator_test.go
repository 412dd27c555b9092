package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/plugin"
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "midasctl")
	if err != nil {
		panic(err)
	}
	binary = sync.OnceValues(func() (string, error) {
		bin := filepath.Join(folder, "midasctl")
		out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("go build: %w\n%s", err, out)
		}
		return bin, err
	})
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// binary makes the command once for all tests that need it.
var binary func() (string, error)

func build(t *testing.T) string {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// running is a started `midasctl emulator`.
type running struct {
	cmd    *exec.Cmd
	url    string
	banner chan string // the whole of its output, when it has ended
	log    *strings.Builder
}

func run(t *testing.T, bin string, env []string, args ...string) *running {
	t.Helper()
	r := &running{banner: make(chan string, 1), log: new(strings.Builder)}
	r.cmd = exec.Command(bin, append([]string{"emulator", "--listen", "127.0.0.1:0"}, args...)...)
	r.cmd.Env = append(os.Environ(), env...)
	r.cmd.Stderr = r.log
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("no output: %v", err)
	}
	for _, word := range strings.FieldsFunc(first, func(c rune) bool { return c == ' ' || c == '"' }) {
		if strings.HasPrefix(word, "http://") {
			r.url = word
		}
	}
	go func() {
		rest, _ := io.ReadAll(lines)
		r.banner <- first + string(rest)
	}()
	return r
}

// stop sends a signal and returns the exit code with the output.
func (r *running) stop(t *testing.T, sig os.Signal) (int, string) {
	t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(20*time.Second, func() { _ = r.cmd.Process.Kill() })
	defer timer.Stop()
	text := <-r.banner
	_ = r.cmd.Wait() // the exit code says it
	return r.cmd.ProcessState.ExitCode(), text
}

func (r *running) json(t *testing.T, path, body string) map[string]any {
	t.Helper()
	method := "GET"
	if body != "" {
		method = "POST"
	}
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheEmulatorAnswersUntilItIsToldToStop(t *testing.T) {
	bin := build(t)
	state := filepath.Join(t.TempDir(), "state.json")
	login := "/sns/jscode2session?grant_type=authorization_code&appid=" + emulator.DefaultAppID + "&js_code=auto-alice-1&secret="
	account := "/_emulator/account?env=sandbox&zone_id=1&openid=" + emulator.OpenIDOf("alice")

	r := run(t, bin, []string{"MIDAS_APP_SECRET=hush-hush"}, "--state", state)
	if a := r.json(t, login+"hush-hush", ""); a["openid"] != emulator.OpenIDOf("alice") {
		t.Errorf("login: %v", a)
	}
	if a := r.json(t, login+emulator.DefaultAppSecret, ""); a["errcode"] != float64(40001) {
		t.Errorf("login with another secret: %v", a)
	}
	r.json(t, "/_emulator/recharge", `{"env":"sandbox","zone_id":"1","coins":60,"openid":"`+emulator.OpenIDOf("alice")+`"}`)
	rc, text := r.stop(t, syscall.SIGTERM)
	if rc != 0 {
		t.Errorf("exit code %d after SIGTERM\n%s", rc, r.log)
	}
	for _, want := range []string{`"BaseURL": "` + r.url + `"`, `"AppSecret": "env:MIDAS_APP_SECRET"`, "curl -s"} {
		if !strings.Contains(text, want) {
			t.Errorf("the output does not say %s:\n%s", want, text)
		}
	}
	if strings.Contains(text+r.log.String(), "hush-hush") {
		t.Error("the secret was printed")
	}
	if !strings.Contains(r.log.String(), "api=jscode2session") {
		t.Errorf("the calls were not logged: %s", r.log)
	}

	// The next one goes on where this one ended.
	r = run(t, bin, nil, "--state", state, "--quiet", "--auto-codes=false")
	if a := r.json(t, account, ""); a["balance"] != float64(60) {
		t.Errorf("account: %v", a)
	}
	if a := r.json(t, strings.Replace(login, "alice-1", "alice-2", 1)+emulator.DefaultAppSecret, ""); a["errcode"] != float64(40029) {
		t.Errorf("an automatic code: %v", a)
	}
	if rc, _ := r.stop(t, os.Interrupt); rc != 0 || r.log.Len() != 0 {
		t.Errorf("exit code %d after SIGINT\n%s", rc, r.log)
	}
}

func TestTheEmulatorTellsProgramsWhereItIs(t *testing.T) {
	const rest = `"Login":true,"Items":[{"ID":"sword","Name":"Sword","Price":60},{"ID":"potion","Name":"Potion","Price":2}],"Ledger":{"Driver":"sqlite","DSN":"orders.db"}`
	bin, key := build(t), strings.Repeat("A", 43)
	for name, c := range map[string]struct {
		env, args []string
		want      string // of the section, but for BaseURL
	}{
		"as it is": {want: `{"Protocol":"v1","Env":"sandbox","AppID":"` + emulator.DefaultAppID + `","AppSecret":"` + emulator.DefaultAppSecret + `","OfferID":"` +
			emulator.DefaultOfferID + `","AppKey":"` + emulator.DefaultAppKey + `","SandboxAppKey":"` + emulator.DefaultSandboxAppKey + `","CoinsPerYuan":10,` + rest + `}`},
		"with secrets and pushes": {
			env:  []string{"MIDAS_APP_SECRET=hush-hush", "MIDAS_PUSH_TOKEN=hush-hush", "MIDAS_PUSH_AES_KEY=" + key},
			args: []string{"--push-url", "http://127.0.0.1:1/push", "--app-id", "wx1"},
			want: `{"Protocol":"v2","Env":"sandbox","AppID":"wx1","AppSecret":"env:MIDAS_APP_SECRET","OfferID":"` + emulator.DefaultOfferID + `","AppKey":"` +
				emulator.DefaultAppKey + `","SandboxAppKey":"` + emulator.DefaultSandboxAppKey + `","CoinsPerYuan":10,` + rest + `,"Push":{"Addr":"127.0.0.1:1","Path":"/push","Token":"env:MIDAS_PUSH_TOKEN","EncodingAESKey":"env:MIDAS_PUSH_AES_KEY"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, bin, c.env, append(c.args, "--json")...)
			r.json(t, "/_emulator/", "") // it answers there
			rc, text := r.stop(t, os.Interrupt)
			var told struct {
				URL   string `json:"url"`
				Midas map[string]any
			}
			if err := json.Unmarshal([]byte(text), &told); err != nil || rc != 0 || told.URL != r.url || told.Midas["BaseURL"] != r.url {
				t.Fatalf("exit code %d: %s, %v", rc, text, err)
			}
			delete(told.Midas, "BaseURL")
			var want map[string]any
			if err := json.Unmarshal([]byte(c.want), &want); err != nil || !reflect.DeepEqual(told.Midas, want) {
				t.Errorf("%v\nwant %v, %v", told.Midas, want, err)
			}
			if all := text + r.log.String(); strings.Contains(all, "hush-hush") || strings.Contains(all, key) {
				t.Error("a secret was printed")
			}
		})
	}
}

// What is printed for people is the same section as programs are told.
func TestTheSectionThatTheEmulatorPrintsStartsAServerAsItIs(t *testing.T) {
	bin := build(t)
	t.Chdir(t.TempDir()) // where the ledger will be
	t.Setenv("MIDAS_APP_SECRET", "hush-hush")
	for name, args := range map[string][]string{
		"coins": nil, "pushes to a server here": {"--push-url", "http://127.0.0.1:9400/midas/push"}, "pushes to a proxy": {"--push-url", "https://game.example.com/push"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, bin, []string{"MIDAS_APP_SECRET=hush-hush"}, args...)
			rc, text := r.stop(t, os.Interrupt)
			begin := strings.Index(text, `"Midas": {`)
			if rc != 0 || begin < 0 {
				t.Fatal(text)
			}
			var midas plugin.Config
			if err := json.NewDecoder(strings.NewReader(text[begin+len(`"Midas": `):])).Decode(&midas); err != nil {
				t.Fatal(err)
			}
			log := &strings.Builder{}
			p := plugin.New(plugin.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
			if err := p.Configure(midas); err != nil {
				t.Fatal(err)
			}
			p.Module().OnDestroy()
			if err := os.Remove("orders.db"); err != nil {
				t.Error(err)
			}
			if midas.Push.Addr != "" && midas.Push.Addr != "127.0.0.1:9400" || (midas.Push.Addr == "") == (name == "pushes to a server here") {
				t.Errorf("it listens for pushes at %q", midas.Push.Addr)
			}
		})
	}
}

func TestPushesGoWhereTheCommandLineSays(t *testing.T) {
	pushed := make(chan *http.Request, 1)
	game := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pushed <- r
		_, _ = io.WriteString(w, `{"ErrCode":0}`)
	}))
	defer game.Close()
	key := strings.Repeat("A", 43)
	r := run(t, build(t), []string{"MIDAS_PUSH_TOKEN=hush-hush", "MIDAS_PUSH_AES_KEY=" + key}, "--push-url", game.URL, "--push-xml", "--coins-per-yuan", "100")
	pay := `{"openid":"alice","offer_id":"` + emulator.DefaultOfferID + `","mode":"game","currency_type":"CNY","env":1,"buy_quantity":600}`
	if a := r.json(t, "/_emulator/pay/coins", pay); a["total_fen"] != float64(600) {
		t.Errorf("paid: %v", a)
	}
	got := <-pushed
	if got.URL.Query().Get("encrypt_type") != "aes" || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/xml") {
		t.Errorf("pushed %v %v", got.URL, got.Header)
	}
	rc, text := r.stop(t, syscall.SIGTERM)
	if rc != 0 {
		t.Errorf("exit code %d\n%s", rc, r.log)
	}
	for _, want := range []string{`"Protocol": "v2"`, `"CoinsPerYuan": 100`, `"Token": "env:MIDAS_PUSH_TOKEN"`, `"EncodingAESKey": "env:MIDAS_PUSH_AES_KEY"`, `"buy_quantity":600`, game.URL} {
		if !strings.Contains(text, want) {
			t.Errorf("the output does not say %s:\n%s", want, text)
		}
	}
	if all := text + r.log.String(); strings.Contains(all, "hush-hush") || strings.Contains(all, key) {
		t.Error("a secret was printed")
	}
}

func TestAMistakeOnTheCommandLineIsAnError(t *testing.T) {
	bin := build(t)
	for name, args := range map[string][]string{
		"unknown flag":      {"emulator", "--no-such-flag"},
		"an argument":       {"emulator", "now"},
		"no address":        {"emulator", "--listen", "nowhere"},
		"negative latency":  {"emulator", "--listen", "127.0.0.1:0", "--latency", "-1s"},
		"unreadable number": {"emulator", "--seed", "x"},
		"pushes to nowhere": {"emulator", "--listen", "127.0.0.1:0", "--push-url", "nowhere"},
		"worthless yuan":    {"emulator", "--listen", "127.0.0.1:0", "--coins-per-yuan", "0"},
	} {
		out, err := exec.Command(bin, args...).CombinedOutput()
		if err == nil || len(out) == 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestHelpDoesNotPrintSecretsOfTheEnvironment(t *testing.T) {
	cmd := exec.Command(build(t), "emulator", "--help")
	cmd.Env = append(os.Environ(), "MIDAS_APP_KEY=hush-hush", "MIDAS_PUSH_TOKEN=hush-hush", "MIDAS_PUSH_AES_KEY=hush-hush")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "hush-hush") || !strings.Contains(string(out), "MIDAS_APP_KEY") {
		t.Errorf("%v\n%s", err, out)
	}
}

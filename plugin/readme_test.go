package plugin_test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/name5566/leaf/network"
	leafjson "github.com/name5566/leaf/network/json"
	leafprotobuf "github.com/name5566/leaf/network/protobuf"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
	"github.com/leafmidas/leafmidas/msg"
)

// Hello is the newcomer's own message in JSON, where a message is called as its type is.
type Hello struct{ Value string }

// readmeBlocks are the code blocks of a README's section on how to build a server: the files by their names, and the
// commands.
func readmeBlocks(t *testing.T, readme, from, to string) (files map[string]string, commands []string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, section, begins := strings.Cut(string(text), "\n## "+from+"\n")
	section, _, ends := strings.Cut(section, "\n## "+to+"\n")
	if !begins || !ends {
		t.Fatalf("%s has no section %q before %q", readme, from, to)
	}
	files = map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		name, _, named := strings.Cut(strings.TrimPrefix(m[2], "// "), "\n")
		switch {
		case m[1] == "sh":
			commands = append(commands, m[2])
		case m[1] != "go" || !named || filepath.Ext(name) != ".go":
			t.Errorf("%s: a block that is no command and no file: %s", readme, m[0])
		default:
			files[name] = m[2]
		}
	}
	return files, commands
}

func englishBlocks(t *testing.T) (map[string]string, []string) {
	return readmeBlocks(t, "../README.md", "Into your server", "Config")
}

func TestBothReadmesHaveTheSameCode(t *testing.T) {
	t.Parallel()
	english, commands := englishBlocks(t)
	chinese, same := readmeBlocks(t, "../README_ZH.md", "接入你的服务器", "配置")
	if len(english) < 6 || fmt.Sprint(english) != fmt.Sprint(chinese) || fmt.Sprint(commands) != fmt.Sprint(same) {
		t.Errorf("%v\n%v\n\nand\n\n%v\n%v", english, commands, chinese, same)
	}
}

func TestTheReadmeGetsWhatTheModuleNeeds(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, commands := englishBlocks(t)
	get := commands[0]
	name := regexp.MustCompile(`(?m)^module (\S+)$`).FindSubmatch(module)
	leaf := regexp.MustCompile(`name5566/leaf (\S+)`).FindSubmatch(module)
	for _, want := range []string{"go mod init example.com/game", "go get " + string(name[1]) + " ", "github.com/name5566/leaf@" + string(leaf[1])} {
		if !strings.Contains(get, want) {
			t.Errorf("%q is not in %s", want, get)
		}
	}
}

func TestANewcomersHostIsBuiltFromTheReadmeAndSells(t *testing.T) {
	t.Parallel()
	checkout, midasctl := built(t)
	files, _ := englishBlocks(t)
	for _, codec := range []string{"json", "protobuf"} {
		for _, driver := range []string{"sqlite", "postgres"} {
			t.Run(codec+" "+driver, func(t *testing.T) {
				t.Parallel()
				n := newcomer{t: t, files: files, codec: codec, folder: t.TempDir(), driver: driver}
				n.ledger, n.dsn = "sqlite", filepath.Join(n.folder, "orders.db")
				if driver == "postgres" {
					n.ledger, n.dsn = "pgx", ledgertest.Fresh(t, "postgres").DSN
				}
				n.write(checkout)
				goBuild(t, n.folder, "server", ".", "-mod=mod")
				n.play(midasctl)
			})
		}
	}
}

func TestAHostOfAnEarlierVersionSellsUnchanged(t *testing.T) {
	t.Parallel()
	checkout, midasctl := built(t)
	host, err := os.ReadFile("testdata/oldhost/main.go")
	if err != nil {
		t.Fatal(err)
	}
	n := newcomer{t: t, files: map[string]string{"main.go": string(host)}, codec: "json", folder: t.TempDir(), driver: "sqlite", ledger: "sqlite"}
	n.dsn = filepath.Join(n.folder, "bags.db")
	n.write(checkout)
	goBuild(t, n.folder, "server", ".", "-mod=mod")
	n.play(midasctl)
}

// built is this checkout and its midasctl.
func built(t *testing.T) (checkout, midasctl string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command")
	}
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	midasctl = filepath.Join(t.TempDir(), "midasctl")
	goBuild(t, checkout, midasctl, "./cmd/midasctl")
	return checkout, midasctl
}

// newcomer is somebody who builds a server from the README.
type newcomer struct {
	t           *testing.T
	files       map[string]string
	codec       string // of the gate
	driver      string // of the ledger, in the config
	ledger, dsn string // of database/sql
	folder      string
}

// goBuild builds a package as on a machine that has no network.
func goBuild(t *testing.T, folder, program, name string, flags ...string) {
	t.Helper()
	args := append([]string{"build", "-o", program}, flags...)
	c := exec.CommandContext(t.Context(), "go", append(args, name)...)
	c.Dir = folder
	c.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build %s in %s: %v\n%s", name, folder, err, out)
	}
}

// replaced is a file of the README with what it says may be done otherwise.
func (n newcomer) replaced(name, text string) string {
	change := func(old, with string) {
		if !strings.Contains(text, old) {
			n.t.Fatalf("%s has no %q", name, old)
		}
		text = strings.ReplaceAll(text, old, with)
	}
	if name == "msg/msg.go" && n.codec == "protobuf" { // with a message that protoc has generated
		change(`"github.com/name5566/leaf/network/json"`, "\"github.com/name5566/leaf/network/protobuf\"\n\t\"google.golang.org/protobuf/types/known/wrapperspb\"")
		change("json.NewProcessor() // or ", "")
		change("type Hello struct{ Value string }", "type Hello = wrapperspb.StringValue")
	}
	if name == "main.go" && n.driver == "postgres" {
		change("modernc.org/sqlite", "github.com/jackc/pgx/v5/stdlib")
	}
	return text
}

// write makes the newcomer's module, as the commands of the README would, but for a replacement by this checkout.
func (n newcomer) write(checkout string) {
	n.t.Helper()
	for name, text := range n.files {
		path := filepath.Join(n.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			n.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(n.replaced(name, text)), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
	module, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		n.t.Fatal(err)
	}
	_, needs, _ := strings.Cut(string(module), "\n") // its Go, and the versions that this machine has
	text := "module example.com/game\n" + needs + "\nrequire github.com/leafmidas/leafmidas v0.0.0\nreplace github.com/leafmidas/leafmidas => " + checkout + "\n"
	if err := os.WriteFile(filepath.Join(n.folder, "go.mod"), []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	if err == nil {
		err = os.WriteFile(filepath.Join(n.folder, "go.sum"), sums, 0o600)
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// started is a program that runs until the test ends.
func (n newcomer) started(program string, args ...string) (firstLine string, output func() string) {
	n.t.Helper()
	c := exec.Command(program, args...)
	c.Dir = n.folder
	out, err := c.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	log := &logBuffer{t: n.t}
	c.Stderr = log
	if err := c.Start(); err != nil {
		n.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		n.t.Errorf("%s says nothing: %v\n%s", program, err, log)
	}
	var read sync.WaitGroup
	read.Go(func() { _, _ = io.Copy(log, lines) })
	n.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		read.Wait()
		if err := c.Wait(); err != nil {
			n.t.Errorf("%s ended with %v:\n%s", program, err, log)
		}
	})
	return line, log.String
}

// play runs the server on the section that an emulator prints, and buys.
func (n newcomer) play(midasctl string) {
	n.t.Helper()
	line, _ := n.started(midasctl, "emulator", "--json", "--quiet", "--listen", "127.0.0.1:0")
	var told struct {
		URL   string `json:"url"`
		Midas json.RawMessage
	}
	if err := json.Unmarshal([]byte(line), &told); err != nil {
		n.t.Fatalf("%v: %s", err, line)
	}
	section := string(told.Midas)
	if n.driver == "postgres" {
		var changed map[string]any
		if err := json.Unmarshal(told.Midas, &changed); err != nil {
			n.t.Fatal(err)
		}
		changed["Ledger"] = map[string]any{"Driver": "postgres", "DSN": n.dsn}
		text, err := json.Marshal(changed)
		if err != nil {
			n.t.Fatal(err)
		}
		section = string(text)
	}
	addr := freeAddr(n.t)
	config := fmt.Sprintf(`{"WSAddr":%q,"Midas":%s}`, addr, section)
	if err := os.WriteFile(filepath.Join(n.folder, "server.json"), []byte(config), 0o600); err != nil {
		n.t.Fatal(err)
	}
	_, output := n.started(filepath.Join(n.folder, "server"))

	c := n.dial(addr, output)
	c.send(c.hello("hello"))
	expect(c, func(m any) bool { return strings.Contains(fmt.Sprintf("%v", m), "hello") })
	c.send(&msg.MidasLogin{Code: "auto-alice-1"})
	expect(c, func(m any) bool {
		r, ok := m.(*msg.MidasLoginResult)
		return ok && r.GetOpenid() == emulator.OpenIDOf("alice")
	})
	coins := fmt.Sprintf(`{"env":"sandbox","openid":%q,"zone_id":"1","coins":100}`, emulator.OpenIDOf("alice"))
	answer, err := http.Post(told.URL+"/_emulator/recharge", "application/x-www-form-urlencoded", strings.NewReader(coins)) // as curl does
	if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
		n.t.Fatalf("%v, %v", answer, err)
	}
	for range 2 { // the same purchase
		c.send(&msg.MidasPurchase{RequestId: "p", ItemId: "sword", Quantity: 1})
		expect(c, func(m any) bool {
			r, ok := m.(*msg.MidasPurchaseResult)
			return ok && r.GetState() == msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED
		})
	}
	if err := c.conn.Close(); err != nil {
		n.t.Error(err)
	}
	db, err := sql.Open(n.ledger, n.dsn)
	if err != nil {
		n.t.Fatal(err)
	}
	defer db.Close()
	var swords int64
	if err := db.QueryRow(`SELECT SUM(n) FROM bags WHERE openid = $1 AND item = 'sword'`, emulator.OpenIDOf("alice")).Scan(&swords); err != nil || swords != 1 {
		n.t.Errorf("%d swords, %v", swords, err)
	}
}

// visitor is a client of the newcomer's server, over WebSocket, with the same messages as the server has.
type visitor struct {
	t         *testing.T
	conn      *websocket.Conn
	processor network.Processor
	kind      int
	hello     func(string) any
	output    func() string // of the server
}

func (n newcomer) dial(addr string, output func() string) *visitor {
	n.t.Helper()
	v := &visitor{t: n.t, output: output}
	if n.codec == "json" {
		p := leafjson.NewProcessor()
		p.Register(&Hello{})
		msg.Register(p)
		v.processor, v.kind, v.hello = p, websocket.TextMessage, func(text string) any { return &Hello{text} }
	} else {
		p := leafprotobuf.NewProcessor()
		p.Register(&wrapperspb.StringValue{})
		msg.Register(p)
		v.processor, v.kind, v.hello = p, websocket.BinaryMessage, func(text string) any { return wrapperspb.String(text) }
	}
	eventually(n.t, "the server listens", func() bool {
		var err error
		v.conn, _, err = websocket.DefaultDialer.DialContext(n.t.Context(), "ws://"+addr, nil)
		return err == nil
	})
	if err := v.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		n.t.Fatal(err)
	}
	return v
}

func (v *visitor) send(m any) {
	v.t.Helper()
	parts, err := v.processor.Marshal(m)
	if err != nil {
		v.t.Fatal(err)
	}
	var frame []byte
	for _, part := range parts {
		frame = append(frame, part...)
	}
	if err := v.conn.WriteMessage(v.kind, frame); err != nil {
		v.t.Fatal(err)
	}
}

// expect reads until a message comes that is meant.
func expect(v *visitor, meant func(any) bool) {
	v.t.Helper()
	var heard []any
	for {
		_, frame, err := v.conn.ReadMessage()
		if err != nil {
			v.t.Fatalf("%v; heard %v; the server says %s", err, heard, v.output())
		}
		m, err := v.processor.Unmarshal(frame)
		if err != nil {
			v.t.Fatal(err)
		}
		if meant(m) {
			return
		}
		heard = append(heard, m)
	}
}

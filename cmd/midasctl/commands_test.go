package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// secrets are in the configs of these tests, and may be in no output.
var secrets = []string{"s3cret-of-the-app", "k3y-of-the-sandbox", "k3y-of-production", "s3ssion-key", "t0ken-of-wechat"}

// midasctl runs a command line in this process. An error is an exit code other than 0; out then has both outputs.
func midasctl(t *testing.T, stdin string, args ...string) (out string, err error) {
	t.Helper()
	out, log, code := outputs(t, stdin, args...)
	if code != 0 {
		return out + log, fmt.Errorf("exit code %d", code)
	}
	return out, nil
}

// outputs is midasctl with each output by itself.
func outputs(t *testing.T, stdin string, args ...string) (out, log string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter, a.Reader = &stdout, &stderr, strings.NewReader(stdin)
	code = execute(t.Context(), a, append([]string{"midasctl"}, args...))
	for _, secret := range secrets {
		if all := stdout.String() + stderr.String(); strings.Contains(all, secret) && !slices.Contains(args, "--explain") {
			t.Errorf("midasctl %s shows a secret:\n%s", strings.Join(args, " "), all)
		}
	}
	return stdout.String(), stderr.String(), code
}

// must runs a command line that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := midasctl(t, "", args...)
	if err != nil {
		t.Fatalf("midasctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// config writes a server's config.
func config(t *testing.T, section map[string]any, changes map[string]any) string {
	t.Helper()
	full := map[string]any{
		"Env": "sandbox", "AppID": "wx1234567", "AppSecret": "s3cret-of-the-app", "OfferID": "12345678", "AppKey": "k3y-of-production",
		"SandboxAppKey": "k3y-of-the-sandbox", "CoinsPerYuan": 10, "BaseURL": "http://127.0.0.1:1",
		"Ledger": map[string]any{"DSN": filepath.Join(t.TempDir(), "orders.db")},
	}
	maps.Copy(full, section)
	maps.Copy(full, changes)
	text, err := json.Marshal(map[string]any{"Midas": full})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "server.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// stocked is a ledger with an order of every fate, on each database.
func stocked(t *testing.T, run func(t *testing.T, conf string)) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		at := time.Now().Add(-time.Hour).Truncate(time.Second)
		for i, one := range []struct {
			bill, openid string
			states       []ledger.State
		}{
			{"01A", "alice", []ledger.State{ledger.Paying, ledger.Paid, ledger.Delivered}},
			{"01B", "bob", []ledger.State{ledger.Paying}},
			{"01C", "alice", []ledger.State{ledger.Paying, ledger.Paid, ledger.Disputed}},
		} {
			made := at.Add(time.Duration(i) * time.Minute)
			before, _, err := l.Create(t.Context(), ledger.Order{
				BillNo: one.bill, Kind: ledger.Purchase, OpenID: one.openid, ZoneID: "1", RequestID: "r-" + one.bill, ItemID: "sword",
				Quantity: 2, Amount: 120, State: ledger.Created, CreatedAt: made, UpdatedAt: made, DueAt: made,
			})
			for _, to := range one.states {
				if err != nil {
					t.Fatal(err)
				}
				after := before
				after.State, after.Note = to, "because"
				if after.DueAt = made; to.Ended() {
					after.DueAt = time.Time{}
				}
				before, err = l.Advance(t.Context(), before, after)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		driver := cfg.Driver
		if driver == "" {
			driver = "sqlite"
		}
		run(t, config(t, nil, map[string]any{"Ledger": map[string]any{"Driver": driver, "DSN": cfg.DSN}}))
	})
}

func TestOrdersAreListedTracedAndSettled(t *testing.T) {
	stocked(t, func(t *testing.T, conf string) {
		for line, want := range map[string][]string{
			"":                             {"01C", "01B", "01A"},
			"--player alice":               {"01C", "01A"},
			"--player alice --oldest":      {"01A", "01C"},
			"--state disputed":             {"01C"},
			"--open":                       {"01B"},
			"--stuck":                      {"01B"},
			"--state paying --kind goods":  nil,
			"--bill 01B":                   {"01B"},
			"--request r-01A":              {"01A"},
			"--from 24h --to 1m --limit 1": {"01C"},
			"--from 2000-01-01 --to 3h":    nil,
		} {
			args := append([]string{"orders", "--conf", conf, "--json"}, strings.Fields(line)...)
			var got struct {
				Orders []struct {
					BillNo string `json:"bill_no"`
				}
			}
			if err := json.Unmarshal([]byte(must(t, args...)), &got); err != nil {
				t.Fatal(err)
			}
			var bills []string
			for _, o := range got.Orders {
				bills = append(bills, o.BillNo)
			}
			if strings.Join(bills, " ") != strings.Join(want, " ") {
				t.Errorf("%s: %v, want %v", line, bills, want)
			}
		}
		if out := must(t, "orders", "--conf", conf); !strings.Contains(out, "BILL") || !strings.Contains(out, "120 coins") || !strings.Contains(out, "disputed") {
			t.Errorf("for people:\n%s", out)
		}
		for _, line := range []string{"--state sold", "--kind sale", "--limit 5000", "--from yesterday", "something", "--after nowhere"} {
			if out, err := midasctl(t, "", append([]string{"orders", "--conf", conf}, strings.Fields(line)...)...); err == nil {
				t.Errorf("%s: accepted: %s", line, out)
			}
		}

		if out := must(t, "order", "01A", "--conf", conf); !strings.Contains(out, "2 × sword") || strings.Count(out, "because") != 3 || !strings.Contains(out, "delivered") {
			t.Errorf("its history:\n%s", out)
		}
		var traced struct {
			Events []struct{ From, To, Note string }
		}
		if err := json.Unmarshal([]byte(must(t, "order", "--conf", conf, "--json", "01C")), &traced); err != nil || len(traced.Events) != 4 || traced.Events[3].To != "disputed" {
			t.Errorf("%+v, %v", traced, err)
		}
		if out, err := midasctl(t, "", "order", "--conf", conf, "01X"); err == nil || !strings.Contains(out, "no order 01X") {
			t.Errorf("an unknown order: %s", out)
		}

		resolve := func(bill string, flags ...string) (string, error) {
			return midasctl(t, "", append([]string{"resolve", bill, "--conf", conf, "--who", "anna"}, flags...)...)
		}
		for name, c := range map[string]struct {
			bill  string
			flags []string
			want  string
		}{
			"no reason":     {"01C", []string{"--as", "delivered"}, "why"},
			"no end":        {"01C", []string{"--why", "seen"}, "as"},
			"another end":   {"01C", []string{"--as", "paid", "--why", "seen"}, "delivered or cancelled"},
			"not disputed":  {"01A", []string{"--as", "cancelled", "--why", "seen"}, "has ended as delivered"},
			"still open":    {"01B", []string{"--as", "cancelled", "--why", "seen"}, "still worked on"},
			"no such order": {"01X", []string{"--as", "cancelled", "--why", "seen"}, "no order 01X"},
		} {
			if out, err := resolve(c.bill, c.flags...); err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%s: %s", name, out)
			}
		}
		if out, err := resolve("01C", "--as", "delivered", "--why", "granted by hand"); err != nil || !strings.Contains(out, "01C is delivered") {
			t.Fatalf("%v: %s", err, out)
		}
		if out := must(t, "order", "--conf", conf, "01C"); !strings.Contains(out, "operator anna") || !strings.Contains(out, "granted by hand") || !strings.Contains(out, "by hand") {
			t.Errorf("who and why are not told:\n%s", out)
		}
		if out, err := resolve("01C", "--as", "cancelled", "--why", "again"); err == nil || !strings.Contains(out, "settled already") {
			t.Errorf("settled twice: %s", out)
		}
	})
}

// Whatever fails, programs find one object.
func TestEveryFailureIsOneJSONObject(t *testing.T) {
	conf := config(t, nil, nil)
	fails := func(args ...string) {
		t.Helper()
		out, log, code := outputs(t, "{}", args...)
		var got failure
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Error == "" || code != 1 {
			t.Errorf("midasctl %s: exit code %d: %v\n%s%s", strings.Join(args, " "), code, err, out, log)
		}
	}
	commands := 0
	_ = app().Walk(func(c *cli.Command) error {
		if len(c.Commands) == 0 {
			commands++
			if !slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "json") }) {
				t.Errorf("%s has no --json", c.Name)
			}
			path := map[string][]string{"check": {"config"}, "v1": {"sign"}, "v2": {"sign"}}[c.Name]
			path = append(path, c.Name)
			fails(append(path, "--json", "--no-such-flag")...)
			fails(append(path, "--no-such-flag", "--json")...)
			fails(append(path, "--json", "--conf", "nowhere.json", "one", "two")...)
		}
		return nil
	})
	if commands < 15 {
		t.Errorf("only %d commands were tried", commands)
	}
	for _, line := range []string{
		"orders --json", "no-such-command --json", "config no-such-command --json", "orders --json=true --conf nowhere.json",
		"orders --json --conf " + conf, "order 01X --json --conf " + conf, "order --json --conf " + conf, "orders --limit x --json --conf " + conf,
		"sign v1 --json --path /x?access_token=t0ken-of-wechat --conf " + conf, "balance somebody --json --conf " + conf, "emulator --json --listen nowhere",
	} {
		fails(strings.Fields(line)...)
	}
	for _, line := range []string{"orders --conf " + conf, "orders --json=false --conf " + conf, "no-such-command"} { // for people
		if out, log, code := outputs(t, "", strings.Fields(line)...); code != 1 || out != "" || !strings.HasPrefix(log, "midasctl: ") {
			t.Errorf("%s: exit code %d: %q %q", line, code, out, log)
		}
	}
	out, log, code := outputs(t, "", "config", "check", "--json", "--conf", config(t, nil, map[string]any{"Env": "staging"}))
	if code != 1 || strings.Count(out, "\n") != 1 || !strings.Contains(out, `"ok":false`) || log != "midasctl: 1 fault\n" {
		t.Errorf("a report with a fault is told twice: %q %q", out, log)
	}
}

func TestFollowOutlastsALedgerThatIsAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orders.db")
	l, err := ledger.Open(t.Context(), ledger.Config{DSN: file})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rename := func(from, to string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
			t.Fatal(err)
		}
	}
	s := startBinary(t, "orders", "--conf", config(t, nil, map[string]any{"Ledger": map[string]any{"DSN": file}}), "--follow", "--json")
	made := time.Now().Add(time.Minute) // after the command began, whenever that was
	o, _, err := l.Create(t.Context(), ledger.Order{
		BillNo: "01F", Kind: ledger.Purchase, OpenID: "alice", ZoneID: "1", RequestID: "r", ItemID: "sword", Quantity: 1, Amount: 60,
		State: ledger.Created, CreatedAt: made, UpdatedAt: made, DueAt: made,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.awaitLine(`"state":"created"`)
	for _, to := range []ledger.State{ledger.Paying, ledger.Paid} {
		rename("midas_orders", "away")
		s.awaitLog("does not answer")
		time.Sleep(2 * followEvery) // more looks fail, and are not to be told
		rename("away", "midas_orders")
		s.awaitLog("answers again")
		after := o
		after.State = to
		if o, err = l.Advance(t.Context(), o, after); err != nil {
			t.Fatal(err)
		}
		s.awaitLine(fmt.Sprintf(`"state":%q`, to))
	}
	s.interrupt()
	if n := strings.Count(s.log.String(), "does not answer"); n != 2 {
		t.Errorf("two outages are told %d times:\n%s", n, &s.log)
	}
	if out, err := midasctl(t, "", "orders", "--follow", "--state", "sold", "--conf", config(t, nil, map[string]any{"Ledger": map[string]any{"DSN": file}})); err == nil {
		t.Errorf("what nobody can look for is followed: %s", out)
	}
}

func TestFollowShowsWhatComes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orders.db")
	conf := config(t, nil, map[string]any{"Ledger": map[string]any{"DSN": file}})
	l, err := ledger.Open(t.Context(), ledger.Config{DSN: file})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := startBinary(t, "orders", "--conf", conf, "--follow", "--json")
	made := time.Now().Add(time.Minute) // after the command began, whenever that was
	o, _, err := l.Create(t.Context(), ledger.Order{
		BillNo: "01F", Kind: ledger.Purchase, OpenID: "alice", ZoneID: "1", RequestID: "r", ItemID: "sword", Quantity: 1, Amount: 60,
		State: ledger.Created, CreatedAt: made, UpdatedAt: made, DueAt: made,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.awaitLine(`"state":"created"`)
	after := o
	after.State = ledger.Paying
	if _, err := l.Advance(t.Context(), o, after); err != nil {
		t.Fatal(err)
	}
	s.awaitLine(`"state":"paying"`)
	s.interrupt()
}

// In a database that is not the servers', new and empty tables would answer that all is well.
func TestOnlyMigrateMakesTables(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		db, err := sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx", "mysql": "mysql"}[cfg.Driver], cfg.DSN)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(`CREATE TABLE somebody_elses (id INTEGER)`); err != nil {
			t.Fatal(err)
		}
		conf := config(t, nil, map[string]any{"Ledger": map[string]any{"Driver": cfg.Driver, "DSN": cfg.DSN}})
		for _, args := range [][]string{
			{"audit", "--offline"}, {"orders"}, {"orders", "--follow"}, {"order", "01A"}, {"resolve", "--as", "delivered", "--why", "x", "01A"},
		} {
			if out, err := midasctl(t, "", append(args, "--conf", conf)...); err == nil || !strings.Contains(out, "has no tables of leafmidas") {
				t.Errorf("%q: %v, %s", args, err, out)
			}
		}
		if out, err := midasctl(t, "", "doctor", "--offline", "--conf", conf); err != nil || !strings.Contains(out, "?      database") {
			t.Errorf("doctor: %v, %s", err, out)
		}
		if out, err := midasctl(t, "", "balance", "--conf", conf, "alice"); err == nil || !strings.Contains(out, "no session key of this player") {
			t.Errorf("balance: %v, %s", err, out)
		}
		if _, err := db.Exec(`SELECT COUNT(*) FROM midas_migrations`); err == nil {
			t.Error("tables were made")
		}
		must(t, "migrate", "--conf", conf)
		must(t, "orders", "--conf", conf)
	})
}

func TestMigrateMakesTheTables(t *testing.T) {
	conf := config(t, nil, nil)
	if out, err := midasctl(t, "", "orders", "--conf", conf); err == nil || !strings.Contains(out, "does not exist") {
		t.Errorf("orders of a ledger that is not there: %s", out)
	}
	var told struct {
		Driver  string
		Version int
	}
	for range 2 {
		if err := json.Unmarshal([]byte(must(t, "migrate", "--conf", conf, "--json")), &told); err != nil || told.Driver != "sqlite" || told.Version < 4 {
			t.Errorf("%+v, %v", told, err)
		}
	}
	must(t, "orders", "--conf", conf)
	stocked(t, func(t *testing.T, conf string) {
		if out := must(t, "migrate", "--conf", conf); !strings.Contains(out, "is at version") {
			t.Error(out)
		}
	})
}

func TestConfigCheckTellsEveryFault(t *testing.T) {
	if out := must(t, "config", "check", "--conf", config(t, nil, nil)); !strings.Contains(out, "the config is well") {
		t.Error(out)
	}
	bad := config(t, nil, map[string]any{"Env": "staging", "Timeout": "3", "CoinsPerYuan": 0, "AppSecret": "env:NOBODY_SET_THIS_ONE"})
	out, err := midasctl(t, "", "config", "check", "--conf", bad)
	for _, want := range []string{"Midas.Env", "Midas.Timeout", "Midas.CoinsPerYuan", "Midas.AppSecret", "4 faults"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%s is not told:\n%s", want, out)
		}
	}
	var told struct {
		OK     bool
		Faults []struct{ Key, What string }
	}
	out, err = midasctl(t, "", "config", "check", "--json", "--conf", bad)
	if json.NewDecoder(strings.NewReader(out)).Decode(&told) != nil || err == nil || told.OK || len(told.Faults) != 4 {
		t.Errorf("for programs: %s", out)
	}
	if out, err := midasctl(t, "", "config", "check", "--conf", "/nowhere/server.json"); err == nil || !strings.Contains(out, "nowhere") {
		t.Errorf("no file: %s", out)
	}
}

func TestCompletionsAreOffered(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "pwsh"} {
		if out := must(t, "completion", shell); !strings.Contains(out, "--generate-shell-completion") && !strings.Contains(out, "complete -c midasctl") {
			t.Errorf("%s: %s", shell, out)
		}
	}
	bin := build(t)
	for _, c := range []struct{ line, want string }{{"", "doctor"}, {"ver", "verify"}, {"config", "check"}, {"orders --st", "--state"}} {
		out, err := exec.CommandContext(t.Context(), bin, append(strings.Fields(c.line), "--generate-shell-completion")...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%q is not completed with %s: %s, %v", c.line, c.want, out, err)
		}
	}
}

// follower is a started command that goes on until it is interrupted.
type follower struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner // what it prints
	logs  *bufio.Scanner // its error output
	log   strings.Builder
}

// startBinary starts a command line in a process of its own, which is the test's to end.
func startBinary(t *testing.T, args ...string) *follower {
	t.Helper()
	f := &follower{t: t, cmd: exec.CommandContext(t.Context(), build(t), args...)}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := f.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.lines, f.logs = bufio.NewScanner(out), bufio.NewScanner(io.TeeReader(log, &f.log))
	return f
}

// awaitLine reads until a line has the text, awaitLog until one of the error output has.
func (f *follower) awaitLine(text string) { f.t.Helper(); f.await(f.lines, text) }
func (f *follower) awaitLog(text string)  { f.t.Helper(); f.await(f.logs, text) }

func (f *follower) await(lines *bufio.Scanner, text string) {
	f.t.Helper()
	deadline := time.AfterFunc(20*time.Second, func() { _ = f.cmd.Process.Kill() })
	defer deadline.Stop()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	f.t.Fatalf("nothing says %s; the error output: %s", text, &f.log)
}

// interrupt is Ctrl-C, which ends it well.
func (f *follower) interrupt() {
	f.t.Helper()
	if err := f.cmd.Process.Signal(os.Interrupt); err != nil {
		f.t.Fatal(err)
	}
	deadline := time.AfterFunc(20*time.Second, func() { _ = f.cmd.Process.Kill() })
	defer deadline.Stop()
	for f.lines.Scan() || f.logs.Scan() {
	}
	if err := f.cmd.Wait(); err != nil {
		f.t.Errorf("after Ctrl-C: %v", err)
	}
}

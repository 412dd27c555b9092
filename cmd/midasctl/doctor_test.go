package main

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// doctor runs `midasctl doctor` for the player, and returns what it found.
func (w *wechat) doctor(changes map[string]any, args ...string) verdict {
	w.t.Helper()
	args = append([]string{"doctor", "--conf", w.conf(changes), "--player", w.openid, "--session-key-file", w.keyFile(), "--json"}, args...)
	out, err := midasctl(w.t, "", args...)
	var v verdict
	if json.NewDecoder(strings.NewReader(out)).Decode(&v) != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	if v.OK != (err == nil) {
		w.t.Errorf("the exit code does not tell what the report tells: %v, %s", err, out)
	}
	for _, f := range v.Findings {
		if f.Status == "wrong" && f.Do == "" {
			w.t.Errorf("nothing is said about what to do: %+v", f)
		}
	}
	return v
}

func (v verdict) oks() (all []string) {
	for _, f := range v.Findings {
		if f.Status == "ok" {
			all = append(all, f.Check)
		}
	}
	return all
}

func TestDoctorNamesTheFault(t *testing.T) {
	nowhere := map[string]any{"Driver": "postgres", "DSN": "postgres://u:k3y-of-the-sandbox@127.0.0.1:1/x?connect_timeout=2"}
	for name, c := range map[string]struct {
		emulator emulator.Config
		ahead    time.Duration
		config   map[string]any
		want     []string // each of these, and nothing else, is wrong
		well     []string // each of these is ok
	}{
		"nothing, V1": {well: []string{"config", "network", "clock", "access token", "AppKey", "SandboxAppKey"}},
		"nothing, V2": {config: map[string]any{"Protocol": "v2"}, well: []string{"access token", "AppKey", "SandboxAppKey"}},
		"the sandbox's key in production": {
			config: map[string]any{"Env": "production", "AppKey": "k3y-of-the-sandbox"}, want: []string{"AppKey: it is the key of sandbox"},
			well: []string{"access token", "SandboxAppKey"},
		},
		"the sandbox's key in production, V2": {
			config: map[string]any{"Env": "production", "AppKey": "k3y-of-the-sandbox", "Protocol": "v2"}, want: []string{"AppKey: it is the key of sandbox"},
		},
		"production's key in the sandbox": {
			config: map[string]any{"SandboxAppKey": "k3y-of-production"}, want: []string{"SandboxAppKey: it is the key of production"}, well: []string{"AppKey"},
		},
		"a clock 10 minutes slow": {ahead: 10 * time.Minute, want: []string{"clock: the clock is "}, well: []string{"AppKey"}},
		"a clock 10 minutes fast": {ahead: -10 * time.Minute, want: []string{"clock: the clock is "}},
		"an optional parameter signed wrongly": {
			emulator: emulator.Config{OptionalUnsigned: true}, config: map[string]any{"OptionalParams": "sign"},
			want: []string{"OptionalParams: production refuses", "OptionalParams: sandbox refuses"},
		},
		"an optional parameter signed wrongly, without mp_sig": {
			emulator: emulator.Config{OptionalUnsigned: true, MPSigIgnored: true}, config: map[string]any{"OptionalParams": "sign", "MPSig": false},
			want: []string{"OptionalParams: production refuses", "OptionalParams: sandbox refuses"},
		},
		"nobody's key": {
			config: map[string]any{"AppKey": "somebody-else's"}, want: []string{"AppKey: Midas refuses the signature"}, well: []string{"SandboxAppKey"},
		},
		"a wrong AppSecret": {config: map[string]any{"AppSecret": "s3cret-of-the-app-2"}, want: []string{"access token: "}},
		"no Midas there":    {config: map[string]any{"BaseURL": "http://127.0.0.1:1"}, want: []string{"network: "}},
		"no Redis there": {
			config: map[string]any{"Redis": map[string]any{"Addr": "127.0.0.1:1", "Password": "k3y-of-the-sandbox"}, "Ledger": nowhere},
			want:   []string{"Redis: ", "database: "}, well: []string{"AppKey"},
		},
		"no database there": {
			config: map[string]any{"Ledger": nowhere}, want: []string{"database: "}, well: []string{"AppKey"},
		},
		"a config with two faults": {
			config: map[string]any{"Env": "staging", "CoinsPerYuan": 0}, want: []string{"config: Midas.CoinsPerYuan", "config: Midas.Env"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, c.emulator)
			w.ahead = c.ahead
			v := w.doctor(c.config)
			got := v.wrongs()
			slices.Sort(got)
			if len(got) != len(c.want) {
				t.Fatalf("%q\nwant %q\n%+v", got, c.want, v)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("%q, want %q", got[i], want)
				}
			}
			for _, check := range c.well {
				if !slices.Contains(v.oks(), check) {
					t.Errorf("%s is not said to be well: %+v", check, v)
				}
			}
		})
	}
}

// A gateway's answer to the second question is no word of Midas's about the key.
func TestDoctorTakesNoFailureForAProof(t *testing.T) {
	for name, c := range map[string]struct {
		emulator emulator.Config
		config   map[string]any
		want     string
	}{
		"of a key": {
			config: map[string]any{"Env": "production", "AppKey": "k3y-of-the-sandbox"},
			want:   "AppKey: Midas refuses the signature, and whether it is the key of sandbox could not be tried: ",
		},
		"of a key, V2": {
			config: map[string]any{"Env": "production", "AppKey": "k3y-of-the-sandbox", "Protocol": "v2"},
			want:   "AppKey: Midas refuses the signature, and whether it is the key of sandbox could not be tried: ",
		},
		"of an option": {
			emulator: emulator.Config{OptionalUnsigned: true, MPSigIgnored: true},
			config:   map[string]any{"OptionalParams": "sign", "Env": "production", "SandboxAppKey": ""},
			want:     "AppKey: production refuses the signature, and whether it takes one without user_ip, pay_item and app_remark could not be tried: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, c.emulator)
			if err := w.emu.Script(emulator.APIBalance, emulator.Fault{Kind: emulator.OK}, emulator.Fault{Kind: emulator.BadGateway}); err != nil {
				t.Fatal(err)
			}
			v := w.doctor(c.config)
			if got := v.wrongs(); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestDoctorTakesTheSessionKeyFromTheEnvironment(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	t.Setenv("MIDAS_SESSION_KEY", w.session.Reveal())
	out, err := midasctl(t, "", "doctor", "--conf", w.conf(map[string]any{"Protocol": "v2"}), "--player", w.openid)
	if err != nil || strings.Count(out, "was answered") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDoctorTakesThePlayerFromTheLedger(t *testing.T) {
	w := newWechat(t, emulator.Config{MPSigIgnored: true})
	cfg := ledgertest.Fresh(t, "sqlite")
	l := ledgertest.Open(t, cfg)
	made := time.Now()
	_, _, err := l.Create(t.Context(), ledger.Order{
		BillNo: "01D", Kind: ledger.Purchase, OpenID: w.openid, ZoneID: "1", RequestID: "r", ItemID: "sword", Quantity: 1, Amount: 60,
		State: ledger.Created, CreatedAt: made, UpdatedAt: made, DueAt: made,
	})
	if err != nil {
		t.Fatal(err)
	}
	// The player's session key is in no ledger, so only a Midas that does not ask for mp_sig can judge the AppKeys.
	out, err := midasctl(t, "", "doctor", "--conf", w.conf(map[string]any{"Ledger": map[string]any{"DSN": cfg.DSN}}))
	if err != nil || !strings.Contains(out, "1 open order") || strings.Count(out, "was answered") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
	if last := w.seen[len(w.seen)-1]; !strings.Contains(last, w.openid) {
		t.Errorf("somebody else was asked for: %s", last)
	}
}

func TestDoctorWithoutAnybodyToAskFor(t *testing.T) {
	for name, c := range map[string]struct {
		emulator emulator.Config
		want     string
	}{
		"mp_sig is asked for":     {emulator.Config{}, "before it looked at the key"},
		"mp_sig is not asked for": {emulator.Config{MPSigIgnored: true, SessionOptional: true}, "was answered"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := midasctl(t, "", "doctor", "--conf", newWechat(t, c.emulator).conf(nil))
			if err != nil || strings.Count(out, c.want) != 2 || strings.Contains(out, "WRONG") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestDoctorLooksAtDatabaseAndRedis(t *testing.T) {
	address := os.Getenv("LEAFMIDAS_TEST_REDIS")
	if address == "" {
		t.Skip("needs a Redis server: set LEAFMIDAS_TEST_REDIS, or run make test, which starts one")
	}
	w := newWechat(t, emulator.Config{})
	for _, driver := range []string{"postgres", "mysql"} {
		cfg := ledgertest.Fresh(t, driver)
		ledgertest.Open(t, cfg)
		v := w.doctor(map[string]any{"Redis": map[string]any{"Addr": address}, "Ledger": map[string]any{"Driver": driver, "DSN": cfg.DSN}}, "--offline")
		if !slices.Equal(v.oks(), []string{"config", "database", "Redis"}) {
			t.Errorf("%s: %+v", driver, v)
		}
	}
}

// A Redis that answers a PING and refuses to work is found out, and what to do is said.
func TestDoctorFindsOutARedisThatRefuses(t *testing.T) {
	if os.Getenv("LEAFMIDAS_TEST_REDIS") == "" {
		t.Skip("needs redis-server: set LEAFMIDAS_TEST_REDIS, or run make test, which installs it")
	}
	w := newWechat(t, emulator.Config{})
	cfg := ledgertest.Fresh(t, "postgres")
	ledgertest.Open(t, cfg)
	for name, one := range map[string]struct {
		args   []string
		redis  map[string]any
		says   string
		advice string
	}{
		"out of memory": {[]string{"--maxmemory", "1"}, nil, "OOM command not allowed", "maxmemory"},
		"a replica":     {[]string{"--replicaof", "127.0.0.1 1"}, nil, "READONLY", "Midas.Redis.MasterName"},
		"no password":   {[]string{"--requirepass", "hush-hush"}, nil, "NOAUTH", "Midas.Redis.Password"},
		"a wrong one": {
			[]string{"--requirepass", "hush-hush"}, map[string]any{"Password": "k3y-of-the-sandbox"}, "WRONGPASS", "Midas.Redis.Username and Password",
		},
		"no right":             {strings.Fields("--user default on nopass ~* &* +@all -publish"), nil, "NOPERM", "the rights that the README lists"},
		"no right to listen":   {strings.Fields("--user default on nopass ~* &* +@all -subscribe"), nil, "NOPERM", "the rights that the README lists"},
		"a node of a cluster":  {[]string{"--cluster-enabled", "yes"}, nil, "CLUSTERDOWN", "nodes are away"},
		"well, with all of it": {[]string{"--requirepass", "hush-hush"}, map[string]any{"Password": "hush-hush"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			address, err := freeport.Addr()
			if err != nil {
				t.Fatal(err)
			}
			bus, err := freeport.Addr()
			if err != nil {
				t.Fatal(err)
			}
			_, port, _ := strings.Cut(address, ":")
			_, busPort, _ := strings.Cut(bus, ":")
			server := exec.Command("redis-server", append([]string{
				"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(), "--cluster-port", busPort,
			}, one.args...)...)
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = server.Process.Kill()
				_ = server.Wait()
			}()
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				if conn, err := net.Dial("tcp", address); err == nil {
					_ = conn.Close()
					break
				} else if time.Now().After(end) {
					t.Fatal(err)
				}
			}
			section := map[string]any{"Addr": address}
			maps.Copy(section, one.redis)
			v := w.doctor(map[string]any{"Redis": section, "Ledger": map[string]any{"Driver": "postgres", "DSN": cfg.DSN}}, "--offline")
			if one.says == "" {
				if !slices.Contains(v.oks(), "Redis") {
					t.Errorf("%+v", v)
				}
				return
			}
			found := false
			for _, f := range v.Findings {
				found = found || f.Check == "Redis" && f.Status == "wrong" && strings.Contains(f.What, one.says) && strings.Contains(f.Do, one.advice)
			}
			if !found {
				t.Errorf("%+v", v)
			}
		})
	}
}

// Whoever waits sees what is known already: the next look may take 15 s.
func TestDoctorTellsEachLineAsItIsFound(t *testing.T) {
	answer := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	cfg := ledgertest.Fresh(t, "sqlite")
	ledgertest.Open(t, cfg)
	read, write := io.Pipe()
	a := app()
	a.Writer, a.ErrWriter = write, io.Discard
	conf := config(t, nil, map[string]any{"BaseURL": slow.URL, "Ledger": map[string]any{"DSN": cfg.DSN}})
	go func() {
		execute(t.Context(), a, []string{"midasctl", "doctor", "--conf", conf})
		write.Close()
	}()
	lines := bufio.NewScanner(read)
	var all []string
	for _, want := range []string{"config", "database"} {
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Fatalf("%q, want %s", lines.Text(), want)
		}
		all = append(all, lines.Text())
	}
	close(answer) // WeChat's, of which nothing could be known until now
	for lines.Scan() {
		all = append(all, lines.Text())
	}
	if len(all) < 4 || !strings.HasPrefix(all[2], "ok     network ") {
		t.Errorf("%q", all)
	}
	for _, line := range all {
		if cells := []rune(line); len(cells) < 25 || cells[23] != ' ' || cells[24] == ' ' {
			t.Errorf("the columns are not below each other:\n%s", strings.Join(all, "\n"))
		}
	}
}

// An address that another server made up is followed nowhere, and not shown.
func TestDoctorFollowsNoRedirect(t *testing.T) {
	away := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/?access_token=t0ken-of-wechat", http.StatusFound))
	defer away.Close()
	w := newWechat(t, emulator.Config{})
	if v := w.doctor(map[string]any{"BaseURL": away.URL}); !slices.Contains(v.oks(), "network") {
		t.Errorf("%+v", v)
	}
}

func TestDoctorReadsNoSecretAloud(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret-of-the-app"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("A_KEY", "k3y-of-production")
	v := w.doctor(map[string]any{"AppSecret": "file:" + secret, "AppKey": "env:A_KEY"}) // midasctl looks for them in what is printed
	if !v.OK {
		t.Errorf("%+v", v)
	}
	for _, dsn := range []string{ // whose drivers take the password for something else
		"postgres://u:x@k3y-of-the-sandbox@127.0.0.1:1/db", "host=127.0.0.1 password=x k3y-of-the-sandbox", "k3y-of-the-sandbox",
	} {
		v := w.doctor(map[string]any{"Ledger": map[string]any{"Driver": "postgres", "DSN": dsn}}, "--offline")
		if got := v.wrongs(); len(got) != 1 || !strings.HasPrefix(got[0], "database: open the postgres ledger: ") {
			t.Errorf("%s: %+v", dsn, v)
		}
	}
}

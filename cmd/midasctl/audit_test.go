package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// shop is an emulator, a ledger with a few orders, and the config of the server they were made on.
type shop struct {
	bin, dir, url string
	session       midas.Secret
	bought        []string // bill numbers of what alice was delivered: 60 and 4 coins
}

// nobody observes.
type nobody struct{}

func (nobody) BalanceChanged(string, string, payment.Account, payment.Reason, string) {}
func (nobody) OrderEnded(payment.Receipt)                                             {}
func (nobody) RechargeEnded(ledger.Recharge)                                          {}

// newShop sells alice a sword and two potions, and gives her 7 coins.
func newShop(t *testing.T) *shop {
	t.Helper()
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	s := &shop{bin: build(t), dir: t.TempDir()}
	if s.url, err = emu.Start(""); err != nil {
		t.Fatal(err)
	}
	client, err := midas.New(midas.Config{
		BaseURL: s.url, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, Sandbox: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	orders, err := ledger.Open(t.Context(), ledger.Config{DSN: filepath.Join(s.dir, "orders.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer orders.Close()
	till, err := payment.New(payment.Config{
		Ledger: orders, Midas: client, Deliver: func(context.Context, ledger.Order) error { return nil }, Observer: nobody{},
		Items: []payment.Item{{ID: "sword", Price: 60}, {ID: "potion", Price: 2}}, CoinsPerYuan: 10, Tiers: midas.OfficialTiers(),
		NeedSession: true, Sandbox: true, SealSecret: emulator.DefaultAppSecret, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := till.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer till.Stop(t.Context())

	alice := payment.Player{OpenID: emulator.OpenIDOf("alice"), ZoneID: "1"}
	if err := emu.Recharge(emulator.Sandbox, alice.OpenID, alice.ZoneID, 100); err != nil {
		t.Fatal(err)
	}
	login, err := client.Code2Session(t.Context(), emu.Code(alice.OpenID))
	if err != nil {
		t.Fatal(err)
	}
	alice.SessionKey, s.session = login.SessionKey, login.SessionKey
	answer(t, func(done func(payment.Account, error)) error { return till.Login(alice, done) })
	for _, r := range []payment.PurchaseRequest{
		{RequestID: "r1", ItemID: "sword", Quantity: 1}, {RequestID: "r2", ItemID: "potion", Quantity: 2},
	} {
		got := answer(t, func(done func(payment.Receipt, error)) error { return till.Purchase(alice, r, done) })
		if got.Order.State != ledger.Delivered {
			t.Fatalf("%+v", got)
		}
		s.bought = append(s.bought, got.Order.BillNo)
	}
	answer(t, func(done func(payment.Receipt, error)) error {
		return till.Present(alice, payment.PresentRequest{RequestID: "g1", Amount: 7}, done)
	})
	return s
}

// answer waits for what a till tells.
func answer[T any](t *testing.T, ask func(done func(T, error)) error) (told T) {
	t.Helper()
	type reply struct {
		value T
		err   error
	}
	replies := make(chan reply, 1)
	if err := ask(func(v T, err error) { replies <- reply{v, err} }); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-replies:
		if r.err != nil {
			t.Fatal(r.err)
		}
		told = r.value
	case <-time.After(20 * time.Second):
		t.Fatal("no answer came")
	}
	return told
}

// section is the config section of a server on this shop's ledger.
func (s *shop) section() map[string]any {
	return map[string]any{
		"Env": "sandbox", "BaseURL": s.url, "AppID": emulator.DefaultAppID, "AppSecret": emulator.DefaultAppSecret,
		"OfferID": emulator.DefaultOfferID, "SandboxAppKey": emulator.DefaultSandboxAppKey, "CoinsPerYuan": 10,
		"Ledger": map[string]any{"DSN": filepath.Join(s.dir, "orders.db")},
	}
}

// conf writes a server's config around a section.
func (s *shop) conf(t *testing.T, section map[string]any) string {
	t.Helper()
	server := map[string]any{"LogLevel": "release", "MaxConnNum": 20000}
	if section != nil {
		server["Midas"] = section
	}
	text, err := json.Marshal(server)
	if err != nil {
		t.Fatal(err)
	}
	return s.file(t, "server.json", string(text))
}

func (s *shop) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// audit runs the command, and checks that it printed no secret.
func (s *shop) audit(t *testing.T, stdin string, args ...string) (rc int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, append([]string{"audit"}, args...)...)
	var out, log bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir = strings.NewReader(stdin), &out, &log, s.dir
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{
		"AppSecret": emulator.DefaultAppSecret, "SandboxAppKey": emulator.DefaultSandboxAppKey, "a password": "hush-hush",
		"a session key": s.session.Reveal(),
	} {
		if strings.Contains(out.String()+log.String(), secret) {
			t.Errorf("%s was printed:\n%s%s", name, &out, &log)
		}
	}
	return cmd.ProcessState.ExitCode(), out.String(), log.String()
}

func TestAuditExitsWith0WhenTheBooksAgree(t *testing.T) {
	s := newShop(t)
	conf := s.conf(t, s.section())
	rc, out, log := s.audit(t, "", "--conf", conf)
	if rc != 0 || log != "" {
		t.Errorf("exit code %d\n%s", rc, log)
	}
	want := `orders                            3
accounts                          1
accounts not compared with Midas  0
goods not compared with Midas     0
coins delivered                   64
coins given back                  0
coins open                        0
coins presented                   7
coins settled by hand             0
differences                       0
books agree
`
	if out != want {
		t.Errorf("got:\n%swant:\n%s", out, want)
	}

	granted := "# the game's own records\n\n" + s.bought[0] + "\r\n  " + s.bought[1]
	for name, c := range map[string]struct {
		args    []string
		verdict string
	}{
		"a file":            {[]string{"--granted", s.file(t, "granted", granted)}, "books agree"},
		"standard input":    {[]string{"--granted", "-"}, "books agree"},
		"a period":          {[]string{"--from", "1h", "--to", "2999-01-01"}, "books agree"},
		"the game and none": {[]string{"--granted", "-", "--offline"}, "books agree as far as compared (1 not compared)"},
	} {
		if rc, out, log := s.audit(t, granted, append(c.args, "--conf", conf)...); rc != 0 || !strings.HasSuffix(out, "\n"+c.verdict+"\n") {
			t.Errorf("%s: exit code %d\n%s%s", name, rc, out, log)
		}
	}
}

func TestAuditExitsWith1WhenTheBooksDiffer(t *testing.T) {
	s := newShop(t)
	conf := s.conf(t, s.section())
	first, second := s.bought[0], s.bought[1]
	for name, c := range map[string]struct {
		granted string
		want    []string
	}{
		"one is missing":    {first, []string{"bill " + second + ": delivered, but the game has not granted it", "\n1 difference\n"}},
		"all are missing":   {"", []string{"bill " + first, "bill " + second, "\n2 differences\n"}},
		"one came twice":    {first + "\n" + second + "\n" + first, []string{"bill " + first + ": granted more than once (ledger 1, other 2)"}},
		"one is nobody's":   {first + "\n" + second + "\nunheard-of", []string{"bill unheard-of: "}},
		"one is left aside": {first + "\n#" + second, []string{"bill " + second}},
	} {
		rc, out, log := s.audit(t, c.granted, "--conf", conf, "--granted", "-")
		if rc != 1 || log != "midasctl: the books differ\n" {
			t.Errorf("%s: exit code %d\n%s", name, rc, log)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: the output does not say %q:\n%s", name, want, out)
			}
		}
	}
}

func TestAuditTellsPrometheus(t *testing.T) {
	s := newShop(t)
	file := filepath.Join(t.TempDir(), "audit.prom")
	rc, _, stderr := s.audit(t, "", "--conf", s.conf(t, s.section()), "--granted", s.file(t, "granted", s.bought[0]+"\n"), "--textfile", file)
	text, err := os.ReadFile(file)
	if rc != 1 || err != nil || !strings.Contains(string(text), "\nleafmidas_audit_differences 1\n") {
		t.Errorf("exit code %d, %v: %s\n%s", rc, err, stderr, text)
	}
}

func TestAnAuditWhoseMetricsCannotBeWrittenIsOneJSONObject(t *testing.T) {
	s := newShop(t)
	rc, out, log := s.audit(t, "", "--conf", s.conf(t, s.section()), "--textfile", filepath.Join(s.dir, "nowhere", "audit.prom"), "--json")
	var failed struct{ Error string }
	if err := json.Unmarshal([]byte(out), &failed); rc != 1 || err != nil || !strings.Contains(failed.Error, "write the metrics of the audit") {
		t.Errorf("exit code %d, %v: %s%s", rc, err, out, log)
	}
}

// What waits for an operator is told, and is no difference that somebody has to get up for.
func TestADisputedOrderIsListedAndRaisesNoAlarm(t *testing.T) {
	stocked(t, func(t *testing.T, conf string) {
		file := filepath.Join(t.TempDir(), "audit.prom")
		out, err := midasctl(t, "", "audit", "--offline", "--conf", conf, "--textfile", file)
		if err == nil || !strings.Contains(out, "bill 01C: is disputed: because") {
			t.Errorf("%v, %s", err, out)
		}
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "\nleafmidas_audit_differences 0\n") {
			t.Errorf("%v, %s", err, text)
		}
	})
}

// Goods are compared order by order, and what Midas does not tell of them is no agreement.
func TestAuditTellsOfGoodsThatWereNotCompared(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	cfg := ledgertest.Fresh(t, "sqlite")
	l := ledgertest.Open(t, cfg)
	made := time.Now()
	if _, _, err := l.Create(t.Context(), ledger.Order{
		BillNo: "01G", Kind: ledger.Goods, OpenID: w.openid, ZoneID: "1", RequestID: "r", ItemID: "sword", Quantity: 1, Amount: 600,
		State: ledger.Paying, CreatedAt: made, UpdatedAt: made, DueAt: made,
	}); err != nil {
		t.Fatal(err)
	}
	conf := w.conf(map[string]any{"Protocol": "v2", "Ledger": map[string]any{"DSN": cfg.DSN}}) // and a player without a session key
	out := must(t, "audit", "--conf", conf)
	if !strings.Contains(out, "\ngoods not compared with Midas     1\n") || !strings.HasSuffix(out, "\nbooks agree as far as compared (2 not compared)\n") {
		t.Error(out)
	}
	if out := must(t, "audit", "--conf", conf, "--json"); !strings.Contains(out, `"unchecked_goods":1,`) {
		t.Error(out)
	}
}

func TestAuditNeedsNoRedis(t *testing.T) {
	s := newShop(t)
	section := s.section()
	section["Redis"] = map[string]any{"Addr": "127.0.0.1:1", "Password": "hush-hush"}
	if rc, out, log := s.audit(t, "", "--conf", s.conf(t, section)); rc != 0 || !strings.HasSuffix(out, "\nbooks agree\n") {
		t.Errorf("exit code %d\n%s%s", rc, out, log)
	}
}

func TestAuditForPrograms(t *testing.T) {
	s := newShop(t)
	conf := s.conf(t, s.section())
	run := func(wantRC int, stdin string, args ...string) string {
		t.Helper()
		rc, out, log := s.audit(t, stdin, append(args, "--conf", conf, "--json")...)
		if rc != wantRC {
			t.Errorf("exit code %d\n%s%s", rc, out, log)
		}
		return out
	}
	if got, want := run(0, ""), `{"orders":3,"accounts":1,"unchecked":0,"unchecked_goods":0,"delivered":64,"given_back":0,"open":0,"presented":7,"settled":0,"differences":[]}`+"\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if got := run(0, "", "--offline"); !strings.Contains(got, `"unchecked":1,`) {
		t.Errorf("offline: %s", got)
	}
	if got := run(0, "", "--from", "2999-01-01T00:00:00+08:00"); !strings.Contains(got, `{"orders":0,"accounts":0,`) {
		t.Errorf("from the future: %s", got)
	}
	if got := run(0, "", "--to", "24h"); !strings.Contains(got, `{"orders":0,"accounts":0,`) {
		t.Errorf("until yesterday: %s", got)
	}
	var a struct{ Differences []map[string]any }
	if err := json.Unmarshal([]byte(run(1, s.bought[0], "--granted", "-")), &a); err != nil || len(a.Differences) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	for key, want := range map[string]any{
		"openid": emulator.OpenIDOf("alice"), "zone_id": "1", "bill_no": s.bought[1],
		"what": "delivered, but the game has not granted it", "ledger": 1.0, "other": 0.0,
	} {
		if got := a.Differences[0][key]; got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
}

func TestAuditTellsWhatKeepsItFromLooking(t *testing.T) {
	s := newShop(t)
	good := s.conf(t, s.section())
	with := func(key string, value any) string {
		section := s.section()
		section[key] = value
		return s.conf(t, section)
	}
	faulty := s.section()
	delete(faulty, "OfferID")
	faulty["CoinsPerYuan"] = 0
	faulty["Colour"] = "red"
	missing := filepath.Join(s.dir, "elsewhere.db")
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"no config":           {nil, []string{`"conf"`}},
		"config not there":    {[]string{"--conf", "nowhere.json"}, []string{"nowhere.json"}},
		"config not JSON":     {[]string{"--conf", s.file(t, "bad.json", "{")}, []string{"bad.json"}},
		"no section":          {[]string{"--conf", s.conf(t, nil)}, []string{`has no section "Midas"`}},
		"faults":              {[]string{"--conf", s.conf(t, faulty)}, []string{"OfferID: ", "CoinsPerYuan: ", "Colour: "}},
		"ledger not there":    {[]string{"--conf", with("Ledger", map[string]any{"DSN": missing})}, []string{"Midas.Ledger.DSN", "does not exist", s.dir}},
		"driver forgotten":    {[]string{"--conf", with("Ledger", map[string]any{"DSN": "pay:hush-hush@tcp(db)/pay"})}, []string{"Ledger.DSN"}},
		"mysql not there":     {[]string{"--conf", with("Ledger", map[string]any{"Driver": "mysql", "DSN": "pay:hush-hush@tcp(127.0.0.1:1)/pay"})}, []string{"open the mysql ledger"}},
		"postgres not there":  {[]string{"--conf", with("Ledger", map[string]any{"Driver": "postgres", "DSN": "postgres://pay:hush-hush@127.0.0.1:1/pay"})}, []string{"open the postgres ledger"}},
		"granted not there":   {[]string{"--conf", good, "--granted", "nothing.txt"}, []string{"nothing.txt"}},
		"granted by no file":  {[]string{"--conf", good, "--granted", ""}, []string{"what the game granted"}},
		"no time":             {[]string{"--conf", good, "--from", "yesterday"}, []string{"--from", "yesterday"}},
		"a time not yet come": {[]string{"--conf", good, "--to=-1h"}, []string{"--to", "-1h"}},
		"a period backwards":  {[]string{"--conf", good, "--from", "1h", "--to", "2h"}, []string{"--from", "--to"}},
		"an argument":         {[]string{"--conf", good, "now"}, []string{`"now"`}},
	} {
		rc, out, log := s.audit(t, "", c.args...)
		if rc != 1 || strings.Contains(out, "books agree") {
			t.Errorf("%s: exit code %d\n%s%s", name, rc, out, log)
		}
		for _, want := range c.want {
			if !strings.Contains(log, want) {
				t.Errorf("%s: the error does not say %s:\n%s", name, want, log)
			}
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("an audit made a ledger")
	}
}

func TestAuditProgressIsToldAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		progress := progressTo(&log)
		for i := range 25 {
			progress(i, 10*i)
			time.Sleep(100 * time.Millisecond)
		}
		if want := "audited 100 orders, 10 accounts\naudited 200 orders, 20 accounts\n"; log.String() != want {
			t.Errorf("got %s", &log)
		}
	})
}

func TestAuditTimes(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"2026-05-01":                time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
		"2026-05-01T08:00:00+08:00": time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
		"24h":                       now.Add(-24 * time.Hour),
		"0s":                        now,
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

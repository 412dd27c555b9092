package payment_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// The tests of this file kill a process, by SIGKILL, between every two durable steps of an order, and look what the
// next process makes of it.

// life is one life of a server, handed to the process that lives it.
type life struct {
	Ledger   ledger.Config
	Midas    string // URL
	Scenario string
	Way      string // of delivery
	Player   string
	Folder   string // the game's records, and the points that were passed
	DieAt    int    // the nth point; 0: not at all
}

const (
	lifeVariable = "LEAFMIDAS_TEST_LIFE"
	stepCoins    = 100 // what a player has at first
	onGame       = "granted by the game"
	laterWay     = "acknowledged later"
	inLedger     = "in the ledger's transaction"
)

// scenarios are what a player, or the host, does. faults meet the player's calls to Midas.
var scenarios = map[string]struct {
	pay    []emulator.Fault
	do     func(*server, payment.Player)
	refuse bool // the game refuses the item
	money  bool // protocol V2: goods are paid for with money
	ends   []ledger.State
	points []string // that must be passed on the way, among others
}{
	"delivered": {
		do: buySword, ends: []ledger.State{ledger.Delivered},
		points: []string{"paying stored", "paying answered", "paid stored", "delivered stored"},
	},
	"refused": {
		do: buySword, refuse: true, ends: []ledger.State{ledger.Cancelled},
		points: []string{"paid answered", "refunding stored", "refunding answered", "cancelled stored"},
	},
	"the answer is lost": {
		pay: []emulator.Fault{{Kind: emulator.Fail}}, do: buySword, ends: []ledger.State{ledger.Delivered},
		points: []string{"paying stored", "paying answered", "delivered stored"},
	},
	"nobody knows": {
		pay: slices.Concat([]emulator.Fault{{Kind: emulator.Cut, Commit: true}}, slices.Repeat([]emulator.Fault{{Kind: emulator.Cut}}, 60)),
		do:  buySword, ends: []ledger.State{ledger.Cancelled, ledger.Delivered},
		points: []string{"reversing stored", "reversing answered", "cancelled stored"},
	},
	"taken back": {
		do: func(s *server, p payment.Player) {
			buySword(s, p)
			o, err := s.ledger.OrderOf(context.Background(), p.OpenID, ledger.Purchase, "r1")
			if err == nil {
				s.ask(func(done func(payment.Receipt, error)) error { return s.Cancel(p, o.BillNo, "test", done) })
			}
		},
		ends:   []ledger.State{ledger.Delivered, ledger.Cancelled},
		points: []string{"delivered stored", "refunding stored", "refunding answered", "cancelled stored"},
	},
	"given": {
		do: func(s *server, p payment.Player) {
			s.ask(func(done func(payment.Receipt, error)) error {
				return s.Present(p, payment.PresentRequest{RequestID: "r1", Amount: 7}, done)
			})
		},
		ends:   []ledger.State{ledger.Delivered},
		points: []string{"paying stored", "paying answered", "delivered stored"},
	},
	"paid for with money": {
		money: true, do: buyPass, ends: []ledger.State{ledger.Delivered},
		points: []string{"goods created", "paying answered", "paid stored", "paid answered", "delivered stored"},
	},
	"paid for, told by a push": {
		money: true,
		do: func(s *server, p payment.Player) {
			buyPass(s, p)
			s.push(p, midas.Push{Event: midas.PushGoods, ProductID: "pass", Quantity: 1, Paid: 600})
		},
		ends:   []ledger.State{ledger.Delivered},
		points: []string{"goods created", "goods paid stored", "paid answered", "delivered stored"},
	},
	"the money goes back": {
		money: true,
		do: func(s *server, p payment.Player) {
			buyPass(s, p)
			s.push(p, midas.Push{Event: midas.PushRefund, RefundID: "refund of " + p.OpenID, RefundSource: 2, Refunded: 600})
		},
		ends:   []ledger.State{ledger.Cancelled},
		points: []string{"goods created", "delivered stored", "refund created", "goods cancelled stored", "paid answered"},
	},
}

// buyPass asks for a pass, and pays for it if that is still to be done.
func buyPass(s *server, p payment.Player) {
	answered := make(chan payment.GoodsOffer, 1)
	err := s.BuyGoods(p, payment.GoodsRequest{RequestID: "r1", ItemID: "pass", Quantity: 1}, func(o payment.GoodsOffer, err error) {
		answered <- o
	})
	if err != nil {
		return
	}
	o := <-answered
	if o.Options.SignData != "" {
		body, _ := json.Marshal(map[string]string{
			"openid": p.OpenID, "sign_data": o.Options.SignData, "pay_sig": o.Options.PaySig, "signature": o.Options.Signature,
		})
		res, err := http.Post(s.life.Midas+"/_emulator/pay/goods", "application/json", bytes.NewReader(body))
		if err == nil {
			_ = res.Body.Close()
		}
	}
	if s.life.Scenario != "paid for, told by a push" {
		s.settle()
	}
}

// push tells something about the player's pass, as Midas does.
func (s *server) push(p payment.Player, push midas.Push) {
	o, err := s.ledger.OrderOf(context.Background(), p.OpenID, ledger.Goods, "r1")
	if err != nil {
		return
	}
	push.OpenID, push.OutTradeNo, push.Sandbox = p.OpenID, o.BillNo, true
	_ = s.Take(context.Background(), push)
	s.settle()
}

// refunded writes a file for each refund.
func (s *server) refunded(_ context.Context, r payment.Refund) error {
	return os.WriteFile(filepath.Join(s.life.Folder, "told "+r.RefundID), nil, 0o600)
}

func buySword(s *server, p payment.Player) {
	s.ask(func(done func(payment.Receipt, error)) error {
		return s.Purchase(p, payment.PurchaseRequest{RequestID: "r1", ItemID: "sword", Quantity: 1}, done)
	})
}

// server is a till as a life wants it.
type server struct {
	*payment.Till
	life   life
	ledger *ledger.Ledger
	client *midas.Client
	idle   chan struct{} // an order has ended
}

func (s *server) BalanceChanged(string, string, payment.Account, payment.Reason, string) {}
func (s *server) RechargeEnded(ledger.Recharge)                                          {}
func (s *server) OrderEnded(payment.Receipt) {
	select {
	case s.idle <- struct{}{}:
	default:
	}
}

// begin begins a life.
func begin(l life) (*server, error) {
	s := &server{life: l, idle: make(chan struct{}, 1)}
	var err error
	if s.ledger, err = ledger.Open(context.Background(), l.Ledger); err != nil {
		return nil, err
	}
	if s.client, err = midas.New(midas.Config{
		BaseURL: l.Midas, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, Sandbox: true, V2: scenarios[l.Scenario].money, Timeout: 5 * time.Second, Logger: slog.New(slog.DiscardHandler),
	}); err != nil {
		return nil, err
	}
	poll := slices.Repeat([]time.Duration{20 * time.Millisecond}, 1000)
	if l.Scenario == "paid for, told by a push" {
		poll = []time.Duration{time.Hour}
	}
	patience := time.Minute // however slow the machine is
	if l.Scenario == "nobody knows" {
		patience = 100 * time.Millisecond
	}
	s.Till, err = payment.New(payment.Config{
		Ledger: s.ledger, Midas: s.client, Deliver: s.deliver, Observer: s, Items: []payment.Item{{ID: "sword", Price: 60}, {ID: "pass", Fen: 600}},
		SignGoods: s.client.SignGoods, Refunded: s.refunded, Sandbox: true, RechargePoll: poll,
		CoinsPerYuan: 10, Tiers: midas.OfficialTiers(), NeedSession: true, SealSecret: emulator.DefaultAppSecret,
		// The quiet time before coins are called back is twice the timeout of a call.
		Timeout: 50 * time.Millisecond, Retry: payment.Retry{First: 10 * time.Millisecond, Max: 20 * time.Millisecond, GiveUpAfter: patience},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	if l.Way == inLedger {
		s.GrantInTransaction(s.grant)
	}
	passed := 0
	var mu sync.Mutex
	s.DieAt(func(point string) {
		mu.Lock()
		defer mu.Unlock()
		if passed++; passed == l.DieAt {
			if err := os.WriteFile(filepath.Join(l.Folder, "died at"), []byte(point), 0o600); err != nil {
				panic(err)
			}
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	return s, s.Start(context.Background())
}

func (s *server) end() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Stop(ctx)
	s.client.Close()
	return s.ledger.Close()
}

// deliver writes a file for each bill, which is on disk when it returns.
func (s *server) deliver(ctx context.Context, o ledger.Order) error {
	if scenarios[s.life.Scenario].refuse {
		return payment.ErrRefuse
	}
	save := func() error {
		f, err := os.OpenFile(filepath.Join(s.life.Folder, "granted "+o.BillNo), os.O_CREATE, 0o600)
		return errors.Join(err, f.Close())
	}
	if s.life.Way != laterWay {
		return save()
	}
	saved := make(chan error, 1)
	go func() { saved <- save() }()
	select {
	case err := <-saved:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// grant adds a row without a key: only the transaction keeps it from being there twice.
func (s *server) grant(ctx context.Context, tx *sql.Tx, o ledger.Order) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO bag (bill_no) VALUES ('`+o.BillNo+`')`); err != nil {
		return err
	}
	if scenarios[s.life.Scenario].refuse {
		return payment.ErrRefuse
	}
	return nil
}

// granted counts what the game has for a bill.
func (s *server) granted(t *testing.T, billNo string) (n int) {
	t.Helper()
	if s.life.Way != inLedger {
		if _, err := os.Stat(filepath.Join(s.life.Folder, "granted "+billNo)); err == nil {
			n = 1
		}
		return n
	}
	db := openRaw(t, s.life.Ledger)
	defer db.Close()
	if err := db.QueryRow(`SELECT COUNT(*) FROM bag WHERE bill_no = '` + billNo + `'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func openRaw(t *testing.T, cfg ledger.Config) *sql.DB {
	t.Helper()
	dsn := cfg.DSN
	if cfg.Driver == "sqlite" { // a server writes at the same time
		dsn += "?_pragma=busy_timeout(30000)"
	}
	db, err := sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx", "mysql": "mysql"}[cfg.Driver], dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// ask waits for an answer, and then until nothing is open.
func (s *server) ask(what func(done func(payment.Receipt, error)) error) {
	answered := make(chan struct{})
	if err := what(func(payment.Receipt, error) { close(answered) }); err != nil {
		return
	}
	<-answered
	s.settle()
}

// settle waits until nothing is open, and reports whether that came to be.
func (s *server) settle() bool {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(soon); ; {
		open, err := s.ledger.OpenOrders(context.Background(), 1)
		if err == nil && len(open) == 0 {
			return true
		}
		select {
		case <-tick.C:
		case <-s.idle:
		case <-late:
			return false
		}
	}
}

func (s *server) login(p payment.Player) {
	heard := make(chan struct{})
	if err := s.Login(p, func(payment.Account, error) { close(heard) }); err == nil {
		<-heard
	}
}

func playerOf(l life) payment.Player {
	return payment.Player{OpenID: l.Player, ZoneID: "1", SessionKey: midas.Secret("key of " + l.Player)}
}

// TestALifeInAProcessOfItsOwn is a child of the test below, and nothing by itself.
func TestALifeInAProcessOfItsOwn(t *testing.T) {
	text := os.Getenv(lifeVariable)
	if text == "" {
		return
	}
	var l life
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	s, err := begin(l)
	if err != nil {
		t.Fatal(err)
	}
	s.login(playerOf(l))
	scenarios[l.Scenario].do(s, playerOf(l))
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
}

func TestAProcessMayDieBetweenAnyTwoSteps(t *testing.T) {
	for _, driver := range ledgertest.Drivers {
		for _, way := range []string{onGame, laterWay, inLedger} {
			for name := range scenarios {
				if (driver != "sqlite" || way != onGame) && name != "delivered" && name != "refused" && name != "the money goes back" {
					continue // what the database and the delivery have no part in
				}
				t.Run(driver+"/"+way+"/"+name, func(t *testing.T) {
					t.Parallel()
					dieEverywhere(t, life{Ledger: ledgertest.Fresh(t, driver), Scenario: name, Way: way})
				})
			}
		}
	}
}

// dieEverywhere lives a scenario again and again, each time with another player and dying one step later, until it is
// survived.
func dieEverywhere(t *testing.T, l life) {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer emu.Close()
	if l.Midas, err = emu.Start(""); err != nil {
		t.Fatal(err)
	}
	ledgertest.Open(t, l.Ledger) // makes the tables, once
	if l.Way == inLedger {
		db := openRaw(t, l.Ledger)
		_, err := db.Exec(`CREATE TABLE bag (bill_no VARCHAR(64) NOT NULL)`)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	var died []string
	missed := func() (points []string) {
		for _, point := range scenarios[l.Scenario].points {
			if !slices.Contains(died, point) {
				points = append(points, point)
			}
		}
		return points
	}
	l.DieAt = 1
	for lives, again := 1, 0; ; lives++ {
		if lives > 500 {
			t.Fatal("it never ends")
		}
		l.Folder, l.Player = t.TempDir(), fmt.Sprintf("player%d", lives)
		emu.SetSession(l.Player, "key of "+l.Player)
		if err := errors.Join(emu.Recharge(emulator.Sandbox, l.Player, "1", stepCoins), emu.Script("pay", scenarios[l.Scenario].pay...)); err != nil {
			t.Fatal(err)
		}
		point := liveAndDie(t, l)
		if point != "" {
			died = append(died, point)
		}
		comeBack(t, emu, l, point)
		if l.DieAt++; point != "" {
			continue
		}
		// How often Midas is asked before the till gives up depends on the time that passes, and so does which point is the
		// nth.
		if again++; len(missed()) == 0 || again > 20 {
			break
		}
		l.DieAt = max(1, l.DieAt-6)
	}
	if points := missed(); len(points) > 0 {
		t.Errorf("nobody died at %q, only at %q", points, died)
	}
	t.Logf("died at %d points: %s", len(died), strings.Join(died, ", "))
}

// liveAndDie runs a life in a process, and tells where it died; "" if it did not.
func liveAndDie(t *testing.T, l life) string {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestALifeInAProcessOfItsOwn$")
	cmd.Env = append(os.Environ(), lifeVariable+"="+string(text))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("life %d ended with %v:\n%s", l.DieAt, err, out)
	}
	point, err := os.ReadFile(filepath.Join(l.Folder, "died at"))
	if err != nil {
		t.Fatal(err)
	}
	return string(point)
}

// comeBack starts the next process and checks what becomes of what the last one left.
func comeBack(t *testing.T, emu *emulator.Server, l life, point string) {
	t.Helper()
	l.DieAt = 0
	s, err := begin(l)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}()
	s.login(playerOf(l))
	began := time.Now()
	if scenarios[l.Scenario].money { // the player asks again, and what was not paid for is paid for now; pushes come again
		scenarios[l.Scenario].do(s, playerOf(l))
	}
	say := func(format string, args ...any) {
		t.Errorf("after dying at %q: %s", point, fmt.Sprintf(format, args...))
	}
	if !s.settle() || time.Since(began) > soon { // a lease of the dead process would be some 25 s
		say("something was still open %s later", soon)
	}
	kind := ledger.Purchase
	if l.Scenario == "given" {
		kind = ledger.Present
	}
	if scenarios[l.Scenario].money {
		kind = ledger.Goods
	}
	o, err := s.ledger.OrderOf(t.Context(), l.Player, kind, "r1")
	if err != nil {
		say("%v", err)
		return
	}
	granted, balance := s.granted(t, o.BillNo), emu.Account(emulator.Sandbox, l.Player, "1").Balance
	want, items := int64(stepCoins), 0
	switch {
	case kind == ledger.Present:
		want += o.Amount
	case kind == ledger.Goods:
		items = 1
		if _, err := os.Stat(filepath.Join(l.Folder, "told refund of "+l.Player)); o.State == ledger.Cancelled && err != nil {
			say("the host was not told of the refund: %v", err)
		}
	case o.State == ledger.Delivered:
		want, items = want-o.Amount, 1
	case !o.DeliveredAt.IsZero():
		items = 1 // the host takes it away, once the coins are back
	}
	if !slices.Contains(scenarios[l.Scenario].ends, o.State) || balance != want || granted != items {
		say("%s (%s), balance %d instead of %d, granted %d times instead of %d", o.State, o.Note, balance, want, granted, items)
	}
	bills := 0
	for _, b := range emu.Bills() {
		if b.OpenID == l.Player {
			bills++
		}
	}
	for _, paid := range emu.Trades() {
		if paid.OpenID == l.Player {
			bills++
		}
	}
	if bills > 1 {
		say("%d bills and payments at Midas", bills)
	}
}

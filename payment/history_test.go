package payment_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
)

// The histories of this file run in virtual time against a model of Midas: days pass in milliseconds, a process dies
// between any two durable steps, and afterwards the ledger, the game and the model must agree about every single bill.

// deed is one thing that happens in a history.
type deed struct {
	what   string
	player int
	number int           // of a request, a bill, a step, a delivery's mood
	wait   time.Duration // before the next one
	luck   []misfortune
}

var deeds = []string{
	"buy", "buy", "buy", "buy", "give", "cancel", "recharge", "goods", "goods", "pay goods", "pay goods", "refund", "ask for coins", "pay for coins", "login", "session dies", "luck", "luck", "luck", "game", "die", "stop", "wait", "long wait",
}

func drawHistory(r *rapid.T) []deed {
	history := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) deed {
		d := deed{
			what: rapid.SampledFrom(deeds).Draw(r, "what"), player: rapid.IntRange(0, 1).Draw(r, "player"), number: rapid.IntRange(0, 7).Draw(r, "number"),
			wait: time.Duration(rapid.IntRange(0, 400).Draw(r, "wait")) * time.Millisecond,
		}
		switch d.what {
		case "wait":
			d.wait = time.Duration(rapid.IntRange(1, 300).Draw(r, "seconds")) * time.Second
		case "long wait":
			d.wait = rapid.SampledFrom([]time.Duration{time.Hour, 46 * time.Hour, 50 * time.Hour}).Draw(r, "hours")
		case "luck":
			d.luck = rapid.SliceOfN(rapid.Map(rapid.IntRange(0, int(misfortunes)-1), func(n int) misfortune { return misfortune(n) }), 1, 6).Draw(r, "luck")
		}
		return d
	}), 1, 25).Draw(r, "history")
	days := 0
	for i := range history {
		// Two long waits are enough to outlive a bill number; more only make a game that is away be asked more often.
		if history[i].what == "long wait" {
			if days++; days > 2 {
				history[i].wait = 0
			}
		}
	}
	return history
}

// process is one life of the server.
type process struct {
	*payment.Till
	ledger  *ledger.Ledger
	dead    chan struct{}
	die     func()
	release chan struct{} // where the dead stand still
	mu      sync.Mutex
	left    int // steps until it dies; 0: it does not
}

// story is a history under way.
type story struct {
	*model
	path    string
	proc    *process
	mood    int // of the game
	granted map[string]int
	asked   map[string]string // player/request → bill
	offers  map[string]offer  // player/request → what may be paid
	told    map[string]int    // refunds and credited recharges the host or player heard of
	logins  int
	quiet   *slog.Logger
}

// offer is something a player may pay for with money.
type offer struct {
	number string
	made   time.Time
	coins  int64 // 0: goods
}

func (s *story) BalanceChanged(string, string, payment.Account, payment.Reason, string) {}
func (s *story) OrderEnded(payment.Receipt)                                             {}

func (s *story) RechargeEnded(r ledger.Recharge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[r.OutTradeNo]++
}

func (s *story) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complain = append(s.complain, fmt.Sprintf(format, args...))
}

// open begins a life.
func (s *story) open() {
	orders, err := ledger.Open(context.Background(), ledger.Config{DSN: s.path, Who: "model", WatchEvery: time.Hour})
	if err != nil {
		panic(err)
	}
	p := &process{ledger: orders, dead: make(chan struct{}), release: make(chan struct{})}
	p.die = sync.OnceFunc(func() { close(p.dead) })
	p.Till, err = payment.New(payment.Config{
		Ledger: orders, Midas: &line{s.model, p.dead}, Observer: s, Deliver: func(ctx context.Context, o ledger.Order) error { return s.deliver(ctx, p, o) },
		Items: []payment.Item{{ID: "sword", Price: 60}, {ID: "potion", Price: 7}, {ID: "pass", Fen: 600}}, CoinsPerYuan: 10,
		SignGoods: signGoods, TradeNumbers: true, Refunded: func(ctx context.Context, r payment.Refund) error { return s.refunded(ctx, p, r) }, Tiers: midas.OfficialTiers(),
		Retry:       payment.Retry{First: 100 * time.Millisecond, Max: time.Hour, GiveUpAfter: modelGiveUp},
		NeedSession: true, SealSecret: "secret", Timeout: modelTimeout, DeliverTimeout: time.Second, DeliverTries: 1_000_000, Logger: s.quiet,
	})
	if err != nil {
		panic(err)
	}
	p.DieAt(func(string) {
		p.mu.Lock()
		if p.left > 0 {
			if p.left--; p.left == 0 {
				p.die()
			}
		}
		p.mu.Unlock()
		select {
		case <-p.dead:
			<-p.release
		default:
		}
	})
	p.SleepAtMost(time.Hour) // so that whatever falls due must say so itself
	if err := p.Start(context.Background()); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc = p
}

// push tells a payment until it is taken, more than once if need be, as Midas does.
func (s *story) push(after time.Duration, times int, p midas.Push) {
	s.pending.Go(func() {
		time.Sleep(after)
		for range times {
			for _, gap := range []time.Duration{15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour} {
				if s.offered(p) {
					break
				}
				time.Sleep(gap)
			}
		}
	})
}

// offered brings a push to the server, if it lives.
func (s *story) offered(p midas.Push) bool {
	s.mu.Lock()
	proc := s.proc
	s.mu.Unlock()
	select {
	case <-proc.dead:
		return false
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2500*time.Millisecond)
	defer cancel()
	return proc.Take(ctx, p) == nil
}

// paid pays for an offer once. luck says what becomes of the push: it comes, comes twice, comes late, or never.
func (s *story) paid(n int, o offer, luck int) {
	who := player(n).OpenID
	s.mu.Lock()
	again := s.trades[o.number] != nil
	if !again {
		s.trades[o.number] = &trade{openid: who, product: "pass", goods: o.coins == 0, quantity: 1, fen: 600, refunds: map[string]int64{}}
		s.balance[who] += o.coins
		s.saved[who] += o.coins
	}
	s.mu.Unlock()
	if again || luck == 3 {
		return
	}
	p := midas.Push{Event: midas.PushGoods, OpenID: who, OutTradeNo: o.number, ZoneID: "1", ProductID: "pass", Quantity: 1, Price: 600, Paid: 600}
	if o.coins > 0 {
		p = midas.Push{Event: midas.PushCoins, OpenID: who, OutTradeNo: o.number, ZoneID: "1", Quantity: o.coins, Price: 600, Paid: 600}
	}
	s.push([]time.Duration{0, 0, 40 * time.Minute}[luck], 1+luck%2, p)
}

// refunded is the host, who takes note of money that was given back.
func (s *story) refunded(ctx context.Context, p *process, r payment.Refund) error {
	select {
	case <-p.dead:
		return context.Canceled
	default:
	}
	s.mu.Lock()
	mood := s.mood
	s.mu.Unlock()
	switch mood {
	case 2:
		return errors.New("away")
	case 3:
		panic("the host's own fault")
	case 4:
		<-ctx.Done()
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[r.RefundID]++
	if r.Granted != (s.granted[r.OutTradeNo] > 0) {
		s.complain = append(s.complain, fmt.Sprintf("refund %+v, but granted %d", r, s.granted[r.OutTradeNo]))
	}
	return nil
}

// shut ends a life: nothing that was not on disk by now will ever be.
func (s *story) shut() {
	p := s.proc
	p.die()
	if err := p.ledger.Close(); err != nil {
		panic(err)
	}
	close(p.release)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	p.Stop(over)
}

// deliver is the game, which keeps what it granted by bill number.
func (s *story) deliver(ctx context.Context, p *process, o ledger.Order) error {
	select {
	case <-p.dead:
		return context.Canceled
	default:
	}
	s.mu.Lock()
	mood := s.mood
	_, before := s.granted[o.BillNo]
	s.mu.Unlock()
	switch {
	case before: // what was granted is granted, whatever the mood
		return nil
	case mood == 1:
		return payment.ErrRefuse
	case mood == 2:
		return errors.New("away")
	case mood == 3:
		panic("the host's own fault")
	case mood == 4:
		<-ctx.Done()
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.granted[o.BillNo]++
	return nil
}

func player(n int) payment.Player {
	return payment.Player{OpenID: fmt.Sprintf("player%d", n), ZoneID: "1"}
}

func (s *story) login(n int) {
	p := player(n)
	s.mu.Lock()
	s.logins++
	s.session[p.OpenID] = fmt.Sprintf("key%d", s.logins)
	p.SessionKey = midas.Secret(s.session[p.OpenID])
	s.mu.Unlock()
	_ = s.proc.Login(p, func(payment.Account, error) {})
}

// noted checks that the same request is the same order for ever.
func (s *story) noted(kind string, d deed, r payment.Receipt, err error) {
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprintf("%s/%d/%d", kind, d.player, d.number)
	if known, again := s.asked[key]; again && known != r.Order.BillNo {
		s.complain = append(s.complain, fmt.Sprintf("%s was bill %s and is bill %s", key, known, r.Order.BillNo))
	}
	s.asked[key] = r.Order.BillNo
}

func (s *story) do(d deed) {
	p := player(d.player)
	switch d.what {
	case "buy":
		item := []string{"sword", "potion"}[d.number%2]
		_ = s.proc.Purchase(p, payment.PurchaseRequest{RequestID: fmt.Sprint("r", d.number), ItemID: item, Quantity: 1},
			func(r payment.Receipt, err error) { s.noted("buy", d, r, err) })
	case "give":
		_ = s.proc.Present(p, payment.PresentRequest{RequestID: fmt.Sprint("g", d.number), Amount: midas.Coins(10 + d.number)},
			func(r payment.Receipt, err error) { s.noted("give", d, r, err) })
	case "cancel":
		s.mu.Lock()
		bill := s.asked[fmt.Sprintf("buy/%d/%d", d.player, d.number)]
		s.mu.Unlock()
		_ = s.proc.Cancel(p, bill, "model", func(payment.Receipt, error) {})
	case "recharge":
		s.mu.Lock()
		s.balance[p.OpenID] += 60
		s.saved[p.OpenID] += 60
		s.mu.Unlock()
	case "goods", "ask for coins":
		s.ask(d)
	case "pay goods", "pay for coins":
		s.mu.Lock()
		o, known := s.offers[fmt.Sprintf("%s/%d/%d", d.what[4:], d.player, d.number)]
		s.mu.Unlock()
		if known && time.Since(o.made) < time.Hour { // a payment sheet is not open for ever
			s.paid(d.player, o, d.number%4)
		}
	case "refund":
		s.refund(d)
	case "login":
		s.login(d.player)
	case "session dies":
		s.mu.Lock()
		s.session[p.OpenID] = ""
		s.mu.Unlock()
	case "luck":
		s.mu.Lock()
		s.luck = append(s.luck, d.luck...)
		s.mu.Unlock()
	case "game":
		s.mu.Lock()
		s.mood = d.number % 5
		s.mu.Unlock()
	case "die": // at the nth durable step from now
		s.proc.mu.Lock()
		s.proc.left = d.number + 1
		s.proc.mu.Unlock()
	case "stop":
		s.shut()
		s.open()
	}
	time.Sleep(d.wait)
	select {
	case <-s.proc.dead:
		s.shut()
		s.open()
	default:
	}
}

// ask lets a player ask for something to pay for with money.
func (s *story) ask(d deed) {
	p := player(d.player)
	request := fmt.Sprintf("r%d", d.number)
	note := func(what, number string, coins int64) {
		s.mu.Lock()
		defer s.mu.Unlock()
		key := fmt.Sprintf("%s/%d/%d", what, d.player, d.number)
		if known, again := s.offers[key]; again && known.number != number {
			s.complain = append(s.complain, fmt.Sprintf("%s was %s and is %s", key, known.number, number))
		} else if !again {
			s.offers[key] = offer{number, time.Now(), coins}
		}
	}
	if d.what == "goods" {
		_ = s.proc.BuyGoods(p, payment.GoodsRequest{RequestID: request, ItemID: "pass", Quantity: 1}, func(g payment.GoodsOffer, err error) {
			s.noted("goods", d, g.Receipt, err)
			if err == nil && g.Options.SignData != "" {
				note("goods", g.Options.SignData, 0)
			}
		})
		return
	}
	_ = s.proc.Recharge(p, payment.RechargeRequest{RequestID: request, BuyQuantity: 60}, func(r payment.RechargeOffer, err error) {
		if err == nil {
			note("for coins", r.OutTradeNo, 60)
		}
	})
}

// refund gives back all or half of what was paid for goods or coins, and tells so; the word may overtake that of the
// payment.
func (s *story) refund(d deed) {
	s.mu.Lock()
	o, known := s.offers[fmt.Sprintf("%s/%d/%d", []string{"goods", "for coins"}[d.number%2], d.player, d.number)]
	t := s.trades[o.number]
	part := int64(600)
	if d.number >= 4 {
		part = 300
	}
	if !known || t == nil || t.refunded()+part > t.fen {
		s.mu.Unlock()
		return
	}
	id := fmt.Sprintf("refund-%s-%d", o.number, len(t.refunds))
	t.refunds[id] = part
	s.mu.Unlock()
	s.push(0, 1+d.number%2, midas.Push{
		Event: midas.PushRefund, OutTradeNo: o.number, RefundID: id, RefundSource: 2, Refunded: midas.Fen(part),
	})
}

// live runs a history to its end in a bubble of virtual time, and says what does not agree.
func live(t *testing.T, folder string, history []deed) (faults []string) {
	path := filepath.Join(folder, fmt.Sprintf("%d.db", time.Now().UnixNano()))
	defer func() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(path + suffix)
		}
	}()
	copyFile(path, filepath.Join(folder, "empty.db"))
	synctest.Test(t, func(*testing.T) {
		s := &story{
			model: newModel(),
			path:  path, granted: map[string]int{}, asked: map[string]string{}, offers: map[string]offer{}, told: map[string]int{}, quiet: slog.New(slog.DiscardHandler),
		}
		s.open()
		for n := range 2 {
			s.balance[player(n).OpenID], s.saved[player(n).OpenID] = 300, 300
			s.login(n)
		}
		time.Sleep(time.Second)
		for _, d := range history {
			s.do(d)
		}

		// All is well again, and everybody comes back.
		s.shut()
		s.mu.Lock()
		s.luck, s.mood = nil, 0
		s.mu.Unlock()
		s.open()
		s.login(0)
		s.login(1)
		time.Sleep(3 * time.Hour)
		s.pending.Wait()
		synctest.Wait() // nothing moves any more
		s.check()
		s.shut()
		faults = s.complain
	})
	return faults
}

// check compares the ledger, the game and the model, bill by bill.
func (s *story) check() {
	ctx := context.Background()
	audit, err := s.proc.Audit(ctx, payment.AuditRequest{Granted: s.granted})
	if err != nil {
		s.fault("audit: %v", err)
	}
	disputed := map[string]bool{} // by player
	orders, err := s.proc.ledger.Changed(ctx, time.Time{}, time.Time{}, "", 1000)
	if err != nil {
		s.fault("list: %v", err)
	}
	known := map[string]bool{}
	for _, o := range orders {
		known[o.BillNo] = true
		if o.Kind == ledger.Goods || o.Kind == ledger.Refund {
			if o.State == ledger.Disputed {
				disputed[o.OpenID] = true
			}
			s.checkMoney(o.Order)
			continue
		}
		b := s.bills[o.BillNo]
		if b == nil {
			b = &bill{}
		}
		kept := b.moved > b.back
		say := func(what string) {
			s.fault("bill %s (%s, %s) %s: model %+v, granted %d, note %q", o.BillNo, o.Kind, o.State, what, *b, s.granted[o.BillNo], o.Note)
		}
		switch {
		case b.moved > 1 || b.back > 1 || s.granted[o.BillNo] > 1:
			say("moved twice")
		case b.afterForgotten:
			say("was sent after Midas had forgotten it")
		case !o.State.Ended():
			say("has not ended")
		case o.State == ledger.Disputed:
			disputed[o.OpenID] = true
			// An operator is asked only when the bill number was too old, or Midas would not give back what the host refused.
			if old := o.UpdatedAt.Sub(o.CreatedAt) >= 47*time.Hour; !old && !s.kept[o.BillNo] && !(b.final && o.DeliveredAt.IsZero()) {
				say("is disputed without need")
			}
		case o.Kind == ledger.Present:
			if kept != (o.State == ledger.Delivered) {
				say("was given, or not")
			}
		case o.State == ledger.Delivered:
			if !kept || s.granted[o.BillNo] != 1 {
				say("was delivered")
			}
		default: // cancelled, failed
			if kept || s.granted[o.BillNo] != 0 && o.DeliveredAt.IsZero() {
				say("came to nothing")
			}
		}
	}
	s.checkRecharges()
	for no := range s.bills {
		if !known[no] {
			s.fault("bill %s is unknown to the ledger", no)
		}
	}
	for _, d := range audit.Differences {
		if !disputed[d.OpenID] {
			s.fault("audit: %s", d)
		}
	}
}

// checkMoney compares an order that is about money with the model.
func (s *story) checkMoney(o ledger.Order) {
	say := func(what string) {
		s.fault("bill %s (%s, %s) %s: paid %+v, granted %d, told %d, note %q", o.BillNo, o.Kind, o.State, what, s.trades[o.BillNo], s.granted[o.BillNo],
			s.told[o.RequestID], o.Note)
	}
	if o.Kind == ledger.Refund {
		if o.State != ledger.Delivered || s.told[o.RequestID] == 0 {
			say("was not told")
		}
		return
	}
	t := s.trades[o.BillNo]
	switch n := s.granted[o.BillNo]; {
	case n > 1:
		say("was granted twice")
	case t == nil:
		if n != 0 || o.State != ledger.Paying && o.State != ledger.Failed {
			say("was never paid for")
		}
	case t.refunded() == t.fen:
		if o.State != ledger.Cancelled {
			say("was given back")
		}
	case o.State == ledger.Disputed:
		if n != 0 || !strings.Contains(o.Note, "the host refused it") {
			say("is disputed without need")
		}
	case o.State != ledger.Delivered || n != 1:
		say("was paid for")
	}
}

// checkRecharges looks for paid recharges that were not credited.
func (s *story) checkRecharges() {
	for number, t := range s.trades {
		if t.goods {
			continue
		}
		r, err := s.proc.ledger.RechargeOfTrade(context.Background(), number)
		if err != nil || r.State != ledger.RechargeCredited || r.Coins != 60 {
			s.fault("recharge %+v was paid for, %v", r, err)
		}
		if s.told[number] > 1 {
			s.fault("recharge %s was told %d times", number, s.told[number])
		}
	}
}

func copyFile(to, from string) {
	in, err := os.Open(from)
	if err != nil {
		panic(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		panic(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		panic(err)
	}
	if err := out.Close(); err != nil {
		panic(err)
	}
}

// memory is a folder that costs no disk, where there is one.
func memory(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "leafmidas-model-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// shards run side by side, each with histories of its own. -rapid.checks is for each of them.
const shards = 4

func TestEveryHistoryEndsWithBooksThatAgree(t *testing.T) {
	for n := range shards {
		t.Run(fmt.Sprint("shard ", n), func(t *testing.T) {
			t.Parallel()
			folder := memory(t)
			empty, err := ledger.Open(t.Context(), ledger.Config{DSN: filepath.Join(folder, "empty.db")})
			if err != nil {
				t.Fatal(err)
			}
			if err := empty.Close(); err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(r *rapid.T) {
				history := drawHistory(r)
				if faults := live(t, folder, history); len(faults) > 0 {
					r.Fatalf("%s", strings.Join(faults, "\n"))
				}
			})
		})
	}
}

package payment_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
	"github.com/leafmidas/leafmidas/payment"
)

const (
	pushToken  = "push-token"
	pushAESKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// newMoneyWorld speaks protocol V2: an emulator that pushes, sealed, to whichever till is open, and goods on sale.
func newMoneyWorld(t *testing.T) *world {
	t.Helper()
	w := newWorldOf(t, emulator.Config{Goods: map[string]int64{"pass": 600, "gem": 100}})
	w.v2 = true
	w.shop = append(w.shop, payment.Item{ID: "pass", Fen: 600}, payment.Item{ID: "gem", Price: 5, Fen: 100})
	reader, err := midas.NewPushReader(midas.PushConfig{
		AppID: emulator.DefaultAppID, Token: pushToken, EncodingAESKey: pushAESKey, SandboxAppKey: emulator.DefaultSandboxAppKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&module.Receiver{
		Reader: reader, Log: slog.New(slog.DiscardHandler),
		Take: func(ctx context.Context, p midas.Push) error { return w.current.Load().Take(ctx, p) },
	})
	t.Cleanup(server.Close)
	if err := w.emu.PushTo(emulator.PushConfig{URL: server.URL + "/midas/push", Token: pushToken, EncodingAESKey: pushAESKey}); err != nil {
		t.Fatal(err)
	}
	return w
}

// refunded is the host, which hears of money given back.
func (w *world) refunded(_ context.Context, r payment.Refund) error {
	w.game.mu.Lock()
	defer w.game.mu.Unlock()
	w.refunds = append(w.refunds, r)
	if answer := w.game.answer; answer != nil {
		return answer(ledger.Order{BillNo: r.RefundID, Kind: ledger.Refund})
	}
	return nil
}

// heard is the refunds the host heard of, each once.
func (w *world) heard() map[string]payment.Refund {
	w.game.mu.Lock()
	defer w.game.mu.Unlock()
	all := map[string]payment.Refund{}
	for _, r := range w.refunds {
		all[r.RefundID] = r
	}
	return all
}

func (s *shop) want(p payment.Player, requestID, item string, quantity int64) (payment.GoodsOffer, error) {
	s.t.Helper()
	return answerOf(s.t, func(done func(payment.GoodsOffer, error)) error {
		return s.BuyGoods(p, payment.GoodsRequest{RequestID: requestID, ItemID: item, Quantity: quantity}, done)
	})
}

// mustWant asks for goods, and wants to be told how to pay.
func (s *shop) mustWant(p payment.Player, requestID, item string, quantity int64) payment.GoodsOffer {
	s.t.Helper()
	o, err := s.want(p, requestID, item, quantity)
	if err != nil || o.Order.State != ledger.Paying || o.Options.SignData == "" {
		s.t.Fatalf("%+v, %v", o, err)
	}
	return o
}

func (w *world) pay(p payment.Player, o payment.GoodsOffer, fate emulator.Fate) {
	w.t.Helper()
	if err := w.emu.PayGoods(p.OpenID, o.Options.SignData, o.Options.PaySig, o.Options.Signature, fate); err != nil {
		w.t.Fatal(err)
	}
}

// flush sends the pushes that are due by the emulator's clock once it has moved on.
func (w *world) flush(on time.Duration) {
	w.t.Helper()
	w.emu.Advance(on)
	ctx, cancel := context.WithTimeout(w.t.Context(), soon)
	defer cancel()
	if err := w.emu.FlushPushes(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// becomes waits until an order is in a state.
func (w *world) becomes(s *shop, billNo string, state ledger.State) ledger.Order {
	w.t.Helper()
	var o ledger.Order
	defer func() {
		if w.t.Failed() {
			history, err := s.ledger.History(w.t.Context(), billNo)
			w.t.Logf("it is %+v, %v; its history: %+v", o, err, history)
		}
	}()
	eventually(w.t, fmt.Sprintf("bill %s is %s", billNo, state), func() bool {
		var err error
		o, err = s.ledger.Order(w.t.Context(), billNo)
		return err == nil && o.State == state
	})
	return o
}

func (w *world) granted(billNo string) int {
	w.game.mu.Lock()
	defer w.game.mu.Unlock()
	if _, ok := w.game.granted[billNo]; !ok {
		return 0
	}
	return w.game.calls[billNo]
}

func TestGoodsAreDeliveredOnceTheyArePaidFor(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{time.Hour} // only the push tells
	s := w.open()
	p := w.login(s, "alice")
	o := s.mustWant(p, "g1", "gem", 3)
	if stored, err := s.ledger.Order(t.Context(), o.Order.BillNo); err != nil || stored.Kind != ledger.Goods || stored.Amount != 300 {
		t.Errorf("when the options leave, the ledger has %+v, %v", stored, err)
	}
	w.pay(p, o, emulator.Fate{Repeat: 2})
	end := s.end(o.Receipt)
	want(t, end, ledger.Delivered)
	if end.ItemID != "gem" || end.Quantity != 3 || end.RequestID != "g1" {
		t.Errorf("%+v", end)
	}
	again, err := s.want(p, "g1", "gem", 3)
	if err != nil || again.Order.BillNo != o.Order.BillNo || again.Order.State != ledger.Delivered || again.Options.SignData != "" {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	w.flush(25 * time.Hour)
	if n := w.granted(o.Order.BillNo); n != 1 {
		t.Errorf("granted %d times", n)
	}
	if trades := w.emu.Trades(); len(trades) != 1 || trades[0].DeliveredAt.IsZero() {
		t.Errorf("%+v", trades)
	}
	// Coins have no part in it.
	w.books(s)
	if b, err := s.ledger.Books(t.Context()); err != nil || b.Goods[ledger.Delivered] != 1 || b.Fen[ledger.Delivered] != 300 {
		t.Errorf("%+v, %v", b, err)
	}
	orders, err := answerOf(t, func(done func([]ledger.Order, error)) error { return s.Orders(p, "", 10, done) })
	if err != nil || len(orders) != 1 || orders[0].BillNo != o.Order.BillNo {
		t.Errorf("%+v, %v", orders, err)
	}
	if a, err := s.Audit(t.Context(), payment.AuditRequest{Granted: map[string]int{o.Order.BillNo: 1}}); err != nil || len(a.Differences) > 0 || a.UncheckedGoods > 0 {
		t.Errorf("%+v, %v", a, err)
	}
}

// What is signed is what the order was made for, or a part of the price could come back and count as the whole.
func TestGoodsWhosePriceHasChangedAreNotSignedForAnew(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	paid, unpaid := s.mustWant(p, "g1", "pass", 1), s.mustWant(p, "g2", "pass", 1)
	s.shut()
	for i := range w.shop {
		w.shop[i].Fen /= 2
	}
	s = w.open()
	w.pay(p, paid, emulator.Fate{NoPush: true})
	again, err := s.want(p, "g1", "pass", 1)
	if err != nil || again.Order.BillNo != paid.Order.BillNo || again.Order.State != ledger.Delivered || again.Order.Amount != 600 {
		t.Fatalf("%+v, %v", again, err)
	}
	if again, err := s.want(p, "g2", "pass", 1); !errors.Is(err, ledger.ErrMismatch) || !strings.Contains(err.Error(), unpaid.Order.BillNo) {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestGoodsThatAreNoLongerSoldAreStillTheirBuyers(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	paid := s.mustWant(p, "g1", "pass", 1)
	w.pay(p, paid, emulator.Fate{})
	want(t, s.end(paid.Receipt), ledger.Delivered)
	s.mustWant(p, "g2", "pass", 1)
	s.shut()
	w.shop = w.shop[:1]
	s = w.open()
	if again, err := s.want(p, "g1", "pass", 1); err != nil || again.Order.BillNo != paid.Order.BillNo || again.Order.State != ledger.Delivered {
		t.Errorf("%+v, %v", again, err)
	}
	for _, id := range []string{"g2", "g3"} {
		if again, err := s.want(p, id, "pass", 1); !errors.Is(err, payment.ErrUnknownItem) {
			t.Errorf("%s: %+v, %v", id, again, err)
		}
	}
	if again, err := s.want(p, "g1", "gem", 1); !errors.Is(err, ledger.ErrMismatch) {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestGoodsArePaidForThoughNoPushEverComes(t *testing.T) {
	for what, meanwhile := range map[string]func(w *world, s *shop, p payment.Player) *shop{
		"asking finds out": func(_ *world, s *shop, _ payment.Player) *shop { return s },
		"the player asks again": func(_ *world, s *shop, p payment.Player) *shop {
			if o, err := s.want(p, "g1", "pass", 1); err != nil || o.Order.State != ledger.Delivered {
				s.t.Errorf("%+v, %v", o, err)
			}
			return s
		},
		"the server restarts": func(w *world, s *shop, _ payment.Player) *shop {
			s.shut()
			return w.open()
		},
		"the session dies until the next login": func(w *world, s *shop, p payment.Player) *shop {
			w.emu.ExpireSession(p.OpenID)
			if _, err := s.want(p, "g1", "pass", 1); err != nil && !errors.Is(err, midas.ErrSessionExpired) {
				s.t.Error(err)
			}
			w.login(s, "alice")
			return s
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newMoneyWorld(t)
			switch what {
			case "asking finds out":
			case "the server restarts":
				w.poll = []time.Duration{300 * time.Millisecond}
			default:
				w.poll = []time.Duration{time.Hour}
			}
			s := w.open()
			p := w.login(s, "alice")
			o := s.mustWant(p, "g1", "pass", 1)
			w.pay(p, o, emulator.Fate{NoPush: true})
			s = meanwhile(w, s, p)
			w.becomes(s, o.Order.BillNo, ledger.Delivered)
			if n := w.granted(o.Order.BillNo); n != 1 {
				t.Errorf("granted %d times", n)
			}
		})
	}
}

func TestGoodsThatCannotBeBought(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	s.mustWant(p, "taken", "pass", 1)
	onIPhone := p
	onIPhone.Platform = "ios"
	for what, test := range map[string]struct {
		p    payment.Player
		r    payment.GoodsRequest
		want error
	}{
		"unknown":           {p, payment.GoodsRequest{RequestID: "1", ItemID: "nothing", Quantity: 1}, payment.ErrUnknownItem},
		"for coins only":    {p, payment.GoodsRequest{RequestID: "2", ItemID: "sword", Quantity: 1}, payment.ErrNoGoods},
		"none":              {p, payment.GoodsRequest{RequestID: "3", ItemID: "pass"}, payment.ErrInvalid},
		"fewer":             {p, payment.GoodsRequest{RequestID: "4", ItemID: "pass", Quantity: -1}, payment.ErrInvalid},
		"too many":          {p, payment.GoodsRequest{RequestID: "5", ItemID: "pass", Quantity: 1 << 52}, payment.ErrInvalid},
		"no id":             {p, payment.GoodsRequest{ItemID: "pass", Quantity: 1}, payment.ErrInvalid},
		"on an iPhone":      {onIPhone, payment.GoodsRequest{RequestID: "6", ItemID: "pass", Quantity: 1}, payment.ErrUnsupportedPlatform},
		"id of another":     {p, payment.GoodsRequest{RequestID: "taken", ItemID: "gem", Quantity: 1}, ledger.ErrMismatch},
		"a stranger's":      {payment.Player{OpenID: "nobody", ZoneID: "1"}, payment.GoodsRequest{RequestID: "7", ItemID: "pass", Quantity: 1}, midas.ErrSessionExpired},
		"for coins instead": {p, payment.GoodsRequest{RequestID: "8", ItemID: "potion", Quantity: 1}, payment.ErrNoGoods},
	} {
		_, err := answerOf(t, func(done func(payment.GoodsOffer, error)) error { return s.BuyGoods(test.p, test.r, done) })
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", what, err, test.want)
		}
	}
	if _, err := s.buy(p, "coins", "pass", 1); !errors.Is(err, payment.ErrUnknownItem) {
		t.Errorf("goods for coins: %v", err)
	}
	v1 := newWorld(t)
	v1.shop = append(v1.shop, payment.Item{ID: "pass", Fen: 600})
	old := v1.open()
	if _, err := old.want(v1.login(old, "alice"), "g", "pass", 1); !errors.Is(err, payment.ErrNoGoods) {
		t.Errorf("protocol V1: %v", err)
	}
}

func TestAPlayerMayNotLeaveTooMuchUnpaid(t *testing.T) {
	w := newMoneyWorld(t)
	w.poll = []time.Duration{time.Hour}
	s := w.open()
	p := w.login(s, "alice")
	first := s.mustWant(p, "g0", "pass", 1)
	n := 1
	for ; n < 100; n++ {
		if _, err := s.want(p, fmt.Sprint("g", n), "pass", 1); errors.Is(err, payment.ErrBusy) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != 30 {
		t.Errorf("refused after %d", n)
	}
	again := s.mustWant(p, "g0", "pass", 1) // not another one
	if again.Order.BillNo != first.Order.BillNo {
		t.Errorf("%+v", again)
	}
	s.mustWant(w.login(s, "bob"), "g0", "pass", 1)
	w.pay(p, again, emulator.Fate{})
	w.becomes(s, first.Order.BillNo, ledger.Delivered)
	s.mustWant(p, "one more", "pass", 1)
}

// A player with more open orders than a lane takes has them worked on without waiting for claims to run out.
func TestMoreOpenOrdersThanALaneTakes(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	p := w.rich(s, "alice", 1000)
	s.shut()
	orders, err := ledger.Open(t.Context(), ledger.Config{DSN: w.path})
	if err != nil {
		t.Fatal(err)
	}
	var bills []string
	for n := range 150 { // as a server leaves them that dies; the lane takes 64
		o, _, err := orders.Create(t.Context(), ledger.Order{
			BillNo: fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%04d", n), Kind: ledger.Purchase, OpenID: p.OpenID, ZoneID: "1", RequestID: fmt.Sprint("r", n),
			ItemID: "potion", Quantity: 1, Amount: 2, DueAt: time.Now().Add(time.Hour), CreatedAt: time.Now(), UpdatedAt: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		bills = append(bills, o.BillNo)
	}
	if err := orders.Close(); err != nil {
		t.Fatal(err)
	}
	s = w.open()
	for _, bill := range bills {
		w.becomes(s, bill, ledger.Delivered)
	}
	w.books(s)
}

// A new login makes a new session key, and options signed with the old one are refused by the client.
func TestOptionsAreSignedAnewAfterALogin(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	o := s.mustWant(p, "g1", "pass", 1)
	p = w.login(s, "alice")
	err := w.emu.PayGoods(p.OpenID, o.Options.SignData, o.Options.PaySig, o.Options.Signature, emulator.Fate{})
	if refused, ok := errors.AsType[*emulator.ClientError](err); !ok || refused.Code != -15015 {
		t.Fatalf("paying with the old signature: %v", err)
	}
	again := s.mustWant(p, "g1", "pass", 1)
	if again.Order.BillNo != o.Order.BillNo || again.Options.Signature == o.Options.Signature {
		t.Errorf("%+v", again)
	}
	w.pay(p, again, emulator.Fate{})
	w.becomes(s, o.Order.BillNo, ledger.Delivered)
	// Midas takes each number once.
	err = w.emu.PayGoods(p.OpenID, again.Options.SignData, again.Options.PaySig, again.Options.Signature, emulator.Fate{})
	if refused, ok := errors.AsType[*emulator.ClientError](err); !ok || refused.Code != -15003 {
		t.Errorf("paying twice: %v", err)
	}
}

// The game fell silent on goods until an operator had to look, and may have granted them; another time it has said that
// it did not.
func TestARefundOfDisputedGoodsTellsWhetherTheyMayHaveBeenGranted(t *testing.T) {
	for what, test := range map[string]struct {
		deliver error
		settled bool // by an operator, who saw that nothing was granted
		unsure  bool
	}{
		"its answer was lost":    {errors.New("the connection broke"), false, true},
		"it refused":             {payment.ErrRefuse, false, false},
		"an operator settled it": {errors.New("the connection broke"), true, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newMoneyWorld(t)
			w.tries = 2
			w.game.answerWith(func(o ledger.Order) error {
				if o.Kind == ledger.Refund {
					return nil
				}
				return test.deliver
			})
			s := w.open()
			p := w.login(s, "alice")
			o := s.mustWant(p, "g1", "pass", 1)
			w.pay(p, o, emulator.Fate{})
			w.becomes(s, o.Order.BillNo, ledger.Disputed)
			if test.settled {
				if _, err := s.ledger.Resolve(t.Context(), o.Order.BillNo, ledger.Resolution{As: ledger.Cancelled, Why: "nothing was granted", Who: "carol"}); err != nil {
					t.Fatal(err)
				}
			}
			for _, fen := range []int64{100, 500} { // a part, and the rest once the first has been told
				id, err := w.emu.RefundTrade(emulator.Sandbox, o.Order.BillNo, fen, 2)
				if err != nil {
					t.Fatal(err)
				}
				w.flush(0)
				eventually(t, "the host hears of it", func() bool { _, ok := w.heard()[id]; return ok })
				if r := w.heard()[id]; r.Granted || r.Unsure != test.unsure {
					t.Errorf("of %d fen the host heard %+v", fen, r)
				}
			}
			w.becomes(s, o.Order.BillNo, ledger.Cancelled)
		})
	}
}

func TestRefundsOfGoods(t *testing.T) {
	for what, test := range map[string]struct {
		deliver error // what the game says
		fate    emulator.Fate
		before  ledger.State // when the money goes back
		fen     []int64
		after   ledger.State
		granted bool
	}{
		"after the delivery":           {nil, emulator.Fate{}, ledger.Delivered, []int64{600}, ledger.Cancelled, true},
		"a part":                       {nil, emulator.Fate{}, ledger.Delivered, []int64{200}, ledger.Delivered, true},
		"in parts":                     {nil, emulator.Fate{}, ledger.Delivered, []int64{200, 400}, ledger.Cancelled, true},
		"overtakes the delivery":       {nil, emulator.Fate{PushAfter: time.Hour}, ledger.Paying, []int64{600}, ledger.Cancelled, false},
		"a part overtakes it":          {nil, emulator.Fate{PushAfter: time.Hour}, ledger.Paying, []int64{100}, ledger.Delivered, true},
		"after the game refused":       {payment.ErrRefuse, emulator.Fate{}, ledger.Disputed, []int64{600}, ledger.Cancelled, false},
		"a part, after a game refused": {payment.ErrRefuse, emulator.Fate{}, ledger.Disputed, []int64{100}, ledger.Disputed, false},
	} {
		t.Run(what, func(t *testing.T) {
			w := newMoneyWorld(t)
			w.poll = []time.Duration{time.Hour}
			w.game.answerWith(func(o ledger.Order) error {
				if o.Kind == ledger.Refund {
					return nil
				}
				return test.deliver
			})
			s := w.open()
			p := w.login(s, "alice")
			o := s.mustWant(p, "g1", "pass", 1)
			w.pay(p, o, test.fate)
			w.becomes(s, o.Order.BillNo, test.before)
			var last string
			for _, fen := range test.fen {
				var err error
				if last, err = w.emu.RefundTrade(emulator.Sandbox, o.Order.BillNo, fen, 2); err != nil {
					t.Fatal(err)
				}
				w.flush(0)
				eventually(t, "the host hears of it", func() bool { _, ok := w.heard()[last]; return ok })
			}
			w.becomes(s, o.Order.BillNo, test.after)
			r := w.heard()[last]
			whole := test.after == ledger.Cancelled
			if r.OutTradeNo != o.Order.BillNo || r.Fen != midas.Fen(test.fen[len(test.fen)-1]) || r.Source != 2 || r.OpenID != p.OpenID || r.ItemID != "pass" ||
				r.Quantity != 1 || r.Granted != test.granted || r.Whole != whole {
				t.Errorf("the host heard %+v", r)
			}
			// What comes late changes nothing.
			w.flush(25 * time.Hour)
			if end := w.becomes(s, o.Order.BillNo, test.after); (w.granted(o.Order.BillNo) == 1) != test.granted {
				t.Errorf("%+v, granted %d times", end, w.granted(o.Order.BillNo))
			}
			if b, err := s.ledger.Books(t.Context()); err != nil || b.Refunds != int64(len(test.fen)) {
				t.Errorf("%+v, %v", b, err)
			}
		})
	}
}

// A host that is away when it should hear of a refund, or delivers only after it, hears of it in the end.
func TestRefundsWaitForTheHost(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	away, tries := errors.New("away"), 0
	w.game.answerWith(func(o ledger.Order) error {
		if o.Kind == ledger.Refund {
			if tries++; tries == 1 {
				panic("the host's own fault")
			}
			return nil
		}
		return away
	})
	o := s.mustWant(p, "g1", "pass", 1)
	w.pay(p, o, emulator.Fate{})
	w.becomes(s, o.Order.BillNo, ledger.Paid)
	id, err := w.emu.RefundTrade(emulator.Sandbox, o.Order.BillNo, 600, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.flush(0)
	refund, err := s.ledger.OrderOf(t.Context(), p.OpenID, ledger.Refund, id)
	if err != nil || len(w.heard()) != 0 {
		t.Fatalf("%+v, %v; the host has heard %v", refund, err, w.heard())
	}
	s.shut()
	w.game.mu.Lock()
	away = nil
	w.game.mu.Unlock()
	s = w.open()
	w.becomes(s, refund.BillNo, ledger.Delivered)
	want(t, w.becomes(s, o.Order.BillNo, ledger.Cancelled), ledger.Cancelled)
	if r := w.heard()[id]; !r.Granted || !r.Whole || w.granted(o.Order.BillNo) == 0 {
		t.Errorf("%+v, granted %d", r, w.granted(o.Order.BillNo))
	}
}

func TestGoodsBoughtInTheStorePageAreDelivered(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	number, err := w.emu.StorePurchase(emulator.Sandbox, p.OpenID, "1", "gem", 2, 100)
	if err != nil {
		t.Fatal(err)
	}
	w.flush(0)
	o := w.becomes(s, number, ledger.Delivered)
	if o.OpenID != p.OpenID || o.ItemID != "gem" || o.Quantity != 2 || o.Amount != 200 || w.granted(number) != 1 {
		t.Errorf("%+v, granted %d times", o, w.granted(number))
	}
}

func TestPushesThatAreNotForThisTill(t *testing.T) {
	w := newMoneyWorld(t)
	s := w.open()
	p := w.login(s, "alice")
	o := s.mustWant(p, "g1", "pass", 1)
	coins, err := s.buy(w.rich(s, "alice", 100), "c1", "potion", 1)
	if err != nil {
		t.Fatal(err)
	}
	good := midas.Push{Event: midas.PushGoods, OpenID: p.OpenID, Sandbox: true, OutTradeNo: o.Order.BillNo, ProductID: "pass", Quantity: 1, Paid: 600}
	for what, change := range map[string]func(*midas.Push){
		"a trial":                  func(p *midas.Push) { p.Mock = true },
		"of the other environment": func(p *midas.Push) { p.Sandbox = false },
		"not about payments":       func(p *midas.Push) { p.Event = "debug_demo" },
		"another player's":         func(p *midas.Push) { p.OpenID = "mallory" },
		"an order for coins":       func(p *midas.Push) { p.OutTradeNo = coins.Order.BillNo },
		"a refund of coins spent": func(p *midas.Push) {
			p.Event, p.OutTradeNo, p.RefundID, p.Refunded = midas.PushRefund, coins.Order.BillNo, "R", 1
		},
	} {
		push := good
		change(&push)
		err := s.Take(t.Context(), push)
		if push.Sandbox != good.Sandbox && errors.Is(err, payment.ErrNotOurs) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := s.ledger.Order(t.Context(), o.Order.BillNo); err != nil || got.State != ledger.Paying {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.ledger.Order(t.Context(), coins.Order.BillNo); err != nil || got.State != ledger.Delivered {
		t.Errorf("%+v, %v", got, err)
	}
	other := good
	other.Quantity = 7
	if err := s.Take(t.Context(), other); err != nil {
		t.Error(err)
	}
	if got := w.becomes(s, o.Order.BillNo, ledger.Disputed); !strings.Contains(got.Note, `7 of "pass"`) {
		t.Errorf("%+v", got)
	}
	s.Refuse()
	if err := s.Take(t.Context(), good); !errors.Is(err, payment.ErrClosing) {
		t.Errorf("while stopping: %v", err)
	}
}

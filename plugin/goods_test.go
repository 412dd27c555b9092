package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

const (
	pushToken  = "secret-push-token"
	pushAESKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// forMoney makes a server speak protocol V2, sell passes for money, and take pushes on an address of its own.
func forMoney(t *testing.T) func(*setup) {
	t.Helper()
	addr := freeAddr(t)
	return func(set *setup) {
		set.config.Protocol = "v2"
		set.config.Items = append(set.config.Items, plugin.Item{ID: "pass", Fen: 600})
		set.midas.Goods = map[string]int64{"pass": 600}
		set.config.Push = plugin.PushConfig{Addr: addr, Token: pushToken, EncodingAESKey: pushAESKey}
	}
}

// pushHere has the emulator push to a server.
func (s *server) pushHere() {
	s.t.Helper()
	s.pushTo("http://" + s.config.Push.Addr + "/midas/push")
}

func (s *server) pushTo(url string) {
	s.t.Helper()
	if err := s.emu.PushTo(emulator.PushConfig{URL: url, Token: pushToken, EncodingAESKey: pushAESKey}); err != nil {
		s.t.Fatal(err)
	}
}

// flush lets Midas's clock go on, and everything be pushed that is then due.
func (s *server) flush(on time.Duration) {
	s.t.Helper()
	s.emu.Advance(on)
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.emu.FlushPushes(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// wantPass asks for a pass, and hears how to pay for it.
func (c *client) wantPass(requestID string) *msg.MidasGoodsOptions {
	c.t.Helper()
	return c.wantItem(requestID, "pass")
}

func (c *client) wantItem(requestID, item string) *msg.MidasGoodsOptions {
	c.t.Helper()
	c.send(&msg.MidasBuyGoods{RequestId: requestID, ItemId: item, Quantity: 1})
	return await(c, func(o *msg.MidasGoodsOptions) bool { return o.GetRequestId() == requestID })
}

func (s *server) payGoods(name string, o *msg.MidasGoodsOptions, fate emulator.Fate) {
	s.t.Helper()
	if err := s.emu.PayGoods(emulator.OpenIDOf(name), o.GetSignData(), o.GetPaySig(), o.GetSignature(), fate); err != nil {
		s.t.Fatal(err)
	}
}

func TestGoodsAreBoughtOverBothTransports(t *testing.T) {
	t.Parallel()
	for _, over := range transports {
		t.Run(string(over), func(t *testing.T) {
			t.Parallel()
			refunds := make(chan plugin.Refund, 10)
			stacks := make(chan string, 10)
			s := start(t, forMoney(t), func(set *setup) {
				set.handle = func(p *plugin.Plugin, g *game) {
					p.HandleDeliver(g.Skeleton, func(o plugin.Order) error { g.grant(o); return nil })
					p.OnRefund(g.Skeleton, func(r plugin.Refund) error {
						stacks <- callers()
						refunds <- r
						return nil
					})
				}
			})
			s.pushHere()
			alice := s.join("alice", over)
			o := alice.wantPass("g1")
			s.payGoods("alice", o, emulator.Fate{Repeat: 1})
			r := alice.result("g1")
			if r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED || r.GetItemId() != "pass" || r.GetAmount() != 0 {
				t.Errorf("told %v", r)
			}
			if n := s.bag("alice", "pass"); n != 1 {
				t.Errorf("%d passes", n)
			}
			// The same request is the same order for ever.
			alice.send(&msg.MidasBuyGoods{RequestId: "g1", ItemId: "pass", Quantity: 1})
			if again := alice.result("g1"); again.GetBillNo() != r.GetBillNo() {
				t.Errorf("told %v", again)
			}
			alice.send(&msg.MidasListOrders{})
			if list := await(alice, any1[*msg.MidasOrders]); len(list.GetOrders()) != 1 || list.GetOrders()[0].GetBillNo() != r.GetBillNo() {
				t.Errorf("told %v", list)
			}

			id, err := s.emu.RefundTrade(emulator.Sandbox, r.GetBillNo(), 600, 2)
			if err != nil {
				t.Fatal(err)
			}
			s.flush(0)
			if end := alice.result("g1"); end.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED || end.GetError() == nil {
				t.Errorf("told %v", end)
			}
			got := <-refunds
			if got.RefundID != id || got.OutTradeNo != r.GetBillNo() || !got.Granted || !got.Whole || got.Fen != 600 || got.ItemID != "pass" {
				t.Errorf("the game hears %+v", got)
			}
			if stack := <-stacks; !onTheGames(stack) {
				t.Errorf("told on\n%s", stack)
			}
			s.flush(25 * time.Hour)
			if n := s.bag("alice", "pass"); n != 1 { // granted once; what the game takes away is its own affair
				t.Errorf("%d passes", n)
			}
		})
	}
}

// Pushes that come while a server is away are repeated, and taken by the next one.
func TestPushesWaitForTheNextServer(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) { set.config.RechargePoll = []time.Duration{time.Hour} })
	s.pushHere()
	alice := s.join("alice", overWS)
	o := alice.wantPass("g1")
	s.stopPlugin()
	s.payGoods("alice", o, emulator.Fate{})
	s.flush(0)
	if pushes := s.emu.Pushes(); len(pushes) != 1 || pushes[0].Acknowledged || pushes[0].Attempts == 0 {
		t.Fatalf("%+v", pushes)
	}
	s.stop()
	next := start(t, forMoney(t), func(set *setup) {
		set.emu = s.emu
		set.config.BaseURL, set.config.Ledger, set.config.Push = s.config.BaseURL, s.config.Ledger, s.config.Push
		set.config.RechargePoll = []time.Duration{time.Hour}
	})
	next.flush(time.Minute)
	eventually(t, "the delivery", func() bool { return next.bag("alice", "pass") == 1 })
	if pushes := s.emu.Pushes(); !pushes[0].Acknowledged {
		t.Errorf("%+v", pushes)
	}
}

// A host that serves its callback address itself mounts the handler there, with its own for everything else.
func TestAHostMayServePushesItself(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) { set.config.Push.Addr = "" })
	var others atomic.Int64
	host := httptest.NewServer(s.plugin.PushHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { others.Add(1) })))
	defer host.Close()
	s.pushTo(host.URL)
	alice := s.join("alice", overTCP)
	s.payGoods("alice", alice.wantPass("g1"), emulator.Fate{})
	if r := alice.result("g1"); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED || others.Load() != 0 {
		t.Errorf("told %v; %d went on", r, others.Load())
	}
	if err := s.emu.CheckPushURL(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.emu.MockPush("minigame_game_pay_goods_deliver_notify"); err != nil {
		t.Error(err)
	}
	s.stopPlugin()
	if err := s.emu.MockPush("minigame_game_pay_goods_deliver_notify"); err == nil {
		t.Error("a push was taken by a plugin that has stopped")
	}
	unready := httptest.NewRecorder()
	plugin.New().PushHandler(nil).ServeHTTP(unready, httptest.NewRequest("POST", "/", nil))
	if unready.Code != http.StatusServiceUnavailable {
		t.Errorf("before Configure: %d", unready.Code)
	}
}

func TestGoodsThatAreNotOnSale(t *testing.T) {
	t.Parallel()
	v1 := start(t)
	for s, want := range map[*server]map[string]msg.MidasErrorCode{
		v1: {"sword": msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_PERMITTED},
		start(t, forMoney(t)): {
			"sword": msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_PERMITTED, "dragon": msg.MidasErrorCode_MIDAS_ERROR_CODE_UNKNOWN_ITEM,
			"": msg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT,
		},
	} {
		alice := s.join("alice", overWS)
		for item, code := range want {
			alice.send(&msg.MidasBuyGoods{RequestId: "no-" + item, ItemId: item, Quantity: 1})
			if e := await(alice, func(e *msg.MidasError) bool { return e.GetRequestId() == "no-"+item }); e.GetCode() != code {
				t.Errorf("%q: told %v, want %v", item, e, code)
			}
		}
	}
}

// However the game delivers, goods come through the same door.
func TestGoodsAreDeliveredInEveryWay(t *testing.T) {
	t.Parallel()
	for way, handle := range map[string]func(p *plugin.Plugin, g *game){
		"async": func(p *plugin.Plugin, g *game) {
			p.HandleDeliverAsync(g.Skeleton, func(o plugin.Order, done func(error)) { g.grant(o); go done(nil) })
		},
		"refused": func(p *plugin.Plugin, g *game) {
			p.HandleDeliver(g.Skeleton, func(plugin.Order) error { return plugin.ErrRefuse })
		},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := start(t, forMoney(t), func(set *setup) { set.handle = handle })
			s.pushHere()
			alice := s.join("alice", overWS)
			s.payGoods("alice", alice.wantPass("g1"), emulator.Fate{})
			r := await(alice, func(r *msg.MidasPurchaseResult) bool { return r.GetRequestId() == "g1" })
			o, err := s.plugin.Order(background(t), r.GetBillNo())
			if err != nil {
				t.Fatal(err)
			}
			if way == "refused" {
				if o.State != ledger.Disputed || r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING || r.GetError() == nil {
					t.Errorf("%+v, told %v", o, r)
				}
				return
			}
			if o.State != ledger.Delivered || s.bag("alice", "pass") != 1 {
				t.Errorf("%+v, told %v", o, r)
			}
		})
	}
}

// A game without OnRefund cannot take the item away. The refund is left to an operator, and nobody says that the game
// knows.
func TestARefundThatNobodyHearsOfIsLeftToAnOperator(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) {
		set.handle = func(p *plugin.Plugin, g *game) {
			p.HandleDeliver(g.Skeleton, func(o plugin.Order) error { g.grant(o); return nil })
		}
	})
	s.pushHere()
	alice := s.join("alice", overWS)
	s.payGoods("alice", alice.wantPass("g1"), emulator.Fate{})
	bill := alice.delivered("g1").GetBillNo()
	if _, err := s.emu.RefundTrade(emulator.Sandbox, bill, 600, 2); err != nil {
		t.Fatal(err)
	}
	s.flush(0)
	eventually(t, "the refund waits for an operator", func() bool {
		disputed, _, err := s.plugin.Orders(t.Context(), plugin.Filter{States: []ledger.State{ledger.Disputed}})
		return err == nil && len(disputed) == 1 && disputed[0].Kind == ledger.Refund && disputed[0].OfTrade == bill
	})
}

// However long the game takes to grant an item, WeChat has its answer at once.
func TestAPushIsAnsweredWhateverTheGameDoes(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 100)
	s := start(t, forMoney(t), func(set *setup) {
		set.handle = func(p *plugin.Plugin, g *game) {
			p.HandleDeliverAsync(g.Skeleton, func(o plugin.Order, done func(error)) {
				begun <- struct{}{}
				go func() {
					<-release
					done(nil)
				}()
			})
		}
	})
	s.pushHere()
	alice := s.join("alice", overWS)
	s.payGoods("alice", alice.wantPass("g1"), emulator.Fate{})
	<-begun
	s.flush(0)
	if pushes := s.emu.Pushes(); len(pushes) != 1 || !pushes[0].Acknowledged || pushes[0].Attempts != 1 {
		t.Errorf("%+v", pushes)
	}
	close(release)
	alice.delivered("g1")
}

// A push of the other environment must not grant anything.
func TestAPushWithTheOtherEnvironmentsKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) { set.config.AppKey = emulator.DefaultAppKey })
	s.pushHere()
	number, err := s.emu.StorePurchase(emulator.Production, emulator.OpenIDOf("alice"), "1", "pass", 1, 600)
	if err != nil {
		t.Fatal(err)
	}
	s.flush(0)
	if _, err := s.plugin.Order(background(t), number); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a production payment made an order in the sandbox: %v", err)
	}
}

// What protects the pushes, and what signs the goods, is told to nobody.
func TestSecretsOfMoneyReachNoLogAndNoAnswer(t *testing.T) {
	t.Parallel()
	seen := &spy{}
	s := start(t, forMoney(t), func(set *setup) { set.front = seen.before })
	s.pushHere()
	seen.keep(s.config.AppSecret.Reveal(), s.config.SandboxAppKey.Reveal(), pushToken, pushAESKey)
	alice := s.join("alice", overWS)
	s.payGoods("alice", alice.wantPass("g1"), emulator.Fate{})
	alice.result("g1")
	for _, body := range []string{"", "{}", `{"Encrypt":"AAAA"}`, `<xml><Encrypt>AAAA</Encrypt></xml>`} {
		res, err := http.Post("http://"+s.config.Push.Addr+"/midas/push?signature=x&timestamp=1&nonce=2&msg_signature=3", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil || res.StatusCode == http.StatusOK {
			t.Errorf("%q: %d, %v", body, res.StatusCode, err)
		}
		seen.seek(t, "an answer", string(answer))
	}
	if !s.log.has("a push was refused") {
		t.Error("a refused push leaves nothing in the log")
	}
	seen.seek(t, "the log", s.log.String())
	seen.seek(t, "the config, printed", fmt.Sprintf("%v %+v %#v", s.config, s.config, s.config))
}

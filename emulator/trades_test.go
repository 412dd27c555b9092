package emulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

func TestAskingAfterAPaymentTellsHowFarItIs(t *testing.T) {
	f := start(t, emulator.Config{Now: standing})
	g := newGame(t, "")
	if err := f.PushTo(g.to()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.query(nil), 90019) // not paid yet, so not known

	f.payCoins("c1", emulator.Fate{CreditAfter: time.Minute})
	tr := f.trade("c1")
	paid := map[string]any{
		"errcode": 0, "out_trade_no": "c1", "product_id": "", "pay_state": 2, "deliver_state": 1,
		"pay_finish_time": standing().Unix(), "mch_order_no": tr.MchOrderNo, "transaction_id": tr.TransactionID,
	}
	a := f.query(nil)
	a["pay_finish_time"] = int64(a["pay_finish_time"].(float64))
	wantFields(t, a, paid)
	f.Advance(time.Minute)
	wantFields(t, f.query(map[string]any{"zone_id": "1", "user_ip": "127.0.0.1"}), map[string]any{"errcode": 0, "deliver_state": 2})

	// Goods are delivered when the game has said so, however often it did not before.
	f.flush()
	g.answering(func(n int, _ notice) (int, string) {
		if n == 0 {
			return http.StatusOK, failure
		}
		return http.StatusOK, success
	})
	f.payGoods("g1", emulator.Fate{})
	f.flush()
	goods := map[string]any{"out_trade_no": "g1", "biz_id": 2}
	wantFields(t, f.query(goods), map[string]any{"product_id": "sword", "pay_state": 2, "deliver_state": 1})
	f.Advance(15 * time.Second)
	f.flush()
	wantFields(t, f.query(goods), map[string]any{"deliver_state": 2})
}

func TestAskingAfterWhatIsNotTheirsFindsNothing(t *testing.T) {
	f := start(t, emulator.Config{})
	f.SetSession("bob", aliceKey)
	f.payCoins("c1", emulator.Fate{})
	f.payGoods("g1", emulator.Fate{})
	for name, tt := range map[string]struct {
		more map[string]any
		code int
	}{
		"theirs":                {nil, 0},
		"another player's":      {map[string]any{"openid": "bob"}, 90019},
		"coins as goods":        {map[string]any{"biz_id": 2}, 90019},
		"goods as coins":        {map[string]any{"out_trade_no": "g1"}, 90019},
		"another environment's": {map[string]any{"env": 1}, 90019},
		"unknown":               {map[string]any{"out_trade_no": "c2"}, 90019},
		"no number":             {map[string]any{"out_trade_no": nil}, 90018},
		"number as a number":    {map[string]any{"out_trade_no": 1}, 90018},
		"no kind":               {map[string]any{"biz_id": nil}, 90018},
		"no such kind":          {map[string]any{"biz_id": 3}, 90018},
		"kind as a text":        {map[string]any{"biz_id": "1"}, 90018},
		"another offer":         {map[string]any{"offer_id": "1"}, 90018},
		"nobody's session":      {map[string]any{"openid": "eve"}, 90016},
	} {
		if a := f.query(tt.more); code(a) != tt.code {
			t.Errorf("%s: %v, want %d", name, a, tt.code)
		}
	}
}

func TestFaultsBefallAskingAfterAPayment(t *testing.T) {
	f := start(t, emulator.Config{})
	f.payCoins("c1", emulator.Fate{})
	f.script(emulator.APIQuery, emulator.Fault{Kind: emulator.Refuse}, emulator.Fault{Kind: emulator.Answer, Code: 45011})
	wantCode(t, f.query(nil), -1)
	wantCode(t, f.query(nil), 45011)
	wantCode(t, f.query(nil), 0)
	if err := f.Outage(emulator.Fault{Kind: emulator.Refuse}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.query(nil), -1)
	f.Recover()

	// A question that hangs leaves nothing to be done later.
	f.script(emulator.APIQuery, emulator.Fault{Kind: emulator.LateCommit, Delay: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w := httptest.NewRecorder(); !serve(f.Server, w, f.queryRequest(ctx, nil)) {
		t.Errorf("answered %s", w.Body)
	}
	f.Advance(time.Minute)
	if len(f.Bills()) != 0 || f.account().Balance != 60 {
		t.Errorf("bills %+v, account %+v", f.Bills(), f.account())
	}
	if n := f.Calls(emulator.APIQuery); n != 5 {
		t.Errorf("%d calls counted", n)
	}
}

func TestMoneyGoesBackUpToWhatWasPaid(t *testing.T) {
	f := start(t, emulator.Config{})
	g := newGame(t, "")
	if err := f.PushTo(g.to()); err != nil {
		t.Fatal(err)
	}
	f.payCoins("c1", emulator.Fate{NoPush: true})
	back := func(env emulator.Env, no string, fen int64, source int) (string, bool) {
		id, err := f.RefundTrade(env, no, fen, source)
		return id, err == nil
	}
	first, ok := back(emulator.Production, "c1", 250, emulator.RefundByPlatform)
	if !ok {
		t.Fatal("a part was refused")
	}
	f.flush()
	second, ok := back(emulator.Production, "c1", 350, emulator.RefundByAPI)
	if !ok || first == second {
		t.Fatal("the rest was refused, or has the same number")
	}
	for name, tt := range map[string]struct {
		env    emulator.Env
		no     string
		fen    int64
		source int
	}{
		"more than is left": {emulator.Production, "c1", 1, 1}, "nothing": {emulator.Production, "c1", 0, 1}, "less": {emulator.Production, "c1", -1, 1},
		"no such trade": {emulator.Sandbox, "c1", 1, 1}, "no such source": {emulator.Production, "c1", 1, 4}, "no source": {emulator.Production, "c1", 1, 0},
	} {
		if _, ok := back(tt.env, tt.no, tt.fen, tt.source); ok {
			t.Errorf("%s: given back", name)
		}
	}
	tr := f.trade("c1")
	if tr.RefundedFen != 600 || f.account().Balance != 60 {
		t.Errorf("trade %+v, account %+v", tr, f.account())
	}
	f.flush()
	got := g.notices()
	if len(got) != 2 || got[0].Event != "minigame_pay_refund_succ_notify" {
		t.Fatalf("pushes %+v", got)
	}
	wantFields(t, got[0].payload, map[string]any{
		"RefundId": first, "RefundAmount": 250, "RefundSource": 1, "Env": 0, "OutTradeNo": "c1",
		"WeChatPayInfo": map[string]any{"MchOrderNo": tr.MchOrderNo, "TransactionId": tr.TransactionID},
	})
	wantFields(t, got[1].payload, map[string]any{"RefundId": second, "RefundAmount": 350, "RefundSource": 3})
}

func TestGoodsOfTheStorePageArePushedAsSuch(t *testing.T) {
	f := start(t, emulator.Config{Goods: map[string]int64{"sword": 600}})
	g := newGame(t, "")
	if err := f.PushTo(g.to()); err != nil {
		t.Fatal(err)
	}
	no, err := f.StorePurchase(emulator.Sandbox, alice, "2", "sword", 3, 600)
	if err != nil {
		t.Fatal(err)
	}
	f.flush()
	got := g.notices()
	if len(got) != 1 || got[0].Event != "minigame_h5_goods_deliver_notify" {
		t.Fatalf("pushes %+v", got)
	}
	wantFields(t, got[0].payload, map[string]any{"OpenId": alice, "Env": 1, "OutTradeNo": no})
	wantFields(t, got[0].section("GoodsInfo"), map[string]any{
		"ProductId": "sword", "Quantity": 3, "ZoneId": "2", "OrigPrice": 1800, "ActualPrice": 1800, "Attach": "", "OrderSource": 2,
	})
	if tr := f.trade(no); tr.DeliveredAt.IsZero() || !tr.Goods || tr.TotalFen != 1800 {
		t.Errorf("trade %+v", tr)
	}
	wantFields(t, f.query(map[string]any{"out_trade_no": no, "biz_id": 2, "env": 1}), map[string]any{"errcode": 0, "deliver_state": 2})

	for name, try := range map[string]func() error{
		"unknown product": func() error { _, err := f.StorePurchase(emulator.Sandbox, alice, "1", "crown", 1, 600); return err },
		"another price":   func() error { _, err := f.StorePurchase(emulator.Sandbox, alice, "1", "sword", 1, 1); return err },
		"none of it":      func() error { _, err := f.StorePurchase(emulator.Sandbox, alice, "1", "sword", 0, 600); return err },
		"too many":        func() error { _, err := f.StorePurchase(emulator.Sandbox, alice, "1", "sword", 1<<52, 600); return err },
		"no zone":         func() error { _, err := f.StorePurchase(emulator.Sandbox, alice, "", "sword", 1, 600); return err },
	} {
		if try() == nil {
			t.Errorf("%s: sold", name)
		}
	}
}

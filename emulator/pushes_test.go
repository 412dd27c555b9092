package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
)

// The example that WeChat publishes for secure mode (§3.7).
const guideEncrypt = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740X" +
	"gXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntr" +
	"A2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="

func TestPublishedPushVectors(t *testing.T) {
	for _, tt := range []struct{ want, timestamp, nonce string }{
		{"f464b24fc39322e44b38aa78f5edd27bd1441696", "1714036504", "1514711492"},
		{"899cf89e464efb63f54ddac96b0a0a235f53aa78", "1714037059", "486452656"},
		{"6c5c811b55cc85e0e1b54100749188c20beb3f5d", "1714112445", "415670741"},
	} {
		if got := emulator.PushSignature(pushToken, tt.timestamp, tt.nonce); got != tt.want || sha1Of(pushToken, tt.timestamp, tt.nonce) != tt.want {
			t.Errorf("signature %s, want %s", got, tt.want)
		}
	}
	if got := emulator.PushSignature(pushToken, "1714112445", "415670741", guideEncrypt); got != "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3" {
		t.Errorf("msg_signature %s", got)
	}
	message, appID := open(t, pushAESKey, guideEncrypt)
	if len(message) != 167 || appID != "wxba5fad812f8e6fb9" || !strings.Contains(message, `"Event":"debug_demo"`) {
		t.Errorf("decrypted %q for %q", message, appID)
	}

	const payload = `{"OpenId":"to_user_openid","OutTradeNo":"xxxxxxx","WeChatPayInfo":{"MchOrderNo":"xxxxxxx","TransactionId":"xxxxxxx"},` +
		`"Env":0,"CoinInfo":{"ZoneId":"1","TotalPrice":100,"BuyQuantity":1,"OrigPrice":100}}`
	const want = "4624e9b832eca479457e668dd49b64133a0439101a6a0e89e648e0d3840e6e0f"
	if got := emulator.PayEventSig(emulator.EventCoins, payload, "12345"); got != want || hmacOf("12345", emulator.EventCoins+"&"+payload) != want {
		t.Errorf("PayEventSig %s", got)
	}
}

func TestAPushSaysWhatWasPaidInEveryForm(t *testing.T) {
	for _, aesKey := range []string{"", pushAESKey} {
		for _, asXML := range []bool{false, true} {
			t.Run(fmt.Sprintf("encrypted %t, XML %t", aesKey != "", asXML), func(t *testing.T) {
				g := newGame(t, aesKey)
				to := g.to()
				to.XML = asXML
				f := start(t, emulator.Config{Push: to, Now: standing})
				g.answering(func(n int, _ notice) (int, string) {
					return http.StatusOK, []string{success, "\n<xml><ErrCode><![CDATA[0]]></ErrCode><ErrMsg><![CDATA[Success]]></ErrMsg></xml>"}[n%2]
				})
				f.payGoods("g1", emulator.Fate{})
				f.flush()
				f.payCoins("c1", emulator.Fate{})
				f.flush()
				got := g.notices()
				if len(got) != 2 {
					t.Fatalf("pushes %+v", got)
				}
				goods, coins := got[0], got[1]
				if goods.Event != "minigame_game_pay_goods_deliver_notify" || coins.Event != "minigame_coin_deliver_completed" {
					t.Errorf("events %s and %s", goods.Event, coins.Event)
				}
				for i, n := range got {
					tr := f.Trades()[i]
					wantFields(t, n.payload, map[string]any{
						"OpenId": alice, "Env": 0, "OutTradeNo": tr.OutTradeNo,
						"WeChatPayInfo": map[string]any{"MchOrderNo": tr.MchOrderNo, "TransactionId": tr.TransactionID},
					})
					if n.FromUserName != alice || *n.MiniGame.IsMock || n.at != standing().Unix() || n.CreateTime != standing().Unix() || tr.DeliveredAt.IsZero() {
						t.Errorf("push %+v of %+v", n, tr)
					}
				}
				wantFields(t, goods.section("GoodsInfo"), map[string]any{
					"ProductId": "sword", "Quantity": 2, "ZoneId": "1", "OrigPrice": 1200, "ActualPrice": 1200, "Attach": "a<b>&]]>'c", "OrderSource": 1,
				})
				wantFields(t, coins.section("CoinInfo"), map[string]any{"ZoneId": "1", "ActualPrice": 600, "BuyQuantity": 60, "OrigPrice": 600})
				for _, p := range f.Pushes() {
					if !p.Acknowledged || p.Attempts != 1 || !p.NextAt.IsZero() || p.LastStatus != 200 {
						t.Errorf("push %+v", p)
					}
				}
			})
		}
	}
}

// documentedGaps are the waits of §3.7, of deliveries.
const documentedGaps = "15s 15s 30s 3m 10m 20m 30m 30m 30m 60m 3h 3h 3h 6h 6h"

func TestAPushIsRepeatedAtTheDocumentedGapsAndThenGivenUp(t *testing.T) {
	for name, tt := range map[string]struct {
		gaps int
		pay  func(*fixture)
	}{
		"goods":    {15, func(f *fixture) { f.payGoods("t1", emulator.Fate{}) }},
		"coins":    {13, func(f *fixture) { f.payCoins("t1", emulator.Fate{}) }},
		"the page": {15, func(f *fixture) { f.StorePurchase(emulator.Production, alice, "1", "sword", 1, 1) }},
		"a refund": {13, func(f *fixture) {
			f.payGoods("t1", emulator.Fate{NoPush: true})
			f.RefundTrade(emulator.Production, "t1", 1, 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGame(t, "")
			g.answering(func(int, notice) (int, string) { return http.StatusOK, failure })
			f := start(t, emulator.Config{Now: standing, Push: g.to()})
			tt.pay(f)
			f.flush()
			for i, gap := range strings.Fields(documentedGaps)[:tt.gaps] {
				d, err := time.ParseDuration(gap)
				if err != nil {
					t.Fatal(err)
				}
				if p := f.Pushes()[0]; p.Attempts != i+1 || !p.NextAt.Equal(f.Now().Add(d)) || p.GivenUp || p.LastAnswer != failure {
					t.Fatalf("after attempt %d: %+v, want the next in %v", i+1, p, d)
				}
				f.Advance(d - time.Nanosecond)
				f.flush()
				if n := len(g.notices()); n != i+1 {
					t.Fatalf("%d attempts before gap %d has passed", n, i)
				}
				f.Advance(time.Nanosecond)
				f.flush()
			}
			f.Advance(100 * time.Hour)
			f.flush()
			p := f.Pushes()[0]
			if p.Attempts != tt.gaps+1 || len(g.notices()) != tt.gaps+1 || !p.GivenUp || p.Acknowledged || !p.NextAt.IsZero() {
				t.Errorf("in the end %+v, %d arrived", p, len(g.notices()))
			}
		})
	}
}

func TestAnAcknowledgementEndsTheRepeats(t *testing.T) {
	g := newGame(t, "")
	g.answering(func(n int, _ notice) (int, string) {
		if n < 2 {
			return http.StatusOK, failure
		}
		return http.StatusOK, success
	})
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	f.payGoods("g1", emulator.Fate{})
	f.flush()
	for range 2 {
		if !f.trade("g1").DeliveredAt.IsZero() {
			t.Error("delivered, though not acknowledged")
		}
		f.Advance(15 * time.Second)
		f.flush()
	}
	f.Advance(100 * time.Hour)
	f.flush()
	if p := f.Pushes()[0]; p.Attempts != 3 || !p.Acknowledged || p.GivenUp || len(g.notices()) != 3 {
		t.Errorf("push %+v", p)
	}
	if at := f.trade("g1").DeliveredAt; !at.Equal(standing().Add(30 * time.Second)) {
		t.Errorf("delivered at %v", at)
	}
}

func TestOnlyErrCode0UnderHTTP200IsAnAcknowledgement(t *testing.T) {
	g := newGame(t, "")
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	for i, tt := range []struct {
		status int
		body   string
		taken  bool
	}{
		{200, `{"ErrCode":0}`, true},
		{200, "<xml><ErrCode>0</ErrCode></xml>", true},
		{200, `{"ErrMsg":"Success"}`, false},
		{200, `{"errcode":0}`, false},
		{200, `{"ErrCode":"0"}`, false},
		{200, `{"ErrCode":0}{"ErrCode":0}`, false},
		{200, "<xml><ErrMsg>Success</ErrMsg></xml>", false},
		{200, "<xml><ErrCode>0</xml>", false},
		{200, "<xml><ErrCode>-1</ErrCode></xml>", false},
		{200, "success", false},
		{200, "", false},
		{201, success, false},
		{500, success, false},
		{302, success, false},
		{200, strings.Repeat("é", 300), false},
	} {
		g.answering(func(int, notice) (int, string) { return tt.status, tt.body })
		f.payGoods(fmt.Sprint("g", i), emulator.Fate{})
		f.flush()
		p := f.Pushes()[i]
		if p.Acknowledged != tt.taken || p.LastStatus != tt.status || p.LastAnswer != tt.body[:min(len(tt.body), 200)] {
			t.Errorf("%d %q: %+v", tt.status, tt.body, p)
		}
	}
}

func TestAnAnswerAfterThreeSecondsIsNone(t *testing.T) {
	g := newGame(t, "")
	late := make(chan struct{})
	g.answering(func(int, notice) (int, string) { <-late; return http.StatusOK, success })
	defer close(late)
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	began := time.Now()
	f.payGoods("g1", emulator.Fate{})
	f.flush()
	if p := f.Pushes()[0]; p.Acknowledged || p.Attempts != 1 || p.LastStatus != 0 || p.LastAnswer == "" || strings.Contains(p.LastAnswer, "signature") {
		t.Errorf("push %+v", p)
	}
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("given up after %v", took)
	}
}

func TestAGameThatCannotBeReachedIsTriedAgain(t *testing.T) {
	dead, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, emulator.Config{Now: standing, Push: emulator.PushConfig{URL: "http://" + dead}})
	f.payGoods("g1", emulator.Fate{})
	f.flush()
	if p := f.Pushes()[0]; p.Attempts != 1 || p.LastStatus != 0 || p.NextAt.IsZero() {
		t.Errorf("push %+v", p)
	}
	g := newGame(t, "")
	if err := f.PushTo(g.to()); err != nil { // it has come up elsewhere
		t.Fatal(err)
	}
	f.Advance(15 * time.Second)
	f.flush()
	if p := f.Pushes()[0]; !p.Acknowledged || p.Attempts != 2 {
		t.Errorf("push %+v", p)
	}
}

func TestCoinsThatComeLateArePushedWhenTheyCome(t *testing.T) {
	g := newGame(t, "")
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	f.payCoins("c1", emulator.Fate{CreditAfter: time.Hour, PushAfter: time.Minute})
	f.Advance(time.Hour - 1)
	f.flush()
	if tr := f.trade("c1"); !tr.DeliveredAt.IsZero() || f.account().Balance != 0 || len(f.Pushes()) != 0 {
		t.Errorf("trade %+v, account %+v", tr, f.account())
	}
	f.Advance(1)
	f.flush()
	if tr := f.trade("c1"); !tr.DeliveredAt.Equal(standing().Add(time.Hour)) || f.account().Balance != 60 || len(f.Pushes()) != 1 || len(g.notices()) != 0 {
		t.Errorf("trade %+v, account %+v, pushes %+v", tr, f.account(), f.Pushes())
	}
	f.Advance(time.Minute)
	f.flush()
	if n := len(g.notices()); n != 1 {
		t.Errorf("%d pushes arrived", n)
	}
}

func TestThePusherWakesForACreditThatNobodyLooksAt(t *testing.T) {
	g := newGame(t, "")
	arrived := make(chan notice, 1)
	g.answering(func(_ int, n notice) (int, string) { arrived <- n; return http.StatusOK, success })
	f := start(t, emulator.Config{Push: g.to()}) // on the real clock
	f.payCoins("c1", emulator.Fate{CreditAfter: 20 * time.Millisecond, PushAfter: 20 * time.Millisecond})
	select {
	case n := <-arrived:
		wantFields(t, n.payload, map[string]any{"OutTradeNo": "c1"})
	case <-time.After(20 * time.Second):
		t.Error("no push")
	}
}

func TestAPushMayBeLostLateOrRepeated(t *testing.T) {
	g := newGame(t, "")
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	f.payGoods("lost", emulator.Fate{NoPush: true})
	f.payGoods("late", emulator.Fate{PushAfter: time.Minute})
	f.payGoods("thrice", emulator.Fate{Repeat: 2})
	f.payCoins("lost-coins", emulator.Fate{NoPush: true})
	f.flush()
	f.Advance(time.Minute)
	f.flush()
	f.Advance(100 * time.Hour)
	f.flush()
	var order []string
	for _, n := range g.notices() {
		order = append(order, fmt.Sprint(n.payload["OutTradeNo"]))
	}
	if want := []string{"thrice", "thrice", "thrice", "late"}; !slices.Equal(order, want) {
		t.Errorf("arrived %v, want %v", order, want)
	}
	f.AddToken(goodToken) // the old ones have long expired
	f.SetSession(alice, aliceKey)
	wantFields(t, f.query(map[string]any{"out_trade_no": "lost", "biz_id": 2}), map[string]any{"pay_state": 2, "deliver_state": 1})
	wantFields(t, f.query(map[string]any{"out_trade_no": "lost-coins"}), map[string]any{"pay_state": 2, "deliver_state": 2})
	for _, p := range f.Pushes() {
		if !p.Acknowledged || !p.NextAt.IsZero() {
			t.Errorf("push %+v", p)
		}
	}

	// How a repeat is answered changes nothing.
	g.answering(func(n int, _ notice) (int, string) {
		if n == 0 {
			return http.StatusOK, success
		}
		return http.StatusInternalServerError, ""
	})
	f.payGoods("twice", emulator.Fate{Repeat: 1})
	f.flush()
	f.Advance(100 * time.Hour)
	f.flush()
	if p := f.Pushes()[2]; p.Attempts != 2 || !p.Acknowledged || p.LastStatus != 500 || len(g.notices()) != 2 {
		t.Errorf("push %+v", p)
	}
}

func TestWithoutAURLNothingIsQueuedAndWhatWaitsGoesOnWaiting(t *testing.T) {
	f := start(t, emulator.Config{Now: standing})
	f.payGoods("before", emulator.Fate{})
	if n := len(f.Pushes()); n != 0 {
		t.Errorf("%d pushes to nowhere", n)
	}
	f.flush()
	g := newGame(t, "")
	if err := f.PushTo(g.to()); err != nil {
		t.Fatal(err)
	}
	f.payGoods("waits", emulator.Fate{PushAfter: time.Minute})
	if err := f.PushTo(emulator.PushConfig{}); err != nil {
		t.Fatal(err)
	}
	f.payGoods("between", emulator.Fate{})
	f.Advance(time.Hour)
	if err := f.FlushPushes(t.Context()); err == nil {
		t.Error("a push that cannot be sent was flushed")
	}
	if err := f.PushTo(g.to()); err != nil {
		t.Fatal(err)
	}
	f.flush()
	if got := g.notices(); len(got) != 1 || got[0].payload["OutTradeNo"] != "waits" {
		t.Errorf("arrived %+v", got)
	}
	for name, p := range map[string]emulator.PushConfig{
		"no scheme": {URL: "127.0.0.1:80"}, "another scheme": {URL: "ftp://x"}, "no host": {URL: "http:///x"}, "no URL": {URL: "http://x\x00"},
		"short key": {URL: g.url, EncodingAESKey: "AAAA"}, "no base64": {URL: g.url, EncodingAESKey: strings.Repeat("!", 43)},
	} {
		if f.PushTo(p) == nil {
			t.Errorf("%s: taken", name)
		}
		if _, err := emulator.New(emulator.Config{Push: p}); err == nil {
			t.Errorf("%s: taken in a Config", name)
		}
	}
}

func TestPushesGoOnAfterARestart(t *testing.T) {
	g := newGame(t, "")
	g.answering(func(int, notice) (int, string) { return http.StatusOK, failure })
	f := start(t, emulator.Config{Now: standing, Push: g.to(), StatePath: filepath.Join(t.TempDir(), "state.json")})
	f.payGoods("g1", emulator.Fate{Repeat: 1})
	f.flush()
	f.payCoins("c1", emulator.Fate{CreditAfter: time.Hour, Repeat: 1})
	f.payGoods("late", emulator.Fate{PushAfter: 30 * time.Minute})
	if _, err := f.RefundTrade(emulator.Production, "g1", 100, 2); err != nil {
		t.Fatal(err)
	}
	f.flush()
	if err := f.PushTo(emulator.PushConfig{}); err != nil { // the first one is as good as dead
		t.Fatal(err)
	}
	before := f.Pushes()

	r := reopened(t, f)
	if got := r.Trades(); len(got) != 3 || got[0].RefundedFen != 100 || got[1].OutTradeNo != "c1" {
		t.Errorf("trades %+v", got)
	}
	if got := r.Pushes(); len(got) != len(before) || got[0].Attempts != 1 || !got[0].NextAt.Equal(before[0].NextAt) || got[0].LastAnswer != failure {
		t.Errorf("pushes %+v, were %+v", got, before)
	}
	if err := r.PayCoins(coins("c1"), emulator.Fate{}); clientCode(err) != -15003 {
		t.Errorf("a number twice: %v", err)
	}
	g.answering(nil)
	r.Advance(time.Hour)
	r.flush()
	var arrived []string
	for _, n := range g.notices() {
		arrived = append(arrived, fmt.Sprint(n.payload["OutTradeNo"], " ", strings.Split(n.Event, "_")[1]))
	}
	slices.Sort(arrived)
	if want := []string{"c1 coin", "c1 coin", "g1 game", "g1 game", "g1 pay", "late game"}; !slices.Equal(arrived, want) {
		t.Errorf("arrived %v, want %v", arrived, want)
	}
	for i, p := range r.Pushes() {
		if p.ID != i+1 || !p.Acknowledged {
			t.Errorf("push %+v", p)
		}
	}
}

func TestResetForgetsTradesAndPushesButNotWhereTheyGo(t *testing.T) {
	g := newGame(t, "")
	arrived, answer := make(chan struct{}), make(chan struct{})
	g.answering(func(int, notice) (int, string) {
		arrived <- struct{}{}
		<-answer
		return http.StatusOK, success
	})
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	f.payGoods("g1", emulator.Fate{})
	<-arrived
	f.Reset()
	if len(f.Trades()) != 0 || len(f.Pushes()) != 0 {
		t.Errorf("left: %+v, %+v", f.Trades(), f.Pushes())
	}
	f.SetSession(alice, aliceKey)
	f.payGoods("g1", emulator.Fate{PushAfter: time.Minute})
	close(answer) // to the push of the first g1, which says nothing of the second
	g.answering(nil)
	f.flush()
	if !f.trade("g1").DeliveredAt.IsZero() || f.Pushes()[0].Attempts != 0 {
		t.Errorf("trade %+v, push %+v", f.trade("g1"), f.Pushes()[0])
	}
	f.Advance(time.Minute)
	f.flush()
	if f.trade("g1").DeliveredAt.IsZero() {
		t.Error("not delivered")
	}
}

func TestEightPushesAreUnderWayAtOnceAndNoMore(t *testing.T) {
	g := newGame(t, "")
	arrived, answer := make(chan struct{}, 20), make(chan struct{})
	var mu sync.Mutex
	now, most := 0, 0
	g.answering(func(int, notice) (int, string) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		arrived <- struct{}{}
		<-answer
		mu.Lock()
		now--
		mu.Unlock()
		return http.StatusOK, success
	})
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	for i := range 20 {
		f.payGoods(fmt.Sprint("g", i), emulator.Fate{})
	}
	for range 8 {
		<-arrived
	}
	close(answer)
	f.flush()
	if most != 8 || len(g.notices()) != 20 {
		t.Errorf("%d at once, %d in all", most, len(g.notices()))
	}
}

func TestCloseDoesNotWaitForAGameThatHangs(t *testing.T) {
	g := newGame(t, "")
	arrived, answer := make(chan struct{}, 1), make(chan struct{})
	g.answering(func(int, notice) (int, string) {
		arrived <- struct{}{}
		<-answer
		return http.StatusOK, success
	})
	defer close(answer)
	f := start(t, emulator.Config{Now: standing, Push: g.to(), StatePath: filepath.Join(t.TempDir(), "state.json")})
	f.payGoods("g1", emulator.Fate{})
	<-arrived
	flushed := make(chan error, 1)
	go func() { flushed <- f.FlushPushes(context.Background()) }()
	began := time.Now()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Close took %v", took)
	}
	if <-flushed == nil {
		t.Error("flushed, though it was not answered")
	}
	for name, err := range map[string]error{
		"PushTo": f.PushTo(g.to()), "MockPush": f.MockPush(emulator.EventCoins), "CheckPushURL": f.CheckPushURL(t.Context()),
	} {
		if err == nil {
			t.Errorf("%s after Close", name)
		}
	}
	// The attempt that was cut short does not count; the next emulator makes it again.
	r := reopened(t, f)
	if p := r.Pushes()[0]; p.Attempts != 0 || p.GivenUp || p.Acknowledged {
		t.Errorf("push %+v", p)
	}
	<-arrived
}

func TestFlushingEndsWithItsContext(t *testing.T) {
	g := newGame(t, "")
	arrived, answer := make(chan struct{}), make(chan struct{})
	g.answering(func(int, notice) (int, string) {
		arrived <- struct{}{}
		<-answer
		return http.StatusOK, success
	})
	f := start(t, emulator.Config{Now: standing, Push: g.to()})
	f.payGoods("g1", emulator.Fate{})
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.FlushPushes(ctx); err != context.Canceled {
		t.Errorf("error %v", err)
	}
	close(answer)
	f.flush()
}

func TestASimulatedPushHasEveryFieldAndIsMarked(t *testing.T) {
	g := newGame(t, "")
	f := start(t, emulator.Config{Now: standing})
	if f.MockPush(emulator.EventCoins) == nil || f.CheckPushURL(t.Context()) == nil {
		t.Error("sent to nowhere")
	}
	if err := f.PushTo(g.to()); err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string][]string{
		emulator.EventGoods:       {"Env", "GoodsInfo", "OpenId", "OutTradeNo", "WeChatPayInfo"},
		emulator.EventStoreGoods:  {"Env", "GoodsInfo", "OpenId", "OutTradeNo", "WeChatPayInfo"},
		emulator.EventCoins:       {"CoinInfo", "Env", "OpenId", "OutTradeNo", "WeChatPayInfo"},
		emulator.EventCenterCoins: {"CoinInfo", "Env", "OpenId", "OutTradeNo", "WeChatPayInfo"},
		emulator.EventRefund:      {"Env", "OutTradeNo", "RefundAmount", "RefundId", "RefundSource", "WeChatPayInfo"},
	} {
		g.answering(nil)
		if err := f.MockPush(event); err != nil {
			t.Error(err)
		}
		got := g.notices()
		if len(got) != 1 || !*got[0].MiniGame.IsMock || got[0].Event != event {
			t.Fatalf("%s: %+v", event, got)
		}
		var names []string
		for name := range got[0].payload {
			names = append(names, name)
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("%s: fields %v", event, names)
		}
		if _, zone := got[0].section("CoinInfo")["ZoneId"]; zone != (event == emulator.EventCoins) {
			t.Errorf("%s: %v", event, got[0].payload)
		}
	}
	g.answering(func(int, notice) (int, string) { return http.StatusOK, failure })
	if f.MockPush(emulator.EventCoins) == nil || f.MockPush("minigame_deliver_goods") == nil {
		t.Error("a simulated push that was refused, or is of no known event, succeeded")
	}
	if n := len(f.Pushes()); n != 0 {
		t.Errorf("%d pushes on record", n)
	}
}

func TestThePushURLIsCheckedByItsEcho(t *testing.T) {
	g := newGame(t, "")
	f := start(t, emulator.Config{Push: g.to()})
	if err := f.CheckPushURL(t.Context()); err != nil {
		t.Error(err)
	}
	for _, answer := range []string{"success", ""} {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		err := f.PushTo(emulator.PushConfig{URL: other.URL})
		if err != nil || f.CheckPushURL(t.Context()) == nil {
			t.Errorf("answered %q: taken, %v", answer, err)
		}
		other.Close()
		if f.CheckPushURL(t.Context()) == nil {
			t.Error("nobody there: taken")
		}
	}
}

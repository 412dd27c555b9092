package plugin_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

const (
	invalid     = msg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT
	notLoggedIn = msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_LOGGED_IN
	unknownItem = msg.MidasErrorCode_MIDAS_ERROR_CODE_UNKNOWN_ITEM
	badTier     = msg.MidasErrorCode_MIDAS_ERROR_CODE_BAD_TIER
	rateLimited = msg.MidasErrorCode_MIDAS_ERROR_CODE_RATE_LIMITED
	busy        = msg.MidasErrorCode_MIDAS_ERROR_CODE_BUSY
	unavailable = msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE
	forbidden   = msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_PERMITTED
	expired     = msg.MidasErrorCode_MIDAS_ERROR_CODE_SESSION_EXPIRED
)

// badRequest is a request of a player who has logged in, and what must be said of it.
type badRequest struct {
	name      string
	request   any
	requestID string // in the answer
	code      msg.MidasErrorCode
}

func badRequests() []badRequest {
	long := strings.Repeat("x", 65)
	list := []badRequest{
		{"unknown item", &msg.MidasPurchase{RequestId: "q", ItemId: "dragon", Quantity: 1}, "q", unknownItem},
		{"no item", &msg.MidasPurchase{RequestId: "q", Quantity: 1}, "q", invalid},
		{"item of 65 bytes", &msg.MidasPurchase{RequestId: "q", ItemId: long, Quantity: 1}, "q", invalid},
		{"item with a control character", &msg.MidasPurchase{RequestId: "q", ItemId: "sword\n", Quantity: 1}, "q", invalid},
		{"quantity 0", &msg.MidasPurchase{RequestId: "q", ItemId: "sword"}, "q", invalid},
		{"quantity -1", &msg.MidasPurchase{RequestId: "q", ItemId: "sword", Quantity: -1}, "q", invalid},
		{"price beyond 2^53", &msg.MidasPurchase{RequestId: "q", ItemId: "sword", Quantity: msg.MaxInt}, "q", invalid},
		{"price one coin beyond 2^53", &msg.MidasPurchase{RequestId: "q", ItemId: "sword", Quantity: msg.MaxInt/60 + 1}, "q", invalid},
		{"empty request id", &msg.MidasPurchase{ItemId: "sword", Quantity: 1}, "", invalid},
		{"request id of 65 bytes", &msg.MidasPurchase{RequestId: long, ItemId: "sword", Quantity: 1}, "", invalid},
		{"request id with a control character", &msg.MidasPurchase{RequestId: "a\x00b", ItemId: "sword", Quantity: 1}, "", invalid},
		{"balance without a request id", &msg.MidasGetBalance{}, "", invalid},
		{"balance with 65 bytes of id", &msg.MidasGetBalance{RequestId: long}, "", invalid},
		{"recharge without a request id", &msg.MidasRecharge{BuyQuantity: 60}, "", invalid},
		{"recharge of 0", &msg.MidasRecharge{RequestId: "q"}, "q", badTier},
		{"recharge of -60", &msg.MidasRecharge{RequestId: "q", BuyQuantity: -60}, "q", badTier},
		{"recharge of no tier", &msg.MidasRecharge{RequestId: "q", BuyQuantity: 61}, "q", badTier},
		{"recharge of 2^53-1", &msg.MidasRecharge{RequestId: "q", BuyQuantity: msg.MaxInt}, "q", badTier},
		{"report without a request id", &msg.MidasRechargeDone{}, "", invalid},
		{"report of a recharge nobody asked for", &msg.MidasRechargeDone{RequestId: "q"}, "q", invalid},
		{"page before 65 bytes", &msg.MidasListOrders{Before: long}, "", invalid},
		{"login without a code", &msg.MidasLogin{}, "", invalid},
		{"login with 129 bytes of code", &msg.MidasLogin{Code: strings.Repeat("c", 129)}, "", invalid},
		{"login with a zone that could forge a signed text", &msg.MidasLogin{Code: "auto-x-1", ZoneId: "1&amt=1"}, "", invalid},
		{"login with a platform that could", &msg.MidasLogin{Code: "auto-x-2", Platform: "a=b"}, "", invalid},
	}
	for _, m := range msg.Messages()[6:] { // from here on only servers send
		list = append(list, badRequest{fmt.Sprintf("%T, which only servers send", m), m, "", invalid})
	}
	return append(
		list,
		badRequest{"a server's message with a request id", &msg.MidasBalance{RequestId: "q", Balance: 1e6}, "q", invalid},
	)
}

func TestABadRequestIsAnsweredCostsMidasNothingAndHarmsNobody(t *testing.T) {
	t.Parallel()
	for _, way := range transports {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.recharge("alice", 1000)
			s.recharge("bob", 1000)
			alice, bob := s.join("alice", way), s.join("bob", overWS)
			before := s.emu.Calls(emulator.AllAPIs)
			for _, bad := range badRequests() {
				alice.send(bad.request)
				e := alice.refused(bad.requestID, bad.code)
				if e.GetMessage() == "" || e.GetRetryable() {
					t.Errorf("%s: answered %v", bad.name, e)
				}
			}
			if n := s.emu.Calls(emulator.AllAPIs) - before; n != 0 {
				t.Errorf("cost %d calls to Midas", n)
			}
			if left := alice.pending(); left != "[]" {
				t.Errorf("more than one answer: %s", left)
			}
			alice.buy("good", "sword", 1)
			bob.buy("good", "sword", 1)
			s.checkBooks()
		})
	}
}

func TestIntegersBeyondAllBoundsAreRefusedOverProtobuf(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 1000)
	alice := s.join("alice", overTCP)
	before := s.emu.Calls(emulator.AllAPIs)
	for _, n := range []int64{math.MaxInt64, math.MinInt64, math.MaxInt64 / 60, math.MaxInt64/60 + 1, msg.MaxInt + 1} {
		alice.send(&msg.MidasPurchase{RequestId: "q", ItemId: "sword", Quantity: n})
		alice.refused("q", invalid)
		alice.send(&msg.MidasRecharge{RequestId: "q", BuyQuantity: n})
		alice.refused("q", badTier)
	}
	if n := s.emu.Calls(emulator.AllAPIs) - before; n != 0 {
		t.Errorf("cost %d calls to Midas", n)
	}
	for _, n := range []int64{math.MaxInt64, math.MinInt64, -1, 0} { // bounds of a list are no fault: it is as long as it is
		alice.send(&msg.MidasListOrders{Limit: n})
		await(alice, any1[*msg.MidasOrders])
	}
	alice.send(&msg.MidasRechargeDone{RequestId: "q", ErrCode: math.MinInt64})
	alice.refused("q", invalid)
	alice.buy("good", "sword", 1)
}

func TestNothingIsDoneForAConnectionOnWhichNobodyHasLoggedIn(t *testing.T) {
	t.Parallel()
	for _, way := range transports {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			nobody := s.dial(way)
			for _, one := range []struct {
				request any
				id      string
			}{
				{&msg.MidasGetBalance{RequestId: "a"}, "a"},
				{&msg.MidasPurchase{RequestId: "b", ItemId: "sword", Quantity: 1}, "b"},
				{&msg.MidasRecharge{RequestId: "c", BuyQuantity: 60}, "c"},
				{&msg.MidasRechargeDone{RequestId: "d"}, "d"},
				{&msg.MidasListOrders{}, ""},
				{&msg.MidasGetBalance{}, ""},
			} {
				nobody.send(one.request)
				if e := nobody.refused(one.id, notLoggedIn); !e.GetRetryable() {
					t.Errorf("%v: not retryable, although a login helps", e)
				}
			}
			nobody.send(&msg.MidasOrders{})
			nobody.refused("", invalid)
			if n := s.emu.Calls(emulator.AllAPIs); n != 0 {
				t.Errorf("cost %d calls to Midas", n)
			}
			nobody.login("alice") // the connection is as good as new
		})
	}
}

func TestFieldsOfTheWrongTypeAreAnsweredAndUnknownOnesIgnored(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 1000)
	alice := s.join("alice", overWS)
	before := s.emu.Calls(emulator.AllAPIs)
	for _, one := range []struct{ frame, id, field string }{
		{`{"MidasPurchase":{"request_id":"q","item_id":"sword","quantity":"1"}}`, "q", "quantity"},
		{`{"MidasPurchase":{"request_id":"q","item_id":"sword","quantity":1.5}}`, "q", "quantity"},
		{`{"MidasPurchase":{"request_id":"q","item_id":"sword","quantity":1e3}}`, "q", "quantity"},
		{`{"MidasPurchase":{"request_id":"q","item_id":"sword","quantity":9007199254740992}}`, "q", "quantity"},
		{`{"MidasPurchase":{"request_id":"q","item_id":"sword","quantity":99999999999999999999999}}`, "q", "quantity"},
		{`{"MidasPurchase":{"request_id":"q","item_id":"sword","quantity":true}}`, "q", "quantity"},
		{`{"MidasPurchase":{"request_id":"q","item_id":["sword"],"quantity":1}}`, "q", "item_id"},
		{`{"MidasPurchase":{"request_id":"q","item_id":{},"quantity":1}}`, "q", "item_id"},
		{`{"MidasPurchase":{"request_id":7,"item_id":"sword","quantity":1}}`, "", "request_id"},
		{`{"MidasPurchase":[]}`, "", "MidasPurchase"},
		{`{"MidasPurchase":"sword"}`, "", "MidasPurchase"},
		{`{"MidasGetBalance":{"request_id":{"a":1}}}`, "", "request_id"},
		{`{"MidasRecharge":{"request_id":"q","buy_quantity":"60"}}`, "q", "buy_quantity"},
		{`{"MidasRechargeDone":{"request_id":"q","err_code":"0"}}`, "q", "err_code"},
		{`{"MidasListOrders":{"limit":"5"}}`, "", "limit"},
		{`{"MidasLogin":{"code":5}}`, "", "code"},
		{`{"MidasBalance":{"request_id":"q","balance":"1000000"}}`, "q", "balance"},
	} {
		if err := alice.conn.write([]byte(one.frame)); err != nil {
			t.Fatal(err)
		}
		if e := alice.refused(one.id, invalid); !strings.Contains(e.GetMessage(), one.field) {
			t.Errorf("%s: %q does not name %s", one.frame, e.GetMessage(), one.field)
		}
	}
	if n := s.emu.Calls(emulator.AllAPIs) - before; n != 0 {
		t.Errorf("cost %d calls to Midas", n)
	}
	// A newer client may know fields that this server does not.
	frame := `{"MidasPurchase":{"request_id":"good","item_id":"sword","quantity":1,"price":0,"openid":"someone","amount":1}}`
	if err := alice.conn.write([]byte(frame)); err != nil {
		t.Fatal(err)
	}
	if r := alice.delivered("good"); r.GetAmount() != 60 {
		t.Errorf("paid %d coins", r.GetAmount())
	}
	if a := s.emu.Account(emulator.Sandbox, emulator.OpenIDOf("alice"), "1"); a.Balance != 940 {
		t.Errorf("%d coins are left, not 940", a.Balance)
	}
}

func TestAFrameThatLeafCannotTakeClosesThatConnectionOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.recharge("alice", 1000)
	ws, tcp := s.join("alice", overWS), s.join("bob", overTCP)
	for _, frame := range []string{
		"", "{", "null", "[]", `{}`, `{"MidasPurchase":{}`, `{"MidasUnheardOf":{}}`, `{"MidasPurchase":{},"MidasLogin":{}}`, "\x00\xff",
		strings.Repeat("x", 5000), `{"MidasPurchase":{"request_id":"` + strings.Repeat("x", 4090) + `"}}`,
	} {
		c := s.dial(overWS)
		c.name = fmt.Sprintf("the sender of %.20q", frame)
		if err := c.conn.write([]byte(frame)); err != nil {
			t.Fatal(err)
		}
		c.awaitEnd()
	}
	for _, frame := range []string{"\x00", "\xff\xff", "\x00\x03\xff\xff\xff", strings.Repeat("x", 5000)} {
		c := s.dial(overTCP)
		c.name = fmt.Sprintf("the sender of %.20q", frame)
		if err := c.conn.write([]byte(frame)); err != nil {
			t.Fatal(err)
		}
		c.awaitEnd()
	}
	ws.buy("good", "sword", 1)
	tcp.balance("good")
}

func TestAPurchaseIsPricedAndPaidByTheServerAlone(t *testing.T) {
	t.Parallel()
	s := start(t, func(set *setup) {
		set.config.Items = []plugin.Item{{ID: "max", Price: msg.MaxInt}, {ID: "one", Price: 1}}
	})
	if err := s.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf("alice"), "1", msg.MaxInt); err != nil {
		t.Fatal(err)
	}
	alice := s.join("alice", overWS)
	alice.ask("two", "max", 2)
	alice.refused("two", invalid)
	// The largest amount there is travels unharmed.
	if r := alice.buy("all", "max", 1); r.GetAmount() != msg.MaxInt || r.GetBalance() != 0 {
		t.Errorf("got %v", r)
	}
	alice.ask("more", "one", 1)
	r := alice.result("more")
	if r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_FAILED ||
		r.GetError().GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE {
		t.Errorf("got %v", r)
	}
	s.checkBooks()
}

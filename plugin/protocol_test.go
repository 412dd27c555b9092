package plugin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// paths notes where calls to Midas go.
type paths struct {
	mu   sync.Mutex
	seen map[string]int
}

func (p *paths) front(midas http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen[r.URL.Path]++
		p.mu.Unlock()
		midas.ServeHTTP(w, r)
	})
}

// Whichever protocol the config names, players notice nothing of it.
func TestBothProtocolsSellAlike(t *testing.T) {
	t.Parallel()
	for protocol, prefix := range map[string]string{"v1": "/cgi-bin/midas/sandbox/", "v2": "/wxa/game/"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			asked := &paths{seen: map[string]int{}}
			s := start(t, func(set *setup) {
				set.config.Protocol = protocol
				set.front = asked.front
				set.deliver = func(o plugin.Order) error {
					if o.Quantity > 50 {
						return plugin.ErrRefuse
					}
					return nil
				}
			})
			s.recharge("alice", 100)
			alice := s.join("alice", overWS)

			alice.buy("p1", "sword", 1)
			s.script("pay", emulator.Fault{Kind: emulator.Fail}) // the answer is lost
			alice.ask("p2", "potion", 1)
			alice.delivered("p2")
			alice.ask("p3", "sword", 1)
			if r := alice.result("p3"); r.GetError().GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_INSUFFICIENT_BALANCE {
				t.Errorf("told %v", r)
			}

			s.recharge("alice", 100)
			s.script("cancelpay", emulator.Fault{Kind: emulator.Cut, Commit: true}) // so is this one
			alice.ask("p4", "potion", 60)
			if r := alice.result("p4"); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_CANCELLED {
				t.Errorf("told %v", r)
			}

			player := plugin.Player{OpenID: emulator.OpenIDOf("alice"), ZoneID: "1"}
			if r, err := s.plugin.Present(background(t), player, plugin.PresentRequest{RequestID: "g", Amount: 5}); err != nil || r.Order.State != ledger.Delivered {
				t.Errorf("%+v, %v", r, err)
			}

			// A session that dies parks the order until the next login.
			s.emu.ExpireSession(player.OpenID)
			alice.ask("p5", "potion", 1)
			first := await(alice, func(r *msg.MidasPurchaseResult) bool { return r.GetRequestId() == "p5" })
			if first.GetError().GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_SESSION_EXPIRED {
				t.Errorf("told %v", first)
			}
			alice.login("alice")
			alice.delivered("p5")

			// Coins bought with money are found by the balance; V2 names each attempt.
			alice.send(&msg.MidasRecharge{RequestId: "c", BuyQuantity: 60})
			options := await(alice, any1[*msg.MidasRechargeOptions])
			if (options.GetOutTradeNo() != "") != (protocol == "v2") || len(options.GetOutTradeNo()) > 32 {
				t.Errorf("offered %v", options)
			}
			alice.send(&msg.MidasRecharge{RequestId: "c", BuyQuantity: 60})
			if again := await(alice, any1[*msg.MidasRechargeOptions]); again.GetOutTradeNo() != options.GetOutTradeNo() {
				t.Errorf("offered another number: %v", again)
			}
			s.recharge("alice", 60)
			alice.send(&msg.MidasRechargeDone{RequestId: "c"})
			if r := await(alice, any1[*msg.MidasRechargeResult]); r.GetState() != msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED || r.GetCoins() != 60 {
				t.Errorf("told %v", r)
			}
			s.checkBooks()
			if a, err := s.plugin.Audit(background(t), plugin.AuditRequest{}); err != nil || len(a.Differences) != 0 || a.Unchecked != 0 {
				t.Errorf("%+v, %v", a, err)
			}

			asked.mu.Lock()
			defer asked.mu.Unlock()
			for path, n := range asked.seen {
				if (strings.HasPrefix(path, "/cgi-bin/midas/") || strings.HasPrefix(path, "/wxa/game/")) && !strings.HasPrefix(path, prefix) {
					t.Errorf("%d calls to %s", n, path)
				}
			}
			if asked.seen[prefix+"pay"] < 5 || asked.seen[prefix+"cancelpay"] < 2 || asked.seen[prefix+"present"] != 1 {
				t.Errorf("calls: %v", asked.seen)
			}
		})
	}
}

package plugin_test

import (
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// While Midas cannot be asked a player sees the balance that it told last, marked as old, and then the true one without
// asking.
func TestABalanceInAnOutageIsMarkedAsOld(t *testing.T) {
	t.Parallel()
	for name, breaker := range map[string]uint32{"calls fail": 1_000_000, "calls are held back": 1} {
		for _, over := range transports {
			t.Run(name+" "+string(over), func(t *testing.T) {
				t.Parallel()
				s := start(t, func(set *setup) {
					set.config.Breaker = plugin.BreakerConfig{MinRequests: breaker, OpenFor: 300 * time.Millisecond}
				})
				s.recharge("alice", 60)
				alice, bob := s.join("alice", over), s.join("bob", over)
				began := time.Now().Unix()
				bob.balance("b")
				if err := s.emu.Outage(emulator.Fault{Kind: emulator.BadGateway}); err != nil {
					t.Fatal(err)
				}
				old := func(c *client, is func(*msg.MidasBalance) bool) {
					t.Helper()
					b := await(c, is)
					if !b.GetStale() || b.GetBalance() != 60 || b.GetAsOfUnix() < began-60 || b.GetAsOfUnix() > time.Now().Unix()+1 {
						t.Errorf("told %v", b)
					}
				}
				asked := func(id string) func(*msg.MidasBalance) bool {
					return func(b *msg.MidasBalance) bool { return b.GetRequestId() == id }
				}
				for _, id := range []string{"q1", "q2", "q3"} { // the first may fail at Midas, the others are held back
					alice.send(&msg.MidasGetBalance{RequestId: id})
					old(alice, asked(id))
				}
				// On a connection of its own, after all others have ended.
				alice.close()
				eventually(t, "alice has gone", func() bool { stats, ok := s.plugin.Stats(); return ok && stats.Module.Connections == 1 })
				again := s.dial(over)
				again.send(&msg.MidasLogin{Code: "auto-alice-again", ZoneId: "1"})
				old(again, func(b *msg.MidasBalance) bool { return b.GetReason() == msg.MidasReason_MIDAS_REASON_LOGIN })
				// Of a player who has not been here nothing is known.
				carol := s.dial(over)
				carol.send(&msg.MidasLogin{Code: "auto-carol-1", ZoneId: "1"})
				if e := carol.refused("", msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE); !e.GetRetryable() {
					t.Errorf("carol was told %v", e)
				}

				s.recharge("alice", 40)
				s.emu.Recover()
				await(again, func(b *msg.MidasBalance) bool { return !b.GetStale() && b.GetBalance() == 100 && b.GetAsOfUnix() == 0 })
			})
		}
	}
}

package plugin_test

import (
	"testing"

	"github.com/name5566/leaf/network"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
)

// onLogin is a processor that does something when the answer to a login is on its way, before anything else can happen.
type onLogin struct {
	network.Processor
	do func()
}

func (p onLogin) Marshal(m any) ([][]byte, error) {
	if _, answer := m.(*msg.MidasLoginResult); answer {
		p.do()
	}
	return p.Processor.Marshal(m)
}

func TestARequestThatFollowsTheAnswerToALoginAtOnceFindsItsPlayer(t *testing.T) {
	t.Parallel()
	var alice *client
	answer := make(chan any, 1)
	s := start(t, func(set *setup) {
		set.codec = func(p network.Processor) network.Processor {
			return onLogin{p, func() {
				alice.send(&msg.MidasListOrders{})
				answer <- await(alice, func(m any) bool {
					switch m.(type) {
					case *msg.MidasOrders, *msg.MidasError:
						return true
					}
					return false
				})
			}}
		}
	})
	alice = s.dial(overWS)
	alice.login("alice")
	got := <-answer
	if orders, ok := got.(*msg.MidasOrders); !ok || len(orders.GetOrders()) > 0 {
		t.Errorf("the answer is %v", got)
	}
}

// interleavings lists every order in which the steps of A and of B can come, each side's own steps staying in theirs.
func interleavings(a, b int) []string {
	if a == 0 && b == 0 {
		return []string{""}
	}
	var all []string
	if a > 0 {
		for _, rest := range interleavings(a-1, b) {
			all = append(all, "A"+rest)
		}
	}
	if b > 0 {
		for _, rest := range interleavings(a, b-1) {
			all = append(all, "B"+rest)
		}
	}
	return all
}

// One player on two connections: each logs in, buys and leaves. Whatever the order, each purchase is made once, and
// when both have left, the player has left.
func TestEveryInterleavingOfTwoLogins(t *testing.T) {
	t.Parallel()
	s := start(t)
	gone := 0
	for _, order := range interleavings(3, 3) {
		name := "player" + order
		s.recharge(name, 10)
		sides := map[rune]*client{}
		step := map[rune]int{}
		for _, side := range order {
			switch step[side]++; step[side] {
			case 1:
				sides[side] = s.join(name, transports[len(sides)%2])
			case 2:
				sides[side].ask("of-"+string(side), "potion", 1)
			case 3:
				// Leaf may tell of the end of a connection before its last message; that one is then nobody's.
				eventually(t, order+": the order is there", func() bool { _, found := s.order(name, "of-"+string(side)); return found })
				sides[side].close()
				gone++
			}
		}
		for _, request := range []string{"of-A", "of-B"} {
			eventually(t, order+": "+request+" is delivered", func() bool {
				o, found := s.order(name, request)
				return found && o.State == ledger.Delivered
			})
		}
		if n := s.bag(name, "potion"); n != 2 {
			t.Errorf("%s: %d potions", order, n)
		}
		if b := s.emu.Account(emulator.Sandbox, emulator.OpenIDOf(name), "1").Balance; b != 8 {
			t.Errorf("%s: %d coins are left", order, b)
		}
	}
	s.awaitLogouts(gone)
	s.checkBooks()
}

package plugin_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// credit brings a player coins through a window, and waits until the client knows.
func (s *server) credit(c *client, name, requestID string, coins int64) {
	s.t.Helper()
	c.send(&msg.MidasRecharge{RequestId: requestID, BuyQuantity: coins})
	await(c, func(o *msg.MidasRechargeOptions) bool { return o.GetRequestId() == requestID })
	s.recharge(name, coins)
	c.send(&msg.MidasRechargeDone{RequestId: requestID})
	await(c, func(r *msg.MidasRechargeResult) bool {
		return r.GetRequestId() == requestID && r.GetState() == msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED
	})
}

func TestTheGameHearsOfRechargesOnItsOwnGoroutine(t *testing.T) {
	t.Parallel()
	told := make(chan plugin.Credit, 10)
	failed := false
	s := start(t, func(set *setup) {
		set.handle = func(p *plugin.Plugin, g *game) {
			p.HandleDeliver(g.Skeleton, func(o plugin.Order) error { g.grant(o); return nil })
			p.OnRecharge(g.Skeleton, func(c plugin.Credit) error {
				g.calls++ // only the game's own goroutine may
				if !failed {
					failed = true
					return errors.New("not now")
				}
				told <- c
				return nil
			})
		}
	})
	alice := s.join("alice", overWS)
	s.credit(alice, "alice", "r1", 60)
	c := <-told
	if c.OpenID != emulator.OpenIDOf("alice") || c.ZoneID != "1" || c.Coins != 60 || c.Total != 60 || !c.First() || c.BillNo == "" {
		t.Errorf("%+v", c)
	}
	s.credit(alice, "alice", "r2", 30)
	if c := <-told; c.Coins != 30 || c.Total != 90 || c.First() {
		t.Errorf("%+v", c)
	}
	if page := alice.page(0, ""); len(page.GetOrders()) != 0 {
		t.Errorf("the player sees what the game is told: %v", page)
	}
}

func TestTheGameCountsRechargesInTheLedgersTransaction(t *testing.T) {
	t.Parallel()
	told := make(chan plugin.Credit, 10)
	s := start(t, func(set *setup) {
		set.handle = func(p *plugin.Plugin, g *game) {
			p.HandleDeliver(g.Skeleton, func(o plugin.Order) error { g.grant(o); return nil })
			p.OnRechargeTx(func(ctx context.Context, tx *sql.Tx, c plugin.Credit) error {
				var n int
				if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM midas_orders WHERE kind = 'credit'`).Scan(&n); err != nil || n != 1 {
					return errors.Join(err, errors.New("not in the ledger"))
				}
				told <- c
				return nil
			})
		}
	})
	alice := s.join("alice", overWS)
	s.credit(alice, "alice", "r1", 60)
	if c := <-told; c.Coins != 60 {
		t.Errorf("%+v", c)
	}
}

func TestAMinorHearsOfTheLimitBeforeAWindowOpens(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t), func(set *setup) {
		set.handle = func(p *plugin.Plugin, g *game) {
			p.HandleDeliver(g.Skeleton, func(o plugin.Order) error { g.grant(o); return nil })
			p.LimitPayments(func(_ context.Context, p plugin.Player) (*plugin.Limits, error) {
				switch p.OpenID {
				case emulator.OpenIDOf("kid"):
					return plugin.MinorLimits(7), nil
				case emulator.OpenIDOf("boy"):
					return plugin.MinorLimits(12), nil
				case emulator.OpenIDOf("own"):
					return &plugin.Limits{PerRecharge: 100, PerMonth: 100, Text: "请让家长来买"}, nil
				case emulator.OpenIDOf("lost"):
					return nil, errors.New("the register is away")
				default:
					return nil, nil
				}
			})
		}
	})
	for name, want := range map[string]string{"kid": "you may not pay with money in this game", "boy": "at most 50 yuan at once", "own": "请让家长来买"} {
		c := s.join(name, overWS)
		c.send(&msg.MidasRecharge{RequestId: "r1", BuyQuantity: 600})
		if e := c.refused("r1", limitReached); e.GetRetryable() || !strings.Contains(e.GetMessage(), want) {
			t.Errorf("%s: %v", name, e)
		}
	}
	kid := s.join("kid", overTCP)
	kid.send(&msg.MidasBuyGoods{RequestId: "g1", ItemId: "pass", Quantity: 1})
	kid.refused("g1", limitReached)
	lost := s.join("lost", overWS)
	lost.send(&msg.MidasRecharge{RequestId: "r1", BuyQuantity: 600})
	if e := lost.refused("r1", msg.MidasErrorCode_MIDAS_ERROR_CODE_UNAVAILABLE); !e.GetRetryable() {
		t.Errorf("%v", e)
	}
	grown := s.join("ann", overWS)
	grown.send(&msg.MidasRecharge{RequestId: "r1", BuyQuantity: 6480})
	await(grown, any1[*msg.MidasRechargeOptions])
}

// A player sees what became of every try to buy coins, in both encodings, a page at a time.
func TestAPlayerSeesTheRechargesOfBefore(t *testing.T) {
	t.Parallel()
	s := start(t, forMoney(t))
	s.pushHere()
	for i, over := range transports {
		name := number("player", i)
		alice := s.join(name, over)
		list := func(limit int64, before string) *msg.MidasRecharges {
			alice.send(&msg.MidasListRecharges{RequestId: "list", Limit: limit, Before: before})
			return await(alice, func(r *msg.MidasRecharges) bool { return r.GetRequestId() == "list" })
		}
		if page := list(0, ""); len(page.GetRecharges()) != 0 || page.GetMore() {
			t.Errorf("who has bought nothing sees %v", page)
		}
		alice.send(&msg.MidasRecharge{RequestId: "closed", BuyQuantity: 300})
		await(alice, any1[*msg.MidasRechargeOptions])
		alice.send(&msg.MidasRechargeDone{RequestId: "closed", ErrCode: 1})
		await(alice, any1[*msg.MidasRechargeResult])
		time.Sleep(2 * time.Millisecond) // they are sorted by milliseconds
		alice.send(&msg.MidasRecharge{RequestId: "paid", BuyQuantity: 60})
		o := await(alice, any1[*msg.MidasRechargeOptions])
		if err := s.emu.PayGoods(emulator.OpenIDOf(name), o.GetSignData(), o.GetPaySig(), o.GetSignature(), emulator.Fate{}); err != nil {
			t.Fatal(err)
		}
		await(alice, func(r *msg.MidasBalance) bool { return r.GetBalance() == 60 })
		s.flush(0)
		var page *msg.MidasRecharges
		eventually(t, "it is known what was paid", func() bool {
			page = list(0, "")
			return len(page.GetRecharges()) == 2 && page.GetRecharges()[0].GetTransactionId() != ""
		})
		paid, closed := page.GetRecharges()[0], page.GetRecharges()[1]
		if paid.GetRequestId() != "paid" || paid.GetState() != msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED || paid.GetCoins() != 60 ||
			paid.GetFen() != 600 || paid.GetOutTradeNo() != o.GetOutTradeNo() || paid.GetMchOrderNo() == "" || paid.GetLate() || paid.GetCreatedUnix() == 0 {
			t.Errorf("told %v", paid)
		}
		if closed.GetRequestId() != "closed" || closed.GetState() != msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CANCELLED || closed.GetCoins() != 0 ||
			closed.GetBuyQuantity() != 300 || closed.GetFen() != 3000 {
			t.Errorf("told %v", closed)
		}
		if first := list(1, ""); !first.GetMore() || len(first.GetRecharges()) != 1 || first.GetRecharges()[0].GetRequestId() != "paid" {
			t.Errorf("the first page is %v", first)
		}
		if second := list(1, "paid"); second.GetMore() || len(second.GetRecharges()) != 1 || second.GetRecharges()[0].GetRequestId() != "closed" {
			t.Errorf("the second page is %v", second)
		}
	}
	stranger := s.dial(overWS)
	stranger.send(&msg.MidasListRecharges{RequestId: "list"})
	stranger.refused("list", msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_LOGGED_IN)
}

package internal

import (
	"context"

	"github.com/name5566/leaf/gate"
	"github.com/name5566/leaf/timer"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/example_server/pay"
	"github.com/leafmidas/leafmidas/plugin"
)

func init() {
	skeleton.RegisterChanRPC("NewAgent", rpcNewAgent)
	skeleton.RegisterChanRPC("CloseAgent", rpcCloseAgent)

	pay.Plugin.HandleDeliver(skeleton, deliver)
	pay.Plugin.OnRefund(skeleton, takeBack)
	pay.Plugin.OnRecharge(skeleton, thank)
	pay.Plugin.LimitPayments(limits)
}

// strangers are the connections that have not been asked yet whether somebody has logged in, at most as many as the
// gates take (MaxConnNum each).
var strangers = map[gate.Agent]*timer.Timer{}

// rpcNewAgent gives a connection conf.LoginTime to log in: one that says nothing would hold its place in the gate for
// ever.
func rpcNewAgent(args []any) {
	a := args[0].(gate.Agent)
	strangers[a] = skeleton.AfterFunc(conf.LoginTime, func() {
		delete(strangers, a)
		if _, known := pay.Plugin.Player(a); !known {
			a.Close()
		}
	})
}

func rpcCloseAgent(args []any) {
	a := args[0].(gate.Agent)
	if t := strangers[a]; t != nil {
		t.Stop()
		delete(strangers, a)
	}
	pay.Plugin.Logout(a)
}

// deliver puts what was bought into the player's bag. The bill number makes it happen once, however often it is called;
// a bag that is full gives the coins back.
func deliver(o plugin.Order) error {
	return bags.grant(o.BillNo, o.OpenID, o.ItemID, o.Quantity)
}

// takeBack takes out of the bag what the player got the money back for, as far as it is still there. A part of the
// money takes nothing: that is for people to decide.
func takeBack(r plugin.Refund) error {
	if !r.Granted || !r.Whole {
		return nil
	}
	return bags.takeBack(r.RefundID, r.OpenID, r.ItemID, r.Quantity)
}

// thank gives a player points for the coins that were bought.
func thank(c plugin.Credit) error {
	return bags.thank(c.BillNo, c.OpenID, int64(c.Coins), int64(c.Total))
}

// limits keeps minors to the law. A game would ask its register of real names; of whom that knows nothing may not pay
// there.
func limits(_ context.Context, p plugin.Player) (*plugin.Limits, error) {
	if age, known := conf.Server.Ages[p.OpenID]; known {
		return plugin.MinorLimits(age), nil
	}
	return nil, nil
}

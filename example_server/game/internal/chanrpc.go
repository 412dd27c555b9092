package internal

import (
	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/example_server/pay"
	"github.com/leafmidas/leafmidas/plugin"
)

func init() {
	skeleton.RegisterChanRPC("NewAgent", rpcNewAgent)
	skeleton.RegisterChanRPC("CloseAgent", rpcCloseAgent)

	pay.Plugin.HandleDeliver(skeleton, deliver)
	pay.Plugin.OnRefund(skeleton, takeBack)
}

func rpcNewAgent([]any) {}

func rpcCloseAgent(args []any) {
	pay.Plugin.Logout(args[0].(gate.Agent))
}

// deliver puts what was bought into the player's bag. The bill number makes it happen once, however often it is called;
// a bag that is full gives the coins back.
func deliver(o plugin.Order) error {
	return bags.grant(o.BillNo, o.OpenID, o.ItemID, o.Quantity)
}

// takeBack takes out of the bag what the player got the money back for, as far as it is still there. A part of the money
// takes nothing: that is for people to decide.
func takeBack(r plugin.Refund) error {
	if !r.Granted || !r.Whole {
		return nil
	}
	return bags.takeBack(r.RefundID, r.OpenID, r.ItemID, r.Quantity)
}

package internal

import (
	"reflect"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/example_server/msg"
	"github.com/leafmidas/leafmidas/example_server/pay"
)

func init() {
	handler(&msg.GetInventory{}, handleGetInventory)
}

func handler(m any, h func([]any)) {
	skeleton.RegisterChanRPC(reflect.TypeOf(m), h)
}

// handleGetInventory answers with the bag and the points of whoever is logged in on the connection, empty for nobody.
func handleGetInventory(args []any) {
	a := args[1].(gate.Agent)
	player, _ := pay.Plugin.Player(a)
	a.WriteMsg(&msg.Inventory{Items: bags.of(player.OpenID), Vip: bags.points(player.OpenID)})
}

package gate

import (
	"github.com/leafmidas/leafmidas/example_server/game"
	"github.com/leafmidas/leafmidas/example_server/msg"
	"github.com/leafmidas/leafmidas/example_server/pay"
)

func init() {
	msg.JSON.SetRouter(&msg.GetInventory{}, game.ChanRPC)
	msg.Protobuf.SetRouter(&msg.GetInventory{}, game.ChanRPC)

	pay.Plugin.Route(msg.JSON)
	pay.Plugin.Route(msg.Protobuf)
}

// Package msg holds this game's own messages and the processors for both of its gates: JSON over WebSocket and protobuf
// over TCP.
package msg

import (
	"github.com/name5566/leaf/network/json"
	"github.com/name5566/leaf/network/protobuf"

	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// The processors, one for each gate.
var (
	JSON     = json.NewProcessor()
	Protobuf = protobuf.NewProcessor()
)

func init() {
	JSON.Register(&GetInventory{})
	JSON.Register(&Inventory{})
	midasmsg.Register(JSON)

	Protobuf.Register(&GetInventory{})
	Protobuf.Register(&Inventory{})
	midasmsg.Register(Protobuf)
}

// Package gate takes the players' connections.
package gate

import "github.com/leafmidas/leafmidas/example_server/gate/internal"

// The modules: one gate for each way to connect.
var (
	WebSocket = new(internal.WebSocket)
	TCP       = new(internal.TCP)
)

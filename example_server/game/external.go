// Package game is the game itself: here no more than what its players own.
package game

import "github.com/leafmidas/leafmidas/example_server/game/internal"

// The module and the way into it.
var (
	Module  = new(internal.Module)
	ChanRPC = internal.ChanRPC
)

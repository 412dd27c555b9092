// Package internal is the inside of the game.
package internal

import (
	"github.com/name5566/leaf/log"
	"github.com/name5566/leaf/module"

	"github.com/leafmidas/leafmidas/example_server/base"
	"github.com/leafmidas/leafmidas/example_server/conf"
)

var (
	skeleton = base.NewSkeleton()
	// ChanRPC is the way into the game's goroutine.
	ChanRPC = skeleton.ChanRPCServer

	// bags is what every player owns. Only the game's goroutine uses it.
	bags *inventory
)

// Module is the game as Leaf runs it.
type Module struct{ *module.Skeleton }

// OnInit opens the save file.
func (m *Module) OnInit() {
	m.Skeleton = skeleton
	var err error
	if bags, err = openInventory(conf.SavePath(), conf.Server.Midas.Redis.Addr != ""); err != nil {
		log.Fatal("open the game's save file: %v", err)
	}
}

// OnDestroy closes the save file.
func (m *Module) OnDestroy() {
	if err := bags.close(); err != nil {
		log.Error("close the game's save file: %v", err)
	}
}

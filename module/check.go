package module

import (
	"errors"
	"strings"
	_ "unsafe" // for go:linkname

	leafmodule "github.com/name5566/leaf/module"
)

// Check names every step of the integration that is missing. Leaf itself would say nothing: a message without a route
// or a delivery nobody takes is lost without a trace. OnInit calls it, so that a server with a hole does not start.
func (m *Module) Check() error {
	var missing []string
	if m.till == nil {
		missing = append(missing, "not configured: call Plugin.Configure(conf.Server.Midas) before leaf.Run")
	}
	if len(m.routes) == 0 {
		missing = append(missing, "no route: call Plugin.Route(msg.Processor) in gate/router.go, after midasmsg.Register(Processor) in msg/msg.go")
	}
	for _, err := range m.routes {
		if err != nil {
			missing = append(missing, "bad route: "+err.Error())
		}
	}
	missing = append(missing, m.misuses...)
	if !m.delivers() {
		missing = append(missing, "no delivery: call Plugin.HandleDeliver(skeleton, deliver) in game/internal/chanrpc.go")
	}
	if !m.isLast() {
		missing = append(missing, "listed in the wrong place: Plugin.Module() must be the last argument of leaf.Run, so that it stops first, while gate and game still serve")
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New("leafmidas cannot start:\n  " + strings.Join(missing, "\n  "))
}

// leafMods is Leaf's own list of modules, in the order of leaf.Run's arguments. Leaf has no way to ask for it, and to
// be stopped before the game is done costs orders; Leaf has been frozen since 2018, so its list will not change shape.
//
//go:linkname leafMods github.com/name5566/leaf/module.mods
var leafMods []*leafMod

// leafMod mirrors the beginning of the struct of the same purpose in leaf/module. It is only ever seen through a
// pointer, so what follows in Leaf's need not be known.
type leafMod struct{ mi leafmodule.Module }

// isLast tells whether Leaf will stop this module first. Outside of leaf.Run, in a test, there is no order to keep.
func (m *Module) isLast() bool {
	for i, mod := range leafMods {
		if own, ok := mod.mi.(*Module); ok && own == m {
			return i == len(leafMods)-1
		}
	}
	return true
}

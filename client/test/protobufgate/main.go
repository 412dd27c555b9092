// Protobufgate is example_server with one difference: its WebSocket gate speaks protobuf. The client's tests need such
// a server.
//
//	protobufgate -conf FILE
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/name5566/leaf"
	lconf "github.com/name5566/leaf/conf"
	leafgate "github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/example_server/game"
	"github.com/leafmidas/leafmidas/example_server/gate"
	"github.com/leafmidas/leafmidas/example_server/msg"
	"github.com/leafmidas/leafmidas/example_server/pay"
	"github.com/leafmidas/leafmidas/plugin"
)

func main() {
	path := flag.String("conf", "", "config `FILE`")
	flag.Parse()
	if err := run(*path); err != nil {
		fmt.Fprintln(os.Stderr, "protobufgate:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	if err := conf.Load(path); err != nil {
		return err
	}
	if err := pay.Plugin.Configure(conf.Server.Midas); err != nil {
		return err
	}
	lconf.LogLevel = conf.Server.LogLevel
	undo := plugin.StopOnSIGTERM()
	defer undo()
	leaf.Run(game.Module, new(webSocket), gate.TCP, pay.Plugin.Module())
	return nil
}

// webSocket is example_server's gate with another processor.
type webSocket struct{ *leafgate.Gate }

func (m *webSocket) OnInit() {
	gate.WebSocket.OnInit()
	m.Gate = gate.WebSocket.Gate
	m.Processor = msg.Protobuf
}

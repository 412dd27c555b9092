// Package internal is the inside of the gates.
package internal

import (
	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/example_server/game"
	"github.com/leafmidas/leafmidas/example_server/msg"
)

// WebSocket is the gate that speaks JSON over WebSocket, as mini games do.
type WebSocket struct{ *gate.Gate }

// OnInit sets the gate up from the config.
func (m *WebSocket) OnInit() {
	m.Gate = newGate()
	m.WSAddr, m.HTTPTimeout, m.Processor = conf.Server.WSAddr, conf.HTTPTimeout, msg.JSON
}

// TCP is the gate that speaks protobuf over TCP, as native clients do.
type TCP struct{ *gate.Gate }

// OnInit sets the gate up from the config.
func (m *TCP) OnInit() {
	m.Gate = newGate()
	m.TCPAddr, m.LenMsgLen, m.Processor = conf.Server.TCPAddr, conf.LenMsgLen, msg.Protobuf
}

func newGate() *gate.Gate {
	return &gate.Gate{
		MaxConnNum:      conf.Server.MaxConnNum,
		PendingWriteNum: conf.PendingWriteNum,
		MaxMsgLen:       conf.MaxMsgLen,
		AgentChanRPC:    game.ChanRPC,
	}
}

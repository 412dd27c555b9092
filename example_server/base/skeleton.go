// Package base makes the skeletons that this server's modules run on.
package base

import (
	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/module"

	"github.com/leafmidas/leafmidas/example_server/conf"
)

// NewSkeleton makes a skeleton with the queue lengths of package conf.
func NewSkeleton() *module.Skeleton {
	s := &module.Skeleton{
		GoLen:              conf.GoLen,
		TimerDispatcherLen: conf.TimerDispatcherLen,
		AsynCallLen:        conf.AsynCallLen,
		ChanRPCServer:      chanrpc.NewServer(conf.ChanRPCLen),
	}
	s.Init()
	return s
}

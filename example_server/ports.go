package main

import (
	"fmt"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/internal/freeport"
)

// The ports of one server, in the order in which -ports counts them.
const (
	wsPort = iota
	tcpPort
	httpPort
	pushPort
	portsOfServer
)

// asConfigured is -ports where it is not given: one server listens where the embedded config says, several where it is
// free.
const asConfigured = -1

// portsFrom lists addresses of this machine: n ports in a row from the first on, or any that are free where first is
// not positive.
func portsFrom(first, n int) ([]string, error) {
	addrs := make([]string, n)
	for i := range addrs {
		if first > 0 {
			addrs[i] = fmt.Sprintf("127.0.0.1:%d", first+i)
			continue
		}
		var err error
		if addrs[i], err = freeport.Addr(); err != nil {
			return nil, err
		}
	}
	return addrs, nil
}

// move has the server of the embedded config listen somewhere else.
func move(first int) error {
	if first == asConfigured {
		return nil
	}
	ports, err := portsFrom(first, portsOfServer)
	if err != nil {
		return err
	}
	s := &conf.Server
	s.WSAddr, s.TCPAddr, s.HTTPAddr = ports[wsPort], ports[tcpPort], ports[httpPort]
	if s.Midas.Push.Addr != "" {
		s.Midas.Push.Addr = ports[pushPort]
	}
	return nil
}

// Package freeport finds ports for servers that are told where to listen before they do. A port that the system gives
// (":0") is soon given to somebody else, as a listener's or as the near end of a connection; these lie where it gives
// none.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// The range lies below the ephemeral ports of Linux (32768), macOS, BSD and Windows (49152), and beside what usual
// services have.
const (
	lowest = 20_000
	beyond = 32_000
	tries  = 1_000
)

// given are the ports that this process has been told: none of them comes twice.
var given sync.Map

// Addr is an address of this machine, 127.0.0.1 and a port, that nobody uses.
func Addr() (string, error) {
	var last error
	for range tries {
		port := lowest + rand.IntN(beyond-lowest)
		if _, known := given.LoadOrStore(port, true); known {
			continue
		}
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", addr)
		if err != nil {
			last = err
			continue
		}
		return addr, l.Close()
	}
	return "", errors.Join(fmt.Errorf("no free port between %d and %d", lowest, beyond), last)
}

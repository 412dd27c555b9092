// Package conf holds what this server is built with (this file) and what it is told by its config file (json.go).
package conf

import "time"

// What a game team tunes in code.
var (
	// gate
	PendingWriteNum = 200
	MaxMsgLen       = uint32(4096)
	HTTPTimeout     = 10 * time.Second
	LenMsgLen       = 2
	LoginTime       = 30 * time.Second // a connection on which nobody has logged in by then is closed: Leaf itself would keep it for ever

	// skeleton
	GoLen              = 10000
	TimerDispatcherLen = 10000
	AsynCallLen        = 10000
	ChanRPCLen         = 10000
)

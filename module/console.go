package module

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/name5566/leaf/chanrpc"
	lconf "github.com/name5566/leaf/conf"
	leafconsole "github.com/name5566/leaf/console"
)

// commandName is what the command is called on Leaf's console.
const commandName = "midas"

// commandTime bounds a command: it may have to read the ledger.
const commandTime = 5 * time.Second

// consoleTaken: Leaf has one console per process, and ends the process when a name is registered twice.
var consoleTaken atomic.Bool

// desk runs console commands. Leaf would run them on a module's goroutine, where nothing may wait for the ledger; so
// the desk has one of its own, and the console's session waits for that.
type desk struct {
	server *chanrpc.Server
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// openDesk puts the command on Leaf's console, if it has one. Leaf asks for that before it starts the console.
func openDesk(help string, run func(ctx context.Context, args []string) string) *desk {
	ctx, cancel := context.WithCancel(context.Background())
	d := &desk{server: chanrpc.NewServer(0), cancel: cancel}
	if lconf.ConsolePort == 0 || run == nil || !consoleTaken.CompareAndSwap(false, true) {
		return d
	}
	leafconsole.Register(commandName, help, func(words []any) any {
		args := make([]string, 0, len(words))
		for _, w := range words {
			if text, ok := w.(string); ok {
				args = append(args, text)
			}
		}
		ctx, cancel := context.WithTimeout(ctx, commandTime)
		defer cancel()
		return run(ctx, args)
	}, d.server)
	d.done.Go(func() {
		for c := range d.server.ChanCall {
			d.server.Exec(c)
		}
	})
	return d
}

// close ends it. A session that asks later is told that the server is closed.
func (d *desk) close() {
	d.cancel()
	d.server.Close()
	d.done.Wait()
}

package ledger

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

// linePause is how long a driver's lines are counted after one was told.
const linePause = 5 * time.Second

// driverLines tells what a driver says by itself. When a server restarts, every idle connection has something to say.
type driverLines struct {
	log *slog.Logger

	mu     sync.Mutex
	next   time.Time // when the next line may be told
	untold int
}

func (d *driverLines) print(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if now.Before(d.next) {
		d.untold++
		return
	}
	d.log.Info("leafmidas: the ledger's driver says", "line", told(errors.New(line)), "untold_before", d.untold)
	d.next, d.untold = now.Add(linePause), 0
}

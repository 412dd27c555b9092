package payment

import "time"

// DieAt lets a test hear of every point between two durable steps, on the goroutine that passes it. Call it before Start.
func (t *Till) DieAt(step func(point string)) { t.step = step }

// SleepAtMost replaces how long the runner sleeps if nobody wakes it. Call it before Start.
func (t *Till) SleepAtMost(d time.Duration) { t.idle = d }

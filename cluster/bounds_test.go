package cluster

import (
	"testing"

	"github.com/leafmidas/leafmidas/module"
)

// Notes that nobody sends, because the line to Redis is slow, do not fill the memory, and whoever tells them does not
// wait.
func TestOnlySoManyNotesWaitToBeSent(t *testing.T) {
	c, err := Open(module.FleetConfig{Addr: "127.0.0.1:1", Name: "game", SealSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range maxQueue + 10 { // there is no sender before Listen
		c.Tell(module.Note{OpenID: "alice"})
	}
	if dropped := c.FleetStats().Dropped; dropped != 10 || len(c.queue) != maxQueue {
		t.Errorf("%d notes wait, %d were dropped", len(c.queue), dropped)
	}
}

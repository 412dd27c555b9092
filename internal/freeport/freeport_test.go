package freeport_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/leafmidas/leafmidas/internal/freeport"
)

func TestNoAddressComesTwiceNorIsOneThatTheSystemGivesAway(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		addr, err := freeport.Addr()
		if err != nil {
			t.Fatal(err)
		}
		if seen[addr] {
			t.Fatalf("%s twice", addr)
		}
		seen[addr] = true
		_, port, err := net.SplitHostPort(addr)
		if n, _ := strconv.Atoi(port); err != nil || n < 20_000 || n >= 32_000 {
			t.Fatalf("%s, %v", addr, err)
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}

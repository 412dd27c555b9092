package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/example_server/web"
)

// greeter prints what to open once it can be opened. It is a module of Leaf's, so that Leaf waits for it.
type greeter struct {
	page  string // its URL; empty: there is none
	greet func()
}

func newGreeter(page string, greet func()) *greeter { return &greeter{page, greet} }

func (g *greeter) OnInit()    {}
func (g *greeter) OnDestroy() {}

// Run is Leaf's.
func (g *greeter) Run(closeSig chan bool) {
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if reachable(ctx, g.page, conf.Server.WSAddr, conf.Server.TCPAddr) {
			g.greet()
		}
	})
	<-closeSig
	cancel()
	waiting.Wait()
}

// reachable waits until the page's server is ready, where there is a page, and something listens at the addresses. It
// is false if ctx ends first.
func reachable(ctx context.Context, page string, addrs ...string) bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !listens(ctx, addrs) || page != "" && !ready(ctx, client, page) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func listens(ctx context.Context, addrs []string) bool {
	for _, addr := range addrs {
		if addr == "" {
			continue
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return false
		}
		_ = conn.Close()
	}
	return true
}

func ready(ctx context.Context, client *http.Client, page string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page+web.ReadyPath[1:], nil)
	if err != nil {
		return false
	}
	answer, err := client.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

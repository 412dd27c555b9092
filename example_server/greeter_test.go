package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/internal/freeport"
)

func TestWhatToOpenIsToldOnceEverythingListensAndIsReady(t *testing.T) {
	ws, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	before := conf.Server
	defer func() { conf.Server = before }()
	conf.Server.WSAddr, conf.Server.TCPAddr = ws, ""
	var asked, listening atomic.Int64
	var gate net.Listener
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		if listening.Load() == 0 {
			t.Error("asked before the gate listens: what is ready is asked last")
		}
		if asked.Add(1) < 3 {
			http.Error(w, "starting", http.StatusServiceUnavailable)
		}
	}))
	defer page.Close()
	greeted := make(chan int64, 1)
	g := newGreeter(page.URL+"/", func() { greeted <- asked.Load() })
	stop, ran := make(chan bool, 1), make(chan struct{})
	go func() { defer close(ran); g.Run(stop) }()
	listening.Store(1)
	if gate, err = net.Listen("tcp", ws); err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	select {
	case after := <-greeted:
		if after != 3 {
			t.Errorf("told after the page was asked %d times", after)
		}
	case <-time.After(20 * time.Second):
		t.Error("it never told")
	}
	stop <- true
	<-ran
}

func TestAStopEndsTheWaitForWhatToOpen(t *testing.T) {
	ws, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	before := conf.Server
	defer func() { conf.Server = before }()
	conf.Server.WSAddr, conf.Server.TCPAddr = ws, ""
	g := newGreeter("", func() { t.Error("told of what does not listen") })
	stop, ran := make(chan bool, 1), make(chan struct{})
	go func() { defer close(ran); g.Run(stop) }()
	stop <- true
	<-ran
}

package internal

import (
	"net"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/example_server/conf"
)

// silent is a connection that says nothing.
type silent struct{ closed chan struct{} }

func (silent) WriteMsg(any)         {}
func (silent) LocalAddr() net.Addr  { return nil }
func (silent) RemoteAddr() net.Addr { return nil }
func (s silent) Close()             { close(s.closed) }
func (silent) Destroy()             {}
func (silent) UserData() any        { return nil }
func (silent) SetUserData(any)      {}

func TestWhoDoesNotLogInIsLetGo(t *testing.T) {
	if conf.LoginTime != 30*time.Second { // as the docs say
		t.Errorf("whoever says nothing is let go after %s", conf.LoginTime)
	}
	defer func(was time.Duration) { conf.LoginTime = was }(conf.LoginTime)
	conf.LoginTime = time.Millisecond
	stop, stopped := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(stopped)
		skeleton.Run(stop)
	}()
	a, gone := silent{make(chan struct{})}, silent{make(chan struct{})}
	skeleton.ChanRPCServer.Go("NewAgent", a)
	select {
	case <-a.closed:
	case <-time.After(20 * time.Second):
		t.Error("it keeps its place")
	}
	conf.LoginTime = time.Hour
	skeleton.ChanRPCServer.Go("NewAgent", gone)
	if err := skeleton.ChanRPCServer.Call0("CloseAgent", gone); err != nil { // a stop drops what is only queued
		t.Error(err)
	}
	stop <- true
	<-stopped
	if len(strangers) != 0 {
		t.Errorf("%d connections that have gone are held", len(strangers))
	}
}

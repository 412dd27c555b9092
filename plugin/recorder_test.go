package plugin_test

import (
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/name5566/leaf/gate"
)

// recorder is a connection that keeps what is written to it.
type recorder struct {
	gate.Agent // what nobody may call

	mu  sync.Mutex
	got []any
}

func newRecorder() *recorder { return &recorder{} }

func (r *recorder) WriteMsg(m any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, m)
}

func (r *recorder) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 1} }

func (r *recorder) messages() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *recorder) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = nil
}

func (r *recorder) await(t *testing.T, match func(any) bool) {
	t.Helper()
	eventually(t, "a message to the connection", func() bool { return slices.ContainsFunc(r.messages(), match) })
}

package midas_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// tunnel passes connections on. Those that are there when it is blocked stay open and carry nothing any more; later
// ones do.
type tunnel struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	deaf  []chan struct{} // one for each connection that still carries
	taken int
	all   sync.WaitGroup
	conns []net.Conn
}

func newTunnel(t *testing.T, to string) *tunnel {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &tunnel{listener: l, to: to}
	n.all.Go(n.accept)
	t.Cleanup(func() {
		_ = l.Close()
		n.mu.Lock()
		for _, c := range n.conns {
			_ = c.Close()
		}
		n.mu.Unlock()
		n.all.Wait()
	})
	return n
}

func (n *tunnel) accept() {
	for {
		in, err := n.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", n.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		deaf := make(chan struct{})
		n.mu.Lock()
		n.taken++
		n.deaf = append(n.deaf, deaf)
		n.conns = append(n.conns, in, out)
		n.mu.Unlock()
		n.all.Go(func() { pass(out, in, deaf) })
		n.all.Go(func() { pass(in, out, deaf) })
	}
}

// pass copies until deaf is closed; then it swallows what comes.
func pass(to, from net.Conn, deaf chan struct{}) {
	part := make([]byte, 32<<10)
	for {
		got, err := from.Read(part)
		if err != nil {
			_ = to.Close()
			return
		}
		select {
		case <-deaf:
		default:
			_, _ = to.Write(part[:got])
		}
	}
}

// block makes the connections that there are a black hole.
func (n *tunnel) block() (blocked int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.deaf {
		close(d)
	}
	blocked, n.deaf = len(n.deaf), nil
	return blocked
}

func (n *tunnel) connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.taken
}

// A connection that carries nothing any more costs the calls that are on it, and no call after.
func TestNoCallUsesAConnectionThatHasGoneSilent(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"errcode":0,"balance":7}`)
	})
	for proto, two := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewUnstartedServer(answer)
			s.EnableHTTP2 = two
			s.StartTLS()
			t.Cleanup(s.Close)
			transport := s.Client().Transport.(*http.Transport).Clone()
			transport.ForceAttemptHTTP2 = two
			n := newTunnel(t, s.Listener.Addr().String())
			c := against(t, "https://"+n.listener.Addr().String(), withToken, through(transport), quick(2*time.Second))
			for range 3 {
				if err := payOne(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			if n.block() != 1 {
				t.Fatalf("%d connections for calls one after another", n.connections())
			}
			// The second one is on its way when the first has none in time: it keeps HTTP/2's connection in use.
			var all sync.WaitGroup
			first := make(chan struct{})
			all.Go(func() {
				defer close(first)
				if err := payOne(t.Context(), c); !errors.Is(err, midas.ErrTimeout) {
					t.Errorf("over a connection that is silent: %v", err)
				}
			})
			time.Sleep(time.Second)
			all.Go(func() { _ = payOne(t.Context(), c) })
			<-first
			for range 3 {
				if err := payOne(t.Context(), c); err != nil {
					t.Errorf("after the time-out: %v", err)
				}
			}
			all.Wait()
			if got := n.connections(); got > 3 {
				t.Errorf("%d connections in all", got)
			}
		})
	}
}

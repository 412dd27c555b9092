package plugin_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/network"
	leafjson "github.com/name5566/leaf/network/json"
	leafprotobuf "github.com/name5566/leaf/network/protobuf"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// processor is one of Leaf's two, whose methods differ.
type processor interface {
	network() network.Processor
	route(p *plugin.Plugin)
	echoTo(*chanrpc.Server)
}

type jsonProcessor struct{ p *leafjson.Processor }

func (j jsonProcessor) network() network.Processor { return j.p }
func (j jsonProcessor) route(p *plugin.Plugin)     { p.Route(j.p) }
func (j jsonProcessor) echoTo(s *chanrpc.Server)   { j.p.SetRouter(&echo{}, s) }

type protobufProcessor struct{ p *leafprotobuf.Processor }

func (b protobufProcessor) network() network.Processor { return b.p }
func (b protobufProcessor) route(p *plugin.Plugin)     { p.Route(b.p) }
func (b protobufProcessor) echoTo(s *chanrpc.Server)   { b.p.SetRouter(&echo{}, s) }

// transport is one of the two ways to a server.
type transport string

const (
	overWS  transport = "WebSocket JSON"
	overTCP transport = "TCP protobuf"
)

// transports are both.
var transports = []transport{overWS, overTCP}

// client is a game client on a real connection.
type client struct {
	t     *testing.T
	name  string
	conn  wire
	codec network.Processor
	done  sync.WaitGroup
	once  sync.Once

	mu     sync.Mutex
	news   chan struct{} // closed and renewed when something has come
	unread []any
	ended  error // why no more will come
	count  int   // of all messages that ever came
}

// wire carries whole frames.
type wire interface {
	read() ([]byte, error)
	write(frame []byte) error
	close()
}

// dial connects to a server that may still be starting.
func (s *server) dial(way transport) *client {
	s.t.Helper()
	c := &client{t: s.t, name: "nobody", news: make(chan struct{})}
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		var err error
		if way == overWS {
			var conn *websocket.Conn
			conn, _, err = websocket.DefaultDialer.Dial("ws://"+s.ws, nil)
			c.conn, c.codec = wsWire{conn}, s.json.network()
		} else {
			var conn net.Conn
			conn, err = net.Dial("tcp", s.tcp)
			c.conn, c.codec = tcpWire{conn}, s.binary.network()
		}
		if err == nil {
			break
		}
		if time.Now().After(end) {
			s.t.Fatalf("dial: %v", err)
		}
	}
	s.clients = append(s.clients, c)
	c.done.Go(c.receive)
	return c
}

// join connects a player and logs in.
func (s *server) join(name string, way transport) *client {
	s.t.Helper()
	c := s.dial(way)
	c.login(name)
	return c
}

func (c *client) receive() {
	for {
		frame, err := c.conn.read()
		var m any
		if err == nil {
			m, err = c.codec.Unmarshal(frame)
		}
		c.mu.Lock()
		if err != nil {
			c.ended = err
		} else {
			c.unread = append(c.unread, m)
			c.count++
		}
		close(c.news)
		c.news = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *client) close() {
	c.once.Do(c.conn.close)
	c.done.Wait()
}

func (c *client) send(m any) {
	c.t.Helper()
	parts, err := c.codec.Marshal(m)
	if err != nil {
		c.t.Errorf("%s: %v", c.name, err)
		return
	}
	if err := c.conn.write(bytes.Join(parts, nil)); err != nil {
		c.t.Errorf("%s: %v", c.name, err)
	}
}

// take removes the first message of type M that match takes.
func take[M any](c *client, match func(M) bool) (m M, found bool, news chan struct{}, ended error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, one := range c.unread {
		if m, ok := one.(M); ok && match(m) {
			c.unread = append(c.unread[:i:i], c.unread[i+1:]...)
			return m, true, nil, nil
		}
	}
	return m, false, c.news, c.ended
}

// await waits for a message, also one that came earlier and was passed over.
func await[M any](c *client, match func(M) bool) M {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		m, found, news, ended := take(c, match)
		switch {
		case found:
			return m
		case ended != nil:
			c.t.Fatalf("%s waits for a %v; the connection has ended: %v; unread: %v", c.name, typeOf[M](), ended, c.pending())
		}
		select {
		case <-news:
		case <-deadline:
			c.t.Fatalf("%s waits for a %v; unread: %v", c.name, typeOf[M](), c.pending())
		}
	}
}

func any1[M any](M) bool { return true }

func (c *client) pending() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.unread)
}

// received tells how many messages have come, and hold back.
func (c *client) received() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// drop forgets what has come so far.
func (c *client) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unread = nil
}

// awaitEnd waits until the server has closed the connection.
func (c *client) awaitEnd() {
	c.t.Helper()
	eventually(c.t, c.name+"'s connection is closed", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.ended != nil
	})
}

// codes numbers the login codes: each works once.
var codes atomic.Int64

func (c *client) login(name string) {
	c.t.Helper()
	c.name = name
	c.send(&msg.MidasLogin{Code: fmt.Sprintf("auto-%s-%d", name, codes.Add(1)), ZoneId: "1", Platform: "android"})
	if r := await(c, any1[*msg.MidasLoginResult]); r.GetOpenid() != emulator.OpenIDOf(name) {
		c.t.Fatalf("%s was logged in as %q", name, r.GetOpenid())
	}
	await(c, func(b *msg.MidasBalance) bool { return b.GetReason() == msg.MidasReason_MIDAS_REASON_LOGIN })
}

// echo sends a message to the game and waits for it to come back.
func (c *client) echo(n int64) time.Duration {
	c.t.Helper()
	begin := time.Now()
	c.send(&echo{Value: n})
	await(c, func(e *echo) bool { return e.GetValue() == n })
	return time.Since(begin)
}

// refused waits for the MidasError that answers a request.
func (c *client) refused(requestID string, code msg.MidasErrorCode) *msg.MidasError {
	c.t.Helper()
	e := await(c, func(e *msg.MidasError) bool { return e.GetRequestId() == requestID })
	if e.GetCode() != code {
		c.t.Errorf("%s: %q was refused with %v (%s), not %v", c.name, requestID, e.GetCode(), e.GetMessage(), code)
	}
	return e
}

func (c *client) balance(requestID string) int64 {
	c.t.Helper()
	c.send(&msg.MidasGetBalance{RequestId: requestID})
	return await(c, func(b *msg.MidasBalance) bool { return b.GetRequestId() == requestID }).GetBalance()
}

func (c *client) ask(requestID, item string, quantity int64) {
	c.t.Helper()
	c.send(&msg.MidasPurchase{RequestId: requestID, ItemId: item, Quantity: quantity})
}

// result waits for the end of a purchase.
func (c *client) result(requestID string) *msg.MidasPurchaseResult {
	c.t.Helper()
	return await(c, func(r *msg.MidasPurchaseResult) bool {
		return r.GetRequestId() == requestID && r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING
	})
}

// buy insists on getting it.
func (c *client) buy(requestID, item string, quantity int64) *msg.MidasPurchaseResult {
	c.t.Helper()
	c.ask(requestID, item, quantity)
	return c.delivered(requestID)
}

func (c *client) delivered(requestID string) *msg.MidasPurchaseResult {
	c.t.Helper()
	r := c.result(requestID)
	if r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
		c.t.Errorf("%s: %s ended as %v (%v)", c.name, requestID, r.GetState(), r.GetError())
	}
	return r
}

// wsWire is a WebSocket: a frame is a message.
type wsWire struct{ conn *websocket.Conn }

func (w wsWire) read() ([]byte, error) {
	_, frame, err := w.conn.ReadMessage()
	return frame, err
}

func (w wsWire) write(frame []byte) error { return w.conn.WriteMessage(websocket.TextMessage, frame) }
func (w wsWire) close()                   { _ = w.conn.Close() }

// tcpWire is Leaf's TCP framing: two bytes of length, big endian, then the frame.
type tcpWire struct{ conn net.Conn }

func (w tcpWire) read() ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(w.conn, head[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint16(head[:]))
	_, err := io.ReadFull(w.conn, frame)
	return frame, err
}

func (w tcpWire) write(frame []byte) error {
	_, err := w.conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(frame))), frame...))
	return err
}

func (w tcpWire) close() { _ = w.conn.Close() }

func background(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

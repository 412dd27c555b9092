package demo

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"reflect"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/name5566/leaf/network"

	"github.com/leafmidas/leafmidas/example_server/msg"
)

// Client is a game client on a real connection: JSON over WebSocket or protobuf over TCP.
type Client struct {
	wire   wire
	codec  network.Processor
	inbox  chan any
	done   sync.WaitGroup
	closed chan struct{}
	once   sync.Once

	unread []any // messages that an Await passed over
}

// wire carries whole frames.
type wire interface {
	read() ([]byte, error)
	write(frame []byte) error
	close() error
}

// maxUnread bounds what a client keeps that nobody asked for.
const maxUnread = 1000

// DialWS connects by WebSocket and speaks JSON.
func DialWS(ctx context.Context, addr string) (*Client, error) {
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+addr, nil)
	if err != nil {
		return nil, err
	}
	return newClient(wsWire{conn}, msg.JSON), nil
}

// DialTCP connects by TCP and speaks protobuf.
func DialTCP(ctx context.Context, addr string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return newClient(tcpWire{conn}, msg.Protobuf), nil
}

func newClient(w wire, codec network.Processor) *Client {
	c := &Client{wire: w, codec: codec, inbox: make(chan any, maxUnread), closed: make(chan struct{})}
	c.done.Go(c.receive)
	return c
}

// Close ends the connection.
func (c *Client) Close() {
	c.once.Do(func() {
		close(c.closed)
		_ = c.wire.close()
	})
	c.done.Wait()
}

func (c *Client) receive() {
	defer close(c.inbox)
	for {
		frame, err := c.wire.read()
		if err != nil {
			return
		}
		m, err := c.codec.Unmarshal(frame)
		if err != nil {
			continue // not for this client
		}
		select {
		case c.inbox <- m:
		case <-c.closed:
			return
		}
	}
}

// Send writes one message.
func (c *Client) Send(m any) error {
	parts, err := c.codec.Marshal(m)
	if err != nil {
		return err
	}
	return c.wire.write(bytes.Join(parts, nil))
}

// SendRaw writes one frame as it is.
func (c *Client) SendRaw(frame []byte) error { return c.wire.write(frame) }

// Await returns the first message of type M that match takes, also one that came earlier and was passed over.
func Await[M any](ctx context.Context, c *Client, match func(M) bool) (M, error) {
	for i, m := range c.unread {
		if wanted, ok := m.(M); ok && match(wanted) {
			c.unread = append(c.unread[:i], c.unread[i+1:]...)
			return wanted, nil
		}
	}
	var none M
	for {
		select {
		case m, open := <-c.inbox:
			if !open {
				return none, fmt.Errorf("connection closed while waiting for %v", reflect.TypeFor[M]())
			}
			if wanted, ok := m.(M); ok && match(wanted) {
				return wanted, nil
			}
			if len(c.unread) == maxUnread {
				c.unread = c.unread[1:]
			}
			c.unread = append(c.unread, m)
		case <-ctx.Done():
			return none, fmt.Errorf("waiting for %v: %w; unread: %v", reflect.TypeFor[M](), ctx.Err(), c.unread)
		}
	}
}

// wsWire is a WebSocket: a frame is a message.
type wsWire struct{ conn *websocket.Conn }

func (w wsWire) read() ([]byte, error) {
	_, frame, err := w.conn.ReadMessage()
	return frame, err
}

func (w wsWire) write(frame []byte) error { return w.conn.WriteMessage(websocket.BinaryMessage, frame) }
func (w wsWire) close() error             { return w.conn.Close() }

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

func (w tcpWire) close() error { return w.conn.Close() }

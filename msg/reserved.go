package msg

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/log"
	"github.com/name5566/leaf/network"
	"github.com/name5566/leaf/network/protobuf"
	"google.golang.org/protobuf/proto"
)

// FirstReservedID is where our numbers begin in a [Reserved] processor. They end with 0xFFFF.
const FirstReservedID = 0xFF00

// Reserved is a protobuf processor in which our messages have numbers of their own, from [FirstReservedID] up in the
// order of [Messages]. All other numbers are the host's, as they stand in its own processor: neither side can shift the
// other's, whatever either adds later.
//
// It also keeps a panic inside a host's message handler from ending the process, which Leaf does not do for TCP
// connections: the panic is logged, and the connection that caused it is closed.
type Reserved struct {
	host   *protobuf.Processor
	order  binary.ByteOrder
	types  []reflect.Type
	ids    map[reflect.Type]uint16
	server *chanrpc.Server
}

var _ network.Processor = (*Reserved)(nil)

// Reserve puts our messages in front of a host's protobuf processor. Hand the result to the gate and to [Route] in
// place of host, do not call [Register], and go on registering and routing the host's own messages on host.
func Reserve(host *protobuf.Processor) *Reserved {
	if host == nil {
		panic("msg: Reserve: the host's processor is nil; create it first")
	}
	r := &Reserved{host: host, order: binary.BigEndian, ids: make(map[reflect.Type]uint16)}
	for i, m := range Messages() {
		t := reflect.TypeOf(m)
		r.types = append(r.types, t)
		r.ids[t] = FirstReservedID + uint16(i)
	}
	return r
}

// SetByteOrder sets the byte order of the number at the head of each frame, for the host's messages and for ours. It
// stands in for the method of the host's processor, which must not be called on its own.
func (r *Reserved) SetByteOrder(littleEndian bool) {
	r.host.SetByteOrder(littleEndian)
	r.order = binary.BigEndian
	if littleEndian {
		r.order = binary.LittleEndian
	}
}

// Entries returns the places of our messages, which are the same in every process.
func (r *Reserved) Entries() []Entry {
	entries := make([]Entry, 0, len(r.types))
	for _, t := range r.types {
		entries = append(entries, Entry{Name: t.Elem().Name(), ID: r.ids[t]})
	}
	return entries
}

// Unmarshal implements [network.Processor]. A number that nobody holds, a body that is not protobuf, and a panic are
// errors, upon which Leaf closes the connection.
func (r *Reserved) Unmarshal(data []byte) (m any, err error) {
	defer recovered("unmarshal", &err)
	if len(data) < 2 || r.order.Uint16(data) < FirstReservedID {
		return r.host.Unmarshal(data)
	}
	id := r.order.Uint16(data)
	i := int(id - FirstReservedID)
	if i >= len(r.types) {
		return nil, fmt.Errorf("msg: message id %#x not registered", id)
	}
	ours := reflect.New(r.types[i].Elem()).Interface().(Message)
	if err := proto.Unmarshal(data[2:], ours); err != nil {
		return nil, fmt.Errorf("msg: %s: %w", nameOf(ours), err)
	}
	return ours, nil
}

// Route implements [network.Processor]. Like Leaf's own it drops a message that has no router yet.
func (r *Reserved) Route(m, userData any) (err error) {
	defer recovered("route", &err)
	t := reflect.TypeOf(m)
	if _, ok := r.ids[t]; !ok {
		return r.host.Route(m, userData)
	}
	if r.server != nil {
		r.server.Go(t, m, userData)
	}
	return nil
}

// Marshal implements [network.Processor].
func (r *Reserved) Marshal(m any) ([][]byte, error) {
	id, ok := r.ids[reflect.TypeOf(m)]
	if !ok {
		return r.host.Marshal(m)
	}
	head := make([]byte, 2)
	r.order.PutUint16(head, id)
	body, err := proto.Marshal(m.(Message))
	if err != nil {
		return nil, fmt.Errorf("msg: %s: %w", nameOf(m.(Message)), err)
	}
	return [][]byte{head, body}, nil
}

// reservedRegistry finds every one of ours registered from the start, so nothing is ever added.
func reservedRegistry(r *Reserved) registry {
	return registry{
		holder: func(m Message) reflect.Type { return reflect.TypeOf(m) },
		route:  func(_ Message, server *chanrpc.Server) { r.server = server },
	}
}

// recovered turns a panic into an error. Leaf reports what its processors return at debug level only, so the panic is
// logged here.
func recovered(doing string, err *error) {
	if v := recover(); v != nil {
		log.Error("msg: panic in %s: %v\n%s", doing, v, debug.Stack())
		*err = fmt.Errorf("msg: panic in %s: %v", doing, v)
	}
}

// Package msg is what travels between a game client and the payment module: the messages of payment.proto, and their
// places in a host's Leaf processor.
//
// One set of types serves Leaf's JSON and protobuf processors. A host registers ours after its own:
//
//	var Processor = protobuf.NewProcessor()
//
//	func init() {
//		Processor.Register(&Hello{})
//		midasmsg.Register(Processor)
//	}
//
// In JSON the types write every field, zeros included, and never close a connection over a field of the wrong type:
// see [Fault]. Every message that keeps to [MaxIDLen] and [MaxTextLen] fits Leaf's default MaxMsgLen in both encodings.
package msg

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/network"
	"github.com/name5566/leaf/network/json"
	"github.com/name5566/leaf/network/protobuf"
	"google.golang.org/protobuf/proto"
)

// Message is one of ours. Both of Leaf's processors take it as it is.
type Message interface {
	proto.Message

	// These three are what the first Go API of protobuf asks for, which Leaf's protobuf processor is written against.
	Reset()
	String() string
	ProtoMessage()
}

// Entry is the place that a processor gave to one of our messages.
type Entry struct {
	// Name is what a JSON frame calls the message.
	Name string
	// ID is the number at the head of a protobuf frame. It is 0 for every message of a JSON processor, which has none.
	ID uint16
}

// Messages returns an empty message of each type that travels on its own, in the order in which [Register] adds them.
// The order is frozen for a major version, because a protobuf processor numbers messages by it.
func Messages() []Message {
	return []Message{
		&MidasLogin{},
		&MidasGetBalance{},
		&MidasPurchase{},
		&MidasRecharge{},
		&MidasRechargeDone{},
		&MidasListOrders{},

		&MidasLoginResult{},
		&MidasBalance{},
		&MidasPurchaseResult{},
		&MidasRechargeOptions{},
		&MidasRechargeResult{},
		&MidasOrders{},
		&MidasError{},
		&MidasServiceState{},

		&MidasBuyGoods{},
		&MidasGoodsOptions{},

		&MidasGetCatalogue{},
		&MidasCatalogue{},

		&MidasListRecharges{},
		&MidasRecharges{},
	}
}

// Register adds our messages to one of Leaf's processors, behind everything the host has registered, and returns their
// places. It belongs into the init function that registers the host's own messages, after the last of them: a host
// message that comes to stand before it shifts our numbers. A host's test may freeze what it returns, and [Reserve] is
// the way to numbers that never shift.
//
// It panics, with the reason, if p is neither a JSON nor a protobuf processor of Leaf, if ours are registered already,
// or if the host has a message of the same name in JSON. Leaf itself would end the process without a word about
// payments.
func Register(p network.Processor) []Entry {
	r, err := registryOf(p)
	if err != nil {
		panic("msg: Register: " + err.Error())
	}
	for _, m := range Messages() {
		switch held := r.holder(m); held {
		case nil:
		case reflect.TypeOf(m):
			panic(fmt.Sprintf("msg: Register: %s is registered already; register our messages once per processor", nameOf(m)))
		default:
			panic(fmt.Sprintf("msg: Register: the name %s is taken by %s; a JSON processor tells messages apart by name alone",
				nameOf(m), held))
		}
	}
	entries := make([]Entry, 0, len(Messages()))
	for _, m := range Messages() {
		entries = append(entries, Entry{Name: nameOf(m), ID: r.add(m)})
	}
	return entries
}

// Route sends every one of our messages to a module's server, those included that only a server sends: a client that
// sends one gets an answer instead of silence. The module must handle each type of [Messages].
//
// It fails, having changed nothing, if p is not a processor that Register knows or our messages are not registered
// there. Like Leaf's SetRouter it must not run once connections are served.
func Route(p network.Processor, server *chanrpc.Server) error {
	r, err := registryOf(p)
	if err != nil {
		return fmt.Errorf("msg: Route: %w", err)
	}
	if server == nil {
		return errors.New("msg: Route: no server to route to")
	}
	for _, m := range Messages() {
		if r.holder(m) != reflect.TypeOf(m) {
			return fmt.Errorf("msg: Route: %s is not registered on this processor; call msg.Register after the host's own messages", nameOf(m))
		}
	}
	for _, m := range Messages() {
		r.route(m, server)
	}
	return nil
}

// A registry is what we need of a processor, whose methods differ from one kind to the next.
type registry struct {
	// holder returns the type that stands where m does or would stand, and nil if the place is free.
	holder func(m Message) reflect.Type
	add    func(m Message) uint16
	route  func(m Message, server *chanrpc.Server)
}

// registryOf is the one place that tells processors apart.
func registryOf(p network.Processor) (registry, error) {
	switch p := p.(type) {
	case *json.Processor:
		if p != nil {
			return jsonRegistry(p), nil
		}
	case *protobuf.Processor:
		if p != nil {
			return protobufRegistry(p), nil
		}
	case *Reserved:
		if p != nil {
			return reservedRegistry(p), nil
		}
	}
	if v := reflect.ValueOf(p); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return registry{}, errors.New("the processor is nil; create it before its messages are registered")
	}
	return registry{}, fmt.Errorf("%T is neither Leaf's *json.Processor nor its *protobuf.Processor nor a *msg.Reserved", p)
}

func jsonRegistry(p *json.Processor) registry {
	return registry{
		holder: func(m Message) reflect.Type {
			// The processor does not list its messages, but it makes one of whatever type answers to the name.
			// A name nobody registered is the only case that yields nothing.
			held, _ := p.Unmarshal([]byte(`{"` + nameOf(m) + `":{}}`))
			return reflect.TypeOf(held)
		},
		add: func(m Message) uint16 {
			p.Register(m)
			return 0
		},
		route: func(m Message, server *chanrpc.Server) { p.SetRouter(m, server) },
	}
}

func protobufRegistry(p *protobuf.Processor) registry {
	return registry{
		holder: func(m Message) (held reflect.Type) {
			p.Range(func(_ uint16, t reflect.Type) {
				if t == reflect.TypeOf(m) {
					held = t
				}
			})
			return held
		},
		add:   func(m Message) uint16 { return p.Register(m) },
		route: func(m Message, server *chanrpc.Server) { p.SetRouter(m, server) },
	}
}

// nameOf returns the name of m's Go struct, which is the name of the protobuf message too.
func nameOf(m proto.Message) string {
	return string(m.ProtoReflect().Descriptor().Name())
}

package msg_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/network"
	"github.com/name5566/leaf/network/json"
	"github.com/name5566/leaf/network/protobuf"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/leafmidas/leafmidas/msg"
)

// The numbers that a host with two messages of its own sees. This table does not change within a major version.
func TestRegisterNumbersOursBehindTheHosts(t *testing.T) {
	p := protobuf.NewProcessor()
	p.Register(&emptypb.Empty{})
	p.Register(&durationpb.Duration{})
	got := msg.Register(p)
	want := []msg.Entry{
		{Name: "MidasLogin", ID: 2},
		{Name: "MidasGetBalance", ID: 3},
		{Name: "MidasPurchase", ID: 4},
		{Name: "MidasRecharge", ID: 5},
		{Name: "MidasRechargeDone", ID: 6},
		{Name: "MidasListOrders", ID: 7},
		{Name: "MidasLoginResult", ID: 8},
		{Name: "MidasBalance", ID: 9},
		{Name: "MidasPurchaseResult", ID: 10},
		{Name: "MidasRechargeOptions", ID: 11},
		{Name: "MidasRechargeResult", ID: 12},
		{Name: "MidasOrders", ID: 13},
		{Name: "MidasError", ID: 14},
		{Name: "MidasServiceState", ID: 15},
		{Name: "MidasBuyGoods", ID: 16},
		{Name: "MidasGoodsOptions", ID: 17},
		{Name: "MidasGetCatalogue", ID: 18},
		{Name: "MidasCatalogue", ID: 19},
		{Name: "MidasListRecharges", ID: 20},
		{Name: "MidasRecharges", ID: 21},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Register = %v, want %v", got, want)
	}
	if id := p.Register(&timestamppb.Timestamp{}); id != 22 {
		t.Errorf("the host's next message got number %d, want 22", id)
	}
	p.Range(func(id uint16, typ reflect.Type) {
		if id < 2 || id > 21 {
			return
		}
		if name := typ.Elem().Name(); name != want[id-2].Name {
			t.Errorf("Leaf holds %s under %d, Register said %s", name, id, want[id-2].Name)
		}
	})
}

func TestRegisterNamesOursInJSON(t *testing.T) {
	entries := msg.Register(json.NewProcessor())
	if len(entries) != len(msg.Messages()) {
		t.Fatalf("%d entries for %d messages", len(entries), len(msg.Messages()))
	}
	for i, m := range msg.Messages() {
		want := msg.Entry{Name: reflect.TypeOf(m).Elem().Name()}
		if entries[i] != want {
			t.Errorf("entry %d is %v, want %v", i, entries[i], want)
		}
	}
}

// MidasOrder of a host, which has the name of none that travels, and MidasError of a host, which has.
type (
	MidasOrder struct{ Sword string }
	MidasError struct{ Oops int }
)

func TestRegisterPanicsWithTheReason(t *testing.T) {
	twice := func(p network.Processor) network.Processor { msg.Register(p); return p }
	clash := json.NewProcessor()
	clash.Register(&MidasOrder{})
	clash.Register(&MidasError{})

	for name, tc := range map[string]struct {
		processor network.Processor
		want      string
	}{
		"protobuf twice": {twice(protobuf.NewProcessor()), "MidasLogin is registered already"},
		"JSON twice":     {twice(json.NewProcessor()), "MidasLogin is registered already"},
		"reserved range": {msg.Reserve(protobuf.NewProcessor()), "MidasLogin is registered already"},
		"name clash":     {clash, "the name MidasError is taken by *msg_test.MidasError"},
		"foreign kind":   {foreign{}, "msg_test.foreign is neither"},
		"nil":            {nil, "the processor is nil"},
		"typed nil":      {(*protobuf.Processor)(nil), "the processor is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, tc.want) {
					t.Errorf("panic %q, want %q in it", text, tc.want)
				}
			}()
			msg.Register(tc.processor)
		})
	}
	if _, err := clash.Marshal(&msg.MidasLogin{}); err == nil {
		t.Error("a refused Register left some of our messages behind")
	}
}

type foreign struct{ network.Processor }

func TestRouteReachesTheModuleWithEveryMessage(t *testing.T) {
	for name, p := range processors() {
		t.Run(name, func(t *testing.T) {
			server := chanrpc.NewServer(1)
			var got any
			for _, m := range msg.Messages() {
				server.Register(reflect.TypeOf(m), func(args []any) { got = args })
			}
			if err := msg.Route(p, server); err != nil {
				t.Fatal(err)
			}
			for _, m := range msg.Messages() {
				if err := p.Route(m, "agent"); err != nil {
					t.Fatal(err)
				}
				select {
				case call := <-server.ChanCall:
					server.Exec(call)
				default:
					t.Fatalf("%T was dropped", m)
				}
				if want := []any{m, "agent"}; !reflect.DeepEqual(got, want) {
					t.Errorf("handler got %v, want %v", got, want)
				}
			}
		})
	}
}

func TestRouteSaysWhatIsMissing(t *testing.T) {
	clash := json.NewProcessor()
	clash.Register(&MidasError{})
	registered := protobuf.NewProcessor()
	msg.Register(registered)
	server := chanrpc.NewServer(1)

	for name, tc := range map[string]struct {
		processor network.Processor
		server    *chanrpc.Server
		want      string
	}{
		"protobuf not registered": {protobuf.NewProcessor(), server, "MidasLogin is not registered"},
		"JSON not registered":     {json.NewProcessor(), server, "MidasLogin is not registered"},
		"only a host's namesake":  {clash, server, "MidasLogin is not registered"},
		"no server":               {registered, nil, "no server"},
		"foreign kind":            {foreign{}, server, "neither"},
		"nil":                     {nil, server, "nil"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := msg.Route(tc.processor, tc.server); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Route = %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestEveryMessageSurvivesBothProcessors(t *testing.T) {
	for name, p := range processors() {
		for _, zero := range msg.Messages() {
			full := proto.Clone(zero)
			fill(full.ProtoReflect(), func(fd protoreflect.FieldDescriptor) string { return "界<" + string(fd.Name()) }, -msg.MaxInt)
			for _, m := range []proto.Message{zero, full} {
				got, err := roundTrip(p, m)
				if err != nil {
					t.Errorf("%s: %T: %v", name, m, err)
				} else if !proto.Equal(got, m) {
					t.Errorf("%s: %T came back as %v, want %v", name, m, got, m)
				}
			}
		}
	}
}

func TestTextThatIsNotUTF8IsRepairedInJSONAndRefusedInProtobuf(t *testing.T) {
	all := processors()
	m := &msg.MidasError{RequestId: "a1", Message: "\xff!"}
	got, err := roundTrip(all["json"], m)
	if err != nil {
		t.Fatal(err)
	}
	if text := got.(*msg.MidasError).GetMessage(); text != "\uFFFD!" {
		t.Errorf("JSON made %q of it", text)
	}
	for _, name := range []string{"protobuf", "reserved"} {
		if _, err := all[name].Marshal(m); err == nil {
			t.Errorf("%s sent text that no protobuf reader takes", name)
		}
	}
}

// processors returns one of each kind, with our messages registered.
func processors() map[string]network.Processor {
	j, p := json.NewProcessor(), protobuf.NewProcessor()
	p.Register(&emptypb.Empty{})
	msg.Register(j)
	msg.Register(p)
	host := protobuf.NewProcessor()
	host.Register(&emptypb.Empty{})
	return map[string]network.Processor{"json": j, "protobuf": p, "reserved": msg.Reserve(host)}
}

func frame(p network.Processor, m any) ([]byte, error) {
	parts, err := p.Marshal(m)
	var b []byte
	for _, part := range parts {
		b = append(b, part...)
	}
	return b, err
}

func roundTrip(p network.Processor, m proto.Message) (proto.Message, error) {
	b, err := frame(p, m)
	if err != nil {
		return nil, err
	}
	got, err := p.Unmarshal(b)
	if err != nil {
		return nil, err
	}
	return got.(proto.Message), nil
}

// fill sets every field of m: strings to text, integers to number, lists to one element.
func fill(m protoreflect.Message, text func(protoreflect.FieldDescriptor) string, number int64) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case fd.IsList():
			fill(m.Mutable(fd).List().AppendMutable().Message(), text, number)
		case fd.Kind() == protoreflect.MessageKind:
			fill(m.Mutable(fd).Message(), text, number)
		case fd.Kind() == protoreflect.StringKind:
			m.Set(fd, protoreflect.ValueOfString(text(fd)))
		case fd.Kind() == protoreflect.BoolKind:
			m.Set(fd, protoreflect.ValueOfBool(true))
		case fd.Kind() == protoreflect.EnumKind:
			m.Set(fd, protoreflect.ValueOfEnum(fd.Enum().Values().Get(1).Number()))
		default:
			m.Set(fd, protoreflect.ValueOfInt64(number))
		}
	}
}

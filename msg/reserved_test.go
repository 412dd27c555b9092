package msg_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/network/protobuf"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/leafmidas/leafmidas/msg"
)

func TestReservedNumbersNeverShift(t *testing.T) {
	host := protobuf.NewProcessor()
	r := msg.Reserve(host)
	before := r.Entries()
	host.Register(&emptypb.Empty{})
	host.Register(&durationpb.Duration{})
	after := r.Entries()
	if !reflect.DeepEqual(before, after) {
		t.Errorf("entries went from %v to %v", before, after)
	}
	for i, m := range msg.Messages() {
		want := msg.Entry{Name: reflect.TypeOf(m).Elem().Name(), ID: 0xFF00 + uint16(i)}
		if after[i] != want {
			t.Errorf("entry %d is %v, want %v", i, after[i], want)
		}
	}
}

func TestReservedFramesOnTheWire(t *testing.T) {
	host := protobuf.NewProcessor()
	host.Register(&emptypb.Empty{})
	host.Register(&durationpb.Duration{})
	r := msg.Reserve(host)
	for _, tc := range []struct {
		name   string
		little bool
		m      proto.Message
		head   []byte
	}{
		{"host, big endian", false, &durationpb.Duration{Seconds: 5}, []byte{0x00, 0x01}},
		{"ours, big endian", false, &msg.MidasGetBalance{RequestId: "a1"}, []byte{0xff, 0x01}},
		{"host, little endian", true, &durationpb.Duration{Seconds: 5}, []byte{0x01, 0x00}},
		{"ours, little endian", true, &msg.MidasGetBalance{RequestId: "a1"}, []byte{0x01, 0xff}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r.SetByteOrder(tc.little)
			b, err := frame(r, tc.m)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(b, tc.head) {
				t.Errorf("frame % x, want it to begin with % x", b, tc.head)
			}
			if got, err := roundTrip(r, tc.m); err != nil || !proto.Equal(got, tc.m) {
				t.Errorf("came back as %v, %v", got, err)
			}
		})
	}
}

func TestReservedRefusesWhatNobodyHolds(t *testing.T) {
	r := msg.Reserve(protobuf.NewProcessor())
	for name, data := range map[string][]byte{
		"nothing":             nil,
		"half a number":       {0xff},
		"unknown host number": {0x00, 0x09},
		"unknown of ours":     {0xff, 0xfe},
		"broken body":         {0xff, 0x00, 0x0a, 0x7f},
		"text not UTF-8":      {0xff, 0x00, 0x0a, 0x01, 0xff},
	} {
		if m, err := r.Unmarshal(data); err == nil {
			t.Errorf("%s: got %v", name, m)
		}
	}
	if _, err := r.Marshal(&durationpb.Duration{}); err == nil {
		t.Error("marshalled a message that nobody registered")
	}
}

func TestReservedSurvivesAPanicOfTheHost(t *testing.T) {
	host := protobuf.NewProcessor()
	host.Register(&emptypb.Empty{})
	host.SetHandler(&emptypb.Empty{}, func([]any) { panic("sword of nil") })
	err := msg.Reserve(host).Route(&emptypb.Empty{}, nil)
	if err == nil || !strings.Contains(err.Error(), "sword of nil") {
		t.Errorf("Route = %v", err)
	}
}

func TestReservedLeavesTheHostsRoutesAlone(t *testing.T) {
	host := protobuf.NewProcessor()
	host.Register(&emptypb.Empty{})
	game, pay := chanrpc.NewServer(1), chanrpc.NewServer(1)
	for _, s := range []*chanrpc.Server{game, pay} {
		s.Register(reflect.TypeFor[*emptypb.Empty](), func([]any) {})
		s.Register(reflect.TypeFor[*msg.MidasLogin](), func([]any) {})
	}
	r := msg.Reserve(host)
	if err := msg.Route(r, pay); err != nil {
		t.Fatal(err)
	}
	host.SetRouter(&emptypb.Empty{}, game)

	for _, tc := range []struct {
		m          proto.Message
		game, pays int
	}{{&emptypb.Empty{}, 1, 0}, {&msg.MidasLogin{}, 1, 1}} {
		if err := r.Route(tc.m, nil); err != nil {
			t.Fatal(err)
		}
		if len(game.ChanCall) != tc.game || len(pay.ChanCall) != tc.pays {
			t.Errorf("after %T: game has %d calls and pay %d", tc.m, len(game.ChanCall), len(pay.ChanCall))
		}
	}
}

func FuzzReservedUnmarshal(f *testing.F) {
	r := processors()["reserved"]
	for _, m := range msg.Messages() {
		b, err := frame(r, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0x00, 0x00})
	f.Add([]byte{0xff, 0x00, 0xc0, 0x3e, 0x03})
	f.Add([]byte{0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := r.Unmarshal(data)
		if err != nil {
			if strings.Contains(err.Error(), "panic") {
				t.Fatal(err)
			}
			return
		}
		ours, ok := m.(msg.Message)
		if !ok {
			return
		}
		msg.Fault(ours)
		if got, err := roundTrip(r, ours); err != nil || !proto.Equal(got, ours) {
			t.Errorf("%v came back as %v, %v", ours, got, err)
		}
	})
}

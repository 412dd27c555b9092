package msg_test

import (
	"fmt"

	"github.com/name5566/leaf/network/json"
	"github.com/name5566/leaf/network/protobuf"
	"google.golang.org/protobuf/types/known/emptypb"

	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// A host's msg/msg.go: its own messages first, then ours. The returned table is worth a test of the host's own.
func ExampleRegister() {
	processor := protobuf.NewProcessor()
	processor.Register(&emptypb.Empty{}) // a message of the host

	for _, e := range midasmsg.Register(processor)[:3] {
		fmt.Println(e.ID, e.Name)
	}
	// Output:
	// 1 MidasLogin
	// 2 MidasGetBalance
	// 3 MidasPurchase
}

// A host that places our messages itself, between two of its own.
func ExampleMessages() {
	processor := protobuf.NewProcessor()
	for _, m := range midasmsg.Messages() {
		processor.Register(m)
	}
	fmt.Println("the host's next message is", processor.Register(&emptypb.Empty{}))
	// Output:
	// the host's next message is 20
}

// A host whose protobuf clients are released more often than its server keeps our numbers apart from its own. The
// result goes to the gate in place of the host's processor.
func ExampleReserve() {
	processor := protobuf.NewProcessor()
	processor.Register(&emptypb.Empty{}) // a message of the host

	wire := midasmsg.Reserve(processor)
	for _, m := range []any{&emptypb.Empty{}, &midasmsg.MidasGetBalance{RequestId: "a1"}} {
		frame, err := wire.Marshal(m)
		if err != nil {
			fmt.Println(err)
		}
		fmt.Printf("% x\n", frame)
	}
	// Output:
	// [00 00 ]
	// [ff 01 0a 02 61 31]
}

// A client sends text where a number belongs. The message arrives, and says what to answer.
func ExampleFault() {
	processor := json.NewProcessor()
	midasmsg.Register(processor)

	m, err := processor.Unmarshal([]byte(`{"MidasPurchase":{"request_id":"a1","item_id":"sword","quantity":"one"}}`))
	if err != nil {
		fmt.Println("the connection would close:", err)
		return
	}
	purchase := m.(*midasmsg.MidasPurchase)
	fmt.Println(purchase.RequestId, purchase.ItemId)
	fmt.Println(midasmsg.Fault(purchase))
	// Output:
	// a1 sword
	// quantity is not a whole number, written without fraction or exponent, of at most 2^53-1
}

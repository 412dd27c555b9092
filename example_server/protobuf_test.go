package main_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/example_server/msg"
	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// The ids of the messages: the game's own first, then those of leafmidas in the order of payment.proto.
const (
	idGetInventory, idInventory                                            = 0, 1
	idLogin, idGetBalance, idPurchase, idRecharge, idRechargeDone, idOrder = 2, 3, 4, 5, 6, 7
	idLoginResult, idBalance, idPurchaseResult, idRechargeOptions          = 8, 9, 10, 11
	idRechargeResult, idOrders, idError, idServiceState                    = 12, 13, 14, 15
)

// tcpClient is a native client: two bytes of length, two of id, a protobuf message.
type tcpClient struct {
	t    *testing.T
	conn net.Conn
}

func (w *world) dialTCP() *tcpClient {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.tcp)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	return &tcpClient{w.t, conn}
}

func (c *tcpClient) send(id uint16, m proto.Message) {
	c.t.Helper()
	body, err := proto.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	frame := binary.BigEndian.AppendUint16(nil, uint16(2+len(body)))
	frame = binary.BigEndian.AppendUint16(frame, id)
	if _, err := c.conn.Write(append(frame, body...)); err != nil {
		c.t.Fatal(err)
	}
}

// recv reads messages until one of that id comes for which match holds.
func recv[M proto.Message](c *tcpClient, id uint16, match func(M) bool) M {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
		c.t.Fatal(err)
	}
	for {
		var head [4]byte
		if _, err := io.ReadFull(c.conn, head[:]); err != nil {
			c.t.Fatalf("waiting for id %d: %v", id, err)
		}
		body := make([]byte, binary.BigEndian.Uint16(head[:2])-2)
		if _, err := io.ReadFull(c.conn, body); err != nil {
			c.t.Fatal(err)
		}
		if binary.BigEndian.Uint16(head[2:]) != id {
			continue
		}
		m := reflect.New(reflect.TypeFor[M]().Elem()).Interface().(M)
		if err := proto.Unmarshal(body, m); err != nil {
			c.t.Fatal(err)
		}
		if match(m) {
			return m
		}
	}
}

func TestAPlayerBuysASwordByTCPAndProtobuf(t *testing.T) {
	w := newWorld(t, nil)
	w.start()
	c := w.dialTCP()
	c.send(idLogin, &midasmsg.MidasLogin{Code: "auto-bob-1", ZoneId: "1", Platform: "android"})
	openid := recv(c, idLoginResult, func(*midasmsg.MidasLoginResult) bool { return true }).GetOpenid()
	if openid != emulator.OpenIDOf("bob") {
		t.Fatalf("logged in as %q", openid)
	}
	recv(c, idBalance, func(b *midasmsg.MidasBalance) bool { return b.GetReason() == midasmsg.MidasReason_MIDAS_REASON_LOGIN })

	c.send(idRecharge, &midasmsg.MidasRecharge{RequestId: "c1", BuyQuantity: 60})
	options := recv(c, idRechargeOptions, func(*midasmsg.MidasRechargeOptions) bool { return true })
	if options.GetEnv() != 1 || options.GetBuyQuantity() != 60 || options.GetOfferId() != "1450000001" {
		t.Errorf("options %v", options)
	}
	if err := w.emu.RechargeLater(emulator.Sandbox, openid, "1", 60, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	c.send(idRechargeDone, &midasmsg.MidasRechargeDone{RequestId: "c1"})
	recv(c, idRechargeResult, func(r *midasmsg.MidasRechargeResult) bool {
		return r.GetState() == midasmsg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED && r.GetCoins() == 60
	})

	buy := &midasmsg.MidasPurchase{RequestId: "a1", ItemId: "sword", Quantity: 1}
	c.send(idPurchase, buy)
	first := recv(c, idPurchaseResult, func(*midasmsg.MidasPurchaseResult) bool { return true })
	if first.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED || first.GetAmount() != 60 || first.GetError() != nil {
		t.Errorf("bought: %v", first)
	}
	c.send(idPurchase, buy)
	if again := recv(c, idPurchaseResult, func(*midasmsg.MidasPurchaseResult) bool { return true }); again.GetBillNo() != first.GetBillNo() {
		t.Errorf("asked again: %v", again)
	}
	c.send(idGetInventory, &msg.GetInventory{})
	if items := recv(c, idInventory, func(*msg.Inventory) bool { return true }).GetItems(); len(items) != 1 || items["sword"] != 1 {
		t.Errorf("the bag holds %v", items)
	}
	c.send(idOrder, &midasmsg.MidasListOrders{})
	orders := recv(c, idOrders, func(*midasmsg.MidasOrders) bool { return true })
	if len(orders.GetOrders()) != 1 || orders.GetOrders()[0].GetBillNo() != first.GetBillNo() || orders.GetMore() {
		t.Errorf("orders %v", orders)
	}
	c.send(idServiceState, &midasmsg.MidasServiceState{Available: true})
	e := recv(c, idError, func(*midasmsg.MidasError) bool { return true })
	if e.GetCode() != midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_INVALID_ARGUMENT {
		t.Errorf("a server's message from a client: %v", e)
	}
	c.send(idGetBalance, &midasmsg.MidasGetBalance{RequestId: "b1"})
	if b := recv(c, idBalance, func(b *midasmsg.MidasBalance) bool { return b.GetRequestId() == "b1" }); b.GetBalance() != 0 || b.GetCostSum() != 60 {
		t.Errorf("balance %v", b)
	}
}

func TestAMalformedFrameByTCPClosesThatConnectionOnly(t *testing.T) {
	w := newWorld(t, nil)
	w.start()
	bystander := w.dialTCP()
	bystander.send(idLogin, &midasmsg.MidasLogin{Code: "auto-bob-1", ZoneId: "1", Platform: "android"})
	recv(bystander, idBalance, func(*midasmsg.MidasBalance) bool { return true })
	before := w.emu.Calls("*")
	for name, frame := range map[string][]byte{
		"a length of nothing":              {0, 0},
		"no room for an id":                {0, 1, 0},
		"an id that nobody holds":          {0, 2, 0x10, 0},
		"the highest id there is":          {0, 2, 0xff, 0xff},
		"a body that is no protobuf":       {0, 4, 0, idPurchase, 0x0a, 0x7f},
		"text that is not UTF-8":           {0, 5, 0, idPurchase, 0x0a, 0x01, 0xff},
		"more than Leaf takes":             append([]byte{0x10, 0x01}, make([]byte, 4097)...),
		"a WebSocket handshake gone wrong": []byte("GET / HTTP/1.1\r\n\r\n"),
	} {
		victim := w.dialTCP()
		if _, err := victim.conn.Write(frame); err != nil {
			t.Fatal(err)
		}
		if err := victim.conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
			t.Fatal(err)
		}
		n, err := victim.conn.Read(make([]byte, 1))
		if timeout, ok := errors.AsType[net.Error](err); n > 0 || ok && timeout.Timeout() {
			t.Errorf("%s: the connection lives on: %d bytes, %v", name, n, err)
		}
	}
	// A frame whose end never comes is a client that is slow: it waits for itself alone.
	if _, err := w.dialTCP().conn.Write([]byte{0, 100, 0}); err != nil {
		t.Fatal(err)
	}
	bystander.send(idGetInventory, &msg.GetInventory{})
	recv(bystander, idInventory, func(*msg.Inventory) bool { return true })
	if n := w.emu.Calls("*"); n != before {
		t.Errorf("%d calls to Midas", n-before)
	}
}

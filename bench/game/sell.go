package game

import (
	"context"
	"log/slog"
	"path/filepath"
	"reflect"

	"github.com/name5566/leaf/gate"
	"github.com/oklog/ulid/v2"

	"github.com/leafmidas/leafmidas/bench/peers"
	"github.com/leafmidas/leafmidas/breaker"
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// seller sells as a game team does that has no ledger: deduct, answer. A server that dies in between has taken coins
// for nothing, and nobody knows. All of it is the game's goroutine's.
type seller struct {
	host    *host
	way     Way
	client  *midas.Client
	circuit *breaker.Breaker
	hand    peers.HandWritten
	table   *peers.File // nil: nothing is written down
	players map[gate.Agent]midas.Session
}

func newSeller(h *host, o Options) (*seller, error) {
	client, err := midas.New(midas.Config{
		BaseURL: o.MidasURL, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret, OfferID: emulator.DefaultOfferID,
		AppKey: emulator.DefaultSandboxAppKey, V2: true, Sandbox: true, Timeout: o.Timeout, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	s := &seller{
		host: h, way: o.Way, client: client, circuit: breaker.New(client, breaker.Config{}), players: map[gate.Agent]midas.Session{},
		hand: peers.HandWritten{BaseURL: o.MidasURL, Token: o.Token, OfferID: emulator.DefaultOfferID, AppKey: emulator.DefaultSandboxAppKey},
	}
	if o.Way == Table {
		if s.table, err = peers.NewFile(filepath.Join(o.Folder, "table.db")); err != nil {
			return nil, err
		}
	}
	if err := midasmsg.Route(h.processor, h.ChanRPCServer); err != nil {
		return nil, err
	}
	for _, m := range midasmsg.Messages() {
		switch m.(type) {
		case *midasmsg.MidasLogin:
			h.RegisterChanRPC(reflect.TypeOf(m), s.login)
		case *midasmsg.MidasPurchase:
			h.RegisterChanRPC(reflect.TypeOf(m), s.purchase)
		default: // nobody sends it
			h.RegisterChanRPC(reflect.TypeOf(m), func([]any) {})
		}
	}
	return s, nil
}

func (s *seller) close() {
	s.circuit.Close()
	s.client.Close()
	if s.table != nil {
		_ = s.table.Close() // the process ends
	}
}

// await does what takes time and then the rest: in a goroutine of Leaf's, or, as the naive do, at once.
func (s *seller) await(call, then func()) {
	if s.way == Naive {
		call()
		then()
		return
	}
	s.host.Go(call, then)
}

func (s *seller) login(args []any) {
	request, a := args[0].(*midasmsg.MidasLogin), args[1].(gate.Agent)
	var session midas.Session
	var err error
	s.await(func() { session, err = s.client.Code2Session(context.Background(), request.Code) }, func() {
		if err != nil {
			a.Close()
			return
		}
		s.players[a] = session
		a.WriteMsg(&midasmsg.MidasLoginResult{Openid: session.OpenID})
		a.WriteMsg(&midasmsg.MidasBalance{Reason: midasmsg.MidasReason_MIDAS_REASON_LOGIN})
	})
}

func (s *seller) purchase(args []any) {
	request, a := args[0].(*midasmsg.MidasPurchase), args[1].(gate.Agent)
	who, billNo := s.players[a], ulid.Make().String()
	var left int64
	var err error
	s.await(func() { left, err = s.pay(who, request, billNo) }, func() {
		result := &midasmsg.MidasPurchaseResult{
			RequestId: request.RequestId, BillNo: billNo, ItemId: request.ItemId, Quantity: request.Quantity, Amount: item.Price,
			State: midasmsg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED, Balance: left,
		}
		if err != nil {
			result.State = midasmsg.MidasOrderState_MIDAS_ORDER_STATE_FAILED
		} else {
			s.host.granted[billNo] = true
		}
		if s.table == nil || err != nil {
			a.WriteMsg(result)
			return
		}
		s.await(func() { err = s.table.Move(context.Background(), billNo, "paid", "delivered") }, func() { a.WriteMsg(result) })
	})
}

// pay deducts. With a table the order is on the disk before, and what came of it before anything follows.
func (s *seller) pay(who midas.Session, request *midasmsg.MidasPurchase, billNo string) (int64, error) {
	if s.table != nil {
		if err := s.table.Begin(context.Background(), billNo, who.OpenID, request.RequestId, request.ItemId, item.Price); err != nil {
			return 0, err
		}
	}
	left, err := s.deduct(who, billNo)
	if s.table != nil && err == nil {
		err = s.table.Move(context.Background(), billNo, "paying", "paid")
	}
	return left, err
}

func (s *seller) deduct(who midas.Session, billNo string) (int64, error) {
	if s.way == Naive {
		reply, err := s.hand.Call("pay", who.OpenID, who.SessionKey.Reveal(), map[string]any{"amount": item.Price, "bill_no": billNo})
		left, _ := reply["balance"].(float64)
		return int64(left), err
	}
	result, err := s.circuit.Pay(context.Background(), midas.PayRequest{
		Player: midas.Player{OpenID: who.OpenID, ZoneID: "1", SessionKey: who.SessionKey}, BillNo: billNo, Amount: midas.Coins(item.Price),
	})
	return int64(result.Balance), err
}

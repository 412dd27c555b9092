// Oldhost is a game server as one was written against leafmidas at b235be5, before the platform of 2026. It stays as it
// is.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"reflect"

	"github.com/name5566/leaf"
	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/gate"
	"github.com/name5566/leaf/log"
	"github.com/name5566/leaf/module"
	leafjson "github.com/name5566/leaf/network/json"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/ledger"
	midasmsg "github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// Hello is a message of the game's own. It is answered when the player's balance is known, or cannot be.
type Hello struct{ Value string }

var (
	conf struct {
		WSAddr string
		Midas  plugin.Config
	}
	processor = leafjson.NewProcessor()
	skeleton  = &module.Skeleton{GoLen: 100, TimerDispatcherLen: 100, AsynCallLen: 100, ChanRPCServer: chanrpc.NewServer(100)}
	pay       = plugin.New()
	bags      *sql.DB
)

type game struct{ *module.Skeleton }

func (game) OnInit() {}

func (game) OnDestroy() {
	if err := bags.Close(); err != nil {
		log.Error("%v", err)
	}
}

type door struct{ *gate.Gate }

func (d *door) OnInit() {
	d.Gate = &gate.Gate{WSAddr: conf.WSAddr, MaxConnNum: 100, PendingWriteNum: 100, MaxMsgLen: 4096, Processor: processor, AgentChanRPC: skeleton.ChanRPCServer}
}

func main() {
	text, err := os.ReadFile("server.json")
	if err == nil {
		err = json.Unmarshal(text, &conf)
	}
	if err == nil {
		bags, err = sql.Open("sqlite", "bags.db")
	}
	if err == nil {
		bags.SetMaxOpenConns(1)
		_, err = bags.Exec(`CREATE TABLE IF NOT EXISTS bags (bill_no TEXT PRIMARY KEY, openid TEXT, item TEXT, n INTEGER)`)
	}
	if err != nil {
		log.Fatal("%v", err)
	}
	skeleton.Init()
	skeleton.RegisterChanRPC("NewAgent", func([]any) {})
	skeleton.RegisterChanRPC("CloseAgent", func(args []any) { pay.Logout(args[0].(gate.Agent)) })
	skeleton.RegisterChanRPC(reflect.TypeOf(&Hello{}), greet)

	processor.Register(&Hello{})
	midasmsg.Register(processor)
	processor.SetRouter(&Hello{}, skeleton.ChanRPCServer)
	pay.Route(processor)
	pay.CallbacksOn(skeleton)
	pay.HandleDeliver(skeleton, deliver)
	pay.OnRefund(skeleton, takeBack)
	_ = pay.PushHandler(http.NotFoundHandler())

	undo := plugin.StopOnSIGTERM()
	defer undo()
	if err := pay.Configure(conf.Midas); err != nil {
		log.Fatal("%v", err)
	}
	leaf.Run(game{skeleton}, &door{}, pay.Module())
}

// deliver puts an item into the bag, once for each bill number.
func deliver(o plugin.Order) error {
	if o.Quantity > 99 {
		return plugin.ErrRefuse
	}
	_, err := bags.Exec(`INSERT INTO bags (bill_no, openid, item, n) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, o.BillNo, o.OpenID, o.ItemID, o.Quantity)
	return err
}

func takeBack(r plugin.Refund) error {
	if !r.Granted || !r.Whole {
		return nil
	}
	_, err := bags.Exec(`DELETE FROM bags WHERE bill_no = ?`, r.OutTradeNo)
	return err
}

func greet(args []any) {
	hello, a := args[0].(*Hello), args[1].(gate.Agent)
	player, known := pay.Player(a)
	if !known {
		a.WriteMsg(hello)
		return
	}
	err := pay.GoBalance(player, func(plugin.Account, error) { a.WriteMsg(hello) })
	if err != nil {
		a.WriteMsg(hello)
	}
}

// What the game's other parts called. None of it runs in the test; it has to compile.
var _ = func(ctx context.Context, a gate.Agent, p plugin.Player) error {
	pay.Login(a, plugin.Player{OpenID: "o", SessionKey: plugin.Secret("k"), ZoneID: "1", UserIP: "127.0.0.1"})
	account, err := pay.Balance(ctx, p)
	var bought, given, back plugin.Receipt
	if err == nil && account.Balance.Balance > 0 {
		bought, err = pay.Purchase(ctx, p, plugin.PurchaseRequest{RequestID: "r", ItemID: "sword", Quantity: 1})
	}
	if err == nil {
		given, err = pay.Present(ctx, p, plugin.PresentRequest{RequestID: "g", Amount: 1})
	}
	if err == nil && bought.Order.State == ledger.Delivered {
		back, err = pay.Cancel(ctx, p, bought.Order.BillNo, "a gift")
	}
	var books ledger.Books
	if err == nil {
		books, err = pay.Books(ctx)
	}
	_, _, _ = given, back, books
	orders, next, listed := pay.Orders(ctx, plugin.Filter{OpenID: "o", Limit: 10})
	_, _ = orders, next
	_, told := pay.History(ctx, "b")
	_, audited := pay.Audit(ctx, plugin.AuditRequest{})
	_, paused := pay.Pause(true)
	stats, _ := pay.Stats()
	_ = stats
	return errors.Join(err, listed, told, audited, paused, pay.Check())
}

package plugin_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/name5566/leaf"
	"github.com/name5566/leaf/chanrpc"
	"github.com/name5566/leaf/gate"
	leafmodule "github.com/name5566/leaf/module"
	leafjson "github.com/name5566/leaf/network/json"
	_ "modernc.org/sqlite" // the ledger's driver is the host's import

	midasmsg "github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// A host's whole integration. In a real server the parts stand in pay/external.go, msg/msg.go, gate/router.go,
// game/internal/chanrpc.go and main.go.
func Example() {
	// pay/external.go
	pay := plugin.New() // knows no config yet

	// msg/msg.go, after the host's own messages
	processor := leafjson.NewProcessor()
	midasmsg.Register(processor)

	// gate/router.go
	pay.Route(processor)

	// game/internal/chanrpc.go
	skeleton := &leafmodule.Skeleton{GoLen: 100, TimerDispatcherLen: 100, AsynCallLen: 100, ChanRPCServer: chanrpc.NewServer(100)}
	skeleton.Init()
	bags := map[string]int64{}
	granted := map[string]bool{}
	pay.HandleDeliver(skeleton, func(o plugin.Order) error { // on the game's own goroutine
		switch {
		case granted[o.BillNo]: // told again, after a crash
			return nil
		case bags[o.OpenID] >= 100:
			return plugin.ErrRefuse // the bag is full: the coins go back
		}
		granted[o.BillNo] = true
		bags[o.OpenID] += o.Quantity
		return nil
	})
	skeleton.RegisterChanRPC("NewAgent", func([]any) {})
	skeleton.RegisterChanRPC("CloseAgent", func(args []any) { pay.Logout(args[0].(gate.Agent)) })

	// main.go: the plugin last, so that it stops first
	serve := func(conf plugin.Config, game, gate leafmodule.Module) {
		if err := pay.Configure(conf); err != nil {
			log.Fatal(err)
		}
		defer plugin.StopOnSIGTERM()()
		leaf.Run(game, gate, pay.Module())
	}
	_ = serve

	fmt.Println(pay.Check())
	// Output:
	// leafmidas cannot start:
	//   not configured: call Plugin.Configure(conf.Server.Midas) before leaf.Run
}

// A game that keeps its bags in the ledger's own database grants in the transaction that marks the order delivered.
// Both are stored, or neither is, so no bill number has to be remembered.
func ExamplePlugin_HandleDeliverTx() {
	grant := func(ctx context.Context, tx *sql.Tx, o plugin.Order) error {
		var items int64
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(quantity), 0) FROM bags WHERE openid = ?`, o.OpenID).Scan(&items)
		switch {
		case err != nil:
			return err // tried again later; nothing of this try is stored
		case items+o.Quantity > 100:
			return plugin.Refuse("your bag is full") // the coins go back, and the player reads why
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO bags (openid, item_id, quantity) VALUES (?, ?, ?)
			ON CONFLICT (openid, item_id) DO UPDATE SET quantity = quantity + excluded.quantity`, o.OpenID, o.ItemID, o.Quantity)
		return err
	}

	pay := plugin.New()
	pay.HandleDeliverTx(grant) // in the game module's init; it runs on a goroutine of the plugin's

	// The same function on a database of its own, as the game's tests would call it.
	db, err := sql.Open("sqlite", "file:bags?mode=memory&cache=shared")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE bags (openid TEXT, item_id TEXT, quantity INTEGER, PRIMARY KEY (openid, item_id))`); err != nil {
		log.Fatal(err)
	}
	for _, quantity := range []int64{60, 30, 20} {
		tx, err := db.Begin()
		if err != nil {
			log.Fatal(err)
		}
		err = grant(context.Background(), tx, plugin.Order{OpenID: "alice", ItemID: "potion", Quantity: quantity})
		if err == nil {
			err = tx.Commit()
		} else {
			_ = tx.Rollback()
		}
		fmt.Println(quantity, errors.Is(err, plugin.ErrRefuse))
	}
	// Output:
	// 60 false
	// 30 false
	// 20 true
}

// Everything that is wrong with a config is told at once.
func ExamplePlugin_Configure() {
	var server struct{ Midas plugin.Config }
	err := json.Unmarshal([]byte(`{"Midas": {
		"Env": "sandbox", "AppID": "wx0123456789abcdef", "AppSecret": "env:NO_SUCH_VARIABLE", "OfferID": "1450000001",
		"SandboxAppKey": "…", "CoinsPerYuan": 10, "timeout": "3s", "Retry": {"First": 1},
		"Items": [{"ID": "sword", "Price": 60}, {"ID": "sword", "Price": 0}]
	}}`), &server)
	if err != nil {
		log.Fatal(err)
	}
	err = plugin.New().Configure(server.Midas)
	var faults *plugin.ConfigError
	fmt.Println(errors.As(err, &faults))
	fmt.Println(err)
	// Output:
	// true
	// leafmidas: 6 fault(s) in the config section Midas:
	//   Retry.First: wants a duration as text, such as "3s"
	//   timeout: is not a key; "Timeout" is
	//   AppSecret: the environment has no variable NO_SUCH_VARIABLE
	//   Items[1].ID: "sword" is the id of Items[0] already
	//   Items[1].Price: is 0; a price is 1 coin or more
	//   Ledger.DSN: is missing: the path of the file that keeps the orders
}

// A web back office buys for a player from a goroutine of its own. Asking again under the same RequestID never buys
// twice.
func ExamplePlugin_Purchase() {
	var pay *plugin.Plugin // the server's
	buy := func(player plugin.Player) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		receipt, err := pay.Purchase(ctx, player, plugin.PurchaseRequest{RequestID: "campaign-7", ItemID: "sword", Quantity: 1})
		switch {
		case errors.Is(err, plugin.ErrBusy), errors.Is(err, plugin.ErrUnavailable), errors.Is(err, plugin.ErrClosing):
			fmt.Println("later")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(receipt.Order.BillNo, receipt.Order.State)
		}
	}
	_ = buy
}

// A command of the game buys on the game's own goroutine, where nothing may block.
func ExamplePlugin_GoPurchase() {
	var pay *plugin.Plugin // the server's
	onCommand := func(player plugin.Player) error {
		r := plugin.PurchaseRequest{RequestID: "daily-2018-05-01", ItemID: "potion", Quantity: 3}
		return pay.GoPurchase(player, r, func(receipt plugin.Receipt, err error) {
			// On the game's goroutine again.
			fmt.Println(receipt.Order.State, err)
		})
	}
	_ = onCommand
}

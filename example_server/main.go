// Example_server is a small real game on Leaf that sells items for Midas coins through leafmidas.
//
//	go run ./example_server              with an emulator in place of Midas; needs nothing installed
//	go run ./example_server -demo        the same, with scripted players; exits 0 if the books agree
//	go run ./example_server -conf FILE   against the Midas that FILE names; with -emulator against one in this process
//	go run ./example_server -cluster 3 -ledger DSN -redis ADDRESS   three servers with one till
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for Ledger.Driver "postgres"
	"github.com/name5566/leaf"
	lconf "github.com/name5566/leaf/conf"
	leafmodule "github.com/name5566/leaf/module"

	_ "github.com/leafmidas/leafmidas/cluster" // for several servers, with Midas.Redis
	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/example_server/conf"
	"github.com/leafmidas/leafmidas/example_server/demo"
	"github.com/leafmidas/leafmidas/example_server/game"
	"github.com/leafmidas/leafmidas/example_server/gate"
	"github.com/leafmidas/leafmidas/example_server/pay"
	"github.com/leafmidas/leafmidas/example_server/web"
	_ "github.com/leafmidas/leafmidas/ledger/mysql" // and "mysql"
	"github.com/leafmidas/leafmidas/plugin"
)

func main() {
	path := flag.String("conf", "", "config `FILE`; without one an embedded config and an emulator in this process are used")
	play := flag.Bool("demo", false, "play scripted players, check the books, and exit")
	emulate := flag.Bool("emulator", false, "with -conf: use an emulator in this process in place of the Midas that FILE names, with a ledger of its own; not for production")
	emulated := flag.Bool("emulated", false, "with -conf: the Midas that FILE names is an emulator, as of midasctl emulator, and the shop page may operate it; not for production")
	protocol := flag.String("protocol", "", "speak `v1 or v2` with Midas, whatever the config says")
	var several fleet
	flag.IntVar(&several.servers, "cluster", 0, "start this `NUMBER` of servers that share a database and a Redis")
	flag.StringVar(&several.ledger, "ledger", os.Getenv("LEAFMIDAS_LEDGER"), "`DSN` of the database of -cluster (default: $LEAFMIDAS_LEDGER)")
	flag.StringVar(&several.redis, "redis", "127.0.0.1:6379", "`ADDRESS` of the Redis of -cluster")
	flag.IntVar(&several.ports, "ports", asConfigured,
		"without -conf: listen on the ports from this `NUMBER` on (WebSocket, TCP, page, pushes; four for each server of -cluster); 0: any that are free")
	flag.Parse()
	if err := run(*path, *play, *emulate, *emulated, *protocol, several); err != nil {
		fmt.Fprintln(os.Stderr, "example_server:", err)
		os.Exit(1)
	}
}

func run(path string, play, emulate, emulated bool, protocol string, several fleet) error {
	if several.servers != 0 && (play || path != "") {
		return errors.New("-cluster brings its own configs: leave -demo and -conf out")
	}
	if play && path != "" {
		return errors.New("-demo brings its own config: leave -conf out")
	}
	if emulate && path == "" {
		return errors.New("without -conf Midas is an emulator already: leave -emulator out")
	}
	if several.ports != asConfigured && path != "" {
		return errors.New("-conf says where to listen: leave -ports out")
	}
	if several.ports < asConfigured || several.ports > 65_535-20*portsOfServer {
		return fmt.Errorf("-ports %d: no such ports", several.ports)
	}
	if emulated && (path == "" || emulate) {
		return errors.New("-emulated is about the Midas that a config names: give -conf, and no -emulator")
	}
	if err := conf.Load(path); err != nil {
		return err
	}
	if emulated {
		if err := mayEmulate(path); err != nil {
			return err
		}
	}
	if emulate {
		if err := mayPlay("-emulator"); err != nil {
			return err
		}
	}
	if protocol != "" {
		conf.Server.Midas.Protocol = protocol
	}
	if path == "" && protocol == "v2" {
		sellForMoney(&conf.Server.Midas)
	}
	switch {
	case several.servers != 0:
		return runCluster(several)
	case play:
		return runDemo()
	case path == "":
		if err := move(several.ports); err != nil {
			return err
		}
		return runEmbedded()
	case emulate:
		return runEmulated()
	default:
		return serve(emulated, nil)
	}
}

var pass = plugin.Item{ID: "pass", Name: "Season Pass", Fen: 600}

// sellForMoney adds to the embedded config what only protocol V2 has: an item that is paid for with money, and a place
// where Midas's pushes come in. The emulator plays production, for Apple's payment has no sandbox. The token and the
// keys are as secret as the emulator that uses them.
func sellForMoney(m *plugin.Config) {
	m.Env, m.AppKey = "production", "emulated-app-key"
	m.Items = append(m.Items, pass)
	m.Push = plugin.PushConfig{Addr: "127.0.0.1:9400", Token: "emulated-push-token", EncodingAESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"}
}

// serve runs the modules until SIGINT or SIGTERM. An emulated Midas may be operated on the page. welcome is printed
// once everything that it names can be reached; nil: nothing is.
func serve(emulated bool, welcome func(page string)) error {
	if err := pay.Plugin.Configure(conf.Server.Midas); err != nil {
		return err
	}
	lconf.LogLevel = conf.Server.LogLevel
	lconf.LogPath = conf.Server.LogPath
	lconf.ConsolePort = conf.Server.ConsolePort

	undo := plugin.StopOnSIGTERM()
	defer undo()
	modules := []leafmodule.Module{game.Module, gate.WebSocket, gate.TCP}
	shop := ""
	if conf.Server.HTTPAddr != "" {
		page, err := web.Listen(web.Options{
			Addr: conf.Server.HTTPAddr, WSAddr: conf.Server.WSAddr, Midas: conf.Server.Midas, Emulated: emulated, Present: pay.Plugin.Present,
			Healthy: pay.Plugin.Healthy, Ready: pay.Plugin.Ready,
		})
		if err != nil {
			return err
		}
		defer page.Close()
		close, err := operate(page)
		if err != nil {
			return err
		}
		defer close()
		modules = append(modules, page)
		shop = page.URL()
	}
	if welcome != nil {
		modules = append(modules, newGreeter(shop, func() { welcome(shop) }))
	}
	leaf.Run(append(modules, pay.Plugin.Module())...) // pay last: it stops first
	return nil
}

// runEmbedded serves with an emulator in this process. What players own and owe lasts, in the folder data.
func runEmbedded() error {
	emu, url, err := startEmulator(filepath.Join("data", "emulator.json"))
	if err != nil {
		return err
	}
	defer emu.Close()
	operate := opsPath()
	return serve(true, func(page string) {
		fmt.Printf(`Open the shop:        %s
Operate it:           %s

This is a game server with a shop, and an emulator in place of Midas. The shop has a drawer "Midas" that makes Midas fail.

  WebSocket (JSON)    ws://%s
  TCP (protobuf)      %s
  Midas emulator      %s/_emulator/
  Orders, bags, coins in ./data

Or try by hand, with any WebSocket client (one line is one message), in this order:

  {"MidasLogin":{"code":"auto-alice-1","zone_id":"1","platform":"android"}}     a code works once: count up
  {"MidasRecharge":{"request_id":"r1","buy_quantity":60}}

The money of a recharge comes from the emulator; in another shell:

  curl -d '{"env":"%s","openid":"%s","zone_id":"1","coins":60}' %s/_emulator/recharge

Then:

  {"MidasRechargeDone":{"request_id":"r1","err_code":0}}
  {"MidasPurchase":{"request_id":"p1","item_id":"sword","quantity":1}}
  {"GetInventory":{}}

Ctrl-C stops. `+"`go run ./example_server -demo`"+` shows all of it by itself.

`, page, page+operate, conf.Server.WSAddr, conf.Server.TCPAddr, url, conf.Server.Midas.Env, emulator.OpenIDOf("alice"), url)
	})
}

// runEmulated serves what a config file says, with an emulator in this process that forgets everything at the end.
func runEmulated() error {
	if err := playApart(&conf.Server.Midas); err != nil {
		return err
	}
	emu, url, err := startEmulator("")
	if err != nil {
		return err
	}
	defer emu.Close()
	operate := opsPath()
	return serve(true, func(page string) {
		if page != "" {
			fmt.Printf("Open the shop:   %s\nOperate it:      %s\n", page, page+operate)
		}
		fmt.Printf("Midas emulator:  %s/_emulator/\n", url)
	})
}

// runDemo serves in a folder of its own while scripted players play, and then tells whether the books agree.
func runDemo() error {
	folder, err := os.MkdirTemp("", "leafmidas-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	conf.Server.GamePath = filepath.Join(folder, "game.db")
	conf.Server.Midas.Ledger.DSN = plugin.Secret(filepath.Join(folder, "orders.db"))
	conf.Server.LogLevel = "error" // the demo tells its own story
	conf.Server.Ages = map[string]int{emulator.OpenIDOf(demo.Minor): 12}
	demo.Hurry(&conf.Server.Midas)
	if err := move(0); err != nil {
		return err
	}
	conf.Server.HTTPAddr = ""
	emu, url, err := startEmulator("")
	if err != nil {
		return err
	}
	defer emu.Close()
	first, err := demo.NewDomain(emu)
	if err != nil {
		return err
	}
	defer first.Close()
	conf.Server.Midas.BaseURL, conf.Server.Midas.BaseURLs = "", []string{first.URL, url}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	told := make(chan error, 1)
	go func() {
		told <- demo.Play(ctx, demo.World{
			Domain: first, Items: conf.Server.Midas.Items, SetItems: pay.Plugin.SetItems,
			WSAddr: conf.Server.WSAddr, TCPAddr: conf.Server.TCPAddr, Emulator: emu, Env: emulator.Env(conf.Server.Midas.Env), Money: conf.Server.Midas.Protocol == "v2",
			Books: pay.Plugin.Books, Out: os.Stdout,
		})
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			_ = self.Signal(os.Interrupt) // the server stops as it would for an operator
		}
	}()
	if err := serve(true, nil); err != nil {
		return err
	}
	cancel() // if it was an operator who stopped it, the players stop too
	return <-told
}

// startEmulator starts an emulator that knows the mini game of the config, and points the config at it.
func startEmulator(statePath string) (*emulator.Server, string, error) {
	m := &conf.Server.Midas
	if statePath != "" {
		if err := os.MkdirAll(filepath.Dir(statePath), 0o700); err != nil {
			return nil, "", err
		}
	}
	emu, err := emulator.New(emulator.Config{
		AppID: m.AppID, AppSecret: m.AppSecret.Reveal(), OfferID: m.OfferID, AppKey: m.AppKey.Reveal(), SandboxAppKey: m.SandboxAppKey.Reveal(),
		CoinsPerYuan: m.CoinsPerYuan,
		Goods:        goods(m.Items), AutoCodes: true, StatePath: statePath, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, "", err
	}
	url, err := emu.Start("")
	if err != nil {
		return nil, "", err
	}
	m.BaseURL = url
	if m.Push.Addr != "" {
		err = emu.PushTo(emulator.PushConfig{
			URL: "http://" + m.Push.Addr + cmp.Or(m.Push.Path, pushPath), Token: m.Push.Token.Reveal(), EncodingAESKey: m.Push.EncodingAESKey.Reveal(),
		})
	}
	if err != nil {
		return nil, "", errors.Join(err, emu.Close())
	}
	return emu, url, nil
}

// pushPath is the standard one of leafmidas.
const pushPath = "/midas/push"

// goods is the catalogue that Midas's back office would have.
func goods(items []plugin.Item) map[string]int64 {
	prices := map[string]int64{}
	for _, it := range items {
		if it.Fen > 0 {
			prices[it.ID] = it.Fen
		}
	}
	return prices
}

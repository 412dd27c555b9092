package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/example_server/conf"
)

// fleet is what several servers share.
type fleet struct {
	servers       int
	ledger, redis string
	ports         int // the first of them; 0: such as are free
}

// runCluster starts several servers in processes of their own, on one database, one Redis, and an emulator in this
// process. When one dies the others go on; when this process is told to stop, it stops them all.
func runCluster(f fleet) error {
	switch {
	case f.servers < 2 || f.servers > 20:
		return errors.New("-cluster takes 2 to 20 servers")
	case f.ledger == "":
		return errors.New(`several servers share a database: -ledger "postgres://user:password@host:5432/database" or "user:password@tcp(host:3306)/database" (or LEAFMIDAS_LEDGER in the environment)`)
	}
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	ports, err := portsFrom(f.ports, portsOfServer*f.servers)
	if err != nil {
		return err
	}
	if push := &conf.Server.Midas.Push; push.Addr != "" { // Midas's pushes come to one URL, which is the first server's
		push.Addr = ports[pushPort]
	}
	emu, url, err := startEmulator(filepath.Join("data", "emulator.json"))
	if err != nil {
		return err
	}
	defer emu.Close()

	fmt.Printf("%d game servers with one till, and an emulator in place of Midas.\n\n  Midas emulator   %s/_emulator/\n", f.servers, url)
	token := rand.Text()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var processes []*exec.Cmd
	var running sync.WaitGroup
	end := func() {
		for _, p := range processes {
			_ = p.Process.Signal(os.Interrupt)
		}
		running.Wait()
	}
	var welcomes []func()
	for n := range f.servers {
		at, err := f.write(n, ports[portsOfServer*n:], url, token)
		if err != nil {
			end()
			return err
		}
		p := exec.Command(os.Args[0], "-conf", at.conf, "-emulated")
		p.Stdout, p.Stderr = os.Stdout, os.Stderr
		p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this process, which passes it on once
		if err := p.Start(); err != nil {
			end()
			return err
		}
		processes = append(processes, p)
		alive, died := context.WithCancel(ctx)
		running.Go(func() {
			defer died()
			if err := p.Wait(); err != nil {
				fmt.Fprintf(os.Stderr, "server %d has ended: %v\n", n+1, err)
			}
		})
		welcomes = append(welcomes, func() {
			if page := "http://" + at.http + "/"; reachable(alive, page, at.ws, at.tcp) {
				fmt.Printf("  server %d         ws://%s   process %d, config %s\n                   shop %s   operate it %sops/#token=%s\n",
					n+1, at.ws, p.Process.Pid, at.conf, page, page, token)
			}
		})
	}
	over, ended := make(chan error, 1), make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	go func() {
		defer cancel()
		select {
		case <-stop:
			end()
			over <- nil
		case <-ended:
			over <- errors.New("every server has ended")
		}
	}()
	for _, welcome := range welcomes {
		welcome()
	}
	if ctx.Err() != nil {
		return <-over
	}
	fmt.Printf(`
Open two of the shops, enter as the same player, buy in one, and the other shows it. Or by hand, with any WebSocket client on two of
them:

  {"MidasLogin":{"code":"auto-alice-1","zone_id":"1","platform":"android"}}     a code works once: count up
  {"MidasPurchase":{"request_id":"p1","item_id":"sword","quantity":1}}

Coins for her, in another shell:

  curl -d '{"env":"sandbox","openid":"%s","zone_id":"1","coins":600}' %s/_emulator/recharge

kill -9 one of the processes: what it left open another finishes. Ctrl-C stops all.

`, emulator.OpenIDOf("alice"), url)
	return <-over
}

// place is where one server is.
type place struct{ conf, ws, tcp, http string }

// write makes the config of one server, which listens on the first of the addresses.
func (f fleet) write(n int, ports []string, midasURL, opsToken string) (place, error) {
	var text map[string]any
	if err := json.Unmarshal(conf.Embedded, &text); err != nil {
		return place{}, err
	}
	text["WSAddr"], text["TCPAddr"], text["HTTPAddr"] = ports[wsPort], ports[tcpPort], ports[httpPort]
	driver := "mysql"
	if strings.HasPrefix(f.ledger, "postgres") {
		driver = "postgres"
	}
	text["OpsToken"] = opsToken
	section := text["Midas"].(map[string]any)
	if conf.Server.Midas.Protocol == "v2" {
		section["Protocol"] = "v2"
		section["Items"] = append(section["Items"].([]any), map[string]any{"ID": pass.ID, "Name": pass.Name, "Fen": pass.Fen})
		if p := conf.Server.Midas.Push; n == 0 {
			section["Push"] = map[string]any{"Addr": p.Addr, "Token": p.Token.Reveal(), "EncodingAESKey": p.EncodingAESKey.Reveal()}
		}
	}
	section["BaseURL"] = midasURL
	section["Ledger"] = map[string]any{"Driver": driver, "DSN": f.ledger}
	section["Redis"] = map[string]any{"Addr": f.redis}
	out, err := json.MarshalIndent(text, "", "\t")
	if err != nil {
		return place{}, err
	}
	path := filepath.Join("data", fmt.Sprintf("server%d.json", n+1))
	return place{path, text["WSAddr"].(string), text["TCPAddr"].(string), text["HTTPAddr"].(string)}, os.WriteFile(path, out, 0o600)
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
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
}

// runCluster starts several servers in processes of their own, on one database, one Redis, and an emulator in this process.
// When one dies the others go on; when this process is told to stop, it stops them all.
func runCluster(f fleet) error {
	switch {
	case f.servers < 2 || f.servers > 20:
		return errors.New("-cluster takes 2 to 20 servers")
	case f.ledger == "":
		return errors.New(`several servers share a database: -ledger "postgres://user:password@host:5432/database" or "user:password@tcp(host:3306)/database" (or LEAFMIDAS_LEDGER in the environment)`)
	}
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	emu, url, err := startEmulator(filepath.Join("data", "emulator.json"))
	if err != nil {
		return err
	}
	defer emu.Close()

	fmt.Printf("%d game servers with one till, and an emulator in place of Midas.\n\n  Midas emulator   %s/_emulator/\n", f.servers, url)
	var processes []*exec.Cmd
	var running sync.WaitGroup
	end := func() {
		for _, p := range processes {
			_ = p.Process.Signal(os.Interrupt)
		}
		running.Wait()
	}
	for n := range f.servers {
		path, ws, err := f.write(n, url)
		if err != nil {
			end()
			return err
		}
		p := exec.Command(os.Args[0], "-conf", path)
		p.Stdout, p.Stderr = os.Stdout, os.Stderr
		p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this process, which passes it on once
		if err := p.Start(); err != nil {
			end()
			return err
		}
		fmt.Printf("  server %d         ws://%s   process %d, config %s\n", n+1, ws, p.Process.Pid, path)
		processes = append(processes, p)
		running.Go(func() {
			if err := p.Wait(); err != nil {
				fmt.Fprintf(os.Stderr, "server %d has ended: %v\n", n+1, err)
			}
		})
	}
	fmt.Printf(`
Log alice in on two of them, buy on one, and the other shows the balance:

  {"MidasLogin":{"code":"auto-alice-1","zone_id":"1","platform":"android"}}     a code works once: count up
  {"MidasPurchase":{"request_id":"p1","item_id":"sword","quantity":1}}

Coins for her, in another shell:

  curl -d '{"env":"sandbox","openid":"%s","zone_id":"1","coins":600}' %s/_emulator/recharge

kill -9 one of the processes: what it left open another finishes. Ctrl-C stops all.

`, emulator.OpenIDOf("alice"), url)
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	select {
	case <-stop:
		end()
		return nil
	case <-ended:
		return errors.New("every server has ended")
	}
}

// write makes the config of one server.
func (f fleet) write(n int, midasURL string) (path, ws string, err error) {
	var text map[string]any
	if err := json.Unmarshal(conf.Embedded, &text); err != nil {
		return "", "", err
	}
	addr := func(key string) (string, error) {
		host, port, err := net.SplitHostPort(text[key].(string))
		if err != nil {
			return "", err
		}
		p, err := net.LookupPort("tcp", port)
		return net.JoinHostPort(host, fmt.Sprint(p+1+n)), err
	}
	ws, err = addr("WSAddr")
	if err != nil {
		return "", "", err
	}
	tcp, err := addr("TCPAddr")
	if err != nil {
		return "", "", err
	}
	driver := "mysql"
	if strings.HasPrefix(f.ledger, "postgres") {
		driver = "postgres"
	}
	text["WSAddr"], text["TCPAddr"], text["HTTPAddr"] = ws, tcp, ""
	section := text["Midas"].(map[string]any)
	section["BaseURL"] = midasURL
	section["Ledger"] = map[string]any{"Driver": driver, "DSN": f.ledger}
	section["Redis"] = map[string]any{"Addr": f.redis}
	out, err := json.MarshalIndent(text, "", "\t")
	if err != nil {
		return "", "", err
	}
	path = filepath.Join("data", fmt.Sprintf("server%d.json", n+1))
	return path, ws, os.WriteFile(path, out, 0o600)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	_ "github.com/leafmidas/leafmidas/cluster"
	"github.com/leafmidas/leafmidas/internal/freeport"
)

// redisServer is where the servers meet. It is killed, and comes back empty.
type redisServer struct {
	addr, folder string
	cmd          *exec.Cmd
}

func newRedisServer(ctx context.Context, folder string) (*redisServer, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, fmt.Errorf("several servers meet in Redis: %w (Debian: apt-get install redis-server)", err)
	}
	addr, err := freeport.Addr()
	if err != nil {
		return nil, err
	}
	r := &redisServer{addr: addr, folder: folder}
	return r, r.start(ctx)
}

func (r *redisServer) start(ctx context.Context) error {
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		return err
	}
	r.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", r.folder,
		"--logfile", filepath.Join(r.folder, "redis.log"))
	if err := r.cmd.Start(); err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); ; {
		if conn, err := net.Dial("tcp", r.addr); err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-late:
			return errors.New("redis-server does not start")
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not start: %w", ctx.Err())
		}
	}
}

func (r *redisServer) stop() error {
	if r.cmd == nil {
		return nil
	}
	err := r.cmd.Process.Kill()
	_ = r.cmd.Wait() // killed
	r.cmd = nil
	return err
}

// A server's lines.
const (
	redisLine = iota
	databaseLine
)

// wire is what a server reaches something shared by, and what can be spoilt.
type wire struct{ proxy *toxiproxy.Proxy }

func newWire(name, to string) (*wire, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled)
	p := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), name, "127.0.0.1:0", to)
	return &wire{p}, p.Start()
}

// cut ends every connection, and takes none until the line is mended.
func (l *wire) cut() error {
	l.proxy.Stop()
	return nil
}

// hang lets nothing through, of what was sent nor of what will be. Nobody is told: connections are taken, and stay open
// until the line is mended.
func (l *wire) hang() error {
	return errors.Join(l.poison("timeout", "upstream", `{"timeout":0}`), l.poison("timeout", "downstream", `{"timeout":0}`))
}

// slow lets everything through, late. Redis is given up before, now and then (cluster), and the database is not.
func (l *wire) slow() error { return l.poison("latency", "downstream", `{"latency":160,"jitter":120}`) }

func (l *wire) poison(kind, stream, attributes string) error {
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"type":%q,"stream":%q,"toxicity":1,"attributes":%s}`, kind, stream, attributes)))
	return err
}

func (l *wire) mend(ctx context.Context) error {
	well := make(chan struct{})
	go func() {
		defer close(well)
		l.proxy.Toxics.ResetToxics(ctx)
	}()
	select {
	case <-well:
	case <-time.After(20 * time.Second): // it waits for a connection whose end has died at the wrong moment
		return errors.New("toxiproxy does not let go of a line")
	}
	if err := l.proxy.Start(); err != nil && !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		return err
	}
	return nil
}

// share puts lines of the server's own between it and what it shares with others.
func (s *server) share(section map[string]any) error {
	w := s.world
	redis, err := newWire("redis", w.redis.addr)
	if err != nil {
		return err
	}
	s.lines = append(s.lines, redis)
	section["Redis"] = map[string]any{"Addr": redis.proxy.Listen}
	dsn, to := w.database.config.DSN, ""
	through := func(addr string) string { return dsn }
	switch w.database.config.Driver {
	case "postgres":
		u, err := url.Parse(dsn)
		if err != nil {
			return err
		}
		to = u.Host
		through = func(addr string) string { u.Host = addr; return u.String() }
	case "mysql":
		before, rest, _ := strings.Cut(dsn, "@tcp(")
		addr, after, _ := strings.Cut(rest, ")")
		to = addr
		through = func(addr string) string { return before + "@tcp(" + addr + ")" + after }
	}
	database, err := newWire("database", to)
	if err != nil {
		return err
	}
	s.lines = append(s.lines, database)
	section["Ledger"] = map[string]any{"Driver": w.database.config.Driver, "DSN": through(database.proxy.Listen)}
	return nil
}

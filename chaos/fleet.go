package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
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
	restarts     int
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
	for {
		if conn, err := net.Dial("tcp", r.addr); err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
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

func (r *redisServer) restart(ctx context.Context) error {
	r.restarts++
	if err := r.stop(); err != nil {
		return err
	}
	return r.start(ctx)
}

// wire is what a server reaches something shared by, and what can be cut.
type wire struct{ proxy *toxiproxy.Proxy }

func newWire(name, to string) (*wire, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled)
	p := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), name, "127.0.0.1:0", to)
	return &wire{p}, p.Start()
}

// cut ends every connection, and takes none until it is mended.
func (l *wire) cut() { l.proxy.Stop() }

func (l *wire) mend() error { return l.proxy.Start() }

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

// disturb does something to what the servers share, and undoes it after a while; cuts counts the lines that were cut.
func (w *world) disturb(ctx context.Context, dice *rand.Rand, cuts *int) error {
	if w.redis == nil {
		return nil
	}
	switch dice.IntN(8) {
	case 0:
		return w.redis.restart(ctx)
	case 1, 2:
		s := w.servers[dice.IntN(len(w.servers))]
		l := s.lines[dice.IntN(len(s.lines))]
		*cuts++
		l.cut()
		select {
		case <-time.After(time.Duration(50+dice.IntN(500)) * time.Millisecond):
		case <-ctx.Done():
		}
		return l.mend()
	default:
		return nil
	}
}

// takenOver counts the orders on which more than one server worked.
func (w *world) takenOver() (n int, err error) {
	register := map[string]string{"postgres": "pgx", "mysql": "mysql", "sqlite": "sqlite"}[w.database.config.Driver]
	db, err := sql.Open(register, w.database.config.DSN)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRow(`SELECT COUNT(*) FROM (SELECT bill_no FROM midas_history GROUP BY bill_no HAVING COUNT(DISTINCT who) > 1) AS taken`).Scan(&n)
	return n, err
}

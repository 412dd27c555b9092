package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/bench/process"
)

// usage is processor time spent since the processes began, by part.
type usage struct{ servers, database, redis, load time.Duration }

func (u usage) since(before usage) usage {
	return usage{u.servers - before.servers, u.database - before.database, u.redis - before.redis, u.load - before.load}
}

// usage reads what every part has spent so far. A database within the server's process is in the server's.
func (w *world) usage(ctx context.Context) (u usage, err error) {
	for _, s := range w.servers {
		spent, err := process.Spent(s.cmd.Process.Pid)
		if err != nil {
			return u, err
		}
		u.servers += spent
	}
	if u.load, err = process.Spent(os.Getpid()); err != nil { // the emulator is in this process
		return u, err
	}
	for _, l := range w.loads {
		spent, err := process.Spent(l.Pid())
		if err != nil {
			return u, err
		}
		u.load += spent
	}
	if u.database, err = process.OfDatabase(ctx, w.ledger.Driver, w.ledger.DSN); err != nil {
		return u, fmt.Errorf("processor time of the database: %w", err)
	}
	if w.redis == "" {
		return u, nil
	}
	pid, err := redisProcess(ctx, w.redis)
	if err != nil {
		return u, fmt.Errorf("processor time of Redis: %w", err)
	}
	u.redis, err = process.Spent(pid)
	return u, err
}

func redisProcess(ctx context.Context, addr string) (int, error) {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	info, err := c.InfoMap(ctx, "server").Result()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(info["Server"]["process_id"])
}

// memory is the most a server has had in memory, in MiB.
func (s *server) memory() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM of process %d", s.cmd.Process.Pid)
}

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// usage is processor time spent since the processes began, by part.
type usage struct{ servers, database, redis, load time.Duration }

func (u usage) since(before usage) usage {
	return usage{u.servers - before.servers, u.database - before.database, u.redis - before.redis, u.load - before.load}
}

// usage reads what every part has spent so far. A database within the server's process is in the server's.
func (w *world) usage(ctx context.Context) (u usage, err error) {
	for _, s := range w.servers {
		spent, err := spent(s.cmd.Process.Pid)
		if err != nil {
			return u, err
		}
		u.servers += spent
	}
	if u.load, err = spent(os.Getpid()); err != nil { // the emulator is in this process
		return u, err
	}
	for _, l := range w.loads {
		spent, err := spent(l.Pid())
		if err != nil {
			return u, err
		}
		u.load += spent
	}
	if u.database, err = w.databaseUsage(ctx); err != nil {
		return u, fmt.Errorf("processor time of the database: %w", err)
	}
	if w.redis == "" {
		return u, nil
	}
	pid, err := redisProcess(ctx, w.redis)
	if err != nil {
		return u, fmt.Errorf("processor time of Redis: %w", err)
	}
	u.redis, err = spent(pid)
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

// databaseUsage needs the database server to run on this machine.
func (w *world) databaseUsage(ctx context.Context) (time.Duration, error) {
	switch w.ledger.Driver {
	case "postgres": // a process for each connection, children of one
		db, err := sql.Open("pgx", w.ledger.DSN)
		if err != nil {
			return 0, err
		}
		defer db.Close()
		var pid int
		if err := db.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			return 0, err
		}
		parent, err := parentOf(pid)
		if err != nil {
			return 0, err
		}
		return familySpent(parent)
	case "mysql":
		db, err := sql.Open("mysql", w.ledger.DSN)
		if err != nil {
			return 0, err
		}
		defer db.Close()
		var path string
		if err := db.QueryRowContext(ctx, "SELECT @@pid_file").Scan(&path); err != nil {
			return 0, err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return 0, err
		}
		return spent(pid)
	default:
		return 0, nil
	}
}

// The fields of /proc/PID/stat after the name in brackets, and the unit of its times.
const (
	fieldParent = 1
	fieldUser   = 11
	fieldSystem = 12
	fieldOfDead = 13 // and the next: of children that have ended
	tick        = 10 * time.Millisecond
)

func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.Fields(rest), nil
}

func ticks(fields []string, which ...int) (sum time.Duration) {
	for _, i := range which {
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		sum += time.Duration(n) * tick
	}
	return sum
}

func spent(pid int) (time.Duration, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return ticks(fields, fieldUser, fieldSystem), nil
}

func parentOf(pid int) (int, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(fields[fieldParent])
}

// familySpent is what a process and its children have spent, those that have ended included.
func familySpent(parent int) (time.Duration, error) {
	fields, err := stat(parent)
	if err != nil {
		return 0, err
	}
	sum := ticks(fields, fieldUser, fieldSystem, fieldOfDead, fieldOfDead+1)
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, path := range all {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		child, err := stat(pid) // it may have ended since
		if err == nil && child[fieldParent] == strconv.Itoa(parent) {
			sum += ticks(child, fieldUser, fieldSystem)
		}
	}
	return sum, nil
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

package process

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// OfDatabase tells what processor time the database server has used, which has to run on this machine. A database
// within the asking process has used none of its own.
func OfDatabase(ctx context.Context, driver, dsn string) (time.Duration, error) {
	switch driver {
	case "postgres": // a process for each connection, children of one
		db, err := sql.Open("pgx", dsn)
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
		db, err := sql.Open("mysql", dsn)
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
		return Spent(pid)
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

// Spent is the processor time of a process.
func Spent(pid int) (time.Duration, error) {
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

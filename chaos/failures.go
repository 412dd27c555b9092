package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// What befalls the database of all servers at once. Each begins a trouble and returns what ends it.

const (
	readOnly     = "times that the database failed over and was read-only meanwhile"
	restarted    = "times that the database's server died and came back"
	disconnected = "times that the database ended every connection"
	diskFull     = "times that the disk was full"
	lockedFile   = "times that somebody else held the file"
)

// databaseTroubles are those that this run's database can have.
func (w *world) databaseTroubles() (all []trouble) {
	switch w.options.driver {
	case "sqlite":
		all = append(all, trouble{what: lockedFile, befall: w.lockFile})
		if w.database.disk != "" {
			all = append(all, trouble{what: diskFull, befall: w.fillDisk})
		}
	default:
		all = append(all, trouble{what: readOnly, befall: w.failOver}, trouble{what: disconnected, befall: w.disconnect})
		if servicesFolder() != "" {
			all = append(all, trouble{what: restarted, befall: w.restart})
		}
	}
	return all
}

// servicesFolder is where tools/services.sh keeps the servers, if they are this run's own.
func servicesFolder() string {
	folder := os.Getenv("LEAFMIDAS_SERVICES")
	if _, err := os.Stat(filepath.Join(folder, "ports")); folder == "" || err != nil {
		return ""
	}
	return folder
}

// failOver has the database refuse writes, as the server does that takes another's place before it is promoted. Every
// connection ends, before and after.
func (w *world) failOver(ctx context.Context) (mend func(context.Context) error, err error) {
	set := func(ctx context.Context, on bool) error {
		statement := fmt.Sprintf("SET GLOBAL read_only = %t", on)
		if w.options.driver == "postgres" {
			statement = fmt.Sprintf("ALTER DATABASE %s SET default_transaction_read_only = %t", w.database.name, on)
		}
		return errors.Join(w.database.admin(ctx, statement), w.endConnections(ctx))
	}
	return func(ctx context.Context) error { return set(ctx, false) }, set(ctx, true)
}

// disconnect ends every connection, and that is all.
func (w *world) disconnect(ctx context.Context) (func(context.Context) error, error) {
	return func(context.Context) error { return nil }, w.endConnections(ctx)
}

func (w *world) endConnections(ctx context.Context) error {
	if w.options.driver == "postgres" {
		return w.database.admin(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+w.database.name+"'")
	}
	db, err := sql.Open("mysql", w.database.adminDSN)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT id FROM information_schema.processlist WHERE db = ?", w.database.name)
	if err != nil {
		return err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		_, _ = db.ExecContext(ctx, fmt.Sprintf("KILL %d", id)) // it may have ended by itself
	}
	return rows.Err()
}

// restart kills the database's server, and starts it again.
func (w *world) restart(ctx context.Context) (func(context.Context) error, error) {
	services := func(ctx context.Context, what string) error {
		out, err := exec.CommandContext(ctx, filepath.Join("..", "tools", "services.sh"), what, w.options.driver).CombinedOutput()
		if err != nil {
			return fmt.Errorf("tools/services.sh %s %s: %w\n%s", what, w.options.driver, err, out)
		}
		return nil
	}
	return func(ctx context.Context) error { return services(ctx, "revive") }, services(ctx, "kill")
}

// lockFile holds SQLite's lock, as a backup or a curious operator does.
func (w *world) lockFile(ctx context.Context) (func(context.Context) error, error) {
	db, err := w.openDatabase()
	if err != nil {
		return nil, err
	}
	// The first writer it meets may go on for a while.
	for late := time.Now().Add(20 * time.Second); ; {
		var conn *sql.Conn
		if conn, err = db.Conn(ctx); err == nil {
			if _, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err == nil {
				return func(ctx context.Context) error {
					_, err := conn.ExecContext(ctx, "ROLLBACK")
					return errors.Join(err, conn.Close(), db.Close())
				}, nil
			}
			_ = conn.Close()
		}
		if time.Now().After(late) || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("hold the ledger's file: %w", err), db.Close())
		}
	}
}

// diskSize is that of the disk of a ledger on SQLite.
const diskSize = 2 << 30

// mountDisk makes a disk in memory that can be full. Who may not mount one does without.
func mountDisk(folder string) (mounted bool, err error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return false, err
	}
	switch err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize)); {
	case errors.Is(err, syscall.EPERM):
		fmt.Println("the disk will not be full: only root may mount one")
		return false, nil
	case err != nil:
		return false, fmt.Errorf("mount a disk in memory: %w", err)
	}
	return true, nil
}

// fillDisk leaves no room, or hardly any, on the disk.
func (w *world) fillDisk(context.Context) (func(context.Context) error, error) {
	size := func(bytes uint64) error {
		err := syscall.Mount("tmpfs", w.database.disk, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", bytes))
		if err != nil {
			return fmt.Errorf("make the disk %d bytes large: %w", bytes, err)
		}
		return nil
	}
	var err error
	for range 20 { // what is written meanwhile may not fit
		var stat syscall.Statfs_t
		if err = syscall.Statfs(w.database.disk, &stat); err != nil {
			return nil, err
		}
		page := uint64(os.Getpagesize())
		used := (stat.Blocks - stat.Bfree) * uint64(stat.Bsize)
		if err = size((used/page + uint64(w.weather.dice.IntN(8))) * page); err == nil {
			return func(context.Context) error { return size(diskSize) }, nil
		}
	}
	return nil, err
}

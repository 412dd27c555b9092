package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/ledger"
)

// database is where the ledger of a run lies.
type database struct {
	config   ledger.Config
	name     string // on its server
	adminDSN string
	register string // the name of its driver
	disk     string // where the file lies that can be full; empty: nowhere
	drop     func() error
}

// newDatabase makes an empty one.
func newDatabase(ctx context.Context, o options, folder string) (*database, error) {
	name := fmt.Sprintf("leafmidas_chaos_%d_%d", os.Getpid(), time.Now().UnixNano())
	switch o.driver {
	case "sqlite":
		d := &database{config: ledger.Config{Driver: "sqlite", DSN: filepath.Join(folder, "orders.db")}, drop: func() error { return nil }}
		if o.without[faultDatabase] {
			return d, nil
		}
		disk := filepath.Join(folder, "disk")
		mounted, err := mountDisk(disk)
		if err != nil || !mounted {
			return d, err
		}
		d.disk, d.config.DSN = disk, filepath.Join(disk, "orders.db")
		d.drop = func() error { return syscall.Unmount(disk, 0) }
		return d, nil
	case "postgres":
		admin, err := adminDSN(o.dsn, "LEAFMIDAS_TEST_POSTGRES")
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(admin)
		if err != nil {
			return nil, errors.New("the DSN is no URL")
		}
		u.Path = "/" + name
		return onServer(ctx, "pgx", admin, name, "DROP DATABASE "+name+" WITH (FORCE)", ledger.Config{Driver: "postgres", DSN: u.String()})
	case "mysql":
		admin, err := adminDSN(o.dsn, "LEAFMIDAS_TEST_MYSQL")
		if err != nil {
			return nil, err
		}
		// The servers' user, unlike the administrator, may not write while the database is read-only.
		user := fmt.Sprintf("chaos%d", time.Now().UnixNano()%1_000_000_000)
		_, server, _ := strings.Cut(admin, "@")
		server, _, _ = strings.Cut(server, "/")
		d, err := onServer(ctx, "mysql", admin, name, "DROP DATABASE "+name, ledger.Config{Driver: "mysql", DSN: user + ":chaos@" + server + "/" + name})
		if err != nil {
			return nil, err
		}
		drop := d.drop
		d.drop = func() error { return errors.Join(drop(), d.admin(context.Background(), "DROP USER "+user)) }
		return d, errors.Join(d.admin(ctx, "CREATE USER "+user+" IDENTIFIED BY 'chaos'"), d.admin(ctx, "GRANT ALL ON "+name+".* TO "+user))
	default:
		return nil, fmt.Errorf("no such driver: %q", o.driver)
	}
}

func adminDSN(given, variable string) (string, error) {
	if given == "" {
		given = os.Getenv(variable)
	}
	if given == "" {
		return "", fmt.Errorf(`no server: give -dsn or set %s (eval "$(tools/services.sh start)")`, variable)
	}
	return given, nil
}

func onServer(ctx context.Context, register, admin, name, drop string, cfg ledger.Config) (*database, error) {
	d := &database{config: cfg, name: name, adminDSN: admin, register: register}
	d.drop = func() error { return d.admin(context.Background(), drop) }
	return d, d.admin(ctx, "CREATE DATABASE "+name)
}

// admin runs a statement on the database's server.
func (d *database) admin(ctx context.Context, statement string) error {
	db, err := sql.Open(d.register, d.adminDSN)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err = db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

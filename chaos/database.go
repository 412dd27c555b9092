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
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/ledger"
)

// database is where the ledger of a run lies.
type database struct {
	config ledger.Config
	drop   func() error
}

// newDatabase makes an empty one.
func newDatabase(ctx context.Context, o options, folder string) (*database, error) {
	name := fmt.Sprintf("leafmidas_chaos_%d_%d", os.Getpid(), time.Now().UnixNano())
	switch o.driver {
	case "sqlite":
		return &database{ledger.Config{Driver: "sqlite", DSN: filepath.Join(folder, "orders.db")}, func() error { return nil }}, nil
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
		server, _, _ := strings.Cut(admin, "/")
		return onServer(ctx, "mysql", admin, name, "DROP DATABASE "+name, ledger.Config{Driver: "mysql", DSN: server + "/" + name})
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
	run := func(ctx context.Context, statement string) error {
		db, err := sql.Open(register, admin)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, statement)
		return err
	}
	if err := run(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	return &database{cfg, func() error { return run(context.Background(), drop) }}, nil
}

package seed

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

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/leafmidas/leafmidas/ledger/mysql"
	_ "modernc.org/sqlite"

	"github.com/leafmidas/leafmidas/ledger"
)

// variables say where the database servers are.
var variables = map[string]string{"postgres": "LEAFMIDAS_TEST_POSTGRES", "mysql": "LEAFMIDAS_TEST_MYSQL"}

// Drivers are those of the databases that are there.
func Drivers() []string {
	drivers := []string{"sqlite"}
	for _, d := range []string{"postgres", "mysql"} {
		if os.Getenv(variables[d]) != "" {
			drivers = append(drivers, d)
		}
	}
	return drivers
}

// register is the name under which database/sql knows a driver.
func register(driver string) string {
	if driver == "postgres" {
		return "pgx"
	}
	return driver
}

// NewDatabase names a ledger that is not there yet: a file in folder, or an empty database, which drop removes.
func NewDatabase(ctx context.Context, driver, folder string) (cfg ledger.Config, drop func() error, err error) {
	name := fmt.Sprintf("leafmidas_bench_%d", time.Now().UnixNano())
	admin, remove := os.Getenv(variables[driver]), "DROP DATABASE "+name
	cfg.Driver, drop = driver, func() error { return nil }
	switch driver {
	case "sqlite":
		cfg.DSN = filepath.Join(folder, "orders.db")
		return cfg, drop, nil
	case "postgres":
		remove += " WITH (FORCE)"
		u, err := url.Parse(admin)
		if err != nil {
			return cfg, drop, fmt.Errorf("%s is no URL", variables[driver])
		}
		u.Path = "/" + name
		cfg.DSN = u.String()
	case "mysql":
		before, _, _ := strings.Cut(admin, "/")
		cfg.DSN = before + "/" + name
	default:
		return cfg, drop, fmt.Errorf("no such driver: %q", driver)
	}
	if admin == "" {
		return cfg, drop, errors.New(`no database server: eval "$(tools/services.sh start)" first`)
	}
	run := func(ctx context.Context, statement string) error {
		db, err := sql.Open(register(driver), admin)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, statement)
		return err
	}
	if err := run(ctx, "CREATE DATABASE "+name); err != nil {
		return cfg, drop, err
	}
	return cfg, func() error { return run(context.Background(), remove) }, nil
}

// Fill writes orders into a ledger that has its tables, and lets the database take stock of them, as it does by itself
// now and then.
func Fill(ctx context.Context, cfg ledger.Config, players int, parts ...Part) (err error) {
	dsn := cfg.DSN
	if cfg.Driver == "sqlite" {
		dsn = "file:" + dsn + "?_pragma=synchronous(OFF)&_pragma=cache_size(-200000)"
	}
	db, err := sql.Open(register(cfg.Driver), dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var statements []string
	if cfg.Driver == "mysql" {
		statements = append(statements, "SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')")
	}
	for _, p := range parts {
		if p.Count > 0 {
			statements = append(statements, p.Statements(cfg.Driver, players)...)
		}
	}
	statements = append(statements, map[string][]string{
		"sqlite":   {"ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"},
		"postgres": {"ANALYZE midas_orders", "ANALYZE midas_history"},
		"mysql":    {"ANALYZE TABLE midas_orders, midas_history"},
	}[cfg.Driver]...)
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("fill the ledger: %w", err)
		}
	}
	return nil
}

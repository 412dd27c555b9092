package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations
var migrations embed.FS

// dialect is where the databases differ. Statements are written with "?" and plain SQL; the rest is here.
type dialect struct {
	name  string // of the folder in migrations
	goose database.Dialect
	// drivers are names under which drivers register; link says how to get one.
	drivers []string
	link    string
	// numbered: placeholders are $1, $2, … instead of ?.
	numbered bool
	// lock ends a SELECT of what is to be changed, skip one that leaves out what others are changing.
	lock, skip string
	// duplicateKey: "on conflict" is said in the words of MySQL.
	duplicateKey bool
	// take and leave hold a lock while tables are made. It is the connection's, or the transaction's that begin begins: a pooler
	// such as PgBouncer gives each transaction another connection to the database, and the lock of a connection would stay behind.
	begin, take, leave string
	// made counts the table that goose makes first.
	made string
	// session makes a new connection's session what the statements count on, whatever the server's or the DSN's settings are.
	session []string
}

var (
	sqlite = dialect{
		name: "sqlite", goose: goose.DialectSQLite3, drivers: []string{"sqlite"}, link: "modernc.org/sqlite",
		made: "SELECT COUNT(*) FROM sqlite_master WHERE name = 'midas_migrations'",
	}
	postgres = dialect{
		name: "postgres", goose: goose.DialectPostgres, drivers: []string{"pgx", "postgres"}, link: "github.com/jackc/pgx/v5/stdlib",
		numbered: true, lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED",
		begin: "BEGIN", take: "SELECT pg_advisory_xact_lock(5550176112)::text", leave: "COMMIT",
		made: "SELECT COUNT(to_regclass('midas_migrations'))",
		// In one message. A commit that was reported is on the disk; where replicas have to have it as well, that stays so.
		session: []string{`SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET bytea_output = 'hex'; SET DateStyle = 'ISO';
			SET TimeZone = 'UTC'; SET default_transaction_deferrable = off;
			SET default_transaction_isolation = 'read committed';
			SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`},
	}
	mysql = dialect{
		name: "mysql", goose: goose.DialectMySQL, drivers: []string{"mysql"}, link: "github.com/go-sql-driver/mysql",
		lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED", duplicateKey: true,
		take: "SELECT GET_LOCK('leafmidas_migrations', 60)", leave: "DO RELEASE_LOCK('leafmidas_migrations')",
		made: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'midas_migrations'",
		// With autocommit off a read would begin a transaction that nobody ends, and see the same for ever.
		session: []string{
			`SET NAMES utf8mb4`,
			`SET SESSION autocommit = 1, sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', completion_type = 0,
				sql_select_limit = DEFAULT, sql_safe_updates = 0`,
			`SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`,
		},
	}
)

// open finds the driver that the host has linked.
func (d dialect) open(dsn string) (*sql.DB, error) {
	for _, name := range d.drivers {
		if slices.Contains(sql.Drivers(), name) {
			return sql.Open(name, dsn)
		}
	}
	return nil, fmt.Errorf("no driver is linked; add: import _ %q", d.link)
}

// connector is the driver's own, of the driver that the host has linked.
func (d dialect) connector(dsn string) (driver.Connector, error) {
	db, err := d.open(dsn)
	if err != nil {
		return nil, err
	}
	own := db.Driver()
	if err := db.Close(); err != nil {
		return nil, err
	}
	if able, ok := own.(driver.DriverContext); ok {
		return able.OpenConnector(dsn)
	}
	return plainConnector{own, dsn}, nil
}

// plainConnector is for drivers that make none.
type plainConnector struct {
	driver driver.Driver
	dsn    string
}

func (c plainConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c plainConnector) Driver() driver.Driver                        { return c.driver }

// sound refuses a server on which no order could be stored.
func (d dialect) sound(ctx context.Context, db *sql.DB) error {
	if d.name != mysql.name {
		return nil
	}
	rows, err := db.QueryContext(ctx, `SHOW SESSION VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format')`)
	settings := map[string]string{}
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		var name, value string
		err := row.Scan(&name, &value)
		settings[name] = value
		return struct{}{}, err
	})
	if err == nil && settings["log_bin"] == "ON" && settings["binlog_format"] == "STATEMENT" {
		return errors.New("the database has binlog_format=STATEMENT, with which it refuses every transaction of ours; set binlog_format=ROW (or MIXED) there")
	}
	return err
}

// sql puts a statement's placeholders into the database's form. No statement of ours has a "?" in a text.
func (d dialect) sql(statement string) string {
	if !d.numbered {
		return statement
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(statement, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

// ignore ends an INSERT that leaves a row of the same key as it is.
func (d dialect) ignore(key string) string {
	if d.duplicateKey {
		first, _, _ := strings.Cut(key, ",")
		return " ON DUPLICATE KEY UPDATE " + first + " = " + first
	}
	return " ON CONFLICT (" + key + ") DO NOTHING"
}

// prepare brings the tables up to date, or sees that they are.
func (d dialect) prepare(ctx context.Context, db *sql.DB, asIs bool) error {
	if asIs {
		return d.check(ctx, db)
	}
	return d.migrate(ctx, db)
}

// check changes nothing. What a newer version has added is as good as what this one knows.
func (d dialect) check(ctx context.Context, db *sql.DB) error {
	ctx, cancel := patient(ctx)
	defer cancel()
	var made int
	if err := db.QueryRowContext(ctx, d.made).Scan(&made); err != nil {
		return err
	}
	if made == 0 {
		return ErrNoTables
	}
	var there int64
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM midas_migrations`).Scan(&there); err != nil {
		return err
	}
	files, err := migrations.ReadDir("migrations/" + d.name)
	if err != nil {
		return err
	}
	needed, err := goose.NumericComponent(files[len(files)-1].Name())
	if err != nil {
		return err
	}
	switch {
	case there == 0: // made, and no more
		return ErrNoTables
	case there < needed:
		return fmt.Errorf("%w (%d, and %d is needed)", ErrOldTables, there, needed)
	}
	return nil
}

// migrate makes or upgrades the tables. goose keeps what it has done in a table of its own.
func (d dialect) migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d.goose, db, files, goose.WithTableName("midas_migrations"))
	if err != nil {
		return err
	}
	return d.alone(ctx, db, func() error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("bring the tables up to date: %w", err)
		}
		return nil
	})
}

// SchemaVersion is the number of the newest migration that was made.
func (l *Ledger) SchemaVersion(ctx context.Context) (version int64, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.desk.QueryRowContext(inner, `SELECT MAX(version_id) FROM midas_migrations`).Scan(&version)
	return version, unavailable(ctx, "read the version of the tables", err)
}

// alone runs f while no other server that starts does. goose has locks of its own, but looks what there is to do before
// it takes one, and is confused by a version table that another server has made and not filled yet.
func (d dialect) alone(ctx context.Context, db *sql.DB, f func() error) (err error) {
	if d.take == "" {
		return f()
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if d.begin != "" {
		if _, err := conn.ExecContext(ctx, d.begin); err != nil {
			return err
		}
	}
	var got sql.NullString
	if err := conn.QueryRowContext(ctx, d.take).Scan(&got); err != nil {
		return err
	}
	if d.name == mysql.name && got.String != "1" {
		return errors.New("another server has been upgrading the tables for a minute")
	}
	defer func() {
		_, unlock := conn.ExecContext(context.WithoutCancel(ctx), d.leave)
		err = errors.Join(err, unlock)
	}()
	return f()
}

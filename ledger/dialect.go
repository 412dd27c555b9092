package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
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
	// onConflict says "on duplicate key" in the words of MySQL instead of the others'.
	duplicateKey bool
}

var (
	sqlite = dialect{
		name: "sqlite", goose: goose.DialectSQLite3, drivers: []string{"sqlite"}, link: "modernc.org/sqlite",
	}
	postgres = dialect{
		name: "postgres", goose: goose.DialectPostgres, drivers: []string{"pgx", "postgres"}, link: "github.com/jackc/pgx/v5/stdlib",
		numbered: true, lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED",
	}
	mysql = dialect{
		name: "mysql", goose: goose.DialectMySQL, drivers: []string{"mysql"}, link: "github.com/go-sql-driver/mysql",
		lock: " FOR UPDATE", skip: " FOR UPDATE SKIP LOCKED", duplicateKey: true,
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

// replace ends an INSERT that changes columns of a row of the same key.
func (d dialect) replace(key string, columns ...string) string {
	var set []string
	for _, c := range columns {
		if d.duplicateKey {
			set = append(set, c+" = VALUES("+c+")")
		} else {
			set = append(set, c+" = excluded."+c)
		}
	}
	if d.duplicateKey {
		return " ON DUPLICATE KEY UPDATE " + strings.Join(set, ", ")
	}
	return " ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(set, ", ")
}

// lockName is the lock that servers take to migrate one after another.
const lockName = "leafmidas_migrations"

// migrate makes or upgrades the tables. goose keeps what it has done in a table of its own.
func (d dialect) migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{goose.WithTableName("midas_migrations")}
	switch d.name {
	case postgres.name:
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(5550176112))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	case mysql.name:
		options = append(options, goose.WithSessionLocker(mysqlLocker{}))
	}
	p, err := goose.NewProvider(d.goose, db, files, options...)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the tables up to date: %w", err)
	}
	return nil
}

// mysqlLocker is what goose has for PostgreSQL only.
type mysqlLocker struct{}

// SessionLock waits for the lock.
func (mysqlLocker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, `SELECT GET_LOCK(?, 60)`, lockName).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errors.New("another server has been upgrading the tables for a minute")
	}
	return nil
}

// SessionUnlock lets the next one go.
func (mysqlLocker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `DO RELEASE_LOCK(?)`, lockName)
	return err
}

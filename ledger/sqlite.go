package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql
var sqliteMigrations embed.FS

// readers bounds the connections that read beside the one that writes.
const readers = 4

// openSQLite opens the file twice: once for the writer, once for readers that cannot write.
func openSQLite(ctx context.Context, path string) (writes, reads *sql.DB, err error) {
	if path == "" {
		return nil, nil, errors.New("no path given")
	}
	if strings.Contains(path, ":memory:") || strings.Contains(path, "mode=memory") {
		return nil, nil, errors.New("an in-memory ledger would be lost with the process; give a file")
	}
	path = strings.TrimPrefix(path, "file:")
	if strings.Contains(path, "?") {
		return nil, nil, errors.New("give the plain path: how the file is opened is the ledger's business")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
	}

	// FULL: a commit that was reported is on the disk, even if the power fails the moment after.
	writes, err = sql.Open("sqlite", sqliteDSN(path, "journal_mode(WAL)", "synchronous(FULL)"))
	if err != nil {
		return nil, nil, noDriver(err)
	}
	writes.SetMaxOpenConns(1)
	if err := migrateSQLite(ctx, writes); err != nil {
		return nil, nil, errors.Join(err, writes.Close())
	}
	reads, err = sql.Open("sqlite", sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return nil, nil, errors.Join(err, writes.Close())
	}
	reads.SetMaxOpenConns(readers)
	reads.SetMaxIdleConns(readers)
	return writes, reads, nil
}

func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func migrateSQLite(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(sqliteMigrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithTableName("midas_migrations"))
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the tables up to date: %w", err)
	}
	return nil
}

// noDriver says what database/sql does not: which import is missing.
func noDriver(err error) error {
	if strings.Contains(err.Error(), "unknown driver") {
		return fmt.Errorf("%w: link it with: import _ \"modernc.org/sqlite\"", err)
	}
	return err
}

package ledger

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// readers bounds the connections that read for players beside the one that writes, lookers those of whoever looks on.
const (
	readers = 4
	lookers = 2
)

// openSQLite opens the file twice: once for the writer, once for readers that cannot write.
func (l *Ledger) openSQLite(ctx context.Context, path string, asIs bool) error {
	if path == "" {
		return errors.New("no path given")
	}
	if strings.Contains(path, ":memory:") || strings.Contains(path, "mode=memory") {
		return errors.New("an in-memory ledger would be lost with the process; give a file")
	}
	path = strings.TrimPrefix(path, "file:")
	if strings.Contains(path, "?") {
		return errors.New("give the plain path: how the file is opened is the ledger's business")
	}
	// FULL: a commit that was reported is on the disk, even if the power fails the moment after.
	pragmas := []string{"synchronous(FULL)"}
	if asIs {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // SQLite would make it
			return ErrNoTables
		}
	} else {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		pragmas = append([]string{"journal_mode(WAL)"}, pragmas...)
	}
	writes, err := sqlite.open(sqliteDSN(path, pragmas...))
	if err != nil {
		return err
	}
	writes.SetMaxOpenConns(1)
	if err := sqlite.prepare(ctx, writes, asIs); err != nil {
		return errors.Join(err, writes.Close())
	}
	reads, err := sqlite.open(sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return errors.Join(err, writes.Close())
	}
	reads.SetMaxOpenConns(readers)
	reads.SetMaxIdleConns(readers)
	desk, err := sqlite.open(sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return errors.Join(err, writes.Close(), reads.Close())
	}
	desk.SetMaxOpenConns(lookers)
	desk.SetMaxIdleConns(lookers)
	l.attach(sqlite, nil, newBatcher(writes), reads, desk)
	return nil
}

func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

package ledger

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"time"
)

// readers bounds the connections that read for players beside the one that writes, lookers those of whoever looks on.
const (
	readers = 4
	lookers = 2
)

// openSQLite opens the file twice: once for the writer, once for readers that cannot write.
func (l *Ledger) openSQLite(ctx context.Context, path string, asIs bool, watchEvery time.Duration) error {
	path, err := CheckPath(path)
	if err != nil {
		return err
	}
	// FULL: a commit that was reported is on the disk, even if the power fails the moment after.
	pragmas := []string{"synchronous(FULL)"}
	if asIs {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // SQLite would make it
			return ErrNoTables
		}
	} else {
		if err := prepareFile(path); err != nil {
			return err
		}
		pragmas = append([]string{"journal_mode(WAL)"}, pragmas...)
	}
	writes, err := sqlite.open(sqliteDSN(path, pragmas...))
	if err != nil {
		return err
	}
	writes.SetMaxOpenConns(1)
	if l.made, err = sqlite.prepare(ctx, writes, asIs); err != nil {
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
	batch := newBatcher(writes)
	l.attach(sqlite, nil, batch, reads, desk)
	l.path = path
	if asIs {
		return nil
	}
	watch, err := newFileWatch(path, l.health.log, &batch.lost)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	run, stop := context.WithCancel(context.Background())
	l.unwatch = stop
	l.watching.Go(func() { watch.run(run, watchEvery) })
	return nil
}

func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

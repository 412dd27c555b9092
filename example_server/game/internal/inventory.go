package internal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // for this file and for the ledger of leafmidas

	"github.com/leafmidas/leafmidas/internal/filelock"
	"github.com/leafmidas/leafmidas/plugin"
)

// bagSize is how many of one item a bag holds.
const bagSize = 99

// handOver is how long a server that starts waits for the one before it to let go of the file.
const handOver = 15 * time.Second

// inventory is what the players own, in memory to be read and on disk to last. Where several servers on one machine
// share the file, it is read from there; otherwise a lock keeps a second one from it.
type inventory struct {
	db     *sql.DB
	lock   *os.File // nil: shared
	shared bool
	bags   map[string]map[string]int64 // openid → item → how many
	vip    map[string]int64            // openid → points
}

func openInventory(path string, shared bool) (*inventory, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	v := &inventory{shared: shared, bags: map[string]map[string]int64{}, vip: map[string]int64{}}
	if err := v.open(path); err != nil {
		return nil, errors.Join(err, v.close())
	}
	return v, nil
}

func (v *inventory) open(path string) error {
	if !v.shared {
		ctx, cancel := context.WithTimeout(context.Background(), handOver)
		defer cancel()
		var err error
		if v.lock, err = filelock.Wait(ctx, path+".lock"); errors.Is(err, filelock.ErrTaken) {
			return fmt.Errorf("another server keeps what its players own in %s: give this one a GamePath of its own", path)
		} else if err != nil {
			return err
		}
	}
	// For this user alone, as the ledger is. SQLite gives the files beside it the same rights.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	v.db, err = sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate")
	if err != nil {
		return err
	}
	v.db.SetMaxOpenConns(1)
	return v.load()
}

func (v *inventory) load() error {
	_, err := v.db.Exec(`
		CREATE TABLE IF NOT EXISTS bags (openid TEXT, item_id TEXT, count INTEGER NOT NULL, PRIMARY KEY (openid, item_id)) STRICT;
		CREATE TABLE IF NOT EXISTS granted (bill_no TEXT PRIMARY KEY) STRICT;
		CREATE TABLE IF NOT EXISTS vip (bill_no TEXT PRIMARY KEY, openid TEXT NOT NULL, points INTEGER NOT NULL, total INTEGER NOT NULL) STRICT;
		CREATE INDEX IF NOT EXISTS vip_of ON vip (openid);
		CREATE TABLE IF NOT EXISTS taken_back (refund_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT`)
	if err != nil {
		return err
	}
	if err := v.read(""); err != nil {
		return err
	}
	return v.readVIP("")
}

// readVIP brings the points of players into memory.
func (v *inventory) readVIP(where string, args ...any) error {
	rows, err := v.db.Query(`SELECT openid, SUM(points) FROM vip `+where+` GROUP BY openid`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var openid string
		var points int64
		if err := rows.Scan(&openid, &points); err != nil {
			return err
		}
		v.vip[openid] = points
	}
	return rows.Err()
}

// thank counts bought coins as points, once for each bill number. total is how many the player has bought in all.
func (v *inventory) thank(billNo, openid string, coins, total int64) error {
	tx, err := v.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	fresh, err := insert(tx, `INSERT INTO vip (bill_no, openid, points, total) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, billNo, openid, coins, total)
	if err != nil || !fresh { // counted before
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	v.vip[openid] += coins
	return nil
}

// points are a player's.
func (v *inventory) points(openid string) int64 {
	if v.shared {
		if err := v.readVIP(`WHERE openid = ?`, openid); err != nil {
			return 0
		}
	}
	return v.vip[openid]
}

// read brings bags into memory.
func (v *inventory) read(where string, args ...any) error {
	rows, err := v.db.Query(`SELECT openid, item_id, count FROM bags `+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var openid, item string
		var count int64
		if err := rows.Scan(&openid, &item, &count); err != nil {
			return err
		}
		v.put(openid, item, count)
	}
	return rows.Err()
}

func (v *inventory) put(openid, item string, count int64) {
	if v.bags[openid] == nil {
		v.bags[openid] = map[string]int64{}
	}
	v.bags[openid][item] = count
}

// grant adds an item once for each bill number. The bill and the item reach the disk together.
func (v *inventory) grant(billNo, openid, item string, quantity int64) error {
	return v.change(openid, item, func(tx *sql.Tx, count int64) (int64, error) {
		fresh, err := insert(tx, `INSERT INTO granted (bill_no) VALUES (?) ON CONFLICT DO NOTHING`, billNo)
		if err != nil || !fresh { // granted before
			return count, err
		}
		if quantity > bagSize || count+quantity > bagSize {
			return 0, fmt.Errorf("%w: the bag holds %d of %s", plugin.ErrRefuse, bagSize, item)
		}
		return count + quantity, nil
	})
}

// takeBack removes an item once for each refund; what is no longer there cannot be removed.
func (v *inventory) takeBack(refundID, openid, item string, quantity int64) error {
	return v.change(openid, item, func(tx *sql.Tx, count int64) (int64, error) {
		taken := min(quantity, count)
		fresh, err := insert(tx, `INSERT INTO taken_back (refund_id, count) VALUES (?, ?) ON CONFLICT DO NOTHING`, refundID, taken)
		if err != nil || !fresh { // taken before
			return count, err
		}
		return count - taken, nil
	})
}

// change puts the count that f returns in the place of the one it was given, in one transaction with what else f does.
func (v *inventory) change(openid, item string, f func(tx *sql.Tx, count int64) (int64, error)) error {
	tx, err := v.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	before := int64(0)
	err = tx.QueryRow(`SELECT count FROM bags WHERE openid = ? AND item_id = ?`, openid, item).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	count, err := f(tx, before)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO bags (openid, item_id, count) VALUES (?, ?, ?)
		ON CONFLICT (openid, item_id) DO UPDATE SET count = excluded.count`, openid, item, count); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	v.put(openid, item, count)
	return nil
}

func insert(tx *sql.Tx, statement string, args ...any) (fresh bool, err error) {
	res, err := tx.Exec(statement, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// of returns a copy of a player's bag.
func (v *inventory) of(openid string) map[string]int64 {
	if v.shared {
		if err := v.read(`WHERE openid = ?`, openid); err != nil {
			return nil
		}
	}
	return maps.Clone(v.bags[openid])
}

func (v *inventory) close() (err error) {
	if v.db != nil {
		err = v.db.Close()
	}
	if v.lock != nil {
		err = errors.Join(err, v.lock.Close())
	}
	return err
}

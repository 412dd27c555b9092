package internal

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // for this file and for the ledger of leafmidas

	"github.com/leafmidas/leafmidas/plugin"
)

// bagSize is how many of one item a bag holds.
const bagSize = 99

// inventory is what the players own, in memory to be read and on disk to last.
type inventory struct {
	db   *sql.DB
	bags map[string]map[string]int64 // openid → item → how many
}

func openInventory(path string) (*inventory, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	v := &inventory{db: db, bags: map[string]map[string]int64{}}
	if err := v.load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return v, nil
}

func (v *inventory) load() error {
	_, err := v.db.Exec(`
		CREATE TABLE IF NOT EXISTS bags (openid TEXT, item_id TEXT, count INTEGER NOT NULL, PRIMARY KEY (openid, item_id)) STRICT;
		CREATE TABLE IF NOT EXISTS granted (bill_no TEXT PRIMARY KEY) STRICT`)
	if err != nil {
		return err
	}
	rows, err := v.db.Query(`SELECT openid, item_id, count FROM bags`)
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
	tx, err := v.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	res, err := tx.Exec(`INSERT INTO granted (bill_no) VALUES (?) ON CONFLICT DO NOTHING`, billNo)
	if err != nil {
		return err
	}
	if fresh, err := res.RowsAffected(); err != nil || fresh == 0 {
		return err // granted before
	}
	count := v.bags[openid][item] + quantity
	if quantity > bagSize || count > bagSize {
		return fmt.Errorf("%w: the bag holds %d of %s", plugin.ErrRefuse, bagSize, item)
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

// of returns a copy of a player's bag.
func (v *inventory) of(openid string) map[string]int64 { return maps.Clone(v.bags[openid]) }

func (v *inventory) close() error { return v.db.Close() }

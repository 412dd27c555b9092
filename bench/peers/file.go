package peers

import (
	"context"
	"database/sql"
	"errors"

	_ "modernc.org/sqlite" // the same driver as ours
)

// File is what a team would write that wants no database server: a table in SQLite, every state of an order a statement
// of its own, each on the disk before the next. SQLite has one writer at a time.
type File struct{ db *sql.DB }

// NewFile makes the table.
func NewFile(path string) (*File, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE orders (id TEXT PRIMARY KEY, player TEXT NOT NULL, request TEXT NOT NULL, item TEXT NOT NULL, amount INTEGER NOT NULL,
		state TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (player, request));
		CREATE INDEX orders_state ON orders (state)`)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &File{db}, nil
}

// Begin stores an order that is about to be paid.
func (f *File) Begin(ctx context.Context, id, player, request, item string, amount int64) error {
	_, err := f.db.ExecContext(ctx, `INSERT INTO orders (id, player, request, item, amount, state, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, 'paying', unixepoch(), unixepoch())`, id, player, request, item, amount)
	return err
}

// Move stores an order's next state.
func (f *File) Move(ctx context.Context, id, from, to string) error {
	_, err := f.db.ExecContext(ctx, `UPDATE orders SET state = ?, updated_at = unixepoch() WHERE id = ? AND state = ?`, to, id, from)
	return err
}

// Close closes the file.
func (f *File) Close() error { return f.db.Close() }

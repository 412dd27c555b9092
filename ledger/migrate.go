package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// migration is one file of the folder migrations: numbered, and its way up statement by statement.
type migration struct {
	version    int64
	name       string
	statements []string
	// online: in no transaction, for an index that is built while others write. It may be cut short, and is begun anew
	// then.
	online bool
}

// migrationsOf reads the migrations of a database, in order.
func migrationsOf(database string) ([]migration, error) {
	folder := "migrations/" + database
	files, err := migrations.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	all := make([]migration, 0, len(files))
	for _, f := range files {
		text, err := migrations.ReadFile(path.Join(folder, f.Name()))
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(f.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil || version < 1 {
			return nil, fmt.Errorf("migration %s does not begin with a number", f.Name())
		}
		all = append(all, migration{
			version, f.Name(), waysUp(string(text)), strings.HasPrefix(string(text), "-- +goose NO TRANSACTION"),
		})
	}
	slices.SortFunc(all, func(a, b migration) int { return int(a.version - b.version) })
	return all, nil
}

// waysUp are the statements before "-- +goose Down". A statement ends with a line that ends in a semicolon; between
// StatementBegin and StatementEnd there is one, whatever its lines end in.
func waysUp(text string) (statements []string) {
	up, _, _ := strings.Cut(text, "-- +goose Down")
	var current strings.Builder
	whole := false
	end := func() {
		if s := strings.TrimSpace(current.String()); s != "" {
			statements = append(statements, s)
		}
		current.Reset()
	}
	for line := range strings.Lines(up) {
		bare := strings.TrimSpace(line)
		switch {
		case bare == "-- +goose StatementBegin":
			whole = true
		case bare == "-- +goose StatementEnd":
			whole = false
			end()
		case strings.HasPrefix(bare, "--"):
		default:
			code, _, _ := strings.Cut(line, "--")
			current.WriteString(line)
			if !whole && strings.HasSuffix(strings.TrimSpace(code), ";") {
				end()
			}
		}
	}
	end()
	return statements
}

// migrate makes or upgrades the tables. What has been done is noted in the table midas_migrations, which has the form
// that github.com/pressly/goose gave it: versions before this one used that, and may start beside it.
func (d dialect) migrate(ctx context.Context, db *sql.DB) (made bool, err error) {
	all, err := migrationsOf(d.name)
	if err != nil {
		return false, err
	}
	if missing, _, err := d.missing(ctx, db, all); err == nil && len(missing) == 0 {
		return false, nil // a role that may make no tables starts all the same
	}
	// Versions before 0010 wait in the database for the first lock, with a snapshot that would hold up an index built
	// online.
	for _, part := range []struct {
		lock  int64
		apply func(context.Context, *sql.DB, migration) error
		of    func(migration) bool
	}{
		{lockOfTables, d.apply, func(m migration) bool { return !m.online }},
		{lockOfIndexes, d.applyOnline, func(m migration) bool { return m.online }},
	} {
		err = d.alone(ctx, db, part.lock, func() error {
			missing, fresh, err := d.missing(ctx, db, all)
			made = made || fresh
			for _, m := range missing {
				if err == nil && part.of(m) {
					err = part.apply(ctx, db, m)
				}
			}
			if err != nil {
				return fmt.Errorf("bring the tables up to date: %w", err)
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return made, nil
}

// lockOfTables and lockOfIndexes are PostgreSQL's advisory locks of migrations in transactions, and of the others;
// lockOfServers is that of a server that begins.
const (
	lockOfTables  = 5550176112
	lockOfIndexes = 5550176113
	lockOfServers = 5550176114
)

// applyOnline runs a migration that holds nobody up, on one connection, and notes it afterwards. While somebody else
// has the table, it is tried again.
func (d dialect) applyOnline(ctx context.Context, db *sql.DB, m migration) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, s := range m.statements {
		for {
			_, err := conn.ExecContext(ctx, s)
			if err == nil || d.duplicateKey && doneAlready(err) {
				break
			}
			if faultOf(err) != locked && !undone(err) {
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
		}
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	if err := d.applied(ctx, tx, m.version); err != nil {
		return err
	}
	return tx.Commit()
}

// missing is what has not been applied. fresh: nothing ever has. One that came late, beside newer ones, is applied too.
func (d dialect) missing(ctx context.Context, db *sql.DB, all []migration) (missing []migration, fresh bool, err error) {
	var tables int
	if err := db.QueryRowContext(ctx, d.made).Scan(&tables); err != nil {
		return nil, false, err
	}
	if tables == 0 {
		return all, true, nil
	}
	rows, err := db.QueryContext(ctx, appliedVersions)
	applied, err := scanAll(rows, err, func(row *sql.Rows) (v int64, err error) { return v, row.Scan(&v) })
	for _, m := range all {
		if !slices.Contains(applied, m.version) {
			missing = append(missing, m)
		}
	}
	return missing, len(applied) == 0, err
}

const appliedVersions = `SELECT version_id FROM midas_migrations WHERE is_applied AND version_id > 0`

// apply runs one migration and notes it, in one transaction. MySQL commits after every statement that makes a table,
// whatever one does; there a migration that was cut short is begun anew, and what it finds done is done: a migration
// only adds.
func (d dialect) apply(ctx context.Context, db *sql.DB, m migration) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("migration %s: %w", m.name, err)
		}
	}()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit this does nothing
	if _, err := tx.ExecContext(ctx, d.versions); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, appliedVersions)
	applied, err := scanAll(rows, err, func(row *sql.Rows) (v int64, err error) { return v, row.Scan(&v) })
	if err != nil || slices.Contains(applied, m.version) { // another process has, since
		return err
	}
	if len(applied) == 0 { // as goose begins
		if err := d.applied(ctx, tx, 0); err != nil {
			return err
		}
	}
	for _, s := range m.statements {
		if _, err := tx.ExecContext(ctx, s); err != nil && !(d.duplicateKey && doneAlready(err)) {
			return err
		}
	}
	if err := d.applied(ctx, tx, m.version); err != nil {
		return err
	}
	return tx.Commit()
}

func (d dialect) applied(ctx context.Context, tx *sql.Tx, version int64) error {
	_, err := tx.ExecContext(ctx, d.sql(`INSERT INTO midas_migrations (version_id, is_applied) VALUES (?, `+d.yes+`)`), version)
	return err
}

// doneAlready tells MySQL's words for a table, column, key or trigger that is there: "Error 1050 (42S01): …".
func doneAlready(err error) bool {
	return slices.ContainsFunc([]string{"1050", "1060", "1061", "1359"}, func(code string) bool {
		return strings.HasPrefix(err.Error(), "Error "+code+" ")
	})
}

// check changes nothing. What a newer version has added is as good as what this one knows.
func (d dialect) check(ctx context.Context, db *sql.DB) error {
	ctx, cancel := patient(ctx)
	defer cancel()
	all, err := migrationsOf(d.name)
	if err != nil {
		return err
	}
	missing, fresh, err := d.missing(ctx, db, all)
	switch {
	case err != nil:
		return err
	case fresh:
		return ErrNoTables
	case len(missing) > 0:
		return fmt.Errorf("%w (%s is needed)", ErrOldTables, missing[0].name)
	}
	return nil
}

// SchemaVersion is the number of the newest migration that was made.
func (l *Ledger) SchemaVersion(ctx context.Context) (version int64, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.desk.QueryRowContext(inner, `SELECT MAX(version_id) FROM midas_migrations`).Scan(&version)
	return version, unavailable(ctx, "read the version of the tables", err)
}

// NewestSchema is the number of the newest migration that this version of the code has for a driver of Config.
func NewestSchema(driver string) (version int64, err error) {
	all, err := migrationsOf(driver)
	if err != nil {
		return 0, fmt.Errorf("ledger: no driver %q: %w", driver, err)
	}
	return all[len(all)-1].version, nil
}

// Drivers are those that Config takes.
func Drivers() []string { return []string{"sqlite", "postgres", "mysql"} }

// alone runs f while no other server that starts does.
func (d dialect) alone(ctx context.Context, db *sql.DB, lock int64, f func() error) (err error) {
	if d.take == "" {
		return f()
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for {
		got, err := d.takeLock(ctx, conn, lock)
		if err != nil {
			return err
		}
		if got {
			break
		}
		select {
		case <-time.After(knock):
		case <-ctx.Done():
			return fmt.Errorf("another server is upgrading the tables: %w", ctx.Err())
		}
	}
	defer func() {
		_, unlock := conn.ExecContext(context.WithoutCancel(ctx), d.leave)
		err = errors.Join(err, unlock)
	}()
	return f()
}

// takeLock tries to take a lock.
func (d dialect) takeLock(ctx context.Context, conn *sql.Conn, lock int64) (bool, error) {
	if d.begin == "" {
		var got sql.NullString
		err := conn.QueryRowContext(ctx, d.take).Scan(&got)
		return got.String == "1", err
	}
	if _, err := conn.ExecContext(ctx, d.begin); err != nil {
		return false, err
	}
	// Without arguments, so that the driver keeps no portal open, which would have a snapshot.
	_, err := conn.ExecContext(ctx, fmt.Sprintf(d.take, lock))
	if err == nil {
		return true, nil
	}
	_, undo := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	if faultOf(err) == locked {
		err = nil
	}
	return false, errors.Join(err, undo)
}

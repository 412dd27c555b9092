package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
)

// About is what an operator wants to know of a ledger that was just opened.
type About struct {
	// Driver is "sqlite", "postgres" or "mysql".
	Driver string
	// Where is the file's absolute path, or the database and its server as the server names them. It has no secrets.
	Where string
	// Made tells that the tables were made now: nothing was there before.
	Made bool
	// Exposed is what others than its owner may do with the file; 0: nothing, or it is no file.
	Exposed fs.FileMode
}

// About tells where the ledger is.
func (l *Ledger) About(ctx context.Context) (About, error) {
	a := About{Driver: l.dialect.name, Where: l.path, Made: l.made}
	if l.path != "" {
		a.Exposed = exposed(l.path)
		return a, nil
	}
	inner, cancel := patient(ctx)
	defer cancel()
	var database, host, port sql.NullString
	err := l.desk.QueryRowContext(inner, l.dialect.place).Scan(&database, &host, &port)
	a.Where = fmt.Sprintf("%s on %s:%s", database.String, host.String, port.String)
	if !host.Valid {
		a.Where = database.String + " on this machine"
	}
	return a, unavailable(ctx, "ask the database where it is", err)
}

package ledger

import (
	"context"
	"time"
)

// Clock reads the database's clock, which all servers that share the ledger have in common. With SQLite it is this
// machine's.
func (l *Ledger) Clock(ctx context.Context) (time.Time, error) {
	var statement string
	switch l.dialect.name {
	case postgres.name:
		statement = `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`
	case mysql.name:
		statement = `SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)`
	default:
		return time.Now(), nil
	}
	inner, cancel := patient(ctx)
	defer cancel()
	var micros int64
	err := l.reads.QueryRowContext(inner, statement).Scan(&micros)
	return time.UnixMicro(micros), unavailable(ctx, "read the clock", err)
}

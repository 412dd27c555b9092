// Package mysql links the driver of MySQL and MariaDB for ledgers, and has what it says by itself (a connection that
// the server has ended, a broken packet) told in the host's log. Where a host links the driver alone, these lines go to
// standard error.
//
//	import _ "github.com/leafmidas/leafmidas/ledger/mysql"
//
// Only the ledger's connections are meant: what a host opens with the driver itself is as it was.
package mysql

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/leafmidas/leafmidas/ledger/internal/link"
)

func init() {
	link.MySQL = func(dsn string, print func(line string)) (driver.Connector, error) {
		cfg, err := mysql.ParseDSN(dsn)
		if err != nil {
			return nil, err
		}
		cfg.Logger = printer(print)
		if !strings.Contains(strings.ToLower(dsn), "interpolateparams=") {
			cfg.InterpolateParams = true // a statement is one message then, where it has to be prepared first otherwise
		}
		return mysql.NewConnector(cfg)
	}
}

// printer is the driver's mysql.Logger.
type printer func(line string)

func (p printer) Print(v ...any) { p(fmt.Sprint(v...)) }

package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// fault is what is the matter with a database.
type fault string

// The faults there are; they are the label "cause" of a metric.
const (
	none     fault = ""
	readOnly fault = "read_only"
	lost     fault = "connection_lost"
	away     fault = "unreachable"
	silent   fault = "no_answer"
	crowded  fault = "no_connection_left"
	starting fault = "starting_or_stopping"
	barred   fault = "refused"
	diskFull fault = "disk_full"
	locked   fault = "locked"
	tables   fault = "tables"
	binlog   fault = "binlog_format"
	pooler   fault = "pooler"
	broken   fault = "broken"
	other    fault = "other"
)

// words say what a fault is and what to do about it.
var words = map[fault][2]string{
	readOnly: {
		"the database only lets us read: it is a replica, or a primary that was demoted",
		"see that Ledger.DSN's address leads to the primary; connections are made anew all the time, so that selling goes on once it does",
	},
	lost:     {"the connection to the database broke", "see that the database runs; connections are made anew by themselves"},
	away:     {"the database cannot be reached", "see that it runs, and that Ledger.DSN's address leads to it"},
	silent:   {"the database did not answer in time", "look at its load, its locks and the way to it"},
	crowded:  {"the database has no connection left for this server", "lower Ledger.MaxConns, or raise the limit of the user or of the database"},
	starting: {"the database is starting or stopping", "wait for it; connections are made anew by themselves"},
	barred:   {"the database does not let this user do that", "see the user, the password and the rights that Ledger.DSN comes with"},
	diskFull: {"the database's disk is full", "make room; nothing that was stored is lost"},
	locked:   {"somebody else holds the database's lock", "end the other program, or the long transaction, that holds it"},
	tables:   {"the database has other tables than the ledger's", "see that Ledger.DSN names the right database, and start a server or run midasctl migrate"},
	binlog:   {"the database writes its binary log by statement, and refuses transactions such as ours", "set binlog_format=ROW on the database"},
	pooler: {
		"a pooler before the database, such as PgBouncer, loses the statements that were prepared",
		"add default_query_exec_mode=exec to Ledger.DSN, or set max_prepared_statements there (PgBouncer 1.21 or newer)",
	},
	broken: {"the database's file is damaged or cannot be written", "look at the disk and the rights of the file; restore a backup if it is damaged"},
	other:  {"the database refused", "see the error"},
}

// states and numbers are what PostgreSQL's SQLSTATE and MySQL's error numbers mean. A state of two characters stands
// for its class.
var (
	states = map[string]fault{
		"25006": readOnly,
		"57P01": starting, "57P02": starting, "57P03": starting,
		"57P04": lost, "57P05": lost, "25P03": lost, "25P04": lost, "08": lost,
		"53300": crowded, "53100": diskFull, "55P03": locked,
		"28": barred, "42501": barred, "42P01": tables, "42703": tables, "3D000": tables, "42P05": pooler, "26000": pooler, "XX001": broken, "XX002": broken, "58": broken,
	}
	numbers = map[int]fault{
		1792: readOnly, 1836: readOnly, 3100: readOnly, 3101: readOnly, 3750: readOnly,
		1053: starting, 1047: starting, 3168: starting,
		1927: lost, 3169: lost, 4031: lost, 1152: lost, 1077: lost, 1079: lost, 1080: lost, 1158: lost, 1159: lost, 1160: lost, 1161: lost,
		1040: crowded, 1203: crowded, 1226: crowded, 1135: crowded,
		1021: diskFull, 1114: diskFull, 1205: locked,
		1044: barred, 1045: barred, 1142: barred, 1143: barred, 1227: barred, 1698: barred, 1820: barred, 3118: barred, 4151: barred,
		1146: tables, 1054: tables, 1049: tables, 1665: binlog, 1030: broken, 1034: broken, 1712: broken,
	}
)

// ours is how the MySQL driver's errors begin; drivers share no error type that could be imported without linking them.
var ours = regexp.MustCompile(`^Error (\d+)(?: \(\w{5}\))?: `)

// mysqlNumber is the number of MySQL's that an error has, or 0.
func mysqlNumber(err error) (number int) {
	for _, e := range wrapped(err) {
		if found := ours.FindStringSubmatch(e.Error()); found != nil {
			number, _ = strconv.Atoi(found[1])
			return number
		}
	}
	return 0
}

// wrapped is an error with all that it wraps.
func wrapped(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			all = append(all, wrapped(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, wrapped(inner)...)
		}
	}
	return all
}

func sqlState(err error) string {
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		return state.SQLState()
	}
	return ""
}

// faultOf tells what an error of a driver means. PostgreSQL is known by its SQLSTATE, MySQL by its numbers, SQLite and
// what has no number by words.
func faultOf(err error) fault {
	if err == nil {
		return none
	}
	if s := sqlState(err); s != "" {
		if f, known := states[s]; known {
			return f
		}
		if f, known := states[s[:min(2, len(s))]]; known {
			return f
		}
		return other
	}
	if n := mysqlNumber(err); n != 0 {
		if n == 1290 { // an option of the server is in the way, of which there are several
			if strings.Contains(strings.ReplaceAll(err.Error(), "_", "-"), "read-only") {
				return readOnly
			}
			return other
		}
		if f, known := numbers[n]; known {
			return f
		}
		return other
	}
	_, connecting := errors.AsType[*connectError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isNetwork && network.Timeout():
		return silent
	case connecting:
		return away
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), isNetwork,
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return lost
	}
	text := err.Error()
	for _, one := range spoken {
		if strings.Contains(text, one.words) {
			return one.fault
		}
	}
	return other
}

// spoken are errors that have nothing but words: the drivers' own, and SQLite's with its code at the end.
var spoken = []struct {
	words string
	fault fault
}{
	{"invalid connection", lost},
	{"conn closed", lost},
	{"bad connection", lost},
	{"database is locked", locked},
	{"readonly database", readOnly},
	{"database or disk is full", diskFull},
	{"no such table", tables},
	{"no such column", tables},
	{"disk I/O error", broken},
	{"database disk image is malformed", broken},
	{"file is not a database", broken},
	{"unable to open database file", broken},
}

// ends tells a fault after which no connection that was made before is to be trusted.
func (f fault) ends() bool {
	return f == readOnly || f == lost || f == starting || f == silent || f == away
}

// told is an error for the log: without the DSN, and of a bounded length.
func told(err error) string {
	text := discreet{err}.Error()
	if len(text) > maxTold {
		text = strings.ToValidUTF8(text[:maxTold], "") + "…"
	}
	return text
}

// maxTold bounds an error in a log line, in bytes.
const maxTold = 500

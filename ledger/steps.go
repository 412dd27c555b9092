package ledger

import (
	"context"
	"database/sql"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// committers is how many transactions of many steps each are under way at once. A step that finds all of them busy
	// waits for the next, with whatever else has come by then.
	committers = 2
	// maxShared bounds how many steps share a transaction.
	maxShared = 128
)

// step is an order that is made, or one that moves on, with its line of history.
type step struct {
	before *Order // what the order is moved on from; nil: it is new
	after  Order
	who    string

	entered time.Time
	taken   bool // it is stored with the others
	done    chan error
}

// sharing stores steps of different orders together on a database server: a few statements and one commit for all that
// came at once. What cannot be shared is left to whoever has asked: a step of an order that has moved on meanwhile or
// that somebody else works on, a request that was made before, and each of the steps of a transaction that the database
// has refused.
type sharing struct {
	pool    *pool
	dialect dialect
	queue   chan *step
	working sync.WaitGroup

	mu     sync.RWMutex // guards closed against a send on the closed channel
	closed bool
}

func newSharing(p *pool, d dialect) *sharing {
	s := &sharing{pool: p, dialect: d, queue: make(chan *step, maxWrites)}
	for range committers {
		s.working.Go(s.work)
	}
	return s
}

func (s *sharing) close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.queue)
	}
	s.mu.Unlock()
	s.working.Wait()
}

// store returns once the step is stored, has failed, or (false) is left to the caller. The context bounds the wait to
// be let in; once in, a step is seen through.
func (s *sharing) store(ctx context.Context, one *step) (taken bool, err error) {
	one.entered, one.done = time.Now(), make(chan error, 1)
	if err := s.enter(ctx, one); err != nil {
		return true, err
	}
	err = <-one.done
	return one.taken || err != nil, err
}

func (s *sharing) enter(ctx context.Context, one *step) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil { // select would let every other one in
		return err
	}
	select {
	case s.queue <- one:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *sharing) work() {
	for first := range s.queue {
		batch := []*step{first}
		for len(batch) < maxShared {
			var next *step
			select {
			case next = <-s.queue: // nil once closed
			default:
			}
			if next == nil {
				break
			}
			batch = append(batch, next)
		}
		s.commit(batch)
	}
}

func (s *sharing) commit(batch []*step) {
	bills := make(map[string]bool, len(batch))
	batch = slices.DeleteFunc(batch, func(one *step) bool {
		switch {
		case time.Since(one.entered) > patience: // the database answers nobody, and this one has waited as long as anyone does
			one.done <- context.DeadlineExceeded
		case bills[one.after.BillNo]: // only one of them can be right
			one.done <- nil
		default:
			bills[one.after.BillNo] = true
			return false
		}
		return true
	})
	if len(batch) == 0 {
		return
	}
	var fresh, moves []*step
	for _, one := range batch {
		if one.before == nil {
			fresh = append(fresh, one)
		} else {
			moves = append(moves, one)
		}
	}
	err := s.pool.share(func(ctx context.Context, tx *sql.Tx) (stored int, err error) {
		for _, one := range batch {
			one.taken = false // of a try that was undone
		}
		if err := s.make(ctx, tx, fresh); err != nil {
			return 0, err
		}
		if err := s.move(ctx, tx, moves); err != nil {
			return 0, err
		}
		for _, one := range batch {
			if one.taken {
				stored++
			}
		}
		return stored, nil
	})
	for _, one := range batch {
		switch {
		case err == nil:
			one.done <- nil
		case undone(err), faultOf(err) == other: // it may be one of them alone that the database does not take
			one.taken = false
			one.done <- nil
		default:
			one.done <- err
		}
	}
}

// make stores new orders.
func (s *sharing) make(ctx context.Context, tx *sql.Tx, fresh []*step) error {
	if len(fresh) == 0 {
		return nil
	}
	if s.dialect.duplicateKey {
		return s.makeRows(ctx, tx, fresh)
	}
	var a arrays
	for _, one := range fresh {
		a.row(append(one.after.columns(), one.after.Lease.Milliseconds(), one.who)...)
	}
	return a.took(ctx, tx, fresh, makeArrays+s.grown())
}

// move moves on the orders that are what they are moved on from, and that nobody else works on.
func (s *sharing) move(ctx context.Context, tx *sql.Tx, moves []*step) error {
	if len(moves) == 0 {
		return nil
	}
	if s.dialect.duplicateKey {
		return s.moveRows(ctx, tx, moves)
	}
	var a arrays
	for _, one := range moves {
		o := one.after
		a.row(o.BillNo, one.before.Version, one.before.State, o.State, o.Attempts, toMillis(o.UnsureSince), toMillis(o.DueAt), toBit(o.Parked), o.Code, o.RID,
			o.Note, toMillis(o.UpdatedAt), toMillis(o.DeliveredAt), o.Lease.Milliseconds(), one.who)
	}
	return a.took(ctx, tx, moves, moveArrays+s.grown())
}

// grown is another comment each time that twice as much has been stored. PostgreSQL keeps the plan of a text: one that
// was made for a table of a few pages reads all of them, and would go on to do so with a million orders until the table
// is analyzed.
func (s *sharing) grown() string {
	stored, _ := s.pool.written()
	return " -- " + strconv.Itoa(bits.Len64(uint64(stored)))
}

const historyColumns = `bill_no, version, at, who, from_state, to_state, code, rid, note`

// The statements of PostgreSQL, which take a list for each column, so that they are the same for any number of rows.
var (
	makeArrays = `WITH asked AS (SELECT * FROM unnest(` + lists(`text text text text text text bigint bigint text text bigint bigint bigint bigint smallint bigint text text
		bigint bigint bigint text bigint bigint bigint text`) + `) AS a (` + orderColumns + `, lease, who)),
	made AS (INSERT INTO midas_orders (` + orderColumns + `, leased_until) SELECT ` + orderColumns + `, CASE WHEN lease > 0 THEN ` + postgres.now + ` + lease ELSE 0 END
		FROM asked ON CONFLICT (openid, kind, request_id) DO NOTHING RETURNING bill_no),
	told AS (INSERT INTO midas_history (` + historyColumns + `) SELECT bill_no, version, updated_at, who, '', state, code, rid, note FROM asked JOIN made USING (bill_no))
	SELECT bill_no FROM made`
	moveArrays = `WITH asked AS (SELECT * FROM unnest(` + lists(`text bigint text text bigint bigint bigint smallint bigint text text bigint bigint bigint text`) + `)
		AS a (bill_no, version, was, state, attempts, unsure_since, due_at, parked, code, rid, note, updated_at, delivered_at, lease, who)),
	free AS (SELECT o.bill_no FROM midas_orders o JOIN asked a ON o.bill_no = a.bill_no AND o.version = a.version AND o.state = a.was FOR UPDATE OF o SKIP LOCKED),
	moved AS (UPDATE midas_orders o SET state = a.state, version = a.version + 1, attempts = a.attempts, unsure_since = a.unsure_since, due_at = a.due_at,
		parked = a.parked, code = a.code, rid = a.rid, note = a.note, updated_at = a.updated_at, delivered_at = a.delivered_at,
		leased_until = CASE WHEN a.lease > 0 THEN ` + postgres.now + ` + a.lease ELSE 0 END
		FROM asked a JOIN free USING (bill_no) WHERE o.bill_no = a.bill_no AND o.version = a.version AND o.state = a.was RETURNING o.bill_no),
	told AS (INSERT INTO midas_history (` + historyColumns + `) SELECT bill_no, version + 1, updated_at, who, was, state, code, rid, note FROM asked JOIN moved USING (bill_no))
	SELECT bill_no FROM moved`
)

// lists are places for lists of such types.
func lists(types string) string {
	var places []string
	for i, t := range strings.Fields(types) {
		places = append(places, "$"+strconv.Itoa(i+1)+"::"+t+"[]")
	}
	return strings.Join(places, ", ")
}

// arrays are rows as PostgreSQL's lists, one for each column.
type arrays []strings.Builder

func (a *arrays) row(values ...any) {
	if *a == nil {
		*a = make(arrays, len(values))
	}
	for i, v := range values {
		b := &(*a)[i]
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		switch v := v.(type) {
		case int:
			b.WriteString(strconv.Itoa(v))
		case int64:
			b.WriteString(strconv.FormatInt(v, 10))
		case string:
			quote(b, v)
		case Kind:
			quote(b, string(v))
		case State:
			quote(b, string(v))
		default:
			panic("ledger: a column of no known type")
		}
	}
}

func quote(b *strings.Builder, text string) {
	b.WriteByte('"')
	for i := range len(text) {
		if text[i] == '"' || text[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	b.WriteByte('"')
}

// took runs a statement that tells the bill numbers of what it has stored.
func (a *arrays) took(ctx context.Context, tx *sql.Tx, steps []*step, statement string) error {
	args := make([]any, len(*a))
	for i := range *a {
		(*a)[i].WriteByte('}')
		args[i] = (*a)[i].String()
	}
	rows, err := tx.QueryContext(ctx, statement, args...)
	_, err = scanAll(rows, err, marks(steps))
	return err
}

// marks reads bill numbers, and marks their steps as stored.
func marks(steps []*step) func(*sql.Rows) (struct{}, error) {
	byBill := make(map[string]*step, len(steps))
	for _, one := range steps {
		byBill[one.after.BillNo] = one
	}
	return func(row *sql.Rows) (struct{}, error) {
		var bill string
		err := row.Scan(&bill)
		if one := byBill[bill]; one != nil {
			one.taken = true
		}
		return struct{}{}, err
	}
}

// makeRows is make with the words of MySQL, which cannot tell what an INSERT has left out.
func (s *sharing) makeRows(ctx context.Context, tx *sql.Tx, fresh []*step) error {
	var args, bills []any
	for _, one := range fresh {
		lease := one.after.Lease.Milliseconds()
		args = append(append(args, one.after.columns()...), lease, lease)
		bills = append(bills, one.after.BillNo)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO midas_orders (`+orderColumns+`, leased_until) VALUES `+repeated(s.orderRow(), len(fresh))+
		s.dialect.ignore("openid, kind, request_id"), args...)
	if err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, `SELECT bill_no FROM midas_orders WHERE bill_no IN (`+repeated("?", len(bills))+`)`, bills...)
	if _, err := scanAll(rows, err, marks(fresh)); err != nil {
		return err
	}
	return s.tellRows(ctx, tx, fresh)
}

// orderRow is the places for an order and, twice, its lease.
func (s *sharing) orderRow() string {
	return `(` + orderPlaces + `, IF(? > 0, ` + s.dialect.now + ` + ?, 0))`
}

// moved has a row that is there take what moves of the one that was given.
const moved = `state = VALUES(state), version = VALUES(version), attempts = VALUES(attempts), unsure_since = VALUES(unsure_since), due_at = VALUES(due_at),
	parked = VALUES(parked), code = VALUES(code), rid = VALUES(rid), note = VALUES(note), updated_at = VALUES(updated_at),
	delivered_at = VALUES(delivered_at), leased_until = VALUES(leased_until)`

// moveRows is move with the words of MySQL. The orders are locked first, so that nothing can come between.
func (s *sharing) moveRows(ctx context.Context, tx *sql.Tx, moves []*step) error {
	byBill := make(map[string]*step, len(moves))
	var bills []any
	for _, one := range moves {
		byBill[one.after.BillNo] = one
		bills = append(bills, one.after.BillNo)
	}
	rows, err := tx.QueryContext(ctx, `SELECT bill_no, version, state FROM midas_orders WHERE bill_no IN (`+repeated("?", len(bills))+`)`+s.dialect.skip, bills...)
	_, err = scanAll(rows, err, func(row *sql.Rows) (struct{}, error) {
		var bill string
		var version int64
		var state State
		err := row.Scan(&bill, &version, &state)
		if one := byBill[bill]; one != nil {
			one.taken = version == one.before.Version && state == one.before.State
		}
		return struct{}{}, err
	})
	if err != nil {
		return err
	}
	var free int
	var args []any
	for _, one := range moves {
		if one.taken {
			lease := one.after.Lease.Milliseconds()
			args = append(append(args, one.after.columns()...), lease, lease)
			free++
		}
	}
	if free == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO midas_orders (`+orderColumns+`, leased_until) VALUES `+repeated(s.orderRow(), free)+
		` ON DUPLICATE KEY UPDATE `+moved, args...)
	if err != nil {
		return err
	}
	return s.tellRows(ctx, tx, moves)
}

// tellRows writes the lines of history of the steps that were stored.
func (s *sharing) tellRows(ctx context.Context, tx *sql.Tx, steps []*step) error {
	var args []any
	lines := 0
	for _, one := range steps {
		if one.taken {
			from := State("")
			if one.before != nil {
				from = one.before.State
			}
			o := one.after
			args = append(args, o.BillNo, o.Version, toMillis(o.UpdatedAt), one.who, from, o.State, o.Code, o.RID, o.Note)
			lines++
		}
	}
	if lines == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO midas_history (`+historyColumns+`) VALUES `+repeated("(?, ?, ?, ?, ?, ?, ?, ?, ?)", lines), args...)
	return err
}

func repeated(place string, n int) string { return place + strings.Repeat(", "+place, n-1) }

package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrBadFilter: a search that cannot be made as it is written.
var ErrBadFilter = errors.New("ledger: bad search")

// maxFound bounds what one search returns.
const maxFound = 1000

// Filter says which orders to look for. Zero values look at nothing; what is set must all hold.
type Filter struct {
	// OpenID is the player.
	OpenID string
	// States and Kinds: the order's is one of these.
	States []State
	Kinds  []Kind
	// BillNo is the bill number, BillPrefix how it begins.
	BillNo, BillPrefix string
	// RequestID is the asker's own name for the order; players may have the same.
	RequestID string
	// From and To bound the time of creation; To is not in it.
	From, To time.Time
	// Open: the order has not ended.
	Open bool
	// Stuck: it has not ended, and that is not its player's to do: nobody has to log in for it, or to pay for goods.
	Stuck bool
	// OldestFirst turns the order round.
	OldestFirst bool
	// Limit is how many orders to return, at most 1000. Zero: 100.
	Limit int
	// After is what an earlier search returned as next: the search goes on behind it.
	After string
}

// Search lists orders, the newest first unless f says otherwise; those of which the bill number's beginning is known,
// by bill number, which grows with time too. next is Filter.After for the rest of them, empty when there is none.
// Orders that are made meanwhile are before the first page and disturb nobody. It reads through indexes only, on
// connections that no player waits for.
func (l *Ledger) Search(ctx context.Context, f Filter) (orders []Order, next string, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	few, err := l.few(inner, f)
	if err != nil {
		return nil, "", unavailable(ctx, "search the orders", err)
	}
	statement, args, err := f.statement(l.dialect, few)
	if err != nil {
		return nil, "", err
	}
	// Not by readOrders, which keeps every statement parsed: there are as many searches as there are questions.
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(statement), args...)
	if orders, err = scanOrders(rows, err); err != nil {
		return nil, "", unavailable(ctx, "search the orders", err)
	}
	if limit := f.limit(); len(orders) > limit {
		orders = orders[:limit]
		last := orders[limit-1]
		next = strconv.FormatInt(toMillis(last.CreatedAt), 10) + "." + last.BillNo
	}
	return orders, next, nil
}

func (f Filter) limit() int { return cmp.Or(f.Limit, 100) }

// fewOrders is up to how many orders in the states and of the kinds that are asked for are all looked at for how their
// bill numbers begin.
const fewOrders = 10_000

// few tells of a search for how bill numbers begin, in some states or of some kinds, that there are few orders in
// these: they are looked through then. Else so many of those that begin so are among them that they are found by that.
func (l *Ledger) few(ctx context.Context, f Filter) (bool, error) {
	if f.BillPrefix == "" || f.byName() || !f.bySort() {
		return false, nil
	}
	var parts []string
	for i, c := range f.sorts() {
		parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT bill_no FROM midas_orders WHERE %s LIMIT %d) AS part%d`, c.text(), fewOrders+1, i))
	}
	if len(parts) == 0 {
		return true, nil
	}
	var n int
	err := l.desk.QueryRowContext(ctx, `SELECT COUNT(*) FROM (`+strings.Join(parts, ` UNION ALL `)+`) AS parts`).Scan(&n)
	return n <= fewOrders, err
}

// byName tells whether one order, a player's or a request's are asked for, bySort whether some states or kinds are.
func (f Filter) byName() bool { return f.BillNo != "" || f.OpenID != "" || f.RequestID != "" }
func (f Filter) bySort() bool { return len(f.States)+len(f.Kinds) > 0 || f.Open || f.Stuck }

// sorts are the states of each kind that are asked for, each as a condition.
func (f Filter) sorts() (all []condition) {
	states, kinds := f.States, f.Kinds
	if len(states) == 0 {
		states = States()
	}
	if len(kinds) == 0 {
		kinds = Kinds()
	}
	for _, k := range kinds {
		for _, s := range states {
			if (f.Open || f.Stuck) && s.Ended() || f.Stuck && k == Goods && s == Paying || !s.Known() || !k.known() {
				continue
			}
			var own condition
			own.add(`kind = '` + string(k) + `' AND state = '` + string(s) + `'`) // ours, so they are written out
			if f.Stuck {
				own.add(`parked = 0`)
			}
			all = append(all, own)
		}
	}
	return all
}

// statement is the filter in SQL, with one order more than the limit. It is written for the indexes there are: one
// order, a player's, those of a request and those whose bill number begins so are found by that, and looked through.
// Else, where a state or a kind is asked for, each kind in each state is a search of its own, which begins where the
// answer is and ends with the limit: a state that is rare among millions is found as fast as one that is not. few is
// Ledger.few's.
func (f Filter) statement(d dialect, few bool) (string, []any, error) {
	if f.Limit < 0 || f.Limit > maxFound {
		return "", nil, fmt.Errorf("%w: a limit is 1 to %d, not %d", ErrBadFilter, maxFound, f.Limit)
	}
	for _, s := range f.States {
		if !s.Known() {
			return "", nil, fmt.Errorf("%w: %q is no state; states are %s", ErrBadFilter, s, list(States()))
		}
	}
	for _, k := range f.Kinds {
		if !k.known() {
			return "", nil, fmt.Errorf("%w: %q is no kind; kinds are %s", ErrBadFilter, k, list(Kinds()))
		}
	}
	bounds, err := f.bounds()
	if err != nil {
		return "", nil, err
	}
	if f.byName() || !f.bySort() || f.BillPrefix != "" && !few {
		all := f.one(d).and(bounds)
		return `SELECT ` + orderColumns + ` FROM midas_orders WHERE ` + all.text() + f.order() + ` LIMIT ?`, append(all.args, f.limit()+1), nil
	}
	within := f.order()
	if f.BillPrefix != "" {
		bounds = bounds.and(f.begins(d.anew)) // few are sorted sooner than all that begin so are read
		within = strings.ReplaceAll(within, "bill_no", d.anew+"bill_no")
	}
	var parts []string
	var args []any
	for i, own := range f.sorts() {
		own = own.and(bounds)
		parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT bill_no AS found_no, created_at AS found_at FROM midas_orders WHERE %s%s LIMIT ?) AS part%d`,
			own.text(), within, i))
		args = append(append(args, own.args...), f.limit()+1)
	}
	if len(parts) == 0 { // open, and in a state that is an end
		return `SELECT ` + orderColumns + ` FROM midas_orders WHERE bill_no = '' LIMIT ?`, []any{1}, nil
	}
	found := strings.NewReplacer("created_at", "found_at", "bill_no", "found_no").Replace(f.order())
	return `SELECT ` + orderColumns + ` FROM (SELECT * FROM (` + strings.Join(parts, ` UNION ALL `) + `) AS parts` + found + ` LIMIT ?) AS found
		JOIN midas_orders ON bill_no = found_no` + f.order(), append(args, f.limit()+1), nil
}

func (f Filter) order() string {
	columns := []string{"created_at", "bill_no"}
	if f.BillPrefix != "" {
		columns = columns[1:]
	}
	if f.OldestFirst {
		return ` ORDER BY ` + strings.Join(columns, `, `)
	}
	return ` ORDER BY ` + strings.Join(columns, ` DESC, `) + ` DESC`
}

// condition is a part of a WHERE.
type condition struct {
	parts []string
	args  []any
}

func (c *condition) add(part string, values ...any) {
	c.parts = append(c.parts, part)
	c.args = append(c.args, values...)
}

func (c condition) and(other condition) condition {
	return condition{slices.Concat(c.parts, other.parts), slices.Concat(c.args, other.args)}
}

func (c condition) text() string { return strings.Join(c.parts, ` AND `) }

// bounds are the period, and where an earlier search ended.
func (f Filter) bounds() (c condition, err error) {
	if !f.From.IsZero() {
		c.add(`created_at >= ?`, toMillis(f.From))
	}
	if !f.To.IsZero() {
		c.add(`created_at < ?`, toMillis(f.To))
	}
	if f.After == "" {
		return c, nil
	}
	created, bill, ok := strings.Cut(f.After, ".")
	ms, err := strconv.ParseInt(created, 10, 64)
	switch {
	case !ok || err != nil:
		return c, fmt.Errorf("%w: %q is not where an earlier search ended", ErrBadFilter, f.After)
	case f.BillPrefix != "" && f.OldestFirst:
		c.add(`bill_no > ?`, bill)
	case f.BillPrefix != "":
		c.add(`bill_no < ?`, bill)
	case f.OldestFirst:
		c.add(`created_at >= ?`, ms)
		c.add(`(created_at > ? OR bill_no > ?)`, ms, bill)
	default:
		c.add(`created_at <= ?`, ms)
		c.add(`(created_at < ? OR bill_no < ?)`, ms, bill)
	}
	return c, nil
}

// begins is how the bill number does.
func (f Filter) begins(aside string) (c condition) {
	c.add(aside+`bill_no >= ?`, f.BillPrefix)
	c.add(aside+`bill_no < ?`, f.BillPrefix+"~") // sorts after every character a bill number may have
	return c
}

// one are the conditions of a search that is not taken apart. States and kinds are not to be searched by there: SQLite,
// which keeps no statistics, would take the index that answers more of the question, and it is told not to.
func (f Filter) one(d dialect) (c condition) {
	if f.OpenID != "" {
		c.add(`openid = ?`, f.OpenID)
	}
	if f.BillNo != "" {
		c.add(`bill_no = ?`, f.BillNo)
	}
	if f.BillPrefix != "" {
		c = c.and(f.begins(""))
	}
	if f.RequestID != "" {
		c.add(`request_id = ?`, f.RequestID)
	}
	if len(f.States) > 0 {
		c.add(d.aside + `state IN ('` + strings.Join(texts(f.States), `', '`) + `')`)
	}
	kinds := f.Kinds
	if len(kinds) == 0 {
		kinds = Kinds()
	}
	c.add(d.aside + `kind IN ('` + strings.Join(texts(kinds), `', '`) + `')`)
	if f.Open || f.Stuck {
		c.add(d.aside + `due_at > 0`)
	}
	if f.Stuck {
		c.add(`parked = 0 AND NOT ` + unpaid)
	}
	return c
}

// Kinds lists every kind of orders.
func Kinds() []Kind { return []Kind{Purchase, Present, Goods, Refund, Credit} }

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

func list[T ~string](values []T) string { return strings.Join(texts(values), ", ") }

// Traced is an order with everything that happened to it, first to last.
type Traced struct {
	Order
	Events []Event
}

// Trace reads an order with its history, or answers ErrNotFound.
func (l *Ledger) Trace(ctx context.Context, billNo string) (Traced, error) {
	o, err := l.Order(ctx, billNo)
	if err != nil {
		return Traced{}, err
	}
	events, err := l.History(ctx, billNo)
	return Traced{o, events}, err
}

package ledger

import (
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

// Search lists orders, the newest first unless f says otherwise. next is Filter.After for the rest of them, empty when there is none. Orders that
// are made meanwhile are before the first page and disturb nobody.
func (l *Ledger) Search(ctx context.Context, f Filter) (orders []Order, next string, err error) {
	where, args, err := f.where()
	if err != nil {
		return nil, "", err
	}
	limit := f.Limit
	if limit == 0 {
		limit = 100
	}
	if limit < 0 || limit > maxFound {
		return nil, "", fmt.Errorf("%w: a limit is 1 to %d, not %d", ErrBadFilter, maxFound, limit)
	}
	inner, cancel := patient(ctx)
	defer cancel()
	// Not by readOrders, which keeps every statement parsed: there are as many searches as there are questions.
	rows, err := l.desk.QueryContext(inner, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders WHERE `+where+f.order()+` LIMIT ?`),
		append(args, limit+1)...)
	if orders, err = scanOrders(rows, err); err != nil {
		return nil, "", unavailable(ctx, "search the orders", err)
	}
	if len(orders) > limit {
		orders = orders[:limit]
		last := orders[limit-1]
		next = strconv.FormatInt(toMillis(last.CreatedAt), 10) + "." + last.BillNo
	}
	return orders, next, nil
}

func (f Filter) order() string {
	if f.OldestFirst {
		return ` ORDER BY created_at, bill_no`
	}
	return ` ORDER BY created_at DESC, bill_no DESC`
}

// where is the filter in SQL. Values of states and kinds are ours and written out, so that an index with a condition on
// them can be used.
func (f Filter) where() (string, []any, error) {
	var parts []string
	var args []any
	add := func(part string, values ...any) {
		parts = append(parts, part)
		args = append(args, values...)
	}
	if f.OpenID != "" {
		add(`openid = ?`, f.OpenID)
	}
	if f.BillNo != "" {
		add(`bill_no = ?`, f.BillNo)
	}
	if f.BillPrefix != "" {
		add(`bill_no >= ?`, f.BillPrefix)
		add(`bill_no < ?`, f.BillPrefix+"~") // sorts after every character a bill number may have
	}
	if f.RequestID != "" {
		add(`request_id = ?`, f.RequestID)
	}
	for _, s := range f.States {
		if !s.Known() {
			return "", nil, fmt.Errorf("%w: %q is no state; states are %s", ErrBadFilter, s, list(States()))
		}
	}
	if len(f.States) > 0 {
		add(`state IN ('` + strings.Join(texts(f.States), `', '`) + `')`)
	}
	if slices.Equal(f.States, []State{Disputed}) { // IN does not prove to every database that the index fits
		add(`state = 'disputed'`)
	}
	for _, k := range f.Kinds {
		if !k.known() {
			return "", nil, fmt.Errorf("%w: %q is no kind; kinds are %s", ErrBadFilter, k, list(Kinds()))
		}
	}
	if len(f.Kinds) > 0 {
		add(`kind IN ('` + strings.Join(texts(f.Kinds), `', '`) + `')`)
	} else {
		add(knownKinds)
	}
	if !f.From.IsZero() {
		add(`created_at >= ?`, toMillis(f.From))
	}
	if !f.To.IsZero() {
		add(`created_at < ?`, toMillis(f.To))
	}
	if f.Open {
		add(`due_at > 0`)
	}
	if f.Stuck {
		add(`due_at > 0 AND parked = 0 AND NOT ` + unpaid)
	}
	if f.After != "" {
		created, bill, ok := strings.Cut(f.After, ".")
		ms, err := strconv.ParseInt(created, 10, 64)
		if !ok || err != nil {
			return "", nil, fmt.Errorf("%w: %q is not where an earlier search ended", ErrBadFilter, f.After)
		}
		if f.OldestFirst {
			add(`created_at >= ?`, ms)
			add(`(created_at > ? OR bill_no > ?)`, ms, bill)
		} else {
			add(`created_at <= ?`, ms)
			add(`(created_at < ? OR bill_no < ?)`, ms, bill)
		}
	}
	return strings.Join(parts, ` AND `), args, nil
}

// Kinds lists every kind of orders.
func Kinds() []Kind { return []Kind{Purchase, Present, Goods, Refund} }

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

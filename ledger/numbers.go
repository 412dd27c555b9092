package ledger

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// NumberKind says whose number a payment with money has.
type NumberKind string

// The numbers that WeChat tells of a payment (midas-protocol.md §3.1, §3.7).
const (
	// MchOrderNo is the merchant's number at WeChat Pay: 商户单号 on the player's receipt.
	MchOrderNo NumberKind = "mch_order_no"
	// TransactionID is WeChat Pay's own: 交易单号 on the receipt, and the one of the bank's statement.
	TransactionID NumberKind = "transaction_id"
	// WxOrderID is the platform's.
	WxOrderID NumberKind = "wx_order_id"
)

// PayNumber is one of WeChat's numbers of a payment.
type PayNumber struct {
	Kind   NumberKind
	Number string
	// Trade is the payment's out_trade_no: the bill number of goods, or a recharge's number.
	Trade  string
	OpenID string
	SeenAt time.Time
}

// maxNumber bounds a number, in bytes. A longer one is none of WeChat's.
const maxNumber = 64

// Valid reports whether a number can be kept.
func (n PayNumber) Valid() bool {
	return n.Number != "" && len(n.Number) <= maxNumber && len(n.Trade) <= maxNumber && !strings.ContainsFunc(n.Number, func(r rune) bool { return r <= ' ' || r > '~' })
}

// NotePayNumbers keeps the numbers of a payment. One that is known for it already, or is not Valid, changes nothing.
func (l *Ledger) NotePayNumbers(ctx context.Context, numbers []PayNumber) error {
	return unavailable(ctx, "keep WeChat Pay's numbers", l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, n := range numbers {
			if !n.Valid() {
				continue
			}
			_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_numbers (number, trade, what, openid, seen_at) VALUES (?, ?, ?, ?, ?)`+
				l.dialect.ignore("number, trade")), n.Number, n.Trade, n.Kind, l.text(ctx, n.OpenID, maxNumber), toMillis(n.SeenAt))
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

const numberColumns = `SELECT number, trade, what, openid, seen_at FROM midas_numbers`

// PayNumbersOf lists the numbers of a payment, by its out_trade_no.
func (l *Ledger) PayNumbersOf(ctx context.Context, trade string) ([]PayNumber, error) {
	return l.payNumbers(ctx, numberColumns+` WHERE trade = ? ORDER BY what`, trade)
}

// PaymentsOf lists the payments that have a number: one, unless somebody's clock or console went wrong.
func (l *Ledger) PaymentsOf(ctx context.Context, number string) ([]PayNumber, error) {
	return l.payNumbers(ctx, numberColumns+` WHERE number = ? ORDER BY trade LIMIT 100`, number)
}

func (l *Ledger) payNumbers(ctx context.Context, query string, args ...any) (list []PayNumber, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	rows, err := l.reads.QueryContext(inner, l.dialect.sql(query), args...)
	if err == nil {
		defer rows.Close()
		for rows.Next() {
			var n PayNumber
			var at int64
			if err = rows.Scan(&n.Number, &n.Trade, &n.Kind, &n.OpenID, &at); err != nil {
				break
			}
			n.SeenAt = fromMillis(at)
			list = append(list, n)
		}
		err = errors.Join(err, rows.Err())
	}
	return list, unavailable(ctx, "look up WeChat Pay's numbers", err)
}

// Found is what a number stands for.
type Found struct {
	// Orders are those whose bill number, request id or WeChat number it is, and refunds of such a payment.
	Orders []Order
	// Recharges are those whose out_trade_no, request id or WeChat number it is.
	Recharges []Recharge
	// Payments are WeChat's numbers that were found by it, or belong to what was found.
	Payments []PayNumber
}

// Find looks up what a number stands for, as a player or a bank statement shows it: exactly, and through an index each
// time.
func (l *Ledger) Find(ctx context.Context, number string) (f Found, err error) {
	trades := []string{number}
	byNumber, err := l.PaymentsOf(ctx, number)
	if err != nil {
		return Found{}, err
	}
	for _, n := range byNumber {
		trades = append(trades, n.Trade)
	}
	seen := map[string]bool{}
	add := func(o Order) {
		if !seen[o.BillNo] {
			seen[o.BillNo] = true
			f.Orders = append(f.Orders, o)
		}
	}
	for _, trade := range trades {
		switch o, err := l.Order(ctx, trade); {
		case err == nil:
			add(o)
		case !errors.Is(err, ErrNotFound):
			return Found{}, err
		}
		switch r, err := l.RechargeOfTrade(ctx, trade); {
		case err == nil:
			f.Recharges = append(f.Recharges, r)
		case !errors.Is(err, ErrNotFound):
			return Found{}, err
		}
		refunds, err := l.toldOf(ctx, trade)
		if err != nil {
			return Found{}, err
		}
		for _, o := range refunds {
			add(o)
		}
	}
	asked, _, err := l.Search(ctx, Filter{RequestID: number, Limit: 100})
	if err != nil {
		return Found{}, err
	}
	for _, o := range asked {
		add(o)
	}
	listed := map[PayNumber]bool{}
	for _, trade := range append(trades, billNumbers(f.Orders)...) {
		numbers, err := l.PayNumbersOf(ctx, trade)
		if err != nil {
			return Found{}, err
		}
		for _, n := range numbers {
			if !listed[n] {
				listed[n] = true
				f.Payments = append(f.Payments, n)
			}
		}
	}
	return f, nil
}

func billNumbers(orders []Order) (list []string) {
	for _, o := range orders {
		list = append(list, o.BillNo)
	}
	return list
}

// toldOf lists the refunds of a payment, and the credit of its coins.
func (l *Ledger) toldOf(ctx context.Context, trade string) ([]Order, error) {
	inner, cancel := patient(ctx)
	defer cancel()
	list, err := scanOrders(l.reads.QueryContext(inner, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders WHERE of_trade = ? AND of_trade <> '' ORDER BY bill_no LIMIT 100`), trade))
	return list, unavailable(ctx, "look up what came of a payment", err)
}

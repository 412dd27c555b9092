package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Trade is a payment with money as the ledger knows it. What becomes of it is decided on all of it at once, see
// [Ledger.SettleTrade].
type Trade struct {
	// Goods are what was paid for; without a BillNo there are none: the payment was for coins, or is not known yet.
	Goods Order
	// Refunds are all that was given back of it, by bill number.
	Refunds []TradeRefund
}

// TradeRefund is one refund of a trade.
type TradeRefund struct {
	BillNo, RefundID string
	Fen              int64
	State            State
	// Verdict is what the host is told. Its zero value: not decided yet.
	Verdict Verdict
}

// Verdict is what the host is told of a refund, the same however often it is told.
type Verdict struct {
	// At is when it was decided; zero: it has not been.
	At time.Time
	// Granted: the goods had been delivered. Whole: nothing of the payment is left.
	Granted, Whole bool
}

// Takes tells that the host is to take the goods away.
func (v Verdict) Takes() bool { return v.Granted && v.Whole }

// Back is how much of the payment was given back, in fen.
func (t Trade) Back() (fen int64) {
	for _, r := range t.Refunds {
		fen += r.Fen
	}
	return fen
}

// Paid is how much was paid, as far as is known: what Midas has said, or else the price of the order.
func (t Trade) Paid() int64 {
	if t.Goods.Paid > 0 {
		return t.Goods.Paid
	}
	return t.Goods.Amount
}

// AllBack tells that nothing of the payment is left.
func (t Trade) AllBack() bool { return t.Goods.BillNo != "" && t.Back() >= t.Paid() }

// Taken tells that some refund has told, or may have told, the host to take the goods away.
func (t Trade) Taken() bool {
	for _, r := range t.Refunds {
		if r.Verdict.Takes() {
			return true
		}
		// Told by a version that kept no verdicts.
		if r.Verdict.At.IsZero() && r.State.Ended() && t.Goods.State == Cancelled && !t.Goods.DeliveredAt.IsZero() {
			return true
		}
	}
	return false
}

// Refund is a trade's refund of that bill number.
func (t Trade) Refund(billNo string) (TradeRefund, bool) {
	for _, r := range t.Refunds {
		if r.BillNo == billNo {
			return r, true
		}
	}
	return TradeRefund{}, false
}

// TradeChange is what is to become of a trade. Its zero value changes nothing.
type TradeChange struct {
	// Goods, if not nil, is the order as it is to be stored.
	Goods *Order
	// Paid, if not 0, is what was paid. It is stored once; whatever works on the order meanwhile is not disturbed by it.
	Paid int64
	// Of, if not empty, is the bill number of the refund that Verdict is of.
	Of      string
	Verdict Verdict
	// Late, if not nil, is a refund of no money that tells the host to take the goods away: that all of the money is back
	// became known only after all its refunds had been told. It has no OfTrade; Verdict is its.
	Late *Order
}

// SettleTrade reads all that is known of a payment, has decide say what is to become of it, and stores that, in one
// transaction in which nobody else changes the goods. decide may be called again and must do nothing but decide. What
// it returns besides is the trade as it was decided on, with the goods as stored.
func (l *Ledger) SettleTrade(ctx context.Context, outTradeNo string, decide func(Trade) TradeChange) (t Trade, c TradeChange, err error) {
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t = Trade{}
		goods, err := scanOrder(tx.QueryRowContext(ctx, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders
			WHERE bill_no = ? AND kind = ?`+l.dialect.lock), outTradeNo, Goods))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		t.Goods = goods
		if t.Refunds, err = l.refundsOf(ctx, tx, outTradeNo); err != nil {
			return err
		}
		c = decide(t)
		return l.changeTrade(ctx, tx, outTradeNo, &t, c)
	})
	l.recent.changed(t.Goods.OpenID)
	return t, c, unavailable(ctx, "settle what was paid as "+outTradeNo, err)
}

func (l *Ledger) changeTrade(ctx context.Context, tx *sql.Tx, outTradeNo string, t *Trade, c TradeChange) error {
	if c.Paid != 0 {
		_, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_orders SET paid = ? WHERE bill_no = ? AND paid = 0`), c.Paid, outTradeNo)
		if err != nil {
			return err
		}
		t.Goods.Paid = c.Paid
	}
	if c.Goods != nil {
		before, after := t.Goods, *c.Goods
		reopened := before.State == Cancelled && before.DeliveredAt.IsZero() && after.State == Paid
		if !Goods.Allows(before.State, after.State) && !reopened {
			return fmt.Errorf("%w: bill %s from %s to %s", errBadStep, before.BillNo, before.State, after.State)
		}
		after.Version = before.Version + 1
		after.Paid = t.Goods.Paid
		if err := l.replace(ctx, tx, l.who, before, after); err != nil {
			return err
		}
		t.Goods = after
		// A refund that waits for news of them need not wait longer. One that somebody works on is left alone: made due, and
		// leased still, a restart would not find it before its lease has ended.
		_, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_orders SET due_at = ? WHERE of_trade = ? AND of_trade <> '' AND kind = ? AND state = ?
			AND due_at > ? AND leased_until <= `+l.dialect.now), toMillis(after.UpdatedAt), outTradeNo, Refund, Paid, toMillis(after.UpdatedAt))
		if err != nil {
			return err
		}
	}
	if c.Late != nil {
		if _, _, err := l.insertRefund(ctx, tx, *c.Late, outTradeNo, 0); err != nil {
			return err
		}
		return l.decideRefund(ctx, tx, c.Late.RequestID, c.Verdict)
	}
	if c.Of == "" {
		return nil
	}
	r, found := t.Refund(c.Of)
	if !found {
		return fmt.Errorf("%w: refund %s of %s", ErrNotFound, c.Of, outTradeNo)
	}
	// One that a version without verdicts has stored beside this one has no row yet.
	if err := l.nameRefund(ctx, tx, r.RefundID, r.BillNo, outTradeNo, r.Fen); err != nil {
		return err
	}
	return l.decideRefund(ctx, tx, r.RefundID, c.Verdict)
}

func (l *Ledger) refundsOf(ctx context.Context, tx *sql.Tx, outTradeNo string) ([]TradeRefund, error) {
	rows, err := tx.QueryContext(ctx, l.dialect.sql(`SELECT o.bill_no, o.request_id, o.amount, o.state,
		COALESCE(r.decided_at, 0), COALESCE(r.granted, 0), COALESCE(r.whole, 0)
		FROM midas_orders o LEFT JOIN midas_refunds r ON r.refund_id = o.request_id
		WHERE o.of_trade = ? AND o.of_trade <> '' AND o.kind = 'refund' ORDER BY o.bill_no`), outTradeNo)
	all, err := scanAll(rows, err, func(row *sql.Rows) (r TradeRefund, err error) {
		var at int64
		err = row.Scan(&r.BillNo, &r.RefundID, &r.Fen, &r.State, &at, &r.Verdict.Granted, &r.Verdict.Whole)
		r.Verdict.At = fromMillis(at)
		return r, err
	})
	if err != nil {
		return nil, err
	}
	// An earlier version could store one refund twice, before and after its player was known. It is one.
	once := all[:0]
	seen := map[string]bool{}
	for _, r := range all {
		if !seen[r.RefundID] {
			seen[r.RefundID] = true
			once = append(once, r)
		}
	}
	rows, err = tx.QueryContext(ctx, l.dialect.sql(`SELECT bill_no, refund_id, decided_at, granted, whole FROM midas_refunds
		WHERE refund_id = ?`), LateRefundID(outTradeNo))
	late, err := scanAll(rows, err, func(row *sql.Rows) (r TradeRefund, err error) {
		var at int64
		err = row.Scan(&r.BillNo, &r.RefundID, &at, &r.Verdict.Granted, &r.Verdict.Whole)
		r.Verdict.At, r.State = fromMillis(at), Paid
		return r, err
	})
	return append(once, late...), err
}

// LateRefundID names the refund of no money of a trade (TradeChange.Late), which there is at most once.
func LateRefundID(outTradeNo string) string {
	sum := sha256.Sum256([]byte(outTradeNo))
	return "whole-" + hex.EncodeToString(sum[:16])
}

func (l *Ledger) decideRefund(ctx context.Context, tx *sql.Tx, refundID string, v Verdict) error {
	_, err := tx.ExecContext(ctx, l.dialect.sql(`UPDATE midas_refunds SET decided_at = ?, granted = ?, whole = ?
		WHERE refund_id = ? AND decided_at = 0`), toMillis(v.At), toBit(v.Granted), toBit(v.Whole), refundID)
	return err
}

func (l *Ledger) nameRefund(ctx context.Context, tx *sql.Tx, refundID, billNo, outTradeNo string, fen int64) error {
	_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_refunds (refund_id, bill_no, of_trade, fen, decided_at, granted, whole)
		VALUES (?, ?, ?, ?, 0, 0, 0)`+l.dialect.ignore("refund_id")), refundID, billNo, outTradeNo, fen)
	return err
}

// insertRefund stores a refund unless there is one of its RequestID, whoever's it is.
func (l *Ledger) insertRefund(ctx context.Context, tx *sql.Tx, o Order, outTradeNo string, fen int64) (stored Order, created bool, err error) {
	// Before: the row of an earlier version's refund, which is in no list of refunds.
	earlier, err := scanOrder(tx.QueryRowContext(ctx, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders
		WHERE of_trade = ? AND of_trade <> '' AND kind = ? AND request_id = ? ORDER BY bill_no LIMIT 1`), outTradeNo, Refund, o.RequestID))
	switch {
	case err == nil:
		return earlier, false, nil
	case !errors.Is(err, ErrNotFound):
		return Order{}, false, err
	}
	if err := l.nameRefund(ctx, tx, o.RequestID, o.BillNo, outTradeNo, fen); err != nil {
		return Order{}, false, err
	}
	var billNo string
	err = tx.QueryRowContext(ctx, l.dialect.sql(`SELECT bill_no FROM midas_refunds WHERE refund_id = ?`+l.dialect.lock), o.RequestID).Scan(&billNo)
	if err != nil {
		return Order{}, false, err
	}
	if billNo != o.BillNo {
		stored, err = scanOrder(tx.QueryRowContext(ctx, l.dialect.sql(`SELECT `+orderColumns+` FROM midas_orders WHERE bill_no = ?`), billNo))
		return stored, false, err
	}
	if _, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_orders (`+orderColumns+`) VALUES (`+orderPlaces+`)`), o.columns()...); err != nil {
		return Order{}, false, err
	}
	return o, true, l.addHistory(ctx, tx, l.who, o, "")
}

// CreateRefund stores that money was given back, once for each RequestID, which is Midas's name for the refund: a
// repeat that knows the player now, and the first did not, is the same refund. ErrMismatch: it was told before with
// another amount, or of another payment.
func (l *Ledger) CreateRefund(ctx context.Context, o Order) (stored Order, created bool, err error) {
	o.State, o.Version = o.Kind.begins(), 1
	err = l.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		stored, created, err = l.insertRefund(ctx, tx, o, o.OfTrade, o.Amount)
		return err
	})
	switch {
	case err != nil:
		return Order{}, false, unavailable(ctx, "store refund "+o.RequestID, err)
	case stored.Amount != o.Amount || stored.OfTrade != o.OfTrade:
		return stored, false, fmt.Errorf("%w: refund %q is bill %s, of %d fen of %s", ErrMismatch, o.RequestID, stored.BillNo, stored.Amount, stored.OfTrade)
	default:
		return stored, created, nil
	}
}

// Refunded is how much of a payment has been given back, in fen, as far as the ledger has heard.
func (l *Ledger) Refunded(ctx context.Context, outTradeNo string) (fen int64, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.reads.QueryRowContext(inner, l.dialect.sql(`SELECT COALESCE(SUM(fen), 0) FROM (SELECT MAX(amount) AS fen FROM midas_orders
		WHERE of_trade = ? AND of_trade <> '' AND kind = ? GROUP BY request_id) AS refunds`), outTradeNo, Refund).Scan(&fen)
	return fen, unavailable(ctx, "sum up what was given back of "+outTradeNo, err)
}

// RefundNamed reads of which payment a refund is, and what the host is told of it; ErrNotFound if no version that keeps
// verdicts has stored it.
func (l *Ledger) RefundNamed(ctx context.Context, refundID string) (outTradeNo string, v Verdict, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	var at int64
	err = l.reads.QueryRowContext(inner, l.dialect.sql(`SELECT of_trade, decided_at, granted, whole FROM midas_refunds WHERE refund_id = ?`), refundID).
		Scan(&outTradeNo, &at, &v.Granted, &v.Whole)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	v.At = fromMillis(at)
	return outTradeNo, v, unavailable(ctx, "read refund "+refundID, err)
}

// FailedGoods lists up to limit of a player's goods that were given up, the newest first.
func (l *Ledger) FailedGoods(ctx context.Context, openid string, limit int) ([]Order, error) {
	return l.readOrders(ctx, "list a player's goods that were given up", `openid = ? AND kind = ? AND state = ? ORDER BY bill_no DESC LIMIT ?`,
		openid, Goods, Failed, limit)
}

// ID is the ledger's own name, made when it is opened first: it tells one ledger of a game from another.
func (l *Ledger) ID(ctx context.Context) (id string, err error) {
	inner, cancel := patient(ctx)
	defer cancel()
	err = l.reads.QueryRowContext(inner, `SELECT id FROM midas_self WHERE one = 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return id, unavailable(ctx, "read the ledger's name", err)
}

// nameItself gives the ledger a name unless it has one.
func (l *Ledger) nameItself(ctx context.Context) error {
	if _, err := l.ID(ctx); !errors.Is(err, ErrNotFound) {
		return err
	}
	return l.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, l.dialect.sql(`INSERT INTO midas_self (one, id) VALUES (1, ?)`+l.dialect.ignore("one")), rand.Text()[:16])
		return err
	})
}

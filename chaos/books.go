package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// books are the ledger's, the game's and Midas's.
type books struct {
	bills                                         int
	bought, deducted, givenBack, delivered, items int64
	states                                        []stateCount
	differences                                   []string
}

type stateCount struct {
	state  ledger.State
	orders int64
}

// balance compares all books.
func (w *world) balance(ctx context.Context) (books, error) {
	var b books
	granted, items, err := w.granted()
	if err != nil {
		return b, err
	}
	audit, err := plugin.AuditOf(ctx, w.config, plugin.AuditRequest{Granted: granted})
	if err != nil {
		return b, err
	}
	for _, d := range audit.Differences {
		b.differences = append(b.differences, d.String())
	}
	differ := func(format string, args ...any) { b.differences = append(b.differences, fmt.Sprintf(format, args...)) }
	if audit.Unchecked > 0 {
		differ("%d accounts could not be compared with Midas", audit.Unchecked)
	}

	orders, err := ledger.Open(ctx, w.database.config)
	if err != nil {
		return b, err
	}
	defer orders.Close()
	sums, err := orders.Books(ctx)
	if err != nil {
		return b, err
	}
	for _, s := range ledger.States() {
		if n := sums.Orders[s]; n > 0 {
			b.states = append(b.states, stateCount{s, n})
			if !s.Ended() || s == ledger.Disputed {
				differ("%d orders are %s", n, s)
			}
		}
	}
	quantity := int64(0)
	for after := ""; ; {
		page, err := orders.Changed(ctx, time.Time{}, time.Time{}, after, 500)
		if err != nil {
			return b, err
		}
		for _, o := range page {
			if after = o.BillNo; o.State == ledger.Delivered {
				quantity += o.Quantity
			}
		}
		if len(page) == 0 {
			break
		}
	}
	if quantity != items {
		differ("%d items were delivered, and %d lie in the bags", quantity, items)
	}
	totals := w.emu.Totals()
	b.bills, b.bought, b.deducted, b.givenBack = len(w.emu.Bills()), totals.Recharged, totals.Deducted, totals.GivenBack
	b.delivered, b.items = sums.Coins[ledger.Delivered], items
	if b.deducted-b.givenBack != b.delivered {
		differ("Midas keeps %d coins, the ledger has delivered %d", b.deducted-b.givenBack, b.delivered)
	}
	if int64(len(granted)) != sums.Orders[ledger.Delivered] {
		differ("the game has granted %d orders, the ledger has delivered %d", len(granted), sums.Orders[ledger.Delivered])
	}
	return b, nil
}

// granted reads the game's own database: which bills it granted, and how many items lie in its bags.
func (w *world) granted() (bills map[string]int, items int64, err error) {
	db, err := sql.Open("sqlite", w.game)
	if err != nil {
		return nil, 0, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT bill_no FROM granted`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	bills = map[string]int{}
	for rows.Next() {
		var bill string
		if err := rows.Scan(&bill); err != nil {
			return nil, 0, err
		}
		bills[bill]++
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	return bills, items, db.QueryRow(`SELECT COALESCE(SUM(count), 0) FROM bags`).Scan(&items)
}

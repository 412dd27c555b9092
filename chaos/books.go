package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// books are the ledger's, the game's and Midas's.
type books struct {
	bills                                         int
	bought, deducted, givenBack, delivered, items int64
	trades, refunds, fen, fenBack                 int64 // of goods
	recharges                                     int64 // by number
	points                                        int64 // that the game gave for bought coins
	pushes                                        int
	states                                        []stateCount
	differences                                   []string
}

type stateCount struct {
	state  ledger.State
	orders int64
}

// newGame makes the game's database before the game does, and has it write down by itself what comes into a bag, and
// for which bill: the game grants a bill once by a key of its own, and whether that holds is not to be taken from its
// word.
func newGame(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.Exec(`
		CREATE TABLE granted (bill_no TEXT PRIMARY KEY) STRICT;
		CREATE TABLE bags (openid TEXT, item_id TEXT, count INTEGER NOT NULL, PRIMARY KEY (openid, item_id)) STRICT;
		CREATE TABLE asked (bill_no TEXT NOT NULL) STRICT;
		INSERT INTO asked VALUES ('');
		CREATE TABLE received (bill_no TEXT NOT NULL, openid TEXT NOT NULL, item_id TEXT NOT NULL, count INTEGER NOT NULL) STRICT;
		CREATE TRIGGER asked_for BEFORE INSERT ON granted BEGIN UPDATE asked SET bill_no = NEW.bill_no; END;
		CREATE TRIGGER received_first AFTER INSERT ON bags WHEN NEW.count > 0 BEGIN
			INSERT INTO received SELECT bill_no, NEW.openid, NEW.item_id, NEW.count FROM asked; END;
		CREATE TRIGGER received_more AFTER UPDATE ON bags WHEN NEW.count > OLD.count BEGIN
			INSERT INTO received SELECT bill_no, NEW.openid, NEW.item_id, NEW.count - OLD.count FROM asked; END`)
	return errors.Join(err, db.Close())
}

// receipt is what came into bags for one bill, and how often.
type receipt struct {
	times        int
	items        int64
	openid, item string
}

// balance compares all books.
func (w *world) balance(ctx context.Context) (books, error) {
	var b books
	received, items, err := w.received()
	if err != nil {
		return b, err
	}
	granted := make(map[string]int, len(received))
	for bill, r := range received {
		granted[bill] = r.times
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
			after = o.BillNo
			if o.State == ledger.Delivered && (o.Kind == ledger.Purchase || o.Kind == ledger.Goods) {
				quantity += o.Quantity
			}
			if r, got := received[o.BillNo]; got && (r.items != o.Quantity || r.item != o.ItemID || r.openid != o.OpenID) {
				differ("bill %s is for %d of %s, and brought %d of %s (player %s, got by %s)", o.BillNo, o.Quantity, o.ItemID, r.items, r.item, o.OpenID, r.openid)
			}
			if o.Kind == ledger.Goods {
				w.compareGoods(o.Order, granted, differ)
			}
		}
		if len(page) == 0 {
			break
		}
	}
	if quantity != items {
		differ("%d items were delivered, and %d lie in the bags", quantity, items)
	}
	w.compareBills(ctx, orders, granted, differ)
	totals := w.emu.Totals()
	b.bills, b.bought, b.deducted, b.givenBack = len(w.emu.Bills()), totals.Recharged, totals.Deducted, totals.GivenBack
	b.delivered, b.items = sums.Coins[ledger.Delivered], items
	if b.deducted-b.givenBack != b.delivered {
		differ("Midas keeps %d coins, the ledger has delivered %d", b.deducted-b.givenBack, b.delivered)
	}
	if n := sums.Orders[ledger.Delivered]; !w.money() && int64(len(granted)) != n {
		differ("the game has granted %d orders, the ledger has delivered %d", len(granted), n)
	}
	if err := w.compareVIP(ctx, orders, &b, differ); err != nil {
		return b, err
	}
	return b, w.compareTrades(ctx, orders, sums, &b, differ)
}

// compareVIP looks at what the game was told of bought coins: each of them once, none that did not come, all that were
// looked at.
func (w *world) compareVIP(ctx context.Context, orders *ledger.Ledger, b *books, differ func(string, ...any)) error {
	db, err := sql.Open("sqlite", w.game)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT openid, SUM(points), MIN(total - points), MAX(total) FROM vip GROUP BY openid`)
	if err != nil {
		return err
	}
	defer rows.Close()
	env := emulator.Env(w.config.Env)
	for rows.Next() {
		var openid string
		var points, first, last int64
		if err := rows.Scan(&openid, &points, &first, &last); err != nil {
			return err
		}
		b.points += points
		known, err := orders.Account(ctx, openid, "1")
		if err != nil {
			return err
		}
		saved := w.emu.Account(env, openid, "1").SaveAmt
		if points != last-first || last > saved || last < known.SaveAmt {
			differ("player %s has %d points for the coins from %d to %d; Midas has sold %d, of which the ledger has seen %d", openid, points, first, last, saved, known.SaveAmt)
		}
	}
	return rows.Err()
}

// compareBills asks Midas for its bills and the game for what came into its bags, and nobody else: what was deducted
// and not given back has come, once, and nothing else has.
func (w *world) compareBills(ctx context.Context, orders *ledger.Ledger, granted map[string]int, differ func(string, ...any)) {
	kept := map[string]bool{}
	for _, b := range w.emu.Bills() {
		if b.State != emulator.BillCancelled {
			kept[b.BillNo] = true
			if granted[b.BillNo] != 1 {
				differ("bill %s of %d coins was deducted (%s) and not given back, and was granted %d times\n%s",
					b.BillNo, b.Amount, b.CreatedAt.Format(time.TimeOnly), granted[b.BillNo], life(ctx, orders, b.BillNo))
			}
		}
	}
	trades := w.trades()
	for bill, times := range granted {
		if _, goods := trades[bill]; !goods && !kept[bill] {
			differ("bill %s was granted %d times, and Midas keeps nothing for it", bill, times)
		}
	}
}

// life is what the ledger has of an order, for whoever looks for a fault. Where it was read it is as old as the run
// made it.
func life(ctx context.Context, orders *ledger.Ledger, billNo string) string {
	o, err := orders.Order(ctx, billNo)
	text := fmt.Sprintf("    now %s: %+v, %v\n", time.Now().UTC().Format(time.TimeOnly), o, err)
	recheck, err := orders.Recheck(ctx, billNo)
	text += fmt.Sprintf("    %+v, %v\n", recheck, err)
	history, err := orders.History(ctx, billNo)
	for _, e := range history {
		text += fmt.Sprintf("    %+v\n", e)
	}
	if err != nil {
		text += err.Error()
	}
	return text
}

// compareGoods looks at one order for goods.
func (w *world) compareGoods(o ledger.Order, granted map[string]int, differ func(string, ...any)) {
	t, paid := w.trades()[o.BillNo]
	want := ledger.Delivered
	switch {
	case !paid && o.State == ledger.Failed: // nobody paid for days
		want = ledger.Failed
	case !paid:
		want = ledger.Paying
	case t.RefundedFen > 0:
		want = ledger.Cancelled
	}
	if o.State != want || (granted[o.BillNo] == 1) != (!o.DeliveredAt.IsZero()) || granted[o.BillNo] > 1 {
		differ("goods %s are %s (%s), paid for: %t, %d fen given back, granted %d times", o.BillNo, o.State, o.Note, paid, t.RefundedFen, granted[o.BillNo])
	}
}

// compareTrades looks for payments that the ledger does not know. How many coins a recharge brought only its push
// tells: without one a guess shares out what the balance grew by, and other coins come at the same time.
func (w *world) compareTrades(ctx context.Context, orders *ledger.Ledger, sums ledger.Books, b *books, differ func(string, ...any)) error {
	told := map[string]bool{}
	for _, p := range w.emu.Pushes() {
		told[p.OutTradeNo] = told[p.OutTradeNo] || p.Acknowledged
	}
	for number, t := range w.trades() {
		b.fenBack += t.RefundedFen
		if t.RefundedFen > 0 {
			b.refunds++
		}
		if !t.Goods {
			b.recharges++
			r, err := orders.RechargeOfTrade(ctx, number)
			if err != nil || r.State != ledger.RechargeCredited || r.Coins < 1 || told[number] && r.Coins != 60 {
				differ("recharge %s was paid for (told by a push: %t) and is %+v, %v", number, told[number], r, err)
			}
			continue
		}
		b.trades, b.fen = b.trades+1, b.fen+t.TotalFen
		if _, err := orders.Order(ctx, number); err != nil {
			differ("goods %s were paid for: %v", number, err)
		}
	}
	if b.refunds != sums.Refunds || b.fenBack != sums.RefundedFen || b.fen-b.fenBack != sums.Fen[ledger.Delivered] {
		differ("%d fen paid for goods, %d given back in %d refunds; the ledger has %d delivered and %d given back in %d", b.fen, b.fenBack, b.refunds,
			sums.Fen[ledger.Delivered], sums.RefundedFen, sums.Refunds)
	}
	b.pushes = len(w.emu.Pushes())
	return nil
}

// received reads the game's own database: what came into bags by bill, and how many items lie in them.
func (w *world) received() (bills map[string]receipt, items int64, err error) {
	db, err := sql.Open("sqlite", w.game)
	if err != nil {
		return nil, 0, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT bill_no, COUNT(*), SUM(count), MIN(openid), MIN(item_id) FROM received GROUP BY bill_no`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	bills = map[string]receipt{}
	for rows.Next() {
		var bill string
		var r receipt
		if err := rows.Scan(&bill, &r.times, &r.items, &r.openid, &r.item); err != nil {
			return nil, 0, err
		}
		bills[bill] = r
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	return bills, items, db.QueryRow(`SELECT COALESCE(SUM(count), 0) FROM bags`).Scan(&items)
}

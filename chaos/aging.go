package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// Some deductions land at Midas long after everybody has given them up: ten minutes, or a day. A run is not as long as
// that. Instead the ledger grows older while no server runs: every time in it is moved into the past, which is to the
// servers as if so much time had passed.

// stage is a promise about deductions that land late, and when it is looked at. It begins with the landing of what
// is due, by Midas's clock, and then lets the ledger grow older.
type stage struct {
	name  string
	lands time.Duration // by how much Midas's clock moves on
	ages  []time.Duration
	midas bool // grows older, too
	judge bool
}

// The delays of late commits, by Midas's clock, which a storm moves on by stormPace for each kill: none of the later
// ones comes within it.
const stormPace = 10 * time.Second

// killTakes is what a kill takes of real time at most, on average: it passes by Midas's clock, too.
const killTakes = 4 * time.Second

func (w *world) stages() []stage {
	later := w.latest()
	soon, late := 55*time.Minute, "up to ten minutes late, found within the hour"
	if run := time.Since(w.begun) + 5*time.Minute; run > 10*time.Minute {
		// What landed "ten minutes late" is as late as the run is long: a look comes when an order is some three times as
		// old.
		soon = 4 * run
		late = fmt.Sprintf("up to %s late, found within %s", run.Round(time.Minute), soon.Round(time.Minute))
	}
	return []stage{
		{name: "up to a minute late, found within 5 minutes", ages: []time.Duration{5 * time.Minute}, judge: true},
		{name: late, lands: later, ages: []time.Duration{soon}, judge: true},
		{name: "not landed for a day", ages: []time.Duration{20*time.Hour - 5*time.Minute - soon}, midas: true},
		{name: "a day late, found while its number lives", lands: day, ages: []time.Duration{6 * time.Hour, 20 * time.Hour, 45 * time.Minute}, judge: true},
		{name: "and its number dead", ages: []time.Duration{4 * time.Hour}, midas: true, judge: true},
	}
}

const day = 24 * time.Hour

// repeats is how far Midas's clock is moved on at most for pushes that it repeats, 15 of them over a day (§3.7).
const repeats = 25 * time.Hour

// latest is when a deduction lands, after it was sent, that is not to land before the stage it belongs to.
func (w *world) latest() time.Duration {
	longest := time.Duration(w.options.kills+patience)*(stormPace+killTakes) + 30*time.Minute
	if w.money() {
		longest += repeats
	}
	return longest
}

// lateFaults are deductions that land after their callers have given up, and of which Midas knows nothing until then.
func (w *world) lateFaults() (all emulator.Faults) {
	for _, delay := range []time.Duration{5 * time.Second, 20 * time.Second, 50 * time.Second, w.latest(), w.latest() + day} {
		all = append(all, emulator.Chance{Probability: 0.004, Fault: emulator.Fault{Kind: emulator.LateCommit, Delay: delay, Unseen: true}})
	}
	return all
}

// grow lets the ledger grow older. No server runs.
func (w *world) grow(ctx context.Context, by time.Duration) error {
	db, err := w.openDatabase()
	if err != nil {
		return err
	}
	defer db.Close()
	tables, err := w.timeColumns(ctx, db)
	if err != nil {
		return err
	}
	for table, columns := range tables {
		var set []string
		for _, c := range columns {
			set = append(set, fmt.Sprintf("%s = CASE WHEN %s > %d THEN %s - %d ELSE %s END", c, c, by.Milliseconds(), c, by.Milliseconds(), c))
		}
		if _, err := db.ExecContext(ctx, "UPDATE "+table+" SET "+strings.Join(set, ", ")); err != nil {
			return fmt.Errorf("let %s grow older: %w", table, err)
		}
	}
	return nil
}

// dueNow counts what the ledger has to be looked at, by table.
func (w *world) dueNow(ctx context.Context) (n int, err error) {
	db, err := w.openDatabase()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	tables, err := w.timeColumns(ctx, db)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	for _, s := range w.servers { // those of the storm may be behind
		if at := time.Now().Add(s.clock.at(time.Now())); at.Before(now) {
			now = at
		}
	}
	for table, columns := range tables {
		for _, c := range columns {
			if c != "due_at" && c != "look_at" || table == "midas_orders" { // open orders are counted by themselves
				continue
			}
			var due int
			if err := db.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE %s > 0 AND %s <= %d", table, c, c, now.UnixMilli())).Scan(&due); err != nil {
				return 0, err
			}
			n += due
		}
	}
	return n, nil
}

// timeColumns are the columns with a time, by table. The history is never changed, and the migrations are goose's.
func (w *world) timeColumns(ctx context.Context, db *sql.DB) (map[string][]string, error) {
	query := `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`
	switch w.options.driver {
	case "postgres":
		query = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`
	case "mysql":
		query = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()`
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tables := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		isTime := strings.HasSuffix(column, "_at") || strings.HasSuffix(column, "_since") || strings.HasSuffix(column, "_until")
		if isTime && strings.HasPrefix(table, "midas_") && table != "midas_history" && table != "midas_migrations" {
			tables[table] = append(tables[table], column)
		}
	}
	return tables, rows.Err()
}

// endGame ends every order, and then has what is late land, and time pass, until every promise about it has been looked
// at.
func (w *world) endGame(ctx context.Context, c *crowd) error {
	if err := w.settle(ctx, c); err != nil {
		return err
	}
	if w.options.without[faultLate] {
		return w.stopAll()
	}
	for _, st := range w.stages() {
		fmt.Println("deductions", st.name)
		w.emu.Advance(st.lands)
		for _, by := range st.ages {
			if err := w.stopAll(); err != nil {
				return err
			}
			if err := w.grow(ctx, by); err != nil {
				return err
			}
			if st.midas {
				w.emu.Advance(by)
			}
			for _, s := range w.servers {
				if err := s.start(ctx); err != nil {
					return err
				}
			}
			if w.mail != nil {
				w.mail.again(ctx, w.weather.dice)
			}
			if err := w.settle(ctx, c); err != nil {
				return fmt.Errorf("%s: %w", st.name, err)
			}
		}
		if !st.judge {
			continue
		}
		if err := w.stopAll(); err != nil {
			return err
		}
		b, err := w.balance(ctx)
		if err != nil {
			return err
		}
		if len(b.differences) > 0 {
			return fmt.Errorf("%w: a deduction %s: \n  %s", errBooks, st.name, strings.Join(b.differences, "\n  "))
		}
		for _, s := range w.servers {
			if err := s.start(ctx); err != nil {
				return err
			}
		}
	}
	return w.stopAll()
}

func (w *world) stopAll() error {
	for _, s := range w.servers {
		if err := s.stop(); err != nil {
			return err
		}
	}
	return nil
}

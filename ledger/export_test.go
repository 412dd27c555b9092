package ledger

import (
	"context"
	"strings"
)

// CountOpenStatement and FirstOfStatement are what Backlog asks.
var CountOpenStatement, FirstOfStatement = countOpen, firstOf

// ExplainSearch tells how the database goes about a search.
func ExplainSearch(ctx context.Context, l *Ledger, f Filter) (string, error) {
	few, err := l.few(ctx, f)
	if err != nil {
		return "", err
	}
	statement, args, err := f.statement(l.dialect, few)
	if err != nil {
		return "", err
	}
	return Explain(ctx, l, statement, args...)
}

// Explain tells how the database goes about a statement, whose placeholders are "?".
func Explain(ctx context.Context, l *Ledger, statement string, args ...any) (string, error) {
	how := map[string]string{"sqlite": "EXPLAIN QUERY PLAN ", "postgres": "EXPLAIN ", "mysql": "EXPLAIN "}[l.dialect.name]
	rows, err := l.desk.QueryContext(ctx, how+l.dialect.sql(statement), args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var plan strings.Builder
	for rows.Next() {
		values := make([]*string, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		for i, v := range values {
			if v != nil {
				plan.WriteString(columns[i] + "=" + *v + " ")
			}
		}
		plan.WriteString("\n")
	}
	return plan.String(), rows.Err()
}

// What is told out of memory, for tests of its bounds.
const (
	MostRecentOrders = mostRecentOrders
	MostRecentLists  = mostRecentLists
)

func RecentLists(l *Ledger) int     { return l.recent.lists.Len() }
func RecentEnded(l *Ledger) int     { return l.recent.ended.Len() }
func KeepRecent(l *Ledger, o Order) { l.recent.keep(o, l.recent.now(o.OpenID)) }

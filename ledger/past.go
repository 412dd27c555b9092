package ledger

import (
	"context"
	"errors"
	"math"
	"strings"
)

// PastRecharge is a recharge as its player is told of it.
type PastRecharge struct {
	Recharge
	// Late: it was credited after its payment window had been closed, or had failed.
	Late bool
	// Numbers are WeChat's of its payment, as far as they are known.
	Numbers []PayNumber
}

// Recharges lists a player's recharges, newest first: at most limit of those that were begun before the one with the
// request id before, or from the newest where before is empty. It lists none if there is no such recharge.
func (l *Ledger) Recharges(ctx context.Context, openid, before string, limit int) ([]PastRecharge, error) {
	const doing = "list a player's recharges"
	inner, cancel := patient(ctx)
	defer cancel()
	at := int64(math.MaxInt64)
	if before != "" {
		last, err := l.Recharge(ctx, openid, before)
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		at = toMillis(last.CreatedAt)
	}
	list, err := scanRecharges(l.query(inner, l.dialect.sql(`SELECT `+rechargeColumns+` FROM midas_recharges
		WHERE openid = ? AND (created_at < ? OR created_at = ? AND request_id < ?) ORDER BY created_at DESC, request_id DESC LIMIT ?`),
		openid, at, at, before, limit))
	if err != nil {
		return nil, unavailable(ctx, doing, err)
	}
	past := make([]PastRecharge, len(list))
	byTrade := map[string]*PastRecharge{}
	var trades []any
	for i, r := range list {
		past[i] = PastRecharge{Recharge: r, Late: r.State == RechargeCredited && (r.was == RechargeCancelled || r.was == RechargeFailed)}
		if r.OutTradeNo != "" {
			byTrade[r.OutTradeNo] = &past[i]
			trades = append(trades, r.OutTradeNo)
		}
	}
	if len(trades) == 0 {
		return past, nil
	}
	numbers, err := l.payNumbers(ctx, numberColumns+` WHERE trade IN (?`+strings.Repeat(", ?", len(trades)-1)+`) ORDER BY what`, trades...)
	for _, n := range numbers {
		r := byTrade[n.Trade]
		r.Numbers = append(r.Numbers, n)
	}
	return past, unavailable(ctx, doing, err)
}

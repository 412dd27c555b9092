package payment

import (
	"context"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// keyring makes calls with one session key of a player's after another until Midas takes one. A call that is refused
// for its key has moved nothing, so the same call, with the same bill number, may be made again at once. It is sent
// under the context of the first, and not after that has ended.
type keyring struct {
	midas.API
	sessions *sessions
}

// refusedKeys is a refusal because of the session keys that a call was signed with, one after another.
type refusedKeys struct {
	error
	tried []midas.Secret
}

func (e refusedKeys) Unwrap() error { return e.error }

func withKeys[T any](ctx context.Context, k keyring, p midas.Player, call func(midas.Player) (T, error)) (T, error) {
	var tried []midas.Secret
	for {
		answer, err := call(p)
		if midas.VerdictOf(err) != midas.VerdictLogin {
			if err == nil && len(tried) > 0 {
				k.sessions.worked(p.OpenID, p.SessionKey)
			}
			return answer, err
		}
		tried = append(tried, p.SessionKey)
		if p.SessionKey == "" {
			return answer, refusedKeys{err, tried}
		}
		k.sessions.refused(context.WithoutCancel(ctx), p.OpenID, p.SessionKey)
		next, unread := k.sessions.next(ctx, p.OpenID, tried)
		if unread != nil || next == "" || ctx.Err() != nil || len(tried) > ledger.MaxSessions {
			return answer, refusedKeys{err, tried}
		}
		p.SessionKey = next
	}
}

// Balance is [midas.API]'s.
func (k keyring) Balance(ctx context.Context, p midas.Player) (midas.Balance, error) {
	return withKeys(ctx, k, p, func(p midas.Player) (midas.Balance, error) { return k.API.Balance(ctx, p) })
}

// Pay is [midas.API]'s.
func (k keyring) Pay(ctx context.Context, r midas.PayRequest) (midas.PayResult, error) {
	return withKeys(ctx, k, r.Player, func(p midas.Player) (midas.PayResult, error) {
		r.Player = p
		return k.API.Pay(ctx, r)
	})
}

// CancelPay is [midas.API]'s.
func (k keyring) CancelPay(ctx context.Context, r midas.CancelPayRequest) (midas.CancelPayResult, error) {
	return withKeys(ctx, k, r.Player, func(p midas.Player) (midas.CancelPayResult, error) {
		r.Player = p
		return k.API.CancelPay(ctx, r)
	})
}

// Present is [midas.API]'s.
func (k keyring) Present(ctx context.Context, r midas.PresentRequest) (midas.PresentResult, error) {
	return withKeys(ctx, k, r.Player, func(p midas.Player) (midas.PresentResult, error) {
		r.Player = p
		return k.API.Present(ctx, r)
	})
}

// QueryOrder is [midas.API]'s.
func (k keyring) QueryOrder(ctx context.Context, p midas.Player, outTradeNo string, what midas.BizKind) (midas.OrderInfo, error) {
	return withKeys(ctx, k, p, func(p midas.Player) (midas.OrderInfo, error) { return k.API.QueryOrder(ctx, p, outTradeNo, what) })
}

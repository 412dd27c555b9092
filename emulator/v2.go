package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// The calls of protocol V2 (§3.1): the same accounts and bills as V1's, another body, other signatures, and some codes
// that mean something else. The environment is in the body.

var sharedParamsV2 = []param{
	{name: "openid"},
	{name: "offer_id"},
	{name: "ts", kind: isNumber},
	{name: "zone_id"},
	{name: "env", kind: isNumber},
	{name: "user_ip", optional: true},
}

var (
	balanceParamsV2 = withV2(param{name: "coin_type", kind: isNumber, optional: true})
	payParamsV2     = withV2(param{name: "amount", kind: isNumber}, param{name: "bill_no"},
		param{name: "payitem", optional: true}, param{name: "remark", optional: true})
	cancelParamsV2 = withV2(param{name: "amount", kind: isNumber}, param{name: "bill_no"}, param{name: "pay_bill_no"},
		param{name: "payitem", optional: true})
	presentParamsV2 = withV2(param{name: "amount", kind: isNumber}, param{name: "bill_no"})
	// zone_id is listed as required for it, and missing in the sample.
	queryParamsV2 = []param{
		{name: "openid"},
		{name: "offer_id"},
		{name: "ts", kind: isNumber},
		{name: "zone_id", optional: true},
		{name: "env", kind: isNumber},
		{name: "user_ip", optional: true},
		{name: "out_trade_no"},
		{name: "biz_id", kind: isNumber},
	}
)

func withV2(more ...param) []param { return slices.Concat(sharedParamsV2, more) }

// routesV2 are the paths of protocol V2.
func routesV2() map[string]route {
	all := map[string]route{}
	for _, r := range []route{
		{api: APIBalance, params: balanceParamsV2, do: midasV2((*Server).getBalanceV2)},
		{api: APIPay, params: payParamsV2, do: midasV2((*Server).payV2)},
		{api: APICancel, params: cancelParamsV2, do: midasV2((*Server).cancelPayV2)},
		{api: APIPresent, params: presentParamsV2, do: midasV2((*Server).presentV2)},
		{api: APIQuery, params: queryParamsV2, do: midasV2((*Server).queryOrderV2)},
	} {
		r.isPost, r.v2 = true, true
		all["/wxa/game/"+r.api] = r
	}
	return all
}

// midasV2 wraps one of the calls in the checks that they share.
func midasV2(do func(*Server, *call) answer) func(*Server, *call) answer {
	return func(s *Server, c *call) answer {
		if a := s.admitV2(c); a != nil {
			return a
		}
		return do(s, c)
	}
}

// admitV2 checks a call; the answer is nil where all is well. Both signatures are over the bytes that came.
func (s *Server) admitV2(c *call) answer {
	if len(c.body) == 0 {
		return s.fail(codeEmptyBody)
	}
	if code := s.tokens.check(c.query.Get("access_token"), c.now); code != codeOK {
		return s.fail(code)
	}
	for _, p := range c.params {
		if !p.optional && text(c.fields[p.name]) == "" {
			return s.failText(codeInvalid, "["+p.name+"] "+p.name+" is invalid")
		}
	}
	if c.query.Get("sig_method") != "hmac_sha256" {
		return s.failText(codeBadSignatureV2, "[signature] sig_method is invalid")
	}
	openid, signature := text(c.fields["openid"]), c.query.Get("signature")
	madeWith := func(key string) bool { return equal(signature, hmacHex(key, string(c.body))) }
	if key := s.logins.key(openid, c.now); key == "" || !madeWith(key) {
		ses := s.logins.sessions[openid]
		stale := ses != nil && slices.ContainsFunc(ses.DeadKeys, madeWith)
		if key == "" || stale && !s.cfg.StaleKeyAsBadSig {
			return s.failText(codeSessionExpiredV2, "session_key expired")
		}
		return s.failText(codeBadSignatureV2, "[signature] signature is invalid")
	}
	if !equal(c.query.Get("pay_sig"), hmacHex(s.appKey(c.env), c.path+"&"+string(c.body))) {
		return s.failText(codeBadSig, "[pay_sig] pay_sig is invalid")
	}
	return s.checkValuesV2(c)
}

// checkValuesV2 looks at types and values; V2 is strict about types (§3.1).
func (s *Server) checkValuesV2(c *call) answer {
	for _, p := range c.params {
		v, sent := c.fields[p.name]
		if !sent {
			continue
		}
		if _, numeric := v.(json.Number); numeric != (p.kind == isNumber) {
			return s.failText(codeInvalid, fmt.Sprintf("field %q doesn't expect the value %q", p.name, text(v)))
		}
	}
	env, biz, coins := text(c.fields["env"]), text(c.fields["biz_id"]), text(c.fields["coin_type"])
	moves := c.api != APIBalance && c.api != APIQuery
	ts, err := strconv.ParseInt(text(c.fields["ts"]), 10, 64)
	switch {
	case env != "0" && env != "1", text(c.fields["offer_id"]) != s.cfg.OfferID, err != nil:
		return s.fail(codeInvalid)
	case coins != "" && coins != "0" && coins != centerCoins:
		return s.failText(codeInvalid, "[coin_type] coin_type is invalid")
	case coins == centerCoins && text(c.fields["zone_id"]) != "1":
		return s.failText(codeInvalid, "[zone_id] zone_id is invalid")
	case moves && (!s.validBillNo(c.order.BillNo) || c.order.BillNo[0] == '_'):
		return s.failText(codeInvalid, "[bill_no] bill_no is invalid")
	case c.api == APIQuery && biz != bizCoins && biz != bizGoods:
		return s.failText(codeInvalid, "[biz_id] biz_id is invalid")
	case moves && (c.order.Coins <= 0 || c.order.Coins > MaxCoins):
		return s.failText(codeInvalid, "[amount] amount is invalid")
	}
	if skew := c.now.Sub(time.Unix(ts, 0)).Abs(); s.cfg.ClockSkew > 0 && skew > s.cfg.ClockSkew {
		return s.failText(codeInvalid, "[ts] ts is invalid")
	}
	return nil
}

// readOrderV2 fills in the order and the environment; they may be acted on once the fields have passed the checks.
func (c *call) readOrderV2() {
	field := func(name string) string { return text(c.fields[name]) }
	if c.env = Production; field("env") == "1" {
		c.env = Sandbox
	}
	c.order = order{
		accountKey: accountKey{Env: c.env, OpenID: field("openid"), ZoneID: field("zone_id")}, API: c.api, V2: true,
		BillNo: field("bill_no"), PayBillNo: field("pay_bill_no"), Item: field("payitem"), Remark: field("remark"),
		OutTradeNo: field("out_trade_no"),
	}
	c.order.Coins, _ = strconv.ParseInt(field("amount"), 10, 64) // anything else fails the checks
}

func (s *Server) getBalanceV2(c *call) answer {
	if text(c.fields["coin_type"]) == centerCoins {
		coins := s.books.center[accountKey{Env: c.order.Env, OpenID: c.order.OpenID}]
		return succeed(answer{
			"balance": coins, "present_balance": 0, "first_save": coins == 0, "sum_save": coins, "sum_present": 0, "sum_balance": coins, "sum_cost": 0,
		})
	}
	a := s.books.report(c.order.accountKey)
	return succeed(answer{
		"balance": a.Balance, "present_balance": a.Present, "first_save": a.FirstSave, "sum_save": a.SaveAmt,
		"sum_present": a.PresentSum, "sum_balance": a.SaveSum, "sum_cost": a.CostSum,
	})
}

func (s *Server) payV2(c *call) answer {
	bill, code := s.books.pay(c.order, c.now)
	s.changed()
	if code != codeOK {
		return s.fail(code)
	}
	return succeed(answer{
		"bill_no": bill.BillNo, "balance": s.books.report(c.order.accountKey).Balance, "used_present_amount": bill.UsedPresent,
	})
}

func (s *Server) cancelPayV2(c *call) answer {
	code := s.books.refund(c.order, c.now)
	s.changed()
	if code != codeOK {
		return s.fail(code)
	}
	return succeed(answer{"bill_no": c.order.BillNo, "balance": s.books.report(c.order.accountKey).Balance})
}

func (s *Server) presentV2(c *call) answer {
	bill, code := s.books.present(c.order, c.now)
	s.changed()
	if code != codeOK {
		return s.fail(code)
	}
	return succeed(answer{"bill_no": bill.BillNo, "balance": s.books.report(c.order.accountKey).Balance})
}

// refund gives a part of a deduction back, or all of it, under a number of its own (§3.1). Present coins go back last.
func (b *books) refund(o order, at time.Time) int {
	key := billKey{o.Env, o.PayBillNo}
	if b.busy[key] > 0 || b.busy[billKey{o.Env, o.BillNo}] > 0 {
		return codeSystem
	}
	bill := b.find(key, at)
	if bill == nil || bill.OpenID != o.OpenID || bill.ZoneID != o.ZoneID || bill.State == BillPresented {
		return codeNoOrder
	}
	bill.CancelAttempts++
	if _, again := bill.Refunds[o.BillNo]; again {
		return codeExists
	}
	back := int64(0)
	for _, coins := range bill.Refunds {
		back += coins
	}
	if o.Coins > bill.Amount-back {
		return codeInvalid
	}
	acc := b.account(o.accountKey)
	paid := bill.Amount - bill.UsedPresent // of which back, at most, has gone back
	toPaid := min(o.Coins, max(0, paid-back))
	acc.Paid += toPaid
	acc.Present += o.Coins - toPaid
	acc.GivenBack += o.Coins
	if bill.Refunds == nil {
		bill.Refunds = map[string]int64{}
	}
	bill.Refunds[o.BillNo] = o.Coins
	if back+o.Coins == bill.Amount {
		bill.State, bill.CancelledAt = BillCancelled, at
	}
	return codeOK
}

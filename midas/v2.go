package midas

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// RefundNo is the number that protocol V2 wants for giving back the whole deduction of billNo (§3.1). It follows from
// the bill number, so that asking again asks for the same refund. Bill numbers up to 61 bytes leave room for it.
func RefundNo(billNo string) string { return billNo + "-r" }

// bodyV2 is the body of every V2 call (§3.1); fields that a call does not have are left out.
type bodyV2 struct {
	OpenID    string `json:"openid"`
	OfferID   string `json:"offer_id"`
	TS        int64  `json:"ts"`
	ZoneID    string `json:"zone_id"`
	Env       int    `json:"env"`
	UserIP    string `json:"user_ip,omitempty"`
	Amount    Coins  `json:"amount,omitempty"`
	BillNo    string `json:"bill_no,omitempty"`
	PayBillNo string `json:"pay_bill_no,omitempty"`
	PayItem   string `json:"payitem,omitempty"`
	Remark    string `json:"remark,omitempty"`

	OutTradeNo string  `json:"out_trade_no,omitempty"`
	BizID      BizKind `json:"biz_id,omitempty"`

	CoinType int `json:"coin_type,omitempty"`
}

// centerCoins is the coin_type of the recharge centre, centerZone the zone that goes with it (§3.1).
const (
	centerCoins = 1
	centerZone  = "1"
)

// replyV2 is every V2 reply; each call has its part of it.
type replyV2 struct {
	status
	BillNo         name    `json:"bill_no"`
	Balance        amount  `json:"balance"`
	PresentBalance amount  `json:"present_balance"`
	SumSave        amount  `json:"sum_save"`
	SumPresent     amount  `json:"sum_present"`
	SumBalance     amount  `json:"sum_balance"`
	SumCost        amount  `json:"sum_cost"`
	FirstSave      oneIsOK `json:"first_save"`
	UsedPresent    amount  `json:"used_present_amount"`

	OutTradeNo   name  `json:"out_trade_no"`
	ProductID    note  `json:"product_id"`
	PayState     state `json:"pay_state"`
	DeliverState shown `json:"deliver_state"`
	PayFinish    shown `json:"pay_finish_time"`
	MchOrderNo   note  `json:"mch_order_no"`
	Transaction  note  `json:"transaction_id"`
	WxOrderID    note  `json:"wx_order_id"`
}

// v2 performs the calls of protocol V2.
type v2 struct{ *Client }

func (c v2) balance(ctx context.Context, p Player) (Balance, error) {
	var body bodyV2
	if p.Center {
		p.ZoneID, body.CoinType = centerZone, centerCoins
	}
	r, err := c.call(ctx, EndpointBalance, p, body)
	if err != nil {
		return Balance{}, err
	}
	return Balance{
		Balance: r.Balance.coins, PresentBalance: r.PresentBalance.coins, FirstSave: r.FirstSave.yes,
		SaveAmt: r.SumSave.coins, SaveSum: r.SumBalance.coins, CostSum: r.SumCost.coins, PresentSum: r.SumPresent.coins,
	}, nil
}

func (c v2) pay(ctx context.Context, r PayRequest) (PayResult, error) {
	reply, err := c.call(ctx, EndpointPay, r.Player, bodyV2{BillNo: r.BillNo, Amount: r.Amount, PayItem: r.Item, Remark: r.Remark})
	if err != nil {
		return PayResult{}, err
	}
	return PayResult{BillNo: r.BillNo, Balance: reply.Balance.coins, UsedPresent: reply.UsedPresent.coins}, nil
}

func (c v2) cancelPay(ctx context.Context, r CancelPayRequest) (CancelPayResult, error) {
	if r.RefundNo == "" {
		r.RefundNo = RefundNo(r.BillNo)
	}
	if !ValidBillNo(r.BillNo) {
		return CancelPayResult{}, &CallError{Endpoint: EndpointCancel, BillNo: r.BillNo, Kind: ErrRefusedHere, Err: errors.New("no valid bill number")}
	}
	_, err := c.call(ctx, EndpointCancel, r.Player, bodyV2{BillNo: r.RefundNo, PayBillNo: r.BillNo, Amount: r.Amount, PayItem: r.Item})
	if err != nil {
		return CancelPayResult{}, err
	}
	return CancelPayResult{BillNo: r.BillNo}, nil
}

func (c v2) present(ctx context.Context, r PresentRequest) (PresentResult, error) {
	reply, err := c.call(ctx, EndpointPresent, r.Player, bodyV2{BillNo: r.BillNo, Amount: r.Amount})
	if err != nil {
		return PresentResult{}, err
	}
	return PresentResult{BillNo: r.BillNo, Balance: reply.Balance.coins}, nil
}

// BizKind says what was bought with money (§3.1, queryorderinfo).
type BizKind int

// What can be bought with money.
const (
	BizCoins BizKind = 1
	BizGoods BizKind = 2
)

// OrderInfo is what Midas knows of a payment with money (§3.1).
type OrderInfo struct {
	OutTradeNo string
	ProductID  string
	// Paid: the money has come. Delivered: for coins, the balance has been raised; for goods, the delivery was
	// acknowledged.
	Paid, Delivered bool
	// PaidAt is when; zero if it has not been paid.
	PaidAt time.Time
	// MchOrderNo and TransactionID are WeChat Pay's numbers, WxOrderID the platform's; empty for other ways to pay.
	MchOrderNo, TransactionID, WxOrderID string
}

// QueryOrder asks what became of a payment with money, by the number that the client was given for it (§3.1). It is of
// protocol V2 only. An unknown number is ErrTradeUnknown.
func (c *Client) QueryOrder(ctx context.Context, p Player, outTradeNo string, what BizKind) (OrderInfo, error) {
	if !c.cfg.V2 {
		return OrderInfo{}, &CallError{Endpoint: EndpointQuery, BillNo: outTradeNo, Kind: ErrRefusedHere, Err: errors.New("protocol V1 has no such call")}
	}
	if !ValidTradeNo(outTradeNo) || what != BizCoins && what != BizGoods {
		return OrderInfo{}, &CallError{Endpoint: EndpointQuery, BillNo: outTradeNo, Kind: ErrRefusedHere, Err: errors.New("no valid out_trade_no, or no valid biz_id")}
	}
	r, err := v2{c}.call(ctx, EndpointQuery, p, bodyV2{OutTradeNo: outTradeNo, BizID: what})
	if err != nil {
		return OrderInfo{}, err
	}
	const yes = 2
	info := OrderInfo{
		OutTradeNo: outTradeNo, ProductID: string(r.ProductID), Paid: r.PayState == yes, Delivered: r.DeliverState == yes,
		MchOrderNo: string(r.MchOrderNo), TransactionID: string(r.Transaction), WxOrderID: string(r.WxOrderID),
	}
	switch at := int64(r.PayFinish); {
	case at >= milliseconds:
		info.PaidAt = time.UnixMilli(at)
	case at > 0:
		info.PaidAt = time.Unix(at, 0)
	}
	return info, nil
}

// milliseconds is from where on a time can only be meant in milliseconds: in seconds it would be in the year 5138.
const milliseconds = 100_000_000_000

// ValidTradeNo tells whether Midas takes an out_trade_no of our making: 1 to 32 letters, digits, '-' and '_', not
// beginning with '_', which its own begin with (§3.4).
func ValidTradeNo(s string) bool { return ValidBillNo(s) && len(s) <= 32 }

// noAddress is sent for a player of whom no address has ever been known: V2's tables require user_ip (§3.9, P9).
const noAddress = "127.0.0.1"

// call checks, signs, sends and reads one call.
func (c v2) call(ctx context.Context, e Endpoint, p Player, b bodyV2) (replyV2, error) {
	about := b.BillNo
	if about == "" {
		about = b.OutTradeNo
	} else if b.PayBillNo != "" {
		about = b.PayBillNo
	}
	asked := request{billNo: about}
	if b.BillNo != "" {
		asked.amountKey, asked.amount = "amount", b.Amount
		asked.billNo = b.BillNo
	}
	if err := c.check(p, asked); err != nil {
		return replyV2{}, &CallError{Endpoint: e, BillNo: about, Kind: ErrRefusedHere, Err: err}
	}
	path := "/wxa/game/" + string(e)
	b.OpenID, b.OfferID, b.ZoneID, b.UserIP = p.OpenID, c.cfg.OfferID, p.ZoneID, cmp.Or(p.UserIP, noAddress)
	if c.cfg.Sandbox {
		b.Env = 1
	}
	var reply replyV2
	err := c.withToken(ctx, e, about, func(ctx context.Context, token Secret) error {
		b.TS = time.Now().Unix()
		body, err := json.Marshal(b)
		if err != nil {
			return &CallError{Endpoint: e, BillNo: about, Kind: ErrRefusedHere, Err: err}
		}
		var target strings.Builder
		target.Grow(len(path) + len(token) + 256)
		for _, part := range [...]string{
			path, "?access_token=", url.QueryEscape(token.Reveal()), "&pay_sig=", PaySigV2(path, body, c.cfg.AppKey),
			"&sig_method=hmac_sha256&signature=", SignatureV2(body, p.SessionKey),
		} {
			target.WriteString(part)
		}
		text, err := c.exchange(ctx, e, about, target.String(), body)
		if err != nil {
			return err
		}
		reply = replyV2{}
		if err := decode(e, about, text, &reply, &reply.status, token, p.SessionKey); err != nil {
			return asV2(err)
		}
		if err := reply.check(e, b); err != nil {
			return badReply(e, about, err, token, p.SessionKey)
		}
		return nil
	})
	return reply, err
}

// check compares a success with what was asked, and misses the sum, or the state, that it is about. A cancellation has
// none.
func (r *replyV2) check(e Endpoint, asked bodyV2) error {
	if r.Code == nil && e != EndpointBalance { // what moves coins has to say that it did
		return errors.New("no errcode")
	}
	if r.BillNo != "" && string(r.BillNo) != asked.BillNo && string(r.BillNo) != asked.PayBillNo {
		return fmt.Errorf("it is about bill %q", clean(string(r.BillNo)))
	}
	if asked.OutTradeNo != "" && string(r.OutTradeNo) != asked.OutTradeNo {
		return fmt.Errorf("it is about order %q", clean(strings.TrimSpace(string(r.OutTradeNo))))
	}
	if e == EndpointBalance || e == EndpointPay || e == EndpointPresent {
		if err := has(sum{"balance", r.Balance}); err != nil {
			return err
		}
	}
	return plausible(sum{"balance", r.Balance}, sum{"present_balance", r.PresentBalance}, sum{"sum_save", r.SumSave},
		sum{"sum_balance", r.SumBalance}, sum{"sum_cost", r.SumCost}, sum{"sum_present", r.SumPresent},
		sum{"used_present_amount", r.UsedPresent})
}

// asV2 marks an answer as one of protocol V2, where some codes mean something else (§3.2).
func asV2(err error) error {
	if answer, ok := err.(*Error); ok {
		answer.V2 = true
	}
	return err
}

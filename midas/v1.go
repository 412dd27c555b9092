package midas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// maxBillNo is the longest bill number, in bytes (§1.4).
const maxBillNo = 63

// Balance reads a player's account (§1.3).
func (c *Client) Balance(ctx context.Context, p Player) (Balance, error) {
	if c.cfg.V2 {
		return v2{c}.balance(ctx, p)
	}
	if p.Center {
		return Balance{}, &CallError{Endpoint: EndpointBalance, Kind: ErrRefusedHere, Err: errors.New("V1 knows no recharge centre")}
	}
	reply, err := c.callV1(ctx, EndpointBalance, p, request{})
	if err != nil {
		return Balance{}, err
	}
	return Balance{
		Balance: reply.Balance.coins, PresentBalance: reply.GenBalance.coins, FirstSave: reply.FirstSave.yes,
		SaveAmt: reply.SaveAmt.coins, SaveSum: reply.SaveSum.coins, CostSum: reply.CostSum.coins, PresentSum: reply.PresentSum.coins,
	}, nil
}

// Pay deducts coins (§1.4).
func (c *Client) Pay(ctx context.Context, r PayRequest) (PayResult, error) {
	if c.cfg.V2 {
		return v2{c}.pay(ctx, r)
	}
	reply, err := c.callV1(ctx, EndpointPay, r.Player, request{
		billNo: r.BillNo, amountKey: "amt", amount: r.Amount, item: r.Item, remark: r.Remark,
	})
	if err != nil {
		return PayResult{}, err
	}
	return PayResult{BillNo: r.BillNo, Balance: reply.Balance.coins, UsedPresent: max(reply.UsedGenAmt.coins, reply.UsedGenBalance.coins)}, nil
}

// CancelPay gives a deduction back (§1.5), with V2 also in parts (§3.1).
func (c *Client) CancelPay(ctx context.Context, r CancelPayRequest) (CancelPayResult, error) {
	if c.cfg.V2 {
		return v2{c}.cancelPay(ctx, r)
	}
	if r.RefundNo != "" {
		return CancelPayResult{}, &CallError{Endpoint: EndpointCancel, BillNo: r.BillNo, Kind: ErrRefusedHere, Err: errors.New("V1 gives back whole deductions only")}
	}
	_, err := c.callV1(ctx, EndpointCancel, r.Player, request{billNo: r.BillNo, item: r.Item})
	if err != nil {
		return CancelPayResult{}, err
	}
	return CancelPayResult{BillNo: r.BillNo}, nil
}

// Present gives coins for nothing (§1.6).
func (c *Client) Present(ctx context.Context, r PresentRequest) (PresentResult, error) {
	if c.cfg.V2 {
		return v2{c}.present(ctx, r)
	}
	reply, err := c.callV1(ctx, EndpointPresent, r.Player, request{billNo: r.BillNo, amountKey: "present_counts", amount: r.Amount})
	if err != nil {
		return PresentResult{}, err
	}
	return PresentResult{BillNo: r.BillNo, Balance: reply.Balance.coins}, nil
}

// request is what a V1 call says besides who it is for.
type request struct {
	billNo       string // empty: the call is about no order
	amountKey    string // "amt", "present_counts", or empty: no amount
	amount       Coins
	item, remark string
}

// replyV1 is every V1 reply; each call has its part of it. Names changed over the years (§1.4, §2.1).
type replyV1 struct {
	status
	BillNo         name    `json:"bill_no"`
	Balance        amount  `json:"balance"`
	GenBalance     amount  `json:"gen_balance"`
	FirstSave      oneIsOK `json:"first_save"`
	SaveAmt        amount  `json:"save_amt"`
	SaveSum        amount  `json:"save_sum"`
	CostSum        amount  `json:"cost_sum"`
	PresentSum     amount  `json:"present_sum"`
	UsedGenBalance amount  `json:"used_gen_balance"`
	UsedGenAmt     amount  `json:"used_gen_amt"`
}

// oneIsOK is first_save: a boolean, or 1 for yes and 2 for no; the page says both (§1.3).
type oneIsOK struct{ yes bool }

// UnmarshalJSON takes anything: a flag for display is no reason to disbelieve a balance.
func (o *oneIsOK) UnmarshalJSON(text []byte) error {
	text = unquoted(text)
	o.yes = string(text) == "true" || string(text) == "1"
	return nil
}

// callV1 checks, signs, sends and reads one call.
func (c *Client) callV1(ctx context.Context, e Endpoint, p Player, r request) (replyV1, error) {
	if err := c.check(p, r); err != nil {
		return replyV1{}, &CallError{Endpoint: e, BillNo: r.billNo, Kind: ErrRefusedHere, Err: err}
	}
	path := "/cgi-bin/midas/" + string(e)
	if c.cfg.Sandbox {
		path = "/cgi-bin/midas/sandbox/" + string(e)
	}
	var reply replyV1
	err := c.withToken(ctx, e, r.billNo, func(ctx context.Context, token Secret) error {
		body := c.bodyV1(path, token, p, r, time.Now())
		text, err := c.exchange(ctx, e, r.billNo, path+"?access_token="+url.QueryEscape(token.Reveal()), body)
		if err != nil {
			return err
		}
		reply = replyV1{}
		if err := decode(e, r.billNo, text, &reply, &reply.status, token, p.SessionKey); err != nil {
			return err
		}
		if err := reply.check(e, r); err != nil {
			return badReply(e, r.billNo, err, token, p.SessionKey)
		}
		return nil
	})
	return reply, err
}

// check refuses what Midas would refuse, or misread.
func (c *Client) check(p Player, r request) error {
	switch {
	case p.OpenID == "":
		return errors.New("no openid")
	case p.ZoneID == "":
		return errors.New("no zone id")
	case p.SessionKey == "" && (c.cfg.V2 || !c.cfg.NoMPSig):
		return errors.New("no session key to sign with")
	case r.billNo != "" && !ValidBillNo(r.billNo):
		return errors.New("the bill number is not 1 to 63 letters, digits, '-' and '_', or begins with '_'")
	case r.amountKey != "" && (r.amount < 1 || r.amount > MaxCoins):
		return fmt.Errorf("%s is %d", r.amountKey, r.amount)
	case r.amountKey != "" && r.billNo == "":
		return errors.New("no bill number")
	}
	return nil
}

// ValidBillNo tells whether every version of Midas takes a bill number (§1.4, §3.1).
func ValidBillNo(s string) bool {
	if s == "" || len(s) > maxBillNo || s[0] == '_' {
		return false
	}
	for _, b := range []byte(s) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '_':
		default:
			return false
		}
	}
	return true
}

// bodyV1 makes the JSON body, signed.
func (c *Client) bodyV1(path string, token Secret, p Player, r request, now time.Time) []byte {
	params := make([]Param, 0, 15) // what is signed, and two places more for what joins later
	add := func(key, value string) {
		if value != "" {
			params = append(params, Param{key, value})
		}
	}
	// In ascending order of keys, as they are signed.
	if r.amountKey == "amt" {
		add("amt", strconv.FormatInt(int64(r.amount), 10))
	}
	if c.cfg.SignOptional {
		add("app_remark", r.remark)
	}
	add("appid", c.cfg.AppID)
	add("bill_no", r.billNo)
	add("offer_id", c.cfg.OfferID)
	add("openid", p.OpenID)
	if c.cfg.SignOptional {
		add("pay_item", r.item)
	}
	add("pf", c.cfg.Platform)
	if r.amountKey == "present_counts" {
		add("present_counts", strconv.FormatInt(int64(r.amount), 10))
	}
	add("ts", strconv.FormatInt(now.Unix(), 10))
	if c.cfg.SignOptional {
		add("user_ip", p.UserIP)
	}
	add("zone_id", p.ZoneID)

	sig := SigV1(params, path, c.cfg.AppKey)
	at, _ := slices.BinarySearchFunc(params, Param{Key: "sig"}, byKey)
	params = slices.Insert(params, at, Param{"sig", sig})
	mpSig := ""
	if !c.cfg.NoMPSig {
		params = slices.Insert(params, 0, Param{"access_token", token.Reveal()})
		mpSig = MPSigV1(params, path, p.SessionKey)
		params = params[1:] // signed, but sent in the URL (§1.2)
	}
	return appendBody(params, mpSig)
}

// numbers are the parameters that travel as JSON numbers; all others are texts.
var numbers = map[string]bool{"amt": true, "present_counts": true, "ts": true}

func appendBody(params []Param, mpSig string) []byte {
	body := make([]byte, 0, 512)
	body = append(body, '{')
	for _, p := range params {
		body = append(body, '"')
		body = append(body, p.Key...)
		body = append(body, '"', ':')
		if numbers[p.Key] {
			body = append(body, p.Value...)
		} else {
			body = appendText(body, p.Value)
		}
		body = append(body, ',')
	}
	if mpSig != "" {
		body = append(body, `"mp_sig":"`...)
		body = append(body, mpSig...)
		return append(body, '"', '}')
	}
	body[len(body)-1] = '}'
	return body
}

func appendText(body []byte, value string) []byte {
	if plain(value) {
		return append(append(append(body, '"'), value...), '"')
	}
	text, err := json.Marshal(value)
	if err != nil { // a string always has a JSON form
		panic(err)
	}
	return append(body, text...)
}

// plain tells a text that JSON writes as it is.
func plain(s string) bool {
	for i := range len(s) {
		if b := s[i]; b < ' ' || b >= 0x7f || b == '"' || b == '\\' || b == '<' || b == '>' || b == '&' {
			return false
		}
	}
	return true
}

// badReply says why a reply makes no sense, without the secrets of the call.
func badReply(e Endpoint, billNo string, why error, secrets ...Secret) error {
	return &CallError{Endpoint: e, BillNo: billNo, Kind: ErrBadReply, Err: errors.New(without(why.Error(), secrets))}
}

// check compares a success with what was asked: an answer to something else proves nothing, nor does one without the
// sum that it is about. A cancellation has none (§1.5).
func (r *replyV1) check(e Endpoint, asked request) error {
	if r.Code == nil && e != EndpointBalance { // what moves coins has to say that it did
		return errors.New("no errcode")
	}
	if r.BillNo != "" && string(r.BillNo) != asked.billNo {
		return fmt.Errorf("it is about bill %q", clean(string(r.BillNo)))
	}
	if e != EndpointCancel {
		if err := has(sum{"balance", r.Balance}); err != nil {
			return err
		}
	}
	return plausible(sum{"balance", r.Balance}, sum{"gen_balance", r.GenBalance}, sum{"save_amt", r.SaveAmt}, sum{"save_sum", r.SaveSum},
		sum{"cost_sum", r.CostSum}, sum{"present_sum", r.PresentSum}, sum{"used_gen_balance", r.UsedGenBalance},
		sum{"used_gen_amt", r.UsedGenAmt})
}

package emulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one request to WeChat while it is looked at.
type call struct {
	route
	method string
	path   string
	query  url.Values
	body   []byte
	// fields is the JSON object in body; empty if it is none. Of a repeated key the last one counts.
	fields map[string]any
	now    time.Time
	order  order
	// wrongSig is the text sig should have been made of, its key masked, when sig was wrong.
	wrongSig string
}

// kind is the JSON type a parameter has to have.
type kind int

const (
	isText kind = iota
	isNumber
)

// param describes one documented body parameter of the Midas calls (§1.2, §1.4-1.6).
type param struct {
	name     string
	kind     kind
	optional bool
}

var sharedParams = []param{
	{name: "openid"},
	{name: "appid"},
	{name: "offer_id"},
	{name: "ts", kind: isNumber},
	{name: "zone_id"},
	{name: "pf"},
	{name: "user_ip", optional: true},
}

var (
	balanceParams = sharedParams
	payParams     = withParams(param{name: "amt", kind: isNumber}, param{name: "bill_no"},
		param{name: "pay_item", optional: true}, param{name: "app_remark", optional: true})
	cancelParams  = withParams(param{name: "bill_no"}, param{name: "pay_item", optional: true})
	presentParams = withParams(param{name: "bill_no"}, param{name: "present_counts", kind: isNumber})
)

func withParams(more ...param) []param { return slices.Concat(sharedParams, more) }

// parseFields reads a JSON object, keeping numbers as they are written: that is how they are signed.
func parseFields(body []byte) map[string]any {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var fields map[string]any
	if dec.Decode(&fields) != nil {
		return nil
	}
	return fields
}

// text is a value as it takes part in a signature; absent and null are empty.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(v)
}

// check performs one of the checks on a Midas call. The answer is nil where all is well.
func (s *Server) check(what Check, c *call) answer {
	switch what {
	case CheckToken:
		if code := s.tokens.check(c.query.Get("access_token"), c.now); code != codeOK {
			return s.fail(code)
		}
	case CheckPresence:
		if name := s.missing(c); name != "" {
			return s.failText(codeMissing, name+" missing")
		}
	case CheckSession:
		if !s.cfg.SessionOptional && s.logins.key(text(c.fields["openid"]), c.now) == "" {
			return s.fail(codeNoSession)
		}
	case CheckMPSig:
		if code := s.checkMPSig(c); code != codeOK {
			return s.fail(code)
		}
	case CheckSig:
		key := s.appKey(c.env)
		signed := s.signedText(c, false) + "&org_loc=" + c.path + "&method=POST&secret="
		if !equal(c.fields["sig"], hmacHex(key, signed+key)) {
			c.wrongSig = signed + "***"
			return s.fail(codeBadSig)
		}
	case CheckValues:
		return s.checkValues(c)
	}
	return nil
}

// missing names the first required parameter that was not sent. An empty text counts as not sent: those who sign
// leave it out (§1.7).
func (s *Server) missing(c *call) string {
	for _, p := range c.params {
		if !p.optional && text(c.fields[p.name]) == "" {
			return p.name
		}
	}
	if text(c.fields["sig"]) == "" {
		return "sig"
	}
	if !s.cfg.MPSigIgnored && text(c.fields["mp_sig"]) == "" {
		return "mp_sig"
	}
	return ""
}

// checkMPSig verifies the player's signature with the live session key, and tells a replaced key from a wrong one.
func (s *Server) checkMPSig(c *call) int {
	if s.cfg.MPSigIgnored {
		return codeOK
	}
	signed := s.signedText(c, true) + "&org_loc=" + c.path + "&method=POST&session_key="
	madeWith := func(key string) bool { return equal(c.fields["mp_sig"], hmacHex(key, signed+key)) }
	openid := text(c.fields["openid"])
	if key := s.logins.key(openid, c.now); key != "" && madeWith(key) {
		return codeOK
	}
	ses := s.logins.sessions[openid]
	if ses != nil && !s.cfg.StaleKeyAsBadSig && slices.ContainsFunc(ses.DeadKeys, madeWith) {
		return codeNoSession
	}
	return codeBadMPSig
}

// signedText joins the documented parameters that were sent, in ascending order (§1.7); for mp_sig with the token
// and sig among them.
func (s *Server) signedText(c *call, forMPSig bool) string {
	pairs := make([]string, 0, len(c.params)+2)
	add := func(name, value string) {
		if s.cfg.URLEncodedValues {
			value = url.QueryEscape(value)
		}
		pairs = append(pairs, name+"="+value)
	}
	for _, p := range c.params {
		if v := text(c.fields[p.name]); v != "" && !(p.optional && s.cfg.OptionalUnsigned) {
			add(p.name, v)
		}
	}
	if forMPSig {
		add("access_token", c.query.Get("access_token"))
		add("sig", text(c.fields["sig"]))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func (s *Server) appKey(env Env) string {
	if env == Sandbox {
		return s.cfg.SandboxAppKey
	}
	return s.cfg.AppKey
}

func hmacHex(key, msg string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(msg))
	return hex.EncodeToString(mac.Sum(nil))
}

func equal(got any, want string) bool { return hmac.Equal([]byte(text(got)), []byte(want)) }

// checkValues looks at types and values.
func (s *Server) checkValues(c *call) answer {
	numbers := make(map[string]int64, 2)
	for _, p := range c.params {
		v := c.fields[p.name]
		if text(v) == "" {
			continue
		}
		_, textual := v.(string)
		_, numeric := v.(json.Number)
		if !textual && !numeric || !s.cfg.LenientTypes && numeric != (p.kind == isNumber) {
			return s.failText(codeInvalid, fmt.Sprintf("field %q doesn't expect the value %q", p.name, text(v)))
		}
		if p.kind == isNumber {
			n, err := strconv.ParseInt(text(v), 10, 64)
			if err != nil || n <= 0 || n > MaxCoins {
				return s.fail(codeInvalid)
			}
			numbers[p.name] = n
		}
	}
	field := func(name string) string { return text(c.fields[name]) }
	switch {
	case field("appid") != s.cfg.AppID, field("offer_id") != s.cfg.OfferID:
		return s.fail(codeInvalid)
	case field("pf") != "android" && field("pf") != "windows":
		return s.fail(codeInvalid)
	case c.api != APIBalance && !s.validBillNo(field("bill_no")):
		return s.fail(codeInvalid)
	}
	if skew := c.now.Sub(time.Unix(numbers["ts"], 0)).Abs(); s.cfg.ClockSkew > 0 && skew > s.cfg.ClockSkew {
		return s.fail(codeInvalid)
	}
	return nil
}

// readOrder fills in the order; it may be acted on once the fields have passed the checks.
func (c *call) readOrder() {
	field := func(name string) string { return text(c.fields[name]) }
	c.order = order{
		accountKey: accountKey{Env: c.env, OpenID: field("openid"), ZoneID: field("zone_id")},
		API:        c.api,
	}
	amount := ""
	switch c.api {
	case APIPay:
		c.order.BillNo, c.order.Item, c.order.Remark = field("bill_no"), field("pay_item"), field("app_remark")
		amount = field("amt")
	case APICancel:
		c.order.BillNo, c.order.Item = field("bill_no"), field("pay_item")
	case APIPresent:
		c.order.BillNo = field("bill_no")
		amount = field("present_counts")
	}
	c.order.Coins, _ = strconv.ParseInt(amount, 10, 64) // anything else fails the checks
}

// validBillNo holds the rule of §1.4.
func (s *Server) validBillNo(no string) bool {
	marks := "_-|*@"
	if s.cfg.NarrowBillNo {
		marks = "_-"
	}
	return no != "" && len(no) <= 63 && onlyOf(no, marks)
}

// onlyOf tells whether a number consists of digits, letters and the given marks.
func onlyOf(no, marks string) bool {
	for _, r := range no {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', strings.ContainsRune(marks, r):
		default:
			return false
		}
	}
	return true
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// tolerated is how far ts may be from the server's clock before it is worth a word (§1.2 gives no limit).
const tolerated = 5 * time.Minute

// verifyCommand is `midasctl verify`.
func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "find what is wrong with a request that Midas refused (90009, 90011, …)", ArgsUsage: "[FILE]",
		Description: "Reads a request from FILE, or the standard input, best with the answer behind it:\n" +
			"a curl command as a shell takes it, with what -v or -i printed; or HTTP/1 or HTTP/2 as text, as tcpdump -A, mitmproxy or\n" +
			"net/http/httputil show it. curl -v does not show the body: leave the command in front of it. Not read: bodies in files\n" +
			"(-d @FILE), forms (-F), quotes of the kind $'…', curl --trace, HAR, pcap.\n" +
			"Tries every way the signatures may have been made with the config's keys, or that of --app-key-file, and names the one that\n" +
			"fits. What the config does not have is not compared.\n" +
			"Exit code 1: something is wrong with the request. No secret is printed.",
		Flags: []cli.Flag{
			confFlag(), jsonFlag(), sessionFlag(), appKeyFlag(),
			&cli.StringFlag{Name: "at", Usage: "the request was sent at `TIME`, as in audit (left out: what the answer's Date says)"},
		},
		Action: runVerify,
	}
}

// finding is one thing that was looked at.
type finding struct {
	// Check is what, Status "ok", "wrong", or "unknown" where it could not be told.
	Check  string `json:"check"`
	Status string `json:"status"`
	What   string `json:"what"`
	// Do is what to do about it; empty where nothing is.
	Do string `json:"do,omitempty"`
}

// report collects findings.
type report struct {
	findings []finding
	// live is where each is told as soon as it is known; nil: all at once, by print.
	live io.Writer
}

func (r *report) ok(check, format string, args ...any) {
	r.add(finding{check, "ok", fmt.Sprintf(format, args...), ""})
}

func (r *report) wrong(check, do, format string, args ...any) {
	r.add(finding{check, "wrong", fmt.Sprintf(format, args...), do})
}

func (r *report) unknown(check, do, format string, args ...any) {
	r.add(finding{check, "unknown", fmt.Sprintf(format, args...), do})
}

// liveRow has columns as wide as the longest check there is, since those to come are not known.
const liveRow = "%-5s  %-15s  %s\n"

func (r *report) add(f finding) {
	r.findings = append(r.findings, f)
	if r.live == nil {
		return
	}
	for _, row := range f.rows() {
		_ = printf(r.live, liveRow, row...) // a screen that is gone is no reason to look no further
	}
}

// rows are the finding for people: itself, and what to do.
func (f finding) rows() [][]any {
	mark := map[string]string{"ok": "ok", "wrong": "WRONG", "unknown": "?"}[f.Status]
	rows := [][]any{{mark, f.Check, strings.Join(strings.Fields(f.What), " ")}} // drivers break their lines
	if f.Do != "" {
		rows = append(rows, []any{"", "", "→ " + f.Do})
	}
	return rows
}

// print writes the report, and answers errFound if anything is wrong.
func (r *report) print(cmd *cli.Command) error {
	bad := 0
	for _, f := range r.findings {
		if f.Status == "wrong" {
			bad++
		}
	}
	switch {
	case cmd.Bool("json"):
		if err := printJSON(cmd, map[string]any{"ok": bad == 0, "findings": r.findings}); err != nil {
			return err
		}
	case r.live == nil:
		rows := make([][]any, 0, 2*len(r.findings))
		for _, f := range r.findings {
			rows = append(rows, f.rows()...)
		}
		if err := printTable(cmd.Root().Writer, rows); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d %s wrong: %w", bad, plural(bad, "thing is", "things are"), errFound)
	}
	return nil
}

func runVerify(ctx context.Context, cmd *cli.Command) error {
	name := "-"
	if cmd.Args().Len() > 1 {
		return errors.New("verify takes one file")
	} else if cmd.Args().Present() {
		name = cmd.Args().First()
	}
	cfg, err := readPart(cmd, "AppID", "OfferID", "Env", "MPSig", "AppKey", "SandboxAppKey")
	if err != nil {
		return err
	}
	text, err := readInput(name, cmd.Root().Reader)
	if err != nil {
		return err
	}
	c, err := parseCapture(text)
	if err != nil {
		return err
	}
	if at := cmd.String("at"); at != "" {
		if c.date, err = parseTime(at, time.Now()); err != nil {
			return fmt.Errorf("--at: %w", err)
		}
	}
	params, bodyErr := paramsOf(c.body)
	session, err := sessionKey(ctx, cmd, cfg, value(params, "openid"))
	if err != nil {
		return fmt.Errorf("look for the player's session key: %w", err)
	}
	r := &report{}
	if c.method != "POST" {
		r.wrong("method", "send it as POST", "it is sent as %s", c.method)
	}
	isV2 := strings.HasPrefix(c.url.Path, "/wxa/game/")
	switch {
	case bodyErr != nil:
		r.wrong("body", "send one JSON object", "%v", bodyErr)
	case isV2:
		verifyV2(r, c, params, cfg, session)
	case strings.HasPrefix(c.url.Path, "/cgi-bin/midas/"):
		verifyV1(r, c, params, cfg, session)
	default:
		r.wrong("path", "call /cgi-bin/midas/… (V1) or /wxa/game/… (V2)", "%s is none of Midas's", bare(c.url.Path))
	}
	sayAnswer(r, c, isV2)
	return r.print(cmd)
}

// bare is a path without what may be a query that was joined to it wrongly: that has the access token.
func bare(path string) string {
	if i := strings.IndexAny(path, "?&=;"); i >= 0 {
		return path[:i] + "…"
	}
	return path
}

// same compares a parameter with the config.
func same(r *report, params []midas.Param, key, configured, configKey string) {
	if got := value(params, key); got == "" {
		r.wrong(key, "send it", "it is missing")
	} else if configured != "" && got != configured {
		r.wrong(key, "send the config's, or correct Midas."+configKey, "it is %q, and the config's %s is %q", got, configKey, configured)
	}
}

// needed are the parameters of each call besides those of all (§1.3–1.6, §3.1).
var needed = map[bool]map[string][]string{
	false: {"getbalance": nil, "pay": {"amt", "bill_no"}, "cancelpay": {"bill_no"}, "present": {"bill_no", "present_counts"}},
	true: {
		"getbalance": nil, "pay": {"amount", "bill_no"}, "cancelpay": {"bill_no", "pay_bill_no", "amount"}, "present": {"bill_no", "amount"},
		"queryorderinfo": {"out_trade_no", "biz_id"},
	},
}

func verifyCommon(r *report, c capture, params []midas.Param, cfg plugin.Config, isV2 bool) {
	if !isV2 {
		same(r, params, "appid", cfg.AppID, "AppID")
	}
	same(r, params, "offer_id", cfg.OfferID, "OfferID")
	call := c.url.Path[strings.LastIndexByte(c.url.Path, '/')+1:]
	names, isCall := needed[isV2][call]
	if !isCall {
		r.wrong("path", "call getbalance, pay, cancelpay, present, or V2's queryorderinfo", "there is no call %q", bare(call))
	}
	all := append([]string{"openid", "ts", "zone_id"}, names...)
	if !isV2 {
		all = append(all, "pf")
	}
	for _, name := range all {
		if value(params, name) == "" {
			r.wrong(name, "send it", "it is missing")
		}
	}
	if c.url.Query().Get("access_token") == "" {
		r.wrong("access_token", "put it into the URL: ?access_token=…", "there is none in the URL")
	}
	if code, _, ok := c.errcode(); !ok || code != 0 { // Midas knows its own types best
		verifyTypes(r, c.body)
	}
	verifyClock(r, c, value(params, "ts"))
}

// isNumber has the parameters: those that are numbers, and those that are texts though they may look like numbers
// (§1.3–1.6, §3.1).
var isNumber = map[string]bool{
	"ts": true, "amt": true, "present_counts": true, "env": true, "amount": true, "biz_id": true, "coin_type": true,
	"openid": false, "appid": false, "offer_id": false, "zone_id": false, "pf": false, "user_ip": false, "sig": false, "mp_sig": false, "bill_no": false,
	"pay_bill_no": false, "pay_item": false, "payitem": false, "app_remark": false, "remark": false, "out_trade_no": false,
}

// verifyTypes names what is a number and has to be a text, or the other way round: Midas answers 90018.
func verifyTypes(r *report, body []byte) {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(body, &fields) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		sent := string(fields[name])
		number, known := isNumber[name]
		switch _, err := strconv.ParseInt(sent, 10, 64); {
		case !known:
		case number && err != nil:
			r.wrong(name, "send a whole number, without quotes", "it is %s, and has to be a whole number", clip(sent))
		case !number && sent[0] != '"':
			r.wrong(name, "send a text, in quotes", "it is %s, and has to be a text", clip(sent))
		}
	}
}

func verifyClock(r *report, c capture, ts string) {
	var seconds int64
	if _, err := fmt.Sscanf(ts, "%d", &seconds); err != nil {
		r.wrong("ts", "send seconds since 1970, as a number", "%q is not a number of seconds", ts)
		return
	}
	if seconds > 1e11 {
		r.wrong("ts", "send seconds since 1970", "it is in milliseconds")
		return
	}
	if c.date.IsZero() {
		r.unknown("ts", "capture the answer too, or use --at", "it says %s; when the request was sent is not known", time.Unix(seconds, 0).UTC().Format(time.DateTime))
		return
	}
	sayClock(r, "ts", time.Unix(seconds, 0).Sub(c.date))
}

// sayClock tells how far a clock is ahead of the server's.
func sayClock(r *report, check string, ahead time.Duration) {
	ahead = ahead.Round(time.Second)
	switch {
	case ahead > tolerated:
		r.wrong(check, "set this machine's clock, and keep it set by NTP", "the clock is %s ahead of the server's", ahead)
	case ahead < -tolerated:
		r.wrong(check, "set this machine's clock, and keep it set by NTP", "the clock is %s behind the server's", -ahead)
	default:
		r.ok(check, "within %s of the server's clock", max(ahead, -ahead, time.Second))
	}
}

func verifyV1(r *report, c capture, params []midas.Param, cfg plugin.Config, session midas.Secret) {
	inSandbox := strings.Contains(c.url.Path, "/sandbox/")
	sayEnvironment(r, cfg, inSandbox, "its path is the %s's")
	verifyCommon(r, c, params, cfg, false)

	key, name := appKeyFor(cfg, inSandbox)
	other, otherName := appKeyFor(cfg, !inSandbox)
	app, elsewhere := rightKey(key), wrongKey(otherName+" was used, the other environment's, in place of "+name, other)
	ways := paths(c.url)
	sig := value(params, "sig")
	same := func(set []midas.Param) []way[[]midas.Param] {
		all := []way[[]midas.Param]{{"", set}}
		for _, extra := range []midas.Param{{Key: "access_token", Value: c.url.Query().Get("access_token")}, {Key: "mp_sig", Value: value(params, "mp_sig")}} {
			if extra.Value != "" {
				all = append(all, way[[]midas.Param]{extra.Key + " was signed, and must not be", append(without(set), extra)})
			}
		}
		return all
	}
	switch {
	case sig == "":
		r.wrong("sig", "sign the request", "there is none")
	case key == "":
		r.unknown("sig", "give it with --app-key-file, or put Midas."+name+" into the config", "it cannot be checked: there is no %s", name)
	default:
		mistakes, found := searchV1(sig, known(app, elsewhere, wrongKey("AppSecret was used in place of "+name, cfg.AppSecret),
			wrongKey("the session_key was used in place of "+name, session)), ways, paramSets(params, same), "secret")
		saySignature(r, "sig", mistakes, found, name+" in the config is not Midas's key for this environment, or the request was changed after it was signed",
			refusedKey(c, name).orOptional(params))
	}

	mp := value(params, "mp_sig")
	if mp == "" {
		if cfg.MPSig != nil && *cfg.MPSig {
			r.wrong("mp_sig", "sign it with the player's session key, or set Midas.MPSig to false", "there is none")
		}
		return
	}
	if session == "" {
		r.unknown("mp_sig", "give the session key with --session-key-file", "it cannot be checked: the player's session key is not known")
		return
	}
	token := c.url.Query().Get("access_token")
	signs := func(set []midas.Param) []way[[]midas.Param] {
		with := func(extra ...midas.Param) []midas.Param { return append(without(set), extra...) }
		s, t := midas.Param{Key: "sig", Value: sig}, midas.Param{Key: "access_token", Value: token}
		return []way[[]midas.Param]{
			{"", with(s, t)},
			{"access_token was not signed", with(s)},
			{"sig was not signed", with(t)},
			{"neither sig nor access_token was signed", with()},
			{"access_token was signed URL-encoded", with(s, midas.Param{Key: "access_token", Value: url.QueryEscape(token)})},
		}
	}
	mistakes, found := searchV1(mp, sessionKeys(session, app, elsewhere), ways, paramSets(params, signs), "session_key")
	saySignature(r, "mp_sig", mistakes, found, staleSession, refusedSession(c, 90009).orOptional(params))
}

const staleSession = "the session key it was made with is not this one: most often the player has logged in again since, here or elsewhere, " +
	"and the newest session key was not used. Have the player log in (wx.login)"

// refusal is what it means that Midas refused a signature that fits: it was made as the config says, so the config is
// wrong. The zero value: it did not refuse it.
type refusal struct {
	code      int
	means, do string
}

func refusedKey(c capture, name string) refusal {
	return refusedAs(c, 90011, name+" in the config is not Midas's key for this environment", "compare it with the one in Midas's console, letter by letter")
}

func refusedSession(c capture, code int) refusal {
	return refusedAs(c, code, "the session key is not the player's newest", "have the player log in (wx.login)")
}

func refusedAs(c capture, code int, means, do string) refusal {
	if got, _, ok := c.errcode(); !ok || got != code {
		return refusal{}
	}
	return refusal{code, means, do}
}

// orOptional adds that it may be optional parameters of V1, which Midas signs or leaves out (§1.7).
func (f refusal) orOptional(params []midas.Param) refusal {
	var sent []string
	for _, name := range []string{"user_ip", "pay_item", "app_remark"} {
		if value(params, name) != "" {
			sent = append(sent, name)
		}
	}
	if len(sent) > 0 {
		f.means += ", or Midas leaves out of what is signed: " + strings.Join(sent, ", ")
		f.do += `, or set Midas.OptionalParams to "omit"`
	}
	return f
}

// saySignature tells what was found out about a signature.
func saySignature(r *report, name string, mistakes []string, found bool, otherwise string, refused refusal) {
	switch {
	case !found:
		r.wrong(name, otherwise, "it fits no way of signing that is known, with any key that is known")
	case len(mistakes) == 0 && refused.code != 0:
		r.wrong(name, refused.do+"; `midasctl doctor` tries it out", "it fits, and Midas refused it (%d): %s", refused.code, refused.means)
	case len(mistakes) == 0:
		r.ok(name, "it fits")
	default:
		r.wrong(name, "make it as `midasctl sign --explain` does", "%s", strings.Join(mistakes, "; "))
	}
}

func sayEnvironment(r *report, cfg plugin.Config, inSandbox bool, how string) {
	asked := "production"
	if inSandbox {
		asked = "sandbox"
	}
	if cfg.Env == "" {
		r.unknown("environment", "", how+"; which is meant no config says", asked)
	} else if cfg.Env != asked {
		r.wrong("environment", "call the other, or correct Midas.Env", how+", and the config is for %s", asked, cfg.Env)
	} else {
		r.ok("environment", "%s", asked)
	}
}

func verifyV2(r *report, c capture, params []midas.Param, cfg plugin.Config, session midas.Secret) {
	env := value(params, "env")
	switch env {
	case "0", "1":
		sayEnvironment(r, cfg, env == "1", "env in its body is the %s's")
	case "":
		r.wrong("env", "send 0 for production, 1 for the sandbox", "it is missing")
	default:
		r.wrong("env", "send 0 for production, 1 for the sandbox", "it is %q", env)
	}
	verifyCommon(r, c, params, cfg, true)

	key, name := appKeyFor(cfg, env == "1")
	other, otherName := appKeyFor(cfg, env != "1")
	app, elsewhere := rightKey(key), wrongKey(otherName+" was used, the other environment's, in place of "+name, other)
	query, ways, written := c.url.Query(), paths(withoutSignatures(c.url)), bodies(c.body)
	paySig, signature := query.Get("pay_sig"), query.Get("signature")
	refused := refusedSession(c, 90010)
	if method := query.Get("sig_method"); method != sigMethod {
		r.wrong("sig_method", "put sig_method="+sigMethod+" into the URL", "it is %q", method)
		refused = refusal{} // 90010 is for this
	}
	switch {
	case paySig == "":
		r.wrong("pay_sig", "put it into the URL", "there is none")
	case key == "":
		r.unknown("pay_sig", "give it with --app-key-file, or put Midas."+name+" into the config", "it cannot be checked: there is no %s", name)
	default:
		mistakes, found := searchPaySig(paySig, known(app, elsewhere, wrongKey("AppSecret was used in place of "+name, cfg.AppSecret),
			wrongKey("the session_key was used in place of "+name, session)), ways, written)
		saySignature(r, "pay_sig", mistakes, found, name+" in the config is not Midas's key for this environment, or the body was changed after it was signed",
			refusedKey(c, name))
	}
	switch {
	case signature == "":
		r.wrong("signature", "put it into the URL", "there is none")
	case session == "":
		r.unknown("signature", "give the session key with --session-key-file", "it cannot be checked: the player's session key is not known")
	default:
		mistakes, found := searchSignature(signature, sessionKeys(session, app, elsewhere), ways, written)
		saySignature(r, "signature", mistakes, found, staleSession, refused)
	}
}

// sigMethod is what sig_method has to be (§3.1).
const sigMethod = "hmac_sha256"

// withoutSignatures is the URL as it was when its signatures were made.
func withoutSignatures(u *url.URL) *url.URL {
	before := *u
	q := before.Query()
	q.Del("pay_sig")
	q.Del("signature")
	before.RawQuery = q.Encode()
	return &before
}

// sayAnswer explains what Midas said.
func sayAnswer(r *report, c capture, isV2 bool) {
	code, text, ok := c.errcode()
	switch {
	case !ok:
	case code == 0:
		r.ok("answer", "0: Midas was content")
	default:
		e := &midas.Error{Code: code, V2: isV2}
		r.unknown("answer", e.Advice(), "%d %s", code, clip(text))
	}
}

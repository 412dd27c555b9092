package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

// wechat is an emulator behind a proxy whose clock may be wrong, and which keeps what it saw as a dump.
type wechat struct {
	t       *testing.T
	emu     *emulator.Server
	url     string
	ahead   time.Duration // of the server's clock
	seen    []string      // requests with their answers
	openid  string
	session midas.Secret
}

func newWechat(t *testing.T, cfg emulator.Config) *wechat {
	t.Helper()
	cfg.AppID, cfg.AppSecret, cfg.OfferID = "wx1234567", "s3cret-of-the-app", "12345678"
	cfg.AppKey, cfg.SandboxAppKey = "k3y-of-production", "k3y-of-the-sandbox"
	w := &wechat{t: t, openid: emulator.OpenIDOf("alice"), session: "s3ssion-key"}
	var err error
	if w.emu, err = emulator.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.emu.Close() })
	w.emu.SetSession(w.openid, w.session.Reveal())
	for _, env := range []emulator.Env{emulator.Sandbox, emulator.Production} {
		if err := w.emu.Recharge(env, w.openid, "1", 600); err != nil {
			t.Fatal(err)
		}
	}
	front := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		dump, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		rec := httptest.NewRecorder()
		w.emu.ServeHTTP(rec, r)
		answer := rec.Result()
		answer.Header.Set("Date", time.Now().Add(w.ahead).UTC().Format(http.TimeFormat))
		said, err := httputil.DumpResponse(answer, true)
		if err != nil {
			t.Error(err)
		}
		w.seen = append(w.seen, string(dump)+"\r\n"+string(said))
		for key, values := range answer.Header {
			out.Header()[key] = values
		}
		out.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(out, answer.Body)
	}))
	t.Cleanup(front.Close)
	w.url = front.URL
	return w
}

// conf is a config on this WeChat.
func (w *wechat) conf(changes map[string]any) string {
	return config(w.t, map[string]any{"BaseURL": w.url}, changes)
}

// keyFile has the player's session key.
func (w *wechat) keyFile() string {
	name := filepath.Join(w.t.TempDir(), "session-key")
	if err := os.WriteFile(name, []byte(w.session.Reveal()+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return name
}

// captured makes a call with a client of the given config, and returns what went over the wire.
func (w *wechat) captured(change func(*midas.Config)) string {
	w.t.Helper()
	cfg := midas.Config{
		BaseURL: w.url, AppID: "wx1234567", AppSecret: "s3cret-of-the-app", OfferID: "12345678", AppKey: "k3y-of-the-sandbox", Sandbox: true,
	}
	change(&cfg)
	c, err := midas.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Pay(w.t.Context(), midas.PayRequest{
		Player: midas.Player{OpenID: w.openid, ZoneID: "1", SessionKey: w.session, UserIP: "10.0.0.7"}, BillNo: "b1", Amount: 5, Item: "sword & shield",
	})
	return w.seen[len(w.seen)-1]
}

// rewritten changes the body, or the URL, of a request after it was signed.
func rewritten(dump, old, with string) string {
	if !strings.Contains(dump, old) {
		panic(fmt.Sprintf("%q is not in %q", old, dump))
	}
	lines := strings.Split(strings.Replace(dump, old, with, 1), "\r\n")
	var kept []string
	for _, l := range lines { // whoever changes a body changes its length
		if !strings.HasPrefix(l, "Content-Length") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\r\n")
}

// verdict is what verify says.
type verdict struct {
	OK       bool
	Findings []struct{ Check, Status, What, Do string }
}

func (w *wechat) verify(dump string, changes map[string]any) verdict {
	w.t.Helper()
	out, err := midasctl(w.t, dump, "verify", "--conf", w.conf(changes), "--session-key-file", w.keyFile(), "--json")
	var v verdict
	if json.NewDecoder(strings.NewReader(out)).Decode(&v) != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	if v.OK != (err == nil) {
		w.t.Errorf("the exit code does not tell what the report tells: %v, %s", err, out)
	}
	return v
}

// wrongs are the findings of what is wrong.
func (v verdict) wrongs() (all []string) {
	for _, f := range v.Findings {
		if f.Status == "wrong" {
			all = append(all, f.Check+": "+f.What)
		}
	}
	return all
}

func TestVerifyNamesTheFault(t *testing.T) {
	asIs := func(dump string) string { return dump }
	v2 := func(c *midas.Config) { c.V2 = true }
	for name, c := range map[string]struct {
		client  func(*midas.Config)
		change  func(dump string) string
		config  map[string]any
		session midas.Secret
		want    []string // each of these, and nothing else, is wrong
	}{
		"nothing, V1": {client: func(*midas.Config) {}, change: asIs},
		"nothing, V2": {client: v2, change: asIs, config: map[string]any{"Protocol": "v2"}},
		"the sandbox's key in production": {
			client: func(c *midas.Config) { c.Sandbox = false }, change: asIs, config: map[string]any{"Env": "production"},
			want: []string{"sig: SandboxAppKey was used, the other environment's"},
		},
		"the sandbox's key in production, V2": {
			client: func(c *midas.Config) { v2(c); c.Sandbox = false }, change: asIs, config: map[string]any{"Env": "production", "Protocol": "v2"},
			want: []string{"pay_sig: SandboxAppKey was used, the other environment's"},
		},
		"an optional parameter that was not signed": {
			client: func(*midas.Config) {}, change: func(d string) string { return rewritten(d, `{"amt"`, `{"user_ip":"10.0.0.7","amt"`) },
			want: []string{"sig: user_ip was sent and not signed", "mp_sig: user_ip was sent and not signed"},
		},
		"an optional parameter that was signed and not sent": {
			client: func(c *midas.Config) { c.SignOptional = true }, change: func(d string) string { return rewritten(d, `"user_ip":"10.0.0.7",`, ``) },
			want: []string{"sig: it fits no way", "mp_sig: it fits no way"}, // its value is nowhere to be read
		},
		"a parameter that was changed": {
			client: func(*midas.Config) {}, change: func(d string) string { return rewritten(d, `"amt":5`, `"amt":6`) },
			want: []string{"sig: it fits no way", "mp_sig: it fits no way"},
		},
		"an environment that is not the config's": {
			client: func(*midas.Config) {}, change: asIs, config: map[string]any{"Env": "production"}, want: []string{"environment: its path is the sandbox's"},
		},
		"another mini game": {
			client: func(*midas.Config) {}, change: asIs, config: map[string]any{"AppID": "wxOther", "OfferID": "999"},
			want: []string{`appid: it is "wx1234567"`, `offer_id: it is "12345678"`},
		},
		"a body that was written anew, V2": {
			client: v2, change: func(d string) string { return rewritten(d, `","`, `", "`) }, config: map[string]any{"Protocol": "v2"},
			want: []string{"pay_sig: the body was written anew", "signature: the body was written anew"},
		},
		"the two signatures in each other's place, V2": {
			client: v2, change: func(d string) string {
				return strings.NewReplacer("pay_sig=", "signature=", "signature=", "pay_sig=").Replace(d)
			},
			config: map[string]any{"Protocol": "v2"}, want: []string{"pay_sig: ", "signature: "},
		},
		"a session that another login replaced": {
			client: func(*midas.Config) {}, change: asIs, session: "another-key-of-the-same-player", want: []string{"mp_sig: it fits no way"},
		},
		"no access token": {
			client: func(*midas.Config) {}, change: func(d string) string {
				a, b, _ := strings.Cut(d, "?access_token=")
				_, b, _ = strings.Cut(b, " ")
				return a + " " + b
			},
			want: []string{"access_token: there is none in the URL", "mp_sig: "},
		},
		"sent as GET": {
			client: func(*midas.Config) {}, change: func(d string) string { return strings.Replace(d, "POST ", "GET ", 1) }, want: []string{"method: it is sent as GET"},
		},
		"milliseconds": {
			client: func(*midas.Config) {}, change: func(d string) string { return rewritten(d, `"ts":`, `"ts":1000`) }, want: []string{"ts: it is in milliseconds", "sig: ", "mp_sig: "},
		},
		"a parameter that is missing": {
			client: func(*midas.Config) {}, change: func(d string) string { return rewritten(d, `"zone_id":"1",`, ``) }, want: []string{"zone_id: it is missing", "sig: ", "mp_sig: "},
		},
		"a body that is none": {
			client: func(*midas.Config) {}, change: func(d string) string { return rewritten(d, `{"amt"`, `amt`) }, want: []string{"body: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, emulator.Config{})
			dump := c.change(w.captured(c.client))
			if c.session != "" {
				w.session = c.session
			}
			got := w.verify(dump, c.config).wrongs()
			if len(got) != len(c.want) {
				t.Fatalf("%q\nwant %q\n%s", got, c.want, dump)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("%q, want %q", got[i], want)
				}
			}
		})
	}
}

// What is signed as the config says, and refused, is the config's fault: no other check can find it.
func TestVerifyNamesWhatIsWrongWithAConfigThatSignsAsItSays(t *testing.T) {
	v2 := func(c *midas.Config) { c.V2 = true }
	signs := func(c *midas.Config) { c.SignOptional = true }
	inProduction := func(c *midas.Config) { c.Sandbox = false }
	nobodys := func(c *midas.Config) { c.AppKey = "somebody-else's" }
	const optional = ", or Midas leaves out of what is signed: user_ip, pay_item"
	for name, c := range map[string]struct {
		emulator emulator.Config
		client   []func(*midas.Config)
		config   map[string]any
		session  midas.Secret
		want     string
	}{
		"the sandbox's key in production": {
			client: []func(*midas.Config){inProduction}, config: map[string]any{"Env": "production", "AppKey": "k3y-of-the-sandbox"},
			want: "sig: it fits, and Midas refused it (90011): AppKey in the config is not Midas's key for this environment",
		},
		"the sandbox's key in production, V2": {
			client: []func(*midas.Config){v2, inProduction}, config: map[string]any{"Env": "production", "AppKey": "k3y-of-the-sandbox", "Protocol": "v2"},
			want: "pay_sig: it fits, and Midas refused it (90011): AppKey in the config is not Midas's key for this environment",
		},
		"nobody's key": {
			client: []func(*midas.Config){nobodys}, config: map[string]any{"SandboxAppKey": "somebody-else's"},
			want: "sig: it fits, and Midas refused it (90011): SandboxAppKey in the config is not Midas's key for this environment",
		},
		"an optional parameter signed wrongly": {
			emulator: emulator.Config{OptionalUnsigned: true}, client: []func(*midas.Config){signs}, config: map[string]any{"OptionalParams": "sign"},
			want: "mp_sig: it fits, and Midas refused it (90009): the session key is not the player's newest" + optional,
		},
		"an optional parameter signed wrongly, and mp_sig is not looked at": {
			emulator: emulator.Config{OptionalUnsigned: true, MPSigIgnored: true}, client: []func(*midas.Config){signs},
			config: map[string]any{"OptionalParams": "sign"},
			want:   "sig: it fits, and Midas refused it (90011): SandboxAppKey in the config is not Midas's key for this environment" + optional,
		},
		"a session key that is not the newest": {
			session: "another-key", want: "mp_sig: it fits, and Midas refused it (90009): the session key is not the player's newest",
		},
		"a session key that is not the newest, V2": {
			client: []func(*midas.Config){v2}, config: map[string]any{"Protocol": "v2"}, session: "another-key",
			want: "signature: it fits, and Midas refused it (90010): the session key is not the player's newest",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, c.emulator)
			if c.session != "" {
				w.session = c.session
			}
			dump := w.captured(func(m *midas.Config) {
				for _, change := range c.client {
					change(m)
				}
			})
			if got := w.verify(dump, c.config).wrongs(); len(got) != 1 || got[0] != c.want {
				t.Errorf("%q\nwant %q\n%s", got, c.want, dump)
			}
		})
	}
}

// The signatures of these requests fit: Midas refuses them for what is around them.
func TestVerifyNamesWrongTypesAndTheSigMethod(t *testing.T) {
	const v1, v2, method = "/cgi-bin/midas/sandbox/pay", "/wxa/game/pay", "&sig_method=hmac_sha256"
	for name, c := range map[string]struct {
		path, method, body string
		code               string
		want               []string
	}{
		"nothing, V2":            {v2, method, `{"amount":5,"bill_no":"b2",%s,"env":1}`, `"errcode":0`, nil},
		"no sig_method, V2":      {v2, "", `{"amount":5,"bill_no":"b2",%s,"env":1}`, "90010", []string{`sig_method: it is ""`}},
		"another sig_method, V2": {v2, "&sig_method=md5", `{"amount":5,"bill_no":"b2",%s,"env":1}`, "90010", []string{`sig_method: it is "md5"`}},
		"env in quotes, V2":      {v2, method, `{"amount":5,"bill_no":"b2",%s,"env":"1"}`, "90018", []string{`env: it is "1", and has to be a whole number`}},
		"amount in quotes, V2":   {v2, method, `{"amount":"5","bill_no":"b2",%s,"env":1}`, "90018", []string{`amount: it is "5", and has to be a whole number`}},
		"a bare bill_no, V2":     {v2, method, `{"amount":5,"bill_no":22,%s,"env":1}`, "90018", []string{"bill_no: it is 22, and has to be a text"}},
		"amt in quotes, V1":      {v1, "", `{"amt":"5","bill_no":"b2",%s,"appid":"wx1234567","pf":"android"}`, "90018", []string{`amt: it is "5", and has to be a whole number`}},
		"nothing, V1":            {v1, "", `{"amt":5,"bill_no":"b2",%s,"appid":"wx1234567","pf":"android"}`, `"errcode":0`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, emulator.Config{})
			token := regexp.MustCompile(`access_token=([^ &]+)`).FindStringSubmatch(w.captured(func(*midas.Config) {}))[1]
			body := fmt.Sprintf(c.body, fmt.Sprintf(`"offer_id":"12345678","openid":%q,"ts":%d,"zone_id":"1"`, w.openid, time.Now().Unix()))
			query := "?access_token=" + token
			config := map[string]any{"Protocol": "v2"}
			if c.path == v2 {
				query += c.method + "&signature=" + midas.SignatureV2([]byte(body), w.session) + "&pay_sig=" + midas.PaySigV2(v2, []byte(body), "k3y-of-the-sandbox")
			} else {
				config["Protocol"] = "v1"
				params, err := paramsOf([]byte(body))
				if err != nil {
					t.Fatal(err)
				}
				params = append(params, midas.Param{Key: "sig", Value: midas.SigV1(params, v1, "k3y-of-the-sandbox")})
				mpSig := midas.MPSigV1(append(without(params), midas.Param{Key: "access_token", Value: token}), v1, w.session)
				body = fmt.Sprintf(`%s,"sig":%q,"mp_sig":%q}`, strings.TrimSuffix(body, "}"), value(params, "sig"), mpSig)
			}
			reply, err := http.Post(w.url+c.path+query, "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			reply.Body.Close()
			dump := w.seen[len(w.seen)-1]
			if !strings.Contains(dump, c.code) {
				t.Fatalf("Midas does not answer %s:\n%s", c.code, dump)
			}
			if got := w.verify(dump, config).wrongs(); strings.Join(got, "; ") != strings.Join(c.want, "; ") {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestVerifyNamesAClockTenMinutesOff(t *testing.T) {
	for ours, want := range map[time.Duration]*regexp.Regexp{
		10 * time.Minute:  regexp.MustCompile(`^ts: the clock is (10m[0-9]s|9m5[0-9]s) ahead of the server's$`), // both clocks tell whole seconds
		-10 * time.Minute: regexp.MustCompile(`^ts: the clock is (10m[0-9]s|9m5[0-9]s) behind the server's$`),
	} {
		w := newWechat(t, emulator.Config{})
		w.ahead = -ours
		if got := w.verify(w.captured(func(*midas.Config) {}), nil).wrongs(); len(got) != 1 || !want.MatchString(got[0]) {
			t.Errorf("%q, want %s", got, want)
		}
	}
}

// Every way of signing that is known to go wrong is told from the others.
func TestVerifyTellsWaysOfSigningApart(t *testing.T) {
	const path = "/cgi-bin/midas/sandbox/pay"
	u, err := url.Parse("https://api.weixin.qq.com" + path + "?access_token=tok%2Ben")
	if err != nil {
		t.Fatal(err)
	}
	params := []midas.Param{{Key: "zone_id", Value: "1"}, {Key: "amt", Value: "5"}, {Key: "pay_item", Value: "sword & shield"}, {Key: "user_ip", Value: "10.0.0.7"}}
	keys := []way[keyed]{rightKey("right"), wrongKey("another key", "wrong")}
	plain := func(set []midas.Param) []way[[]midas.Param] { return []way[[]midas.Param]{{"", set}} }
	sets, ways := paramSets(params, plain), paths(u)
	n := 0
	for _, set := range sets {
		for _, p := range ways {
			for _, text := range textsV1("secret") {
				for _, k := range keys {
					for _, d := range digests {
						var want []string
						for _, m := range []string{k.mistake, p.mistake, set.mistake, text.mistake, d.mistake} {
							if m != "" {
								want = append(want, m)
							}
						}
						if n++; len(want) > 1 && n%31 != 0 {
							continue // two mistakes at once are many: a part of them will do
						}
						sig := d.value(k.value.hmac, text.value(set.value, p.value, k.value.inText))
						mistakes, found := searchV1(sig, keys, ways, sets, "secret")
						told := strings.Join(mistakes, "; ")
						if !found || len(want) < 2 && told != strings.Join(want, "; ") {
							t.Errorf("%q, %t\nwant %q", told, found, want)
						}
					}
				}
			}
		}
	}
}

func TestACurlLineIsACaptureToo(t *testing.T) {
	for _, line := range []string{
		`curl -X POST 'https://api.weixin.qq.com/cgi-bin/midas/pay?access_token=A' -H 'Content-Type: application/json' -d '{"amt":5,"x":"it'\''s"}'`,
		"curl --request POST \\\n  --url https://api.weixin.qq.com/cgi-bin/midas/pay?access_token=A \\\n  --data-raw \"{\\\"amt\\\":5,\\\"x\\\":\\\"it's\\\"}\" --compressed -s",
		`curl -vsXPOST -HAccept:x -sd '{"amt":5,"x":"it'\''s"}' https://api.weixin.qq.com/cgi-bin/midas/pay?access_token=A` + "\n* and what it printed 'is another matter",
		`$ curl -sS --max-time=3 -d'{"amt":5,"x":"it'\''s"}' "https://api.weixin.qq.com/cgi-bin/midas/pay?access_token=A"`,
	} {
		c, err := parseCapture(line)
		if err != nil || c.method != "POST" || c.url.Path != "/cgi-bin/midas/pay" || c.url.Query().Get("access_token") != "A" || string(c.body) != `{"amt":5,"x":"it's"}` {
			t.Errorf("%s\n%+v, %v", line, c, err)
		}
	}
	for _, text := range []string{
		"", "curl", "curl 'unclosed", "curl -d @body.json http://x/y", "curl -d", "hello", "GET", "POST nowhere HTTP/1.1\n\n",
		"curl --data-urlencode @body.json http://x/y", "curl --data-urlencode body@body.json http://x/y", "curl -X 'P T' http://x/y", "p=5 /x HTTP/1.1\n\n",
	} {
		if c, err := parseCapture(text); err == nil {
			t.Errorf("%q is read as %+v", text, c)
		}
	}
}

func TestWhatCurlEncodesIsReadAsItWasSent(t *testing.T) {
	for line, want := range map[string]struct{ method, query, body string }{
		`curl --data-urlencode 'x=sword & shield' --data-urlencode '=a b' --data-urlencode 'c+d' https://h/p`: {"POST", "", "x=sword%20%26%20shield&a%20b&c%2Bd"},
		`curl -G -d a=1 --data-urlencode 'b=2 3' 'https://h/p?access_token=A'`:                                {"GET", "access_token=A&a=1&b=2%203", ""},
		`curl -sGda=1 https://h/p`: {"GET", "a=1", ""},
	} {
		c, err := parseCapture(line)
		if err != nil || c.method != want.method || c.url.RawQuery != want.query || string(c.body) != want.body {
			t.Errorf("%s\n%+v, %v", line, c, err)
		}
	}
}

// Whatever shows HTTP as text does it a little differently.
func TestACaptureIsReadAsItsToolShowsIt(t *testing.T) {
	const (
		request = "POST /cgi-bin/midas/pay?access_token=A HTTP/1.1\nHost: api.weixin.qq.com\nContent-Length: 9\n\n" + `{"amt":5}`
		answer  = "HTTP/1.1 200 OK\nDate: Wed, 25 Nov 2026 18:09:46 GMT\nContent-Type: application/json\n\n" + `{"errcode":90011,"errmsg":"sig"}`
		command = `curl -v 'https://api.weixin.qq.com/cgi-bin/midas/pay?access_token=A' \` + "\n" + `  -d '{"amt":5}'`
		// What curl says to a terminal, with the answer in the middle.
		verbose = `* Host api.weixin.qq.com:443 was resolved.
*   Trying 10.0.0.1:443...
  % Total    % Received % Xferd  Average Speed   Time
* using HTTP/2
* [HTTP/2] [1] [:path: /cgi-bin/midas/pay?access_token=A]
> POST /cgi-bin/midas/pay?access_token=A HTTP/2
> Host: api.weixin.qq.com
> Content-Length: 9
> Content-Type: application/x-www-form-urlencoded
>
} [9 bytes data]
* upload completely sent off: 9 bytes
< HTTP/2 200
< date: Wed, 25 Nov 2026 18:09:46 GMT
< content-type: application/json
<
{ [32 bytes data]
{"errcode":90011,"errmsg":"sig"}* Connection #0 to host api.weixin.qq.com left intact
`
		proxied = "> CONNECT api.weixin.qq.com:443 HTTP/1.1\n> Host: api.weixin.qq.com:443\n>\n< HTTP/1.1 200 Connection established\n< Date: Sat, 01 Jan 2000 00:00:00 GMT\n<\n"
	)
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	for name, text := range map[string]string{
		"as it goes":            crlf(request) + "\r\n" + crlf(answer),
		"without CR":            "\n  " + request + "\n\n" + answer + "\n",
		"continued":             request + "\nHTTP/1.1 100 Continue\n\n" + answer,
		"HTTP/2":                strings.Replace(request, "HTTP/1.1", "HTTP/2.0", 1) + "\n\n" + strings.Replace(answer, "HTTP/1.1 200 OK", "HTTP/2.0 200 OK", 1),
		"HTTP/2, short":         strings.Replace(request, "HTTP/1.1", "HTTP/2", 1) + "\n\n" + strings.Replace(answer, "HTTP/1.1 200 OK", "HTTP/2 200", 1),
		"in chunks":             request + "\n" + strings.Replace(answer, `{"err`, "20\n"+`{"err`, 1) + "\n0\n\n",
		"curl -v":               command + "\n" + verbose,
		"curl -v, CR":           command + "\n" + crlf(verbose),
		"curl -v, a proxy":      command + "\n" + proxied + verbose,
		"curl -i":               command + "\n" + strings.Replace(answer, "HTTP/1.1 200 OK", "HTTP/2 200", 1) + "\n",
		"curl -v, a body":       strings.Replace(verbose, "} [9 bytes data]", `{"amt":5}`, 1),
		"curl -v, HTTP/1":       command + "\n" + strings.ReplaceAll(verbose, "HTTP/2", "HTTP/1.1"),
		"curl -v, with a space": command + "\n" + strings.ReplaceAll(strings.ReplaceAll(verbose, "\n>\n", "\n> \n"), "\n<\n", "\n< \n"),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := parseCapture(text)
			if err != nil || c.method != "POST" || c.url.Path != "/cgi-bin/midas/pay" || c.url.Query().Get("access_token") != "A" || string(c.body) != `{"amt":5}` {
				t.Fatalf("%+v, %v", c, err)
			}
			if !c.date.Equal(time.Date(2026, 11, 25, 18, 9, 46, 0, time.UTC)) {
				t.Errorf("it was answered at %s", c.date)
			}
			r := &report{}
			if sayAnswer(r, c, false); len(r.findings) != 1 || !strings.HasPrefix(r.findings[0].What, "90011 ") {
				t.Errorf("the answer is %q: %+v", c.answer, r.findings)
			}
		})
	}
	if c, err := parseCapture(command + "\n" + `{"errcode":90011,"errmsg":"sig"}`); err != nil || string(c.answer) != `{"errcode":90011,"errmsg":"sig"}` || !c.date.IsZero() {
		t.Errorf("an answer alone: %+v, %v", c, err)
	}
	if c, err := parseCapture(verbose); err == nil || !strings.Contains(err.Error(), "put the command in front") {
		t.Errorf("without a body: %+v, %v", c, err)
	}
}

// Errors and findings say nothing of a token, wherever it is.
func TestVerifyShowsNoToken(t *testing.T) {
	w := newWechat(t, emulator.Config{})
	const token = "access_token=t0ken-of-wechat" // midasctl looks for it in what is printed
	for _, text := range []string{
		"/cgi-bin/midas/pay?" + token + " HTTP/1.1\nHost: h\n\n{}",
		token,
		token + " /cgi-bin/midas/pay HTTP/1.1\n\n{}",
		"POST ?" + token + " HTTP/1.1\n\n{}",
		"POST /cgi-bin/midas/pay%3F" + token + " HTTP/1.1\n\n{}",
		"POST /cgi-bin/midas/pay&" + token + " HTTP/1.1\n\n{}",
		"POST /wxa/game/pay;" + token + " HTTP/1.1\n\n{}",
		"POST /elsewhere&" + token + " HTTP/1.1\n\n{}",
		"POST http://h:x/cgi-bin/midas/pay?" + token + " HTTP/1.1\n\n{}",
		"curl 'http://h:x/cgi-bin/midas/pay?" + token + "' -d '{}'",
		"curl 'https://h/cgi-bin/midas/pay?" + token,
		"curl -X " + token + " https://h/cgi-bin/midas/pay -d '{}'",
		"curl -d '{}' https://h/cgi-bin/midas/pay?" + token + " -d",
		"> POST /cgi-bin/midas/pay?" + token + " HTTP/2\n> Content-Length: 9\n>\n",
	} {
		if out, err := midasctl(t, text, "verify", "--conf", w.conf(nil)); err == nil {
			t.Errorf("%s is well: %s", text, out)
		}
	}
}

func FuzzParseCapture(f *testing.F) {
	f.Add("curl -X POST 'https://a/b?c=d' -d '{}'")
	f.Add("POST /cgi-bin/midas/pay?access_token=A HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}\r\nHTTP/1.1 200 OK\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n\r\n{}")
	f.Add("POST /x HTTP/1.1\n\n")
	f.Add("curl -sGd 'a' --data-urlencode b=c https://a/b\n> POST /b HTTP/2\n>\n{}\n< HTTP/2 200\n< date: x\n<\n{ [5 bytes data]\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCapture(text)
		if err == nil && (c.url == nil || c.method == "") {
			t.Errorf("%+v", c)
		}
		_, _ = paramsOf(c.body)
	})
}

package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

const (
	codeLife       = 5 * time.Minute
	loginsPerMin   = 100    // of one user (§4.1)
	resetsPerMin   = 60_000 // of one mini game (§4.3)
	deadKeysKept   = 8      // per user, to tell a replaced session key from a wrong one
	autoCodePrefix = "auto-"
)

// session is the login of one user. Key is empty once it has expired by command.
type session struct {
	OpenID   string    `json:"openid"`
	Key      string    `json:"key,omitempty"`
	Expires  time.Time `json:"expires"`
	DeadKeys []string  `json:"dead_keys,omitempty"` // newest last

	logins quota
}

// loginCode is what wx.login gave a client.
type loginCode struct {
	OpenID  string    `json:"openid"`
	Expires time.Time `json:"expires"`
}

// logins are the codes not yet used and the sessions they led to.
type logins struct {
	codes    map[string]loginCode
	used     map[string]bool // auto codes, each of which works once
	sessions map[string]*session
	resets   quota
}

func newLogins() *logins {
	return &logins{
		codes:    make(map[string]loginCode),
		used:     make(map[string]bool),
		sessions: make(map[string]*session),
		resets:   quota{limit: resetsPerMin, per: time.Minute},
	}
}

// OpenIDOf is the openid that automatic codes of that name log in (Config.AutoCodes): 28 characters, always the same.
func OpenIDOf(name string) string {
	sum := sha256.Sum256([]byte("openid of " + name))
	return "o" + base64.RawURLEncoding.EncodeToString(sum[:])[:27]
}

// mint makes a code that logs openid in once.
func (l *logins) mint(openid string, now time.Time) string {
	for code, c := range l.codes {
		if !now.Before(c.Expires) {
			delete(l.codes, code)
		}
	}
	code := "0" + rand.Text()
	l.codes[code] = loginCode{OpenID: openid, Expires: now.Add(codeLife)}
	return code
}

// redeem uses a code up and returns whose it was, or "".
func (l *logins) redeem(code string, now time.Time, auto bool) string {
	if c, ok := l.codes[code]; ok {
		delete(l.codes, code)
		if now.Before(c.Expires) {
			return c.OpenID
		}
		return ""
	}
	rest, isAuto := strings.CutPrefix(code, autoCodePrefix)
	name, tail, _ := strings.Cut(rest, "-")
	if !auto || !isAuto || name == "" || tail == "" || l.used[code] {
		return ""
	}
	l.used[code] = true
	return OpenIDOf(name)
}

// session is the user's login record, made if need be.
func (l *logins) session(openid string) *session {
	ses := l.sessions[openid]
	if ses == nil {
		ses = &session{OpenID: openid, logins: quota{limit: loginsPerMin, per: time.Minute}}
		l.sessions[openid] = ses
	}
	return ses
}

// key is the user's live session key, or "".
func (l *logins) key(openid string, now time.Time) string {
	ses := l.sessions[openid]
	if ses == nil || !now.Before(ses.Expires) {
		return ""
	}
	return ses.Key
}

// replace gives the session another key; the old one is remembered as dead. An empty key only ends the old one.
func (s *session) replace(key string) {
	if s.Key != "" && s.Key != key {
		s.DeadKeys = append(s.DeadKeys, s.Key)
		s.DeadKeys = s.DeadKeys[max(0, len(s.DeadKeys)-deadKeysKept):]
	}
	s.Key = key
}

func newSessionKey() string {
	var key [16]byte
	rand.Read(key[:])
	return base64.StdEncoding.EncodeToString(key[:])
}

// code2Session answers GET /sns/jscode2session (§4.1).
func (s *Server) code2Session(c *call) answer {
	q := c.query
	if code := s.checkApp(q.Get("grant_type"), "authorization_code", q.Get("appid"), q.Get("secret")); code != codeOK {
		return s.fail(code)
	}
	s.changed() // even a code that is refused below is used up
	openid := s.logins.redeem(q.Get("js_code"), c.now, s.cfg.AutoCodes)
	if openid == "" {
		return s.fail(codeBadLogin)
	}
	c.order.OpenID = openid // for the log
	ses := s.logins.session(openid)
	if !ses.logins.take(c.now) {
		return s.fail(codeMinuteQuota)
	}
	if !s.cfg.KeepSession || s.logins.key(openid, c.now) == "" {
		ses.replace(newSessionKey())
	}
	ses.Expires = c.now.Add(s.cfg.SessionLife)
	a := answer{"openid": openid, "session_key": ses.Key}
	if s.cfg.LoginErrcode {
		a["errcode"], a["errmsg"] = codeOK, "ok"
	}
	return a
}

// checkSession answers GET /wxa/checksession (§4.3).
func (s *Server) checkSession(c *call) answer {
	code := s.checkSessionArgs(c)
	if code == codeNoSessionKey {
		code = codeBadSessionSig
	}
	if code != codeOK {
		return s.fail(code)
	}
	return succeed(nil)
}

// resetSession answers GET /wxa/resetusersessionkey (§4.3): a new key that ends when the old one would have.
func (s *Server) resetSession(c *call) answer {
	if code := s.checkSessionArgs(c); code != codeOK {
		return s.fail(code)
	}
	if !s.logins.resets.take(c.now) {
		return s.fail(codeMinuteQuota)
	}
	ses := s.logins.sessions[c.query.Get("openid")]
	ses.replace(newSessionKey())
	s.changed()
	return succeed(answer{"openid": ses.OpenID, "session_key": ses.Key})
}

// checkSessionArgs looks at what the two session calls have in common.
func (s *Server) checkSessionArgs(c *call) int {
	q := c.query
	if code := s.tokens.check(q.Get("access_token"), c.now); code != codeOK {
		return code
	}
	openid := q.Get("openid")
	c.order.OpenID = openid
	key := s.logins.key(openid, c.now)
	switch {
	case openid == "" || q.Get("signature") == "":
		return codeBadArgs
	case q.Get("sig_method") != "hmac_sha256":
		return codeBadSigMethod
	case key == "":
		return codeNoSessionKey
	case !hmac.Equal([]byte(q.Get("signature")), []byte(hmacHex(key, ""))):
		return codeBadSessionSig
	}
	return codeOK
}

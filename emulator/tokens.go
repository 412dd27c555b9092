package emulator

import (
	"crypto/rand"
	"time"
)

// Life and overlap of access tokens, and the limits on asking for them (§4.2).
const (
	tokenLife    = 2 * time.Hour
	tokenOverlap = 5 * time.Minute
	forceGap     = 30 * time.Second
	forcePerDay  = 20
)

// token is one access token. A killed one answers 40001, one past its time 42001.
type token struct {
	Expires time.Time `json:"expires"`
	Killed  bool      `json:"killed,omitempty"`
}

// tokens are the two services that hand out access tokens; neither invalidates the other's.
type tokens struct {
	issued  map[string]*token
	stable  string // the current one of each service, or empty
	classic string

	forced        time.Time // when force_refresh last took
	stablePerMin  quota
	stablePerDay  quota
	forcedPerDay  quota
	classicPerDay quota
}

func newTokens() *tokens {
	return &tokens{
		issued:        make(map[string]*token),
		stablePerMin:  quota{limit: 10_000, per: time.Minute},
		stablePerDay:  quota{limit: 500_000, per: 24 * time.Hour},
		forcedPerDay:  quota{limit: forcePerDay, per: 24 * time.Hour},
		classicPerDay: quota{limit: 2000, per: 24 * time.Hour},
	}
}

// check is the code that the token earns in a call.
func (t *tokens) check(text string, now time.Time) int {
	tok := t.issued[text]
	switch {
	case text == "":
		return codeTokenMissing
	case tok == nil:
		return codeTokenUnknown
	case tok.Killed:
		return codeTokenReplaced
	case !now.Before(tok.Expires):
		return codeTokenExpired
	}
	return codeOK
}

// mint issues a new token, and forgets those that have long been dead.
func (t *tokens) mint(now time.Time) string {
	for text, tok := range t.issued {
		if now.Sub(tok.Expires) > tokenLife {
			delete(t.issued, text)
		}
	}
	text := "72_"
	for range 5 {
		text += rand.Text()
	}
	t.issued[text] = &token{Expires: now.Add(tokenLife)}
	return text
}

// normal returns the stable token: the same one until shortly before its end.
func (t *tokens) normal(now time.Time) string {
	cur := t.issued[t.stable]
	if cur == nil || cur.Killed || now.Add(tokenOverlap).After(cur.Expires) {
		t.stable = t.mint(now)
	}
	return t.stable
}

// force replaces the stable token; the old one dies at once.
func (t *tokens) force(now time.Time) (string, int) {
	if now.Sub(t.forced) < forceGap {
		return "", codeMinuteQuota
	}
	if !t.forcedPerDay.take(now) {
		return "", codeDailyQuota
	}
	if cur := t.issued[t.stable]; cur != nil {
		cur.Killed = true
	}
	t.forced = now
	t.stable = t.mint(now)
	return t.stable, codeOK
}

// renew replaces the classic token; the old one lives on for the overlap.
func (t *tokens) renew(now time.Time) string {
	if cur := t.issued[t.classic]; cur != nil && cur.Expires.After(now.Add(tokenOverlap)) {
		cur.Expires = now.Add(tokenOverlap)
	}
	t.classic = t.mint(now)
	return t.classic
}

// kill puts every token out, as another process does that fetches its own.
func (t *tokens) kill() {
	for _, tok := range t.issued {
		tok.Killed = true
	}
}

// stableToken answers POST /cgi-bin/stable_token (§4.2).
func (s *Server) stableToken(c *call) answer {
	if len(c.body) == 0 {
		return s.fail(codeEmptyBody)
	}
	field := func(name string) string { return text(c.fields[name]) }
	if code := s.checkApp(field("grant_type"), "client_credential", field("appid"), field("secret")); code != codeOK {
		return s.fail(code)
	}
	if !s.tokens.stablePerMin.take(c.now) {
		return s.fail(codeMinuteQuota)
	}
	if !s.tokens.stablePerDay.take(c.now) {
		return s.fail(codeDailyQuota)
	}
	s.changed()
	if force, _ := c.fields["force_refresh"].(bool); force {
		tok, code := s.tokens.force(c.now)
		if code != codeOK {
			return s.fail(code)
		}
		return s.tokenAnswer(tok, c.now)
	}
	return s.tokenAnswer(s.tokens.normal(c.now), c.now)
}

// classicToken answers GET /cgi-bin/token (§4.2).
func (s *Server) classicToken(c *call) answer {
	q := c.query
	if code := s.checkApp(q.Get("grant_type"), "client_credential", q.Get("appid"), q.Get("secret")); code != codeOK {
		return s.fail(code)
	}
	if !s.tokens.classicPerDay.take(c.now) {
		return s.fail(codeDailyQuota)
	}
	s.changed()
	return s.tokenAnswer(s.tokens.renew(c.now), c.now)
}

func (s *Server) tokenAnswer(text string, now time.Time) answer {
	left := s.tokens.issued[text].Expires.Sub(now)
	return answer{"access_token": text, "expires_in": int64(left / time.Second)}
}

// checkApp looks at what the token and login calls have in common.
func (s *Server) checkApp(grant, wantGrant, appID, secret string) int {
	switch {
	case appID == "":
		return codeAppIDMissing
	case appID != s.cfg.AppID:
		return codeBadAppID
	case secret != s.cfg.AppSecret:
		return codeTokenReplaced
	case grant != wantGrant:
		return codeBadGrant
	}
	return codeOK
}

// quota allows limit takings per period, counted from the first one in it.
type quota struct {
	limit int
	per   time.Duration
	since time.Time
	taken int
}

func (q *quota) take(now time.Time) bool {
	if since := now.Sub(q.since); since >= q.per || since < 0 {
		q.since, q.taken = now, 0
	}
	q.taken++
	return q.taken <= q.limit
}

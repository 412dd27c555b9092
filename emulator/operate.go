package emulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Now is the emulator's clock: Config.Now, moved on by Advance.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the clock on, and with it everything that lasts a time: tokens, codes, sessions, quotas, bills, late
// recharges. A negative d moves it back.
func (s *Server) Advance(d time.Duration) {
	s.lock()
	s.offset += d
	s.changed()
	s.stir()
	s.kept(s.unlock())
}

// Recharge credits bought coins at once, as when wx.requestMidasPayment succeeds. Coins must be positive, and what an
// account ever received stays within MaxCoins.
func (s *Server) Recharge(env Env, openid, zone string, coins int64) error {
	return s.recharge(env, openid, zone, coins, 0)
}

// RechargeLater credits bought coins when the clock has moved on by after: late credit (§6 item 22).
func (s *Server) RechargeLater(env Env, openid, zone string, coins int64, after time.Duration) error {
	if after < 0 {
		return fmt.Errorf("emulator: recharge after %v", after)
	}
	return s.recharge(env, openid, zone, coins, after)
}

func (s *Server) recharge(env Env, openid, zone string, coins int64, after time.Duration) error {
	key := accountKey{env, openid, zone}
	if err := key.validate(); err != nil {
		return err
	}
	o := order{accountKey: key, API: apiRecharge, Coins: coins}
	s.lock()
	if after == 0 {
		if err := s.books.recharge(o); err != nil {
			s.mu.Unlock()
			return err
		}
	} else {
		if coins <= 0 || coins > MaxCoins {
			s.mu.Unlock()
			return fmt.Errorf("emulator: recharge of %d coins", coins)
		}
		s.books.postpone(pending{order: o, Due: s.now().Add(after)})
	}
	s.changed()
	return s.unlock()
}

func (k accountKey) validate() error {
	switch {
	case k.Env != Production && k.Env != Sandbox:
		return fmt.Errorf("emulator: env is %q, want %q or %q", k.Env, Production, Sandbox)
	case k.OpenID == "" || k.ZoneID == "":
		return errors.New("emulator: an account needs an openid and a zone_id")
	}
	return nil
}

// Account is a player's account as getbalance would report it; one that nobody touched is empty.
func (s *Server) Account(env Env, openid, zone string) Account {
	s.lock()
	defer s.mu.Unlock()
	return s.books.report(accountKey{env, openid, zone})
}

// Bills are all bills of both environments, oldest first.
func (s *Server) Bills() []Bill {
	s.lock()
	defer s.mu.Unlock()
	bills := make([]Bill, len(s.books.bills))
	for i, b := range s.books.bills {
		bills[i] = *b
	}
	return bills
}

// Totals are the books over all accounts.
func (s *Server) Totals() Totals {
	s.lock()
	defer s.mu.Unlock()
	return s.books.totals()
}

// Code mints a login code for openid, as wx.login does: it works once, within 5 minutes (§4.1).
func (s *Server) Code(openid string) string {
	s.lock()
	code := s.logins.mint(openid, s.now())
	s.changed()
	s.kept(s.unlock())
	return code
}

// SetSession logs openid in with a session key of the caller's choice; the previous key dies.
func (s *Server) SetSession(openid, key string) {
	s.lock()
	ses := s.logins.session(openid)
	ses.replace(key)
	ses.Expires = s.now().Add(s.cfg.SessionLife)
	s.changed()
	s.kept(s.unlock())
}

// ExpireSession ends openid's login: calls for this player answer 90010 until the next one.
func (s *Server) ExpireSession(openid string) {
	s.lock()
	s.logins.session(openid).replace("")
	s.changed()
	s.kept(s.unlock())
}

// AddToken makes text an access token that is good for 2 hours.
func (s *Server) AddToken(text string) {
	s.lock()
	s.tokens.issued[text] = &token{Expires: s.now().Add(tokenLife)}
	s.changed()
	s.kept(s.unlock())
}

// KillTokens puts every access token out, as when another process fetches its own: they answer 40001.
func (s *Server) KillTokens() {
	s.lock()
	s.tokens.kill()
	s.changed()
	s.kept(s.unlock())
}

// SetFaults sets what may befall the calls of an API, drawn anew for each call. Faults of AllAPIs hold for the APIs
// that have none of their own; nil removes them, and an empty list exempts the API.
func (s *Server) SetFaults(api string, f Faults) error {
	if err := knownAPI(api); err != nil {
		return err
	}
	if err := f.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == nil {
		delete(s.faults.chances, api)
	} else {
		s.faults.chances[api] = slices.Clone(f)
	}
	return nil
}

// Script adds faults for the next calls of an API, one each, in order. They go before those of SetFaults; those of
// the API go before those of AllAPIs.
func (s *Server) Script(api string, faults ...Fault) error {
	if err := knownAPI(api); err != nil {
		return err
	}
	for _, f := range faults {
		if err := f.validate(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.scripts[api] = append(s.faults.scripts[api], faults...)
	return nil
}

// Outage lets every Midas call meet the same fault until Recover: Hang, Cut, BadGateway, Refuse … Scripts wait
// meanwhile. Tokens and login go on; they are other servers at WeChat.
func (s *Server) Outage(f Fault) error {
	if err := f.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.outage = &f
	return nil
}

// Recover ends the outage. Calls that hang go on hanging.
func (s *Server) Recover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.outage = nil
}

// CurrentOutage is the fault that every Midas call meets now; false if there is no outage.
func (s *Server) CurrentOutage() (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.outage == nil {
		return Fault{}, false
	}
	return *s.faults.outage, true
}

// Reset forgets everything but the Config: accounts, bills, trades, pushes, logins, tokens, faults, counts and the
// clock.
func (s *Server) Reset() {
	s.mu.Lock()
	s.forget()
	s.kept(s.unlock())
}

// Count is what happened to the calls of one API.
type Count struct {
	// Calls counts all of them, whatever came of it.
	Calls int `json:"calls"`
	// Codes counts the answers by errcode, 0 being success. Calls that got no such answer are in Faults only.
	Codes map[int]int `json:"codes"`
	// Faults counts the calls that met a fault, by its kind.
	Faults map[Kind]int `json:"faults"`
}

// Calls is how many requests an API has had; of AllAPIs, how many there were in all.
func (s *Server) Calls(api string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for name, c := range s.counts {
		if api == AllAPIs || api == name {
			n += c.Calls
		}
	}
	return n
}

// Counts are the calls of every API that had any.
func (s *Server) Counts() map[string]Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]Count, len(s.counts))
	for api, c := range s.counts {
		counts[api] = Count{Calls: c.Calls, Codes: maps.Clone(c.Codes), Faults: maps.Clone(c.Faults)}
	}
	return counts
}

// count books one call. Only these kinds put an errcode on the wire.
func (s *Server) count(api string, kind Kind, a answer) {
	c := s.counts[api]
	if c == nil {
		c = &Count{Codes: make(map[int]int), Faults: make(map[Kind]int)}
		s.counts[api] = c
	}
	c.Calls++
	if kind != OK {
		c.Faults[kind]++
	}
	switch kind {
	case OK, Slow, Refuse, Fail, Answer:
		c.Codes[a.code()]++
	}
}

// kept reports a state that could not be kept where there is no caller to tell; Close tells again.
func (s *Server) kept(err error) {
	if err != nil {
		s.cfg.Logger.Error("keeping the state", "error", err)
	}
}

func knownAPI(api string) error {
	if api == AllAPIs {
		return nil
	}
	for _, r := range routes {
		if r.api == api {
			return nil
		}
	}
	return fmt.Errorf("emulator: unknown API %q", api)
}

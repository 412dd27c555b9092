package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// command is one path of the control API.
type command struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Takes  string `json:"takes,omitempty"`
	Does   string `json:"does"`
	run    http.HandlerFunc
}

// done is the answer of a command that has nothing to tell.
type done struct {
	OK bool `json:"ok"`
}

// controlHandler serves everything under /_emulator/ (see the package comment).
func (s *Server) controlHandler() http.Handler {
	commands := []command{
		{
			"POST", "recharge", `{"env":"sandbox","openid":"…","zone_id":"1","coins":100,"after":"30s"}`,
			"credits bought coins, at once or later", post(s.controlRecharge),
		},
		{
			"POST", "faults", `{"api":"pay","faults":[{"probability":0.1,"fault":{"kind":"hang","commit":true}}]}`,
			"sets what may befall the calls of an API (\"*\": all)", post(s.controlFaults),
		},
		{
			"POST", "script", `{"api":"pay","faults":[{"kind":"fail"},{"kind":"slow","delay":"2s"}]}`,
			"adds faults for the next calls, one each", post(s.controlScript),
		},
		{"POST", "outage", `{"kind":"hang"}`, "every Midas call meets this fault", post(func(f Fault) (any, error) {
			return done{true}, s.Outage(f)
		})},
		{"POST", "recover", `{}`, "ends the outage", post(func(struct{}) (any, error) {
			s.Recover()
			return done{true}, nil
		})},
		{"GET", "outage", "", "shows the fault that every Midas call meets, null if there is no outage", get(s.controlOutage)},
		{"POST", "clock/advance", `{"by":"48h"}`, "moves the clock on", post(s.controlAdvance)},
		{"POST", "code", `{"openid":"…"} or {"name":"alice"}`, "mints a login code", post(s.controlCode)},
		{"POST", "session/expire", `{"openid":"…"}`, "ends a player's login", post(s.controlExpire)},
		{"POST", "token/kill", `{}`, "puts every access token out", post(func(struct{}) (any, error) {
			s.KillTokens()
			return done{true}, nil
		})},
		{"POST", "reset", `{}`, "forgets everything but the configuration", post(func(struct{}) (any, error) {
			s.Reset()
			return done{true}, nil
		})},
		{"GET", "account", "?env=sandbox&openid=…&zone_id=1", "shows a player's account", get(s.controlAccount)},
		{"GET", "bills", "?env=…&openid=…", "lists bills, oldest first", get(s.controlBills)},
		{"GET", "totals", "", "shows the books", get(func(*http.Request) (any, error) { return s.Totals(), nil })},
		{"GET", "calls", "", "counts calls per API, code and fault", get(func(*http.Request) (any, error) { return s.Counts(), nil })},
	}
	commands = append(commands, s.moneyCommands()...)
	mux := http.NewServeMux()
	for i := range commands {
		c := &commands[i]
		c.Path = controlPath + c.Path
		mux.HandleFunc(c.Method+" "+c.Path, c.run)
	}
	mux.HandleFunc("GET "+controlPath+"{$}", get(func(*http.Request) (any, error) {
		return map[string]any{"commands": commands, "now": s.Now()}, nil
	}))
	return mux
}

func (s *Server) controlRecharge(in struct {
	accountKey
	Coins int64  `json:"coins"`
	After string `json:"after"`
},
) (any, error) {
	after, err := parseDuration(in.After)
	if err != nil {
		return nil, err
	}
	if err := s.RechargeLater(in.Env, in.OpenID, in.ZoneID, in.Coins, after); err != nil {
		return nil, err
	}
	return s.Account(in.Env, in.OpenID, in.ZoneID), nil
}

func (s *Server) controlFaults(in struct {
	API    string `json:"api"`
	Faults Faults `json:"faults"`
},
) (any, error) {
	return done{true}, s.SetFaults(in.API, in.Faults)
}

func (s *Server) controlScript(in struct {
	API    string  `json:"api"`
	Faults []Fault `json:"faults"`
},
) (any, error) {
	return done{true}, s.Script(in.API, in.Faults...)
}

func (s *Server) controlOutage(*http.Request) (any, error) {
	var now *Fault
	if f, out := s.CurrentOutage(); out {
		now = &f
	}
	return map[string]*Fault{"outage": now}, nil
}

func (s *Server) controlAdvance(in struct {
	By string `json:"by"`
},
) (any, error) {
	by, err := parseDuration(in.By)
	if err != nil {
		return nil, err
	}
	s.Advance(by)
	return map[string]time.Time{"now": s.Now()}, nil
}

func (s *Server) controlCode(in struct {
	OpenID string `json:"openid"`
	Name   string `json:"name"`
},
) (any, error) {
	switch {
	case (in.OpenID == "") == (in.Name == ""):
		return nil, errors.New("give an openid or a name")
	case in.Name != "":
		in.OpenID = OpenIDOf(in.Name)
	}
	return map[string]string{"openid": in.OpenID, "code": s.Code(in.OpenID)}, nil
}

func (s *Server) controlExpire(in struct {
	OpenID string `json:"openid"`
},
) (any, error) {
	if in.OpenID == "" {
		return nil, errors.New("openid is missing")
	}
	s.ExpireSession(in.OpenID)
	return done{true}, nil
}

func (s *Server) controlAccount(r *http.Request) (any, error) {
	q := r.URL.Query()
	key := accountKey{Env(q.Get("env")), q.Get("openid"), q.Get("zone_id")}
	if err := key.validate(); err != nil {
		return nil, err
	}
	return s.Account(key.Env, key.OpenID, key.ZoneID), nil
}

func (s *Server) controlBills(r *http.Request) (any, error) {
	q := r.URL.Query()
	bills := []Bill{}
	for _, b := range s.Bills() {
		if (!q.Has("env") || string(b.Env) == q.Get("env")) && (!q.Has("openid") || b.OpenID == q.Get("openid")) {
			bills = append(bills, b)
		}
	}
	return map[string]any{"bills": bills}, nil
}

// parseDuration reads "30s"; nothing is 0.
func parseDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

// post serves a command that takes a JSON body. A field it does not know is a mistake worth hearing of.
func post[In any](run func(In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			respond(w, nil, fmt.Errorf("request body: %w", err))
			return
		}
		out, err := run(in)
		respond(w, out, err)
	}
}

func get(run func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := run(r)
		respond(w, out, err)
	}
}

func respond(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		told := map[string]any{"error": err.Error()}
		if client := (*ClientError)(nil); errors.As(err, &client) {
			told["err_code"] = client.Code
		}
		out = told
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(out) // a caller who is gone has no use for the error
}

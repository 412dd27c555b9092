package plugin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/msg"
)

// spy stands before Midas and keeps every secret that passes.
type spy struct {
	mu      sync.Mutex
	secrets []string
}

func (s *spy) before(midas http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.keep(r.URL.Query().Get("access_token"), r.URL.Query().Get("js_code"))
		if r.URL.Path != "/sns/jscode2session" {
			midas.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		midas.ServeHTTP(answer, r)
		var session struct {
			Key string `json:"session_key"`
		}
		_ = json.Unmarshal(answer.Body.Bytes(), &session)
		s.keep(session.Key)
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func (s *spy) keep(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		if secret != "" && !slices.Contains(s.secrets, secret) {
			s.secrets = append(s.secrets, secret)
		}
	}
}

// seek looks for secrets in a text.
func (s *spy) seek(t *testing.T, where, text string, more ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range slices.Concat(s.secrets, more) {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%s holds %q: …%s…", where, secret, text[max(0, i-200):min(len(text), i+200)])
		}
	}
}

// own is what Midas, the ledger and the packages say of errors, and none of a player's business.
var own = []string{"rid:", "errcode", "errmsg", "hint", "html", "api.weixin", "127.0.0.1", "sqlite", "midas:", "payment:", "ledger:", "cgi-bin"}

func TestWhatMidasSaysAndWhatIsSecretReachesNoPlayerAndNoLog(t *testing.T) {
	t.Parallel()
	seen := &spy{}
	s := start(t, func(set *setup) {
		set.front = seen.before
		set.midas.ErrorSuffix = emulator.SuffixRID
		set.config.Timeout = time.Second
		set.config.Retry.GiveUpAfter = 2 * time.Second
	})
	seen.keep(s.config.AppSecret.Reveal(), s.config.SandboxAppKey.Reveal(), "session-key-of-carol")
	s.recharge("alice", 1000)
	s.recharge("bob", 1000)
	alice, bob, dave := s.join("alice", overWS), s.join("bob", overTCP), s.dial(overWS)
	s.host("carol", 100)

	// relogin tries until it is well again.
	relogin := func() {
		for {
			alice.send(&msg.MidasLogin{Code: number("auto-alice-again", int(codes.Add(1))), ZoneId: "1"})
			end := await(alice, func(m any) bool {
				b, balance := m.(*msg.MidasBalance)
				e, failed := m.(*msg.MidasError)
				return balance && b.GetReason() == msg.MidasReason_MIDAS_REASON_LOGIN || failed && e.GetRequestId() == ""
			})
			if b, told := end.(*msg.MidasBalance); told && !b.GetStale() {
				return
			}
		}
	}
	heard := 0
	try := func(f emulator.Fault) {
		heard++
		s.script(emulator.APIBalance, f)
		alice.send(&msg.MidasGetBalance{RequestId: number("b", heard)})
		answer := await(alice, func(m any) bool {
			id, has := m.(interface{ GetRequestId() string })
			return has && id.GetRequestId() == number("b", heard)
		})
		seen.seek(t, "an answer", answer.(interface{ String() string }).String(), own...)
		s.script(emulator.APIPay, f)
		alice.ask(number("p", heard), "potion", 1)
		answer = await(alice, func(m any) bool {
			id, has := m.(interface{ GetRequestId() string })
			return has && id.GetRequestId() == number("p", heard)
		})
		seen.seek(t, "an answer", answer.(interface{ String() string }).String(), own...)
		relogin() // some faults end the session
	}
	for _, code := range []int{-1, 40001, 40013, 41001, 45009, 45011, 90001, 90009, 90010, 90011, 90017, 90018, 99999} {
		try(emulator.Fault{Kind: emulator.Answer, Code: code})
	}
	for _, kind := range []emulator.Kind{emulator.Fail, emulator.Hang, emulator.Cut, emulator.CutReply, emulator.HTML, emulator.Empty, emulator.BadGateway} {
		try(emulator.Fault{Kind: kind})
	}
	for i, code := range []int{40029, 40163, 40226, 45011, -1, 99999} {
		s.script(emulator.APILogin, emulator.Fault{Kind: emulator.Answer, Code: code})
		dave.send(&msg.MidasLogin{Code: number("auto-dave-", i)})
		seen.seek(t, "an answer", await(dave, any1[*msg.MidasError]).String(), own...)
	}
	for _, bad := range badRequests() {
		bob.send(bad.request)
	}
	bob.balance("b")
	eventually(t, "the end of what is under way", func() bool {
		books, err := s.plugin.Books(background(t))
		return err == nil && books.Orders[ledger.Paying]+books.Orders[ledger.Reversing]+books.Orders[ledger.Paid] == 0
	})
	s.stopPlugin()
	openids := []string{emulator.OpenIDOf("alice"), emulator.OpenIDOf("bob"), emulator.OpenIDOf("carol"), emulator.OpenIDOf("dave")}
	seen.seek(t, "what alice heard", alice.pending(), append(own, openids[1:]...)...)
	seen.seek(t, "what bob heard", bob.pending(), append(own, openids[0], openids[2], openids[3])...)
	seen.seek(t, "what dave heard", dave.pending(), append(own, openids...)...)
	seen.seek(t, "the log", s.log.String(), openids...)
	for _, want := range []string{"bill_no=", "access token is dead", "player="} {
		if !s.log.has(want) {
			t.Errorf("the log has no %q, so it was not tested", want)
		}
	}
	if len(seen.secrets) < 25 {
		t.Errorf("only %d secrets have passed", len(seen.secrets))
	}
}

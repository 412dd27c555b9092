package plugin_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// Whoever only logs players in and shows their balances learns from the log what is wrong with the server, once, and
// what to do.
func TestWhyLoginsAndBalancesFailIsToldOnce(t *testing.T) {
	t.Parallel()
	dead := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}
	for name, c := range map[string]struct {
		change func(*setup)
		lines  []string // what has to be told
	}{
		"a wrong AppSecret": {
			func(set *setup) { set.config.AppSecret = "00000000000000000000000000000000" },
			[]string{"endpoint=jscode2session .*correct AppSecret", "no access token.*correct AppSecret"},
		},
		"a wrong AppKey": {
			func(set *setup) { set.config.SandboxAppKey = "00000000000000000000000000000000" },
			[]string{"endpoint=getbalance .*AppKey"},
		},
		"Midas does not answer": {
			func(set *setup) { set.front = dead },
			[]string{"endpoint=jscode2session .*do=", "no access token.*do="},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, c.change)
			p := plugin.Player{OpenID: emulator.OpenIDOf("alice"), SessionKey: "session-key-of-alice", ZoneID: "1"}
			s.emu.SetSession(p.OpenID, p.SessionKey.Reveal())
			s.plugin.Login(newRecorder(), p)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			player := s.dial(transports[0])
			for range 3 {
				_, _ = s.plugin.Balance(ctx, p)
				player.send(&msg.MidasLogin{Code: s.emu.Code(p.OpenID)})
			}
			for _, want := range c.lines {
				form := regexp.MustCompile("level=(ERROR|WARN) .*" + want)
				eventually(t, want+" is told", func() bool { return form.MatchString(s.log.String()) })
				if n := len(form.FindAllString(s.log.String(), -1)); n != 1 {
					t.Errorf("%q is told %d times: %s", want, n, s.log.String())
				}
			}
			if strings.Contains(s.log.String(), "00000000000000000000000000000000") {
				t.Errorf("a secret is shown: %s", s.log.String())
			}
		})
	}
}

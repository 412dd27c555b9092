package plugin_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/name5566/leaf/gate"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/plugin"
)

// addresses are the user_ip of the calls that came, by openid.
type addresses struct {
	mu   sync.Mutex
	seen map[string][]string
}

func (a *addresses) before(midas http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/wxa/game/") {
			body, _ := io.ReadAll(r.Body)
			var in struct {
				OpenID string `json:"openid"`
				UserIP string `json:"user_ip"`
			}
			if json.Unmarshal(body, &in) == nil {
				a.mu.Lock()
				a.seen[in.OpenID] = append(a.seen[in.OpenID], in.UserIP)
				a.mu.Unlock()
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		midas.ServeHTTP(w, r)
	})
}

// take returns what came since the last time.
func (a *addresses) take(name string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	openid := emulator.OpenIDOf(name)
	seen := a.seen[openid]
	delete(a.seen, openid)
	return seen
}

// The tables of V2 require user_ip (midas-protocol.md §3.9, P9): also of players who are not here, after a restart, and
// of whom nothing is known.
func TestEveryCallOfV2CarriesThePlayersLastAddress(t *testing.T) {
	t.Parallel()
	calls := &addresses{seen: map[string][]string{}}
	all := func(name, want string) {
		t.Helper()
		seen := calls.take(name)
		for _, ip := range seen {
			if ip != want {
				t.Errorf("%s: %q, want %q", name, seen, want)
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s: no call", name)
		}
	}
	change := func(set *setup) {
		set.config.Protocol, set.front = "v2", calls.before
		set.options = []plugin.Option{plugin.WithUserIP(func(gate.Agent) string { return "[::ffff:203.0.113.7]:8443" })}
	}
	s := start(t, change)
	alice := s.join("alice", overWS)
	alice.balance("b1")
	all("alice", "203.0.113.7")
	give := func(s *server, name, id string, key plugin.Secret) {
		t.Helper()
		r := plugin.PresentRequest{RequestID: id, Amount: 1}
		if _, err := s.plugin.Present(t.Context(), plugin.Player{OpenID: emulator.OpenIDOf(name), SessionKey: key, ZoneID: "1"}, r); err != nil {
			t.Fatal(err)
		}
	}
	give(s, "alice", "p1", "") // the host names no address
	all("alice", "203.0.113.7")
	s.stop()

	again := start(t, change, func(set *setup) {
		set.config.Ledger, set.emu = s.config.Ledger, s.emu
		set.config.BaseURL = s.config.BaseURL
	})
	give(again, "alice", "p2", "")
	all("alice", "203.0.113.7")
}

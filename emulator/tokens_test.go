package emulator_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

func (f *fixture) stable(force bool) map[string]any {
	f.t.Helper()
	return f.post("/cgi-bin/stable_token", map[string]any{
		"grant_type": "client_credential", "appid": emulator.DefaultAppID, "secret": emulator.DefaultAppSecret, "force_refresh": force,
	})
}

func (f *fixture) classic() map[string]any {
	f.t.Helper()
	return f.get("/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {emulator.DefaultAppID}, "secret": {emulator.DefaultAppSecret},
	})
}

// tokenOf takes the token out of an answer.
func tokenOf(t *testing.T, a map[string]any) string {
	t.Helper()
	tok, _ := a["access_token"].(string)
	if tok == "" {
		t.Fatalf("no token in %v", a)
	}
	return tok
}

// use tells with which code a Midas call is answered under a token; the checks after the token's come as they may.
func (f *fixture) use(token string) int {
	f.t.Helper()
	f.SetSession(alice, aliceKey)
	return code(f.rawJSON(balPath, token, sign(balPath, fields(nil), emulator.DefaultAppKey, token, aliceKey)))
}

func TestAStableTokenStaysTheSameUntilShortlyBeforeItsEnd(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	f := start(t, emulator.Config{Now: func() time.Time { return now }})
	a := f.stable(false)
	first := tokenOf(t, a)
	wantFields(t, a, map[string]any{"expires_in": 7200})
	f.Advance(time.Hour + 55*time.Minute)
	a = f.stable(false)
	wantFields(t, a, map[string]any{"access_token": first, "expires_in": 300})

	f.Advance(time.Second)
	second := tokenOf(t, f.stable(false))
	if second == first || f.use(first) != 0 || f.use(second) != 0 {
		t.Error("the tokens do not overlap")
	}
	f.Advance(5 * time.Minute)
	if got := f.use(first); got != 42001 {
		t.Errorf("a token past its end: %d", got)
	}
}

func TestAForcedTokenKillsTheOldAtOnce(t *testing.T) {
	f := start(t, emulator.Config{})
	first := tokenOf(t, f.stable(false))
	second := tokenOf(t, f.stable(true))
	if got := f.use(first); got != 40001 {
		t.Errorf("the replaced token: %d", got)
	}
	if f.use(second) != 0 || tokenOf(t, f.stable(false)) != second {
		t.Error("the new token is not the stable one")
	}
	wantCode(t, f.stable(true), 45011)
	for range 19 {
		f.Advance(30 * time.Second)
		wantCode(t, f.stable(true), 0)
	}
	f.Advance(30 * time.Second)
	wantCode(t, f.stable(true), 45009)
	f.Advance(24 * time.Hour)
	wantCode(t, f.stable(true), 0)
}

func TestANewClassicTokenLeavesTheOldFiveMinutes(t *testing.T) {
	f := start(t, emulator.Config{})
	stable := tokenOf(t, f.stable(false))
	first := tokenOf(t, f.classic())
	second := tokenOf(t, f.classic())
	if first == second || f.use(first) != 0 || f.use(second) != 0 {
		t.Error("the tokens do not overlap")
	}
	f.Advance(5 * time.Minute)
	if f.use(first) != 42001 || f.use(second) != 0 || f.use(stable) != 0 {
		t.Errorf("after 5 minutes: %d, %d, stable %d", f.use(first), f.use(second), f.use(stable))
	}
}

func TestABadTokenIsToldApart(t *testing.T) {
	f := start(t, emulator.Config{})
	for token, want := range map[string]int{"": 41001, "made-up": 40014, goodToken: 0} {
		if got := f.use(token); got != want {
			t.Errorf("token %q: %d, want %d", token, got, want)
		}
	}
	f.KillTokens()
	if got := f.use(goodToken); got != 40001 {
		t.Errorf("a killed token: %d", got)
	}
	// Asking again heals.
	if got := f.use(tokenOf(t, f.stable(false))); got != 0 {
		t.Errorf("a fresh token: %d", got)
	}
}

func TestTokensNeedTheRightCredentials(t *testing.T) {
	f := start(t, emulator.Config{})
	good := map[string]any{"grant_type": "client_credential", "appid": emulator.DefaultAppID, "secret": emulator.DefaultAppSecret}
	for _, tt := range []struct {
		field string
		value any
		want  int
	}{
		{"appid", nil, 41002}, {"appid", "wx1", 40013}, {"secret", "x", 40001}, {"secret", nil, 40001}, {"grant_type", "x", 40002},
	} {
		body := map[string]any{}
		for k, v := range good {
			body[k] = v
		}
		body[tt.field] = tt.value
		wantCode(t, f.post("/cgi-bin/stable_token", body), tt.want)
		q := url.Values{}
		for k, v := range body {
			if v, ok := v.(string); ok {
				q.Set(k, v)
			}
		}
		wantCode(t, f.get("/cgi-bin/token", q), tt.want)
	}
	wantCode(t, f.raw("GET", "/cgi-bin/stable_token", "", ""), 43002)
	wantCode(t, f.raw("POST", "/cgi-bin/stable_token", "", ""), 44002)
}

func TestTokenQuotas(t *testing.T) {
	f := start(t, emulator.Config{})
	for range 2000 {
		f.classic()
	}
	wantCode(t, f.classic(), 45009)
	f.Advance(24 * time.Hour)
	wantCode(t, f.classic(), 0)
}

package emulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

func (f *fixture) login(code string) map[string]any {
	f.t.Helper()
	return f.get("/sns/jscode2session", url.Values{
		"appid": {emulator.DefaultAppID}, "secret": {emulator.DefaultAppSecret},
		"js_code": {code}, "grant_type": {"authorization_code"},
	})
}

// session calls one of the two APIs that prove a session key.
func (f *fixture) session(path, openid, key string, more url.Values) map[string]any {
	f.t.Helper()
	mac := hmac.New(sha256.New, []byte(key))
	q := url.Values{
		"access_token": {goodToken}, "openid": {openid}, "sig_method": {"hmac_sha256"},
		"signature": {hex.EncodeToString(mac.Sum(nil))},
	}
	for k, v := range more {
		q[k] = v
	}
	return f.get(path, q)
}

func TestALoginCodeWorksOnceWithinFiveMinutes(t *testing.T) {
	f := start(t, emulator.Config{})
	first := f.Code("bob")
	a := f.login(first)
	if a["openid"] != "bob" || a["session_key"] == "" {
		t.Errorf("answer %v", a)
	}
	if _, ok := a["errcode"]; ok {
		t.Errorf("a success carries errcode: %v", a)
	}
	wantCode(t, f.login(first), 40029)
	wantCode(t, f.login("made-up"), 40029)
	wantCode(t, f.login("auto-bob-1"), 40029) // not asked for in the Config

	late := f.Code("bob")
	f.Advance(5 * time.Minute)
	wantCode(t, f.login(late), 40029)

	with := start(t, emulator.Config{LoginErrcode: true})
	wantFields(t, with.login(with.Code("bob")), map[string]any{"errcode": 0, "openid": "bob"})
}

func TestAutomaticCodesNeedNoControl(t *testing.T) {
	f := start(t, emulator.Config{AutoCodes: true})
	for _, code := range []string{"auto-bob-1", "auto-bob-6f9619ff-8b86-d011-b42d"} {
		wantFields(t, f.login(code), map[string]any{"openid": emulator.OpenIDOf("bob")})
		wantCode(t, f.login(code), 40029)
	}
	for _, code := range []string{"auto-bob", "auto-bob-", "auto--1", "auto-", "bob-1"} {
		wantCode(t, f.login(code), 40029)
	}
	if id := emulator.OpenIDOf("bob"); len(id) != 28 || id == emulator.OpenIDOf("eve") {
		t.Errorf("openid %q", id)
	}
}

func TestLoginRefusesBadCredentials(t *testing.T) {
	f := start(t, emulator.Config{})
	for name, tt := range map[string]struct {
		field, value string
		want         int
	}{
		"no appid":       {"appid", "", 41002},
		"another appid":  {"appid", "wx1", 40013},
		"another secret": {"secret", "x", 40001},
		"another grant":  {"grant_type", "x", 40002},
	} {
		q := url.Values{
			"appid": {emulator.DefaultAppID}, "secret": {emulator.DefaultAppSecret},
			"js_code": {f.Code("bob")}, "grant_type": {"authorization_code"},
		}
		q.Set(tt.field, tt.value)
		if got := code(f.get("/sns/jscode2session", q)); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestOneUserMayLogInAHundredTimesAMinute(t *testing.T) {
	f := start(t, emulator.Config{})
	for range 100 {
		wantCode(t, f.login(f.Code("bob")), 0)
	}
	wantCode(t, f.login(f.Code("bob")), 45011)
	wantCode(t, f.login(f.Code("eve")), 0)
	f.Advance(time.Minute)
	wantCode(t, f.login(f.Code("bob")), 0)
}

func TestANewLoginKillsTheOldSessionKey(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  emulator.Config
		want int
	}{
		{"told apart from a wrong key", emulator.Config{}, 90010},
		{"taken for a wrong key", emulator.Config{StaleKeyAsBadSig: true}, 90009},
		{"kept", emulator.Config{KeepSession: true}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, tt.cfg)
			key, _ := f.login(f.Code(alice))["session_key"].(string)
			wantCode(t, f.post(balPath, signed(balPath, nil)), tt.want)
			wantCode(t, f.post(balPath, sign(balPath, fields(nil), emulator.DefaultAppKey, goodToken, key)), 0)
			wantCode(t, f.post(balPath, sign(balPath, fields(nil), emulator.DefaultAppKey, goodToken, "made up")), 90009)
		})
	}
}

func TestASessionEndsByCommandAndByTime(t *testing.T) {
	f := start(t, emulator.Config{SessionLife: time.Hour})
	f.ExpireSession(alice)
	wantCode(t, f.post(balPath, signed(balPath, nil)), 90010)
	f.SetSession(alice, aliceKey)
	wantCode(t, f.post(balPath, signed(balPath, nil)), 0)
	f.Advance(time.Hour)
	wantCode(t, f.post(balPath, signed(balPath, nil)), 90010)
	key, _ := f.login(f.Code(alice))["session_key"].(string)
	wantCode(t, f.post(balPath, sign(balPath, fields(nil), emulator.DefaultAppKey, goodToken, key)), 0)
}

func TestSessionsCanBeCheckedAndReset(t *testing.T) {
	f := start(t, emulator.Config{SessionLife: time.Hour})
	const check, reset = "/wxa/checksession", "/wxa/resetusersessionkey"
	wantFields(t, f.session(check, alice, aliceKey, nil), map[string]any{"errcode": 0, "errmsg": "ok"})
	wantCode(t, f.session(check, alice, "other", nil), 87009)
	wantCode(t, f.session(check, "nobody", aliceKey, nil), 87009)
	wantCode(t, f.session(reset, alice, "other", nil), 87009)
	wantCode(t, f.session(reset, "nobody", aliceKey, nil), 87007)
	wantCode(t, f.session(reset, alice, aliceKey, url.Values{"sig_method": {"md5"}}), 87008)
	wantCode(t, f.session(reset, alice, aliceKey, url.Values{"signature": {""}}), 40097)
	wantCode(t, f.session(check, alice, aliceKey, url.Values{"access_token": {""}}), 41001)

	f.Advance(30 * time.Minute)
	a := f.session(reset, alice, aliceKey, nil)
	key, _ := a["session_key"].(string)
	if a["openid"] != alice || key == "" || key == aliceKey {
		t.Errorf("answer %v", a)
	}
	wantCode(t, f.session(check, alice, aliceKey, nil), 87009)
	wantCode(t, f.session(check, alice, key, nil), 0)
	f.Advance(30 * time.Minute) // a reset does not renew
	wantCode(t, f.session(check, alice, key, nil), 87009)
}

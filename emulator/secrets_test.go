package emulator_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

// lockedBuffer is a log that many goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestNoSecretReachesTheLog(t *testing.T) {
	var log lockedBuffer
	f := start(t, emulator.Config{
		Push:      emulator.PushConfig{URL: "http://127.0.0.1:1", Token: "SECRET-TOKEN", EncodingAESKey: "SECRET/AES" + strings.Repeat("A", 33)},
		AutoCodes: true, MPSigIgnored: true, AppSecret: "SECRET-APP", AppKey: "SECRET-KEY", SandboxAppKey: "SECRET-SANDBOX",
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	f.SetSession(alice, "SECRET-SESSION")
	token := tokenOf(t, f.post("/cgi-bin/stable_token", map[string]any{
		"grant_type": "client_credential", "appid": emulator.DefaultAppID, "secret": "SECRET-APP",
	}))
	key, _ := f.get("/sns/jscode2session", map[string][]string{
		"appid": {emulator.DefaultAppID}, "secret": {"SECRET-APP"}, "grant_type": {"authorization_code"}, "js_code": {"auto-bob-1"},
	})["session_key"].(string)
	wantCode(t, f.rawJSON(payPath, token, sign(payPath, fields(map[string]any{"bill_no": "b1", "amt": 1}), "SECRET-KEY", token, key)), 90013)
	wantCode(t, f.rawJSON(payPath, token, sign(payPath, fields(map[string]any{"bill_no": "b2", "amt": 1}), "wrong", token, key)), 90011)

	f.payCoins("c1", emulator.Fate{})
	f.flush()

	text := log.String()
	for _, want := range []string{"bill_no=b1", "errcode=90013", "errcode=90011", "&secret=***", "api=jscode2session", "msg=push", "out_trade_no=c1", "openid=" + alice} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	for _, secret := range []string{"SECRET", token, key, goodToken} {
		if secret == "" || strings.Contains(text, secret) {
			t.Errorf("the log holds the secret %q", secret)
		}
	}
}

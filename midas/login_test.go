package midas_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

func TestACodeWorksOnceAndForFiveMinutes(t *testing.T) {
	for _, errcode := range []bool{false, true} { // both shapes of a success (§4.1)
		c, emu, p := world(t, emulator.Config{LoginErrcode: errcode})
		code := emu.Code(p.OpenID)
		if s, err := c.Code2Session(t.Context(), code); err != nil || s.OpenID != p.OpenID || s.SessionKey == "" {
			t.Fatalf("%+v, %v", s, err)
		}
		if _, err := c.Code2Session(t.Context(), code); !errors.Is(err, midas.ErrBadCode) {
			t.Errorf("the second time: %v", err)
		}
		old := emu.Code(p.OpenID)
		emu.Advance(5*time.Minute + time.Second)
		if _, err := c.Code2Session(t.Context(), old); !errors.Is(err, midas.ErrBadCode) {
			t.Errorf("after five minutes: %v", err)
		}
	}
}

func TestALoginWithoutAnOpenIDIsNone(t *testing.T) {
	for _, answer := range []string{`{}`, `{"openid":"x"}`, `{"session_key":"x"}`, `{"errcode":0,"openid":""}`} {
		c := against(t, "https://midas.test", func(cfg *midas.Config) {
			cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
			})
		})
		if s, err := c.Code2Session(t.Context(), "code"); !errors.Is(err, midas.ErrBadReply) || s != (midas.Session{}) {
			t.Errorf("%s: %+v, %v", answer, s, err)
		}
	}
}

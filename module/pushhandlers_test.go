package module

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// nonce makes each push another one.
var nonce int

func eventPush(event, payload string, signed, simulated bool) string {
	mini := map[string]any{"Payload": payload, "IsMock": simulated}
	if signed {
		mini["PayEventSig"] = midas.PayEventSig(midas.PushEvent(event), payload, "key")
	}
	nonce++
	body, _ := json.Marshal(map[string]any{"MsgType": "event", "Event": event, "FromUserName": "o9", "MiniGame": mini, "N": nonce})
	return string(body)
}

// withHandlers serves the pushes of a module's handlers.
func withHandlers(t *testing.T, m *Module, other http.Handler) *receiver {
	t.Helper()
	reader, err := midas.NewPushReader(midas.PushConfig{AppID: "wx1", Token: pushToken, AppKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	take := func(context.Context, midas.Push) error { return nil }
	s := httptest.NewServer(&Receiver{Reader: reader, Take: take, HandlerOf: m.HandlerOf, Other: other, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(s.Close)
	return &receiver{t, s.URL}
}

// fresh is an address that has not been used: an event that is not a payment is taken once by its timestamp and nonce.
func fresh(base string, n int) string { return signedAs(base, fmt.Sprint("fresh-", n)) }

func TestTheHostsHandlerTakesItsOwnEvent(t *testing.T) {
	var got []midas.Push
	var fails error
	m := New(slog.New(slog.DiscardHandler))
	m.HandlePush("user_enter_group", func(ctx context.Context, p midas.Push) error {
		if until, ok := ctx.Deadline(); !ok || time.Until(until) > 3*time.Second {
			t.Error("WeChat would not wait as long")
		}
		got = append(got, p)
		if fails != nil && fails.Error() == "panic" {
			panic("no such group")
		}
		return fails
	})
	others := 0
	r := withHandlers(t, m, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others++ }))
	post := func(n int, body string) int {
		t.Helper()
		status, _, _ := r.do("POST", fresh(r.url, n), body)
		return status
	}
	if status := post(1, eventPush("user_enter_group", `{"OpenId":"o1"}`, true, false)); status != 200 || len(got) != 1 ||
		!got[0].Signed || got[0].OpenID != "o1" || !strings.Contains(got[0].Body, "user_enter_group") {
		t.Fatalf("%d, %+v", status, got)
	}
	if status := post(2, eventPush("user_enter_group", `{"OpenId":"o1"}`, false, false)); status != 200 || got[1].Signed || got[1].OpenID != "o9" {
		t.Errorf("unsigned: %d, %+v", status, got[1])
	}
	for n, err := range map[int]error{3: errors.New("the database is away"), 4: errors.New("panic")} {
		fails = err
		if status := post(n, eventPush("user_enter_group", `{}`, true, false)); status != 503 {
			t.Errorf("%v: %d", err, status)
		}
	}
	fails = nil
	if status := post(3, eventPush("user_enter_group", `{}`, true, false)); status != 200 { // sent again
		t.Errorf("sent again: %d", status)
	}
	calls := len(got)
	if post(5, eventPush("something_else", `{}`, false, false)); len(got) != calls || others != 1 {
		t.Errorf("another event: %d calls, %d of the other handler", len(got)-calls, others)
	}
	if status := post(6, eventPush("user_enter_group", `{}`, true, true)); status != 200 || len(got) != calls { // the console's trial goes on to whoever takes the rest
		t.Errorf("a trial: %d, %d calls", status, len(got)-calls)
	}
}

func TestTheStoreIsToldTheRolesOfAPlayer(t *testing.T) {
	m := New(slog.New(slog.DiscardHandler))
	m.HandleRoleQuery(func(_ context.Context, openid string) ([]Role, error) {
		switch openid {
		case "o1":
			return []Role{{ZoneID: "1", RoleID: "r1", RoleName: "剑客", Level: 7}, {ZoneID: "2", RoleID: "r2", RoleName: "法师"}}, nil
		case "o2":
			return nil, nil
		default:
			return nil, errors.New("the database is away")
		}
	})
	r := withHandlers(t, m, nil)
	for n, c := range []struct {
		openid string
		signed bool
		status int
		answer string
	}{
		{"o1", true, 200, `{"ErrCode":0,"ErrMsg":"Success","RoleList":[{"ZoneId":"1","RoleId":"r1","RoleName":"剑客","RoleLevel":7},{"ZoneId":"2","RoleId":"r2","RoleName":"法师"}]}`},
		{"o2", true, 200, `{"ErrCode":0,"ErrMsg":"Success","RoleList":[]}`},
		{"o3", true, 503, ""},
		{"o1", false, 503, ""}, // anybody's word
	} {
		status, answer, _ := r.do("POST", fresh(r.url, 100+n), eventPush(string(midas.PushRoleQuery), fmt.Sprintf(`{"OpenId":%q}`, c.openid), c.signed, false))
		if status != c.status || c.answer != "" && answer != c.answer {
			t.Errorf("%+v: %d %s", c, status, answer)
		}
	}
}

func TestAPaymentHasNoHandlerOfTheHosts(t *testing.T) {
	m := New(slog.New(slog.DiscardHandler))
	m.HandlePush(midas.PushGoods, func(context.Context, midas.Push) error { return nil })
	m.HandlePush("x", nil)
	if len(m.misuses) != 2 || m.HandlerOf(midas.PushGoods) != nil {
		t.Errorf("%q", m.misuses)
	}
}

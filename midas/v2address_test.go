package midas_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/leafmidas/leafmidas/midas"
)

// Of a player of whom no address is known one is sent all the same (midas-protocol.md §3.9, P9).
func TestV2NeverSendsACallWithoutAnAddress(t *testing.T) {
	var sent []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		ip, _ := in["user_ip"].(string)
		sent = append(sent, ip)
		_, _ = io.WriteString(w, `{"errcode":0}`)
	}))
	defer s.Close()
	c := against(t, s.URL, v2, withToken)
	for _, ip := range []string{"", "2001:db8::7"} {
		p := alice
		p.UserIP = ip
		_, _ = c.Balance(t.Context(), p)
		_, _ = c.Pay(t.Context(), midas.PayRequest{Player: p, BillNo: "b", Amount: 1})
		_, _ = c.CancelPay(t.Context(), midas.CancelPayRequest{Player: p, BillNo: "b", Amount: 1})
	}
	want := []string{"127.0.0.1", "127.0.0.1", "127.0.0.1", "2001:db8::7", "2001:db8::7", "2001:db8::7"}
	if len(sent) != len(want) {
		t.Fatalf("%d calls: %q", len(sent), sent)
	}
	for i, ip := range sent {
		if ip != want[i] {
			t.Errorf("call %d carries %q, want %q", i, ip, want[i])
		}
	}
}

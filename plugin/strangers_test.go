package plugin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/msg"
)

// However many connections send invented login codes while WeChat is slow, whoever is logged in buys as if they were not there.
func TestInventedLoginCodesTakeNoPlaceOfAPurchase(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	s := start(t, func(set *setup) {
		set.config.MaxInFlight, set.config.LoginLimit.InFlight = 4, 2
		set.front = func(midas http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "jscode2session") && strings.HasPrefix(r.URL.Query().Get("js_code"), "invented") {
					select {
					case <-hold:
					case <-r.Context().Done():
					}
				}
				midas.ServeHTTP(w, r)
			})
		}
	})
	s.recharge("alice", 1000)
	alice := s.join("alice", overWS)
	for n := range 60 {
		stranger := s.dial(overWS)
		for i := range 3 {
			stranger.send(&msg.MidasLogin{Code: fmt.Sprintf("invented-%d-%d", n, i)})
		}
	}
	for n := range 20 {
		if r := alice.buy(fmt.Sprint("r", n), "potion", 1); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
			t.Fatalf("purchase %d: %v", n, r)
		}
	}
	close(hold)
}

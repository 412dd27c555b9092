package plugin_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/leafmidas/leafmidas/msg"
)

// However many connections send invented login codes while WeChat is slow, whoever is logged in buys as if they were
// not there.
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

// A code is not traded for a stranger who has gone while it waited: it uses up the game's quota for nobody.
func TestACodeIsNotTradedForAConnectionThatHasEnded(t *testing.T) {
	t.Parallel()
	hold, begun := make(chan struct{}), make(chan struct{}, 100)
	var asked atomic.Int64
	s := start(t, func(set *setup) {
		set.config.LoginLimit.InFlight = 2
		set.front = func(midas http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "jscode2session") && strings.HasPrefix(r.URL.Query().Get("js_code"), "invented") {
					asked.Add(1)
					begun <- struct{}{}
					<-hold
				}
				midas.ServeHTTP(w, r)
			})
		}
	})
	var gone []*client
	for n := range 30 {
		stranger := s.dial(overWS)
		stranger.send(&msg.MidasLogin{Code: fmt.Sprint("invented-", n)})
		// What comes after a message on a connection is answered after it, so the code waits now.
		stranger.send(&msg.MidasListOrders{})
		stranger.refused("", msg.MidasErrorCode_MIDAS_ERROR_CODE_NOT_LOGGED_IN)
		gone = append(gone, stranger)
	}
	<-begun
	<-begun
	for _, stranger := range gone {
		stranger.close()
	}
	s.awaitLogouts(len(gone))
	close(hold)
	s.recharge("alice", 1000)
	s.join("alice", overWS) // behind all of them
	if n := asked.Load(); n != 2 {
		t.Errorf("%d codes were traded, %d of them for nobody", n, n-2)
	}
}

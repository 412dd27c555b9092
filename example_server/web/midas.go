package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// emulated is what a page may do to the emulator in this process: pay there, as WeChat's payment window does, and make
// Midas fail, as it does by itself in production.
type emulated struct {
	server  *emulator.Server
	present func(context.Context, plugin.Player, plugin.PresentRequest) (plugin.Receipt, error)
	zone    string

	mu      sync.Mutex
	weather string
}

// weathers are the troubles that Midas can be in.
var weathers = map[string]emulator.Fault{
	"hang": {Kind: emulator.Hang},
	"5xx":  {Kind: emulator.BadGateway},
	"slow": {Kind: emulator.Slow, Delay: 700 * time.Millisecond},
}

const (
	fine = "fine"
	// lateAfter is how late coins come that come late.
	lateAfter = 4 * time.Second
	// maxPresent keeps a slip of the finger from giving a fortune.
	maxPresent     = 100_000
	presentTimeout = 5 * time.Second
	maxBody        = 16 << 10
)

func newMidas(o Options) *emulated {
	zone := o.Midas.ZoneID
	if zone == "" {
		zone = defaultZone
	}
	return &emulated{server: o.Emulator, present: o.Present, zone: zone, weather: fine}
}

func (e *emulated) mount(mux *http.ServeMux) {
	mux.Handle("POST /midas/pay/coins", sameOrigin(answer(e.payCoins)))
	mux.Handle("POST /midas/pay/goods", sameOrigin(answer(e.payGoods)))
	mux.Handle("POST /midas/present", sameOrigin(answer(e.give)))
	mux.Handle("POST /midas/weather", sameOrigin(answer(e.setWeather)))
	mux.Handle("GET /midas/weather", answer(e.getWeather))
}

// payment is a player's decision in the payment window.
type payment struct {
	OpenID string `json:"openid"`
	// Late: Midas credits the coins, or tells of the goods, only after a while.
	Late bool `json:"late"`
}

func (p payment) fate() emulator.Fate {
	if p.Late {
		return emulator.Fate{CreditAfter: lateAfter}
	}
	return emulator.Fate{}
}

// clientCode is what wx would give to the fail callback.
type clientCode struct {
	ErrCode int    `json:"errCode"`
	ErrMsg  string `json:"errMsg"`
}

func told(err error) (any, error) {
	var refused *emulator.ClientError
	switch {
	case errors.As(err, &refused):
		return clientCode{refused.Code, refused.Msg}, nil
	case err != nil:
		return nil, badRequest{err}
	default:
		return clientCode{}, nil
	}
}

func (e *emulated) payCoins(_ context.Context, body struct {
	payment
	Options emulator.CoinOptions `json:"options"`
},
) (any, error) {
	body.Options.OpenID = body.OpenID
	return told(e.server.PayCoins(body.Options, body.fate()))
}

func (e *emulated) payGoods(_ context.Context, body struct {
	payment
	SignData  string `json:"sign_data"`
	PaySig    string `json:"pay_sig"`
	Signature string `json:"signature"`
},
) (any, error) {
	fate := emulator.Fate{}
	if body.Late {
		fate.PushAfter = lateAfter
	}
	return told(e.server.PayGoods(body.OpenID, body.SignData, body.PaySig, body.Signature, fate))
}

// give gives coins for nothing, as the game's own code would.
func (e *emulated) give(ctx context.Context, body struct {
	OpenID string `json:"openid"`
	Coins  int64  `json:"coins"`
},
) (any, error) {
	if body.Coins < 1 || body.Coins > maxPresent {
		return nil, badRequest{fmt.Errorf("coins must be 1 to %d", maxPresent)}
	}
	ctx, cancel := context.WithTimeout(ctx, presentTimeout)
	defer cancel()
	_, err := e.present(ctx, plugin.Player{OpenID: body.OpenID, ZoneID: e.zone},
		plugin.PresentRequest{RequestID: "page-" + rand.Text(), Amount: midas.Coins(body.Coins)})
	return struct{}{}, err
}

// weather is the trouble Midas is in.
type weather struct {
	Weather string `json:"weather"`
}

func (e *emulated) setWeather(_ context.Context, body weather) (any, error) {
	fault, bad := weathers[body.Weather]
	if !bad && body.Weather != fine {
		return nil, badRequest{fmt.Errorf("no such weather: %q", body.Weather)}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if bad {
		if err := e.server.Outage(fault); err != nil {
			return nil, err
		}
	} else {
		e.server.Recover()
	}
	e.weather = body.Weather
	return body, nil
}

func (e *emulated) getWeather(context.Context, struct{}) (any, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return weather{e.weather}, nil
}

// badRequest is the asker's fault.
type badRequest struct{ error }

func (b badRequest) Unwrap() error { return b.error }

// answer makes a handler of a function from JSON to JSON.
func answer[B any](f func(context.Context, B) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var body B
		var result any
		var err error
		if r.Method == http.MethodPost {
			if err = json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil {
				err = badRequest{err}
			}
		}
		if err == nil {
			result, err = f(r.Context(), body)
		}
		if err != nil {
			status := http.StatusServiceUnavailable
			if errors.As(err, new(badRequest)) {
				status = http.StatusBadRequest
			}
			w.WriteHeader(status)
			result = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(result) // whoever asked has gone if it fails
	})
}

package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// emulated is what a page may do to the emulator: pay there, as WeChat's payment window does, and make Midas fail, as
// it does by itself in production. It speaks to the emulator's control API, which may be another process's.
type emulated struct {
	control string // its URL, with a slash at the end
	client  *http.Client
	present func(context.Context, plugin.Player, plugin.PresentRequest) (plugin.Receipt, error)
	zone    string
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
	controlTimeout = 5 * time.Second
	maxBody        = 16 << 10
	maxControl     = 64 << 10
)

func newMidas(o Options) *emulated {
	zone := o.Midas.ZoneID
	if zone == "" {
		zone = defaultZone
	}
	return &emulated{
		control: strings.TrimRight(o.Midas.BaseURL, "/") + "/_emulator/", client: &http.Client{Transport: &http.Transport{}, Timeout: controlTimeout},
		present: o.Present, zone: zone,
	}
}

func (e *emulated) mount(mux *http.ServeMux) {
	mux.Handle("POST /midas/pay/coins", sameOrigin(answer(e.payCoins)))
	mux.Handle("POST /midas/pay/goods", sameOrigin(answer(e.payGoods)))
	mux.Handle("POST /midas/present", sameOrigin(answer(e.give)))
	mux.Handle("POST /midas/weather", sameOrigin(answer(e.setWeather)))
	mux.Handle("GET /midas/weather", answer(e.getWeather))
}

// close lets go of the connections to the emulator.
func (e *emulated) close() { e.client.CloseIdleConnections() }

// refusal is what the emulator says of a command that it does not carry out.
type refusal struct {
	Text string `json:"error"`
	Code int    `json:"err_code"` // of a payment
}

func (r *refusal) Error() string { return r.Text }

// ask gives the emulator a command, and reads its answer into out unless that is nil. A page that is closed meanwhile
// does not take the command back.
func (e *emulated) ask(ctx context.Context, method, command string, in, out any) error {
	ctx = context.WithoutCancel(ctx) // the client has a timeout
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, e.control+command, bytes.NewReader(body))
	if err != nil {
		return err
	}
	told, err := e.client.Do(r)
	if err != nil {
		return fmt.Errorf("the emulator cannot be asked: %w", err)
	}
	defer told.Body.Close()
	text, err := io.ReadAll(io.LimitReader(told.Body, maxControl))
	if err != nil {
		return fmt.Errorf("the emulator's answer: %w", err)
	}
	if told.StatusCode != http.StatusOK {
		no := &refusal{}
		if json.Unmarshal(text, no) != nil || no.Text == "" {
			return fmt.Errorf("%s is no emulator: it answers %s", e.control, told.Status)
		}
		return no
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// payment is a player's decision in the payment window.
type payment struct {
	OpenID string `json:"openid"`
	// Late: Midas credits the coins, or tells of the goods, only after a while.
	Late bool `json:"late"`
}

// clientCode is what wx would give to the fail callback.
type clientCode struct {
	ErrCode int    `json:"errCode"`
	ErrMsg  string `json:"errMsg"`
}

// pay pays at the emulator. That the payment is refused is an answer, and no error.
func (e *emulated) pay(ctx context.Context, what string, in any) (any, error) {
	err := e.ask(ctx, http.MethodPost, "pay/"+what, in, nil)
	no, refused := errors.AsType[*refusal](err)
	switch {
	case refused && no.Code != 0:
		return clientCode{no.Code, no.Text}, nil
	case refused:
		return nil, badRequest{err}
	default:
		return clientCode{}, err
	}
}

func (e *emulated) payCoins(ctx context.Context, body struct {
	payment
	Options emulator.CoinOptions `json:"options"`
},
) (any, error) {
	in := struct {
		emulator.CoinOptions
		Fate emulator.Fate `json:"fate"`
	}{CoinOptions: body.Options}
	in.OpenID = body.OpenID
	if body.Late {
		in.Fate.CreditAfter = lateAfter
	}
	return e.pay(ctx, "coins", in)
}

func (e *emulated) payGoods(ctx context.Context, body struct {
	payment
	SignData  string `json:"sign_data"`
	PaySig    string `json:"pay_sig"`
	Signature string `json:"signature"`
},
) (any, error) {
	in := struct {
		OpenID    string        `json:"openid"`
		SignData  string        `json:"sign_data"`
		PaySig    string        `json:"pay_sig"`
		Signature string        `json:"signature"`
		Fate      emulator.Fate `json:"fate"`
	}{OpenID: body.OpenID, SignData: body.SignData, PaySig: body.PaySig, Signature: body.Signature}
	if body.Late && coinsAreBought(body.SignData) {
		in.Fate.CreditAfter = lateAfter
	} else if body.Late {
		in.Fate.PushAfter = lateAfter
	}
	return e.pay(ctx, "goods", in)
}

// coinsAreBought reports whether a signed purchase is one of coins.
func coinsAreBought(signData string) bool {
	var data struct {
		Mode string `json:"mode"`
	}
	return json.Unmarshal([]byte(signData), &data) == nil && data.Mode == "coins"
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
	r, err := e.present(ctx, plugin.Player{OpenID: body.OpenID, ZoneID: e.zone},
		plugin.PresentRequest{RequestID: "page-" + rand.Text(), Amount: midas.Coins(body.Coins)})
	switch {
	case err != nil:
		return nil, err
	case r.Order.State == ledger.Delivered:
		return struct{}{}, nil
	case r.Order.State.Ended():
		return nil, fmt.Errorf("the present was refused by Midas (%d): %s", r.Order.Code, r.Order.Note)
	default:
		return nil, errors.New("the present has not been given by Midas yet; it goes on by itself")
	}
}

// FindEmulator asks whether the Midas at a URL is an emulator.
func FindEmulator(ctx context.Context, url string) error {
	e := &emulated{control: strings.TrimRight(url, "/") + "/_emulator/", client: &http.Client{Transport: &http.Transport{}, Timeout: controlTimeout}}
	defer e.close()
	var told struct {
		Commands []struct {
			Path string `json:"path"`
		} `json:"commands"`
	}
	if err := e.ask(ctx, http.MethodGet, "", nil, &told); err != nil {
		return err
	}
	for _, c := range told.Commands {
		if strings.HasSuffix(c.Path, "/_emulator/recharge") {
			return nil
		}
	}
	return fmt.Errorf("%s is no emulator: it does not list what it can do", e.control)
}

// weather is the trouble Midas is in.
type weather struct {
	Weather string `json:"weather"`
}

func (e *emulated) setWeather(ctx context.Context, body weather) (any, error) {
	fault, bad := weathers[body.Weather]
	switch {
	case bad:
		return body, e.ask(ctx, http.MethodPost, "outage", fault, nil)
	case body.Weather == fine:
		return body, e.ask(ctx, http.MethodPost, "recover", struct{}{}, nil)
	default:
		return nil, badRequest{fmt.Errorf("no such weather: %q", body.Weather)}
	}
}

// getWeather asks the emulator each time: whoever else operates it changes the weather too. A trouble that the page
// does not have has no name here.
func (e *emulated) getWeather(ctx context.Context, _ struct{}) (any, error) {
	var now struct {
		Outage *emulator.Fault `json:"outage"`
	}
	if err := e.ask(ctx, http.MethodGet, "outage", nil, &now); err != nil {
		return nil, err
	}
	if now.Outage == nil {
		return weather{fine}, nil
	}
	for name, fault := range weathers {
		if fault == *now.Outage {
			return weather{name}, nil
		}
	}
	return weather{}, nil
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

package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// maxBody bounds what an asker may send.
const maxBody = 16 << 10

func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /api/status", answer(s.status))
	mux.Handle("GET /api/series", answer(s.recent))
	mux.Handle("GET /api/orders", answer(s.orders))
	mux.Handle("GET /api/orders/{bill}", answer(s.order))
	mux.Handle("POST /api/orders/{bill}/resolve", answer(s.resolve))
	mux.Handle("GET /api/pushes", answer(s.pushes))
	mux.Handle("POST /api/pushes/{id}/done", answer(s.pushDone))
	mux.Handle("POST /api/pause", answer(s.pause(true)))
	mux.Handle("POST /api/resume", answer(s.pause(false)))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Errorf("there is no %s %s", r.Method, r.URL.Path))
	})
	return mux
}

// badRequest is the asker's fault.
type badRequest struct{ error }

func (b badRequest) Unwrap() error { return b.error }

// answer makes a handler of a function.
func answer(f func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), askTime)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		result, err := f(r.WithContext(ctx))
		if err != nil {
			fail(w, statusOf(err), err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result) // whoever asked has gone if it fails
	})
}

func statusOf(err error) int {
	switch {
	case errors.As(err, new(badRequest)), errors.Is(err, ledger.ErrBadFilter), errors.Is(err, ledger.ErrBadResolution):
		return http.StatusBadRequest
	case errors.Is(err, ledger.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, ledger.ErrNotDisputed), errors.Is(err, ledger.ErrConflict):
		return http.StatusConflict
	default:
		return http.StatusServiceUnavailable
	}
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) // as above
}

// order is an order as the API tells it. Times are RFC 3339; what is not known, or not the case, is left out.
type order struct {
	BillNo      string     `json:"bill_no"`
	Kind        string     `json:"kind"`
	OpenID      string     `json:"openid"`
	ZoneID      string     `json:"zone_id"`
	RequestID   string     `json:"request_id"`
	ItemID      string     `json:"item_id,omitempty"`
	Quantity    int64      `json:"quantity"`
	Amount      int64      `json:"amount"` // coins, or fen of goods and refunds
	State       string     `json:"state"`
	Attempts    int        `json:"attempts"`
	Parked      bool       `json:"parked,omitempty"`
	Settled     bool       `json:"settled,omitempty"`
	Code        int        `json:"code,omitempty"`
	RID         string     `json:"rid,omitempty"`
	Note        string     `json:"note,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
	DueAt       *time.Time `json:"due_at,omitempty"`
	DeliveredAt *time.Time `json:"delivered_at,omitempty"`
	OfTrade     string     `json:"of_trade,omitempty"`
	Paid        int64      `json:"paid,omitempty"` // fen, of goods: what was really paid
}

func orderOf(o ledger.Order) order {
	return order{
		BillNo: o.BillNo, Kind: string(o.Kind), OpenID: o.OpenID, ZoneID: o.ZoneID, RequestID: o.RequestID, ItemID: o.ItemID,
		Quantity: o.Quantity, Amount: o.Amount, State: string(o.State), Attempts: o.Attempts, Parked: o.Parked, Settled: o.Settled(),
		Code: o.Code, RID: o.RID, Note: o.Note, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
		DueAt: known(o.DueAt), DeliveredAt: known(o.DeliveredAt), OfTrade: o.OfTrade, Paid: o.Paid,
	}
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// event is a line of an order's history.
type event struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	From string    `json:"from,omitempty"`
	To   string    `json:"to"`
	Code int       `json:"code,omitempty"`
	RID  string    `json:"rid,omitempty"`
	Note string    `json:"note,omitempty"`
}

// payment is one of WeChat's numbers of a payment with money.
type payment struct {
	Number string `json:"number"`
	Kind   string `json:"kind"`
}

// orders answers a search.
func (s *Server) orders(r *http.Request) (any, error) {
	f, err := filterOf(r.URL.Query())
	if err != nil {
		return nil, badRequest{err}
	}
	found, next, err := s.plugin.Orders(r.Context(), f)
	if err != nil {
		return nil, err
	}
	if number := f.BillPrefix; number != "" && len(found) == 0 && f.After == "" { // it may be a number of WeChat Pay's
		all, err := s.plugin.Find(r.Context(), number)
		if err != nil {
			return nil, err
		}
		found = all.Orders
	}
	out := struct {
		Orders []order `json:"orders"`
		Next   string  `json:"next,omitempty"`
	}{make([]order, 0, len(found)), next}
	for _, o := range found {
		out.Orders = append(out.Orders, orderOf(o))
	}
	return out, nil
}

// filterOf reads a search. An unknown word is an error: a search for the wrong thing finds the wrong orders.
func filterOf(q url.Values) (f plugin.Filter, err error) {
	for key, values := range q {
		value := values[0]
		switch key {
		case "openid":
			f.OpenID = value
		case "bill":
			f.BillPrefix = value
		case "request":
			f.RequestID = value
		case "state":
			for one := range strings.SplitSeq(value, ",") {
				f.States = append(f.States, ledger.State(one))
			}
		case "kind":
			for one := range strings.SplitSeq(value, ",") {
				f.Kinds = append(f.Kinds, ledger.Kind(one))
			}
		case "open":
			f.Open, err = strconv.ParseBool(value)
		case "stuck":
			f.Stuck, err = strconv.ParseBool(value)
		case "oldest":
			f.OldestFirst, err = strconv.ParseBool(value)
		case "limit":
			f.Limit, err = strconv.Atoi(value)
		case "after":
			f.After = value
		default:
			return f, fmt.Errorf("orders are not searched by %q", key)
		}
		if err != nil {
			return f, fmt.Errorf("%s: %w", key, err)
		}
	}
	return f, nil
}

// order answers with one order and its history.
func (s *Server) order(r *http.Request) (any, error) {
	traced, err := s.plugin.History(r.Context(), r.PathValue("bill"))
	if err != nil {
		return nil, err
	}
	found, err := s.plugin.Find(r.Context(), traced.BillNo)
	if err != nil {
		return nil, err
	}
	out := struct {
		order
		Payments []payment `json:"payments"`
		Events   []event   `json:"events"`
	}{orderOf(traced.Order), make([]payment, 0, len(found.Payments)), make([]event, 0, len(traced.Events))}
	for _, n := range found.Payments {
		out.Payments = append(out.Payments, payment{n.Number, string(n.Kind)})
	}
	for _, e := range traced.Events {
		out.Events = append(out.Events, event{e.At, e.Who, string(e.From), string(e.To), e.Code, e.RID, e.Note})
	}
	return out, nil
}

// resolve settles a disputed order.
func (s *Server) resolve(r *http.Request) (any, error) {
	var body struct{ As, Why, Who string }
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		return nil, badRequest{err}
	}
	o, err := s.plugin.Resolve(r.Context(), r.PathValue("bill"), ledger.State(body.As), body.Why, body.Who)
	if err != nil {
		return nil, err
	}
	return orderOf(o), nil
}

// keptPush is a push that could not be acted on.
type keptPush struct {
	ID         string    `json:"id"`
	FirstAt    time.Time `json:"first_at"`
	LastAt     time.Time `json:"last_at"`
	Times      int64     `json:"times"`
	Event      string    `json:"event"`
	OpenID     string    `json:"openid,omitempty"`
	OutTradeNo string    `json:"out_trade_no,omitempty"`
	Why        string    `json:"why"`
	Body       string    `json:"body"`
}

// mostPushes bounds a list of kept pushes.
const mostPushes = 100

// pushes lists the oldest of the pushes that wait for an operator.
func (s *Server) pushes(r *http.Request) (any, error) {
	kept, err := s.plugin.KeptPushes(r.Context(), mostPushes)
	list := make([]keptPush, len(kept))
	for i, k := range kept {
		list[i] = keptPush{k.ID, k.FirstAt, k.LastAt, k.Times, k.Event, k.OpenID, k.OutTradeNo, k.Why, k.Body}
	}
	return map[string]any{"pushes": list}, err
}

// pushDone puts a push away that an operator is done with.
func (s *Server) pushDone(r *http.Request) (any, error) {
	var body struct{ Why, Who string }
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		return nil, badRequest{err}
	}
	return struct{}{}, s.plugin.PutPushAway(r.Context(), r.PathValue("id"), body.Why, body.Who)
}

// pause closes the shop, or opens it.
func (s *Server) pause(paused bool) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) {
		changed, err := s.plugin.Pause(paused)
		return map[string]bool{"paused": paused, "changed": changed}, err
	}
}

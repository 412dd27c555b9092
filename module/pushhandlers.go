package module

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// Role is a character of a player's, as the store shows it so that the buyer picks one.
type Role struct {
	ZoneID   string `json:"ZoneId"`
	RoleID   string `json:"RoleId"`
	RoleName string `json:"RoleName"`
	// Level may be 0: not shown.
	Level int64 `json:"RoleLevel,omitempty"`
}

// pushHandler answers a push that is not a payment; the answer is JSON, nil for a bare success.
type pushHandler func(ctx context.Context, p midas.Push) (answer any, err error)

// HandlePush makes handle take the pushes of one event that is not a payment.
func (m *Module) HandlePush(event midas.PushEvent, handle func(ctx context.Context, p midas.Push) error) {
	switch {
	case event == "" || handle == nil:
		m.misuse("HandlePush was called without an event or function")
	case event.IsPayment():
		m.misuse(fmt.Sprintf("HandlePush was called for %s, which is a payment and taken here", event))
	default:
		m.takePushes(event, func(ctx context.Context, p midas.Push) (any, error) { return nil, handle(ctx, p) })
	}
}

// HandleRoleQuery makes roles answer the store's question for the roles that a player has played lately.
func (m *Module) HandleRoleQuery(roles func(ctx context.Context, openid string) ([]Role, error)) {
	if roles == nil {
		m.misuse("HandleRoleQuery was called with a nil function")
		return
	}
	m.takePushes(midas.PushRoleQuery, func(ctx context.Context, p midas.Push) (any, error) {
		if !p.Signed { // its openid is anybody's word
			return nil, fmt.Errorf("%w: %s without Midas's own signature", midas.ErrPushForged, p.Event)
		}
		list, err := roles(ctx, p.OpenID)
		if list == nil {
			list = []Role{}
		}
		return struct {
			pushAnswer
			RoleList []Role `json:"RoleList"`
		}{pushAnswer{ErrMsg: "Success"}, list}, err
	})
}

func (m *Module) takePushes(event midas.PushEvent, h pushHandler) {
	if m.pushHandlers[event] != nil {
		panic(fmt.Sprintf("leafmidas: two handlers for pushes of %s; there is one", event))
	}
	if m.pushHandlers == nil {
		m.pushHandlers = map[midas.PushEvent]pushHandler{}
	}
	m.pushHandlers[event] = h
}

// HandlerOf is the handler of an event; nil if it has none.
func (m *Module) HandlerOf(event midas.PushEvent) func(context.Context, midas.Push) (any, error) {
	return m.pushHandlers[event]
}

// handle gives a push to the host's handler, within the time that WeChat waits. An error has it sent again.
func (rc *Receiver) handle(w http.ResponseWriter, r *http.Request, p midas.Push, h func(context.Context, midas.Push) (any, error)) {
	if !rc.enter(w, rc.others) {
		return
	}
	defer func() { <-rc.others }()
	ctx, cancel := context.WithTimeout(r.Context(), pushTime)
	defer cancel()
	answer, err := guard(func() (any, error) { return h(ctx, p) })
	if err != nil {
		rc.Received.add(pushLater)
		rc.Reader.Forget(r.URL.Query()) // it may be sent again
		rc.note(r, fmt.Errorf("the handler of %s: %w", p.Event, err))
		reply(w, p.XML, http.StatusServiceUnavailable, "try again")
		return
	}
	rc.Received.add(pushTaken)
	if answer == nil {
		reply(w, p.XML, http.StatusOK, "Success")
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(body)
}

// guard turns a panic of the host's into an error.
func guard(f func() (any, error)) (answer any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &ledger.PanicError{Value: r}
		}
	}()
	return f()
}

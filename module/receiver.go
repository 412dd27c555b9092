package module

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

const (
	// maxPush bounds a push, in bytes. Real ones have about two thousand.
	maxPush = 64 << 10
	// pushTime is how long storing a push may take: WeChat waits 3 s for the whole answer (§3.7).
	pushTime = 2500 * time.Millisecond
	// readTime is how long the body of a push may take to come, writeTime how long its answer may take to leave. They hold
	// on a host's own server too, which may have no time limits.
	readTime, writeTime = 3 * time.Second, 10 * time.Second
	// maxPushes bounds the pushes that are stored at once, and those that the host's own handler is given; others are told
	// to come again. Only what is rightly signed takes such a place.
	maxPushes = 64
	// maxReads bounds the bodies that are read at once of those whose query is signed, maxDoubtful of those that may turn
	// out to be: with maxPush, 20 MiB in all. What cannot be signed is not read.
	maxReads, maxDoubtful = 256, 64
	// refusalsEvery is how often refusals are logged at most, with their number.
	refusalsEvery = 5 * time.Second
)

// Receiver takes what WeChat posts to the game's callback address. It answers once the push is on disk; what follows
// from it, the host's code above all, happens afterwards. Nothing but a push that was stored is answered with success,
// so that all others come again.
type Receiver struct {
	// Reader checks and reads pushes.
	Reader *midas.PushReader
	// Take stores one.
	Take func(context.Context, midas.Push) error
	// TakeOrPass, if not nil, is called in place of Take, and tells also whether Other may know the payment.
	TakeOrPass func(context.Context, midas.Push) (others bool, err error)
	// HandlerOf is the host's handler of an event that is not a payment, or nil. It comes before Other. nil: there are
	// none.
	HandlerOf func(event midas.PushEvent) func(context.Context, midas.Push) (answer any, err error)
	// Other is given the pushes that are not about payments, and those that may be another server's, as they came. nil:
	// the former are answered with success, and of the latter those that Take has not stored are refused.
	Other http.Handler
	Log   *slog.Logger
	// Received counts what came. nil: nothing does.
	Received *Received

	once                           sync.Once
	busy, others, reads, doubtfuls chan struct{}

	mu       sync.Mutex
	told     time.Time // when a refusal was logged last
	refusals int       // since then
}

// pushAnswer is what WeChat wants to hear (§3.7).
type pushAnswer struct {
	XMLName xml.Name `json:"-" xml:"xml"`
	ErrCode int      `json:"ErrCode" xml:"ErrCode"`
	ErrMsg  string   `json:"ErrMsg" xml:"ErrMsg"`
}

// ServeHTTP answers the check of the address (GET) and pushes (POST).
func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.once.Do(func() {
		rc.busy, rc.others = make(chan struct{}, maxPushes), make(chan struct{}, maxPushes)
		rc.reads, rc.doubtfuls = make(chan struct{}, maxReads), make(chan struct{}, maxDoubtful)
	})
	switch r.Method {
	case http.MethodGet:
		rc.echo(w, r)
	case http.MethodPost:
		rc.post(w, r)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
	}
}

func (rc *Receiver) echo(w http.ResponseWriter, r *http.Request) {
	text, err := rc.Reader.Echo(r.URL.Query())
	if err != nil {
		rc.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff") // it is text, whatever was put into echostr
	_, _ = io.WriteString(w, text)
}

// enter takes a place, or tells to come again.
func (rc *Receiver) enter(w http.ResponseWriter, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
		rc.Received.add(pushLater)
		reply(w, false, http.StatusServiceUnavailable, "busy")
		return false
	}
}

// post reads a push, sees that it is signed, and only then lets it take a place among those that are worked on.
func (rc *Receiver) post(w http.ResponseWriter, r *http.Request) {
	body, ok := rc.read(w, r)
	if !ok {
		return
	}
	push, err := rc.Reader.Read(r.URL.Query(), body)
	if err == nil {
		err = rc.Reader.Once(r.URL.Query(), push)
	}
	if err != nil {
		rc.Received.add(pushRefused)
		rc.refuse(w, r, err)
		return
	}
	if h := rc.handlerOf(push); h != nil {
		rc.handle(w, r, push, h)
		return
	}
	if !push.Event.IsPayment() && rc.Other != nil {
		if status := rc.pass(w, r, body); status >= http.StatusInternalServerError {
			rc.Reader.Forget(r.URL.Query()) // it may be sent again
		}
		return
	}
	if !rc.enter(w, rc.busy) {
		return
	}
	others, err := rc.take(r.Context(), push)
	<-rc.busy
	switch {
	case others && rc.Other != nil:
		rc.pass(w, r, body)
	case err != nil:
		rc.Received.add(pushLater)
		rc.Log.Warn("midas: a push was not taken and will come again", "event", string(push.Event), "out_trade_no", push.OutTradeNo, "error", err)
		reply(w, push.XML, http.StatusServiceUnavailable, "try again")
	default:
		rc.Received.add(pushTaken)
		rc.Log.Debug("midas: push taken", "event", string(push.Event), "out_trade_no", push.OutTradeNo, "mock", push.Mock)
		reply(w, push.XML, http.StatusOK, "Success")
	}
}

// handlerOf is who takes a push that is not a payment. What the console sent as a trial is answered with success by
// Take.
func (rc *Receiver) handlerOf(p midas.Push) func(context.Context, midas.Push) (any, error) {
	if rc.HandlerOf == nil || p.Event.IsPayment() || p.Simulated && p.Event != midas.PushRoleQuery {
		return nil
	}
	return rc.HandlerOf(p.Event)
}

func (rc *Receiver) take(ctx context.Context, push midas.Push) (others bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pushTime)
	defer cancel()
	if rc.TakeOrPass != nil {
		return rc.TakeOrPass(ctx, push)
	}
	return false, rc.Take(ctx, push)
}

// read reads the body, of what may be signed and of nothing else, for readTime and maxPush at most.
func (rc *Receiver) read(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	signed, possible := rc.Reader.MayBeSigned(r.URL.Query())
	places := rc.reads
	if !signed {
		places = rc.doubtfuls
	}
	if !possible {
		rc.Received.add(pushRefused)
		_, err := rc.Reader.Echo(r.URL.Query())
		w.Header().Set("Connection", "close") // what may follow is not read
		rc.refuse(w, r, err)
		return nil, false
	}
	if !rc.enter(w, places) {
		return nil, false
	}
	defer func() { <-places }()
	limits := http.NewResponseController(w)
	_ = limits.SetReadDeadline(time.Now().Add(readTime)) // not every writer of a host's has them
	_ = limits.SetWriteDeadline(time.Now().Add(writeTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if err == nil {
		_ = limits.SetReadDeadline(time.Time{})
		return body, true
	}
	rc.Received.add(pushRefused)
	status, text := http.StatusBadRequest, "not readable"
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		status, text = http.StatusRequestEntityTooLarge, "too large"
	}
	w.Header().Set("Connection", "close")
	rc.note(r, errors.New(text))
	reply(w, false, status, text)
	return nil, false
}

// pass gives a push to the host's own handler, as it came, and tells what it answered.
func (rc *Receiver) pass(w http.ResponseWriter, r *http.Request, body []byte) (status int) {
	if !rc.enter(w, rc.others) {
		return http.StatusServiceUnavailable
	}
	defer func() { <-rc.others }()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // it has its own
	r.Body = io.NopCloser(bytes.NewReader(body))
	heard := &listener{ResponseWriter: w, status: http.StatusOK}
	rc.Other.ServeHTTP(heard, r)
	return heard.status
}

// listener hears the status of an answer.
type listener struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (l *listener) WriteHeader(status int) {
	l.status = status
	l.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the writer itself.
func (l *listener) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// refuse answers what cannot be believed. The reason is for the operator, not for whoever sent it.
func (rc *Receiver) refuse(w http.ResponseWriter, r *http.Request, err error) {
	rc.note(r, err)
	status := http.StatusBadRequest
	if !errors.Is(err, midas.ErrPushMalformed) {
		status = http.StatusForbidden
	}
	reply(w, false, status, "refused")
}

// note logs a refusal, with how many there were since the last one that was logged.
func (rc *Receiver) note(r *http.Request, err error) {
	now := time.Now()
	rc.mu.Lock()
	rc.refusals++
	n := rc.refusals
	quiet := now.Sub(rc.told) < refusalsEvery
	if !quiet {
		rc.told, rc.refusals = now, 0
	}
	rc.mu.Unlock()
	if !quiet {
		rc.Log.Warn("midas: a push was refused", "error", err, "from", r.RemoteAddr, "refused", n)
	}
}

func reply(w http.ResponseWriter, asXML bool, status int, text string) {
	answer := pushAnswer{ErrMsg: text}
	if status != http.StatusOK {
		answer.ErrCode = status
	}
	kind, marshal := "application/json; charset=utf-8", json.Marshal
	if asXML {
		kind, marshal = "text/xml; charset=utf-8", xml.Marshal
	}
	body, err := marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// pushServer serves a Receiver on an address of its own.
type pushServer struct {
	http *http.Server
	done sync.WaitGroup
}

// servePushes listens until stop. A path other than path is 404.
func servePushes(addr, path string, receiver http.Handler, log *slog.Logger) (*pushServer, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("leafmidas: Push.Addr: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(path, receiver)
	s := &pushServer{http: &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
	s.done.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("midas: no more pushes are taken", "error", err)
		}
	})
	return s, nil
}

// stop lets the pushes under way be answered until ctx ends.
func (s *pushServer) stop(ctx context.Context) {
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
	}
	s.done.Wait()
}

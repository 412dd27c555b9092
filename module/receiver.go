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
	// maxPushes bounds the pushes that are looked at at once; others are told to come again.
	maxPushes = 64
)

// Receiver takes what WeChat posts to the game's callback address. It answers once the push is on disk; what follows from
// it, the host's code above all, happens afterwards. Nothing but a push that was stored is answered with success, so that
// all others come again.
type Receiver struct {
	// Reader checks and reads pushes.
	Reader *midas.PushReader
	// Take stores one.
	Take func(context.Context, midas.Push) error
	// Other is given the pushes that are not about payments, as they came. nil: they are answered with success.
	Other http.Handler
	Log   *slog.Logger
	// Received counts what came. nil: nothing does.
	Received *Received

	busy chan struct{}
	once sync.Once
}

// pushAnswer is what WeChat wants to hear (§3.7).
type pushAnswer struct {
	XMLName xml.Name `json:"-" xml:"xml"`
	ErrCode int      `json:"ErrCode" xml:"ErrCode"`
	ErrMsg  string   `json:"ErrMsg" xml:"ErrMsg"`
}

// ServeHTTP answers the check of the address (GET) and pushes (POST).
func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.once.Do(func() { rc.busy = make(chan struct{}, maxPushes) })
	switch r.Method {
	case http.MethodGet:
		rc.echo(w, r)
	case http.MethodPost:
		select {
		case rc.busy <- struct{}{}:
			defer func() { <-rc.busy }()
			rc.post(w, r)
		default:
			rc.Received.add(pushLater)
			reply(w, false, http.StatusServiceUnavailable, "busy")
		}
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

func (rc *Receiver) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if err != nil {
		rc.Received.add(pushRefused)
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			rc.Log.Warn("midas: a push was refused", "error", "too large", "from", r.RemoteAddr)
			reply(w, false, http.StatusRequestEntityTooLarge, "too large")
		} else {
			reply(w, false, http.StatusBadRequest, "not readable")
		}
		return
	}
	push, err := rc.Reader.Read(r.URL.Query(), body)
	if err != nil {
		rc.Received.add(pushRefused)
		rc.refuse(w, r, err)
		return
	}
	if !push.Event.IsPayment() && rc.Other != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		rc.Other.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pushTime)
	defer cancel()
	if err := rc.Take(ctx, push); err != nil {
		rc.Received.add(pushLater)
		rc.Log.Warn("midas: a push was not taken and will come again", "event", string(push.Event), "out_trade_no", push.OutTradeNo, "error", err)
		reply(w, push.XML, http.StatusServiceUnavailable, "try again")
		return
	}
	rc.Received.add(pushTaken)
	rc.Log.Debug("midas: push taken", "event", string(push.Event), "out_trade_no", push.OutTradeNo, "mock", push.Mock)
	reply(w, push.XML, http.StatusOK, "Success")
}

// refuse answers what cannot be believed. The reason is for the operator, not for whoever sent it.
func (rc *Receiver) refuse(w http.ResponseWriter, r *http.Request, err error) {
	rc.Log.Warn("midas: a push was refused", "error", err, "from", r.RemoteAddr)
	status := http.StatusBadRequest
	if !errors.Is(err, midas.ErrPushMalformed) {
		status = http.StatusForbidden
	}
	reply(w, false, status, "refused")
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

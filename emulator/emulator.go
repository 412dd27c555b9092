package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The names of the APIs, for faults and counts: the end of their path, the same in both environments.
const (
	APIBalance      = "getbalance"
	APIPay          = "pay"
	APICancel       = "cancelpay"
	APIPresent      = "present"
	APIQuery        = "queryorderinfo"
	APIStableToken  = "stable_token"
	APIToken        = "token"
	APILogin        = "jscode2session"
	APICheckSession = "checksession"
	APIResetSession = "resetusersessionkey"
	// AllAPIs stands for every one of them.
	AllAPIs = "*"
)

const (
	maxBody      = 1 << 20
	controlPath  = "/_emulator/"
	shutdownWait = time.Second // for answers being written while Close begins
)

// Server is the emulator. It is an http.Handler for those who bring a listener of their own; Start brings one.
// Its methods are safe for concurrent use.
type Server struct {
	cfg      Config
	control  http.Handler
	closing  chan struct{}
	life     context.Context // of what is sent; over when closing is closed
	end      context.CancelFunc
	inflight sync.WaitGroup // requests
	serving  sync.WaitGroup // the listener's goroutine and those of its connections
	pushing  sync.WaitGroup // the pusher, which waits for what it sends
	saver    saver

	pushClient *http.Client

	closeOnce sync.Once
	closeErr  error

	mu      sync.Mutex // guards what follows
	closed  bool
	http    *http.Server
	offset  time.Duration // of the clock from Config.Now
	books   *books
	logins  *logins
	tokens  *tokens
	outbox  *outbox
	faults  *faultPlan
	devices map[string]Device // by openid; of those that were set
	counts  map[string]*Count
	noise   *rand.Rand
	version uint64 // grows with every change that the state file has to hold

	receiver   *receiver     // of pushes; nil: there are none
	pusherRuns bool          // and has to be waited for
	stirred    chan struct{} // closed when what is to be pushed may have changed
}

// route is one API under one path.
type route struct {
	api    string
	env    Env     // empty for tokens and login
	params []param // of the Midas calls
	do     func(*Server, *call) answer
	isPost bool
	v2     bool // protocol V2: the environment is in the body
}

func (r route) isPayment() bool { return r.params != nil }

// routes are all paths of WeChat.
var routes = func() map[string]route {
	all := map[string]route{
		"/cgi-bin/stable_token":    {api: APIStableToken, do: (*Server).stableToken, isPost: true},
		"/cgi-bin/token":           {api: APIToken, do: (*Server).classicToken},
		"/sns/jscode2session":      {api: APILogin, do: (*Server).code2Session},
		"/wxa/checksession":        {api: APICheckSession, do: (*Server).checkSession},
		"/wxa/resetusersessionkey": {api: APIResetSession, do: (*Server).resetSession},
	}
	for _, r := range []route{
		{api: APIBalance, params: balanceParams, do: midas((*Server).getBalance)},
		{api: APIPay, params: payParams, do: midas((*Server).pay)},
		{api: APICancel, params: cancelParams, do: midas((*Server).cancelPay)},
		{api: APIPresent, params: presentParams, do: midas((*Server).present)},
	} {
		r.isPost = true
		r.env = Production
		all["/cgi-bin/midas/"+r.api] = r
		r.env = Sandbox
		all["/cgi-bin/midas/sandbox/"+r.api] = r
	}
	maps.Copy(all, routesV2())
	return all
}()

// New makes an emulator. It fails on a Config that cannot be meant and on a state file it cannot read.
func New(cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	to, err := cfg.Push.receiver()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, closing: make(chan struct{}), saver: saver{path: cfg.StatePath}, pushClient: newPushClient(), receiver: to}
	s.life, s.end = context.WithCancel(context.Background())
	s.control = s.controlHandler()
	s.forget()
	if cfg.StatePath != "" {
		if err := s.saver.take(); err != nil {
			return nil, err
		}
		if err := s.load(); err != nil {
			return nil, errors.Join(err, s.saver.letGo())
		}
	}
	s.startPusher()
	return s, nil
}

// Start listens on a TCP address and returns the URL to use as a client's base. Without a host it is loopback,
// without anything a free port there. It may be called once.
func (s *Server) Start(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if addr == "" {
		host, port, err = "", "0", nil
	}
	if err != nil {
		return "", fmt.Errorf("emulator: listen address %q: %w", addr, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return "", fmt.Errorf("emulator: %w", err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.http != nil {
		ln.Close()
		return "", errors.New("emulator: already started or closed")
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelWarn),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.serving.Add(1)
			case http.StateClosed:
				s.serving.Done()
			}
		},
	}
	s.serving.Go(func() { _ = s.http.Serve(ln) }) // always ErrServerClosed, or the listener broke and clients will see it
	return "http://" + ln.Addr().String(), nil
}

// Close stops listening, ends the requests and the pushes that hang, waits for all others, and keeps the state a last
// time. What a LateCommit held back counts as given up by its caller.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.mu.Lock()
		s.closed = true
		close(s.closing)
		s.end()
		server := s.http
		s.mu.Unlock()

		if server != nil {
			ctx, cancel := context.WithTimeout(context.Background(), shutdownWait)
			defer cancel()
			if server.Shutdown(ctx) != nil {
				server.Close()
			}
		}
		s.inflight.Wait()
		s.serving.Wait()
		s.pushing.Wait()
		s.pushClient.CloseIdleConnections()

		s.lock()
		s.closeErr = errors.Join(s.unlock(), s.saver.letGo())
	})
	return s.closeErr
}

// ServeHTTP answers for WeChat, and for the control API. After Close it cuts every connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.inflight.Done()
	if strings.HasPrefix(r.URL.Path, controlPath) {
		s.control.ServeHTTP(w, r)
		return
	}
	rt, ok := routes[r.URL.Path]
	if !ok {
		http.Error(w, "no such API; GET "+controlPath+" tells about this emulator", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "request body: "+err.Error(), http.StatusBadRequest)
		return
	}
	s.serve(w, r, &call{
		route: rt, method: r.Method, path: r.URL.Path, query: r.URL.Query(), body: body, fields: parseFields(body),
	})
}

// serve carries a call out under the fault that is its lot, and answers.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, c *call) {
	s.lock()
	c.now = s.now()
	switch {
	case c.v2:
		c.readOrderV2()
	case c.isPayment():
		c.readOrder()
	}
	fault := s.faults.next(c.api, c.isPayment())
	var a answer
	var late *pending
	if fault.does() {
		a = s.do(c)
	}
	switch fault.Kind {
	case Refuse, Fail:
		a = s.fail(codeSystem)
	case Answer:
		a = s.fail(fault.Code)
	case LateCommit:
		late = s.acceptLate(c, fault.Unseen)
	}
	s.count(c.api, fault.Kind, a)
	err := s.unlock()
	if err != nil { // done or not: nobody can tell, which is what -1 means
		a = answer{"errcode": codeSystem, "errmsg": texts[codeSystem]}
	}
	s.log(c, fault, a, err)

	if s.cfg.Latency > 0 {
		s.wait(r, s.cfg.Latency)
	}
	switch fault.Kind {
	case Hang:
		s.hang(r)
	case LateCommit:
		s.hangUntil(r)
		s.postpone(late, fault.Delay)
	case Slow:
		s.wait(r, fault.Delay)
	}
	s.reply(w, fault.Kind, a)
}

// do answers a call without any fault.
func (s *Server) do(c *call) answer {
	if c.isPost && c.method != http.MethodPost {
		return s.fail(codePostRequired)
	}
	return c.do(s, c)
}

// reply puts the answer on the wire, or what the fault makes of it.
func (s *Server) reply(w http.ResponseWriter, kind Kind, a answer) {
	const page = "<html><head><title>system busy</title></head><body><h1>系统繁忙</h1></body></html>\n"
	body, _ := json.Marshal(a) // texts, integers and booleans
	contentType, status := "application/json; charset=utf-8", http.StatusOK
	switch kind {
	case HTML:
		contentType, body = "text/html; charset=utf-8", []byte(page)
	case BadGateway:
		contentType, body, status = "text/html; charset=utf-8", []byte(page), http.StatusBadGateway
	case Empty:
		body = nil
	case Cut, LateCommit:
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if kind == CutReply {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // a caller who is gone has no use for the error
}

// wait lets d pass in real time; it ends the request if the caller gives up or the emulator is closed before.
func (s *Server) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	case <-s.closing:
		panic(http.ErrAbortHandler)
	}
}

// hangUntil returns when the caller gives up or the emulator is closed.
func (s *Server) hangUntil(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.closing:
	}
}

// hang ends the request without an answer, in the end.
func (s *Server) hang(r *http.Request) {
	s.hangUntil(r)
	panic(http.ErrAbortHandler)
}

// postpone schedules what a late call will do, now that its caller has given up.
func (s *Server) postpone(late *pending, after time.Duration) {
	if late == nil {
		return
	}
	s.lock()
	late.Due = s.now().Add(after)
	s.books.postpone(*late)
	s.changed()
	if err := s.unlock(); err != nil {
		s.cfg.Logger.Error("keeping the state", "error", err)
	}
}

func (s *Server) log(c *call, fault Fault, a answer, err error) {
	attrs := []any{"api", c.api}
	add := func(name string, value, zero any) {
		if value != zero {
			attrs = append(attrs, name, value)
		}
	}
	add("env", c.env, Env(""))
	add("openid", c.order.OpenID, "")
	add("zone_id", c.order.ZoneID, "")
	add("bill_no", c.order.BillNo, "")
	add("out_trade_no", c.order.OutTradeNo, "")
	add("coins", c.order.Coins, int64(0))
	if a != nil {
		attrs = append(attrs, "errcode", a.code())
	}
	add("fault", fault.Kind, OK)
	add("should_sign", c.wrongSig, "")
	if err != nil {
		s.cfg.Logger.Error("call", append(attrs, "error", err)...)
		return
	}
	s.cfg.Logger.Info("call", attrs...)
}

// begin admits a request unless the emulator is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.inflight.Add(1)
	}
	return !s.closed
}

// lock takes the mutex and brings the books up to date with the clock.
func (s *Server) lock() {
	s.mu.Lock()
	if s.books.settle(s.now()) {
		s.announceCredits()
		s.changed()
	}
}

// unlock gives the mutex back and returns once the state is kept.
func (s *Server) unlock() error {
	version := s.version
	s.mu.Unlock()
	return s.save(version)
}

// changed tells that the state file is out of date.
func (s *Server) changed() { s.version++ }

func (s *Server) now() time.Time { return s.cfg.Now().Add(s.offset) }

// forget makes everything as new.
func (s *Server) forget() {
	s.offset = 0
	s.books = newBooks(&s.cfg)
	s.logins = newLogins()
	s.tokens = newTokens()
	s.outbox = &outbox{}
	s.faults = newFaultPlan(s.cfg.Seed)
	s.counts = make(map[string]*Count)
	s.devices = map[string]Device{}
	s.noise = rand.New(rand.NewPCG(s.cfg.Seed, 0))
	s.stir()
	s.changed()
}

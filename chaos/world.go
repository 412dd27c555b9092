package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/internal/freeport"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/plugin"
)

// world is what outlives the servers: Midas, the ledger, the game's own database.
type world struct {
	options  options
	folder   string
	binary   string
	game     string // the game's database
	config   plugin.Config
	emu      *emulator.Server
	database *database
	redis    *redisServer // where several servers meet; else nil
	tokens   *tokens      // of several servers; else nil
	line     *slowLine
	mail     *mail // the way of pushes; nil: there are none, or nothing happens to them
	weather  *weather
	domains  *domains
	servers  []*server
	log      *logFile
	begun    time.Time // when the first server started
}

// server is one of the game's, which dies and is started anew.
type server struct {
	world *world
	conf  string
	ws    string
	// pushes is where it takes Midas's pushes; empty: nowhere.
	pushes string
	lines  []*wire          // to what it shares with others
	front  *httptest.Server // its way to Midas by the first domain
	second *httptest.Server // and by the second
	cmd    *exec.Cmd
	ended  chan error
	clock  clock
}

// items are on sale. A bag holds 99 of one; potions are asked for so often that the game refuses them sooner or later.
var items = func() []map[string]any {
	list := []map[string]any{{"ID": "potion", "Price": 2}}
	for i := range 40 {
		list = append(list, map[string]any{"ID": fmt.Sprintf("item%d", i), "Price": 5 + i})
	}
	return list
}()

// goods are sold for money, by protocol V2: so many that no bag is ever full, for money cannot be given back by the
// game.
var goods, goodsPrices = func() ([]map[string]any, map[string]int64) {
	var list []map[string]any
	prices := map[string]int64{}
	for i := range 40 {
		id, fen := fmt.Sprintf("pass%d", i), int64(100+i)
		list, prices[id] = append(list, map[string]any{"ID": id, "Fen": fen}), fen
	}
	return list, prices
}()

const (
	midasTimeout = 500 * time.Millisecond

	pushToken = "chaos-push-token"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

func newWorld(ctx context.Context, o options) (_ *world, err error) {
	w := &world{options: o}
	if w.folder, err = os.MkdirTemp("", "leafmidas-chaos-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	w.binary, w.game = filepath.Join(w.folder, "example_server"), filepath.Join(w.folder, "game.db")
	sources, err := overlay("..", w.folder)
	if err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-overlay", sources, "-o", w.binary, "./example_server")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build example_server: %w\n%s", err, out)
	}
	if err := newGame(w.game); err != nil {
		return nil, err
	}
	if w.log, err = newLogFile(filepath.Join(w.folder, "server.log"), o.verbose); err != nil {
		return nil, err
	}
	if w.database, err = newDatabase(ctx, o, w.folder); err != nil {
		return nil, err
	}
	// A login keeps the session in every other run: a call that comes late with a key that a login has replaced is
	// refused, and not late. Midas's clock is ahead of the ledger's days at the end, and its windows are longer by that.
	if w.emu, err = emulator.New(emulator.Config{
		AutoCodes: true, Seed: o.seed, Goods: goodsPrices, KeepSession: o.seed%2 == 0, CancelWindow: 10 * day, BillMemory: 10 * day,
	}); err != nil {
		return nil, err
	}
	w.domains = &domains{dice: rand.New(rand.NewPCG(o.seed, 9))}
	w.line = newSlowLine(w.emu, o.seed, max(o.hold, time.Second))
	if o.without[faultLine] {
		w.line.dice = nil
	}
	url, err := w.emu.Start("")
	if err != nil {
		return nil, err
	}
	if o.servers > 1 {
		if w.redis, err = newRedisServer(ctx, w.folder); err != nil {
			return nil, err
		}
	}
	for n := range o.servers {
		if err := w.addServer(n, url); err != nil {
			return nil, err
		}
	}
	if w.money() {
		if err := w.connectPushes(); err != nil {
			return nil, err
		}
	}
	if w.redis != nil {
		w.tokens = newTokens(w)
		w.tokens.watch()
	}
	w.weather = newWeather(w, rand.New(rand.NewPCG(o.seed, 1)))
	return w, nil
}

// connectPushes has Midas push to the servers.
func (w *world) connectPushes() error {
	to := w.servers[0].pushes
	if !w.options.without[faultMail] {
		var all []string
		for _, s := range w.servers {
			all = append(all, s.pushes)
		}
		w.mail = newMail(w.options.seed, max(w.options.hold, time.Second), all)
		to = w.mail.front.URL
	}
	return w.emu.PushTo(emulator.PushConfig{URL: to, Token: pushToken, EncodingAESKey: pushKey})
}

// addServer writes the config of one more server.
func (w *world) addServer(n int, midasURL string) error {
	s := &server{world: w, conf: filepath.Join(w.folder, fmt.Sprintf("server%d.json", n))}
	s.front, s.second = w.domains.first(s), httptest.NewServer(s)
	w.servers = append(w.servers, s)
	var addrs [3]string
	for i := range addrs {
		var err error
		if addrs[i], err = freeport.Addr(); err != nil {
			return err
		}
	}
	s.ws = addrs[0]
	section := map[string]any{
		"Protocol": w.options.protocol, "Env": "sandbox", "BaseURLs": []string{s.front.URL, s.second.URL}, "AppID": emulator.DefaultAppID, "AppSecret": emulator.DefaultAppSecret,
		"OfferID": emulator.DefaultOfferID, "SandboxAppKey": emulator.DefaultSandboxAppKey, "CoinsPerYuan": 10, "Login": true, "Items": items,
		"Timeout": midasTimeout.String(), "RateLimit": map[string]any{"PerSecond": 1000, "Burst": 1000},
		"Retry":   map[string]any{"First": "20ms", "Max": "200ms", "GiveUpAfter": "2s", "DeliverTries": 1000},
		"Breaker": map[string]any{"OpenFor": "200ms"},
		"Ledger":  map[string]any{"Driver": w.database.config.Driver, "DSN": w.database.config.DSN},
	}
	if w.redis != nil {
		if err := s.share(section); err != nil {
			return err
		}
	}
	if w.money() {
		section["Items"] = slices.Concat(items, goods)
		section["Push"] = map[string]any{"Addr": addrs[2], "Token": pushToken, "EncodingAESKey": pushKey}
		section["RechargePoll"] = slices.Concat([]string{"100ms", "300ms"}, slices.Repeat([]string{"1s"}, 600)) // for as long as the run lasts
		s.pushes = "http://" + addrs[2] + "/midas/push"
	}
	text, err := json.Marshal(map[string]any{
		"LogLevel": "release", "WSAddr": s.ws, "TCPAddr": addrs[1], "HTTPAddr": "", "MaxConnNum": 1000, "GamePath": w.game, "Midas": section,
	})
	if err != nil {
		return err
	}
	if n == 0 { // the audit's, which needs no line that can be cut
		section["Ledger"] = map[string]any{"Driver": w.database.config.Driver, "DSN": w.database.config.DSN}
		section["BaseURLs"] = []string{midasURL}
		delete(section, "Redis")
		text, err := json.Marshal(section)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &w.config); err != nil {
			return err
		}
	}
	return os.WriteFile(s.conf, text, 0o600)
}

// money tells whether things are sold for money, too.
func (w *world) money() bool { return w.options.protocol == "v2" }

// setFaults lets Midas fail in every way it has.
func (w *world) setFaults() error {
	const slow = 100 * time.Millisecond
	all := emulator.Faults{
		{Probability: 0.03, Fault: emulator.Fault{Kind: emulator.Refuse}},
		{Probability: 0.03, Fault: emulator.Fault{Kind: emulator.Fail}},
		{Probability: 0.03, Fault: emulator.Fault{Kind: emulator.Cut}},
		{Probability: 0.03, Fault: emulator.Fault{Kind: emulator.Cut, Commit: true}},
		{Probability: 0.02, Fault: emulator.Fault{Kind: emulator.CutReply}},
		{Probability: 0.02, Fault: emulator.Fault{Kind: emulator.HTML, Commit: true}},
		{Probability: 0.02, Fault: emulator.Fault{Kind: emulator.Empty}},
		{Probability: 0.02, Fault: emulator.Fault{Kind: emulator.BadGateway, Commit: true}},
		{Probability: 0.01, Fault: emulator.Fault{Kind: emulator.Hang, Commit: true}},
		{Probability: 0.01, Fault: emulator.Fault{Kind: emulator.Hang}},
		{Probability: 0.01, Fault: emulator.Fault{Kind: emulator.LateCommit, Delay: slow}},
		{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.Slow, Delay: slow}},
		{Probability: 0.01, Fault: emulator.Fault{Kind: emulator.Answer, Code: 45011}},
	}
	if w.redis == nil { // where one token serves all, its fetches are counted, and tokens die for everybody (weather)
		all = append(all, emulator.Chance{Probability: 0.01, Fault: emulator.Fault{Kind: emulator.Answer, Code: 40001}})
	}
	pays := all
	if !w.options.without[faultLate] {
		pays = append(slices.Clip(all), w.lateFaults()...)
	}
	reads := emulator.Faults{{Probability: 0.05, Fault: emulator.Fault{Kind: emulator.Refuse}}, {Probability: 0.02, Fault: emulator.Fault{Kind: emulator.Cut}}}
	return errors.Join(w.emu.SetFaults(emulator.APIPay, pays), w.emu.SetFaults(emulator.APICancel, all), w.emu.SetFaults(emulator.APIBalance, reads),
		w.emu.SetFaults(emulator.APIQuery, reads))
}

// mend ends every fault.
func (w *world) mend() {
	for _, api := range []string{emulator.APIPay, emulator.APICancel, emulator.APIBalance, emulator.APIQuery} {
		_ = w.emu.SetFaults(api, nil)
	}
	w.emu.Recover()
}

// start starts the server and waits until it takes connections. While it does not reach its database it ends by itself,
// and is started again, as whoever looks after servers does. Without Redis it has to start.
func (s *server) start(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	lacked := false // the database, since this process began
	for late := time.Now().Add(30 * time.Second); ; {
		if s.cmd == nil {
			lacked = false
			if err := s.spawn(); err != nil {
				return err
			}
		}
		if s.world.weather.lacks(s, databaseLine) {
			lacked, late = true, time.Now().Add(30*time.Second)
		}
		conn, err := net.Dial("tcp", s.ws)
		if err == nil {
			s.world.tokens.started(s)
			return conn.Close()
		}
		if time.Now().After(late) {
			return fmt.Errorf("the server does not listen\n%s", s.world.log.tail())
		}
		select {
		case <-tick.C:
		case err := <-s.ended:
			s.cmd = nil
			if !lacked {
				return fmt.Errorf("the server has ended by itself: %v\n%s", err, s.world.log.tail())
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *server) spawn() error {
	cmd := exec.Command(s.world.binary, "-conf", s.conf)
	s.clock = s.world.weather.clock()
	cmd.Env = append(os.Environ(), s.clock.variable())
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.world.folder, s.world.log, s.world.log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.world.weather.wears(cmd.Process.Pid, s.clock)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.cmd, s.ended = cmd, ended
	return nil
}

// killAfter lets the server live for a while, until it has done enough at the latest after a few seconds more, and
// kills it without warning.
func (s *server) killAfter(ctx context.Context, wait time.Duration, enough func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < wait || !enough() && time.Since(begun) < wait+5*time.Second; {
		select {
		case err := <-s.ended:
			s.cmd = nil
			return fmt.Errorf("the server has ended by itself: %v\n%s", err, s.world.log.tail())
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	<-s.ended
	s.cmd = nil
	return nil
}

// stop stops the server as an operator does.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.ended:
		s.cmd = nil
		if err != nil {
			return fmt.Errorf("the server did not stop cleanly: %w\n%s", err, s.world.log.tail())
		}
		return nil
	case <-time.After(15 * time.Second):
		return fmt.Errorf("the server does not stop\n%s", s.world.log.tail())
	}
}

// underWay is for how long what a server has claimed, which is not due any more, may be under way.
const underWay = midasTimeout

// settle logs everybody in once more, so that parked orders go on, and waits until every order has ended, but for goods
// that nobody paid for, and every push has been taken.
func (w *world) settle(ctx context.Context, c *crowd) error {
	orders, err := ledger.Open(ctx, w.database.config)
	if err != nil {
		return err
	}
	defer orders.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	if err := c.loginAll(ctx); err != nil {
		return err
	}
	calm := time.Now() // since when nothing is due
	// An order that a dead server had claimed waits for the end of its lease, and for as long again as that server's clock
	// was ahead.
	for late := time.After(4 * time.Minute); ; {
		open, err := orders.OpenOrders(ctx, 100_000)
		if err != nil {
			return err
		}
		paid := w.trades()
		open = slices.DeleteFunc(open, func(o ledger.Order) bool {
			_, known := paid[o.BillNo]
			return o.Kind == ledger.Goods && o.State == ledger.Paying && !known
		})
		untaken := slices.DeleteFunc(w.emu.Pushes(), func(p emulator.Push) bool { return p.Acknowledged })
		due, err := w.dueNow(ctx)
		if err != nil {
			return err
		}
		if len(open) > 0 || len(untaken) > 0 || due > 0 {
			calm = time.Now()
		}
		if time.Since(calm) > underWay {
			w.emu.Advance(time.Minute)
			return c.loginAll(ctx) // an account that was never seen while nothing was open could not be compared
		}
		for _, p := range untaken { // Midas repeats its pushes by its own clock
			if wait := p.NextAt.Sub(w.emu.Now()); wait > 0 {
				w.emu.Advance(wait)
			}
		}
		select {
		case <-tick.C:
		case <-late:
			for _, o := range open[:min(5, len(open))] {
				fmt.Printf("open: %+v\n", o)
			}
			for _, p := range untaken[:min(5, len(untaken))] {
				fmt.Printf("not taken: %+v\n", p)
			}
			return fmt.Errorf("orders do not end\n%s", w.log.tail())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// trades are the payments with money, by number.
func (w *world) trades() map[string]emulator.Trade {
	all := map[string]emulator.Trade{}
	for _, t := range w.emu.Trades() {
		all[t.OutTradeNo] = t
	}
	return all
}

func (w *world) close() error {
	var err error
	if w.weather != nil {
		w.weather.giveUp()
		err = w.weather.clear()
	}
	if w.line != nil {
		w.line.land()
	}
	for _, s := range w.servers {
		if s.cmd != nil {
			_ = s.cmd.Process.Kill()
			<-s.ended
		}
		for _, l := range s.lines {
			l.proxy.Stop()
		}
		for _, way := range []*httptest.Server{s.front, s.second} {
			way.CloseClientConnections()
			way.Close()
		}
	}
	if w.mail != nil {
		w.mail.close()
	}
	if w.tokens != nil {
		w.tokens.close()
	}
	if w.redis != nil {
		err = errors.Join(err, w.redis.stop())
	}
	if w.emu != nil {
		err = errors.Join(err, w.emu.Close())
	}
	if w.database != nil {
		err = errors.Join(err, w.database.drop())
	}
	if w.log != nil {
		err = errors.Join(err, w.log.close())
	}
	http.DefaultClient.CloseIdleConnections()
	return errors.Join(err, os.RemoveAll(w.folder))
}

// logFile is what the servers say, one after another.
type logFile struct {
	mu   sync.Mutex
	file *os.File
	show bool
	last bytes.Buffer
}

func newLogFile(path string, show bool) (*logFile, error) {
	f, err := os.Create(path)
	return &logFile{file: f, show: show}, err
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.show {
		os.Stderr.Write(p)
	}
	if l.last.Len() > 1<<20 {
		l.last.Reset()
	}
	l.last.Write(p)
	return l.file.Write(p)
}

// tail is the end of it.
func (l *logFile) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.last.Bytes()
	return string(text[max(0, len(text)-4000):])
}

func (l *logFile) close() error { return l.file.Close() }

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/leafmidas/leafmidas/emulator"
)

// crowd is all players.
type crowd struct {
	world                     *world
	players                   []*player
	cancel                    context.CancelFunc
	done                      sync.WaitGroup
	asked, answered, repeated atomic.Int64
	pushes, remote            atomic.Int64 // balances seen on second screens; those of them that another server had learned

	mu     sync.Mutex
	faults []error
}

// player buys and buys, over one connection at a time; where there are several servers, a second screen looks on.
type player struct {
	crowd  *crowd
	name   string
	dice   *rand.Rand
	logins atomic.Int64
	next   int     // number of the next request
	last   *server // where the last session was, which has ended for some reason
	// asked are requests whose end has not been heard, by number.
	open map[int]wish
	paid map[string]bool // goods, by request, and those that will be
	left []leftOpen      // goods whose windows were closed, the oldest first; mostLeft at most
}

// leftOpen is a payment window that the player has closed.
type leftOpen struct {
	number int
	wish   wish
}

// mostLeft is how many windows a player closes without coming back to the oldest: a server sells no more goods to who
// has 30 unpaid.
const mostLeft = 20

// wish is what was asked for; the same request must always ask for the same.
type wish struct {
	Item     string
	Quantity int
	Goods    bool // paid for with money
}

func newCrowd(ctx context.Context, w *world, o options) *crowd {
	ctx, cancel := context.WithCancel(ctx)
	c := &crowd{world: w, cancel: cancel}
	for i := range o.players {
		p := &player{crowd: c, name: fmt.Sprintf("player%d", i), dice: rand.New(rand.NewPCG(o.seed, uint64(100+i))), open: map[int]wish{}, paid: map[string]bool{}}
		c.players = append(c.players, p)
		c.done.Go(func() { p.play(ctx) })
		if w.redis != nil {
			dice := rand.New(rand.NewPCG(o.seed, uint64(10_000+i)))
			c.done.Go(func() { p.watch(ctx, dice) })
		}
	}
	return c
}

// stop sends everybody home, and tells what they complain of.
func (c *crowd) stop() error {
	c.cancel()
	c.done.Wait()
	return errors.Join(c.faults...)
}

func (c *crowd) complain(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, err)
}

// play reconnects for as long as the game is on. A server that is away is no reason to complain.
func (p *player) play(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.session(ctx); err != nil {
			p.crowd.complain(fmt.Errorf("%s: %w", p.name, err))
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// incoming is what a server may say that a player cares about.
type incoming struct {
	MidasLoginResult *struct{ OpenID string }
	MidasBalance     *struct {
		Reason  int
		Version int64
	}
	MidasPurchaseResult *struct {
		RequestID string `json:"request_id"`
		BillNo    string `json:"bill_no"`
		ItemID    string `json:"item_id"`
		Quantity  int
		State     int
	}
	MidasGoodsOptions *struct {
		RequestID string `json:"request_id"`
		SignData  string `json:"sign_data"`
		PaySig    string `json:"pay_sig"`
		Signature string `json:"signature"`
	}
	MidasRechargeOptions *struct {
		RequestID    string `json:"request_id"`
		Mode         string `json:"mode"`
		Env          int64  `json:"env"`
		OfferID      string `json:"offer_id"`
		CurrencyType string `json:"currency_type"`
		Platform     string `json:"platform"`
		BuyQuantity  int64  `json:"buy_quantity"`
		ZoneID       string `json:"zone_id"`
		OutTradeNo   string `json:"out_trade_no"`
	}
	MidasError *struct {
		RequestID string `json:"request_id"`
		Code      int
		Message   string
		Retryable bool
	}
}

// The states and codes of the wire (design.md).
const (
	pending         = 1
	cancelled       = 4
	loggedIn        = 2
	remote          = 7
	invalidArgument = 1
	notLoggedIn     = 2
	unavailable     = 10
	internal        = 12
)

// quietFor is how long nothing may be said on a connection that has to say something.
const quietFor = 10 * time.Second

// session is one connection: log in, ask again for what was lost, buy more, until the connection breaks.
func (p *player) session(ctx context.Context) error {
	s := p.anyServer(p.dice)
	for s == p.last && len(p.crowd.world.servers) > 1 {
		s = p.anyServer(p.dice)
	}
	p.last = s
	conn, err := s.dial(ctx)
	if err != nil {
		return nil //nolint:nilerr // the server is away
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := p.login(conn); err != nil {
		return nil
	}
	patience := quietFor
	if len(p.crowd.world.servers) > 1 { // and others may answer
		patience = 2 * time.Second
	}
	lost := slices.Collect(maps.Keys(p.open))
	for waiting := map[int]bool{}; ; {
		for len(waiting) < 4 {
			var n int
			if len(lost) > 0 {
				n, lost = lost[0], lost[1:]
				if _, open := p.open[n]; !open { // told meanwhile
					continue
				}
				p.crowd.repeated.Add(1)
			} else {
				n = p.next
				p.next++
				p.open[n] = p.wish()
				p.crowd.asked.Add(1)
			}
			if p.ask(conn, n, p.open[n]) != nil {
				return nil
			}
			waiting[n] = true
		}
		var in incoming
		if err := p.read(conn, &in, patience); err != nil {
			return nil
		}
		switch {
		case in.MidasPurchaseResult != nil:
			r := in.MidasPurchaseResult
			var n int
			if _, err := fmt.Sscanf(r.RequestID, "r%d", &n); err != nil {
				return fmt.Errorf("an answer to nothing: %+v", r)
			}
			w, open := p.open[n]
			if open && w.Goods && r.State == cancelled && p.crowd.world.trades()[r.BillNo].RefundedFen == 0 {
				return fmt.Errorf("goods were cancelled, and the money was not given back: %+v", r)
			}
			if open && (r.ItemID != w.Item || r.Quantity != w.Quantity) {
				return fmt.Errorf("request %d asked for %+v and got %+v", n, w, r)
			}
			if r.State == pending || !open {
				continue
			}
			delete(p.open, n)
			p.crowd.answered.Add(1)
			delete(waiting, n)
			if w.Goods && p.dice.IntN(6) == 0 {
				p.refund(r.BillNo)
			}
		case in.MidasRechargeOptions != nil:
			p.payCoins(in)
		case in.MidasGoodsOptions != nil:
			var n int
			if _, err := fmt.Sscanf(in.MidasGoodsOptions.RequestID, "r%d", &n); err != nil {
				return fmt.Errorf("options for nothing: %+v", in.MidasGoodsOptions)
			}
			if w, open := p.open[n]; open && !p.payGoods(in) {
				delete(p.open, n) // the player does not want it any more
				delete(waiting, n)
				p.leave(n, w)
			}
		case in.MidasError != nil:
			e := in.MidasError
			if e.Code == invalidArgument || e.Code == internal {
				return fmt.Errorf("told %+v", e)
			}
			if e.Code == notLoggedIn { // the login failed
				return nil
			}
			var n int
			if _, err := fmt.Sscanf(e.RequestID, "r%d", &n); err == nil {
				delete(waiting, n) // asked again by the next session
			}
			if p.dice.IntN(4) == 0 || e.Code == unavailable && len(p.crowd.world.servers) > 1 {
				return nil // had enough of this connection
			}
		}
	}
}

// watch is the player's second screen, which buys nothing and is told all the same, in order, whichever server it is
// on.
func (p *player) watch(ctx context.Context, dice *rand.Rand) {
	for ctx.Err() == nil {
		if err := p.look(ctx, dice); err != nil {
			p.crowd.complain(fmt.Errorf("%s's second screen: %w", p.name, err))
			return
		}
		select {
		case <-time.After(500 * time.Millisecond): // each is a login, of which WeChat takes so many a minute
		case <-ctx.Done():
		}
	}
}

// look watches one connection until it breaks.
func (p *player) look(ctx context.Context, dice *rand.Rand) error {
	conn, err := p.anyServer(dice).dial(ctx)
	if err != nil {
		return nil //nolint:nilerr // the server is away
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := p.login(conn); err != nil {
		return nil //nolint:nilerr // again a little later
	}
	for last := int64(-1); ; {
		var in incoming
		if err := p.read(conn, &in, quietFor); err != nil {
			return nil //nolint:nilerr // killed, or quiet for long
		}
		if in.MidasBalance == nil || in.MidasBalance.Reason == loggedIn { // its own, which is an answer
			continue
		}
		p.crowd.pushes.Add(1)
		b := in.MidasBalance
		if b.Reason == remote {
			p.crowd.remote.Add(1)
		}
		if outOfOrder(last, b.Version, b.Reason) {
			return fmt.Errorf("balance %d was pushed after %d (reason %d)", b.Version, last, b.Reason)
		}
		last = b.Version
	}
}

func (p *player) wish() wish {
	if p.dice.IntN(5) == 0 {
		coins := int64(60 + p.dice.IntN(600))
		if err := p.crowd.world.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf(p.name), "1", coins); err != nil {
			p.crowd.complain(err)
		}
	}
	if p.crowd.world.money() && p.dice.IntN(4) == 0 {
		return wish{goods[p.dice.IntN(len(goods))]["ID"].(string), 1 + p.dice.IntN(2), true}
	}
	item := items[0]
	if p.dice.IntN(4) > 0 {
		item = items[p.dice.IntN(len(items))]
	}
	return wish{item["ID"].(string), 1 + p.dice.IntN(3), false}
}

// outOfOrder tells that a push may not follow another one. A server tells what it has seen itself more than once, if
// there is more than one reason; what another server has seen it passes on once.
func outOfOrder(last, version int64, reason int) bool {
	return version < last || version == last && reason == remote
}

// fate is what becomes of a payment with money: its push may be lost, late, or come again.
func (p *player) fate() emulator.Fate {
	f := emulator.Fate{NoPush: p.dice.IntN(5) == 0}
	if !f.NoPush {
		f.Repeat = p.dice.IntN(3)
		if p.dice.IntN(3) == 0 {
			f.PushAfter = time.Duration(p.dice.IntN(60)) * time.Second
		}
	}
	return f
}

// payGoods pays for goods, or does not. Having paid before, or being told to log in again, is no reason to complain.
func (p *player) payGoods(in incoming) (wants bool) {
	if p.dice.IntN(5) == 0 && !p.paid[in.MidasGoodsOptions.RequestID] {
		return false
	}
	o := in.MidasGoodsOptions
	err := p.crowd.world.emu.PayGoods(emulator.OpenIDOf(p.name), o.SignData, o.PaySig, o.Signature, p.fate())
	if refused, ok := errors.AsType[*emulator.ClientError](err); err != nil && (!ok || refused.Code != usedBefore && refused.Code != loginAgain) {
		p.crowd.complain(fmt.Errorf("pay for goods: %w", err))
	} else if err == nil {
		p.paid[o.RequestID] = true
	}
	return true
}

// leave closes a payment window, and comes back to pay in the oldest if many are closed.
func (p *player) leave(number int, w wish) {
	p.left = append(p.left, leftOpen{number, w})
	if len(p.left) > mostLeft {
		oldest := p.left[0]
		p.left = p.left[1:]
		p.open[oldest.number] = oldest.wish
		p.paid[fmt.Sprintf("r%d", oldest.number)] = true
	}
}

// payCoins pays for coins.
func (p *player) payCoins(in incoming) {
	o := in.MidasRechargeOptions
	f := p.fate()
	if p.dice.IntN(3) == 0 {
		f.CreditAfter = time.Duration(p.dice.IntN(30)) * time.Second
	}
	err := p.crowd.world.emu.PayCoins(emulator.CoinOptions{
		OpenID: emulator.OpenIDOf(p.name), OfferID: o.OfferID, ZoneID: o.ZoneID, OutTradeNo: o.OutTradeNo, Env: o.Env, BuyQuantity: o.BuyQuantity,
		Platform: o.Platform, CurrencyType: o.CurrencyType, Mode: o.Mode,
	}, f)
	if refused, ok := errors.AsType[*emulator.ClientError](err); err != nil && (!ok || refused.Code != usedBefore) {
		p.crowd.complain(fmt.Errorf("pay for coins: %w", err))
	}
}

// refund gives the money for goods back, as somebody in the console does.
func (p *player) refund(billNo string) {
	t := p.crowd.world.trades()[billNo]
	if t.TotalFen == 0 || t.RefundedFen > 0 {
		return
	}
	if _, err := p.crowd.world.emu.RefundTrade(emulator.Sandbox, billNo, t.TotalFen, 2); err != nil {
		p.crowd.complain(fmt.Errorf("refund: %w", err))
	}
}

// The client's codes for a number that was paid for before, and for a session that another login replaced (§3.6).
const (
	usedBefore = -15003
	loginAgain = -15015
)

func (p *player) anyServer(dice *rand.Rand) *server {
	servers := p.crowd.world.servers
	return servers[dice.IntN(len(servers))]
}

func (s *server) dial(ctx context.Context) (*websocket.Conn, error) {
	d := websocket.Dialer{HandshakeTimeout: 2 * time.Second}
	conn, _, err := d.DialContext(ctx, "ws://"+s.ws, nil)
	return conn, err
}

func (p *player) login(conn *websocket.Conn) error {
	code := fmt.Sprintf("auto-%s-%d", p.name, p.logins.Add(1))
	return p.write(conn, fmt.Sprintf(`{"MidasLogin":{"code":"%s","zone_id":"1","platform":"android"}}`, code), func(in incoming) bool {
		return in.MidasLoginResult != nil
	})
}

// write sends, and reads until what is wanted has come.
func (p *player) write(conn *websocket.Conn, text string, wanted func(incoming) bool) error {
	if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		return err
	}
	for {
		var in incoming
		if err := p.read(conn, &in, quietFor); err != nil {
			return err
		}
		if wanted(in) {
			return nil
		}
		if in.MidasError != nil {
			return errors.New(in.MidasError.Message)
		}
	}
}

// read waits for what is said next.
func (p *player) read(conn *websocket.Conn, in *incoming, patience time.Duration) error {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, text, err := conn.ReadMessage()
	if err != nil {
		return err
	}
	return json.Unmarshal(text, in)
}

func (p *player) ask(conn *websocket.Conn, n int, w wish) error {
	if p.crowd.world.money() && p.dice.IntN(10) == 0 {
		if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"MidasRecharge":{"request_id":"c%d","buy_quantity":60}}`, n)); err != nil {
			return err
		}
	}
	what := "MidasPurchase"
	if w.Goods {
		what = "MidasBuyGoods"
	}
	text := fmt.Sprintf(`{"%s":{"request_id":"r%d","item_id":"%s","quantity":%d}}`, what, n, w.Item, w.Quantity)
	return conn.WriteMessage(websocket.TextMessage, []byte(text))
}

// loginAll logs everybody in, and stays only for the balance.
func (c *crowd) loginAll(ctx context.Context) error {
	for _, p := range c.players {
		if err := p.visit(ctx, p.anyServer(p.dice)); err != nil {
			return err
		}
	}
	return nil
}

// loginEverywhere logs players in on every server at once, one on each.
func (c *crowd) loginEverywhere(ctx context.Context) error {
	var all sync.WaitGroup
	faults := make([]error, len(c.world.servers))
	for n, s := range c.world.servers {
		all.Go(func() { faults[n] = c.players[n%len(c.players)].visit(ctx, s) })
	}
	all.Wait()
	return errors.Join(faults...)
}

// visit logs in on a server, and stays only for the balance. A server may need a moment to recover from what befell it.
func (p *player) visit(ctx context.Context, s *server) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(90 * time.Second); ; {
		err := p.tryVisit(ctx, s)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("%s cannot log in: %w", p.name, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *player) tryVisit(ctx context.Context, s *server) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := p.login(conn); err != nil {
		return err
	}
	for {
		var in incoming
		if err := p.read(conn, &in, quietFor); err != nil {
			return err
		}
		switch {
		case in.MidasBalance != nil:
			return nil
		case in.MidasError != nil:
			return errors.New(in.MidasError.Message)
		}
	}
}

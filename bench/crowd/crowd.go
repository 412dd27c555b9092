// Package crowd plays: players on real WebSocket connections who log in, buy, and send messages that are echoed, in a
// process of their own, so that what they cost is not taken for the server's. A process has a bounded number of files;
// where there are many players, there are several such processes.
package crowd

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/msg"
)

// ItemID is what everybody buys.
const ItemID = "potion"

// Purse is how many coins every player has, so that nobody runs out.
const Purse = 1_000_000

// Crowd is everybody who plays.
type Crowd struct {
	Players  []*Player
	watchers []*Player    // second connections
	pushes   atomic.Int64 // balances that came unasked
	dialled  atomic.Int64
	reading  sync.WaitGroup
	lines    map[string][]*websocket.Conn // connections that only echo, by where they are connected to

	mu    sync.Mutex
	waits []time.Duration // from a purchase to its end
	odd   map[string]int  // answers that are not a delivery
}

// New makes a crowd of nobody.
func New() *Crowd { return &Crowd{odd: map[string]int{}, lines: map[string][]*websocket.Conn{}} }

// Player is one connection.
type Player struct {
	crowd *Crowd
	name  string
	conn  *websocket.Conn
	write sync.Mutex

	ended    chan *msg.MidasPurchaseResult // of the one purchase under way
	loggedIn chan struct{}
	gone     chan struct{} // closed when the connection is
	why      error         // to be read when it is
	busy     atomic.Bool
	number   int
}

// frame is what of a server's messages is read here.
type frame struct {
	MidasPurchaseResult *msg.MidasPurchaseResult
	MidasBalance        *msg.MidasBalance
	MidasError          *msg.MidasError
}

// Join connects a player of that name to a server and logs in, unless the player is to be Nobody. A name may be on
// several servers.
func (c *Crowd) Join(ctx context.Context, s Some, name string) (*Player, error) {
	dialer := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512, HandshakeTimeout: time.Minute, NetDialContext: c.from().DialContext}
	conn, _, err := dialer.DialContext(ctx, "ws://"+s.WS, nil)
	if err != nil {
		return nil, err
	}
	p := &Player{crowd: c, name: name, conn: conn, ended: make(chan *msg.MidasPurchaseResult, 8), loggedIn: make(chan struct{}, 1), gone: make(chan struct{})}
	c.reading.Go(p.read)
	switch {
	case s.Silent:
		return p, nil
	case s.Nobody:
		return p, p.send("Echo", map[string]any{"Text": name})
	}
	if err := p.send("MidasLogin", map[string]any{"code": fmt.Sprintf("auto-%s-%d", name, s.Code), "zone_id": "1", "platform": "android"}); err != nil {
		return nil, err
	}
	select {
	case <-p.loggedIn:
		return p, nil
	case <-p.gone:
		return nil, fmt.Errorf("%s is not logged in: %w", name, p.why)
	case <-ctx.Done():
		return nil, fmt.Errorf("%s is not logged in: %w", name, ctx.Err())
	}
}

// perAddress is how many connections come from one address: fewer than the system has ports to give.
const perAddress = 20_000

// from is where the next connection comes from: addresses of this machine that are this process's, more of them where
// there are very many.
func (c *Crowd) from() *net.Dialer {
	n := c.dialled.Add(1) / perAddress
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+os.Getpid()%250), byte(1+n%250))}}
}

func (p *Player) send(name string, body any) error {
	text, err := json.Marshal(map[string]any{name: body})
	if err != nil {
		return err
	}
	p.write.Lock()
	defer p.write.Unlock()
	return p.conn.WriteMessage(websocket.TextMessage, text)
}

func (p *Player) read() {
	defer close(p.gone)
	for {
		_, text, err := p.conn.ReadMessage()
		if err != nil {
			p.why = err
			return
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			p.crowd.note("unreadable: " + err.Error())
			continue
		}
		switch {
		case f.MidasError != nil:
			p.crowd.note(fmt.Sprintf("error %d: %s", f.MidasError.Code, f.MidasError.Message))
			if f.MidasError.RequestId != "" {
				p.end(&msg.MidasPurchaseResult{RequestId: f.MidasError.RequestId, State: msg.MidasOrderState_MIDAS_ORDER_STATE_FAILED})
			}
		case f.MidasPurchaseResult != nil && f.MidasPurchaseResult.State != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING:
			p.end(f.MidasPurchaseResult)
		case f.MidasBalance != nil && f.MidasBalance.Reason == msg.MidasReason_MIDAS_REASON_LOGIN:
			select {
			case p.loggedIn <- struct{}{}:
			default:
			}
		case f.MidasBalance != nil && f.MidasBalance.RequestId == "":
			p.crowd.pushes.Add(1)
		}
	}
}

// end hands a result to who waits for it; where nobody does, it is forgotten.
func (p *Player) end(r *msg.MidasPurchaseResult) {
	select {
	case p.ended <- r:
	default:
	}
}

func (c *Crowd) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.odd[what]++
}

// ask sends a purchase.
func (p *Player) ask() (requestID string, err error) {
	p.number++
	id := fmt.Sprintf("%s-%d-%d", p.name, time.Now().UnixNano(), p.number)
	return id, p.send("MidasPurchase", map[string]any{"request_id": id, "item_id": ItemID, "quantity": 1})
}

// Buy makes one purchase and waits for its end.
func (p *Player) Buy(ctx context.Context) error {
	began := time.Now()
	id, err := p.ask()
	if err != nil {
		return err
	}
	for {
		select {
		case r := <-p.ended:
			if r.RequestId != id {
				continue
			}
			if r.State != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
				p.crowd.note("purchase " + r.State.String())
			}
			p.crowd.mu.Lock()
			p.crowd.waits = append(p.crowd.waits, time.Since(began))
			p.crowd.mu.Unlock()
			return nil
		case <-p.gone:
			return fmt.Errorf("%s waits for %s: %w", p.name, id, p.why)
		case <-ctx.Done():
			return fmt.Errorf("%s waits for %s: %w", p.name, id, ctx.Err())
		}
	}
}

// PlayerName is what a player's openid is made of.
func PlayerName(n int) string { return fmt.Sprint("player", n) }

// JoinAll connects Count players, beginning with the First, fifty at a time.
func (c *Crowd) JoinAll(ctx context.Context, s Some) ([]*Player, error) {
	players := make([]*Player, s.Count)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(50)
	for i := range players {
		group.Go(func() (err error) {
			players[i], err = c.Join(inner, s, PlayerName(s.First+i))
			return err
		})
	}
	return players, group.Wait()
}

// buyAt lets random ones of the players buy at a rate, for a while, and waits for the last purchase to end.
func (c *Crowd) buyAt(ctx context.Context, players []*Player, rate int, during time.Duration) (orders int, err error) {
	ctx, cancel := context.WithTimeout(ctx, during+time.Minute)
	defer cancel()
	group, inner := errgroup.WithContext(ctx)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for end := time.Now().Add(during); time.Now().Before(end); {
		select {
		case <-tick.C:
		case <-inner.Done():
			return orders, group.Wait()
		}
		p := players[rand.IntN(len(players))]
		if p.busy.Swap(true) {
			continue
		}
		orders++
		group.Go(func() error { defer p.busy.Store(false); return p.Buy(inner) })
	}
	return orders, group.Wait()
}

// buyAll lets so many buy one thing after the other.
func (c *Crowd) buyAll(ctx context.Context, buyers int, during time.Duration) (orders int, err error) {
	var n atomic.Int64
	group, inner := errgroup.WithContext(ctx)
	end := time.Now().Add(during)
	for i := range buyers {
		group.Go(func() error {
			for k := i; time.Now().Before(end); k += buyers { // another player each time, so that no bag is full
				if err := c.Players[k%len(c.Players)].Buy(inner); err != nil {
					return err
				}
				n.Add(1)
			}
			return nil
		})
	}
	err = group.Wait()
	return int(n.Load()), err
}

// Take is what has happened since the last call.
func (c *Crowd) Take() Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := Seen{Waits: c.waits, Odd: c.odd, Pushes: c.pushes.Swap(0)}
	c.waits, c.odd = nil, map[string]int{}
	return seen
}

// Percentiles are the median wait and the longest but one in a hundred.
func (s Seen) Percentiles() (half, most time.Duration) {
	slices.Sort(s.Waits)
	if n := len(s.Waits); n > 0 {
		half, most = s.Waits[n/2], s.Waits[n*99/100]
	}
	return half, most
}

// Leave closes every connection.
func (c *Crowd) Leave() {
	for _, p := range append(c.Players, c.watchers...) {
		if p != nil {
			_ = p.conn.Close()
		}
	}
	c.reading.Wait()
	c.Players, c.watchers = nil, nil
	for _, lines := range c.lines {
		for _, l := range lines {
			_ = l.Close()
		}
	}
	c.lines = map[string][]*websocket.Conn{}
}

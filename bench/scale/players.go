package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
)

const itemID = "potion"

// purse is what every player has, so that nobody runs out.
const purse = 1_000_000

// crowd is everybody who plays.
type crowd struct {
	players  []*player
	watchers []*player    // second connections
	pushes   atomic.Int64 // balances that came unasked
	reading  sync.WaitGroup

	mu    sync.Mutex
	waits []time.Duration // from a purchase to its end
	odd   map[string]int  // answers that are not a delivery
}

func newCrowd() *crowd { return &crowd{odd: map[string]int{}} }

// player is one connection.
type player struct {
	crowd *crowd
	name  string
	conn  *websocket.Conn
	write sync.Mutex

	ended    chan *msg.MidasPurchaseResult // of the one purchase under way
	loggedIn chan struct{}
	busy     atomic.Bool
	number   int
}

// frame is what of a server's messages is read here.
type frame struct {
	MidasPurchaseResult *msg.MidasPurchaseResult
	MidasBalance        *msg.MidasBalance
	MidasError          *msg.MidasError
}

// join connects a player of that name to a server and logs in. A name may be on several servers.
func (c *crowd) join(ctx context.Context, ws, name string, code int) (*player, error) {
	dialer := websocket.Dialer{ReadBufferSize: 512, WriteBufferSize: 512, HandshakeTimeout: time.Minute}
	conn, _, err := dialer.DialContext(ctx, "ws://"+ws, nil)
	if err != nil {
		return nil, err
	}
	p := &player{crowd: c, name: name, conn: conn, ended: make(chan *msg.MidasPurchaseResult, 8), loggedIn: make(chan struct{}, 1)}
	c.reading.Go(p.read)
	if err := p.send("MidasLogin", map[string]any{"code": fmt.Sprintf("auto-%s-%d", name, code), "zone_id": "1", "platform": "android"}); err != nil {
		return nil, err
	}
	select {
	case <-p.loggedIn:
		return p, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s is not logged in: %w", name, ctx.Err())
	}
}

func (p *player) send(name string, body any) error {
	text, err := json.Marshal(map[string]any{name: body})
	if err != nil {
		return err
	}
	p.write.Lock()
	defer p.write.Unlock()
	return p.conn.WriteMessage(websocket.TextMessage, text)
}

func (p *player) read() {
	for {
		_, text, err := p.conn.ReadMessage()
		if err != nil {
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
				p.ended <- &msg.MidasPurchaseResult{RequestId: f.MidasError.RequestId, State: msg.MidasOrderState_MIDAS_ORDER_STATE_FAILED}
			}
		case f.MidasPurchaseResult != nil && f.MidasPurchaseResult.State != msg.MidasOrderState_MIDAS_ORDER_STATE_PENDING:
			p.ended <- f.MidasPurchaseResult
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

func (c *crowd) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.odd[what]++
}

// buy makes one purchase and waits for its end.
func (p *player) buy(ctx context.Context) error {
	p.number++
	id := fmt.Sprintf("%s-%d-%d", p.name, time.Now().UnixNano(), p.number)
	began := time.Now()
	if err := p.send("MidasPurchase", map[string]any{"request_id": id, "item_id": itemID, "quantity": 1}); err != nil {
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
		case <-ctx.Done():
			return fmt.Errorf("%s waits for %s: %w", p.name, id, ctx.Err())
		}
	}
}

// playerName is what a player's openid is made of.
func playerName(n int) string { return fmt.Sprint("player", n) }

// charge gives players coins.
func (w *world) charge(players int) error {
	for n := range players {
		if err := w.emu.Recharge(emulator.Sandbox, emulator.OpenIDOf(playerName(n)), "1", purse); err != nil {
			return err
		}
	}
	return nil
}

// joinAll connects so many players, beginning with the first.
func (c *crowd) joinAll(ctx context.Context, ws string, first, count, code int) ([]*player, error) {
	players := make([]*player, count)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(50)
	for i := range players {
		group.Go(func() (err error) {
			players[i], err = c.join(inner, ws, playerName(first+i), code)
			return err
		})
	}
	return players, group.Wait()
}

// buyAt lets random ones of the players buy at a rate, for a while, and waits for the last purchase to end.
func (c *crowd) buyAt(ctx context.Context, players []*player, rate int, during time.Duration) (orders int, err error) {
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
		group.Go(func() error { defer p.busy.Store(false); return p.buy(inner) })
	}
	return orders, group.Wait()
}

// buyAll lets so many buy one thing after the other.
func (c *crowd) buyAll(ctx context.Context, buyers int, during time.Duration) (orders int, err error) {
	var n atomic.Int64
	group, inner := errgroup.WithContext(ctx)
	end := time.Now().Add(during)
	for i := range buyers {
		group.Go(func() error {
			for k := i; time.Now().Before(end); k += buyers { // another player each time, so that no bag is full
				if err := c.players[k%len(c.players)].buy(inner); err != nil {
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

// take is what has happened since the last call.
func (c *crowd) take() Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := Seen{Waits: c.waits, Odd: c.odd, Pushes: c.pushes.Swap(0)}
	c.waits, c.odd = nil, map[string]int{}
	return seen
}

// percentiles are the median wait and the longest but one in a hundred.
func (s Seen) percentiles() (half, most time.Duration) {
	slices.Sort(s.Waits)
	if n := len(s.Waits); n > 0 {
		half, most = s.Waits[n/2], s.Waits[n*99/100]
	}
	return half, most
}

func (c *crowd) leave() {
	for _, p := range append(c.players, c.watchers...) {
		if p != nil {
			_ = p.conn.Close()
		}
	}
	c.reading.Wait()
}

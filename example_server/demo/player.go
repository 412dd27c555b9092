package demo

import (
	"context"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/example_server/msg"
	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// patience is how long a player waits for anything.
const patience = 20 * time.Second

// player is somebody with a client.
type player struct {
	*Client
	name, openid string
	device       emulator.Device
	bought       map[string]int64 // what must be in the bag at the end
}

// codes numbers the login codes: each works once.
var codes atomic.Int64

// join connects a player and logs in.
func (d *demo) join(ctx context.Context, name string, tcp bool) (*player, error) {
	return d.joinOn(ctx, name, tcp, emulator.Device{Platform: "android"})
}

// joinOn is join on a device, which Midas knows, too.
func (d *demo) joinOn(ctx context.Context, name string, tcp bool, device emulator.Device) (*player, error) {
	dial, addr := DialWS, d.world.WSAddr
	if tcp {
		dial, addr = DialTCP, d.world.TCPAddr
	}
	client, err := dialUntilUp(ctx, dial, addr)
	if err != nil {
		return nil, err
	}
	p := &player{Client: client, name: name, openid: emulator.OpenIDOf(name), device: device, bought: map[string]int64{}}
	d.world.Emulator.SetDevice(p.openid, device)
	return p, p.login(ctx)
}

// dialUntilUp tries again while the server is still starting.
func dialUntilUp(ctx context.Context, dial func(context.Context, string) (*Client, error), addr string) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		client, err := dial(ctx, addr)
		if err == nil {
			return client, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to %s: %w", addr, err)
		}
	}
}

func (p *player) login(ctx context.Context) error {
	code := fmt.Sprintf("auto-%s-%d", p.name, codes.Add(1))
	login := &midasmsg.MidasLogin{
		Code: code, ZoneId: "1", Platform: p.device.Platform, System: p.device.System, WechatVersion: p.device.WeChat, SdkVersion: p.device.SDK,
	}
	if err := p.Send(login); err != nil {
		return err
	}
	result, err := await(ctx, p, func(*midasmsg.MidasLoginResult) bool { return true })
	if err != nil {
		return err
	}
	if result.GetOpenid() != p.openid {
		return fmt.Errorf("%s was logged in as %s, not %s", p.name, result.GetOpenid(), p.openid)
	}
	_, err = await(ctx, p, func(b *midasmsg.MidasBalance) bool {
		return b.GetReason() == midasmsg.MidasReason_MIDAS_REASON_LOGIN
	})
	return err
}

// await is Await with a player's patience.
func await[M any](ctx context.Context, p *player, match func(M) bool) (M, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m, err := Await(ctx, p.Client, match)
	if err != nil {
		return m, fmt.Errorf("%s: %w", p.name, err)
	}
	return m, nil
}

// ask asks to buy and returns the first answer, which may be that the order is pending.
func (p *player) ask(ctx context.Context, requestID, item string, quantity int64) (*midasmsg.MidasPurchaseResult, error) {
	if err := p.Send(&midasmsg.MidasPurchase{RequestId: requestID, ItemId: item, Quantity: quantity}); err != nil {
		return nil, err
	}
	return await(ctx, p, func(r *midasmsg.MidasPurchaseResult) bool { return r.GetRequestId() == requestID })
}

// buy asks to buy and waits for the end.
func (p *player) buy(ctx context.Context, requestID, item string, quantity int64) (*midasmsg.MidasPurchaseResult, error) {
	r, err := p.ask(ctx, requestID, item, quantity)
	for err == nil && r.GetState() == midasmsg.MidasOrderState_MIDAS_ORDER_STATE_PENDING {
		r, err = await(ctx, p, func(r *midasmsg.MidasPurchaseResult) bool { return r.GetRequestId() == requestID })
	}
	if err == nil && r.GetState() == midasmsg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
		p.bought[item] += quantity
	}
	return r, err
}

// mustBuy buys and insists on getting it.
func (p *player) mustBuy(ctx context.Context, requestID, item string, quantity int64) (*midasmsg.MidasPurchaseResult, error) {
	r, err := p.buy(ctx, requestID, item, quantity)
	if err == nil && r.GetState() != midasmsg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED {
		err = fmt.Errorf("%s: %s ended as %v (%v)", p.name, requestID, r.GetState(), r.GetError())
	}
	return r, err
}

// refused sends a request that must be answered with a MidasError of that code.
func (p *player) refused(ctx context.Context, requestID string, request any, code midasmsg.MidasErrorCode) (*midasmsg.MidasError, error) {
	if err := p.Send(request); err != nil {
		return nil, err
	}
	e, err := await(ctx, p, func(e *midasmsg.MidasError) bool { return e.GetRequestId() == requestID })
	if err == nil && e.GetCode() != code {
		err = fmt.Errorf("%s: %s was refused with %v, not %v", p.name, requestID, e.GetCode(), code)
	}
	return e, err
}

func (p *player) balance(ctx context.Context, requestID string) (int64, error) {
	if err := p.Send(&midasmsg.MidasGetBalance{RequestId: requestID}); err != nil {
		return 0, err
	}
	b, err := await(ctx, p, func(b *midasmsg.MidasBalance) bool { return b.GetRequestId() == requestID })
	return b.GetBalance(), err
}

func (p *player) bag(ctx context.Context) (map[string]int64, error) {
	if err := p.Send(&msg.GetInventory{}); err != nil {
		return nil, err
	}
	inventory, err := await(ctx, p, func(*msg.Inventory) bool { return true })
	return inventory.GetItems(), err
}

// checkBag compares the bag with what was bought.
func (p *player) checkBag(ctx context.Context) error {
	bag, err := p.bag(ctx)
	if err == nil && !maps.Equal(bag, p.bought) {
		err = fmt.Errorf("%s has %v in the bag and bought %v", p.name, bag, p.bought)
	}
	return err
}
